"""Data folders as people make them: other usual names, one level off, and what systems leave behind in them."""

import os
from pathlib import Path

JUNK = {"Thumbs.db", "ehthumbs.db", "desktop.ini", "Icon\r", "__MACOSX"}
ALIASES = {"MNIST": ("mnist", "mnist-dataset"), "FashionMNIST": ("fashion-mnist", "fashionmnist", "fashion_mnist"),
           "house_prices": ("house-prices-advanced-regression-techniques", "house-prices"),
           "train.csv": ("kaggle_house_pred_train.csv",), "trashnet": ("TrashNet", "garbage")}


def listing(folder):
    """Return the files below a folder, sorted list of relative Path; nothing hidden, nothing that a system made."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if not any(part[0] == "." or part in JUNK for part in name.parts))


def candidates(folder, name):
    """Return where a file or folder of the registry lies: as published, unpacked, nested, or as others name it."""
    top, *middle, last = name.split("/")
    plain = last.removesuffix(".gz")
    ends = [last, plain, *ALIASES.get(last, ()), f"{plain}/{plain}"]
    if "-idx" in last:  # Kaggle writes .idx
        ends += [end.replace("-idx", ".idx") for end in (plain, last)]
    paths = [folder.joinpath(first, *between, end) for first in (top, *ALIASES.get(top, ()))
             for between in (middle, [])[:1 + bool(middle)] for end in ends]
    wanted = Path.is_file if Path(name).suffix else Path.is_dir
    return [path for path in dict.fromkeys(paths) if wanted(path)]


def problem(entry, path, names):
    """Return what is wrong with an entry of D2L_DATA_DIR and how to mend it, str; None if it can be meant so.

    Parameters
    ----------
    entry : str
        As it is written; only its last part is said, never a path of the machine.
    path : pathlib.Path
        Where it leads.
    names : iterable of str
        The files of the registry.
    """
    sets, said = list(dict.fromkeys(name.split("/")[0] for name in names)), f"D2L_DATA_DIR names {Path(entry).name!r}"
    if not path.exists():
        return f"{said}, which is not there: correct it, or unset D2L_DATA_DIR."
    if not path.is_dir():
        return f"{said}, which is a file: name the folder that holds {', '.join(sets)}."
    if not os.access(path, os.R_OK | os.X_OK):
        return f"{said}, which you may not read: change its permissions, or copy it."
    inside = sorted(sub for sub in path.iterdir() if sub.name[0] != ".")
    if not inside or any(candidates(path, name) for name in names):  # an empty one is for downloads
        return None
    known = {*sets, *(alias for name in sets for alias in ALIASES.get(name, ()))}
    if known & {path.name, path.parent.name}:
        return f"{said}, which is one level too deep: name the folder above that holds {', '.join(sets)}."
    for sub in inside:
        if sub.is_dir() and os.access(sub, os.R_OK | os.X_OK) and any(candidates(sub, name) for name in names):
            return f"{said}, which is one level too high: name {sub.name!r} in it."
    return f"{said}, which holds none of the course's sets: name the folder that holds {', '.join(sets)}."
