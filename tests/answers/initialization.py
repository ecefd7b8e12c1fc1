"""Answers to the exercises of notebook 06: right ones by other routes, wrong ones as learners write them."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.answers import right, wrong


@right("uniform_bound")
def by_variance(W, gain):
    variance = gain**2 / W.size(1)      # of one weight
    return math.sqrt(3 * variance)      # U(-a, a) has variance a²/3


@right("uniform_bound")
def by_torch(W, gain):
    fan_in, _ = nn.init._calculate_fan_in_and_fan_out(W)
    return math.sqrt(3.0) * gain / math.sqrt(fan_in)


@wrong("uniform_bound", "the root of three is taken for three")
def three(W, gain):
    return 3 * gain / W.shape[1] ** 0.5


@wrong("uniform_bound", "the width of the whole range, 12, is taken for the half of it")
def twelve(W, gain):
    return gain * (12 / W.shape[1]) ** 0.5


@wrong("uniform_bound", "the gain is squared outside of the root")
def gain_squared(W, gain):
    return gain**2 * (3 / W.shape[1]) ** 0.5


@wrong("uniform_bound", "len(W) is the number of rows, fan_out")
def by_len(W, gain):
    return gain * math.sqrt(3 / len(W))


@wrong("uniform_bound", "nn.Linear's default, which has no gain and no root of three")
def default(W, gain):
    return 1 / math.sqrt(W.shape[1])


@right("drop")
def by_where(x, keep, p):
    return torch.where(keep, x / (1 - p), 0.0)


@right("drop")
def by_index(x, keep, p):
    out = torch.zeros_like(x)
    out[keep] = x[keep] / (1 - p)
    return out


@right("drop")
def by_fill(x, keep, p):
    return x.masked_fill(~keep, 0.0).div(1 - p)


@wrong("drop", "the input is overwritten")
def in_place(x, keep, p):
    x[~keep] = 0
    return x / (1 - p)


@wrong("drop", "torch draws its own mask; the given one is not used")
def own_mask(x, keep, p):
    return F.dropout(x, p)


@wrong("drop", "the scale is the inverse of the number kept, not of the share")
def by_count(x, keep, p):
    return x * keep / keep.sum()


@wrong("drop", "each row is divided by the share that this row happens to keep")
def row_share(x, keep, p):
    return x * keep / keep.float().mean(dim=1, keepdim=True).clamp(min=1e-6)


@wrong("drop", "it is the dropped numbers that are scaled up")
def scaled_wrong(x, keep, p):
    return torch.where(keep, x, x / (1 - p))


@right("batch_norm")
def by_std(x, gamma, beta, eps):
    centred = x - x.mean(dim=0, keepdim=True)
    variance = centred.square().mean(dim=0, keepdim=True)
    return gamma * centred * torch.rsqrt(variance + eps) + beta


@right("batch_norm")
def by_moments(x, gamma, beta, eps):
    var, mean = torch.var_mean(x, dim=0, unbiased=False)
    scale = gamma / torch.sqrt(var + eps)
    return x * scale + (beta - mean * scale)


@wrong("batch_norm", "eps is added twice: to the variance and to its root")
def eps_twice(x, gamma, beta, eps):
    return gamma * (x - x.mean(0)) / ((x.var(0, correction=0) + eps).sqrt() + eps) + beta


@wrong("batch_norm", "beta is inside the product with gamma")
def beta_inside(x, gamma, beta, eps):
    x_hat = (x - x.mean(0)) / torch.sqrt(x.var(0, unbiased=False) + eps)
    return gamma * (x_hat + beta)


@wrong("batch_norm", "the mean of the squares stands for the variance: the mean is not subtracted in it")
def raw_square(x, gamma, beta, eps):
    return gamma * (x - x.mean(0)) / (x.square().mean(0) + eps).sqrt() + beta


@wrong("batch_norm", "brackets: only the mean is divided, x is not")
def brackets(x, gamma, beta, eps):
    return gamma * (x - x.mean(0) / (x.var(0, correction=0) + eps).sqrt()) + beta


@wrong("batch_norm", "mean and variance are detached, so their share of the gradient is lost")
def detached(x, gamma, beta, eps):
    mean, var = x.detach().mean(0), x.detach().var(0, correction=0)
    return gamma * (x - mean) / (var + eps).sqrt() + beta


@right("correlations")
def by_triangle(X, weights):
    found = []
    for W in weights:
        X = F.relu(F.linear(X, W))
        G = F.normalize(X, dim=1) @ F.normalize(X, dim=1).T
        i, j = torch.triu_indices(len(X), len(X), offset=1)
        found.append(G[i, j].mean())
    return torch.stack(found)


@right("correlations")
def by_broadcast(X, weights):
    found, a = [], X
    for W in weights:
        a = torch.relu(a @ W.t())
        cosines = F.cosine_similarity(a[:, None], a[None], dim=2)
        found.append(cosines[~torch.eye(len(a), dtype=torch.bool)].mean())
    return torch.stack(found)


@wrong("correlations", "the diagonal is taken away, but the mean still divides by N²")
def over_all(X, weights):
    found = []
    for W in weights:
        X = (X @ W.T).relu()
        unit = X / X.norm(dim=1, keepdim=True)
        G = unit @ unit.T
        found.append((G.sum() - len(X)) / len(X) ** 2)
    return torch.stack(found)


@wrong("correlations", "all numbers are divided by one length, that of the whole matrix")
def one_norm(X, weights):
    found, N = [], len(X)
    for W in weights:
        X = (X @ W.T).relu()
        unit = X / X.norm()
        G = unit @ unit.T
        found.append((G.sum() - G.trace()) / (N * (N - 1)))
    return torch.stack(found)


@wrong("correlations", "only the first input is compared with the others")
def first_only(X, weights):
    found = []
    for W in weights:
        X = (X @ W.T).relu()
        found.append(F.cosine_similarity(X[:1], X[1:], dim=1).mean())
    return torch.stack(found)


@wrong("correlations", "tanh stands where ReLU was asked for")
def with_tanh(X, weights):
    found, N = [], len(X)
    for W in weights:
        X = (X @ W.T).tanh()
        unit = X / X.norm(dim=1, keepdim=True)
        found.append(((unit @ unit.T).sum() - N) / (N * (N - 1)))
    return torch.stack(found)


@wrong("correlations", "every layer is fed the inputs X, not the activations of the layer before")
def from_start(X, weights):
    found, N = [], len(X)
    for W in weights:
        a = (X @ W.T).relu()
        unit = a / a.norm(dim=1, keepdim=True)
        found.append(((unit @ unit.T).sum() - N) / (N * (N - 1)))
    return torch.stack(found)


@right("early_stop")
def with_counter(valid_losses, patience):
    best, waited = 0, 0
    for epoch in range(1, len(valid_losses)):
        if valid_losses[epoch] < valid_losses[best]:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience:
            return best, epoch
    return best, len(valid_losses) - 1


@right("early_stop")
def with_minimum(valid_losses, patience):
    lowest, best = float("inf"), 0
    for epoch, loss in enumerate(valid_losses):
        if loss < lowest:
            lowest, best = loss, epoch
        elif epoch - best == patience:
            break
    return best, epoch


@wrong("early_stop", "more than patience: one epoch too late")
def more_than(valid_losses, patience):
    best = 0
    for epoch, loss in enumerate(valid_losses):
        if loss < valid_losses[best]:
            best = epoch
        if epoch - best > patience:
            break
    return best, epoch


@wrong("early_stop", "ties move the best epoch")
def ties(valid_losses, patience):
    best, lowest = 0, float("inf")
    for epoch, loss in enumerate(valid_losses):
        if loss <= lowest:
            best, lowest = epoch, loss
        if epoch - best >= patience:
            return best, epoch
    return best, len(valid_losses) - 1


@wrong("early_stop", "epochs are counted from 1")
def from_one(valid_losses, patience):
    best = 0
    for epoch, loss in enumerate(valid_losses):
        if loss < valid_losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best + 1, epoch + 1


@wrong("early_stop", "the length is returned where training never stops")
def length(valid_losses, patience):
    best = 0
    for epoch, loss in enumerate(valid_losses):
        if loss < valid_losses[best]:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(valid_losses)


@wrong("early_stop", "the number of bad epochs is counted without regard to order")
def total_bad(valid_losses, patience):
    best, bad = 0, 0
    for epoch, loss in enumerate(valid_losses):
        if loss < valid_losses[best]:
            best = epoch
        elif epoch > 0:
            bad += 1
            if bad == patience:
                return best, epoch
    return best, len(valid_losses) - 1


@right("unit_factors")
def scaled_weights(X, weights):
    factors = []
    for W in weights:
        std = F.linear(X, W).std()
        factors.append(1 / std)
        X = F.linear(X, W / std).tanh()
    return factors


@right("unit_factors")
def as_floats(X, weights):
    a, factors = X, []
    for W in weights:
        z = a @ W.T
        z, factor = z / z.std(), 1 / z.std().item()
        factors += [factor]
        a = torch.tanh(z)
    return factors


@wrong("unit_factors", "the root mean square stands for the standard deviation: the mean is not subtracted")
def by_rms(X, weights):
    factors = []
    for W in weights:
        z = X @ W.T
        factors.append(1 / z.square().mean().sqrt())
        X = (factors[-1] * z).tanh()
    return factors


@wrong("unit_factors", "one factor per unit instead of one per layer")
def per_unit(X, weights):
    factors = []
    for W in weights:
        z = X @ W.T
        factors.append(1 / z.std(dim=0))
        X = (factors[-1] * z).tanh()
    return factors


@wrong("unit_factors", "the factor is applied after tanh, not before")
def after_tanh(X, weights):
    factors = []
    for W in weights:
        z = X @ W.T
        factors.append(1 / z.std())
        X = factors[-1] * z.tanh()
    return factors


@wrong("unit_factors", "the factors are multiplied up from layer to layer")
def running(X, weights):
    factors, total = [], 1.0
    for W in weights:
        z = X @ W.T
        total = total / z.std()
        factors.append(total)
        X = (z / z.std()).tanh()
    return factors


@wrong("unit_factors", "the spread of the weights is measured, not that of z")
def of_weights(X, weights):
    return [1 / W.std() for W in weights]
