"""Exercises of `15_attention.ipynb`."""

import math

import torch
import torch.nn.functional as F

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import is_view, keeps_inputs, without_autograd


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _found(q, K, V, scale=None):
    return F.scaled_dot_product_attention(q[None], K, V, scale=scale)[0]


def _weights(q, K):
    return (K @ q / math.sqrt(len(q))).softmax(dim=0)


look_up = Exercise(
    inputs=[_random(0, (4,), (3, 4), (3, 2)), _random(1, (5,), (6, 5), (6, 3)), _random(2, (3,), (3, 3), (3, 3))],
    oracle=_found,
    mistakes={
        "the scores are not divided by √d.":
            lambda q, K, V: _found(q, K, V, scale=1.0),
        "you divide by d, not by its root.":
            lambda q, K, V: _found(q, K, V, scale=1 / len(q)),
        "you multiply by √d. Divide: the scores should become smaller.":
            lambda q, K, V: _found(q, K, V, scale=math.sqrt(len(q))),
        "you divide by the root of the number of keys. What counts is d, the length of a key.":
            lambda q, K, V: _found(q, K, V, scale=1 / math.sqrt(len(K))),
        "no softmax: the scores themselves are used as weights.":
            lambda q, K, V: K @ q / math.sqrt(len(q)) @ V,
        "only the best key counts. All of them do, by the softmax of their scores.":
            lambda q, K, V: V[(K @ q).argmax()],
        "the weights come too late: √d divides the weights, not the scores.":
            lambda q, K, V: (K @ q).softmax(dim=0) / math.sqrt(len(q)) @ V,
        "that is the weights. Mix the values with them: weights @ V.":
            lambda q, K, V: _weights(q, K),
        "the keys are mixed. Keys are compared, values are mixed.":
            lambda q, K, V: _weights(q, K) @ K,
        "every value has the same weight: that is the plain mean of V.":
            lambda q, K, V: V.mean(dim=0),
    },
    hints=("Three lines: scores, weights, mixture.",
           "The scores are `K @ q / math.sqrt(len(q))`, one for each key.",
           "`scores.softmax(dim=0) @ V`"),
    praise="A dictionary whose every entry answers a little.",
)


def _banded(scores, width, low=0, value=-math.inf):
    """Softmax where key s counts for query t if low <= t - s < width; the others are filled with a value."""
    T = len(scores)
    back = torch.arange(T)[:, None] - torch.arange(T)
    return scores.masked_fill((back < low) | (back >= width), value).softmax(dim=1)


def _row_by_row(scores, width):
    rows = []
    for t, row in enumerate(scores):
        first = max(0, t - width + 1)
        rows.append(F.pad(row[first:t + 1].softmax(dim=0), (first, len(row) - t - 1)))
    return torch.stack(rows)


def _after(scores, width):
    weights = scores.softmax(dim=1)
    return weights * (_row_by_row(scores, width) > 0)


def _vary_window(args, random):
    scores = args[0]
    return _random(random.randrange(10**6), scores.shape)[0], random.randrange(2, len(scores))


window_weights = Exercise(
    inputs=[(*_random(3, (5, 5)), 2), (*_random(4, (6, 6)), 3), (*_random(5, (4, 4)), 4)],
    oracle=_row_by_row,
    mistakes={
        "the window is missing: each query sees *all* earlier keys.":
            lambda scores, width: _banded(scores, len(scores) + 1),
        "the window is one too wide: `width` keys in all, the query's own place included.":
            lambda scores, width: _banded(scores, width + 1),
        "a query does not see its own place. It does: `width` keys that end with its own.":
            lambda scores, width: _banded(scores, width, low=1).nan_to_num(),
        "the rows do not add up to 1: forbid *before* the softmax, with −inf.":
            _after,
        "a score of 0 is not a weight of 0. Forbidden scores become −inf.":
            lambda scores, width: _banded(scores, width, value=0.0),
        "the window reaches into the future: later keys must have weight 0.":
            lambda scores, width: _banded(scores, width, low=1 - width),
        "past and future are exchanged: these queries see only what comes later.":
            lambda scores, width: _row_by_row(scores.flip(0, 1), width).flip(0, 1),
        "the softmax runs over the queries. Each row, one query, must add up to 1: `dim=1`.":
            lambda scores, width: _row_by_row(scores, width) * 0 + (scores.masked_fill(
                _row_by_row(scores, width) == 0, -math.inf)).softmax(dim=0),
        "nothing is forbidden: that is the plain softmax.":
            lambda scores, width: scores.softmax(dim=1),
    },
    hints=("Query t sees the keys s with 0 ≤ t − s < width.",
           "`back = torch.arange(T)[:, None] - torch.arange(T)` holds t − s. Which of its entries are forbidden?",
           "`scores.masked_fill((back < 0) | (back >= width), -math.inf).softmax(dim=1)`"),
    praise="With such a window the cost grows with n · width, no longer with n².",
    conditions=(keeps_inputs,),
    vary=_vary_window,
)


