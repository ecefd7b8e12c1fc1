"""Answers that nobody put into an exercise's list: right ones by other routes, wrong ones as learners write them.

One module per notebook, named like its module of exercises. They measure the checks: `python -m tests.verdicts`.
"""


def wrong(exercise, slip):
    """Mark a function as a wrong answer to an exercise; `slip` says in plain words what is wrong."""
    return lambda function: _mark(function, exercise, slip)


def right(exercise):
    """Mark a function as a right answer to an exercise."""
    return lambda function: _mark(function, exercise, None)


def answers(module):
    """Return (function, exercise's name, slip or None) for every marked function of a module."""
    return [(value, *value.answer) for value in vars(module).values() if hasattr(value, "answer")]


def _mark(function, exercise, slip):
    function.answer = exercise, slip
    return function
