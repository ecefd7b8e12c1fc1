"""Exercises of `12_house_prices.ipynb`."""

import math

import numpy as np
import torch
from sklearn.impute import SimpleImputer
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from d2lhelpers.checks import Exercise


def _joined(batches):
    return (torch.cat(part) for part in zip(*batches, strict=True))


def _log_rmse(y_hat, y, low=1.0):
    return root_mean_squared_error(y.log(), y_hat.clamp(min=low).log())


def _of_batches(batches, average):
    return average(torch.tensor([_log_rmse(*pair) for pair in batches], dtype=torch.float64)).item()


def _measure(batches, loss_value):
    return _log_rmse(*_joined(batches))


def _houses(seed, *sizes):
    """Return batches of predictions, one of them at or below zero, and prices."""
    generator = torch.Generator().manual_seed(seed)
    y = [30 + 270 * torch.rand(size, generator=generator) for size in sizes]
    y_hat = [part * (0.3 * torch.randn(len(part), generator=generator)).exp() for part in y]
    y_hat[seed % len(sizes)][0] = -5.0 + 2.5 * (seed % 3)
    return list(zip([part.round(decimals=1) for part in y_hat], [part.round(decimals=1) for part in y], strict=True))


measure = Exercise(
    inputs=[(_houses(0, 4, 4, 2), 0.125), (_houses(1, 3, 1), 0.5), (_houses(2, 3, 3), 0.25)],
    oracle=_measure,
    mistakes={
        "that is `loss_value`: the loss of the last training batch says nothing about these houses.":
            lambda batches, loss_value: loss_value,
        "you add `loss_value` once per batch: it is the loss of a training batch.":
            lambda batches, loss_value: loss_value * len(batches),
        "you average the errors of the batches: a short batch counts as much as a long one, and roots do not average.":
            lambda batches, loss_value: _of_batches(batches, torch.mean),
        "you add up the errors of the batches. Join the batches and measure once.":
            lambda batches, loss_value: _of_batches(batches, torch.sum),
        "you average the mean squares of the batches: the houses of a short batch then count more.":
            lambda batches, loss_value: _of_batches(batches, lambda e: e.square().mean().sqrt()),
        "that is the error of the last batch alone.":
            lambda batches, loss_value: _log_rmse(*batches[-1]),
        "you divide the sum of squares by the number of batches, not of houses.":
            lambda batches, loss_value: _measure(batches, loss_value) * (
                sum(len(y) for _, y in batches) / len(batches)) ** 0.5,
        "the root is missing: that is the mean squared error of the logs.":
            lambda batches, loss_value: _measure(batches, loss_value) ** 2,
        "the log of a prediction that is not positive is NaN or −∞: clamp at 1, and before the log.":
            lambda batches, loss_value: (torch.cat([y_hat.log() - y.log() for y_hat, y in batches])
                                         .square().mean().sqrt()),
        "the logarithms are missing: that is the RMSE in dollars.":
            lambda batches, loss_value: torch.nn.functional.mse_loss(
                *(part.clamp(min=1) for part in _joined(batches))).sqrt(),
        "you average the absolute misses: square, average, then take the root.":
            lambda batches, loss_value: (torch.cat([y_hat.clamp(min=1).log() - y.log() for y_hat, y in batches])
                                         .abs().mean()),
    },
    hints=("Which of the two arguments holds the houses? Only that one is needed.",
           "Join first: `torch.cat([y_hat for y_hat, y in batches])`, and the same for y.",
           "Then `(y_hat.clamp(min=1).log() - y.log()).square().mean().sqrt()`."),
    praise="Shuffle the prices, and this one gets worse, as a test must.",
    vary=lambda args, random: (_houses(random.randrange(10**6), *(len(y) for _, y in args[0])), args[1]),
)


def _table(seed, n, complete=()):
    generator = torch.Generator().manual_seed(seed)
    X = 3 * torch.randn(n, 3, generator=generator) + torch.tensor([10.0, -4.0, 2.0])
    holes = torch.rand(n, 3, generator=generator) < 0.25
    holes[:, list(complete)] = False
    X[holes] = torch.nan
    return X


