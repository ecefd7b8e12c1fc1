"""Exercises of `10_gan.ipynb`."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import differentiable, without


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _kl(a, b):
    return torch.where(a > 0, a * (a.clamp(min=1e-30) / b).log(), torch.zeros_like(a)).sum()


def _js(p, q):
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


def _score(p, q, D):
    return (torch.xlogy(p, D) + torch.xlogy(q, 1 - D)).sum()


def _plain_score(p, q):
    D = p / (p + q)
    return (p * D.log() + q * (1 - D).log()).sum()


def _vary_beliefs(args, random):
    """Return two distributions, each with a 0 where the other has none."""
    p, q = (torch.tensor([random.random() for _ in range(len(args[0]))]) for _ in range(2))
    p[-1], q[0] = 0.0, random.choice([0.0, 0.5])
    return p / p.sum(), q / q.sum()


best_value = Exercise(
    inputs=[(torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.1, 0.3, 0.6])),
            (torch.tensor([0.4, 0.6, 0.0, 0.0]), torch.tensor([0.1, 0.2, 0.3, 0.4])),
            (torch.tensor([0.004, 0.996]), torch.tensor([0.7, 0.3]))],  # a belief near 0
    oracle=lambda p, q: 2 * _js(p, q) - torch.tensor(4.0).log(),
    mistakes={
        "0 · log 0 became NaN where a probability is 0. Use `torch.xlogy(p, D)`, which gives 0 there.":
            _plain_score,
        "that is the score of an expert who always says ½. The best one believes p/(p + q).":
            lambda p, q: _score(p, q, torch.full_like(p, 0.5)),
        "that is the Jensen–Shannon divergence. The score is twice that, minus log 4.":
            _js,
        "the drawings are missing: add q · log(1 − D).":
            lambda p, q: torch.xlogy(p, p / (p + q)).sum(),
        "the real things are missing: add p · log D.":
            lambda p, q: torch.xlogy(q, q / (p + q)).sum(),
        "you return the mean over the pictures. An expectation is the sum of probability times value.":
            lambda p, q: _score(p, q, p / (p + q)) / len(p),
        "that is the expert's loss, −V. The score itself is negative.":
            lambda p, q: -_score(p, q, p / (p + q)),
        "your logarithm has base 2; the natural one was used on this page.":
            lambda p, q: _score(p, q, p / (p + q)) / torch.tensor(2.0).log(),
        "your expert believes q/(p + q): that is its *doubt*.":
            lambda p, q: _score(p, q, q / (p + q)),
    },
    hints=("The best expert believes D = p / (p + q), one number per picture.",
           "V is the sum of p log D + q log(1 − D).",
           "`(torch.xlogy(p, D) + torch.xlogy(q, 1 - D)).sum()`"),
    praise="Twice the Jensen–Shannon divergence, minus log 4: the check computed it that way.",
    vary=_vary_beliefs,
)


forger_loss = Exercise(
    inputs=[(_random(0, (6, 1))[0],), (torch.tensor([[-200.0], [3.0], [0.5], [-1.0]]),)],
    oracle=lambda logits: F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits)),
    mistakes={
        "infinite at −200: σ(−200) is exactly 0 there, and e²⁰⁰ is too large. Rewrite −log σ(l) as softplus(−l).":
            lambda logits: -logits.sigmoid().log().mean(),
        "that is the saturating loss, log(1 − D): flat where the drawings are bad.":
            lambda logits: -F.softplus(logits).mean(),
        "the label is wrong: that is the *expert's* loss, which wants drawings to be called forged.":
            lambda logits: F.softplus(logits).mean(),
        "the sign is wrong: minimising log D would make the drawings worse.":
            lambda logits: -F.softplus(-logits).mean(),
        "you sum over the batch; the mean was asked for.":
            lambda logits: F.softplus(-logits).sum(),
        "the sigmoid comes twice: the logits were turned into beliefs before the loss, which does it again.":
            lambda logits: F.softplus(-logits.sigmoid()).mean(),
        "that is the LSGAN's loss, (l − 1)².":
            lambda logits: ((logits - 1) ** 2).mean(),
        "that is the WGAN's loss, −l.":
            lambda logits: -logits.mean(),
        "you return one loss per drawing: take the mean over the batch.":
            lambda logits: F.softplus(-logits),
    },
    hints=("The non-saturating loss is −log D with D = σ(l), averaged over the batch.",
           "−log σ(l) = log(1 + e⁻ˡ). PyTorch has a function for log(1 + eˣ).",
           "`F.softplus(-logits).mean()`"),
    praise="The same number as BCEWithLogitsLoss with the label 1.",
    conditions=(without("binary_cross_entropy", "binary_cross_entropy_with_logits", "soft_margin_loss"),),
)


def _counts(labels, num_classes):
    return torch.bincount(labels, minlength=num_classes)


def _oracle_covered(labels, num_classes, share):
    listed = labels.tolist()
    return sum(listed.count(k) >= share * len(listed) for k in range(num_classes))


covered = Exercise(
    inputs=[(torch.tensor([0] * 40 + [1] * 10 + [3] * 9 + [4] * 1 + [6] * 20 + [7] * 20), 10, 0.1),
            (torch.tensor([5] * 50 + [2] * 30 + [8] * 14 + [9] * 3 + [7] * 2 + [1]), 10, 0.02),
            (torch.tensor([3] * 8 + [0] * 4 + [1] * 4 + [6] * 3 + [4] * 2), 7, 0.1),  # 2 is less than a tenth of 21
            (torch.tensor([1] * 120 + [0] * 63 + [3] * 16 + [2]), 4, 0.3)],
    oracle=_oracle_covered,
    mistakes={
        "every class that appears at all is counted: compare the counts with `share * len(labels)`.":
            lambda labels, n, share: len(labels.unique()),
        "*at least*: a class with exactly `share` · N drawings counts. Use `>=`.":
            lambda labels, n, share: int((_counts(labels, n) > share * len(labels)).sum()),
        "you return the share of covered classes; the number was asked for.":
            lambda labels, n, share: _oracle_covered(labels, n, share) / n,
        "you return which classes are covered, one bool each; count them.":
            lambda labels, n, share: _counts(labels, n) >= share * len(labels),
        "you count the classes that are *not* covered.":
            lambda labels, n, share: n - _oracle_covered(labels, n, share),
        "you compare with an even share, N / num_classes; the share is given.":
            lambda labels, n, share: int((_counts(labels, n) >= len(labels) / n).sum()),
        "you count the drawings in covered classes; count the classes.":
            lambda labels, n, share: int(_counts(labels, n)[_counts(labels, n) >= share * len(labels)].sum()),
    },
    hints=("How many drawings does each class get? `torch.bincount(labels, minlength=num_classes)` says it.",
           "Compare each count with `share * len(labels)`.",
           "`int((counts >= share * len(labels)).sum())`"),
    praise="This number unmasks a collapsed forger that its loss does not.",
)


def _critic(seed, slope):
    """A small expert of three numbers whose gradients are about `slope` long."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        D = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    with torch.no_grad():
        points = _random(seed, (100, 3))[0]
        D[2].weight *= slope / _slopes(D, points).norm(dim=1).mean()
    return D


