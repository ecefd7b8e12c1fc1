"""The tests' own tools: what the comparison of numbers accepts, what the ledger writes, what ends with the run."""

import ast
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import pytest
import torch

from tests import ledger, matrix, plugin
from tests.printed import Printed, first_difference
from tools.notebooks import ROOT

SAME = [("loss 3318.67", "loss 3318.66"), ("error 6e-04", "error 7e-04"), ("9e-04", "1e-03"), ("0.0", "-0.0"),
        ("tensor([[ 0.5,  1.25]])", "tensor([[0.49999,    1.25]])"), (" 9.99 |", "10.00 |"), ("7.95%", "7.96%"),
        ("<f at 0x7f0011223344>", "<f at 0x7fffffffff44>"), ("12345.6", "12346.1"), ("3.0 s, 4", "3.1 s, 4")]
DIFFERENT = [("loss 0.5", "Loss 0.5"), ("loss 0.5", "loss 0.5."), ("-3.2", "3.2"), ("1e-03", "1e-04"),
             ("9.1e+06", "9.4e+06"), ("1.5e+06", "1.5e+05"), ("99 of 100", "98 of 100"),
             ("(3, 4)", "(4, 3)"), ("(3, 4)", "(3, 4, 5)"),
             ("1 2", "1"), ("True", "False"), ("12", "12.0"), ("[3., 4.]", "[3., 5.]"), ("0.50", "0.52"),
             ("nan", "0.5"), ("inf", "1e+38"), ("int64", "int32"), ("12345.6", "12348.6"), ("a  b", "a b"),
             ("seed 1", "seed -1")]


@pytest.mark.parametrize("one, two", SAME)
def test_numbers_agree(one, two):
    assert Printed(one) == two and Printed(two) == one


@pytest.mark.parametrize("one, two", DIFFERENT)
def test_texts_differ(one, two):
    assert Printed(one) != two and Printed(two) != one
    assert first_difference(one, two) is not None


def _run(*command, cwd=ROOT, **options):
    """Run pytest as a user would, but alone and without a browser."""
    return subprocess.run([sys.executable, "-m", "pytest", "-n", "0", "--color=no", *command], cwd=cwd,
                          capture_output=True, text=True, check=False, **options)


def _notebook(path, *cells):
    """Write an executed notebook of (source, printed text) cells."""
    nb = nbformat.v4.new_notebook()
    for number, (source, text) in enumerate(cells, 1):
        outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []
        nb.cells.append(nbformat.v4.new_code_cell(source, execution_count=number, outputs=outputs))
    nbformat.write(nb, path)
    return path


def test_nbval_compares_numbers_as_numbers(tmp_path):
    path = _notebook(tmp_path / "a.ipynb", ("x = 0.12345; print(f'{x:.4f} after {3}')", "0.1235 after 3\n"),
                     ("print(f'{x:.4f} after {3}')", "0.1235 after 4\n"), ("print('loss', 0.5)", "Loss 0.5\n"))
    done = _run(path, "-c", ROOT / "pyproject.toml", "--rootdir", ROOT)
    assert "2 failed, 1 passed" in done.stdout, done.stdout


def test_the_order_of_cells_is_kept_from_any_folder(tmp_path):
    done = _run("01_tensors.ipynb", "--collect-only", cwd=ROOT / "notebooks")
    cells = [int(line.split("Cell ")[1]) for line in done.stdout.splitlines() if "::Cell" in line]
    assert cells and cells == sorted(cells), done.stdout


def test_one_cell_s_folder_is_enough(tmp_path):
    """`cd notebooks; pytest 01_tensors.ipynb` finds the settings and shuffles nothing."""
    done = _run("01_tensors.ipynb", "--collect-only", cwd=ROOT / "notebooks")
    assert done.returncode == 0 and "error" not in done.stdout.lower(), done.stdout
    assert "-p no:randomly" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_scripts_are_checked_out_with_line_feeds():
    tracked = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, text=True, check=False)
    rows = [line.split(maxsplit=3) for line in tracked.stdout.splitlines()]  # index, working tree, attributes, path
    if not rows:
        pytest.skip("not a git checkout")
    assert not [row for row in rows if row[0] in ("i/crlf", "i/mixed")]
    assert all("eol=lf" in " ".join(row[2:]) for row in rows if row[-1].endswith((".sh", ".py", ".ci/run")))


