"""What a notebook, the package and the README must look like."""

import ast
import itertools
import re
import statistics
import subprocess
import sys
import tomllib

import pytest

from tests.conftest import prose
from tests.plugin import PATHS
from tools import notebooks
from tools.notebooks import ROOT

MODULES = {path.stem: path for path in (ROOT / "d2lhelpers").glob("*.py")}
PARTS = {f"{path.parent.name}.{path.stem}": path for part in ("diagnosis", "exercises")
         for path in (ROOT / "d2lhelpers" / part).glob("*.py")}  # not counted in the line budget
MAY_IMPORT = {"plots": {"style"}, "widgets": {"style", "livepage"}, "progress": {"style", "widgets"},
              "training": {"progress"}, "checks": {"plots", "diagnosis", "solved"},
              "diagnosis": {"diagnosis"}, "exercises": {"checks", "diagnosis", "exercises"},
              "data": {"files", "places", "records", "standins", "runtime"}, "files": {"places"}, "standins": set(),
              "__main__": {"data", "files", "runtime", "workcopy"}}
COMMANDS = "__main__", "workcopy"  # what a shell calls and no notebook imports; not counted in the line budget
MACHINE = re.compile(r"(?<![\w:/.])/(home|root|work|tmp|Users|mnt|opt)/|[A-Z]:\\\\|site-packages")
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data/README.md", *notebooks.PATHS]


def lines(cell):
    """Return a cell's non-blank lines."""
    return [line for line in cell.source.splitlines() if line.strip()]


def open_cells(nb):
    """Return the code cells that a reader sees unfolded."""
    return [cell for cell in notebooks.code_cells(nb)
            if not cell.metadata.get("jupyter", {}).get("source_hidden")]


def test_cells_are_small(nb):
    sizes = sorted(len(lines(cell)) for cell in open_cells(nb))
    assert 3 <= statistics.median(sizes) <= 8, sizes
    assert sizes[int(0.9 * len(sizes)) - 1] <= 20 and sizes[-1] <= 30, sizes
    kinds = "".join(cell.cell_type[0] for cell in nb.cells)
    assert "ccc" not in kinds, "more than two code cells in a row"


def test_lines_fit_a_narrow_screen(nb):
    for cell in open_cells(nb):
        for line in cell.source.splitlines():
            assert len(line) <= 78, line


def test_printed_lines_fit_a_narrow_screen(nb):
    """JupyterLab breaks longer ones inside words, and a row printed in pieces is stored in pieces."""
    for cell in notebooks.code_cells(nb):
        calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
        assert not [call for call in calls if ast.unparse(call.func) == "print"
                    and "end" in [word.arg for word in call.keywords]], cell.source
        for output in cell.outputs:
            if output.output_type == "stream":
                wide = [line for line in output.text.splitlines() if sum(1 + (c > "\u2e7f") for c in line) > 88]
                assert not wide, wide


def test_prose_goes_with_code(nb):
    words = len(prose(nb).split())
    code = sum(len(lines(cell)) for cell in open_cells(nb))
    assert 8 <= words / code <= 20, words / code


def test_sentences_are_short(nb):
    text = re.sub(r"[#>*`|$\\]|<[^>]+>|\n\s*[-\d]", " . ", prose(nb))
    sizes = [len(sentence.split()) for sentence in re.split(r"(?<=[.!?:;])\s", text) if sentence.strip()]
    assert sum(size > 30 for size in sizes) <= 0.03 * len(sizes)


def test_anatomy(nb):
    text = prose(nb)
    first = nb.cells[0].source
    assert first.startswith("# ") and "?" in first.splitlines()[0], "the title is a question"
    assert all(word in first for word in ("You will be able to", "You need", "Time"))
    assert len(lines(notebooks.code_cells(nb)[0])) <= 12, "setup cell"
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert headings[-3:] == ["What to remember", "Exercises", "Further reading"]
    assert text.count("> **What you see.**") >= 4 and text.count("> **Predict") >= 3
    assert len(re.findall(r"\([一-鿿]{2,}", text)) >= 5, "key terms carry their Chinese names"


