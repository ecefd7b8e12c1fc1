"""Draw a slider panel in all its states, and write the file that a page replays without a kernel."""

import base64
import gzip
import hashlib
import itertools
import json
import math
import random
import re
import zlib
from collections import defaultdict

from tools.site import states
from tools.site.images import Pictures, unsample
from tools.site.paths import Shelf
from tools.site.record import Recorder

MOST = 640  # states of a panel
BUDGET = 120_000  # bytes of a panel, compressed, pictures included
QUALITY = 62  # of lossy pictures
SMALL = 6000  # bytes: a sheet up to this size stands in the panel's file
TABLES = "lines", "ops", "styles", "clips", "glyphs", "markers"


class Book:
    """One panel, and what has been drawn of it.

    Parameters
    ----------
    panel : d2lhelpers.widgets.Panel
        It is moved about; its figure must have 100 dots per inch.

    Attributes
    ----------
    base : list of int
        The operations of the background.
    pages : list of list of int
        Of each state visited: its line, then its operations.
    """

    def __init__(self, panel):
        fig = panel.figure.fig
        if fig.dpi != 100:
            raise ValueError(f"a panel's figure has {fig.dpi:g} dots per inch, a drawing list 100: leave out `dpi`")
        self.panel, self.size = panel, [int(round(100 * side, 6)) for side in fig.get_size_inches()]
        self.tables, self.pictures = defaultdict(Shelf), Pictures(QUALITY)
        self._recorder = Recorder(*self.size, self.tables, self.pictures)
        panel.set(**panel._start)  # what is drawn once, a legend in the best place say, looks as it does at the start
        unsample(fig.findobj())
        self.base, self.pages = self.draw([fig]), []

    def draw(self, artists):
        """Return the numbers of the operations that draw the artists."""
        return [self.tables["ops"](op) for op in self._recorder.record(artists)]

    def visit(self, values):
        """Move the sliders to these values and write the state down."""
        panel, figure = self.panel, self.panel.figure
        with states.without_picture(panel):
            panel.set(**values)
        if panel.error:
            raise panel.error
        unsample(figure._live)  # `set_data` may have changed their size
        self.pages.append([self.tables["lines"](panel.summary), *self.draw(figure._live + figure._frames)])

    def content(self, controls, play=None, **extra):
        """Return what a panel's file holds, dict of plain values, and its sheets of pictures, list of bytes."""
        sheets, images = self.pictures.sheets()
        tables = {name: self.tables[name].list() for name in TABLES}
        return {"alt": self.panel.alt, "size": self.size, "controls": controls, "play": play, "base": self.base,
                "states": self.pages, "images": images, **extra, **tables}, sheets

    def weight(self):
        """Return the bytes on the wire: text compressed, pictures as they are."""
        text = json.dumps([self.tables[name].list() for name in TABLES] + self.pages, ensure_ascii=False)
        return len(gzip.compress(text.encode(), 6)) + self.pictures.weight()


def affordable(panel, trial=16):
    """Return how many states fit into the budget, estimated from two small samples."""
    every, rng, book = {name: states.stops(c) for name, c in panel.sliders.items()}, random.Random(0), Book(panel)
    weights = [book.weight()]
    for _ in range(2):
        for _ in range(trial):
            book.visit({name: rng.choice(values)[1] for name, values in every.items()})
        weights.append(book.weight())
    each = max(1, (weights[2] - weights[1]) / trial)
    return int(min(MOST, max(24, (BUDGET - weights[0]) / each)))


def export(panel, words=()):
    """Visit a panel's states.

    Parameters
    ----------
    panel : d2lhelpers.widgets.Panel
    words : set of str
        Positions that the text beside the panel names.

    Returns
    -------
    dict
        The file's content, plain values; README.md tells what stands where.
    list of bytes
        Its sheets of pictures, WebP.
    """
    most, (hub, _) = affordable(panel), states.presets(panel)
    places, extra = states.grid(panel, most, words), {}
    book = Book(panel)
    if hub is None and math.prod(map(len, places.values())) <= 1.5 * most + 100:
        for values in itertools.product(*places.values()):
            book.visit({name: value for name, (_, value) in zip(places, values, strict=True)})
    else:
        places, extra = _star(book, most)
    panel.set(**panel._start)
    controls = [_control(panel, *item) for item in places.items()]
    return book.content(controls, _played(panel), **extra)


def _star(book, most):
    places, around, menus, linked = states.star(book.panel, most)
    number = {name: {value: k for k, (_, value) in enumerate(values)} for name, values in places.items()}
    index, spots = {}, {}
    for spot in around:
        spots[",".join(str(number[name][spot[name]]) for name in menus)] = [number[n][spot[n]] for n in places]
        for name, values in places.items():
            for value in [spot[name]] if name in menus else [value for _, value in values]:
                here = spot | {name: value}
                key = ",".join(str(number[n][here[n]]) for n in places)
                if key not in index:
                    index[key] = len(book.pages)
                    book.visit(here)
    return places, {"index": index, "spots": spots, "linked": linked, "menus": [list(places).index(m) for m in menus]}


def _control(panel, name, values):
    control = panel.sliders[name]
    start = [value for _, value in values].index(panel._start[name])
    return {"name": name, "label": control.description, "kind": states.kind(control), "start": start,
            "third": control.layout.width == "32%", "stops": [label for label, _ in values]}


def _played(panel):
    """Return the name of the slider that Play moves, or None."""
    player = panel.player
    same = [name for name, c in panel.sliders.items() if player and type(c).__name__ == "IntSlider"
            and (c.min, c.max, c.step) == (player.min, player.max, player.step)]
    return next(iter(same), None)


def pack(name, data, sheets, folder):
    """Write a panel's file and its sheets; remove the sheets of an earlier export.

    The file is a script, since pages that are opened from a disk may load scripts, but fetch nothing:
    ``d2lPanel("name", "base64 of zlib of JSON")``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{name}.*.webp"):
        old.unlink()
    names = []
    for k, sheet in enumerate(sheets):
        if len(sheet) <= SMALL:
            names.append("data:image/webp;base64," + base64.b64encode(sheet).decode())
            continue
        (folder / f"{name}.{k}.webp").write_bytes(sheet)
        names.append(f"{name}.{k}.webp?v={hashlib.sha256(sheet).hexdigest()[:8]}")  # no old sheet from a cache
    text = json.dumps(data | {"sheets": names}, ensure_ascii=False, separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    (folder / f"{name}.js").write_text(f'd2lPanel("{name}","{packed}")\n', encoding="ascii")


def read(path):
    """Return what a panel's file holds, dict."""
    packed = re.fullmatch(r'd2lPanel\("[^"]+","([^"]+)"\)\n', path.read_text(encoding="ascii"))[1]
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def start_state(data):
    """Return the number of the state in which a panel starts."""
    places = [control["start"] for control in data["controls"]]
    if "index" in data:
        return data["index"][",".join(map(str, places))]
    state = 0
    for place, control in zip(places, data["controls"], strict=True):
        state = state * len(control["stops"]) + place
    return state
