"""Exercises of `05_optimizers.ipynb`."""

import math

import torch

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import keeps_inputs


def _gradients(seed, num_steps, n):
    generator = torch.Generator().manual_seed(seed)
    grads = torch.randn(num_steps, n, generator=generator, dtype=torch.float64)
    return grads + 0.5, torch.randn(n, generator=generator, dtype=torch.float64)


def _drive(make, grads, w, **options):
    """Return where a torch optimizer gets to when it is fed these gradients."""
    w = w.clone().requires_grad_()
    optimizer = make([w], **options)
    for grad in grads:
        w.grad = grad.clone()
        optimizer.step()
    return w.detach()


def _sgd(grads, w, lr, mu, **options):
    return _drive(torch.optim.SGD, grads, w, lr=lr, momentum=mu, **options)


def _velocity(grads, mu):
    v = torch.zeros_like(grads[0])
    for grad in grads:
        v = mu * v + grad
    return v


def _averaged(grads, w, lr, mu):
    v = torch.zeros_like(w)
    for grad in grads:
        v = mu * v + (1 - mu) * grad
        w = w - lr * v
    return w


momentum = Exercise(
    inputs=[(*_gradients(0, 6, 3), 0.1, 0.9), (*_gradients(1, 9, 2), 0.05, 0.7)],
    oracle=_sgd,
    mistakes={
        "this is plain descent, the velocity has no effect: make `v` *before* the loop, and step along `v`.":
            lambda grads, w, lr, mu: _sgd(grads, w, lr, 0.0),
        "you walk uphill: look at both signs; `v` *adds* the gradient, `w` *subtracts* `lr * v`.":
            lambda grads, w, lr, mu: _sgd(grads, w, lr, mu, maximize=True),
        "that is Nesterov's version: step along `v`, not along `grad + mu * v`.":
            lambda grads, w, lr, mu: _sgd(grads, w, lr, mu, nesterov=True),
        "you average, (1 − μ)·grad, as Adam does. Momentum *adds* the whole gradient.": _averaged,
        "each step is made with the velocity of the step before: first add the new gradient to `v`, then step.":
            lambda grads, w, lr, mu: _sgd(grads[:-1], w, lr, mu),
        "you return the velocity. Return the weights.":
            lambda grads, w, lr, mu: _velocity(grads, mu),
        "only one step is taken, with the last velocity: `w` must move inside the loop.":
            lambda grads, w, lr, mu: w - lr * _velocity(grads, mu),
        "the rate is applied twice: once is enough, when `w` moves.":
            lambda grads, w, lr, mu: _sgd(lr * grads, w, lr, mu),
    },
    hints=("Two things live through the loop: the weights and the velocity.",
           "`v = torch.zeros_like(w)` before the loop; in it first `v`, then `w`.",
           "`v = mu * v + grad`, then `w = w - lr * v`."),
    praise="The same point as torch.optim.SGD(momentum=mu).",
    conditions=(keeps_inputs,),
)


def _quadratic(seed, n):
    generator = torch.Generator().manual_seed(seed)
    A = torch.randn(n, n, generator=generator, dtype=torch.float64)
    H = A @ A.T / n + 0.2 * torch.eye(n, dtype=torch.float64)
    return H, torch.randn(n, generator=generator, dtype=torch.float64)


def _nesterov_torch(H, theta, lr, mu, num_steps, back=True):
    """Walk with torch's Nesterov, which holds the point ahead; step back from it by lr·mu·v."""
    w = theta.clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=lr, momentum=mu, nesterov=True)
    for _ in range(num_steps):
        w.grad = H @ w.detach()
        optimizer.step()
    return w.detach() + (lr * mu * optimizer.state[w]["momentum_buffer"] if back else 0)


def _nesterov(H, theta, lr, mu, num_steps, ahead=lambda lr, mu: lr * mu, late=0):
    v = torch.zeros_like(theta)
    for _ in range(num_steps - late):
        v = mu * v + H @ (theta - ahead(lr, mu) * v)
        theta = theta - lr * v
    return theta


