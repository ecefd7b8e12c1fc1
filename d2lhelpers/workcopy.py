"""A learner's copy of the notebooks: new ones arrive, improved ones are renewed, what they changed stays."""

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

PACKAGE = Path(__file__).parent
NOTE = ".course.json"  # {name: SHA-256 of the version that was handed out}


def originals():
    """Return the folder of the notebooks as published, Path: the checkout's, else the installed package's own."""
    checkout = PACKAGE.parent / "notebooks"
    return checkout if (PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir() else PACKAGE / "notebooks"


def default():
    """Return where a learner works unless told otherwise, Path: my-course in the checkout, else in the open folder."""
    checkout = originals().parent
    return (Path.cwd() if checkout == PACKAGE else checkout) / "my-course"


def renew(target, source=None):
    """Bring a learner's folder up to date; a file that they changed is never written to.

    Parameters
    ----------
    target : pathlib.Path
        The learner's folder; it is made if it is not there.
    source : pathlib.Path, optional
        The folder of the published notebooks; `originals()` by default.

    Returns
    -------
    list of str
        One line for each thing worth knowing.

    Raises
    ------
    OSError
        If the folder cannot be made or written to.
    """
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target / ".course.lock"):  # two windows may open the course at once
        for half in target.glob(".course-*.part"):
            half.unlink()
        given, lines = _read_note(target), []
        for original in sorted((source or originals()).glob("*.ipynb")):
            lines += _renew_one(original, target, given)
            _write(target / NOTE, json.dumps(given, indent=1).encode(), over=True)
    return lines


def _renew_one(original, target, given):
    new = original.read_bytes()
    mine = target / original.name
    if not mine.exists():
        _write(mine, new)
    elif _digest(mine) == given.get(mine.name) != _hash(new):  # handed out, never touched since
        _write(mine, new, over=True)
        return _noted(given, mine.name, new, [f"{mine.name} has been improved: renewed."])
    elif _digest(mine) != _hash(new):
        return _put_beside(mine, new, given)
    return _noted(given, mine.name, new, [])


def _put_beside(mine, new, given):
    """Hand out a new version under another name, once."""
    if given.get(f"{mine.name} beside") == _hash(new) or given.get(mine.name) == _hash(new):
        return []  # this very version has been handed out already, as the file itself or beside it
    numbers = ("", *(f"-{i}" for i in range(2, 1000)))
    beside = next(path for path in (mine.with_name(f"{mine.stem}-new{number}.ipynb") for number in numbers)
                  if not path.exists())
    _write(beside, new)
    line = f"{mine.name} has been improved since you changed it: yours stays, the new one is {beside.name}."
    return _noted(given, f"{mine.name} beside", new, [line])


def _noted(given, name, new, lines):
    given[name] = _hash(new)
    return lines


def _write(path, content, over=False):
    """Write all of a file or nothing; a file that is there stays unless `over`."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".course-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.chmod(part, 0o644)
        if over:
            os.replace(part, path)
        elif not path.exists():
            _link(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def _link(part, path):
    try:
        os.link(part, path)  # fails if the file has appeared meanwhile
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        os.rename(part, path)


def _read_note(target):
    try:
        note = json.loads((target / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or damaged: then every file counts as the learner's own
        return {}
    return note if isinstance(note, dict) else {}


def _hash(content):
    return hashlib.sha256(content).hexdigest()


def _digest(path):
    return _hash(path.read_bytes())


if __name__ == "__main__":
    print(*renew(Path(sys.argv[1])), sep="\n")
