"""A learner's copy of the notebooks: renewed where untouched, never overwritten, whole after a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from d2lhelpers import __main__ as doctor
from d2lhelpers import workcopy
from tools.notebooks import ROOT


@pytest.fixture
def folders(tmp_path):
    """A published course of two pages, and a learner's copy of it."""
    source, target = tmp_path / "published", tmp_path / "mine"
    source.mkdir()
    for name in ("01_a.ipynb", "02_b.ipynb"):
        (source / name).write_text(f"{name} as published")
    assert workcopy.renew(target, source) == []
    return source, target


def texts(folder):
    return {path.name: path.read_text() for path in folder.glob("*.ipynb")}


def test_a_first_copy_is_the_course(folders):
    source, target = folders
    assert texts(target) == texts(source)
    assert workcopy.renew(target, source) == []


def test_what_is_untouched_is_renewed_and_what_is_touched_stays(folders):
    source, target = folders
    (target / "01_a.ipynb").write_text("my work")
    for name in texts(source):
        (source / name).write_text(f"{name} improved")
    lines = workcopy.renew(target, source)
    assert texts(target) == {"01_a.ipynb": "my work", "01_a-new.ipynb": "01_a.ipynb improved",
                             "02_b.ipynb": "02_b.ipynb improved"}
    assert len(lines) == 2 and "01_a-new.ipynb" in lines[0] and "yours stays" in lines[0] and "renewed" in lines[1]
    assert workcopy.renew(target, source) == []  # said once


def test_a_second_improvement_leaves_the_first_beside_it(folders):
    source, target = folders
    (target / "01_a.ipynb").write_text("my work")
    for i in range(3):
        (source / "01_a.ipynb").write_text(f"improved {i}")
        (line,) = workcopy.renew(target, source)
        (target / line.split()[-1].rstrip(".")).write_text(f"more work {i}")
    assert texts(target) == {"01_a.ipynb": "my work", "01_a-new.ipynb": "more work 0",
                             "01_a-new-2.ipynb": "more work 1", "01_a-new-3.ipynb": "more work 2",
                             "02_b.ipynb": "02_b.ipynb as published"}


def test_renamed_deleted_and_own_files_are_left(folders):
    source, target = folders
    (target / "01_a.ipynb").rename(target / "01 with my notes.ipynb")
    (target / "own.ipynb").write_text("own")
    (source / "02_b.ipynb").rename(source / "02_c.ipynb")
    assert workcopy.renew(target, source) == []
    assert texts(target) == {"01_a.ipynb": "01_a.ipynb as published", "own.ipynb": "own",
                             "01 with my notes.ipynb": "01_a.ipynb as published",
                             "02_b.ipynb": "02_b.ipynb as published",
                             "02_c.ipynb": "02_b.ipynb as published"}


@pytest.mark.parametrize("damage", ["", "{", "[]", None])
def test_a_lost_note_costs_nothing(folders, damage):
    source, target = folders
    (target / "01_a.ipynb").write_text("my work")
    note = target / workcopy.NOTE
    note.unlink() if damage is None else note.write_text(damage)
    workcopy.renew(target, source)
    assert texts(target)["01_a.ipynb"] == "my work" and "01_a-new-2.ipynb" not in texts(target)
    assert json.loads(note.read_text())
    (source / "02_b.ipynb").write_text("improved")
    workcopy.renew(target, source)
    assert texts(target)["02_b.ipynb"] == "improved"  # it was known as untouched again


def test_a_file_that_appears_meanwhile_stays(folders, monkeypatch):
    source, target = folders
    (target / "01_a.ipynb").unlink()
    link = os.link

    def late(part, path):
        path.write_text("a second window wrote this")
        link(part, path)

    monkeypatch.setattr(os, "link", late)
    workcopy.renew(target, source)
    assert texts(target)["01_a.ipynb"] == "a second window wrote this"


def test_a_file_system_without_links(folders, monkeypatch):
    source, target = folders

    def refuse(part, path):
        raise PermissionError(1, "Operation not permitted")

    (target / "01_a.ipynb").unlink()
    monkeypatch.setattr(os, "link", refuse)
    workcopy.renew(target, source)
    assert texts(target) == texts(source)


def test_kills_leave_whole_files(tmp_path):
    source, target = tmp_path / "published", tmp_path / "mine"
    source.mkdir()
    (target / "mine").mkdir(parents=True)
    pages = {f"{i:02d}.ipynb": f"{i:02d} " * 700_000 for i in range(12)}
    for name, text in pages.items():
        (source / name).write_text(text)
    (target / "05.ipynb").write_text("my work")
    code = "import sys; from pathlib import Path; from d2lhelpers import workcopy; " \
           "workcopy.renew(*map(Path, sys.argv[1:]))"
    for caught in range(6):  # each round is killed when one more file has arrived
        process = subprocess.Popen([sys.executable, "-c", code, str(target), str(source)], cwd=ROOT)
        while process.poll() is None and len(texts(target)) < 2 * caught + 2:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        process.wait()
        for name, text in texts(target).items():
            assert text == ("my work" if name == "05.ipynb" else pages[name.replace("-new", "")])
    workcopy.renew(target, source)
    assert texts(target) == pages | {"05.ipynb": "my work", "05-new.ipynb": pages["05.ipynb"]}
    assert not list(target.glob(".course-*.part"))


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_place_that_cannot_be_written_to_ends_with_a_remedy(tmp_path, place):
    (tmp_path / "file").write_text("x")
    folder = tmp_path / "file" if place == "a file" else tmp_path / "file" / "below"
    with pytest.raises(SystemExit, match="--folder"):
        doctor._copy(folder)
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_ends_with_a_remedy(folders):
    _, target = folders
    target.chmod(0o500)
    try:
        with pytest.raises(SystemExit, match="--folder"):
            doctor._copy(target)
    finally:
        target.chmod(0o700)


@pytest.mark.parametrize("given, opened", [([], "my-course"), (["--original"], "notebooks"), (["--folder={}/x"], "x")])
def test_course_opens_the_copy(tmp_path, monkeypatch, jupyter, given, opened):
    monkeypatch.setattr(workcopy, "default", lambda: tmp_path / "my-course")
    monkeypatch.setattr(sys, "argv", ["course", *(argument.format(tmp_path) for argument in given), "--port=9"])
    with pytest.raises(SystemExit):
        doctor.course()
    (command,), folder = jupyter.call_args.args, jupyter.call_args.kwargs["cwd"]
    assert folder.name == opened and "--port=9" in command and not any("--folder" in part for part in command)
    assert len(list(folder.glob("*.ipynb"))) == len(list((ROOT / "notebooks").glob("*.ipynb")))


def test_the_clone_stays_clean():
    assert workcopy.default() == ROOT / "my-course"
    ignored = subprocess.run(["git", "check-ignore", "my-course/01_tensors.ipynb"], cwd=ROOT, capture_output=True)
    assert ignored.returncode in (0, 128)  # 128: not a git checkout
