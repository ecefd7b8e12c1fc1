"""What the loaders of `data` return: plain tensors, and where they came from."""

from dataclasses import dataclass

import torch


@dataclass
class Images:
    """Pictures of 28 x 28 pixels and what they show, to train and to test."""
    X_train: torch.Tensor  # float32 (N, 1, 28, 28) in [0, 1]
    y_train: torch.Tensor  # int64 (N,), indices into classes
    X_test: torch.Tensor
    y_test: torch.Tensor
    classes: tuple  # of str
    source: str  # such as "MNIST, local files"


@dataclass
class Photos:
    """Colour photos and what they show, kept as bytes: a quarter of the memory that floats take.

    ``photos[rows]`` are the photos as float32 in [0, 1]; `rows` is an int, a slice or a tensor.
    """
    pixels: torch.Tensor  # uint8 (N, 3, size, size)
    y: torch.Tensor  # int64 (N,), indices into classes
    classes: tuple  # of str
    names: list  # of str, such as "glass/glass12.jpg"
    source: str

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, rows):
        return self.pixels[rows].float().div_(255)


@dataclass
class Table:
    """Columns to predict a number from."""
    frame: object  # pandas.DataFrame (N, columns), NaN where a value is missing
    target: torch.Tensor  # float32 (N,)
    source: str


@dataclass
class Poems:
    """Chinese texts."""
    poems: list  # of str, a newline between two lines
    source: str
