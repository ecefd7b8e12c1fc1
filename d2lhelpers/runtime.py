"""Which device, which seed, how long: the three questions of every run."""

import os
import random
import statistics
import time

import torch


def pick_device():
    """Return the fastest device that is here: cuda, mps, xpu, else cpu.

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
        found = torch.accelerator.is_available()
        return torch.accelerator.current_accelerator() if found else torch.device("cpu")
    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"D2L_DEVICE is {wanted!r}, but torch cannot use it here ({error}). "
                         "Unset D2L_DEVICE, or set it to 'cpu'.") from error
    return torch.device(wanted)


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
    function()
    times = []
    for _ in range(repeat):
        with timer() as t:
            function()
        times.append(t.seconds)
    return statistics.median(times)
