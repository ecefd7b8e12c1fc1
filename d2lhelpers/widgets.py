"""Slider panels that redraw in place and stay readable without a kernel."""

import io
import math
import threading

import ipywidgets
import numpy as np
from IPython.display import Image, display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image as Pillow

from d2lhelpers import livepage

_one_at_a_time = threading.RLock()  # JupyterLab answers sliders in two threads: letters drawn by both come out bold


class LiveFigure:
    """A figure whose `live` artists are redrawn over a kept background.

    It never enters pyplot's registry, so nothing has to be closed.

    Parameters
    ----------
    figsize : tuple of float
        Width and height in inches, 100 CSS pixels to the inch.
    dpi : int
        Pixels per inch; 150 is sharper but costs twice as much.
    photos : bool
        Whether most of it is photographs: JPEG in place of PNG.
    """

    def __init__(self, figsize=(8, 3.6), dpi=100, photos=False):
        self.fig, self.kind = Figure(figsize=figsize, dpi=dpi), "jpeg" if photos else "png"
        self.width, self.height = int(100 * figsize[0]), round(100 * figsize[1])
        self._canvas = FigureCanvasAgg(self.fig)
        self._live, self._frames, self._background = [], [], None

    def live(self, *artists):
        """Mark the artists that change, and return them."""
        for artist in artists:
            artist.set_animated(True)
        self._live = sorted([*self._live, *artists], key=lambda artist: artist.get_zorder())
        pictures = {artist.axes for artist in self._live if hasattr(artist, "get_extent")}
        self._frames = [spine for ax in pictures for spine in ax.spines.values()]
        self._background = None
        return artists

    def picture(self):
        """Draw the live artists over the background; return PNG or JPEG bytes."""
        if self._background is None:  # axes, labels, images: once
            self._canvas.draw()
            self.fig.set_layout_engine("none")  # nothing may move from now on
            self._background = self._canvas.copy_from_bbox(self.fig.bbox)
        self._canvas.restore_region(self._background)
        for artist in self._live + self._frames:  # a live image would cover its frame
            artist.draw(self._canvas.get_renderer())
        pixels = np.asarray(self._canvas.buffer_rgba())[..., :3]
        out = io.BytesIO()
        settings = {"quality": 85} if self.kind == "jpeg" else {"compress_level": 1}  # 3x faster than level 6
        Pillow.fromarray(pixels).save(out, self.kind, **settings)
        return out.getvalue()


def log_slider(start, low, high):
    """Make a slider over the two-digit numbers from `low` to `high`.

    A `FloatLogSlider` snaps to exponents: the page shows 0.0501 where the
    notebook says 0.05. Here every position is a number one would write.

    Parameters
    ----------
    start, low, high : float
        Two significant digits each; `low` and `high` are powers of ten.

    Returns
    -------
    ipywidgets.SelectionSlider
        Its ``value`` is a float.
    """
    decades = range(round(math.log10(low)), round(math.log10(high)))
    numbers = [float(f"{digits}e{power - 1}") for power in decades for digits in range(10, 100)]
    options = [(f"{number:g}", number) for number in [*numbers, float(high)]]
    return ipywidgets.SelectionSlider(options=options, value=start)


class Panel:
    """Sliders, a Reset button, a picture and one line that says what it shows.

    Picture and line live inside the widget: a reload of the page finds them again, and a change is one message.
    A copy of both is stored as ordinary outputs, for GitHub, print and a kernel that has ended; see `livepage`.

    Parameters
    ----------
    figure : LiveFigure
        Where `update` draws.
    update : callable
        Called with the sliders' values by name; moves the live artists and
        returns the line under the picture, Markdown.
    alt : str
        What the picture shows, for readers who cannot see it.
    play : str, optional
        The name of an integer slider that gets Play and Step buttons.
    **sliders : ipywidgets widgets
        The controls, by the name of `update`'s argument.

    Attributes
    ----------
    image : bytes
        The picture as it is now, PNG or JPEG.
    summary : str
        The line under the picture.
    error : Exception or None
        What the last redraw raised; the reader sees it in place of the summary.
    """

    def __init__(self, figure, update, alt, *, play=None, **sliders):
        self.figure, self.update, self.alt, self.sliders = figure, update, alt, sliders
        self.image, self.summary, self.error = b"", "", None
        self._start = {name: slider.value for name, slider in sliders.items()}
        self._frozen, self._page = False, ipywidgets.HTML()
        self._page.add_class("d2l-live")
        self.reset = _button("Reset", "undo", "Back to the start", self._restore)
        self.player = play and _player(sliders[play])
        self.step = play and _button("Step", "step-forward", "One step further", lambda _: _advance(sliders[play]))
        for name, slider in sliders.items():
            slider.description = slider.description or name
            slider.style.description_width = "6em"
            slider.layout.width = f"min({figure.width}px, 98%)"
            slider.observe(self._redraw, "value")
        self._redraw()

    def values(self):
        """Return the sliders' values by name."""
        return {name: slider.value for name, slider in self.sliders.items()}

    def set(self, **values):
        """Move several sliders, then draw once."""
        with _one_at_a_time:
            self._frozen = True
            try:
                for name, value in values.items():
                    self.sliders[name].value = value
            finally:
                self._frozen = False
            self._redraw()

    def _restore(self, _=None):
        if self.player:
            self.player.playing = False
        self.set(**self._start)

    def _redraw(self, _=None):
        with _one_at_a_time:
            if self._frozen:
                return
            try:
                summary, self.image = self.update(**self.values()), self.figure.picture()
                self.summary, self.error = summary, None
            except Exception as error:  # a callback's exception is otherwise lost
                self.summary, self.error = f"**{type(error).__name__}:** {error}", error
            size = self.figure.width, self.figure.height
            self._page.value = livepage.page(self.image, self.figure.kind, size, self._alt(), self.summary)

    def _alt(self):
        return f"{self.alt} {livepage.plain(self.summary)}"

    def _ipython_display_(self):
        buttons = [button for button in (self.reset, self.step, self.player) if button]
        box = ipywidgets.VBox([*self.sliders.values(), ipywidgets.HBox(buttons), self._page])
        box.add_class("d2l-panel")
        display(box._repr_mimebundle_() | {"text/plain": livepage.stand_in(self.values())}, raw=True)
        display(Image(self.image, format=self.figure.kind, width=self.figure.width, alt=self._alt()))
        display({"text/markdown": self.summary, "text/plain": self.summary}, raw=True)


def _button(name, icon, tooltip, on_click):
    button = ipywidgets.Button(description=name, icon=icon, tooltip=tooltip)
    button.on_click(on_click)
    return button


def _advance(slider):
    slider.value = min(slider.value + slider.step, slider.max)


def _player(slider):
    player = ipywidgets.Play(interval=300, **{name: getattr(slider, name) for name in ("value", "min", "max", "step")})
    ipywidgets.jslink((player, "value"), (slider, "value"))
    return player
