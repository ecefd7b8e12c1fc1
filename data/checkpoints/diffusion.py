"""Train the U-Net of notebook 16 (diffusion) on MNIST and save it as `diffusion.safetensors`.

    python -m data.checkpoints.diffusion            # from the repository's root, 25 minutes on one CPU core
    python -m data.checkpoints.diffusion survey     # then 10 more: `film.*` and `survey.rows`
    python -m data.checkpoints.diffusion seeds      # and 4: `survey.seeds`

60 000 digits in [-1, 1], labels left out one time in ten; the learning rate runs with the processor time along half a
cosine. Saved is the running average of the weights, in half precision: 0.94 million numbers, 1.9 MB. The products are
made in bfloat16, which halves the time where the processor has instructions for it. If it is stopped, the next call
goes on from the last minute that it kept (in the folder of temporary files).

``film.states``: ten digits on their way back in 20 steps, every fourth state, (6, 10, 1, 28, 28). ``survey.rows``: for
2000 digits each, steps, eta, guidance, classes covered, orders obeyed, confidence, Fréchet distance d² by the yardstick
of notebook 10. ``survey.seeds``: (5, 2), d² of 2000 digits by this net (10 steps, guidance 0.5) and by the conditional
GAN, five draws.

The functions and classes down to `guided` are shown in the notebook.
"""

import math
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from d2lhelpers import data
from data.checkpoints.gan_digits import make_generator, make_lenet

SECONDS, LR, BATCH_SIZE, NOBODY = 1450, 2e-3, 128, 10  # label 10: no digit is named
KEPT = Path(tempfile.gettempdir()) / "d2l_diffusion.pt"


def alpha_bar(t):
    """Return the share of the signal's variance that is left at time t in [0, 1]: Nichol and Dhariwal's cosine."""
    return torch.cos(0.98 * math.pi / 2 * t) ** 2


def add_noise(x0, t, eps):
    """Mix pictures and noise as at time t: (N, …), (N,), (N, …) -> (N, …)."""
    a = alpha_bar(t).view(-1, *[1] * (x0.dim() - 1))
    return a.sqrt() * x0 + (1 - a).sqrt() * eps


class Block(nn.Module):
    """Two convolutions beside a shortcut; time and label scale and shift what lies between."""

    def __init__(self, num_in, num_out, num_told=128):
        super().__init__()
        self.norm1 = nn.GroupNorm(8, num_in)
        self.norm2 = nn.GroupNorm(8, num_out)
        self.conv1 = nn.Conv2d(num_in, num_out, 3, padding=1)
        self.conv2 = nn.Conv2d(num_out, num_out, 3, padding=1)
        self.told = nn.Linear(num_told, 2 * num_out)
        self.shortcut = nn.Conv2d(num_in, num_out, 1)

    def forward(self, x, told):  # (N, C, H, W), (N, 128)
        scale, shift = self.told(told)[:, :, None, None].chunk(2, dim=1)
        h = self.norm2(self.conv1(F.silu(self.norm1(x))))
        h = self.conv2(F.silu(h * (1 + scale) + shift))
        return self.shortcut(x) + h


class UNet(nn.Module):
    """Guess the noise in a picture: (N, 1, 28, 28), times (N,), labels (N,) -> (N, 1, 28, 28)."""

    def __init__(self, a=32, b=64, c=128):
        super().__init__()
        self.time, self.label = nn.Linear(32, 128), nn.Embedding(11, 128)
        self.first = nn.Conv2d(4, a, 3, padding=1)
        self.down = nn.ModuleList([Block(a, a), Block(a, b), Block(b, c)])
        self.middle = Block(c, c)
        self.up = nn.ModuleList([Block(c + b, b), Block(b + a, a)])
        self.last = nn.Sequential(nn.GroupNorm(8, a), nn.SiLU(), nn.Conv2d(a, 4, 3, padding=1))

    def forward(self, x, t, y):
        angles = t[:, None] * torch.logspace(0, 2.5, 16, device=t.device)
        clock = torch.cat([angles.sin(), angles.cos()], dim=1)
        told = F.silu(self.time(clock) + self.label(y))
        x = self.first(F.pixel_unshuffle(x, 2))
        wide = self.down[0](x, told)  # (N, 32, 14, 14)
        mid = self.down[1](F.avg_pool2d(wide, 2), told)  # (N, 64, 7, 7)
        h = self.down[2](F.avg_pool2d(mid, 2, ceil_mode=True), told)
        h = self.middle(h, told)  # (N, 128, 4, 4)
        h = torch.cat([F.interpolate(h, size=7), mid], dim=1)
        h = self.up[0](h, told)
        h = torch.cat([F.interpolate(h, size=14), wide], dim=1)
        h = self.up[1](h, told)
        return F.pixel_shuffle(self.last(h), 2)


