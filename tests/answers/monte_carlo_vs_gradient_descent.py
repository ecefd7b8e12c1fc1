"""Answers to the exercises of notebook 02: right ones by other routes, wrong ones as learners write them."""

import math

import numpy as np
import torch

from tests.answers import right, wrong


@wrong("estimate_pi", "divides by a fixed 500 instead of the number of points")
def pi_of_500(points):
    return 4 * ((points**2).sum(dim=1) <= 1).sum() / 500


@wrong("estimate_pi", "the squares are added over the points, dim=0")
def pi_over_points(points):
    return 4 * ((points**2).sum(dim=0) <= 1).float().mean()


@wrong("estimate_pi", "points on the circle are left out")
def pi_without_edge(points):
    return 4 * ((points**2).sum(dim=1) < 1).float().mean()


@wrong("estimate_pi", "twice the share, as if the points covered half a circle")
def pi_of_half(points):
    inside = (points**2).sum(dim=1) <= 1
    return 2 * inside.float().mean()


@wrong("estimate_pi", "the ratio of inside to outside, not to all")
def pi_inside_to_outside(points):
    inside = points.norm(dim=1) <= 1
    return 4 * inside.sum() / (~inside).sum()


@right("estimate_pi")
def pi_by_norm(points):
    return 4 * (torch.linalg.vector_norm(points, dim=1) <= 1).double().mean()


@right("estimate_pi")
def pi_by_columns(points):
    x, y = points[:, 0], points[:, 1]
    return (x * x + y * y <= 1).sum().item() / len(points) * 4


@wrong("best_guess", "the targets are never subtracted")
def guess_without_targets(X, y, thetas):
    return thetas[((thetas @ X.T) ** 2).mean(dim=1).argmin()]


@wrong("best_guess", "the smallest guess instead of the smallest loss")
def guess_of_smallest_norm(X, y, thetas):
    return thetas[thetas.norm(dim=1).argmin()]


@wrong("best_guess", "the largest miss decides, not the mean")
def guess_by_largest_miss(X, y, thetas):
    return thetas[(thetas @ X.T - y).abs().amax(dim=1).argmin()]


@wrong("best_guess", "the mean comes before the square")
def guess_mean_then_square(X, y, thetas):
    return thetas[((thetas @ X.T - y).mean(dim=1) ** 2).argmin()]


@wrong("best_guess", "keeps the row's axis: the shape is (1, n)")
def guess_as_a_row(X, y, thetas):
    losses = ((thetas @ X.T - y) ** 2).mean(dim=1)
    return thetas[losses.argmin(keepdim=True)]


@right("best_guess")
def guess_by_sum(X, y, thetas):
    misses = X @ thetas.T - y[:, None]
    return thetas[misses.square().sum(dim=0).argmin()]


@right("best_guess")
def guess_by_sorting(X, y, thetas):
    losses = torch.einsum("Nn,mn->Nm", thetas, X).sub(y).pow(2).mean(1)
    return thetas[losses.argsort()[0]]


@wrong("gradient_by_hand", "the square is differentiated without the inner derivative and without b")
def gradient_without_b(x, y, a, b):
    miss = a * x - y
    return 2 * (miss * x).mean(), 2 * miss.mean()


@wrong("gradient_by_hand", "multiplied by a instead of by x")
def gradient_times_a(x, y, a, b):
    miss = a * x + b - y
    return 2 * (miss * a).mean(), 2 * miss.mean()


@wrong("gradient_by_hand", "divided by 2m, the convention with the half in front")
def gradient_of_2m(x, y, a, b):
    miss, m = a * x + b - y, len(x)
    return (miss * x).sum() / (2 * m), miss.sum() / (2 * m)


@wrong("gradient_by_hand", "the miss is squared again: chain rule applied to the loss itself")
def gradient_of_squares(x, y, a, b):
    miss = (a * x + b - y) ** 2
    return 2 * (miss * x).mean(), 2 * miss.mean()


@wrong("gradient_by_hand", "only the a-part has the sign turned")
def gradient_half_signed(x, y, a, b):
    miss = y - (a * x + b)
    return -2 * (miss * x).mean(), 2 * miss.mean()


@right("gradient_by_hand")
def gradient_by_matrix(x, y, a, b):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    grad = 2 / len(x) * X.T @ (X @ torch.stack([a, b]) - y)
    return grad[0], grad[1]


@right("gradient_by_hand")
def gradient_multiplied_out(x, y, a, b):
    da = 2 * (a * (x * x).mean() + b * x.mean() - (x * y).mean())
    db = 2 * (a * x.mean() + b - y.mean())
    return da, db


@wrong("largest_stable_lr", "the largest entry of the diagonal instead of the largest eigenvalue")
def limit_of_the_diagonal(X):
    H = 2 / len(X) * X.T @ X
    return 2 / H.diagonal().max()


@wrong("largest_stable_lr", "divided by the number of columns")
def limit_by_columns(X):
    H = 2 / X.shape[1] * X.T @ X
    return 2 / torch.linalg.eigvalsh(H)[-1]


@wrong("largest_stable_lr", "the singular value is not squared")
def limit_of_singular_value(X):
    return len(X) / torch.linalg.svdvals(X)[0]


@wrong("largest_stable_lr", "the first eigenvalue of an unordered list")
def limit_of_first_eigenvalue(X):
    H = 2 / len(X) * X.T @ X
    return 2 / torch.linalg.eigvals(H).real[-1]


@wrong("largest_stable_lr", "the mean curvature instead of the largest")
def limit_of_mean_curvature(X):
    curvatures = torch.linalg.eigvalsh(2 / len(X) * X.T @ X)
    return 2 / curvatures.mean()


