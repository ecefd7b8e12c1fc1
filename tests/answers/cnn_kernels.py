"""Answers to the exercises of notebook 07: right ones by other routes, wrong ones as learners write them."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.answers import right, wrong


@wrong("output_size", "padding is subtracted, not added")
def padding_taken_away(H, size, P, S, D):
    return (H - 2 * P - D * (size - 1) - 1) // S + 1


@wrong("output_size", "the dilation multiplies the whole kernel, and the + 1 of the reach is kept")
def reach_too_long(H, size, P, S, D):
    reach = D * size + 1
    return (H + 2 * P - reach) // S + 1


@wrong("output_size", "// binds more tightly than the sum: the brackets are missing")
def without_brackets(H, size, P, S, D):
    reach = D * (size - 1) + 1
    return H + 2 * P - reach // S + 1


@wrong("output_size", "rounded to the nearest whole number, not down")
def rounded(H, size, P, S, D):
    return round((H + 2 * P - D * (size - 1) - 1) / S + 1)


@wrong("output_size", "a rule that holds for 3×3 kernels only")
def for_three(H, size, P, S, D):
    reach = size + 2 * (D - 1)
    return (H + 2 * P - reach) // S + 1


@right("output_size")
def counted(H, size, P, S, D):
    places = 0
    start = -P
    while start + D * (size - 1) <= H + P - 1:
        places += 1
        start += S
    return places


@right("output_size")
def floored(H, size, P, S, D):
    return math.floor((H + 2 * P - D * (size - 1) - 1) / S + 1)


@wrong("correlate", "the sum goes over the places, not over the kernel")
def sum_over_places(X, K):
    FH, FW = K.shape
    windows = X.unfold(0, FH, 1).unfold(1, FW, 1)
    return (windows * K).sum(dim=(0, 1))


@wrong("correlate", "a matrix product in place of number by number")
def matrix_product(X, K):
    FH, FW = K.shape
    Y = torch.zeros(X.shape[0] - FH + 1, X.shape[1] - FW + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i:i + FH, j:j + FW].T @ K).sum()
    return Y


@wrong("correlate", "return stands inside the loop")
def returns_early(X, K):
    FH, FW = K.shape
    Y = torch.zeros(X.shape[0] - FH + 1, X.shape[1] - FW + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i:i + FH, j:j + FW] * K).sum()
        return Y


@wrong("correlate", "the total is not set back to 0 at each place")
def running_total(X, K):
    FH, FW = K.shape
    Y = torch.zeros(X.shape[0] - FH + 1, X.shape[1] - FW + 1)
    total = 0.0
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            for a in range(FH):
                for b in range(FW):
                    total += X[i + a, j + b] * K[a, b]
            Y[i, j] = total
    return Y


@wrong("correlate", "height and width of the kernel are exchanged in the slice")
def slice_exchanged(X, K):
    FH, FW = K.shape
    Y = torch.zeros(X.shape[0] - FH + 1, X.shape[1] - FW + 1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = (X[i:i + FW, j:j + FH] * K).sum()
    return Y


@right("correlate")
def four_loops(X, K):
    FH, FW = K.shape
    rows = []
    for i in range(X.shape[0] - FH + 1):
        rows.append([sum(X[i + a, j + b].item() * K[a, b].item() for a in range(FH) for b in range(FW))
                     for j in range(X.shape[1] - FW + 1)])
    return torch.tensor(rows)


@right("correlate")
def tap_by_tap(X, K):
    FH, FW = K.shape
    OH, OW = X.shape[0] - FH + 1, X.shape[1] - FW + 1
    Y = torch.zeros(OH, OW)
    for a in range(FH):
        for b in range(FW):
            Y += K[a, b] * X[a:a + OH, b:b + OW]
    return Y


@right("correlate")
def as_columns(X, K):
    columns = F.unfold(X[None, None], K.shape)[0]
    return (K.reshape(1, -1) @ columns).reshape(X.shape[0] - K.shape[0] + 1, -1)


@wrong("convolve_same", "the kernel is transposed, not flipped")
def transposed(X, K):
    FH, FW = K.shape
    return F.conv2d(X[None, None], K.T[None, None], padding=(FW // 2, FH // 2))[0, 0]


@wrong("convolve_same", "padding of rows and columns exchanged")
def padding_exchanged(X, K):
    FH, FW = K.shape
    return F.conv2d(X[None, None], K.flip(0, 1)[None, None], padding=(FW // 2, FH // 2))[0, 0]


@wrong("convolve_same", "flipped before a convolution that flips again")
def flipped_twice(X, K):
    FH, FW = K.shape
    return F.conv_transpose2d(X[None, None], K.flip(0, 1)[None, None], padding=(FH // 2, FW // 2))[0, 0]


@wrong("convolve_same", "padding is rounded up")
def padding_rounded_up(X, K):
    FH, FW = K.shape
    return F.conv2d(X[None, None], K.flip(0, 1)[None, None], padding=((FH + 1) // 2, (FW + 1) // 2))[0, 0]


@right("convolve_same")
def spread(X, K):
    FH, FW = K.shape
    Y = torch.zeros(X.shape[0] + FH - 1, X.shape[1] + FW - 1)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            Y[i:i + FH, j:j + FW] += X[i, j] * K
    return Y[FH // 2:FH // 2 + X.shape[0], FW // 2:FW // 2 + X.shape[1]]


@right("convolve_same")
def named_padding(X, K):
    return F.conv2d(X[None, None], K.rot90(2)[None, None], padding="same").squeeze()


@wrong("max_pool", "pairs of rows and columns are far apart: the reshape puts size first")
def reshape_order(X, size):
    C, OH, OW = X.shape[0], X.shape[1] // size, X.shape[2] // size
    X = X[:, :OH * size, :OW * size]
    return X.reshape(C, OH, OW, size, size).amax(dim=(3, 4))


@wrong("max_pool", "the largest of each row of a window only")
def rows_only(X, size):
    C, OH, OW = X.shape[0], X.shape[1] // size, X.shape[2] // size
    X = X[:, :OH * size, :OW * size]
    return X.reshape(C, OH, size, OW, size).amax(dim=4)


@wrong("max_pool", ".max(dim) also returns places")
def max_with_places(X, size):
    windows = X.unfold(1, size, size).unfold(2, size, size)
    return windows.reshape(*windows.shape[:3], -1).max(dim=-1)


@wrong("max_pool", "the windows overlap")
def overlapping(X, size):
    windows = X.unfold(1, size, 1).unfold(2, size, 1)
    return windows.amax(dim=(3, 4))[:, :X.shape[1] // size, :X.shape[2] // size]


@wrong("max_pool", "the first rows and columns are cut off, not the last")
def cut_at_the_front(X, size):
    C, H, W = X.shape
    X = X[:, H % size:, W % size:]
    return X.reshape(C, H // size, size, W // size, size).amax(dim=(2, 4))


@right("max_pool")
def by_unfold(X, size):
    return X.unfold(1, size, size).unfold(2, size, size).amax(dim=(-2, -1))


@right("max_pool")
def one_axis_after_the_other(X, size):
    rows = X.unfold(1, size, size).max(dim=-1).values
    return rows.unfold(2, size, size).max(dim=-1).values


@wrong("conv_layer", "the bias meets the rows, not the filters")
def bias_on_rows(X, W, b):
    FH, FW = W.shape[2:]
    windows = X.unfold(1, FH, 1).unfold(2, FW, 1)
    return torch.einsum("chwij,fcij->fhw", windows, W) + b[None, :, None]


@wrong("conv_layer", "the bias has no axes of its own")
def bias_as_it_is(X, W, b):
    FH, FW = W.shape[2:]
    windows = X.unfold(1, FH, 1).unfold(2, FW, 1)
    return torch.einsum("chwij,fcij->fhw", windows, W) + b


@wrong("conv_layer", "only the last channel: = in place of +=")
def last_channel(X, W, b):
    FH, FW = W.shape[2:]
    windows = X.unfold(1, FH, 1).unfold(2, FW, 1)
    for c in range(len(X)):
        Y = torch.einsum("hwij,fij->fhw", windows[c], W[:, c])
    return Y + b[:, None, None]


@wrong("conv_layer", "the windows are laid flat in another order than the weights")
def columns_in_another_order(X, W, b):
    FN, FH, FW = len(W), W.shape[2], W.shape[3]
    windows = X.unfold(1, FH, 1).unfold(2, FW, 1)
    OH, OW = windows.shape[1:3]
    columns = windows.reshape(OH * OW, -1)
    return (W.reshape(FN, -1) @ columns.T).reshape(FN, OH, OW) + b[:, None, None]


@wrong("conv_layer", "the kernel's rows are not summed")
def rows_not_summed(X, W, b):
    FH, FW = W.shape[2:]
    windows = X.unfold(1, FH, 1).unfold(2, FW, 1)
    return (windows[None] * W[:, :, None, None]).sum(dim=(1, 5)) + b[:, None, None]


@right("conv_layer")
def matrix_of_columns(X, W, b):
    columns = F.unfold(X[None], W.shape[2:])[0]
    OH = X.shape[1] - W.shape[2] + 1
    return (W.flatten(1) @ columns + b[:, None]).reshape(len(W), OH, -1)


@right("conv_layer")
def filter_by_filter(X, W, b):
    FH, FW = W.shape[2:]
    windows = X.unfold(1, FH, 1).unfold(2, FW, 1)
    return torch.stack([(windows * W[f][:, None, None]).sum(dim=(0, 3, 4)) + b[f] for f in range(len(W))])


@right("conv_layer")
def tensordot(X, W, b):
    windows = X.unfold(1, W.shape[2], 1).unfold(2, W.shape[3], 1)
    return torch.tensordot(W, windows, dims=([1, 2, 3], [0, 3, 4])) + b.view(-1, 1, 1)


@wrong("kernel_gradient", "X and G are exchanged")
def exchanged(X, K, G):
    return F.conv2d(G[None, None], X[None, None])[0, 0]


@wrong("kernel_gradient", "padded as for the picture's gradient")
def padded(X, K, G):
    FH, FW = K.shape
    return F.conv2d(X[None, None], G[None, None], padding=(FH - 1, FW - 1))[0, 0]


@wrong("kernel_gradient", "the last place wins: = in place of +=")
def overwritten(X, K, G):
    FH, FW = K.shape
    out = torch.zeros(FH, FW)
    for i in range(G.shape[0]):
        for j in range(G.shape[1]):
            out = G[i, j] * X[i:i + FH, j:j + FW]
    return out


@wrong("kernel_gradient", "autograd does the work")
def by_autograd(X, K, G):
    K = K.clone().requires_grad_(True)
    (F.conv2d(X[None, None], K[None, None])[0, 0] * G).sum().backward()
    return K.grad


@right("kernel_gradient")
def place_by_place(X, K, G):
    FH, FW = K.shape
    out = torch.zeros_like(K)
    for i in range(G.shape[0]):
        for j in range(G.shape[1]):
            out += G[i, j] * X[i:i + FH, j:j + FW]
    return out


@right("kernel_gradient")
def weight_by_weight(X, K, G):
    windows = X.unfold(0, G.shape[0], 1).unfold(1, G.shape[1], 1)
    return torch.einsum("abij,ij->ab", windows, G)


@wrong("conv_layer", "a ready-made layer does the work")
def ready_made(X, W, b):
    layer = nn.Conv2d(W.shape[1], W.shape[0], tuple(W.shape[2:]))
    with torch.no_grad():
        layer.weight.copy_(W)
        layer.bias.copy_(b)
        return layer(X[None])[0]
