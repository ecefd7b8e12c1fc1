"""May a function be run two hundred times? Not if it writes, asks, trains, or touches what is not its own."""

import ast
import contextlib
import inspect

import torch
from torch.overrides import TorchFunctionMode

FORBIDDEN = {"open", "input", "exec", "eval", "plt", "os", "sys", "subprocess", "requests", "display", "next", "sleep",
             "setattr", "delattr", "globals", "vars", "locals", "shutil", "pathlib", "Path", "save", "load", "write",
             "write_text", "write_bytes", "manual_seed", "set_default_dtype", "system", "urlopen", "Thread", "Process"}
CHANGES = {"append", "extend", "update", "add", "pop", "insert", "remove", "clear", "setdefault", "sort", "reverse",
           "step", "zero_grad", "backward", "train", "eval", "load_state_dict"}
LINALG = {"eig", "eigvals", "eigh", "eigvalsh", "lstsq", "svd", "svdvals", "solve", "inv", "inverse", "det", "slogdet",
          "qr", "pinv", "cholesky", "matrix_rank", "cond", "logdet"}
MAKES_MANY = {"range", "arange", "zeros", "ones", "full", "empty", "linspace", "rand", "randn", "repeat"}


def harmless(tree, scope, inputs):
    """Tell whether running edited copies of a function has no effect outside it, bool.

    Parameters
    ----------
    tree : ast.FunctionDef
    scope : dict
        The function's globals and closure.
    inputs : list of tuple
        The arguments it will be called with.
    """
    nodes = list(ast.walk(tree))
    own = set(own_names(tree))
    for node in nodes:
        if isinstance(node, (ast.Global, ast.Import, ast.ImportFrom, ast.Yield, ast.YieldFrom, ast.AsyncFunctionDef,
                             ast.Await, ast.ClassDef, ast.Delete)):
            return False
        if isinstance(node, ast.Name):
            if node.id not in own and (node.id in FORBIDDEN or _is_state(scope.get(node.id))):
                return False
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN:
            return False
        if _changes_others(node, own, scope):
            return False
    large = any(isinstance(arg, int) and abs(arg) > 100_000 for args in inputs for arg in args)
    return not (large and MAKES_MANY & set(used(nodes)))


def own_names(tree):
    """Yield the names that a function sets itself: parameters, variables, inner functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.arg, ast.FunctionDef)):
            yield getattr(node, "arg", getattr(node, "name", ""))


def used(nodes):
    """Yield the names and attributes that occur in some nodes."""
    for node in nodes:
        if isinstance(node, (ast.Name, ast.Attribute)):
            yield node.id if isinstance(node, ast.Name) else node.attr


def _is_state(value):
    """Tell whether a global is something that a call may change for good."""
    return isinstance(value, (torch.nn.Module, torch.optim.Optimizer, torch.Generator)) or (
        isinstance(value, torch.Tensor) and value.requires_grad) or inspect.isgenerator(value)


def _changes_others(node, own, scope):
    """Tell whether a node writes into, or calls a changing method of, a name that is not the function's own."""
    target = None
    if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
        target = node
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name = node.func.attr
        if name in CHANGES or (name.endswith("_") and not name.endswith("__")):
            target = node.func
    while isinstance(target, (ast.Subscript, ast.Attribute)):
        target = target.value
    return isinstance(target, ast.Name) and target.id not in own and not inspect.ismodule(scope.get(target.id))


class _Finite(TorchFunctionMode):
    """LAPACK can kill the process on a matrix that is not finite: raise before it is asked."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "").removeprefix("linalg_") in LINALG and not all(
                bool(torch.isfinite(arg).all()) for arg in args if isinstance(arg, torch.Tensor)):
            raise ValueError("not finite")
        return func(*args, **(kwargs or {}))


def guard(tree, scope):
    """Return a context that keeps linear algebra from non-finite matrices; an empty one where there is none."""
    helpers = any(inspect.isfunction(scope.get(name)) for name in used(ast.walk(tree)))
    return _Finite() if helpers or LINALG & set(used(ast.walk(tree))) else contextlib.nullcontext()
