"""Pictures of a notebook as files for the web: WebP, named by their content, with text and size in the page."""

import base64
import hashlib
import html
import io

import numpy as np
from PIL import Image, ImageChops

KINDS = "image/png", "image/jpeg"
PHOTO, DRAWN = 62, 66  # quality of lossy WebP: from JPEG, from PNG
THUMB = 480  # pixels: the picture on a notebook's card


def picture(output):
    """Return an output's picture: its bytes and its metadata; None where it has none."""
    for kind in KINDS:
        if kind in output.get("data", {}):
            return base64.b64decode("".join(output["data"][kind])), output.get("metadata", {}).get(kind, {})
    return None


def figure(output, folder):
    """Write an output's picture; return its <img>.

    Parameters
    ----------
    output : dict
        Of a code cell, with a PNG or JPEG.
    folder : pathlib.Path
        Where the file goes. A file that is there already is kept: it has the same content.

    Returns
    -------
    str
        HTML with the text for readers who cannot see the picture, and its size in CSS pixels.
    """
    content, meta = picture(output)
    image = Image.open(io.BytesIO(content))
    name, width = f"{hashlib.sha256(content).hexdigest()[:12]}.webp", meta.get("width") or image.width
    if not (folder / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(_smallest(image))
    return (f'<img class="figure" src="img/{name}" alt="{html.escape(meta.get("alt", ""), quote=True)}" '
            f'width="{width}" height="{round(width * image.height / image.width)}" loading="lazy" decoding="async">')


def thumb(output, folder):
    """Write an output's picture in the size of a card; return its <img>, without a text: the card has one."""
    content, _ = picture(output)
    image = Image.open(io.BytesIO(content)).convert("RGB")
    image.thumbnail((THUMB, THUMB))
    name = f"{hashlib.sha256(content).hexdigest()[:12]}-card.webp"
    if not (folder / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(_webp(image, quality=DRAWN))
    return (f'<img src="img/{name}" alt="" width="{image.width}" height="{image.height}" loading="lazy" '
            'decoding="async">')


def _smallest(image):
    photo, image = image.format == "JPEG", image.convert("RGB")
    lossy = _webp(image, quality=PHOTO if photo else DRAWN)
    return lossy if photo else min(lossy, _webp(_fewer(image), lossless=True, quality=75), key=len)


def _fewer(image):
    """Return a drawing with 48 colours where nobody could see the difference: a quarter fewer bytes."""
    few = image.quantize(48, dither=Image.Dither.NONE).convert("RGB")
    change = np.asarray(ImageChops.difference(image, few))
    return few if change.mean() < 0.3 and (change > 24).mean() < 1e-3 else image


def _webp(image, **settings):
    out = io.BytesIO()
    image.save(out, "WEBP", method=4, **settings)
    return out.getvalue()
