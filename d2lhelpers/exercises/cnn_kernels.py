"""Exercises of `07_cnn_kernels.ipynb`."""

import torch
import torch.nn.functional as F

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import without, without_autograd, without_loop
from d2lhelpers.diagnosis.watched import calls


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _without_loop_over_pixels(trial):
    """Refuse an answer that calls PyTorch more often the larger the picture is."""
    X, W, b = trial.copied()
    few, many = (len(calls(trial, (F.pad(X, (0, more, 0, more)), W, b))) for more in (0, 3))
    return "the numbers are right, but more pixels take more calls: no loop over them." if many > few else None


def _conv(X, K, **options):
    return F.conv2d(X[None, None], K[None, None], **options)[0, 0]


def _size(H, size, P, S, D):
    picture, kernel = torch.zeros(1, 1, H, H), torch.zeros(1, 1, size, size)
    return F.conv2d(picture, kernel, padding=P, stride=S, dilation=D).shape[-1]


output_size = Exercise(
    inputs=[(28, 5, 2, 1, 1), (224, 11, 1, 4, 1), (33, 3, 2, 2, 3), (225, 11, 1, 4, 1),
            (7, 7, 0, 2, 1), (20, 5, 3, 3, 2), (12, 4, 5, 1, 3), (26, 5, 0, 4, 1)],
    oracle=_size,
    mistakes={
        "one too few: a kernel as large as the picture still fits once. Is the + 1 missing?":
            lambda H, size, P, S, D: _size(H, size, P, S, D) - 1,
        "padding is added on both sides: 2P, not P.":
            lambda H, size, P, S, D: (H + P - D * (size - 1) - 1) // S + 1,
        "the dilation is missing: a dilated kernel reaches over D(F − 1) + 1 pixels.":
            lambda H, size, P, S, D: _size(H, size, P, S, 1),
        "a dilated kernel reaches over D(F − 1) + 1 pixels, not over D·F: there are F − 1 gaps.":
            lambda H, size, P, S, D: (H + 2 * P - D * size) // S + 1,
        "you round up. A window that only half fits is left out: round down with `//`.":
            lambda H, size, P, S, D: -(-(H + 2 * P - D * (size - 1) - 1) // S) + 1,
        "you divide with `/`: half a pixel does not exist. Use `//`.":
            lambda H, size, P, S, D: (H + 2 * P - D * (size - 1) - 1) / S + 1,
        "the stride is missing: divide the room to move by S.":
            lambda H, size, P, S, D: _size(H, size, P, 1, D),
        "only the room to move is divided by S. The + 1 comes after the division.":
            lambda H, size, P, S, D: (H + 2 * P - D * (size - 1)) // S,
    },
    hints=("How far can the kernel's first tap move before its last tap falls off?",
           "The padded length is H + 2P, the kernel reaches over D(F − 1) + 1 of it.",
           "(H + 2 * P - D * (size - 1) - 1) // S + 1"),
    praise="AlexNet's first layer turns 224 pixels into 54.",
)


def _shifted(X, K):
    return _conv(X, K)[:-1, :-1]


correlate = Exercise(
    inputs=[_random(0, (5, 7), (3, 3)), _random(1, (6, 6), (2, 4))],
    oracle=_conv,
    mistakes={
        "the kernel is flipped: that is a true convolution. Here nothing is turned round.":
            lambda X, K: _conv(X, K.flip(0, 1)),
        "the last row and column are missing: the kernel fits H − FH + 1 times, not H − FH.":
            _shifted,
        "you take the mean of the products; the sum was asked for.":
            lambda X, K: _conv(X, K) / K.numel(),
        "you add up the window and the kernel apart. Multiply number by number first, then add.":
            lambda X, K: _conv(X, torch.ones_like(K)) * K.sum(),
        "rows and columns of the result are exchanged: i goes down, j goes right.":
            lambda X, K: _conv(X, K).T,
        "you padded: here the kernel stays inside the picture.":
            lambda X, K: F.conv2d(X[None, None], K[None, None], padding=1)[0, 0],
        "you took the largest product of each window; the sum was asked for.":
            lambda X, K: (X.unfold(0, K.shape[0], 1).unfold(1, K.shape[1], 1) * K).amax(dim=(2, 3)),
        "the windows do not overlap: they should move by one pixel, not by the kernel's size.":
            lambda X, K: _conv(X, K, stride=tuple(K.shape)),
    },
    hints=("The window at (i, j) is `X[i:i + FH, j:j + FW]`.",
           "There are H − FH + 1 rows and W − FW + 1 columns of results.",
           "In one line: `(X.unfold(0, FH, 1).unfold(1, FW, 1) * K).sum(dim=(2, 3))`."),
    praise="Every kernel of this page is this function.",
    conditions=(without("conv2d"),),
)


def _same(X, K, flip=(0, 1), **options):
    return _conv(X, K.flip(flip), padding=(K.shape[0] // 2, K.shape[1] // 2), **options)


convolve_same = Exercise(
    inputs=[_random(2, (5, 6), (3, 5)), _random(3, (7, 6), (5, 3))],
    oracle=lambda X, K: F.conv_transpose2d(X[None, None], K[None, None], padding=(
        K.shape[0] // 2, K.shape[1] // 2))[0, 0],
    mistakes={
        "the kernel is not flipped: that is the cross-correlation which `F.conv2d` computes.":
            lambda X, K: _same(X, K, flip=()),
        "the kernel is flipped upside down only: turn it left to right as well.":
            lambda X, K: _same(X, K, flip=(0,)),
        "the kernel is flipped left to right only: turn it upside down as well.":
            lambda X, K: _same(X, K, flip=(1,)),
        "there is no padding: the result is smaller than X.":
            lambda X, K: _conv(X, K.flip(0, 1)),
        "that is the full convolution, FH − 1 rows and FW − 1 columns too large: keep its middle.":
            lambda X, K: _conv(X, K.flip(0, 1), padding=(K.shape[0] - 1, K.shape[1] - 1)),
        "the result is turned round: flip the kernel, and neither the picture nor the result.":
            lambda X, K: _same(X.flip(0, 1), K, flip=()),
        "the border is filled with copies of the edge; fill it with zeros.":
            lambda X, K: _conv(F.pad(X[None], (K.shape[1] // 2,) * 2 + (K.shape[0] // 2,) * 2,
                                     mode="replicate")[0], K.flip(0, 1)),
    },
    hints=("`K.flip(0, 1)` turns a kernel upside down and left to right.",
           "With zeros of width FH // 2 and FW // 2 round X, the size stays.",
           "`F.conv2d(X[None, None], K.flip(0, 1)[None, None], padding=(FH // 2, FW // 2))[0, 0]`"),
    praise="A single bright pixel now comes out as the kernel itself, the right way up.",
)


def _blocks(X, size):
    C, H, W = X.shape
    X = X[:, :H // size * size, :W // size * size]
    return X.reshape(C, H // size, size, W // size, size)


def _strided_blocks(X, size):
    C, OH, _, OW, _ = _blocks(X, size).shape
    return X[:, :OH * size, :OW * size].reshape(C, size, OH, size, OW).amax(dim=(1, 3))


def _without_cutting(X, size):
    C, H, W = X.shape
    return X.reshape(C, H // size, size, W // size, size).amax(dim=(2, 4))


max_pool = Exercise(
    inputs=[(*_random(4, (3, 7, 10)), 2), (*_random(5, (2, 12, 14)), 3), (*_random(10, (1, 5, 11)), 4)],
    oracle=lambda X, size: F.max_pool2d(X[None], size)[0],
    mistakes={
        "that is the average of each window; the largest was asked for.":
            lambda X, size: F.avg_pool2d(X[None], size)[0],
        "that is the smallest of each window; the largest was asked for.":
            lambda X, size: -F.max_pool2d(-X[None], size)[0],
        "the windows overlap: move by `size`, not by 1.":
            lambda X, size: F.max_pool2d(X[None], size, stride=1)[0],
        "incomplete windows at the border are left out; you kept them.":
            lambda X, size: F.max_pool2d(X[None], size, ceil_mode=True)[0],
        "you pooled over the channels as well: each channel keeps its own map.":
            lambda X, size: F.max_pool2d(X[None], size)[0].amax(dim=0),
        "you took one pixel of each window (a stride), not its largest.":
            lambda X, size: _blocks(X, size)[:, :, 0, :, 0],
        "the axes are split the wrong way: H becomes (H // size, size), in that order.":
            _strided_blocks,
        "the size does not divide H or W: cut the rest off first, `X[:, :OH * size, :OW * size]`.":
            _without_cutting,
    },
    hints=("Cut the rest off, so that `size` divides both sides.",
           "`reshape(C, OH, size, OW, size)` gives every window two axes of its own.",
           "`.amax(dim=(2, 4))` takes the largest over both."),
    praise="No parameter, no loop.",
    conditions=(without_loop, without("max_pool2d")),
)


def _layer(X, W, b):
    return F.conv2d(X[None], W, b)[0]


def _per_channel(X, W):
    return torch.stack([F.conv2d(X[None, c:c + 1], W[:, c:c + 1])[0] for c in range(len(X))])  # (C, FN, OH, OW)


conv_layer = Exercise(
    inputs=[_random(6, (3, 6, 7), (5, 3, 2, 4), (5,)), _random(7, (2, 7, 8), (6, 2, 3, 1), (6,))],
    oracle=_layer,
    mistakes={
        "the bias is missing: `b` has one number for each filter.":
            lambda X, W, b: F.conv2d(X[None], W)[0],
        "the bias is added once per channel: add it once, after the sum over channels.":
            lambda X, W, b: _layer(X, W, b * len(X)),
        "the bias is subtracted.":
            lambda X, W, b: _layer(X, W, -b),
        "only the first channel is used: sum over all C of them.":
            lambda X, W, b: _per_channel(X, W)[0] + b[:, None, None],
        "the channels are averaged; they are to be added.":
            lambda X, W, b: _per_channel(X, W).mean(dim=0) + b[:, None, None],
        "the channels are not added up: the result should have three axes, (FN, OH, OW).":
            lambda X, W, b: _per_channel(X, W).transpose(0, 1) + b[:, None, None, None],
        "the kernels are flipped.":
            lambda X, W, b: _layer(X, W.flip(2, 3), b),
        "the filters' axis comes last: the wanted order is (FN, OH, OW).":
            lambda X, W, b: _layer(X, W, b).permute(1, 2, 0),
    },
    hints=("`X.unfold(1, FH, 1).unfold(2, FW, 1)` has the shape (C, OH, OW, FH, FW).",
           "Which letters does `einsum` sum over? c, i and j: \"chwij,fcij->fhw\".",
           "Then add `b[:, None, None]`, (FN, 1, 1)."),
    praise="That is all an nn.Conv2d computes.",
    conditions=(without("conv2d"), _without_loop_over_pixels,)
)


def _gradient(X, K, G):
    K = K.clone().requires_grad_()
    (_conv(X, K) * G).sum().backward()
    return K.grad


def _input_gradient(X, K, G):
    X = X.clone().requires_grad_()
    (_conv(X, K) * G).sum().backward()
    return X.grad


kernel_gradient = Exercise(
    inputs=[_random(8, (5, 7), (3, 3), (3, 5)), _random(9, (6, 6), (2, 4), (5, 3))],
    oracle=_gradient,
    mistakes={
        "the result is upside down and mirrored: flip neither the result nor both X and G.":
            lambda X, K, G: _gradient(X, K, G).flip(0, 1),
        "G is flipped: that is a true convolution. Here nothing is turned round.":
            lambda X, K, G: _conv(X, G.flip(0, 1)),
        "that is the gradient for the picture X. The kernel's was asked for.":
            _input_gradient,
        "you average over the places; the loss is a sum, so the gradient is one too.":
            lambda X, K, G: _gradient(X, K, G) / G.numel(),
        "G is left out: weight each window with the gradient at its place.":
            lambda X, K, G: _gradient(X, K, torch.ones_like(G)),
        "K itself does not appear in its gradient: the map is linear in K.":
            lambda X, K, G: K * _gradient(X, K, G),
        "that is K · ΣG, without the picture. Which pixels does each weight meet?":
            lambda X, K, G: K * G.sum(),
    },
    hints=("The weight K[a, b] meets the pixel X[i + a, j + b] at place (i, j).",
           "So its gradient is the sum over i, j of G[i, j] · X[i + a, j + b]. Do you know this sum?",
           "It is X with the kernel G: `F.conv2d(X[None, None], G[None, None])[0, 0]`."),
    praise="The gradient of a convolution is a convolution: that is how every CNN learns.",
    conditions=(without_autograd,),
)
