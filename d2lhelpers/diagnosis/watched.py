"""What an answer asks of PyTorch while it runs: which functions it calls, and whether autograd does the work."""

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode

from d2lhelpers.diagnosis.values import close


class _Calls(TorchFunctionMode):
    """Write down the name of each function of PyTorch that is called, also by a module or under another name."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


def calls(trial, args):
    """Return the names of PyTorch's functions in the order in which the answer calls them, list of str."""
    with _Calls() as seen:
        trial.again(trial.answer, *args)
    return seen.names


class _Engine:
    """Autograd's engine with a bell: `rung` says whether somebody started it."""

    def __init__(self, engine):
        self.engine, self.rung = engine, False

    def run_backward(self, *args, **kwargs):
        self.rung = True
        return self.engine.run_backward(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.engine, name)


def differentiates(trial):
    """Return whether the answer's right numbers need autograd, by whatever name it is called, bool.

    The engine of the backward pass is watched, and so is every tensor that was saved for one: code that reaches the
    engine without Python needs these. `torch.func` refuses to go backward meanwhile, so the result is missing;
    going forward is seen as a call.
    """
    variable, unpacked = torch.autograd.Variable, []
    engine = _Engine(variable._execution_engine)
    variable._execution_engine = engine
    try:
        with saved_tensors_hooks(torch.Tensor.detach, lambda x: unpacked.append(x) or x), _Calls() as seen:
            got = trial.again(trial.answer, *trial.copied())
    finally:
        variable._execution_engine = engine.engine
    found = engine.rung or unpacked or "_make_dual" in seen.names
    return bool(found) or not close(got, trial.wanted, trial.exercise.tolerance)
