"""Exercises of `02_monte_carlo_vs_gradient_descent.ipynb`."""

import math
from unittest.mock import patch

import numpy as np
import torch

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import without_autograd, without_loop


def _hessian(X):
    zero = torch.zeros(X.shape[1])
    return torch.autograd.functional.hessian(lambda theta: ((X @ theta) ** 2).mean(), zero)


def _eigenvalues(X):
    return torch.linalg.eigvalsh(_hessian(X))           # ascending


_x = torch.linspace(-2, 2, 9)
_columns = torch.randn(12, 4, generator=torch.Generator().manual_seed(3))  # some pairs correlate negatively
_at_odds = torch.tensor([[1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0], [1.0, 0.0, 0.0]])  # every pair does
largest_stable_lr = Exercise(
    inputs=[(torch.stack([_x**2, _x, torch.ones(9)], dim=1),),
            (torch.tensor([[1.0, 1.0], [2.0, 1.0], [4.0, 1.0], [5.0, 1.0], [7.0, 1.0]]),),
            (_columns,), (_at_odds,)],
    oracle=lambda X: 2 / _eigenvalues(X)[-1],
    mistakes={
        "that is 1/λmax, half the limit: such a step lands on the valley floor, and one twice as long is still stable.":
            lambda X: 1 / _eigenvalues(X)[-1],
        "that is the limit of the flattest direction, the smallest eigenvalue. The steepest one breaks first.":
            lambda X: 2 / _eigenvalues(X)[0],
        "you used the sum of all eigenvalues (the trace), not the largest.":
            lambda X: 2 / _eigenvalues(X).sum(),
        "the result is m times too small: the loss is a mean, so the Hessian is divided by m, the number of rows.":
            lambda X: 2 / _eigenvalues(X)[-1] / len(X),
        "that is twice the limit. The Hessian is (2/m) XᵀX: did the 2 from the square get lost?":
            lambda X: 4 / _eigenvalues(X)[-1],
        "that is the best rate, 2/(λmax + λmin). The limit lies a little higher.":
            lambda X: 2 / (_eigenvalues(X)[0] + _eigenvalues(X)[-1]),
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


def _bent(theta):
    return (theta[0] * theta[1] - 1) ** 2 + theta[2] ** 4 / 4


def _detached(trial):
    if isinstance(trial.got, torch.Tensor) and trial.got.requires_grad:
        return "the numbers are right, but the result is still watched by autograd: return `theta.detach()`."
    return None


def _without_optimizer(trial):
    made, init = [], torch.optim.Optimizer.__init__

    def noted(self, *args, **kwargs):
        made.append(self)
        init(self, *args, **kwargs)

    with patch.object(torch.optim.Optimizer, "__init__", noted):  # by whatever name it is called
        trial.again(trial.answer, *trial.copied())
    return "right, but `torch.optim` takes the steps: write the step yourself." if made else None


descend = Exercise(
    inputs=[(_bowl, torch.tensor([1.5, 1.0, 1.0]), 0.05, 7), (_bowl, torch.zeros(3), 0.1, 3),
            (_bent, torch.tensor([0.5, -0.5, 1.0]), 0.1, 5)],
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
        "autograd was watching when `theta` was changed in place. Put the update under `with torch.no_grad():`.":
            _without_no_grad,
        "`backward()` met a `theta` that wants no gradient. Under `no_grad`, `theta = theta - …` makes such a tensor; "
        "`theta -= …` changes the old one.":
            _new_tensor,
    },
    hints=("One step has four lines: loss, backward, update, clear.",
           "Update under `with torch.no_grad():`, in place: `theta -= lr * theta.grad`.",
           "Then `theta.grad = None`, and after the loop `return theta.detach()`."),
    praise="The same numbers as torch.optim.SGD.",
    conditions=(_detached, _without_optimizer),
)

def _line_gradient(x, y, a, b):
    a, b = (value.clone().requires_grad_() for value in (a, b))
    return torch.autograd.grad(torch.nn.functional.mse_loss(a * x + b, y), (a, b))


def _line_data(seed, m, a, b):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(m, generator=generator) + 1.5
    return x, 2 * x - 1 + torch.randn(m, generator=generator), torch.tensor(a), torch.tensor(b)


gradient_by_hand = Exercise(
    inputs=[(torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([1.0, 1.0, 4.0]), torch.tensor(1.0), torch.tensor(2.0)),
            _line_data(1, 7, -0.5, 3.0), _line_data(2, 4, 3.0, -2.0)],
    oracle=_line_gradient,
    mistakes={
        "both are half of what they should be: the derivative of a square brings a factor 2.":
            lambda *args: tuple(g / 2 for g in _line_gradient(*args)),
        "both are m times too large: J is the *mean* of the squares, not their sum.":
            lambda *args: tuple(g * len(args[0]) for g in _line_gradient(*args)),
        "both have the wrong sign. With the miss ŷ − y there is no minus; y − ŷ brings one.":
            lambda *args: tuple(-g for g in _line_gradient(*args)),
        "∂J/∂a is right. In ∂J/∂b you multiplied by x as well, but b stands alone: its column is all ones.":
            lambda *args: (_line_gradient(*args)[0],) * 2,
        "∂J/∂b is right. In ∂J/∂a the factor x is missing: ŷ changes with a by x.":
            lambda *args: (_line_gradient(*args)[1],) * 2,
        "the two are exchanged: first ∂J/∂a, then ∂J/∂b.":
            lambda *args: _line_gradient(*args)[::-1],
        "in ∂J/∂a you multiplied two means. The mean of a product is not the product of the means.":
            lambda x, y, a, b: (2 * (a * x + b - y).mean() * x.mean(), 2 * (a * x + b - y).mean()),
    },
    hints=("Write J for one sample, (a x + b − y)², and take its derivative in a, then in b: the chain rule.",
           "Each is the average of *miss × column*, doubled. Which column belongs to a, which to b?",
           "`miss = a * x + b - y`; then `2 * (miss * x).mean()` and `2 * miss.mean()`."),
    praise="Autograd finds the same. From two numbers to two million, it is this rule again and again.",
    conditions=(without_autograd,),
)

_points = torch.rand(500, 2, generator=torch.Generator().manual_seed(0))
estimate_pi = Exercise(
    inputs=[(torch.tensor([[0.8, 0.7], [0.2, 0.9], [0.95, 0.6]]),),
            (torch.tensor([[0.5, 0.5], [0.9, 0.9], [0.0, 1.0], [0.6, 0.7], [0.1, 0.3]]),), (_points,)],
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
        "the circle sits elsewhere, as if the points had been moved to [−1, 1]. They cover the quarter circle already.":
            lambda points: 4 * ((2 * points - 1).norm(dim=1) <= 1).float().mean(),
        "every point counts as inside, so you get 4. Compare the *sum* of both squares with 1: `.sum(dim=1)`.":
            lambda points: 4 * (points**2 <= 1).float().mean(),
    },
    hints=("A point is inside if x² + y² ≤ 1.",
           "`(points**2).sum(dim=1)` has shape (N,); comparing it gives booleans.",
           "The mean of the booleans as floats is the share; times 4 it is π."),
    praise="With 500 points the error is about 0.05; with 50 000, a tenth of that.",
    conditions=(without_loop,),
)


