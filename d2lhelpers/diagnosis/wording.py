"""The lines under a verdict's first: the failing call, what came back, what was wanted."""

from d2lhelpers.diagnosis.facts import first_wrong
from d2lhelpers.diagnosis.frames import names
from d2lhelpers.diagnosis.values import number, several, shape_of, short

WIDTH = 78


def call(answer, args):
    """Write a call in the learner's terms: small arguments in full, larger ones by name, str.

    >>> def map_size(H, size): pass
    >>> call(map_size, (224, 11))
    'map_size(224, 11)'
    >>> import torch
    >>> call(map_size, (torch.zeros(30, 40), 11))
    'map_size(H, 11) with H = float32 (30, 40)'
    """
    name, own = getattr(answer, "__name__", "f"), names(answer)
    written, listed = [], []
    for i, arg in enumerate(args):
        text = short(arg, 8)
        if len(text) > 40 or "float32 (" in text or "float64 (" in text or "int64 (" in text or "uint8 (" in text:
            label = own[i] if i < len(own) else f"argument{i + 1}"
            listed.append(f"{label} = {_cut(text)}")
            text = label
        written.append(text)
    line = f"{name if name.isidentifier() else 'f'}({', '.join(written)})"
    return f"{line} with {', '.join(listed)}" if listed else line


def _cut(text, most=WIDTH):
    return text if len(text) <= most else text[:most - 1] + "…"


def compared(got, wanted, tolerance):
    """Return what was got and wanted as two lines, str each: in full, or at the first place where they differ.

    >>> compared(54.5, 54, 1e-4)
    ('54.5', '54')
    """
    if isinstance(wanted, tuple) and several(got) and len(got) == len(wanted) and max(
            len(short(got)), len(short(wanted))) > WIDTH:
        i = first_wrong(got, wanted, tolerance)
        parts = compared(got[i], wanted[i], tolerance)
        return tuple(f"{part}   (value {i + 1} of {len(wanted)})" for part in parts)
    if None not in (shape_of(got), shape_of(wanted)) and shape_of(got) != shape_of(wanted):
        return _shaped(got), _shaped(wanted)
    g, w = number(got), number(wanted)
    if g is None or w is None or g.numel() <= 12:
        texts = [short(got), short(wanted)]
        for digits in (6, 9, 12, 17):
            if texts[0] == texts[1] and g is not None and w is not None:
                texts = [_digits(g, digits), _digits(w, digits)]
        return tuple(map(_cut, texts))
    wrong = ~g.isclose(w, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not wrong.any():
        return _cut(short(got)), _cut(short(wanted))
    place = wrong.nonzero()[0].tolist()
    here = f"at {place if len(place) > 1 else place[0]}"
    one, other = compared(g[tuple(place)].item(), w[tuple(place)].item(), tolerance)
    return f"{one} {here}   ({int(wrong.sum())} of {wrong.numel()} numbers differ)", f"{other} {here}"


def _shaped(value):
    """Write a value with its shape, which `short` shows only for larger tensors."""
    text, shape = short(value, 6), shape_of(value)
    return _cut(text, 60) if text.endswith(f" {shape}") or not shape else f"{_cut(text, 50)} of shape {shape}"


def _digits(values, digits):
    found = [f"{v:.{digits}g}" for v in values.flatten().tolist()]
    return found[0] if values.ndim == 0 else f"[{', '.join(found)}]"
