"""Edits for what was left out or mistaken for something else: a function, a constant, a variable. Tried last."""

import ast

from d2lhelpers.diagnosis.edits import is_value
from d2lhelpers.diagnosis.roles import is_number, method, role_of

WRAPS = ("abs", "sqrt", "square", "log", "exp", "sum", "mean", "sigmoid", "relu", "softmax(dim=1)", "softmax(dim=-1)")
BUILTINS = ("set", "sorted", "int")
ACTIVATIONS = {"sigmoid", "tanh", "relu", "exp"}
TERMS, FACTORS = (ast.Add, ast.Sub), (ast.Mult, ast.Div)


def unlikely(node, parents, names, parameters, steady):
    """Yield (kind, new) for one expression.

    Parameters
    ----------
    names, parameters : list of str
        All variables of the function, and those that it is called with.
    steady : list of str
        The variables that keep one value: the parameters, and what is set once.
    """
    role = role_of(parents, node)
    if role == "const" and is_number(node):
        for name in parameters:
            yield "const", ast.Name(name, ast.Load())
            yield "const", _call(ast.Name("len", ast.Load()), ast.Name(name, ast.Load()))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(parents[0], ast.BinOp):
        yield "mask", node.left
    if isinstance(node, ast.Name) and isinstance(parents[0], (ast.Call, ast.For, ast.comprehension)) \
            and node in [*getattr(parents[0], "args", []), getattr(parents[0], "iter", None)]:
        for name in BUILTINS if method(parents[0]) in ("sorted", "len") else BUILTINS[1:]:  # a set has no order
            yield "wrap:" + name, _call(ast.Name(name, ast.Load()), node)
    if role == "const" and is_value(node, parents[0]):
        yield from absent(node, parents, names, TERMS)
        yield from absent(node, parents, steady, FACTORS)
        yield from _wraps(node)
        yield from _masks(node) if isinstance(parents[0], ast.BinOp) else ()
        yield from _values(node, names)
        for other in parameters:
            for op in FACTORS:
                size = _call(ast.Name("len", ast.Load()), ast.Name(other, ast.Load()))
                yield "missing", ast.BinOp(node, op(), size)


def absent(node, parents, names, operations=TERMS + FACTORS):
    """Yield edits that bring in a variable as a term or a factor."""
    if role_of(parents, node) == "const" and is_value(node, parents[0]):
        for name in names:
            if ast.unparse(node) != name:  # x / x and x - x are constants
                for op in operations:
                    yield "missing", ast.BinOp(node, op(), ast.Name(name, ast.Load()))


def _call(function, *args):
    return ast.Call(function, list(args), [])


def _wraps(node):
    for wrap in WRAPS:
        call = ast.parse(f"x.{wrap}" if "(" in wrap else f"x.{wrap}()", mode="eval").body
        call.func.value = node
        yield "wrap:" + wrap.split("(")[0], call
    yield "wrap:sqrt", ast.BinOp(node, ast.Pow(), ast.Constant(0.5))
    yield "wrap:square", ast.BinOp(node, ast.Pow(), ast.Constant(2))
    for options in ("", "0", "1, keepdim=True"):
        mean = ast.parse(f"(x).mean({options})", mode="eval").body
        mean.func.value = node
        yield "centre", ast.BinOp(node, ast.Sub(), mean)
    if method(node) in ACTIVATIONS:
        inner = node.args[0] if node.args else node.func.value
        softmax = ast.parse("x.softmax(dim=1)", mode="eval").body
        softmax.func.value = inner
        yield "other", softmax


def _masks(node):
    yield "mask", ast.Compare(node, [ast.Gt()], [ast.Constant(0)])
    if method(node) in ACTIVATIONS:
        yield "mask", ast.Compare(node.args[0] if node.args else node.func.value, [ast.Gt()], [ast.Constant(0)])


def _values(node, names):
    if isinstance(node, ast.Name):
        return
    for k in (2, 0.5, 4, 0.25):
        yield "scaled", ast.BinOp(node, ast.Mult(), ast.Constant(k))
    for k in (1, -1):
        yield "shifted", ast.BinOp(node, ast.Add(), ast.Constant(k))
    yield "complement", ast.BinOp(ast.Constant(1), ast.Sub(), node)
    for name in names:
        yield "replaced", ast.Name(name, ast.Load())