def test_panels_and_exercises(nb):
    assert len(notebooks.panels(nb)) >= 2
    found = list(notebooks.exercises(nb))
    assert 4 <= len(found) <= 6
    for stub, solution in found:
        assert solution and "..." in stub and ".check(" in stub.rstrip().splitlines()[-1]


def test_committed_as_executed(nb, name):
    code = notebooks.code_cells(nb)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert sum(bool(cell.outputs) for cell in code) > len(code) / 2
    assert nb.metadata.kernelspec.name == "python3" and "widgets" not in nb.metadata
    assert not [kind for cell in code for output in cell.outputs for kind in output.get("data", {}) if "widget" in kind]
    assert not [cell.source for cell in code for one, two in itertools.pairwise(cell.outputs)
                if one.get("name") == two.get("name") == "stdout"], "printed in one piece, stored in one piece"
    assert PATHS[name].stat().st_size < 2_000_000


def test_pictures_have_a_text(nb):
    for cell in notebooks.code_cells(nb):
        for output in cell.outputs:
            for kind in {"image/png", "image/jpeg"} & set(output.get("data", {})):
                assert len(output.metadata.get(kind, {}).get("alt", "")) > 40, cell.source


def test_at_least_half_is_compared_strictly(nb):
    code = notebooks.code_cells(nb)
    loose = sum(bool({"nbval-ignore-output", "nbval-skip", "raises-exception"} & set(notebooks.tags(cell)))
                for cell in code)
    assert loose <= len(code) / 2


@pytest.mark.parametrize("path", [path for path in TEXTS if path.exists()], ids=lambda path: path.stem)
def test_no_path_of_a_machine(path):
    assert not MACHINE.search(re.sub(r'"image/(png|jpeg)": "[^"]*"', "", path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", [*MODULES, *PARTS])
def test_package_modules_are_short_and_import_downwards(module):
    source, part = (MODULES | PARTS)[module].read_text(encoding="utf-8"), module.split(".")[0]
    assert part == "exercises" or len(source.splitlines()) <= 200
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.names[0].name != "*"
            package, *inner = node.module.split(".")
            if package == "d2lhelpers":
                inner = set(inner[:1]) or {alias.name for alias in node.names}
                assert inner <= MAY_IMPORT.get(part, set()), (module, inner)


def test_package_is_small():
    core = [path for name, path in MODULES.items() if name not in COMMANDS]
    written = [line for path in core for line in path.read_text(encoding="utf-8").splitlines()]
    most = 1650  # the design's 1300, and one photo reader, live curves, panels that survive a reload
    assert sum(bool(line.strip()) for line in written) <= most


def test_importing_the_package_imports_nothing_heavy():
    code = ("import torch, sys; before = set(sys.modules); import d2lhelpers, d2lhelpers.data, d2lhelpers.runtime;"
            "print(*{name.split('.')[0] for name in set(sys.modules) - before})")
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"matplotlib", "ipywidgets", "pandas", "sklearn", "skimage", "jieba", "torchvision", "IPython", "pooch"}
    assert not heavy & set(loaded)


def test_ruff_finds_nothing():
    ruff = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", ROOT], capture_output=True, text=True)
    assert ruff.returncode == 0, ruff.stdout


def test_conda_and_pip_install_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^\s*- ([a-z][\w.>=-]*)$", text.split("dependencies:")[1], re.M)
    names = {"torch": "pytorch"}  # conda-forge's name
    renamed = {re.sub(r"^[\w-]+", lambda m: names.get(m[0], m[0]), item) for item in wanted}
    extra = {"pip", "graphviz", "nodejs"}
    assert {item for item in listed if re.match(r"[\w-]+", item)[0] not in extra} - {"python>=3.11"} == renamed


def test_readme_lists_every_notebook():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in PATHS:
        assert f"notebooks/{name}.ipynb" in readme
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", readme):
        assert (ROOT / target).exists(), target
