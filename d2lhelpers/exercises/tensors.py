"""Exercises of `01_tensors.ipynb`."""

import torch
from torch.nn import functional as F

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import is_view, keeps_inputs, without_loop

_g = torch.Generator().manual_seed(1)


def _random(*shape):
    return torch.rand(shape, generator=_g)


def _photos(num, height, width):
    return [torch.randint(0, 256, (height, width, 3), generator=_g, dtype=torch.uint8) for _ in range(num)]


standardise = Exercise(
    inputs=[(_random(6, 3) * torch.tensor([1.0, 10.0, 100.0]),), (5 + 3 * _random(9, 4),),
            (2 - 9 * _random(4, 7),)],  # negative means, fewer rows than columns
    oracle=lambda X: torch.stack([(column - column.mean()) / column.std() for column in X.T], dim=1),
    mistakes={
        "you standardised the rows. `dim=0` removes the samples and leaves one number per column.":
            lambda X: (X - X.mean(dim=1, keepdim=True)) / X.std(dim=1, keepdim=True),
        "a mean or a spread over `dim=1` has shape (m,), and that does not fit (m, n). It is `dim=0` you need.":
            lambda X: (X - X.mean(dim=1)) / X.std(dim=1),
        "one mean for the whole matrix: without `dim` the columns keep their different scales.":
            lambda X: (X - X.mean()) / X.std(),
        "the spread is one for the whole matrix: `std` lacks its `dim`.":
            lambda X: (X - X.mean(dim=0)) / X.std(),
        "you divide by the variance, not by its root.":
            lambda X: (X - X.mean(dim=0)) / X.var(dim=0),
        "you divide by m, not by m − 1 (`correction=0`).":
            lambda X: (X - X.mean(dim=0)) / X.std(dim=0, correction=0),
        "shifted, but not scaled: the standard deviation is still to come.":
            lambda X: X - X.mean(dim=0),
        "scaled, but not shifted: subtract the mean first.":
            lambda X: X / X.std(dim=0),
    },
    hints=("Which dimension has to disappear: the samples or the columns?",
           "`X.mean(dim=0)` has shape (n,), and (m, n) − (n,) broadcasts over the rows.",
           "Subtract `X.mean(dim=0)`, then divide by `X.std(dim=0)`."),
    praise="Columns measured in metres and in euros now have the same scale.",
    conditions=(keeps_inputs,),
)

