"""Measure the checks on answers that are in no list: `python -m tests.verdicts [--unread] [topic …]`.

Prints one row per notebook: W wrong answers, and of them: accepted (the check is fooled), listed (named by the
exercise's list), repair (named by the search for a single edit), fact (a dtype, a sign, a transposed matrix, a
condition), generic; right answers that are rejected; verdicts that raised; milliseconds per verdict.
`judged.json` holds what a reader says of every named sentence: true of that answer, or false.
"""

import json
import statistics
import sys
import time
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from d2lhelpers.diagnosis.frames import source_of
from tests.answers import answers
from tests.solutions import exercises, topics

JUDGED = Path(__file__).parent / "answers/judged.json"
NAMED = ("listed", "repair", "fact", "condition")


def verdicts(topic):
    """Yield (function, exercise's name, slip or None, kind, sentence, seconds) for every answer of a topic."""
    own = exercises(topic)
    for function, label, slip in answers(import_module(f"tests.answers.{topic}")):
        start = time.perf_counter()
        try:
            text, _, kind = replace(own[label], _tries=[])._judge(function)
        except Exception as error:
            text, kind = f"{type(error).__name__}: {error}", "raised"
        yield function, label, slip, kind, text.split("\n")[0].removeprefix("✗ "), time.perf_counter() - start


def written():
    """Return the topics that have answers, list of str."""
    return [topic for topic in topics() if find_spec(f"tests.answers.{topic}")]


def judged():
    """Return {topic.function: [sentence, whether it is true]}, dict."""
    return json.loads(JUDGED.read_text(encoding="utf-8")) if JUDGED.exists() else {}


def row(topic, found, read):
    """Return one row of the table, dict."""
    wrong = [item for item in found if item[2] is not None]
    kinds = [item[3] for item in wrong]
    said = [(f"{topic}.{item[0].__name__}", item[4]) for item in wrong if item[3] in NAMED]
    times = sorted(1000 * item[5] for item in found)
    return {"notebook": topic, "W": len(wrong), "accepted": kinds.count("right"),
            **{kind: kinds.count(kind) for kind in ("listed", "repair", "fact")}, "condition": kinds.count("condition"),
            "generic": len(wrong) - sum(kinds.count(kind) for kind in (*NAMED, "right", "raised")),
            "false": sum(read.get(key) == [sentence, False] for key, sentence in said),
            "unread": sum(read.get(key, [None])[0] != sentence for key, sentence in said),
            "rejected": sum(item[2] is None and item[3] != "right" for item in found),
            "raised": sum(item[3] == "raised" for item in found),
            "median ms": round(statistics.median(times)), "p95 ms": round(times[int(0.95 * (len(times) - 1))])}


def main(*arguments):
    """Print the table; with `--unread` the answers whose sentence nobody judged, with `--all` every answer."""
    chosen, read, rows, all_times = [a for a in arguments if not a.startswith("-")] or written(), judged(), [], []
    for topic in chosen:
        found = list(verdicts(topic))
        all_times += [item[5] for item in found]
        rows.append(row(topic, found, read))
        for function, label, slip, kind, sentence, _ in found:
            key = f"{topic}.{function.__name__}"
            unread = slip is not None and kind in NAMED and read.get(key, [None])[0] != sentence
            fooled = (slip is None) != (kind == "right")
            if "--all" in arguments or fooled or ("--unread" in arguments and unread):
                print(f"--- {key} ({label}) [{kind}] slip: {slip}\n{source_of(function)}    => {sentence}\n")
    print(" | ".join(rows[0]))
    for line in rows:
        print(" | ".join(map(str, line.values())))
    total = {key: sum(line[key] for line in rows) for key in rows[0] if key not in ("notebook", "median ms", "p95 ms")}
    times = sorted(1000 * t for t in all_times)
    print("all | " + " | ".join(map(str, total.values())) + f" | {statistics.median(times):.0f} | "
          f"{times[int(0.95 * (len(times) - 1))]:.0f}")
    named = sum(total[kind] for kind in NAMED)
    print(f"named {named / total['W']:.1%}, false {total['false'] / max(named, 1):.1%}, "
          f"wrongly accepted {total['accepted'] / total['W']:.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
