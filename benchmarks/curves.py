"""The live curve of a training: what a redraw costs after 400 updates, against clearing and drawing a growing list."""

import io
import statistics

import matplotlib.pyplot as plt
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import Image, clear_output, display
from IPython.utils.capture import capture_output

from benchmarks import side
from d2lhelpers import progress


def curve(losses, num_steps):
    """Return a live curve that has seen these losses."""
    live = progress.LiveCurve(num_steps)
    for loss in losses:
        live.add(loss)
    return live


def growing(shown):
    """What is seen everywhere: a new figure of the whole list, in place of the old one."""
    fig, ax = plt.subplots(figsize=(6, 1.8), dpi=100)
    ax.plot(shown)
    ax.set(xlabel="step", ylabel="loss", title=f"step {len(shown)}")
    picture = io.BytesIO()
    fig.savefig(picture, format="png")
    clear_output(wait=True)
    display(Image(picture.getvalue()))
    plt.close(fig)


def main(updates=400, rounds=20):
    """Return the row: one update when 400 came before."""
    InteractiveShell.instance()  # as in a notebook
    losses = (3 * torch.rand(updates)).tolist()
    with capture_output():
        young, old = curve(losses[:20], updates), curve(losses, updates)
        early, mine, other = side.alternate(young.close, old.close, lambda: growing(losses), rounds=rounds)
    early, late = (1000 * statistics.median(times) for times in (early, mine))
    return [side.timed("one redraw of the live training curve after 400 updates",
                       "`clear_output`, a new figure, the whole list", mine, other, 3,
                       f"flat: {early:.0f} ms after 20 updates, {late:.0f} ms after 400; goal at most 15 ms")]
