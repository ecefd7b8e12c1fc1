"""The first page: a panel to move, and a card for every notebook."""

import html
import json
import re

from tools.site.export import PANELS, ROOT, panel_name
from tools.site.figures import picture, thumb
from tools.site.stage import panel_html

PAGES = ROOT / "tools/site/pages"
LIVING = "02", "explore_learning_rate"  # the panel on the first page


def table():
    """Return what the README says about each notebook: dict of name to (short title, what you learn)."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[\d\d ([^\]]+)\]\(notebooks/(\w+)\.ipynb\) \| (.*?) \|", readme, re.M)
    return {name: (title, learn) for title, name, learn in rows}


def title(nb):
    """Return a notebook's heading."""
    return re.match(r"# (.+)", "".join(nb["cells"][0]["source"]))[1]


def time(nb):
    """Return how long a notebook takes, as its first cell says; "" where it does not."""
    found = re.search(r"\*\*Time:\*\* (.+?)(?:, |; |\. |\.?<|\n|$)", "".join(nb["cells"][0]["source"]))
    return found[1] if found else ""


def takes(notebooks):
    """Return what each notebook takes, a Markdown table: the reading time of its first cell, the README's numbers."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    costs = re.findall(r"^\| \[\d\d ([^\]]+)\]\(notebooks/(\w+)\.ipynb\) \|.*\| ([^|]+) \| ([^|]+) \|$", readme, re.M)
    hours = {name: time(nb).removesuffix(" to read and try") for name, nb in notebooks.items()}
    rows = [f"| {name[:2]} [{short}]({name}.ipynb) | {hours[name]} | {seconds} | {memory} |"
            for short, name, seconds, memory in costs if name in notebooks]
    return "\n".join(["| notebook | to read and try | runs in | memory |", "|---|---|---|---|", *rows])


def card(name, nb, images):
    """Return a notebook's card: picture, number, question, what you learn."""
    short, learn = table().get(name, (name[3:].replace("_", " "), ""))
    shown = next((output for cell in nb["cells"] for output in cell.get("outputs", []) if picture(output)), None)
    image = thumb(shown, images) if shown else ""
    return (f'<li><a href="{name}.html"><span class="picture">{image}</span><span class="number">{name[:2]} '
            f'{html.escape(short)}</span><strong>{_plain(title(nb))}</strong></a><p>{_plain(learn)}</p>'
            f'<p class="time">{time(nb)}</p></li>')


def _plain(text):
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text, quote=False)).replace("*", "")


def front(notebooks, images, panels=PANELS):
    """Return the first page, Markdown for Sphinx.

    Parameters
    ----------
    notebooks : dict of str to dict
        The committed notebooks by name, in order.
    images : pathlib.Path
        Where pictures go.
    """
    living = next(nb for name, nb in notebooks.items() if name.startswith(LIVING[0]))
    cell = next(cell for cell in living["cells"] if panel_name("".join(cell["source"])) == LIVING[1])
    names = table()
    parts = {"PANEL": panel_html(LIVING[0], cell, images, panels), "PANELS": str(len(list(panels.glob("*.js")))),
             "CARDS": "\n".join(card(name, nb, images) for name, nb in notebooks.items()),
             "FIRST": next(iter(notebooks)),
             "ENTRIES": "\n".join(f"{name[:2]} {names.get(name, (name[3:],))[0]} <{name}>" for name in notebooks),
             "MORE": "\n".join(["glossary", *sorted({path.stem for path in PAGES.glob("*.md")} - {"index"})])}
    text = (PAGES / "index.md").read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda found: parts[found[1]], text)


def read_all():
    """Return the committed notebooks by name, in order."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
