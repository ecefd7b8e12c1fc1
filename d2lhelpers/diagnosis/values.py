"""Values an answer may return: are two of them equal, what kind is one, how is it written?"""

import reprlib

import torch

MOST = 2_000_000  # numbers; no exercise asks for more, so larger answers are neither converted nor compared


def tensors(value):
    """Return the tensors in a value, at any depth of tuples, lists and dicts, list.

    >>> len(tensors((torch.ones(2), [torch.ones(3), 4])))
    2
    """
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for part in value[:MOST] for t in tensors(part)] if isinstance(value, (list, tuple)) else []


def odd(value):
    """Say what keeps a tensor's numbers from being read like any other's, str or None.

    >>> odd(torch.ones(2)), odd(torch.ones(2, device="meta")), odd(2j)
    (None, 'has a shape but no numbers (device meta)', 'is complex')
    """
    if isinstance(value, complex) or (getattr(value, "dtype", None) is not None and "complex" in str(value.dtype)):
        return "is complex"
    if not isinstance(value, torch.Tensor):
        return None
    if value.is_nested:
        return "is a nested tensor"
    if value.layout != torch.strided:
        return f"is sparse ({str(value.layout).removeprefix('torch.')})"
    if value.is_quantized:
        return "is quantised"
    return "has a shape but no numbers (device meta)" if value.is_meta else None


def shape_of(value):
    """Return the shape that a value has as a tensor, tuple; None where it holds no numbers.

    >>> shape_of([[1, 2, 3], [4, 5, 6]]), shape_of(2.5), shape_of("text")
    ((2, 3), (), None)
    """
    if isinstance(value, (bool, int, float, complex)):
        return ()
    if isinstance(value, (list, tuple, range)):
        inner, depth = value, 0
        while isinstance(inner, (list, tuple, range)) and len(inner) and depth < 9:
            inner, depth = inner[0], depth + 1
        if depth == 9:
            return None
        first = shape_of(value[0]) if len(value) else ()
        return None if first is None else (len(value), *first)
    try:
        shape = None if getattr(value, "is_nested", False) else getattr(value, "shape", None)
        return tuple(shape) if isinstance(shape, tuple) and hasattr(value, "dtype") else None
    except Exception:  # a property of the learner's that raises
        return None


def number(value):
    """Return a value as a real tensor of doubles on the processor, or None where that cannot be done.

    >>> number([1, 2.5])
    tensor([1.0000, 2.5000], dtype=torch.float64)
    """
    shape = shape_of(value)
    if shape is None or odd(value):
        return None
    size = 1
    for length in shape:
        size *= length
    if size > MOST:
        return None
    try:
        found = torch.as_tensor(value).detach().cpu()
        return None if odd(found) else found.double()
    except Exception:  # a list of unequal rows, an array of words, …
        return None


def close(got, wanted, tolerance):
    """Tell whether an answer counts as what was wanted, bool.

    Floats may differ by `tolerance`, absolutely or relatively; whole numbers not at all. A tensor must be a
    tensor of the same dtype, unless it holds one number. A stacked tensor stands for a tuple of its rows.
    Whatever cannot be compared is not close.

    >>> close(0.50001, torch.tensor(0.5), 1e-4), close([1, 2], torch.tensor([1, 2]), 1e-4)
    (True, False)
    >>> close(torch.tensor([3.0, 4.0]), (3.0, 4.0), 1e-4), close(1000.1, 1000, 1e-3)
    (True, False)
    """
    try:
        return _close(got, wanted, tolerance)
    except Exception:  # an object of the learner's that answers no question
        return False


def _close(got, wanted, tolerance):
    if isinstance(wanted, Exception) or isinstance(got, BaseException):
        return type(got) is type(wanted) and str(got) == str(wanted)
    if isinstance(wanted, tuple) or (isinstance(wanted, list) and tensors(wanted)):
        return several(got) and len(got) == len(wanted) and all(
            close(g, w, tolerance) for g, w in zip(got, wanted, strict=True))
    if isinstance(wanted, torch.Tensor) and wanted.ndim and not isinstance(got, torch.Tensor):
        return False
    return shape_of(got) == shape_of(wanted) and same_dtype(got, wanted) and same_numbers(got, wanted, tolerance)


def several(value):
    """Tell whether a value can be taken apart like a tuple, bool."""
    return isinstance(value, (tuple, list)) or (
        isinstance(value, torch.Tensor) and not odd(value) and value.ndim > 0)


def same_dtype(got, wanted):
    """Tell whether two tensors agree in dtype; numbers that are no tensors have none, bool."""
    both = isinstance(wanted, torch.Tensor) and isinstance(got, torch.Tensor)
    return not both or got.dtype == wanted.dtype


def same_numbers(got, wanted, tolerance):
    """Tell whether the numbers agree, whatever holds them, bool. NaN equals NaN: a known mistake may give it."""
    if shape_of(got) is None or shape_of(wanted) is None:
        return type(got) is type(wanted) and isinstance(wanted, (str, type(None))) and got == wanted
    if odd(got) == odd(wanted) == "is complex":
        g, w = torch.as_tensor(got).cdouble(), torch.as_tensor(wanted).cdouble()
    else:
        g, w = number(got), number(wanted)
    if g is None or w is None or g.shape != w.shape:
        return False
    if whole(wanted):
        tolerance = 1e-9  # a float that holds a whole number may be off by its rounding only
    return torch.allclose(g, w, rtol=tolerance, atol=tolerance, equal_nan=True)


def whole(value):
    """Tell whether a value is made of whole numbers or truth values, bool.

    >>> whole(3), whole([1, 2]), whole(torch.tensor([True])), whole(3.0)
    (True, True, True, False)
    """
    if isinstance(value, torch.Tensor):
        return not (value.is_floating_point() or value.is_complex())
    if isinstance(value, (list, tuple)):
        return all(map(whole, value))
    return isinstance(value, int)


def short(value, most=12):
    """Write a value in one line: small ones in full, larger ones as dtype and shape, str.

    >>> short(torch.tensor([1.0, 2.5])), short(torch.zeros(40, 2)), short([0.123456, "a"])
    ('tensor([1.0, 2.5])', 'float32 (40, 2)', "[0.1235, 'a']")
    """
    if isinstance(value, torch.Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        if odd(value) or value.numel() > most:
            return f"{kind} {tuple(value.shape) if not value.is_nested else 'nested'}"
        return f"tensor({short(value.tolist(), most)})"
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        inner = ", ".join([*(short(part, max(2, most // 2)) for part in value[:most]), *["…"] * (len(value) > most)])
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        text = f"{value:.4g}"
        return text if "." in text or "e" in text else text + ".0"
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    try:
        return reprlib.repr(value).replace("\n", " ")
    except Exception:  # an object of the learner's that cannot even be written
        return type(value).__name__
