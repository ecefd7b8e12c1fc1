"""What stands in for a data set that is not at hand: data of installed packages, and a painting."""

import importlib.util
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

PHOTOS = {"chelsea": "skimage/data/chelsea.png", "china": "sklearn/datasets/images/china.jpg",
          "coffee": "skimage/data/coffee.png"}
MATERIALS = {"brick": "skimage/data/brick.png", "coins": "skimage/data/coins.png", "fur": PHOTOS["chelsea"],
             "grass": "skimage/data/grass.png", "gravel": "skimage/data/gravel.png",
             "petals": "sklearn/datasets/images/flower.jpg"}
NIGHT = np.array([(0.03, 0.05, 0.16), (0.06, 0.14, 0.40), (0.13, 0.30, 0.64), (0.35, 0.56, 0.80),
                  (0.70, 0.80, 0.74), (0.98, 0.85, 0.38), (1.00, 0.96, 0.75)])    # RGB, dark sky … star
STARS = ((-0.75, -0.40, 0.15), (-0.45, -0.45, -0.10), (-0.15, -0.05, -0.27), (0.12, -0.46, 0.12),
         (0.28, 0.14, 0.22), (0.70, -0.36, 0.24), (-0.85, 0.06, 0.12), (-0.52, 0.22, -0.10))  # x, y, ±radius


def digits():
    """Return scikit-learn's digits in MNIST's form, uint8: X, y to train (1500) and X, y to test (297)."""
    from sklearn.datasets import load_digits
    X, y = load_digits(return_X_y=True)
    X = F.interpolate(torch.from_numpy(X).view(-1, 1, 8, 8) / 16, size=20, mode="bilinear")
    X = F.pad(255 * X, (4, 4, 4, 4))[:, 0].byte()                   # in MNIST, too, 20 pixels and a border
    mixed = np.random.default_rng(0).permutation(len(y))            # the table goes writer by writer
    X, y = X[mixed], torch.from_numpy(y[mixed])
    return X[:1500], y[:1500], X[1500:], y[1500:]


def diabetes():
    """Return scikit-learn's diabetes table: DataFrame (442, 10) and target, float (442,)."""
    from sklearn.datasets import load_diabetes
    return load_diabetes(return_X_y=True, as_frame=True, scaled=False)


def bundled(name):
    """Return the path of a package's file, such as "jieba/dict.txt"; importing the package takes seconds."""
    package, _, rest = name.partition("/")
    return Path(importlib.util.find_spec(package).origin).parent / rest


def idioms():
    """Return the 22 192 four-character idioms of jieba's dictionary, list of str."""
    lines = bundled("jieba/dict.txt").read_text(encoding="utf-8").splitlines()
    return [word for word, _, kind in map(str.split, lines) if kind == "i" and len(word) == 4]


def patches(size, num_each=100):
    """Cut random squares out of six photos: uint8 (N, 3, size, size), and names such as "brick/brick12"."""
    from PIL import Image
    rng, squares, names = np.random.default_rng(0), [], []
    for name, path in MATERIALS.items():
        image = Image.open(bundled(path)).convert("RGB")
        for i, side in enumerate(rng.integers(90, 240, num_each).tolist()):
            left, top = (rng.integers(length - side).item() for length in image.size)
            squares.append(image.resize((size, size), box=(left, top, left + side, top + side)))
            names.append(f"{name}/{name}{i + 1}")
    return np.ascontiguousarray(np.moveaxis(np.stack(squares), -1, 1)), names


def painting(width=512, seed=0):
    """Paint a starry night, uint8 (5 * width // 8, width, 3): noise combed along the contours of hills.

    The combing is a line integral convolution (Cabral and Leedom, 1993).
    """
    rng, height = torch.Generator().manual_seed(seed), 5 * width // 8
    y, x = torch.meshgrid(torch.linspace(-0.625, 0.625, height), torch.linspace(-1, 1, width), indexing="ij")

    def noise(rows, columns):
        grid = torch.rand(1, 1, rows, columns, generator=rng)
        return F.interpolate(grid, size=x.shape, mode="bicubic")[0, 0]

    hills = 0.55 * y + 0.1 * torch.sin(3.2 * x + 1) * torch.cos(4 * y) + 0.1 * noise(4, 6)
    light = 0.1 + 0.3 * noise(3, 5)
    for star_x, star_y, radius in STARS:                            # each on its hill: a whirl around it
        d = torch.hypot(x - star_x, y - star_y) / abs(radius)
        hills += 1.1 * radius * torch.exp(-(d**2))
        light = light.maximum(torch.exp(-2 * d)).maximum(0.33 * torch.exp(-((4 * d - 3.6) ** 2)))
    strokes = _comb(noise(height // 3, width // 3), hills, torch.stack([x, y / 0.625], dim=-1)[None])
    shade = (light + 0.11 * strokes).numpy()
    rgb = np.stack([np.interp(shade, np.linspace(0, 1, len(NIGHT)), channel) for channel in NIGHT.T], axis=-1)
    relief = 0.08 * sum(torch.gradient(strokes)).numpy()            # thick paint, lit from a corner
    return (255 * (rgb + relief[..., None]).clip(0, 1)).astype("uint8")


def _comb(noise, hills, places):
    """Average noise along the contour lines of hills; standardised, (height, width)."""
    down, right = torch.gradient(hills)
    flow = F.normalize(torch.stack([down, -right]), dim=0)[None]    # along a contour, one pixel long
    pixel = 2 / torch.tensor(hills.shape[::-1])                     # to grid_sample the picture is 2 x 2
    total = torch.zeros(1, 1, *hills.shape)
    for step in (pixel, -pixel):
        here = places
        for _ in range(hills.shape[1] // 24):
            total += F.grid_sample(noise[None, None], here, padding_mode="reflection", align_corners=True)
            here = here + step * F.grid_sample(flow, here, "bilinear", "border", True).permute(0, 2, 3, 1)
    return ((total - total.mean()) / total.std())[0, 0]