def _guess_data(seed, m, n, count, offset, outlier):
    """Return guesses near the best; an offset and an outlier let every other idea of 'best' choose another one."""
    generator = torch.Generator().manual_seed(seed)
    X, w = torch.randn(m, n, generator=generator), torch.randn(n, generator=generator)
    y = X @ w + 0.7 * torch.randn(m, generator=generator) + offset
    y[0] += outlier
    return X, y, w + 0.6 * torch.randn(count, n, generator=generator)


def _guess_losses(X, y, thetas):
    return torch.stack([torch.nn.functional.mse_loss(X @ theta, y) for theta in thetas])


best_guess = Exercise(
    inputs=[_guess_data(1226, 20, 3, 50, 0.0, 3.0), _guess_data(29, 7, 2, 30, 1.5, -4.0),
            _guess_data(213, 9, 4, 12, -1.0, 2.5)],
    oracle=lambda X, y, thetas: thetas[_guess_losses(X, y, thetas).argmin()],
    mistakes={
        "that is the *worst* guess: `argmin`, not `argmax`.":
            lambda X, y, thetas: thetas[_guess_losses(X, y, thetas).argmax()],
        "that is the smallest loss. Return the guess that has it.":
            lambda X, y, thetas: _guess_losses(X, y, thetas).min(),
        "that is the position of the best guess. Return the guess itself: `thetas[…]`.":
            lambda X, y, thetas: _guess_losses(X, y, thetas).argmin(),
        "that guess has the lowest *mean miss*, sign and all: without the square, misses of opposite sign cancel.":
            lambda X, y, thetas: thetas[(thetas @ X.T - y).mean(dim=1).argmin()],
        "that guess has the smallest mean *absolute* miss. Squares were asked for; they fear the large misses more.":
            lambda X, y, thetas: thetas[(thetas @ X.T - y).abs().mean(dim=1).argmin()],
        "you average over the guesses (`dim=0`), not over the samples (`dim=1`).":
            lambda X, y, thetas: thetas[((thetas @ X.T - y) ** 2).mean(dim=0).argmin()],
        "the broadcasting trap: (m, N) − (m,) does not line up. Use `thetas @ X.T`, (N, m).":
            lambda X, y, thetas: thetas[((X @ thetas.T - y) ** 2).mean(dim=0).argmin()],
    },
    hints=("One product gives the predictions of all guesses: which shape should it have?",
           "`thetas @ X.T` is (N, m). Subtract `y`, square, average over the samples.",
           "`thetas[losses.argmin()]` is the row you want."),
    praise="One line, no loop, any number of guesses.",
    conditions=(without_loop,),
)