def _slopes(D, X):
    return torch.stack([torch.autograd.functional.jacobian(
        lambda x: D(x[None])[0, 0], x, create_graph=torch.is_grad_enabled()) for x in X])


def _mix(real, fake, t):
    return t * real + (1 - t) * fake


def _no_gradient(D, real, fake, t):
    between = _mix(real, fake, t)
    (slope,) = torch.autograd.grad(D(between).sum(), between)
    return ((slope.norm(dim=1) - 1) ** 2).mean()


def _no_sum(D, real, fake, t):
    between = _mix(real, fake, t).requires_grad_()
    (slope,) = torch.autograd.grad(D(between), between)
    return ((slope.norm(dim=1) - 1) ** 2).mean()


def _vary_points(args, random):
    D, real, _, _ = args
    new_real, new_fake = _random(random.randrange(10**6), real.shape, real.shape)
    return D, new_real, new_fake, torch.tensor([[random.random()] for _ in real])


penalty = Exercise(
    inputs=[(_critic(1, 2.0), *_random(1, (5, 3), (5, 3)), torch.tensor([[0.1], [0.3], [0.5], [0.8], [1.0]])),
            (_critic(2, 0.5), *_random(2, (4, 3), (4, 3)), torch.tensor([[0.9], [0.2], [0.6], [0.4]]))],
    oracle=lambda D, real, fake, t: ((_slopes(D, _mix(real, fake, t)).norm(dim=1) - 1) ** 2).mean(),
    mistakes={
        "the − 1 is missing: the gradient's length should be 1, not 0.":
            lambda D, real, fake, t: (_slopes(D, _mix(real, fake, t)).norm(dim=1) ** 2).mean(),
        "the square is missing: a length of 0.5 would earn a reward.":
            lambda D, real, fake, t: (_slopes(D, _mix(real, fake, t)).norm(dim=1) - 1).mean(),
        "you took one norm of the whole batch. Each row has its own gradient: `norm(dim=1)`.":
            lambda D, real, fake, t: (_slopes(D, _mix(real, fake, t)).norm() - 1) ** 2,
        "1 is subtracted from the square: it should be (norm − 1)², not norm² − 1.":
            lambda D, real, fake, t: (_slopes(D, _mix(real, fake, t)).norm(dim=1) ** 2 - 1).mean(),
        "each component is compared with 1. Take the length of each row's gradient first.":
            lambda D, real, fake, t: ((_slopes(D, _mix(real, fake, t)) - 1) ** 2).mean(),
        "t weighs the drawing. It should weigh the real point: t · real + (1 − t) · fake.":
            lambda D, real, fake, t: ((_slopes(D, _mix(fake, real, t)).norm(dim=1) - 1) ** 2).mean(),
        "the gradient is taken at the real points, not at the points between.":
            lambda D, real, fake, t: ((_slopes(D, real).norm(dim=1) - 1) ** 2).mean(),
        "you sum over the batch; the mean was asked for.":
            lambda D, real, fake, t: ((_slopes(D, _mix(real, fake, t)).norm(dim=1) - 1) ** 2).sum(),
        "the points between need `requires_grad_()`: autograd was not watching them.":
            _no_gradient,
        "autograd wants a single number to start from: `D(between).sum()`.":
            _no_sum,
    },
    hints=("First the points between, then `requires_grad_()` on them.",
           "`torch.autograd.grad(D(between).sum(), between, create_graph=True)` returns a tuple of one (N, n) tensor.",
           "`((slope.norm(dim=1) - 1) ** 2).mean()`"),
    praise="The check took the Jacobian row by row, and compared the gradient that reaches the weights of D.",
    conditions=(differentiable(0),),
    vary=_vary_points,
)


