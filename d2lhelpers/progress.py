"""The loss while a loop trains: one picture, redrawn in place, and an end when it is no number."""

import math
import time

import torch
from IPython import get_ipython
from IPython.display import Image, display

POINTS = 400  # so many are drawn at most; a longer run shows means of neighbours, so a redraw never gets dearer
PAUSE, SHARE = 0.25, 0.02  # seconds between two redraws at least; part of the run's time they take at most


class LiveCurve:
    """A curve of the loss that grows while a loop trains.

    It is redrawn at most four times a second and takes at most a fiftieth of the
    run's time. The last picture stays in the notebook. Outside a notebook nothing
    is drawn, and what is to be said is printed.

    Parameters
    ----------
    num_steps : int, optional
        How many losses will come; without it the axis grows.
    name : str
        What the numbers are; it stands on the vertical axis.

    Attributes
    ----------
    redraws : list of float
        What each redraw took, in seconds.

    Examples
    --------
    >>> curve = LiveCurve(num_steps=3)
    >>> for loss in (3.0, 2.0, 1.0):
    ...     curve.add(loss)
    >>> curve.close()
    """

    def __init__(self, num_steps=None, name="loss"):
        self.num_steps, self.name, self.redraws = num_steps, name, []
        self._new, self._open, self._means, self._width, self._steps = [], [], [], 1, 0
        self._figure = _figure(name) if get_ipython() else None
        self._view, self._line = self._figure and display(self._picture(), display_id=True), None
        self._start = self._drawn = time.perf_counter()

    def add(self, loss):
        """Take note of one step's loss, float or () tensor on any device; redraw if it is time to."""
        self._new.append(loss.item() if isinstance(loss, torch.Tensor) else float(loss))  # kept tensors scatter memory
        latest = self.redraws[-1] if self.redraws else 0.0
        if self._figure and time.perf_counter() - self._drawn > max(PAUSE, latest / SHARE):
            self._redraw()

    def say(self, text):
        """Put a line of text below the picture, in place of the last one; outside a notebook print it."""
        if not self._figure:
            print(text)
        elif self._line:
            self._line.update({"text/plain": text}, raw=True)
        else:
            self._line = display({"text/plain": text}, raw=True, display_id=True)

    def close(self):
        """Draw the last picture."""
        if self._figure:
            self._redraw()

    def _redraw(self):
        begun = time.perf_counter()
        self._view.update(self._picture())
        self._drawn = time.perf_counter()
        self.redraws.append(self._drawn - begun)

    def _picture(self):
        self._take()
        means = [*self._means, *([sum(self._open) / len(self._open)] if self._open else [])]
        words = self._words(means)
        line, ax = self._figure.line, self._figure.line.axes
        line.set_data([self._width * (i + 0.5) for i in range(len(means))], means)
        finite = [mean for mean in means if math.isfinite(mean)] or [1.0]
        low, high = min(0.0, *finite), 1.05 * max(0.0, *finite)
        wide = self.num_steps or 2 ** math.ceil(math.log2(self._steps + 2))
        bottom, top = ax.get_ylim()
        if not high <= top <= 2 * high or low < bottom or wide != ax.get_xlim()[1]:
            ax.set(ylim=(low, max(1.2 * high, low + 1e-9)), xlim=(0, wide))
            self._figure.live()  # the axes are drawn anew
        self._figure.words.set_text(words)
        return Image(self._figure.picture(), format="png", width=self._figure.width,
                     alt=f"A curve of the {self.name} against the step of the training. {words}.")

    def _take(self):
        self._steps += len(self._new)
        self._open += self._new
        self._new, width = [], self._width
        whole = len(self._open) // width * width
        self._means += [sum(self._open[i:i + width]) / width for i in range(0, whole, width)]
        self._open = self._open[whole:]
        while len(self._means) > POINTS:
            if len(self._means) % 2:
                self._open = [self._means.pop()] * self._width + self._open
            self._means = [(a + b) / 2 for a, b in zip(self._means[::2], self._means[1::2], strict=True)]
            self._width *= 2

    def _words(self, means):
        if not self._steps:
            return "training …"
        seconds = time.perf_counter() - self._start
        of = f" of {self.num_steps}" if self.num_steps else ""
        left = f", {seconds / self._steps * (self.num_steps - self._steps):.0f} s left" if (
            self.num_steps and self._steps < self.num_steps) else ""
        return f"step {self._steps}{of}   {self.name} {means[-1]:.3g}{left}"


def _figure(name):
    """Return a small live figure with a line and a line of words."""
    from d2lhelpers.style import BLUE
    from d2lhelpers.widgets import LiveFigure

    figure = LiveFigure(figsize=(6, 1.8))
    figure.fig.set_layout_engine("none")
    ax = figure.fig.add_axes((0.11, 0.26, 0.86, 0.6))
    ax.set(xlabel="step", ylabel=name)
    (figure.line,), figure.words = ax.plot([], [], lw=1.2, color=BLUE), ax.set_title(" ", fontsize=9, loc="left")
    figure.live(figure.line, figure.words)
    return figure


class Diverged(ArithmeticError):
    """The loss is NaN or infinite."""


def watched(loss_fn, curve=None):
    """Return the same loss function, which draws its results on a `LiveCurve`, and raises `Diverged` at NaN or inf."""
    count = 0

    def watch(*given):
        nonlocal count
        count += 1
        loss = loss_fn(*given)
        if not loss.isfinite():
            raise Diverged(f"step {count}: the loss is {loss.item()}, training ends.")
        if curve:
            curve.add(loss)
        return loss
    return watch


def advice(optimizer):
    """Return what to try when a loss has become NaN or infinite, str."""
    rate = float(optimizer.param_groups[0]["lr"])
    return (f"The learning rate is {rate:g}: try {rate / 10:g}, look for NaN in the data, "
            "or clip the gradients (torch.nn.utils.clip_grad_norm_).")
