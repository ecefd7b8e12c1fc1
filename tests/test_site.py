"""The drawing list and the files of the panels; nothing here needs a kernel, a browser or Sphinx."""

import base64
import doctest
import io
import json
import re

import numpy as np
import pytest
from ipywidgets import Dropdown, FloatSlider, IntSlider
from matplotlib.collections import LineCollection
from PIL import Image

from d2lhelpers import widgets
from tests.plugin import PATHS
from tools import notebooks
from tools.site import book, build, export, figures, finish, front, glossary, images, paths, record, stage, states

FILES = sorted(export.PANELS.glob("*.js"))
MODULES = book, build, export, figures, finish, front, glossary, images, paths, record, stage, states


def small(**controls):
    """Return a panel with a line, its title and an image, moved by `k`."""
    live = widgets.LiveFigure((4, 2))
    left, right = live.fig.subplots(1, 2)
    left.set(xlim=(0, 4), ylim=(0, 4), xlabel="a label")
    line, title = *left.plot([0, 1, 2], [0, 1, 2]), left.set_title("0")
    image = right.imshow(np.zeros((4, 4)), vmin=0, vmax=4)
    live.live(line, title, image)

    def update(k, **_):
        line.set_ydata([0, k, 2])
        title.set_text(f"{k:g}")
        image.set_data(np.full((4, 4), k))
        return f"k is **{k:g}**"

    return widgets.Panel(live, update, "A line and an image", **{"k": IntSlider(1, min=0, max=4), **controls})


def drawn(artist_of):
    """Return the operations that draw what a function adds to an axes."""
    live = widgets.LiveFigure((4, 2))
    ax = live.fig.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    live.picture()
    recorder = record.Recorder(400, 200, dict.fromkeys(book.TABLES) | {
        name: paths.Shelf() for name in book.TABLES}, images.Pictures(80))
    return recorder.record([artist_of(ax)]), recorder


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0


def test_a_line_is_one_path_in_its_style():
    ops, recorder = drawn(lambda ax: ax.plot([0, 1], [0, 1], color="#123456", lw=2)[0])
    (style,) = recorder.tables["styles"].list()
    assert len(ops) == 1 and re.fullmatch(r"p0 m\d+ \d+l\d+-\d+", ops[0])
    assert style[0] == "#123456" and style[1] == "" and style[2] == pytest.approx(2 * 100 / 72, abs=0.01)


def test_equal_markers_are_kept_once():
    ops, recorder = drawn(lambda ax: ax.plot([0.1, 0.5, 0.9], [0.5] * 3, "o", ls="")[0])
    assert len(ops) == 1 and len(recorder.tables["markers"]) == 1 and len(ops[0].split()) == 2 + 2 * 3


def test_points_that_are_not_numbers_are_left_out():
    ops, _ = drawn(lambda ax: ax.plot([0.1, np.nan, 0.9, np.inf], [0.5] * 4, "o", ls="")[0])
    assert len(ops[0].split()) == 2 + 2 * 2


def test_text_needs_no_font_on_the_page():
    ops, recorder = drawn(lambda ax: ax.text(0.1, 0.5, "aaba"))
    assert len(ops) == 1 and ops[0].count(";") == 4 and len(recorder.tables["glyphs"]) == 2
    assert drawn(lambda ax: ax.text(0.1, 0.5, r"$\frac{1}{2}$"))[0][0].count(";r ") == 1, "the fraction's rule"


def test_a_small_image_stays_small():
    def add(ax):
        image = ax.imshow(np.eye(3), extent=(0, 1, 0, 1), aspect="auto", alpha=0.5)
        images.unsample([image])
        return image
    ops, recorder = drawn(add)
    assert [pixels.shape for pixels in recorder.images.pixels] == [(3, 3, 3)] and ops[0].endswith(" 0 0.5")
    assert len(ops) == 1, "blocks, as matplotlib draws them, and half transparent"


def test_smooth_where_the_notebook_asks_for_it():
    def add(ax):
        image = ax.imshow(np.eye(3), extent=(0, 1, 0, 1), interpolation="bilinear")
        images.unsample([image])
        images.unsample([image])  # twice changes nothing
        return image
    assert drawn(add)[0][0].split()[-2] == "1"


