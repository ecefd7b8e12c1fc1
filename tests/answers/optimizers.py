"""Answers to the exercises of notebook 05: right ones by other routes, wrong ones as learners write them."""
import math

import torch

from tests.answers import right, wrong


@wrong("momentum", "the velocity is made anew inside the loop")
def forgets(grads, w, lr, mu):
    for grad in grads:
        v = torch.zeros_like(w)
        v = mu * v + grad
        w = w - lr * v
    return w


@wrong("momentum", "the step goes along the gradient, not along the velocity")
def velocity_unused(grads, w, lr, mu):
    v = torch.zeros_like(w)
    for grad in grads:
        v = mu * v + grad
        w = w - lr * grad
    return w


@wrong("momentum", "the gradient is subtracted twice: v holds -grad, and w subtracts it")
def two_minus(grads, w, lr, mu):
    v = torch.zeros_like(w)
    for grad in grads:
        v = mu * v - grad
        w = w - lr * v
    return w


@wrong("momentum", "mu weighs the gradient too")
def mu_on_both(grads, w, lr, mu):
    v = torch.zeros_like(w)
    for grad in grads:
        v = mu * (v + grad)
        w = w - lr * v
    return w


@wrong("momentum", "the velocity is started with the first gradient and then gets it again")
def first_twice(grads, w, lr, mu):
    v = grads[0]
    for grad in grads:
        v = mu * v + grad
        w = w - lr * v
    return w


@wrong("momentum", "the caller's w is changed in place")
def in_place(grads, w, lr, mu):
    v = torch.zeros_like(w)
    for grad in grads:
        v = mu * v + grad
        w -= lr * v
    return w


@right("momentum")
def rate_inside(grads, w, lr, mu):
    v = torch.zeros_like(w)
    for grad in grads:
        v = mu * v - lr * grad
        w = w + v
    return w


@right("momentum")
def without_velocity(grads, w, lr, mu):
    before = w
    for grad in grads:
        w, before = w - lr * grad + mu * (w - before), w
    return w


@wrong("look_ahead", "the velocity is renewed before the look ahead, so the gradient is taken twice")
def gradient_twice(H, theta, lr, mu, num_steps):
    v = torch.zeros_like(theta)
    for _ in range(num_steps):
        v = mu * v + H @ theta
        v = mu * v + H @ (theta - lr * mu * v)
        theta = theta - lr * v
    return theta


@wrong("look_ahead", "PyTorch's rewritten step, returned as if it were theta")
def rewritten(H, theta, lr, mu, num_steps):
    v = torch.zeros_like(theta)
    for _ in range(num_steps):
        grad = H @ theta
        v = mu * v + grad
        theta = theta - lr * (grad + mu * v)
    return theta


@wrong("look_ahead", "theta itself moves to the point ahead before it moves again")
def moves_twice(H, theta, lr, mu, num_steps):
    v = torch.zeros_like(theta)
    for _ in range(num_steps):
        theta = theta - lr * mu * v
        v = mu * v + H @ theta
        theta = theta - lr * v
    return theta


@wrong("look_ahead", "the old velocity is not damped")
def undamped(H, theta, lr, mu, num_steps):
    v = torch.zeros_like(theta)
    for _ in range(num_steps):
        v = v + H @ (theta - lr * mu * v)
        theta = theta - lr * v
    return theta


@wrong("look_ahead", "summed over the wrong axis: each entry of the point times a column sum of H")
def wrong_axis(H, theta, lr, mu, num_steps):
    v = torch.zeros_like(theta)
    for _ in range(num_steps):
        v = mu * v + (H * (theta - lr * mu * v)).sum(0)
        theta = theta - lr * v
    return theta


@right("look_ahead")
def step_of_theta(H, theta, lr, mu, num_steps):
    before = theta
    for _ in range(num_steps):
        ahead = theta + mu * (theta - before)
        theta, before = ahead - lr * (H @ ahead), theta
    return theta