def diffusion_loss(model, X, y):
    """Return the mean squared error of the guessed noise, at random times and with a tenth of the labels left out."""
    t, eps = torch.rand(len(X), device=X.device), torch.randn_like(X)
    y = torch.where(torch.rand(len(y), device=y.device) < 0.1, NOBODY, y)
    return F.mse_loss(model(add_noise(X, t, eps), t, y), eps)


def step_weights(a, b, eta=0.0):
    """Return what a step from share a to share b takes of the guess, of the guessed noise, and of fresh noise."""
    sigma = eta * ((1 - b) / (1 - a) * (1 - a / b)).sqrt()
    return b.sqrt(), (1 - b - sigma**2).clamp(min=0).sqrt(), sigma


def step_back(x, eps_hat, a, b, eta=0.0, limit=math.inf):
    """Take one step from share a to the larger share b: DDIM at eta = 0, DDPM at eta = 1."""
    x0 = ((x - (1 - a).sqrt() * eps_hat) / a.sqrt()).clamp(-limit, limit)
    eps_hat = (x - a.sqrt() * x0) / (1 - a).sqrt()
    of_guess, of_noise, sigma = step_weights(a, b, eta)
    return of_guess * x0 + of_noise * eps_hat + sigma * torch.randn_like(x)


@torch.inference_mode()
def sample(guess, x, num_steps, eta=0.0, limit=math.inf, film=None):
    """Walk back from noise x at time 1 to time 0 in equal steps; `film` collects the states on the way."""
    times = torch.linspace(1, 0, num_steps + 1)
    for t, s in pairwise(times):
        eps_hat = guess(x, t.expand(len(x)))
        x = step_back(x, eps_hat, alpha_bar(t), alpha_bar(s), eta, limit)
        if film is not None:
            film.append(x)
    return x


def guided(model, y, w):
    """Return a guesser of noise that is told the digits y, and overdoes what they change by a share w."""
    def guess(x, t):
        told = model(x, t, y)
        if w == 0:
            return told
        return told + w * (told - model(x, t, torch.full_like(y, NOBODY)))
    return guess


def save(state, path):
    """Write weights and film in half precision, the survey in single."""
    save_file({name: (value if name.startswith("survey.") else value.half()).contiguous()
               for name, value in state.items()}, path)


def frechet(A, B):
    """Return d² of two clouds of features, as in notebook 10: (N, n), (M, n) -> ()."""
    A, B = A.double(), B.double()
    S, T = torch.cov(A.T), torch.cov(B.T)
    roots = torch.linalg.eigvals(S @ T).real.clamp(min=0).sqrt()
    return ((A.mean(0) - B.mean(0)) ** 2).sum() + S.trace() + T.trace() - 2 * roots.sum()


def _judged():
    """Return the net, what else its file holds, the judge of 10, 2000 real digits and the labels to order."""
    torch.set_num_threads(1)
    state = data.load_checkpoint("diffusion")
    extra = {name: value for name, value in state.items() if name.startswith(("film.", "survey."))}
    model, lenet = UNet(), make_lenet()
    model.load_state_dict({name: value for name, value in state.items() if name not in extra})
    lenet.load_state_dict(_of_gan("lenet"))
    return model, extra, lenet, 2 * data.load_mnist(2000).X_train - 1, torch.arange(2000) % 10


def _of_gan(name):
    return {key.removeprefix(f"{name}."): value for key, value in data.load_checkpoint("gan_digits").items()
            if key.startswith(f"{name}.")}


def _draw(model, y, w, num_steps=10, eta=0.0, seed=0):
    torch.manual_seed(seed)
    return torch.cat([sample(guided(model, part, w), torch.randn(len(part), 1, 28, 28), num_steps, eta, 1.0)
                      for part in y.split(250)])


