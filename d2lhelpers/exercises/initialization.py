"""Exercises of `06_initialization.ipynb`."""

import torch
from torch import nn

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import differentiable, keeps_inputs


def _normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _unit_bound(std):
    """Return the bound of a uniform distribution with this std, from the distribution's own formula."""
    one = torch.distributions.Uniform(-torch.ones(()), torch.ones(())).stddev  # 1/√3
    return float(std / one)


uniform_bound = Exercise(
    inputs=[(torch.zeros(100, 400), 1.0), (torch.zeros(30, 50), 2**0.5), (torch.zeros(24, 8), 3.0)],
    oracle=lambda W, gain: _unit_bound(gain / nn.Linear(W.shape[1], 1).in_features**0.5),
    mistakes={
        "that is the standard deviation. A uniform distribution on ±a has only a/√3.":
            lambda W, gain: gain / W.shape[1]**0.5,
        "you used fan_out, the number of rows. The forward signal adds up fan_in terms: `W.shape[1]`.":
            lambda W, gain: gain * (3 / W.shape[0])**0.5,
        "that is Xavier's compromise of both fans. Only the forward signal was asked for.":
            lambda W, gain: gain * (6 / sum(W.shape))**0.5,
        "that is He's bound, which has the gain √2 built in. Use `gain` instead.":
            lambda W, gain: (6 / W.shape[1])**0.5,
        "that is He's standard deviation: the gain √2 is built in, and a bound is √3 times as wide.":
            lambda W, gain: (2 / W.shape[1])**0.5,
        "`gain` is not used: the bound grows in proportion to it.":
            lambda W, gain: (3 / W.shape[1])**0.5,
        "the square root is missing: that is a variance-like number, not a bound.":
            lambda W, gain: gain * 3 / W.shape[1],
        "you divided by √3. The bound is wider than the standard deviation: multiply.":
            lambda W, gain: gain / (3 * W.shape[1])**0.5,
        "the gain belongs outside of the root (or squared inside).":
            lambda W, gain: (3 * gain / W.shape[1])**0.5,
        "you counted all the weights. One neuron adds up only its own row.":
            lambda W, gain: gain * (3 / W.numel())**0.5,
    },
    hints=("Which standard deviation keeps the size of the signal? One neuron adds up fan_in terms.",
           "It is gain/√fan_in, with fan_in = `W.shape[1]`. A uniform distribution on ±a has std a/√3.",
           "So a = √3 · gain/√fan_in."),
    praise="With gain √2 it is He's uniform bound, √(6/fan_in).",
)


def _masked(x, keep, p):
    return torch.where(keep, x, torch.zeros(()))


drop = Exercise(
    inputs=[(_normal(0, 4, 6), _normal(1, 4, 6) > -0.5, 0.3), (_normal(2, 3, 5), _normal(3, 3, 5) > 0.8, 0.8)],
    oracle=lambda x, keep, p: torch.einsum("ij,ij->ij", x, keep.to(x.dtype)).div(1 - p),
    mistakes={
        "the scaling is missing: with fewer numbers the sum shrinks. Divide by what is kept on average.":
            _masked,
        "you divide by p, the share that is dropped. Divide by 1 − p, the share that is kept.":
            lambda x, keep, p: _masked(x, keep, p) / p,
        "you multiply by 1 − p. That belongs to old dropout, at test time; here divide.":
            lambda x, keep, p: _masked(x, keep, p) * (1 - p),
        "the mask is the wrong way round: `keep` says which numbers stay.":
            lambda x, keep, p: _masked(x, ~keep, p) / (1 - p),
        "nothing is dropped: multiply by the mask as well.":
            lambda x, keep, p: x / (1 - p),
        "you divide by the share that this mask happens to keep. Use 1 − p, which is the same for every mask.":
            lambda x, keep, p: _masked(x, keep, p) / keep.float().mean(),
        "you return only the numbers that are kept. The shape must stay: the others become 0.":
            lambda x, keep, p: x[keep] / (1 - p),
    },
    hints=("What is dropped becomes 0; what stays must grow, so that the mean stays.",
           "On average a share 1 − p is kept.",
           "`x * keep / (1 - p)`"),
    praise="At test time nothing has to be done: that is why it is called inverted dropout.",
    conditions=(keeps_inputs,),
)


