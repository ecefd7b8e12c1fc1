"""Answers to the exercises of notebook 09: right ones by other routes, wrong ones as learners write them."""

import math

import torch
import torch.nn.functional as F

from tests.answers import right, wrong


@wrong("encode_text", "the vocabulary is sorted first")
def sorted_first(text, vocab):
    index = {char: i for i, char in enumerate(sorted(vocab))}
    return torch.tensor([index.get(char, 0) for char in text])


@wrong("encode_text", "each character is numbered by its first place in the text")
def own_vocabulary(text, vocab):
    seen = {}
    return torch.tensor([seen.setdefault(char, len(seen)) for char in text])


@wrong("encode_text", "floats in place of whole numbers")
def floats(text, vocab):
    index = {char: i for i, char in enumerate(vocab)}
    out = torch.zeros(len(text))
    for place, char in enumerate(text):
        out[place] = index.get(char, 0)
    return out


@wrong("encode_text", "loops over the vocabulary, not over the text")
def vocabulary_in_text(text, vocab):
    return torch.tensor([text.find(char) for char in vocab])


@wrong("encode_text", "a row for each text: one axis too many")
def batch_of_one(text, vocab):
    index = {char: i for i, char in enumerate(vocab)}
    return torch.tensor([[index.get(char, 0) for char in text]])


@right("encode_text")
def with_if(text, vocab):
    return torch.tensor([vocab.index(char) if char in vocab else 0 for char in text])


@right("encode_text")
def filled(text, vocab):
    out = torch.zeros(len(text), dtype=torch.int64)
    for place, char in enumerate(text):
        if char in vocab[1:]:
            out[place] = vocab.index(char)
    return out


@wrong("perplexity_of", "batch and time are exchanged in the logits only")
def times_first(logits, targets):
    return F.cross_entropy(logits.transpose(0, 1).flatten(0, 1), targets.flatten()).exp()


@wrong("perplexity_of", "reshaped where the axes should be exchanged")
def reshaped(logits, targets):
    N, T, V = logits.shape
    return F.cross_entropy(logits.reshape(N, V, T), targets).exp()


@wrong("perplexity_of", "the minus is missing")
def without_minus(logits, targets):
    logp = logits.log_softmax(dim=2).gather(2, targets[..., None])
    return logp.mean().exp()


@wrong("perplexity_of", "softmax over time, not over the characters")
def softmax_over_time(logits, targets):
    logp = logits.log_softmax(dim=1).gather(2, targets[..., None])
    return (-logp.mean()).exp()


@wrong("perplexity_of", "the most likely character is taken, not the right one")
def most_likely(logits, targets):
    logp = logits.log_softmax(dim=2).amax(dim=2)
    return torch.exp(-logp.mean())


@wrong("perplexity_of", "averaged over the texts only: the sum over time stays")
def per_text(logits, targets):
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return (loss / len(targets)).exp()


@right("perplexity_of")
def axes_exchanged(logits, targets):
    return F.cross_entropy(logits.transpose(1, 2), targets).exp()


@right("perplexity_of")
def by_hand(logits, targets):
    N, T, _ = logits.shape
    total = 0.0
    for n in range(N):
        for t in range(T):
            p = logits[n, t].softmax(dim=0)[targets[n, t]]
            total = total - p.log()
    return torch.exp(total / (N * T))


@wrong("next_probs", "a large negative score, before the division")
def minus_hundred(logits, temperature):
    scores = logits.clone()
    scores[0] = -100
    return (scores / temperature).softmax(dim=0)


@wrong("next_probs", "−10 is not low enough")
def minus_ten(logits, temperature):
    scores = logits / temperature
    scores[0] = -10
    return scores.softmax(dim=0)


@wrong("next_probs", "no softmax: scores divided by their sum")
def no_softmax(logits, temperature):
    scores = (logits / temperature).exp()
    scores[0] = 0
    return scores / scores.max()


@wrong("next_probs", "the last entry is forbidden, not the first")
def last_forbidden(logits, temperature):
    scores = logits / temperature
    scores[-1] = -math.inf
    return scores.softmax(dim=0)


@wrong("next_probs", "the root of the probabilities, without adding up to 1")
def power_without_sum(logits, temperature):
    probs = logits.softmax(dim=0) ** (1 / temperature)
    probs[0] = 0
    return probs


@wrong("next_probs", "+inf in place of −inf")
def plus_infinity(logits, temperature):
    scores = logits / temperature
    scores[0] = float("inf")
    return scores.softmax(dim=0)


@right("next_probs")
def shared_out(logits, temperature):
    probs = (logits / temperature).softmax(dim=0)
    probs[0] = 0
    return probs / probs.sum()


@right("next_probs")
def without_first(logits, temperature):
    rest = torch.softmax(logits[1:] / temperature, dim=0)
    return torch.cat([torch.zeros(1), rest])


@right("next_probs")
def very_low(logits, temperature):
    logits = logits.clone()
    logits[0] = -1e9
    return F.softmax(logits / temperature, dim=-1)


