"""What the package adds to `import torch`, in fresh processes."""

import subprocess
import sys

from benchmarks import side

CODE = """import time
start = time.perf_counter()
import torch
middle = time.perf_counter()
import d2lhelpers, d2lhelpers.data, d2lhelpers.runtime
print(middle - start, time.perf_counter() - middle)"""


def main(repeat=7):
    """Return the row."""
    pairs = [map(float, subprocess.check_output([sys.executable, "-c", CODE]).split()) for _ in range(repeat)]
    torch_alone, ours = zip(*pairs, strict=True)
    question = "`import d2lhelpers` with `data` and `runtime`, after torch"
    return [side.timed(question, "`import torch`", ours, torch_alone, note="goal: at most 50 ms beyond torch")]
