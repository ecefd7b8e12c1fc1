"""Which code is the learner's own, and where did it stop? Told by code objects, so folders do not matter."""

import ast
import functools
import inspect
import linecache
import textwrap


def plain(answer):
    """Return the function behind a method, a partial, a decorator, a class or a callable object; else the answer."""
    while isinstance(answer, functools.partial):
        answer = answer.func
    answer = inspect.unwrap(answer) if callable(answer) else answer
    if inspect.isclass(answer):
        return answer.__init__
    if inspect.ismethod(answer):
        return answer.__func__
    if callable(answer) and not hasattr(answer, "__code__"):
        return getattr(type(answer).__call__, "__func__", type(answer).__call__)
    return answer


def codes(answer):
    """Return the code objects of a function and of everything defined inside it, list.

    >>> def outer(x):
    ...     return [x + i for i in range(3)] and (lambda y: y)
    >>> "<lambda>" in [code.co_name for code in codes(outer)]
    True
    """
    code = getattr(plain(answer), "__code__", None)
    found = [code] if code else []
    for outer in found:  # grows while it is read
        found += [const for const in outer.co_consts if inspect.iscode(const)]
    return found


def source_of(answer):
    """Return a function's source from `def` on, str; None where there is none, as for a lambda."""
    try:
        code = plain(answer).__code__
        text = textwrap.dedent(inspect.getsource(code))
        tree = ast.parse(text).body[0]
    except (AttributeError, OSError, TypeError, SyntaxError, IndexError):
        return None
    if not isinstance(tree, ast.FunctionDef) or tree.name != code.co_name:
        return None  # a lambda, or a file that was changed meanwhile
    return "".join(text.splitlines(True)[tree.lineno - 1:])


def first_line(answer):
    """Return in which line of its file a function's `def` stands, int."""
    code = plain(answer).__code__
    number = code.co_firstlineno
    while linecache.getline(code.co_filename, number).lstrip().startswith(("@", "#", ")")):
        number += 1
    return number


def names(answer):
    """Return a function's parameters, list of str; empty where Python cannot tell.

    >>> names(lambda X, size=3: 0)
    ['X', 'size']
    """
    try:
        return list(inspect.signature(answer).parameters)
    except (TypeError, ValueError):
        return []


def misfit(answer, args):
    """Say how a function's parameters do not fit its call; None where they do, or cannot be told.

    >>> misfit(lambda X: 0, (1, 2))
    'your function takes 1 argument (X), and it is called with 2.'
    """
    try:
        inspect.signature(answer).bind(*args)
    except ValueError:
        return None
    except TypeError:
        own = names(answer)
        count = f"{len(own)} argument{'s' * (len(own) != 1)}" + (f" ({', '.join(own)})" if own else "")
        return f"your function takes {count}, and it is called with {len(args)}."
    return None


def stop(answer, error):
    """Return the innermost of the answer's own lines in a traceback.

    Returns
    -------
    tuple of (traceback, int, str) or None
        The traceback's entry, the line's number in the function (`def` is line 1), and its text.
    """
    own, entry, found = codes(answer), error.__traceback__, None
    while entry:
        if entry.tb_frame.f_code in own:
            found = entry
        entry = entry.tb_next
    if found is None:
        return None
    text = linecache.getline(found.tb_frame.f_code.co_filename, found.tb_lineno).strip()
    return found, found.tb_lineno - first_line(answer) + 1, text


def operation(entry):
    """Return what failed at a traceback's entry: its kind, and the values it was given; None if not known.

    Two functions that stop at the same kind of operation, with equal operands, made the same mistake.
    """
    code = entry.tb_frame.f_code
    line, last, start, end = list(code.co_positions())[entry.tb_lasti // 2]
    if None in (line, last, start, end):
        return None
    rows = [linecache.getline(code.co_filename, i).encode() for i in range(line, last + 1)]
    rows[-1] = rows[-1][:end]
    text = b"".join([rows[0][start:], *rows[1:]]).decode(errors="replace")
    if not text.strip():
        return None
    try:
        node = ast.parse(f"({text})", mode="eval").body
    except SyntaxError:
        return None
    parts = _operands(node)
    space = {**entry.tb_frame.f_globals, **entry.tb_frame.f_locals}
    try:
        return _kind(node), [eval(compile(ast.Expression(part), "<operand>", "eval"), space) for part in parts]
    except Exception:
        return None


def _kind(node):
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", getattr(node.func, "id", None))
    return type(getattr(node, "op", node)).__name__


def _operands(node):
    if isinstance(node, ast.Call):
        own = [node.func.value] if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value) else []
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return [*own, *(arg for arg in given if not isinstance(arg, ast.Starred))]
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


def _is_module(node):
    return ast.unparse(node) in ("torch", "F", "np", "math", "nn", "torch.linalg")