def _by_statistics(X_train, X_new, source=None, correction=0, fill=None, divide=True, subtract=True):
    """Impute and scale with the statistics of `source`; the mistakes change one thing each."""
    source = X_train if source is None else source
    mean = source.nanmean(dim=0)
    filled = torch.where(source.isnan(), mean if fill is None else fill, source)
    new = torch.where(X_new.isnan(), mean if fill is None else fill, X_new)
    new = new - filled.mean(dim=0) if subtract else new
    return new / filled.std(dim=0, correction=correction) if divide else new


def _sklearn_numbers(X_train, X_new):
    pipe = make_pipeline(SimpleImputer(strategy="mean"), StandardScaler()).fit(X_train.double().numpy())
    return torch.tensor(pipe.transform(X_new.double().numpy())).float()


prepare_numbers = Exercise(
    inputs=[(_table(0, 12), _table(1, 5)), (_table(2, 8), _table(3, 7) + 2),
            (_table(4, 9, complete=(1,)), _table(5, 6))],
    oracle=_sklearn_numbers,
    mistakes={
        "leak: the mean and deviation come from both tables together. Use `X_train` alone.":
            lambda A, B: _by_statistics(A, B, torch.cat([A, B])),
        "the new table is scaled with its own mean and deviation. Use those of `X_train`.":
            lambda A, B: _by_statistics(A, B, B),
        "NaN: one hole spoils the mean and the deviation of a whole column. Use `nanmean`, then fill the holes.":
            lambda A, B: _by_statistics(A, B, fill=torch.tensor(torch.nan)),
        "the holes are filled with 0 before scaling: 0 is not a typical value. Take the mean.":
            lambda A, B: _by_statistics(A, B, fill=torch.tensor(0.0)),
        "you divide by N − 1 in the deviation; scikit-learn divides by N (`correction=0`).":
            lambda A, B: _by_statistics(A, B, correction=1),
        "the deviation is that of the known values only: fill the holes first, then measure it.":
            lambda A, B: (B.where(~B.isnan(), A.nanmean(dim=0)) - A.nanmean(dim=0)) / torch.tensor(
                np.nanstd(A.double().numpy(), axis=0)).float(),
        "the division by the standard deviation is missing.":
            lambda A, B: _by_statistics(A, B, divide=False),
        "you do not subtract the mean.":
            lambda A, B: _by_statistics(A, B, subtract=False),
    },
    hints=("Everything that is *learned* (mean, deviation) comes from `X_train`.",
           "`X_train.nanmean(dim=0)`, then `torch.where(X.isnan(), mean, X)` for both tables.",
           "Deviation: `filled_train.std(dim=0, correction=0)`, after filling."),
    praise="You have written SimpleImputer and StandardScaler.",
    vary=lambda args, random: tuple(_table(random.randrange(10**6), len(X)) for X in args),
)


def _sklearn_words(train, new):
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder.fit(np.array(train, dtype=object)[:, None])
    return torch.tensor(encoder.transform(np.array(new, dtype=object)[:, None])).float()


def _one_hot(kinds, new):
    return torch.tensor([[float(word == kind) for kind in kinds] for word in new])


def _index_error(train, new):
    kinds = sorted(set(train))
    return torch.eye(len(kinds))[[kinds.index(word) for word in new]]


one_hot = Exercise(
    inputs=[(["tile", "flat", "metal", "flat"], ["metal", "flat", "metal", "tile"]),
            (["wood", "brick", "wood", "stone"], ["stone", "straw", "wood"]),
            (["zinc", "slate", "copper", "thatch", "gravel", "asphalt"], ["slate", "clay", "zinc"]),
            (["roof", "rood", "reef"], ["reef", "rook", "roof"])],  # no single letter tells them apart
    oracle=_sklearn_words,
    mistakes={
        "an unknown word stops your function. It should get a row of zeros.": _index_error,
        "the columns are in the order of appearance; scikit-learn sorts them.":
            lambda train, new: _one_hot(list(dict.fromkeys(train)), new),
        "the list of words comes from both lists: the new rows must not add columns.":
            lambda train, new: _one_hot(sorted({*train, *new}), new),
        "the list of words comes from the new rows. It is learned from `train`.":
            lambda train, new: _one_hot(sorted(set(new)), new),
        "you encode the training rows. The new rows were asked for.":
            lambda train, new: _one_hot(sorted(set(train)), train),
        "one number per word: that invents an order. One *column* per word was asked for.":
            lambda train, new: torch.tensor([sorted({*train, *new}).index(word) for word in new]).float(),
        "the first column is dropped: scikit-learn keeps all of them here.":
            lambda train, new: _one_hot(sorted(set(train)), new)[:, 1:],
        "an unknown word falls into the last column. It should get a row of zeros.":
            lambda train, new: _one_hot(sorted(set(train)), [
                word if word in train else max(train) for word in new]),
    },
    hints=("Which words exist? Only those in `train`, each once, sorted.",
           "`kinds = sorted(set(train))`; then compare each new word with each kind.",
           "`torch.tensor([[word == kind for kind in kinds] for word in new]).float()`"),
    praise="Unknown words need no special case: they equal nothing.",
)