def _bn(x, gamma, beta, eps, dim=0, correction=0):
    mean, var = x.mean(dim, keepdim=True), x.var(dim, keepdim=True, correction=correction)
    return gamma * (x - mean) / (var + eps).sqrt() + beta


_bn_inputs = [(3 * _normal(4, 6, 4) + 5, _normal(5, 4), _normal(6, 4), 0.5),
              (_normal(7, 5, 3) - 2, torch.tensor([1.0, 2.0, 0.5]), torch.tensor([0.0, 1.0, -1.0]), 1e-5)]

batch_norm = Exercise(
    inputs=_bn_inputs,
    oracle=lambda x, gamma, beta, eps: nn.functional.batch_norm(
        x, None, None, gamma, beta, training=True, eps=eps),
    mistakes={
        "you used the unbiased variance, divided by N − 1 (torch's default). Here it is N: `correction=0`.":
            lambda *args: _bn(*args, correction=1),
        "you normalise each row. That is LayerNorm; BatchNorm takes mean and variance down each column.":
            lambda *args: _bn(*args, dim=1),
        "you use one mean and one variance for the whole table. Each column has its own.":
            lambda *args: _bn(*args, dim=(0, 1)),
        "you divide by the variance; divide by its root.":
            lambda x, g, b, eps: g * (x - x.mean(0)) / (x.var(0, correction=0) + eps) + b,
        "`eps` belongs under the root, beside the variance.":
            lambda x, g, b, eps: g * (x - x.mean(0)) / (x.var(0, correction=0).sqrt() + eps) + b,
        "gamma and beta are missing: scale and shift at the end.":
            lambda x, g, b, eps: _bn(x, torch.ones_like(g), torch.zeros_like(b), eps),
        "gamma is missing: each column has its own scale.":
            lambda x, g, b, eps: _bn(x, torch.ones_like(g), b, eps),
        "beta is missing: each column has its own shift.":
            lambda x, g, b, eps: _bn(x, g, torch.zeros_like(b), eps),
        "`eps` is missing: it is added to the variance, so that a constant column does not divide by zero.":
            lambda x, g, b, eps: _bn(x, g, b, 0.0),
        "gamma and beta are exchanged: gamma scales, beta shifts.":
            lambda x, g, b, eps: _bn(x, b, g, eps),
        "the mean is not subtracted.":
            lambda x, g, b, eps: g * x / (x.var(0, correction=0) + eps).sqrt() + b,
    },
    hints=("Each column gets mean 0 and variance 1, then its own scale and shift.",
           "`x.mean(dim=0)` and `x.var(dim=0, correction=0)` have shape (D,).",
           "`gamma * (x - mean) / (var + eps).sqrt() + beta`"),
    praise="The same numbers and the same gradients as torch.nn.functional.batch_norm.",
    conditions=(differentiable(0),),
)


def _rectified(X, weights):
    """Return the activations of every layer of a ReLU network without biases."""
    layers = [X]
    for W in weights:
        layers.append((layers[-1] @ W.T).relu())
    return layers[1:]


def _per_layer(measure, activations=_rectified):
    """Return a function that measures each layer of a network, (L,)."""
    return lambda X, weights: torch.stack([measure(a) for a in activations(X, weights)])


def _pair_by_pair(a):
    N = len(a)
    cosines = [nn.functional.cosine_similarity(a[i], a[j], dim=0) for i in range(N) for j in range(i)]
    return torch.stack(cosines).mean()


def _off_diagonal(G):
    N = len(G)
    return (G.sum() - G.diagonal().sum()) / (N * (N - 1))


def _unit(a, dim=1):
    return a / a.norm(dim=dim, keepdim=True)


