"""Each notebook live, in nbval's kernel: every cell twice, every panel swept, every exercise solved and failed."""

import re
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from d2lhelpers.checks import Exercise
from tests.plugin import PATHS
from tests.printed import first_difference
from tools import notebooks

README = notebooks.ROOT / "README.md"


def exercise_module(name):
    """Return the module with a notebook's exercises: 01_tensors -> d2lhelpers.exercises.tensors."""
    return import_module(f"d2lhelpers.exercises.{name[3:]}")


def all_mistakes():
    """Return (exercise, sentence) for every wrong answer that a check claims to know."""
    return [pytest.param(exercise, sentence, id=f"{name}-{label}-{i}")
            for name in PATHS if find_spec(f"d2lhelpers.exercises.{name[3:]}")
            for label, exercise in vars(exercise_module(name)).items() if isinstance(exercise, Exercise)
            for i, sentence in enumerate(exercise.mistakes)]


def test_every_cell_can_run_twice(nb, live):
    for cell, (first, second) in zip(notebooks.code_cells(nb), live.printed, strict=True):
        if "nbval-ignore-output" not in notebooks.tags(cell):
            assert first_difference(first, second) is None, cell.source


@pytest.fixture(scope="session")
def libraries():
    """What a process holds that has only imported what every notebook imports, in GB: it depends on the machine."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process's peak memory")
    code = """if True:
        import re, ipykernel.ipkernel, ipywidgets, matplotlib.pyplot, torch, torchvision
        print(1024 / 1e9 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]))"""
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def test_memory_is_what_the_readme_says(name, live, libraries):
    text = README.read_text(encoding="utf-8")
    stated = float(re.search(rf"{name}\.ipynb\).*\| (\d\.\d) GB \|", text)[1])
    own, stated_own = live.peak / 1e9 - libraries, stated - float(re.search(r"(\d\.\d) GB of it", text)[1])
    assert stated_own < 0.85 and own <= stated_own + 0.1 * stated, f"{own:.2f} GB beside {libraries:.2f} of libraries"


def test_no_figure_stays_open(live):
    live.call("no_figure_is_open")


def test_panels(nb, live):
    live.call("sweep_panels", notebooks.panels(nb))


def test_two_copies_of_a_panel_are_independent(nb, live):
    live.call("copies_are_independent", notebooks.panels(nb))


def test_an_exception_in_a_panel_reaches_the_reader(nb, live):
    live.call("exceptions_reach_the_reader", notebooks.panels(nb))


def test_stub_is_to_do_and_solution_is_right(nb, live):
    live.call("exercises_answer", list(notebooks.exercises(nb)))


@pytest.mark.parametrize("exercise, sentence", all_mistakes())
def test_known_mistake_is_named(exercise, sentence):
    verdict = replace(exercise, _tries=[]).verdict(exercise.mistakes[sentence])
    assert verdict.startswith(f"✗ {sentence}") and "hint 1 of 3" in verdict


@pytest.mark.parametrize("wrong", [None, "text", float("nan"), [], {}, 1 / 3, (), object()], ids=str.split(
    "None text nan list dict float tuple object"))
def test_any_answer_gets_a_verdict(name, wrong):
    for exercise in vars(exercise_module(name)).values():
        if isinstance(exercise, Exercise):
            assert replace(exercise, _tries=[]).verdict(lambda *_: wrong).startswith("✗")
