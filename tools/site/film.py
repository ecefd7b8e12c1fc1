"""Film the first page's panel: the moving picture at the top of the README.

    uv run --group site python -m tools.site film OUT .github/course.webp     # OUT: a folder that `build` has filled
"""

import io
import os
import shutil
from pathlib import Path

from PIL import Image

BROWSERS = "chromium", "google-chrome", "google-chrome-stable", "chrome"
PACE, HOLD = 160, 1600  # ms that a picture stays, and the last one


def film(out, target):
    """Move the learning rate of the first page's panel through all its places, there and back.

    Parameters
    ----------
    out : str or pathlib.Path
        A built site.
    target : str or pathlib.Path
        Gets an animated WebP, 760 pixels wide.

    Raises
    ------
    SystemExit
        Where no Chromium or Chrome is found.
    """
    from playwright.sync_api import sync_playwright  # of the dev group, as the browser tests

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("No Chromium or Chrome is here to film with.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"] * (os.name == "posix"))
        page = chromium.new_page(viewport={"width": 1280, "height": 1000})
        page.goto((Path(out).resolve() / "index.html").as_uri())
        panel = page.locator("d2l-panel.live").first
        panel.wait_for()
        slider = panel.locator("input[type=range]").first
        last = int(slider.get_attribute("max"))
        slider.focus()
        page.keyboard.press("Home")
        frames = []
        for key in ["ArrowRight"] * last + ["ArrowLeft"] * (last // 3):
            page.keyboard.press(key)
            page.wait_for_timeout(60)
            frames.append(Image.open(io.BytesIO(panel.screenshot())).convert("RGB"))
        chromium.close()
    size = 760, round(760 * frames[0].height / frames[0].width)
    frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames if frame.size == frames[0].size]
    pauses = [PACE] * (len(frames) - 1) + [HOLD]
    frames[0].save(target, save_all=True, append_images=frames[1:], duration=pauses, loop=0, quality=70, method=6)
    print(f"{target}: {len(frames)} pictures, {Path(target).stat().st_size / 1e6:.2f} MB")
