"""One call of a learner's function: what it was given, what came back."""

import copy
from dataclasses import dataclass

import torch


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
    """

    exercise: object
    answer: object
    args: tuple
    given: tuple = ()
    got: object = None
    wanted: object = None

    def again(self, function, *args):
        """Return `function(*args)` under the same random numbers, or the exception that stopped it.

        The arguments are handed over as they are: copy them first if the function may change them.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                return function(*args)
            except Exception as error:
                return error

    def copied(self):
        """Return a fresh deep copy of the arguments, tuple."""
        return copy.deepcopy(self.args)