def _stop(valid, patience, offset=0, better=lambda loss, best: loss < best):
    """Keras' way: count the epochs without a record."""
    best, best_epoch, waited = math.inf, 0, 0
    for epoch, loss in enumerate(valid):
        if better(loss, best):
            best, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
            if waited >= patience + offset:
                return epoch, best_epoch
    return len(valid) - 1, best_epoch


def _stop_by_neighbour(valid, patience):
    waited, best = 0, 0
    for epoch in range(1, len(valid)):
        waited = 0 if valid[epoch] < valid[epoch - 1] else waited + 1
        best = min(best, epoch, key=valid.__getitem__)
        if waited >= patience:
            return epoch, best
    return len(valid) - 1, best


def _stop_in_all(valid, patience):
    best, best_epoch, waited = math.inf, 0, 0
    for epoch, loss in enumerate(valid):
        if loss < best:
            best, best_epoch = loss, epoch
        else:
            waited += 1                                             # never set back to 0
            if waited >= patience:
                return epoch, best_epoch
    return len(valid) - 1, best_epoch


stop_early = Exercise(
    inputs=[([0.9, 0.7, 0.8, 0.6, 0.65, 0.7, 0.69, 0.5, 0.55], 3),
            ([0.5, 0.4, 0.45, 0.44, 0.3, 0.31, 0.33, 0.32, 0.2, 0.25], 2),
            ([3.0, 2.0, 1.0, 0.5], 2), ([3.0, 1.0, 2.0], 2), ([0.4, 0.5, 0.6, 0.1, 0.2], 2), ([0.4, 0.5, 0.3], 1),
            ([5.0, 3.0, 4.0, 4.5, 4.2], 2), ([0.5, 0.6, 0.5, 0.7], 2)],
    oracle=_stop,
    mistakes={
        "you stop one epoch too late: `patience` epochs without a record are enough.":
            lambda valid, patience: _stop(valid, patience, 1),
        "you stop one epoch too early.":
            lambda valid, patience: _stop(valid, patience, -1),
        "you compare with the epoch before. Compare with the best so far.": _stop_by_neighbour,
        "the count goes on after a record: a new best sets it back to 0.": _stop_in_all,
        "you keep the last epoch; return the best one as the second value.":
            lambda valid, patience: (_stop(valid, patience)[0],) * 2,
        "the two values are exchanged: first where it stopped, then the best.":
            lambda valid, patience: _stop(valid, patience)[::-1],
        "you looked at the whole curve. Epochs after the stop are never trained.":
            lambda valid, patience: (_stop(valid, patience)[0], valid.index(min(valid))),
        "`>` instead of `<`: the validation loss should be small.":
            lambda valid, patience: _stop(valid, patience, better=lambda loss, best: best == math.inf or loss > best),
    },
    hints=("Remember the epoch of the best loss so far.",
           "If `epoch - best_epoch >= patience`, stop.",
           "After the loop, without a stop: `return len(valid) - 1, best_epoch`."),
    praise="The rule costs three lines and one copy of the weights.",
)


def _folds(num_rows, num_folds):
    return [torch.tensor(rows) for _, rows in KFold(num_folds).split(np.zeros(num_rows))]


