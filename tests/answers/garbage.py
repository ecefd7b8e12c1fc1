"""Answers to the exercises of notebook 13: right ones by other routes, wrong ones as learners write them."""

import torch
import torch.nn.functional as F

from tests.answers import right, wrong


@wrong("balanced_accuracy", "divided by the largest class in place of each class's size")
def by_largest(y_hat, y):
    sizes = torch.stack([(y == k).sum() for k in y.unique()])
    hits = torch.stack([((y_hat == k) & (y == k)).sum() for k in y.unique()])
    return (hits / sizes.max()).mean()


@wrong("balanced_accuracy", "the loop runs up to the largest label, through classes that are not there")
def up_to_largest(y_hat, y):
    found = [(y_hat[y == k] == k).double().mean() for k in range(int(y.max()) + 1)]
    return torch.stack(found).nan_to_num(0.0).mean()


@wrong("balanced_accuracy", "true negatives count as hits")
def with_negatives(y_hat, y):
    return torch.stack([((y_hat == k) == (y == k)).double().mean() for k in y.unique()]).mean()


@wrong("balanced_accuracy", "precision and recall are averaged: F1")
def f1(y_hat, y):
    scores = []
    for k in y.unique():
        hits = ((y_hat == k) & (y == k)).sum().double()
        scores.append(2 * hits / ((y_hat == k).sum() + (y == k).sum()))
    return torch.stack(scores).mean()


@wrong("balanced_accuracy", "the return stands inside the loop")
def first_class(y_hat, y):
    total = 0.0
    for k in y.unique():
        total += (y_hat[y == k] == k).double().mean()
        return total / len(y.unique())


@right("balanced_accuracy")
def by_dictionary(y_hat, y):
    hits, sizes = {}, {}
    for guess, truth in zip(y_hat.tolist(), y.tolist(), strict=True):
        sizes[truth] = sizes.get(truth, 0) + 1
        hits[truth] = hits.get(truth, 0) + (guess == truth)
    return sum(hits[k] / sizes[k] for k in sizes) / len(sizes)


@right("balanced_accuracy")
def by_bincount(y_hat, y):
    sizes = torch.bincount(y)
    hits = torch.bincount(y[y_hat == y], minlength=len(sizes))
    there = sizes > 0
    return (hits[there] / sizes[there]).mean().item()


@wrong("class_weights", "the share of each class")
def shares(y, num_classes):
    return y.bincount(minlength=num_classes) / len(y)


@wrong("class_weights", "one minus the share")
def one_minus_share(y, num_classes):
    return 1 - y.bincount(minlength=num_classes) / len(y)


@wrong("class_weights", "relative to the largest class")
def largest_over(y, num_classes):
    counts = y.bincount(minlength=num_classes)
    return counts.max() / counts


