"""Answers to the exercises of notebook 14: right ones by other routes, wrong ones as learners write them."""

import torch

from tests.answers import right, wrong


@wrong("shard", "p rows more where N is a multiple of p")
def always_pads(N, rank, p, epoch):
    order = torch.randperm(N, generator=torch.Generator().manual_seed(epoch))
    return torch.cat([order, order[:p - N % p]])[rank::p].tolist()


@wrong("shard", "N % p rows are appended, not −N % p")
def wrong_remainder(N, rank, p, epoch):
    order = torch.randperm(N, generator=torch.Generator().manual_seed(epoch))
    return torch.cat([order, order[:N % p]])[rank::p].tolist()


@wrong("shard", "the global generator is seeded, and another function shuffles")
def python_shuffle(N, rank, p, epoch):
    import random
    order = list(range(N))
    random.Random(epoch).shuffle(order)
    order += order[:-N % p]
    return order[rank::p]


@wrong("shard", "the step is the rank and the start is p")
def start_and_step(N, rank, p, epoch):
    order = torch.randperm(N, generator=torch.Generator().manual_seed(epoch)).tolist()
    order += order[:-N % p]
    return order[rank:p]


@wrong("shard", "the rows that divide evenly only, padded with nothing")
def cut_to_multiple(N, rank, p, epoch):
    order = torch.randperm(N, generator=torch.Generator().manual_seed(epoch))
    return order[:N // p * p][rank::p].tolist()


@wrong("shard", "a tensor in place of a list")
def as_a_tensor(N, rank, p, epoch):
    order = torch.randperm(N, generator=torch.Generator().manual_seed(epoch))
    return torch.cat([order, order[:-N % p]])[rank::p]


@right("shard")
def by_reshape(N, rank, p, epoch):
    order = torch.randperm(N, generator=torch.Generator().manual_seed(epoch)).tolist()
    each = -(-N // p)
    order = order + order[:each * p - N]
    return [order[i * p + rank] for i in range(each)]


@right("shard")
def by_seed(N, rank, p, epoch):
    torch.manual_seed(epoch)
    order = torch.randperm(N)
    places = torch.arange(rank, -(-N // p) * p, p)
    return [int(order[i % N]) for i in places]


@wrong("accumulate", "the factor 2 is applied to the data as well")
def four(Xs, ys, w):
    total = sum(2 * (2 * X).T @ (X @ w - y) for X, y in zip(Xs, ys, strict=True))
    return total / sum(len(X) for X in Xs)


@wrong("accumulate", "divided by the number of all numbers in X")
def by_numel(Xs, ys, w):
    total = sum(2 * X.T @ (X @ w - y) for X, y in zip(Xs, ys, strict=True))
    return total / sum(X.numel() for X in Xs)


@wrong("accumulate", "divided by the last part's rows")
def by_last_part(Xs, ys, w):
    total = torch.zeros(3)
    for X, y in zip(Xs, ys, strict=True):
        total += 2 * X.T @ (X @ w - y)
    return total / len(X)


@wrong("accumulate", "the residual is not multiplied with X")
def without_X(Xs, ys, w):
    total = sum(2 * (X @ w - y).sum() for X, y in zip(Xs, ys, strict=True))
    return total / sum(len(X) for X in Xs) * torch.ones(3)


@wrong("accumulate", "divided inside the loop by what has come so far")
def divides_inside(Xs, ys, w):
    total, rows = torch.zeros(3), 0
    for X, y in zip(Xs, ys, strict=True):
        rows += len(X)
        total = (total + 2 * X.T @ (X @ w - y)) / rows
    return total


@right("accumulate")
def by_autograd(Xs, ys, w):
    w = w.clone().requires_grad_()
    N = sum(len(X) for X in Xs)
    for X, y in zip(Xs, ys, strict=True):
        (((X @ w - y) ** 2).sum() / N).backward()
    return w.grad


@right("accumulate")
def weighted(Xs, ys, w):
    N = sum(map(len, Xs))
    return sum(len(X) / N * (2 / len(X) * X.T @ (X @ w - y)) for X, y in zip(Xs, ys, strict=True))


@wrong("next_scale", "the two values are exchanged")
def count_first(scale, clean, found_inf, interval):
    if found_inf:
        return 0, scale / 2
    if clean + 1 == interval:
        return 0, scale * 2
    return clean + 1, scale


@wrong("next_scale", "a clean step is not counted")
def not_counted(scale, clean, found_inf, interval):
    if found_inf:
        return scale / 2, 0
    if clean + 1 == interval:
        return scale * 2, 0
    return scale, clean


@wrong("next_scale", "halved with //")
def floor_halved(scale, clean, found_inf, interval):
    if found_inf:
        return scale // 2, 0
    if clean + 1 == interval:
        return scale * 2, 0
    return scale, clean + 1


@wrong("next_scale", "an infinity halves the count, too")
def halves_the_count(scale, clean, found_inf, interval):
    if found_inf:
        return scale / 2, clean // 2
    if clean + 1 == interval:
        return scale * 2, 0
    return scale, clean + 1


@wrong("next_scale", "squared in place of doubled")
def squared(scale, clean, found_inf, interval):
    if found_inf:
        return scale / 2, 0
    if clean + 1 == interval:
        return scale**2, 0
    return scale, clean + 1


@wrong("next_scale", "the interval's step counts as the first of the next")
def starts_at_one(scale, clean, found_inf, interval):
    if found_inf:
        return scale / 2, 0
    if clean + 1 == interval:
        return scale * 2, 1
    return scale, clean + 1


@right("next_scale")
def by_remainder(scale, clean, found_inf, interval):
    if found_inf:
        return 0.5 * scale, 0
    grown, clean = divmod(clean + 1, interval)
    return scale * 2.0**grown, clean


@right("next_scale")
def counting_first(scale, clean, found_inf, interval):
    clean = 0 if found_inf else clean + 1
    if found_inf:
        scale /= 2
    elif clean >= interval:
        scale, clean = 2 * scale, 0
    return scale, clean


@wrong("memory", "the order of the stages: weights first, states last")
def weights_first(P, p, stage):
    weights = 2 / (p if stage > 0 else 1)
    gradients = 2 / (p if stage > 1 else 1)
    states = 12 / (p if stage > 2 else 1)
    return P * (weights + gradients + states)


@wrong("memory", "each stage cuts one part only, and the others are whole again")
def only_one_part(P, p, stage):
    weights = 2 / p if stage == 3 else 2
    gradients = 2 / p if stage == 2 else 2
    states = 12 / p if stage == 1 else 12
    return float(P * (weights + gradients + states))


@wrong("memory", "rounded down to whole bytes")
def whole_bytes(P, p, stage):
    parts = [2, 2, 12]
    cut = {0: 0, 1: 1, 2: 2, 3: 3}[stage]
    return float(sum(P * part // p if i >= 3 - cut else P * part for i, part in enumerate(parts)))


@wrong("memory", "full precision: 4 bytes each, 8 of states")
def full_precision(P, p, stage):
    return P * (4 / (p if stage > 2 else 1) + 4 / (p if stage > 1 else 1) + 8 / (p if stage > 0 else 1))


@wrong("memory", "bits in place of bytes")
def bits(P, p, stage):
    return 8 * P * (2 / (p if stage > 2 else 1) + 2 / (p if stage > 1 else 1) + 12 / (p if stage > 0 else 1))


@right("memory")
def by_table(P, p, stage):
    kept = [16, 4, 2, 0][stage]
    return float(P * kept + P * (16 - kept) / p)


@right("memory")
def step_by_step(P, p, stage):
    total = 0.0
    for size, first in ((12, 1), (2, 2), (2, 3)):
        total += P * size / p if stage >= first else P * size
    return total


@wrong("merge_moments", "only the spread between the workers")
def between_only(n, means, variances):
    share = (n / n.sum())[:, None]
    mean = (share * means).sum(dim=0)
    return mean, (share * (means - mean) ** 2).sum(dim=0)


@wrong("merge_moments", "variance first")
def other_way_round(n, means, variances):
    share = (n / n.sum())[:, None]
    mean = (share * means).sum(dim=0)
    return (share * (variances + means**2)).sum(dim=0) - mean**2, mean


@wrong("merge_moments", "the variance of the means, unweighted, is added")
def plain_variance_of_means(n, means, variances):
    share = (n / n.sum())[:, None]
    mean = (share * means).sum(dim=0)
    return mean, (share * variances).sum(dim=0) + means.var(dim=0, correction=0)


@wrong("merge_moments", "the mean is not squared")
def mean_not_squared(n, means, variances):
    share = (n / n.sum())[:, None]
    mean = (share * means).sum(dim=0)
    return mean, (share * (variances + means**2)).sum(dim=0) - mean


@wrong("merge_moments", "weighted by the root of the sizes")
def by_roots(n, means, variances):
    share = (n.sqrt() / n.sqrt().sum())[:, None]
    mean = (share * means).sum(dim=0)
    return mean, (share * (variances + means**2)).sum(dim=0) - mean**2


@right("merge_moments")
def within_and_between(n, means, variances):
    w = n.float() / n.sum()
    mean = w @ means
    return mean, w @ variances + w @ (means - mean).square()


@right("merge_moments")
def one_after_the_other(n, means, variances):
    count, mean, M2 = n[0].item(), means[0], variances[0] * n[0]
    for k, m, v in zip(n[1:].tolist(), means[1:], variances[1:], strict=True):
        delta, total = m - mean, count + k
        M2 = M2 + v * k + delta**2 * count * k / total
        mean = mean + delta * k / total
        count = total
    return mean, M2 / count


@wrong("ring_step", "the chunk moves forward, not back")
def forward(workers, step):
    p = len(workers)
    after = workers.clone()
    for r in range(p):
        chunk, right = (r + step) % p, (r + 1) % p
        after[right, chunk] = workers[r, chunk] + (workers[right, chunk] if step < p - 1 else 0)
    return after


@wrong("ring_step", "the sender's chunk is cleared")
def sender_cleared(workers, step):
    p = len(workers)
    after = workers.clone()
    for r in range(p):
        chunk = (r - step) % p
        after[r, chunk] = 0
    for r in range(p):
        chunk, right = (r - step) % p, (r + 1) % p
        after[right, chunk] = workers[r, chunk] + (workers[right, chunk] if step < p - 1 else 0)
    return after


@wrong("ring_step", "the last worker sends to nobody")
def no_wrap_around(workers, step):
    p = len(workers)
    after = workers.clone()
    for r in range(p - 1):
        chunk = (r - step) % p
        after[r + 1, chunk] = workers[r, chunk] + (workers[r + 1, chunk] if step < p - 1 else 0)
    return after


@wrong("ring_step", "the left neighbour's chunk is sent")
def receivers_chunk(workers, step):
    p = len(workers)
    after = workers.clone()
    for r in range(p):
        chunk, right = (r + 1 - step) % p, (r + 1) % p
        after[right, chunk] = workers[r, chunk] + (workers[right, chunk] if step < p - 1 else 0)
    return after


@wrong("ring_step", "rows and columns exchanged: one column per worker")
def columns(workers, step):
    p = len(workers)
    after = workers.clone()
    for r in range(p):
        chunk, right = (r - step) % p, (r + 1) % p
        after[chunk, right] = workers[chunk, r] + (workers[chunk, right] if step < p - 1 else 0)
    return after


@wrong("ring_step", "the receiver goes on adding for two steps too many")
def adds_up_to_p(workers, step):
    p = len(workers)
    after = workers.clone()
    for r in range(p):
        c, q = (r - step) % p, (r + 1) % p
        after[q, c] = workers[q, c] + workers[r, c] if step <= p else workers[r, c]
    return after


@right("ring_step")
def by_loop(workers, step):
    p = len(workers)
    after = workers.clone()
    for receiver in range(p):
        left = (receiver - 1) % p
        chunk = (left - step) % p
        if step < p - 1:
            after[receiver, chunk] += workers[left, chunk]
        else:
            after[receiver, chunk] = workers[left, chunk]
    return after


@right("ring_step")
def in_place(workers, step):
    p = len(workers)
    parcels = [(r, (r - step) % p, workers[r, (r - step) % p].item()) for r in range(p)]
    for r, chunk, value in parcels:
        if step < p - 1:
            value += workers[(r + 1) % p, chunk]
        workers[(r + 1) % p, chunk] = value
    return workers


@right("ring_step")
def by_mask(workers, step):
    p = len(workers)
    r = torch.arange(p)
    mask = torch.zeros(p, p, dtype=torch.bool)
    mask[(r + 1) % p, (r - step) % p] = True
    came = workers.roll(1, 0)
    return torch.where(mask, came + workers * (step < p - 1), workers)
