"""Training to the accuracy that the source prints: the course's quickest recipe against the source's, seed by seed."""

import json
import math

from benchmarks import reference, side
from benchmarks.recipes import ROWS
from benchmarks.reference_table import reached

GOALS = {"lenet5": 8, "mlp": 10, "resnet": 8}


def first_time(run, goal):
    """Train, testing after each epoch, until the accuracy is at the goal; return the seconds of training."""
    while run.epoch < run.num_epochs:
        run._train_epoch()
        run.accuracies.append(run._test())
        run.times.append(run.spent)
        if run.accuracies[-1] >= goal:
            break
    return reached({"accuracy": run.accuracies, "seconds": run.times}, goal)


def main(keys=("lenet5", "mlp"), seeds=None):
    """Return a row per net; the two recipes take turns, one seed after the other. "resnet" takes half an hour."""
    rows = []
    for key in keys:
        row = ROWS[key]
        images, mine, other, finals = row.images(), [], [], []
        for seed in seeds or row.seeds:
            for recipe, seconds in ((row.theirs, other), (row.sprint, mine)):
                run = reference.Run(row, recipe, seed, images)
                seconds.append(first_time(run, row.source))
            finals.append(run.accuracies[-1])
        good = [i for i in range(len(mine)) if math.isfinite(mine[i]) and math.isfinite(other[i])]
        misses = f"; {len(mine) - len(good)} seeds did not arrive" if len(good) < len(mine) else ""
        note = f"ours ends at {min(finals):.2f} to {max(finals):.2f} % on {len(finals)} seeds{misses}"
        if good:
            rows.append(side.timed(f"{row.name} to {row.source:g} % of the test digits", f"source: {row.theirs.text}",
                                   [mine[i] for i in good], [other[i] for i in good], GOALS[key], note))
        print(json.dumps({"net": key, "ours": mine, "theirs": other}), flush=True)
    return rows
