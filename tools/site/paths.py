"""Outlines, colours and numbered tables: the small change of a drawing list."""

import numpy as np
from matplotlib.path import Path

UNIT = 8  # steps to the CSS pixel
GLYPH = 400  # steps to the em
_LETTERS = {Path.MOVETO: ("m", 1), Path.LINETO: ("l", 1), Path.CURVE3: ("q", 2), Path.CURVE4: ("c", 3)}


def outline(vertices, codes):
    """Return a path as SVG letters with relative whole numbers.

    Parameters
    ----------
    vertices : array, shape (N, 2)
        Points in steps (not pixels); NaN and infinity count as 0.
    codes : array, shape (N,)
        What each point is, as in `matplotlib.path.Path`.

    Returns
    -------
    str
        What the browser's `Path2D` reads.

    >>> outline([(0, 0), (10, 0.4), (10, -7)], [Path.MOVETO, Path.LINETO, Path.LINETO])
    'm0 0l10 0 0-7'
    """
    whole = np.rint(np.where(np.isfinite(vertices), vertices, 0)).astype(int)
    parts, at, first, last, i = [], np.zeros(2, int), np.zeros(2, int), "", 0
    while i < len(codes):
        if codes[i] in (Path.STOP, Path.CLOSEPOLY):
            if codes[i] == Path.CLOSEPOLY:
                parts.append("z")
                at, last = first, "z"
            i += 1
            continue
        letter, many = _LETTERS[codes[i]]
        points = whole[i:i + many]
        more = i + 1 < len(codes) and codes[i + 1] == Path.LINETO
        if letter == "l" and last in ("l", "m") and more and (points[0] == at).all():
            i += 1  # shorter than the grid
            continue
        said = letter if letter != last or letter == "m" else ""
        numbers = "".join(f" {n}" if n >= 0 else f"{n}" for n in (points - at).ravel())
        parts.append(said + numbers.lstrip() if said else numbers)
        at, last = points[-1], letter
        first = at if letter == "m" else first
        i += many
    return "".join(parts)


def paint(rgb, alpha=None):
    """Return a colour as #rrggbb or #rrggbbaa, "" where nothing can be seen.

    >>> paint((1, 0, 0, 1)), paint((1, 0, 0), 0.5), paint((0, 0, 0, 0))
    ('#ff0000', '#ff000080', '')
    """
    rgb = tuple(rgb) if alpha is None else (*tuple(rgb)[:3], alpha)
    if len(rgb) == 4 and rgb[3] in (0, 1):
        if rgb[3] == 0:
            return ""
        rgb = rgb[:3]
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in rgb)


class Shelf:
    """Things that many pictures share, each kept once and known by its number.

    >>> shelf = Shelf()
    >>> shelf("a"), shelf("b"), shelf("a"), shelf.list()
    (0, 1, 0, ['a', 'b'])
    """

    def __init__(self):
        self._numbers = {}

    def __call__(self, thing):
        return self._numbers.setdefault(thing, len(self._numbers))

    def __len__(self):
        return len(self._numbers)

    def list(self):
        """Return the things in the order of their numbers."""
        return list(self._numbers)
