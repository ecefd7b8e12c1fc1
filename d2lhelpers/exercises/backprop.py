"""Exercises of `04_backprop.ipynb`."""

import torch
import torch.nn.functional as F

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis.conditions import without_autograd
from d2lhelpers.diagnosis.watched import calls


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(*shape, generator=generator) for shape in shapes)


def _quartic(x):
    return x**4 - 2 * x**3 + x


def _wave(x):
    return (x - 1) ** 4 + 3 * x**2


def _dome(x):
    return 3 - x**2 - x**4


def _low(x):
    return x**3 - 5 * x - 4


def _derivative(f, x, order):
    """Return the exact derivative by autograd."""
    x = x.clone().requires_grad_()
    y = f(x)
    for _ in range(order):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
    return y.detach()


_x = torch.tensor(1.5, dtype=torch.float64)
curvature = Exercise(
    inputs=[(_quartic, _x, 0.5), (_wave, -2 * _x, 0.25), (_low, _x / 2, 0.3),  # f < 0 at all three points
            (_dome, _x, 0.5)],
    oracle=lambda f, x, h: _derivative(f, x, 2) + h**2 / 12 * _derivative(f, x, 4),  # Taylor; exact for a quartic
    mistakes={
        "that is the slope (central difference). The curvature is the slope of the slope.":
            lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h),
        "you divide by h. A difference of two slopes has been divided by h twice: h².":
            lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h,
        "the middle point counts twice: − 2 f(x).":
            lambda f, x, h: (f(x + h) - f(x) + f(x - h)) / h**2,
        "the outer points are *added*: f(x + h) + f(x − h).":
            lambda f, x, h: (f(x + h) - 2 * f(x) - f(x - h)) / h**2,
        "the sign is turned round: a valley (x²) has positive curvature.":
            lambda f, x, h: -(f(x + h) - 2 * f(x) + f(x - h)) / h**2,
        "you divide by (2h)². The two slopes are h apart, not 2h.":
            lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / (2 * h) ** 2,
        "no point lies to the left of x: the result belongs to x + h.":
            lambda f, x, h: (f(x + 2 * h) - 2 * f(x + h) + f(x)) / h**2,
        "you divide by (1 + slope²)^1.5, as for the radius of a road. The second derivative alone was asked for.":
            lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h**2
                            / (1 + ((f(x + h) - f(x - h)) / (2 * h)) ** 2) ** 1.5,
        "the division is missing: that is only the bend in the three values.":
            lambda f, x, h: f(x + h) - 2 * f(x) + f(x - h),
    },
    hints=("The slope just right of x is (f(x + h) − f(x)) / h. And just left of it?",
           "The curvature is the right slope minus the left slope, divided by their distance h.",
           "`(f(x + h) - 2 * f(x) + f(x - h)) / h**2`"),
    praise="Its error falls like h², and round-off grows like 1/h²: the best h is larger than for a slope.",
)


def _tanh(dY, Y):
    X = torch.atanh(Y).requires_grad_()
    torch.tanh(X).backward(dY)
    return X.grad


_tanh_inputs = [(dY, Z.tanh()) for dY, Z in (_random(0, (4, 3), (4, 3)), _random(1, (5,), (5,)))]
tanh_backward = Exercise(
    inputs=_tanh_inputs,
    oracle=_tanh,
    mistakes={
        "that is the local slope alone: multiply it by the gradient that arrives, dY.":
            lambda dY, Y: 1 - Y**2,
        "the square is missing: the slope of tanh is 1 − Y².":
            lambda dY, Y: dY * (1 - Y),
        "that is the slope of the sigmoid, Y (1 − Y).":
            lambda dY, Y: dY * Y * (1 - Y),
        "you take tanh again: Y is the *output* already.":
            lambda dY, Y: dY * (1 - torch.tanh(Y) ** 2),
        "plus instead of minus: the slope of tanh is never above 1.":
            lambda dY, Y: dY * (1 + Y**2),
        "you pass the gradient on unchanged, as addition would.":
            lambda dY, Y: dY.clone(),
        "that is dY times the output; it wants dY times the local slope, 1 − Y².":
            lambda dY, Y: dY * Y,
        "gradient times slope: multiply, do not add.":
            lambda dY, Y: dY + (1 - Y**2),
    },
    hints=("dX is dY times the local slope, element by element.",
           "The slope of tanh can be written with the output alone, as for the sigmoid.",
           "`dY * (1 - Y**2)`"),
    praise="Only the output had to be kept, not the input.",
)


