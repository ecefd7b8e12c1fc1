"""Data sets as plain tensors: local files, else a download, else a stand-in; one printed line says which."""

import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from d2lhelpers import files, places, standins
from d2lhelpers.records import Images, Photos, Poems, Table

CREDITS = {  # to be shown wherever the picture is
    "starry_night": "The Starry Night, Vincent van Gogh, 1889, public domain",
    "the_scream": "The Scream, Edvard Munch, public domain",
    "shipwreck": "The Shipwreck of the Minotaur, J. M. W. Turner, public domain",
    "great_wave": "The Great Wave off Kanagawa, Katsushika Hokusai, public domain",
    "china": "Summer Palace, Beijing, photo by danielbuechele on flickr, CC BY 2.0",
    "coffee": "Coffee cup, photo by Rachel Michetti, CC0",
    "chelsea": "Chelsea the cat, photo by Stéfan van der Walt, CC0"}
DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
           "Ankle boot")
MARKS = re.compile(r"[\[\]{}()（）□/]")  # an editor's, where a poem is damaged or in doubt


@dataclass
class Batches:
    """Yields (X, y) batches, cut out by an index that is shuffled anew for every epoch."""
    X: torch.Tensor  # (N, …), on any device
    y: torch.Tensor  # (N, …), on the same one
    batch_size: int
    shuffle: bool = True
    seed: int = 0
    drop_last: bool = False  # leave out a last batch that is smaller

    def __post_init__(self):
        if not (isinstance(self.X, torch.Tensor) and isinstance(self.y, torch.Tensor)):
            raise TypeError(f"X is a {type(self.X).__name__}, y a {type(self.y).__name__}: both must be tensors.")
        if len(self.X) != len(self.y):
            raise ValueError(f"X has {len(self.X)} rows, y has {len(self.y)}: each row of X needs its y.")
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}: a batch needs at least one row.")
        self._rng = torch.Generator().manual_seed(self.seed)

    def __len__(self):
        return (len(self.X) + (0 if self.drop_last else self.batch_size - 1)) // self.batch_size

    def __iter__(self):
        N = len(self.X)
        order = torch.randperm(N, generator=self._rng) if self.shuffle else torch.arange(N)
        for rows in order.to(self.X.device).split(self.batch_size)[: len(self)]:
            yield self.X.index_select(0, rows), self.y.index_select(0, rows)  # twice as fast as X[rows]


batches = Batches  # as it reads in a notebook: for X, y in data.batches(…)
load_checkpoint = files.load_checkpoint


def _load(title, prefix, read, stand_in, what):
    """Return read(*paths) of the real files, else stand_in(); and the source, which is also printed."""
    try:
        paths, how = files.fetch(prefix)
    except files.Missing as why:
        print(f"Stand-in: {what} for {title} ({why}). For the real set: run this again online, or see data/README.md.")
        return stand_in(), f"stand-in: {what}"
    print(f"{title}: {how}.")
    return read(*paths), f"{title}, {how}"


def _require_one(**numbers):
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} is {number}: it must be at least 1, or left out.")


def load_mnist(num_train=None):
    """Return MNIST as `Images`: 60 000 handwritten digits, or the first `num_train`, and 10 000 to test."""
    return _load_idx("MNIST", DIGITS, num_train)


def load_fashion_mnist(num_train=None):
    """Return Fashion-MNIST as `Images`: 60 000 clothes, or the first `num_train`, and 10 000 to test."""
    return _load_idx("FashionMNIST", CLOTHES, num_train)


def _load_idx(name, classes, num_train):
    _require_one(num_train=num_train)
    (X_train, y_train, X_test, y_test), source = _load(
        name, f"{name}/", lambda *paths: map(_read_idx, paths), standins.digits, "scikit-learn's digits")
    def floats(X):
        return X[:, None].float().div_(255)  # in place: half the memory

    return Images(floats(X_train[:num_train]), y_train[:num_train].long(), floats(X_test), y_test.long(),
                  classes if source.startswith(name) else DIGITS, source)