@right("look_ahead")
def by_autograd(H, theta, lr, mu, num_steps):
    v = torch.zeros_like(theta)
    for _ in range(num_steps):
        ahead = (theta - lr * mu * v).detach().requires_grad_()
        (grad,) = torch.autograd.grad(0.5 * ahead @ H @ ahead, ahead)
        v = mu * v + grad
        theta = theta - lr * v
    return theta


@wrong("adam", "v adds whole squares: the (1 - beta2) is missing")
def v_not_averaged(grads, w, lr, beta1, beta2, eps):
    m = v = torch.zeros_like(w)
    for t, grad in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + grad**2
        w = w - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return w


@wrong("adam", "old and new are weighed the wrong way round in m")
def weights_swapped(grads, w, lr, beta1, beta2, eps):
    m = v = torch.zeros_like(w)
    for t, grad in enumerate(grads, start=1):
        m = (1 - beta1) * m + beta1 * grad
        v = beta2 * v + (1 - beta2) * grad**2
        w = w - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return w


@wrong("adam", "the corrected averages are stored back, so the next step corrects them again")
def corrects_again(grads, w, lr, beta1, beta2, eps):
    m = v = torch.zeros_like(w)
    for t, grad in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        m = m / (1 - beta1**t)
        v = v / (1 - beta2**t)
        w = w - lr * m / (v.sqrt() + eps)
    return w


@wrong("adam", "the gradient is used where m belongs")
def without_m(grads, w, lr, beta1, beta2, eps):
    v = torch.zeros_like(w)
    for t, grad in enumerate(grads, start=1):
        v = beta2 * v + (1 - beta2) * grad**2
        w = w - lr * grad / ((v / (1 - beta2**t)).sqrt() + eps)
    return w


@wrong("adam", "the correction is 1 - beta * t in place of the power")
def product_for_power(grads, w, lr, beta1, beta2, eps):
    m = v = torch.zeros_like(w)
    for t, grad in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad**2
        w = w - lr * (m / (1 - beta1 * t)) / ((v / (1 - beta2**t)).sqrt() + eps)
    return w


@right("adam")
def rate_corrected(grads, w, lr, beta1, beta2, eps):
    m, v = torch.zeros_like(w), torch.zeros_like(w)
    for i in range(len(grads)):
        m = m + (1 - beta1) * (grads[i] - m)
        v = torch.lerp(v, grads[i].square(), 1 - beta2)
        root = math.sqrt(1 - beta2 ** (i + 1))
        w = w - lr / (1 - beta1 ** (i + 1)) * m / (v.sqrt() / root + eps)
    return w


@right("adam")
def running_powers(grads, w, lr, beta1, beta2, eps):
    m, v, p1, p2 = 0, 0, 1, 1
    for grad in grads:
        p1, p2 = p1 * beta1, p2 * beta2
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * grad * grad
        w = w - lr * (m / (1 - p1)) / (torch.sqrt(v / (1 - p2)) + eps)
    return w


@wrong("warm_cosine", "degrees in place of radians")
def degrees(t, lr, warmup, num_steps):
    if t < warmup:
        return lr * (t + 1) / warmup
    return lr * (1 + math.cos(180 * (t - warmup) / (num_steps - warmup))) / 2


@wrong("warm_cosine", "the half is forgotten: it falls from 2 lr")
def twice_as_high(t, lr, warmup, num_steps):
    if t < warmup:
        return lr * (t + 1) / warmup
    return lr * (1 + math.cos(math.pi * (t - warmup) / (num_steps - warmup)))


@wrong("warm_cosine", "a whole period in place of half of one")
def whole_period(t, lr, warmup, num_steps):
    if t < warmup:
        return lr * (t + 1) / warmup
    return lr * (1 + math.cos(2 * math.pi * (t - warmup) / (num_steps - warmup))) / 2


