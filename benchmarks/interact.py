"""One slider change in the kernel: the same walk through a valley as a panel, and as `interact` with `plt.show()`."""

import math

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.pylabtools import select_figure_formats
from IPython.utils.capture import capture_output
from ipywidgets import FloatSlider, interactive

from benchmarks import side
from d2lhelpers import style, widgets

GRID = np.linspace(-2, 2, 80)


def valley():
    """Return the loss on the grid, for contours."""
    return GRID, GRID, GRID[None] ** 2 + 8 * GRID[:, None] ** 2


def walk(lr, steps=30):
    """Return the two coordinates of every step of gradient descent, each float (steps + 1,)."""
    k = np.arange(steps + 1)
    return 1.8 * (1 - 2 * lr) ** k, (1 - 16 * lr) ** k


def panel():
    """Return the course's way: contours once, and a line that moves."""
    figure = widgets.LiveFigure()
    ax = figure.fig.subplots()
    ax.contourf(*valley(), 20)
    (line,) = figure.live(*ax.plot([], [], marker="o"))

    def update(lr):
        line.set_data(*walk(lr))
        return f"lr = {lr:g}"

    return widgets.Panel(figure, update, "A walk through a valley.", lr=FloatSlider(0.05, min=0, max=0.12, step=1e-3))


def plain():
    """Return what is seen everywhere: a new figure for every value."""
    def draw(lr):
        ax = plt.figure(figsize=style.PANEL, dpi=100).subplots()
        ax.contourf(*valley(), 20)
        ax.plot(*walk(lr), marker="o")
        ax.set(title=f"lr = {lr:g}", xlim=(-2, 2), ylim=(-2, 2))
        plt.show()

    return interactive(draw, lr=FloatSlider(0.05, min=0, max=0.12, step=1e-3))


def main(rounds=40):
    """Return the row."""
    select_figure_formats(InteractiveShell.instance(), {"png"})
    matplotlib.use("module://matplotlib_inline.backend_inline")  # a notebook's
    ours, theirs = panel().sliders["lr"], plain().children[0]
    values = iter(np.resize(np.linspace(0, 0.12, 25).round(3), 4 * rounds + 4).tolist())

    def change(slider):
        with capture_output():
            slider.value = next(values)

    mine, other = side.alternate(lambda: change(ours), lambda: change(theirs), rounds=rounds)
    p95 = sorted(mine)[math.ceil(0.95 * len(mine)) - 1]
    question = "a slider change in the kernel, a walk through a valley"
    return [side.timed(question, "`interact` and `plt.show()`", mine, other, 4,
                       f"ours within {1000 * p95:.0f} ms in 95 of 100 changes; goal 25 ms")]
