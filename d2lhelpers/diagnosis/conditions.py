"""What an exercise asks for beyond the numbers: without autograd, a view, differentiable, …

A condition takes the `Trial` of one input whose numbers are right, and returns a sentence that says what is
not as asked, or None. An exercise lists them: ``Exercise(…, conditions=(without_autograd, is_view(0)))``.
They are asked on every input, and no condition refuses what the text of an exercise does not forbid.
"""

import ast
import inspect

import torch

from d2lhelpers.diagnosis.frames import source_of
from d2lhelpers.diagnosis.values import close, tensors
from d2lhelpers.diagnosis.watched import calls, differentiates


def without(*names):
    """Refuse an answer that calls one of these functions of PyTorch, itself or through a module."""
    def condition(trial):
        used = set(names).intersection(calls(trial, trial.copied()))
        return f"the numbers are right, but `{min(used)}` does the work: it was to be done without." if used else None
    return condition


def without_autograd(trial):
    """Refuse an answer that needs autograd, by whatever name it calls it, or that breaks where nothing is recorded."""
    given = trial.copied()
    with torch.inference_mode():
        got = trial.again(trial.answer, *given)
    if close(got, trial.wanted, trial.exercise.tolerance) and not differentiates(trial):
        return None
    return "the numbers are right, but they come from autograd: work the gradient out yourself."


def keeps_inputs(trial):
    """Refuse an answer that changes what it was given (tensors, lists and dicts at any depth, modules' weights)."""
    names = list(inspect.signature(trial.answer).parameters) if callable(trial.answer) else []
    for i, (before, after) in enumerate(zip(trial.args, trial.given, strict=True)):
        if not _unchanged(before, after):
            name = f"`{names[i]}`" if i < len(names) else f"argument {i + 1}"
            return f"the result is right, but {name} was changed on the way: work on a copy, or without `_` and `+=`."
    return None


def is_view(index=0):
    """Refuse a copy: every tensor of the result must share its memory with argument number `index`."""
    def condition(trial):
        storages = {t.untyped_storage().data_ptr() for t in tensors(trial.given[index])}
        if all(t.untyped_storage().data_ptr() in storages for t in tensors(trial.got) if t.numel()):
            return None
        return "the numbers are right, but they were copied: the result should share the memory of what it was given."
    return condition


def differentiable(index=0):
    """Refuse a result through which no gradient, or a wrong one, flows back to argument number `index`.

    The argument is a float tensor, or a module whose weights count. The gradient of a fixed random sum of the
    result is compared with the oracle's, a little beside the input so that no kink is met; where the oracle
    cannot be differentiated, it only has to arrive. Gradients agree within ten times the exercise's tolerance.
    """
    def condition(trial):
        args = _beside(trial, index)
        mine = _gradient(trial, trial.answer, args, index)
        if mine is None:
            return ("the numbers are right, but no gradient flows through the result: look for `.item()`, "
                    "`.detach()`, `no_grad`, `torch.tensor(…)` or a missing `create_graph`.")
        theirs = _gradient(trial, trial.exercise.oracle, args, index)
        if theirs is None or close(mine, theirs, 10 * trial.exercise.tolerance):
            return None
        return "the numbers are right, but the gradient that flows through them is not: is a part of it detached?"
    return condition


def without_loop(trial):
    """Refuse `for`, `while` and comprehensions in the answer's own source; without a source nothing is refused."""
    loops = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    tree = ast.parse(source_of(trial.answer) or "")
    found = [node.lineno for node in ast.walk(tree) if isinstance(node, loops)]
    return f"the numbers are right, but line {min(found)} loops: it was to be done without." if found else None


def follows_dtype(*dtypes, index=0):
    """Refuse an answer whose result does not keep the dtype of argument number `index` when that is another one.

    The answer is called again with every float tensor cast to each of `dtypes`, say ``torch.float64``.
    """
    def condition(trial):
        for dtype in dtypes:
            got = trial.again(trial.answer, *(_cast(arg, dtype) for arg in trial.copied()))
            wrong = [t.dtype for t in tensors(got) if t.is_floating_point() and t.dtype != dtype]
            if isinstance(got, Exception) or wrong:
                said = f"stops with a {type(got).__name__}" if not wrong else f"returns {wrong[0]}"
                return f"right for this input, but for one in {dtype} your function {said}."
        return None
    return condition


def follows_device(trial):
    """Refuse an answer that makes tensors on the processor when its arguments are on another device.

    It is called again with all tensors on the ``meta`` device, which has shapes and no numbers. Only a clash of
    devices, or a result elsewhere, is refused: whatever else cannot be done there (``.item()``, ``if``) is fine.
    """
    got = trial.again(trial.answer, *(_to_meta(arg) for arg in trial.copied()))
    clash = isinstance(got, RuntimeError) and "device" in str(got) and "meta" in str(got) and "cpu" in str(got)
    if clash or any(t.device.type == "cpu" for t in tensors(got)):
        return ("right on the processor, but not on a GPU: a tensor that you make must say `device=`, "
                "or be made like one that you were given.")
    return None


def _unchanged(before, after):
    if isinstance(before, torch.nn.Module):
        return _unchanged(dict(before.state_dict()), dict(after.state_dict()))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_unchanged(before[key], after[key]) for key in before)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    if isinstance(before, torch.Tensor):
        return before.shape == after.shape and torch.equal(before.nan_to_num(), after.nan_to_num())
    return True


def _beside(trial, index):
    """Return the arguments moved by about a thousandth, where answer and oracle still agree; else as they are."""
    args = trial.copied()
    generator = torch.Generator().manual_seed(0)
    if isinstance(args[index], torch.Tensor):
        noise = torch.rand(args[index].shape, generator=generator).to(args[index].dtype) + 0.5
        moved = (*args[:index], args[index] + 1e-3 * noise * (args[index].abs().mean() + 1e-3), *args[index + 1:])
        wanted = trial.again(trial.exercise.oracle, *moved)
        if close(trial.again(trial.answer, *moved), wanted, trial.exercise.tolerance):
            return moved
    return args


def _gradient(trial, function, args, index):
    """Return the gradients of a fixed random sum of the result, tuple of tensors; None where none arrives."""
    args, leaves = list(args), [args[index]]
    if isinstance(args[index], torch.nn.Module):
        leaves = [weight.requires_grad_() for weight in args[index].parameters()]
    else:
        args[index] = leaves[0] = args[index].detach().clone().requires_grad_()
    result = [t for t in tensors(trial.again(function, *args)) if t.requires_grad]
    if not result:
        return None
    generator = torch.Generator().manual_seed(1)
    total = sum((t * torch.randn(t.shape, generator=generator).to(t.dtype)).sum() for t in result)
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    return None if all(g is None for g in found) else tuple(
        torch.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True))


def _cast(value, dtype):
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(part, dtype) for part in value)
    return value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _to_meta(value):
    if isinstance(value, (list, tuple)):
        return type(value)(map(_to_meta, value))
    return value.to("meta") if isinstance(value, (torch.Tensor, torch.nn.Module)) else value