correlations = Exercise(
    inputs=[(_normal(8, 6, 5), [_normal(9, 30, 5), _normal(10, 20, 30), _normal(11, 25, 20)]),
            (_normal(12, 3, 8) + 0.5, [_normal(20, 40, 8), _normal(21, 16, 40)])],
    oracle=_per_layer(_pair_by_pair),
    mistakes={
        "each input is compared with itself as well, which always gives 1. Leave the diagonal out.":
            _per_layer(lambda a: (_unit(a) @ _unit(a).T).mean()),
        "the rows are not made length 1 first: that is a mean product, which grows with the size.":
            _per_layer(lambda a: _off_diagonal(a @ a.T)),
        "you compare the units (columns). Two *inputs* are two rows.":
            _per_layer(lambda a: _off_diagonal(_unit(a, 0).T @ _unit(a, 0))),
        "you measure before ReLU. The activations are what the next layer gets.":
            lambda X, weights: torch.stack(
                [_off_diagonal(_unit(a @ W.T) @ _unit(a @ W.T).T)
                 for a, W in zip([X, *_rectified(X, weights)], weights, strict=False)]),
        "the mean of each row was subtracted. That is Pearson's coefficient; the cosine keeps the mean.":
            _per_layer(lambda a: _off_diagonal(torch.corrcoef(a))),
        "there is no ReLU between the layers.":
            _per_layer(lambda a: _off_diagonal(_unit(a) @ _unit(a).T), lambda X, weights: _linear(X, weights)),
        "only the last layer is returned: one number per layer was asked for.":
            lambda X, weights: _pair_by_pair(_rectified(X, weights)[-1]),
        "that is the list from the inputs on. Begin after the first layer.":
            _per_layer(_pair_by_pair, lambda X, weights: [X, *_rectified(X, weights)][:-1]),
    },
    hints=("Divide every row by its length: a product of two rows is then their cosine.",
           "`unit @ unit.T` holds all N × N of them, with ones on the diagonal.",
           "`(G.sum() - N) / (N * (N - 1))` is the mean without the diagonal."),
    praise="Near 1, the network says the same to every input, however healthy its histograms look.",
)


def _linear(X, weights):
    layers = [X]
    for W in weights:
        layers.append(layers[-1] @ W.T)
    return layers[1:]


def _stop(losses, patience):
    """Return the best epoch seen and the epoch where training stops, by looking at every prefix."""
    for epoch in range(len(losses)):
        best = min(range(epoch + 1), key=lambda e: losses[e])
        if epoch - best >= patience:
            return best, epoch
    return best, len(losses) - 1


def _stop_without_reset(losses, patience):
    best, worse = 0, 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch:
            worse += 1
        if worse >= patience:
            return best, epoch
    return best, len(losses) - 1


def _stop_on_rise(losses, patience):
    best, worse = 0, 0
    for epoch in range(1, len(losses)):
        best = epoch if losses[epoch] < losses[best] else best
        worse = worse + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if worse >= patience:
            return best, epoch
    return best, len(losses) - 1