def _equally_long(seed, n):
    a, b = _random(seed, (n,), (n,))
    return a, b * a.norm() / b.norm()


def _vary_walk(args, random):
    return *_equally_long(random.randrange(10**6), len(args[0])), random.randrange(3, 8)


def _rotate(a, b, num_stops):
    """Turn a towards b by equal angles, in the plane of the two."""
    across = b - torch.dot(a, b) / torch.dot(a, a) * a
    across = across / across.norm() * a.norm()
    whole = torch.atan2(torch.dot(across, b), torch.dot(a, b))
    angles = [i / (num_stops - 1) * whole for i in range(num_stops)]
    return torch.stack([torch.cos(angle) * a + torch.sin(angle) * across for angle in angles])


def _straight(a, b, num_stops):
    return torch.stack([torch.lerp(a, b, t.item()) for t in torch.linspace(0, 1, num_stops)])


def _normalised(a, b, num_stops):
    line = _straight(a, b, num_stops)
    return line / line.norm(dim=1, keepdim=True) * a.norm()


def _without_sine(a, b, num_stops):
    return _rotate(a, b, num_stops) * torch.sin(torch.arccos(F.cosine_similarity(a, b, dim=0)))


def _degrees(a, b, num_stops):
    omega = torch.rad2deg(F.cosine_similarity(a, b, dim=0).acos())
    t = torch.linspace(0, 1, num_stops)[:, None]
    return (((1 - t) * omega).sin() * a + (t * omega).sin() * b) / omega.sin()


def _cosine_for_angle(a, b, num_stops):
    omega = F.cosine_similarity(a, b, dim=0)
    t = torch.linspace(0, 1, num_stops)[:, None]
    return (((1 - t) * omega).sin() * a + (t * omega).sin() * b) / omega.sin()


def _dot_for_cosine(a, b, num_stops):
    omega = torch.dot(a, b).acos()
    t = torch.linspace(0, 1, num_stops)[:, None]
    return (((1 - t) * omega).sin() * a + (t * omega).sin() * b) / omega.sin()


