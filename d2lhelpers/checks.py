"""Instant feedback on exercises: names the likely mistake, then gives a hint."""

import copy
import traceback
from dataclasses import dataclass, field

import torch

from d2lhelpers.diagnosis.trial import Trial


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
        What is asked for beyond the numbers: see `d2lhelpers.conditions`.
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

    def check(self, answer):
        """Say whether a function is right; print, never raise.

        Parameters
        ----------
        answer : callable
            The learner's function. As long as it returns ``...`` it is to do.
        """
        verdict, got, wanted = self._judge(answer)
        print(verdict)
        if verdict.startswith("✗") and _is_picture(got, wanted):
            _show_difference(got, wanted)

    def verdict(self, answer):
        """Return what `check` prints, str."""
        return self._judge(answer)[0]

    def _judge(self, answer):
        got = [self._call(answer, args) for args in self.inputs]
        if any(value is ... for value in got):
            return "○ to do: replace the `...` and run this cell again.", None, None
        wanted = [self._call(self.oracle, args) for args in self.inputs]
        if self._same(got, wanted):
            for i, args in enumerate(self.inputs):
                trial = Trial(self, answer, args, copy.deepcopy(args), wanted=wanted[i])
                trial.got = trial.again(answer, *trial.given)
                for condition in self.conditions:
                    if sentence := condition(trial):
                        return self._wrong(sentence, got[0], wanted[0]), None, None
            self._tries.clear()
            return f"✓ right. {self.praise}".rstrip(), None, None
        first = next(i for i in range(len(got)) if not _close(got[i], wanted[i], self.tolerance))
        named = (sentence for sentence, mistake in self.mistakes.items()
                 if self._same(got, [self._call(mistake, args) for args in self.inputs]))
        sentence = next(named, None) or _difference(got[first], wanted[first])
        return self._wrong(sentence, got[first], wanted[first]), got[first], wanted[first]

    def _call(self, function, args):
        """Return the function's value, or the exception that stopped it."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                return function(*copy.deepcopy(args))  # an in-place answer cannot spoil the inputs
            except Exception as error:
                return error

    def _same(self, got, wanted):
        return all(_close(g, w, self.tolerance) for g, w in zip(got, wanted, strict=True))

    def _wrong(self, sentence, got, wanted):
        lines = [f"✗ {sentence}"]
        if not isinstance(got, Exception):
            lines += [f"  got    {_short(got)}", f"  wanted {_short(wanted)}"]
        shown = lines[0], _short(got)
        if shown not in self._tries:  # running the same answer again is no new try
            self._tries.append(shown)
        number = min(len(self._tries), len(self.hints))
        return "\n".join([*lines, f"  hint {number} of {len(self.hints)}: {self.hints[number - 1]}"])


def _number(value):
    """Return the value as a float64 tensor, or None where it holds no numbers."""
    if value is None or isinstance(value, (str, Exception)):
        return None
    try:
        return torch.as_tensor(value).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError):
        return None


def _close(got, wanted, tolerance):
    if isinstance(wanted, tuple):
        return isinstance(got, (tuple, list)) and len(got) == len(wanted) and all(
            _close(g, w, tolerance) for g, w in zip(got, wanted, strict=True))
    if isinstance(got, Exception) or isinstance(wanted, Exception):
        return type(got) is type(wanted) and str(got) == str(wanted)
    g, w = _number(got), _number(wanted)
    if g is None or w is None:
        return type(got) is type(wanted) and isinstance(wanted, (str, bool, type(None))) and got == wanted
    if isinstance(wanted, torch.Tensor) and isinstance(got, torch.Tensor) and got.dtype != wanted.dtype:
        return False
    return g.shape == w.shape and torch.allclose(
        g, w, rtol=tolerance, atol=tolerance, equal_nan=True)  # a known mistake may give NaN


def _difference(got, wanted):
    """Name what can be said about any wrong answer, str."""
    if isinstance(got, Exception):
        frames = traceback.extract_tb(got.__traceback__)
        mine = [frame for frame in frames if "site-packages" not in frame.filename]
        return f"your code stopped at `{mine[-1].line}`\n  {type(got).__name__}: {got}"
    if got is None:
        return "the function returns nothing: is there a `return`?"
    if isinstance(wanted, tuple):
        if not isinstance(got, (tuple, list)) or len(got) != len(wanted):
            return f"the function should return {len(wanted)} values."
        i = next(i for i, (g, w) in enumerate(zip(got, wanted, strict=True)) if not _close(g, w, 1e-4))
        return f"value {i + 1} of {len(wanted)}: {_difference(got[i], wanted[i])}"
    g, w = _number(got), _number(wanted)
    if g is None or w is None:
        return f"the function returns a {type(got).__name__}, not a {type(wanted).__name__}."
    if g.shape != w.shape:
        return f"the shape is {tuple(g.shape)}, it should be {tuple(w.shape)}."
    if g.isnan().any():
        return "the answer contains NaN (0/0, or the root of a negative number?)."
    if torch.allclose(g, w, rtol=1e-4, atol=1e-4):
        return f"the numbers are right, the dtype is {got.dtype}; it should be {wanted.dtype}."
    if torch.allclose(g, -w, rtol=1e-4):
        return "the sign is the wrong way round."
    ratio = g.norm() / w.norm()
    if torch.allclose(g, ratio * w, rtol=1e-4) and ratio > 0:
        return f"every number is {ratio:.4g} times what it should be."
    if g.ndim == 2 and g.shape == w.T.shape and torch.allclose(g, w.T, rtol=1e-4):
        return "rows and columns are exchanged: transpose it."
    return "not yet: the numbers differ."


def _short(value):
    if isinstance(value, torch.Tensor):
        return str([round(v, 4) for v in value.detach().flatten().tolist()[:6]]).strip("[]")
    if isinstance(value, (list, tuple)):
        return "; ".join(map(_short, value[:6]))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_picture(got, wanted):
    g, w = _number(got), _number(wanted)
    return g is not None and w is not None and g.shape == w.shape and g.ndim == 2 and min(g.shape) >= 3


def _show_difference(got, wanted):
    """Draw got, wanted and their difference side by side."""
    from d2lhelpers import plots

    g, w = _number(got), _number(wanted)
    plots.show_matrices([g, w, g - w], ["got", "wanted", "got − wanted (white = equal)"])
