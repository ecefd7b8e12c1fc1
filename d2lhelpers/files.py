"""Data files, known by their SHA-256 (registry.txt): found on this machine, else downloaded."""

import errno
import hashlib
import os
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from d2lhelpers import places

ROOT = Path(__file__).resolve().parents[1]      # the repository, if the package runs from a checkout
TIMEOUT = 10                                    # seconds until a silent host counts as down
_failed = {}                                    # host -> why it is not asked again in this call of `fetch`


class Missing(Exception):
    """A file is neither on this machine nor to be had; the message says why."""


@cache
def registry():
    """Return {name: (SHA-256s, addresses)} of all files that the loaders read."""
    lines = Path(__file__).with_name("registry.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and line[0] != "#")
    return {name: (sha256.split(","), urls.strip("-").split(",")) for name, sha256, urls in rows}


def folders():
    """Return the folders to search, in order: D2L_DATA_DIR, the repository's data, the user's cache."""
    import pooch
    ours = [ROOT / "data"] if (ROOT / "pyproject.toml").is_file() else []
    return [path for _, path in _given() if path.is_dir()] + ours + [Path(pooch.os_cache("d2lhelpers"))]


def _given():
    """Return (as written, path) of each entry of D2L_DATA_DIR; quotation marks and blanks around it are dropped."""
    names = [name for name in os.environ.get("D2L_DATA_DIR", "").split(os.pathsep) if name.strip()]
    found = []
    for name in names:
        path = Path(name if Path(name).is_dir() else name.strip(" \t\"'")).expanduser()
        found.append((name, path if path.exists() else ROOT / path))  # a notebook runs in its own folder
    return found


def problems():
    """Return a line for each entry of D2L_DATA_DIR that cannot be meant so, list of str."""
    return [line for name, path in _given() if (line := places.problem(name.strip(" \t\"'"), path, registry()))]


def offline():
    """Return whether D2L_OFFLINE forbids downloads, bool."""
    return os.environ.get("D2L_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


def digest(path):
    """Return the SHA-256 of a file, or of a folder's `listing` as `sha256sum` prints it, str."""
    if path.is_file():
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    names = sorted(f"{path.name}/{name.as_posix()}" for name in places.listing(path))
    lines = "".join(f"{digest(path.parent / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def local(name):
    """Return the first good copy on this machine, Path or None; report every bad one."""
    for folder in folders():
        for path in places.candidates(folder, name):
            if os.access(path, os.R_OK):
                if digest(path) in registry()[name][0]:
                    return path
                print(f"{path.name} is damaged or incomplete (wrong SHA-256): it is not used. Copy it again.")
    return None


def fetch(prefix):
    """Return the paths of all files whose name starts so, and how they came; raise Missing if one did not."""
    _failed.clear()
    print(*problems(), sep="\n", end="\n" if problems() else "")
    found = {name: local(name) for name in registry() if name.startswith(prefix)}
    if not found:
        near = [name for name in registry() if name.startswith(prefix.split("/")[0])]
        raise ValueError(f"No data file starts with {prefix!r}; there are: {', '.join(near or registry())}.")
    source = "downloaded" if None in found.values() else "local files"
    return [path or _download(name) for name, path in found.items()], source


def _download(name):
    """Download into the first folder that can be written to, from the first host that has the file."""
    import requests
    from filelock import FileLock
    if offline():
        raise Missing("D2L_OFFLINE is set")
    sha256, urls = registry()[name]
    urls, why = [os.environ.get("D2L_MIRROR", "") + url for url in urls if url], "it has no public address"
    for target, url in [(folder / name, url) for folder in folders() for url in urls * 2]:
        host = urlsplit(url).netloc
        if why := _failed.get(host):
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{target}.lock"):                        # two notebooks may want it at once
                return _retrieve(url, sha256, target)
        except requests.exceptions.ChunkedEncodingError:            # the second round resumes
            why = f"{host} broke off"
        except requests.RequestException as error:
            why = _failed[host] = f"{host}: {type(error).__name__}"
        except (ValueError, zipfile.BadZipFile):
            why = _failed[host] = f"{host} sent something else"
        except OSError as error:                                    # read-only or full: the next folder
            why = f"it cannot be saved: {error.strerror or type(error).__name__}"
            if error.errno == errno.ENOSPC:
                for part in target.parent.glob("*.part"):
                    part.unlink()
    raise Missing(why)


def _retrieve(url, sha256, target):
    """Download a file, or an archive (url#folder in it); return the path, verified."""
    import pooch
    pooch.get_logger().setLevel("WARNING")                          # its messages name paths of the machine
    if "#" not in url:
        return Path(pooch.retrieve(url, sha256[0], target.name, target.parent, downloader=_resume))
    if not target.exists() or digest(target) not in sha256:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            archive = pooch.retrieve(url, None, "archive", folder, downloader=_resume)
            unzip(archive, urlsplit(url).fragment, target)
        if digest(target) not in sha256:
            raise ValueError(f"{target.name} from this archive has a wrong SHA-256")
    return target


def _resume(url, output, _):
    """Download for pooch, into a .part file that a broken transfer leaves for the next try."""
    import requests
    from tqdm.auto import tqdm
    part = Path(output).with_name(f"{Path(urlsplit(url).path).name}.part")
    before = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={before}-"} if before else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as reply:
        if reply.status_code != 416:                                # 416: there is no more to get
            reply.raise_for_status()
            before *= reply.status_code == 206                      # 200: it starts again
            total = before + int(reply.headers.get("Content-Length", 0)) or None
            bar = tqdm(total=total, initial=before, unit="B", unit_scale=True, leave=False)
            with bar, open(part, "ab" if before else "wb") as out:
                for chunk in reply.iter_content(1 << 16):
                    bar.update(out.write(chunk))
    os.replace(part, output)


def unzip(archive, inside, target):
    """Unpack one folder of a zip archive; ValueError if a name leads out of the target."""
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if not (target / member.filename).resolve().is_relative_to(target.resolve()):
                raise ValueError(f"{member.filename} leads out of its folder: the archive is refused")
            _, _, member.filename = member.filename.partition(f"/{inside}/")
            if member.filename and not member.is_dir():
                opened.extract(member, target)


def inventory():
    """Return the names of the sets that are on this machine, and of those that are not, lists of str."""
    sets = dict.fromkeys(name.split("/")[0] for name in registry())
    missing = {name.split("/")[0] for name in registry() if local(name) is None}
    return [name for name in sets if name not in missing], [name for name in sets if name in missing]


def load_checkpoint(name):
    """Return the state_dict that `data/checkpoints/<name>.py` has trained, float32 tensors on the CPU."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    checkout = ROOT / "data/checkpoints"
    folder = checkout if checkout.is_dir() else Path(__file__).with_name("checkpoints")
    try:
        state = load_file(folder / f"{name}.safetensors")
    except (OSError, SafetensorError) as why:
        again = f"get it again with `git checkout data/checkpoints`, or train it: `python -m data.checkpoints.{name}`"
        fix = again if folder == checkout else "install the course again (`pip install --force-reinstall --no-deps`)"
        raise Missing(f"{name}.safetensors is missing or damaged ({type(why).__name__}): {fix}.") from why
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
