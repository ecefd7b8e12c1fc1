"""How pytest runs the notebooks: nbval's cells, numbers compared as numbers, one kernel for all tests of a notebook.

Loaded by `-p tests.plugin` (pyproject.toml), so that `pytest notebooks/02_….ipynb` alone behaves the same.
"""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile
from xdist.scheduler import LoadScopeScheduling

from tests.live import HANG, Live
from tests.printed import Printed
from tools import notebooks

PATHS = {path.stem: path for path in notebooks.PATHS}
BROWSER = "test_browser.py"
LIVE_TESTS = "test_notebooks.py", BROWSER
LIVE = {}  # notebook's name -> its kernel, while its tests run
TWICE = set()  # notebooks whose cells are run a second time
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests share the cores; threads that wait for one another crawl
os.environ["D2L_SOLVED"] = ""  # what tests solve is nobody's record


class Cell(IPyNbCell):
    """A cell that compares numbers as numbers, and may run twice."""

    def sanitize(self, text):
        """Return the text in a form that nbval compares with a tolerance."""
        return Printed(text) if isinstance(text, str) else text

    def runtest(self):
        """Run the cell, compare what it shows, run it again."""
        self.output_timeout = HANG
        live, start = LIVE[self.parent.path.stem], time.perf_counter()
        try:
            super().runtest()
        except Exception:
            live.printed.append(("", ""))  # it has failed already; the pairs of the other cells stay in step
            raise
        live.seconds += time.perf_counter() - start
        printed = _printed(self.test_outputs)
        live.again(self.cell.source, printed) if self.parent.path.stem in TWICE else live.measure()


class File(IPyNbFile):
    """A notebook whose kernel outlives its cells."""

    def setup(self):
        """Start the kernel; the one of another notebook ends."""
        stop_kernels()
        super().setup()
        LIVE[self.path.stem] = Live(self.path, self.kernel)

    def collect(self):
        """Yield nbval's cells."""
        for cell in super().collect():
            cell.__class__ = Cell
            yield cell

    def teardown(self):
        """Leave the kernel to the tests that follow."""


def live(name):
    """Return a notebook's kernel in which all cells have run twice; nbval's, or a new one."""
    if name not in LIVE:
        stop_kernels()
        LIVE[name] = Live(PATHS[name]).run_cells()
    return LIVE[name]


def stop_kernels():
    """End all kernels."""
    while LIVE:
        LIVE.popitem()[1].stop()


def pytest_configure():
    """Let Ctrl-C through in this run and all that it starts, also where the caller ignores it (`nohup … &`)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Collect notebooks as ours."""
    found = yield
    for file in found:
        if isinstance(file, IPyNbFile):
            file.__class__ = File
    return found


def pytest_generate_tests(metafunc):
    """Run a test that asks for `name` once per notebook."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", PATHS, scope="session")


class Scheduling(LoadScopeScheduling):
    """Workers get whole groups: all tests that use a notebook's kernel, or the rest of a file."""

    def _split_scope(self, nodeid):
        file, _, rest = nodeid.partition("::")
        name = re.search(r"\[(\w+)\]$", rest)
        if file.endswith(LIVE_TESTS) and name and name[1] in PATHS:
            return name[1]
        return Path(file).stem if file.endswith(".ipynb") else file


def pytest_xdist_make_scheduler(config, log):
    """Share the tests out by groups."""
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Order a notebook's tests: its cells first, then the tests that use their kernel."""
    TWICE.update(item.callspec.params["name"] for item in items
                 if getattr(item, "originalname", "") == "test_every_cell_can_run_twice")
    items.sort(key=_place)


def pytest_terminal_summary(terminalreporter):
    """Print which share of each notebook's cells is compared strictly."""
    shares = [f"{name[:2]} {share(notebooks.read(path)):.0%}" for name, path in PATHS.items()]
    terminalreporter.write_line(f"cells compared strictly: {', '.join(shares)}")


def pytest_sessionfinish():
    """Leave no kernel behind."""
    stop_kernels()


def share(nb):
    """Return which share of a notebook's cells is compared with what is stored, float in [0, 1]."""
    code = notebooks.code_cells(nb)
    loose = {"nbval-ignore-output", "nbval-skip", "raises-exception"}
    return sum(not loose & set(notebooks.tags(cell)) for cell in code) / len(code)


def _printed(outputs):
    return "".join(output.text for output in outputs if output.output_type == "stream")


def _notebook(item):
    """Return the notebook whose kernel a test uses, or None."""
    if isinstance(item, Cell):
        return item.path.stem
    uses_kernel = {"live", "lab_page"} & set(getattr(item, "fixturenames", ()))
    return item.callspec.params["name"] if uses_kernel else None


def _place(item):
    """Longest notebooks first, then the rest; browser tests after the others of their notebook."""
    name = _notebook(item)
    if name is None:
        return (1, 0, "", 0)
    return (0, -_seconds().get(name, 60), name, 0 if isinstance(item, Cell) else 1 + (item.path.name == BROWSER))


def _seconds():
    """Return the running times of the README's table, seconds by name."""
    rows = re.findall(r"notebooks/(\w+)\.ipynb\).*?\| (\d+) s ", (notebooks.ROOT / "README.md").read_text("utf-8"))
    return {name: int(seconds) for name, seconds in rows}
