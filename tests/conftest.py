"""What all tests share: the notebooks, their names after every cell ran twice, JupyterLab."""

import contextlib
import io
import os
import re

import pytest

from tests import lab, notebooks

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests share the cores; threads that wait for one another crawl

PATHS = {path.stem: path for path in notebooks.PATHS}
LONGEST = ["test_browser.py", "test_notebooks.py"]


def pytest_collection_modifyitems(items):
    """Begin with the longest files, so that all workers end at about the same time."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_generate_tests(metafunc):
    """Run a test that asks for `name` once per notebook."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", PATHS, scope="session")


@pytest.fixture(scope="session")
def nb(name):
    """The notebook."""
    return notebooks.read(PATHS[name])


@pytest.fixture(scope="session")
def twice(nb):
    """Run every code cell twice in a row in this process, on the stand-in data.

    Returns the namespace at the end, and per cell what its two runs printed.
    """
    namespace, printed = {"__name__": "notebook"}, []
    here = os.getcwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("D2L_OFFLINE", "1")
        patch.setenv("D2L_DATA_DIR", "")
        os.chdir(notebooks.ROOT / "notebooks")
        for i, cell in enumerate(notebooks.code_cells(nb)):
            code, runs = compile(cell.source, f"<code cell {i}>", "exec"), []
            for _ in range(2):
                with contextlib.redirect_stdout(io.StringIO()) as out:
                    exec(code, namespace)
                runs.append(out.getvalue())
            printed.append(runs)
    os.chdir(here)
    return namespace, printed


@pytest.fixture(scope="session")
def namespace(twice):
    """Every name the notebook defines, after all its cells ran."""
    return twice[0]


@pytest.fixture(scope="session")
def chromium():
    """Chromium, or a skip that says what is missing; CI counts that skip as a failure."""
    path = lab.find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "no Chromium or Chrome here: the browser tests need one (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=lab.CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab_url(chromium):
    """Address of a JupyterLab that serves a copy of the notebooks."""
    with lab.serve() as url:
        yield url


@pytest.fixture(scope="session")
def shots(request):
    """Folder for screenshots, if the environment variable D2L_SHOTS names one."""
    return os.environ.get("D2L_SHOTS")


def prose(nb):
    """Return the text of all Markdown cells without code blocks and formulas."""
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    return re.sub(r"```.*?```|\$\$.*?\$\$", "", text, flags=re.S)
