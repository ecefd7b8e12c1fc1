"""What a notebook shows is what the package runs: both syntax trees are compared."""

import ast
import inspect
from importlib import import_module

import pytest

from tests.plugin import PATHS
from tools import notebooks

TWINS = [(name, tag.removeprefix("twin:"), cell.source) for name, path in PATHS.items()
         for cell in notebooks.code_cells(notebooks.read(path))
         for tag in notebooks.tags(cell) if tag.startswith("twin:")]


def tree(source, name):
    """Return the syntax tree of one function or class, its docstring left out."""
    found = next(node for node in ast.parse(source).body if getattr(node, "name", None) == name)
    if ast.get_docstring(found) is not None:
        found.body = found.body[1:]
    return ast.dump(found)


@pytest.mark.parametrize("notebook, target, source", TWINS, ids=[f"{n[:2]}-{t}" for n, t, _ in TWINS])
def test_page_and_package_agree(notebook, target, source):
    module, name = target.rsplit(".", 1)
    assert tree(source, name) == tree(inspect.getsource(import_module(module)), name)


def test_the_training_loop_is_taught():
    assert "d2lhelpers.training.train_epoch" in {target for _, target, _ in TWINS}
