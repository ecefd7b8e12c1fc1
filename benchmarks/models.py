"""The nets of notebook 08 that the reference benchmark trains; the notebook shows each of them word for word."""

import torch
from torch import nn
from torch.nn import functional as F


class LeNet5(nn.Sequential):
    """LeNet-5 of 1998 with a 10-way linear output: float (N, 1, 28, 28) -> logits (N, 10)."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),  # C1, S2
            nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),            # C3, S4
            nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(),             # C5
            nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))           # F6, output


class SigmoidLeNet(nn.Sequential):
    """LeNet with sigmoids and Xavier's initialisation: float (N, 1, 28, 28) -> logits (N, 10)."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(400, 120), nn.Sigmoid(),
            nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10))
        for layer in self:
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(layer.weight)


class AlexNet(nn.Sequential):
    """AlexNet for one grey channel: float (N, 1, 224, 224) -> logits (N, num_classes)."""

    def __init__(self, num_classes=10):
        super().__init__(
            nn.Conv2d(1, 96, 11, stride=4, padding=1), nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Flatten(),
            nn.Linear(6400, 4096), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(4096, num_classes))


class Inception(nn.Module):
    """Four paths side by side, glued along the channels: (N, C, H, W) -> (N, 88, H, W)."""

    def __init__(self, channels):
        super().__init__()
        self.one = nn.Conv2d(channels, 16, 1)
        self.three = nn.Sequential(
            nn.Conv2d(channels, 16, 1), nn.ReLU(),
            nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(),
            nn.Conv2d(24, 24, 3, padding=1))
        self.five = nn.Sequential(
            nn.Conv2d(channels, 16, 1), nn.ReLU(),
            nn.Conv2d(16, 24, 5, padding=2))
        self.last = nn.Conv2d(channels, 24, 1)

    def forward(self, x):
        paths = self.one(x), self.three(x), self.five(x), self.last(x)
        return F.relu(torch.cat(paths, dim=1))  # 16 + 24 + 24 + 24 = 88


class MiniGoogLeNet(nn.Sequential):
    """Two convolutions and two Inception blocks: float (N, 1, 28, 28) -> logits (N, 10)."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(), Inception(10),
            nn.Conv2d(88, 20, 5), nn.MaxPool2d(2), nn.ReLU(), Inception(20),
            nn.Flatten(), nn.Linear(1408, 10))


class BareInception(nn.Module):
    """The source's block, without a ReLU inside or after it: (N, C, H, W) -> (N, 88, H, W)."""

    def __init__(self, channels):
        super().__init__()
        self.one = nn.Conv2d(channels, 16, 1)
        self.three = nn.Sequential(nn.Conv2d(channels, 16, 1), nn.Conv2d(16, 24, 3, padding=1),
                                   nn.Conv2d(24, 24, 3, padding=1))
        self.five = nn.Sequential(nn.Conv2d(channels, 16, 1), nn.Conv2d(16, 24, 5, padding=2))
        self.last = nn.Conv2d(channels, 24, 1)

    def forward(self, x):
        return torch.cat((self.one(x), self.three(x), self.five(x), self.last(x)), dim=1)


class BareGoogLeNet(nn.Sequential):
    """The source's mini GoogLeNet: float (N, 1, 28, 28) -> logits (N, 10)."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(), BareInception(10),
            nn.Conv2d(88, 20, 5), nn.MaxPool2d(2), nn.ReLU(), BareInception(20),
            nn.Flatten(), nn.Linear(1408, 10))


class Residual(nn.Module):
    """A block that corrects its input: relu(x + f(x)), float (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, channels):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x):
        return F.relu(x + self.f(x))


class MiniResNet(nn.Sequential):
    """Two convolutions and two residual blocks: float (N, 1, 28, 28) -> logits (N, 10)."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 16, 5), nn.MaxPool2d(2), nn.ReLU(), Residual(16),
            nn.Conv2d(16, 32, 5), nn.MaxPool2d(2), nn.ReLU(), Residual(32),
            nn.Flatten(), nn.Linear(512, 10))