def _noisy(seed, coefs, num_train, num_valid, noise, outlier=0.0):
    """Return a training and a validation set around a polynomial, float64 (m,) each; the sizes differ."""
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(num_train + num_valid, generator=generator, dtype=torch.float64) - 1
    y = sum(c * x**k for k, c in enumerate(coefs))
    y = y + noise * torch.randn(len(x), generator=generator, dtype=torch.float64)
    y[num_train] += outlier
    return x[:num_train], y[:num_train], x[num_train:], y[num_train:]


def _degrees(x, y, x_measure, y_measure, max_degree):
    fits = [np.polynomial.Polynomial.fit(x, y, degree) for degree in range(max_degree + 1)]
    return [float(((fit(x_measure.numpy()) - y_measure.numpy()) ** 2).mean()) for fit in fits]


def _smallest(losses):
    return losses.index(min(losses))


choose_degree = Exercise(  # best degrees 0, 3, 4 and the largest allowed, 5; other rules choose otherwise somewhere
    inputs=[(*_noisy(97, (0.4,), 10, 8, 0.5), 4),
            (*_noisy(173, (0.3, -1, 0.8, 2), 12, 9, 0.25, 0.6), 8),
            (*_noisy(84, (1, 0.5, -2, 0.3, 1.5), 11, 14, 0.2, -0.5), 6),
            (*_noisy(169, (0.5, -1, 0, 2, 0, -3), 14, 9, 0.12), 5)],
    oracle=lambda x, y, xv, yv, n: _smallest(_degrees(x, y, xv, yv, n)),
    mistakes={
        "that is `max_degree` every time: what you get when a loss is measured on points that were fitted. "
        "Fit on the training set alone, measure on the validation set alone.":
            lambda x, y, xv, yv, n: _smallest(_degrees(x, y, x, y, n)),
        "you fitted on the validation set and measured on the training set: exchange them.":
            lambda x, y, xv, yv, n: _smallest(_degrees(xv, yv, x, y, n)),
        "your degrees are all one too large. Did you return the number of coefficients, or count from 1?":
            lambda x, y, xv, yv, n: _smallest(_degrees(x, y, xv, yv, n)) + 1,
        "you return the smallest validation loss. Return the degree that has it.":
            lambda x, y, xv, yv, n: min(_degrees(x, y, xv, yv, n)),
        "you return the degree with the *largest* validation loss.":
            lambda x, y, xv, yv, n: _smallest([-loss for loss in _degrees(x, y, xv, yv, n)]),
    },
    hints=("For each degree: fit on the training set, measure on the validation set, keep the loss.",
           "`x[:, None] ** torch.arange(degree + 1)` is the (m, degree + 1) matrix of columns.",
           "`torch.linalg.lstsq(A, y_train[:, None]).solution` is theta; `argmin` of the losses is the degree."),
    praise="The best degrees were 0, 3, 4 and the largest allowed. Only the validation set could know.",
)
