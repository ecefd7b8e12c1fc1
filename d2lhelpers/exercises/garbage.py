"""Exercises of `13_garbage.ipynb`."""

import torch
from torch.nn import functional as F

from d2lhelpers.checks import Exercise


def _labels(seed, counts, wrong):
    """Return answers and truths, int64; a share `wrong` of the answers is drawn anew."""
    rng = torch.Generator().manual_seed(seed)
    y = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    y = y[torch.randperm(len(y), generator=rng)]
    other = torch.randint(len(counts), y.shape, generator=rng)
    return torch.where(torch.rand(len(y), generator=rng) < wrong, other, y), y


def _sklearn_balanced(y_hat, y):
    from sklearn.metrics import balanced_accuracy_score
    return float(balanced_accuracy_score(y, y_hat))


def _recalls(y_hat, y):
    return torch.stack([(y_hat[y == k] == k).double().mean() for k in y.unique()])


balanced_accuracy = Exercise(
    inputs=[_labels(0, (30, 12, 5), 0.6), _labels(1, (4, 25, 8, 11), 0.5),
            (torch.tensor([0, 2, 0, 2, 0, 0, 2]), torch.tensor([0, 2, 0, 0, 5, 5, 2]))],  # no 1; nobody answers 5
    oracle=_sklearn_balanced,
    mistakes={
        "that is the plain accuracy: large classes have more votes. Take the mean over the classes.":
            lambda y_hat, y: (y_hat == y).double().mean(),
        "you group by the answer: that is precision. A recall groups by the truth, `y == k`.":
            lambda y_hat, y: _recalls(y, y_hat).mean(),
        "the recalls are not averaged: one number is wanted.":
            _recalls,
        "the recalls are added up; divide by the number of classes.":
            lambda y_hat, y: _recalls(y_hat, y).sum(),
        "that is the worst class's recall; the mean of all was asked for.":
            lambda y_hat, y: _recalls(y_hat, y).min(),
        "a class that is never answered is left out: the loop runs over the classes in `y`, not in `y_hat`.":
            lambda y_hat, y: torch.stack([(y_hat[y == k] == k).double().mean() for k in y_hat.unique()]).mean(),
        "you counted the hits of each class, not their share: divide by the size of the class.":
            lambda y_hat, y: torch.stack([(y_hat[y == k] == k).double().sum() for k in y.unique()]).mean(),
        "that is the mean over classes of the share that is *missed*; one minus it was asked for.":
            lambda y_hat, y: 1 - _recalls(y_hat, y).mean(),
    },
    hints=("Which photos belong to class k? `y == k` picks them.",
           "The recall of class k is `(y_hat[y == k] == k).float().mean()`.",
           "Stack the recalls of all `k in y.unique()`, and take their mean."),
    praise="A net that always says paper gets 1/6 now, however much paper there is.",
    tolerance=1e-5,
)


def _sklearn_weights(y, num_classes):
    import numpy as np
    from sklearn.utils.class_weight import compute_class_weight
    weights = compute_class_weight("balanced", classes=np.arange(num_classes), y=y.numpy())
    return torch.from_numpy(weights).float()


def _counts(y, num_classes):
    return y.bincount(minlength=num_classes).float()


class_weights = Exercise(
    inputs=[(_labels(2, (30, 12, 5), 0)[1], 3), (_labels(3, (4, 25, 8, 11), 0)[1], 4)],
    oracle=_sklearn_weights,
    mistakes={
        "the rare classes became quiet: that is N_k · K/N, the weights upside down.":
            lambda y, K: _counts(y, K) * K / len(y),
        "K is missing: N/N_k makes all weights K times too large.":
            lambda y, K: len(y) / _counts(y, K),
        "that is 1/N_k: with the factor N/K the average over the photos would be 1.":
            lambda y, K: 1 / _counts(y, K),
        "you divide by N_k twice: once is enough.":
            lambda y, K: len(y) / (K * _counts(y, K)**2),
        "those weights add up to 1; here their average *over the photos* is 1.":
            lambda y, K: (1 / _counts(y, K)) / (1 / _counts(y, K)).sum(),
        "those are the weights' square roots: a milder cure, but another one.":
            lambda y, K: (len(y) / (K * _counts(y, K))).sqrt(),
        "those are the class sizes; a large class should get a *small* weight.":
            lambda y, K: _counts(y, K),
        "one weight per photo, not per class: the result should have K numbers.":
            lambda y, K: (len(y) / (K * _counts(y, K)))[y],
    },
    hints=("`y.bincount(minlength=num_classes)` counts the classes: N_k.",
           "N is `len(y)`, K is `num_classes`.",
           "`len(y) / (num_classes * y.bincount(minlength=num_classes))`"),
    praise="With these, all classes together weigh the same.",
)


