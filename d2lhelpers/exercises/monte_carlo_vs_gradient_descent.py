"""Exercises of `02_monte_carlo_vs_gradient_descent.ipynb`."""

import math

import numpy as np
import torch

from d2lhelpers.checks import Exercise


def _hessian(X):
    zero = torch.zeros(X.shape[1])
    return torch.autograd.functional.hessian(lambda theta: ((X @ theta) ** 2).mean(), zero)


def _eigenvalues(X):
    return torch.linalg.eigvalsh(_hessian(X))           # ascending


_x = torch.linspace(-2, 2, 9)
largest_stable_lr = Exercise(
    inputs=[(torch.stack([_x**2, _x, torch.ones(9)], dim=1),),
            (torch.tensor([[1.0, 1.0], [2.0, 1.0], [4.0, 1.0], [5.0, 1.0], [7.0, 1.0]]),)],
    oracle=lambda X: 2 / _eigenvalues(X)[-1],
    mistakes={
        "that is 1/λmax: one step lands on the valley floor. Twice as far is still stable.":
            lambda X: 1 / _eigenvalues(X)[-1],
        "you used the smallest eigenvalue, so the flattest direction. The steepest one breaks first.":
            lambda X: 2 / _eigenvalues(X)[0],
        "you used the sum of all eigenvalues (the trace), not the largest.":
            lambda X: 2 / _eigenvalues(X).sum(),
        "the mean is missing: the Hessian is divided by m, the number of rows.":
            lambda X: 2 / _eigenvalues(X)[-1] / len(X),
        "the 2 from the square is missing: the Hessian is (2/m) XᵀX, not (1/m) XᵀX.":
            lambda X: 4 / _eigenvalues(X)[-1],
        "that is λmax itself, the curvature. The limit is 2 divided by it.":
            lambda X: _eigenvalues(X)[-1],
    },
    hints=("Which matrix holds the second derivatives of the mean squared error?",
           "It is (2/m) XᵀX, an (n, n) matrix. `torch.linalg.eigvalsh` returns its eigenvalues, smallest first.",
           "Divide 2 by the last of these eigenvalues."),
    praise="You know where the cliff is before the first step.",
)


def _sgd(loss_fn, theta, lr, num_steps, forget=True, **options):
    theta = theta.clone().requires_grad_()
    optimizer = torch.optim.SGD([theta], lr=lr, **options)
    for _ in range(num_steps):
        if forget:
            optimizer.zero_grad()
        loss_fn(theta).backward()
        optimizer.step()
    return theta.detach()