def _stop_on_ties(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        best = epoch if loss <= losses[best] else best
        if epoch - best >= patience:
            break
    return best, epoch


_valley = [2.0, 1.5, 1.6, 1.2, 1.3, 1.0, 1.1, 1.05, 1.08, 1.2, 0.9, 0.8, 1.0, 1.1]
early_stop = Exercise(
    inputs=[(_valley, 3), (_valley, 2), ([3.0, 2.0, 1.0, 0.9, 0.95], 3),
            ([1.0, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9], 3),  # a tie
            ([1.0, 0.5, 0.6, 0.5, 0.4], 2),  # a tie just when patience ends
            ([4.0, 2.5, 2.6, 2.8, 2.7, 2.9, 2.4], 3), ([1.0, 1.1, 1.2, 0.5, 0.4], 2), ([3.0, 2.0, 1.0], 2), ([0.5], 1)],
    oracle=_stop,
    mistakes={
        "you look at the whole curve. When training stops, the later epochs have never happened.":
            lambda v, patience: (v.index(min(v)), _stop(v, patience)[1]),
        "you stop one epoch too late: after exactly `patience` epochs without a new best.":
            lambda v, patience: _stop(v, patience + 1),
        "you stop one epoch too early: count the epochs *after* the best one.":
            lambda v, patience: _stop(v, patience - 1),
        "the counter is never set back: a new best epoch starts it afresh.":
            _stop_without_reset,
        "you compare with the epoch before. A loss that is falling again, but above the best, still counts as worse.":
            _stop_on_rise,
        "the model of the last epoch is not the best one: return the best epoch first.":
            lambda v, patience: (_stop(v, patience)[1],) * 2,
        "the two numbers are exchanged: best epoch first, then the epoch where it stops.":
            lambda v, patience: _stop(v, patience)[::-1],
        "an epoch that only equals the best replaced it: the earlier one stays, so compare with `<`.":
            _stop_on_ties,
        "that is the best loss. Return the epoch that has it.":
            lambda v, patience: (v[_stop(v, patience)[0]], _stop(v, patience)[1]),
    },
    hints=("Walk through the epochs, and remember the best one so far.",
           "`if loss < valid_losses[best]: best = epoch`",
           "Stop as soon as `epoch - best >= patience`; return `best, epoch` there."),
    praise="Save the weights whenever `best` moves, and you have early stopping.",
)


def _tune(X, weights, factor, activation=torch.tanh, look=lambda z: z):
    a, factors = X, []
    for W in weights:
        factors.append(factor(look(a @ W.T)))
        a = activation(factors[-1] * (a @ W.T))
    return tuple(factors)


def _sequential(X, weights):
    """Return the factors one after the other, each from a fresh pass through a torch network."""
    factors = []
    for depth in range(len(weights)):
        layers = []
        for W, factor in zip(weights[:depth + 1], [*factors, 1.0], strict=True):
            layer = nn.Linear(W.shape[1], W.shape[0], bias=False)
            layer.weight = nn.Parameter(factor * W)
            layers += [layer, nn.Tanh()]
        z = nn.Sequential(*layers[:-1])(X).detach()
        factors.append(1 / z.std())
    return tuple(factors)


_nets = [(_normal(13, 50, 8), [3 * _normal(14, 12, 8), 0.1 * _normal(15, 10, 12), _normal(16, 6, 10)]),
         (2 * _normal(17, 40, 5) + 1, [0.2 * _normal(18, 9, 5), 2 * _normal(19, 7, 9)])]

unit_factors = Exercise(
    inputs=_nets,
    oracle=_sequential,
    mistakes={
        "you measure the network as it was. Each layer must see what the *corrected* layers before it send.":
            lambda X, weights: tuple(1 / z.std() for z in _raw(X, weights)),
        "you return the standard deviations. Multiply by 1 over them.":
            lambda X, weights: _tune(X, weights, lambda z: z.std()),
        "you divide by the variance; that overshoots. Divide by the standard deviation.":
            lambda X, weights: _tune(X, weights, lambda z: 1 / z.var()),
        "you measure after tanh. The numbers before it, `a @ W.T`, should have std 1.":
            lambda X, weights: _tune(X, weights, lambda z: 1 / z.std(), look=torch.tanh),
        "the tanh between the layers is missing.":
            lambda X, weights: _tune(X, weights, lambda z: 1 / z.std(), activation=lambda z: z),
        "you send every matrix the inputs X, not what the layer before it says.":
            lambda X, weights: tuple(1 / (X @ W.T).std() for W in weights),
        "that is the formula 1/√fan_in over the std of W. It ignores the data; measure z instead.":
            lambda X, weights: tuple(1 / (W.std() * W.shape[1]**0.5) for W in weights),
    },
    hints=("Go through the layers in order, and carry along what the corrected layer sends on.",
           "`z = a @ W.T`, then `factor = 1 / z.std()`.",
           "Before the next layer: `a = (factor * z).tanh()`."),
    praise="This is LSUV (Mishkin and Matas, 2015): let the data choose the gain, whatever the activation.",
)


def _raw(X, weights):
    a, zs = X, []
    for W in weights:
        zs.append(a @ W.T)
        a = zs[-1].tanh()
    return zs