walk = Exercise(
    inputs=[(*_equally_long(3, 8), 5), (*[0.3 * end for end in _equally_long(4, 6)], 4)],
    oracle=_rotate,
    mistakes={
        "that is the straight line: it cuts through the inside of the shell.":
            _straight,
        "you push the straight line out to the shell: the stops are not at equal angles.":
            _normalised,
        "the division by sin ω is missing: at t = 0 the result should be `a` itself.":
            _without_sine,
        "you walk from b to a.":
            lambda a, b, n: _rotate(a, b, n).flip(0),
        "the last stop is missing: both ends are included, `torch.linspace(0, 1, num_stops)`.":
            lambda a, b, n: _rotate(a, b, n + 1)[:-1],
        "the angle is in degrees; `sin` wants radians.":
            _degrees,
        "you use cos ω as the angle: take `acos` of it.":
            _cosine_for_angle,
        "a · b is not yet the cosine: divide it by both lengths (its `acos` is NaN).":
            _dot_for_cosine,
        "the stops stand in columns: the shape should be (num_stops, n).":
            lambda a, b, n: _rotate(a, b, n).T,
    },
    hints=("The angle: `F.cosine_similarity(a, b, dim=0).acos()`.",
           "`t = torch.linspace(0, 1, num_stops)[:, None]` gives all stops at once.",
           "`(((1 - t) * omega).sin() * a + (t * omega).sin() * b) / omega.sin()`"),
    praise="Every stop lies where the forger was trained.",
    vary=_vary_walk,
)


def _parts(A, B):
    return ((A.mean(0) - B.mean(0)) ** 2).sum(), torch.cov(A.T), torch.cov(B.T)


def _sqrtm(matrix):
    from scipy.linalg import sqrtm

    return torch.from_numpy(np.real(sqrtm(matrix.numpy())))


def _root_trace(S, T):
    return _sqrtm(S @ T).trace()


def _combine(A, B, centres=1.0, cross=2.0, trace=_root_trace):
    distance, S, T = _parts(A, B)
    return centres * distance + S.trace() + T.trace() - cross * trace(S, T)


def _cloud(seed, N, n):
    points, mix = _random(seed, (N, n), (n, n))
    return (points @ mix + torch.arange(n) * (seed % 3)).double()


def _population(A, B):
    distance, S, T = _parts(A, B)
    S, T = S * (len(A) - 1) / len(A), T * (len(B) - 1) / len(B)
    return distance + S.trace() + T.trace() - 2 * _root_trace(S, T)


def _wrong_cov(A, B):
    S, T = torch.cov(A), torch.cov(B)
    values = torch.linalg.eigvals(S @ T).real.clamp(min=0)
    return ((A.mean(0) - B.mean(0)) ** 2).sum() + S.trace() + T.trace() - 2 * values.sqrt().sum()


frechet_distance = Exercise(
    inputs=[(_cloud(5, 12, 3), _cloud(6, 10, 3)), (_cloud(7, 15, 4), _cloud(8, 9, 4)),
            (_cloud(10, 8, 2), _cloud(11, 8, 2))],
    oracle=_combine,
    mistakes={
        "the 2 in front of the mixed term is missing.":
            lambda A, B: _combine(A, B, cross=1.0),
        "the mixed term is missing: −2 tr (S T)^½.":
            lambda A, B: _combine(A, B, cross=0.0),
        "the mixed term has the wrong sign: it is subtracted.":
            lambda A, B: _combine(A, B, cross=-2.0),
        "the means are missing.":
            lambda A, B: _combine(A, B, centres=0.0),
        "you took the root of each *entry* of S T. The root of a matrix R is the matrix with R^½ R^½ = R.":
            lambda A, B: _combine(A, B, trace=lambda S, T: (S @ T).clamp(min=0).sqrt().trace()),
        "you multiplied the two roots, √S √T. That equals the root of S T only if S and T commute.":
            lambda A, B: _combine(A, B, trace=lambda S, T: (_sqrtm(S) @ _sqrtm(T)).trace()),
        "you took the root of the trace; the trace of the root was asked for.":
            lambda A, B: _combine(A, B, trace=lambda S, T: (S @ T).trace().sqrt()),
        "the root is missing: you subtract twice the trace of S T.":
            lambda A, B: _combine(A, B, trace=lambda S, T: (S @ T).trace()),
        "that is d. The formula gives d², and so should you.":
            lambda A, B: _combine(A, B).sqrt(),
        "the distance of the means is not squared.":
            lambda A, B: _combine(A, B) - _parts(A, B)[0] + _parts(A, B)[0].sqrt(),
        "you divide the covariances by N; `torch.cov` divides by N − 1.":
            _population,
        "`torch.cov` wants one row per *feature*: give it A.T.":
            _wrong_cov,
    },
    hints=("Means and covariances first: `A.mean(dim=0)` and `torch.cov(A.T)`.",
           "tr (S T)^½ is the sum of the roots of the eigenvalues of S T, which are real and not negative.",
           "`torch.linalg.eigvals(S @ T).real.clamp(min=0).sqrt().sum()`"),
    praise="The same number as SciPy's matrix square root gives.",
)
