"""`course` in an empty folder, until the first notebook is on the screen; and a key on a slider until it is painted."""

import socket
import statistics
import subprocess
import sys
import tempfile
import time

from tools import lab, notebooks

CHANGED = """() => new Promise(done => {
  const area = document.querySelector('.d2l-watched'), before = performance.now();
  new MutationObserver((_, self) => requestAnimationFrame(() => {
    self.disconnect();
    done(performance.now() - before) }))
    .observe(area, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']}) })"""


def first_page(chromium):
    """Return the seconds from the command to a page whose cells can be read."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        start = time.perf_counter()
        server = subprocess.Popen([sys.executable, "-m", "tools.tether", sys.executable, "-c",
                                   "from d2lhelpers.__main__ import course; course()", f"--folder={folder}/mine",
                                   "--no-browser", f"--port={port}", "--IdentityProvider.token=t"], cwd=notebooks.ROOT,
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not lab._answers(f"http://127.0.0.1:{port}/api/status?token=t"):
                time.sleep(0.05)
            page = chromium.new_page()
            page.goto(f"http://127.0.0.1:{port}/lab/tree/{notebooks.PATHS[0].name}?token=t")
            page.wait_for_selector(".jp-Notebook .jp-Cell")
            seconds = time.perf_counter() - start
            page.close()
            return seconds
        finally:
            server.stdin.close()
            server.wait()


def key_to_paint(chromium, number="02", moves=40):
    """Return the milliseconds from a key on the first slider of a notebook to the painted picture, a list."""
    path = next(path for path in notebooks.PATHS if path.name.startswith(number))
    with lab.serve() as server:
        page = lab.Page(chromium, server.url, path.name)
        assert not page.run_all()
        cell = page.cell(notebooks.panel_cells(notebooks.read(path))[0])
        cell.evaluate("cell => cell.classList.add('d2l-watched')")
        handle, times = cell.locator(".noUi-handle").first, []
        handle.focus()
        for i in range(moves):
            wait = page.page.evaluate_handle(f"() => {{ window.waited = ({CHANGED})() }}")
            page.page.keyboard.press("ArrowRight" if i < moves // 2 else "ArrowLeft")
            times.append(page.page.evaluate("() => window.waited"))
            wait.dispose()
            page.page.wait_for_timeout(80)
        page.close()
    return times


def main(rounds=3):
    """Return the lines."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=lab.find_chromium(), args=lab.CHROMIUM)
        opened = [first_page(chromium) for _ in range(rounds)]
        times = sorted(key_to_paint(chromium))
    return [f"`course` in an empty folder to the first readable page: median {statistics.median(opened):.1f} s "
            f"({min(opened):.1f} to {max(opened):.1f}, {rounds} times); goal 10 s",
            f"key on 02's first slider to the painted picture: median {statistics.median(times):.0f} ms, "
            f"p95 {times[int(0.95 * (len(times) - 1))]:.0f} ms of {len(times)}; goal 65 ms"]