@wrong("class_weights", "whole numbers")
def floor_division(y, num_classes):
    return (len(y) // (num_classes * y.bincount(minlength=num_classes))).float()


@wrong("class_weights", "K and N_k on the wrong side of the fraction: brackets are missing")
def no_brackets(y, num_classes):
    return len(y) / num_classes * y.bincount(minlength=num_classes)


@right("class_weights")
def class_by_class(y, num_classes):
    return torch.tensor([len(y) / (num_classes * (y == k).sum().item()) for k in range(num_classes)])


@right("class_weights")
def by_mean(y, num_classes):
    shares = F.one_hot(y, num_classes).float().mean(dim=0)
    return 1 / (num_classes * shares)


@wrong("center_crop", "the smaller part comes off on the right: the margin is rounded up")
def rounded_up(X, size):
    top, left = (X.shape[-2] - size + 1) // 2, (X.shape[-1] - size + 1) // 2
    return X[..., top:top + size, left:left + size]


@wrong("center_crop", "a negative index that is −0 where there is no margin")
def negative_ends(X, size):
    m, n = (X.shape[-2] - size) // 2, (X.shape[-1] - size) // 2
    return X[..., m:-m, n:-n]


@wrong("center_crop", "the margin is not halved at the far end")
def ends_at_size(X, size):
    top, left = (X.shape[-2] - size) // 2, (X.shape[-1] - size) // 2
    return X[..., top:size, left:size]


@wrong("center_crop", "the first two axes are cut, not the last two")
def first_axes(X, size):
    top, left = (X.shape[0] - size) // 2, (X.shape[1] - size) // 2
    return X[top:top + size, left:left + size]


@wrong("center_crop", "the same margin on both axes")
def one_margin(X, size):
    m = (X.shape[-2] - size) // 2
    return X[..., m:m + size, m:m + size]


@right("center_crop")
def by_narrow(X, size):
    for dim in (-2, -1):
        X = X.narrow(dim, (X.shape[dim] - size) // 2, size)
    return X


@right("center_crop")
def from_the_middle(X, size):
    H, W = X.shape[-2:]
    rows = torch.arange(size) + (H - size) // 2
    columns = torch.arange(size) + (W - size) // 2
    return X.index_select(-2, rows).index_select(-1, columns)


@wrong("leaked", "photo i is compared with photo i only")
def same_place(X_test, X_train):
    n = min(len(X_test), len(X_train))
    out = torch.zeros(len(X_test), dtype=torch.bool)
    same = (X_test[:n] == X_train[:n]).flatten(1).all(1) | (X_test[:n] == X_train[:n].flip(-1)).flatten(1).all(1)
    out[:n] = same
    return out


@wrong("leaked", "only the first channel is compared")
def one_channel(X_test, X_train):
    known = torch.cat([X_train, X_train.flip(-1)])[:, 0].flatten(1)
    return (X_test[:, 0].flatten(1)[:, None] == known).all(dim=2).any(dim=1)


@wrong("leaked", "nearly equal photos count as copies")
def tolerant(X_test, X_train):
    known = torch.cat([X_train, X_train.flip(-1)]).flatten(1)
    return ((X_test.flatten(1)[:, None] - known).abs() < 0.01).all(dim=2).any(dim=1)


@wrong("leaked", "the sum of the pixels is compared")
def by_sum(X_test, X_train):
    a, b = X_test.double().sum(dim=(1, 2, 3)), X_train.double().sum(dim=(1, 2, 3))
    return (a[:, None] - b).abs().lt(1e-9).any(dim=1)


@wrong("leaked", "both axes are flipped")
def turned(X_test, X_train):
    known = torch.cat([X_train, X_train.flip(-1, -2)]).flatten(1)
    return (X_test.flatten(1)[:, None] == known).all(dim=2).any(dim=1)


@wrong("leaked", "a copy of every training photo is wanted: all in place of any")
def all_photos(X_test, X_train):
    known = torch.cat([X_train, X_train.flip(-1)]).flatten(1)
    return (X_test.flatten(1)[:, None] == known).all(dim=2).all(dim=1)


@right("leaked")
def by_loops(X_test, X_train):
    return torch.tensor([any(torch.equal(x, z) or torch.equal(x, z.flip(-1)) for z in X_train) for x in X_test])


@right("leaked")
def by_distance(X_test, X_train):
    def nearest(A, B):
        return (A.flatten(1)[:, None] - B.flatten(1)).abs().amax(dim=2).amin(dim=1)
    return torch.minimum(nearest(X_test, X_train), nearest(X_test.flip(-1), X_train)) == 0


@wrong("selective", "the coverage is that of the right answers")
def right_coverage(probs, y, threshold):
    top, y_hat = probs.max(dim=1)
    keep = (top >= threshold) & (y_hat == y)
    return keep.float().mean(), (y_hat[top >= threshold] == y[top >= threshold]).float().mean()


@wrong("selective", "every probability above the threshold counts, not the largest of a row")
def all_probabilities(probs, y, threshold):
    keep = probs >= threshold
    y_hat = probs.argmax(dim=1)
    rows = keep.any(dim=1)
    return keep.float().mean(), (y_hat[rows] == y[rows]).float().mean()


@wrong("selective", "the two means are multiplied")
def multiplied(probs, y, threshold):
    top, y_hat = probs.max(dim=1)
    keep = top >= threshold
    coverage = keep.float().mean()
    return coverage, coverage * (y_hat[keep] == y[keep]).float().mean()


@wrong("selective", "softmax on probabilities")
def softmax_twice(probs, y, threshold):
    top, y_hat = probs.softmax(dim=1).max(dim=1)
    keep = top >= threshold
    return keep.float().mean(), (y_hat[keep] == y[keep]).float().mean()


@wrong("selective", "the largest of each column")
def by_columns(probs, y, threshold):
    top, y_hat = probs.max(dim=0)
    keep = top >= threshold
    return keep.float().mean(), (y_hat[keep] == y[:len(top)][keep]).float().mean()


@right("selective")
def by_sorting(probs, y, threshold):
    order = probs.argsort(dim=1, descending=True)[:, 0]
    kept = [i for i in range(len(y)) if probs[i, order[i]] >= threshold]
    hits = sum(int(order[i] == y[i]) for i in kept)
    return len(kept) / len(y), hits / len(kept)


@right("selective")
def by_products(probs, y, threshold):
    keep = (probs.amax(1) >= threshold).double()
    good = (probs.argmax(1) == y).double()
    return torch.stack([keep.mean(), (keep * good).sum() / keep.sum()]).float().unbind()


@wrong("activation_map", "all biases are added")
def all_biases(M, W, b, k):
    return torch.einsum("c,chw->hw", W[k], M) + b.sum()


@wrong("activation_map", "the weights of the wrong axis: column k")
def column(M, W, b, k):
    return torch.einsum("c,chw->hw", W[:len(M), :len(M)].sum(0), M) + b[k]


@wrong("activation_map", "the bias is added to each channel")
def bias_per_channel(M, W, b, k):
    return (W[k][:, None, None] * M + b[k]).sum(dim=0)


@wrong("activation_map", "squeezed to 0 … 1, as for a picture")
def squeezed(M, W, b, k):
    cam = torch.einsum("c,chw->hw", W[k], M) + b[k]
    return (cam - cam.min()) / (cam.max() - cam.min())


@wrong("activation_map", "only the strongest channel")
def strongest(M, W, b, k):
    c = W[k].argmax()
    return W[k, c] * M[c] + b[k]


@right("activation_map")
def as_a_layer(M, W, b, k):
    return F.conv2d(M[None], W[:, :, None, None], b)[0, k]


@right("activation_map")
def by_loop(M, W, b, k):
    out = b[k] * torch.ones(M.shape[1:])
    for weight, channel in zip(W[k], M, strict=True):
        out = out + weight * channel
    return out


@right("activation_map")
def by_tensordot(M, W, b, k):
    return torch.tensordot(W[k], M, dims=1) + b[k]
