"""More inputs of the same kind, for diagnosis only: a repair must be right on them too."""

import copy
import json
import random
import sys
from functools import cache
from pathlib import Path

import torch

from d2lhelpers.diagnosis.trial import value_of
from d2lhelpers.diagnosis.values import number, tensors

COUNT = 12
FILE = Path(__file__).with_name("fair.json")


def inputs(exercise):
    """Return [(args, wanted)]: up to twelve inputs that are fair to ask, made once per exercise.

    An input is fair when the question makes sense for it. For the course's own exercises the seeds of such inputs
    stand in `fair.json`: there, oracle and solution agreed when ``python -m tests.survivors --fair`` was run. The
    solutions themselves are not in the package. For other exercises the oracle has to be finite there, no more;
    an unfair input then only means that a repair stays unnamed, never that a false one is named.
    """
    if exercise._fair is None:
        exercise._fair = list(made(exercise, seeds(exercise) or range(COUNT)))
    return exercise._fair


def made(exercise, numbers):
    """Yield (args, wanted) for every seed where the oracle gives finite numbers."""
    for i in numbers:
        args = varied(exercise, i)
        wanted = value_of(exercise.oracle, *copy.deepcopy(args))
        if is_finite(wanted):
            yield args, wanted


def varied(exercise, i):
    """Return the arguments that belong to a seed, tuple."""
    rng, args = random.Random(i), exercise.inputs[i % len(exercise.inputs)]
    return exercise.vary(copy.deepcopy(args), rng) if exercise.vary else tuple(moved(arg, rng) for arg in args)


def seeds(exercise):
    """Return the seeds that are known to be fair, list of int; empty for an exercise that the course does not hold."""
    for name, module in list(sys.modules.items()):
        if name.startswith("d2lhelpers.exercises."):
            for label, value in vars(module).items():
                if getattr(value, "inputs", None) is exercise.inputs:
                    return listed().get(f"{name.rsplit('.', 1)[1]}.{label}", [])
    return []


@cache
def listed():
    """Return {topic.exercise: seeds}, dict."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def is_finite(value):
    """Tell whether a value holds numbers, all of them finite; words and truth values are fine, bool."""
    if isinstance(value, BaseException) or value is None:
        return False
    if isinstance(value, (tuple, list)) and not all(isinstance(part, (int, float)) for part in value):
        return all(map(is_finite, value))
    found = number(value)
    return isinstance(value, str) or (found is not None and bool(found.isfinite().all()))


def moved(value, rng):
    """Return a value like another one, its numbers moved at random; words and labels drawn from those present."""
    if isinstance(value, torch.Tensor):
        return _tensor(value, rng)
    if isinstance(value, bool):
        return rng.random() < 0.5
    if isinstance(value, int):
        return max(value + rng.choice([-1, 0, 1]), min(value, 1))
    if isinstance(value, float):
        return value * rng.uniform(0.6, 1.5)
    if isinstance(value, str):
        return "".join(rng.choice(value) for _ in value)
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(part, str) for part in value):
            return type(value)(rng.choice(value) for _ in value)
        if value and all(type(part) is int for part in value):
            return type(value)(rng.sample(value, len(value)) if len(set(value)) == len(value)
                               else [rng.choice(value) for _ in value])
        return type(value)(moved(part, rng) for part in value) if not hasattr(value, "_fields") else value
    return copy.deepcopy(value)


def _tensor(value, rng):
    flat = value.detach().flatten().tolist()
    present = sorted({v for v in flat if v == v})
    if value.is_complex() or not present:
        return value.clone()
    if not value.is_floating_point():
        new = rng.sample(flat, len(flat)) if len(present) == len(flat) else [rng.choice(present) for _ in flat]
    elif set(present) <= {0.0, 1.0} or set(present) <= {-1.0, 1.0}:
        new = [rng.choice(present) for _ in flat]
    elif min(present) < 0 < max(present):
        size = (sum(v * v for v in flat if v == v) / len(flat)) ** 0.5
        new = [v if v != v or v == 0 else rng.gauss(0, size) for v in flat]
    else:
        new = [v * rng.uniform(0.5, 1.5) for v in flat]
    made = torch.tensor(new, dtype=value.dtype).reshape(value.shape)
    rows = value.sum(dim=-1) if value.is_floating_point() and value.ndim else None
    if rows is not None and min(present) >= 0 and torch.allclose(rows, torch.ones_like(rows), atol=1e-4):
        made = made / made.sum(dim=-1, keepdim=True)  # probabilities stay probabilities
    copied = copy.deepcopy(value).detach()  # keeps strides and offset: a view stays one
    return copied.copy_(made).requires_grad_(value.requires_grad)


def fresh(args):
    """Return a copy of arguments, quicker than a deep one for plain tensors, tuple."""
    return tuple(map(_fresh, args)) if not any(t.requires_grad for t in tensors(args)) else copy.deepcopy(args)


def _fresh(value):
    if isinstance(value, torch.Tensor):
        plain = type(value) is torch.Tensor and value.is_contiguous() and value.storage_offset() == 0
        return value.clone() if plain else copy.deepcopy(value)  # a view must stay a view, at the same place
    if type(value) in (list, tuple):
        return type(value)(map(_fresh, value))
    return value if isinstance(value, (int, float, str, bool)) or value is None else copy.deepcopy(value)
