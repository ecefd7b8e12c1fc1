"""Two more browsers as Debian has them: Firefox, which answers WebDriver BiDi itself, and WebKit with its driver."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket  # of JupyterLab's server

SILENT = 600  # seconds after which a browser that says nothing counts as dead; nothing is timed
SETTINGS = {"app.update.enabled": False, "datareporting.policy.dataSubmissionEnabled": False,
            "browser.shell.checkDefaultBrowser": False, "network.captive-portal-service.enabled": False,
            "network.connectivity-service.enabled": False, "toolkit.telemetry.enabled": False}


WEBKIT = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"


@contextlib.contextmanager
def firefox(width=1280):
    """Start Firefox in the background; yield its one `FirefoxTab`, None where there is no Firefox."""
    path = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
    if path is None:
        yield None
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        with open(f"{profile}/user.js", "w", encoding="utf-8") as file:
            file.writelines(f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in SETTINGS.items())
        command = [path, "--headless", "--remote-debugging-port", "0", "--profile", profile, f"--width={width}"]
        browser = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            said = (re.search(r"BiDi listening on (ws:\S+)", line) for line in browser.stderr)
            address = next(found[1] for found in said if found)
            with contextlib.closing(FirefoxTab(f"{address}/session")) as tab:
                yield tab
        finally:
            browser.terminate()
            browser.wait(SILENT)
            browser.stderr.close()


@contextlib.contextmanager
def webkit():
    """Start WebKit on a screen that nobody sees; yield its one `WebKitTab`, None where it is not installed."""
    browser = next(iter(sorted(Path("/").glob(WEBKIT[1:]))), None)
    if browser is None or not all(map(shutil.which, ("WebKitWebDriver", "xvfb-run"))):
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    driver = subprocess.Popen(["xvfb-run", "-a", "WebKitWebDriver", f"--port={port}"], start_new_session=True, **quiet)
    try:
        tab = WebKitTab(f"http://127.0.0.1:{port}", str(browser))
        yield tab
        tab.close()
    finally:
        os.killpg(driver.pid, 15)
        driver.wait(SILENT)


class FirefoxTab:
    """A page in Firefox.

    Attributes
    ----------
    said : list of str
        What went wrong on the pages so far: console messages above "info", exceptions.
    """

    def __init__(self, address):
        self._line, self._count, self.said = websocket.create_connection(address, SILENT, suppress_origin=True), 0, []
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        self.context = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def close(self):
        """Hang up."""
        self._line.close()

    def goto(self, address):
        """Open an address and wait until it is loaded."""
        self._ask("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def evaluate(self, function):
        """Return what a JavaScript function without arguments returns, as plain values; promises are awaited."""
        got = self._ask("script.evaluate", expression=f"(async () => JSON.stringify(await ({function})()))()",
                        target={"context": self.context}, awaitPromise=True)
        assert got["type"] == "success", got
        return json.loads(got["result"].get("value", "null"))

    def press(self, *keys):
        """Press keys, given as BiDi writes them: \ue014 is the right arrow."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("input.performActions", context=self.context,
                  actions=[{"type": "key", "id": "keys", "actions": actions}])

    def _ask(self, method, **params):
        self._count += 1
        self._line.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            got = json.loads(self._line.recv())
            if got.get("type") == "event" and got["params"].get("level") in ("warn", "error"):
                self.said.append(got["params"]["text"])
            if got.get("id") == self._count:
                assert got["type"] == "success", got
                return got["result"]


class WebKitTab:
    """A page in WebKit; as `FirefoxTab`, but its driver does not tell what went wrong on a page."""

    def __init__(self, address, browser):
        self._address, self.said = address, []
        options = {"binary": browser, "args": ["--automation"]}
        wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        for attempt in range(SILENT):
            try:
                self._address += f"/session/{self._ask('session', **wanted)['sessionId']}"
                break
            except OSError:  # the driver does not listen yet
                if attempt == SILENT - 1:
                    raise
                time.sleep(1)
        self._ask("timeouts", script=1000 * SILENT, pageLoad=1000 * SILENT)

    def close(self):
        """End the browser."""
        self._ask(method="DELETE")

    def goto(self, address):
        """Open an address and wait until it is loaded."""
        self._ask("url", url=address)

    def evaluate(self, function):
        """Return what a JavaScript function without arguments returns, as plain values; promises are awaited."""
        script = f"const done = arguments[0]; ({function})().then(done, error => done('' + error));"
        return self._ask("execute/async", script=script, args=[])

    def press(self, *keys):
        """Press keys."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("actions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def _ask(self, command="", method="POST", **values):
        request = urllib.request.Request(f"{self._address}/{command}".rstrip("/"), json.dumps(values).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=2 * SILENT) as got:
            return json.load(got)["value"]
