"""Train the networks that notebook 10 (GAN) loads, on MNIST: about 15 minutes on one CPU core.

    python -m data.checkpoints.gan_digits

- ``mlp.*``: the fully connected GAN's generator after 6 epochs of 60 000 digits.
- ``dcgan.*``: a DCGAN's generator after 10 epochs; its discriminator learns five times as slowly.
- ``cgan.*``: the same with the digit's label as a second input, 4 epochs. All three are running averages of the
  generators' weights over the last 500 steps or so (Yazici et al., 2019).
- ``lenet.*``: LeNet-5, 3 epochs, the judge of all generators.
- ``mlp_frames.*`` and ``dcgan_frames.*``: drawings of 20 fixed noise vectors during training, ``images`` uint8
  (16, 20, 28, 28) and their ``steps``; ``belief``, the mean D(x) and D(G(z)) every ten steps.

The functions `make_…`, `with_…` and `…_step` are shown in the notebook.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from d2lhelpers import data, runtime, training

NOISE_SIZE = 64
EPOCHS = {"cgan": 4, "dcgan": 10, "mlp": 6}
LR = {"cgan": (5e-4, 5e-4), "dcgan": (1e-3, 2e-4), "mlp": (1e-3, 1e-3)}  # generator, discriminator
bce = nn.BCEWithLogitsLoss()


def make_mlp_generator():
    """Return a fully connected generator: (N, 64) -> (N, 1, 28, 28) in [-1, 1]."""
    return nn.Sequential(
        nn.Linear(64, 128), nn.LeakyReLU(0.2),
        nn.Linear(128, 256), nn.LeakyReLU(0.2),
        nn.Linear(256, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))


def make_mlp_discriminator():
    """Return a fully connected discriminator: (N, 1, 28, 28) -> logits (N, 1)."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 256), nn.LeakyReLU(0.2),
        nn.Linear(256, 128), nn.LeakyReLU(0.2),
        nn.Linear(128, 1))


def make_generator(in_size=64, width=32):
    """Return a DCGAN generator: (N, in_size) -> (N, 1, 28, 28) in [-1, 1]."""
    return nn.Sequential(
        nn.Linear(in_size, 2 * width * 7 * 7, bias=False),
        nn.Unflatten(1, (2 * width, 7, 7)),
        nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(width), nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh())


def make_discriminator(in_channels=1, width=32):
    """Return a DCGAN discriminator: (N, in_channels, 28, 28) -> logits (N, 1)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(2 * width * 7 * 7, 1))


def make_lenet():
    """Return LeNet-5 with ReLU and max pooling; all but its last layer gives 84 features."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10))


def train_step(G, D, optimizer_G, optimizer_D, X, noise_size=64):
    """Play one round on a batch X of real examples; return the mean D(x) and D(G(z))."""
    z = torch.randn(len(X), noise_size, device=X.device)
    fake = G(z)
    real_logits, fake_logits = D(X), D(fake.detach())
    ones = torch.ones_like(real_logits)
    zeros = torch.zeros_like(real_logits)

    loss_D = bce(real_logits, ones) + bce(fake_logits, zeros)
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    loss_G = bce(D(fake), ones)
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    logits = torch.stack([real_logits, fake_logits])
    return logits.detach().sigmoid().mean((1, 2))


def with_digit(z, y):
    """Append the digit to the noise, one-hot: (N, 64), (N,) -> (N, 74)."""
    return torch.cat([z, F.one_hot(y, 10)], dim=1)


def with_planes(X, y):
    """Append ten constant pictures, all black but the digit's: (N, 11, 28, 28)."""
    planes = F.one_hot(y, 10).float()[:, :, None, None]
    return torch.cat([X, planes.expand(-1, -1, 28, 28)], dim=1)