kfold = Exercise(
    inputs=[(11, 4), (10, 5), (7, 3)],
    oracle=lambda n, k: tuple(_folds(n, k)),
    mistakes={
        "you return the training rows. The held-out rows were asked for.":
            lambda n, k: tuple(torch.tensor(rest) for rest, _ in KFold(k).split(np.zeros(n))),
        "the remainder is lost: with 11 rows and 4 folds, three rows are never measured.":
            lambda n, k: tuple(torch.arange(n // k * k).split(n // k)),
        "the whole remainder went into the last fold: spread it over the first folds.":
            lambda n, k: tuple(torch.arange(i * (n // k), n if i == k - 1 else (i + 1) * (n // k)) for i in range(k)),
        "you deal the rows like cards (every k-th). Here each fold is one block.":
            lambda n, k: tuple(torch.arange(i, n, k) for i in range(k)),
        "the rows count from 1. Positions in Python start at 0.":
            lambda n, k: tuple(rows + 1 for rows in _folds(n, k)),
        "you return the sizes of the folds, not their rows.":
            lambda n, k: tuple(len(rows) for rows in _folds(n, k)),
        "you made `num_folds` the size of a fold; it is their number.":
            lambda n, k: tuple(torch.arange(n).split(k)),
    },
    hints=("Sizes: n // k each, and the first n % k folds get one more.",
           "Build them in a loop with a running `start`, or look for a tensor method that splits.",
           "`torch.arange(num_rows).tensor_split(num_folds)` does it in one line."),
    praise="`tensor_split` and scikit-learn's KFold cut in the same places.",
)


def _town(seed, n, k, alone):
    generator = torch.Generator().manual_seed(seed)
    group = torch.randint(0, 4, (n,), generator=generator)
    t = 12 + 0.3 * group.double() + 0.2 * torch.randn(n, generator=generator, dtype=torch.float64)
    group[alone] = 9                                                # a neighbourhood with one house
    return group, t, [rows.contiguous() for rows in torch.randperm(n, generator=generator).tensor_split(k)]


def _encode(group, t, folds, pick=None, empty=None):
    """Encode by pandas; `pick` chooses the rows to learn from, `empty` fills unknown groups."""
    import pandas as pd

    out = torch.zeros(len(t), dtype=t.dtype)
    for rows in folds:
        rest = np.setdiff1d(np.arange(len(t)), rows.numpy())
        fit = rest if pick is None else pick(rest, rows.numpy(), len(t))
        seen = pd.Series(t.numpy()[fit]).groupby(group.numpy()[fit]).mean()
        filler = t[fit].mean().item() if empty is None else empty(t)
        out[rows] = torch.tensor(pd.Series(group.numpy()[rows]).map(seen).fillna(filler).to_numpy())
    return out


def _vary_town(args, random):
    return _town(random.randrange(10**6), len(args[1]), len(args[2]), random.randrange(len(args[1])))


target_encode = Exercise(
    inputs=[_town(0, 20, 4, alone=0), _town(1, 15, 3, alone=10)],
    oracle=_encode,
    mistakes={
        "leak: each house is part of its own mean. Learn from the *other* folds.":
            lambda *args: _encode(*args, pick=lambda rest, rows, n: np.arange(n)),
        "you learn from the fold itself: that is all leak and no lesson. Use the other folds.":
            lambda *args: _encode(*args, pick=lambda rest, rows, n: rows),
        "a group that the other folds do not know gets 0. Give it their overall mean.":
            lambda *args: _encode(*args, empty=lambda t: 0.0),
        "a group that the other folds do not know is NaN. Give it their overall mean.":
            lambda *args: _encode(*args, empty=lambda t: float("nan")),
        "an unknown group gets the mean of *all* rows: a small leak. Use the other folds' mean.":
            lambda *args: _encode(*args, empty=lambda t: t.mean().item()),
        "every house gets the overall mean: the groups are not used.":
            lambda group, t, folds: _encode(torch.zeros_like(group), t, folds),
    },
    hints=("Loop over the folds. For each, which rows may be used to learn?",
           "`rest` is a boolean mask: all True, then `rest[rows] = False`. Means come from `t[rest & (group == g)]`.",
           "If no row is left for a group, use `t[rest].mean()`."),
    praise="Out-of-fold encoding: a house never sees its own price.",
    vary=_vary_town,
)
