"""Which code is the learner's own? Told by code objects, so folders do not matter."""

import functools
import inspect


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