def conditional_step(G, D, optimizer_G, optimizer_D, X, y):
    """Play one round in which both players know the labels y."""
    z = torch.randn(len(X), 64, device=X.device)
    fake = G(with_digit(z, y))
    real_logits = D(with_planes(X, y))
    fake_logits = D(with_planes(fake.detach(), y))
    ones = torch.ones_like(real_logits)
    zeros = torch.zeros_like(real_logits)

    loss_D = bce(real_logits, ones) + bce(fake_logits, zeros)
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    loss_G = bce(D(with_planes(fake, y)), ones)
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    logits = torch.stack([real_logits, fake_logits])
    return logits.detach().sigmoid().mean((1, 2))


def make_players(name):
    """Return a new generator and discriminator."""
    if name == "mlp":
        return make_mlp_generator(), make_mlp_discriminator()
    conditional = name == "cgan"
    return make_generator(NOISE_SIZE + 10 * conditional), make_discriminator(1 + 10 * conditional)


def train(name, X, y, device):
    """Train one pair; return the averaged generator's state, frames, their steps, and beliefs."""
    torch.manual_seed(0)
    G, D = (net.to(device, memory_format=torch.channels_last) for net in make_players(name))
    average = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.998), use_buffers=True)
    optimizers = [torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999))
                  for net, lr in zip((G, D), LR[name], strict=True)]
    z = torch.randn(20, NOISE_SIZE, device=device)
    num_steps = EPOCHS[name] * (len(X) // 64)
    wanted = torch.logspace(0, torch.log10(torch.tensor(num_steps)).item(), 16).long() - 1
    wanted = torch.maximum(wanted, torch.arange(16))  # no step twice
    wanted[-1] = num_steps - 1
    frames, beliefs, step = [], [], 0
    for epoch in range(EPOCHS[name]):
        for X_batch, y_batch in data.batches(X, y, batch_size=64, seed=epoch, drop_last=True):
            labels = (y_batch.to(device),) if name == "cgan" else ()
            play = conditional_step if labels else train_step
            belief = play(G, D, *optimizers, X_batch.to(device), *labels)
            average.update_parameters(G)
            if step % 10 == 0:
                beliefs.append(belief)
            if not labels:
                frames += [draw(G, z)] * int((wanted == step).sum())
            step += 1
        print(f"{name}, epoch {epoch + 1}: D(x) {belief[0]:.2f}, D(G(z)) {belief[1]:.2f}", flush=True)
    return average.module.state_dict(), frames, wanted + 1, beliefs


@torch.no_grad()
def draw(G, z):
    """Return drawings as uint8 (N, 28, 28), from the weights as they are now."""
    G.eval()
    images = ((G(z)[:, 0] + 1) * 127.5).round().byte().cpu()
    G.train()
    return images


def train_lenet(digits, device):
    """Train the judge; return its state."""
    torch.manual_seed(0)
    lenet = make_lenet().to(device)
    optimizer = torch.optim.AdamW(lenet.parameters(), lr=2e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
    loader = data.batches(2 * digits.X_train - 1, digits.y_train, batch_size=64)
    test = data.batches(2 * digits.X_test - 1, digits.y_test, batch_size=1000, shuffle=False)
    loss_fn = nn.CrossEntropyLoss()
    history = training.fit(lenet, loader, loss_fn, optimizer, 3, test, scheduler)
    print(f"LeNet: accuracy {history.valid_accuracy[-1]:.4f} in {history.seconds:.0f} s", flush=True)
    return lenet.state_dict()


def main():
    """Train all four and write one file."""
    device, digits = runtime.pick_device(), data.load_mnist()
    X = 2 * digits.X_train - 1
    state = {f"lenet.{key}": value for key, value in train_lenet(digits, device).items()}
    for name in EPOCHS:
        weights, frames, steps, beliefs = train(name, X, digits.y_train, device)
        state |= {f"{name}.{key}": value for key, value in weights.items() if "num_batches" not in key}
        if frames:
            state |= {f"{name}_frames.images": torch.stack(frames), f"{name}_frames.steps": steps.int(),
                      f"{name}_frames.belief": torch.stack(beliefs)}
        save(state)


def save(state):
    """Write what there is so far, floats in half precision."""
    state = {key: (value.half() if value.is_floating_point() else value).cpu().contiguous()
             for key, value in state.items()}
    save_file(state, Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
