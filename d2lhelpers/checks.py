"""Instant feedback on exercises: says for which input an answer is wrong, and why; then gives a hint."""

import copy
from dataclasses import dataclass, field

from d2lhelpers import solved
from d2lhelpers.diagnosis import facts, known, repair, wording
from d2lhelpers.diagnosis.trial import attempt, refusal, value_of
from d2lhelpers.diagnosis.values import close, number, tensors

TO_DO = "○ to do: replace the `...` and run this cell again."


@dataclass
class Exercise:
    """An exercise, its oracle, and the wrong answers it can name.

    Attributes
    ----------
    inputs : list of tuple
        Arguments to try the answer on. Each call gets its own copy, and the
        same random numbers.
    oracle : callable
        Computes what is wanted from the same arguments, by another route.
    mistakes : dict of str to callable
        A sentence naming the mistake -> a function that makes it.
    hints : tuple of str
        Given one by one, the next with every new wrong answer.
    praise : str
        What is worth noticing once the answer is right.
    tolerance : float
        Largest relative or absolute difference that still counts as equal.
    conditions : tuple of callable
        What is asked for beyond the numbers: see `d2lhelpers.diagnosis.conditions`.
    vary : callable, optional
        ``vary(args, random)`` makes another input of the same kind from one of ``inputs`` and a
        ``random.Random``; by default numbers are moved at random. Only diagnosis and the developer's
        search for missing inputs use such inputs, never the verdict.
    """

    inputs: list
    oracle: callable
    mistakes: dict
    hints: tuple
    praise: str = ""
    tolerance: float = 1e-4
    conditions: tuple = ()
    vary: callable = None
    _tries: list = field(default_factory=list, repr=False)
    _wanted: list = field(default=None, init=False, repr=False)
    _fair: list = field(default=None, init=False, repr=False)
    _repairs: dict = field(default_factory=dict, init=False, repr=False)

    def check(self, answer):
        """Say whether a function is right; print, never raise.

        Parameters
        ----------
        answer : callable
            The learner's function. As long as it returns ``...`` it is to do.
        """
        verdict, trials, kind = self._judge(answer)
        shown = _shown(trials)
        if shown and shown.printed:
            print(shown.printed, end="" if shown.printed.endswith("\n") else "\n")
        print(verdict + (solved.note(self) if kind == "right" else ""))
        if verdict.startswith("✗") and shown and _is_picture(shown.got, shown.wanted):
            _show_difference(shown, len(self.inputs))

    def verdict(self, answer):
        """Return what `check` prints, str."""
        return self._judge(answer)[0]

    def _judge(self, answer):
        """Return the verdict's text, the calls it rests on, and of what kind it is.

        The kinds are ``to do, right, stopped, no function, condition, listed, repair, fact`` and ``generic``.
        """
        if answer is ...:
            return TO_DO, [], "to do"
        if not callable(answer):
            sentence = f"`check` wants your function itself, without brackets; it got a {type(answer).__name__}."
            return self._wrong(sentence), [], "no function"
        if self._wanted is None:
            values = [value_of(self.oracle, *copy.deepcopy(args)) for args in self.inputs]
            self._wanted = [tuple(v) if isinstance(v, list) and tensors(v) else v for v in values]
        trials = attempt(self, answer, self._wanted)
        try:
            return self._weigh(answer, trials)
        except KeyboardInterrupt:
            return "■ stopped by you while the check was looking for the reason.", trials, "stopped"
        except Exception as error:  # an object of the learner's that answers with an exception whatever it is asked
            sentence = f"the check cannot read what your function returns: {type(error).__name__}."
            return self._wrong(sentence), [], "generic"

    def _weigh(self, answer, trials):
        wrong = next((trial for trial in trials if not close(trial.got, trial.wanted, self.tolerance)), None)
        if any(map(_is_to_do, trials)):
            return TO_DO, trials, "to do"
        if isinstance(trials[-1].got, KeyboardInterrupt):
            return f"■ {facts.stopped(trials[-1])}", trials, "stopped"
        if wrong is None:
            if refused := refusal(self, trials):
                return self._wrong(refused), trials, "condition"
            self._tries.clear()
            return f"✓ right. {self.praise}".rstrip(), trials, "right"
        kind, sentence, hints = self._reason(answer, trials, wrong)
        return self._wrong(sentence, wrong, hints), trials, kind

    def _reason(self, answer, trials, wrong):
        """Return what kind of sentence there is about a wrong answer, the sentence, and its hints."""
        finished = len(trials) == len(self.inputs)
        if finished and (found := known.mistake(self, trials)):
            return "listed", found, self.hints
        error = isinstance(wrong.got, BaseException)
        fact = facts.stopped(wrong) if error else facts.form(wrong.got, wrong.wanted, self.tolerance)
        if finished and (error or not fact) and (edit := repair.find(self, answer, trials)):
            return "repair", edit.sentence + (f"\n  {fact}" if fact else ""), (*edit.questions, self.hints[-1])
        if fact or any(isinstance(trial.got, BaseException) for trial in trials):
            return ("fact" if fact and not error else "generic"), fact or facts.GENERIC, self.hints
        fact = facts.numbers([t.got for t in trials], [t.wanted for t in trials], self.tolerance)
        return ("generic" if facts.says_little(fact) else "fact"), fact, self.hints

    def _wrong(self, sentence, trial=None, hints=None):
        hints, lines, key = hints or self.hints, [f"✗ {sentence}"], (sentence, "")
        if trial:
            lines.append(f"  for    {wording.call(trial.answer, trial.args)}")
            if not isinstance(trial.got, BaseException):
                got, wanted = wording.compared(trial.got, trial.wanted, self.tolerance)
                lines += [f"  got    {got}", f"  wanted {wanted}"]
                key = sentence, got
        if key not in self._tries:  # running the same answer again is no new try
            self._tries.append(key)
        number = min(len(self._tries), len(hints))
        return "\n".join([*lines, f"  hint {number} of {len(hints)}: {hints[number - 1]}"])


def _is_to_do(trial):
    """Tell whether a `...` of the stub is still there: returned, inside what is returned, or calculated with."""
    got = trial.got
    if isinstance(got, (tuple, list)) and len(got) < 9:
        return any(part is ... for part in got)
    return got is ... or (isinstance(got, TypeError) and "ellipsis" in str(got))


def _shown(trials):
    """Return the first call that is not as wanted, else the first: its prints and its picture are shown."""
    return next((t for t in trials if not close(t.got, t.wanted, t.exercise.tolerance)), trials[0] if trials else None)


def _is_picture(got, wanted):
    if isinstance(got, BaseException):
        return False
    g, w = number(got), number(wanted)
    return (g is not None and w is not None and g.shape == w.shape and g.ndim == 2 and min(g.shape) >= 3
            and max(g.shape) <= 40 and bool(g.isfinite().all() and w.isfinite().all()))


def _show_difference(trial, count):
    """Draw got, wanted and their difference side by side, on one scale."""
    from d2lhelpers import plots

    g, w = number(trial.got), number(trial.wanted)
    which = f"input {trial.number + 1} of {count}: got" if count > 1 else "got"
    plots.show_matrices([g, w, g - w], [which, "wanted", "got − wanted (white = equal)"])
