"""The reference benchmark runs, goes on after an interruption, and the committed table says what was measured."""

import json
import math
from dataclasses import replace
from importlib import import_module

import pytest
import torch

from benchmarks import painting, reference, reference_table, results, side
from benchmarks.recipes import ROWS
from d2lhelpers import data
from tools import notebooks
from tools.notebooks import ROOT


@pytest.fixture
def few(monkeypatch):
    """The stand-in digits, 300 to train and 100 to test."""
    monkeypatch.setenv("D2L_OFFLINE", "1")
    monkeypatch.setenv("D2L_DATA_DIR", "")
    images = data.load_mnist(300)
    return replace(images, X_test=images.X_test[:100], y_test=images.y_test[:100])


@pytest.mark.parametrize("key", [key for key in ROWS if not key.startswith("alexnet")])
@pytest.mark.parametrize("kind", ["theirs", "ours", "sprint"])
def test_a_recipe_learns(few, key, kind):
    recipe = replace(getattr(ROWS[key], kind), epochs=2, batch_size=50)
    result = reference.run(ROWS[key], recipe, 0, few)
    first, second = result["seconds"]
    assert len(result["accuracy"]) == 2 and 0 < first < second
    assert kind == "theirs" or key not in ("softmax", "mlp") or result["accuracy"][-1] > 30


class Stopped(Exception):
    """Stands for a machine that goes down."""


@pytest.mark.parametrize("kind", ["theirs", "ours"])
def test_a_run_goes_on_after_an_interruption(few, kind, tmp_path, monkeypatch):
    row, state = ROWS["lenet5"], tmp_path / "state.pt"
    recipe = replace(getattr(row, kind), epochs=3, batch_size=50)
    monkeypatch.setattr(reference, "SAVE_EVERY", 2)
    whole = reference.Run(row, recipe, 1, few, tmp_path / "other.pt")
    whole.train()
    step, count = reference.Run._step, iter(range(11))

    def fails(self, X, y):
        if next(count, None) is None:
            raise Stopped
        step(self, X, y)

    monkeypatch.setattr(reference.Run, "_step", fails)
    with pytest.raises(Stopped):
        reference.Run(row, recipe, 1, few, state).train()
    monkeypatch.setattr(reference.Run, "_step", step)
    again = reference.Run(row, recipe, 1, few, state)
    assert (again.epoch, again.step) == (1, 4)
    again.train()
    assert again.accuracies == whole.accuracies
    for ours, theirs in zip(again.model.parameters(), whole.model.parameters(), strict=True):
        assert ours.equal(theirs)


def test_a_run_that_is_out_of_time_says_how_far_it_came(few, monkeypatch, tmp_path):
    monkeypatch.setattr(reference, "SAVE_EVERY", 2)
    recipe = replace(ROWS["lenet5"].theirs, batch_size=50, minutes=0.0)
    result = reference.Run(ROWS["lenet5"], replace(recipe, minutes=1e-9), 0, few, tmp_path / "state.pt").train()
    assert result["epochs"] == 0.33 and len(result["accuracy"]) == 1  # two of six steps of the first epoch


def test_time_to_a_goal():
    result = {"accuracy": [90.0, 97.0, 96.0], "seconds": [1.0, 2.0, 3.0]}
    assert reference_table.reached(result, 97) == 2 and reference_table.reached(result, 98) == float("inf")


def test_the_table_is_what_was_measured(tmp_path, monkeypatch):
    committed = reference_table.TABLE.read_text("utf-8")
    monkeypatch.setattr(reference_table, "TABLE", tmp_path / "table.md")
    reference_table.write(json.loads(reference.RECORDS.read_text("utf-8")))
    assert reference_table.TABLE.read_text("utf-8") == committed


def test_what_was_measured_is_what_the_recipes_say():
    for key, record in json.loads(reference.RECORDS.read_text("utf-8")).items():
        for kind, text in record["recipes"].items():
            recipe = getattr(ROWS[key], kind)
            assert text == f"{recipe.text}, {recipe.epochs:g} epochs", (key, kind)


def test_readme_and_notebook_show_the_table():
    table = reference_table.TABLE.read_text("utf-8").split("\n\n")[0]
    assert table in (ROOT / "README.md").read_text("utf-8")
    page = notebooks.read(ROOT / "notebooks/08_cnn_families.ipynb")
    assert any(table in cell.source for cell in page.cells if cell.cell_type == "markdown")


def test_the_sources_figures_are_reached():
    records = json.loads(reference.RECORDS.read_text("utf-8"))
    goals = {"softmax": 92.5, "mlp": 98.3, "lenet5": 99.0, "googlenet": 99.3, "resnet": 99.3}
    for key, goal in goals.items():
        runs = records[key]["results"]["ours"].values()
        assert sum(run["accuracy"][-1] for run in runs) / len(runs) >= goal


def test_ways_take_turns(monkeypatch):
    calls = []
    mine, other = side.alternate(lambda: calls.append("a"), lambda: calls.append("b"), rounds=2, warm_up=False)
    assert "".join(calls) == "baab" and len(mine) == len(other) == 2
    row = side.timed("what", "against", [1.0, 2.0, 4.0], [2.0, 8.0, 8.0], goal=3, note="so")
    assert row.line() == "| what | against | **2×** (2× – 4×) | ≥ 3× **missed** | 2 s / 8 s | so |"
    assert [side.seconds(value) for value in (7200, 1.5, 0.0203, 1.5e-5)] == ["7,200 s", "1.5 s", "20.3 ms", "15 µs"]


@pytest.mark.parametrize("file", ["guessing", "filtering", "gradients"])
def test_a_measurement_gives_rows(file):
    rows = import_module(f"benchmarks.{file}").main()
    assert rows and all(min(row.ratios) > 1 and row.ours > 0 for row in rows)


def test_the_rival_painter_stops_at_the_goal_or_in_time():
    def loss(x):
        return (x - 0.5).square().sum()

    start = torch.zeros(1, 3, 4, 4)
    seconds, x = painting.until(loss, start, 0.1, goal=0.01, limit=math.inf)
    assert math.isfinite(seconds) and loss(x) <= 0.01 < loss(start) and not start.any()
    seconds, x = painting.until(loss, start, 0.1, goal=-1.0, limit=0.0)
    assert seconds == math.inf and x.equal(start)
    assert {"features", "relative", "gram", "make_loss", "match_colours", "coarse_to_fine"} <= painting.page().keys()


def test_the_results_are_what_was_measured(tmp_path, monkeypatch):
    records, committed = json.loads(results.RECORDS.read_text("utf-8")), results.TABLE.read_text("utf-8")
    monkeypatch.setattr(results, "TABLE", tmp_path / "results.md")
    results.write(records)
    assert results.TABLE.read_text("utf-8") == committed
    assert set(records) <= {*results.ROWS, *results.LISTS}
    assert "\n".join(results.telling(records)) in (ROOT / "README.md").read_text("utf-8")