@pytest.mark.parametrize("add, what", [
    (lambda ax: ax.bar([0.5], [0.5], hatch="/")[0], "hatching"),
    (lambda ax: ax.tripcolor([0, 1, 0], [0, 0, 1], [0, 1, 2], shading="gouraud"), "Gouraud")])
def test_what_cannot_be_drawn_is_named(add, what):
    with pytest.raises(record.CannotDraw, match=what) as error:
        drawn(add)
    assert re.match(r"(Rectangle|<matplotlib.collections.TriMesh)", str(error.value))
    assert "record.py" in str(error.value)


def test_the_error_names_the_axes():
    live = widgets.LiveFigure((4, 2))
    ax = live.fig.subplots()
    ax.set_title("Bars", loc="left")
    ax.bar([0], [1], hatch="x")
    live.picture()
    panel = widgets.Panel(live, lambda k: "", "Bars", k=IntSlider(0, min=0, max=1))
    with pytest.raises(record.CannotDraw, match=r"Rectangle.* in the axes 'Bars'"):
        book.Book(panel)


def test_a_line_collection_is_recorded():
    ops, _ = drawn(lambda ax: ax.add_collection(LineCollection([[(0, 0), (1, 1)], [(0, 1), (1, 0)]])))
    assert [op[0] for op in ops] == ["p", "p"]


def test_every_state_is_stored_with_its_line():
    data, sheets = book.export(small(menu=Dropdown(options=["a", "b"])))
    assert [control["kind"] for control in data["controls"]] == ["range", "select"]
    assert len(data["states"]) == 10 and book.start_state(data) == 2
    assert data["lines"] == [f"k is **{k}**" for k in range(5)]
    assert len(data["images"]) == 5 and len(sheets) == 1


def test_two_exports_are_the_same_to_the_byte(tmp_path):
    for folder in ("one", "two"):
        book.pack("panel", *book.export(small()), tmp_path / folder)
    one, two = ((tmp_path / folder / "panel.js").read_bytes() for folder in ("one", "two"))
    assert one == two and book.read(tmp_path / "one/panel.js")["size"] == [400, 200]


def test_a_state_does_not_depend_on_the_one_before():
    one, two = book.Book(small()), book.Book(small())
    one.visit({"k": 3})
    two.visit({"k": 0})
    two.visit({"k": 3})
    ops = [[made.tables["ops"].list()[op] for op in made.pages[-1][1:]] for made in (one, two)]
    assert [op for op in ops[0] if op[0] != "i"] == [op for op in ops[1] if op[0] != "i"]


def test_an_exception_of_the_panel_is_not_stored():
    panel = small()
    recorded, panel.update = book.Book(panel), lambda **_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        recorded.visit({"k": 2})


def test_another_resolution_is_refused():
    live = widgets.LiveFigure((4, 2), dpi=150)
    with pytest.raises(ValueError, match="150 dots per inch"):
        book.Book(widgets.Panel(live, lambda k: "", "Nothing", k=IntSlider(0, min=0, max=1)))


def test_a_wide_slider_gives_up_positions_but_not_its_ends_and_start():
    panel = small(w=FloatSlider(0.3, min=-5, max=5, step=0.1))
    chosen = states.grid(panel, 100, {"2.5"})
    labels = [label for label, _ in chosen["w"]]
    assert len(chosen["k"]) * len(labels) <= 100 and {"-5", "0.3", "2.5", "5"} <= set(labels)


def test_a_menu_that_moves_sliders_is_found():
    panel = small(w=IntSlider(1, min=0, max=9), preset=Dropdown(options=[("low", 1), ("high", 8)]))
    panel.sliders["preset"].observe(lambda change: setattr(panel.sliders["w"], "value", change["new"]), "value")
    hub, spots = states.presets(panel)
    assert hub == "preset" and [spot["w"] for spot in spots] == [1, 8] and panel.values() == panel._start
    data, _ = book.export(panel)
    assert data["linked"] and data["spots"].keys() == {"0", "1"} and data["menus"] == [2]


