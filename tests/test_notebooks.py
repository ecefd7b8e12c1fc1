"""Each notebook live: every cell twice, every panel swept, every exercise solved and failed."""

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

import matplotlib.pyplot as plt
import pytest

from d2lhelpers.checks import Exercise
from tests import notebooks
from tests.conftest import PATHS
from tests.sweep import places, sweep


def exercise_module(name):
    """Return the module with a notebook's exercises: 01_tensors -> d2lhelpers.exercises.tensors."""
    return import_module(f"d2lhelpers.exercises.{name[3:]}")


def all_mistakes():
    """Return (exercise, sentence) for every wrong answer that a check claims to know."""
    return [pytest.param(exercise, sentence, id=f"{name}-{label}-{i}")
            for name in PATHS if find_spec(f"d2lhelpers.exercises.{name[3:]}")
            for label, exercise in vars(exercise_module(name)).items() if isinstance(exercise, Exercise)
            for i, sentence in enumerate(exercise.mistakes)]


def test_every_cell_can_run_twice(nb, twice):
    for cell, (first, second) in zip(notebooks.code_cells(nb), twice[1], strict=True):
        if "nbval-ignore-output" not in notebooks.tags(cell):
            assert first == second, cell.source


def test_no_figure_stays_open(namespace):
    assert plt.get_fignums() == []


def test_panels(nb, namespace):
    for panel in notebooks.panels(nb):
        sweep(namespace[panel]())


def test_two_copies_of_a_panel_are_independent(nb, namespace):
    for name in notebooks.panels(nb):
        one, two = namespace[name](), namespace[name]()
        first = two.image
        assert one.image == first, name
        slider = next(iter(one.sliders.values()))
        slider.value = next(value for value in places(slider) if value != slider.value)
        if one.run:
            one.run.click()
        assert one.image != first and two.image == first, name


def test_an_exception_in_a_panel_reaches_the_reader(nb, namespace):
    for name in notebooks.panels(nb):
        panel = namespace[name]()
        panel.update = lambda **_: 1 / 0
        panel.set()
        assert "ZeroDivisionError" in panel.summary
        with pytest.raises(AssertionError, match="ZeroDivisionError"):
            sweep(panel)


def test_stub_is_to_do_and_solution_is_right(nb, namespace, capsys):
    for stub, solution in notebooks.exercises(nb):
        names, check = dict(namespace), stub.rstrip().splitlines()[-1]
        capsys.readouterr()
        exec(stub, names)
        assert "to do" in capsys.readouterr().out, check
        exec(f"{solution}\n{check}", names)
        assert capsys.readouterr().out.startswith("✓"), check


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
