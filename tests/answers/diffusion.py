"""Answers to the exercises of notebook 16: right ones by other routes, wrong ones as learners write them."""

import math

import torch
import torch.nn.functional as F

from tests.answers import right, wrong


@wrong("time_of", "the cosine of 1 − share, as if noise were the cosine")
def noise_share(share):
    return (1 - share).sqrt().acos() / (0.98 * math.pi / 2)


@wrong("time_of", "a right angle is π")
def whole_pi(share):
    return share.sqrt().acos() / (0.98 * math.pi)


@wrong("time_of", "multiplied by the factor")
def multiplied(share):
    return share.sqrt().acos() * (0.98 * math.pi / 2)


@wrong("time_of", "half the share in place of the root")
def halved(share):
    return (share / 2).acos() / (0.98 * math.pi / 2)


@wrong("time_of", "1 over the cosine")
def one_over(share):
    return 1 / torch.cos(share.sqrt()) / (0.98 * math.pi / 2)


@right("time_of")
def by_tangent(share):
    return torch.atan2((1 - share).sqrt(), share.sqrt()) / (0.98 * math.pi / 2)


@right("time_of")
def double_angle(share):
    return torch.acos(2 * share - 1) / (0.98 * math.pi)


@wrong("betas_of", "divides by the share after it")
def share_after(alpha_bars):
    after = torch.cat([alpha_bars[1:], torch.ones(1)])
    return 1 - alpha_bars / after


@wrong("betas_of", "before the first step the share is 0")
def zero_before(alpha_bars):
    before = torch.cat([torch.zeros(1), alpha_bars[:-1]])
    return 1 - before / alpha_bars


@wrong("betas_of", "the loss is divided by the share after it")
def relative_to_after(alpha_bars):
    before = torch.cat([torch.ones(1), alpha_bars[:-1]])
    return (before - alpha_bars) / alpha_bars


@wrong("betas_of", "the T-th root of the last share for all steps")
def even_steps(alpha_bars):
    T = len(alpha_bars)
    return 1 - (alpha_bars[-1] ** (1 / T)).expand(T)


@wrong("betas_of", "logarithms are subtracted and not undone")
def in_logs(alpha_bars):
    logs = torch.cat([torch.zeros(1), alpha_bars.log()])
    return logs[:-1] - logs[1:]


@right("betas_of")
def by_loop(alpha_bars):
    betas = torch.empty_like(alpha_bars)
    before = 1.0
    for i in range(len(alpha_bars)):
        betas[i] = 1 - alpha_bars[i] / before
        before = alpha_bars[i]
    return betas


@right("betas_of")
def with_logs(alpha_bars):
    logs = F.pad(alpha_bars.log(), (1, 0))
    return 1 - logs.diff().exp()


@right("betas_of")
def relative_loss(alpha_bars):
    before = F.pad(alpha_bars[:-1], (1, 0), value=1.0)
    return (before - alpha_bars) / before


@wrong("from_v", "x0 is divided by √ᾱ, as when the noise is known")
def divided(x, v, a):
    keep, lose = a.sqrt()[:, None], (1 - a).sqrt()[:, None]
    return (x - lose * v) / keep, lose * x + keep * v


@wrong("from_v", "the noise is worked out from a wrong x0")
def noise_from_rest(x, v, a):
    keep, lose = a.sqrt()[:, None], (1 - a).sqrt()[:, None]
    x0 = keep * x + lose * v
    return x0, (x - keep * x0) / lose


@wrong("from_v", "√(1 − √ᾱ) for the noise")
def root_of_rest(x, v, a):
    keep = a.sqrt()[:, None]
    lose = (1 - keep).sqrt()
    return keep * x - lose * v, lose * x + keep * v


@wrong("from_v", "1 − √ᾱ for the noise")
def one_minus_root(x, v, a):
    keep = a.sqrt()[:, None]
    lose = 1 - keep
    return keep * x - lose * v, lose * x + keep * v


@wrong("from_v", "v is called the noise minus the picture")
def plain_difference(x, v, a):
    keep, lose = a.sqrt()[:, None], (1 - a).sqrt()[:, None]
    x0 = (x - lose * v) / (keep + lose)
    return x0, v + x0


@right("from_v")
def by_substitution(x, v, a):
    keep, lose = a.sqrt().unsqueeze(1), (1 - a).sqrt().unsqueeze(1)
    x0 = keep * x - lose * v
    return x0, (x - keep * x0) / lose


@right("from_v")
def by_angle(x, v, a):
    phi = torch.acos(a.sqrt())[:, None]
    return torch.cos(phi) * x - torch.sin(phi) * v, torch.sin(phi) * x + torch.cos(phi) * v


@wrong("mend", "only the known part is kept, the noise goes everywhere")
def noise_everywhere(x, known, mask, eps, a):
    return torch.where(mask, a.sqrt() * known, x) + (1 - a).sqrt() * eps


@wrong("mend", "the mean of both where the picture is known")
def averaged(x, known, mask, eps, a):
    noisy = a.sqrt() * known + (1 - a).sqrt() * eps
    return torch.where(mask, (x + noisy) / 2, x)


@wrong("mend", "x is overwritten")
def in_place(x, known, mask, eps, a):
    x[mask] = (a.sqrt() * known + (1 - a).sqrt() * eps)[mask]
    return x


