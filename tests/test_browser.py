"""A learner's hands: JupyterLab in Chromium, Run All, every slider of every panel, Reset."""

from pathlib import Path

import pytest

from tools import lab, notebooks

FIRST_LOOK = ("e => [...e.querySelectorAll('.jp-OutputArea img')]"
              ".every(i => i.getBoundingClientRect().right <= innerWidth)")


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


def test_move_every_slider(name, nb, lab_page, shots):
    from playwright.sync_api import expect
    cells = notebooks.panel_cells(nb)
    assert len(cells) == len(notebooks.panels(nb))
    for index in cells:
        assert lab_page.run(index) == []
        cell = lab_page.cell(index)
        picture = cell.locator(".jp-OutputArea img").first
        picture.wait_for()
        line = cell.locator(".jp-OutputArea .jp-RenderedMarkdown").first
        line.wait_for()
        first, words, start = picture.get_attribute("src"), line.inner_text(), _values(cell)
        running = cell.get_by_role("button", name="Train").count()
        for slider in range(0 if running else cell.locator(".noUi-handle").count()):
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