look_ahead = Exercise(
    inputs=[(*_quadratic(2, 3), 0.3, 0.9, 5), (*_quadratic(3, 2), 0.2, 0.6, 8)],
    oracle=_nesterov_torch,
    mistakes={
        "that is plain momentum: the gradient is taken at θ, not at the point ahead.":
            lambda *args: _nesterov(*args, ahead=lambda lr, mu: 0),
        "you look ahead by μv: the velocity carries you `lr` times that.":
            lambda *args: _nesterov(*args, ahead=lambda lr, mu: mu),
        "you look ahead by ηv: only the fraction μ of the velocity is kept.":
            lambda *args: _nesterov(*args, ahead=lambda lr, mu: lr),
        "you look back: the velocity leads to θ *minus* ημv.":
            lambda *args: _nesterov(*args, ahead=lambda lr, mu: -lr * mu),
        "you return the point ahead, θ − ημv, which is PyTorch's w. Return θ.":
            lambda *args: _nesterov_torch(*args, back=False),
        "you are one step short: `num_steps` steps were asked for.":
            lambda *args: _nesterov(*args, late=1),
    },
    hints=("Three lines per step: the gradient somewhere, the velocity, the move.",
           "Somewhere is `theta - lr * mu * v`, with the velocity from before this step.",
           "`grad = H @ (theta - lr * mu * v)`, then `v = mu * v + grad`, then `theta = theta - lr * v`."),
    praise="torch.optim.SGD(nesterov=True) holds the point ahead of yours.",
    tolerance=1e-6,
)


def _adam_variant(grads, w, lr, beta1, beta2, eps, correct=(True, True), root=True, inside=False, shift=0,
                  square=True, swap=False, total=False, whole=False, turned=(False, False), alone=False, uphill=False):
    m = v = torch.zeros_like(w)
    if swap:
        beta1, beta2 = beta2, beta1
    old1, old2 = (1 - beta1 if turned[0] else beta1), (1 - beta2 if turned[1] else beta2)
    for t, grad in enumerate(grads, start=1 + shift):
        m = old1 * m + (1 if total else 1 - old1) * grad
        v = old2 * v + (1 if whole else 1 - old2) * (grad**2 if square else grad.abs())
        m_hat = grad if alone else m / (1 - beta1**t) if correct[0] else m
        v_hat = v / (1 - beta2**t) if correct[1] else v
        below = (v_hat + eps).sqrt() if inside else v_hat.sqrt() + eps if root else v_hat + eps
        w = w + (lr if uphill else -lr) * m_hat / below
    return w


def _mistaken(**options):
    return lambda *args: _adam_variant(*args, **options)


def _adam_from_zero(grads, w, lr, beta1, beta2, eps):
    return 1 / (1 - beta1**0)


adam = Exercise(
    inputs=[(*_gradients(4, 7, 3), 0.1, 0.9, 0.999, 1e-2), (*_gradients(5, 12, 2), 0.03, 0.8, 0.95, 1e-2)],
    oracle=lambda grads, w, lr, beta1, beta2, eps: _drive(
        torch.optim.Adam, grads, w, lr=lr, betas=(beta1, beta2), eps=eps),
    mistakes={
        "the bias correction is missing: divide m by 1 − β₁ᵗ and v by 1 − β₂ᵗ.": _mistaken(correct=(False, False)),
        "only v is corrected: m starts at 0, too.": _mistaken(correct=(False, True)),
        "only m is corrected: v starts at 0, too.": _mistaken(correct=(True, False)),
        "the root is missing: divide by √v̂ + ε, not by v̂ + ε.": _mistaken(root=False),
        "ε stands inside the root: it is √v̂ + ε, not √(v̂ + ε).": _mistaken(inside=True),
        "t is one too large: the first step has t = 1.": _mistaken(shift=1),
        "β₁ and β₂ are exchanged: β₁ belongs to m, β₂ to v.": _mistaken(swap=True),
        "v averages the *squares* of the gradients, not their absolute values.": _mistaken(square=False),
        "m adds whole gradients: an average weighs the new one by 1 − β₁.": _mistaken(total=True),
        "v adds whole squares: an average weighs the new one by 1 − β₂.": _mistaken(whole=True),
        "in both averages old and new change places: β weighs the old value, 1 − β the new one.":
            _mistaken(turned=(True, True)),
        "in m old and new change places: β₁ weighs the old m, 1 − β₁ the new gradient.":
            _mistaken(turned=(True, False)),
        "m has no effect: step along m̂, not along the gradient itself.": _mistaken(alone=True),
        "you walk uphill: `w` *subtracts* the step.": _mistaken(uphill=True),
        "t starts at 0, so the first correction divides by zero: `enumerate(grads, start=1)`.": _adam_from_zero,
    },
    hints=("Per step: t, the average m, the average v, the two corrections, the move.",
           "`m = beta1 * m + (1 - beta1) * grad`, and v in the same way with `grad**2`.",
           "`w = w - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)`"),
    praise="The same point as torch.optim.Adam.",
    tolerance=1e-6,
)


