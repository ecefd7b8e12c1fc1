"""What the tests of a notebook do inside its kernel: `names` are the names that the notebook has defined."""

import contextlib
import io

import matplotlib.pyplot as plt

from tests.sweep import places, sweep


def no_figure_is_open(names):
    """Require that every figure was closed."""
    assert plt.get_fignums() == []


def sweep_panels(names, panels):
    """Move every slider of every panel to its ends."""
    for panel in panels:
        sweep(names[panel]())


def copies_are_independent(names, panels):
    """Require that moving one copy of a panel leaves the other one alone."""
    for name in panels:
        one, two = names[name](), names[name]()
        first = two.image
        assert one.image == first, name
        slider = next(iter(one.sliders.values()))
        slider.value = next(value for value in places(slider) if value != slider.value)
        assert one.image != first and two.image == first, name


def exceptions_reach_the_reader(names, panels):
    """Require that a broken redraw says so on the page, and that the sweep notices."""
    for name in panels:
        panel = names[name]()
        panel.update = lambda **_: 1 / 0
        panel.set()
        assert "ZeroDivisionError" in panel.summary
        try:
            sweep(panel)
        except AssertionError as noticed:
            assert "ZeroDivisionError" in str(noticed)
        else:
            raise AssertionError(f"{name}: the sweep did not notice")


def exercises_answer(names, pairs):
    """Require "to do" for every stub, "✓" for every solution; pairs of sources."""
    for stub, solution in pairs:
        mine, check = dict(names), stub.rstrip().splitlines()[-1]
        assert "to do" in _run(stub, mine), check
        assert _run(f"{solution}\n{check}", mine).startswith("✓"), check


def _run(source, names):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(source, names)
    return out.getvalue()
