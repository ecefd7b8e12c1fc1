"""Answers to the exercises of notebook 04: right ones by other routes, wrong ones as learners write them."""
# ruff: noqa: B905  learners write zip without strict

import torch
import torch.nn.functional as F

from tests.answers import right, wrong


@wrong("curvature", "a central difference of central differences: the points are x − 2h and x + 2h")
def wide(f, x, h):
    def slope(z):
        return (f(z + h) - f(z - h)) / (2 * h)
    return (slope(x + h) - slope(x - h)) / (2 * h)


@wrong("curvature", "a forward difference of forward differences: it belongs to x + h")
def forward_twice(f, x, h):
    def slope(z):
        return (f(z + h) - f(z)) / h
    return (slope(x + h) - slope(x)) / h


@wrong("curvature", "the whole is divided by 2h²")
def half(f, x, h):
    return (f(x + h) - 2 * f(x) + f(x - h)) / (2 * h**2)


@wrong("curvature", "the brackets are missing: only the last term is divided")
def unbracketed(f, x, h):
    return f(x + h) - 2 * f(x) + f(x - h) / h**2


@wrong("curvature", "the slope is squared")
def squared(f, x, h):
    return ((f(x + h) - f(x - h)) / (2 * h)) ** 2


@right("curvature")
def two_slopes(f, x, h):
    ahead = (f(x + h) - f(x)) / h
    behind = (f(x) - f(x - h)) / h
    return (ahead - behind) / h


@right("curvature")
def stacked(f, x, h):
    values = torch.stack([f(x + step * h) for step in (-1, 0, 1)])
    return values @ torch.tensor([1.0, -2.0, 1.0], dtype=values.dtype) / h**2


@wrong("tanh_backward", "the square of the gradient: dY is inside the square")
def square_of_all(dY, Y):
    return 1 - (dY * Y) ** 2


@wrong("tanh_backward", "the root of the slope: 1 − Y² under a square root, as for sin and cos")
def rooted(dY, Y):
    return dY * torch.sqrt(1 - Y**2)


@wrong("tanh_backward", "divides by the slope: that is the way forward")
def divided(dY, Y):
    return dY / (1 - Y**2)


@wrong("tanh_backward", "a matrix product where an element-wise one is needed; a vector gives one number")
def matrix_product(dY, Y):
    return dY.T @ (1 - Y**2)


@wrong("tanh_backward", "a mean over all entries")
def averaged(dY, Y):
    return dY * (1 - Y**2) / Y.numel()


@right("tanh_backward")
def two_factors(dY, Y):
    return dY * (1 - Y) * (1 + Y)


@right("tanh_backward")
def through_the_input(dY, Y):
    return dY / torch.cosh(torch.atanh(Y)) ** 2


@wrong("shortcut_backward", "the gate is open at exactly 0")
def open_at_zero(dY, X, W):
    Z = X @ W
    dZ = torch.where(Z < 0, torch.zeros_like(dY), dY)
    return dZ @ W.T + dY, X.T @ dZ


@wrong("shortcut_backward", "the gate looks at Y, the output with the shortcut in it")
def gate_of_output(dY, X, W):
    Y = F.relu(X @ W) + X
    dZ = dY * (Y > 0)
    return dZ @ W.T + dY, X.T @ dZ


@wrong("shortcut_backward", "X itself is added, not the gradient that takes the shortcut")
def adds_x(dY, X, W):
    dZ = dY * (X @ W > 0)
    return dZ @ W.T + X, X.T @ dZ


@wrong("shortcut_backward", "the ReLU's value in place of its slope")
def value_for_slope(dY, X, W):
    dZ = dY * F.relu(X @ W)
    return dZ @ W.T + dY, X.T @ dZ


@wrong("shortcut_backward", "dW is divided by the batch")
def mean_over_batch(dY, X, W):
    dZ = dY * (X @ W > 0)
    return dZ @ W.T + dY, X.T @ dZ / len(X)


@wrong("shortcut_backward", "by autograd, which was excluded")
def shortcut_by_autograd(dY, X, W):
    X, W = X.clone().requires_grad_(), W.clone().requires_grad_()
    Y = F.relu(X @ W) + X
    return torch.autograd.grad(Y, (X, W), dY)


@right("shortcut_backward")
def where_open(dY, X, W):
    dZ = torch.where(X @ W > 0, dY, torch.zeros_like(dY))
    return dY + dZ.matmul(W.t()), X.t().matmul(dZ)


