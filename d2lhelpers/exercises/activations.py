"""Exercises of `03_activations.ipynb`."""

import torch
from torch.nn import functional as F

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import differentiable, without, without_autograd


def _scores():
    generator = torch.Generator().manual_seed(0)
    z = 3 * torch.randn(4, 5, generator=generator)
    return z + torch.tensor([[0.0], [10_000.0], [-10_000.0], [2.0]])  # exact to 0.001


def _tame():
    return 2 * torch.randn(3, 4, generator=torch.Generator().manual_seed(1))


def _spread():
    """One row that spans more than float32's exponentials reach, upwards and downwards from 0."""
    return torch.tensor([[0.0, 400.0, -400.0], [-300.0, -299.0, -301.0], [5.0, 4.0, 120.0], [0.0, 900.0, 890.0]])


def _shifted(z, T, shift):
    e = torch.exp((z - shift(z)) / T)
    return e / e.sum(dim=1, keepdim=True)


def _hardmax(z):
    return F.one_hot(z.argmax(dim=1), z.shape[1]).to(z.dtype)


softmax = Exercise(
    inputs=[(_tame(), 0.5), (_scores(), 2.0), (_spread(), 2.0), (_tame() - 512, 0.5)],  # halves divide exactly
    oracle=lambda z, T: F.softmax(z / T, dim=1),
    mistakes={
        "nothing is subtracted from the scores: a large one overflows, ∞/∞, and a row far below 0 becomes 0/0.":
            lambda z, T: _shifted(z, T, torch.zeros_like),
        "you subtract a mean, a smallest or a first score. A lead over *that* still overflows: take the largest.":
            lambda z, T: _shifted(z, T, lambda z: z.mean(dim=1, keepdim=True)),
        "one maximum for the whole table: a row far below it becomes 0/0. Each row needs its own.":
            lambda z, T: _shifted(z, T, torch.amax),
        "T has no effect: divide the scores by it before the exponential.":
            lambda z, T: F.softmax(z, dim=1),
        "you multiply by T. Heat should level the scores: divide by it.":
            lambda z, T: F.softmax(z * T, dim=1),
        "every *column* has sum 1. Each row is a sample: `dim=1`.":
            lambda z, T: F.softmax(z / T, dim=0),
        "the whole table has sum 1. Each row must: `dim=1`.":
            lambda z, T: F.softmax((z / T).flatten(), dim=0).view_as(z),
        "that is hardmax: the winner takes all, whatever T is.":
            lambda z, T: _hardmax(z),
        "you return logarithms of probabilities.":
            lambda z, T: F.log_softmax(z / T, dim=1),
        "you divide the probabilities by T, not the scores.":
            lambda z, T: F.softmax(z, dim=1) / T,
        "the shape of a maximum or sum is (N,), and does not line up with (N, C). Add `keepdim=True`.":
            lambda z, T: z / T - (z / T).amax(dim=1),
    },
    hints=("Subtract something from the scores so that no exponent is above 0.",
           "Each row needs its own maximum: `z.amax(dim=1, keepdim=True)`.",
           "`z = z / T`; `e = torch.exp(z - z.amax(dim=1, keepdim=True))`; `e / e.sum(dim=1, keepdim=True)`."),
    praise="Safe at 10 000, and however far apart the rows are.",
)


def _layer(seed, N, d, H):
    generator = torch.Generator().manual_seed(seed)
    X, W = (torch.randn(*shape, generator=generator) for shape in [(N, d), (d, H)])
    return X, W, torch.tensor([0.0, -9.0, 9.0, 0.1, -2.5, -8.0, 3.0])[:H]


def _whole_numbers():
    """A layer whose z can be read: the largest z of the units are 0, -1, 8, 0.05, -6, 0 and -3.

    The dead ones have biases 3, 0, -9, 0 and 2, the living ones -4 and -2.95: no sign of b tells them apart.
    """
    X = torch.tensor([[1.0, 2.0], [2.0, 1.0], [3.0, 0.0], [1.0, 1.0]])
    W = torch.tensor([[-1.0, -1.0, 4.0, 1.0, 1.0, 0.0, -4.0], [-2.0, 0.0, 1.0, 0.0, -1.0, -1.0, -1.0]])
    return X, W, torch.tensor([3.0, 0.0, -4.0, -2.95, -9.0, 0.0, 2.0])


def _negative():
    """The first unit lives on negative inputs, the second dies of them: their sizes tell the opposite.

    The third puts out the same 1 for every sample: what never changes is not dead.
    """
    return (torch.tensor([[-2.0, 1.0], [-1.0, 0.5]]), torch.tensor([[-1.0, 1.0, 0.0], [0.0, 0.5, 0.0]]),
            torch.tensor([0.0, 0.0, 1.0]))


