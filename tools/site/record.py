"""A matplotlib renderer that writes down what is drawn: short strings that a canvas can replay.

The operations, one string each (README.md has the whole file format):

    p<style> <outline>                               a path
    m<style> <marker> dx dy dx dy …                  the same shape at many places, each relative to the one before
    t<style> x y angle;<glyph> x y size;…            letters; `r <marker>` in place of one is a rule
    i<style> <image> x y width height smooth alpha   pixels, in CSS pixels
"""

import traceback

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.transforms import Affine2D

from tools.site.paths import GLYPH, UNIT, outline, paint


class CannotDraw(NotImplementedError):
    """An artist asks for something that a drawing list cannot hold."""


class Recorder(RendererBase):
    """Give it artists to `record`.

    Parameters
    ----------
    width, height : int
        Size of the picture in CSS pixels, 100 to the inch.
    tables : mapping of str to Shelf
        Where styles, clips, glyphs and markers get their numbers.
    images : callable
        Takes pixels (rows, columns, 3 or 4), uint8; returns their number.
    """

    def __init__(self, width, height, tables, images):
        super().__init__()
        self.width, self.height, self.dpi = width, height, 100
        self.tables, self.images, self.ops, self._letters = tables, images, [], {}
        self._flip = Affine2D().scale(UNIT, -UNIT).translate(0, UNIT * height)

    def record(self, artists):
        """Draw the artists; return what was written.

        Raises
        ------
        CannotDraw
            With the name of the artist, its axes and what to do.
        """
        self.ops = []
        for artist in artists:
            try:
                artist.draw(self)
            except CannotDraw as error:
                culprit = [frame.f_locals["self"] for frame, _ in traceback.walk_tb(error.__traceback__)
                           if isinstance(frame.f_locals.get("self"), Artist)][-1]
                axes = getattr(culprit, "axes", None)
                where = f" in the axes {axes.get_title(loc='left') or axes.get_title()!r}" if axes else ""
                raise CannotDraw(f"{culprit}{where}: a drawing list holds no {error}. Draw it another way, "
                                 "or teach tools/site/record.py and static/drawing.js.") from error
        return self.ops

    def get_canvas_width_height(self):
        """Return the picture's size."""
        return self.width, self.height

    def flipy(self):
        """Tell that y grows downwards, for text."""
        return True

    def points_to_pixels(self, points):
        """Return a length in CSS pixels."""
        return points * self.dpi / 72

    def option_scale_image(self):
        """Tell that images come as they are, with a transform."""
        return True

    def draw_path(self, gc, path, transform, rgbFace=None):
        """Write a path, simplified and snapped to pixels as Agg does."""
        if gc.get_hatch():
            raise CannotDraw("hatching")
        lines = rgbFace is None
        path = path.cleaned(transform=transform, remove_nans=True, curves=True, snap=gc.get_snap(),
                            clip=(-9, -9, self.width + 9, self.height + 9) if lines else None,
                            simplify=lines and path.should_simplify, stroke_width=gc.get_linewidth(),
                            sketch=gc.get_sketch_params())
        line = outline(self._flip.transform(path.vertices), path.codes)
        if line:
            self.ops.append(f"p{self._style(gc, rgbFace)} {line}")

    def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
        """Write one marker and its places."""
        points = [vertices[-2:] for vertices, _ in path.iter_segments(trans, simplify=False)]
        self._stamp(gc, marker_path, marker_trans, np.reshape(points, (-1, 2)), rgbFace)

    def draw_path_collection(self, gc, master_transform, paths, all_transforms, offsets, offset_trans, facecolors,
                             edgecolors, linewidths, linestyles, antialiaseds, urls, offset_position, *,
                             hatchcolors=None):
        """Write a collection: the same shape as markers, different shapes as paths."""
        shapes = list(self._iter_collection_raw_paths(master_transform, paths, all_transforms))
        one_by_one = self._iter_collection(gc, shapes, offsets, offset_trans, facecolors, edgecolors, linewidths,
                                           linestyles, antialiaseds, urls, offset_position,
                                           hatchcolors=[] if hatchcolors is None else hatchcolors)
        for x, y, (path, transform), gc0, face in one_by_one:
            if len(paths) == 1 and (x or y):
                self._stamp(gc0, path, transform, np.array([[x, y]]), face)
            else:
                self.draw_path(gc0, path, transform.frozen().translate(x, y), face)

    def draw_quad_mesh(self, gc, master_transform, meshWidth, meshHeight, coordinates, offsets, offsetTrans, facecolors,
                       antialiased, edgecolors):
        """Write cells with a hairline in their own colour: a canvas leaves seams between neighbours."""
        gc.set_linewidth(0.5)
        super().draw_quad_mesh(gc, master_transform, meshWidth, meshHeight, coordinates, offsets, offsetTrans,
                               facecolors, antialiased, facecolors)

    def draw_gouraud_triangles(self, *_):
        """Refuse."""
        raise CannotDraw("Gouraud triangles")

    def draw_tex(self, *_, **__):
        """Refuse."""
        raise CannotDraw("text set by TeX")

    def draw_image(self, gc, x, y, im, transform=None):
        """Write pixels: unsampled with a transform, else as matplotlib has resampled them."""
        im, smooth, alpha = np.asarray(im), 1, 1
        if transform is None:  # resampled: row 0 lies at the bottom
            height, width = im.shape[:2]
            im, box = im[::-1], (x, self.height - y - height, width, height)
        else:
            (x0, y0), (x1, y1) = transform.transform([(0, 0), (1, 1)])
            box = (x + min(x0, x1), self.height - y - max(y0, y1), abs(x1 - x0), abs(y1 - y0))
            im = im[:, ::-1] if x1 < x0 else im
            im = im[::-1] if y1 > y0 else im
            smooth, alpha = int(gc.get_gid() == "smooth"), gc.get_alpha()
        box = " ".join(f"{n:.6g}" for n in box)
        self.ops.append(f"i{self._style(gc, None)} {self.images(im)} {box} {smooth} {alpha:g}")

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        """Write text as glyphs, placed by matplotlib's own layout; no font is needed on the page."""
        t2p = self._text2path
        glyphs, outlines, rules = (t2p.get_glyphs_mathtext(prop, s) if ismath else
                                   t2p.get_glyphs_with_font(t2p._get_font(prop), s))
        em, parts = self.points_to_pixels(prop.get_size_in_points()), []
        scale, step = em / t2p.FONT_SCALE * UNIT, GLYPH / t2p.FONT_SCALE
        for name, left, up, size in glyphs:
            if name not in self._letters:
                vertices, codes = outlines[name]
                self._letters[name] = outline(np.reshape(vertices, (-1, 2)) * (step, -step), codes)
            if self._letters[name]:
                number = self.tables["glyphs"](self._letters[name])
                parts.append(f"{number} {left * scale:.0f} {-up * scale:.0f} {size * em:.4g}")
        for vertices, codes in rules:
            parts.append(f"r {self.tables['markers'](outline(np.asarray(vertices) * (scale, -scale), list(codes)))}")
        if parts:
            style = self._style(gc, gc.get_rgb(), text=True)
            self.ops.append(f"t{style} {x * UNIT:.0f} {y * UNIT:.0f} {angle:g};{';'.join(parts)}")

    def _stamp(self, gc, marker, transform, places, face):
        shape = marker.transformed(transform + Affine2D().scale(UNIT, -UNIT))
        shape = shape.cleaned(remove_nans=True, curves=True, snap=False)
        number = self.tables["markers"](outline(shape.vertices, shape.codes))
        places = places[np.isfinite(places).all(axis=1)]
        places = places[(places > -20).all(axis=1) & (places < (self.width + 20, self.height + 20)).all(axis=1)]
        places = self._flip.transform(np.round(places) + 0.5 if gc.get_snap() else places)
        steps = np.diff(np.rint(places).astype(int), axis=0, prepend=0).ravel()
        if len(steps):
            self.ops.append(f"m{self._style(gc, face)} {number} {' '.join(map(str, steps))}")

    def _style(self, gc, face, text=False):
        alpha = gc.get_alpha() if gc.get_forced_alpha() else None
        width = 0 if text else self.points_to_pixels(gc.get_linewidth())
        stroke, fill = paint(gc.get_rgb(), alpha) if width else "", "" if face is None else paint(face, alpha)
        offset, dashes = gc.get_dashes()
        dash = [] if dashes is None or not width else [*dashes, offset]
        ends = (gc.get_capstyle(), gc.get_joinstyle()) if stroke else ("", "")
        clip = self._clip(gc)
        return self.tables["styles"]((stroke, fill, round(width, 2),
                                      ",".join(f"{self.points_to_pixels(length):.4g}" for length in dash), *ends,
                                      self.tables["clips"](clip) if clip else -1))

    def _clip(self, gc):
        path, transform = gc.get_clip_path()
        if path is not None:
            path = path.transformed(transform) if transform.is_affine else transform.transform_path(path)
            path = path.cleaned(remove_nans=True, curves=True)
            return outline(self._flip.transform(path.vertices), path.codes)
        if gc.get_clip_rectangle() is None:
            return ""
        x, y, w, h = gc.get_clip_rectangle().bounds
        left, top, right, bottom = (round(UNIT * n) for n in (x, self.height - y - h, x + w, self.height - y))
        return f"m{left} {top}h{right - left}v{bottom - top}h{left - right}z"