@torch.inference_mode()
def seeds(num_seeds=5):
    """Add the distances of several draws of 2000 digits to the file: (num_seeds, 2), this net's and the GAN's."""
    model, extra, lenet, X, y = _judged()
    gan, rows = make_generator(74), []
    gan.load_state_dict(_of_gan("cgan"))
    gan.eval()
    for seed in range(num_seeds):
        torch.manual_seed(seed)
        forged = gan(torch.cat([torch.randn(2000, 64), F.one_hot(y, 10)], dim=1))
        rows.append([frechet(lenet[:-1](X), lenet[:-1](drawn)).item()
                     for drawn in (_draw(model, y, 0.5, seed=seed), forged)])
        print("seed {}: d² {:.2f}, the GAN {:.2f}".format(seed, *rows[-1]), flush=True)
    save(model.state_dict() | extra | {"survey.seeds": torch.tensor(rows)}, Path(__file__).with_suffix(".safetensors"))


@torch.inference_mode()
def survey():
    """Draw the film, and 2000 digits for each of many settings; add what the yardstick says to the file."""
    model, extra, lenet, X, y = _judged()
    noise = torch.randn(10, 1, 28, 28, generator=torch.Generator().manual_seed(2)).half().float()
    film = [noise]
    sample(guided(model, torch.arange(10), 1.0), noise, 20, limit=1.0, film=film)
    rows = []
    settings = [(10, 0, w) for w in (0.5, 0, 1, 2, 4)] + [(n, 0, 0.5) for n in (1, 2, 5)] + [(10, 1, 0.5)]
    for num_steps, eta, w in settings:
        features = lenet[:-1](_draw(model, y, w, num_steps, eta))
        probs = lenet[-1](features).softmax(dim=1)
        seen = probs.argmax(dim=1)
        rows.append([num_steps, eta, w, (seen.bincount(minlength=10) >= 40).sum().item(),
                     (seen == y).float().mean().item(), probs.amax(1).mean().item(),
                     frechet(lenet[:-1](X), features).item()])
        print("steps {}, eta {}, w {}: {}/10 classes, obeyed {:.3f}, confidence {:.3f}, d² {:.2f}".format(*rows[-1]),
              flush=True)
        extra |= {"film.states": torch.stack(film[::4]), "survey.rows": torch.tensor(rows)}
        save(model.state_dict() | extra, Path(__file__).with_suffix(".safetensors"))


def main():
    """Train until the processor time is used up."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    digits, model = data.load_mnist(), UNet()
    X, y = 2 * digits.X_train - 1, digits.y_train
    optimizer = torch.optim.AdamW(model.parameters(), LR, weight_decay=0.01)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    step, used, epoch = 0, 0.0, 0
    if KEPT.exists():
        kept = torch.load(KEPT, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        average, step, used, epoch = kept["average"], kept["step"], kept["used"], kept["epoch"]
        torch.manual_seed(step)
    before, smooth = time.process_time(), 0.0
    while used < SECONDS:
        for X_batch, y_batch in data.batches(X, y, batch_size=BATCH_SIZE, seed=epoch, drop_last=True):
            for group in optimizer.param_groups:  # a short warm-up, then half a cosine
                group["lr"] = LR * min(1, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * min(1, used / SECONDS)))
            with torch.autocast("cpu", torch.bfloat16):
                loss = diffusion_loss(model, X_batch, y_batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            decay = min(0.999, (1 + step) / (10 + step))
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1 - decay)
            step, smooth = step + 1, 0.98 * smooth + 0.02 * loss.item()
            now = time.process_time()
            used, before = used + now - before, now
            if step % 250 == 0:
                print(f"epoch {epoch}, step {step}, {used:.0f} s: loss {smooth:.4f}", flush=True)
                torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average,
                            "step": step, "used": used, "epoch": epoch + 1}, KEPT)
                save(average, Path(__file__).with_suffix(".safetensors"))
            if used >= SECONDS:
                break
        epoch += 1
    save(average, Path(__file__).with_suffix(".safetensors"))
    print(f"{step} steps in {used:.0f} s", flush=True)


if __name__ == "__main__":
    {"survey": survey, "seeds": seeds}.get(sys.argv[-1], main)()
