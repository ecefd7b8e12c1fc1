"""Is an answer one of the mistakes that the exercise lists?"""

from d2lhelpers.diagnosis.frames import operation, stop
from d2lhelpers.diagnosis.trial import value_of
from d2lhelpers.diagnosis.values import close


def mistake(exercise, trials):
    """Return the sentence of the first listed mistake that does what the answer does on every input, str or None."""
    for sentence, function in exercise.mistakes.items():
        if all(_alike(trial, function, value_of(function, *trial.copied())) for trial in trials):
            return sentence
    return None


def _alike(trial, function, value):
    if not isinstance(trial.got, BaseException):
        return close(trial.got, value, trial.exercise.tolerance)
    if not close(trial.got, value, 0):  # another type of exception, or another text
        return False
    if trial.answer is function:
        return True
    mine, theirs = _failed(trial.answer, trial.got), _failed(function, value)
    return mine is not None and theirs is not None and mine[0] == theirs[0] and close(
        tuple(mine[1]), tuple(theirs[1]), trial.exercise.tolerance)


def _failed(function, error):
    place = stop(function, error)
    return place and operation(place[0])
