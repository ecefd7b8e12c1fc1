"""The reference benchmark runs, and the committed table says what was measured."""

import json
from dataclasses import replace

import pytest

from benchmarks import reference
from d2lhelpers import data
from tests import notebooks
from tests.notebooks import ROOT


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("D2L_OFFLINE", "1")
    monkeypatch.setenv("D2L_DATA_DIR", "")


@pytest.mark.parametrize("key", [key for key in reference.ROWS if key != "alexnet"])
@pytest.mark.parametrize("kind", ["theirs", "ours", "sprint"])
def test_a_recipe_learns(offline, key, kind):
    row = replace(reference.ROWS[key], subset=(300, 100))
    recipe = replace(getattr(row, kind), epochs=2, batch_size=50)
    result = reference.run(row, recipe, 0, data.load_mnist())
    first, second = result["seconds"]
    assert len(result["accuracy"]) == 2 and 0 < first < second
    assert kind == "theirs" or key not in ("softmax", "mlp") or result["accuracy"][-1] > 30


def test_time_to_a_goal():
    result = {"accuracy": [90.0, 97.0, 96.0], "seconds": [1.0, 2.0, 3.0]}
    assert reference.reached(result, 97) == 2 and reference.reached(result, 98) == float("inf")


def test_the_table_is_what_was_measured(tmp_path, monkeypatch):
    committed = reference.TABLE.read_text("utf-8")
    records = json.loads(reference.RECORDS.read_text("utf-8"))
    assert set(records) == set(reference.ROWS)
    monkeypatch.setattr(reference, "TABLE", tmp_path / "table.md")
    reference.write_table(records)
    assert reference.TABLE.read_text("utf-8") == committed


def test_readme_and_notebook_show_the_table():
    table = reference.TABLE.read_text("utf-8").split("\n\n")[0]
    assert table in (ROOT / "README.md").read_text("utf-8")
    cells = notebooks.code_cells(notebooks.read(ROOT / "notebooks/08_cnn_families.ipynb"))
    shown = [output["data"].get("text/markdown", "") for cell in cells for output in cell.outputs if "data" in output]
    assert any(table in text for text in shown)


def test_the_sources_figures_are_reached():
    records = json.loads(reference.RECORDS.read_text("utf-8"))
    goals = {"softmax": 92.5, "mlp": 98.3, "lenet5": 99.0, "googlenet": 99.3, "resnet": 99.3}
    for key, goal in goals.items():
        runs = records[key]["results"]["ours"]
        assert sum(run["accuracy"][-1] for run in runs) / len(runs) >= goal
