"""Answers to the exercises of notebook 10: right ones by other routes, wrong ones as learners write them."""

import math

import torch
import torch.nn.functional as F

from tests.answers import right, wrong


@wrong("best_value", "the expert's belief is p / q")
def odds(p, q):
    D = (p / q).clamp(0, 1)
    return (torch.xlogy(p, D) + torch.xlogy(q, 1 - D)).sum()


@wrong("best_value", "each side is averaged, as over a batch")
def mean_of_logs(p, q):
    D = p / (p + q)
    return D.clamp(min=1e-12).log().mean() + (1 - D).clamp(min=1e-12).log().mean()


@wrong("best_value", "log 2 in place of log 4")
def log_two(p, q):
    m = (p + q) / 2
    js = (torch.xlogy(p, p / m) + torch.xlogy(q, q / m)).sum() / 2
    return 2 * js - math.log(2)


@wrong("best_value", "a belief of 0 is kept away from 0 by adding to it")
def plus_small(p, q):
    D = (p + 0.01) / (p + q + 0.01)
    return (p * D.log() + torch.xlogy(q, 1 - D)).sum()


@wrong("best_value", "both terms use log D")
def log_D_twice(p, q):
    D = p / (p + q)
    return torch.xlogy(p, D).sum() + torch.xlogy(q, D.clamp(min=1e-12)).sum()


@right("best_value")
def nansum(p, q):
    D = p / (p + q)
    return torch.nansum(p * D.log()) + torch.nansum(q * (1 - D).log())


@right("best_value")
def where_possible(p, q):
    real, fake = p > 0, q > 0
    total = p + q
    return (p[real] * (p[real] / total[real]).log()).sum() + (q[fake] * (q[fake] / total[fake]).log()).sum()


@wrong("forger_loss", "log(1 + e⁻ˡ) as it stands overflows")
def overflows(logits):
    return (1 + (-logits).exp()).log().mean()


@wrong("forger_loss", "the sigmoid is kept away from 0: finite, but wrong")
def clamped(logits):
    return -logits.sigmoid().clamp(min=1e-7).log().mean()


@wrong("forger_loss", "the logits are taken as probabilities")
def log_of_logits(logits):
    return -logits.clamp(min=1e-7).log().mean()


@wrong("forger_loss", "the ready-made loss")
def ready_made(logits):
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


@wrong("forger_loss", "softplus of the belief's opposite, 1 − σ")
def softplus_of_doubt(logits):
    return F.softplus(1 - logits.sigmoid()).mean()


@right("forger_loss")
def logsigmoid(logits):
    return -F.logsigmoid(logits).mean()


@right("forger_loss")
def logaddexp(logits):
    return torch.logaddexp(torch.zeros_like(logits), -logits).mean()


@right("forger_loss")
def by_cases(logits):
    return (torch.relu(-logits) + torch.log1p(torch.exp(-logits.abs()))).mean()


@wrong("covered", "the share is taken of N − 1")
def one_less(labels, num_classes, share):
    counts = torch.bincount(labels, minlength=num_classes)
    return int((counts >= share * (len(labels) - 1)).sum())


@wrong("covered", "the counts are compared with the share itself")
def count_against_share(labels, num_classes, share):
    counts = torch.bincount(labels, minlength=num_classes)
    return int((counts >= share).sum())


@wrong("covered", "the share is taken of the largest class")
def of_the_largest(labels, num_classes, share):
    counts = torch.bincount(labels, minlength=num_classes)
    return int((counts >= share * counts.max()).sum())


@wrong("covered", "the threshold is rounded down")
def rounded_down(labels, num_classes, share):
    counts = torch.bincount(labels, minlength=num_classes)
    return int((counts >= int(share * len(labels))).sum())


@wrong("covered", "counts the drawings whose class is covered")
def drawings(labels, num_classes, share):
    counts = torch.bincount(labels, minlength=num_classes)
    return int((counts[labels] >= share * len(labels)).sum())


@right("covered")
def by_unique(labels, num_classes, share):
    _, counts = labels.unique(return_counts=True)
    return (counts >= share * labels.numel()).sum().item()