@right("largest_stable_lr")
def limit_by_svd(X):
    return len(X) / torch.linalg.svdvals(X).max() ** 2


@right("largest_stable_lr")
def limit_by_power_iteration(X):
    H, v = 2 / len(X) * X.T @ X, torch.ones(X.shape[1])
    for _ in range(500):
        v = H @ v
        v = v / v.norm()
    return 2 / (v @ H @ v)


@wrong("descend", "the gradient of the start is used in every step")
def descend_with_one_gradient(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    loss_fn(theta).backward()
    with torch.no_grad():
        for _ in range(num_steps):
            theta -= lr * theta.grad
    return theta.detach()


@wrong("descend", "the gradient is cleared between backward and the step")
def descend_cleared_too_early(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    for _ in range(num_steps):
        loss_fn(theta).backward()
        theta.grad.zero_()
        with torch.no_grad():
            theta -= lr * theta.grad
    return theta.detach()


@wrong("descend", "return stands inside the loop")
def descend_one_round(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    for _ in range(num_steps):
        loss_fn(theta).backward()
        with torch.no_grad():
            theta -= lr * theta.grad
        theta.grad = None
        return theta.detach()


@wrong("descend", "the learning rate is divided by the number of steps")
def descend_with_shared_rate(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    for _ in range(num_steps):
        loss_fn(theta).backward()
        with torch.no_grad():
            theta -= lr / num_steps * theta.grad
        theta.grad = None
    return theta.detach()


@wrong("descend", "the step has the gradient's direction only: it is divided by its length")
def descend_by_unit_steps(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    for _ in range(num_steps):
        loss_fn(theta).backward()
        with torch.no_grad():
            theta -= lr * theta.grad / theta.grad.norm()
        theta.grad = None
    return theta.detach()


@wrong("descend", "the result is still watched by autograd")
def descend_attached(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    for _ in range(num_steps):
        loss_fn(theta).backward()
        with torch.no_grad():
            theta -= lr * theta.grad
        theta.grad = None
    return theta


@right("descend")
def descend_by_autograd_grad(loss_fn, theta, lr, num_steps):
    for _ in range(num_steps):
        theta = theta.detach().requires_grad_()
        (grad,) = torch.autograd.grad(loss_fn(theta), theta)
        theta = theta - lr * grad
    return theta.detach()


@right("descend")
def descend_by_data(loss_fn, theta, lr, num_steps):
    theta = theta.clone().requires_grad_()
    for _ in range(num_steps):
        theta.grad = None
        loss_fn(theta).backward()
        theta.data = theta.data - lr * theta.grad
    return theta.data


@wrong("choose_degree", "the smallest mean absolute error decides")
def degree_by_absolute_error(x_train, y_train, x_valid, y_valid, max_degree):
    losses = []
    for degree in range(max_degree + 1):
        k = torch.arange(degree + 1)
        theta = torch.linalg.lstsq(x_train[:, None] ** k, y_train[:, None]).solution
        losses.append(((x_valid[:, None] ** k @ theta)[:, 0] - y_valid).abs().mean())
    return int(torch.stack(losses).argmin())


@wrong("choose_degree", "the loop ends one degree too early")
def degree_without_last(x_train, y_train, x_valid, y_valid, max_degree):
    losses = []
    for degree in range(max_degree):
        k = torch.arange(degree + 1)
        theta = torch.linalg.lstsq(x_train[:, None] ** k, y_train[:, None]).solution
        losses.append(((x_valid[:, None] ** k @ theta)[:, 0] - y_valid).pow(2).mean())
    return int(torch.stack(losses).argmin())


@wrong("choose_degree", "the constant column is missing: powers from 1 on")
def degree_without_constant(x_train, y_train, x_valid, y_valid, max_degree):
    losses = [y_valid.pow(2).mean()]
    for degree in range(1, max_degree + 1):
        k = torch.arange(1, degree + 1)
        theta = torch.linalg.lstsq(x_train[:, None] ** k, y_train[:, None]).solution
        losses.append(((x_valid[:, None] ** k @ theta)[:, 0] - y_valid).pow(2).mean())
    return int(torch.stack(losses).argmin())


@wrong("choose_degree", "stops at the first rise of the validation loss")
def degree_at_first_rise(x_train, y_train, x_valid, y_valid, max_degree):
    best = math.inf
    for degree in range(max_degree + 1):
        k = torch.arange(degree + 1)
        theta = torch.linalg.lstsq(x_train[:, None] ** k, y_train[:, None]).solution
        loss = ((x_valid[:, None] ** k @ theta)[:, 0] - y_valid).pow(2).mean().item()
        if loss > best:
            return degree - 1
        best = loss
    return max_degree


@wrong("choose_degree", "always the rule of the page's last data, a cubic")
def degree_three(x_train, y_train, x_valid, y_valid, max_degree):
    return 3


@right("choose_degree")
def degree_by_normal_equations(x_train, y_train, x_valid, y_valid, max_degree):
    best = (math.inf, 0)
    for degree in range(max_degree + 1):
        A = torch.stack([x_train**k for k in range(degree + 1)], dim=1)
        theta = torch.linalg.solve(A.T @ A, A.T @ y_train)
        y_hat = sum(t * x_valid**k for k, t in enumerate(theta))
        best = min(best, (((y_hat - y_valid) ** 2).mean().item(), degree))
    return best[1]


@right("choose_degree")
def degree_by_polyfit(x_train, y_train, x_valid, y_valid, max_degree):
    losses = []
    for degree in range(max_degree + 1):
        fit = np.polyfit(x_train.numpy(), y_train.numpy(), degree)
        losses.append(((np.polyval(fit, x_valid.numpy()) - y_valid.numpy()) ** 2).mean())
    return int(np.argmin(losses))
