"""One training step on 2 × 512 digits: one process, against two that average their gradients (gloo)."""

import statistics
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from benchmarks import side


def _net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(),
                         nn.Linear(512, 10))


def _steps(rank, world, file, queue, steps, batch):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=world)
    model = nn.parallel.DistributedDataParallel(_net()) if world > 1 else _net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    X, y = torch.rand(batch // world, 1, 28, 28), torch.randint(10, (batch // world,))
    times = []
    for _ in range(steps):
        dist.barrier()
        start = time.perf_counter()
        loss = nn.functional.cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    if rank == 0:
        queue.put(times[3:])
    dist.destroy_process_group()


def _run(world, folder, turn, steps=23, batch=1024):
    context = mp.get_context("spawn")
    queue = context.SimpleQueue()
    mp.spawn(_steps, (world, folder / f"{world}-{turn}", queue, steps, batch), world)
    return statistics.median(queue.get())


def main(rounds=5):
    """Return the row; the rounds alternate."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        pairs = [[_run(world, Path(folder), turn) for world in (2, 1)] for turn in range(rounds)]
    two, one = map(list, zip(*pairs, strict=True))
    gain = statistics.median(b / a for a, b in pairs)
    question = "a training step on 1024 digits, two processes with one thread each"
    return [side.timed(question, "one process, one thread", two, one,
                       note=f"efficiency {gain / 2:.0%} of the two processes")]
