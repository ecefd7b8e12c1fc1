"""A learner's hands: JupyterLab in Chromium, Run All, every slider of every panel, Reset."""

import contextlib
from pathlib import Path

from tests import lab, notebooks

FIRST_LOOK = ("e => [...e.querySelectorAll('.jp-OutputArea img')]"
              ".every(i => i.getBoundingClientRect().right <= innerWidth)")


def test_run_all_and_move_every_slider(name, nb, chromium, lab_url, shots):
    from playwright.sync_api import expect
    page = lab.Page(chromium, lab_url, f"{name}.ipynb")
    assert page.run_all() == []
    cells = [i for i, cell in enumerate(nb.cells) if cell.source.rstrip().endswith("()")
             and cell.source.rstrip().splitlines()[-1].startswith("explore_")]
    assert len(cells) == len(notebooks.panels(nb))
    for index in cells:
        cell = page.cell(index)
        picture = cell.locator(".jp-OutputArea img").first
        picture.wait_for()
        line = cell.locator(".jp-OutputArea .jp-RenderedMarkdown").first
        line.wait_for()
        first, words = picture.get_attribute("src"), line.inner_text()
        running = cell.get_by_role("button", name="Train").count()
        for slider in range(0 if running else cell.locator(".noUi-handle").count()):
            page.press(cell, slider, "Home" if _at_end(cell, slider) else "End")
        if shots:
            Path(shots).mkdir(parents=True, exist_ok=True)
            cell.screenshot(path=Path(shots) / f"{name}-{index}.png")
        for seconds in 5, 20, 60:  # the page may hold back a slider's last value and send it after Reset: click again
            cell.get_by_role("button", name="Reset").click()
            with contextlib.suppress(AssertionError if seconds < 60 else ()):
                expect(picture).to_have_attribute("src", first, timeout=1000 * seconds)  # the same bytes
                expect(line).to_have_text(words, use_inner_text=True)
                break
    page.close()


def _at_end(cell, slider):
    handle = cell.locator(".noUi-handle").nth(slider)
    return handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")


def test_pictures_fit_a_narrow_window(name, nb, chromium, lab_url):
    page = lab.Page(chromium, lab_url, f"{name}.ipynb", width=800)
    for index, cell in enumerate(nb.cells):
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
            assert page.page.evaluate(FIRST_LOOK, page.cell(index).element_handle()), f"cell {index}"
    page.close()
