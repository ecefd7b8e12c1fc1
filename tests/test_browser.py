"""A learner's hands: JupyterLab in Chromium, Run All, every slider of every panel, Reset."""

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
        first, words, start = picture.get_attribute("src"), line.inner_text(), _values(cell)
        running = cell.get_by_role("button", name="Train").count()
        for slider in range(0 if running else cell.locator(".noUi-handle").count()):
            page.press(cell, slider, "Home" if _at_end(cell, slider) else "End")
        if shots:
            Path(shots).mkdir(parents=True, exist_ok=True)
            cell.screenshot(path=Path(shots) / f"{name}-{index}.png")
        for _ in range(3):
            cell.get_by_role("button", name="Reset").click()
            try:
                expect(picture).to_have_attribute("src", first, timeout=60_000)  # the same bytes
                break
            except AssertionError:  # only a slider whose held-back value was sent after Reset excuses another click
                if _values(cell) == start:
                    raise
        expect(picture).to_have_attribute("src", first)
        expect(line).to_have_text(words, use_inner_text=True)
    page.close()


def _values(cell):
    return cell.locator(".noUi-handle").evaluate_all("handles => handles.map(h => h.getAttribute('aria-valuenow'))")


def _at_end(cell, slider):
    handle = cell.locator(".noUi-handle").nth(slider)
    return handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")


def test_pictures_fit_a_narrow_window(name, nb, chromium, lab_url):
    page = lab.Page(chromium, lab_url, f"{name}.ipynb", width=800)
    for index, cell in enumerate(nb.cells):
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
            assert page.page.evaluate(FIRST_LOOK, page.cell(index).element_handle()), f"cell {index}"
    page.close()
