"""The reference table, written from what was measured."""

import math
import re
import statistics
from pathlib import Path

import nbformat

from benchmarks.recipes import ROWS, SEEDS

TABLE = Path(__file__).with_name("REFERENCE.md")
HEAD = ["| net | the source prints | its recipe, run again | the course's recipe | training time to the printed figure "
        "| sooner |", "| --- | --- | --- | --- | --- | --- |"]
NOTES = f"""Test accuracy at the end of training, mean ± standard deviation of {len(SEEDS)} seeds. Times are medians, \
without the testing; the sources' recipes were tested after every epoch, ours ran once more, cut short, to be as quick \
as it can. Part of the saving is not the recipe but the loading: the sources' pictures come one by one through \
torchvision's transforms, ours as slices of one tensor.

The source of mini GoogLeNet, mini ResNet and AlexNet says MNIST in its text and loads Fashion-MNIST in its code, and \
prints the same 98.92 % for two nets: so both sets are run. What was trained beside other work, or on different days, \
shows no times. Its \
Inception block has no ReLU inside or after it; its row runs that net, ours the course's with ReLUs.

Our recipes were chosen in a few trials, the first ones by test pictures of other seeds than those reported here; \
`python -m benchmarks reference choose` compares peaks on 10 000 held-out training pictures instead."""


def publish():
    """Put the table into the README and into notebook 08, in place of the one that is there."""
    table = TABLE.read_text("utf-8").split("\n\n")[0]
    root = TABLE.parents[1]
    for path in (root / "README.md", root / "notebooks/08_cnn_families.ipynb"):
        text, old = path.read_text("utf-8"), re.escape(HEAD[0]) + r"\n(\|.*\n)*\|.*"
        if path.suffix == ".md":
            path.write_text(re.sub(old, lambda _: table, text), "utf-8")
            continue
        nb = nbformat.reads(text, 4)
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = re.sub(old, lambda _: table, cell.source)
        nbformat.write(nb, path)


def reached(result, goal):
    """Return the seconds until the accuracy first was at the goal, inf if it never was."""
    return next((t for t, a in zip(result["seconds"], result["accuracy"], strict=True) if a >= goal - 1e-4), math.inf)


def _finals(row, runs):
    finals = [run["accuracy"][-1] for run in runs.values()]
    if not finals:
        return "not run yet"
    short = [run["epochs"] for run in runs.values() if "epochs" in run]
    spread = f" ± {statistics.stdev(finals):.2f}" if len(finals) > 1 else ""
    some = f" ({len(runs)} of {len(row.seeds)} seeds)" if len(runs) < len(row.seeds) else ""
    return f"{statistics.mean(finals):.2f}{spread} %" + (f" after {min(short):g} epochs" if short else "") + some


def _times(row, results):
    """Return the cells "time" and "sooner": only where both were measured on one machine with nothing beside."""
    if len({run["machine"] for runs in results.values() for run in runs.values()}) > 1:
        return "–", "–"
    runs = {kind: [reached(run, row.source) for run in results.get(kind, {}).values()] for kind in results}
    theirs, ours = (statistics.median(runs.get(kind) or [math.inf]) for kind in
                    ("theirs", "sprint" if runs.get("sprint") else "ours"))
    if not math.isfinite(ours) or not runs.get("theirs"):
        return "–", "–"
    if not math.isfinite(theirs):
        return f"not reached → {ours:.3g} s", "–"
    return f"{theirs:.3g} s → {ours:.3g} s", f"{theirs / ours:.{0 if theirs > 20 * ours else 1}f}×"


def _line(row, results):
    printed = "–" if math.isnan(row.source) else f"{row.source:g} %"
    mine = _finals(row, results["ours"])
    mine = mine if mine == "not run yet" else f"**{mine}**"
    return "| " + " | ".join([row.name, printed, _finals(row, results["theirs"]), mine, *_times(row, results)]) + " |"


def _recipes(row):
    def words(recipe):
        limit = f", at most {recipe.minutes:g} minutes of training" if math.isfinite(recipe.minutes) else ""
        return f"{recipe.text}, {recipe.epochs:g} epochs{limit}".replace(" 1 epochs", " 1 epoch")

    parts = [f"- **{row.name}**: {words(row.theirs)}", f"ours: {words(row.ours)}"]
    if row.sprint != row.ours:
        parts.append(f"for the time: {words(row.sprint)}")
    if row.seeds != SEEDS:
        parts.append(f"seed{'s' * (len(row.seeds) > 1)} {', '.join(map(str, row.seeds))}")
    return "; ".join(parts) + "."


def write(records):
    """Write REFERENCE.md from what was measured; rows that were not run say so."""
    empty = {"theirs": {}, "ours": {}}
    rows = [(row, records.get(key, {}).get("results", empty)) for key, row in ROWS.items()]
    made = {}
    for row, results in rows:
        for kind, runs in results.items():
            for run in runs.values():
                made.setdefault(run["machine"], {}).setdefault(row.name, []).append(kind)
    names = {"theirs": "the source's", "ours": "ours", "sprint": "ours for the time"}
    lines = ["; ".join(f"{name} ({', '.join(names[kind] for kind in dict.fromkeys(kinds))})"
                       for name, kinds in what.items()) for what in made.values()]
    text = [*HEAD, *(_line(*row) for row in rows), "", NOTES, "",
            *(f"- {machine}: {line}." for machine, line in zip(made, lines, strict=True)), "",
            "Recipes:", "", *(_recipes(row) for row, _ in rows), ""]
    TABLE.write_text("\n".join(text), "utf-8")
