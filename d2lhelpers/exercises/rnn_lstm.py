"""Exercises of `09_rnn_lstm.ipynb`."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from d2lhelpers.checks import Exercise


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def _encode(text, vocab, unknown=0):
    return torch.tensor([vocab.index(char) if char in vocab else unknown for char in text])


encode_text = Exercise(
    inputs=[("春江花月夜", ["□", "月", "春", "。", "花"]), ("abba?c", ["#", "b", "a", "c"]),
            ("a#b", ["#", "b", "c", "a"])],
    oracle=_encode,
    mistakes={
        "a character outside the vocabulary stops you: `dict.get(char, 0)` gives 0 instead of a KeyError.":
            lambda text, vocab: torch.tensor([{char: i for i, char in enumerate(vocab)}[char] for char in text]),
        "a character outside the vocabulary stops you: `vocab.index` raises a ValueError for it.":
            lambda text, vocab: torch.tensor([vocab.index(char) for char in text]),
        "unknown characters are left out. Each keeps its place, as number 0.":
            lambda text, vocab: torch.tensor([vocab.index(char) for char in text if char in vocab]),
        "unknown characters get the last number; entry 0 is *unknown*.":
            lambda text, vocab: _encode(text, vocab, len(vocab) - 1),
        "unknown characters get −1; entry 0 is *unknown*.":
            lambda text, vocab: _encode(text, vocab, -1),
        "you count from 1: the first entry of the vocabulary has number 0.":
            lambda text, vocab: torch.tensor([vocab.index(c) + 1 if c in vocab else 0 for c in text]),
        "these are code points, the computer's numbers of the characters. Use their places in `vocab`.":
            lambda text, vocab: torch.tensor([ord(char) for char in text]),
        "that is one-hot. An embedding wants the numbers themselves, (len(text),).":
            lambda text, vocab: F.one_hot(_encode(text, vocab), len(vocab)),
    },
    hints=("Which place has each character in `vocab`? And those that have none?",
           "`{char: i for i, char in enumerate(vocab)}` is a dictionary from character to place.",
           "`torch.tensor([index.get(char, 0) for char in text])`"),
    praise="Any text is now a row of numbers.",
)


def _logits(seed, N, T, V):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(N, T, V, generator=generator), torch.randint(V, (N, T), generator=generator)


def _nats(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")


perplexity_of = Exercise(
    inputs=[_logits(0, 2, 5, 7), _logits(1, 3, 4, 6), _logits(10, 2, 5, 5)],  # T = V: swapped axes raise nothing
    oracle=lambda logits, targets: _nats(logits, targets).mean().exp(),
    mistakes={
        "that is the mean loss. The perplexity is e to it.":
            lambda logits, targets: _nats(logits, targets).mean(),
        "you averaged the perplexities of single characters. Average the losses first, then take e to the mean.":
            lambda logits, targets: _nats(logits, targets).exp().mean(),
        "you summed the losses; the mean was asked for.":
            lambda logits, targets: _nats(logits, targets).sum().exp(),
        "that is 2 to the loss. The loss is in nats, so the base is e.":
            lambda logits, targets: 2 ** _nats(logits, targets).mean(),
        "the sign is lost: that is e to the mean *log-probability*, which is 1 / perplexity.":
            lambda logits, targets: (-_nats(logits, targets).mean()).exp(),
        "you averaged the probabilities; average their logarithms.":
            lambda logits, targets: 1 / (-_nats(logits, targets)).exp().mean(),
        "softmax twice: `cross_entropy` wants the logits as they are.":
            lambda logits, targets: _nats(logits.softmax(dim=2), targets).mean().exp(),
        "that is one number per text. Average over all characters of all texts.":
            lambda logits, targets: _nats(logits, targets).view(targets.shape).mean(dim=1).exp(),
        "the axes do not fit: `cross_entropy` wants (M, V) and (M,). Flatten N and T into one.":
            lambda logits, targets: F.cross_entropy(logits, targets).exp(),
    },
    hints=("The loss per character is the cross-entropy in nats.",
           "`logits.flatten(0, 1)` is (N·T, V), `targets.flatten()` is (N·T,).",
           "`F.cross_entropy(…, …).exp()`"),
    praise="A perplexity of V would mean: no idea at all.",
)


def _drawn(logits, temperature):
    return F.pad((logits[1:] / temperature).softmax(dim=0), (1, 0))


def _filled(scores, value):
    scores = scores.clone()
    scores[0] = value
    return scores


next_probs = Exercise(
    inputs=[(*_random(2, (6,)), 0.5), (*_random(3, (9,)), 1.8), (torch.tensor([2.0, -60.0, -61.0, -59.5]), 1.0),
            (*_random(10, (5,)), 40.0)],
    oracle=_drawn,
    mistakes={
        "you multiply by the temperature. Divide: a small T must sharpen.":
            lambda logits, T: _drawn(logits, 1 / T),
        "<UNK> can still be drawn: its probability must be 0.":
            lambda logits, T: (logits / T).softmax(dim=0),
        "the probabilities do not add up to 1: forbid <UNK> *before* the softmax, with −inf.":
            lambda logits, T: _filled((logits / T).softmax(dim=0), 0.0),
        "a score of 0 is not a probability of 0. Set the score of <UNK> to −inf.":
            lambda logits, T: _filled(logits / T, 0.0).softmax(dim=0),
        "the temperature comes too late: divide the logits, not the probabilities.":
            lambda logits, T: _drawn(logits, 1.0) / T,
        "the temperature is ignored.":
            lambda logits, T: _drawn(logits, 1.0),
        "the entry of <UNK> is missing: it stays, with probability 0.":
            lambda logits, T: _drawn(logits, T)[1:],
        "these are log-probabilities: `softmax`, not `log_softmax`.":
            lambda logits, T: _drawn(logits, T).log(),
    },
    hints=("Divide first. Which score leads to a probability of exactly 0?",
           "e to −∞ is 0: set the score of entry 0 to `-math.inf`.",
           "scores = logits / temperature; scores[0] = -math.inf; scores.softmax(dim=0)"),
    praise="Greedy at T → 0, deaf at T → ∞.",
)


def _cell(x, h, c, W, U, b):
    cell = nn.LSTMCell(x.shape[1], h.shape[1])
    for parameter, value in zip(cell.parameters(), (W, U, b, torch.zeros_like(b)), strict=True):
        parameter.data = value
    with torch.no_grad():
        return tuple(cell(x, (h, c)))


def _variant(order="ifgo", candidate=torch.tanh, shown=torch.tanh, squash=torch.sigmoid, new=True, whole=True,
             open_=""):
    def step(x, h, c, W, U, b):
        z = dict(zip(order, (x @ W.T + h @ U.T * whole + b).chunk(4, dim=1), strict=True))
        gates = {name: torch.ones_like(value) if name in open_ else squash(value) for name, value in z.items()}
        c_new = gates["f"] * c + gates["i"] * candidate(z["g"])
        return gates["o"] * shown(c_new if new else c), c_new
    return step


lstm_step = Exercise(
    inputs=[_random(4, (2, 3), (2, 4), (2, 4), (16, 3), (16, 4), (16,)),
            _random(5, (3, 2), (3, 3), (3, 3), (12, 2), (12, 3), (12,))],
    oracle=_cell,
    mistakes={
        "forget and input gate are exchanged: PyTorch's order is i, f, g, o.": _variant("figo"),
        "output gate and candidate are exchanged: PyTorch's order is i, f, g, o.": _variant("ifog"),
        "the candidate g goes through tanh, not through a sigmoid: it may be negative.":
            _variant(candidate=torch.sigmoid),
        "the candidate g goes through tanh before it is added.": _variant(candidate=lambda g: g),
        "h shows tanh(c), not c itself.": _variant(shown=lambda c: c),
        "gates are sigmoids, between 0 and 1; you used tanh.": _variant(squash=torch.tanh),
        "h is made from the *new* c.": _variant(new=False),
        "the old h is left out: the gates see U h, too.": _variant(whole=False),
        "the input gate is missing: only the share i of the candidate is added.": _variant(open_="i"),
        "the forget gate is missing: only the share f of the old c is kept.": _variant(open_="f"),
        "the output gate is missing: h shows only the share o of tanh(c).": _variant(open_="o"),
        "you read the four parts as g, i, f, o; PyTorch's order is i, f, g, o.": _variant("gifo"),
        "you read the four parts as f, i, o, g; PyTorch's order is i, f, g, o.": _variant("fiog"),
        "you read the four parts as i, o, f, g; PyTorch's order is i, f, g, o.": _variant("iofg"),
        "that is (c, h). Return h first.": lambda *args: _cell(*args)[::-1],
        "you return h alone; the next step needs c as well.": lambda *args: _cell(*args)[0],
    },
    hints=("One product gives all four: `x @ W.T + h @ U.T + b`, (N, 4H).",
           "`.chunk(4, dim=1)` cuts it into i, f, g, o. Three sigmoids, one tanh.",
           "c = f·c + i·tanh(g), then h = o·tanh(c)."),
    praise="Equal to nn.LSTMCell.",
    tolerance=1e-4,
)


def _clip(grads, max_norm, norm_type=2.0):
    params = [nn.Parameter(torch.zeros_like(grad)) for grad in grads]
    for param, grad in zip(params, grads, strict=True):
        param.grad = grad.clone()
    nn.utils.clip_grad_norm_(params, max_norm, norm_type=norm_type)
    return tuple(param.grad for param in params)


def _length(grads):
    return math.sqrt(sum((grad**2).sum().item() for grad in grads))


clipped_grads = Exercise(
    inputs=[(list(_random(6, (3, 2), (4,), ())), 1.5), ([0.1 * g for g in _random(7, (2, 2), (3,))], 2.0),
            ([0.3 * g for g in _random(10, (2, 3), (5,))], 0.25)],
    oracle=_clip,
    mistakes={
        "each tensor is clipped alone, which bends the direction. Take their common length.":
            lambda grads, c: tuple(g * min(1, c / g.norm().item()) for g in grads),
        "each number is clamped, which bends the direction. Scale all by one factor.":
            lambda grads, c: tuple(g.clamp(-c, c) for g in grads),
        "short gradients are made longer. Below `max_norm` they stay as they are.":
            lambda grads, c: tuple(g * c / _length(grads) for g in grads),
        "nothing is clipped.":
            lambda grads, c: tuple(grads),
        "the lengths of the tensors are added up. The common length is the root of the sum of *squares*.":
            lambda grads, c: tuple(g * min(1, c / sum(g.norm().item() for g in grads)) for g in grads),
        "the root is missing: you compare the *squared* length.":
            lambda grads, c: tuple(g * min(1, c / _length(grads) ** 2) for g in grads),
        "long gradients get length 1, not `max_norm`.":
            lambda grads, c: tuple(g / _length(grads) if _length(grads) > c else g for g in grads),
        "that is the largest entry, not the length.":
            lambda grads, c: _clip(grads, c, norm_type=math.inf),
    },
    hints=("One long vector of all numbers: what is its length?",
           "`torch.stack([g.norm() for g in grads]).norm()` is that length.",
           "The factor is min(1, max_norm / length), the same for every tensor."),
    praise="The direction is kept, only the step is shorter.",
)


def _through_time(U, states):
    h_0 = torch.zeros(len(U), dtype=U.dtype)

    def read(h):
        for wanted in states:                                   # the inputs are those that lead to these states
            before = h.detach() if h is not h_0 else h_0
            h = torch.tanh(torch.atanh(wanted) - U @ before.detach() + U @ h)
        return h
    return torch.autograd.functional.jacobian(read, h_0)


def _product(U, states, slope=lambda h: 1 - h**2):
    J = torch.eye(len(U))
    for h in states:
        J = slope(h)[:, None] * (U @ J)
    return J


def _wrong_order(U, states):
    J = torch.eye(len(U))
    for h in states:
        J = J @ ((1 - h**2)[:, None] * U)
    return J


def _columns(U, states):
    J = torch.eye(len(U))
    for h in states:
        J = (U * (1 - h**2)) @ J
    return J


def _states(seed, T, H):
    U, X = _random(seed, (H, H), (T, H))
    h, states = torch.zeros(H), []
    for x in X:
        h = torch.tanh(0.5 * x + 0.6 * U @ h)
        states.append(h)
    return 0.6 * U, torch.stack(states)


jacobian = Exercise(
    inputs=[_states(8, 4, 3), _states(9, 3, 4)],
    oracle=_through_time,
    mistakes={
        "the order is reversed: a later step multiplies on the *left*.": _wrong_order,
        "tanh is forgotten: each step also has its derivative, 1 − h².":
            lambda U, states: torch.linalg.matrix_power(U, len(states)),
        "the derivative of tanh is 1 − h², not 1 − h.":
            lambda U, states: _product(U, states, lambda h: 1 - h),
        "that is the derivative of the sigmoid, h(1 − h). Here it is tanh: 1 − h².":
            lambda U, states: _product(U, states, lambda h: h * (1 - h)),
        "you multiply by the states: multiply by the derivative of tanh, 1 − h².":
            lambda U, states: _product(U, states, lambda h: h),
        "1 − h² scales the *columns* here. It must scale the rows: `(1 - h**2)[:, None]`.": _columns,
        "the last step is missing: h_T has a derivative of its own.":
            lambda U, states: _product(U, states[:-1]),
        "the first step is missing: h₁ depends on h₀ through U as well.":
            lambda U, states: _product(U, states[1:]),
        "the result is transposed: row i belongs to the last state's number i.":
            lambda U, states: _product(U, states).T,
        "you return its size; the whole matrix was asked for.":
            lambda U, states: _product(U, states).norm(),
    },
    hints=("From one step to the next the Jacobian is diag(1 − h_t²) U.",
           "Start with J = eye(H). For each state, from the first to the last: what comes on the left?",
           "`J = (1 - h**2)[:, None] * (U @ J)`"),
    praise="This product is what vanishes, or explodes.",
)
