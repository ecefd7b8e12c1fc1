"""One call of a learner's function: what it was given, what came back, what it printed."""

import contextlib
import copy
import inspect
import io
import random
import sys
import warnings
from dataclasses import dataclass

import torch

from d2lhelpers.diagnosis.watchdog import TooLong, Watchdog


@dataclass
class Trial:
    """An answer's call with one of an exercise's inputs.

    Attributes
    ----------
    exercise : Exercise
        The exercise; its ``tolerance`` and ``oracle`` are used here.
    answer : callable
        The learner's function.
    args : tuple
        The arguments as the exercise holds them. Nobody may change them.
    given : tuple
        The very copy that the answer was called with, as it is after the call.
    got, wanted
        What the answer returned and what the oracle wants, or the exceptions that stopped them.
    printed : str
        What the answer wrote to stdout and stderr, the first 20 000 characters.
    number : int
        Which of the exercise's inputs this is, from 0.
    """

    exercise: object
    answer: object
    args: tuple
    given: tuple = ()
    got: object = None
    wanted: object = None
    printed: str = ""
    number: int = 0

    def again(self, function, *args):
        """Return `function(*args)` under the same random numbers, or the exception that stopped it.

        The arguments are handed over as they are: copy them first if the function may change them.
        """
        return value_of(function, *args)

    def copied(self):
        """Return a fresh deep copy of the arguments, tuple."""
        return copy.deepcopy(self.args)


class _Printed(io.StringIO):
    """Text that stops growing: an endless loop may print for ever."""

    def write(self, text):
        return super().write(text) if self.tell() < 20_000 else len(text)


@contextlib.contextmanager
def quiet():
    """Keep random states, dtype and grad mode as they are, and everything printed or warned off the page."""
    numpy = sys.modules.get("numpy")
    states = random.getstate(), numpy and numpy.random.get_state()
    mode, dtype, hook = torch.is_grad_enabled(), torch.get_default_dtype(), sys.unraisablehook
    out = _Printed()
    sys.unraisablehook = lambda it: None if it.exc_type is TooLong else hook(it)  # it met a destructor: try again
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), \
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        warnings.simplefilter("ignore")
        try:
            yield out
        finally:
            random.setstate(states[0])
            if numpy:
                numpy.random.set_state(states[1])
            sys.unraisablehook = hook
            torch.set_grad_enabled(mode)
            torch.set_default_dtype(dtype)


def seed():
    """Give every call the same random numbers."""
    torch.default_generator.manual_seed(0)
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)


def value_of(function, *args):
    """Return `function(*args)`, or the exception that stopped it."""
    with quiet():
        seed()
        try:
            return function(*args)
        except Exception as error:
            return error


def refusal(exercise, trials):
    """Return the first sentence of an exercise's conditions about calls whose numbers are right, str or None.

    A condition that cannot be asked (it raises, or takes too long) refuses nothing.
    """
    with quiet(), Watchdog() as dog:
        for trial in trials:
            for condition in exercise.conditions:
                try:
                    sentence = dog.call(condition, trial)
                except (Exception, TooLong):
                    continue
                if sentence:
                    return sentence
    return None


def attempt(exercise, answer, wanted):
    """Call an answer with every input of its exercise, and stop after a call that took too long.

    Parameters
    ----------
    exercise : Exercise
    answer : callable
    wanted : list
        What the oracle returns, one value per input.

    Returns
    -------
    list of Trial
        A call that was stopped holds the exception as ``got``: `TooLong`, `KeyboardInterrupt`, or any other.
    """
    trials = []
    with Watchdog() as dog:
        for i, args in enumerate(exercise.inputs):
            trial = Trial(exercise, answer, args, copy.deepcopy(args), wanted=wanted[i], number=i)
            with quiet() as out:
                seed()
                try:
                    trial.got = dog.call(answer, *trial.given)
                    if inspect.iscoroutine(trial.got):
                        trial.got.close()
                except BaseException as error:
                    trial.got = error
            trial.printed = out.getvalue()
            trials.append(trial)
            if isinstance(trial.got, (TooLong, KeyboardInterrupt)):
                break
    return trials
