"""Do the tests notice a mistake? Small edits of a module's code, and which of them no test fails on.

`python -m tools.mutants [module …]` makes every edit (or `--sample 100` of them), runs the module's fast tests on each
in a forked process, prints the share that failed, and holds what survived against tests/mutants.txt.
"""

import argparse
import ast
import contextlib
import importlib.util
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REASONS = ROOT / "tests/mutants.txt"
REAL = "not two_processes and not addresses_are and not run_all and"  # an edit does not reach other processes
TESTS = {  # module -> files, and which of their tests
    "data": ("test_data test_properties",
             f"{REAL} (test_data or batches or any_number or picture or takes_no or weights)"),
    "files": ("test_data test_properties",
              f"{REAL} (test_data or digest or archive or any_name or setting or wherever or weights)"),
    "checks": ("test_package test_checks",
               "test_checks or verdict or mistake or answer or hints or drawn or tuples or inputs or raises"),
    "training": ("test_package",
                 f"{REAL} (train or fit or loss or evaluate or stop or loader or regression or epoch or dropout)"),
    "widgets": ("test_package test_widgets", "test_widgets or panel or slider or draw or button")}
HEAVY = ["torch", "torchvision", "matplotlib.pyplot", "ipywidgets", "IPython", "pandas", "sklearn.datasets", "skimage",
         "requests", "pooch", "filelock", "safetensors.torch", "tqdm.auto", "nbclient", "hypothesis", "PIL.Image"]
LIMIT = 3  # a mutant may take so many times as long as the unchanged module, and 10 seconds
COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
           ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
OPERATE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
           ast.Mod: ast.Add, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift}
DELETED = ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Delete


def edits(node):
    """Yield what may stand in place of a node."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            ops = [*node.ops[:i], COMPARE[type(op)](), *node.ops[i + 1:]]
            yield ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATE:
        yield ast.BinOp(node.left, OPERATE[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        for value in (True, False):
            changed = {name: getattr(node, name) for name in node._fields} | {"test": ast.Constant(value)}
            yield type(node)(**changed)
    elif isinstance(node, ast.Return) and node.value and ast.unparse(node.value) != "None":
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, DELETED) and not isinstance(getattr(node, "value", None), ast.Constant):
        yield ast.Pass()


def mutants(source):
    """Yield (what was changed, compiled code) for each single edit."""
    tree, names = ast.parse(source), {}
    for node, spot, where in _walk(tree, []):
        for new in edits(node):
            field, i = spot
            holder = field if i is None else getattr(*field)
            (setattr(*holder, new) if i is None else holder.__setitem__(i, new))
            text = f"{where} | {_short(node)} -> {_short(new)}"
            number = names[text] = names.get(text, 0) + 1
            code = compile(ast.fix_missing_locations(tree), "mutant", "exec")
            yield text + (f" ({number})" if number > 1 else ""), code
            (setattr(*holder, node) if i is None else holder.__setitem__(i, node))


def _walk(node, path):
    """Yield each node below, where it hangs, and in which function; texts and type hints are left out."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                inner = [*path, child.name] if isinstance(child, (ast.FunctionDef, ast.ClassDef)) else path
                spot = ((node, name), i)
                yield child, spot, ".".join(inner) or "module"
                yield from _walk(child, inner)


def _short(node):
    if isinstance(node, (ast.If, ast.While)):
        return f"{type(node).__name__.lower()} {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())[:90]


class Finder:
    """Import the mutant wherever the module is asked for."""

    def __init__(self, module, code):
        self.name, self.path, self.code = f"d2lhelpers.{module}", ROOT / "d2lhelpers" / f"{module}.py", code

    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            spec = importlib.util.spec_from_file_location(name, self.path)
            spec.loader.get_code = lambda _: self.code
            return spec


def fails(module, code, limit):
    """Tell whether a test fails, in a process of its own: "test", "time", or "" if all pass."""
    child = os.fork()
    if not child:
        sys.meta_path.insert(0, Finder(module, code))
        signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever starts it in the background has it ignored
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 1))
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1), os.dup2(nothing.fileno(), 2)
        import pytest
        names, which = TESTS[module]
        files = [str(ROOT / "tests" / f"{name}.py") for name in names.split()]
        os._exit(pytest.main([*files, "-k", which, "-x", "-q", "-c", os.devnull, f"--rootdir={ROOT}", "--tb=no",
                              "-p", "no:cacheprovider"]))
    end = time.monotonic() + 6 * limit                              # it may wait, or share the core with others
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "" if status == 0 else "time" if os.WIFSIGNALED(status) else "test"
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "time"


def reasons():
    """Return {(module, edit): why it may survive} of tests/mutants.txt."""
    lines = REASONS.read_text(encoding="utf-8").splitlines() if REASONS.exists() else []
    rows = (line.rsplit(" | ", 1) for line in lines if line and line[0] != "#")
    return {edit: why for edit, why in rows}


def judge(module, sample, seed):
    """Run a module's edits; return how many there were, how many failed, and the survivors."""
    source = (ROOT / "d2lhelpers" / f"{module}.py").read_text(encoding="utf-8")
    start = time.monotonic()
    unchanged = fails(module, compile(source, "unchanged", "exec"), 600)
    assert not unchanged, f"the tests of {module} fail on the unchanged module"
    limit, found = 10 + LIMIT * (time.monotonic() - start), list(mutants(source))
    if sample and sample < len(found):
        found = random.Random(seed).sample(found, sample)
    survivors = []
    for i, (text, code) in enumerate(found, 1):
        if not fails(module, code, limit):
            survivors.append(f"{module}.{text}")
            print(f"  {i}/{len(found)} survived: {survivors[-1]}", flush=True)
        if i % 20 == 0:
            print(f"  {i} of {len(found)} tried, {len(survivors)} survived", file=sys.stderr, flush=True)
    return len(found), survivors


def main():
    """Print a row of the table in tests/README.md for each module, and what survived without a reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=[*TESTS])
    parser.add_argument("--sample", type=int, help="that many edits of each module, drawn with --seed")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OMP_NUM_THREADS": "1"}
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    known, rows = reasons(), []
    for module in options.modules:
        tried, survivors = judge(module, options.sample, options.seed)
        new = [text for text in survivors if text not in known]
        share = 1 - len(survivors) / tried
        rows.append(f"| {module} | {tried} | {tried - len(survivors)} | {share:.0%} | {len(new)} |")
        print(rows[-1], flush=True)
    print("| module | edits | noticed | share | survivors without a reason |", "| --- | --- | --- | --- | --- |",
          *rows, sep="\n")


if __name__ == "__main__":
    main()
