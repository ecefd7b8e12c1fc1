"""Turn a committed notebook into its page: folds, figures with a text, panels that move, links to run it."""

import copy
import hashlib
import json
import re

from d2lhelpers.livepage import line_html
from tools.site.book import read
from tools.site.export import PANELS, panel_name
from tools.site.figures import figure, picture

UPLOAD = "This control needs Python: open the notebook to use it."


def panel_html(number, cell, images, panels=PANELS):
    """Return a panel: its element, around the stored picture and line that stay where no script runs.

    Parameters
    ----------
    number : str
        The notebook's two digits.
    cell : dict
        The code cell that calls the panel, with its outputs.
    images, panels : pathlib.Path
        Where the picture is written, and where the panel files lie.

    Raises
    ------
    FileNotFoundError
        Where the panel has no file, with what to do.
    """
    name = f"{number}-{panel_name(''.join(cell['source']))}"
    path = panels / f"{name}.js"
    if not path.exists():
        raise FileNotFoundError(f"no file for the panel {name}: python -m tools.site export {number}")
    image = next(figure(output, images) for output in reversed(cell["outputs"]) if picture(output))
    line = next("".join(output["data"]["text/markdown"]) for output in reversed(cell["outputs"])
                if "text/markdown" in output.get("data", {}))
    return (f'<d2l-panel name="{name}" src="panels/{path.name}?v={version(path)}" rows="{rows(read(path))}">'
            f'<p>{image}</p><p class="line">{line_html(line)}</p></d2l-panel>')


def version(path):
    """Return some letters that change with a file's content: a browser then fetches the new one."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def rows(data):
    """Return how many rows of controls a panel has, the buttons' row among them."""
    small = sum(control["third"] for control in data["controls"])
    return len(data["controls"]) - small + -(-small // 3) + 1


def outputs(cell, number, images):
    """Return a code cell's outputs for the page."""
    if panel_name("".join(cell["source"])):
        shown = [output for output in cell["outputs"] if output["output_type"] == "stream"]
        return [*shown, _html(panel_html(number, cell, images))]
    new = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream" and new and new[-1].get("name") == output["name"]:
            new[-1] = output | {"text": "".join([*new[-1]["text"], *output["text"]])}  # as a notebook shows it: one box
        elif picture(output):
            new.append(_html(figure(output, images)))
        elif "".join(output.get("data", {}).get("text/plain", "")).startswith(("Sliders:", "VBox(", "FileUpload(")):
            new.append(_html(f'<p class="kernel">{UPLOAD}</p>'))
        else:
            new.append(output)
    return new


def _html(body):
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": body}}


def prose(text, number, names):
    """Return a text cell with links between notebooks, and with this page's own names of its buttons.

    >>> prose("As in notebook 02, click the ●●● to read.", "03", {"02": "02_walk", "03": "03_next"})
    'As in [notebook 02](02_walk.ipynb), click *Show code* to read.'
    """
    text = re.sub(r"\b([Cc])lick the ●●●", r"\1lick *Show code*", text)
    return re.sub(r"(?<!\[)\bnotebook (\d\d)\b", lambda found: found[0] if names.get(found[1]) is None
                  or found[1] == number else f"[{found[0]}]({names[found[1]]}.ipynb)", text)


def page(nb, name, names, images, links):
    """Return a notebook as a page for myst-nb.

    Parameters
    ----------
    nb : dict
        The committed notebook; it stays as it is.
    name : str
        Its file's name without the ending.
    names : dict of str to str
        All notebooks' names by their two digits.
    images : pathlib.Path
        Where pictures go.
    links : list of (str, str)
        What the top of the page offers: text and address.
    """
    nb, number = copy.deepcopy(nb), name[:2]
    for cell in nb["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = prose("".join(cell["source"]), number, names)
            continue
        cell |= {"outputs": outputs(cell, number, images), "execution_count": None}
        if cell["metadata"].get("jupyter", {}).get("source_hidden"):
            cell["metadata"].setdefault("tags", []).append("hide-input")
    anchors = " · ".join(f'<a href="{address}"{" download" if "://" not in address else ""}>{text}</a>'
                         for text, address in links)
    nb["cells"][0]["source"] += ('\n\n<p class="kernel">On this page the sliders move. To run the code and to try the '
                                 f'exercises: {anchors}.</p>')
    return nb


def bare(nb):
    """Return a notebook without outputs, for the reader to run; text of a .ipynb file."""
    nb = copy.deepcopy(nb)
    for cell in nb["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(nb, ensure_ascii=False, separators=(",", ":")) + "\n"
