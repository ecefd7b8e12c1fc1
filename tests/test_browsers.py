"""The published site in Firefox and WebKit: every panel of every page moves.

Debian: apt install firefox-esr webkit2gtk-driver xvfb xauth. What is not installed is skipped.
"""

import pytest

from tests import browsers
from tests.plugin import PATHS
from tests.test_pages import site, url  # noqa: F401  the same site

pytestmark = pytest.mark.site
MOVE = """async () => {
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const told = [];
  for (const panel of document.querySelectorAll("d2l-panel")) {
    panel.scrollIntoView();
    for (let k = 0; k < 6000 && !panel.classList.contains("live"); k++) await wait(50);
    if (!panel.classList.contains("live")) { told.push(panel.getAttribute("name") + " sleeps"); continue; }
    const look = () => panel.canvas.toDataURL() + panel.line.textContent;
    let start, before;
    do {                                                   // it finds its size, and draws over its background
      before = look();
      await wait(200);
      await panel.show();
      start = look();
    } while (start !== before);
    const moved = [];
    for (const [k, {stops, start: place}] of panel.data.controls.entries()) {
      if (stops.length < 2) continue;
      await panel.move(panel.data.controls.map((c, j) => j === k ? (place ? 0 : stops.length - 1) : c.start));
      moved.push(look() !== start);
    }
    panel.querySelector(".buttons button").click();
    for (let k = 0; k < 100 && look() !== start; k++) await wait(50);
    if (!moved.some(Boolean)) told.push(panel.getAttribute("name") + " does not move");
    if (look() !== start) told.push(panel.getAttribute("name") + " does not come back");
  }
  return told;
}"""
SLIDER = """async () => {
  const slider = document.querySelector("d2l-panel.live input[type=range]");
  slider.focus();
  return slider.value;
}"""


@pytest.fixture(scope="module", params=[browsers.firefox, browsers.webkit], ids=lambda start: start.__name__)
def tab(request):
    """A page in another browser."""
    with request.param() as opened:
        if opened is None:
            pytest.skip("not installed (Debian: apt install firefox-esr webkit2gtk-driver xvfb xauth)")
        yield opened


@pytest.mark.parametrize("page", ["index", *PATHS])
def test_every_panel_moves(page, tab, url):  # noqa: F811
    tab.said.clear()
    tab.goto(f"{url}/{page}.html")
    assert tab.evaluate(MOVE) == [] and tab.said == []


def test_the_keyboard_moves_a_slider(tab, url):  # noqa: F811
    tab.goto(f"{url}/index.html")
    tab.evaluate(MOVE)
    before = tab.evaluate(SLIDER)
    tab.press("\ue014")
    assert tab.evaluate(SLIDER) != before
