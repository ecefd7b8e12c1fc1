"""Answers to the exercises of notebook 15: right ones by other routes, wrong ones as learners write them."""

import math

import torch
import torch.nn.functional as F

from tests.answers import right, wrong


@wrong("look_up", "the softmax is written without dividing by the sum")
def no_sum(q, K, V):
    weights = (K @ q / math.sqrt(len(q))).exp()
    return weights @ V


@wrong("look_up", "d is taken from the values")
def root_of_values(q, K, V):
    weights = (K @ q / math.sqrt(V.shape[1])).softmax(dim=0)
    return weights @ V


@wrong("look_up", "the cosine in place of the dot product")
def cosine(q, K, V):
    scores = F.cosine_similarity(K, q[None], dim=1) / math.sqrt(len(q))
    return scores.softmax(dim=0) @ V


@wrong("look_up", "the distance in place of the dot product")
def distance(q, K, V):
    scores = -(K - q).norm(dim=1) / math.sqrt(len(q))
    return scores.softmax(dim=0) @ V


@wrong("look_up", "a sigmoid for each key in place of the softmax")
def sigmoid(q, K, V):
    weights = torch.sigmoid(K @ q / math.sqrt(len(q)))
    return weights @ V


@wrong("look_up", "an axis too many")
def row_vector(q, K, V):
    weights = (q[None] @ K.T / math.sqrt(len(q))).softmax(dim=1)
    return weights @ V


@wrong("look_up", "softmax over the only row of one query")
def wrong_axis(q, K, V):
    scores = q[None] @ K.T / math.sqrt(len(q))
    return (scores.softmax(dim=0) @ V)[0]


@right("look_up")
def by_loop(q, K, V):
    parts = [math.exp(float(k @ q) / len(q) ** 0.5) for k in K]
    return sum(part * v for part, v in zip(parts, V, strict=True)) / sum(parts)


@right("look_up")
def batched(q, K, V):
    scores = torch.einsum("d,nd->n", q, K) * len(q) ** -0.5
    return torch.einsum("n,nm->m", F.softmax(scores, dim=-1), V)


@wrong("window_weights", "the window reaches one place too far back on one side: > for >=")
def greater(scores, width):
    T = len(scores)
    back = torch.arange(T)[:, None] - torch.arange(T)
    return scores.masked_fill((back < 0) | (back > width), -math.inf).softmax(dim=1)


@wrong("window_weights", "and in place of or: nothing is forbidden")
def and_for_or(scores, width):
    T = len(scores)
    back = torch.arange(T)[:, None] - torch.arange(T)
    return scores.masked_fill((back < 0) & (back >= width), -math.inf).softmax(dim=1)


@wrong("window_weights", "the difference is taken the other way round")
def other_way(scores, width):
    T = len(scores)
    back = torch.arange(T) - torch.arange(T)[:, None]
    return scores.masked_fill((back < 0) | (back >= width), -math.inf).softmax(dim=1)


@wrong("window_weights", "weights of a causal softmax, cut and not made to add up again")
def cut_after(scores, width):
    weights = scores.masked_fill(torch.ones_like(scores).triu(1) > 0, -math.inf).softmax(dim=1)
    return weights.triu(1 - width)


@wrong("window_weights", "the scores are changed in place")
def in_place(scores, width):
    T = len(scores)
    back = torch.arange(T)[:, None] - torch.arange(T)
    scores[(back < 0) | (back >= width)] = -math.inf
    return scores.softmax(dim=1)


@wrong("window_weights", "a mild −10 in place of −inf")
def minus_ten(scores, width):
    T = len(scores)
    back = torch.arange(T)[:, None] - torch.arange(T)
    return scores.masked_fill((back < 0) | (back >= width), -10.0).softmax(dim=1)


@right("window_weights")
def by_triangles(scores, width):
    seen = torch.ones_like(scores).tril() * torch.ones_like(scores).triu(1 - width)
    return torch.where(seen > 0, scores, torch.tensor(-math.inf)).softmax(dim=-1)


