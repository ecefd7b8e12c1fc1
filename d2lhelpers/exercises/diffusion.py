"""Exercises of `16_diffusion.ipynb`."""

import math

import torch
from torch import nn

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import keeps_inputs


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _cosine(t):
    return torch.cos(0.98 * math.pi / 2 * t) ** 2


def _bisected(share):
    """Return the time at which the cosine schedule leaves a share, found by halving."""
    low, high = torch.zeros_like(share), torch.ones_like(share)
    for _ in range(40):
        middle = (low + high) / 2
        too_early = _cosine(middle) > share
        low, high = torch.where(too_early, middle, low), torch.where(too_early, high, middle)
    return low


def _vary_shares(args, random):
    return (torch.tensor([random.uniform(0.02, 0.98) for _ in args[0]]),)


time_of = Exercise(
    inputs=[(torch.tensor([0.9, 0.5, 0.1]),), (torch.tensor([0.25, 0.03]),)],
    oracle=_bisected,
    mistakes={
        "the root is missing: share = cos²(…), so the cosine itself is √share.":
            lambda share: share.acos() / (0.98 * math.pi / 2),
        "0.98 is forgotten: this schedule stops just short of a right angle.":
            lambda share: share.sqrt().acos() / (math.pi / 2),
        "that is the angle. Divide it by 0.98 · π/2 to get the time.":
            lambda share: share.sqrt().acos(),
        "the angle is multiplied by π/2 and divided by 0.98: brackets around 0.98 · π/2.":
            lambda share: share.sqrt().acos() / 0.98 * math.pi / 2,
        "your angle is the arc sine: at share = 1 the time should be 0.":
            lambda share: share.sqrt().asin() / (0.98 * math.pi / 2),
        "the angle is in degrees; 0.98 · π/2 is in radians.":
            lambda share: share.sqrt().acos().rad2deg() / (0.98 * math.pi / 2),
        "you square the share where its root belongs.":
            lambda share: (share**2).acos() / (0.98 * math.pi / 2),
        "that is the way forth, the share at a time. The time at a share is asked for.":
            _cosine,
        "time runs backwards: at share = 1 it should be 0.":
            lambda share: 1 - _bisected(share),
    },
    hints=("Solve share = cos²(0.98 · π/2 · t) for t, step by step.",
           "First the root, then the arc cosine, then divide.",
           "`share.sqrt().acos() / (0.98 * math.pi / 2)`"),
    praise="The check found the same times by halving an interval forty times.",
    vary=_vary_shares,
)


def _betas(alpha_bars):
    kept, found = 1.0, []
    for share in alpha_bars.tolist():
        found.append(1 - share / kept)
        kept = share
    return torch.tensor(found)


def _before(alpha_bars, first=1.0):
    return torch.cat([torch.full((1,), first), alpha_bars[:-1]])


def _vary_schedule(args, random):
    return (torch.tensor([random.uniform(0.3, 0.95) for _ in args[0]]).cumprod(0),)


betas_of = Exercise(
    inputs=[(torch.tensor([0.9, 0.72, 0.36]),), (torch.tensor([0.5, 0.4, 0.3, 0.03, 0.006]),)],
    oracle=_betas,
    mistakes={
        "that is what is lost since the *beginning*. β is what one step replaces: divide by the share before it.":
            lambda alpha_bars: 1 - alpha_bars,
        "that is what each step keeps, α. β is the rest, 1 − α.":
            lambda alpha_bars: 1 - _betas(alpha_bars),
        "the fraction stands on its head: the later share over the earlier one.":
            lambda alpha_bars: 1 - _before(alpha_bars) / alpha_bars,
        "the first step is missing: before it, the share is 1.":
            lambda alpha_bars: 1 - alpha_bars[1:] / alpha_bars[:-1],
        "you subtract. Each step keeps a *fraction* of what is there: divide.":
            lambda alpha_bars: _before(alpha_bars) - alpha_bars,
        "before the first step the share is 1, not the first share itself.":
            lambda alpha_bars: 1 - alpha_bars / torch.cat([alpha_bars[:1], alpha_bars[:-1]]),
        "the first share is divided by the *last*: `roll` goes round the corner.":
            lambda alpha_bars: 1 - alpha_bars / alpha_bars.roll(1),
        "no roots here: ᾱ and β are variances.":
            lambda alpha_bars: 1 - (alpha_bars / _before(alpha_bars)).sqrt(),
        "that is the way forth, from β to ᾱ: `cumprod` multiplies up; here it has to be undone.":
            lambda alpha_bars: (1 - alpha_bars).cumprod(0),
    },
    hints=("ᾱ is a running product of 1 − β. By what is the share before a step multiplied, to get the one after?",
           "Before the first step the share is 1: `torch.cat([torch.ones(1), alpha_bars[:-1]])`.",
           "`1 - alpha_bars / before`"),
    praise="Products of 1 − β give ᾱ back: the check went through them one by one.",
    vary=_vary_schedule,
)


