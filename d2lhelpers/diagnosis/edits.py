"""Small edits of one expression: the slips that people make, and their inverses.

Each is a pair (kind, new node). The kinds are those of `sentences`. What was left out altogether is in `omissions`.
"""

import ast

from d2lhelpers.diagnosis.calls import call_edits
from d2lhelpers.diagnosis.operators import constant, decision, operation, permuted, subscript
from d2lhelpers.diagnosis.roles import is_number, method, role_of

PAIRS = [(0, 1), (1, 2), (0, 2), (2, 3), (1, 3), (2, 4), (3, 4), (-2, -1)]


def likely(node, parents, names):
    """Yield (kind, new) for the slips that are made most often.

    Parameters
    ----------
    node : ast.expr
    parents : list of ast.AST
        What `node` stands in, nearest first.
    names : list of str
        The function's parameters and local variables.
    """
    role, parent = role_of(parents, node), parents[0]
    if isinstance(node, ast.Constant):
        yield from constant(node, role)
    elif isinstance(node, ast.BinOp):
        yield from operation(node)
    elif isinstance(node, ast.UnaryOp):
        yield "neg" if isinstance(node.op, ast.USub) else "not", node.operand
    elif isinstance(node, (ast.Compare, ast.BoolOp, ast.IfExp)):
        yield from decision(node)
    elif isinstance(node, ast.Call):
        yield from call_edits(node, names)
    elif isinstance(node, ast.Subscript):
        yield from subscript(node, names)
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp)) and node.generators[0].ifs:
        first = ast.comprehension(node.generators[0].target, node.generators[0].iter, [], 0)
        yield "condition", type(node)(node.elt, [first, *node.generators[1:]])
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT", "H"):
        yield "transpose", node.value
        flip = ast.Call(ast.Attribute(node.value, "flip", ast.Load()), [ast.Constant(0), ast.Constant(1)], [])
        yield "other", flip
    elif isinstance(node, (ast.Tuple, ast.List)) and role != "index":
        yield from _row(node, parent)
    elif isinstance(node, ast.Name) and node.id in names and not _is_callee(node, parent):
        for other in names:
            if other != node.id:
                yield "name", ast.Name(other, ast.Load())
    if role == "dim" and not isinstance(parent, (ast.Tuple, ast.UnaryOp)) and _is_dims(node):
        for pair in PAIRS:
            yield "dim", ast.Tuple([ast.Constant(dim) for dim in pair], ast.Load())
    if role == "const" and is_value(node, parent):
        yield "transpose", ast.Attribute(node, "T", ast.Load())
        yield "not", ast.UnaryOp(ast.Invert(), node)
        yield "minus", ast.UnaryOp(ast.USub(), node)
        for index in ("[:, None]", "[:, None, None]", "[None]"):
            yield "axis", ast.Subscript(node, ast.parse(f"x{index}", mode="eval").body.slice, ast.Load())


def _row(node, parent):
    """Yield other orders of a written tuple or list, and one without its outer brackets."""
    if isinstance(parent, ast.Return):
        yield from (("values", ast.Tuple(parts, node.ctx)) for parts in permuted(node.elts))
    elif isinstance(node.ctx, ast.Load):
        yield from (("args", type(node)(parts, node.ctx)) for parts in permuted(node.elts))
    if isinstance(node, ast.List) and len(node.elts) == 1:
        yield "nest", node.elts[0]


def _is_callee(node, parent):
    return isinstance(parent, ast.Call) and node is parent.func


def _is_dims(node):
    return is_number(node) or isinstance(node, ast.UnaryOp) or (
        isinstance(node, ast.Tuple) and len(node.elts) == 2 and all(map(is_number, node.elts)))


def is_value(node, parent):
    """Tell whether a node is an expression that can be calculated with."""
    if not isinstance(node, (ast.BinOp, ast.Call, ast.Subscript, ast.Name)) or _is_callee(node, parent):
        return False
    if isinstance(parent, (ast.Attribute, ast.keyword, ast.comprehension, ast.For, ast.UnaryOp)):
        return False
    counted = ("range", "len", "zip", "enumerate", "reversed")
    return method(node) not in counted and method(parent) not in counted
