"""One look for every figure: palette, sizes, labels at the line, alt text."""

import io
from pathlib import Path

import matplotlib.pyplot as plt
from IPython import get_ipython
from IPython.display import Image, display

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#555555"
LINE, ROW, PANEL = (6, 3.5), (8, 2.6), (8, 3.6)  # inches: one plot, a row, a live panel


def use():
    """Switch matplotlib to the house style, whatever it was; from now on a stopped cell says so in one line."""
    plt.style.use(["default", Path(__file__).with_name("house.mplstyle")])
    if shell := get_ipython():  # None outside a notebook
        shell.set_custom_exc((KeyboardInterrupt,), _stopped)


def _stopped(shell, kind, error, traceback, tb_offset=None):
    """Show one line in place of a traceback; the cell has failed all the same, so Run All ends."""
    cell = traceback.tb_next or traceback  # below IPython's own frame
    text = str(error) or f"Stopped by you in line {cell.tb_lineno} of this cell; what it has computed so far is kept."
    shell._showtraceback(kind, error, [text])
    return [text]


def label_end(line, text, dx=6, dy=0):
    """Write a line's name at its last point, in the line's colour.

    Parameters
    ----------
    line : matplotlib.lines.Line2D
        The line to name; its last point must be finite.
    text : str
        What to write.
    dx, dy : float
        Distance from the last point, in points.

    Returns
    -------
    matplotlib.text.Annotation
    """
    x, y = line.get_xydata()[-1]
    return line.axes.annotate(text, (x, y), (dx, dy), textcoords="offset points",
                              color=line.get_color(), va="center", annotation_clip=False)


def show(fig, alt, photos=False):
    """Show a figure with a text for readers who cannot see it, and close it.

    It has 2 pixels for one of the screen's (photos: 1.5), so it stays sharp.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure; it is closed afterwards.
    alt : str
        What the picture shows, in one or two sentences.
    photos : bool
        Whether most of it is photographs: stored as JPEG, all colours in a
        tenth of the bytes. Lines and letters stay cleaner as PNG.
    """
    picture, kind = io.BytesIO(), "jpeg" if photos else "png"
    fig.savefig(picture, format=kind, **({"dpi": 150, "pil_kwargs": {"quality": 82}} if photos else {}))
    width = int(fig.get_figwidth() * 100)  # CSS pixels: 100 to the inch
    display(Image(picture.getvalue(), format=kind, width=width, alt=alt))
    plt.close(fig)