@right("shortcut_backward")
def one_example_at_a_time(dY, X, W):
    dX, dW = dY.clone(), torch.zeros_like(W)
    for i in range(len(X)):
        dz = dY[i] * (X[i] @ W).sign().clamp(min=0)
        dX[i] += W @ dz
        dW += torch.outer(X[i], dz)
    return dX, dW


@wrong("smooth_loss_backward", "softmax is left out: the logits are taken for probabilities")
def no_softmax(logits, y, eps):
    B, C = logits.shape
    T = (1 - eps) * F.one_hot(y, C) + eps / C
    return (logits - T) / B


@wrong("smooth_loss_backward", "log-probabilities in place of probabilities")
def logs(logits, y, eps):
    B, C = logits.shape
    T = (1 - eps) * F.one_hot(y, C) + eps / C
    return (logits.log_softmax(dim=1) - T) / B


@wrong("smooth_loss_backward", "divides by the number of all entries, as mse_loss would")
def all_entries(logits, y, eps):
    C = logits.shape[1]
    T = (1 - eps) * F.one_hot(y, C) + eps / C
    return (logits.softmax(dim=1) - T) / logits.numel()


@wrong("smooth_loss_backward", "smooths the prediction, not the target")
def smooths_prediction(logits, y, eps):
    B, C = logits.shape
    P = (1 - eps) * logits.softmax(dim=1) + eps / C
    return (P - F.one_hot(y, C)) / B


@wrong("smooth_loss_backward", "eps / B in place of eps / C")
def shared_by_batch(logits, y, eps):
    B, C = logits.shape
    T = (1 - eps) * F.one_hot(y, C) + eps / B
    return (logits.softmax(dim=1) - T) / B


@wrong("smooth_loss_backward", "by autograd, which was excluded")
def smooth_by_autograd(logits, y, eps):
    logits = logits.clone().requires_grad_()
    loss = F.cross_entropy(logits, y, label_smoothing=eps)
    loss.backward()
    return logits.grad


@right("smooth_loss_backward")
def subtract_in_place(logits, y, eps):
    grad = logits.softmax(dim=1) - eps / logits.shape[1]
    grad[torch.arange(len(y)), y] -= 1 - eps
    return grad / len(y)


@right("smooth_loss_backward")
def by_exponentials(logits, y, eps):
    B, C = logits.shape
    powers = torch.exp(logits - logits.amax(dim=1, keepdim=True))
    T = torch.full_like(logits, eps / C).scatter_add(1, y[:, None], torch.full((B, 1), 1 - eps))
    return (powers / powers.sum(dim=1, keepdim=True) - T).div(B)


@wrong("blame", "depth first, and every visit passes on all that has come together so far")
def depth_first(parents, slopes):
    grads = [0.0] * len(parents)
    grads[-1] = 1.0
    def walk(node):
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope * grads[node]
            walk(parent)
    walk(len(parents) - 1)
    return grads


@wrong("blame", "breadth first, each node once, but before all of its users have reported")
def breadth_first(parents, slopes):
    grads = [0.0] * len(parents)
    grads[-1] = 1.0
    queue, seen = [len(parents) - 1], set()
    while queue:
        node = queue.pop(0)
        if node in seen:
            continue
        seen.add(node)
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope * grads[node]
            queue.append(parent)
    return grads


@wrong("blame", "a dictionary keeps only the last slope of a node that is used twice")
def last_slope(parents, slopes):
    grads = [0.0] * len(parents)
    grads[-1] = 1.0
    for node in reversed(range(len(parents))):
        for parent, slope in dict(zip(parents[node], slopes[node])).items():
            grads[parent] += slope * grads[node]
    return grads


@wrong("blame", "the first parent only")
def first_parent(parents, slopes):
    grads = [0.0] * len(parents)
    grads[-1] = 1.0
    for node in reversed(range(len(parents))):
        if parents[node]:
            grads[parents[node][0]] += slopes[node][0] * grads[node]
    return grads


@wrong("blame", "the loop leaves out the last node, so nothing ever starts to flow")
def without_the_loss(parents, slopes):
    grads = [0.0] * len(parents)
    grads[-1] = 1.0
    for node in range(len(parents) - 2, -1, -1):
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope * grads[node]
    return grads


@right("blame")
def from_the_users(parents, slopes):
    n = len(parents)
    grads = [0.0] * n
    for node in range(n - 1, -1, -1):
        own = 1.0 if node == n - 1 else 0.0
        for user in range(node + 1, n):
            for parent, slope in zip(parents[user], slopes[user]):
                if parent == node:
                    own += slope * grads[user]
        grads[node] = own
    return grads


