"""Answers to the exercises of notebook 01: right ones by other routes, wrong ones as learners write them."""

import torch
from torch.nn import functional as F

from tests.answers import right, wrong


@right("standardise")
def with_keepdim(X):
    mean = X.mean(dim=0, keepdim=True)
    std = ((X - mean).square().sum(dim=0, keepdim=True) / (len(X) - 1)).sqrt()
    return (X - mean) / std


@right("standardise")
def through_std_mean(X):
    std, mean = torch.std_mean(X, 0)
    return X.sub(mean).div(std)


@right("standardise")
def column_by_column(X):
    out = X.clone()
    for j in range(X.shape[1]):
        out[:, j] = (X[:, j] - X[:, j].mean()) / X[:, j].std()
    return out


@wrong("standardise", "works in place: the caller's X is changed")
def in_place(X):
    X -= X.mean(0)
    X /= X.std(0)
    return X


@wrong("standardise", "brackets: only the mean is divided")
def without_brackets(X):
    return X - X.mean(dim=0) / X.std(dim=0)


@wrong("standardise", "scaled to the range 0 to 1, not to mean 0 and standard deviation 1")
def min_max(X):
    low, high = X.amin(dim=0), X.amax(dim=0)
    return (X - low) / (high - low)


@wrong("standardise", "mean over rows with keepdim, spread over columns")
def mean_of_rows(X):
    return (X - X.mean(dim=1, keepdim=True)) / X.std(dim=0)


@wrong("standardise", "the mean of the absolute deviations in place of the standard deviation")
def mean_deviation(X):
    centred = X - X.mean(0)
    return centred / centred.abs().mean(0)


@right("to_batch")
def photo_by_photo(photos):
    return torch.stack([photo.permute(2, 0, 1).float() / 255 for photo in photos])


@right("to_batch")
def moved_axis(photos):
    return torch.stack(photos).movedim(-1, 1) / 255


@right("to_batch")
def einsum_batch(photos):
    X = torch.stack(photos).to(torch.float32) / 255
    return torch.einsum("nhwc->nchw", X)


@wrong("to_batch", "divided by 256")
def by_256(photos):
    return torch.stack(photos).permute(0, 3, 1, 2).float() / 256


@wrong("to_batch", "divided by the largest value that occurs")
def by_largest(photos):
    X = torch.stack(photos).permute(0, 3, 1, 2).float()
    return X / X.max()


@wrong("to_batch", "the colours come before the photos: (3, N, H, W)")
def colours_before_photos(photos):
    return torch.stack(photos).permute(3, 0, 1, 2).float() / 255


@wrong("to_batch", "squeeze drops the batch dimension of a single photo")
def squeezed(photos):
    return torch.stack(photos).squeeze().movedim(-1, -3).float() / 255


@wrong("to_batch", "view in place of permute: the lines are broken anew")
def viewed(photos):
    X = torch.stack(photos)
    N, H, W, C = X.shape
    return X.view(N, C, H, W).float() / 255


@right("one_hot")
def rows_of_eye(labels, num_classes):
    return torch.eye(num_classes)[labels]


@right("one_hot")
def scattered(labels, num_classes):
    return torch.zeros(len(labels), num_classes).scatter_(1, labels.unsqueeze(1), 1.0)


@right("one_hot")
def compared(labels, num_classes):
    return (labels.view(-1, 1) == torch.arange(num_classes)).float()


@wrong("one_hot", "a loop, which the text forbids")
def looped(labels, num_classes):
    out = torch.zeros(len(labels), num_classes)
    for n, label in enumerate(labels):
        out[n, label] = 1
    return out


@wrong("one_hot", "an identity of the size of the batch, not of the classes")
def eye_of_batch(labels, num_classes):
    return torch.eye(len(labels))[labels]


@wrong("one_hot", "compares with 1 … num_classes instead of 0 … num_classes − 1")
def counted_from_one(labels, num_classes):
    return (labels[:, None] == torch.arange(1, num_classes + 1)).float()


@wrong("one_hot", "the ones are added up per class: counts, not rows")
def counts(labels, num_classes):
    return torch.bincount(labels, minlength=num_classes).float()


@wrong("one_hot", "the whole row from the label on is 1: <= in place of ==")
def staircase(labels, num_classes):
    return (labels[:, None] <= torch.arange(num_classes)).float()


@right("squared_distances")
def three_terms(A, B):
    return (A ** 2).sum(1, keepdim=True) + (B ** 2).sum(1) - 2 * A @ B.T


@right("squared_distances")
def through_cdist(A, B):
    return torch.cdist(A, B) ** 2