@right("window_weights")
def by_hand(scores, width):
    out = torch.zeros_like(scores)
    for t in range(len(scores)):
        low = max(0, t + 1 - width)
        out[t, low:t + 1] = torch.softmax(scores[t, low:t + 1], dim=0)
    return out


@wrong("split_heads", "transposed before it is cut")
def transposed_first(X, num_heads):
    N, T, D = X.shape
    return X.transpose(1, 2).reshape(N, num_heads, T, D // num_heads)


@wrong("split_heads", "right numbers, but copied by chunk and stack")
def copied(X, num_heads):
    return torch.stack(X.chunk(num_heads, dim=2), dim=1)


@wrong("split_heads", "contiguous makes a copy")
def contiguous(X, num_heads):
    return X.unflatten(2, (num_heads, -1)).transpose(1, 2).contiguous()


@wrong("split_heads", "heads go into the batch axis")
def into_batch(X, num_heads):
    return torch.cat(X.chunk(num_heads, dim=2), dim=0)


@wrong("split_heads", "the first axis is exchanged, not the second")
def batch_exchanged(X, num_heads):
    return X.unflatten(2, (num_heads, -1)).transpose(0, 2)


@right("split_heads")
def by_view(X, num_heads):
    N, T, D = X.shape
    return X.view(N, T, num_heads, D // num_heads).permute(0, 2, 1, 3)


@right("split_heads")
def by_strides(X, num_heads):
    N, T, D = X.shape
    return X.as_strided((N, num_heads, T, D // num_heads), (T * D, D // num_heads, D, 1))


@wrong("rotary_score", "sine and cosine are exchanged")
def exchanged(q, k, m, n, omega):
    total = 0.0
    for (a, b), (c, e), w in zip(q.view(-1, 2), k.view(-1, 2), omega, strict=True):
        s, t = torch.cos((m - n) * w), torch.sin((m - n) * w)
        total = total + (a * t - b * s) * c + (a * s + b * t) * e
    return total / math.sqrt(len(q))


@wrong("rotary_score", "a reflection: the sign of the second sine is wrong too")
def reflection(q, k, m, n, omega):
    def turn(x, angle):
        a, b = x[0::2], x[1::2]
        return torch.stack([a * angle.cos() - b * angle.sin(), b * angle.cos() - a * angle.sin()], 1).flatten()
    return turn(q, m * omega) @ turn(k, n * omega) / math.sqrt(len(q))


@wrong("rotary_score", "the absolute distance")
def absolute(q, k, m, n, omega):
    angle = abs(m - n) * omega
    a, b, c, e = q[0::2], q[1::2], k[0::2], k[1::2]
    return ((a * angle.cos() - b * angle.sin()) * c + (a * angle.sin() + b * angle.cos()) * e).sum() / len(q) ** 0.5


@wrong("rotary_score", "the places are added as sines, not turned in")
def added(q, k, m, n, omega):
    p, r = (torch.stack([(t * omega).sin(), (t * omega).cos()], 1).flatten() for t in (m, n))
    return (q + p) @ (k + r) / math.sqrt(len(q))


@wrong("rotary_score", "divided by the root of the number of pairs")
def root_of_pairs(q, k, m, n, omega):
    angle = (m - n) * omega
    a, b, c, e = q[0::2], q[1::2], k[0::2], k[1::2]
    mixed = (a * angle.cos() - b * angle.sin()) * c + (a * angle.sin() + b * angle.cos()) * e
    return mixed.sum() / math.sqrt(len(omega))


@right("rotary_score")
def complex_numbers(q, k, m, n, omega):
    a, b = (torch.view_as_complex(x.reshape(-1, 2).contiguous()) for x in (q, k))
    turn = torch.polar(torch.ones_like(omega), (m - n) * omega)
    return (a * turn * b.conj()).real.sum() / math.sqrt(len(q))


@right("rotary_score")
def with_matrices(q, k, m, n, omega):
    total = torch.tensor(0.0)
    for i, w in enumerate(omega):
        c, s = torch.cos(w * (m - n)), torch.sin(w * (m - n))
        R = torch.stack([torch.stack([c, -s]), torch.stack([s, c])])
        total = total + k[2 * i:2 * i + 2] @ R @ q[2 * i:2 * i + 2]
    return total / len(q) ** 0.5


@wrong("cached_step", "glued along the wrong axis")
def wrong_glue(q, k, v, K, V):
    K, V = torch.cat([K.T, k[None].T]).T, torch.cat([V, v[None]])
    return (K @ q / math.sqrt(len(q))).softmax(dim=0) @ V, K, V


@wrong("cached_step", "the scores are divided by the length of the cache")
def by_length(q, k, v, K, V):
    K, V = torch.cat([K, k[None]]), torch.cat([V, v[None]])
    return (K @ q / math.sqrt(len(K))).softmax(dim=0) @ V, K, V


@wrong("cached_step", "the new row replaces the oldest")
def replaces(q, k, v, K, V):
    K, V = torch.cat([K[1:], k[None]]), torch.cat([V[1:], v[None]])
    return (K @ q / math.sqrt(len(q))).softmax(dim=0) @ V, K, V


@wrong("cached_step", "V and K exchanged in the result")
def exchanged_result(q, k, v, K, V):
    K, V = torch.cat([K, k[None]]), torch.cat([V, v[None]])
    return (K @ q / math.sqrt(len(q))).softmax(dim=0) @ V, V, K


@wrong("cached_step", "the new value is left out of the mixture")
def old_values(q, k, v, K, V):
    K, W = torch.cat([K, k[None]]), torch.cat([V, v[None]])
    weights = (K @ q / math.sqrt(len(q))).softmax(dim=0)
    return weights[:-1] @ V, K, W


@right("cached_step")
def readymade(q, k, v, K, V):
    K, V = torch.vstack((K, k)), torch.vstack((V, v))
    return F.scaled_dot_product_attention(q[None], K, V)[0], K, V


@right("cached_step")
def by_parts(q, k, v, K, V):
    old, new = (K @ q / len(q) ** 0.5).exp(), (k @ q / len(q) ** 0.5).exp()
    mixed = (old @ V + new * v) / (old.sum() + new)
    return mixed, torch.cat([K, k.view(1, -1)]), torch.cat([V, v.view(1, -1)])


@wrong("scores_grad", "softmax over the queries")
def softmax_over_queries(scores, V, dY):
    P = scores.softmax(dim=0)
    dP = dY @ V.T
    return P * (dP - (P * dP).sum(dim=1, keepdim=True))


@wrong("scores_grad", "plus in place of minus")
def plus(scores, V, dY):
    P = scores.softmax(dim=1)
    dP = dY @ V.T
    return P * (dP + (P * dP).sum(dim=1, keepdim=True))


@wrong("scores_grad", "the sum is not weighted with P")
def unweighted_sum(scores, V, dY):
    P = scores.softmax(dim=1)
    dP = dY @ V.T
    return P * (dP - dP.sum(dim=1, keepdim=True))


@wrong("scores_grad", "P Y in place of dY Vᵀ")
def forward_again(scores, V, dY):
    P = scores.softmax(dim=1)
    dP = (P @ V) @ V.T
    return P * (dP - (P * dP).sum(dim=1, keepdim=True))


@wrong("scores_grad", "by autograd")
def by_autograd(scores, V, dY):
    with torch.enable_grad():
        leaf = scores.clone().requires_grad_()
        (leaf.softmax(dim=1) @ V * dY).sum().backward()
    return leaf.grad


@wrong("scores_grad", "P is squared")
def squared(scores, V, dY):
    P = scores.softmax(dim=1)
    dP = dY @ V.T
    return P * P * (dP - (P * dP).sum(dim=1, keepdim=True))


@right("scores_grad")
def by_jacobian(scores, V, dY):
    rows = []
    for s, g in zip(scores, dY @ V.T, strict=True):
        p = s.softmax(dim=0)
        rows.append((torch.diag(p) - torch.outer(p, p)) @ g)
    return torch.stack(rows)


@right("scores_grad")
def by_output(scores, V, dY):
    P = scores.softmax(dim=1)
    Y = P @ V
    return P * (dY @ V.T - (dY * Y).sum(dim=1)[:, None])
