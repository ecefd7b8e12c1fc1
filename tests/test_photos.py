"""One list of the photos that people have, and what `photos.read` makes of each."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image, features

from d2lhelpers import photos
from tools.notebooks import ROOT

H, W = 60, 90


def scene():
    """Return a photo whose corners tell every orientation apart: red, green, blue, white from top left by rows."""
    pixels = np.full((H, W, 3), 128, np.uint8)
    pixels[:30, :45], pixels[:30, 45:], pixels[30:, :45], pixels[30:, 45:] = (
        (220, 30, 30), (30, 200, 30), (30, 30, 220), (240, 240, 240))
    return pixels


RGB = Image.fromarray(scene())
GREY = RGB.convert("L")


def saved(image, kind, **options):
    """Return the bytes of a file."""
    image.save(out := io.BytesIO(), kind, **options)
    return out.getvalue()


def near(found, wanted, tolerance=12):
    """Require the same shape, and the same colours away from edges."""
    wanted = torch.from_numpy(np.array(wanted.convert("RGB")))
    assert found.dtype == torch.uint8 and found.shape == wanted.shape
    assert (found.float() - wanted.float()).abs().mean() < tolerance


def grey16(factor):
    return Image.fromarray((np.asarray(GREY).astype(np.uint16) * factor).astype(np.uint16))


def faint():
    """Return a picture with hidden colours: red where opaque (left), yet green where transparent."""
    pixels = np.zeros((H, W, 4), np.uint8)
    pixels[:, :45], pixels[:, 45:] = (255, 0, 0, 255), (0, 255, 0, 0)
    return Image.fromarray(pixels)


FLOATS = np.asarray(GREY, np.float32)
KINDS = {
    "jpeg": (saved(RGB, "JPEG"), RGB), "progressive": (saved(RGB, "JPEG", progressive=True), RGB),
    "grey jpeg": (saved(GREY, "JPEG"), GREY), "cmyk jpeg": (saved(RGB.convert("CMYK"), "JPEG"), RGB),
    "ycbcr tiff": (saved(RGB.convert("YCbCr"), "TIFF", compression="jpeg"), RGB),
    "cmyk tiff": (saved(RGB.convert("CMYK"), "TIFF"), RGB),
    "png": (saved(RGB, "PNG"), RGB), "palette": (saved(RGB.quantize(8), "PNG"), RGB),
    "one bit": (saved(GREY.convert("1"), "PNG"), GREY.convert("1")),
    "grey and alpha": (saved(GREY.convert("LA"), "PNG"), GREY),
    "16 bits png": (saved(grey16(257), "PNG"), GREY), "16 bits tiff": (saved(grey16(257), "TIFF"), GREY),
    "12 bits in 16": (saved(grey16(16), "TIFF"), GREY), "8 bits in 16": (saved(grey16(1), "PNG"), GREY),
    "32 bits": (saved(Image.fromarray(np.asarray(GREY).astype(np.int32) * 257), "TIFF"), GREY),
    "floats to 1": (saved(Image.fromarray(FLOATS / 255), "TIFF"), GREY),
    "floats to 255": (saved(Image.fromarray(FLOATS), "TIFF"), GREY),
    "floats with holes": (saved(Image.fromarray(np.where(FLOATS < 40, np.nan, FLOATS / 255)), "TIFF"), GREY),
    "packed tiff": (saved(RGB, "TIFF", compression="tiff_lzw"), RGB), "bmp": (saved(RGB, "BMP"), RGB),
    "gif": (saved(RGB, "GIF"), RGB), "ppm": (saved(RGB, "PPM"), RGB), "webp": (saved(RGB, "WEBP"), RGB),
    "animated gif": (saved(RGB, "GIF", save_all=True, append_images=[GREY.convert("RGB")]), RGB),
    "animated png": (saved(RGB, "PNG", save_all=True, append_images=[GREY.convert("RGB")]), RGB),
    "animated webp": (saved(RGB, "WEBP", save_all=True, append_images=[GREY.convert("RGB")]), RGB),
    "one pixel": (saved(RGB.resize((1, 1)), "PNG"), RGB.resize((1, 1))),
    "one row": (saved(RGB.crop((0, 5, W, 6)), "PNG"), RGB.crop((0, 5, W, 6))),
}
if features.check("avif"):
    KINDS["avif"] = saved(RGB, "AVIF"), RGB


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read(kind):
    content, wanted = KINDS[kind]
    near(photos.read(content), wanted)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_becomes_white(kind):
    found = photos.read(saved(faint(), kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert found[30, 10].tolist() == [255, 0, 0] and found[30, 80].tolist() == [255, 255, 255]


def test_one_transparent_colour():
    for mode in ("P", "L"):
        image = GREY.convert(mode) if mode == "L" else RGB.quantize(4)
        index = image.getpixel((0, 0))
        found = photos.read(saved(image, "PNG", transparency=index))
        assert found[5, 5].tolist() == [255, 255, 255] and found[50, 5].tolist() != [255, 255, 255]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_photos_stand_upright(turn, kind):
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(turn)   # what the camera stored
    stored, exif = RGB if back is None else RGB.transpose(back), Image.Exif()
    exif[274] = turn
    near(photos.read(saved(stored, kind, exif=exif)), RGB)
    small = photos.read(saved(stored, kind, exif=exif), longest=30)
    assert small.shape == (20, 30, 3) and small[2, 2].argmax() == 0 and small[2, -2].argmax() == 1


@pytest.mark.parametrize("size, longest, wanted", [
    ((4000, 100), 1024, (26, 1024)), ((100, 4000), 1024, (1024, 26)), ((3000, 2), 1024, (1, 1024)),
    ((2049, 1537), 1024, (768, 1024)), ((640, 480), 1024, (480, 640)), ((640, 480), 1, (1, 1))])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_shape_is_kept(size, longest, wanted, kind):
    found = photos.read(saved(Image.new("RGB", size, (200, 100, 50)), kind), longest)
    assert found.shape == (*wanted, 3)
    assert (found.float() - torch.tensor([200.0, 100, 50])).abs().max() <= 4


def test_strips_fit_together():
    slope = np.linspace(0, 255, 5000).astype(np.uint8)[:, None].repeat(2000, 1)
    found = photos.read(saved(Image.fromarray(slope), "PNG"), 250)[:, 50, 0].float()
    assert (found - torch.linspace(0, 255, 250)).abs().max() < 2


def test_path_bytes_view_and_file_are_the_same(tmp_path, monkeypatch):
    content = KINDS["png"][0]
    path = tmp_path / "Foto mit Blank’s 照片.txt"                          # its ending says something else
    path.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    with open(path, "rb") as file:
        for source in (str(path), path, path.name, content, bytearray(content), memoryview(content), file,
                       io.BytesIO(content)):
            near(photos.read(source), RGB, 1)
        assert not file.closed


JPEG = KINDS["jpeg"][0]
WRONG = {
    "empty": (b"", "is empty"), "text": (b"not a picture at all", "is not a picture"),
    "pdf": (b"%PDF-1.7 and more", "is a PDF"), "office": (b"PK\x03\x04 and more", "an archive or an Office"),
    "page": (b"<!DOCTYPE html><html>", "a web page"), "svg": (b"<svg xmlns=", "drawing"),
    "heic": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC.*JPEG"),
    "video": (b"\0\0\0\x18ftypisom" + b"\0" * 40, "a video"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1", "Git LFS"), "zeros": (b"\0" * 500, "not a picture"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
    "half a jpeg": (saved(RGB.resize((900, 600)), "JPEG", quality=95)[:3000], "damaged"),
    "header only": (JPEG[:20], "damaged"),
    "half a png": (KINDS["png"][0][:-60], "damaged"), "half a gif": (KINDS["gif"][0][:200], "damaged"),
    "half a tiff": (KINDS["floats to 1"][0][:900], "damaged"), "half a webp": (KINDS["webp"][0][:60], "damaged|video"),
    "wrong bits": (KINDS["png"][0][:40] + b"\x55" * 40 + KINDS["png"][0][80:], "damaged")}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_read_says_so_in_one_line(kind, tmp_path):
    content, words = WRONG[kind]
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    for source, name in ((content, "This file"), (path, "photo.jpg")):
        with pytest.raises(ValueError, match=words) as caught:
            photos.read(source)
        line = str(caught.value)
        assert line.startswith(name) and "\n" not in line and str(tmp_path) not in line
        assert ":" in line, "what to do"


def test_every_cut_and_every_flipped_byte_is_answered():
    rng = np.random.default_rng(0)
    for kind in ("jpeg", "png", "gif", "webp", "packed tiff", "bmp", "16 bits tiff"):
        content = KINDS[kind][0]
        for _ in range(40):
            damaged = bytearray(content)
            damaged[rng.integers(len(content))] ^= int(rng.integers(1, 256))
            for tried in (bytes(damaged), content[:rng.integers(len(content))]):
                try:
                    assert photos.read(tried).ndim == 3
                except ValueError as error:
                    assert "\n" not in str(error)


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file me\.jpg"):
        photos.read(tmp_path / "me.jpg")
    with pytest.raises(ValueError, match="is a folder"):
        photos.read(tmp_path)
    with pytest.raises(ValueError, match="download"):
        photos.read("https://example.org/cat.jpg")


@pytest.mark.parametrize("source", [None, 3, torch.zeros(3, 4, 4), io.StringIO("text"), [b"x"]])
def test_what_is_no_source(source):
    with pytest.raises(TypeError, match="path, bytes or a file"):
        photos.read(source)


def test_longest_is_positive():
    with pytest.raises(ValueError, match="at least one pixel"):
        photos.read(KINDS["png"][0], longest=0)


def test_the_limit_of_pillow_stays_as_it_was():
    limit = Image.MAX_IMAGE_PIXELS
    photos.read(JPEG)
    with pytest.raises(ValueError):
        photos.read(b"no")
    assert limit == Image.MAX_IMAGE_PIXELS


def bomb(width, height):
    """Return a PNG that claims to be of this size and holds nothing."""
    import struct
    import zlib
    content = saved(Image.new("L", (1, 1)), "PNG")
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:]


MEASURE = """
import resource, sys, torch
from PIL import Image, features
from d2lhelpers import photos
photos.read(sys.argv[2], 64)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    print(tuple(photos.read(sys.argv[1]).shape))
except ValueError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read the Linux way")
@pytest.mark.parametrize("kind, size, said", [
    ("JPEG", (16384, 12288), "(768, 1024, 3)"), ("JPEG", (40000, 1000), "(26, 1024, 3)"),
    ("PNG", (8000, 5000), "(640, 1024, 3)"), ("grey PNG", (14000, 10000), "(731, 1024, 3)"),
    ("PNG", (12000, 9000), "too large to read safely"), ("WEBP", (4000, 3000), "(768, 1024, 3)"),
    ("progressive", (8000, 6000), "(768, 1024, 3)"), ("bomb", (100_000, 100_000), "too large to read safely")])
def test_large_photos_cost_little(kind, size, said, tmp_path):
    path, first = tmp_path / "large", tmp_path / "small.jpg"
    first.write_bytes(JPEG)
    image = None if kind == "bomb" else Image.new("L" if kind[0] == "g" else "RGB", size, 120)
    options = {"progressive": {"progressive": True}}.get(kind, {})
    format_ = {"progressive": "JPEG", "grey PNG": "PNG"}.get(kind, kind)
    path.write_bytes(bomb(*size) if image is None else saved(image, format_, **options))
    del image
    done = subprocess.run([sys.executable, "-c", MEASURE, path, first], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"MALLOC_ARENA_MAX": "2"}, check=True)
    shape, megabytes = done.stdout.splitlines()
    assert said in shape and float(megabytes) < 200, done.stdout
