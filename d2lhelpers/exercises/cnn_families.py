"""Exercises of `08_cnn_families.ipynb`."""

import torch
import torch.nn.functional as F
from torch import nn

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import keeps_inputs, without_loop


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _whole(trial):
    """Refuse floats where ints are asked for."""
    parts = trial.got if isinstance(trial.got, (tuple, list)) else (trial.got,)
    if any(isinstance(part, float) for part in parts):
        return "the numbers are right, but they are floats: counts are ints, so multiply ints, and divide with `//`."
    return None


def _cost(C, FN, size, OH, OW):
    """Count the products: where every pixel and every weight is 1, each product adds 1 to the output."""
    layer = nn.Conv2d(C, FN, size)
    ones = torch.ones(1, C, OH + size - 1, OW + size - 1, dtype=torch.float64)
    products = F.conv2d(ones, torch.ones_like(layer.weight, dtype=torch.float64)).sum()
    return sum(p.numel() for p in layer.parameters()), int(products)


cost = Exercise(
    inputs=[(1, 6, 5, 28, 24), (16, 120, 5, 3, 2), (3, 64, 3, 7, 9)],
    oracle=_cost,
    mistakes={
        "the biases are missing: each of the FN filters has one.":
            lambda C, FN, size, OH, OW: (FN * C * size**2, FN * OH * OW * C * size**2),
        "one bias per filter is enough, not one per channel or kernel.":
            lambda C, FN, size, OH, OW: (FN * C * (size**2 + 1), FN * OH * OW * C * size**2),
        "one kernel for all channels? Each filter has a kernel for each of the C channels.":
            lambda C, FN, size, OH, OW: (FN * (size**2 + 1), FN * OH * OW * size**2),
        "the kernel has size × size weights, not size.":
            lambda C, FN, size, OH, OW: (FN * (C * size + 1), FN * OH * OW * C * size),
        "the bias is added, not multiplied: it costs no multiplication.":
            lambda C, FN, size, OH, OW: (FN * (C * size**2 + 1), FN * OH * OW * (C * size**2 + 1)),
        "the multiplications of one place only: the filter works at OH·OW places.":
            lambda C, FN, size, OH, OW: (FN * (C * size**2 + 1), FN * C * size**2),
        "the multiplications of one filter only: there are FN of them.":
            lambda C, FN, size, OH, OW: (FN * (C * size**2 + 1), OH * OW * C * size**2),
        "weights are shared: their number does not depend on OH and OW.":
            lambda C, FN, size, OH, OW: (FN * OH * OW * (C * size**2 + 1), FN * OH * OW * C * size**2),
    },
    hints=("One number of the output reads a window of C × size × size numbers.",
           "FN filters are stored, each with that many weights and a bias; FN·OH·OW numbers come out.",
           "FN * (C * size**2 + 1), FN * OH * OW * C * size**2"),
    praise="With this you can weigh any net on paper.",
    tolerance=0.0,  # whole numbers: 1 of 100 000 matters
    conditions=(_whole,),
)


def _pairs(seed, num_classes, N):
    generator = torch.Generator().manual_seed(seed)
    y, y_hat = (torch.randint(num_classes, (N,), generator=generator) for _ in range(2))
    return y, y_hat, num_classes


def _confusion(y, y_hat, num_classes):
    return (F.one_hot(y, num_classes).T @ F.one_hot(y_hat, num_classes))


def _without_repeats(y, y_hat, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.long)
    matrix[y, y_hat] += 1
    return matrix


confusion = Exercise(
    inputs=[_pairs(0, 3, 20), _pairs(1, 5, 40), (torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), 4)],
    oracle=_confusion,
    mistakes={
        "rows and columns are exchanged: the truth chooses the row.":
            lambda y, y_hat, n: _confusion(y_hat, y, n),
        "a pair that comes often counts only once: `matrix[y, y_hat] += 1` does not add up repeats. Use `bincount`.":
            _without_repeats,
        "cells that never come are cut off at the end: `bincount` needs `minlength=num_classes**2`.":
            lambda y, y_hat, n: torch.bincount(n * y + y_hat).view(n, n),
        "two pairs share a number: `y + y_hat` mixes (0, 1) and (1, 0). Take num_classes · y + y_hat.":
            lambda y, y_hat, n: torch.bincount(y + y_hat, minlength=n * n).view(n, n),
        "the rows are divided by their sums; counts were asked for.":
            lambda y, y_hat, n: _confusion(y, y_hat, n) / _confusion(y, y_hat, n).sum(1, keepdim=True),
        "only the right answers are counted: the errors belong beside the diagonal.":
            lambda y, y_hat, n: torch.diag(_confusion(y, y_hat, n).diag()),
        "the counts are floats; int64 was asked for.":
            lambda y, y_hat, n: _confusion(y, y_hat, n).float(),
    },
    hints=("Give the cell in row y and column y_hat a number between 0 and num_classes² − 1.",
           "num_classes * y + y_hat is that number; `torch.bincount(…, minlength=…)` counts.",
           "torch.bincount(num_classes * y + y_hat, minlength=num_classes**2).view(num_classes, num_classes)"),
    praise="Its diagonal, divided by its sum, is the accuracy.",
    conditions=(without_loop,),
)


