"""How far each assertion of a notebook stays from its bound, over all runs of the matrix.

With the environment variable D2L_LEDGER naming a file, the kernels of the tests write down every comparison
(`<`, `>`, `<=`, `>=`) of numbers inside an `assert`. A run on another processor gives other numbers; the room of an
assertion is its smallest distance from the bound, in standard deviations over the runs.

    python -m tests.ledger build/matrix/*.jsonl       print the ten tightest
"""

import ast
import hashlib
import json
import math
import os
import statistics
import sys
from collections import defaultdict

SIGN = {ast.Lt: 1, ast.LtE: 1, ast.Gt: -1, ast.GtE: -1}


class Recorder(ast.NodeTransformer):
    """Send every comparison inside an assertion through `_ledger(left, right, sign, key)`."""

    def __init__(self, record):
        self.record, self.cell = record, ""

    def visit(self, node):
        """Rewrite the assertions of one cell."""
        if isinstance(node, ast.Module):
            self.cell = hashlib.sha1(ast.unparse(node).encode()).hexdigest()[:8]
            self.record.begin()
        return super().visit(node)

    def visit_Assert(self, node):
        """Rewrite one assertion."""
        node.test = _Comparisons(self.cell).visit(node.test)
        return ast.fix_missing_locations(node)


class _Comparisons(ast.NodeTransformer):
    def __init__(self, cell):
        self.cell = cell

    def visit_Compare(self, node):
        sign = SIGN.get(type(node.ops[0]))
        if len(node.ops) > 1 or sign is None:
            return self._chain(node) if sign else self.generic_visit(node)
        text, operands = ast.unparse(node), [node.left, *node.comparators]
        left, right = (self.visit(operand) for operand in operands)
        strict = ast.Constant(isinstance(node.ops[0], (ast.Lt, ast.Gt)))
        arguments = [left, right, ast.Constant(sign), strict, ast.Constant(self.cell), ast.Constant(text)]
        return ast.copy_location(ast.Call(ast.Name("_ledger", ast.Load()), arguments, []), node)

    def _chain(self, node):
        """Take a < b < c apart; b is computed twice, which no assertion of the course minds."""
        operands = [node.left, *node.comparators]
        parts = [ast.Compare(left, [op], [right])
                 for left, op, right in zip(operands, node.ops, operands[1:], strict=False)]
        return ast.copy_location(ast.BoolOp(ast.And(), [self.visit(part) for part in parts]), node)


class Record:
    """Append one line per comparison of numbers to a file."""

    def __init__(self, path, notebook):
        self.path, self.notebook, self.seen = path, notebook, defaultdict(int)

    def begin(self):
        """A cell begins: comparisons in a loop are counted anew."""
        self.seen.clear()

    def __call__(self, left, right, sign, strict, cell, text):
        """Compare as the assertion does, and write down the distance from the bound."""
        low, high = (left, right) if sign > 0 else (right, left)
        room = _distance(low, high)
        if room is not None:
            number = self.seen[text]
            self.seen[text] += 1
            line = {"notebook": self.notebook, "cell": cell, "text": text, "number": number, "room": room}
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        return low < high if strict else low <= high


def _distance(low, high):
    """Return the smallest difference, float, or None where nothing is compared as a float."""
    try:
        low, high = (side.detach() if hasattr(side, "detach") else side for side in (low, high))
        gap = high - low
        whole = all("int" in str(getattr(side, "dtype", type(side).__name__)) for side in (low, high))
        room = float(gap.min() if hasattr(gap, "min") else gap)
        return room if math.isfinite(room) and not whole else None
    except (TypeError, ValueError, RuntimeError):
        return None


def install(notebook):
    """Let this kernel write its ledger."""
    record, shell = Record(os.environ["D2L_LEDGER"], notebook), get_ipython()  # noqa: F821
    shell.user_ns_hidden["_ledger"] = shell.user_ns["_ledger"] = record
    shell.ast_transformers.append(Recorder(record))


def note_run(notebook, peak, seconds):
    """Write down what a whole run needed: bytes (None where unknown) and seconds."""
    with open(os.environ["D2L_LEDGER"], "a", encoding="utf-8") as file:
        file.write(json.dumps({"notebook": notebook, "peak": peak, "seconds": seconds}) + "\n")


def tightest(paths, count=10):
    """Return [(room in spreads, notebook, text, smallest distance, spread)], the tightest first.

    Parameters
    ----------
    paths : list of path
        The ledgers of several runs, one file each.
    count : int
        How many to return.
    """
    rooms = defaultdict(list)
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in (line for line in map(json.loads, file) if math.isfinite(line.get("room", math.inf))):
                rooms[line["notebook"], line["cell"], line["text"], line["number"]].append(line["room"])
    rows = []
    for (notebook, _, text, _), found in rooms.items():
        spread = statistics.pstdev(found)
        if spread > 1e-12 * max(map(abs, found)):
            nearest = min(map(abs, found))  # a comparison under a `not` is false, and its distance negative
            rows.append((nearest / spread, notebook, text, nearest, spread))
    return sorted(rows)[:count]


def main(paths):
    """Print the tightest ten."""
    print("| room (spreads) | notebook | assertion | smallest distance | spread |\n| --- | --- | --- | --- | --- |")
    for room, notebook, text, distance, spread in tightest(paths):
        print(f"| {room:.1f} | {notebook[:2]} | `{text}` | {distance:.3g} | {spread:.2g} |")
    print("\n| run | notebook: peak memory in GB, seconds |\n| --- | --- |")
    for path in paths:
        with open(path, encoding="utf-8") as file:
            runs = sorted({line["notebook"]: line for line in map(json.loads, file) if "seconds" in line}.items())
        print(f"| {os.path.basename(path).removesuffix('.jsonl')} |",
              ", ".join(f"{name[:2]}: {(run['peak'] or 0) / 1e9:.2f}, {run['seconds']:.0f}" for name, run in runs), "|")


if __name__ == "__main__":
    main(sys.argv[1:])
