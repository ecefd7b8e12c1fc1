"""Small edits of statements: one too many, at the wrong depth, too early; and of loops."""

import ast
import copy

from d2lhelpers.diagnosis.operators import permuted
from d2lhelpers.diagnosis.roles import is_number


def block_edits(block):
    """Yield (kind, statement, new block) for a list of statements."""
    for i, statement in enumerate(block):
        before, after = block[:i], block[i + 1:]
        if not isinstance(statement, (ast.Return, ast.FunctionDef)):
            yield "statement", statement, [*before, *(after or [ast.Pass()])]
        if isinstance(statement, (ast.Assign, ast.AugAssign)):
            for kind, new in _assignments(statement):
                yield kind, statement, [*before, new, *after]
        if isinstance(statement, ast.If):
            yield "condition", statement, [*before, *statement.body, *after]
            yield "condition", statement, [*before, *(statement.orelse or [ast.Pass()]), *after]
            opposite = ast.If(ast.UnaryOp(ast.Not(), statement.test), statement.body, statement.orelse)
            yield "condition", statement, [*before, opposite, *after]
            if statement.orelse:
                first = ast.If(statement.test, statement.body, [])
                yield "indent", statement.orelse[0], [*before, first, *statement.orelse, *after]
        if isinstance(statement, (ast.For, ast.While)):
            yield from _loops(statement, before, after)
        if after and not isinstance(after[0], ast.Return):
            yield "sequence", statement, [*before, after[0], statement, *after[1:]]


def _assignments(statement):
    if isinstance(statement, ast.AugAssign):
        yield "accumulate", ast.Assign([copy.deepcopy(statement.target)], statement.value)
        for op in (ast.Add(), ast.Sub(), ast.Mult(), ast.Div()):
            if type(op) is not type(statement.op):
                yield "update", ast.AugAssign(copy.deepcopy(statement.target), op, statement.value)
    elif len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Tuple):
        for parts in permuted(statement.targets[0].elts):
            yield "targets", ast.Assign([ast.Tuple(parts, ast.Store())], statement.value)
        yield from _pairs(statement)
    elif len(statement.targets) == 1 and not is_number(statement.value):
        for op in (ast.Add(), ast.Sub(), ast.Mult(), ast.Div()):
            yield "accumulate", ast.AugAssign(statement.targets[0], op, statement.value)


def _pairs(statement):
    """Yield `w, b = w + x, 1` for `w, b = x, 1`: one of several values is to be changed, not replaced."""
    targets, value = statement.targets[0].elts, statement.value
    if not isinstance(value, ast.Tuple) or len(value.elts) != len(targets):
        return
    for i, target in enumerate(targets):
        for op in (ast.Add(), ast.Sub(), ast.Mult()) if isinstance(target, ast.Name) else ():
            parts = list(value.elts)
            parts[i] = ast.BinOp(ast.Name(target.id, ast.Load()), op, parts[i])
            yield "accumulate", ast.Assign(statement.targets, ast.Tuple(parts, ast.Load()))


def _loops(loop, before, after):
    def with_(body=None, **fields):
        new = copy.copy(loop)
        new.body = body or loop.body
        for field, value in fields.items():
            setattr(new, field, value)
        return new

    if len(loop.body) > 1:
        yield "indent", loop.body[-1], [*before, with_(loop.body[:-1]), loop.body[-1], *after]
        yield "indent", loop.body[0], [*before, loop.body[0], with_(loop.body[1:]), *after]
    if after:
        yield "indent", after[0], [*before, with_([*loop.body, after[0]]), *(after[1:] or [ast.Pass()])]
    if before:
        yield "indent", before[-1], [*before[:-1], with_([before[-1], *loop.body]), *after]
    if isinstance(loop, ast.For):
        text = ast.unparse(loop.iter)
        for new in ("reversed(list({}))", "list({})[1:]", "list({})[:-1]"):
            yield "loop", loop, [*before, with_(iter=ast.parse(new.format(text), mode="eval").body), *after]
        if text.startswith("reversed(") and len(loop.iter.args) == 1:
            yield "loop", loop, [*before, with_(iter=loop.iter.args[0]), *after]
