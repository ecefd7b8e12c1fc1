"""A notebook's kernel, kept after its cells have run: panels, exercises and the browser use it, too."""

import os
from pathlib import Path

from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel

from tests import ledger
from tools import notebooks

HANG = 1800  # seconds after which a silent kernel counts as dead; nothing here is timed
SETUP = f"""
import sys, warnings
sys.path.insert(0, {str(notebooks.ROOT)!r})
warnings.simplefilter("error")
"""
SAVE = """
import random, numpy, torch
saved = random.getstate(), numpy.random.get_state(), torch.get_rng_state()
"""
RESTORE = "random.setstate(saved[0]); numpy.random.set_state(saved[1]); torch.set_rng_state(saved[2])"


class Live:
    """One notebook in one kernel.

    Parameters
    ----------
    path : pathlib.Path
        The notebook; its folder is the kernel's.
    kernel : nbval.kernel.RunningKernel, optional
        A kernel that runs already; by default a new one is started.

    Attributes
    ----------
    printed : list of (str, str)
        What each cell printed when it ran, and when it ran again at once.
    peak : int or None
        The largest memory of the first runs, in bytes; None where the system does not tell.
    seconds : float
        How long the first runs took, for the record; no test looks at it.
    """

    def __init__(self, path, kernel=None):
        self.path = path
        self.kernel = kernel or RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=str(path.parent), startup_timeout=HANG)
        self.printed, self.peak, self.seconds = [], None, 0.0
        self._hidden(SETUP)
        if os.environ.get("D2L_LEDGER"):
            self._hidden(f"from tests import ledger; ledger.install({path.stem!r})")

    def run(self, source, silent=False):
        """Run source code in the kernel.

        Returns
        -------
        str
            What it printed.

        Raises
        ------
        AssertionError
            With the kernel's traceback, where the code raises.
        """
        client = self.kernel.kc
        message = client.execute(source, silent=silent, store_history=False, allow_stdin=False, stop_on_error=False)
        out, error = [], None
        while True:
            got = client.get_iopub_msg(timeout=HANG)
            kind, content = got["msg_type"], got["content"]
            if got["parent_header"].get("msg_id") != message:
                continue
            if kind == "stream":
                out.append(content["text"])
            elif kind == "error":
                error = "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                break
        self.kernel.await_reply(message, timeout=HANG)
        assert error is None, error
        return "".join(out)

    def call(self, function, *args):
        """Call a function of `tests.inside` with the notebook's names and these (printable) arguments."""
        arguments = ", ".join(["globals()", *map(repr, args)])
        return self.run(f"from tests import inside as _inside; _inside.{function}({arguments})")

    def again(self, source, first):
        """Run a cell that has just run a second time; later cells find the same random numbers as without it."""
        self.measure()
        self._hidden(SAVE)
        self.printed.append((first, self.run(source)))
        self._hidden(RESTORE)
        self._forget_peak()

    def run_cells(self):
        """Run all cells, each twice in a row."""
        for cell in notebooks.code_cells(notebooks.read(self.path)):
            self.again(cell.source, self.run(cell.source))
        return self

    def measure(self):
        """Take note of the kernel's peak memory."""
        status = Path(f"/proc/{self.pid}/status")
        if status.exists():
            peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            self.peak = max(self.peak or 0, 1024 * int(peak.split()[1]))

    @property
    def pid(self):
        """The kernel's process."""
        return self.kernel.km.provisioner.pid

    def stop(self):
        """End the kernel and what it started."""
        if os.environ.get("D2L_LEDGER"):
            ledger.note_run(self.path.stem, self.peak, self.seconds)
        if self.kernel.is_alive():
            self.kernel.stop()

    def _forget_peak(self):
        clear = Path(f"/proc/{self.pid}/clear_refs")
        if clear.exists():
            clear.write_text("5")  # the peak starts again from what is in use

    def _hidden(self, source):
        """Run code whose names the notebook does not see."""
        self.run(f"exec({source!r}, __import__('sys').modules.setdefault('_behind', "
                 "type(__import__('sys'))('_behind')).__dict__)", silent=True)
