"""RESULTS.md and the README's rows, written from what was measured."""

import json
import re
from importlib import import_module
from pathlib import Path

from benchmarks import side

ROWS = ("imports", "batches", "guessing", "filtering", "gradients", "learning", "curves", "interact", "painting",
        "parallel")
LISTS = {"pages": "Whole notebooks: Run All and the kernel's peak memory, one after another",
         "opening": "In the browser",
         "sliders": "Slider changes in the kernel: callback, drawing and PNG, every slider over its whole range",
         "profile": "Where LeNet-5's time goes: one step with 96 digits"}
RECORDS, TABLE = Path(__file__).with_name("results.json"), Path(__file__).with_name("RESULTS.md")
README = TABLE.parents[1] / "README.md"
HEAD = ["| what | against | sooner, median (min – max) | goal | ours / theirs | remarks |", "| " + "--- | " * 6]
TELLING = "batches of 256", "LeNet-5 to", "slider change", "live training"  # the README shows these rows


def measure(name):
    """Run one file's measurement and keep it, with the machine; return the record."""
    module = import_module(f"benchmarks.{name}")
    records = json.loads(RECORDS.read_text("utf-8")) if RECORDS.exists() else {}
    machine = side.machine()
    found = module.main()
    records[name] = {"machine": machine, **({"rows": [row.record() for row in found]} if name in ROWS else
                                            {"lines": found})}
    RECORDS.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return records


def write(records):
    """Write RESULTS.md."""
    text = ["# Results", "",
            "`uv run python -m benchmarks` writes this page. Each row was measured in one process, ours and the other "
            "in turn; the ratio is the median over the rounds, with the smallest and the largest.", "", *HEAD]
    made = {}
    for name in ROWS:
        for row in records.get(name, {}).get("rows", []):
            text.append(side.Row(**row).line())
            made.setdefault(records[name]["machine"], []).append(name)
    text += ["", *(f"- {', '.join(dict.fromkeys(names))}: {machine}." for machine, names in made.items()), "",
             "GPU: not measured, none was at hand. `D2L_DEVICE=cuda uv run python -m benchmarks learning` trains "
             "there, with synchronised timers.", ""]
    missing = [name for name in (*ROWS, *LISTS) if name not in records]
    text += [f"Not measured yet: {', '.join(missing)}.", ""] if missing else []
    for name, title in LISTS.items():
        if name in records:
            text += [f"## {title}", f"{records[name]['machine']}.", "```", *records[name]["lines"], "```", ""]
    TABLE.write_text("\n".join(text), "utf-8")


def telling(records):
    """Return the README's rows, a list of Markdown lines."""
    rows = [side.Row(**row) for name in ROWS for row in records.get(name, {}).get("rows", [])]
    chosen = [next(row for row in rows if word in row.question) for word in TELLING]
    return ["| what | against | sooner, median (min – max) |", "| --- | --- | --- |",
            *(" | ".join(row.line().split(" | ")[:3]) + " |" for row in chosen)]


def publish(records):
    """Put the four rows into the README, in place of those that are there."""
    text, head = README.read_text("utf-8"), re.escape("| what | against | sooner, median (min – max) |")
    README.write_text(re.sub(head + r"\n(\|.*\n)*\|.*", lambda _: "\n".join(telling(records)), text), "utf-8")


def main(names=()):
    """Measure what is named, or all, with as many threads as a learner's torch has; write the page after each."""
    for name in names or [*ROWS, *LISTS]:
        print(f"== {name}", flush=True)
        records = measure(name)
        for row in records[name].get("rows", []):
            print(side.Row(**row).line())
        print(*records[name].get("lines", []), sep="\n")
        write(records)
    publish(records)
