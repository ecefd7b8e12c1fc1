"""Data: where files are looked for, every way a download goes wrong, and what the loaders return."""

import errno
import gzip
import hashlib
import http.server
import io
import logging
import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit as files_urlsplit

import numpy as np
import pytest
import torch

from d2lhelpers import data, files, standins

REAL = Path(__file__).resolve().parents[2] / "shared/data"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the original files are not on this machine")
SHIPPED = files.ROOT, files.TIMEOUT  # before a test changes them
BODY = np.random.default_rng(0).bytes(200_000)
SHA256 = hashlib.sha256(BODY).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers /good, /cut (half of what is asked), /cut-once, /whole (no ranges), /wrong, /slow, /busy, /limit."""

    def do_GET(self):
        web, wanted = self.server.web, self.headers.get("Range")
        web.requests.append((self.path, wanted))
        how = self.path.split("/")[1]
        if how == "slow":
            web.over.wait(5)
            return
        body, start = web.bodies.get(how, BODY), 0
        if how in ("busy", "limit"):
            return self.send_error({"busy": 503, "limit": 429}[how])
        if how not in ("good", "cut", "cut-once", "whole", "wrong", *web.bodies):
            return self.send_error(404)
        if wanted and how != "whole":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        time.sleep(web.pause)
        cut = how == "cut" or (how == "cut-once" and not wanted)
        sent = body[start:(start + len(body)) // 2 if cut else None]
        self.wfile.write(b"x" * len(sent) if how == "wrong" else sent)

    def log_message(self, *_):
        pass


@pytest.fixture
def web(monkeypatch):
    """Serve on this machine; `requests` lists (path, Range) of what was asked for."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    web = server.web = SimpleNamespace(requests=[], pause=0, over=threading.Event(),
                                       bodies={"portal": b"<html>Log in to this network</html>"},
                                       url=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield web
    web.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """A repository and a cache of its own for every test, and no settings."""
    for name in ("D2L_DATA_DIR", "D2L_OFFLINE", "D2L_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(files, "ROOT", tmp_path / "repository")
    monkeypatch.setattr(files, "TIMEOUT", 0.3)
    monkeypatch.setattr(files, "_failed", {})
    monkeypatch.setattr("pooch.os_cache", lambda _: tmp_path / "cache")
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository/pyproject.toml").touch()
    return SimpleNamespace(ours=tmp_path / "repository/data", cache=tmp_path / "cache", tmp=tmp_path)


@pytest.fixture
def registered(monkeypatch):
    """Replace the registry: registered("set/file.bin", address, …) makes it hold this one file."""
    def register(name, *urls, sha256=(SHA256,)):
        monkeypatch.setattr(files, "registry", lambda: {name: (list(sha256), list(urls))})
    return register


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(folder):
    """Return the names of all files below a folder, apart from lock files."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")
                  if path.is_file() and path.suffix != ".lock")


# Where files are looked for

def test_folders_are_searched_in_order(places, registered, monkeypatch):
    registered("set/file.bin")
    first, second = places.tmp / "one", places.tmp / "two"
    put(first, "other.bin", b"")
    copies = [put(folder, "set/file.bin", BODY) for folder in (second, places.ours, places.cache)]
    monkeypatch.setenv("D2L_DATA_DIR", os.pathsep.join(map(str, (first, places.tmp / "none", second))))
    for copy in copies:
        assert files.fetch("set/") == ([copy], "local files")
        copy.unlink()
    with pytest.raises(files.Missing, match="no public address"):
        files.fetch("set/")


def test_no_setting_and_a_folder_named_from_the_repository(places, registered, monkeypatch):
    registered("set/file.bin")
    copy = put(places.tmp / "repository/mine", "set/file.bin", BODY)
    monkeypatch.setenv("D2L_DATA_DIR", "")
    assert files.folders() == [places.ours, places.cache]
    monkeypatch.setenv("D2L_DATA_DIR", "mine")                      # a notebook's own folder has no "mine"
    assert files.fetch("set/") == ([copy], "local files")
    (places.tmp / "repository/pyproject.toml").unlink()             # installed, not a checkout
    assert files.folders() == [copy.parents[1], places.cache]


def test_what_is_shipped():
    assert (Path(files.__file__).resolve().parents[1], 10) == SHIPPED


def test_a_relative_folder_counts_from_where_one_is(places, registered, monkeypatch):
    registered("set/file.bin")
    put(places.tmp / "here/mine", "set/file.bin", BODY)
    monkeypatch.chdir(places.tmp / "here")
    monkeypatch.setenv("D2L_DATA_DIR", "mine")
    assert files.fetch("set/") == ([Path("mine/set/file.bin")], "local files")


def test_a_folder_whose_name_ends_in_a_quotation_mark(places, registered, monkeypatch):
    registered("set/file.bin")
    copy = put(places.tmp / "data'", "set/file.bin", BODY)
    monkeypatch.setenv("D2L_DATA_DIR", str(places.tmp / "data'"))
    assert files.fetch("set/") == ([copy], "local files")


def test_a_file_that_may_not_be_read_is_passed_over(places, registered, monkeypatch):
    registered("set/file.bin")
    put(places.ours, "set/file.bin", BODY)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, how: path.suffix != ".bin" and access(path, how))
    assert files.local("set/file.bin") is None


def test_a_damaged_copy_is_reported_and_replaced(places, registered, web, capsys):
    registered("set/file.bin", f"{web.url}/good")
    copy = put(places.ours, "set/file.bin", BODY[:-1])
    assert files.fetch("set/") == ([copy], "downloaded") and copy.read_bytes() == BODY
    assert capsys.readouterr().out.startswith("file.bin is damaged or incomplete")


def test_a_damaged_copy_does_not_hide_a_good_one(places, registered, capsys):
    registered("set/file.bin")
    put(places.ours, "set/file.bin", BODY[:-1])
    good = put(places.cache, "set/file.bin", BODY)
    assert files.fetch("set/") == ([good], "local files")
    assert "file.bin is damaged" in capsys.readouterr().out


def test_an_unpacked_file_will_do(places, registered):
    registered("set/file.gz", sha256=("0" * 64, SHA256))
    copy = put(places.ours, "set/file", BODY)
    assert files.fetch("set/") == ([copy], "local files")


def test_unknown_name():
    with pytest.raises(ValueError, match=r"weights/nonet.*weights/squeezenet1_1\.pth"):
        data.load_weights("nonet")
    with pytest.raises(ValueError, match=r"'mona_lisa': choose from starry_night, .*chelsea"):
        data.load_image("mona_lisa")
    with pytest.raises(ValueError, match="No data file starts with 'zzz'; there are: MNIST") as every:
        files.fetch("zzz")
    with pytest.raises(ValueError, match="there are: weights/squeezenet") as near:
        files.fetch("weights/zzz")
    assert "poems" in str(every.value) and "poems" not in str(near.value)


# Data folders as people make them

@pytest.mark.parametrize("written, words", [
    ("nowhere", "'nowhere', which is not there: correct it"),
    ("set/file.bin", "'file.bin', which is a file: name the folder"),
    ("set", "'set', which is one level too deep: name the folder above"),
    (".", "one level too high: name 'data'"), ("other", "'other', which holds none of the course's sets")])
def test_an_entry_that_cannot_be_meant_is_named(places, registered, monkeypatch, capsys, written, words):
    registered("set/file.bin")
    put(places.tmp, "top/data/set/file.bin", BODY)
    put(places.tmp, "top/data/other/notes.txt", b"")
    entry = places.tmp / "top" if written == "." else places.tmp / "top/data" / written
    monkeypatch.setenv("D2L_DATA_DIR", str(entry))
    with pytest.raises(files.Missing):
        files.fetch("set/")
    said = capsys.readouterr().out
    assert words in said and said.count("\n") == 1 and str(places.tmp) not in said
    assert files.problems() == [said.strip()]


@pytest.mark.parametrize("form", ["'{}'", '"{}"', " {} ", "{}/", "{}"])
def test_quotation_marks_and_blanks_are_no_part_of_an_entry(places, registered, monkeypatch, form):
    registered("set/file.bin")
    copy = put(places.tmp / "my data’s 数据", "set/file.bin", BODY)
    monkeypatch.setenv("D2L_DATA_DIR", form.format(copy.parents[1]))
    assert files.fetch("set/") == ([copy], "local files") and files.problems() == []


def test_an_empty_folder_is_for_downloads(places, registered, web, monkeypatch):
    registered("set/file.bin", f"{web.url}/good")
    (places.tmp / "new").mkdir()
    monkeypatch.setenv("D2L_DATA_DIR", str(places.tmp / "new"))
    assert files.problems() == [] and files.fetch("set/")[0] == [places.tmp / "new/set/file.bin"]


@pytest.mark.parametrize("path", [
    "MNIST/raw/t10k-labels-idx1-ubyte", "MNIST/raw/t10k-labels.idx1-ubyte", "MNIST/t10k-labels.idx1-ubyte",
    "mnist/t10k-labels-idx1-ubyte.gz", "MNIST/t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte",
    "mnist-dataset/t10k-labels.idx1-ubyte"])
def test_other_usual_names(places, registered, path):
    registered("MNIST/raw/t10k-labels-idx1-ubyte.gz")
    copy = put(places.ours, path, BODY)
    assert files.fetch("MNIST/") == ([copy], "local files")


def test_what_systems_leave_in_a_folder_does_not_count(places, registered, monkeypatch, capsys):
    from PIL import Image
    folder = places.ours / "trashnet/dataset-resized"
    for name in ("glass/glass1.jpg", "paper/paper1.jpg", "paper/paper2.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9)).save(folder / name)
    registered("trashnet/dataset-resized", sha256=(files.digest(folder),))
    for junk in ("glass/._glass1.jpg", "glass/Thumbs.db", ".DS_Store", "glass/.ipynb_checkpoints/glass1-checkpoint.jpg",
                 "paper/desktop.ini", "__MACOSX/glass/x.jpg", ".hidden/a.jpg"):
        put(folder, junk, b"no picture")
    photos = data.load_trashnet(size=8)
    assert photos.names == ["glass/glass1.jpg", "paper/paper1.jpg", "paper/paper2.jpg"]
    assert capsys.readouterr().out == "TrashNet: local files.\n"
    folder.rename(folder.with_name("once"))
    folder.mkdir()
    (places.ours / "trashnet/once").rename(folder / "dataset-resized")  # unpacked into a folder of its name
    assert len(data.load_trashnet(size=8)) == 3
    (folder / "dataset-resized/paper/paper2.jpg").unlink()              # half a copy
    monkeypatch.setenv("D2L_OFFLINE", "1")
    data.load_trashnet(size=8)
    assert "dataset-resized is damaged or incomplete" in capsys.readouterr().out


# Downloads that work, in the end

def test_download_is_kept(places, registered, web):
    registered("set/file.bin", f"{web.url}/good")
    paths, source = files.fetch("set/")
    assert source == "downloaded" and paths[0].read_bytes() == BODY
    assert files.fetch("set/") == (paths, "local files")
    assert web.requests == [("/good", None)] and names(places.tmp) == [
        "repository/data/set/file.bin", "repository/pyproject.toml"]


def test_a_broken_transfer_goes_on_where_it_stopped(registered, web):
    registered("set/file.bin", f"{web.url}/cut-once")
    (path,), _ = files.fetch("set/")
    assert path.read_bytes() == BODY
    assert web.requests == [("/cut-once", None), ("/cut-once", "bytes=65536-")], "one block came in whole"


def test_the_next_call_resumes_what_kept_breaking_off(places, registered, web):
    registered("set/file.bin", f"{web.url}/cut/file.bin")
    with pytest.raises(files.Missing, match="broke off"):
        files.fetch("set/")
    kept = (places.ours / "set/file.bin.part").stat().st_size
    assert len(web.requests) == 4, "twice for each folder"
    assert kept == 2 * 65536
    registered("set/file.bin", f"{web.url}/good/file.bin")
    (path,), _ = files.fetch("set/")
    assert path.read_bytes() == BODY and web.requests[-1] == ("/good/file.bin", f"bytes={kept}-")
    assert names(places.ours) == ["set/file.bin"]


@pytest.mark.parametrize("address, part", [("whole", BODY[:1000]), ("good", BODY)])
def test_hosts_without_ranges_and_complete_parts(places, registered, web, address, part):
    put(places.ours, f"set/{address}.part", part)
    registered("set/file.bin", f"{web.url}/{address}")
    (path,), _ = files.fetch("set/")
    assert path.read_bytes() == BODY and len(web.requests) == 1


def test_the_bar_shows_the_whole_and_what_is_there_already(places, registered, web, monkeypatch):
    import pooch
    from tqdm import auto
    bars = []

    def bar(**given):
        bars.append(given)
        return tqdm(**given, disable=True)
    tqdm = auto.tqdm
    monkeypatch.setattr(auto, "tqdm", bar)
    pooch.get_logger().setLevel("INFO")
    put(places.ours, "set/good.part", BODY[:1000])
    registered("set/file.bin", f"{web.url}/good")
    files.fetch("set/")
    usual = {"unit": "B", "unit_scale": True, "leave": False}
    assert bars == [{"total": len(BODY), "initial": 1000} | usual]
    assert pooch.get_logger().level == logging.WARNING, "its messages name paths of the machine"


def test_the_first_of_two_hashes_is_that_of_the_published_file(registered, web):
    registered("set/file.gz", f"{web.url}/good", sha256=(SHA256, "0" * 64))
    assert files.fetch("set/")[1] == "downloaded"


def test_an_archive_that_another_process_has_unpacked_is_not_fetched_again(places, web):
    put(places.ours, "set/pictures/a.jpg", b"one")
    folder = places.ours / "set/pictures"
    assert files._retrieve(f"{web.url}/zip#data/pictures", [files.digest(folder)], folder) == folder
    assert web.requests == []


def test_what_was_transferred_stays_if_it_cannot_be_opened_now(places, registered, web, monkeypatch):
    part = put(places.ours, "set/good.part", BODY[:1000])

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(files, "open", refuse, raising=False)
    registered("set/file.bin", f"{web.url}/good")
    with pytest.raises(files.Missing, match="cannot be saved: Permission denied"):
        files.fetch("set/")
    assert part.read_bytes() == BODY[:1000]


def test_a_part_of_something_else_costs_one_call(places, registered, web):
    put(places.ours, "set/good.part", b"x" * 1000)
    registered("set/file.bin", f"{web.url}/good")
    with pytest.raises(files.Missing, match="sent something else"):
        files.fetch("set/")
    assert files.fetch("set/")[1] == "downloaded" and names(places.ours) == ["set/file.bin"]


def test_mirror(registered, web, monkeypatch):
    registered("set/file.bin", "https://example.org/file.bin")
    monkeypatch.setenv("D2L_MIRROR", f"{web.url}/good/")
    assert files.fetch("set/")[1] == "downloaded"
    assert web.requests == [("/good/https://example.org/file.bin", None)]


def test_two_processes_at_once_download_once(places, web):
    web.pause = 0.5
    code = (f"from d2lhelpers import files; files.registry = lambda: {{'set/file.bin': (['{SHA256}'], "
            f"['{web.url}/good'])}}; print(files.digest(files.fetch('set/')[0][0]))")
    places.cache.mkdir()
    settings = dict(env=os.environ | {"D2L_DATA_DIR": str(places.cache)}, cwd=Path(data.__file__).parents[1],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    both = [subprocess.Popen([sys.executable, "-c", code], **settings) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == [SHA256, SHA256]
    assert len(web.requests) == 1


# Downloads that fail

@pytest.mark.parametrize("address, why", [("wrong", "sent something else"), ("portal", "sent something else"),
                                          ("nowhere", "HTTPError"), ("busy", "HTTPError"), ("limit", "HTTPError")])
def test_a_wrong_answer_is_not_kept(places, registered, web, address, why):
    registered("set/file.bin", f"{web.url}/{address}")
    with pytest.raises(files.Missing, match=why):
        files.fetch("set/")
    assert names(places.ours) == []


def test_a_host_that_is_down_is_passed_over(registered, web):
    registered("set/file.bin", "http://127.0.0.1:1/file.bin", f"{web.url}/good")
    assert files.fetch("set/")[1] == "downloaded" and list(files._failed) == ["127.0.0.1:1"]


def test_a_silent_host_is_asked_once_a_call(places, registered, web):
    registered("set/one", f"{web.url}/slow/one", f"{web.url}/slow/two")
    for count in (1, 2):
        with pytest.raises(files.Missing, match=r"127\.0\.0\.1:.*Timeout"):
            files.fetch("set/")
        assert web.requests == [("/slow/one", None)] * count


@pytest.mark.parametrize("first", ["busy", "wrong", "nowhere", "slow", "limit", "portal"])
def test_a_failure_lasts_one_call(registered, web, first):
    registered("set/file.bin", f"{web.url}/{first}")
    with pytest.raises(files.Missing):
        files.fetch("set/")
    registered("set/file.bin", f"{web.url}/good")  # the same host, well again
    assert files.fetch("set/")[1] == "downloaded"


@pytest.mark.parametrize("first", ["busy", "wrong", "nowhere", "slow", "limit", "portal"])
def test_a_mirror_takes_over(registered, web, monkeypatch, first):
    monkeypatch.setattr(files, "urlsplit", lambda url: files_urlsplit(url)._replace(netloc=url))
    registered("set/file.bin", f"{web.url}/{first}", f"{web.url}/good")
    assert files.fetch("set/")[0][0].read_bytes() == BODY


@pytest.mark.parametrize("value", ["0", "false", "False", "no", "NO", "off", "", " "])
def test_what_does_not_mean_offline(registered, web, monkeypatch, value):
    monkeypatch.setenv("D2L_OFFLINE", value)
    registered("set/file.bin", f"{web.url}/good")
    assert files.fetch("set/")[1] == "downloaded"


def test_offline_asks_nobody(registered, web, monkeypatch):
    monkeypatch.setenv("D2L_OFFLINE", "1")
    registered("set/file.bin", f"{web.url}/good")
    with pytest.raises(files.Missing, match="D2L_OFFLINE"):
        files.fetch("set/")
    assert web.requests == []


def test_where_nothing_can_be_written(places, registered, web, monkeypatch):
    registered("set/file.bin", f"{web.url}/good")
    places.ours.write_bytes(b"a file, not a folder")
    assert files.fetch("set/")[0] == [places.cache / "set/file.bin"]
    (places.cache / "set/file.bin").unlink()

    def no(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(Path, "mkdir", no)
    with pytest.raises(files.Missing, match="cannot be saved: Permission denied"):
        files.fetch("set/")


def test_full_disk(places, registered, web, monkeypatch):
    full = [places.ours]

    class Full(io.FileIO):
        def write(self, chunk):
            super().write(chunk[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

    def open_(path, mode):
        return (Full if set(full) & set(path.parents) else io.FileIO)(path, mode.replace("b", ""))
    monkeypatch.setattr(files, "open", open_, raising=False)
    registered("set/file.bin", f"{web.url}/good")
    (path,), _ = files.fetch("set/")
    assert path == places.cache / "set/file.bin" and names(places.ours) == []
    path.unlink()
    full.append(places.cache)
    with pytest.raises(files.Missing, match="No space left"):
        files.fetch("set/")
    assert names(places.ours) == names(places.cache) == []


# Archives

def archive(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def test_a_folder_comes_out_of_an_archive(places, registered, web):
    put(places.tmp, "pictures/a/1.jpg", b"one")
    put(places.tmp, "pictures/b/2.jpg", b"two")
    web.bodies["zip"] = archive({"it/data/pictures/a/1.jpg": b"one", "it/data/pictures/b/2.jpg": b"two",
                                 "it/README": b"not wanted"})
    registered("set/pictures", f"{web.url}/zip#data/pictures", sha256=(files.digest(places.tmp / "pictures"),))
    (folder,), source = files.fetch("set/")
    assert source == "downloaded"
    assert names(places.ours) == ["set/pictures/a/1.jpg", "set/pictures/b/2.jpg"]
    assert files.fetch("set/") == ([folder], "local files")
    (folder / "a/1.jpg").write_bytes(b"damaged")
    assert files.fetch("set/")[1] == "downloaded" and files.fetch("set/")[1] == "local files"


@pytest.mark.parametrize("member", ["../../evil", "it/data/pictures/../../../../evil", "/d2lhelpers-evil"])
def test_an_archive_that_leads_out_is_refused(places, registered, web, member):
    web.bodies["zip"] = archive({"it/data/pictures/a.jpg": b"a", member: b""})
    registered("set/pictures", f"{web.url}/zip#data/pictures")
    with pytest.raises(files.Missing, match="sent something else"):
        files.fetch("set/")
    assert not list(places.tmp.rglob("evil*")) and not Path("/d2lhelpers-evil").exists()


@pytest.mark.parametrize("body", [b"no archive", archive({"it/data/pictures/a.jpg": b"another picture"})])
def test_an_archive_with_something_else_is_refused(registered, web, body):
    web.bodies["zip"] = body
    registered("set/pictures", f"{web.url}/zip#data/pictures")
    with pytest.raises(files.Missing, match="sent something else"):
        files.fetch("set/")


# The registry

def test_addresses_are_pinned_or_torchvisions():
    from torchvision import datasets, models
    for name, (sha256, urls) in files.registry().items():
        assert all(len(digits) == 64 for digits in sha256)
        folder, file = name.split("/", 1)
        if folder.endswith("MNIST"):
            mirrors = getattr(datasets, folder).mirrors
            assert urls == [mirror + file.removeprefix("raw/") for mirror in mirrors]
        elif name == "weights/squeezenet1_1.pth":
            assert urls == [models.SqueezeNet1_1_Weights.DEFAULT.url]
        elif folder != "weights":
            assert len(urls) == 1 and [part for part in urls[0].split("/") if len(part.split(".")[0]) == 40]


@needs_real
def test_sha256_agrees_with_torchvisions_md5():
    from torchvision import datasets
    for folder in ("MNIST", "FashionMNIST"):
        for file, md5 in getattr(datasets, folder).resources:
            assert hashlib.md5((REAL / folder / "raw" / file).read_bytes()).hexdigest() == md5


# Stand-ins

@pytest.fixture
def offline(monkeypatch, capsys):
    monkeypatch.setenv("D2L_OFFLINE", "1")
    yield
    said = capsys.readouterr().out
    assert said.startswith("Stand-in: ") and said.count("\n") == 1
    assert "/" not in said.replace("data/README.md", ""), "a path"


def check_pictures(X, y, classes):
    assert X.dtype == torch.float32 and y.dtype == torch.int64 and len(X) == len(y) and X.is_contiguous()
    assert 0 <= X.min() < 0.1 and 0.9 < X.max() <= 1 and y.unique().tolist() == list(range(len(classes)))


@pytest.mark.parametrize("load", [data.load_mnist, data.load_fashion_mnist])
def test_digits_stand_in(offline, load):
    images = load(num_train=1000)
    assert images.X_train.shape == (1000, 1, 28, 28) and images.X_test.shape == (297, 1, 28, 28)
    check_pictures(images.X_train, images.y_train, images.classes)
    check_pictures(images.X_test, images.y_test, images.classes)
    assert images.source == "stand-in: scikit-learn's digits" and images.classes == data.DIGITS


def test_photos_stand_in(offline):
    photos = data.load_trashnet(size=32)
    assert photos.pixels.shape == (600, 3, 32, 32) and photos.names[0] == "brick/brick1"
    check_pictures(photos[:], photos.y, photos.classes)


def test_some_photos(monkeypatch):
    monkeypatch.setenv("D2L_OFFLINE", "1")
    photos = data.load_trashnet(size=32)
    some = data.load_trashnet(size=32, num=50)
    place = photos.names.index(some.names[7])
    assert len(some) == len(some.y) == 50 and some.pixels[7].equal(photos.pixels[place])
    assert some.classes[some.y[7]] == photos.classes[photos.y[place]]


def test_table_stand_in(offline):
    table = data.load_house_prices()
    assert table.frame.shape == (442, 10) and table.target.shape == (442,)
    assert table.target.dtype == torch.float32 and (table.target > 0).all()


def test_poems_stand_in(offline):
    poems = data.load_poems().poems
    assert len(poems) > 20_000 and {len(poem) for poem in poems} == {4} and "一心一意" in poems


def test_painting_stand_in(offline):
    picture = data.load_image("starry_night", size=200)
    assert picture.shape == (3, 125, 200) and picture.dtype == torch.float32
    assert 0 <= picture.min() < 0.1 and 0.9 < picture.max() <= 1
    assert picture[2].mean() > picture[0].mean(), "the night is blue"
    assert (standins.painting(96, seed=1) != standins.painting(96, seed=2)).any()


def test_weights_stand_in(offline):
    assert data.load_weights("squeezenet1_1") is None


@pytest.mark.parametrize("photo", ["china", "coffee", "chelsea"])
def test_photos_come_with_the_packages(photo, capsys):
    import skimage.data
    from sklearn.datasets import load_sample_image
    wanted = load_sample_image("china.jpg") if photo == "china" else getattr(skimage.data, photo)()
    pixels = (255 * data.load_image(photo)).round().byte().permute(1, 2, 0)
    assert (pixels.numpy() == wanted).all()
    assert capsys.readouterr().out == f"{data.CREDITS[photo]}.\n"
    assert "danielbuechele" in data.CREDITS["china"] and "CC BY 2.0" in data.CREDITS["china"]


# The real sets

@pytest.fixture
def real(monkeypatch, capsys):
    monkeypatch.setenv("D2L_DATA_DIR", str(REAL))
    monkeypatch.setenv("D2L_OFFLINE", "1")
    yield
    said = capsys.readouterr().out
    assert said.endswith(": local files.\n") and said.count("\n") == 1 and "/" not in said


@needs_real
@pytest.mark.parametrize("load, mean, std", [
    (data.load_mnist, 0.1307, 0.3081), (data.load_fashion_mnist, 0.2860, 0.3530)])
def test_mnist(real, load, mean, std):
    images = load()
    assert images.X_train.shape == (60_000, 1, 28, 28) and images.X_test.shape == (10_000, 1, 28, 28)
    check_pictures(images.X_train, images.y_train, images.classes)
    check_pictures(images.X_test, images.y_test, images.classes)
    assert images.classes == (data.DIGITS if load is data.load_mnist else data.CLOTHES)
    assert images.X_train.mean() == pytest.approx(mean, abs=1e-4)
    assert images.X_train.std() == pytest.approx(std, abs=1e-4)


@needs_real
def test_unpacked_mnist_reads_the_same(places, capsys):
    packed = REAL / "MNIST/raw/t10k-labels-idx1-ubyte.gz"
    copy = put(places.ours, "MNIST/raw/t10k-labels-idx1-ubyte", gzip.decompress(packed.read_bytes()))
    assert files.local("MNIST/raw/t10k-labels-idx1-ubyte.gz") == copy
    assert torch.equal(data._read_idx(copy), data._read_idx(packed))


@needs_real
def test_trashnet(real):
    photos = data.load_trashnet(size=24)
    assert photos.pixels.shape == (2527, 3, 24, 24) and photos.pixels.dtype == torch.uint8
    assert photos.y.bincount().tolist() == [403, 501, 410, 594, 482, 137]
    assert photos.classes == ("cardboard", "glass", "metal", "paper", "plastic", "trash")
    check_pictures(photos[:], photos.y, photos.classes)
    assert photos.names[403] == "glass/glass1.jpg" and len(photos.names) == 2527


@needs_real
def test_house_prices(real):
    table = data.load_house_prices()
    assert table.frame.shape == (1460, 79) and not {"Id", "SalePrice"} & set(table.frame.columns)
    assert (table.target.min(), table.target.max()) == (34_900, 755_000)
    assert table.frame["MasVnrType"].isna().sum() == 8, "the word None is no missing value"


@needs_real
def test_poems(real):
    poems = data.load_poems().poems
    assert len(poems) == len(set(poems)) == 8690
    assert not set("".join(poems)) & set("[]{}□（）/") and all(poems)


@needs_real
@pytest.mark.parametrize("painting", ["starry_night", "the_scream", "shipwreck", "great_wave"])
def test_paintings(real, painting):
    picture = data.load_image(painting, size=64)
    assert max(picture.shape) == 64 and len(picture) == 3
    assert picture.min() >= 0 and 0.5 < picture.max() <= 1


@needs_real
def test_squeezenet_weights(real):
    from torchvision.models import squeezenet1_1
    squeezenet1_1(num_classes=1000).load_state_dict(data.load_weights("squeezenet1_1"), strict=True)
    assert len(data.imagenet_classes()) == 1000


@needs_real
def test_vgg_weights(real):
    state = data.load_weights("vgg19_relu3_1")
    assert {key.split(".")[1] for key in state} == {"0", "2", "5", "7", "10"} and len(state) == 10


@needs_real
def test_inventory(monkeypatch):
    assert files.inventory()[0] == []
    monkeypatch.setenv("D2L_DATA_DIR", str(REAL))
    found, missing = files.inventory()
    assert len(found) == 7 and missing == []


# Checkpoints

def test_checkpoint_comes_back_as_float32():
    from safetensors.torch import save_file
    folder = files.ROOT / "data/checkpoints"
    folder.mkdir(parents=True)
    save_file({"w": torch.ones(2, 3, dtype=torch.float16), "words": torch.arange(4)}, folder / "small.safetensors")
    state = data.load_checkpoint("small")
    assert state["w"].dtype == torch.float32 and state["w"].shape == (2, 3) and state["words"].dtype == torch.int64


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint"])
def test_checkpoint_missing_or_damaged_says_what_to_do(content):
    folder = files.ROOT / "data/checkpoints"
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "small.safetensors").write_bytes(content)
    with pytest.raises(files.Missing, match=r"small\.safetensors is missing or damaged.*git checkout.*python -m"):
        data.load_checkpoint("small")


def test_an_installed_course_has_checkpoints_of_its_own():
    with pytest.raises(files.Missing, match=r"small\.safetensors is missing.*install the course again"):
        data.load_checkpoint("small")


# Batches

@pytest.mark.parametrize("drop_last, sizes", [(False, [4, 4, 3]), (True, [4, 4])])
def test_batches_use_every_row_once_per_epoch(drop_last, sizes):
    X, y = torch.randn(11, 2), torch.arange(11)
    loader = data.batches(X, y, batch_size=4, drop_last=drop_last)
    epochs = [list(loader) for _ in range(3)]
    for epoch in epochs:
        assert [len(rows) for rows, _ in epoch] == sizes and len(loader) == len(sizes)
        assert all(torch.equal(rows, X[labels]) for rows, labels in epoch)
        assert len(torch.cat([labels for _, labels in epoch]).unique()) == sum(sizes)
    orders = [torch.cat([labels for _, labels in epoch]).tolist() for epoch in epochs]
    assert orders[0] != orders[1] != orders[2]
    again = data.batches(X, y, batch_size=4, drop_last=drop_last)
    assert [torch.cat([labels for _, labels in again]).tolist() for _ in range(3)] == orders
    other = data.batches(X, y, batch_size=4, seed=1)
    assert torch.cat([labels for _, labels in other]).tolist() != orders[0]


def test_batches_match_a_dataloader():
    X, y = torch.randn(10, 3), torch.arange(10)
    oracle = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size=4)
    ours = data.batches(X, y, 4, shuffle=False)
    for mine, theirs in zip(ours, oracle, strict=True):
        assert torch.equal(mine[0], theirs[0]) and torch.equal(mine[1], theirs[1])
    assert sorted(torch.cat([labels for _, labels in data.batches(X, y, 4)]).tolist()) == list(range(10))


def test_batches_stay_on_their_device_and_leave_the_global_seed_alone():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    (X, _), *_ = data.batches(torch.empty(5, 2, device="meta"), torch.empty(5, device="meta"), 2)
    assert X.device.type == "meta" and torch.equal(before, torch.random.get_rng_state())


def test_batches_need_a_y_for_each_x():
    with pytest.raises(ValueError, match="X has 3 rows, y has 2"):
        data.batches(torch.zeros(3, 1), torch.zeros(2), 1)
