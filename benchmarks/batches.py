"""Batches of 256 from 60 000 pictures: three ways to deal them out, images a second."""

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms

from d2lhelpers import data, runtime


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
    """Print the rates of a per-sample loader, a tensor loader and sliced tensors, in one run."""
    torch.set_num_threads(1)
    X, y = torch.rand(60_000, 1, 28, 28), torch.randint(10, (60_000,))
    loaders = {"DataLoader over pictures": DataLoader(Pictures(X, y), 256, shuffle=True),
               "DataLoader over a TensorDataset": DataLoader(TensorDataset(X, y), 256, shuffle=True),
               "data.batches": data.batches(X, y, 256)}
    rates = {name: len(X) / runtime.seconds(lambda loader=loader: [None for _ in loader], repeat=3)
             for name, loader in loaders.items()}
    for name, rate in rates.items():
        print(f"{name:32}{rate:12,.0f} images/s   data.batches is {rates['data.batches'] / rate:5.1f}× as fast")
