"""Drive a slider panel without a browser, to every end of every slider."""

import itertools
import re

import numpy as np


def places(slider):
    """Return the lowest, middle and highest value of a control."""
    if hasattr(slider, "options"):
        values = [option[1] if isinstance(option, tuple) else option for option in slider.options]
        return values[0], values[len(values) // 2], values[-1]
    if isinstance(slider.value, bool):
        return False, True, True
    if isinstance(slider.value, tuple):  # a range
        return (slider.min, slider.min), slider.value, (slider.min, slider.max)
    if hasattr(slider, "min"):
        middle = (slider.min + slider.max) / 2
        return slider.min, type(slider.value)(middle), slider.max
    return (slider.value,) * 3  # a text box


def sweep(panel, max_corners=64):
    """Move every slider to its ends and middle, and to all corners together.

    Parameters
    ----------
    panel : Panel
        The panel to drive; no browser is needed. It is reset at the end.
    max_corners : int
        With more corners than this (nine sliders have 512), an even sample.

    Returns
    -------
    list of dict
        One entry per position: ``values``, ``summary``.

    Raises
    ------
    AssertionError
        When a redraw fails or draws NaN, a slider changes nothing, or Reset does not restore.
        How long a redraw takes is measured by `python -m benchmarks sliders`, not here.
    """
    ends = {name: places(slider) for name, slider in panel.sliders.items()}
    corners = list(itertools.product(*[(low, high) for low, _, high in ends.values()]))
    corners = corners[:: max(1, len(corners) // max_corners)]
    first, records = panel.image, []
    for name, values in ends.items():
        seen = {first}
        for value in values:
            records.append(_visit(panel, panel._start | {name: value}))
            seen.add(panel.image)
        assert len(seen) > 1 or len(set(values)) == 1, f"moving {name} changes nothing"
    for corner in corners:
        records.append(_visit(panel, dict(zip(ends, corner, strict=True))))
    panel.reset.click()
    assert panel.image == first, "Reset does not bring the first picture back"
    return records


def _visit(panel, position):
    panel.set(**position)
    assert panel.error is None, f"{position}: {panel.error!r}"
    assert not re.search(r"\bnan\b", panel.summary.lower()), f"{position}: {panel.summary}"
    for ax in panel.figure.fig.axes:
        drawn = [line.get_xydata() for line in ax.lines] + [image.get_array() for image in ax.images]
        assert not any(np.isnan(np.asarray(data, float)).any() for data in drawn), f"{position}: NaN drawn"
    return {"values": position, "summary": panel.summary}