@wrong("warm_cosine", "whole-number division in the warm-up")
def floor_division(t, lr, warmup, num_steps):
    if t < warmup:
        return lr * ((t + 1) // warmup)
    return lr * (1 + math.cos(math.pi * (t - warmup) / (num_steps - warmup))) / 2


@wrong("warm_cosine", "the warm-up lasts one step too long")
def one_step_longer(t, lr, warmup, num_steps):
    if t <= warmup:
        return lr * (t + 1) / warmup
    return lr * (1 + math.cos(math.pi * (t - warmup) / (num_steps - warmup))) / 2


@right("warm_cosine")
def squared_cosine(t, lr, warmup, num_steps):
    if t + 1 <= warmup:
        return lr / warmup * (t + 1)
    return lr * math.cos(math.pi / 2 * (t - warmup) / (num_steps - warmup)) ** 2


@right("warm_cosine")
def as_a_tensor(t, lr, warmup, num_steps):
    share = torch.tensor(max(t - warmup, 0) / (num_steps - warmup), dtype=torch.float64)
    return min((t + 1) / warmup, 1) * lr * (1 + torch.cos(torch.pi * share)) / 2


@wrong("l1_step", "the threshold only silences small entries of the plain step")
def silences(w, grad, lr, lam):
    u = w - lr * grad
    u = torch.where(u.abs() < lr * lam, 0.0, u - lr * lam)
    return u


@wrong("l1_step", "the sign is made by division, which is NaN at zero")
def sign_by_division(w, grad, lr, lam):
    u = w - lr * grad
    return u / u.abs() * (u.abs() - lr * lam).clamp(min=0)


@wrong("l1_step", "the pull has the wrong sign below zero")
def pulls_down(w, grad, lr, lam):
    u = w - lr * grad
    return torch.where(u > 0, (u - lr * lam).clamp(min=0), (u - lr * lam).clamp(max=0))


@wrong("l1_step", "the pull is the mean absolute value, a penalty per weight")
def averaged_pull(w, grad, lr, lam):
    u = w - lr * grad
    return u.sign() * (u.abs() - lr * lam / len(w)).clamp(min=0)


@wrong("l1_step", "w is changed in place")
def changes_w(w, grad, lr, lam):
    w -= lr * grad
    return w.sign() * torch.relu(w.abs() - lr * lam)


@right("l1_step")
def three_cases(w, grad, lr, lam):
    u, pull = w - lr * grad, lr * lam
    return torch.where(u > pull, u - pull, torch.where(u < -pull, u + pull, torch.zeros_like(u)))


@right("l1_step")
def cut_off(w, grad, lr, lam):
    u = w - lr * grad
    return u - u.clamp(-lr * lam, lr * lam)


@wrong("largest_stable_lr", "the Frobenius norm in place of the largest eigenvalue")
def frobenius(H, mu):
    return 2 * (1 + mu) / H.norm()


@wrong("largest_stable_lr", "the largest entry on the diagonal is taken for the largest curvature")
def diagonal(H, mu):
    return 2 * (1 + mu) / H.diagonal().max()


@wrong("largest_stable_lr", "momentum is said to lower the limit, 2 - mu")
def one_minus(H, mu):
    return (2 - mu) / torch.linalg.eigvalsh(H).max()


@wrong("largest_stable_lr", "row sums of the sizes bound the curvature, but are not it")
def row_sums(H, mu):
    return 2 * (1 + mu) / H.abs().sum(dim=1).max()


@wrong("largest_stable_lr", "brackets: only mu is divided")
def brackets(H, mu):
    return 2 * 1 + mu / torch.linalg.eigvalsh(H)[-1]


@right("largest_stable_lr")
def spectral_norm(H, mu):
    return (2 + 2 * mu) / torch.linalg.matrix_norm(H, 2)


@right("largest_stable_lr")
def power_iteration(H, mu):
    u = torch.arange(1, len(H) + 1, dtype=H.dtype)
    for _ in range(500):
        u = H @ u / (H @ u).norm()
    return 2 * (1 + mu) / (u @ H @ u)
