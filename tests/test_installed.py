"""The wheel, installed without the repository, runs the course from an empty folder."""

import json
import os
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbclient import NotebookClient

from d2lhelpers import __main__ as doctor
from tests.plugin import PATHS
from tools.notebooks import ROOT, code_cells, read

CHECKS = """
import importlib, pkgutil
import d2lhelpers
from d2lhelpers import checks, data, exercises, files, workcopy
assert d2lhelpers.__file__.startswith({site!r}), d2lhelpers.__file__
count = 0
for found in pkgutil.iter_modules(exercises.__path__):
    module = importlib.import_module("d2lhelpers.exercises." + found.name)
    for exercise in vars(module).values():
        if isinstance(exercise, checks.Exercise):
            for answer, sign in [(lambda *given: ..., "○"), (lambda *given: object(), "✗"), (lambda: 1, "✗")]:
                verdict = exercise.verdict(answer)
                assert verdict.startswith(sign) and "site-packages" not in verdict, verdict
            count += 1
assert count > 80, count
for name in {nets}:
    assert data.load_checkpoint(name), name
print("checked", count, "exercises;", len(list(workcopy.originals().glob("*.ipynb"))), "notebooks")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel and unpack it, as pip does with a package of pure Python; return folder and environment."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    (folder / "empty").mkdir()
    return folder, os.environ | {"PYTHONPATH": str(folder / "site"), "D2L_OFFLINE": "1", "D2L_DATA_DIR": ""}


def run(installed, *command):
    folder, environment = installed
    done = subprocess.run([sys.executable, *command], cwd=folder / "empty", env=environment, capture_output=True,
                          text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_check_answers(installed):
    sources = [cell.source for path in PATHS.values() for cell in code_cells(read(path))]
    nets = sorted({name for source in sources for name in re.findall(r'load_checkpoint\(\s*"(\w+)"', source)})
    assert {"poems", "gan_digits", "attention"} <= set(nets)
    text = run(installed, "-c", CHECKS.format(site=str(installed[0] / "site"), nets=nets))
    assert f"{len(PATHS)} notebooks" in text


def test_any_jupyterlab_beside_it_takes_photos_above_its_own_limit(installed):
    (settings,) = (installed[0] / "site").glob("*.data/data/etc/jupyter/jupyter_server_config.d/*.json")
    (name, value), = json.loads(settings.read_text())["ServerApp"]["tornado_settings"].items()
    assert f"'{name}': {value:_}" in doctor.UPLOADS


def test_no_page_reaches_for_the_repository():
    """What a page reads comes through a loader, or it has just written it: no path that only a checkout has."""
    for name, path in PATHS.items():
        for cell in code_cells(read(path)):
            for word in ("files.ROOT", "__file__", "parents[", "../", '"data/', "'data/", "git clone", "sys.path"):
                told = "if path.exists()" in cell.source  # 14 prints files of the checkout, or says that there is none
                assert told or word not in cell.source, f"{name}: {word}\n{cell.source}"


def test_the_doctor_and_the_copy(installed):
    assert "✓ torch" in run(installed, "-X", "utf8", "-m", "d2lhelpers")
    run(installed, "-m", "d2lhelpers.workcopy", "my-course")
    copies = (installed[0] / "empty/my-course").glob("*.ipynb")
    assert {path.name: path.read_bytes() for path in copies} == {p.name: p.read_bytes() for p in PATHS.values()}


@pytest.mark.parametrize("page", [name for name in PATHS if name[:2] in ("09", "10", "11", "14", "15", "16")])
def test_first_cells_run_from_an_empty_folder(installed, page, monkeypatch):
    folder, environment = installed
    for key in ("PYTHONPATH", "D2L_OFFLINE", "D2L_DATA_DIR"):
        monkeypatch.setenv(key, environment[key])
    nb = nbformat.v4.new_notebook(cells=code_cells(read(PATHS[page]))[:3])
    nb.cells.append(nbformat.v4.new_code_cell(f"import d2lhelpers; assert {str(folder)!r} in d2lhelpers.__file__"))
    NotebookClient(nb, timeout=600, resources={"metadata": {"path": str(folder / "empty")}}).execute()
