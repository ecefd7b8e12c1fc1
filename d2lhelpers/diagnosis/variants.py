"""All edits of a function, one at a time: made in its tree, and undone after each."""

import ast
import re
from itertools import combinations

from d2lhelpers.diagnosis import wide
from d2lhelpers.diagnosis.blocks import block_edits
from d2lhelpers.diagnosis.edits import likely
from d2lhelpers.diagnosis.omissions import absent, unlikely

FIXED = {"decorator_list", "optional_vars", "defaults", "returns", "annotation"}
STAGES = ("absent", "likely", "wide", "unlikely")
ALIKE = (ast.BinOp, ast.Call, ast.Subscript, ast.Compare)


def variants(tree, stage):
    """Edit a function in place, again and again.

    Parameters
    ----------
    tree : ast.FunctionDef
        Changed while the generator is at a ``yield``, and as it was after its end.
    stage : str
        ``absent``: what brings in a parameter that is never read; ``likely`` edits of one place; ``wide`` ones of
        several places that belong together; ``unlikely`` ones.

    Yields
    ------
    tuple of (str, ast.AST, object, list)
        The kind, the node that was there, what stands there now, and the other nodes that were edited likewise.
    """
    parameters = [arg.arg for arg in [*tree.args.args, *tree.args.kwonlyargs]]
    stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id != "_"]
    places, names = list(_places(tree, [])), list(dict.fromkeys([*parameters, *stored]))
    if stage == "wide":
        yield from wide.all_dims(places)
        yield from wide.same_numbers(places)
        yield from wide.renamed(tree, names)
        yield from _twins(places, names)
        yield from _same_operand(places)
        return
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    unread = [name for name in parameters if name not in read]
    steady = [name for name in names if name in parameters or stored.count(name) == 1]
    for parents, owner, field, index, node in places:
        if parents is None:
            for kind, statement, block in block_edits(node) if stage == "likely" else ():
                _put(owner, field, None, block)
                yield kind, statement, block, []
            _put(owner, field, None, node)
            continue
        edits = {"likely": lambda: likely(node, parents, names), "absent": lambda: absent(node, parents, unread),
                 "unlikely": lambda: unlikely(node, parents, names, parameters, steady)}
        for kind, new in edits[stage]():
            _put(owner, field, index, new)
            yield kind, node, new, []
        _put(owner, field, index, node)


def _put(owner, field, index, node):
    if index is None:
        setattr(owner, field, node)
    else:
        getattr(owner, field)[index] = node


def _twins(places, names):
    """Yield the same edit made in two to four expressions that are built alike: `x.mean(1)` and `y.mean(1)`."""
    groups = {}
    for place in places:
        if place[0] is not None and isinstance(place[4], ALIKE):
            text = re.sub(r"Name\('\w+'", "Name(", re.sub(r"Constant\([^()]*\)", "C", ast.dump(place[4], False)))
            groups.setdefault(text, []).append(place)
    for group in groups.values():
        if not 2 <= len(group) <= 4:
            continue
        edits = [[edit for edit in likely(place[4], place[0], names) if edit[0] not in ("name", "size")]
                 for place in group]
        for row in zip(*edits, strict=False):
            if len({kind for kind, _ in row}) > 1:
                break
            for (_, owner, field, index, _), (_, new) in zip(group, row, strict=True):
                _put(owner, field, index, new)
            yield row[0][0], group[0][4], row[0][1], [place[4] for place in group[1:]]
            for _, owner, field, index, node in reversed(group):
                _put(owner, field, index, node)


def _same_operand(places):
    """Yield the same operand dropped from two to four expressions: `x / B` and `y / B`."""
    groups = {}
    for place in places:
        node = place[4]
        if place[0] is not None and isinstance(node, ast.BinOp):
            groups.setdefault((type(node.op), ast.dump(node.right)), []).append(place)
    for group in groups.values():
        sizes = range(len(group), 1, -1) if len(group) <= 4 else ()
        for some in (some for size in sizes for some in combinations(group, size)):
            for _, owner, field, index, node in some:
                _put(owner, field, index, node.left)
            first = some[0][4]
            kind = "term" if isinstance(first.op, (ast.Add, ast.Sub)) else "factor"
            yield kind, first, first.left, [place[4] for place in some[1:]]
            for _, owner, field, index, node in reversed(some):
                _put(owner, field, index, node)


def _places(node, parents):
    """Yield (parents, owner, field, index, node) for every expression, and (None, owner, field, None, block).

    Of what stands left of `=`, only the indices.
    """
    for field, value in ast.iter_fields(node):
        if field in FIXED or (field == "args" and not isinstance(node, ast.Call)):
            continue
        if field in ("body", "orelse") and isinstance(value, list) and value:
            yield None, node, field, None, value
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            stored = isinstance(getattr(child, "ctx", None), ast.Store) or (
                isinstance(getattr(node, "ctx", None), ast.Store) and field == "value")  # the x of `x[i] = …`
            if isinstance(child, ast.expr) and not stored:
                yield [node, *parents], node, field, i, child
            if isinstance(child, ast.AST):
                yield from _places(child, [node, *parents])