@wrong("lstm_step", "what is forgotten and what is kept are exchanged: 1 − f")
def one_minus_f(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = (1 - f.sigmoid()) * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@wrong("lstm_step", "the order o, i, f, g")
def output_first(x, h, c, W, U, b):
    o, i, f, g = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@wrong("lstm_step", "the bias is forgotten")
def no_bias(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@wrong("lstm_step", "the forget gate meets h, not c")
def forgets_h(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * h + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@wrong("lstm_step", "without input gate")
def no_input_gate(x, h, c, W, U, b):
    _, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + g.tanh()
    return o.sigmoid() * c.tanh(), c


@wrong("lstm_step", "without output gate")
def no_output_gate(x, h, c, W, U, b):
    i, f, g, _ = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return c.tanh(), c


@right("lstm_step")
def by_slices(x, h, c, W, U, b):
    H = h.shape[1]
    z = F.linear(x, W, b) + F.linear(h, U)
    i, f, o = (torch.sigmoid(z[:, k * H:(k + 1) * H]) for k in (0, 1, 3))
    c = f * c + i * torch.tanh(z[:, 2 * H:3 * H])
    return o * torch.tanh(c), c


@right("lstm_step")
def glued(x, h, c, W, U, b):
    z = torch.cat([x, h], dim=1) @ torch.cat([W, U], dim=1).T + b
    i, f, g, o = z.reshape(len(x), 4, -1).unbind(dim=1)
    new = c.mul(f.sigmoid()).add(i.sigmoid() * g.tanh())
    return [new.tanh() * o.sigmoid(), new]


@wrong("clipped_grads", "the largest of the tensors' lengths is taken")
def largest_length(grads, max_norm):
    norm = max(g.norm() for g in grads)
    scale = min(1.0, max_norm / norm.item())
    return tuple(scale * g for g in grads)


@wrong("clipped_grads", "the factor is upside down")
def upside_down(grads, max_norm):
    norm = torch.stack([g.norm() for g in grads]).norm()
    scale = min(1.0, norm.item() / max_norm)
    return tuple(scale * g for g in grads)


@wrong("clipped_grads", "max in place of min")
def max_for_min(grads, max_norm):
    norm = torch.stack([g.norm() for g in grads]).norm()
    scale = max(1.0, max_norm / norm.item())
    return tuple(scale * g for g in grads)


@wrong("clipped_grads", "the mean square in place of the sum of squares")
def mean_square(grads, max_norm):
    norm = torch.cat([g.flatten() for g in grads]).square().mean().sqrt()
    scale = min(1.0, max_norm / norm.item())
    return tuple(scale * g for g in grads)


@wrong("clipped_grads", "only the first tensor comes back")
def returns_in_loop(grads, max_norm):
    norm = torch.cat([g.flatten() for g in grads]).norm()
    for g in grads:
        return (g * min(1.0, max_norm / norm.item()),)


@right("clipped_grads")
def one_long_vector(grads, max_norm):
    norm = torch.cat([g.reshape(-1) for g in grads]).norm()
    if norm <= max_norm:
        return tuple(grads)
    return tuple(g * (max_norm / norm) for g in grads)


@right("clipped_grads")
def in_place(grads, max_norm):
    total = math.sqrt(sum(float((g * g).sum()) for g in grads))
    if total > max_norm:
        for g in grads:
            g.mul_(max_norm / total)
    return tuple(grads)


@wrong("jacobian", "U is transposed")
def transposed_U(U, states):
    J = torch.eye(len(U))
    for h in states:
        J = (1 - h**2)[:, None] * (U.T @ J)
    return J


@wrong("jacobian", "the steps are added, not multiplied")
def added(U, states):
    J = torch.zeros_like(U)
    for h in states:
        J = J + (1 - h**2)[:, None] * U
    return J


@wrong("jacobian", "only the last step")
def last_step(U, states):
    for h in states:
        J = (1 - h**2)[:, None] * U
    return J


@wrong("jacobian", "number by number in place of a matrix product")
def elementwise(U, states):
    J = torch.ones_like(U)
    for h in states:
        J = (1 - h**2)[:, None] * (U * J)
    return J


@wrong("jacobian", "the slope at h**2 of the whole matrix: 1 − h without the new axis")
def no_new_axis(U, states):
    J = torch.eye(len(U))
    for h in states:
        J = (1 - h**2) * (U @ J)
    return J


@wrong("jacobian", "starts with U as well as with each step")
def one_U_too_many(U, states):
    J = U
    for h in states:
        J = torch.diag(1 - h**2) @ U @ J
    return J


@right("jacobian")
def chained(U, states):
    return torch.linalg.multi_dot([torch.diag(1 - h * h) @ U for h in reversed(list(states))])


@right("jacobian")
def backwards(U, states):
    J = torch.eye(U.shape[0])
    for h in states.flip(0):
        J = (J * (1 - h**2)) @ U
    return J
