"""Answers to the exercises of notebook 03: right ones by other routes, wrong ones as learners write them."""

import torch
from torch.nn import functional as F

from tests.answers import right, wrong


@right("softmax")
def by_logsumexp(z, T):
    return torch.exp(z / T - torch.logsumexp(z / T, dim=-1, keepdim=True))


@right("softmax")
def row_by_row(z, T):
    rows = []
    for scores in z / T:
        e = (scores - scores.max()).exp()
        rows.append(e / e.sum())
    return torch.stack(rows)


@right("softmax")
def shift_before_dividing(z, T):
    shifted = z - z.max(dim=1, keepdim=True).values
    e = (shifted / T).exp()
    return e / e.sum(1)[:, None]


@wrong("softmax", "the smallest score of each row is subtracted")
def shift_by_minimum(z, T):
    e = torch.exp((z - z.amin(dim=1, keepdim=True)) / T)
    return e / e.sum(dim=1, keepdim=True)


@wrong("softmax", "the first score of each row is subtracted")
def shift_by_first(z, T):
    z = z / T
    e = torch.exp(z - z[:, :1])
    return e / e.sum(dim=1, keepdim=True)


@wrong("softmax", "the maximum is taken over the samples, dim=0")
def maximum_over_samples(z, T):
    z = z / T
    e = torch.exp(z - z.amax(dim=0, keepdim=True))
    return e / e.sum(dim=1, keepdim=True)


@wrong("softmax", "the maximum of z is subtracted after z was divided by T")
def shift_not_divided(z, T):
    e = torch.exp(z / T - z.amax(dim=1, keepdim=True))
    return e / e.sum(dim=1, keepdim=True)


@wrong("softmax", "scores are clamped instead of shifted")
def clamped(z, T):
    e = torch.exp((z / T).clamp(-80, 80))
    return e / e.sum(dim=1, keepdim=True)


@wrong("softmax", "the columns are normalised, not the rows")
def columns_normalised(z, T):
    e = torch.exp(z / T - (z / T).max())
    return e / e.sum(dim=0)


@right("dead_units")
def by_the_largest(X, W, b):
    return (X @ W + b).max(dim=0).values <= 0


@right("dead_units")
def by_the_output(X, W, b):
    a = F.relu(X @ W + b)
    return a.sum(dim=0) == 0


@right("dead_units")
def not_any(X, W, b):
    return ~((X @ W + b) > 0).any(dim=0)


@wrong("dead_units", "only the first sample is looked at")
def first_sample(X, W, b):
    return (X @ W + b)[0] <= 0


@wrong("dead_units", "the bias is subtracted")
def bias_subtracted(X, W, b):
    return (X @ W - b <= 0).all(dim=0)


@wrong("dead_units", "the output of the ReLU is never below 0, so nothing is dead")
def output_below_zero(X, W, b):
    return (F.relu(X @ W + b) < 0).all(dim=0)


@wrong("dead_units", "the largest z is compared with == 0, before the ReLU")
def largest_is_zero(X, W, b):
    return (X @ W + b).amax(dim=0) == 0


@wrong("dead_units", "the sum of z over the samples decides, not each z")
def sum_of_z(X, W, b):
    return (X @ W + b).sum(dim=0) <= 0


@wrong("dead_units", "the threshold is a tenth instead of 0")
def nearly_zero(X, W, b):
    return (torch.relu(X @ W + b) < 0.6).all(dim=0)


@right("smooth_leaky")
def by_the_formula(x, alpha):
    s = 1 / (1 + torch.exp(-x))
    f = x * (alpha + (1 - alpha) * s)
    return f, (alpha + (1 - alpha) * s) + x * (1 - alpha) * s * (1 - s)


@right("smooth_leaky")
def by_tanh(x, alpha):
    s = 0.5 * (1 + torch.tanh(x / 2))
    swish = x * s
    return alpha * x + (1 - alpha) * swish, alpha + (1 - alpha) * (swish + s * (1 - swish))


@right("smooth_leaky")
def with_silu(x, alpha):
    s = torch.sigmoid(x)
    return torch.lerp(F.silu(x), x, alpha), alpha + (1 - alpha) * s * (1 + x - x * s)


