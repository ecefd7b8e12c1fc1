"""Sentences about wrong values that are true whatever the cause: what was returned, and how it differs."""

import torch

from d2lhelpers.diagnosis.frames import misfit, stop
from d2lhelpers.diagnosis.trial import TooLong
from d2lhelpers.diagnosis.values import close, number, odd, same_numbers, several, shape_of, short, whole

GENERIC = "not yet: the numbers differ."


def says_little(sentence):
    """Tell whether a sentence of `numbers` names nothing: no more than a shape, a NaN, or that numbers differ."""
    return any(words in sentence for words in ("not yet", "the shape is", "contains NaN", "contains infinity"))


def stopped(trial):
    """Say where and why an answer stopped, str. Only the learner's own lines are quoted."""
    error = trial.got
    place = stop(trial.answer, error)
    if place is None and (words := misfit(trial.answer, trial.given)):
        return words
    where = f" in line {place[1]} of your function" if place else ""
    where += f", `{place[2]}`" if place and place[2] else ""
    if isinstance(error, TooLong):
        return f"the call did not end in time: it was stopped{where}. Does a loop run for ever?"
    if isinstance(error, KeyboardInterrupt):
        return f"stopped by you{where}."
    text = " ".join(str(error).split("\n")[0].split())[:200]
    return f"your code stopped{where}\n  {type(error).__name__}{': ' if text else ''}{text}"


def form(got, wanted, tolerance):
    """Say what is wrong with the kind of value (nothing, a type, a count, a dtype), not its numbers; str or None."""
    if got is None:
        return "the function returns nothing: is there a `return`?"
    if isinstance(wanted, tuple) and not isinstance(got, Exception):
        if several(got) and len(got) == len(wanted):
            return _part(got, wanted, tolerance)
        count = f"{len(got)}: {short(got)}" if several(got) else _kind(got)
        return f"the function should return {len(wanted)} values, it returns {count}."
    if odd(got):
        return f"the answer {odd(got)}; wanted is a {_kind(wanted)}."
    if shape_of(got) is None or (shape_of(got) == shape_of(wanted) and number(got) is None):
        if isinstance(wanted, (str, type(None))) and type(got) is type(wanted):
            return None
        return f"the function returns a {_kind(got)}, not a {_kind(wanted)}."
    if same_numbers(got, wanted, tolerance):
        if isinstance(wanted, torch.Tensor) and isinstance(got, torch.Tensor):
            return f"the numbers are right, the dtype is {got.dtype}; it should be {wanted.dtype}."
        return f"the numbers are right, in a {_kind(got)}; wanted is a {_kind(wanted)} of {wanted.dtype}." \
            if isinstance(wanted, torch.Tensor) else None
    return None


def _part(got, wanted, tolerance):
    i = first_wrong(got, wanted, tolerance)
    sentence = form(got[i], wanted[i], tolerance)
    return sentence and f"value {i + 1} of {len(wanted)}: {sentence}"


def _kind(value):
    if isinstance(value, torch.Tensor):
        return "tensor"
    if type(value).__module__ == "torch.return_types":  # what `max`, `min`, `sort` give with a dimension
        return f"pair of values and places (`{type(value).__name__}` with a dimension)"
    module = type(value).__module__.split(".")[0]
    return f"{module}.{type(value).__name__}" if module == "numpy" else type(value).__name__


def first_wrong(got, wanted, tolerance):
    """Return the index of the first value that is not as wanted, int."""
    return next((i for i, (g, w) in enumerate(zip(got, wanted, strict=True)) if not close(g, w, tolerance)), 0)


def numbers(got, wanted, tolerance):
    """Say how wrong numbers differ, from what was returned for every input, str.

    What is said of "every input" holds for every input, and for two at least.

    Parameters
    ----------
    got, wanted : list
        One value per input; none of `got` is an exception, and `form` has nothing to say about the first wrong one.
    """
    if isinstance(wanted[0], tuple):
        return _tuples(got, wanted, tolerance)
    first = first_wrong(got, wanted, tolerance)
    shapes = shape_of(got[first]), shape_of(wanted[first])
    if None not in shapes and shapes[0] != shapes[1][::-1] and shapes[0] != shapes[1]:
        return f"the shape is {shapes[0]}, it should be {shapes[1]}."
    g, w = number(got[first]), number(wanted[first])
    if g is None or w is None:
        return "not yet: that is not the text that was asked for." if isinstance(wanted[first], str) else "not yet."
    if fact := _everywhere(got, wanted, tolerance):
        return fact
    if g.shape != w.shape:
        return f"the shape is {tuple(g.shape)}, it should be {tuple(w.shape)}."
    if (g.isnan() & ~w.isnan()).any():
        return "the answer contains NaN (0/0, or the root of a negative number?)."
    if (g.isinf() & ~w.isinf()).any():
        return "the answer contains infinity (a division by 0, or a number too large?)."
    return GENERIC


def _tuples(got, wanted, tolerance):
    first = first_wrong(got, wanted, tolerance)
    i = first_wrong(got[first], wanted[first], tolerance)
    if all(several(g) and len(g) == len(w) == len(wanted[0]) for g, w in zip(got, wanted, strict=True)):
        if len(got) > 1 and len(wanted[0]) == 2 and all(
                close(tuple(g)[::-1], w, tolerance) for g, w in zip(got, wanted, strict=True)):
            return "the values are right, but they are returned in the wrong order."
        inner = numbers([g[i] for g in got], [w[i] for w in wanted], tolerance)
    else:  # the number of values depends on the input
        inner = numbers([got[first][i]], [wanted[first][i]], tolerance)
    return f"value {i + 1} of {len(wanted[first])}: {inner}"


def _everywhere(got, wanted, tolerance):
    """Return what holds on every input, str or None: a sign, one factor, a transposed matrix."""
    pairs = [(number(g), number(w)) for g, w in zip(got, wanted, strict=True)]
    if any(g is None or w is None or not g.numel() for g, w in pairs):
        return None
    near = {"rtol": tolerance, "atol": tolerance}
    if all(g.ndim == w.ndim == 2 and g.shape == w.mT.shape and torch.allclose(g, w.mT, **near) for g, w in pairs):
        return "rows and columns are exchanged: transpose it."
    if len(pairs) < 2 or any(whole(w) for w in wanted) or any(g.shape != w.shape for g, w in pairs):
        return None
    sizes = [(g.norm().item(), w.norm().item()) for g, w in pairs]
    if not all(0 < s < float("inf") and t > 10 * tolerance for s, t in sizes):
        return None
    if all(torch.allclose(g, -w, **near) for g, w in pairs):
        return "the sign is the wrong way round, on every input."
    if all(w.ndim == 0 and 0 <= w <= 1 for _, w in pairs):
        return None  # one probability per input: a ratio says nothing
    ratio = sizes[0][0] / sizes[0][1]
    for k in (ratio, -ratio):
        if abs(abs(k) - 1) > 20 * tolerance and all(
                torch.allclose(g, k * w, rtol=tolerance, atol=tolerance * s) for (g, w), (s, _) in zip(
                    pairs, sizes, strict=True)):
            return f"every number is {k:.4g} times what it should be, on every input."
    return None