def _warm_cosine_torch(t, lr, warmup, num_steps):
    """Return the rate of torch's LinearLR, then CosineAnnealingLR."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    schedulers = torch.optim.lr_scheduler
    if t < warmup:
        scheduler, steps = schedulers.LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1), t
    else:
        scheduler, steps = schedulers.CosineAnnealingLR(optimizer, num_steps - warmup), t - warmup
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
    return scheduler.get_last_lr()[0]


def _warm(t, lr, warmup, fall, first=1):
    return lr * (t + first) / warmup if t < warmup else fall


warm_cosine = Exercise(
    inputs=[(t, lr, 5, 25) for t in (0, 3, 4, 5, 11, 24) for lr in (0.1, 2.0)] + [(30, 0.3, 10, 50)],
    oracle=_warm_cosine_torch,
    mistakes={
        "the warm-up starts at 0, so the first step does nothing: use (t + 1)/warmup.":
            lambda t, lr, u, n: _warm(t, lr, u, _warm_cosine_torch(max(t, u), lr, u, n), first=0),
        "there is no warm-up: the cosine begins at once.":
            lambda t, lr, u, n: lr * (1 + math.cos(math.pi * t / n)) / 2,
        "the cosine must start anew after the warm-up: count t from there, (t − warmup).":
            lambda t, lr, u, n: _warm(t, lr, u, lr * (1 + math.cos(math.pi * t / n)) / 2),
        "the fall lasts num_steps − warmup steps: divide by that, not by num_steps.":
            lambda t, lr, u, n: _warm(t, lr, u, lr * (1 + math.cos(math.pi * (t - u) / n)) / 2),
        "the fall is one step too short: the last step still gets a rate above 0, since t = num_steps would be 0.":
            lambda t, lr, u, n: _warm(t, lr, u, lr * (1 + math.cos(math.pi * (t - u) / (n - u - 1))) / 2),
        "the fall starts one step ahead: at t = warmup the rate is still lr.":
            lambda t, lr, u, n: _warm(t, lr, u, lr * (1 + math.cos(math.pi * (t - u + 1) / (n - u))) / 2),
        "the fall is one step too long: it lasts num_steps − warmup steps, so that t = num_steps would be 0.":
            lambda t, lr, u, n: _warm(t, lr, u, lr * (1 + math.cos(math.pi * (t - u) / (n - u + 1))) / 2),
        "the fall is counted from one step too late: its share is 0 at t = warmup, not at the step after.":
            lambda t, lr, u, n: _warm(t, lr, u, lr * (1 + math.cos(math.pi * (t - u - 1) / (n - u))) / 2),
        "the fall is a straight line: half a cosine was asked for.":
            lambda t, lr, u, n: _warm(t, lr, u, lr * (n - t) / (n - u)),
        "the rate becomes negative: cos goes from 1 to −1, so take (1 + cos)/2.":
            lambda t, lr, u, n: _warm(t, lr, u, lr * math.cos(math.pi * (t - u) / (n - u))),
        "the cosine runs backwards: the rate must fall, (1 + cos)/2, not (1 − cos)/2.":
            lambda t, lr, u, n: _warm(t, lr, u, lr * (1 - math.cos(math.pi * (t - u) / (n - u))) / 2),
        "you return the factor: multiply by `lr`.":
            lambda t, lr, u, n: _warm_cosine_torch(t, 1.0, u, n),
    },
    hints=("Two cases: `if t < warmup:` the line, else the cosine.",
           "In the fall, `share = (t - warmup) / (num_steps - warmup)` runs from 0 to 1.",
           "`lr * (1 + math.cos(math.pi * share)) / 2`"),
    praise="Many language models are trained with a curve of this kind.",
)


def _sparse(seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(8, generator=generator), 4 * torch.randn(8, generator=generator)  # signs change


l1_step = Exercise(
    inputs=[(*_sparse(6), 0.5, 1.2), (*_sparse(7), 0.2, 2.0),
            (torch.tensor([0.05, -0.05, 1.0, -1.0, 0.0]), torch.zeros(5), 0.1, 1.0)],
    oracle=lambda w, grad, lr, lam: torch.nn.functional.softshrink(w - lr * grad, lr * lam),
    mistakes={
        "that is naive L1: small weights cross zero and tremble. Stop them at 0.":
            lambda w, grad, lr, lam: w - lr * (grad + lam * w.sign()),
        "you pull past zero: an entry that would cross it becomes exactly 0.":
            lambda w, grad, lr, lam: (w - lr * grad) - lr * lam * (w - lr * grad).sign(),
        "that is L2: the pull is the same for all entries, not in proportion to them.":
            lambda w, grad, lr, lam: (1 - lr * lam) * w - lr * grad,
        "the sign is lost: negative entries must stay negative.":
            lambda w, grad, lr, lam: ((w - lr * grad).abs() - lr * lam).clamp(min=0),
        "the pull is ηλ: multiply λ by `lr`.":
            lambda w, grad, lr, lam: torch.nn.functional.softshrink(w - lr * grad, lam),
        "that is the hard threshold: large entries are pulled by ηλ, too.":
            lambda w, grad, lr, lam: torch.nn.functional.hardshrink(w - lr * grad, lr * lam),
        "you pull before the plain step: first w − η g, then the pull.":
            lambda w, grad, lr, lam: torch.nn.functional.softshrink(w, lr * lam) - lr * grad,
        "the plain step is missing: pull w − η g, not w.":
            lambda w, grad, lr, lam: torch.nn.functional.softshrink(w, lr * lam),
        "only positive entries survive: pull negative ones up towards 0, and keep their sign.":
            lambda w, grad, lr, lam: (w - lr * grad - lr * lam).clamp(min=0),
        "you use the sign of the old w: take that of u = w − η g.":
            lambda w, grad, lr, lam: w.sign() * ((w - lr * grad).abs() - lr * lam).clamp(min=0),
    },
    hints=("Call the plain step `u = w - lr * grad`, and work with its size and its sign.",
           "The size shrinks by lr·lam, but not below 0: `(u.abs() - lr * lam).clamp(min=0)`.",
           "Multiply that by `u.sign()`."),
    praise="Soft thresholding: exact zeros, no trembling.",
    conditions=(keeps_inputs,),
)


def _grows(H, lr, mu):
    """Tell whether the (w, v) map of momentum descent has an eigenvalue beyond 1."""
    n = len(H)
    eye = torch.eye(n, dtype=H.dtype)
    step = torch.cat([torch.cat([eye - lr * H, -lr * mu * eye], dim=1), torch.cat([H, mu * eye], dim=1)])
    return torch.linalg.eigvals(step).abs().max() > 1 + 1e-9


def _bisect(H, mu):
    low, high = 0.0, 1e3
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _grows(H, middle, mu) else (middle, high)
    return low


def _curvatures(H):
    return torch.linalg.eigvalsh(H)


largest_stable_lr = Exercise(
    inputs=[(torch.tensor([[0.1, 0.0], [0.0, 2.0]], dtype=torch.float64), 0.9),
            (torch.tensor([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]], dtype=torch.float64), 0.5),
            (torch.tensor([[2.0, -1.0, 0.5], [-1.0, 3.0, 0.8], [0.5, 0.8, 1.5]], dtype=torch.float64), 0.25)],
    oracle=_bisect,
    mistakes={
        "that is the limit without momentum, 2/λmax. Momentum raises it.":
            lambda H, mu: 2 / _curvatures(H)[-1],
        "the 2 is missing: at that rate the walk is still stable.":
            lambda H, mu: (1 + mu) / _curvatures(H)[-1],
        "you divide by 1 − μ. That is how a *steady* gradient is amplified; at the limit it flips.":
            lambda H, mu: 2 / (1 - mu) / _curvatures(H)[-1],
        "you multiply by 1 − μ, but momentum raises the limit: by 1 + μ.":
            lambda H, mu: 2 * (1 - mu) / _curvatures(H)[-1],
        "you used the smallest eigenvalue. The steepest direction breaks first.":
            lambda H, mu: 2 * (1 + mu) / _curvatures(H)[0],
        "you used the trace, the sum of the eigenvalues, not the largest.":
            lambda H, mu: 2 * (1 + mu) / H.trace(),
        "you multiply by λmax: divide by it.":
            lambda H, mu: 2 * (1 + mu) * _curvatures(H)[-1],
    },
    hints=("At the limit the steepest coordinate flips for ever: w, −w, w, −w. What is v then?",
           "μ v + λ w = −v gives v (1 + μ) = −λ w. The step uses this new velocity −v: w + η v = −w gives η v = −2 w.",
           "2 · (1 + mu) divided by the largest of `torch.linalg.eigvalsh(H)`."),
    praise="A flipping gradient is damped by 1 + μ, so the limit is 1 + μ times higher.",
    tolerance=1e-4,
)
