"""JupyterLab in headless Chromium: open a notebook, run it, move its sliders, look at it.

    python -m tools.lab notebooks/02_*.ipynb pictures/ [width]     one screenshot per cell, after Run All
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tools.notebooks import ROOT

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SETTINGS = {"apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},  # no toast
            "notebook-extension/tracker": {"windowingMode": "none"}}  # every cell stays in the page
CURRENT = "window.jupyterapp?.shell.currentWidget"
HANG = 1_800_000  # ms after which a page or kernel that does not answer counts as dead; nothing here is timed
IDLE = f"{CURRENT}?.sessionContext?.session?.kernel?.status === 'idle'"
ERRORS = (f"() => [...{CURRENT}.content.model.cells].flatMap((c, i) => (c.sharedModel.toJSON().outputs ?? [])"
          ".filter(o => o.output_type === 'error').map(o => `cell ${i}: ${o.ename}: ${o.evalue}`))")


def find_chromium():
    """Return the path of a Chromium or Chrome on this machine, or None."""
    names = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def serve():
    """Start JupyterLab on a copy of the notebooks; yield its address."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, socket.socket() as probe:
        tmp = Path(folder)
        shutil.copytree(ROOT / "notebooks", tmp / "nb", ignore=shutil.ignore_patterns("*.txt"))  # not the checkout
        shutil.copytree(ROOT / "benchmarks", tmp / "benchmarks", ignore=shutil.ignore_patterns("__pycache__"))
        for name, values in SETTINGS.items():
            file = tmp / f"settings/@jupyterlab/{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(values))
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        env = os.environ | {f"JUPYTER_{kind}_DIR": str(tmp / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
        external = tmp / "external"
        external.mkdir()
        env |= {"JUPYTERLAB_SETTINGS_DIR": str(tmp / "settings"), "IPYTHONDIR": str(tmp / "ipython"),
                "JUPYTERLAB_WORKSPACES_DIR": str(tmp / "workspaces")}
        with open(tmp / "server.log", "wb") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "tools.tether", sys.executable, "-m", "jupyter", "lab", "--no-browser",
                 "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
                 "--IdentityProvider.token=t", "--expose-app-in-browser", "--ServerApp.allow_external_kernels=True",
                 f"--ServerApp.external_connection_dir={external}", f"--ServerApp.root_dir={tmp / 'nb'}"],
                env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        try:
            while not _answers(f"{url}/api/status?token=t"):
                assert server.poll() is None, (tmp / "server.log").read_text()
                time.sleep(0.2)
            yield Server(url, external)
        finally:
            server.stdin.close()  # the tether ends the server and its kernels, as it would if this process died
            server.wait()


@dataclass
class Server:
    """A JupyterLab: its address, and the folder where it looks for kernels that others started."""

    url: str
    external: Path

    def put(self, name, nb):
        """Write a notebook into the folder that is served."""
        body = json.dumps({"type": "notebook", "content": nb}).encode()
        urllib.request.urlopen(urllib.request.Request(
            f"{self.url}/api/contents/{name}?token=t", body, method="PUT")).close()

    @contextlib.contextmanager
    def offer(self, connection_file):
        """Let the server know a running kernel; yield its id there."""
        info = json.loads(Path(connection_file).read_text()) | {"kernel_name": "python3"}
        known, file = self._kernels(), self.external / Path(connection_file).name
        file.with_suffix(".part").write_text(json.dumps(info))
        file.with_suffix(".part").rename(file)
        yield (self._kernels() - known).pop()
        file.unlink()
        self._kernels()  # the server forgets it

    def _kernels(self):
        with urllib.request.urlopen(f"{self.url}/api/kernels?token=t") as answer:
            return {kernel["id"] for kernel in json.load(answer)}


def _answers(address):
    try:
        urllib.request.urlopen(address, timeout=2).close()
    except OSError:
        return False
    return True


class Page:
    """One notebook in one browser tab."""

    def __init__(self, chromium, url, name, width=1280, height=900, kernel=None):
        self.page = chromium.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(HANG)
        self.page.goto(f"{url}/doc/tree/{name}?token=t&reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(IDLE)
        self.own = kernel is None
        if kernel:
            self.page.evaluate(f"id => {CURRENT}.sessionContext.changeKernel({{id}})", kernel)
            self.page.wait_for_function(f"id => {IDLE} && {CURRENT}.sessionContext.session.kernel.id === id",
                                        arg=kernel)

    def reload(self):
        """Save the notebook, press F5, wait for notebook and kernel."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        self.page.goto(self.page.url.replace("&reset", ""))
        self.page.reload()
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(IDLE)

    def restart(self):
        """Restart the kernel."""
        self.page.evaluate(f"() => {CURRENT}.sessionContext.session.kernel.restart()")
        self.page.wait_for_function(IDLE)

    def run_all(self):
        """Run every cell of the emptied notebook, wait for the kernel, return the errors."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        done = self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(IDLE)
        return [*self.page.evaluate(ERRORS), *([] if done else ["Run All was refused"])]

    def run(self, index):
        """Run one cell of the notebook, wait for the kernel, return the errors."""
        self.page.evaluate(f"i => {{ const book = {CURRENT}.content; book.deselectAll(); book.activeCellIndex = i }}",
                           index)
        done = self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
        self.page.wait_for_function(IDLE)
        return [*self.page.evaluate(ERRORS), *([] if done else ["running was refused"])]

    def cell(self, index):
        """Return the locator of a cell, scrolled into view."""
        self.page.evaluate(f"i => {CURRENT}.content.scrollToItem(i, 'start')", index)
        cell = self.page.locator(".jp-Notebook .jp-Cell").nth(index)
        cell.wait_for()
        return cell

    def press(self, cell, slider, *keys):
        """Press keys on the slider of a cell and wait until the picture has changed."""
        picture = cell.locator(".jp-OutputArea img").first
        before, handle = picture.get_attribute("src"), cell.locator(".noUi-handle").nth(slider)
        for key in keys:
            handle.press(key)
        self.page.wait_for_function("([e, s]) => e.querySelector('.jp-OutputArea img')?.src !== s",
                                    arg=[cell.element_handle(), before])
        self.settle()
        return picture.get_attribute("src")

    def settle(self):
        """Wait until the kernel has nothing more to do: the page holds back a slider's value while it is busy."""
        for _ in range(4):
            self.page.wait_for_function(IDLE)
            self.page.wait_for_timeout(75)

    def close(self):
        """Stop the kernel unless it came from outside, close the tab."""
        if self.own:
            self.page.evaluate(f"() => {CURRENT}.sessionContext.shutdown()")
        self.page.close()


def main(name, folder, width=1280):
    """Run a notebook in the browser and write a picture of every cell."""
    from playwright.sync_api import sync_playwright

    Path(folder).mkdir(parents=True, exist_ok=True)
    with serve() as server, sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=find_chromium(), args=CHROMIUM)
        page = Page(chromium, server.url, Path(name).name, int(width), height=1500)
        print("errors:", page.run_all())
        for index in range(page.page.evaluate(f"() => {CURRENT}.content.widgets.length")):
            page.cell(index)
            page.page.wait_for_timeout(150)
            page.cell(index).screenshot(path=Path(folder) / f"{index:03d}.png")
        page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
