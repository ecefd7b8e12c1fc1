"""The record of solved exercises: it grows by lines, and no other file is ever touched."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from d2lhelpers import solved
from d2lhelpers.exercises import tensors
from tests.plugin import PATHS
from tests.solutions import exercises, solutions
from tools import notebooks

RIGHT = solutions("tensors")


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A place for the record where nothing is yet."""
    monkeypatch.setenv("D2L_SOLVED", str(tmp_path / "solved.txt"))
    return tmp_path / "solved.txt"


def test_a_right_answer_is_noted_once(record, capsys):
    tensors.scores.check(RIGHT["scores"])
    assert "✓ right" in (said := capsys.readouterr().out) and "1 of 6 on this page" in said
    first = record.read_bytes()
    tensors.scores.check(RIGHT["scores"])
    assert "on this page" not in capsys.readouterr().out and record.read_bytes() == first
    tensors.windows.check(RIGHT["windows"])
    assert "2 of 6 on this page" in capsys.readouterr().out and record.read_bytes().startswith(first)
    assert solved.read()[1].keys() == {"tensors.scores", "tensors.windows"}


@pytest.mark.parametrize("answer", [..., lambda *_: ..., lambda *_: 0, lambda *_: 1 / 0, 3])
def test_nothing_else_is_noted(answer, record, capsys):
    replace(tensors.scores, _tries=[]).check(RIGHT["scores"])  # not an exercise of a page
    tensors.scores.check(answer)
    assert capsys.readouterr().out and not record.exists()


@pytest.mark.parametrize("content", [b"my own notes\n", b"\x00\xff" * 99, b"{}", solved.HEAD[:-9], b" " + solved.HEAD,
                                     solved.HEAD + b"x" * 2_000_000])
def test_a_foreign_file_stays_as_it_is(content, record, capsys):
    record.write_bytes(content)
    tensors.scores.check(RIGHT["scores"])
    solved.show()
    said = capsys.readouterr().out
    assert said.startswith("✓ right") and "on this page" not in said and "Nothing is kept" in said
    assert record.read_bytes() == content and os.listdir(record.parent) == ["solved.txt"]


@pytest.mark.skipif(os.name != "posix", reason="special files of Unix")
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/null", path),
                                  lambda path: os.symlink(path, path),
                                  lambda path: os.symlink(path.with_name("gone") / "file", path)])
def test_what_is_no_file_stays_as_it_is(make, record, capsys):
    make(record)
    before = os.lstat(record)
    tensors.scores.check(RIGHT["scores"])
    solved.show()
    assert "on this page" not in capsys.readouterr().out and os.lstat(record)[:4] == before[:4]


@pytest.mark.parametrize("wanted", ["", ".", "no/such/folder/solved.txt", "~nobody_of_this_name/solved.txt"])
def test_a_place_that_cannot_be(wanted, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("D2L_SOLVED", wanted)
    tensors.scores.check(RIGHT["scores"])
    solved.show()
    assert capsys.readouterr().out.startswith("✓ right") and not os.listdir(tmp_path)


def test_a_disk_that_is_full_or_read_only(record, monkeypatch, capsys):
    def refused(*_):
        raise PermissionError("read-only")
    monkeypatch.setattr(solved, "open", refused, raising=False)
    tensors.scores.check(RIGHT["scores"])
    assert "on this page" not in capsys.readouterr().out and not record.exists()


@pytest.mark.parametrize("rest", [b"", b"2026-11-27 tensors.windows", b"2026-11-27 tensors.windows\r\n\xff\xfe",
                                  b"hello\n2026-11-27 tensors.windows\n2026-1"])
def test_a_damaged_record_goes_on(rest, record):
    record.write_bytes(solved.HEAD + rest)
    assert solved.read()[1].keys() == ({"tensors.windows"} if rest else set())
    assert solved.note(tensors.scores) and record.read_bytes().startswith(solved.HEAD + rest)
    assert "tensors.scores" in solved.read()[1]


def test_an_empty_file_becomes_a_record(record):
    record.touch()
    assert solved.note(tensors.scores) and solved.read()[1].keys() == {"tensors.scores"}


def test_two_kernels_at_once(record):
    code = "from d2lhelpers import solved; from d2lhelpers.exercises import tensors; solved.note(tensors.{})"
    names = list(exercises("tensors"))[:2]
    jobs = [subprocess.Popen([sys.executable, "-c", code.format(name)]) for name in names]
    assert [job.wait() for job in jobs] == [0, 0]
    assert solved.read()[1].keys() == {f"tensors.{name}" for name in names}


def test_the_table_has_every_exercise_of_every_notebook(record, monkeypatch):
    asked = {name: {stub.rstrip().splitlines()[-1].split(".check(")[0].split(".")[-1]
                    for stub, _ in notebooks.exercises(notebooks.read(path))} for name, path in PATHS.items()}
    assert {name: set(found) for name, found in solved.exercises().items()} == asked
    shown = []
    monkeypatch.setattr(solved, "display", lambda what, raw: shown.append(what))
    solved.note(tensors.scores)
    solved.show()
    table = shown[0]["text/html"]
    assert table.count("<tr>") == len(PATHS) and table.count("✓ ") == 2 and "✓ scores" in table
    assert "solved.txt alone" in table and str(record.parent) not in table and 'href="01_tensors.ipynb"' in table


def test_nothing_that_talks_to_a_network_is_imported():
    source = (notebooks.ROOT / "d2lhelpers/solved.py").read_text(encoding="utf-8")
    assert not [word for word in ("socket", "urllib", "http", "requests", "pooch") if f"import {word}" in source]