def _shortcut(dY, X, W):
    X, W = X.clone().requires_grad_(), W.clone().requires_grad_()
    (F.relu(X @ W) + X).backward(dY)
    return X.grad, W.grad


def _masked(dY, X, W):
    return dY * (X @ W > 0)


_shut = (torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]]),  # X @ W is exactly 0 in two places
         torch.tensor([[1.0, 1.0], [2.0, -1.0], [-1.0, 2.0]]), torch.tensor([[1.0, 2.0], [-1.0, 0.5]]))
shortcut_backward = Exercise(
    inputs=[_random(0, (5, 3), (5, 3), (3, 3)), _random(1, (2, 4), (2, 4), (4, 4)), _shut],
    oracle=_shortcut,
    conditions=(without_autograd,),
    mistakes={
        "at exactly 0 the gate is shut: the ReLU's slope there is 0, so `>` and not `>=`.":
            lambda dY, X, W: (dY * (X @ W >= 0) @ W.T + dY, X.T @ (dY * (X @ W >= 0))),
        "the shortcut is missing: X is used twice, so two gradients arrive at it and add up.":
            lambda dY, X, W: (_masked(dY, X, W) @ W.T, X.T @ _masked(dY, X, W)),
        "dX has the shortcut only. The way through W and the ReLU belongs to it too.":
            lambda dY, X, W: (dY.clone(), X.T @ _masked(dY, X, W)),
        "the ReLU is missing: where X @ W was negative, no gradient gets through.":
            lambda dY, X, W: (dY @ W.T + dY, X.T @ dY),
        "the ReLU looked at X @ W, not at X.":
            lambda dY, X, W: (dY * (X > 0) @ W.T + dY, X.T @ (dY * (X > 0))),
        "the shortcut goes round the ReLU: its gradient is not masked.":
            lambda dY, X, W: (_masked(dY, X, W) @ W.T + _masked(dY, X, W), X.T @ _masked(dY, X, W)),
        "W must be transposed on the way back: `@ W.T`.":
            lambda dY, X, W: (_masked(dY, X, W) @ W + dY, X.T @ _masked(dY, X, W)),
        "dW forgets the ReLU: mask dY before you multiply.":
            lambda dY, X, W: (_masked(dY, X, W) @ W.T + dY, X.T @ dY),
        "dW is transposed: it must be laid out like W, so `X.T @ …`.":
            lambda dY, X, W: (_masked(dY, X, W) @ W.T + dY, _masked(dY, X, W).T @ X),
    },
    hints=("X is used twice. At a branch, the gradients of both ways are added.",
           "First `dZ = dY * (X @ W > 0)`, the gradient in front of the ReLU.",
           "`return dZ @ W.T + dY, X.T @ dZ`"),
    praise="The `+ dY` gets through even where every gate is shut: a reason why deep ResNets can be trained.",
)


def _smooth_loss(logits, y, eps):
    logits = logits.clone().requires_grad_()
    F.cross_entropy(logits, y, label_smoothing=eps).backward()
    return logits.grad


def _pull(logits, targets):
    return (logits.softmax(dim=1) - targets) / len(logits)


def _one_hot(logits, y):
    return F.one_hot(y, logits.shape[1]).float()


def _smooth(logits, y, eps):
    return (1 - eps) * _one_hot(logits, y) + eps / logits.shape[1]


smooth_loss_backward = Exercise(
    inputs=[(*_random(0, (3, 4)), torch.tensor([0, 3, 1]), 0.1), (*_random(1, (2, 5)), torch.tensor([4, 4]), 0.4)],
    oracle=_smooth_loss,
    conditions=(without_autograd,),
    mistakes={
        "the labels are still one-hot: mix them with the uniform distribution first.":
            lambda logits, y, eps: _pull(logits, _one_hot(logits, y)),
        "the loss is a *mean* over the batch: divide by B.":
            lambda logits, y, eps: len(y) * _smooth_loss(logits, y, eps),
        "the sign is turned round: it is P − T, not T − P.":
            lambda logits, y, eps: -_smooth_loss(logits, y, eps),
        "you give eps to the *other* classes only. Each of the C classes gets eps / C, the right one too.":
            lambda logits, y, eps: _pull(logits, torch.where(_one_hot(logits, y) > 0, 1 - eps,
                                                             eps / (logits.shape[1] - 1))),
        "you add eps / C without taking eps away from the one: the targets must sum to 1.":
            lambda logits, y, eps: _pull(logits, _one_hot(logits, y) + eps / logits.shape[1]),
        "you give eps to every class. All C of them share it: eps / C each.":
            lambda logits, y, eps: _pull(logits, (1 - eps) * _one_hot(logits, y) + eps),
        "the softmax runs over the batch (dim=0). Each row is one example: dim=1.":
            lambda logits, y, eps: (logits.softmax(dim=0) - _smooth(logits, y, eps)) / len(y),
        "the rows are added up. Each example has a gradient of its own, shape (B, C).":
            lambda logits, y, eps: _smooth_loss(logits, y, eps).sum(dim=0),
        "that is the loss. Its gradient in the logits was asked for, shape (B, C).":
            lambda logits, y, eps: F.cross_entropy(logits, y, label_smoothing=eps),
    },
    hints=("For any targets T whose rows sum to 1, the gradient is (P − T) / B.",
           "T is (1 − eps) times one-hot, plus eps / C everywhere.",
           "`T = (1 - eps) * F.one_hot(y, C) + eps / C`, then `(logits.softmax(dim=1) - T) / B`"),
    praise="With smoothed labels even a right answer is pulled back once it is too sure of itself.",
)