@wrong("smooth_leaky", "the derivative is taken by autograd")
def with_autograd(x, alpha):
    x = x.clone().requires_grad_()
    f = alpha * x + (1 - alpha) * x * torch.sigmoid(x)
    return f.detach(), torch.autograd.grad(f.sum(), x)[0]


@wrong("smooth_leaky", "the sign of the second term of the product rule is minus")
def minus_in_the_product_rule(x, alpha):
    s = torch.sigmoid(x)
    return alpha * x + (1 - alpha) * x * s, alpha + (1 - alpha) * (s - x * s * (1 - s))


@wrong("smooth_leaky", "a leaky ReLU with its kink, not the smooth one")
def with_a_kink(x, alpha):
    return torch.where(x > 0, x, alpha * x), torch.where(x > 0, 1.0, alpha)


@wrong("smooth_leaky", "sigma' is written with 1 + s")
def one_plus_s(x, alpha):
    s = torch.sigmoid(x)
    return alpha * x + (1 - alpha) * x * s, alpha + (1 - alpha) * (s + x * s * (1 + s))


@wrong("smooth_leaky", "the factor 1 - alpha is missing in the derivative")
def factor_missing_in_slope(x, alpha):
    s = torch.sigmoid(x)
    return alpha * x + (1 - alpha) * x * s, alpha + s + x * s * (1 - s)


@wrong("smooth_leaky", "sigma(x) without the factor x")
def without_x(x, alpha):
    s = torch.sigmoid(x)
    return alpha * x + (1 - alpha) * s, alpha + (1 - alpha) * s * (1 - s)


@right("perceptron")
def with_a_one_appended(X, t, num_epochs):
    Xb = torch.cat([X, torch.ones(len(X), 1)], dim=1)
    wb = torch.zeros(Xb.shape[1])
    for _ in range(num_epochs):
        for i in range(len(Xb)):
            if t[i] * (wb @ Xb[i]) <= 0:
                wb = wb + t[i] * Xb[i]
    return wb[:-1], wb[-1]


@right("perceptron")
def in_place(X, t, num_epochs):
    w, b = torch.zeros(X.shape[1]), torch.zeros(())
    for k in range(num_epochs * len(X)):
        x, sign = X[k % len(X)], t[k % len(X)]
        if (w * x).sum() * sign + b * sign <= 0:
            w += sign * x
            b += sign
    return w, b


@wrong("perceptron", "w is set to t x instead of adding it")
def assigned(X, t, num_epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.)
    for _ in range(num_epochs):
        for x, sign in zip(X, t, strict=True):
            if sign * (w @ x + b) <= 0:
                w, b = sign * x, b + sign
    return w, b


@wrong("perceptron", "the bias is left out of the test")
def test_without_bias(X, t, num_epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.)
    for _ in range(num_epochs):
        for x, sign in zip(X, t, strict=True):
            if sign * (w @ x) <= 0:
                w, b = w + sign * x, b + sign
    return w, b


@wrong("perceptron", "it stops after the first epoch, the return stands inside the loop")
def return_in_the_loop(X, t, num_epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.)
    for _ in range(num_epochs):
        for x, sign in zip(X, t, strict=True):
            if sign * (w @ x + b) <= 0:
                w, b = w + sign * x, b + sign
        return w, b


@wrong("perceptron", "the last sample is left out")
def last_sample_left_out(X, t, num_epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.)
    for _ in range(num_epochs):
        for i in range(len(X) - 1):
            if t[i] * (w @ X[i] + b) <= 0:
                w, b = w + t[i] * X[i], b + t[i]
    return w, b


@wrong("perceptron", "the step is t - z, as in linear regression")
def delta_rule(X, t, num_epochs):
    w, b = torch.zeros(X.shape[1]), torch.tensor(0.)
    for _ in range(num_epochs):
        for x, sign in zip(X, t, strict=True):
            z = w @ x + b
            if sign * z <= 0:
                w, b = w + (sign - z) * x, b + (sign - z)
    return w, b


@right("cross_entropy")
def with_one_hot(logits, y):
    z = logits - logits.max(dim=1, keepdim=True).values
    log_p = z - torch.log(torch.exp(z).sum(1, keepdim=True))
    return -(F.one_hot(y, logits.shape[1]) * log_p).sum() / len(y)