def _cut(X, num_heads):
    return torch.stack(X.chunk(num_heads, dim=2), dim=1)


def _vary_heads(args, random):
    return _random(random.randrange(10**6), args[0].shape)[0], args[1]


split_heads = Exercise(
    inputs=[(*_random(6, (2, 3, 8)), 2), (*_random(7, (1, 4, 4)), 4), (*_random(8, (3, 2, 6)), 3),
            (*_random(9, (2, 3, 6)), 3)],
    oracle=_cut,
    mistakes={
        "cut in the wrong place: this mixes places and heads. Cut D into (H, d) first, then exchange T and H.":
            lambda X, H: X.reshape(X.shape[0], H, X.shape[1], -1),
        "the axes T and H are still to be exchanged: (N, T, H, d) should become (N, H, T, d).":
            lambda X, H: X.unflatten(2, (H, -1)),
        "the first axis is now the heads. The batch stays in front: (N, H, T, d).":
            lambda X, H: torch.stack(X.chunk(H, dim=2)),
        "neighbouring numbers went to different heads. A head takes d numbers *in a row*: `unflatten(2, (H, -1))`.":
            lambda X, H: X.unflatten(2, (-1, H)).permute(0, 3, 1, 2),
        "places and numbers are exchanged at the end: (N, H, T, d) was asked for, this is (N, H, d, T).":
            lambda X, H: _cut(X, H).transpose(2, 3),
        "that is the first head only.":
            lambda X, H: X[..., :X.shape[2] // H],
    },
    hints=("D numbers per place become H groups of d = D / H. Which axis do you cut, and which two do you exchange?",
           "`X.unflatten(2, (num_heads, -1))` is (N, T, H, d).",
           "`.transpose(1, 2)` makes (N, H, T, d) of it."),
    praise="Not one number was copied: heads are a way of looking at the same memory.",
    conditions=(is_view(0),),
    vary=_vary_heads,
)


def _turned(x, angles):
    """Turn neighbouring pairs by angles, as complex numbers."""
    z = torch.view_as_complex(x.reshape(-1, 2).contiguous()) * torch.polar(torch.ones_like(angles), angles)
    return torch.view_as_real(z).flatten()


def _score(q, k, scale=True):
    return torch.dot(q, k) / (math.sqrt(len(q)) if scale else 1)


def _halves(x, angles):
    a, b = x.chunk(2)
    return torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()])