@right("blame")
def all_paths(parents, slopes):
    grads = [0.0] * len(parents)
    def walk(node, product):
        grads[node] += product
        for parent, slope in zip(parents[node], slopes[node]):
            walk(parent, product * slope)
    walk(len(parents) - 1, 1.0)
    return grads


@right("blame")
def count_the_users(parents, slopes):
    waiting = [0] * len(parents)
    for one in parents:
        for parent in one:
            waiting[parent] += 1
    grads = [0.0] * len(parents)
    grads[-1] = 1.0
    ready = [node for node in range(len(parents)) if waiting[node] == 0]
    while ready:
        node = ready.pop()
        for parent, slope in zip(parents[node], slopes[node]):
            grads[parent] += slope * grads[node]
            waiting[parent] -= 1
            if waiting[parent] == 0:
                ready.append(parent)
    return grads


@wrong("two_layer_gradients", "the sigmoid's slope is taken of the gradient, not of the activation")
def slope_of_gradient(X, y, W1, b1, W2, b2):
    A = torch.sigmoid(X @ W1 + b1)
    P = torch.softmax(A @ W2 + b2, dim=1)
    dY = (P - F.one_hot(y, P.shape[1])) / len(y)
    dA = dY @ W2.T
    dZ = dA * (1 - dA)
    return X.T @ dZ, dZ.sum(dim=0), A.T @ dY, dY.sum(dim=0)


@wrong("two_layer_gradients", "the hidden gradient is divided by B once more")
def divided_twice(X, y, W1, b1, W2, b2):
    B = len(y)
    A = torch.sigmoid(X @ W1 + b1)
    P = torch.softmax(A @ W2 + b2, dim=1)
    dY = (P - F.one_hot(y, P.shape[1])) / B
    dZ = dY @ W2.T * A * (1 - A)
    return X.T @ dZ / B, dZ.sum(dim=0) / B, A.T @ dY, dY.sum(dim=0)


@wrong("two_layer_gradients", "a sigmoid in place of the softmax")
def sigmoid_at_the_end(X, y, W1, b1, W2, b2):
    A = torch.sigmoid(X @ W1 + b1)
    P = torch.sigmoid(A @ W2 + b2)
    dY = (P - F.one_hot(y, P.shape[1])) / len(y)
    dZ = dY @ W2.T * A * (1 - A)
    return X.T @ dZ, dZ.sum(dim=0), A.T @ dY, dY.sum(dim=0)


@wrong("two_layer_gradients", "forgets b1 on the way forward")
def without_b1(X, y, W1, b1, W2, b2):
    A = torch.sigmoid(X @ W1)
    P = torch.softmax(A @ W2 + b2, dim=1)
    dY = (P - F.one_hot(y, P.shape[1])) / len(y)
    dZ = dY @ W2.T * A * (1 - A)
    return X.T @ dZ, dZ.sum(dim=0), A.T @ dY, dY.sum(dim=0)


@wrong("two_layer_gradients", "by autograd, which was excluded")
def two_layers_by_autograd(X, y, W1, b1, W2, b2):
    parameters = [p.clone().requires_grad_() for p in (W1, b1, W2, b2)]
    W1, b1, W2, b2 = parameters
    loss = F.cross_entropy(torch.sigmoid(X @ W1 + b1) @ W2 + b2, y)
    return torch.autograd.grad(loss, parameters)


@right("two_layer_gradients")
def index_the_label(X, y, W1, b1, W2, b2):
    A = 1 / (1 + torch.exp(-(X @ W1 + b1)))
    dY = torch.softmax(A @ W2 + b2, dim=1)
    dY[range(len(y)), y] -= 1
    dY = dY / len(y)
    dZ = (dY @ W2.T) * (A - A**2)
    return X.T @ dZ, dZ.sum(0), A.T @ dY, dY.sum(0)


@right("two_layer_gradients")
def summed_over_examples(X, y, W1, b1, W2, b2):
    dW1, db1, dW2, db2 = (torch.zeros_like(p) for p in (W1, b1, W2, b2))
    for x, label in zip(X, y):
        a = torch.sigmoid(x @ W1 + b1)
        d = torch.softmax(a @ W2 + b2, dim=0)
        d[label] -= 1
        dz = (W2 @ d) * a * (1 - a)
        dW1 += torch.outer(x, dz)
        db1 += dz
        dW2 += torch.outer(a, d)
        db2 += d
    return tuple(g / len(X) for g in (dW1, db1, dW2, db2))