def _sight(layers):
    """Measure it: which inputs have a gradient?"""
    width = 1
    for size, stride in reversed(layers):
        width = (width - 1) * stride + size
    x = torch.ones(1, 1, width + 3, requires_grad=True)
    y = x
    for size, stride in layers:
        y = F.conv1d(y, torch.ones(1, 1, size), stride=stride)
    y[0, 0, 0].backward()
    seen = x.grad[0, 0].nonzero()
    return int(seen.max() - seen.min() + 1)


def _walk(layers, add=lambda size: size - 1, after=True, start=1):
    reach, step = start, 1
    for size, stride in layers:
        if not after:
            step *= stride
        reach += add(size) * step
        if after:
            step *= stride
    return reach


def _backwards(layers):
    return _walk(list(reversed(layers)))


sight = Exercise(
    inputs=[([(5, 1), (2, 2), (5, 1), (2, 2)],), ([(3, 1), (3, 1), (3, 1)],), ([(11, 4), (3, 2), (5, 1)],),
            ([(7, 3)],)],
    oracle=_sight,
    mistakes={
        "the strides are left out: after a stride of 2, one step is two pixels of the picture.":
            lambda layers: _walk([(size, 1) for size, _ in layers]),
        "a layer's own stride counts for the layers above it, not for its own kernel.":
            lambda layers: _walk(layers, after=False),
        "a kernel adds size − 1, not size: it overlaps the pixel that was there.":
            lambda layers: _walk(layers, add=lambda size: size),
        "one too few: one pixel sees itself, so begin with 1.":
            lambda layers: _walk(layers, start=0),
        "direction and rule do not fit together: one rule begins at the picture, another one at the last layer.":
            _backwards,
        "the sizes are multiplied: reach grows by addition.":
            lambda layers: int(torch.tensor([size for size, _ in layers]).prod()),
        "that is the distance between two neighbouring outputs (all strides multiplied), not what one sees.":
            lambda layers: int(torch.tensor([stride for _, stride in layers]).prod()),
    },
    hints=("Keep two numbers: how far you see, and how many pixels one step is.",
           "A layer adds (size − 1) steps. After it, a step is `stride` times as long.",
           "for size, stride in layers: reach += (size - 1) * step; step *= stride"),
    praise="The check measured it: it counted the pixels that have a gradient.",
    conditions=(_whole,),
)


def _block(x, W1, W2, Wp, stride):
    C_out, C_in = W1.shape[:2]
    first = nn.Conv2d(C_in, C_out, 3, stride, 1, bias=False)
    second = nn.Conv2d(C_out, C_out, 3, 1, 1, bias=False)
    skip = nn.Identity() if Wp is None else nn.Conv2d(C_in, C_out, 1, stride, bias=False)
    with torch.no_grad():
        first.weight.copy_(W1)
        second.weight.copy_(W2)
        if Wp is not None:
            skip.weight.copy_(Wp)
        return nn.functional.relu(skip(x) + nn.Sequential(first, nn.ReLU(), second)(x))


def _f(x, W1, W2, stride, inner=F.relu, padding=1):
    return F.conv2d(inner(F.conv2d(x, W1, stride=stride, padding=padding)), W2, padding=padding)


def _skip(x, Wp, stride):
    return x if Wp is None else F.conv2d(x, Wp, stride=stride)