def _solved(x, v, a):
    """Solve x = √a x0 + √(1−a) eps, v = √a eps − √(1−a) x0 row by row as two equations."""
    pairs = []
    for row_x, row_v, share in zip(x, v, a, strict=True):
        s, n = share.sqrt(), (1 - share).sqrt()
        matrix = torch.stack([torch.stack([s, n]), torch.stack([-n, s])])
        pairs.append(torch.linalg.solve(matrix, torch.stack([row_x, row_v])))
    both = torch.stack(pairs)
    return both[:, 0], both[:, 1]


def _roots(a):
    return a.sqrt()[:, None], (1 - a).sqrt()[:, None]


def _plus(x, v, a):
    s, n = _roots(a)
    return s * x + n * v, n * x + s * v


def _minus(x, v, a):
    s, n = _roots(a)
    return s * x - n * v, n * x - s * v


def _as_noise(x, v, a):
    s, n = _roots(a)
    return (x - n * v) / s, v


def _rootless(x, v, a):
    a = a[:, None]
    return a * x - (1 - a) * v, (1 - a) * x + a * v


def _weights_exchanged(x, v, a):
    s, n = _roots(a)
    return n * x - s * v, s * x + n * v


def _vary_v(args, random):
    x, v, a = args
    return *_random(random.randrange(10**6), x.shape, v.shape), torch.tensor([random.uniform(0.1, 0.9) for _ in a])


from_v = Exercise(
    inputs=[(*_random(0, (3, 3), (3, 3)), torch.tensor([0.9, 0.5, 0.1])),
            (*_random(1, (2, 4), (2, 4)), torch.tensor([0.75, 0.3]))],
    oracle=_solved,
    mistakes={
        "the clean one has the wrong sign: x0 = √ᾱ x − √(1−ᾱ) v.": _plus,
        "the noise has the wrong sign: ε = √(1−ᾱ) x + √ᾱ v.": _minus,
        "v is taken for the noise: solve both equations for x0 and ε.": _as_noise,
        "the roots are missing: ᾱ and 1 − ᾱ are variances, and the pictures are mixed with their roots.": _rootless,
        "√ᾱ and √(1−ᾱ) are exchanged.": _weights_exchanged,
        "the order is x0 first, then the noise.": lambda x, v, a: _solved(x, v, a)[::-1],
        "x is taken for the clean one.": lambda x, v, a: (x, _solved(x, v, a)[1]),
        "both belong to the next sample's share: row i goes with a[i].": lambda x, v, a: _solved(x, v, a.roll(1)),
        "each *column* got its own share. One per row: `a[:, None]`.":
            lambda x, v, a: (a.sqrt() * x - (1 - a).sqrt() * v, (1 - a).sqrt() * x + a.sqrt() * v)
            if x.shape[1] == len(a) else _solved(x, v, a),
    },
    hints=("Two equations, two unknowns. Multiply the first by √ᾱ, the second by √(1−ᾱ), and add or subtract.",
           "√ᾱ · √ᾱ + √(1−ᾱ) · √(1−ᾱ) = 1. And `a[:, None]` has one share per row.",
           "x0 = √ᾱ x − √(1−ᾱ) v and ε = √(1−ᾱ) x + √ᾱ v"),
    praise="Going from (x0, ε) to (x, v) is a rotation; you have turned it back.",
    vary=_vary_v,
)


def _mended(x, known, mask, eps, a):
    out = x.clone()
    out[mask] = a.sqrt() * known[mask] + (1 - a).sqrt() * eps[mask]
    return out


def _vary_picture(args, random):
    x, known, _, eps, _ = args
    new = _random(random.randrange(10**6), x.shape, known.shape, eps.shape, x.shape)
    return new[0], new[1], new[3] > 0, new[2], torch.tensor(random.uniform(0.1, 0.9))


_LEFT = torch.tensor([[True, True, False, False]] * 3)
_SPOTS = torch.tensor([[True, False, False], [False, False, True], [False, True, False], [True, True, False]])

