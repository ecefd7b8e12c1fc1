"""Measure the checks on answers that are in no list: `python -m tests.verdicts [--unread] [--all] [topic …]`.

Prints one row per notebook: W wrong answers, and of them: accepted (the check is fooled), named by the exercise's
list, by the search for a single edit, by a fact (a dtype, a sign, a transposed matrix) or by a condition; generic;
sentences judged false, and unread ones; right answers that are rejected; verdicts that raised; milliseconds.

`answers/judged.json` holds what a reader says of every sentence: true of that answer, or false. `--unread` prints
what nobody has judged, `--all` every answer; `--accept`, after reading, writes the unread ones down as true.
`--patient` searches up to a minute per answer, so that nothing depends on the machine.
"""

import json
import statistics
import sys
import time
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from d2lhelpers.diagnosis import repair
from d2lhelpers.diagnosis.frames import source_of
from tests.answers import answers
from tests.solutions import exercises, topics

JUDGED = Path(__file__).parent / "answers/judged.json"
NAMED = ("listed", "repair", "fact", "condition")


def verdicts(topic):
    """Yield (key, function, slip or None, kind, sentence, seconds) for every answer of a topic."""
    own = exercises(topic)
    for function, label, slip in answers(import_module(f"tests.answers.{topic}")):
        start = time.perf_counter()
        try:
            text, _, kind = replace(own[label], _tries=[])._judge(function)
        except Exception as error:
            text, kind = f"{type(error).__name__}: {error}", "raised"
        sentence = text.split("\n")[0].removeprefix("✗ ")
        yield f"{topic}.{label}.{function.__name__}", function, slip, kind, sentence, time.perf_counter() - start


def written():
    """Return the topics that have answers, list of str."""
    return [topic for topic in topics() if find_spec(f"tests.answers.{topic}")]


def judged():
    """Return {topic.exercise.function: {sentence: whether it is true}}, dict."""
    return json.loads(JUDGED.read_text(encoding="utf-8")) if JUDGED.exists() else {}


def is_unread(item, read):
    """Tell whether a verdict names something that nobody has judged, bool."""
    return item[2] is not None and item[3] in NAMED and item[4] not in read.get(item[0], {})


def row(topic, found, read):
    """Return one row of the table, dict."""
    wrong = [item for item in found if item[2] is not None]
    kinds = [item[3] for item in wrong]
    times = sorted(1000 * item[5] for item in found)
    return {"notebook": topic, "W": len(wrong), "accepted": kinds.count("right"),
            **{kind: kinds.count(kind) for kind in NAMED},
            "generic": len(wrong) - sum(kinds.count(kind) for kind in (*NAMED, "right", "raised")),
            "false": sum(read.get(key, {}).get(said) is False for key, _, _, kind, said, _ in wrong if kind in NAMED),
            "unread": sum(is_unread(item, read) for item in wrong),
            "rejected": sum(item[2] is None and item[3] != "right" for item in found),
            "raised": sum(item[3] == "raised" for item in found),
            "median ms": round(statistics.median(times)), "p95 ms": round(times[int(0.95 * (len(times) - 1))])}


def accept(found):
    """Write the unread sentences of some verdicts down as true."""
    read = judged()
    for item in found:
        if is_unread(item, read):
            read.setdefault(item[0], {})[item[4]] = True
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(read[key], ensure_ascii=False)}" for key in sorted(read))
    JUDGED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def main(*arguments):
    """Print the table; return how many sentences are unread, answers misjudged, or verdicts raised."""
    chosen = [a for a in arguments if not a.startswith("-")] or written()
    repair.SECONDS = 60 if "--patient" in arguments else repair.SECONDS
    rows, every, read = [], [], judged()
    for topic in chosen:
        found = list(verdicts(topic))
        every += found
        rows.append(row(topic, found, read))
        for item in found:
            misjudged = (item[2] is None) != (item[3] == "right")
            if "--all" in arguments or misjudged or ("--unread" in arguments and is_unread(item, read)):
                print(f"--- {item[0]} [{item[3]}] slip: {item[2]}\n{source_of(item[1])}    => {item[4]}\n", flush=True)
    if "--accept" in arguments:
        accept(every)
    rows.append({**row("all", every, read)})
    print("| " + " | ".join(rows[0]) + " |\n|" + " --- |" * len(rows[0]))
    print("\n".join("| " + " | ".join(map(str, line.values())) + " |" for line in rows))
    total = rows[-1]
    named = sum(total[kind] for kind in NAMED)
    print(f"\nnamed {named / total['W']:.1%}, false {total['false'] / max(named, 1):.1%}, "
          f"wrongly accepted {total['accepted'] / total['W']:.1%}")
    return sum(total[key] for key in ("unread", "rejected", "raised"))


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
