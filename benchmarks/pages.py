"""Whole notebooks: seconds of Run All and the kernel's peak memory, one after another."""

import subprocess
import sys
import time

from tools import notebooks

CODE = """import resource, sys
from nbclient import NotebookClient
from tools import notebooks
nb = notebooks.read(sys.argv[1])
client = NotebookClient(nb, timeout=None, resources={"metadata": {"path": str(notebooks.ROOT / "notebooks")}})
import time
start = time.perf_counter()
client.execute()
print(time.perf_counter() - start, 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def main():
    """Return one line per notebook: name, seconds from the kernel's start to its end, gigabytes."""
    lines, start = [], time.perf_counter()
    for path in notebooks.PATHS:
        out = subprocess.check_output([sys.executable, "-c", CODE, str(path)], cwd=notebooks.ROOT, text=True)
        seconds, peak = map(float, out.split()[-2:])
        lines.append(f"{path.stem:40} {seconds:4.0f} s   {peak / 1e9:.2f} GB")
        print(lines[-1], flush=True)
    return [*lines, f"{'all':40} {(time.perf_counter() - start) / 60:4.1f} minutes"]