to_batch = Exercise(
    inputs=[(_photos(2, 4, 5),), (_photos(3, 2, 3),),
            ([photo // 3 for photo in _photos(1, 3, 4)],)],  # a single photo, and no pixel is white
    oracle=lambda photos: torch.stack([p.movedim(2, 0).to(torch.float32).div(255) for p in photos]),
    mistakes={
        "the shape is right, the pictures are not: `reshape` breaks the lines anew. Turn them with `permute`.":
            lambda photos: torch.stack(photos).reshape(len(photos), 3, *photos[0].shape[:2]).float() / 255,
        "the colours are still last: networks want (N, 3, H, W).":
            lambda photos: torch.stack(photos).float() / 255,
        "height and width are exchanged: the photos lie on their side.":
            lambda photos: torch.stack(photos).permute(0, 3, 2, 1).float() / 255,
        "the values still run to 255.":
            lambda photos: torch.stack(photos).permute(0, 3, 1, 2).float(),
        "whole-number division: `// 255` leaves only 0 and 1.":
            lambda photos: (torch.stack(photos).permute(0, 3, 1, 2) // 255).float(),
        "`cat` joins the photos into one tall photo; `stack` gives each its own place.":
            lambda photos: torch.cat(photos).permute(2, 0, 1).float() / 255,
        "that is float64: a network in float32 will refuse it.":
            lambda photos: torch.stack(photos).permute(0, 3, 1, 2).double() / 255,
    },
    hints=("Three steps: join, turn, scale.",
           "`torch.stack` gives (N, H, W, 3). Which of its dimensions has to come second?",
           "`permute(0, 3, 1, 2)`, then `.float() / 255`."),
    praise="This line opens almost every vision program.",
)


def _whole_columns(labels, num_classes):
    out = torch.zeros(len(labels), num_classes)
    out[:, labels] = 1
    return out


def _whole_rows(labels, num_classes):
    out = torch.zeros(len(labels), num_classes)
    out[labels] = 1
    return out


def _pairs_swapped(labels, num_classes):
    out = torch.zeros(len(labels), num_classes)
    out[labels, torch.arange(len(labels))] = 1
    return out


one_hot = Exercise(
    inputs=[(torch.tensor([2, 0, 3, 2, 1]), 6), (torch.tensor([1, 1, 0]), 3), (torch.tensor([3, 0, 1, 2]), 4)],
    oracle=lambda labels, num_classes: F.one_hot(labels, num_classes).to(torch.float32),
    mistakes={
        "`out[:, labels] = 1` fills whole columns. Pair every label with its row number.":
            _whole_columns,
        "`out[labels] = 1` fills whole rows: it takes the labels for row numbers.":
            _whole_rows,
        "rows and columns are exchanged in the pair: first the row number, then the label.":
            _pairs_swapped,
        "that is a mask, True and False: make it float32.":
            lambda labels, num_classes: labels[:, None] == torch.arange(num_classes),
        "whole numbers: the loss functions will want float32.":
            lambda labels, num_classes: F.one_hot(labels, num_classes),
        "the width must be `num_classes`, not the largest label + 1: a class may be missing.":
            lambda labels, num_classes: F.one_hot(labels).float(),
        "the result lies on its side: one *row* per label.":
            lambda labels, num_classes: F.one_hot(labels, num_classes).T.float(),
        "one column too far to the right: classes count from 0.":
            lambda labels, num_classes: F.one_hot(labels, num_classes).float().roll(1, dims=1),
    },
    hints=("Start from `torch.zeros(len(labels), num_classes)`.",
           "Two index lists are read in pairs. The first pair is (0, labels[0]).",
           "`out[torch.arange(len(labels)), labels] = 1`."),
    praise="One 1 per row, and no loop.",
    conditions=(without_loop,),
)


def _pairs(A, B):
    return A[:, None, :] - B[None, :, :]


squared_distances = Exercise(
    inputs=[(_random(4, 3), _random(5, 3)), (_random(2, 6) - 1, 2 * _random(3, 6)),
            (3 * _random(4, 2), _random(4, 2))],  # as many points as in B: row against row runs, and is wrong
    oracle=lambda A, B: torch.stack([((B - a) ** 2).sum(dim=1) for a in A]),
    mistakes={
        "`A - B` compares row with row. Give A a new dimension in the middle: `A[:, None, :]`.":
            lambda A, B: ((A - B) ** 2).sum(dim=1),
        "that is the distance itself; leave out the root.":
            lambda A, B: (_pairs(A, B) ** 2).sum(dim=2).sqrt(),
        "rows and columns are exchanged: i belongs to A, j to B.":
            lambda A, B: (_pairs(A, B) ** 2).sum(dim=2).T,
        "the mean over d, not the sum.":
            lambda A, B: (_pairs(A, B) ** 2).mean(dim=2),
        "you add first and square then: differences of opposite sign cancel.":
            lambda A, B: _pairs(A, B).sum(dim=2) ** 2,
        "the square is missing: sum the squared differences, not their sizes.":
            lambda A, B: _pairs(A, B).abs().sum(dim=2),
        "the dot product is missing its other half: |a|² + |b|² − 2 a·b.":
            lambda A, B: (A**2).sum(1)[:, None] + (B**2).sum(1) - A @ B.T,
        "the coordinates are still there: sum over the last dimension.":
            lambda A, B: _pairs(A, B) ** 2,
    },
    hints=("Which shapes must A and B take so that all pairs meet?",
           "(m, 1, d) and (1, n, d) broadcast to (m, n, d).",
           "`((A[:, None, :] - B[None, :, :]) ** 2).sum(dim=2)`."),
    praise="The nearest-neighbour classifier is one `argmin(dim=1)` away.",
    conditions=(without_loop,),
)


def _dots(Q, K):
    return torch.stack([q @ k.T for q, k in zip(Q, K, strict=True)])


scores = Exercise(
    inputs=[(_random(2, 3, 5), _random(2, 4, 5)), (_random(3, 2, 7), _random(3, 6, 7) - 0.5),
            (_random(2, 4, 4), _random(2, 4, 4))],  # T = S = d: a forgotten transpose runs, and is wrong
    oracle=lambda Q, K: _dots(Q, K) / Q.shape[-1] ** 0.5,
    mistakes={
        "the division by √d is missing.":
            lambda Q, K: _dots(Q, K),
        "you divide by d, not by its root.":
            lambda Q, K: _dots(Q, K) / Q.shape[-1],
        "you multiply by √d instead of dividing.":
            lambda Q, K: _dots(Q, K) * Q.shape[-1] ** 0.5,
        "√ of the wrong size: d is the last dimension of Q, not its second.":
            lambda Q, K: _dots(Q, K) / Q.shape[1] ** 0.5,
        "rows of Q and of K are exchanged: the result is (B, T, S).":
            lambda Q, K: _dots(Q, K).transpose(1, 2) / Q.shape[-1] ** 0.5,
        "`Q @ K` needs the last two dimensions of K exchanged: `K.transpose(1, 2)`.":
            lambda Q, K: Q @ K / Q.shape[-1] ** 0.5,
        "the batches are mixed: the letter b must stay on the right.":
            lambda Q, K: torch.einsum("btd,bsd->ts", Q, K) / Q.shape[-1] ** 0.5,
        "every query meets the keys of *all* batch entries: use the same letter b for both.":
            lambda Q, K: torch.einsum("btd,csd->btcs", Q, K) / Q.shape[-1] ** 0.5,
        "the batch dimension has moved as well: exchange just the last two dimensions of K.":
            lambda Q, K: Q @ K.permute(2, 1, 0) / Q.shape[-1] ** 0.5,
    },
    hints=("Give each dimension a letter: b, t, s, d. Which one is summed?",
           "`btd,bsd->bts`: d is missing on the right.",
           "Divide by `Q.shape[-1] ** 0.5`."),
    praise="You have written the first half of attention.",
)


def _strided(X, shape, stride):
    return X.as_strided(shape, stride).clone()


def _window_shape(X, size):
    return X.shape[0] - size + 1, X.shape[1] - size + 1, size, size


windows = Exercise(
    inputs=[(_random(5, 6), 3), (_random(6, 4).T, 2), (_random(7, 8)[1:6, 2:6], 4)],  # the last: a piece, with offset
    oracle=lambda X, size: X.unfold(0, size, 1).unfold(1, size, 1),
    mistakes={
        "you took the row stride for W. That fails on a transposed view: ask `X.stride()`.":
            lambda X, size: _strided(X, _window_shape(X, size), (X.shape[1], 1, X.shape[1], 1)),
        "the windows are transposed inside: the strides are (down, right, down, right).":
            lambda X, size: _strided(X, _window_shape(X, size), X.stride() + X.stride()[::-1]),
        "the windows stand in transposed order: first down, then right.":
            lambda X, size: _strided(X, _window_shape(X, size), X.stride()[::-1] + X.stride()),
        "one window is missing in each direction: there are H − size + 1, not H − size.":
            lambda X, size: X.unfold(0, size, 1).unfold(1, size, 1)[:-1, :-1],
        "the windows do not overlap: the next one begins one cell further, not `size` cells.":
            lambda X, size: X.unfold(0, size, size).unfold(1, size, size),
        "that is one window only, again and again: the first two strides are 0.":
            lambda X, size: _strided(X, _window_shape(X, size), (0, 0, *X.stride())),
        "`view` and `reshape` cannot repeat numbers, but overlapping windows share theirs. Use `as_strided`.":
            lambda X, size: X.view(_window_shape(X, size)),
    },
    hints=("How far in memory from window [i, j] to [i + 1, j]? How far from one row to the next inside a window?",
           "Both are `X.stride()[0]`. The same holds for the columns with `X.stride()[1]`.",
           "`X.as_strided((H - size + 1, W - size + 1, size, size), X.stride() + X.stride())`."),
    praise="Every number is read up to size² times, and stored once.",
    conditions=(is_view(0),),
)