def _adjoint(parents, slopes):
    """Solve for all gradients at once: g = last + Aᵀ g, with A[node, parent] = slope."""
    n = len(parents)
    A = torch.zeros(n, n, dtype=torch.float64)
    for node in range(n):
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            A[node, parent] += slope
    return torch.linalg.solve(torch.eye(n, dtype=torch.float64) - A.T, torch.eye(n, dtype=torch.float64)[-1]).tolist()


def _queue(parents, slopes, once):
    """Take nodes from a queue in the order in which they were met, not when they are complete."""
    grads = [0.0] * (len(parents) - 1) + [1.0]
    queue, done = [len(parents) - 1], set()
    while queue:
        node = queue.pop(0)
        if once and node in done:
            continue
        done.add(node)
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            grads[parent] += slope * grads[node]
            queue.append(parent)
    return grads


def _recursive(parents, slopes):
    grads = [0.0] * (len(parents) - 1) + [1.0]

    def visit(node):
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            grads[parent] += slope * grads[node]
            visit(parent)

    visit(len(parents) - 1)
    return grads


def _walk(parents, slopes, order=reversed, start=1.0, push=lambda old, slope, grad: old + slope * grad):
    grads = [0.0] * (len(parents) - 1) + [start]
    for node in order(range(len(parents))):
        for parent, slope in zip(parents[node], slopes[node], strict=True):
            grads[parent] = push(grads[parent], slope, grads[node])
    return grads


def _without_torch(trial):
    used = [name for name in calls(trial, trial.copied()) if not name.startswith("_")]
    return f"the numbers are right, but torch's `{used[0]}` takes part: plain Python was asked for." if used else None


blame = Exercise(
    inputs=[([(), (), (0, 1), (0, 1), (2, 3)], [(), (), (3.0, 2.0), (1.0, 1.0), (5.0, 6.0)]),
            ([(), (0,), (0,), (1, 2), (3, 0), (4,)], [(), (2.0,), (-1.0,), (1.0, 4.0), (0.5, 3.0), (-2.0,)]),
            # an inner node with two users, then two such in a row with a way past both
            ([(), (0,), (1,), (1,), (2, 3)], [(), (2.0,), (3.0,), (4.0,), (1.0, 1.0)]),
            ([(), (0,), (1,), (1,), (2, 3), (4,), (4, 1), (5, 6)],
             [(), (2.0,), (3.0,), (-1.0,), (1.0, 2.0), (0.5,), (1.5, -2.0), (3.0, 1.0)]),
            # one node used twice by the same user, and one that does not reach the loss
            ([(), (), (0, 0), (1, 2), (2,)], [(), (), (3.0, 4.0), (1.0, 7.0), (5.0,)])],
    oracle=_adjoint,
    conditions=(_without_torch,),
    vary=lambda args, random: (args[0], [tuple(random.choice((-2.0, -1.0, 0.5, 3.0)) for _ in one) for one in args[1]]),
    mistakes={
        "a node that is used twice gets a gradient twice: `+=`, not `=`.":
            lambda parents, slopes: _walk(parents, slopes, push=lambda old, slope, grad: slope * grad),
        "a node with two users passes on all that it has each time it is entered: wait until both have reported.":
            _recursive,
        "a node with two users stands in your queue twice, and passes on the same gradient again.":
            lambda parents, slopes: _queue(parents, slopes, once=False),
        "a node with two users passes its gradient on before the second one has reported.":
            lambda parents, slopes: _queue(parents, slopes, once=True),
        "only the parents of the loss get a gradient. Walk from the last node to the first, so that each one has "
        "collected its own before it passes it on: `reversed`.":
            lambda parents, slopes: _walk(parents, slopes, order=list),
        "the walk needs a start: the gradient of the loss in itself is 1.":
            lambda parents, slopes: _walk(parents, slopes, start=0.0),
        "the slopes are missing: the gradient changes on every edge.":
            lambda parents, slopes: _walk(parents, slopes, push=lambda old, slope, grad: old + grad),
        "gradient *times* slope: along a path the slopes multiply.":
            lambda parents, slopes: _walk(parents, slopes, push=lambda old, slope, grad: old + slope + grad),
        "the gradient that arrives is missing: you add up the slopes alone.":
            lambda parents, slopes: _walk(parents, slopes, push=lambda old, slope, grad: old + slope),
        "the gradients of several ways add up; they do not multiply.":
            lambda parents, slopes: _walk(parents, slopes, push=lambda old, slope, grad: (old or 1) * slope * grad),
    },
    hints=("Start with zeros, and 1 for the last node. Then walk from the last node to the first.",
           "For each parent of a node: `grads[parent] += slope * grads[node]`.",
           "`for node in reversed(range(len(parents))):` and inside "
           "`for parent, slope in zip(parents[node], slopes[node]):`"),
    praise="It differentiates any graph whose local slopes you know. The check solved a linear system instead.",
)


