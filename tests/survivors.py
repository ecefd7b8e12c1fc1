"""Which wrong ideas pass an exercise's inputs? `python -m tests.survivors [--all] [--fair] [topic …]`.

Every small edit of the reference solution that stands in the notebook is tried as an answer: mutation testing of the
exercise. A mutant that passes all inputs survives; if it is wrong on one of sixty more inputs of the same kind, on
which reference and oracle agree, the exercise lacks an input. `survivors.txt` names the mutants that are equivalent,
each with its reason; any other real survivor makes the command fail. `--all` prints those equal everywhere as well.

`--fair` writes `d2lhelpers/diagnosis/fair.json`: the seeds of inputs on which reference and oracle agree.
"""

import ast
import copy
import json
import sys
from pathlib import Path

from d2lhelpers.diagnosis import fair, safety
from d2lhelpers.diagnosis.frames import source_of
from d2lhelpers.diagnosis.repair import Search
from d2lhelpers.diagnosis.trial import Trial, quiet, value_of
from d2lhelpers.diagnosis.values import close
from d2lhelpers.diagnosis.variants import STAGES, variants
from d2lhelpers.diagnosis.watchdog import Watchdog
from tests.solutions import exercises, solutions, topics

NAMED = Path(__file__).with_name("survivors.txt")
MORE = 60


def fair_seeds(exercise, reference, count, tries=range(300)):
    """Return seeds of inputs on which reference and oracle agree, are finite, and differ from one another, list."""
    found, seen = [], set()
    for seed in tries:
        for args, wanted in fair.made(exercise, [seed]):
            text = repr(args)
            if text not in seen and close(value_of(reference, *copy.deepcopy(args)), wanted, exercise.tolerance):
                found.append(seed)
                seen.add(text)
        if len(found) == count:
            break
    return found


def survivors(exercise, reference, count=MORE):
    """Return the edits of a reference that pass all inputs.

    Parameters
    ----------
    exercise : Exercise
    reference : function
    count : int
        How many more inputs decide whether a survivor is really wrong.

    Returns
    -------
    tuple of (int, list)
        How many mutants were tried; and (edit as text, number of fair inputs where it is wrong, of how many).
    """
    wanted = [value_of(exercise.oracle, *copy.deepcopy(args)) for args in exercise.inputs]
    trials = [Trial(exercise, reference, args, (), None, want) for args, want in zip(exercise.inputs, wanted,
                                                                                    strict=True)]
    more = list(fair.made(exercise, fair_seeds(exercise, reference, count)))
    source, found, tried = source_of(reference), {}, 0
    with quiet(), Watchdog(cpu=0.2, wall=3.0) as dog:
        search = Search(exercise, reference, source, trials)
        search.dog = dog
        with safety.guard(search.tree, search.scope):
            for stage in STAGES:
                for kind, *_ in variants(search.tree, stage):
                    tried += 1
                    function = search.build()
                    if function is None or not search.passes(function, search.pairs):
                        continue
                    if exercise.conditions and search.refused(function):
                        continue
                    bad = sum(not search.passes(function, [pair]) for pair in more)
                    edited = ast.unparse(ast.fix_missing_locations(search.tree))
                    found.setdefault(_difference(source, edited), (kind, bad, len(more)))
    return tried, [(f"{kind}: {text}", bad, num) for text, (kind, bad, num) in found.items()]


def _difference(source, edited):
    """Return the first line that an edit changed, as `before -> after`."""
    before = ast.unparse(ast.parse(source)).splitlines()
    after = edited.splitlines()
    i = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(after) - 1)
    return f"{before[min(i, len(before) - 1)].strip()} -> {after[min(i, len(after) - 1)].strip()}"


def named():
    """Return the equivalent mutants, {(exercise, edit): reason}."""
    lines = NAMED.read_text(encoding="utf-8").splitlines() if NAMED.exists() else []
    parts = [line.split(" | ") for line in lines if line.strip() and not line.startswith("#")]
    return {(exercise.strip(), edit.strip()): reason.strip() for exercise, edit, reason in parts}


def write_fair(chosen):
    """Write the seeds of fair inputs of these topics' exercises."""
    listed = json.loads(fair.FILE.read_text(encoding="utf-8")) if fair.FILE.exists() else {}
    for topic in chosen:
        listed = {key: seeds for key, seeds in listed.items() if not key.startswith(f"{topic}.")}
        own = exercises(topic)
        for label, reference in solutions(topic).items():
            if label in own:
                listed[f"{topic}.{label}"] = fair_seeds(own[label], reference, fair.COUNT)
                if len(listed[f"{topic}.{label}"]) < fair.COUNT:
                    print(f"{topic}.{label}: only {len(listed[f'{topic}.{label}'])} fair inputs: give it a `vary`")
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(listed[key])}" for key in sorted(listed))
    fair.FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def main(*arguments):
    """Print the survivors of the chosen topics; return how many real ones nobody has named."""
    chosen = [a for a in arguments if not a.startswith("-")] or list(topics())
    if "--fair" in arguments:
        write_fair(chosen)
        return 0
    equivalent, left = named(), 0
    for topic in chosen:
        own = exercises(topic)
        for label, reference in solutions(topic).items():
            if label not in own:
                continue
            tried, found = survivors(own[label], reference)
            real = [item for item in found if item[1] and (f"{topic}.{label}", item[0]) not in equivalent]
            left += len(real)
            print(f"{topic}.{label}: {tried} mutants, {len(found)} pass, "
                  f"{sum(item[1] > 0 for item in found)} of them wrong elsewhere, {len(real)} not named")
            for edit, bad, num in found if "--all" in arguments else real:
                print(f"    {edit}   (wrong on {bad} of {num})")
    return left


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
