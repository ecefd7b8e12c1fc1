"""One reader for everybody's photos: whatever a phone, a scanner or a browser saves, upright and small."""

import io
import os
import threading
import warnings
from pathlib import Path

import numpy as np
import torch

FORMATS = "JPEG", "MPO", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP", "PPM", "JPEG2000", "TGA", "ICO"
MEMORY = 170e6      # bytes that decoding may take
PIXELS = 260e6      # what claims to be larger is refused unread, whatever its format
SIZES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}     # bytes a pixel; else 4
CODECS = {"WEBP": 13, "AVIF": 13, "JPEG2000": 20}                   # these keep copies of their own
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}                  # EXIF -> PIL's Transpose
OTHERS = {  # how files begin that are taken for photos -> what they are
    b"%PDF": "a PDF", b"PK\x03\x04": "an archive or an Office file", b"<svg": "a drawing (SVG)",
    b"<?xml": "a drawing (SVG) or another XML file", b"<!doc": "a web page", b"<html": "a web page",
    b"version https://git-lfs": "a Git LFS pointer, not the picture itself", b"%!PS": "a PostScript file",
    b"FUJIFILM": "a camera's raw file", b"Rar!": "an archive", b"\x1aE\xdf\xa3": "a video",
    b"RIFF": "a video or a sound"}
_lock = threading.Lock()


def read(source, longest=1024):
    """Read a photo of any usual kind.

    It is turned upright (EXIF), what is transparent becomes white, of an
    animation the first picture counts, 16-bit and float values are scaled to
    8 bits. It is made smaller, never larger, and decoding takes less than
    200 MB: photos of up to 200 megapixels as baseline JPEG, 42 in most others.

    Parameters
    ----------
    source : str, pathlib.Path, bytes-like or binary file object
        A path, what a file holds, or an opened file.
    longest : int
        The longer side of the result, in pixels, if the photo's is longer.

    Returns
    -------
    torch.Tensor
        uint8 (H, W, 3), RGB.

    Raises
    ------
    ValueError
        If it cannot be read; one line that says what it is and what to do.
    FileNotFoundError
        If a path leads nowhere.
    TypeError
        If `source` is none of these.
    """
    if longest < 1:
        raise ValueError(f"longest is {longest}: the longer side needs at least one pixel.")
    file, name, close = _opened(source)
    try:
        return torch.from_numpy(np.array(_decoded(file, name, longest)))
    finally:
        if close:
            file.close()