def test_pictures_lie_where_the_table_says():
    kept, rng = images.Pictures(80), np.random.default_rng(0)
    made = [rng.integers(0, 255, (5, 7, 3), dtype=np.uint8) for _ in range(300)]
    assert [kept(im) for im in made] == list(range(300)) and kept(made[3].copy()) == 3
    sheets, places = kept.sheets()
    for im, (sheet, x, y, width, height) in zip(made, places, strict=True):
        seen = Image.open(io.BytesIO(sheets[sheet])).convert("RGB").crop((x, y, x + width, y + height))
        assert (np.asarray(seen) == im).all()


def test_letters_keep_their_edges_and_take_fewer_bytes_than_as_a_photo():
    live = widgets.LiveFigure((4, 2))
    for k in range(12):
        live.fig.text(0.02 + k % 3 / 3, 0.05 + k // 3 / 4, "letters", size=14, color=f"C{k % 5}")
    live.picture()
    im = np.asarray(live._canvas.buffer_rgba())[..., :3].copy()
    made, photo = images.Pictures(62)._encode(im), images._webp(Image.fromarray(im), quality=62, method=5)
    seen = np.asarray(Image.open(io.BytesIO(made)).convert("RGB"))
    assert len(made) < len(photo) and np.abs(seen.astype(int) - im).mean() < 0.5


def test_every_panel_has_a_file_and_every_file_a_panel():
    wanted = {f"{name[:2]}-{panel}" for name, path in PATHS.items() for panel in export.stored_lines(path)}
    assert {path.stem for path in FILES} == wanted, "uv run python -m tools.notebooks run, for that notebook"


def test_panel_files_stay_small():
    sizes = {path.name: path.stat().st_size for path in export.PANELS.iterdir()}
    assert sum(sizes.values()) <= 9_000_000, sorted(sizes, key=sizes.get)[-5:]
    assert len(sizes) <= 3 * len(FILES)


def test_a_panel_file_comes_from_the_run_that_the_notebook_stores(nb, name):
    for panel, stored in export.stored_lines(PATHS[name]).items():
        path = export.PANELS / f"{name[:2]}-{panel}.js"
        data = book.read(path)
        assert data["lines"][data["states"][book.start_state(data)][0]] == stored, path.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_panel_file_is_whole(path):
    data, every = book.read(path), 1
    for control in data["controls"]:
        every *= len(control["stops"])
        assert len(set(control["stops"])) == len(control["stops"]), control["name"]
    assert len(data["states"]) == (len(data["index"]) if "index" in data else every)
    for numbers in (data["base"], *(state[1:] for state in data["states"])):
        assert max(numbers, default=0) < len(data["ops"])
    assert len(data["alt"]) > 5 and not [line for line in data["lines"] if re.search(r"\bnan\b|\$|\n\|", line)]
    for sheet in data["sheets"]:
        assert sheet.startswith("data:") or (export.PANELS / sheet.split("?")[0]).exists(), sheet


def test_a_page_keeps_texts_folds_and_links(nb, name, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "figure", lambda output, folder: "<img>")
    raw = json.loads(PATHS[name].read_text(encoding="utf-8"))
    made = stage.page(raw, name, {key[:2]: key for key in PATHS}, tmp_path, [("get it", "notebooks/x.ipynb")])
    assert len(made["cells"]) == len(raw["cells"])
    assert '<a href="notebooks/x.ipynb" download>get it</a>' in made["cells"][0]["source"]
    shown = [[output.get("name") for output in cell.get("outputs", [])] for cell in made["cells"]]
    assert not [names for names in shown if "stdout stdout" in " ".join(map(str, names))]
    text = json.dumps(made, ensure_ascii=False)
    assert text.count("<d2l-panel ") == len(notebooks.panels(nb)) and "●●●" not in text and "image/png" not in text
    folded = [cell for cell in raw["cells"] if cell["metadata"].get("jupyter", {}).get("source_hidden")]
    assert text.count('"hide-input"') == len(folded)
    assert text.count("<details>") >= len(list(notebooks.exercises(nb)))
    assert not [cell for cell in json.loads(stage.bare(raw))["cells"] if cell.get("outputs")]


def test_a_panel_without_a_file_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"99-explore_x: python -m tools\.site export 99"):
        stage.panel_html("99", {"source": "explore_x()", "outputs": []}, tmp_path, tmp_path)