def _photos(seed, *shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def _torchvision_crop(X, size):
    from torchvision.transforms.v2.functional import center_crop as crop
    return crop(X, [size, size])


def _cut(X, top, left, size):
    return X[..., top:top + size, left:left + size]


def _margins(X, size):
    return (X.shape[-2] - size) // 2, (X.shape[-1] - size) // 2


def _squeezed(X, size):
    return F.interpolate(X.reshape(-1, *X.shape[-3:]), size=(size, size)).view(*X.shape[:-2], size, size)


center_crop = Exercise(
    inputs=[(_photos(0, 3, 8, 12), 6), (_photos(1, 2, 3, 14, 10), 4), (_photos(2, 3, 9, 4), 4),
            (_photos(3, 1, 7, 8), 7)],
    oracle=_torchvision_crop,
    mistakes={
        "that is the top left corner: move half of what is left over.":
            lambda X, size: _cut(X, 0, 0, size),
        "that is the bottom right corner: *half* of the margin comes off on each side.":
            lambda X, size: _cut(X, X.shape[-2] - size, X.shape[-1] - size, size),
        "the margins of height and width are exchanged: H is the second axis from the end.":
            lambda X, size: _cut(X, *_margins(X, size)[::-1], size),
        "you start in the middle of the photo: the cut should be *centred* there.":
            lambda X, size: _cut(X, X.shape[-2] // 2, X.shape[-1] // 2, size),
        "one pixel too far to the right and down.":
            lambda X, size: _cut(X, *(m + 1 for m in _margins(X, size)), size),
        "an odd margin is rounded up: the smaller part comes off on the left and on top, so round down, `//`.":
            lambda X, size: _cut(X, *((m + 1) // 2 for m in (X.shape[-2] - size, X.shape[-1] - size)), size),
        "the photo is squeezed, not cut: no pixel should change its value.":
            _squeezed,
        "only the columns are cut; the rows need it too.":
            lambda X, size: X[..., _margins(X, size)[1]:_margins(X, size)[1] + size],
        "only the rows are cut; the columns need it too.":
            lambda X, size: X[..., _margins(X, size)[0]:_margins(X, size)[0] + size, :],
    },
    hints=("How many rows are too many? H − size. Half of them come off on top.",
           "`top = (X.shape[-2] - size) // 2`, and `left` likewise with the last axis.",
           "`X[..., top:top + size, left:left + size]`"),
    praise="The three dots let it work on a batch too.",
)


def _leaky_sets(seed, mirrored, same, N=6, M=5):
    """Return test and training photos; some test photos are copies, some mirrored copies."""
    X_test, X_train = _photos(seed, N, 3, 4, 5), _photos(seed + 1, M, 3, 4, 5)
    for i, j in same:
        X_test[i] = X_train[j]
    for i, j in mirrored:
        X_test[i] = X_train[j].flip(-1)
    X_test[-2] = X_train[2].flip(-2)                         # upside down: not asked for
    X_test[-1] = X_train[0]
    X_test[-1, 0, 0, 0] += 0.5                               # nearly a copy, yet none
    X_red = torch.cat([X_train[1:2, :1], 1 - X_train[1:2, 1:]], dim=1)  # one channel of a training photo
    X_row = _photos(seed + 2, 1, 3, 4, 5)
    X_row[0, :, 1] = X_train[1, :, 1]                        # one row of it
    return torch.cat([X_red, X_test, X_row, X_train[1:2] + 1e-5]), X_train


def _by_bytes(X_test, X_train):
    keys = {x.contiguous().numpy().tobytes() for x in torch.cat([X_train, X_train.flip(-1)])}
    return torch.tensor([x.contiguous().numpy().tobytes() in keys for x in X_test])


def _same(X_test, X_train):
    return (X_test.flatten(1)[:, None] == X_train.flatten(1)).all(dim=2)


def _mirrored(X_train, axis=-1):
    return torch.cat([X_train, X_train.flip(axis)])


leaked = Exercise(
    inputs=[_leaky_sets(0, [(1, 3), (3, 0)], [(0, 0), (2, 4)]), _leaky_sets(2, [(0, 1)], [(2, 2)], 5, 7)],
    oracle=_by_bytes,
    mistakes={
        "mirrored copies slip through: compare with `X_train.flip(-1)` as well.":
            lambda X_test, X_train: _same(X_test, X_train).any(dim=1),
        "only mirrored copies are found; plain ones count too.":
            lambda X_test, X_train: _same(X_test, X_train.flip(-1)).any(dim=1),
        "you mirrored top to bottom: left to right is the last axis, `flip(-1)`.":
            lambda X_test, X_train: _same(X_test, _mirrored(X_train, -2)).any(dim=1),
        "one equal pixel is no copy: *all* pixels must agree.":
            lambda X_test, X_train: (X_test.flatten(1)[:, None] == _mirrored(X_train).flatten(1)).any(2).any(1),
        "photos that are *nearly* equal count as copies; pixel for pixel means `==`, without a tolerance.":
            lambda X_test, X_train: ((X_test.flatten(1)[:, None] - _mirrored(X_train).flatten(1)).abs() < 1e-3
                                     ).all(2).any(1),
        "only the first colour is compared; red, green and blue must all agree.":
            lambda X_test, X_train: _same(X_test[:, 0], _mirrored(X_train)[:, 0]).any(dim=1),
        "you answer for the training photos; one answer for each *test* photo is wanted.":
            lambda X_test, X_train: _by_bytes(X_train, X_test),
        "a table of all pairs is too much: `.any(dim=1)` asks whether there is one.":
            lambda X_test, X_train: _same(X_test, _mirrored(X_train)),
        "one answer for all photos is too little: one bool for each test photo is wanted.":
            lambda X_test, X_train: _same(X_test, _mirrored(X_train)).any(),
        "the answers are turned round: True means that the photo *is* in the training set.":
            lambda X_test, X_train: ~_by_bytes(X_test, X_train),
    },
    hints=("Put the training photos and their mirror images into one tensor: `torch.cat`.",
           "`flatten(1)` makes a row of each photo; `a[:, None] == b` compares each with each.",
           "`(X_test.flatten(1)[:, None] == known.flatten(1)).all(dim=2).any(dim=1)`"),
    praise="Run it before you believe a number that is too good.",
)


def _probs(seed, N, K):
    rng = torch.Generator().manual_seed(seed)
    probs = (2.5 * torch.randn(N, K, generator=rng)).softmax(dim=1)
    probs[0] = torch.tensor([0.75] + [0.25 / (K - 1)] * (K - 1))   # exactly on the threshold
    y = torch.where(torch.rand(N, generator=rng) < 0.6, probs.argmax(dim=1), torch.randint(K, (N,), generator=rng))
    y[0] = 1
    return probs, y, 0.75


def _loop(probs, y, threshold):
    kept = [(p.index(max(p)), k) for p, k in zip(probs.tolist(), y.tolist(), strict=True) if max(p) >= threshold]
    right = sum(a == k for a, k in kept)
    return len(kept) / len(y), right / len(kept)


def _kept(probs, y, threshold):
    top, y_hat = probs.max(dim=1)
    return top >= threshold, y_hat == y


def _pair(keep, right):
    return keep.float().mean(), right[keep].float().mean()


selective = Exercise(
    inputs=[_probs(0, 40, 4), _probs(3, 25, 6)],
    oracle=_loop,
    mistakes={
        "that is the share of *all* photos that are kept and right: of the kept ones, how many are right?":
            lambda probs, y, t: (_kept(probs, y, t)[0].float().mean(),
                                 (_kept(probs, y, t)[0] & _kept(probs, y, t)[1]).float().mean()),
        "the accuracy is that of all photos; only the kept answers count.":
            lambda probs, y, t: (_kept(probs, y, t)[0].float().mean(), _kept(probs, y, t)[1].float().mean()),
        "an answer exactly at the threshold is refused: `>=`, not `>`.":
            lambda probs, y, t: _pair(probs.amax(dim=1) > t, _kept(probs, y, t)[1]),
        "you kept the unsure answers and refused the sure ones.":
            lambda probs, y, t: _pair(~_kept(probs, y, t)[0], _kept(probs, y, t)[1]),
        "you asked the probability of the *truth*: in use nobody knows it. Take the largest one.":
            lambda probs, y, t: _pair(probs[torch.arange(len(y)), y] >= t, _kept(probs, y, t)[1]),
        "accuracy and coverage are exchanged: coverage comes first.":
            lambda probs, y, t: _pair(*_kept(probs, y, t))[::-1],
        "the coverage is a count; the share of all photos was asked for.":
            lambda probs, y, t: (_kept(probs, y, t)[0].float().sum(), _pair(*_kept(probs, y, t))[1]),
        "the coverage is the share that is *refused*.":
            lambda probs, y, t: (1 - _kept(probs, y, t)[0].float().mean(), _pair(*_kept(probs, y, t))[1]),
    },
    hints=("`probs.max(dim=1)` returns the largest probabilities and their places at once.",
           "`keep = top >= threshold` is a bool tensor; its mean is the coverage.",
           "`(y_hat[keep] == y[keep]).float().mean()` is the accuracy of the kept answers."),
    praise="Two numbers, and an honest machine.",
)


def _maps(seed, C, H, W, K):
    rng = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=rng) for shape in ((C, H, W), (K, C), (K,)))


def _by_gradient(M, W, b, k):
    """The logit is linear in the maps: gradient times maps, added over channels, times the places."""
    M = M.clone().requires_grad_()
    logit = F.linear(M.mean(dim=(1, 2)), W, b)[k]
    (grad,) = torch.autograd.grad(logit, M)
    return (grad * M.detach()).sum(dim=0) * M[0].numel() + b[k]


def _weighted(M, W, k):
    return torch.einsum("c,chw->hw", W[k], M)


activation_map = Exercise(
    inputs=[(*_maps(0, 5, 3, 4, 3), 1), (*_maps(1, 4, 5, 2, 6), 4)],
    oracle=_by_gradient,
    mistakes={
        "the bias is missing: the mean of the map should be the whole logit.":
            lambda M, W, b, k: _weighted(M, W, k),
        "the bias is spread thin: added as b/(HW) it is H·W times too small. Add it to every place.":
            lambda M, W, b, k: _weighted(M, W, k) + b[k] / M[0].numel(),
        "those are the places' shares of the logit: they *add up* to it. Their mean should be it.":
            lambda M, W, b, k: (_weighted(M, W, k) + b[k]) / M[0].numel(),
        "that is the logit itself; do not average over the places.":
            lambda M, W, b, k: _weighted(M, W, k).mean() + b[k],
        "all K maps; only the one of class k was asked for.":
            lambda M, W, b, k: torch.einsum("kc,chw->khw", W, M) + b[:, None, None],
        "the negative votes are cut off: without them the mean is no longer the logit.":
            lambda M, W, b, k: (_weighted(M, W, k) + b[k]).relu(),
        "the channels are averaged; the weighted maps are to be added.":
            lambda M, W, b, k: _weighted(M, W, k) / len(M) + b[k],
        "the weights are left out: that is the plain sum of the maps.":
            lambda M, W, b, k: M.sum(dim=0) + b[k],
    },
    hints=("`W[k]` has one weight for each of the C maps.",
           "Weigh and add the maps: `torch.einsum(\"c,chw->hw\", W[k], M)`.",
           "What must be added so that the mean grows by b[k]? b[k], at every place."),
    praise="The same weights, read in another order, and the net shows where it looks.",
)