def _linear(X, W, b):
    return F.linear(X, W.T, b)


def _silent_mean(X, W, b):
    return _linear(X, W, b).mean(dim=0) <= 0


dead_units = Exercise(
    inputs=[_layer(0, 9, 3, 6), _layer(1, 7, 2, 7), _whole_numbers(), _negative()],
    oracle=lambda X, W, b: F.relu(_linear(X, W, b)).amax(dim=0) == 0,
    mistakes={
        "you mark units that are silent on *some* sample. Dead is silent on every one: `all`, not `any`.":
            lambda X, W, b: (_linear(X, W, b) <= 0).any(dim=0),
        "that is one answer per *sample*. The samples are `dim=0`; reduce that one.":
            lambda X, W, b: (_linear(X, W, b) <= 0).all(dim=1),
        "the bias is missing: z = X W + b.":
            lambda X, W, b: (X @ W <= 0).all(dim=0),
        "the bias alone does not tell: the weights can lift a unit above 0, or keep it below.":
            lambda X, W, b: b < 0,
        "a z of exactly 0 gives output 0 and gradient 0 as well: `<=`, not `<`.":
            lambda X, W, b: (_linear(X, W, b) < 0).all(dim=0),
        "a small z is a sign of life: the bar is 0.":
            lambda X, W, b: _linear(X, W, b).amax(dim=0) < 1,
        "those are the living units: turn the answer round.":
            lambda X, W, b: (_linear(X, W, b) > 0).any(dim=0),
        "those are the units that fire on every sample. Dead ones fire on none.":
            lambda X, W, b: (_linear(X, W, b) > 0).all(dim=0),
        "you return one answer per sample and unit, (N, H). Reduce over the samples.":
            lambda X, W, b: _linear(X, W, b) <= 0,
        "you return how many units are dead. Say for each whether it is.":
            lambda X, W, b: (_linear(X, W, b) <= 0).all(dim=0).sum(),
        "a mean or sum at or below 0 is not enough: one sample above 0 keeps a unit alive.":
            _silent_mean,
    },
    hints=("Compute z for all samples and units at once: which shape has it?",
           "`X @ W + b <= 0` is (N, H), True where a unit is silent.",
           "`.all(dim=0)` asks: is it True for every sample?"),
    praise="Put this line into your training loop when a loss goes flat.",
)


def _far_and_near():
    generator = torch.Generator().manual_seed(5)
    return torch.cat([torch.tensor([-1000.0, -100.0, -2.0, -0.5, 0.0, 0.5, 2.0, 100.0, 1000.0]),
                      3 * torch.randn(7, generator=generator)])


def _value(x, alpha):
    return alpha * x + (1 - alpha) * F.silu(x)


def _with_slope(x, alpha):
    """Return the value and its derivative, the latter by autograd."""
    x = x.detach().clone().requires_grad_()
    value = _value(x, alpha)
    return value.detach(), torch.autograd.grad(value.sum(), x)[0]


def _slope_from(inner):
    """Make an answer with the right value, and a derivative alpha + (1 - alpha) · inner(x, σ(x))."""
    return lambda x, alpha: (_value(x, alpha), alpha + (1 - alpha) * inner(x, torch.sigmoid(x)))


def _by_ratio(x, alpha):
    s = torch.exp(x) / (1 + torch.exp(x))
    return alpha * x + (1 - alpha) * x * s, alpha + (1 - alpha) * (s + x * s * (1 - s))


def _leak_on_the_right(x, alpha):
    value, slope = _with_slope(-x, alpha)
    return -value, slope


def _leak_on_top(x, alpha):
    value, slope = _with_slope(x, 0.0)
    return alpha * x + value, alpha + slope


smooth_leaky = Exercise(
    inputs=[(_far_and_near(), 0.25), (_far_and_near()[2:8].view(2, 3), 0.0), (_far_and_near()[-6:].view(3, 2), -0.5)],
    oracle=_with_slope,
    mistakes={
        "σ′ is σ(1 − σ). You wrote x(1 − x): there x means the *output* of σ.":
            _slope_from(lambda x, s: s + x * x * (1 - x)),
        "the product rule has two terms: x σ(x) changes through x *and* through σ(x). The second one is missing.":
            _slope_from(lambda x, s: s),
        "the product rule has two terms: x σ(x) changes through x *and* through σ(x). The first one is missing.":
            _slope_from(lambda x, s: x * s * (1 - s)),
        "the second term of the product rule is x · σ′(x): its factor x is missing.":
            _slope_from(lambda x, s: s + s * (1 - s)),
        "that is the derivative of σ alone; the function has x σ(x).":
            _slope_from(lambda x, s: s * (1 - s)),
        "eˣ/(1 + eˣ) is ∞/∞ far on the right. 1/(1 + e⁻ˣ) is the same number, and safe.":
            _by_ratio,
        "the leak is on the wrong side: far on the *left* the slope should be α.":
            _leak_on_the_right,
        "far on the right the slope is 1 + α: the other part needs the factor 1 − α.":
            _leak_on_top,
        "the values are right, but their derivative lacks the slope α of the leak.":
            lambda x, alpha: (_value(x, alpha), _with_slope(x, alpha)[1] - alpha),
        "the two are exchanged: first f(x), then f′(x).":
            lambda x, alpha: _with_slope(x, alpha)[::-1],
    },
    hints=("With s = σ(x): what is f in terms of x, s and α? And what is the derivative of s?",
           "Product rule: (x s)′ = s + x s′, and s′ = s (1 − s).",
           "`alpha + (1 - alpha) * (s + x * s * (1 - s))` is the derivative."),
    praise="An activation is a pair of formulas, and backpropagation needs the second one.",
    conditions=(without_autograd,),
)