def _without_no_grad(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    loss_fn(theta).backward()
    theta -= lr * theta.grad


def _new_tensor(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    loss_fn(theta).backward()
    with torch.no_grad():
        theta = theta - lr * theta.grad
    loss_fn(theta).backward()


def _bowl(theta):
    return ((theta - torch.tensor([1.0, 0.0, -2.0])) ** 2 * torch.tensor([3.0, 1.0, 0.5])).sum()


descend = Exercise(
    inputs=[(_bowl, torch.tensor([1.5, 1.0, 1.0]), 0.05, 7), (_bowl, torch.zeros(3), 0.1, 3)],
    oracle=_sgd,
    mistakes={
        "the gradients pile up: `backward()` adds to `.grad`, and nothing clears it (the forgotten `zero_grad`).":
            lambda *args: _sgd(*args, forget=False),
        "you walk uphill: the step is *minus* `lr` times the gradient.":
            lambda *args: _sgd(*args, maximize=True),
        "one step is missing: count how often your loop runs.":
            lambda loss_fn, theta, lr, n: _sgd(loss_fn, theta, lr, n - 1),
        "one step too many: count how often your loop runs.":
            lambda loss_fn, theta, lr, n: _sgd(loss_fn, theta, lr, n + 1),
        "you return the start: `theta` has not moved.":
            lambda loss_fn, theta, lr, n: theta,
        "autograd was watching the update. Put it under `with torch.no_grad():`.":
            _without_no_grad,
        "`theta = theta - …` makes a new tensor without gradients. Change the old one in place with `-=`.":
            _new_tensor,
    },
    hints=("One step has four lines: loss, backward, update, clear.",
           "Update under `with torch.no_grad():`, in place: `theta -= lr * theta.grad`.",
           "Then `theta.grad = None`, and after the loop `return theta.detach()`."),
    praise="The same numbers as torch.optim.SGD.",
)

_points = torch.rand(500, 2, generator=torch.Generator().manual_seed(0))
estimate_pi = Exercise(
    inputs=[(_points,), (torch.tensor([[0.5, 0.5], [0.9, 0.9], [0.0, 1.0], [0.6, 0.7], [0.1, 0.3]]),)],
    oracle=lambda points: 4 * sum(math.hypot(*p) <= 1 for p in points.double().tolist()) / len(points),
    mistakes={
        "you return the share of points inside: that is π/4.":
            lambda points: (points.norm(dim=1) <= 1).float().mean(),
        "you count the points *outside* the circle.":
            lambda points: 4 * (points.norm(dim=1) > 1).float().mean(),
        "you compare x + y with 1: that is a triangle. The circle is x² + y² ≤ 1.":
            lambda points: 4 * (points.sum(dim=1) <= 1).float().mean(),
        "you return the number of points inside, not their share times 4.":
            lambda points: (points.norm(dim=1) <= 1).sum(),
        "you move the points to [−1, 1] first: they cover the quarter circle already.":
            lambda points: 4 * ((2 * points - 1).norm(dim=1) <= 1).float().mean(),
        "each coordinate alone is compared with 1. Add the squares first: `.sum(dim=1)`.":
            lambda points: 4 * (points**2 <= 1).float().mean(),
    },
    hints=("A point is inside if x² + y² ≤ 1.",
           "`(points**2).sum(dim=1)` has shape (N,); comparing it gives booleans.",
           "The mean of the booleans as floats is the share; times 4 it is π."),
    praise="With 500 points the error is about 0.05; with 50 000, a tenth of that.",
)


def _guess_data(seed, m, n, count):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(*shape, generator=generator) for shape in [(m, n), (m,), (count, n)])


def _guess_losses(X, y, thetas):
    return torch.stack([torch.nn.functional.mse_loss(X @ theta, y) for theta in thetas])


best_guess = Exercise(
    inputs=[_guess_data(1, 20, 3, 50), _guess_data(2, 7, 2, 30)],
    oracle=lambda X, y, thetas: thetas[_guess_losses(X, y, thetas).argmin()],
    mistakes={
        "that is the *worst* guess: `argmin`, not `argmax`.":
            lambda X, y, thetas: thetas[_guess_losses(X, y, thetas).argmax()],
        "that is the smallest loss. Return the guess that has it.":
            lambda X, y, thetas: _guess_losses(X, y, thetas).min(),
        "that is the position of the best guess. Return the guess itself: `thetas[…]`.":
            lambda X, y, thetas: _guess_losses(X, y, thetas).argmin(),
        "the square is missing: misses of opposite sign cancel each other.":
            lambda X, y, thetas: thetas[(thetas @ X.T - y).mean(dim=1).argmin()],
        "you average over the guesses (`dim=0`), not over the samples (`dim=1`).":
            lambda X, y, thetas: thetas[((thetas @ X.T - y) ** 2).mean(dim=0).argmin()],
        "the broadcasting trap: (m, N) − (m,) does not line up. Use `thetas @ X.T`, (N, m).":
            lambda X, y, thetas: thetas[((X @ thetas.T - y) ** 2).mean(dim=0).argmin()],
    },
    hints=("One product gives the predictions of all guesses: which shape should it have?",
           "`thetas @ X.T` is (N, m). Subtract `y`, square, average over the samples.",
           "`thetas[losses.argmin()]` is the row you want."),
    praise="One line, no loop, any number of guesses.",
)


def _residuals(seed):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(12, generator=generator), torch.randn(12, generator=generator)


huber_loss = Exercise(
    inputs=[(*_residuals(0), 1.0), (*_residuals(1), 2.5)],
    oracle=lambda y_hat, y, delta: torch.nn.HuberLoss(delta=delta)(y_hat, y),
    mistakes={
        "the ½ is missing in the square part: the two branches do not meet at δ.":
            lambda y_hat, y, d: _piecewise(y_hat - y, d, lambda r: r**2, lambda r: d * (r - d / 2)).mean(),
        "the −½ δ is missing in the straight part: the curve jumps at δ.":
            lambda y_hat, y, d: _piecewise(y_hat - y, d, lambda r: r**2 / 2, lambda r: d * r).mean(),
        "the absolute value is missing: for negative residuals the square part never ends.":
            lambda y_hat, y, d: torch.where(y_hat - y <= d, (y_hat - y)**2 / 2, d * (y_hat - y - d / 2)).mean(),
        "the straight part must have slope δ: multiply it by δ.":
            lambda y_hat, y, d: _piecewise(y_hat - y, d, lambda r: r**2 / 2, lambda r: r - d / 2).mean(),
        "the branches are exchanged: near zero it is a parabola, far out a line.":
            lambda y_hat, y, d: _piecewise(y_hat - y, d, lambda r: d * (r - d / 2), lambda r: r**2 / 2).mean(),
        "you return the sum; the mean was asked for.":
            lambda y_hat, y, d: torch.nn.HuberLoss(delta=d, reduction="sum")(y_hat, y),
        "you return one number per sample; the mean was asked for.":
            lambda y_hat, y, d: torch.nn.HuberLoss(delta=d, reduction="none")(y_hat, y),
        "that is SmoothL1, which divides the Huber loss by δ.":
            lambda y_hat, y, d: torch.nn.SmoothL1Loss(beta=d)(y_hat, y),
    },
    hints=("Work with `r = (y_hat - y).abs()`, so that only one side is left.",
           "`torch.where(condition, a, b)` takes `a` where the condition holds, else `b`.",
           "`torch.where(r <= delta, r**2 / 2, delta * (r - delta / 2)).mean()`"),
    praise="Near zero a parabola, far out a line, and no kink between.",
)


def _piecewise(r, delta, near, far):
    r = r.abs()
    return torch.where(r <= delta, near(r), far(r))


def _cubic(seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.linspace(-1, 1, 24, dtype=torch.float64)
    y = 2 * x**3 - x + 0.15 * torch.randn(24, generator=generator, dtype=torch.float64)
    return x[::2], y[::2], x[1::2], y[1::2]


def _degrees(x, y, x_measure, y_measure, max_degree):
    fits = [np.polynomial.Polynomial.fit(x, y, degree) for degree in range(max_degree + 1)]
    return [float(((fit(x_measure.numpy()) - y_measure.numpy()) ** 2).mean()) for fit in fits]


def _smallest(losses):
    return losses.index(min(losses))


choose_degree = Exercise(
    inputs=[(*_cubic(2), 8), (*_cubic(4), 7)],
    oracle=lambda x, y, xv, yv, n: _smallest(_degrees(x, y, xv, yv, n)),
    mistakes={
        "you measured on the training set: that always votes for the wildest curve.":
            lambda x, y, xv, yv, n: _smallest(_degrees(x, y, x, y, n)),
        "you fitted on both sets together: the validation set must only measure (leakage).":
            lambda x, y, xv, yv, n: _smallest(_degrees(torch.cat([x, xv]), torch.cat([y, yv]), xv, yv, n)),
        "you return the number of coefficients, which is the degree plus one.":
            lambda x, y, xv, yv, n: _smallest(_degrees(x, y, xv, yv, n)) + 1,
        "you return the smallest validation loss. Return the degree that has it.":
            lambda x, y, xv, yv, n: min(_degrees(x, y, xv, yv, n)),
        "you return the degree with the *largest* validation loss.":
            lambda x, y, xv, yv, n: _smallest([-loss for loss in _degrees(x, y, xv, yv, n)]),
    },
    hints=("For each degree: fit on the training set, measure on the validation set, keep the loss.",
           "`x[:, None] ** torch.arange(degree + 1)` is the (m, degree + 1) matrix of columns.",
           "`torch.linalg.lstsq(A, y_train[:, None]).solution` is theta; `argmin` of the losses is the degree."),
    praise="The data came from a cubic.",
)