@right("cross_entropy")
def as_a_difference(logits, y):
    top = logits.amax(dim=1)
    lse = top + (logits - top[:, None]).exp().sum(dim=1).log()
    return (lse - logits[range(len(y)), y]).mean()


@wrong("cross_entropy", "a small number is added inside the log")
def epsilon_in_the_log(logits, y):
    p = torch.exp(logits - logits.amax(dim=1, keepdim=True))
    p = p / p.sum(dim=1, keepdim=True)
    return -torch.log(p[torch.arange(len(y)), y] + 1e-9).mean()


@wrong("cross_entropy", "the result is a plain float, no gradient flows")
def a_plain_number(logits, y):
    z = logits - logits.amax(dim=1, keepdim=True)
    log_p = z - z.exp().sum(dim=1, keepdim=True).log()
    return torch.tensor(-log_p[torch.arange(len(y)), y].mean().item())


@wrong("cross_entropy", "the maximum is subtracted, and forgotten in the chosen logit")
def forgotten_maximum(logits, y):
    z = logits - logits.amax(dim=1, keepdim=True)
    return (z.exp().sum(dim=1).log() - logits[torch.arange(len(y)), y]).mean()


@wrong("cross_entropy", "the predicted class is taken instead of the true one")
def predicted_class(logits, y):
    z = logits - logits.amax(dim=1, keepdim=True)
    log_p = z - z.exp().sum(dim=1, keepdim=True).log()
    return -log_p[torch.arange(len(y)), logits.argmax(dim=1)].mean()


@wrong("cross_entropy", "divided by all entries, N times C")
def over_all_entries(logits, y):
    z = logits - logits.amax(dim=1, keepdim=True)
    log_p = z - z.exp().sum(dim=1, keepdim=True).log()
    return -(F.one_hot(y, logits.shape[1]) * log_p).mean()


@right("maxout")
def with_argmax(x, w, b):
    scores = torch.outer(x, w) + b
    j = scores.argmax(dim=1)
    grad_w = torch.zeros_like(w).index_add_(0, j, x)
    grad_b = torch.bincount(j, minlength=len(w)).to(x.dtype)
    return scores.gather(1, j[:, None])[:, 0], grad_w, grad_b


@right("maxout")
def in_a_loop(x, w, b):
    out, grad_w, grad_b = [], torch.zeros_like(w), torch.zeros_like(b)
    for value in x:
        z = w * value + b
        j = int(z.argmax())
        out.append(z[j])
        grad_w[j] += value
        grad_b[j] += 1
    return torch.stack(out), grad_w, grad_b


@wrong("maxout", "the gradients are taken by autograd")
def maxout_with_autograd(x, w, b):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    value = (x[:, None] * w + b).amax(dim=1)
    grad_w, grad_b = torch.autograd.grad(value.sum(), (w, b))
    return value.detach(), grad_w, grad_b


@wrong("maxout", "the winner is the largest weight, whatever x is")
def largest_weight_wins(x, w, b):
    j = w.argmax()
    won = F.one_hot(j, len(w)).to(x.dtype).expand(len(x), -1)
    return w[j] * x + b[j], won.T @ x, won.sum(dim=0)


@wrong("maxout", "the gradient in w gets the output instead of x")
def output_instead_of_x(x, w, b):
    value, j = (x[:, None] * w + b).max(dim=1)
    won = F.one_hot(j, len(w)).to(x.dtype)
    return value, won.T @ value, won.sum(dim=0)


@wrong("maxout", "negative outputs are cut off at 0, as by a ReLU")
def with_a_floor(x, w, b):
    value, j = (x[:, None] * w + b).max(dim=1)
    won = F.one_hot(j, len(w)).to(x.dtype) * (value > 0)[:, None]
    return value.clamp(min=0), won.T @ x, won.sum(dim=0)


@wrong("maxout", "the gradient in w carries |x|")
def absolute_x(x, w, b):
    value, j = (x[:, None] * w + b).max(dim=1)
    won = F.one_hot(j, len(w)).to(x.dtype)
    return value, won.T @ x.abs(), won.sum(dim=0)