@wrong("mend", "√ᾱ is multiplied onto the noise as well")
def all_shrunk(x, known, mask, eps, a):
    noisy = a.sqrt() * (known + (1 - a).sqrt() * eps)
    return torch.where(mask, noisy, x)


@wrong("mend", "the known part is x, noised once more")
def x_noised(x, known, mask, eps, a):
    return torch.where(mask, a.sqrt() * x + (1 - a).sqrt() * eps, known)


@right("mend")
def by_arithmetic(x, known, mask, eps, a):
    m = mask.float()
    return m * (a.sqrt() * known + (1 - a).sqrt() * eps) + (1 - m) * x


@right("mend")
def on_a_copy(x, known, mask, eps, a):
    out = x.clone()
    out[mask] = math.sqrt(a) * known[mask] + math.sqrt(1 - a) * eps[mask]
    return out


@right("mend")
def by_lerp(x, known, mask, eps, a):
    return torch.lerp(x, a**0.5 * known + (1 - a) ** 0.5 * eps, mask.to(x.dtype))


@wrong("led", "the class with the largest logit is followed, not y")
def own_opinion(classifier, x, eps_hat, y, a, w):
    x = x.detach().requires_grad_()
    log_p = classifier(x).log_softmax(dim=1)
    (pull,) = torch.autograd.grad(log_p.amax(dim=1).sum(), x)
    return eps_hat - w * (1 - a).sqrt() * pull


@wrong("led", "all columns y of all rows are added up")
def all_columns(classifier, x, eps_hat, y, a, w):
    x = x.detach().requires_grad_()
    log_p = classifier(x).log_softmax(dim=1)
    (pull,) = torch.autograd.grad(log_p[:, y].sum(), x)
    return eps_hat - w * (1 - a).sqrt() * pull


@wrong("led", "the softmax runs over the batch")
def softmax_over_batch(classifier, x, eps_hat, y, a, w):
    x = x.detach().requires_grad_()
    log_p = classifier(x).log_softmax(dim=0)
    (pull,) = torch.autograd.grad(log_p[torch.arange(len(y)), y].sum(), x)
    return eps_hat - w * (1 - a).sqrt() * pull


@wrong("led", "divided by √(1 − ᾱ)")
def divided_by_root(classifier, x, eps_hat, y, a, w):
    x = x.detach().requires_grad_()
    log_p = classifier(x).log_softmax(dim=1)
    (pull,) = torch.autograd.grad(log_p[torch.arange(len(y)), y].sum(), x)
    return eps_hat - w * pull / (1 - a).sqrt()


@wrong("led", "the cross-entropy is minimised: its sign is forgotten")
def by_loss(classifier, x, eps_hat, y, a, w):
    x = x.detach().requires_grad_()
    loss = F.cross_entropy(classifier(x), y, reduction="sum")
    (grad,) = torch.autograd.grad(loss, x)
    return eps_hat - w * (1 - a).sqrt() * grad


@right("led")
def by_cross_entropy(classifier, x, eps_hat, y, a, w):
    x = x.detach().clone().requires_grad_()
    loss = F.cross_entropy(classifier(x), y, reduction="sum")
    return eps_hat + w * torch.sqrt(1 - a) * torch.autograd.grad(loss, x)[0]


@right("led")
def row_by_row(classifier, x, eps_hat, y, a, w):
    rows = []
    for row, noise, label in zip(x, eps_hat, y, strict=True):
        point = row[None].detach().clone().requires_grad_()
        score = classifier(point)[0].log_softmax(dim=0)[label]
        (pull,) = torch.autograd.grad(score, point)
        rows.append(noise - w * (1 - a).sqrt() * pull[0])
    return torch.stack(rows)


@wrong("best_guess", "the points are shrunk by ᾱ, not by its root")
def shrunk_by_share(x, points, a):
    apart = ((x[:, None] - a * points) ** 2).sum(dim=2)
    return (-apart / (2 * (1 - a))).softmax(dim=1) @ points


@wrong("best_guess", "the variance is ᾱ")
def variance_of_signal(x, points, a):
    apart = ((x[:, None] - a.sqrt() * points) ** 2).sum(dim=2)
    return (-apart / (2 * a)).softmax(dim=1) @ points


@wrong("best_guess", "the mean of the squares, not their sum")
def mean_of_squares(x, points, a):
    apart = ((x[:, None] - a.sqrt() * points) ** 2).mean(dim=2)
    return (-apart / (2 * (1 - a))).softmax(dim=1) @ points


@wrong("best_guess", "weights are one over the distance")
def inverse_distance(x, points, a):
    apart = ((x[:, None] - a.sqrt() * points) ** 2).sum(dim=2)
    weights = 1 / apart
    return weights / weights.sum(dim=1, keepdim=True) @ points


@wrong("best_guess", "scores are dot products, as in attention, and lengths are forgotten")
def dot_products(x, points, a):
    scores = a.sqrt() * x @ points.T / (1 - a)
    return scores.softmax(dim=1) @ points


@right("best_guess")
def as_attention(x, points, a):
    scores = (a.sqrt() * x @ points.T - a * (points**2).sum(dim=1) / 2) / (1 - a)
    return scores.softmax(dim=1) @ points


@right("best_guess")
def by_cdist(x, points, a):
    logs = -torch.cdist(x, a.sqrt() * points) ** 2 / (2 * (1 - a))
    weights = (logs - logs.amax(dim=1, keepdim=True)).exp()
    return weights @ points / weights.sum(dim=1, keepdim=True)