block = Exercise(
    inputs=[(*_random(0, (2, 4, 6, 6), (4, 4, 3, 3), (4, 4, 3, 3)), None, 1),
            (*_random(1, (2, 3, 8, 6), (5, 3, 3, 3), (5, 5, 3, 3), (5, 3, 1, 1)), 2),
            (*_random(10, (2, 3, 2, 2), (4, 3, 3, 3), (4, 4, 3, 3), (4, 3, 1, 1)), 2),
            (*_random(11, (1, 4, 5, 4), (2, 4, 3, 3), (2, 2, 3, 3), (2, 4, 1, 1)), 1)],
    oracle=_block,
    mistakes={
        "the input is not added: that is a plain block.":
            lambda x, W1, W2, Wp, s: F.relu(_f(x, W1, W2, s)),
        "the last ReLU comes after the addition, not before it.":
            lambda x, W1, W2, Wp, s: _skip(x, Wp, s) + F.relu(_f(x, W1, W2, s)),
        "the last ReLU is missing.":
            lambda x, W1, W2, Wp, s: _skip(x, Wp, s) + _f(x, W1, W2, s),
        "the ReLU between the two convolutions is missing.":
            lambda x, W1, W2, Wp, s: F.relu(_skip(x, Wp, s) + _f(x, W1, W2, s, inner=lambda z: z)),
        "the convolutions need padding 1, or their result is smaller than the shortcut.":
            lambda x, W1, W2, Wp, s: F.relu(_skip(x, Wp, s) + _f(x, W1, W2, s, padding=0)),
        "the shortcut has another size than f(x): its 1×1 convolution needs the stride as well.":
            lambda x, W1, W2, Wp, s: F.relu(_skip(x, Wp, 1) + _f(x, W1, W2, s)),
        "the shortcut has another shape than f(x): where there is a Wp, x goes through it.":
            lambda x, W1, W2, Wp, s: F.relu(x + _f(x, W1, W2, s)),
        "x and f(x) are multiplied; add them.":
            lambda x, W1, W2, Wp, s: F.relu(_skip(x, Wp, s) * _f(x, W1, W2, s)),
        "a ReLU on the shortcut: x should pass unchanged.":
            lambda x, W1, W2, Wp, s: F.relu(F.relu(_skip(x, Wp, s)) + _f(x, W1, W2, s)),
    },
    hints=("First f(x): convolution with stride, ReLU, convolution.",
           "Then the shortcut: `x if Wp is None else F.conv2d(x, Wp, stride=stride)`.",
           "Return `F.relu(skip + f)`."),
    praise="Sixteen of these, and you have a ResNet-34.",
    conditions=(keeps_inputs,),
)