def _two_layer(X, y, W1, b1, W2, b2):
    parameters = [value.clone().requires_grad_() for value in (W1, b1, W2, b2)]
    W1, b1, W2, b2 = parameters
    F.cross_entropy(torch.sigmoid(X @ W1 + b1) @ W2 + b2, y).backward()
    return tuple(value.grad for value in parameters)


def _by_hand(X, y, W1, b1, W2, b2, slope=lambda A, Z: A * (1 - A), scale=1.0, feed=lambda A, Z: A,
             collect=lambda d: d.sum(dim=0)):
    Z = X @ W1 + b1
    A = torch.sigmoid(Z)
    dY = scale * _pull(A @ W2 + b2, _one_hot(A @ W2, y))
    dZ = dY @ W2.T * slope(A, Z)
    return X.T @ dZ, collect(dZ), feed(A, Z).T @ dY, collect(dY)


def _network(seed, B, n, h, c):
    X, W1, b1, W2, b2 = _random(seed, (B, n), (n, h), (h,), (h, c), (c,))
    return X, torch.arange(B) % c, W1, b1, W2, b2


def _exchanged(*args):
    dW1, db1, dW2, db2 = _two_layer(*args)
    return dW2, db2, dW1, db1


two_layer_gradients = Exercise(
    inputs=[_network(0, 6, 4, 5, 3), _network(1, 3, 2, 4, 4)],
    oracle=_two_layer,
    conditions=(without_autograd,),
    mistakes={
        "the slope of the sigmoid is missing between the two layers.":
            lambda *args: _by_hand(*args, slope=lambda A, Z: 1),
        "σ′ = A (1 − A) wants the sigmoid's *output*; you gave it the input Z.":
            lambda *args: _by_hand(*args, slope=lambda A, Z: Z * (1 - Z)),
        "that is the slope of a ReLU; this network has a sigmoid.":
            lambda *args: _by_hand(*args, slope=lambda A, Z: Z > 0),
        "the loss is a *mean* over the batch: divide P − T by B.":
            lambda *args: _by_hand(*args, scale=len(args[0])),
        "everything has the wrong sign: it is P − T, not T − P.":
            lambda *args: _by_hand(*args, scale=-1.0),
        "dW2 belongs to what entered the second layer: the sigmoid's output A, not Z.":
            lambda *args: _by_hand(*args, feed=lambda A, Z: Z),
        "db is the *sum* over the batch; the 1/B is in P − T already.":
            lambda *args: _by_hand(*args, collect=lambda d: d.mean(dim=0)),
        "the order is dW1, db1, dW2, db2.":
            _exchanged,
    },
    hints=("Forward first: Z = X @ W1 + b1, A = σ(Z), P = softmax of A @ W2 + b2. Keep A and P.",
           "The gradient at the logits is `dY = (P - F.one_hot(y, C)) / B`; behind the sigmoid it is "
           "`dZ = dY @ W2.T * A * (1 - A)`.",
           "`return X.T @ dZ, dZ.sum(dim=0), A.T @ dY, dY.sum(dim=0)`"),
    praise="That is the whole of backpropagation for a network, in six lines.",
)
