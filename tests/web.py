"""What the tests of the site share: a small server, the links of a folder of pages, axe-core."""

import contextlib
import functools
import gzip
import hashlib
import http.server
import io
import shutil
import subprocess
import tarfile
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.site.export import ROOT

AXE = "4.14.1", "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"  # version, SHA-256 of its archive
PACKED = ".html", ".js", ".css", ".svg"  # what a static host sends compressed


class _Host(http.server.SimpleHTTPRequestHandler):
    """Serves files as a static host does: texts compressed, connections kept open."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.suffix not in PACKED or not path.is_file():
            return super().send_head()
        content = _packed(path, path.stat().st_mtime)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)


@functools.lru_cache(512)
def _packed(path, _):
    return gzip.compress(path.read_bytes(), 6)


@contextlib.contextmanager
def serve(folder):
    """Serve a folder on this machine alone; yield its address."""
    handler = functools.partial(_Host, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.images = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id") or attributes.get("name"))
        self.links += [attributes[key] for key in ("href", "src") if attributes.get(key)]
        self.images += [attributes] if tag == "img" else []


def faults(root):
    """Return what is wrong with the links and pictures of a folder of pages, list of str."""
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in root.rglob("*.html")}
    wrong = []
    for path, page in pages.items():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme in ("http", "https", "data", "mailto") or link.startswith("//"):
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            if not target.exists():
                wrong.append(f"{path.name}: {link} is not there")
            elif address.fragment and target in pages and unquote(address.fragment) not in pages[target].ids:
                wrong.append(f"{path.name}: {link} has no such place")
        wrong += [f"{path.name}: a picture without text or size: {image.get('src')}" for image in page.images
                  if "alt" not in image or not image.get("width") or not image.get("height")]
    return wrong


def axe():
    """Return the source of axe-core, from build/ or the npm registry; None where neither has it.

    It stays out of the repository: its licence (MPL-2.0) is another one.
    """
    version, digest = AXE
    archive = ROOT / f"build/axe-core-{version}.tgz"
    if not archive.exists():
        archive.parent.mkdir(exist_ok=True)
        npm = shutil.which("npm")
        if npm is None or subprocess.run([npm, "pack", "--silent", f"axe-core@{version}"], cwd=archive.parent,
                                         capture_output=True).returncode:
            return None
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == digest, "not the axe-core that was asked for"
    with tarfile.open(archive) as tar:
        return tar.extractfile("package/axe.min.js").read().decode()