def test_a_page_may_load_its_own_files_and_nothing_else():
    code = '<pre><span class="n">x</span><span class="o">=</span></pre>'
    page = finish.mended(f"<html><head></head><body><script>a()</script>{code}</body></html>")
    policy = re.search(r'content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    assert policy.count("'sha256-") == 1 and '<pre tabindex="0" class=n1>x<i class=o>=</i></pre>' in page


def test_matplotlib_draws_as_always_afterwards():
    panel = small()
    first = panel.image
    book.export(panel)
    assert panel.values() == panel._start and panel.figure.picture.__self__ is panel.figure
    assert Image.open(io.BytesIO(panel.figure.picture())).tobytes() == Image.open(io.BytesIO(first)).tobytes()


def test_a_picture_becomes_webp_in_the_size_of_the_notebook(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (200, 100), "red").save(picture, "PNG")
    output = {"data": {"image/png": base64.b64encode(picture.getvalue()).decode()},
              "metadata": {"image/png": {"width": 100, "alt": 'a "red" box'}}}
    tag = figures.figure(output, tmp_path)
    assert 'alt="a &quot;red&quot; box" width="100" height="50"' in tag and 'loading="lazy"' in tag
    (file,) = tmp_path.iterdir()
    assert Image.open(io.BytesIO(file.read_bytes())).size == (200, 100) and file.name in tag


def test_links_to_binder_and_colab_come_from_one_setting():
    assert [text for text, _ in build.links("01_tensors", "")] == ["download the notebook"]
    addresses = [address for _, address in build.links("01_tensors", "someone/course")]
    assert len(addresses) == 3 and all("someone/course" in address for address in addresses[1:])


def test_the_front_page_has_all_its_parts():
    text = (front.PAGES / "index.md").read_text(encoding="utf-8")
    assert set(re.findall(r"@(\w+)@", text)) == {"PANEL", "PANELS", "CARDS", "FIRST", "ENTRIES", "MORE"}
    assert export.PANELS.joinpath("-".join(front.LIVING) + ".js").exists()


def test_the_picture_at_the_top_of_the_readme_moves():
    text = (export.ROOT / "README.md").read_text(encoding="utf-8")
    alt, name = re.search(r"!\[(.{40,})\]\((\.github/\S+)\)", text.split("```")[0]).groups()
    with Image.open(export.ROOT / name) as picture:
        assert picture.n_frames > 10 and (export.ROOT / name).stat().st_size < 2e6 and "slider" in alt


def test_the_page_for_teachers_knows_every_notebook():
    text, pages = (front.PAGES / "teachers.md").read_text(encoding="utf-8"), front.read_all()
    assert "<!-- TABLE -->" in text and len(re.findall(r"^\*\*[^*]+\?\*\* ", text, re.M)) >= 15
    rows = front.takes(pages).splitlines()[2:]
    assert {re.search(r"\((\w+)\.ipynb\)", row)[1] for row in rows} == front.table().keys()
    assert all(re.fullmatch(r"\|[^|]+\| [^|]+ \| \d+ s \| [\d.]+ GB \|", row) for row in rows)
    stumbles = set(re.findall(r"^\| (\d\d) \|", text, re.M))
    assert stumbles == {name[:2] for name in pages}
    assert {name[:2] for name in pages} <= set(re.findall(r"\b\d\d\b", text.split("**A path of")[1].split("\n## ")[0]))


def test_each_key_term_with_a_chinese_name_is_in_the_glossary():
    pages = front.read_all()
    found = glossary.terms(pages)
    texts = {name: "\n".join("".join(cell["source"]) for cell in nb["cells"] if cell["cell_type"] == "markdown")
             for name, nb in pages.items()}
    for text in texts.values():
        for term in re.findall(r"\*\*([A-Za-z][^*\n]*[^*.\n])\*\* \([^)\n]*[\u4e00-\u9fff]", text):
            assert term.lower() in {name.lower() for name in found}, term
    for term, (chinese, sentence, name) in found.items():
        assert f"**{term}**" in texts[name] and chinese in sentence and sentence in texts[name]
    assert glossary.page(pages).count("<dt>") == len(found) > 100
