"""How long a slider change takes in the kernel: callback, drawing and PNG, for every panel."""

import contextlib
import io
import linecache
import math
import os
import statistics
import time

from tools import notebooks


def positions(slider, most=25):
    """Return up to `most` values of a control, evenly spread."""
    if hasattr(slider, "options"):
        values = [option[1] if isinstance(option, tuple) else option for option in slider.options]
    elif isinstance(slider.value, bool):
        values = [False, True]
    else:
        count = round((slider.max - slider.min) / slider.step)
        values = [type(slider.value)(slider.min + k * slider.step) for k in range(count + 1)]
    return values[:: max(1, len(values) // most)]


def measure(panel):
    """Return the milliseconds of single changes of every slider."""
    times = []
    for slider in panel.sliders.values():
        for value in positions(slider):
            if value != slider.value:
                start = time.perf_counter()
                slider.value = value
                times.append(1000 * (time.perf_counter() - start))
        panel.reset.click()
    return times


def main():
    """Return a line per panel, with median and 95th percentile, and how many are above 25 ms."""
    os.chdir(notebooks.ROOT / "notebooks")
    lines, slow = [], 0
    for path in notebooks.PATHS:
        namespace, nb = {"__name__": "notebook"}, notebooks.read(path)
        with contextlib.redirect_stdout(io.StringIO()):
            for i, cell in enumerate(notebooks.code_cells(nb)):
                name = f"<{path.stem}, code cell {i}>"  # some cells read their own source
                linecache.cache[name] = len(cell.source), None, cell.source.splitlines(keepends=True), name
                exec(compile(cell.source, name, "exec"), namespace)
        for name in notebooks.panels(nb):
            panel = namespace[name]()
            if not panel.run:  # a Train button is not a slider
                times = sorted(measure(panel))
                p95 = times[math.ceil(0.95 * len(times)) - 1]
                lines.append(f"{path.stem[:2]} {name:32} {len(times):4} changes: "
                             f"median {statistics.median(times):3.0f} ms, p95 {p95:3.0f} ms")
                slow += p95 > 25
        print(path.stem, flush=True)
    return [*lines, f"95th percentile above 25 ms: {slow} of {len(lines)} panels"]