def _vary_places(args, random):
    d = len(args[0])
    return (*_random(random.randrange(10**6), (d,), (d,)), random.randrange(0, 12), random.randrange(0, 12),
            torch.tensor([random.uniform(0.1, 1.0) for _ in range(d // 2)]))


rotary_score = Exercise(
    inputs=[(*_random(10, (4,), (4,)), 5, 2, torch.tensor([0.7, 0.2])),
            (*_random(11, (6,), (6,)), 9, 1, torch.tensor([1.0, 0.3, 0.1])),
            (*_random(12, (4,), (4,)), 3, 8, torch.tensor([0.5, 0.9]))],
    oracle=lambda q, k, m, n, omega: _score(_turned(q, (m - n) * omega), k),
    mistakes={
        "nothing is turned: that is the score without places.":
            lambda q, k, m, n, omega: _score(q, k),
        "the score is not divided by √d.":
            lambda q, k, m, n, omega: _score(_turned(q, (m - n) * omega), k, scale=False),
        "only the query is turned. Turn the key by n · ω as well.":
            lambda q, k, m, n, omega: _score(_turned(q, m * omega), k),
        "only the key is turned. Turn the query by m · ω as well.":
            lambda q, k, m, n, omega: _score(q, _turned(k, n * omega)),
        "query and key are turned in opposite directions: the score then depends on m + n, not on m − n.":
            lambda q, k, m, n, omega: _score(_turned(q, (m + n) * omega), k),
        "that is the score for the distance n − m: both are turned the wrong way, or m and n are exchanged.":
            lambda q, k, m, n, omega: _score(_turned(q, (n - m) * omega), k),
        "first and second half are paired. On this page *neighbours* form a pair: numbers 0 and 1, 2 and 3, …":
            lambda q, k, m, n, omega: _score(_halves(q, (m - n) * omega), k),
        "the angles are in radians; no conversion from degrees is needed.":
            lambda q, k, m, n, omega: _score(_turned(q, torch.deg2rad((m - n) * omega)), k),
    },
    hints=("Pair i of the query turns by the angle m · ω_i, pair i of the key by n · ω_i.",
           "`a, b = x[0::2], x[1::2]`: the new a is `a * cos - b * sin`, the new b is `a * sin + b * cos`.",
           "Put the pairs back in order with `torch.stack([…, …], dim=1).flatten()`, then dot product and √d."),
    praise="The check turned only the query, by (m − n) · ω: the score knows the distance, not the places.",
    vary=_vary_places,
)


def _step(q, k, v, K, V):
    K, V = torch.vstack([K, k]), torch.vstack([V, v])
    return _found(q, K, V), K, V


def _new_first(q, k, v, K, V):
    K, V = torch.vstack([k, K]), torch.vstack([v, V])
    return _found(q, K, V), K, V


def _vary_step(args, random):
    return _random(random.randrange(10**6), *(arg.shape for arg in args))


cached_step = Exercise(
    inputs=[_random(13, (4,), (4,), (4,), (3, 4), (3, 4)), _random(14, (3,), (3,), (3,), (5, 3), (5, 3))],
    oracle=_step,
    mistakes={
        "the new token cannot see itself: put k and v into the cache *before* the query looks.":
            lambda q, k, v, K, V: (_found(q, K, V), *_step(q, k, v, K, V)[1:]),
        "the cache does not grow: return K and V with the new rows.":
            lambda q, k, v, K, V: (_step(q, k, v, K, V)[0], K, V),
        "the new rows belong at the end: the cache is in the order of the text.":
            _new_first,
        "k and v are exchanged: k belongs into K, v into V.":
            lambda q, k, v, K, V: _step(q, v, k, K, V),
        "the cache is forgotten: the new token sees only itself.":
            lambda q, k, v, K, V: (v, *_step(q, k, v, K, V)[1:]),
        "the scores are not divided by √d.":
            lambda q, k, v, K, V: (_found(q, torch.vstack([K, k]), torch.vstack([V, v]), 1.0),
                                   *_step(q, k, v, K, V)[1:]),
        "the query goes into the cache. Nobody looks for old queries: keep keys and values.":
            lambda q, k, v, K, V: _step(q, q, v, K, V),
        "you return the mixture alone; the next token needs the cache as well.":
            lambda q, k, v, K, V: _step(q, k, v, K, V)[0],
        "V is missing in the result: the cache holds keys and values.":
            lambda q, k, v, K, V: _step(q, k, v, K, V)[:2],
    },
    hints=("First make the cache longer, then look.",
           "`K = torch.cat([K, k[None]])`, and V likewise.",
           "The mixture is `(K @ q / math.sqrt(len(q))).softmax(dim=0) @ V`; return it, K and V."),
    praise="One row of scores, not the whole square.",
    conditions=(keeps_inputs,),
    vary=_vary_step,
)


def _by_autograd(scores, V, dY):
    with torch.enable_grad():
        leaf = scores.detach().clone().requires_grad_()
        return torch.autograd.grad(leaf.softmax(dim=1) @ V, leaf, dY)[0]


def _slope(scores, V, dY, centre=None, weigh=True):
    P, dP = scores.softmax(dim=1), dY @ V.T
    shift = (P * dP).sum(dim=1, keepdim=True) if centre is None else centre(P, dP)
    return (P if weigh else 1) * (dP - shift)


scores_grad = Exercise(
    inputs=[_random(15, (3, 4), (4, 2), (3, 2)), _random(16, (4, 4), (4, 4), (4, 4)),
            _random(17, (2, 5), (5, 3), (2, 3))],
    oracle=_by_autograd,
    mistakes={
        "that is the gradient of the *weights*, dY Vᵀ. It has to go through the softmax as well.":
            lambda scores, V, dY: dY @ V.T,
        "the sum is missing: raising one score lowers all the other weights of its row.":
            lambda scores, V, dY: _slope(scores, V, dY, centre=lambda P, dP: 0),
        "you subtract the plain mean of the row. It is the mean *weighted* with P: (P · dP).sum.":
            lambda scores, V, dY: _slope(scores, V, dY, centre=lambda P, dP: dP.mean(dim=1, keepdim=True)),
        "the factor P in front is missing.":
            lambda scores, V, dY: _slope(scores, V, dY, weigh=False),
        "that is a sigmoid's derivative, P (1 − P), number by number. In a softmax all scores of a row interact.":
            lambda scores, V, dY: scores.softmax(dim=1) * (1 - scores.softmax(dim=1)) * (dY @ V.T),
        "the weighted mean is taken over the whole matrix. Each query has its own: `sum(dim=1, keepdim=True)`.":
            lambda scores, V, dY: _slope(scores, V, dY, centre=lambda P, dP: (P * dP).sum()),
        "the weighted mean is taken over the queries. Take it over the keys: `dim=1`.":
            lambda scores, V, dY: _slope(scores, V, dY, centre=lambda P, dP: (P * dP).sum(dim=0)),
        "the sign is wrong: dP − its weighted mean, not the other way round.":
            lambda scores, V, dY: -_slope(scores, V, dY),
        "P stands for the scores here: take their softmax first.":
            lambda scores, V, dY: scores * (dY @ V.T - (scores * (dY @ V.T)).sum(dim=1, keepdim=True)),
    },
    hints=("Two steps back: through Y = P V to P, then through the softmax to the scores.",
           "dP = dY Vᵀ, (T, S). For one row of a softmax: ds = P · (dP − (P · dP).sum()).",
           "`P * (dP - (P * dP).sum(dim=1, keepdim=True))`"),
    praise="Where a weight is almost 1, P (dP − mean) is almost 0: that is what √d prevents.",
    conditions=(without_autograd,),
)
