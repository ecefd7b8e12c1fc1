"""Run measurements: `python -m benchmarks [imports] [batches] [sliders]`, all three without a name.

`python -m benchmarks reference [softmax] [mlp] [lenet5] …` trains the nets of the reference table, about an hour.
"""

import sys

from benchmarks import batches, imports, reference, sliders

ALL = {"imports": imports.main, "batches": batches.main, "sliders": sliders.main}

if sys.argv[1:2] == ["reference"]:
    reference.main(sys.argv[2:])
else:
    for name in sys.argv[1:] or ALL:
        print(f"== {name}")
        ALL[name]()
