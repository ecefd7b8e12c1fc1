"""Exercises of `14_scaling_out.ipynb`."""

import torch
import torch.nn.functional as F
from torch.utils.data import DistributedSampler

from d2lhelpers.checks import Exercise


def _sampler(N, rank, p, epoch, **options):
    sampler = DistributedSampler(range(N), num_replicas=p, rank=rank, **options)
    sampler.set_epoch(epoch)
    return list(sampler)


def _order(N, epoch):
    return torch.randperm(N, generator=torch.Generator().manual_seed(epoch)).tolist()


def _blocks(N, rank, p, epoch):
    each = -(-N // p)
    order = _order(N, epoch)
    return (order + order[:-N % p])[rank * each:(rank + 1) * each]


def _repeat_last(N, rank, p, epoch):
    order = _order(N, epoch)
    return (order + order[-1:] * (-N % p))[rank::p]


def _is_list_of_ints(trial):
    """Refuse a tensor of rows, or a list of tensors: the text asks for a list of ints."""
    if type(trial.got) is list and all(type(row) is int for row in trial.got):
        return None
    return "the rows are right, but a list of ints was asked for: does a `.tolist()` help?"


def _vary_deal(args, random):
    p = random.randrange(2, 6)
    return random.randrange(p, 20), random.randrange(p), p, random.randrange(1, 50)


shard = Exercise(
    inputs=[(11, 1, 4, 2), (11, 3, 4, 2), (10, 2, 3, 5), (10, 0, 3, 5), (12, 1, 4, 3), (3, 4, 5, 6)],
    oracle=_sampler,
    mistakes={
        "you cut blocks. Deal the rows out like cards: `order[rank::p]`.": _blocks,
        "the padding is missing: workers with fewer rows would make fewer steps, and the others wait for ever.":
            lambda N, rank, p, epoch: _order(N, epoch)[rank::p],
        "you drop the rows that are left over. Deal the first ones again instead.":
            lambda N, rank, p, epoch: _sampler(N, rank, p, epoch, drop_last=True),
        "the rows are not shuffled.":
            lambda N, rank, p, epoch: _sampler(N, rank, p, epoch, shuffle=False),
        "every epoch has the same order: the seed must be the epoch (the forgotten `set_epoch`).":
            lambda N, rank, p, epoch: _sampler(N, rank, p, 0),
        "each worker shuffles with a seed of its own: then rows are read twice, and others never.":
            lambda N, rank, p, epoch: _sampler(N, rank, p, epoch + rank),
        "ranks count from 0: worker 0 begins with the first row of the order.":
            lambda N, rank, p, epoch: _sampler(N, (rank + 1) % p, p, epoch),
        "you pad with the *last* row. The first rows of the order are dealt again.": _repeat_last,
    },
    hints=("All workers make the same order first, then each takes its part of it.",
           "`-N % p` is the number of rows that are missing to a multiple of p: append `order[:-N % p]`.",
           "`order[rank::p].tolist()`, with `torch.randperm(N, generator=torch.Generator().manual_seed(epoch))`."),
    praise="The same rows as DistributedSampler's.",
    conditions=(_is_list_of_ints,),
    vary=_vary_deal,
)


def _parts(seed, *sizes):
    generator = torch.Generator().manual_seed(seed)
    return ([torch.randn(n, 3, generator=generator) for n in sizes],
            [torch.randn(n, generator=generator) for n in sizes], torch.randn(3, generator=generator))


def _gradient(X, y, w, reduction="mean"):
    w = w.clone().requires_grad_()
    return torch.autograd.grad(F.mse_loss(X @ w, y, reduction=reduction), w)[0]


def _each(Xs, ys, w, **options):
    return torch.stack([_gradient(X, y, w, **options) for X, y in zip(Xs, ys, strict=True)])


accumulate = Exercise(
    inputs=[_parts(0, 5, 5, 2), _parts(1, 4, 1)],
    oracle=lambda Xs, ys, w: _gradient(torch.cat(Xs), torch.cat(ys), w),
    mistakes={
        "the plain mean of the parts' gradients: a part of 2 rows has as much weight as one of 5.":
            lambda Xs, ys, w: _each(Xs, ys, w).mean(dim=0),
        "you add up the parts' mean gradients: each was divided by its own n, and N was never used.":
            lambda Xs, ys, w: _each(Xs, ys, w).sum(dim=0),
        "you add up the gradients of all rows; the mean over the N rows was asked for.":
            lambda Xs, ys, w: _each(Xs, ys, w, reduction="sum").sum(dim=0),
        "only the last part counts: add up (is `.grad` cleared, or the total overwritten, inside the loop?).":
            lambda Xs, ys, w: _each(Xs, ys, w)[-1],
        "only the first part counts: is the `return` inside the loop?":
            lambda Xs, ys, w: _each(Xs, ys, w)[0],
        "the 2 of the square's derivative is missing.":
            lambda Xs, ys, w: _gradient(torch.cat(Xs), torch.cat(ys), w) / 2,
        "the sums of the parts are divided by the number of parts, not by the number of rows.":
            lambda Xs, ys, w: _each(Xs, ys, w, reduction="sum").mean(dim=0),
        "the sign is turned round: residuals are prediction minus target.":
            lambda Xs, ys, w: -_gradient(torch.cat(Xs), torch.cat(ys), w),
    },
    hints=("Every row has one vote, in whatever part it is.",
           "Add up the *sums* over rows, 2 Xᵀ(Xw − y), and divide once at the end.",
           "`sum(2 * X.T @ (X @ w - y) for X, y in zip(Xs, ys)) / sum(map(len, Xs))`"),
    praise="However the batch is cut, the gradient is the same.",
)


def _scaler(scale, clean, found_inf, interval, growth=2.0, backoff=0.5):
    S, tracker = torch.tensor(scale), torch.tensor(clean, dtype=torch.int32)
    torch._amp_update_scale_(S, tracker, torch.tensor(float(found_inf)), growth, backoff, interval)
    return S.item(), tracker.item()


_scales = [(1024.0, 0, False, 3), (1024.0, 2, False, 3), (1024.0, 2, True, 3), (512.0, 1, True, 2),
           (512.0, 0, False, 1), (512.0, 1, False, 3), (1.0, 0, True, 4), (0.5, 3, False, 7), (8.0, 4, False, 5)]


def _no_reset(scale, clean, found_inf, interval):
    S, tracker = _scaler(scale, clean, found_inf, interval)
    return S, clean if found_inf else tracker


def _no_reset_after_growth(scale, clean, found_inf, interval):
    S, tracker = _scaler(scale, clean, found_inf, interval)
    return S, tracker if found_inf or tracker else clean + 1


def _vary_scaler(args, random):
    interval = random.randrange(1, 8)
    return 2.0 ** random.randrange(-3, 12), random.randrange(interval), random.random() < 0.5, interval


next_scale = Exercise(
    inputs=_scales,
    oracle=_scaler,
    mistakes={
        "an infinity means that S is too *large*: halve it.":
            lambda *args: _scaler(*args, backoff=2.0),
        "after an infinity the count of clean steps begins again at 0.": _no_reset,
        "after S has grown the count of clean steps begins again at 0.": _no_reset_after_growth,
        "S does not grow at the interval's last step: this one is clean, too, so compare `clean + 1`.":
            lambda scale, clean, found_inf, interval: _scaler(scale, clean, found_inf, interval + 1),
        "S never grows: after `interval` clean steps it doubles.":
            lambda *args: _scaler(*args, growth=1.0),
        "S never shrinks: after an infinity it is halved.":
            lambda *args: _scaler(*args, backoff=1.0),
        "S doubles after every clean step: wait until there are `interval` of them.":
            lambda scale, clean, found_inf, interval: _scaler(scale, 0, found_inf, 1),
    },
    hints=("Three cases: an infinity; clean, and it is the interval's last step; clean, and it is not.",
           "After an infinity: `(scale / 2, 0)`. Else count this step: `clean + 1`.",
           "`return (scale * 2, 0) if clean + 1 == interval else (scale, clean + 1)`"),
    praise="This is all that GradScaler.update() decides.",
    vary=_vary_scaler,
)


def _shapes(P):
    return [torch.empty(P, dtype=torch.float16, device="meta")] * 2 + [
        torch.empty(P, dtype=torch.float32, device="meta")] * 3


def _memory(P, p, stage, parts=(0, 1, 2, 3, 4)):
    sharded = {0: (), 1: (2, 3, 4), 2: (1, 2, 3, 4), 3: (0, 1, 2, 3, 4)}[stage]
    sizes = [t.numel() * t.element_size() for t in _shapes(P)]
    return float(sum(sizes[i] / (p if i in sharded else 1) for i in parts))


memory = Exercise(
    inputs=[(1000, 4, 0), (1000, 4, 1), (1000, 8, 2), (3000, 16, 3), (5, 8, 1), (5, 8, 2), (5, 7, 3)],
    oracle=_memory,
    mistakes={
        "stage 0 keeps full copies: nothing is divided by p.":
            lambda P, p, stage: _memory(P, p, stage) / (p if stage == 0 else 1),
        "everything is divided by p at every stage. Only stage 3 does that.":
            lambda P, p, stage: _memory(P, p, 3 if stage else 0),
        "the gradients are not cut at stage 2: only stages 0 and 1 leave them whole.":
            lambda P, p, stage: _memory(P, p, 1 if stage == 2 else stage),
        "the 32-bit master weights are missing: mixed precision keeps 12 bytes of states, not 8.":
            lambda P, p, stage: _memory(P, p, stage, (0, 1, 2, 3)),
        "the gradients are missing: 2 bytes per parameter.":
            lambda P, p, stage: _memory(P, p, stage, (0, 2, 3, 4)),
        "weights and gradients take 2 bytes each here, in 16 bits, not 4.":
            lambda P, p, stage: _memory(P, p, stage) + _memory(P, p, stage, (0, 1)),
        "that is the memory of all p workers together. One was asked for.":
            lambda P, p, stage: _memory(P, p, stage) * p,
        "the stages are off by one: stage 1 cuts the optimizer's states, 2 also gradients, 3 also weights.":
            lambda P, p, stage: _memory(P, p, max(stage - 1, 0)),
    },
    hints=("Per parameter: 2 bytes of weights, 2 of gradients, 12 of optimizer states.",
           "Stage 1 divides the 12 by p; stage 2 also one of the 2; stage 3 all.",
           "`P * (2 / (p if stage > 2 else 1) + 2 / (p if stage > 1 else 1) + 12 / (p if stage > 0 else 1))`"),
    praise="With this line you know how many GPUs to ask for.",
)


def _moments(seed, *sizes, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    rows = [2 * torch.randn(n, 3, generator=generator) + torch.arange(3.0) + i + shift for i, n in enumerate(sizes)]
    return (torch.tensor(sizes), torch.stack([part.mean(dim=0) for part in rows]),
            torch.stack([part.var(dim=0, correction=0) for part in rows]))


def _whole(n, means, variances):
    """Build rows that have these moments (half above, half below), then ask torch for those of all."""
    rows = torch.cat([torch.cat([m + v.sqrt(), m - v.sqrt()]).view(2, -1).repeat(int(k), 1)
                      for k, m, v in zip(n, means.double(), variances.double(), strict=True)])
    return rows.mean(dim=0).float(), rows.var(dim=0, correction=0).float()


def _weighted(n, values):
    return (n[:, None] * values).sum(dim=0) / n.sum()


merge_moments = Exercise(
    inputs=[_moments(0, 5, 9), _moments(1, 4, 3, 12, shift=-4.0)],
    oracle=_whole,
    mistakes={
        "that is the mean of the means: a worker with more rows must have more weight.":
            lambda n, m, v: (m.mean(dim=0), _whole(n, m, v)[1]),
        "plain means of both: a worker with more rows must have more weight, and the means differ.":
            lambda n, m, v: (m.mean(dim=0), v.mean(dim=0)),
        "you average the variances only. Workers whose *means* differ spread further apart.":
            lambda n, m, v: (_weighted(n, m), _weighted(n, v)),
        "that is the mean of the squares: subtract the square of the whole mean.":
            lambda n, m, v: (_weighted(n, m), _weighted(n, v + m**2)),
        "you subtract the mean of the means' squares: that takes the spread between workers out again.":
            lambda n, m, v: (_whole(n, m, v)[0], _weighted(n, v + m**2) - (m**2).mean(dim=0)),
        "that is the standard deviation. Return the variance.":
            lambda n, m, v: (_whole(n, m, v)[0], _whole(n, m, v)[1].sqrt()),
        "you divide by N − 1. BatchNorm normalises with the variance over N.":
            lambda n, m, v: (_whole(n, m, v)[0], _whole(n, m, v)[1] * n.sum() / (n.sum() - 1)),
        "variances do not simply add up: weight them by n/N, and add the spread of the means.":
            lambda n, m, v: (_whole(n, m, v)[0], v.sum(dim=0)),
    },
    hints=("Sums can be shared by an all-reduce, means cannot. Which sums does a worker know?",
           "Worker i knows n, n·mean and n·(var + mean²), the sum of its squares. Add each over the workers.",
           "`mean = (n[:, None] * means).sum(0) / N`, then the same for `variances + means**2`, minus `mean**2`."),
    praise="This is what SyncBatchNorm sends round.",
)


def _swap(workers, step, shift=0, direction=1, phase=None, copy=None):
    """Make one step of the ring by slices: worker i - 1's chunk, rolled to i."""
    p = len(workers)
    adds = (step < p - 1 if phase is None else step < phase) if copy is None else not copy
    after = workers.clone()
    sender = torch.arange(p)
    chunk, receiver = (sender - direction * step + shift) % p, (sender + direction) % p
    after[receiver, chunk] = workers[sender, chunk] + adds * workers[receiver, chunk]
    return after


def _ring(num_steps, seed=0, p=4):
    workers = torch.randn(p, p, generator=torch.Generator().manual_seed(seed))
    for step in range(num_steps):
        workers = _swap(workers, step)
    return workers, num_steps


def _broadcast(workers, step):
    return workers.sum(dim=0).expand_as(workers).clone()


def _vary_ring(args, random):
    p = len(args[0])
    return _ring(random.randrange(2 * p - 2), random.randrange(10**6), p)


ring_step = Exercise(
    inputs=[_ring(0), _ring(1), _ring(2, 1), _ring(3, 2), _ring(5, 3), _ring(1, 4, 3), _ring(2, 5, 3),
            _ring(4, 6), _ring(3, 7, 3), _ring(3, 8, 5), _ring(4, 9, 5)],
    oracle=_swap,
    mistakes={
        "you never add: in the first p − 1 steps the receiver adds what comes.":
            lambda workers, step: _swap(workers, step, copy=True),
        "you always add: from step p − 1 on the sums are complete, and the receiver copies.":
            lambda workers, step: _swap(workers, step, copy=False),
        "the second half begins one step too late: it begins at step p − 1.":
            lambda workers, step: _swap(workers, step, phase=len(workers)),
        "the second half begins one step too early: it begins at step p − 1.":
            lambda workers, step: _swap(workers, step, phase=len(workers) - 2),
        "the ring turns the wrong way: worker r sends to r + 1.":
            lambda workers, step: _swap(workers, step, direction=-1),
        "each worker sends one chunk too far on: at step s worker r sends chunk (r − s) mod p.":
            lambda workers, step: _swap(workers, step, shift=1),
        "each worker sends the same chunk at every step: the chunk moves back by one, (r − s) mod p.":
            lambda workers, step: _swap(workers, step, shift=step),
        "that is the finished all-reduce. One step was asked for, in which each worker sends one chunk.": _broadcast,
    },
    hints=("Write down for p = 3 who sends which chunk at step 0: worker r sends chunk r.",
           "All send at once: read from `workers`, write into a copy.",
           "`chunk, right = (rank - step) % p, (rank + 1) % p`; add if `step < p - 1`, else copy."),
    praise="2(p − 1) of these, and everybody knows the sum.",
    vary=_vary_ring,
)
