"""The published site, built and visited in Chromium: `uv run --group site pytest -m site`.

Set D2L_SITE to the folder of a site that is built already, and D2L_SHOTS to a folder for screenshots.
"""

import json
import os
import re
from pathlib import Path

import pytest

from tests import replay, web
from tests.plugin import PATHS
from tools.site import book, export, figures

pytestmark = pytest.mark.site
PAGES = ["index", *PATHS]
BYTES = 24_500_000  # of the whole site
REQUESTS, FIRST = 30, 260_000  # before a page can be read: requests, and bytes as a host sends them (0.5 s at 4 Mbit/s)
FAR, SOME = 0.03, 8  # the most that a replayed picture may be off: share of blocks, mean of 255 (measured: 0.02, 7)
LINE = "e => e.querySelector('.line').textContent"
PIXELS = "e => e.querySelector('canvas').toDataURL()"
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
       "resultTypes": ["violations"]}


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site."""
    if os.environ.get("D2L_SITE"):
        return Path(os.environ["D2L_SITE"]).resolve()
    pytest.importorskip("sphinx", reason="Sphinx is not here: uv run --group site pytest -m site")
    from tools.site.build import build
    out = tmp_path_factory.mktemp("site")
    build(out)
    return out


@pytest.fixture(scope="session")
def url(site):
    """The address of the site, served on this machine."""
    with web.serve(site) as address:
        yield address


@pytest.fixture
def visit(chromium, request):
    """A function that opens a page and keeps what went wrong on it; at the end of the test nothing may have."""
    said, contexts = [], []

    def opened(address, width=1280, scheme="light"):
        home = re.match(r"(file://|http://[^/]+)", address)[1]
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("requestfailed", lambda asked: said.append(f"failed: {asked.url}"))
        page.on("request", lambda asked: None if asked.url.startswith((home, "data:", "blob:"))
                else said.append(f"asked elsewhere: {asked.url}"))
        page.on("response", lambda got: said.append(f"{got.status}: {got.url}") if got.status >= 400 else None)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not said, said


def awake(panel):
    """Scroll to a panel and wait until its sliders are there."""
    panel.scroll_into_view_if_needed()
    panel.locator("canvas").wait_for()
    return panel


def plain(line):
    """Return a stored line as the page shows it."""
    return re.sub(r"\*\*|`|<br>", "", line)


def test_no_link_is_broken_and_every_picture_has_a_text(site):
    assert web.faults(site) == []


def test_the_site_is_small(site):
    files = [path for path in site.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= BYTES
    assert not [path for path in files if path.suffix in (".pickle", ".doctree") or path.parts[-2:-1] == ("_sources",)]


def test_every_notebook_can_be_downloaded(site):
    for name, path in PATHS.items():
        files = site / f"notebooks/{name}.ipynb", path
        there, here = (json.loads(file.read_text(encoding="utf-8")) for file in files)
        assert [cell["source"] for cell in there["cells"]] == ["".join(cell["source"]) for cell in here["cells"]]


@pytest.mark.parametrize("page", PAGES)
def test_every_panel_moves_and_its_line_follows(page, url, visit):
    tab = visit(f"{url}/{page}.html")
    panels = tab.locator("d2l-panel")
    assert page == "index" or panels.count() == len(export.stored_lines(PATHS[page]))
    for k in range(panels.count()):
        panel = awake(panels.nth(k))
        data = book.read(export.PANELS / f"{panel.get_attribute('name')}.js")
        start = plain(data["lines"][data["states"][book.start_state(data)][0]])
        assert panel.evaluate(LINE) == start
        first, lines = panel.evaluate(PIXELS), {plain(line) for line in data["lines"]}
        for control in range(len(data["controls"])):
            changed = turn(panel, control, data["controls"][control])
            tab.wait_for_timeout(60)
            line = panel.evaluate(LINE).removesuffix("On this page one slider moves at a time; the others went back.")
            assert line in lines, line
            assert not changed or line != start or panel.evaluate(PIXELS) != first, data["controls"][control]["name"]
            panel.get_by_role("button", name="Reset").click()
            tab.wait_for_timeout(60)
            assert panel.evaluate(LINE) == start and panel.evaluate(PIXELS) == first, "Reset"


def turn(panel, k, control):
    """Move a control to its other end with the keyboard or as a menu; return whether that can change anything."""
    handle = panel.locator("fieldset :is(input, select)").nth(k)
    if len(control["stops"]) < 2:
        return False
    far = 0 if control["start"] == len(control["stops"]) - 1 else len(control["stops"]) - 1
    if control["kind"] == "range":
        handle.press("End" if far else "Home")
    elif control["kind"] == "select":
        handle.select_option(index=far)
    else:
        handle.press("Space")
    return True


def test_play_goes_to_the_end_and_stops(url, visit):
    tab = visit(f"{url}/index.html")
    panel = awake(tab.locator("d2l-panel").first)
    steps = panel.locator("input[type=range]").nth(1)
    steps.press("End")
    steps.press("ArrowLeft")
    panel.get_by_role("button", name="Play").click()
    panel.get_by_role("button", name="Pause").wait_for()
    panel.get_by_role("button", name="Play").wait_for()
    assert steps.evaluate("e => e.value === e.max")


def test_a_panel_can_be_larger_than_a_phone(url, visit):
    tab = visit(f"{url}/index.html", width=390)
    panel = awake(tab.locator("d2l-panel").first)
    assert panel.locator("canvas").bounding_box()["width"] < 390
    panel.get_by_role("button", name="Larger").click()
    assert panel.locator("canvas").bounding_box()["width"] == 800
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls in its own frame"


@pytest.mark.parametrize("page", PAGES)
def test_it_works_from_a_disk(page, site, visit):
    tab = visit((site / f"{page}.html").as_uri(), width=390)
    for k in range(tab.locator("d2l-panel").count()):
        panel = awake(tab.locator("d2l-panel").nth(k))
        name, before = panel.get_attribute("name"), panel.evaluate(LINE)
        data = book.read(export.PANELS / f"{name}.js")
        moved = [turn(panel, 0, data["controls"][0]), tab.wait_for_timeout(60)][0]
        label = panel.locator("canvas").get_attribute("aria-label")
        assert not moved or before not in label or len(data["lines"]) < len(data["states"]), name
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits the width of a phone"
    unset = tab.locator(".math:not(:has(.katex-html))")
    unset.first.wait_for(state="detached")


@pytest.mark.parametrize("page", PAGES)
def test_little_is_needed_before_a_page_can_be_read(page, site, url, chromium):
    """Counted, not timed: bytes and requests up to the end of the text, and how much of it is laid out at once."""
    tab = chromium.new_page(viewport={"width": 390, "height": 844})
    wire, got = tab.context.new_cdp_session(tab), []
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: got.append(event["encodedDataLength"]))
    tab.goto(f"{url}/{page}.html", wait_until="domcontentloaded")
    assert len(got) <= REQUESTS and sum(got) <= FIRST, (len(got), sum(got))
    assert not re.findall(r"<script(?! defer)[^>]* src=", (site / f"{page}.html").read_text(encoding="utf-8"))
    code = tab.locator("details[open] pre, pre:not(details pre)")
    laid_out = code.evaluate_all("all => all.filter(e => e.lastElementChild?.checkVisibility("
                                 "{contentVisibilityAuto: true})).length")
    assert laid_out <= max(8, code.count() / 4), (laid_out, code.count())
    tab.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_when_code_is_laid_out(width, name, url, visit):
    tab = visit(f"{url}/{name}.html", width)
    before, after = (tab.evaluate(f"""() => {{
        for (const code of document.querySelectorAll("pre")) code.style.contentVisibility = "{how}";
        return [...document.querySelectorAll("pre")].map(code => code.clientHeight); }}""") for how in ("", "visible"))
    assert max(abs(one - other) for one, other in zip(before, after, strict=True)) <= 1


def test_a_link_leads_to_its_place_on_a_page_that_is_not_laid_out(url, visit):
    tab = visit(f"{url}/02_monte_carlo_vs_gradient_descent.html#exercises", width=390)
    places = [None]
    while len(places) < 3 or places[-1] != places[-3]:  # it scrolls smoothly
        tab.wait_for_timeout(200)
        places.append(tab.locator("#exercises").bounding_box()["y"])
    assert 0 <= places[-1] <= 200


def test_search_finds_english_and_chinese(url, visit):
    for word in ("learning rate", "梯度下降", "梯度", "张量"):
        tab = visit(f"{url}/search.html?q={word}")
        tab.locator("#search-results ul.search li").first.wait_for()


@pytest.mark.parametrize("page", [*PAGES, "glossary", "search", "teachers"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(page, scheme, width, url, visit):
    source = web.axe()
    if source is None:
        pytest.skip("axe-core is not here and npm cannot fetch it")
    tab = visit(f"{url}/{page}.html", width, scheme)
    for k in range(tab.locator("d2l-panel").count()):
        awake(tab.locator("d2l-panel").nth(k))
    tab.evaluate(source)
    found = tab.evaluate("settings => axe.run(document, settings)", AXE)["violations"]
    serious = {f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found
               if rule["impact"] in ("serious", "critical")}
    if os.environ.get("D2L_SHOTS"):
        Path(os.environ["D2L_SHOTS"]).mkdir(parents=True, exist_ok=True)
        tab.evaluate("scrollTo(0, 0)")
        tab.screenshot(path=Path(os.environ["D2L_SHOTS"]) / f"{page}-{width}-{scheme}.png")
    assert not serious


def test_the_replayed_start_is_the_stored_picture(name, chromium, tmp_path):
    replay.lay_out(tmp_path, list(export.PANELS.glob(f"{name[:2]}-*")))
    with web.serve(tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1000, "height": 900})
        for cell in json.loads(PATHS[name].read_text(encoding="utf-8"))["cells"]:
            panel = cell["cell_type"] == "code" and export.panel_name("".join(cell["source"]))
            if panel:
                stored = next(figures.picture(output) for output in reversed(cell["outputs"])
                              if figures.picture(output))[0]
                page.goto(f"{address}/{name[:2]}-{panel}.html")
                mean, far = replay.distance(replay.canvas(page), replay.pixels(stored))
                assert mean <= SOME and far <= FAR, (panel, mean, far)
        page.close()


def test_replayed_states_are_what_matplotlib_draws(name, chromium, tmp_path):
    from tests.live import Live
    from tools.notebooks import code_cells, panels, read
    live, nb = Live(PATHS[name]), read(PATHS[name])
    try:
        for cell in code_cells(nb):
            live.run(cell.source)
        live.run(f"from tests import replay as _replay; _replay.sample(globals(), {panels(nb)!r}, {name[:2]!r}, "
                 f"{str(tmp_path)!r})")
    finally:
        live.stop()
    files = list(tmp_path.glob("*.js"))
    replay.lay_out(tmp_path, [])
    for path in files:
        (tmp_path / f"{path.stem}.html").write_text(replay.PAGE.format(name=path.stem), encoding="utf-8")
    with web.serve(tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1000, "height": 900})
        for path in files:
            page.goto(f"{address}/{path.stem}.html")
            for k, picture in enumerate(sorted(tmp_path.glob(f"{path.stem}.*.png"))):
                mean, far = replay.distance(replay.canvas(page, [k]), replay.pixels(picture.read_bytes()))
                assert mean <= SOME and far <= FAR, (path.stem, k, mean, far)
        page.close()
