"""The results that the course's sources print, run again: their recipe and ours, same machine, one run.

A run that is interrupted goes on where it was: its state is written every few hundred steps.
"""

import datetime
import itertools
import json
import os
import platform
import time
from dataclasses import replace
from pathlib import Path

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from benchmarks import reference_table
from benchmarks.batches import Pictures
from benchmarks.recipes import ROWS
from d2lhelpers import data, runtime, training

RECORDS = Path(__file__).with_name("reference.json")
STATES = Path(__file__).with_name("states")  # of runs that are not finished; git ignores it
SAVE_EVERY = 200  # steps


def _resize(X, size):
    return X if size == X.shape[-1] else F.interpolate(X, size=(size, size), mode="bilinear")


def _loader(recipe, X, y, seed, epoch, scale):
    """Return the batches of one epoch; the same for the same seed and epoch."""
    if recipe.per_picture:
        order = torch.Generator().manual_seed(1000 * epoch + seed)
        return DataLoader(Pictures(X, y, scale), recipe.batch_size, shuffle=True, generator=order)
    kept = round(len(X) * min(recipe.epochs, 1))
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(seed))[:kept]
    return data.batches((X[order] - scale[0]) / scale[1], y[order], recipe.batch_size, seed=1000 * epoch + seed,
                        drop_last=True)


def _shifted(X, shift, rng):
    down, right = torch.randint(-shift, shift + 1, (2,), generator=rng).tolist() if shift else (0, 0)
    return X.roll((down, right), (2, 3)) if down or right else X  # the border is background all round


def start(model, gain):
    """Draw the weights of all layers anew, Xavier's way, and set the biases to zero."""
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight, gain)
            nn.init.zeros_(layer.bias)


class Run:
    """One training of one net by one recipe, which can be put aside and taken up again."""

    def __init__(self, row, recipe, seed, images, state=None):
        self.row, self.recipe, self.seed, self.images, self.path = row, recipe, seed, images, state
        torch.manual_seed(seed)
        net = row.their_net if recipe.per_picture and row.their_net else row.net
        memory = torch.preserve_format if recipe.per_picture else torch.channels_last
        self.model = net().to(runtime.pick_device(), memory_format=memory)
        if recipe.gain:
            start(self.model, recipe.gain)
        self.num_epochs = max(1, round(recipe.epochs))
        self.per_epoch = len(_loader(recipe, images.X_train, images.y_train, seed, 0, row.scale))
        parameters = self.model.parameters()
        self.optimizer = recipe.optimizer(parameters, lr=recipe.peak, fused=True) if recipe.peak else \
            recipe.optimizer(parameters)
        self.cycle = recipe.peak and torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, recipe.peak, self.num_epochs * self.per_epoch, pct_start=0.2, cycle_momentum=False)
        self.rng = torch.Generator().manual_seed(seed)
        self.epoch, self.step, self.spent, self.accuracies, self.times = 0, 0, 0.0, [], []
        if self.path and self.path.exists():
            self._load()

    def _parts(self):
        return {name: getattr(self, name) for name in ("model", "optimizer", "cycle") if getattr(self, name)}

    def _save(self):
        plain = {name: getattr(self, name) for name in ("epoch", "step", "spent", "accuracies", "times")}
        self.path.parent.mkdir(exist_ok=True)
        part = self.path.with_suffix(".part")
        torch.save({"parts": {name: part.state_dict() for name, part in self._parts().items()}, "plain": plain,
                    "rng": self.rng.get_state(), "torch": torch.get_rng_state()}, part)
        os.replace(part, self.path)

    def _load(self):
        saved = torch.load(self.path, weights_only=True)
        for name, part in self._parts().items():
            part.load_state_dict(saved["parts"][name])
        vars(self).update(saved["plain"])
        self.rng.set_state(saved["rng"])
        torch.set_rng_state(saved["torch"])

    def train(self):
        """Train to the end; return the test accuracies (percent) and the seconds of training up to each."""
        while self.epoch < self.num_epochs and self.spent < 60 * self.recipe.minutes:
            self._train_epoch()
            self.accuracies.append(self._test())
            self.times.append(self.spent)
        result = {"accuracy": self.accuracies, "seconds": self.times}
        done = self.epoch + self.step / self.per_epoch
        return result | ({"epochs": round(done, 2)} if done < self.num_epochs else {})

    def _train_epoch(self):
        images, recipe = self.images, self.recipe
        loader = _loader(recipe, images.X_train, images.y_train, self.seed, self.epoch, self.row.scale)
        begun = time.perf_counter()
        for X, y in itertools.islice(loader, self.step, None):
            self._step(X, y)
            self.step += 1
            if self.path and self.step % SAVE_EVERY == 0:
                runtime.synchronize()
                self.spent += time.perf_counter() - begun
                self._save()
                begun = time.perf_counter()
                if self.spent > 60 * recipe.minutes:
                    return
        runtime.synchronize()
        self.spent += time.perf_counter() - begun
        self.epoch, self.step = self.epoch + 1, 0

    def _step(self, X, y):
        device, (mean, std) = next(self.model.parameters()).device, self.row.scale
        X = X * std + mean if self.recipe.raw else X  # the loader has standardised them
        X = _resize(_shifted(X.to(device), self.recipe.shift, self.rng), self.row.size)
        loss = F.cross_entropy(self.model(X), y.to(device))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if self.cycle:
            self.cycle.step()

    def _test(self):
        mean, std = (0, 1) if self.recipe.raw else self.row.scale
        test = data.batches((self.images.X_test - mean) / std, self.images.y_test, 500, shuffle=False)
        resized = ((_resize(X, self.row.size), y) for X, y in test)
        return 100 * training.evaluate(self.model, resized, F.cross_entropy)[1]


