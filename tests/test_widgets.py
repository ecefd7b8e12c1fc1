"""Panels, pixel by pixel and widget by widget: what `tools.mutants widgets` found unguarded."""

import io

import ipywidgets
import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from ipywidgets.widgets.widget_link import Link
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from d2lhelpers import widgets


def fill(fig):
    """Draw axes with a title and a line into a figure; return the line, which stays off the frame."""
    ax = fig.subplots()
    ax.set(xlim=(-1, 3), ylim=(-1, 20), title="heights", xlabel="x")
    return ax.plot([0, 1, 2], [1, 8, 3])[0]


def small(**options):
    """Return a panel with one slider."""
    live = widgets.LiveFigure((3, 2))
    (line,) = live.live(fill(live.fig))

    def update(n):
        line.set_ydata([n, 2 * n, 1])
        return f"n = {n}"
    return widgets.Panel(live, update, "A line.", **options)


def test_a_live_picture_is_the_picture_that_matplotlib_draws():
    live, whole = widgets.LiveFigure((3, 2)), Figure((3, 2), dpi=100)
    line, other = *live.live(fill(live.fig)), fill(whole)
    live.picture()
    for moved in (line, other):
        moved.set_ydata([4, 0, 19])
    picture, canvas = Image.open(io.BytesIO(live.picture())), FigureCanvasAgg(whole)
    canvas.draw()
    assert (picture.mode, picture.size, picture.format) == ("RGB", (300, 200), "PNG")
    pixels, out = np.asarray(canvas.buffer_rgba())[..., :3], io.BytesIO()
    assert np.array_equal(picture, pixels)
    Image.fromarray(pixels).save(out, "png", compress_level=1)
    assert live.picture() == out.getvalue()  # level 6 takes three times as long


def test_the_background_is_drawn_once_and_stays_where_it_is(monkeypatch):
    live, draws, draw = widgets.LiveFigure((3, 2)), [], FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: draws.append(canvas) or draw(canvas))
    live.fig.set_layout_engine("constrained")
    line = fill(live.fig)
    live.live(line, line.axes.title)
    live.picture()
    place = line.axes.get_position().bounds
    line.axes.set_title("two\nlines")
    live.picture()
    assert len(draws) == 1
    live.fig.canvas.draw()
    assert line.axes.get_position().bounds == place


def test_a_live_image_does_not_cover_its_frame():
    live = widgets.LiveFigure((1, 1))
    live.fig.set_layout_engine("none")  # a notebook's style would set another
    ax = live.fig.add_axes((0.25, 0.25, 0.5, 0.5))
    ax.spines[:].set(visible=True, color="black", linewidth=2)
    live.live(ax.imshow(np.ones((2, 2, 3)), extent=(0, 1, 0, 1)))
    assert np.asarray(Image.open(io.BytesIO(live.picture())))[50, 25].max() < 100  # the inner half of the left spine


def test_without_settings_a_figure_has_800_by_360_pixels_on_screen_and_in_the_file():
    live = widgets.LiveFigure()
    assert (live.width, live.height) == Image.open(io.BytesIO(live.picture())).size == (800, 360)


def test_photos_are_jpeg_of_quality_85():
    live, out = widgets.LiveFigure((2, 1), photos=True), io.BytesIO()
    picture = Image.open(io.BytesIO(live.picture()))
    Image.new("RGB", (8, 8)).save(out, "jpeg", quality=85)
    assert picture.format == "JPEG" and picture.quantization == Image.open(out).quantization


def test_a_log_slider_has_ninety_numbers_a_decade_each_larger_than_the_last():
    slider = widgets.log_slider(1.0, 0.1, 10)
    numbers = [value for _, value in slider.options]
    assert len(numbers) == 2 * 90 + 1 and numbers == sorted(set(numbers))
    assert [label for label, _ in slider.options[89:92]] == ["0.99", "1", "1.1"]


def test_a_panel_whose_first_picture_fails_says_so_and_shows_none():
    def update(n):
        raise ValueError("no picture yet")
    p = widgets.Panel(widgets.LiveFigure((1, 1)), update, "Nothing.", n=ipywidgets.IntSlider(1))
    assert p.image == b"" and p.summary == "**ValueError:** no picture yet" and isinstance(p.error, ValueError)


def test_controls_are_named_wide_and_stand_above_the_picture(monkeypatch):
    shown, play = [], {"n": ipywidgets.IntSlider(2, max=9), "play": "n"}
    monkeypatch.setattr(widgets, "display", lambda what, raw=False: shown.append((what, raw)))
    p = small(**play)
    p._ipython_display_()
    assert [raw for _, raw in shown] == [True, False, True]  # a dict of media types is not to be shown as a dict
    box = _instances[shown[0][0]["application/vnd.jupyter.widget-view+json"]["model_id"]]
    slider, buttons, page = box.children
    assert "d2l-panel" in box._dom_classes and "d2l-live" in page._dom_classes
    assert buttons.children == (p.reset, p.step, p.player)
    assert slider.description == "n" and slider.layout.width == "min(300px, 98%)"
    assert slider.style.description_width == "6em"


def test_a_description_of_its_own_stays():
    assert small(n=ipywidgets.IntSlider(2, description="how many")).sliders["n"].description == "how many"


@pytest.mark.parametrize("play", [None, "n"])
def test_reset_brings_the_start_back_with_and_without_play(play):
    p = small(n=ipywidgets.IntSlider(2, max=9), play=play)
    first = p.image
    p.set(n=7)
    if play:
        p.player.playing = True
    assert p.image != first
    p.reset.click()
    assert p.values() == {"n": 2} and p.image == first and p.summary == "n = 2"
    assert (p.step, p.player) == (None, None) if play is None else p.player.playing is False


def test_step_stops_at_the_end():
    p = small(n=ipywidgets.IntSlider(8, max=9, step=2), play="n")
    p.step.click()
    assert p.values() == {"n": 9}
    assert (p.player.min, p.player.max, p.player.step, p.player.interval) == (0, 9, 2, 300)
    ends = (p.player, "value"), (p.sliders["n"], "value")
    assert any((link.source, link.target) == ends for link in _instances.values() if isinstance(link, Link))
