"""Notebooks as data: read them, execute them cleanly, and write them as plain text.

    python -m tools.notebooks run   notebooks/02_*.ipynb     execute and clean, in place
    python -m tools.notebooks text  notebooks/02_*.ipynb     write 02_….nb.txt beside it
    python -m tools.notebooks build notebooks/02_*.nb.txt    text -> executed notebook
    python -m tools.notebooks clean notebooks/*.ipynb        clean alone: words of the house that have changed

In the text form a cell starts with ``#%% md`` or ``#%% code tag tag``; the tag ``fold`` folds the source.
"""

import base64
import io
import re
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from PIL import Image, ImageChops

from d2lhelpers import livepage
from tools.site.export import export_from_kernel

ROOT = Path(__file__).resolve().parents[1]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path):
    """Return the notebook at a path."""
    return nbformat.read(path, 4)


def code_cells(nb):
    """Return the code cells, in order."""
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def tags(cell):
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def exercises(nb):
    """Yield (stub, solution) sources: a tagged cell, and the code in the next cell's <details>."""
    for cell, following in zip(nb.cells, nb.cells[1:], strict=False):
        if "exercise" in tags(cell):
            solution = re.search(r"<details>.*?```python\n(.*?)```.*?</details>", following.source, re.S)
            yield cell.source, solution and solution[1]


def panels(nb):
    """Return the names of the `explore_…` functions that a cell calls at its end, in order."""
    return [nb.cells[i].source.rstrip().splitlines()[-1][:-2] for i in panel_cells(nb)]


def panel_cells(nb):
    """Return the indices of the cells that end in a call of an `explore_…` function."""
    return [i for i, cell in enumerate(nb.cells) if cell.cell_type == "code" and cell.source.strip()
            and re.fullmatch(r"explore_\w+\(\)", cell.source.rstrip().splitlines()[-1])]


def execute(nb, timeout=600, number=None):
    """Run all cells in a fresh kernel, in the notebooks' folder; given the number, write its panels for the site."""
    resources = {"metadata": {"path": str(ROOT / "notebooks")}}
    client = NotebookClient(nb, timeout=timeout, resources=resources)
    if number is None:
        client.execute()
        return
    try:
        client.execute(cleanup_kc=False)  # another run would give other training numbers
        print(*export_from_kernel(client, number), sep="\n")
    finally:
        client._cleanup_kernel()


def clean(nb):
    """Leave only what a reader needs: no widget state, no times, no machine, small pictures."""
    nb.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                   "language_info": {"name": "python", "file_extension": ".py"}}
    for i, cell in enumerate(nb.cells):
        cell["id"] = f"cell-{i:02d}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _in_one_piece(cell.outputs)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop("application/vnd.jupyter.widget-view+json", None)  # without its kernel it shows as an error
            if "image/png" in data:
                data["image/png"] = _smaller(data["image/png"])
            if {"image/png", "image/jpeg"} & set(data):
                data["text/plain"] = "<IPython.core.display.Image object>"
            if (words := "".join(data.get("text/plain", ""))).startswith("Sliders: "):
                data["text/plain"] = f"{words.split(livepage.HINT[:8])[0].rstrip('. ')}. {livepage.HINT}"


def _in_one_piece(outputs):
    """Join what was printed in a row; how it arrived, in one piece or several, is chance."""
    joined = []
    for output in outputs:
        if joined and output.output_type == "stream" == joined[-1].output_type and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _smaller(png):
    """Compress a PNG again: with 256 colours where nobody could see it, else without loss."""
    image, out = Image.open(io.BytesIO(base64.b64decode(png))), io.BytesIO()
    if image.mode == "P":  # it has been here before
        return png
    image = image.convert("RGB")
    few = image.quantize(256, dither=Image.Dither.NONE)
    change = np.asarray(ImageChops.difference(image, few.convert("RGB")))
    fine = change.mean() < 1 and (change > 24).mean() < 2e-3
    (few if fine else image).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def to_text(nb):
    """Return the notebook's text form, str."""
    parts = []
    for cell in nb.cells:
        folded = ["fold"] if cell.metadata.get("jupyter", {}).get("source_hidden") else []
        kind = "md" if cell.cell_type == "markdown" else "code"
        parts.append(" ".join(["#%%", kind, *folded, *tags(cell)]) + "\n" + cell.source + "\n")
    return "".join(parts)


def from_text(text):
    """Return a notebook without outputs from its text form."""
    nb = nbformat.v4.new_notebook()
    for part in re.split(r"^#%% ", text, flags=re.M)[1:]:
        head, body = part.split("\n", 1)
        kind, *labels = head.split()
        new = nbformat.v4.new_markdown_cell if kind == "md" else nbformat.v4.new_code_cell
        cell = new(body.strip("\n"))
        if "fold" in labels:
            labels.remove("fold")
            cell.metadata["jupyter"] = {"source_hidden": True}
        if labels:
            cell.metadata["tags"] = labels
        nb.cells.append(cell)
    return nb


def main(command, *names):
    """Run, text, build or clean the named files."""
    for path in map(Path, names):
        nb = from_text(path.read_text(encoding="utf-8")) if command == "build" else read(path)
        target = path.with_name(path.name.split(".")[0] + ".ipynb")
        if command == "text":
            target.with_suffix(".nb.txt").write_text(to_text(nb), encoding="utf-8")
            continue
        start = time.perf_counter()
        if command != "clean":
            execute(nb, number=target.name[:2])
        clean(nb)
        nbformat.write(nb, target)
        print(f"{target.name}: {time.perf_counter() - start:.0f} s, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