def _read_idx(path):
    """Return an IDX file's numbers, uint8; its fourth byte counts the axes, then come their lengths."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = np.frombuffer(content, ">i4", count=content[3], offset=4).tolist()
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=4 + 4 * len(shape)).view(shape)


def load_trashnet(size=84, num=None):
    """Return TrashNet as `Photos`: 2527 pieces of rubbish, or `num` of them at random, cut to a square and resized."""
    from PIL import Image, ImageOps
    _require_one(size=size, num=num)
    def some(count):
        return range(count) if num is None else np.random.default_rng(0).permutation(count)[:num]

    def read(folder):
        photos = [folder / name for name in places.listing(folder) if name.suffix == ".jpg"]
        photos = [photos[i] for i in some(len(photos))]
        pixels = np.empty((len(photos), 3, size, size), np.uint8)
        def fill(i):
            with Image.open(photos[i]) as photo:
                pixels[i] = np.moveaxis(np.asarray(ImageOps.fit(photo, (size, size))), -1, 0)
        with ThreadPoolExecutor() as pool:
            list(pool.map(fill, range(len(photos))))
        return pixels, [f"{path.parent.name}/{path.name}" for path in photos]

    def stand_in():
        pixels, names = standins.patches(size)
        return (pixels, names) if num is None else (pixels[some(len(names))], [names[i] for i in some(len(names))])

    (pixels, names), source = _load("TrashNet", "trashnet/", read, stand_in, "squares cut out of six bundled photos")
    classes, y = np.unique([name.split("/")[0] for name in names], return_inverse=True)
    return Photos(torch.from_numpy(pixels), torch.from_numpy(y), tuple(classes.tolist()), names, source)


def load_house_prices():
    """Return 1460 houses in Ames as a `Table`: 79 columns, and the sale price in dollars."""
    import pandas as pd
    def read(path):  # only NA marks a missing value: "None" is a kind of masonry
        frame = pd.read_csv(path, keep_default_na=False, na_values="NA").drop(columns="Id")
        return frame, frame.pop("SalePrice")

    (frame, target), source = _load("Ames house prices", "house_prices/", read, standins.diabetes,
                                    "scikit-learn's diabetes table")
    return Table(frame, torch.tensor(target.to_numpy("float32")), source)


def load_poems():
    """Return 8690 Tang poems in traditional characters as `Poems`, without those with an editor's marks."""
    def read(*paths):
        entries = [entry for path in paths for entry in json.loads(path.read_text("utf-8"))]
        return ["\n".join(entry["paragraphs"]) for entry in entries]

    poems, source = _load("Tang poems", "poems/", read, standins.idioms, "jieba's four-character idioms")
    return Poems([poem for poem in dict.fromkeys(poems) if not MARKS.search(poem)], source)


def load_image(name, size=None):
    """Return a picture of `CREDITS`, float32 (3, H, W) in [0, 1], its longer side of `size` pixels."""
    from PIL import Image
    _require_one(size=size)
    if name not in CREDITS:
        raise ValueError(f"There is no picture {name!r}: choose from {', '.join(CREDITS)}.")
    if name in standins.PHOTOS:
        print(f"{CREDITS[name]}.")
        image = Image.open(standins.bundled(standins.PHOTOS[name]))
    else:
        image, _ = _load(CREDITS[name], f"images/{name}.", Image.open,
                         lambda: Image.fromarray(standins.painting()), "a painting made by this project")
    if size:
        shape = [max(1, round(side * size / max(image.size))) for side in image.size]
        image = image.resize(shape, Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous() / 255


def load_weights(name):
    """Return a state_dict, "squeezenet1_1" or "vgg19_relu3_1"; None where it cannot be had."""
    read = partial(torch.load, map_location="cpu", weights_only=True)
    return _load(f"{name} weights", f"weights/{name}.", read, lambda: None, "None")[0]


def imagenet_classes():
    """Return the names of the 1000 ImageNet classes in the order of the logits, list of str."""
    from torchvision.models import SqueezeNet1_1_Weights
    return SqueezeNet1_1_Weights.DEFAULT.meta["categories"]
