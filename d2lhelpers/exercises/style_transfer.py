"""Exercises of `11_style_transfer.ipynb`."""

import torch
import torch.nn.functional as F

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import without_autograd


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _gram(h):
    return torch.einsum("nihw,njhw->nij", h, h) / (h.shape[2] * h.shape[3])


gram_matrix = Exercise(
    inputs=[_random(0, (2, 3, 4, 5)), _random(1, (1, 4, 3, 6))],
    oracle=_gram,
    mistakes={
        "the division is missing: divide by the number of places, H·W.":
            lambda h: _gram(h) * (h.shape[2] * h.shape[3]),
        "you divide by C·H·W; here only the H·W places are averaged.":
            lambda h: _gram(h) / h.shape[1],
        "the means are subtracted first: that is a covariance. A Gram matrix keeps them.":
            lambda h: _gram(h - h.mean(dim=(2, 3), keepdim=True)),
        "that is places × places. It says where things repeat; channels × channels was asked for.":
            lambda h: h.flatten(2).mT @ h.flatten(2) / (h.shape[2] * h.shape[3]),
        "the pictures of the batch are mixed: each one has its own Gram matrix.":
            lambda h: _gram(h).mean(dim=0),
        "only the diagonal is there: channel i with itself. Every pair (i, j) was asked for.":
            lambda h: h.square().mean(dim=(2, 3)),
        "you normalised the channels to length 1: loud channels should stay loud.":
            lambda h: _gram(F.normalize(h.flatten(2), dim=2)[..., None]) * (h.shape[2] * h.shape[3]),
        "a reshape mixed channels and places: flatten H and W only, `h.flatten(2)`.":
            lambda h: _gram(h.reshape(len(h), -1, h.shape[1]).mT[..., None]),
    },
    hints=("Make one row for each channel: `H = h.flatten(2)` has the shape (N, C, H·W).",
           "`H @ H.mT` multiplies every pair of rows and adds up over the places.",
           "Divide by `H.shape[2]`."),
    praise="Shuffle the places of h, and nothing changes.",
)


def _rough(x, power=2.0):
    down, right = F.l1_loss(x[:, :, 1:], x[:, :, :-1], reduction="none"), (x[..., 1:] - x[..., :-1]).abs()
    return (down**power).mean() + (right**power).mean()


roughness = Exercise(
    inputs=[_random(2, (1, 3, 5, 7)), _random(3, (2, 1, 6, 4))],
    oracle=_rough,
    mistakes={
        "that is the mean absolute difference, as on this page. Here the **squares** were asked for.":
            lambda x: _rough(x, power=1.0),
        "only vertical neighbours are compared: the horizontal ones are missing.":
            lambda x: (x[:, :, 1:] - x[:, :, :-1]).square().mean(),
        "only horizontal neighbours are compared: the vertical ones are missing.":
            lambda x: (x[..., 1:] - x[..., :-1]).square().mean(),
        "you add up; a mean over the pairs was asked for.":
            lambda x: (x[:, :, 1:] - x[:, :, :-1]).square().sum() + (x[..., 1:] - x[..., :-1]).square().sum(),
        "you square the mean. Square each difference first, or ups and downs cancel.":
            lambda x: (x[:, :, 1:] - x[:, :, :-1]).mean() ** 2 + (x[..., 1:] - x[..., :-1]).mean() ** 2,
        "the first row is compared with the last one: `roll` goes round the edge. Use slices or `diff`.":
            lambda x: (x - x.roll(1, 2)).square().mean() + (x - x.roll(1, 3)).square().mean(),
        "you compare the channels with each other too (dim 1). Neighbours are along dims 2 and 3.":
            lambda x: _rough(x) + x.diff(dim=1).square().mean(),
        "the means of the two directions are averaged; they were to be added.":
            lambda x: _rough(x) / 2,
        "that is one mean over the pairs of both directions together: take a mean of each direction, and add the two.":
            lambda x: torch.cat([x.diff(dim=2).flatten(), x.diff(dim=3).flatten()]).square().mean(),
        "you divide by the number of pixels; the mean is over pairs, and a row of W pixels has W − 1 of them.":
            lambda x: (x.diff(dim=2).square().sum() + x.diff(dim=3).square().sum()) / x.numel(),
    },
    hints=("`x[:, :, 1:] - x[:, :, :-1]` are all vertical differences.",
           "`x.diff(dim=3)` are the horizontal ones.",
           "Square, then take the mean of each, then add the two."),
    praise="A flat picture costs nothing.",
)