@right("covered")
def by_loop(labels, num_classes, share):
    total = 0
    for k in range(num_classes):
        if (labels == k).sum() >= share * len(labels):
            total += 1
    return total


@wrong("penalty", "only slopes above 1 are punished")
def one_sided(D, real, fake, t):
    between = (t * real + (1 - t) * fake).requires_grad_()
    slope = torch.autograd.grad(D(between).sum(), between, create_graph=True)[0]
    return (torch.relu(slope.norm(dim=1) - 1) ** 2).mean()


@wrong("penalty", "without create_graph: the expert cannot learn from it")
def no_graph(D, real, fake, t):
    between = (t * real + (1 - t) * fake).requires_grad_()
    slope = torch.autograd.grad(D(between).sum(), between)[0]
    return ((slope.norm(dim=1) - 1) ** 2).mean()


@wrong("penalty", "the norm runs over the batch, column by column")
def wrong_axis(D, real, fake, t):
    between = (t * real + (1 - t) * fake).requires_grad_()
    slope = torch.autograd.grad(D(between).sum(), between, create_graph=True)[0]
    return ((slope.norm(dim=0) - 1) ** 2).mean()


@wrong("penalty", "the mean comes before the square")
def mean_first(D, real, fake, t):
    between = (t * real + (1 - t) * fake).requires_grad_()
    slope = torch.autograd.grad(D(between).sum(), between, create_graph=True)[0]
    return (slope.norm(dim=1).mean() - 1) ** 2


@wrong("penalty", "the gradient of the mean, N times too short")
def mean_of_D(D, real, fake, t):
    between = (t * real + (1 - t) * fake).requires_grad_()
    slope = torch.autograd.grad(D(between).mean(), between, create_graph=True)[0]
    return ((slope.norm(2, dim=1) - 1) ** 2).mean()


@right("penalty")
def grad_outputs(D, real, fake, t):
    x = fake + t * (real - fake)
    x.requires_grad_(True)
    score = D(x)
    g = torch.autograd.grad(outputs=score, inputs=x, grad_outputs=torch.ones_like(score),
                            create_graph=True, retain_graph=True)[0]
    return (g.pow(2).sum(1).sqrt() - 1).pow(2).mean()


@right("penalty")
def row_by_row(D, real, fake, t):
    total = 0
    for r, f, w in zip(real, fake, t, strict=True):
        x = (w * r + (1 - w) * f).detach().requires_grad_()
        (g,) = torch.autograd.grad(D(x[None]).squeeze(), x, create_graph=True)
        total = total + (g.norm() - 1) ** 2
    return total / len(real)


@wrong("walk", "the ends are left out")
def without_ends(a, b, num_stops):
    omega = F.cosine_similarity(a, b, dim=0).acos()
    t = torch.linspace(0, 1, num_stops + 2)[1:-1, None]
    return (((1 - t) * omega).sin() * a + (t * omega).sin() * b) / omega.sin()


@wrong("walk", "weights cos and sin, as if a and b were perpendicular")
def perpendicular(a, b, num_stops):
    t = torch.linspace(0, 1, num_stops)[:, None]
    return torch.cos(t * math.pi / 2) * a + torch.sin(t * math.pi / 2) * b


@wrong("walk", "asin in place of acos")
def arcsine(a, b, num_stops):
    omega = F.cosine_similarity(a, b, dim=0).asin()
    t = torch.linspace(0, 1, num_stops)[:, None]
    return (((1 - t) * omega).sin() * a + (t * omega).sin() * b) / omega.sin()


@wrong("walk", "the line's points are brought to length 1")
def unit_length(a, b, num_stops):
    t = torch.linspace(0, 1, num_stops)[:, None]
    return F.normalize((1 - t) * a + t * b, dim=1)


@wrong("walk", "the sine is taken before the angle is multiplied")
def sine_too_early(a, b, num_stops):
    omega = F.cosine_similarity(a, b, dim=0).acos()
    t = torch.linspace(0, 1, num_stops)[:, None]
    return ((1 - t) * omega.sin() * a + t * omega.sin() * b) / omega.sin()


