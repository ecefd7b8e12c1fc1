"""Small edits of numbers, operators, comparisons and indices."""

import ast

from d2lhelpers.diagnosis.roles import is_number

SIGN, SIZE = (ast.Add, ast.Sub), (ast.Mult, ast.Div)
ORDER = [ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq]


def constant(node, role):
    """Yield (kind, new) for a written number, truth value or text."""
    value = node.value
    if isinstance(value, bool):
        yield "flag", ast.Constant(not value)
    elif is_number(node):
        near = [0, 1, 2, 3, -1, -2] if role == "dim" else [
            value + 1, value - 1, 2 * value, value / 2, -value, 1, 2, 3, 4, 0.5, 0]
        if role in ("index", "count", "size", "dim"):
            near = [v for v in near if v == int(v)]
        for v in dict.fromkeys(int(v) if v == int(v) and isinstance(value, int) else v for v in near):
            if v != value:
                kind = "zero" if v == 0 else "neg" if v == -value else "const"
                yield kind if role == "const" else role, ast.Constant(v)
        if role == "const" and abs(value) >= 5:
            yield "const", ast.Constant(float("inf"))
    elif isinstance(value, str) and "->" in value:
        left, right = value.split("->")
        for letters in dict.fromkeys([right[::-1], *(right[:i] + right[i + 1:] for i in range(len(right))),
                                      *(right[:i] + right[i:i + 2][::-1] + right[i + 2:] for i in range(len(right)))]):
            yield "einsum", ast.Constant(f"{left}->{letters}")
    elif value in ("sum", "mean", "none"):
        for other in ("sum", "mean", "none"):
            if other != value:
                yield "option", ast.Constant(other)


def operation(node):
    """Yield (kind, new) for `a op b`."""
    a, op, b = node.left, node.op, node.right
    if isinstance(op, SIGN):
        yield "sign", ast.BinOp(a, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), b)
        yield "term", a
        yield "term", b
    else:
        for other in (ast.Mult, ast.Div, ast.MatMult, ast.FloorDiv):
            if not isinstance(op, (other, ast.Pow, ast.Mod)):
                sizes = other in SIZE and isinstance(op, SIZE)
                yield "muldiv" if sizes else "whole" if ast.FloorDiv in (other, type(op)) else "matmul", \
                    ast.BinOp(a, other(), b)
        yield "power" if isinstance(op, ast.Pow) else "factor", a
        if not isinstance(op, (ast.Pow, ast.Mod)):
            yield "factor", b
    if isinstance(op, ast.Pow) and isinstance(a, ast.Call) and isinstance(a.func, ast.Attribute):
        inner = ast.BinOp(a.func.value, op, b)  # x.sum()**2 -> (x**2).sum()
        yield "order", ast.Call(ast.Attribute(inner, a.func.attr, ast.Load()), a.args, a.keywords)
    if not isinstance(op, (ast.Add, ast.Mult, ast.Pow)):
        yield "operands", ast.BinOp(b, op, a)
    yield from _brackets(a, op, b)


def _brackets(a, op, b):
    if isinstance(a, ast.BinOp) and type(a.op) is not type(op):
        yield "brackets", ast.BinOp(a.left, a.op, ast.BinOp(a.right, op, b))  # (p + q) * b -> p + q * b
        yield "brackets", ast.BinOp(ast.BinOp(a.left, op, b), a.op, a.right)  # (p + q) * b -> p * b + q
    if isinstance(b, ast.BinOp) and type(b.op) is not type(op):
        yield "brackets", ast.BinOp(ast.BinOp(a, op, b.left), b.op, b.right)  # a - p / q -> (a - p) / q
        yield "brackets", ast.BinOp(b.left, b.op, ast.BinOp(a, op, b.right))  # a * (p + q) -> p + a * q
    if isinstance(b, ast.BinOp) and isinstance(op, (ast.Sub, ast.Div)):
        yield "brackets", ast.BinOp(ast.BinOp(a, op, b.left), b.op, b.right)  # a / (p * q) -> a / p * q
    if isinstance(a, ast.BinOp) and isinstance(a.op, (ast.Sub, ast.Div)):
        yield "brackets", ast.BinOp(a.left, a.op, ast.BinOp(a.right, op, b))  # a / p * q -> a / (p * q)
    if isinstance(a, ast.UnaryOp) and isinstance(a.op, ast.USub):
        yield "brackets", ast.UnaryOp(ast.USub(), ast.BinOp(a.operand, op, b))  # (-x)**2 -> -x**2


def decision(node):
    """Yield (kind, new) for a comparison, `and`/`or`, or `… if … else …`."""
    if isinstance(node, ast.BoolOp):
        yield "compare", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for value in node.values:
            yield "condition", value
    elif isinstance(node, ast.IfExp):
        yield "branch", node.body
        yield "branch", node.orelse
        yield "branch", ast.IfExp(node.test, node.orelse, node.body)
    elif len(node.ops) == 1 and type(node.ops[0]) in ORDER:
        old = type(node.ops[0])
        for other in ORDER:
            if other is not old:
                edge = {other, old} in ({ast.Lt, ast.LtE}, {ast.Gt, ast.GtE})
                yield "edge" if edge else "compare", ast.Compare(node.left, [other()], node.comparators)


def subscript(node, names):
    """Yield (kind, new) for `x[…]`."""
    ends, is_size = node.slice, ast.unparse(node.value).endswith("shape")
    yield "size" if is_size else "index", node.value
    for name in names if is_size else ():
        yield "size", ast.Name(name, ast.Load())
    if isinstance(ends, ast.Slice):
        for end in ("lower", "upper", "step"):
            old = getattr(ends, end)
            news = [] if old is None else [None] if end == "step" else [
                ast.BinOp(old, ast.Add(), ast.Constant(1)), ast.BinOp(old, ast.Sub(), ast.Constant(1)), None]
            for new in news:
                parts = {"lower": ends.lower, "upper": ends.upper, "step": ends.step, end: new}
                yield "index", ast.Subscript(node.value, ast.Slice(**parts), node.ctx)
    elif isinstance(ends, ast.Tuple):
        for parts in permuted(ends.elts):
            axis = any(isinstance(part, ast.Constant) and part.value is None for part in parts)
            yield "axis" if axis else "index", ast.Subscript(node.value, ast.Tuple(parts, ast.Load()), node.ctx)
    elif not isinstance(ends, ast.Constant):
        for op in (ast.Add(), ast.Sub()):
            yield "index", ast.Subscript(node.value, ast.BinOp(ends, op, ast.Constant(1)), node.ctx)


def permuted(parts):
    """Yield the lists in which two elements changed places, or all moved on by one."""
    texts = [ast.dump(part) for part in parts]
    if len(parts) > 6:
        return
    for i in range(len(parts)):
        for j in range(i):
            if texts[i] != texts[j]:
                new = list(parts)
                new[i], new[j] = new[j], new[i]
                yield new
    if len(parts) > 2 and len(set(texts)) > 2:
        yield [*parts[1:], parts[0]]
        yield [parts[-1], *parts[:-1]]
