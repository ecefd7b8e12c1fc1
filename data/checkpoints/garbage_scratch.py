"""Train the two-block net of notebook 13 for twelve epochs, three times, and write down what it reached.

    python -m data.checkpoints.garbage_scratch

Photos: TrashNet, split as in the notebook. Recipe: the notebook's (batches of 32, AdamW 0.001, cosine schedule, a
random window of 84 in 92 pixels, a mirror), 12 epochs in place of 1. Three runs take about six minutes on one core. The
nets have ten million weights each and are not kept; the file holds their records, 5 kB:
`train_loss`, `valid_loss`, `valid_accuracy`, float (3, 12), one row per run; `test`, int64, the rows to test on;
`answers`, uint8 (3, number of test photos), what each net says about them after its last epoch.
"""

import hashlib
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.transforms import v2

from d2lhelpers import data, training

NUM_RUNS, NUM_EPOCHS, BATCH = 3, 12, 32


class Normalize(nn.Module):
    """The notebook's: one mean and spread per colour."""

    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", mean.view(3, 1, 1))
        self.register_buffer("std", std.view(3, 1, 1))

    def forward(self, X):                              # (N, 3, H, W)
        """Return the normalised photos."""
        return (X - self.mean) / self.std


def two_block_cnn(mean, std):
    """Return the notebook's net for photos of 84 pixels."""
    return nn.Sequential(
        Normalize(mean, std),
        nn.Conv2d(3, 18, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(18, 30, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(30 * 18 * 18, 1024), nn.ReLU(),
        nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 6))


def stratified_split(y, seed, shares=(0.70, 0.85)):
    """Return the rows to train, to validate and to test, as the notebook does."""
    generator = torch.Generator().manual_seed(seed)
    parts = [], [], []
    for k in y.unique():
        rows = (y == k).nonzero()[:, 0]
        rows = rows[torch.randperm(len(rows), generator=generator)]
        a, b = (round(share * len(rows)) for share in shares)
        for part, piece in zip(parts, (rows[:a], rows[a:b], rows[b:]), strict=True):
            part.append(piece)
    return [torch.cat(part) for part in parts]


def without_disputed_copies(photos):
    """Return the rows of the photos that are not filed under two classes."""
    places = {}
    for i, x in enumerate(photos.pixels):
        places.setdefault(hashlib.sha256(x.numpy().tobytes()).digest(), []).append(i)
    drop = {i for rows in places.values() if len({photos.y[j].item() for j in rows}) > 1 for i in rows}
    return torch.tensor([i for i in range(len(photos)) if i not in drop])


class Augmented:
    """Batches of random windows, half of them mirrored."""

    def __init__(self, loader, side, seed=0):
        self.loader, self.side = loader, side
        self.rng = torch.Generator().manual_seed(seed)

    def __iter__(self):
        for X, y in self.loader:
            room = X.shape[-1] - self.side + 1
            draws = torch.randint(room, (len(X), 2), generator=self.rng)
            mirror = torch.rand(len(X), generator=self.rng) < 0.5
            X = torch.stack([x[:, i:i + self.side, j:j + self.side]
                             for x, (i, j) in zip(X, draws.tolist(), strict=True)])
            X[mirror] = X[mirror].flip(-1)
            yield X.contiguous(memory_format=torch.channels_last) / 255, y


def main():
    """Train and write the records."""
    photos = data.load_trashnet(128)
    kept, y = without_disputed_copies(photos), photos.y
    train, valid, test = (kept[part] for part in stratified_split(y[kept], 0))
    x = photos.pixels[train].double() / 255
    mean, std = x.mean(dim=(0, 2, 3)).float(), x.std(dim=(0, 2, 3)).float()
    del x
    pixels = v2.functional.resize(photos.pixels, [92, 92])
    centre = pixels[:, :, 4:88, 4:88]
    records = {"train_loss": [], "valid_loss": [], "valid_accuracy": [], "answers": []}
    for run in range(NUM_RUNS):
        start = time.time()
        torch.manual_seed(run)
        net = two_block_cnn(mean, std).to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, NUM_EPOCHS)
        history = training.fit(
            net, Augmented(data.batches(pixels[train], y[train], BATCH, seed=run), 84, run), nn.CrossEntropyLoss(),
            optimizer, NUM_EPOCHS, data.batches(centre[valid] / 255, y[valid], BATCH, shuffle=False), schedule)
        with torch.no_grad():
            said = torch.cat([net.eval()(x / 255).argmax(dim=1) for x in centre[test].split(BATCH)])
        for name in ("train_loss", "valid_loss", "valid_accuracy"):
            records[name].append(torch.tensor(getattr(history, name)))
        records["answers"].append(said.byte())
        print([round(accuracy, 3) for accuracy in history.valid_accuracy],
              f"test {(said == y[test]).float().mean():.3f}, {time.time() - start:.0f} s", flush=True)
    save_file({name: torch.stack(rows) for name, rows in records.items()} | {"test": test},
              Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
