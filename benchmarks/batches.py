"""Batches of 256 from 60 000 pictures: three ways to deal them out."""

import statistics

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms

from benchmarks import side
from d2lhelpers import data


class Pictures(Dataset):
    """What torchvision's MNIST does per sample: a PIL picture, ToTensor, Normalize."""

    def __init__(self, X, y, scale=(0.1307, 0.3081)):
        self.pixels, self.y = (255 * X[:, 0]).byte().numpy(), y
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(*scale)])

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.transform(Image.fromarray(self.pixels[i])), int(self.y[i])


def main():
    """Return the rows: against pictures one by one, and against a loader over tensors."""
    X, y = torch.rand(60_000, 1, 28, 28), torch.randint(10, (60_000,))
    ready = (X - 0.1307) / 0.3081  # all of them at once, as the course does
    part, target = Pictures(X[:6000], y[:6000]), torch.empty_like(X)
    loaders = (data.batches(ready, y, 256), DataLoader(part, 256, shuffle=True),
               DataLoader(TensorDataset(ready, y), 256, shuffle=True))
    runs = [lambda loader=loader: [None for _ in loader] for loader in loaders]
    ours, pictures, tensors, copy = side.alternate(*runs, lambda: target.copy_(ready), rounds=7)
    share = statistics.median(copy) / statistics.median(ours)
    question = "shuffled, normalised batches of 256 from 60 000 digits"
    pictures = [10 * t for t in pictures]
    return [side.timed(question, "torchvision's picture by picture + `DataLoader`", ours, pictures, 150,
                       f"a plain copy of the same bytes takes {share:.0%} of our time; the other timed on 6000, × 10"),
            side.timed(question, "`DataLoader` over a `TensorDataset`", ours, tensors, 10)]