def test_a_cleaned_notebook_becomes_a_script_with_the_right_ending():
    from nbconvert import ScriptExporter

    from tools.notebooks import clean
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    clean(nb)
    _, resources = ScriptExporter().from_notebook_node(nb)
    assert resources["output_extension"] == ".py"


def test_a_notebook_stays_on_one_worker(tmp_path):
    count = [("x = 1", ""), *[("x += 1; print(x)", f"{n}\n") for n in (2, 3, 4)]]
    paths = [_notebook(tmp_path / f"{name}.ipynb", *count) for name in "ab"]
    done = subprocess.run([sys.executable, "-m", "pytest", "-n", "2", "--color=no", *paths, "-c",
                           ROOT / "pyproject.toml", "--rootdir", tmp_path], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert "8 passed" in done.stdout, done.stdout
    scope = plugin.Scheduling._split_scope
    assert scope(None, "notebooks/01_tensors.ipynb::Cell 3") == "01_tensors"
    assert scope(None, "tests/test_notebooks.py::test_panels[01_tensors]") == "01_tensors"
    assert scope(None, "tests/test_browser.py::test_move_every_slider[01_tensors]") == "01_tensors"
    assert scope(None, "tests/test_house.py::test_anatomy[01_tensors]") == "tests/test_house.py"


def test_every_assertion_on_a_float_is_written_down(tmp_path):
    record = ledger.Record(tmp_path / "a.jsonl", "00_test")
    source = ast.parse("assert 0.1 < x < 0.5 and n > 2\nassert all(v >= 0.25 for v in [0.3, 0.5])\nassert not x > 1.0")
    x = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    exec(compile(ledger.Recorder(record).visit(source), "cell", "exec"), {"_ledger": record, "x": x, "n": 3})
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [(line["text"], round(line["room"], 6)) for line in lines] == [
        ("0.1 < x", 0.3), ("x < 0.5", 0.1), ("v >= 0.25", 0.05), ("v >= 0.25", 0.25), ("x > 1.0", -0.6)]


def test_the_ledger_finds_the_tightest(tmp_path):
    for name, rooms in {"a": (0.1, 5.0), "b": (0.2, 5.1)}.items():
        (tmp_path / name).write_text("".join(json.dumps(
            {"notebook": "00", "cell": "c", "text": text, "number": 0, "room": room}) + "\n"
            for text, room in zip(("tight", "roomy"), rooms, strict=True)))
    rows = ledger.tightest([tmp_path / "a", tmp_path / "b"])
    assert [row[2] for row in rows] == ["tight", "roomy"] and rows[0][0] == pytest.approx(2.0)


def test_the_picked_column_is_not_the_default():
    assert matrix.pick() in matrix.COLUMNS and matrix.COLUMNS[matrix.pick()]


def test_the_strict_share_counts_cells():
    cell = nbformat.v4.new_code_cell
    nb = nbformat.v4.new_notebook(cells=[cell("1"), cell("2", metadata={"tags": ["nbval-ignore-output"]})])
    assert plugin.share(nb) == 0.5


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_run_that_was_started_with_ctrl_c_ignored_lets_it_through():
    code = """if True:
        import signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        from tests.plugin import pytest_configure
        pytest_configure()
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            print("stopped")"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "stopped\n"


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_what_is_tethered_ends_with_the_run(tmp_path, end):
    code = textwrap.dedent(f"""
        import subprocess, sys, time
        grandchild = "import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(900)"
        tether = [sys.executable, "-m", "tools.tether", sys.executable, "-c", grandchild]
        subprocess.Popen(tether, stdin=subprocess.PIPE)
        time.sleep(900)""")
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL) as runner:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.05)
        runner.send_signal(end)
    pid = int((tmp_path / "pid").read_text())
    while _alive(pid):
        time.sleep(0.05)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")  # a zombie has ended, too
    return not status.exists() or status.read_text().split(") ")[1][0] != "Z"