def _total(content, content_goal, maps, grams, style_weight, *, own=_gram, size=None, mean=True, content_weight=1.0,
           error=None):
    error = error or (lambda A, B: F.mse_loss(A, B, reduction="sum") / torch.linalg.vector_norm(B) ** 2)
    style = sum(error(own(h[None])[0], wanted) for h, wanted in zip(maps, grams, strict=True))
    return content_weight * error(content, content_goal) + style_weight * style / (len(maps) if mean else 1)


def _wanted(seed, *shapes):
    return [_gram(h[None])[0] for h in _random(seed, *shapes)]


def _swapped(content, content_goal, maps, grams, style_weight):
    return _total(content, content_goal, maps, grams, style_weight,
                  error=lambda A, B: (A - B).square().sum() / A.square().sum())


def _weight_on_content(content, content_goal, maps, grams, style_weight):
    return style_weight * _total(content, content_goal, maps, grams, 1 / style_weight)


total_loss = Exercise(
    inputs=[(*_random(4, (3, 4, 5), (3, 4, 5)), list(_random(5, (3, 4, 5), (4, 2, 3))),
             _wanted(6, (3, 4, 5), (4, 2, 3)), 10.0),
            (*_random(7, (2, 3, 3), (2, 3, 3)), list(_random(8, (2, 6, 6), (3, 3, 4), (5, 2, 3))),
             _wanted(9, (2, 5, 4), (3, 3, 3), (5, 4, 3)), 0.5)],
    oracle=_total,
    mistakes={
        "the Gram matrices are not divided by the number of places H·W.":
            lambda *args: _total(*args, own=lambda h: _gram(h) * h[0, 0].numel()),
        "the layers' errors are added up; their mean was asked for.":
            lambda *args: _total(*args, mean=False),
        "the style weight is missing.":
            lambda *args: _total(*args[:4], 1.0),
        "the style weight multiplies the content's error.":
            _weight_on_content,
        "you divide by ‖A‖², the painted picture's own length; it belongs to the goal, ‖B‖².":
            _swapped,
        "the division by ‖B‖² is missing: loud layers would rule.":
            lambda *args: _total(*args, error=lambda A, B: (A - B).square().sum()),
        "you take the mean of the squares without dividing by ‖B‖².":
            lambda *args: _total(*args, error=F.mse_loss),
        "you divide by ‖B‖, not by its square.":
            lambda *args: _total(*args, error=lambda A, B: (A - B).square().sum() / B.norm()),
        "the content's error is missing.":
            lambda *args: _total(*args, content_weight=0.0),
    },
    hints=("Write a small function `error(A, B)` first: squared distance over squared length of B.",
           "For a map h: `H = h.flatten(1)`, `G = H @ H.T / H.shape[1]`.",
           "error(content, content_goal) + style_weight * (sum of error(G, wanted)) / len(maps)."),
    praise="That is what `make_loss` computes, for one scale.",
)


def _spread(h):
    return h.std(dim=(2, 3), keepdim=True, correction=0)


def _adain(h, s, eps=1e-5, correction=0, dims=(2, 3)):
    over = {"dim": dims, "keepdim": True}
    spread = s.var(correction=correction, **over).sqrt()
    return (h - h.mean(**over)) / (h.var(correction=correction, **over) + eps).sqrt() * spread + s.mean(**over)


def _adain_oracle(h, s):
    flat = s.flatten(2)
    std, mean = torch.std_mean(flat, dim=2, correction=0)
    return F.instance_norm(h) * std[..., None, None] + mean[..., None, None]


