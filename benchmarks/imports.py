"""What the package adds to `import torch`, in fresh processes."""

import statistics
import subprocess
import sys

CODE = """import time, torch
start = time.perf_counter()
import d2lhelpers, d2lhelpers.data, d2lhelpers.runtime
print(1000 * (time.perf_counter() - start))"""


def main(repeat=7):
    """Print the median over fresh processes, in milliseconds."""
    times = [float(subprocess.check_output([sys.executable, "-c", CODE])) for _ in range(repeat)]
    print(f"d2lhelpers with data and runtime: {statistics.median(times):.0f} ms beyond import torch, "
          f"median of {repeat}")
