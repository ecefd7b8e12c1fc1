"""Panels replayed in the browser: a bare page with one of them, and how far its picture is from matplotlib's own."""

import base64
import io
import random
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from tools.site import book, export, states

STATIC = export.ROOT / "tools/site/static"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="panel.css"><script src="drawing.js" defer></script><script src="panel.js" defer></script>
<d2l-panel name="{name}" src="{name}.js" rows="3"></d2l-panel></html>"""
MOVE = "places => document.querySelector('d2l-panel').move(places)"
PIXELS = "() => document.querySelector('canvas').toDataURL('image/png')"


def lay_out(folder, files):
    """Write a bare page for each panel file into a folder; the scripts and sheets beside them."""
    for path in [*STATIC.glob("*.js"), STATIC / "panel.css", *files]:
        shutil.copy(path, folder)
    for path in files:
        if path.suffix == ".js":
            (folder / f"{path.stem}.html").write_text(PAGE.format(name=path.stem), encoding="utf-8")


def canvas(page, places=None):
    """Return the pixels of the panel on a bare page, (height, width, 3) uint8; first move it, if told where."""
    page.wait_for_selector("d2l-panel.live")
    page.evaluate(MOVE, places) if places else page.wait_for_timeout(50)
    return pixels(base64.b64decode(page.evaluate(PIXELS).split(",")[1]))


def pixels(picture):
    """Return a PNG's or JPEG's pixels, (height, width, 3) uint8."""
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def distance(one, other):
    """Compare two pictures of one size, blind to how a letter's edge is smoothed.

    Returns
    -------
    float
        Mean difference of a colour, of 255.
    float
        Share of the blocks of 4 x 4 pixels whose mean colour is off by more than 40 of 255.
    """
    assert one.shape == other.shape, (one.shape, other.shape)
    one, other = one.astype(float), other.astype(float)
    high, wide = one.shape[0] // 4, one.shape[1] // 4

    def blocks(im):
        return im[:4 * high, :4 * wide].reshape(high, 4, wide, 4, 3).mean(axis=(1, 3))

    off = np.abs(blocks(one) - blocks(other)).max(axis=2) > 40
    return np.abs(one - other).mean(), off.mean()


def sample(names, panels, number, folder, many=3):
    """Write matplotlib's own pictures of some states, and a file with the same states; runs in a notebook's kernel.

    Each panel gets ``NN-name.js``, where the only control counts the states, and ``NN-name.K.png``.
    """
    rng, folder = random.Random(number), Path(folder)
    for name in panels:
        places = {key: states.stops(control) for key, control in names[name]().sliders.items()}
        spots = [{key: rng.choice(values)[1] for key, values in places.items()} for _ in range(many)]
        seen, recorded = names[name](), book.Book(names[name]())
        for k, spot in enumerate(spots):
            seen.set(**spot)
            assert seen.error is None, (name, spot, seen.error)
            (folder / f"{number}-{name}.{k}.png").write_bytes(seen.image)
            recorded.visit(spot)
        book.pack(f"{number}-{name}", *recorded.content([{
            "name": "state", "label": "state", "kind": "range", "third": False, "start": 0,
            "stops": [str(k) for k in range(many)]}]), folder)