adain = Exercise(
    inputs=[(2 * _random(10, (2, 3, 4, 5))[0] + 1, 0.5 * _random(11, (2, 3, 6, 4))[0] - 2),
            (0.1 * _random(12, (1, 4, 3, 3))[0], 3 * _random(13, (1, 4, 5, 2))[0] + 1),
            (_random(18, (2, 2, 3, 4))[0], 0.02 * _random(19, (2, 2, 4, 5))[0])],
    oracle=_adain_oracle,
    mistakes={
        "the two are exchanged: h gives the picture, s gives mean and spread.":
            lambda h, s: _adain(s, h),
        "the style's mean is missing at the end.":
            lambda h, s: _adain(h, s) - s.mean(dim=(2, 3), keepdim=True),
        "the mean of h is not subtracted first.":
            lambda h, s: h / (_spread(h) ** 2 + 1e-5).sqrt() * _spread(s) + s.mean(dim=(2, 3), keepdim=True),
        "the style's standard deviation is missing: multiply by that of s.":
            lambda h, s: F.instance_norm(h) + s.mean(dim=(2, 3), keepdim=True),
        "you multiply by the variance of s; take its root.":
            lambda h, s: F.instance_norm(h) * _spread(s) ** 2 + s.mean(dim=(2, 3), keepdim=True),
        "one mean for all channels: each channel has its own, over dims 2 and 3.":
            lambda h, s: _adain(h, s, dims=(1, 2, 3)),
        "the statistics run over the batch too: each picture has its own.":
            lambda h, s: _adain(h, s, dims=(0, 2, 3)) if len(h) > 1 else _adain(h, s),
        "the standard deviation divides by n − 1: use `correction=0`.":
            lambda h, s: _adain(h, s, correction=1),
        "that is instance norm, the first half: multiply by the standard deviation of s, then add its mean.":
            lambda h, s: F.instance_norm(h),
        "1e-5 belongs to the variance of h, under the root, not to the standard deviation.":
            lambda h, s: (h - h.mean(dim=(2, 3), keepdim=True)) / (_spread(h) + 1e-5) * _spread(s)
            + s.mean(dim=(2, 3), keepdim=True),
        "1e-5 is added to the variance of s as well; only that of h needs it.":
            lambda h, s: F.instance_norm(h) * (_spread(s) ** 2 + 1e-5).sqrt() + s.mean(dim=(2, 3), keepdim=True),
    },
    hints=("Means and spreads over `dim=(2, 3), keepdim=True` have the shape (N, C, 1, 1).",
           "First wipe out the style of h: subtract its mean, divide by √(var + 1e-5).",
           "Then put on that of s: multiply by its standard deviation, add its mean."),
    praise="With this layer one net serves every painting.",
)


def _style_gradient(H, T):
    H = H.clone().requires_grad_()
    (torch.einsum("ip,jp->ij", H, H) / H.shape[1] - T).square().sum().backward()
    return H.grad


def _vary_gram(args, random):
    C, P = args[0].shape
    H, other = _random(random.randrange(10**6), (C, P), (1, C, P, 1))
    return H, _gram(other)[0]


style_gradient = Exercise(
    inputs=[(*_random(14, (3, 5)), _wanted(15, (3, 2, 4))[0]), (*_random(16, (2, 7)), _wanted(17, (2, 3, 3))[0])],
    oracle=_style_gradient,
    mistakes={
        "half of it: H stands on both sides of H Hᵀ, so the product rule doubles.":
            lambda H, T: _style_gradient(H, T) / 2,
        "a quarter of it: one 2 comes from the square, the other from H standing twice in H Hᵀ.":
            lambda H, T: _style_gradient(H, T) / 4,
        "the 1/P of G is missing in the last step: dG = (dH Hᵀ + H dHᵀ)/P.":
            lambda H, T: _style_gradient(H, T) * H.shape[1],
        "the sign is wrong: it is G − T, not T − G.":
            lambda H, T: -_style_gradient(H, T),
        "that is ∂L/∂G, (C, C). One more step leads to H.":
            lambda H, T: 2 * (H @ H.T / H.shape[1] - T),
        "the target is missing: subtract T from G.":
            lambda H, T: _style_gradient(H, torch.zeros_like(T)),
        "your G lacks its division by P.":
            lambda H, T: 4 / H.shape[1] * (H @ H.T - T) @ H,
        "the result is transposed: it should have the shape of H, (C, P).":
            lambda H, T: _style_gradient(H, T).T,
    },
    hints=("Go backwards: ∂L/∂G = 2(G − T).",
           "A small change dH changes G by (dH Hᵀ + H dHᵀ)/P, and G − T is symmetric.",
           "4/P · (G − T) H."),
    praise="All places p are pulled by one and the same C × C matrix: style knows no place.",
    conditions=(without_autograd,),
    vary=_vary_gram,
)