def run(row, recipe, seed, images, state=None):
    """Train once; return accuracies (percent) and seconds after every epoch, and how far it came if cut short."""
    result = Run(row, recipe, seed, images, state).train()
    if state:
        state.unlink(missing_ok=True)
    return result


def measure(key, records):
    """Run what is missing of a row, seed by seed, and write the records after each run."""
    row = ROWS[key]
    kinds = {"theirs": row.theirs, "ours": row.ours, **({"sprint": row.sprint} if row.sprint != row.ours else {})}
    texts = {kind: f"{recipe.text}, {recipe.epochs:g} epochs" for kind, recipe in kinds.items()}
    old = records.get(key, {})
    results = {kind: old["results"][kind] if old.get("recipes", {}).get(kind) == texts[kind] else {} for kind in kinds}
    images = row.images()
    for seed, (kind, recipe) in itertools.product(map(str, row.seeds), kinds.items()):
        if seed not in results[kind]:
            results[kind][seed] = run(row, recipe, int(seed), images, STATES / f"{key}-{kind}-{seed}.pt")
            results[kind][seed]["machine"] = machine()
            records[key] = {"results": results, "recipes": texts, "source": images.source}
            RECORDS.write_text(json.dumps(records, indent=1), "utf-8")
            print(f"  {row.name}, seed {seed}, {texts[kind]}: {results[kind][seed]['accuracy'][-1]:.2f} %, "
                  f"{results[kind][seed]['seconds'][-1]:.1f} s", flush=True)


def choose(key, peaks=(0.5, 1, 2)):
    """Train with several peaks on 50 000 pictures; print the accuracies on the other 10 000, never on test pictures."""
    row = ROWS[key]
    images = row.images()
    X, y = images.X_train, images.y_train
    held = replace(images, X_train=X[:-10000], y_train=y[:-10000], X_test=X[-10000:], y_test=y[-10000:])
    for kind, recipe in {"ours": row.ours, "sprint": row.sprint}.items():
        for factor in peaks:
            trial = replace(recipe, peak=recipe.peak * factor)
            print(f"  {row.name}, {kind}, peak {trial.peak:g}: {run(row, trial, 0, held)['accuracy'][-1]:.2f} % "
                  "of 10 000 held-out training pictures", flush=True)


def machine():
    """Return what a measurement was made on, and when, str."""
    device = runtime.pick_device()
    what = f"{torch.get_num_threads()} of {os.cpu_count()} CPU cores" if device.type == "cpu" else str(device)
    busy = ", other work beside it" if os.getloadavg()[0] > torch.get_num_threads() + 0.7 else ""
    return (f"{datetime.date.today()}, {what}{busy}, torch {torch.__version__.split('+')[0]}, torchvision "
            f"{torchvision.__version__.split('+')[0]}, Python {platform.python_version()}")


def main(keys=()):
    """Measure the rows with these keys, or all; print the table and write it. `choose KEY …` compares peaks."""
    if keys[:1] == ["choose"]:
        return [choose(key) for key in keys[1:] or ROWS] and None
    records = json.loads(RECORDS.read_text("utf-8")) if RECORDS.exists() else {}
    for key in keys or ROWS:
        measure(key, records)
        reference_table.write(records)
        reference_table.publish()
    print(reference_table.TABLE.read_text("utf-8"))