mend = Exercise(
    inputs=[(*_random(2, (3, 4), (3, 4)), _LEFT, _random(3, (3, 4))[0], torch.tensor(0.7)),
            (*_random(4, (4, 3), (4, 3)), _SPOTS, _random(5, (4, 3))[0], torch.tensor(0.2))],
    oracle=_mended,
    mistakes={
        "the mask is the wrong way round: True is where the picture is *known*.":
            lambda x, known, mask, eps, a: _mended(x, known, ~mask, eps, a),
        "the known part is pasted in clean. It has to be as noisy as the rest: √ᾱ known + √(1−ᾱ) ε.":
            lambda x, known, mask, eps, a: torch.where(mask, known, x),
        "the noise is missing in the known part: + √(1−ᾱ) ε.":
            lambda x, known, mask, eps, a: torch.where(mask, a.sqrt() * known, x),
        "the roots are missing: ᾱ and 1 − ᾱ are variances.":
            lambda x, known, mask, eps, a: torch.where(mask, a * known + (1 - a) * eps, x),
        "√ᾱ and √(1−ᾱ) are exchanged: √ᾱ belongs to the picture.":
            lambda x, known, mask, eps, a: _mended(x, known, mask, eps, 1 - a),
        "the whole picture was replaced. Where the mask is False, x stays.":
            lambda x, known, mask, eps, a: a.sqrt() * known + (1 - a).sqrt() * eps,
        "noise was added to the unknown part as well; x has it already.":
            lambda x, known, mask, eps, a: a.sqrt() * torch.where(mask, known, x) + (1 - a).sqrt() * eps,
        "the weights do not keep the variance: √ᾱ goes with √(1−ᾱ), not with 1.":
            lambda x, known, mask, eps, a: torch.where(mask, a.sqrt() * known + eps, x),
        "where the mask is False, there is nothing: x belongs there.":
            lambda x, known, mask, eps, a: mask * _mended(x, known, mask, eps, a),
    },
    hints=("Bring the known picture to the same noise level as x first.",
           "Then choose pixel by pixel: `torch.where(mask, …, x)`.",
           "`torch.where(mask, a.sqrt() * known + (1 - a).sqrt() * eps, x)`"),
    praise="Do this after every step back, and the net completes a picture that it sees half of.",
    conditions=(keeps_inputs,),
    vary=_vary_picture,
)


def _reader(seed, n, K):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(n, 6), nn.Tanh(), nn.Linear(6, K))
    with torch.no_grad():
        net[2].weight *= 3
    return net


def _pull(classifier, x, y, of=lambda logits: logits.log_softmax(dim=-1)):
    """Return the gradient of `of(logits)[y]` for each row, (N, n), one Jacobian a row."""
    return torch.stack([torch.autograd.functional.jacobian(lambda row: of(classifier(row[None])[0])[label], point)
                        for point, label in zip(x, y, strict=True)])


def _lead(classifier, x, eps_hat, y, a, w):
    return eps_hat - w * (1 - a).sqrt() * _pull(classifier, x, y)


def _mean_loss(classifier, x, eps_hat, y, a, w):
    return eps_hat - w * (1 - a).sqrt() * _pull(classifier, x, y) / len(x)


def _vary_led(args, random):
    classifier, x, _, y, _, _ = args
    K = classifier[2].out_features
    return (classifier, *_random(random.randrange(10**6), x.shape, x.shape),
            torch.tensor([random.randrange(K) for _ in y]), torch.tensor(random.uniform(0.1, 0.9)),
            random.choice([0.5, 1.5, 4.0]))


led = Exercise(
    inputs=[(_reader(1, 3, 4), *_random(6, (5, 3), (5, 3)), torch.tensor([0, 3, 1, 2, 3]), torch.tensor(0.4), 2.0),
            (_reader(2, 4, 3), *_random(7, (3, 4), (3, 4)), torch.tensor([2, 0, 2]), torch.tensor(0.8), 0.5)],
    oracle=_lead,
    mistakes={
        "the sign is wrong: the noise is minus √(1−ᾱ) times the score, so the pull is subtracted.":
            lambda classifier, x, eps_hat, y, a, w: eps_hat + w * (1 - a).sqrt() * _pull(classifier, x, y),
        "√(1−ᾱ) is missing: an arrow becomes noise only when multiplied by −√(1−ᾱ).":
            lambda classifier, x, eps_hat, y, a, w: eps_hat - w * _pull(classifier, x, y),
        "the factor is √(1−ᾱ), not √ᾱ.":
            lambda classifier, x, eps_hat, y, a, w: eps_hat - w * a.sqrt() * _pull(classifier, x, y),
        "the factor is √(1−ᾱ): its root is missing.":
            lambda classifier, x, eps_hat, y, a, w: eps_hat - w * (1 - a) * _pull(classifier, x, y),
        "that is the gradient of the logit. Take log p: `log_softmax` first.":
            lambda classifier, x, eps_hat, y, a, w: eps_hat - w * (1 - a).sqrt() * _pull(
                classifier, x, y, lambda logits: logits),
        "that is the gradient of the probability. Take its logarithm.":
            lambda classifier, x, eps_hat, y, a, w: eps_hat - w * (1 - a).sqrt() * _pull(
                classifier, x, y, lambda logits: logits.softmax(dim=-1)),
        "w is missing.":
            lambda classifier, x, eps_hat, y, a, w: eps_hat - (1 - a).sqrt() * _pull(classifier, x, y),
        "the mean over the batch makes every row's pull N times too small: take the sum.": _mean_loss,
        "that is the pull alone; it has to be taken from the guessed noise.":
            lambda classifier, x, eps_hat, y, a, w: w * (1 - a).sqrt() * _pull(classifier, x, y),
        "the guess itself is scaled by w as well.":
            lambda classifier, x, eps_hat, y, a, w: w * (eps_hat - (1 - a).sqrt() * _pull(classifier, x, y)),
    },
    hints=("Each row needs ∇ₓ log p(y|x). `x = x.detach().requires_grad_()`, then the classifier, then `log_softmax`.",
           "Choose each row's own class: `log_p[torch.arange(len(y)), y].sum()`, and `torch.autograd.grad(…, x)`.",
           "`eps_hat - w * (1 - a).sqrt() * pull`"),
    praise="The check took one Jacobian a row. Such a classifier must have learned from noisy pictures.",
    conditions=(keeps_inputs,),
    vary=_vary_led,
)


