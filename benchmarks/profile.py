"""Where the time of LeNet-5 goes: each part of one training step with 96 digits, and what other ways would save."""

import copy
import textwrap
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks import side
from benchmarks.models import LeNet5
from benchmarks.reference import start


def _step(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _flushed(step):
    torch.set_flush_denormal(True)
    step()
    torch.set_flush_denormal(False)


def _with(layer, swap):
    """Return a LeNet-5 in which every layer of a kind is replaced."""
    return nn.Sequential(*(swap() if isinstance(part, layer) else part for part in LeNet5()))


def main(batch=96, rounds=40):
    """Return the lines: microseconds, medians of steps that took turns."""
    torch.manual_seed(0)
    X, y = torch.randn(batch, 1, 28, 28), torch.randint(10, (batch,))
    adamw, last = torch.optim.AdamW, torch.channels_last
    nets = {"one step, fused AdamW, channels last": (LeNet5().to(memory_format=last), partial(adamw, fused=True)),
            "the same, channels first": (LeNet5(), partial(adamw, fused=True)),
            "AdamW layer by layer (foreach)": (LeNet5().to(memory_format=last), partial(adamw, foreach=True)),
            "AdamW weight by weight": (LeNet5().to(memory_format=last), partial(adamw, foreach=False)),
            "plain SGD": (LeNet5().to(memory_format=last), partial(torch.optim.SGD, fused=True)),
            "ReLU in place of tanh": (_with(nn.Tanh, nn.ReLU).to(memory_format=last), partial(adamw, fused=True)),
            "without pooling's average (maximum)": (_with(nn.AvgPool2d, lambda: nn.MaxPool2d(2)).to(memory_format=last),
                                                    partial(adamw, fused=True))}
    steps = {}
    for name, (net, make) in nets.items():
        start(net, 5 / 3)
        steps[name] = partial(_step, net, make(net.parameters(), lr=1e-3), X, y)
    steps["one step, denormal numbers flushed to 0"] = partial(_flushed, steps["one step, fused AdamW, channels last"])
    model = copy.deepcopy(nets["one step, fused AdamW, channels last"][0])
    optimizer, inputs = adamw(model.parameters(), fused=True), [X]
    for layer in model:
        inputs.append(layer(inputs[-1].detach()))
    parts = {"forward, loss": lambda: F.cross_entropy(model(X), y),
             "forward, loss, backward": lambda: F.cross_entropy(model(X), y).backward(),
             "the optimizer alone": optimizer.step,
             **{f"forward: {i} {type(layer).__name__}": partial(layer, inputs[i].detach())
                for i, layer in enumerate(model)}}
    everything = steps | parts
    medians = [1e6 * sorted(times)[rounds // 2] for times in side.alternate(*everything.values(), rounds=rounds)]
    took = dict(zip(everything, medians, strict=True))
    return [*(f"{name:44}{median:8,.0f} µs" for name, median in took.items()), "", *textwrap.wrap(summary(took), 100)]


def summary(took):
    """Return in words where the time of a step goes, from the microseconds of each part."""
    names = list(took)
    whole, forward, both = took[names[0]], took["forward, loss"], took["forward, loss, backward"]
    layers = {name.split()[-1] + " " + name.split()[1]: us for name, us in took.items() if name.startswith("forward: ")}
    dear = sorted(layers, key=layers.get, reverse=True)[:3]
    saved = [f"{name} {took[name] - whole:+,.0f} µs" for name in names[1:8]]
    return (f"Of a step's {whole:,.0f} µs the way forward takes {forward / whole:.0%}, the way back "
            f"{(both - forward) / whole:.0%}, the optimizer {took['the optimizer alone'] / whole:.0%}. Forward, the "
            "dearest layers are " + ", ".join(f"{name} ({layers[name] / sum(layers.values()):.0%})" for name in dear)
            + f". Against the first line: {'; '.join(saved)}.")
