"""The pixels in a drawing list: as few as can be, on sheets of equal tiles, as WebP."""

import io

import numpy as np
from matplotlib.image import AxesImage
from PIL import Image as Pillow

SHEET = 400_000  # pixels; a page loads a sheet when a state first needs one of its tiles
COLOURS = 96  # of a picture that is drawn, not photographed
TINY = 4096  # pixels; pictures up to this size hold numbers, not photographs: never lossy


def unsample(artists):
    """Let the canvas enlarge small images: fewer bytes, and sharp on every screen."""
    for image in [artist for artist in artists if isinstance(artist, AxesImage)]:
        asked = vars(image).setdefault("_asked", image.get_interpolation())  # before the first call
        box, (rows, columns) = image.get_window_extent(), image.get_array().shape[:2]
        factor = min(box.width / columns, box.height / rows)
        small = factor >= 1 and image.get_transform().is_affine
        blocks = asked in ("nearest", "none") or (
            asked in ("auto", "antialiased") and (factor >= 3 or factor == round(factor)))
        image.set_gid("smooth" if small and not blocks else None)
        image.set_interpolation("none" if small else asked)


class Pictures:
    """Pictures of one panel, each kept once and known by its number.

    Parameters
    ----------
    quality : int
        Of lossy WebP, 0 to 100.
    """

    def __init__(self, quality):
        self.quality, self.pixels, self._numbers, self._weights = quality, [], {}, {}

    def __call__(self, im):
        """Return the number of pixels of shape (rows, columns, 3 or 4), uint8."""
        im = np.ascontiguousarray(im)
        if im.shape[2] == 4 and (im[..., 3] == 255).all():
            im = np.ascontiguousarray(im[..., :3])
        key = im.shape, im.tobytes()
        if key not in self._numbers:
            self._numbers[key] = len(self.pixels)
            self.pixels.append(im)
        return self._numbers[key]

    def weight(self):
        """Return about how many bytes all pictures take, int."""
        for number in range(len(self._weights), len(self.pixels)):
            self._weights[number] = len(self._encode(self.pixels[number]))
        return sum(self._weights.values())

    def sheets(self):
        """Pack the pictures, in the order of their first use.

        Returns
        -------
        list of bytes
            Sheets, WebP.
        list of (sheet, x, y, width, height)
            Where each picture lies, in pixels.
        """
        shapes, sheets, places = {}, [], [None] * len(self.pixels)
        for number, im in enumerate(self.pixels):
            shapes.setdefault(im.shape, []).append(number)
        for (rows, columns, _), numbers in shapes.items():
            pad = 0 if rows * columns <= TINY else 16  # lossy WebP blurs across blocks of 16
            high, wide = (-(-size // pad) * pad if pad else size for size in (rows, columns))
            many = max(1, SHEET // (high * wide))
            for start in range(0, len(numbers), many):
                tiles = numbers[start:start + many]
                across = max(1, min(len(tiles), 2048 // wide))
                for k, number in enumerate(tiles):
                    places[number] = [len(sheets), k % across * wide, k // across * high, columns, rows]
                sheets.append(self._encode(_lay(self.pixels, tiles, across, high, wide), rows * columns <= TINY))
        return sheets, places

    def _encode(self, im, exact=False):
        """Return WebP bytes: exact where the picture is tiny or that is shorter, else a photo's or a drawing's way."""
        image = Pillow.fromarray(im)
        found = [_webp(image, lossless=True, quality=70, method=4)]
        if exact or im.shape[0] * im.shape[1] <= TINY:
            return found[0]
        found.append(_webp(image, quality=self.quality, method=5))
        if image.mode == "RGB":  # letters and flat colours: a palette is often both shorter and nearer
            few = image.quantize(COLOURS, dither=Pillow.Dither.NONE).convert("RGB")
            if _apart(few, image) <= _apart(Pillow.open(io.BytesIO(found[1])).convert("RGB"), image):
                found.append(_webp(few, lossless=True, quality=70, method=4))
        return min(found, key=len)


def _webp(image, **settings):
    out = io.BytesIO()
    image.save(out, "WEBP", **settings)
    return out.getvalue()


def _apart(one, other):
    return np.abs(np.asarray(one, int) - np.asarray(other, int)).mean()


def _lay(pixels, tiles, across, high, wide):
    """Return the tiles as one picture; their last rows and columns are repeated up to the next tile."""
    depth = pixels[tiles[0]].shape[2]
    sheet = np.zeros((-(-len(tiles) // across) * high, across * wide, depth), np.uint8)
    for k, number in enumerate(tiles):
        rows, columns, _ = pixels[number].shape
        tile = np.pad(pixels[number], ((0, high - rows), (0, wide - columns), (0, 0)), "edge")
        sheet[k // across * high:][:high, k % across * wide:][:, :wide] = tile
    return sheet
