"""Record the two studies of notebook 08 (CNN families), on MNIST and Fashion-MNIST: about 30 minutes on one CPU core.

    python -m data.checkpoints.families          # from the repository's root; a run that was stopped goes on

- ``towers``: training losses (2, 2, 2, 2, 3, 125) of towers of 20 and 40 layers, plain and residual, with PyTorch's and
  with He's start, without and with batch normalization, three seeds; 6000 digits of 14 × 14 pixels, one epoch of
  batches of 48, the same digits in the same order for all.
- ``ladder_valid``: accuracies (7, 4) on 2000 held-out training pictures of each rung of the ladder at each of `RATES`.
- ``ladder_test``: accuracies (7, 5) of five new seeds on the 10 000 test pictures, each rung at its best rate; 6000
  clothes of 14 × 14 pixels, five epochs of batches of 64.

All with AdamW and a one-cycle schedule. `Tower`, `Shortcut`, `convs` and `ladder_net` are shown in the notebook.
"""

import copy
from itertools import product
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from d2lhelpers import data

DEPTHS, TOWER_LR, SEEDS = (20, 40), 5e-3, range(3)
RATES = (3e-3, 1e-2, 3e-2, 6e-2)
NUM_RUNGS = 7
FILE = Path(__file__).with_suffix(".safetensors")


class Tower(nn.Module):
    """A chain of 3×3 convolutions with eight channels: (N, 1, 14, 14) -> (N, 10)."""

    def __init__(self, depth, skip, he=False, norm=False, C=8):
        super().__init__()
        self.skip = skip
        conv = lambda: nn.Conv2d(C, C, 3, padding=1)  # noqa: E731
        bn = lambda: nn.BatchNorm2d(C) if norm else nn.Identity()  # noqa: E731
        self.stem = nn.Conv2d(1, C, 3, stride=2, padding=1)
        self.pairs = nn.ModuleList(
            nn.Sequential(conv(), bn(), nn.ReLU(), conv(), bn())
            for _ in range(depth // 2))
        self.head = nn.Linear(C * 7 * 7, 10)
        for layer in self.pairs.modules():
            if he and isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for f in self.pairs:
            x = F.relu(x + f(x) if self.skip else f(x))
        return self.head(x.flatten(1))


class Shortcut(nn.Module):
    """Add a layer's input to its output; missing channels are zeros."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        z = self.f(x)
        return z + F.pad(x, (0, 0, 0, 0, 0, z.shape[1] - x.shape[1]))


def convs(rung, C_in, C_out):
    """Return the layers of one stage of the ladder's net, up to and with its pooling."""
    act = nn.Tanh if rung < 1 else nn.ReLU
    bn = [nn.BatchNorm2d(C_out)] if rung >= 5 else []
    if rung < 3:
        layers = [nn.Conv2d(C_in, C_out, 5, padding=2)]
    else:
        layers = [nn.Conv2d(C_in, C_out, 3, padding=1), *bn, act(),
                  nn.Conv2d(C_out, C_out, 3, padding=1)]
    f = nn.Sequential(*layers, *copy.deepcopy(bn))
    pool = nn.AvgPool2d(2) if rung < 2 else nn.MaxPool2d(2)
    return [Shortcut(f) if rung >= 6 else f, act(), pool]


def ladder_net(rung):
    """Return the net of one rung: (N, 1, 14, 14) -> (N, 10)."""
    act = nn.Tanh if rung < 1 else nn.ReLU
    body = [*convs(rung, 1, 8), *convs(rung, 8, 16)]      # (16, 3, 3)
    if rung < 4:
        return nn.Sequential(*body, nn.Flatten(), nn.Linear(144, 64), act(),
                             nn.Linear(64, 10))
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(16, 10))


def train(model, X, y, lr, batch_size, num_epochs=1):
    """Train as the notebook does; return the losses (steps,)."""
    model.train()
    loader = data.batches(X, y, batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=num_epochs * len(loader))
    losses = []
    for _ in range(num_epochs):
        for X_batch, y_batch in loader:
            loss = F.cross_entropy(model(X_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
    model.eval()
    return torch.tensor(losses)


@torch.inference_mode()
def accuracy(model, X, y):
    """Return the share of right answers, float."""
    return sum((model(X[i:i + 500]).argmax(dim=1) == y[i:i + 500]).sum().item() for i in range(0, len(y), 500)) / len(y)


def half_size(pictures):
    """Return training and test pictures of 14 × 14 pixels, standardised by the training ones."""
    mean, std = pictures.X_train.mean(), pictures.X_train.std()
    return [F.avg_pool2d((X - mean) / std, 2) for X in (pictures.X_train, pictures.X_test)]


def record_towers(state):
    """Train all corners; save after each depth."""
    digits = data.load_mnist(6000)
    X, _ = half_size(digits)
    for depth in DEPTHS:
        for key in product(*[(False, True)] * 3):
            name = f"tower {depth} {key}"
            if name in state:
                continue
            runs = []
            for seed in SEEDS:
                torch.manual_seed(seed)
                runs.append(train(Tower(depth, *key), X, digits.y_train, TOWER_LR, 48))
            state[name] = torch.stack(runs)
            print(name, state[name][:, -10:].mean(dim=1), flush=True)
            save_file(state, FILE)


def record_ladder(state):
    """Choose each rung's rate on held-out pictures, then test five new seeds; save after each rung."""
    clothes = data.load_fashion_mnist(8000)
    X, X_test = half_size(clothes)
    y = clothes.y_train

    def climb(rung, lr, seed):
        torch.manual_seed(seed)
        model = ladder_net(rung)
        train(model, X[:6000], y[:6000], lr, 64, 5)
        return model

    for rung in range(NUM_RUNGS):
        if f"rung {rung}" in state:
            continue
        valid = [accuracy(climb(rung, lr, 0), X[6000:], y[6000:]) for lr in RATES]
        best = RATES[valid.index(max(valid))]
        test = [accuracy(climb(rung, best, seed), X_test, clothes.y_test) for seed in range(1, 6)]
        state[f"rung {rung}"] = torch.tensor(valid + test)
        print(rung, best, state[f"rung {rung}"], flush=True)
        save_file(state, FILE)


def main():
    """Run both studies, or what is left of them, and write one file."""
    state = load_file(FILE) if FILE.exists() else {}
    if "towers" in state:
        state = {}
    record_towers(state)
    record_ladder(state)
    rungs = torch.stack([state[f"rung {rung}"] for rung in range(NUM_RUNGS)])
    towers = [state[f"tower {depth} {key}"] for depth in DEPTHS for key in product(*[(False, True)] * 3)]
    shape = (2, 2, 2, 2, len(SEEDS), -1)
    save_file({"towers": torch.stack(towers).view(shape).half(), "ladder_test": rungs[:, len(RATES):].contiguous(),
               "ladder_valid": rungs[:, :len(RATES)].contiguous()}, FILE)


if __name__ == "__main__":
    main()
