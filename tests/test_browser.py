"""A learner's hands: JupyterLab in Chromium, Run All, every slider of every panel, Reset."""

from pathlib import Path

import nbformat
import pytest

from tools import lab, notebooks

FIRST_LOOK = ("e => [...e.querySelectorAll('.jp-OutputArea img')]"
              ".every(i => i.getBoundingClientRect().right <= innerWidth)")
PANEL = """
import ipywidgets
from d2lhelpers import widgets
figure = widgets.LiveFigure((6, 2))
ax = figure.fig.subplots()
ax.set(xlim=(0, 1), ylim=(0, 9))
(line,) = figure.live(*ax.plot([0, 1], [0, 1]))

def update(lr, steps):
    line.set_ydata([0, lr * steps])
    return f"ends at **{lr * steps:g}**<br>after `{steps}`\\n\\n| lr |\\n|---|\\n| {lr} |"
widgets.Panel(figure, update, "A line.", play="steps", lr=widgets.log_slider(0.5, 0.01, 1),
              steps=ipywidgets.IntSlider(2, max=9))
"""
COUNT = f"""() => {{
  window.pictures = [];
  {lab.CURRENT}.sessionContext.session.kernel.anyMessage.connect((_, {{msg, direction}}) => {{
    if (direction === 'recv' && (msg.header.msg_type.includes('display_data')
                                 || JSON.stringify(msg.content).includes('base64'))) pictures.push(msg.header.msg_type);
  }});
}}"""


@pytest.fixture
def small(chromium, server):
    """A notebook of one panel, in a tab and a kernel of its own; its cell has run."""
    server.put("small.ipynb", nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PANEL)], metadata={
        "kernelspec": {"name": "python3", "display_name": "Python 3"}}))
    page = lab.Page(chromium, server.url, "small.ipynb")
    assert page.run(0) == []
    page.cell(0).locator(".d2l-picture, .jp-RenderedImage img").first.wait_for()
    page.settle()
    yield page
    page.close()


def shown(page):
    """Return the alternative text of the picture that is seen, and the first words of the line that is seen."""
    cell = page.cell(0)
    picture = cell.locator(".jp-OutputArea img").filter(visible=True)
    line = cell.locator(".d2l-line, .jp-RenderedMarkdown").filter(visible=True)
    assert picture.count() == line.count() == 1, "one picture, live or stored"
    return picture.get_attribute("alt"), line.inner_text().split("\n")[0]


@pytest.fixture
def lab_page(name, live, chromium, server):
    """The notebook in a tab, connected to the kernel in which its cells have run."""
    with server.offer(live.kernel.km.connection_file) as kernel:
        page = lab.Page(chromium, server.url, f"{name}.ipynb", kernel=kernel)
        yield page
        page.close()


def test_run_all(chromium, server):
    page = lab.Page(chromium, server.url, "01_tensors.ipynb")
    assert page.run_all() == []
    page.close()


def test_a_panel_lives_on_after_a_reload(small):
    assert shown(small) == ("A line. ends at 1 after 2 lr 0.5", "ends at 1")
    small.press(small.cell(0), 0, "End")
    small.reload()
    assert shown(small)[1] == "ends at 2"
    small.press(small.cell(0), 1, "End")
    alt, line = shown(small)
    assert line == "ends at 9" and line in alt
    small.cell(0).get_by_role("button", name="Reset").click()
    small.settle()
    assert shown(small)[1] == "ends at 1"


def test_a_panel_whose_kernel_has_ended_says_what_to_do(small):
    from playwright.sync_api import expect
    small.press(small.cell(0), 0, "End")
    small.restart()
    dead = small.cell(0).locator(".d2l-live.jupyter-widgets-disconnected")
    dead.wait_for()
    assert "Run All Above" in dead.evaluate("e => getComputedStyle(e, '::before').content")
    expect(dead.locator(".d2l-line")).to_be_hidden()
    small.reload()
    small.cell(0).get_by_text("model not found").wait_for()
    assert shown(small) == (None, "ends at 1"), "the stored picture is back"
    assert small.run(0) == []
    small.cell(0).locator(".d2l-picture").wait_for()
    small.press(small.cell(0), 0, "End")
    assert shown(small)[1] == "ends at 2"


def test_a_change_is_one_message(small):
    small.page.evaluate(COUNT)
    for turn in range(1, 4):
        small.press(small.cell(0), turn % 2, "ArrowRight")
        assert small.page.evaluate("pictures") == ["comm_msg"] * turn


def test_a_panel_speaks_and_keeps_its_keys(small):
    cell = small.cell(0)
    names = "handles => handles.map(e => [e.getAttribute('aria-label'), e.getAttribute('aria-valuetext')])"
    assert cell.locator(".noUi-handle").evaluate_all(names) == [["lr", "0.5"], ["steps", "2"]]
    small.press(cell, 0, "End")
    assert cell.locator(".noUi-handle").evaluate_all(names)[0] == ["lr", "1"]
    assert cell.locator(".d2l-panel button").evaluate_all("all => all.filter(e => !e.title && !e.innerText)") == []
    assert cell.locator("[aria-live=polite] .d2l-line").count() == 1 and cell.locator(".d2l-line td").count() == 1
    for key in "dda":
        cell.locator(".noUi-handle").first.press(key)
    small.settle()
    assert small.page.locator(".jp-Cell").count() == 1, "keys pressed on a slider do not reach the notebook"


def test_move_every_slider(name, nb, lab_page, shots):
    from playwright.sync_api import expect
    cells = notebooks.panel_cells(nb)
    assert len(cells) == len(notebooks.panels(nb))
    for index in cells:
        assert lab_page.run(index) == []
        cell = lab_page.cell(index)
        picture = cell.locator(".jp-OutputArea img").first
        picture.wait_for()
        line = cell.locator(".d2l-line")
        line.wait_for()
        first, words, start = picture.get_attribute("src"), line.inner_text(), _values(cell)
        for slider in range(cell.locator(".noUi-handle").count()):
            lab_page.press(cell, slider, "Home" if _at_end(cell, slider) else "End")
        if shots:
            Path(shots).mkdir(parents=True, exist_ok=True)
            cell.screenshot(path=Path(shots) / f"{name}-{index}.png")
        for _ in range(3):
            cell.get_by_role("button", name="Reset").click()
            lab_page.settle()
            if _values(cell) == start:  # only a slider whose held-back value was sent after Reset excuses another click
                break
        expect(picture, "the first bytes after Reset").to_have_attribute("src", first, timeout=lab.HANG)
        expect(line, "the first line after Reset").to_have_text(words, use_inner_text=True, timeout=lab.HANG)
        assert " ".join(words.split()) in " ".join(picture.get_attribute("alt").split()), "the text for the blind"


def _values(cell):
    return cell.locator(".noUi-handle").evaluate_all("handles => handles.map(h => h.getAttribute('aria-valuenow'))")


def _at_end(cell, slider):
    handle = cell.locator(".noUi-handle").nth(slider)
    return handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")


def test_pictures_fit_a_narrow_window(name, nb, chromium, server):
    page = lab.Page(chromium, server.url, f"{name}.ipynb", width=800)
    for index, cell in enumerate(nb.cells):
        if any(kind.startswith("image/") for output in cell.get("outputs", []) for kind in output.get("data", {})):
            assert page.page.evaluate(FIRST_LOOK, page.cell(index).element_handle()), f"cell {index}"
    page.close()
