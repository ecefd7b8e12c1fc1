"""Edits that reach over several places: every dimension, two names exchanged, a variable that stays old."""

import ast
from itertools import combinations

from d2lhelpers.diagnosis.roles import is_number, role_of


def all_dims(places):
    """Yield edits that give every dimension in the function the same other value."""
    dims = [node for parents, *_, node in places if parents and is_number(node) and role_of(parents, node) == "dim"]
    old = [node.value for node in dims]
    for value in (0, 1, -1, 2, -2) if len(dims) > 1 else ():
        if value not in old:  # else not all of them would change
            for node in dims:
                node.value = value
            yield "dims", dims[0], dims[0], []
    for node, value in zip(dims, old, strict=True):
        node.value = value


def same_numbers(places):
    """Yield edits that give a number the same other value everywhere in the function."""
    groups = {}
    for parents, *_, node in places:
        if parents and is_number(node) and node.value not in (0, 1) and role_of(parents, node) != "dim":
            groups.setdefault(node.value, []).append(node)
    for value, nodes in groups.items():
        for new in (value + 1, value - 1, 2 * value, value / 2) if 2 <= len(nodes) <= 6 else ():
            for node in nodes:
                node.value = int(new) if new == int(new) else new
            yield "const", nodes[0], nodes[0], nodes[1:]
        for node in nodes:
            node.value = value


def renamed(tree, names):
    """Yield edits that exchange two names in one statement, or let a loop's result take an older variable's place."""
    for statement in (node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node is not tree):
        here = list(_own_names(statement))
        used = [name for name in names if any(node.id == name for node in here)]
        for a, b in combinations(used, 2) if len(used) <= 6 else ():
            swapped = [(node, {a: b, b: a}[node.id]) for node in here if node.id in (a, b)]
            if len(swapped) > 2:
                yield from _renaming("exchange", swapped, statement, [ast.Name(a), ast.Name(b)])
    every = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    for loop in (node for node in ast.walk(tree) if isinstance(node, ast.For)):
        inside = [node for part in loop.body for node in ast.walk(part) if isinstance(node, ast.Name)]
        stored = {node.id for node in inside if isinstance(node.ctx, ast.Store)}
        for new in sorted(stored):
            for old in sorted({node.id for node in inside} - stored):
                if old in names:
                    nodes = [(node, old) for node in every if node.id == new]
                    first = next(node for node in inside if node.id == old)
                    yield from _renaming("stale", nodes, first, [])


def _own_names(statement):
    """Yield the names that are read in a statement itself, not in the statements it holds."""
    for field, value in ast.iter_fields(statement):
        if field not in ("body", "orelse", "targets", "target"):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    yield from (n for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def _renaming(kind, pairs, node, others):
    old = [name.id for name, _ in pairs]
    for name, new in pairs:
        name.id = new
    yield kind, node, node, others
    for (name, _), back in zip(pairs, old, strict=True):
        name.id = back
