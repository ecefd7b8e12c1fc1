"""The rows of the reference table: nets, data sets, the sources' recipes as they print them, and ours."""

import math
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn

from benchmarks import models
from d2lhelpers import data

SEEDS = (10, 11, 12)  # none of them was used while the recipes were chosen
MNIST, FASHION = (data.load_mnist, (0.1307, 0.3081)), (data.load_fashion_mnist, (0.2860, 0.3530))


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
    minutes: float = math.inf  # of training, after which it stops wherever it is


@dataclass(frozen=True)
class Row:
    """One line of the table."""
    name: str
    net: object  # callable: () -> torch.nn.Module
    source: float  # accuracy the source prints, in percent; nan: none
    theirs: Recipe
    ours: Recipe
    sprint: Recipe  # ours, cut short: as far as the source's figure
    images: object = MNIST[0]  # callable: () -> d2lhelpers.records.Images
    scale: tuple = MNIST[1]  # mean and standard deviation of the pixels
    size: int = 28  # of the pictures' sides
    their_net: object = None  # where the source's net is not the course's
    seeds: tuple = SEEDS


adamw = partial(torch.optim.AdamW, weight_decay=0.01)


def softmax_regression():
    """Return one linear layer, 784 -> 10."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp():
    """Return the MLP 784 - 500 - 10."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 10))


def _sgd(lr, batch_size, epochs, **more):
    text = f"SGD {lr:g}, batch {batch_size}" + (", pixels in [0, 1]" if more.get("raw") else "")
    return Recipe(text, epochs, batch_size, partial(torch.optim.SGD, lr=lr), per_picture=True, **more)


def ours(epochs, batch_size, peak, shift=0, gain=0.0):
    """Return a recipe of the course: AdamW under a one-cycle schedule."""
    text = f"AdamW, one cycle to {peak:g}, batch {batch_size}"
    text += (", Xavier start" if gain else "") + (f", shifts ≤ {shift} px" if shift else "")
    return Recipe(text, epochs, batch_size, adamw, peak, shift, gain=gain)


def _both(key, name, net, source, theirs, mine, sprint, **more):
    """Return the rows of a net whose source says MNIST and loads Fashion-MNIST: one for each."""
    digits = Row(f"{name}, MNIST", net, source, theirs, mine, sprint, **more)
    clothes = replace(digits, name=f"{name}, Fashion-MNIST", sprint=mine, images=FASHION[0], scale=FASHION[1])
    return {key: digits, f"{key}_fashion": clothes}


ROWS = {
    "softmax": Row("softmax regression", softmax_regression, 83.0, _sgd(1e-3, 100, 5, raw=True),
                   ours(12, 500, 8e-3), ours(0.1, 64, 5e-3)),
    "mlp": Row("MLP 784–500–10", mlp, 97.0,
               Recipe("Adam 0.001, batch 100", 5, 100, partial(torch.optim.Adam, lr=1e-3), per_picture=True),
               ours(12, 128, 3e-3, shift=1), ours(1, 128, 3e-3)),
    "lenet5": Row("LeNet-5", models.LeNet5, 97.94, _sgd(0.9, 256, 5),
                  ours(10, 64, 6e-3, shift=1, gain=5 / 3), ours(0.9, 96, 1.2e-2, gain=5 / 3)),
    **_both("googlenet", "mini GoogLeNet", models.MiniGoogLeNet, 98.92, _sgd(0.1, 128, 10),
            ours(5, 128, 5e-3, shift=1), ours(2, 128, 5e-3), their_net=models.BareGoogLeNet),
    **_both("resnet", "mini ResNet", models.MiniResNet, 98.92, _sgd(0.1, 128, 10),
            ours(5, 128, 5e-3, shift=1), ours(2, 128, 5e-3)),
    "sigmoid": Row("sigmoid LeNet, Fashion-MNIST", models.SigmoidLeNet, math.nan, _sgd(0.9, 256, 20),
                   ours(10, 128, 1e-2), ours(10, 128, 1e-2), images=FASHION[0], seeds=(0,)),
    **_both("alexnet", "AlexNet (1×224×224)", models.AlexNet, 99.30, _sgd(0.1, 128, 10, minutes=90),
            ours(2, 64, 3e-4), ours(2, 64, 3e-4), size=224, seeds=(0,)),
}
