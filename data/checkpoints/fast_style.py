"""Train the fast style-transfer net of notebook 11: one net, four paintings, one pass per picture.

    python -m data.checkpoints.fast_style

Content: crops of 128 pixels, half from every fourth TrashNet photo, half from five photos that scikit-learn and
scikit-image bring along. Style: three public-domain paintings and the project's own. Loss: the notebook's, on
SqueezeNet 1.1 (style at layers 1, 4, 6, 7, content at 3, two scales, colours, total variation).
3400 steps of two crops take about 8 minutes on one free core. The file holds half-precision numbers, 0.5 MB.
"""

import time
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torchvision.models import squeezenet1_1
from torchvision.transforms.functional import to_tensor

from d2lhelpers import data, standins

STYLES = {"starry_night": 256, "great_wave": 256, "the_scream": 300, "swirls": 256}    # and the longer side
PHOTOS = (*standins.PHOTOS.values(), "skimage/data/astronaut.png", "skimage/data/rocket.jpg")
STYLE_LAYERS, CONTENT_LAYER = (1, 4, 6, 7), 3
STEPS, BATCH, CROP, LR = 3400, 2, 128, 4e-3
CONTENT_WEIGHT, TV_WEIGHT = 0.3, 0.3
MEAN, STD = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]


class FastStyle(nn.Module):
    """Repaint a photo in one pass; every style has its own scale and shift for each normalised channel."""

    def __init__(self, num_styles=4, width=48, num_blocks=5):
        super().__init__()
        self.first, self.middle, self.last = conv(48, width), conv(width, 24), conv(24, 3)
        self.convs = nn.ModuleList(conv(width, width) for _ in range(2 * num_blocks))
        self.scale = nn.Parameter(torch.ones(2 * num_blocks, num_styles, width))
        self.shift = nn.Parameter(torch.zeros(2 * num_blocks, num_styles, width))

    def forward(self, x, mix):                             # (N, 3, H, W), (N, num_styles)
        h = self.first(F.pixel_unshuffle(x - 0.5, 4))      # (N, width, H/4, W/4)
        for i in range(0, len(self.convs), 2):             # residual blocks
            h = h + self.normed(i + 1, F.relu(self.normed(i, h, mix)), mix)
        h = F.relu(self.middle(F.interpolate(F.relu(h), scale_factor=2, mode="bilinear")))
        return x + 0.7 * torch.tanh(self.last(F.interpolate(h, scale_factor=2, mode="bilinear")))

    def normed(self, i, h, mix):                           # a convolution, then the style's norm
        h = F.instance_norm(self.convs[i](h))
        return h * (mix @ self.scale[i])[..., None, None] + (mix @ self.shift[i])[..., None, None]


def conv(inputs, outputs):
    """Return a 3 x 3 convolution that continues the picture beyond its border as a mirror."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")


def load_net():
    """Return SqueezeNet up to its last style layer, frozen."""
    net = squeezenet1_1()
    net.load_state_dict(data.load_weights("squeezenet1_1"))
    return net.features[: max(STYLE_LAYERS) + 1].eval().requires_grad_(False)


def load_styles():
    """Return the paintings, list of float (1, 3, H, W) in [0, 1]."""
    pictures = [Image.fromarray(standins.painting()) if name == "swirls" else None for name in STYLES]
    return [data.load_image(name, size)[None] if picture is None else shrink(to_tensor(picture)[None], size)
            for (name, size), picture in zip(STYLES.items(), pictures, strict=True)]


def load_contents():
    """Return TrashNet photos, uint8 (N, 3, 150, 150), and other photos in three sizes, list of float (1, 3, H, W)."""
    trash = data.load_trashnet(150).pixels[::4]
    photos = [to_tensor(Image.open(standins.bundled(path)).convert("RGB"))[None] for path in PHOTOS]
    return trash, [shrink(photo, width) for photo in photos for width in (200, 256, 340)]


def shrink(x, width):
    """Return a picture with the given width, float (1, 3, H, width)."""
    return F.interpolate(x, (x.shape[2] * width // x.shape[3], width), mode="bilinear", antialias=True)


def random_crop(trash, photos, rng):
    """Return a square of some photo, perhaps mirrored, float (1, 3, CROP, CROP) in [0, 1]."""
    def below(n):
        return torch.randint(n, (), generator=rng).item()

    x = trash[below(len(trash))][None] / 255 if below(2) else photos[below(len(photos))]
    top, left = below(x.shape[2] - CROP + 1), below(x.shape[3] - CROP + 1)
    x = x[:, :, top:top + CROP, left:left + CROP]
    return x.flip(3) if below(2) else x


def pyramid(x):
    """Return a picture in two sizes."""
    return x, F.avg_pool2d(x, 2)


def features(net, x, layers):
    """Return what the given layers see, dict of float (N, C, h, w)."""
    h, kept = (x - MEAN) / STD, {}
    for i, layer in enumerate(net[: max(layers) + 1]):
        h = layer(h)
        if i in layers:
            kept[i] = h
    return kept


def fingerprint(h):
    """Return Gram matrix (N, C, C), mean (N, C) and standard deviation (N, C) of the channels."""
    flat = h.flatten(2)
    return flat @ flat.mT / flat.shape[2], flat.mean(dim=2), flat.std(dim=2)


def relative(A, B):
    """Return the squared distance in units of B's squared length, float (N,)."""
    return (A - B).square().flatten(1).sum(dim=1) / B.square().flatten(1).sum(dim=1)


