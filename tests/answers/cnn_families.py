"""Answers to the exercises of notebook 08: right ones by other routes, wrong ones as learners write them."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.answers import right, wrong


@wrong("cost", "a product and an addition are counted as two")
def operations(C, FN, size, OH, OW):
    return FN * (C * size**2 + 1), 2 * FN * OH * OW * C * size**2


@wrong("cost", "a bias for each input channel, not for each filter")
def bias_per_channel(C, FN, size, OH, OW):
    return FN * C * size**2 + C, FN * OH * OW * C * size**2


@wrong("cost", "the two numbers are exchanged")
def other_way_round(C, FN, size, OH, OW):
    reads = C * size * size
    return FN * OH * OW * reads, FN * (reads + 1)


@wrong("cost", "one bias for the whole layer")
def single_bias(C, FN, size, OH, OW):
    weights = FN * C * size**2
    return weights + 1, weights * OH * OW


@wrong("cost", "the products count the biases' additions at each place")
def with_additions(C, FN, size, OH, OW):
    parameters = FN * (C * size**2 + 1)
    return parameters, parameters * OH * OW


@right("cost")
def by_layer(C, FN, size, OH, OW):
    layer = nn.Conv2d(C, FN, size)
    return sum(p.numel() for p in layer.parameters()), layer.weight.numel() * OH * OW


@right("cost")
def in_a_list(C, FN, size, OH, OW):
    weights = FN * C * size * size
    return [weights + FN, weights * OH * OW]


@wrong("confusion", "the number of a cell is taken with the answers first")
def answers_first(y, y_hat, num_classes):
    cell = num_classes * y_hat + y
    return torch.bincount(cell, minlength=num_classes**2).view(num_classes, num_classes)


@wrong("confusion", "the number of a cell is y times y_hat")
def product(y, y_hat, num_classes):
    return torch.bincount(y * y_hat, minlength=num_classes**2).view(num_classes, num_classes)


@wrong("confusion", "the counts stay in one row")
def flat(y, y_hat, num_classes):
    return torch.bincount(num_classes * y + y_hat, minlength=num_classes**2)


@wrong("confusion", "the largest label is taken for the number of classes")
def seen_classes(y, y_hat, num_classes):
    n = int(y.max()) + 1
    return torch.bincount(n * y + y_hat, minlength=n**2).view(n, n)


@wrong("confusion", "a loop")
def looped(y, y_hat, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    for t, p in zip(y, y_hat, strict=True):
        matrix[t, p] += 1
    return matrix


@right("confusion")
def index_put(y, y_hat, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    matrix.index_put_((y, y_hat), torch.ones_like(y), accumulate=True)
    return matrix


@right("confusion")
def compared(y, y_hat, num_classes):
    classes = torch.arange(num_classes)
    return ((y == classes[:, None, None]) & (y_hat == classes[:, None])).sum(dim=-1)


@wrong("sight", "only the last stride counts")
def last_stride(layers):
    reach, step = 1, 1
    for size, stride in layers:
        reach += (size - 1) * step
        step = stride
    return reach


@wrong("sight", "strides are added up")
def added_strides(layers):
    reach, step = 1, 1
    for size, stride in layers:
        reach += (size - 1) * step
        step += stride
    return reach


@wrong("sight", "a kernel adds half of its size")
def half(layers):
    reach, step = 1, 1
    for size, stride in layers:
        reach += (size // 2) * step
        step *= stride
    return reach


@wrong("sight", "the reach so far is multiplied with the stride, from the picture upwards")
def recursion_upwards(layers):
    reach = 1
    for size, stride in layers:
        reach = (reach - 1) * stride + size
    return reach


@wrong("sight", "the pixels of an area, not of one direction")
def area(layers):
    reach, step = 1, 1
    for size, stride in layers:
        reach += (size - 1) * step
        step *= stride
    return reach**2


@right("sight")
def from_the_top(layers):
    reach = 1
    for size, stride in reversed(layers):
        reach = (reach - 1) * stride + size
    return reach


@right("sight")
def as_a_sum(layers):
    steps = torch.tensor([1] + [stride for _, stride in layers[:-1]]).cumprod(0)
    return 1 + int(sum((size - 1) * step for (size, _), step in zip(layers, steps.tolist(), strict=True)))


@wrong("block", "the second convolution has the stride")
def stride_in_the_second(x, W1, W2, Wp, stride):
    f = F.conv2d(F.relu(F.conv2d(x, W1, padding=1)), W2, stride=stride, padding=1)
    skip = x if Wp is None else F.conv2d(x, Wp, stride=stride)
    return F.relu(f + skip)


@wrong("block", "both convolutions have the stride")
def stride_in_both(x, W1, W2, Wp, stride):
    f = F.conv2d(F.relu(F.conv2d(x, W1, stride=stride, padding=1)), W2, stride=stride, padding=1)
    skip = x if Wp is None else F.conv2d(x, Wp, stride=stride)
    return F.relu(f + skip)


@wrong("block", "without Wp there is no shortcut at all")
def shortcut_only_with_wp(x, W1, W2, Wp, stride):
    f = F.conv2d(F.relu(F.conv2d(x, W1, stride=stride, padding=1)), W2, padding=1)
    if Wp is not None:
        f = f + F.conv2d(x, Wp, stride=stride)
    return F.relu(f)


@wrong("block", "a ReLU before and one after the addition")
def two_relus(x, W1, W2, Wp, stride):
    f = F.relu(F.conv2d(F.relu(F.conv2d(x, W1, stride=stride, padding=1)), W2, padding=1))
    skip = x if Wp is None else F.conv2d(x, Wp, stride=stride)
    return F.relu(f + skip)


@wrong("block", "the shortcut is padded, too")
def padded_shortcut(x, W1, W2, Wp, stride):
    f = F.conv2d(F.relu(F.conv2d(x, W1, stride=stride, padding=1)), W2, padding=1)
    skip = x if Wp is None else F.conv2d(x, Wp, stride=stride, padding=1)
    return F.relu(f + skip)


@right("block")
def by_steps(x, W1, W2, Wp, stride):
    out = torch.relu(F.conv2d(x, W1, None, stride, 1))
    out = F.conv2d(out, W2, None, 1, 1)
    if Wp is not None:
        x = F.conv2d(x, Wp, None, stride)
    out += x
    return out.clamp(min=0)


@right("block")
def pixels_then_matrix(x, W1, W2, Wp, stride):
    f = F.conv2d(F.conv2d(x, W1, stride=stride, padding=1).relu(), W2, padding=1)
    skip = x if Wp is None else torch.einsum("nchw,fc->nfhw", x[:, :, ::stride, ::stride], Wp[:, :, 0, 0])
    return (f + skip).relu()


@wrong("inception", "only the last kernel is kept")
def last_kernel(x, kernels):
    for W in kernels:
        out = F.relu(F.conv2d(x, W, padding=W.shape[-1] // 2))
    return out


@wrong("inception", "each kernel works on what the one before gave")
def one_after_the_other(x, kernels):
    for W in kernels:
        x = F.relu(F.conv2d(x, W, padding=W.shape[-1] // 2))
    return x


@wrong("inception", "the padding is the kernel's whole size")
def whole_size(x, kernels):
    return F.relu(torch.cat([F.conv2d(x, W, padding=W.shape[-1]) for W in kernels], dim=1))


@wrong("inception", "the paths stay a list")
def list_of_paths(x, kernels):
    return [F.relu(F.conv2d(x, W, padding=W.shape[-1] // 2)) for W in kernels]


@wrong("inception", "the input is glued on as well")
def with_input(x, kernels):
    paths = [F.relu(F.conv2d(x, W, padding=W.shape[-1] // 2)) for W in kernels]
    return torch.cat([x, *paths], dim=1)


@right("inception")
def same(x, kernels):
    return torch.cat([F.conv2d(x, W, padding="same").relu() for W in kernels], 1)


@right("inception")
def filled(x, kernels):
    FN = len(kernels[0])
    out = torch.empty(len(x), FN * len(kernels), *x.shape[2:])
    for i, W in enumerate(kernels):
        out[:, i * FN:(i + 1) * FN] = F.conv2d(x, W, padding=(W.shape[-1] - 1) // 2)
    return torch.maximum(out, torch.zeros(()))


@wrong("melt", "β is scaled as well")
def beta_scaled(W, b, gamma, beta, mean, var, eps):
    factor = gamma / (var + eps).sqrt()
    return W * factor[:, None, None, None], (b - mean + beta) * factor


@wrong("melt", "the bias stays as it was")
def weight_only(W, b, gamma, beta, mean, var, eps):
    factor = gamma / torch.sqrt(var + eps)
    return W * factor.view(-1, 1, 1, 1), b


@wrong("melt", "the bias is not scaled")
def bias_not_scaled(W, b, gamma, beta, mean, var, eps):
    factor = gamma / torch.sqrt(var + eps)
    return W * factor.view(-1, 1, 1, 1), b - mean * factor + beta


@wrong("melt", "bias and weight are exchanged")
def bias_first(W, b, gamma, beta, mean, var, eps):
    factor = gamma / torch.sqrt(var + eps)
    return (b - mean) * factor + beta, W * factor.view(-1, 1, 1, 1)


@wrong("melt", "multiplied by the spread, not divided by it")
def times_spread(W, b, gamma, beta, mean, var, eps):
    factor = gamma * (var + eps).sqrt()
    return W * factor[:, None, None, None], (b - mean) * factor + beta


@right("melt")
def by_einsum(W, b, gamma, beta, mean, var, eps):
    s = gamma * torch.rsqrt(var + eps)
    return torch.einsum("f...,f->f...", W, s), beta + s * b - s * mean


@right("melt")
def filter_by_filter(W, b, gamma, beta, mean, var, eps):
    new_W, new_b = torch.empty_like(W), torch.empty_like(b)
    for f in range(len(W)):
        s = gamma[f] / (var[f] + eps) ** 0.5
        new_W[f], new_b[f] = s * W[f], s * (b[f] - mean[f]) + beta[f]
    return new_W, new_b


@wrong("cost", "floats in place of ints")
def as_floats(C, FN, size, OH, OW):
    weights = FN * C * size**2
    return float(weights + FN), float(weights * OH * OW)


@wrong("block", "x is changed on the way")
def in_place(x, W1, W2, Wp, stride):
    f = F.conv2d(F.relu(F.conv2d(x, W1, stride=stride, padding=1)), W2, padding=1)
    if Wp is None:
        x += f
        return F.relu(x)
    return F.relu(f + F.conv2d(x, Wp, stride=stride))


@wrong("inception", "the paths are sorted by size")
def smallest_first(x, kernels):
    ordered = sorted(kernels, key=lambda W: W.shape[-1])
    return F.relu(torch.cat([F.conv2d(x, W, padding=W.shape[-1] // 2) for W in ordered], dim=1))


@wrong("melt", "the old weight is overwritten")
def overwritten(W, b, gamma, beta, mean, var, eps):
    factor = gamma / (var + eps).sqrt()
    W *= factor[:, None, None, None]
    return W, (b - mean) * factor + beta