def _paths(x, kernels, pad=lambda size: size // 2):
    return [F.conv2d(x, W, padding=pad(W.shape[-1])) for W in kernels]


def _inception(x, kernels):
    """All kernels as one large convolution, filled up with zeros."""
    size = max(W.shape[-1] for W in kernels)
    padded = [F.pad(W, ((size - W.shape[-1]) // 2,) * 4) for W in kernels]
    return F.relu(F.conv2d(x, torch.cat(padded), padding=size // 2))


def _glue_wrong_way(x, kernels):
    return F.relu(torch.cat(_paths(x, kernels), dim=0))


inception = Exercise(
    inputs=[(_random(2, (2, 4, 7, 6))[0], list(_random(3, (3, 4, 1, 1), (3, 4, 3, 3), (3, 4, 5, 5)))),
            (_random(4, (1, 2, 6, 6))[0], list(_random(5, (3, 2, 5, 5), (3, 2, 1, 1)))),
            (_random(10, (2, 2, 6, 7))[0], list(_random(11, (3, 2, 5, 5))))],
    oracle=_inception,
    mistakes={
        "the paths are added; glue them with `torch.cat`.":
            lambda x, kernels: F.relu(sum(_paths(x, kernels))),
        "glued along the batch (dim 0): the channels are dim 1.":
            _glue_wrong_way,
        "glued along the rows (dim 2): the channels are dim 1.":
            lambda x, kernels: F.relu(torch.cat(_paths(x, kernels), dim=2)),
        "the ReLU is missing.":
            lambda x, kernels: torch.cat(_paths(x, kernels), dim=1),
        "without padding every path has another size, and nothing can be glued.":
            lambda x, kernels: F.relu(torch.cat(_paths(x, kernels, pad=lambda size: 0), dim=1)),
        "padding 1 suits only the 3×3 kernels. A kernel of size F needs F // 2.":
            lambda x, kernels: F.relu(torch.cat(_paths(x, kernels, pad=lambda size: 1), dim=1)),
        "the order is reversed: keep the order of the list.":
            lambda x, kernels: F.relu(torch.cat(_paths(x, kernels)[::-1], dim=1)),
        "the paths are sorted by the size of their kernels: keep the order of the list.":
            lambda x, kernels: F.relu(torch.cat(_paths(x, sorted(kernels, key=lambda W: W.shape[-1])), dim=1)),
        "stacked on a new axis: `torch.cat`, not `torch.stack`.":
            lambda x, kernels: F.relu(torch.stack(_paths(x, kernels), dim=1)),
    },
    hints=("One path is `F.conv2d(x, W, padding=…)`.",
           "Its padding is `W.shape[-1] // 2`.",
           "F.relu(torch.cat([F.conv2d(x, W, padding=W.shape[-1] // 2) for W in kernels], dim=1))"),
    praise="The check framed the smaller kernels with zeros: Inception is one large convolution, mostly empty.",
)


def _melt(W, b, gamma, beta, mean, var, eps):
    """Feed one impulse per weight to the real pair, and read off what comes out."""
    conv, norm = nn.Conv2d(*W.shape[1::-1], W.shape[2]), nn.BatchNorm2d(len(W), eps=eps)
    values = zip((conv.weight, conv.bias, norm.weight, norm.bias, norm.running_mean, norm.running_var),
                 (W, b, gamma, beta, mean, var), strict=True)
    with torch.no_grad():
        for target, value in values:
            target.copy_(value)
        pair = nn.Sequential(conv, norm).eval()
        impulses = torch.eye(W[0].numel()).view(-1, *W.shape[1:])
        rest = pair(torch.zeros(1, *W.shape[1:]))[0, :, 0, 0]
        return (pair(impulses)[..., 0, 0] - rest).T.reshape(W.shape), rest


def _scale(W, factor):
    return W * factor[:, None, None, None]


def _by(gamma, var, eps):
    return gamma / (var + eps).sqrt()


melt = Exercise(
    inputs=[(*_random(6, (4, 3, 3, 3), (4,), (4,), (4,), (4,)), _random(7, (4,))[0].abs() + 0.1, 0.01),
            (*_random(8, (2, 1, 2, 2), (2,), (2,), (2,), (2,)), _random(9, (2,))[0].abs() + 0.2, 0.1)],
    oracle=_melt,
    mistakes={
        "the square root is missing: divide by √(σ² + ε), not by the variance.":
            lambda W, b, g, be, m, v, e: (_scale(W, g / (v + e)), (b - m) * g / (v + e) + be),
        "ε is missing under the root.":
            lambda W, b, g, be, m, v, e: (_scale(W, _by(g, v, 0)), (b - m) * _by(g, v, 0) + be),
        "ε stands outside the root; it is added to the variance.":
            lambda W, b, g, be, m, v, e: (_scale(W, g / (v.sqrt() + e)), (b - m) * g / (v.sqrt() + e) + be),
        "the old bias is forgotten: it is normalised as well.":
            lambda W, b, g, be, m, v, e: (_scale(W, _by(g, v, e)), be - m * _by(g, v, e)),
        "the mean is forgotten: subtract it from the bias.":
            lambda W, b, g, be, m, v, e: (_scale(W, _by(g, v, e)), b * _by(g, v, e) + be),
        "the mean is added; it is subtracted.":
            lambda W, b, g, be, m, v, e: (_scale(W, _by(g, v, e)), (b + m) * _by(g, v, e) + be),
        "β is missing in the bias.":
            lambda W, b, g, be, m, v, e: (_scale(W, _by(g, v, e)), (b - m) * _by(g, v, e)),
        "γ is missing: it scales the weight and the bias.":
            lambda W, b, g, be, m, v, e: (_scale(W, _by(1, v, e)), (b - m) * _by(1, v, e) + be),
        "the factor has the shape (FN,) and met the last axis of W. Write factor[:, None, None, None].":
            lambda W, b, g, be, m, v, e: (W * _by(g, v, e), (b - m) * _by(g, v, e) + be),
    },
    hints=("Write z = W ⋆ x + b into γ (z − μ)/√(σ² + ε) + β, and sort the terms.",
           "What multiplies x is W · factor with factor = γ/√(σ² + ε), one per filter.",
           "W * factor[:, None, None, None], (b - mean) * factor + beta"),
    praise="One layer less, and not one answer changed.",
    conditions=(keeps_inputs,),
)
