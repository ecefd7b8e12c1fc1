"""Run a notebook once and write the files of its panels, through the same kernel."""

import json
import os
import re
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
PANELS = ROOT / "tools/site/panels"
LONGEST = 1800  # seconds that one cell may take


def panel_name(source):
    """Return the `explore_…` that a cell calls in its last line, or None.

    >>> panel_name("def explore_a():\\n    ...\\n\\nexplore_a()")
    'explore_a'
    """
    call = re.fullmatch(r"(explore_\w+)\(\)", (source.rstrip().splitlines() or [""])[-1])
    return call and call[1]


def words_beside(cells, k):
    """Return the numbers and names in the text around cell `k`; the panel keeps these positions."""
    near = " ".join(cell["source"] for cell in cells[max(0, k - 2):k + 3] if cell["cell_type"] == "markdown")
    return set(re.findall(r"\d+(?:\.\d+)?", near)) | set(re.findall(r"`([^`]+)`", near))


def export_from_kernel(client, number, folder=PANELS):
    """Write the panel files of a notebook whose cells have just run; the notebook stays as it is.

    Parameters
    ----------
    client : nbclient.NotebookClient
        With a living kernel in which all cells have run: ``client.execute(cleanup_kc=False)``.
    number : str
        The notebook's two digits.
    folder : pathlib.Path
        Where the files go; files of panels that the notebook no longer has are removed.

    Returns
    -------
    list of str
        One line per panel: what was written, for the maintainer.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        Where a panel asks for what a drawing list cannot hold; the message names the artist.
    """
    cells, said, kept = client.nb.cells, [], set()
    for k, cell in enumerate(list(cells)):
        name = cell.cell_type == "code" and panel_name(cell.source)
        if not name:
            continue
        words = sorted(words_beside(cells, k))
        work = nbformat.v4.new_code_cell(
            f"__import__('sys').path.insert(0, {str(ROOT)!r})\n"
            "__import__('importlib').import_module('tools.site.export').save("
            f"globals(), {name!r}, {number!r}, {words!r}, {str(folder)!r})")
        cells.append(work)
        try:
            client.execute_cell(work, len(cells) - 1, store_history=False)
        finally:
            cells.pop()
        said += "".join(output.get("text", "") for output in work.outputs).splitlines()
        kept.add(f"{number}-{name}")
    for path in folder.glob(f"{number}-*"):
        if path.name.split(".")[0] not in kept:
            path.unlink()
    return said


def save(names, name, number, words, folder):
    """Write one panel's file; runs in the notebook's kernel, with the notebook's names."""
    from tools.site import book  # only the kernel needs matplotlib

    start = time.perf_counter()
    data, sheets = book.export(names[name](), set(words))
    book.pack(f"{number}-{name}", data, sheets, Path(folder))
    sizes = [len(control["stops"]) for control in data["controls"]]
    text = (Path(folder) / f"{number}-{name}.js").stat().st_size
    print(f"{number}-{name} {'x'.join(map(str, sizes))}{'*' * ('index' in data)} {len(data['states'])} states, "
          f"{text / 1000:.0f} kB + {sum(map(len, sheets)) / 1000:.0f} kB in {len(sheets)}, "
          f"{time.perf_counter() - start:.0f} s")


def run(number, folder=PANELS):
    """Run a notebook in a kernel of its own, write its panels, leave the notebook file as it is."""
    path = next((ROOT / "notebooks").glob(f"{number}_*.ipynb"), None)
    if path is None:
        raise SystemExit(f"no notebook begins with {number!r}: give two digits, as in 02")
    start, resources = time.perf_counter(), {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(nbformat.read(path, 4), timeout=LONGEST, resources=resources)
    try:
        client.execute(cleanup_kc=False)
        ran = time.perf_counter() - start
        said = export_from_kernel(client, number, folder)
    finally:
        client._cleanup_kernel()
    return [*said, f"{path.stem}: cells {ran:.0f} s, panels {time.perf_counter() - start - ran:.0f} s"]


def run_all(numbers):
    """Run several notebooks, two at a time; print what was written, and at the end what failed.

    Raises
    ------
    SystemExit
        Where a notebook could not be exported; the others are.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    failed = []
    with ProcessPoolExecutor(2) as pool:
        jobs = {pool.submit(run, number): number for number in numbers}
        for job in as_completed(jobs):
            if error := job.exception():
                failed.append(f"{jobs[job]}: {error}")
            else:
                print("\n".join(job.result()), flush=True)
    if failed:
        raise SystemExit("\n".join(failed))


def stored_lines(path):
    """Return the line under each panel as the notebook stores it, dict by panel name."""
    lines = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        name = cell["cell_type"] == "code" and panel_name("".join(cell["source"]))
        if name:
            lines[name] = next("".join(output["data"]["text/markdown"]) for output in reversed(cell["outputs"])
                               if "text/markdown" in output.get("data", {}))
    return lines
