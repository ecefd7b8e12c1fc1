"""What all tests share: the notebooks, their kernels, JupyterLab."""

import os
import re
import subprocess
from unittest.mock import MagicMock

import pytest

from tests import plugin
from tools import lab, notebooks


@pytest.fixture(scope="session")
def nb(name):
    """The notebook."""
    return notebooks.read(plugin.PATHS[name])


@pytest.fixture
def live(name):
    """The notebook's kernel, after all its cells ran twice."""
    return plugin.live(name)


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
def server(chromium):
    """A JupyterLab that serves a copy of the notebooks."""
    with lab.serve() as running:
        yield running


@pytest.fixture
def jupyter(monkeypatch):
    """What `course` starts in place of JupyterLab: a mock of Popen whose server ends at once."""
    popen = MagicMock()
    popen.return_value.__enter__.return_value.wait.return_value = 0
    monkeypatch.setattr(subprocess, "Popen", popen)
    return popen


@pytest.fixture(scope="session")
def shots(request):
    """Folder for screenshots, if the environment variable D2L_SHOTS names one."""
    return os.environ.get("D2L_SHOTS")


def prose(nb):
    """Return the text of all Markdown cells without code blocks and formulas."""
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    return re.sub(r"```.*?```|\$\$.*?\$\$", "", text, flags=re.S)