@right("squared_distances")
def expanded(A, B):
    d = A.unsqueeze(1).expand(-1, len(B), -1) - B
    return torch.einsum("mnd,mnd->mn", d, d)


@wrong("squared_distances", "the squares of A lack a dimension: (m,) against (m, n)")
def terms_in_a_row(A, B):
    return (A**2).sum(1) + (B**2).sum(1) - 2*A@B.T


@wrong("squared_distances", "dot products of rows in pairs")
def products_of_pairs(A, B):
    return (A*B).sum(1)


@wrong("squared_distances", "summed over the points of B, not over the coordinates")
def over_points(A, B):
    return ((A[:, None] - B[None]) ** 2).sum(dim=1)


@wrong("squared_distances", "the sign of the mixed term")
def plus_two(A, B):
    return (A ** 2).sum(1)[:, None] + (B ** 2).sum(1)[None, :] + 2 * A @ B.T


@wrong("squared_distances", "a loop, which the text forbids")
def double_loop(A, B):
    out = torch.zeros(len(A), len(B))
    for i in range(len(A)):
        for j in range(len(B)):
            out[i, j] = ((A[i] - B[j]) ** 2).sum()
    return out


@wrong("squared_distances", "the largest coordinate difference, not the sum")
def largest_coordinate(A, B):
    return (A[:, None] - B).abs().amax(dim=-1) ** 2


@right("scores")
def with_matmul(Q, K):
    d = Q.size(-1)
    return torch.matmul(Q, K.mT) * d ** -0.5


@right("scores")
def with_bmm(Q, K):
    return torch.bmm(Q, K.permute(0, 2, 1)).div(torch.tensor(Q.shape[2]).sqrt())


@right("scores")
def broadcast_and_sum(Q, K):
    return (Q[:, :, None, :] * K[:, None, :, :]).sum(-1) / Q.shape[-1] ** 0.5


@wrong("scores", "the root of the number of keys, not of d")
def root_of_keys(Q, K):
    return torch.einsum("btd,bsd->bts", Q, K) / K.shape[1] ** 0.5


@wrong("scores", "a softmax that was not asked for")
def with_softmax(Q, K):
    return F.softmax(Q @ K.transpose(1, 2) / Q.shape[-1] ** 0.5, dim=-1)


@wrong("scores", "only Q is normalised: cosine of one side")
def normalised_queries(Q, K):
    return F.normalize(Q, dim=-1) @ K.transpose(-2, -1)


@wrong("scores", "K is reshaped, not transposed")
def reshaped_keys(Q, K):
    B, S, d = K.shape
    return Q @ K.reshape(B, d, S) / d ** 0.5


@wrong("scores", "the root of the number of entries in the batch")
def root_of_batch(Q, K):
    return Q @ K.transpose(1, 2) / len(Q) ** 0.5


@right("windows")
def unfolded(X, size):
    return X.unfold(0, size, 1).unfold(1, size, 1)


@right("windows")
def strides_twice(X, size):
    shape = (X.shape[0] - size + 1, X.shape[1] - size + 1, size, size)
    return torch.as_strided(X, shape, X.stride() + X.stride(), X.storage_offset())


@right("windows")
def named_strides(X, size):
    (H, W), (down, right_) = X.shape, X.stride()
    return X.as_strided(size=(H + 1 - size, W + 1 - size, size, size), stride=(down, right_, down, right_))


@wrong("windows", "stacked slices: a copy of every window")
def stacked(X, size):
    H, W = X.shape
    return torch.stack([torch.stack([X[i:i + size, j:j + size] for j in range(W - size + 1)])
                        for i in range(H - size + 1)])


@wrong("windows", "offset 0: wrong for a piece of a larger tensor")
def from_the_start(X, size):
    down, right_ = X.stride()
    return torch.as_strided(X, (X.shape[0] - size + 1, X.shape[1] - size + 1, size, size),
                            (down, right_, down, right_), 0)


@wrong("windows", "made contiguous first: a copy, whose strides are then used")
def contiguous_first(X, size):
    X = X.contiguous()
    H, W = X.shape
    return X.as_strided((H - size + 1, W - size + 1, size, size), (W, 1, W, 1))


@wrong("windows", "one window too few downwards")
def one_row_short(X, size):
    H, W = X.shape
    down, right_ = X.stride()
    return X.as_strided((H - size, W - size + 1, size, size), (down, right_, down, right_))


@wrong("windows", "the window's columns come before its rows")
def unfolded_the_other_way(X, size):
    return X.unfold(1, size, 1).unfold(0, size, 1)
