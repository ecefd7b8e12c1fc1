"""The solutions that stand in the notebooks' <details>, as functions."""

import ast
import linecache
import re
from importlib import import_module
from importlib.util import find_spec

from d2lhelpers.checks import Exercise
from tools import notebooks


def topics():
    """Return {topic: path} of the notebooks that have exercises: 01_tensors.ipynb -> tensors."""
    return {path.stem[3:]: path for path in notebooks.PATHS if find_spec(f"d2lhelpers.exercises.{path.stem[3:]}")}


def exercises(topic):
    """Return {variable: Exercise} of a topic's module."""
    module = import_module(f"d2lhelpers.exercises.{topic}")
    return {label: value for label, value in vars(module).items() if isinstance(value, Exercise)}


def solutions(topic):
    """Return {variable: function}: each exercise's solution, with the names that the notebook imports.

    The functions' source is known to `inspect`, as in a notebook.
    """
    nb, found = notebooks.read(topics()[topic]), {}
    imports = _imports(nb)
    for stub, solution in notebooks.exercises(nb):
        label, name = re.search(r"(\w+)\.check\((\w+)\)\s*$", stub).groups()
        found[label] = function(solution, name, dict(imports), f"<solution {topic} {label}>")
    return found


def function(source, name, space, filename):
    """Return the function that a source defines; `inspect` finds its lines under the file name."""
    linecache.cache[filename] = len(source), None, source.splitlines(True), filename
    exec(compile(source, filename, "exec"), space)
    return space[name]


def _imports(nb):
    """Return what a notebook's import lines bring in."""
    space = {}
    for cell in notebooks.code_cells(nb):
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:  # a magic
            continue
        lines = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        exec(compile(ast.Module(lines, []), "<imports>", "exec"), space)
    return space
