"""Run measurements and write RESULTS.md: `python -m benchmarks [name …]`, all without a name (about 40 minutes).

A row stays as it was measured until its file is run again. `python -m benchmarks reference [softmax] [mlp] …` trains
the nets of the reference table, some hours. With `D2L_DEVICE=cuda` everything that trains runs there.
"""

import sys

from benchmarks import reference, results

if __name__ == "__main__":
    if sys.argv[1:2] == ["reference"]:
        reference.main(sys.argv[2:])
    else:
        results.main(sys.argv[1:])
