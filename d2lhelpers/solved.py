"""Which exercises are solved: one text file in your home folder, a line each, never sent anywhere."""

import datetime
import os
import pkgutil
import re
import sys
from importlib import import_module
from pathlib import Path

from IPython.display import display

HEAD = b"# Solved exercises of the course 'Deep learning, hands on'. Never sent anywhere; delete it to begin again.\n"


def read():
    """Return the file, which D2L_SOLVED may name, Path; and the days by exercise, ``{"tensors.scores": "2026-11-27"}``.

    A damaged line is skipped. ValueError, OSError: the file is somebody else's, or cannot be read.
    """
    path = Path(os.environ.get("D2L_SOLVED", "~/.d2l-solved.txt")).expanduser()
    if not os.path.lexists(path):
        return path, {}
    content = path.read_bytes() if path.is_file() and path.stat().st_size < 1e6 else b"no text"
    if content and not content.startswith(HEAD):
        raise ValueError(f"Nothing is kept: {path.name!r} is not this course's file. Name another one in D2L_SOLVED")
    lines = re.findall(rb"^(\d{4}-\d\d-\d\d) (\w+\.\w+)\r?$", content, re.M)
    return path, {name.decode(): day.decode() for day, name in lines}


def note(exercise):
    """Add a line to the file's end when an exercise is solved for the first time; return what to tell, or "".

    Whatever hinders it (read-only, full, somebody else's, no home), the learner goes on and the file stays as it is.
    """
    pages = [page for name, page in list(sys.modules.items()) if name.startswith("d2lhelpers.exercises.")]
    for topic, names in [(page.__name__.split(".")[2], _names(page)) for page in pages]:
        for label in [label for label, one in names.items() if one is exercise]:
            try:
                path, known = read()
                if f"{topic}.{label}" in known:
                    return ""
                with open(path, "ab") as file:  # the last line may have lost its end: begin a new one
                    line = f"\n{datetime.date.today()} {topic}.{label}\n".encode()
                    file.write(line if file.tell() else HEAD + line)
            except (OSError, ValueError, RuntimeError):
                return ""
            done = 1 + sum(f"{topic}.{name}" in known for name in names)
            return f"\n  {done} of {len(names)} on this page; all: from d2lhelpers import solved; solved.show()"
    return ""


def show():
    """Show a table of all exercises, solved and open, with links to their notebooks."""
    try:
        path, known = read()
        said = f"Kept in {path.name} alone."
    except (OSError, ValueError, RuntimeError) as why:
        known, said = {}, f"{getattr(why, 'strerror', None) or why}."
    rows = []
    for page, names in exercises().items():
        marks = [f"{'✓' if f'{page[3:]}.{name}' in known else '○'} {name}" for name in names]
        rows.append(f'<tr><th scope="row"><a href="{page}.ipynb">{page.replace("_", " ")}</a></th>'
                    f"<td>{sum(mark[0] == '✓' for mark in marks)} of {len(marks)}</td>"
                    f'<td style="text-align:left">{" &ensp; ".join(marks)}</td></tr>')
    table = f"<table><caption>✓ solved, ○ open. {said}</caption>{''.join(rows)}</table>"
    display({"text/plain": f"{len(known)} exercises are solved. {said}", "text/html": table}, raw=True)


def exercises():
    """Return the names of each notebook's exercises, ``{"01_tensors": ["standardise", …], …}``."""
    found = pkgutil.iter_modules(import_module("d2lhelpers.exercises").__path__)
    modules = [import_module(f"d2lhelpers.exercises.{module.name}") for module in found]
    pages = {re.search(r"`(\w+)\.ipynb`", module.__doc__)[1]: list(_names(module)) for module in modules}
    return dict(sorted(pages.items()))


def _names(module):
    return {label: one for label, one in vars(module).items() if type(one).__name__ == "Exercise"}
