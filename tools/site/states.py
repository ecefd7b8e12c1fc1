"""Which positions of a panel's sliders a page keeps."""

import contextlib
import itertools
import math

FEWEST, MANY = 3, 9  # positions of a slider, where one slider moves at a time


def stops(control):
    """Return all positions of a control, list of (label, value)."""
    if hasattr(control, "options"):
        return [option if isinstance(option, tuple) else (str(option), option) for option in control.options]
    if isinstance(control.value, bool):
        return [("off", False), ("on", True)]
    if not hasattr(control, "min"):  # a text box keeps what stands in it
        return [(str(control.value), control.value)]
    count = round((control.max - control.min) / control.step)
    values = [type(control.value)(round(control.min + k * control.step, 10)) for k in range(count + 1)]
    return [(f"{value:g}", value) for value in values]


def kind(control):
    """Return which element of HTML plays the control's part: select, checkbox or range."""
    if type(control).__name__ in ("Dropdown", "Combobox"):
        return "select"
    return "checkbox" if isinstance(control.value, bool) else "range"


def thin(values, keep, many):
    """Return `many` of the values, evenly spread, with both ends and those at the places to keep.

    >>> thin(list("abcdefghi"), {3}, 4)
    ['a', 'd', 'f', 'i']
    """
    if len(values) <= many:
        return values
    last = len(values) - 1
    chosen = {0, last, *keep}
    for place in (round(k * last / (many - 1)) for k in range(many)):
        if len(chosen) < many and min(abs(place - other) for other in chosen) > last / many / 2:
            chosen.add(place)
    return [values[place] for place in sorted(chosen)]


def grid(panel, most, words=()):
    """Choose positions of every control so that all combinations stay below `most`, if that can be.

    Menus and checkboxes keep all of theirs; the widest slider, or list of suggestions, gives up one at a time.

    Parameters
    ----------
    panel : d2lhelpers.widgets.Panel
    most : int
    words : set of str
        Labels that the text beside the panel names; kept where there is room.

    Returns
    -------
    dict of str to list of (label, value)
    """
    every = {name: stops(control) for name, control in panel.sliders.items()}
    sizes = {name: len(values) for name, values in every.items()}
    free = [name for name, control in panel.sliders.items()
            if kind(control) == "range" or type(control).__name__ == "Combobox"]
    while free and math.prod(sizes.values()) > most and max(sizes[name] for name in free) > 3:
        sizes[max(free, key=sizes.get)] -= 1
    chosen = {}
    for name, values in every.items():
        start = [value for _, value in values].index(panel._start[name])
        named = {start, *(place for place, (label, _) in enumerate(values) if label in words)}
        chosen[name] = thin(values, named if len(named) <= sizes[name] - 2 else {start}, sizes[name])
    return chosen


@contextlib.contextmanager
def without_picture(panel, update=None):
    """Let the panel's sliders move without a picture, and with another `update` if one is given."""
    mine, panel.figure.picture = panel.update, lambda: b""
    panel.update = update or mine
    try:
        yield
    finally:
        panel.update = mine
        del panel.figure.picture  # the method appears again


def presets(panel):
    """Find the menu that moves other controls, by trying its items.

    Returns
    -------
    str or None
        The menu's name.
    list of dict
        Where all controls stand after each item; without such a menu, where they start.
    """
    with without_picture(panel, lambda **_: ""):
        for name, control in panel.sliders.items():
            moved = []
            for _, value in stops(control) if kind(control) == "select" else ():
                panel.set(**panel._start)
                control.value = value
                moved.append(panel.values())
            panel.set(**panel._start)
            if any(values | {name: 0} != panel._start | {name: 0} for values in moved):
                return name, moved
    return None, [dict(panel._start)]


def star(panel, most):
    """Choose positions for a panel with too many combinations: in every menu choice, one slider at a time.

    Returns
    -------
    places : dict of str to list of (label, value)
        What each control offers.
    spots : list of dict
        Where the sliders stand while one of them moves, one for each choice in the menus.
    menus : list of str
        The controls that choose the spot.
    linked : bool
        Whether a menu moves the sliders itself, in the notebook too.
    """
    hub, spots = presets(panel)
    menus = [name for name, control in panel.sliders.items() if kind(control) != "range"]
    if hub is None:
        choices = itertools.product(*([value for _, value in stops(panel.sliders[name])] for name in menus))
        spots = [panel._start | dict(zip(menus, choice, strict=True)) for choice in choices]
    sliders = len(panel.sliders) - len(menus)
    many = next((n for n in range(MANY, FEWEST, -1) if len(spots) * (n - 1) * sliders <= 1.2 * most), FEWEST)
    places = {}
    for name, control in panel.sliders.items():
        values = places[name] = stops(control)
        if name not in menus:
            keep = {[value for _, value in values].index(spot[name]) for spot in spots}
            places[name] = thin(values, keep, max(many, len(keep) + 2 if len(keep) > 1 else 0))
    return places, spots, menus, hub is not None
