"""Which device, which seed, how long: the three questions of every run."""

import os
import random
import statistics
import time

import torch


def pick_device():
    """Return the fastest device that is here and computes: cuda, mps, xpu, else cpu.

    What the course needs is tried first on small numbers: a GPU may be listed
    and still refuse every kernel (too old for this build, full, broken driver),
    and mps may lack an operator (eigenvalues, smooth resizing) unless
    ``PYTORCH_ENABLE_MPS_FALLBACK=1`` lends it the CPU's. Then a line says so.
    The environment variable ``D2L_DEVICE`` (``cpu``, ``cuda:1`` …) overrides
    the choice.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        When ``D2L_DEVICE`` names a device that this machine cannot use.
    """
    wanted = os.environ.get("D2L_DEVICE")
    if not wanted:
        found = torch.accelerator.is_available() and torch.accelerator.current_accelerator()
        if found and (why := _refusal(found)):
            print(f"The {found.type} device is listed but cannot compute ({why}): the CPU is used.")
        return found if found and not why else torch.device("cpu")
    if why := _refusal(wanted):
        raise ValueError(f"D2L_DEVICE is {wanted!r}, but torch cannot use it here ({why}). "
                         "Unset D2L_DEVICE, or set it to 'cpu'.")
    return torch.device(wanted)


def _refusal(device):
    """Return why a device does not do what the course needs, one line of str; "" if it does."""
    try:
        image = torch.ones(1, 1, 4, 4, device=device)
        torch.nn.functional.conv2d(image, image[..., :3, :3]).sum().item()
        if torch.device(device).type == "mps":
            _try_rare_operators(image)
    except (RuntimeError, AssertionError) as error:
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        lacks = isinstance(error, NotImplementedError) and torch.device(device).type == "mps"
        return f"{why[:60]} …; start it with `course`, or set PYTORCH_ENABLE_MPS_FALLBACK=1 first" if lacks else why
    return ""


def _try_rare_operators(image):
    """Call what 11 and 13 need and some versions of mps lack."""
    torch.linalg.eigh(image[0, 0])
    torch.linalg.qr(image[0, 0])
    torch.nn.functional.interpolate(image, size=2, mode="bilinear", antialias=True).sum().item()


def set_seed(seed=0):
    """Seed Python, NumPy and torch (all devices): the same numbers on every run."""
    import numpy as np

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def synchronize():
    """Wait until the accelerator, if there is one, has finished its work."""
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()


class timer:
    """Time a ``with`` block in seconds, accelerator work included.

    Examples
    --------
    >>> with timer() as t:
    ...     _ = torch.ones(3).sum()
    >>> t.seconds > 0
    True
    """

    def __enter__(self):
        synchronize()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_):
        synchronize()
        self.seconds = time.perf_counter() - self._start


def seconds(function, repeat=5):
    """Return the median time of one call, float in seconds, after one warm-up.

    Parameters
    ----------
    function : callable
        Called without arguments ``repeat + 1`` times.
    repeat : int
        How many calls are timed.
    """
    if repeat < 1:
        raise ValueError(f"repeat is {repeat}: at least one call has to be timed.")
    function()
    times = []
    for _ in range(repeat):
        with timer() as t:
            function()
        times.append(t.seconds)
    return statistics.median(times)