def _opened(source):
    """Return a binary file, what to call it, and whether it is ours to close."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return io.BytesIO(source), "This file", True
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).expanduser()
        if str(source).startswith(("http://", "https://")):
            raise ValueError("This is an address: download the picture first, then give the file's name.")
        if path.is_dir():
            raise ValueError(f"{path.name} is a folder: give one of the pictures in it.")
        try:
            return open(path, "rb"), path.name, True
        except FileNotFoundError:
            raise FileNotFoundError(f"There is no file {path.name}: put it beside the notebook.") from None
        except OSError as why:
            raise ValueError(f"{path.name} cannot be opened: {why.strerror}.") from None
    if hasattr(source, "read"):
        seekable = hasattr(source, "seekable") and source.seekable()
        file = source if seekable else io.BytesIO(source.read())
        if isinstance(file.read(0), bytes):
            return file, Path(str(getattr(source, "name", "This file"))).name, False
    raise TypeError(f"A photo is read from a path, bytes or a file opened with 'rb', not a {type(source).__name__}.")


def _decoded(file, name, longest):
    """Return the photo, PIL.Image in RGB, upright and small."""
    from PIL import Image
    Image.init()                                                    # all formats; by itself it knows but a few
    try:
        with _lock, warnings.catch_warnings():                      # the size is judged here, by memory
            warnings.simplefilter("ignore")
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                photo = Image.open(file, formats=[kind for kind in FORMATS if kind in Image.OPEN])
            finally:
                Image.MAX_IMAGE_PIXELS = limit
    except Exception:                                               # whatever a damaged header leads to
        raise ValueError(_what(file, name)) from None
    size = photo.width, photo.height
    if photo.format in ("JPEG", "MPO"):                             # decodes to an eighth of its sides
        photo.draft(None, [max(1, 2 * side * longest // max(size)) for side in size])
    if min(size) < 1 or size[0] * size[1] > PIXELS or _cost(photo, size) > MEMORY:
        raise ValueError(f"{name} is a {photo.format} of {size[0]} × {size[1]} pixels: too large to read safely. "
                         "Save it with at most 4000 pixels a side.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            photo.load()
            small = _smaller(photo, longest)
            turn = TURNS.get(_orientation(photo))
            small = small if turn is None else small.transpose(turn)
    except Exception as why:
        text = " ".join(str(why).split())[:80] or type(why).__name__
        raise ValueError(f"{name} is a damaged or unusual {photo.format} ({text}): copy it again, "
                         "or save it as a JPEG or PNG.") from None
    return small


def _cost(photo, size):
    """Return how many bytes decoding takes; `size` is that before `draft`."""
    layers = getattr(photo, "layer", None)
    if photo.info.get("progressive") and layers:                    # keeps 2 bytes for each coefficient
        largest = max(h * v for _, h, v, *_ in layers)
        return 2 * size[0] * size[1] * sum(h * v for _, h, v, *_ in layers) / largest
    return photo.width * photo.height * CODECS.get(photo.format, SIZES.get(photo.mode, 4))


def _smaller(photo, longest):
    """Return the photo in RGB on white, at most `longest`: strip by strip, so that no large copy is made."""
    from PIL import Image
    factor = max(1, max(photo.size) // (2 * longest))
    small = Image.new("RGB", [-(-side // factor) for side in photo.size])
    rows = factor * max(1, 4_000_000 // (photo.width * factor))
    scale = _range(photo, rows) if photo.mode[0] in "IF" else None
    for top in range(0, photo.height, rows):
        strip = photo.crop((0, top, photo.width, min(top + rows, photo.height)))
        small.paste(_plain(strip, scale).reduce(factor), (0, top // factor))
    if max(small.size) > longest:
        shape = [max(1, round(side * longest / max(photo.size))) for side in photo.size]
        small = small.resize(shape, Image.Resampling.LANCZOS)
    return small


def _plain(strip, scale):
    """Return a strip in RGB, 8 bits, on white."""
    from PIL import Image
    if scale:
        low, high = scale
        numbers = np.nan_to_num(np.asarray(strip, np.float64), nan=low, posinf=high, neginf=low)
        numbers = (numbers - low) * (255 / (high - low))
        strip = Image.fromarray(numbers.clip(0, 255).round().astype(np.uint8))
    if strip.has_transparency_data:
        white = Image.new("RGBA", strip.size, "white")
        return Image.alpha_composite(white, strip.convert("RGBA")).convert("RGB")
    return strip.convert("RGB")


def _range(photo, rows):
    """Return which numbers are black and white: 0 and the largest of the fewest bits that hold them all.

    Floats up to 1 are shares of white; where there are negative numbers, the smallest is black.
    """
    strips = (np.asarray(photo.crop((0, top, photo.width, min(top + rows, photo.height))), np.float64)
              for top in range(0, photo.height, rows))
    finite = [numbers[np.isfinite(numbers)] for numbers in strips]
    low, high = (float(f([f(part) for part in finite if part.size] or [0])) for f in (np.min, np.max))
    if low < 0:
        return low, max(high, low + 1e-9)
    if photo.mode == "F" and high <= 1:
        return 0.0, 1.0
    return 0.0, next((2.0**bits - 1 for bits in (8, 10, 12, 14, 16, 24, 32) if high < 2**bits), high)


def _orientation(photo):
    try:
        return photo.getexif().get(274, 1)
    except Exception:                                               # a note that cannot be read turns nothing
        return 1


def _what(file, name):
    """Return a line that says what a file is that is no picture, and what to do."""
    file.seek(0)
    start = file.read(64)
    if not start:
        return f"{name} is empty: copy or download it again."
    if start[4:8] == b"ftyp":
        kind = start[8:12]
        heic = kind[:3] in (b"hei", b"hev", b"mif", b"msf")
        return (f"{name} is a HEIC photo, as iPhones save them: share it as JPEG, or take a screenshot of it." if heic
                else f"{name} is a video or a camera's raw file: save one picture of it as a JPEG or PNG.")
    known = next((what for magic, what in OTHERS.items() if start.lower().lstrip().startswith(magic.lower())), None)
    if known is None and start.startswith((b"\xff\xd8", b"\x89PNG", b"GIF8", b"II*", b"MM\0*", b"BM", b"\0\0\0\x0cjP")):
        return f"{name} is a damaged picture, only its first bytes are right: copy it again."
    return f"{name} is {known or 'not a picture'}: give a JPEG or PNG (the name's ending does not matter)."
