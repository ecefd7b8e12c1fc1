"""The gradient of a 784–50–10 net (notebook 04): one backward pass against two forward passes per weight."""

import torch
from torch.nn import functional as F

from benchmarks import side


def main(some=100):
    """Return the row."""
    torch.manual_seed(0)
    X, y = torch.rand(100, 784), torch.randint(10, (100,))
    shapes = (784, 50), (50,), (50, 10), (10,)
    params = [0.1 * torch.randn(shape) for shape in shapes]
    for p in params:
        p.requires_grad_()

    def loss():
        W1, b1, W2, b2 = params
        return F.cross_entropy(torch.sigmoid(X @ W1 + b1) @ W2 + b2, y)

    @torch.no_grad()
    def numerical(h=1e-4):
        flat, slopes = params[0].view(-1), []
        for i in range(some):
            w = flat[i].item()
            flat[i] = w + h
            above = loss()
            flat[i] = w - h
            slopes.append((above - loss()) / (2 * h))
            flat[i] = w
        return slopes

    total = sum(p.numel() for p in params)
    return [side.row("gradient of a 784–50–10 net on 100 digits", "numerical gradient, two losses per weight",
                     lambda: torch.autograd.grad(loss(), params), numerical, goal=1000, share=some / total,
                     note=f"the numerical one timed on {some} of {total} weights", rounds=9)]