def _apart(x, points, a):
    return ((x[:, None] - a.sqrt() * points) ** 2).sum(dim=2)


def _weighed(x, points, a):
    """Bayes' rule, one sample and one point at a time, in float64."""
    rows = []
    for sample in x.double():
        logs = [-((sample - math.sqrt(a) * p) ** 2).sum().item() / (2 * (1 - a.item())) for p in points.double()]
        weights = [math.exp(value - max(logs)) for value in logs]
        total = sum(w * p for w, p in zip(weights, points.double(), strict=True))
        rows.append(total / sum(weights))
    return torch.stack(rows).to(x.dtype)


def _by_exp(x, points, a):
    weights = (-_apart(x, points, a) / (2 * (1 - a))).exp()
    return weights @ points / weights.sum(dim=1, keepdim=True)


def _vary_cloud(args, random):
    x, points, _ = args
    return *_random(random.randrange(10**6), x.shape, points.shape), torch.tensor(random.uniform(0.1, 0.9))


best_guess = Exercise(
    inputs=[(*_random(8, (4, 2), (3, 2)), torch.tensor(0.6)), (*_random(9, (3, 2), (3, 2)), torch.tensor(0.3)),
            (3 * _random(10, (2, 3))[0], _random(11, (5, 3))[0], torch.tensor(0.999))],
    oracle=_weighed,
    mistakes={
        "the points are not shrunk: at this time a picture p has become √ᾱ p, plus noise.":
            lambda x, points, a: (-((x[:, None] - points) ** 2).sum(dim=2) / (2 * (1 - a))).softmax(dim=1) @ points,
        "the 2 is missing: a Gaussian is exp(−distance² / (2 · variance)).":
            lambda x, points, a: (-_apart(x, points, a) / (1 - a)).softmax(dim=1) @ points,
        "the variance of the noise is 1 − ᾱ; you divide by 2 √(1−ᾱ).":
            lambda x, points, a: (-_apart(x, points, a) / (2 * (1 - a).sqrt())).softmax(dim=1) @ points,
        "the distance is not squared.":
            lambda x, points, a: (-_apart(x, points, a).sqrt() / (2 * (1 - a))).softmax(dim=1) @ points,
        "the minus is missing: the *farthest* point has the most weight.":
            lambda x, points, a: (_apart(x, points, a) / (2 * (1 - a))).softmax(dim=1) @ points,
        "the softmax runs over the samples. Each row's weights must add up to 1.":
            lambda x, points, a: (-_apart(x, points, a) / (2 * (1 - a))).softmax(dim=0) @ points,
        "only the nearest point counts. All of them do, by their weights.":
            lambda x, points, a: points[_apart(x, points, a).argmin(dim=1)],
        "the guess is still shrunk: mix the points themselves, not √ᾱ times them.":
            lambda x, points, a: a.sqrt() * _weighed(x, points, a),
        "that is the weights. Mix the points with them.":
            lambda x, points, a: (-_apart(x, points, a) / (2 * (1 - a))).softmax(dim=1),
        "every point has the same weight: that is the plain mean.":
            lambda x, points, a: points.mean(dim=0).expand(len(x), -1),
        "0 / 0 where all weights vanish: `exp` of a large negative number is 0. `softmax` subtracts the largest first.":
            _by_exp,
    },
    hints=("How probable is x, if the picture was p? A Gaussian around √ᾱ p with variance 1 − ᾱ.",
           "Its logarithm, −‖x − √ᾱ p‖² / (2 (1 − ᾱ)), is the score of a soft look-up.",
           "`((-apart / (2 * (1 - a))).softmax(dim=1)) @ points`"),
    praise="The best denoiser for a finite data set is attention over that data set.",
    tolerance=1e-3,
    vary=_vary_cloud,
)