def layer_loss(h, wanted):
    """Return how far a layer's statistics are from the wanted ones, float (N,)."""
    gram, mean, std = (relative(a, b) for a, b in zip(fingerprint(h), wanted, strict=True))
    return gram + (mean + std) / 2


def match_colours(x, style):
    """Return x with the style's mean colour and colour covariance, in [0, 1]."""
    def moments(x):
        mean = x.mean(dim=(2, 3), keepdim=True)
        flat = (x - mean).flatten(2)
        return mean, flat, flat @ flat.mT / flat.shape[2]

    def power(S, p):
        values, vectors = torch.linalg.eigh(S)
        return (vectors * values.clamp(min=1e-6)[:, None] ** p) @ vectors.mT

    (_, flat, S), (mean, _, S_style) = moments(x), moments(style)
    return ((power(S_style, 0.5) @ power(S, -0.5) @ flat).view_as(x) + mean).clamp(0, 1)


def loss_fn(net, y, x, wanted):
    """Return style, content, colour and roughness losses of the net's pictures y of x, a () tensor."""
    *wanted, colours = wanted
    loss = layer_loss(y, colours) + TV_WEIGHT * sum(y.diff(dim=dim).abs().mean() for dim in (2, 3))
    for small, photo, want in zip(pyramid(y), pyramid(x), wanted, strict=True):
        seen = features(net, small, {*STYLE_LAYERS, CONTENT_LAYER})
        with torch.no_grad():
            content = features(net, photo, {CONTENT_LAYER})[CONTENT_LAYER]
        style = sum(layer_loss(seen[i], want[i]) for i in STYLE_LAYERS) / len(STYLE_LAYERS)
        loss = loss + style + CONTENT_WEIGHT * relative(seen[CONTENT_LAYER], content)
    return loss.mean()


def train(model, net, styles, contents, steps=STEPS):
    """Show the net `steps` batches of crops, each in the style that is next in turn."""
    rng = torch.Generator().manual_seed(0)
    wanted = [[*({i: fingerprint(h) for i, h in features(net, y, STYLE_LAYERS).items()} for y in pyramid(style)),
               fingerprint(style)] for style in styles]
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, steps, pct_start=0.05)
    total, start = 0.0, time.process_time()
    for step in range(steps):
        k = step % len(styles)
        x = match_colours(torch.cat([random_crop(*contents, rng) for _ in range(BATCH)]), styles[k])
        y = model(x, torch.eye(len(styles))[[k] * BATCH])
        top, left = torch.randint(4, (2,), generator=rng).tolist()   # breaks the grid of SqueezeNet's strides
        loss = loss_fn(net, y[:, :, top:, left:], x[:, :, top:, left:], wanted[k])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        total += loss.item()
        if step % 100 == 99:
            print(f"step {step + 1}  loss {total / 100:.3f}  {time.process_time() - start:.0f} s", flush=True)
            total = 0.0


def main():
    """Train and save."""
    torch.manual_seed(0)
    model = FastStyle(len(STYLES))
    with torch.no_grad():
        model.last.weight *= 0.1                                     # start as the photo itself
    train(model, load_net(), load_styles(), load_contents())
    state = {name: value.half() for name, value in model.state_dict().items()}
    save_file(state, Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
