"""Record the race of six small nets in notebook 08 on 4000 digits: about three minutes on one CPU core.

    python -m data.checkpoints.digit_race        # from the repository's root; a run that was stopped goes on

Each net sees the first 4000 digits of MNIST once, in batches of 32, with AdamW and a one-cycle schedule.

- ``valid``: accuracies (6, 3) on the next 1500 training digits at each of `RATES`.
- ``test``: accuracies (6, 4) of four new seeds on the first 4000 test digits, each net at its best rate.
- ``losses``: (6, 125), of the first of those seeds.

Nothing of the nets is kept. `TableConv`, `Pool1998`, `RBF`, `LeNet1998`, `two_blocks` and `ten_twenty` are shown in
the notebook, as are the others, which `benchmarks.models` holds.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from benchmarks.models import LeNet5, MiniGoogLeNet, MiniResNet
from d2lhelpers import data
from data.checkpoints.families import accuracy, train

NAMES = "LeNet1998", "LeNet5", "two_blocks", "ten_twenty", "MiniGoogLeNet", "MiniResNet"
RATES, SEEDS = (2e-3, 5e-3, 1e-2), range(1, 5)
FILE = Path(__file__).with_suffix(".safetensors")


def c3_table():
    """Return which of C1's 6 maps each of C3's 16 filters reads, bool (16, 6), 60 of 96."""
    sets = ([[(k + i) % 6 for i in range(3)] for k in range(6)]
            + [[(k + i) % 6 for i in range(4)] for k in range(6)]
            + [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], list(range(6))])
    table = torch.zeros(16, 6, dtype=torch.bool)
    for k, maps in enumerate(sets):
        table[k, maps] = True
    return table


def mean_codes(X, y):
    """Return a code of 84 values -1 or +1 per class, (10, 84): its mean digit, 7 x 12 pixels, in black and white."""
    means = torch.stack([X[y == k].mean(dim=0) for k in range(10)])
    shrunk = F.interpolate(means[..., 3:25, 5:23], size=(12, 7), mode="area")
    return torch.where(shrunk > 0.35, 1.0, -1.0).flatten(1)


class TableConv(nn.Module):
    """A 5×5 convolution whose filters read only the maps of a table: (N, 6, H, W) -> (N, 16, H - 4, W - 4)."""

    def __init__(self, table, size=5):
        super().__init__()
        self.table = table
        self.kernels = nn.Parameter(torch.randn(60, size, size) / 10)
        self.bias = nn.Parameter(torch.zeros(len(table)))

    def forward(self, x):
        weight = x.new_zeros(*self.table.shape, 5, 5)
        weight[self.table] = self.kernels      # the other 36 pairs stay 0
        return F.conv2d(x, weight, self.bias)


class Pool1998(nn.Module):
    """Average pooling by 2 with a weight and a bias per map."""

    def __init__(self, C):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(C, 1, 1))
        self.bias = nn.Parameter(torch.zeros(C, 1, 1))

    def forward(self, x):
        return self.weight * F.avg_pool2d(x, 2) + self.bias


class RBF(nn.Module):
    """Minus the squared distances from fixed codes: (N, 84) -> (N, 10)."""

    def __init__(self, codes):                 # (10, 84), -1 or +1
        super().__init__()
        self.register_buffer("codes", codes)   # saved, but not trained

    def forward(self, x):                      # logits = -distance
        return -((x[:, None] - self.codes) ** 2).sum(dim=2)


class LeNet1998(nn.Sequential):
    """LeNet-5 as the paper has it, 60 000 trainable numbers: (N, 1, 28, 28) -> (N, 10)."""

    def __init__(self, table, codes):
        super().__init__(
            nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), Pool1998(6), nn.Tanh(),
            TableConv(table), nn.Tanh(), Pool1998(16), nn.Tanh(),
            nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(),
            nn.Linear(120, 84), nn.Tanh(), RBF(codes))


def two_blocks():                                         # 16, 32 filters
    """Return a net of two convolutions and one linear layer: (N, 1, 28, 28) -> (N, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1568, 10))


def ten_twenty():                                         # 10, 20 filters
    """Return a net of two convolutions and two linear layers: (N, 1, 28, 28) -> (N, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(320, 50), nn.ReLU(), nn.Linear(50, 10))


def main():
    """Choose each net's rate, race four new seeds, save after each net."""
    torch.set_num_threads(1)
    digits = data.load_mnist(5500)
    first, y = digits.X_train[:4000], digits.y_train
    codes, (mean, std) = mean_codes(first, y[:4000]), (first.mean(), first.std())
    X, X_test = (digits.X_train - mean) / std, (digits.X_test[:4000] - mean) / std
    nets = dict(zip(NAMES, (lambda: LeNet1998(c3_table(), codes), LeNet5, two_blocks, ten_twenty, MiniGoogLeNet,
                            MiniResNet), strict=True))
    state = load_file(FILE) if FILE.exists() else {}
    if "test" in state:
        state = {}

    def run(name, lr, seed):
        torch.manual_seed(seed)
        model = nets[name]()
        return model, train(model, X[:4000], y[:4000], lr, 32)

    for name in NAMES:
        if name in state:
            continue
        valid = [accuracy(run(name, lr, 0)[0], X[4000:], y[4000:]) for lr in RATES]
        runs = [run(name, RATES[valid.index(max(valid))], seed) for seed in SEEDS]
        test = [accuracy(model, X_test, digits.y_test[:4000]) for model, _ in runs]
        state[name] = torch.cat([torch.tensor(valid + test), runs[0][1]])
        print(name, valid, test, flush=True)
        save_file(state, FILE)
    rows = torch.stack([state[name] for name in NAMES])
    save_file({"valid": rows[:, :3].contiguous(), "test": rows[:, 3:7].contiguous(),
               "losses": rows[:, 7:].contiguous()}, FILE)


if __name__ == "__main__":
    main()