def _cloud(seed, N, d):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(N, d, generator=generator)
    t = torch.where(X @ torch.arange(1.0, d + 1) + 0.7 > 0, 1.0, -1.0)
    t[0] = -t[0]                                        # not separable: it never stops
    return X, t


def _tie():
    """Whole numbers: z is 0 at other times than the first, and b ends below 0."""
    X = torch.tensor([[1.0, 2.0], [2.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [3.0, 3.0], [0.0, 1.0]])
    return X, torch.tensor([-1.0, 1.0, -1.0, -1.0, 1.0, -1.0]), 4


def _rule(X, t, num_epochs, wrong=lambda t, z: t * z <= 0, sign=1, bias=1, afresh=False):
    """The learning rule, in place, with one thing changed."""
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(num_epochs):
        if afresh:
            w, b = torch.zeros(X.shape[1]), torch.zeros(())
        for i in range(len(X)):
            if wrong(t[i], w.dot(X[i]) + b):
                w.add_(X[i], alpha=sign * float(t[i]))
                b.add_(bias * sign * t[i])
    return w, b


def _batch_rule(X, t, num_epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(num_epochs):
        wrong = t * (X @ w + b) <= 0
        w, b = w + (t[wrong, None] * X[wrong]).sum(dim=0), b + t[wrong].sum()
    return w, b


perceptron = Exercise(
    inputs=[(*_cloud(0, 12, 2), 3), (*_cloud(1, 9, 4), 5), _tie()],
    oracle=_rule,
    mistakes={
        "you learn from the points that are already *right*: update where t · z ≤ 0.":
            lambda X, t, n: _rule(X, t, n, wrong=lambda t, z: t * z >= 0),
        "you update at every point, right or wrong.":
            lambda X, t, n: _rule(X, t, n, wrong=lambda t, z: True),
        "nothing ever moves: with w = 0 every z is 0, so the test must be ≤, not <.":
            lambda X, t, n: _rule(X, t, n, wrong=lambda t, z: t * z < 0),
        "you push the line away from the wrong points: add t x, do not subtract it.":
            lambda X, t, n: _rule(X, t, n, sign=-1),
        "the bias never moves: add t to b as well.":
            lambda X, t, n: _rule(X, t, n, bias=0),
        "only one epoch counts in the end: loop over the epochs, and set w and b to 0 *before* that loop.":
            lambda X, t, n: _rule(X, t, n, afresh=True),
        "you correct all wrong points at the end of an epoch. Correct each one at once.":
            _batch_rule,
        "the target is missing from the update: add t x, not x.":
            lambda X, t, n: _rule_without_target(X, t, n),
    },
    hints=("Two loops: over the epochs, and inside over the pairs of X and t.",
           "`if sign * (w @ x + b) <= 0:` tells whether this point is wrong.",
           "`w, b = w + sign * x, b + sign`; return both after the loops."),
    praise="The algorithm of 1958, in seven lines.",
)


def _rule_without_target(X, t, num_epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for _ in range(num_epochs):
        for x, sign in zip(X, t, strict=True):
            if sign * (w.dot(x) + b) <= 0:
                w, b = w + x, b + 1
    return w, b


def _logits(seed, N, C):
    generator = torch.Generator().manual_seed(seed)
    z = 2 * torch.randn(N, C, generator=generator)
    return z, torch.randint(0, C, (N,), generator=generator)


def _confident():
    z, y = _logits(3, 4, 3)
    z[0] = torch.tensor([0.0, 400.0, 390.0])
    y[0] = 0                                            # 400 points behind
    return z, y


def _all_negative():
    """Rows far below 0 and one with an inner spread of 800; as many samples as classes."""
    z = torch.tensor([[-300.0, -301.0, -299.5], [-400.0, 400.0, 0.0], [-2.0, -1.0, -3.0]])
    return z, torch.tensor([1, 1, 2])


def _picked(values, y):
    return values.gather(1, y[:, None])[:, 0]


cross_entropy = Exercise(
    inputs=[_logits(2, 5, 3), _confident(), _all_negative()],
    oracle=lambda logits, y: F.cross_entropy(logits, y),
    mistakes={
        "you take the log of probabilities, and one of them is 0: the loss is infinite. Stay in the logs.":
            lambda logits, y: -_picked(F.softmax(logits, dim=1).log(), y).mean(),
        "the minus is missing: log-probabilities are negative, a loss is not.":
            lambda logits, y: -F.cross_entropy(logits, y),
        "you return the sum over the samples; the mean was asked for.":
            lambda logits, y: F.cross_entropy(logits, y, reduction="sum"),
        "you return one number per sample; the mean was asked for.":
            lambda logits, y: F.cross_entropy(logits, y, reduction="none"),
        "softmax is applied twice: the input holds logits, not probabilities.":
            lambda logits, y: F.cross_entropy(F.softmax(logits, dim=1), y),
        "you normalise over the samples (`dim=0`), not over the classes (`dim=1`).":
            lambda logits, y: F.nll_loss(F.log_softmax(logits, dim=0), y),
        "nothing is subtracted from the logits: e³⁰⁰ is infinite. Subtract each row's largest first.":
            lambda logits, y: (logits.exp().sum(dim=1).log() - _picked(logits, y)).mean(),
        "you average over *all* classes. Only the true class of each sample counts.":
            lambda logits, y: -F.log_softmax(logits, dim=1).mean(),
        "`log_p[:, y]` takes every pair of sample and label, (N, N). Pair them: `log_p[torch.arange(len(y)), y]`.":
            lambda logits, y: -F.log_softmax(logits, dim=1)[:, y].mean(),
    },
    hints=("log p = z − log Σ eᶻ. Where can that overflow?",
           "Subtract each row's maximum first; then `z - z.exp().sum(dim=1, keepdim=True).log()`.",
           "`-log_p[torch.arange(len(y)), y].mean()` picks the true classes."),
    praise="Finite even where the model is wrong by 300 points.",
    conditions=(without("cross_entropy", "log_softmax", "logsumexp"), differentiable(0)),
)


def _lines(seed, N, k):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(n, generator=generator) * s for n, s in [(N, 2.0), (k, 1.0), (k, 1.0)])


def _reduced(x, w, b, reduce):
    """Return the values and autograd's gradients of their sum."""
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    value = reduce(torch.outer(x, w) + b)
    return value.detach(), *torch.autograd.grad(value.sum(), (w, b))


def _largest(scores):
    return scores.topk(1, dim=1).values[:, 0]


def _changed(change):
    return lambda x, w, b: change(x, w, b, *_reduced(x, w, b, _largest))


maxout = Exercise(
    inputs=[_lines(0, 8, 3), _lines(4, 11, 4)],
    oracle=lambda x, w, b: _reduced(x, w, b, _largest),
    mistakes={
        "every piece gets a gradient. Only the winner spoke, so only the winner is corrected.":
            _changed(lambda x, w, b, v, gw, gb: (v, x.sum().expand_as(w), torch.full_like(b, len(x)))),
        "the gradient is shared out equally. The winner gets all of it.":
            _changed(lambda x, w, b, v, gw, gb: (v, x.sum().expand_as(w) / len(w), len(x) / len(b) + 0 * b)),
        "that is the *smallest* piece: `max`, not `min`.":
            lambda x, w, b: _reduced(x, w, b, lambda s: -_largest(-s)),
        "both gradients count the wins. In w each win counts x: z = w x + b.":
            _changed(lambda x, w, b, v, gw, gb: (v, gb, gb)),
        "both gradients carry x. In b each win counts 1.":
            _changed(lambda x, w, b, v, gw, gb: (v, gw, gw)),
        "the two gradients are exchanged: w first, then b.":
            _changed(lambda x, w, b, v, gw, gb: (v, gb, gw)),
        "that is a soft maximum, log Σ eᶻ, where all pieces have a say.":
            lambda x, w, b: _reduced(x, w, b, lambda s: s.logsumexp(dim=1)),
        "you divide by N: the gradient of the *sum* was asked for, not of the mean.":
            _changed(lambda x, w, b, v, gw, gb: (v, gw / len(x), gb / len(x))),
    },
    hints=("`x[:, None] * w + b` is (N, k): a score per input and piece. `max(dim=1)` gives value and winner.",
           "A one-hot matrix of the winners, (N, k), says who gets the gradient.",
           "`won.T @ x` is the gradient in w, `won.sum(dim=0)` the one in b, in the dtype of x."),
    praise="The gradient goes to the winner, and to nobody else.",
    conditions=(without_autograd,),
)
