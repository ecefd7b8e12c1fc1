"""What an expression is for: a dimension, an index, a size, a count, a power, or just a value."""

import ast

REDUCE = {"sum", "mean", "std", "var", "max", "min", "amax", "amin", "argmax", "argmin", "any", "all", "softmax",
          "log_softmax", "logsumexp", "norm", "nanmean", "flip", "flatten", "cat", "stack", "diff", "cumsum", "prod",
          "unsqueeze", "squeeze", "median", "sort", "argsort", "cumprod"}
MODULES = {"torch", "F", "math", "np", "nn", "torch.linalg", "torch.nn.functional", "torch.special"}


def is_number(node):
    """Tell whether a node is a written number, and no truth value."""
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)


def method(node):
    """Return the name of a called method or function, str or None."""
    return getattr(node.func, "attr", getattr(node.func, "id", None)) if isinstance(node, ast.Call) else None


def on_tensor(node):
    """Tell whether a call is `x.f()`, and not `torch.f(x)`."""
    return isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) not in MODULES


def role_of(parents, node):
    """Say what a part of an expression is for, str.

    Returns
    -------
    str
        ``dim, flag, option, count, size, index, power`` or ``const``.
    """
    for parent, child in zip(parents, [node, *parents], strict=False):
        if isinstance(parent, ast.keyword):
            return "dim" if parent.arg in ("dim", "axis", "dims") else "flag" if parent.arg == "keepdim" else "option"
        if isinstance(parent, ast.Call) and child in parent.args:
            name, first = method(parent), parent.args[0]
            if name in ("permute", "transpose", "movedim", "swapaxes") and (on_tensor(parent) or child is not first):
                return "dim"
            if name in REDUCE and (on_tensor(parent) or child is not first):
                return "dim"
            return "count" if name in ("range", "arange") else "const"
        if isinstance(parent, ast.Subscript) and child is parent.slice:
            return "size" if ast.unparse(parent.value).endswith("shape") else "index"
        if isinstance(parent, ast.BinOp):
            return "power" if isinstance(parent.op, ast.Pow) and child is parent.right else "const"
        if not isinstance(parent, (ast.Tuple, ast.List, ast.UnaryOp, ast.Slice)):
            return "const"
    return "const"
