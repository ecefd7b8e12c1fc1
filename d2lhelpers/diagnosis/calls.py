"""Small edits of one call: its function, its arguments, its options."""

import ast

from d2lhelpers.diagnosis.roles import REDUCE, is_number, method, on_tensor

GROUPS = [("sum", "mean", "max"), ("std", "var"), ("max", "min"), ("amax", "amin", "sum", "mean"),
          ("argmax", "argmin"), ("any", "all"), ("cat", "stack"), ("relu", "sigmoid", "tanh"), ("abs", "square"),
          ("ones", "zeros"), ("log", "log2", "log10", "log1p"), ("softmax", "log_softmax"), ("reshape", "view"),
          ("sin", "cos", "tan"), ("asin", "acos", "atan"), ("arcsin", "arccos", "arctan"), ("floor", "ceil"),
          ("ones_like", "zeros_like"), ("maximum", "minimum"), ("nanmean", "mean"), ("exp", "expm1"),
          ("matmul", "mul"), ("cumsum", "cumprod"), ("eigvals", "eigvalsh"), ("flip", "roll")]
OTHERS = {name: list(dict.fromkeys(o for group in GROUPS if name in group for o in group if o != name))
          for group in GROUPS for name in group}
FARTHER = {"sum": ["norm"], "mean": ["norm"], "max": ["norm"], "abs": ["relu", "neg"], "relu": ["abs"]}
NO_DIM = {"flip", "flatten", "cat", "stack", "unsqueeze", "diff"}
KEYS = {"dim": "dim", "axis": "dim", "correction": "correction", "unbiased": "correction", "keepdim": "flag"}


def call_edits(node, names):
    """Yield (kind, new) for a call; `names` are the function's variables."""
    name, mine, has = method(node), on_tensor(node), {keyword.arg for keyword in node.keywords}
    if mine:
        yield "call", node.func.value
        yield from _steps(node)
    elif node.args and isinstance(node.func, (ast.Attribute, ast.Name)):
        for arg in node.args[:2]:
            if not isinstance(arg, ast.Starred):
                yield "call", arg
    for other in [*OTHERS.get(name, ()), *FARTHER.get(name, ())]:
        func = ast.Attribute(node.func.value, other, ast.Load()) if isinstance(node.func, ast.Attribute) \
            else ast.Name(other, ast.Load())
        yield "other" if other in OTHERS.get(name, ()) else "farther", ast.Call(func, node.args, node.keywords)
    for i, keyword in enumerate(node.keywords):
        yield KEYS.get(keyword.arg, "option"), ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1:])
    if name in ("std", "var") and not has & {"correction", "unbiased"}:
        yield "correction", _with(node, correction=0)
    yield from _dims(node, name, mine, has)
    for i in range(len(node.args) - 1):
        args = list(node.args)
        args[i], args[i + 1] = args[i + 1], args[i]
        yield "args", ast.Call(node.func, args, node.keywords)
    yield from _sizes(node, name, names)
    yield from _counts(node, name)


def _keep():
    return ast.keyword("keepdim", ast.Constant(True))


def _with(node, **options):
    return ast.Call(node.func, node.args, [*node.keywords, *(
        ast.keyword(key, ast.Constant(value)) for key, value in options.items())])


def _dims(node, name, mine, has):
    if name not in REDUCE:
        return
    alone = len(node.args) == (0 if mine else 1)
    if name not in NO_DIM and alone and not has & {"dim", "axis"}:
        for dim in (0, 1, -1, 2):
            yield "newdim", _with(node, dim=dim)
        for dim in (0, 1, -1):
            yield "newdim", _with(node, dim=dim, keepdim=True)
    elif mine and len(node.args) == 1 and is_number(node.args[0]):
        yield "dim", ast.Call(node.func, [], node.keywords)
        if name not in NO_DIM:
            for dim in (0, 1, -1):
                yield "dim", ast.Call(node.func, [ast.Constant(dim)], [*node.keywords, _keep()])
    elif has == {"dim"} and name not in NO_DIM:
        for dim in (0, 1, -1):
            yield "dim", ast.Call(node.func, node.args, [ast.keyword("dim", ast.Constant(dim)), _keep()])
    if (node.args or has & {"dim", "axis"}) and "keepdim" not in has:
        yield "flag", _with(node, keepdim=True)


def _steps(node):
    """Yield two steps in the other order: `x.log().clamp(1)` as `x.clamp(1).log()`, `(x**2).sum()` as `x.sum()**2`."""
    inner = node.func.value
    if isinstance(inner, ast.Call) and on_tensor(inner):
        first = ast.Call(ast.Attribute(inner.func.value, node.func.attr, ast.Load()), node.args, node.keywords)
        yield "order", ast.Call(ast.Attribute(first, inner.func.attr, ast.Load()), inner.args, inner.keywords)
    elif isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow):
        first = ast.Call(ast.Attribute(inner.left, node.func.attr, ast.Load()), node.args, node.keywords)
        yield "order", ast.BinOp(first, ast.Pow(), inner.right)


def _sizes(node, name, names):
    if name == "len" and len(node.args) == 1:
        of, other = node.args[0], ast.Call(ast.Attribute(node.args[0], "numel", ast.Load()), [], [])
        for k in (ast.Add(), ast.Sub()):
            yield "shifted", ast.BinOp(node, k, ast.Constant(1))
    elif name == "numel" and on_tensor(node):
        of, other = node.func.value, ast.Call(ast.Name("len", ast.Load()), [node.func.value], [])
    else:
        return
    yield "size", other
    for dim in (1, -1):
        yield "size", ast.Subscript(ast.Attribute(of, "shape", ast.Load()), ast.Constant(dim), ast.Load())
    for variable in names:
        yield "size", ast.Name(variable, ast.Load())


def _counts(node, name):
    one = ast.Constant(1)
    if name in ("range", "arange") and len(node.args) == 1:
        end = node.args[0]
        for args in ([ast.BinOp(end, ast.Add(), one)], [ast.BinOp(end, ast.Sub(), one)], [one, end],
                     [one, ast.BinOp(end, ast.Add(), one)]):
            yield "count", ast.Call(node.func, args, node.keywords)
    elif name in ("range", "arange") and len(node.args) == 2:
        start, end = node.args
        yield "count", ast.Call(node.func, [end], node.keywords)
        for op in (ast.Add(), ast.Sub()):
            yield "count", ast.Call(node.func, [start, ast.BinOp(end, op, one)], node.keywords)
            yield "count", ast.Call(node.func, [ast.BinOp(start, op, one), ast.BinOp(end, op, one)], node.keywords)
    if name == "enumerate":
        yield "count", ast.Call(node.func, [*node.args[:1], one], [])
        yield "count", ast.Call(node.func, node.args[:1], [])
