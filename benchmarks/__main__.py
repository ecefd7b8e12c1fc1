"""Run measurements: `python -m benchmarks [sliders] [batches] [imports]`; all of them without a name."""

import sys

from benchmarks import batches, imports, sliders

ALL = {"imports": imports.main, "batches": batches.main, "sliders": sliders.main}

for name in sys.argv[1:] or ALL:
    print(f"== {name}")
    ALL[name]()
