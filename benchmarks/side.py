"""Two or more ways to do the same, measured alternately in one process: the ratio is what counts."""

import datetime
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from importlib.metadata import version

import torch

from d2lhelpers import runtime


@dataclass
class Row:
    """One line of RESULTS.md."""

    question: str
    against: str
    ratios: list  # of float, one per round: the other's time over ours
    goal: float = 0.0  # the ratio that was aimed at; 0: none
    ours: float = float("nan")  # seconds, median
    theirs: float = float("nan")
    note: str = ""

    def line(self):
        """Return the row in Markdown."""
        middle, low, high = statistics.median(self.ratios), min(self.ratios), max(self.ratios)
        goal = f"≥ {self.goal:g}×{'' if middle >= self.goal else ' **missed**'}" if self.goal else "–"
        return (f"| {self.question} | {self.against} | **{times(middle)}** ({times(low)} – {times(high)}) | {goal} "
                f"| {seconds(self.ours)} / {seconds(self.theirs)} | {self.note or '–'} |")

    record = asdict


def times(ratio):
    """Write a ratio: two or three digits, thousands in groups."""
    return f"{ratio:.3g}×" if ratio < 100 else f"{ratio:,.0f}×"


def seconds(value):
    """Write a duration in the unit that fits, from microseconds to minutes."""
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value / size < 1000 else f"{value / size:,.0f} {unit}"
    return "–"


def alternate(*functions, rounds=5, warm_up=True):
    """Time functions in turn, so that a slow moment hits all of them.

    Parameters
    ----------
    *functions : callable
        Called without arguments.
    rounds : int
        How often each is timed; the order turns round every time.
    warm_up : bool
        Whether each is called once before.

    Returns
    -------
    list of list of float
        For each function its seconds, round by round.
    """
    if warm_up:
        for function in functions:
            function()
    measured = [[] for _ in functions]
    for turn in range(rounds):
        for i in range(len(functions))[:: 1 if turn % 2 else -1]:
            with runtime.timer() as t:
                functions[i]()
            measured[i].append(t.seconds)
    return measured


def row(question, against, ours, theirs, goal=0.0, note="", rounds=5, share=1.0, warm_up=True):
    """Measure ours against theirs; `share` says which part of the whole task theirs did, in (0, 1]."""
    mine, other = alternate(ours, theirs, rounds=rounds, warm_up=warm_up)
    return timed(question, against, mine, [t / share for t in other], goal, note)


def timed(question, against, mine, other, goal=0.0, note=""):
    """Return the row for two lists of seconds, round by round."""
    ratios = [b / a for a, b in zip(mine, other, strict=True)]
    return Row(question, against, ratios, goal, statistics.median(mine), statistics.median(other), note)


def machine():
    """Return what a measurement was made on, and when, str."""
    device = runtime.pick_device()
    what = f"{torch.get_num_threads()} of {os.cpu_count()} CPU cores ({_processor()})"
    what = what if device.type == "cpu" else f"{torch.get_device_name(device)} and {what}"
    busy = ", other work beside it" if os.getloadavg()[0] > torch.get_num_threads() + 0.7 else ""
    packages = ", ".join(f"{name} {version(name).split('+')[0]}" for name in ("torch", "torchvision", "matplotlib"))
    return f"{datetime.date.today()}, {what}{busy}, {packages}, Python {platform.python_version()}"


def _processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