@right("walk")
def turning(a, b, num_stops):
    u = a / a.norm()
    v = b - (b @ u) * u
    v = v / v.norm()
    omega = torch.acos((a @ b) / (a.norm() * b.norm()))
    angles = torch.linspace(0, 1, num_stops) * omega
    return a.norm() * (angles.cos()[:, None] * u + angles.sin()[:, None] * v)


@right("walk")
def slerp_by_loop(a, b, num_stops):
    omega = math.acos(torch.dot(a, b).item() / (a.norm() * b.norm()).item())
    stops = []
    for k in range(num_stops):
        t = k / (num_stops - 1)
        stops.append(math.sin((1 - t) * omega) / math.sin(omega) * a + math.sin(t * omega) / math.sin(omega) * b)
    return torch.stack(stops)


@wrong("frechet_distance", "eigvalsh of a product that is not symmetric")
def symmetric_eigenvalues(A, B):
    S, T = torch.cov(A.T), torch.cov(B.T)
    values = torch.linalg.eigvalsh(S @ T).clamp(min=0)
    centres = ((A.mean(dim=0) - B.mean(dim=0)) ** 2).sum()
    return centres + S.trace() + T.trace() - 2 * values.sqrt().sum()


@wrong("frechet_distance", "the eigenvalues stay complex")
def complex_values(A, B):
    S, T = torch.cov(A.T), torch.cov(B.T)
    values = torch.linalg.eigvals(S @ T)
    centres = ((A.mean(dim=0) - B.mean(dim=0)) ** 2).sum()
    return centres + S.trace() + T.trace() - 2 * values.sqrt().sum()


@wrong("frechet_distance", "covariances without taking the mean off")
def second_moments(A, B):
    S, T = A.T @ A / (len(A) - 1), B.T @ B / (len(B) - 1)
    values = torch.linalg.eigvals(S @ T).real.clamp(min=0)
    centres = ((A.mean(dim=0) - B.mean(dim=0)) ** 2).sum()
    return centres + S.trace() + T.trace() - 2 * values.sqrt().sum()


@wrong("frechet_distance", "S and T are multiplied number by number")
def number_by_number(A, B):
    S, T = torch.cov(A.T), torch.cov(B.T)
    values = torch.linalg.eigvals(S * T).real.clamp(min=0)
    centres = ((A.mean(dim=0) - B.mean(dim=0)) ** 2).sum()
    return centres + S.trace() + T.trace() - 2 * values.sqrt().sum()


@wrong("frechet_distance", "the mean over all numbers, not over the points")
def one_mean(A, B):
    S, T = torch.cov(A.T), torch.cov(B.T)
    values = torch.linalg.eigvals(S @ T).real.clamp(min=0)
    centres = (A.mean() - B.mean()) ** 2
    return centres + S.trace() + T.trace() - 2 * values.sqrt().sum()


@right("frechet_distance")
def symmetric_form(A, B):
    S, T = torch.cov(A.T), torch.cov(B.T)
    values, vectors = torch.linalg.eigh(S)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    mixed = torch.linalg.eigvalsh(root @ T @ root).clamp(min=0).sqrt().sum()
    gap = A.mean(0) - B.mean(0)
    return gap @ gap + torch.trace(S + T) - 2 * mixed


@right("frechet_distance")
def nuclear_norm(A, B):
    X = (A - A.mean(0)) / (len(A) - 1) ** 0.5
    Y = (B - B.mean(0)) / (len(B) - 1) ** 0.5
    mixed = torch.linalg.matrix_norm(X @ Y.T, ord="nuc")
    return (A.mean(0) - B.mean(0)).square().sum() + X.square().sum() + Y.square().sum() - 2 * mixed


@wrong("best_value", "beliefs below 0.05 are raised to 0.05")
def cautious(p, q):
    D = p / (p + q)
    return (p * D.clamp(0.05, 1).log() + q * (1 - D).clamp(0.05, 1).log()).sum()
