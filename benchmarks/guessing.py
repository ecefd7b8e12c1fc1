"""Random search of notebook 02: 100 000 parabolas tried on 30 points, as one product of matrices and as a loop."""

import numpy as np
import torch

from benchmarks import side


def main(trials=100_000, looped=10_000):
    """Return the row: all at once, against a loop that keeps every loss in a dictionary under a string."""
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 30)
    y = x**2 + 0.1 * torch.randn(30)
    powers = torch.stack([x**2, x, torch.ones(30)])  # (3, 30)

    def at_once():
        guesses = torch.randn(trials, 3)
        losses = (guesses @ powers - y).square().mean(dim=1)
        return guesses[losses.argmin()]

    rng, xs, ys = np.random.default_rng(0), x.numpy(), y.numpy()

    def loop():
        losses = {}
        for _ in range(looped):
            a, b, c = rng.normal(size=3)
            losses[f"{a},{b},{c}"] = np.mean((a * xs**2 + b * xs + c - ys) ** 2)
        return [float(word) for word in min(losses, key=losses.get).split(",")]

    against = "a Python loop, losses in a dictionary of strings"
    return [side.row("random search, 100 000 parabolas on 30 points", against, at_once, loop, goal=100,
                     share=looped / trials, note="the loop timed on 10 000, × 10")]
