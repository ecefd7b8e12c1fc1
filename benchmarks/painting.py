"""Style transfer, the tower under the Starry Night: the course's way against VGG-19 at full size from the start.

The judge is the rival's own loss (Gatys 2015: VGG-19's Gram matrices and one content map), on which the rival
descends and which the course's way never sees. How long until it is as low as for the course's picture?
"""

import ast
import math
import time

import torch
from torch.nn import functional as F
from torchvision import models

from benchmarks import side
from d2lhelpers import data
from tools import notebooks

PLAN = ((112, 60), (192, 50), (320, 40))  # the page's
STYLE, CONTENT = (1, 3, 6, 8, 11), 11  # indices of VGG-19's ReLUs up to relu3_1
RATES = 0.01, 0.03, 0.1  # of the rival's Adam; the quickest counts


def page():
    """Return the functions that notebook 11 has once it has taught painting from coarse to fine, by name."""
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]
    names = {"device": torch.device("cpu"), "MEAN": mean, "STD": std, "SIZE": 0, "STEPS": 0, "eyes": None}
    path = next(path for path in notebooks.PATHS if path.name.startswith("11"))
    for cell in notebooks.code_cells(notebooks.read(path)):
        kept = [node for node in ast.parse(cell.source).body
                if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))]
        exec(compile(ast.Module(kept, []), path.name, "exec"), names)
        if "coarse_to_fine" in names:
            return names
    raise LookupError("Notebook 11 has no function coarse_to_fine.")


def frozen(net, weights):
    """Return the net with these weights, of which it may hold the first ones only."""
    given = {name.removeprefix("features."): w for name, w in data.load_weights(weights).items()}
    net.load_state_dict({name: given[name] for name in net.state_dict()})
    return net.requires_grad_(False)


def judge(names, photo, painting, content_weight=0.02):
    """Return the rival's loss, a function of the picture, (1, 3, H, W) -> ()."""
    net = frozen(models.vgg19().features[:12], "vgg19_relu3_1")
    look = names["features"]
    with torch.no_grad():
        wanted = {i: names["gram"](h) for i, h in look(painting, STYLE, net).items()}
        content = look(photo, (CONTENT,), net)[CONTENT]

    def loss(x, *_):
        seen = look(x, {*STYLE, CONTENT}, net)
        error = sum(names["relative"](names["gram"](seen[i]), wanted[i]) for i in STYLE) / len(STYLE)
        return (error + content_weight * names["relative"](seen[CONTENT], content)).sum()
    return loss


def until(loss, x, lr, goal, limit):
    """Descend by Adam until the loss is at the goal or the seconds are over; return what it took, and the picture."""
    x, start = x.clone().requires_grad_(), time.perf_counter()
    optimizer = torch.optim.Adam([x], lr=lr)
    while (spent := time.perf_counter() - start) < limit:
        now = loss(x)
        if now.item() <= goal:
            return spent, x.detach()
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return math.inf, x.detach()


@torch.no_grad()
def value(loss, x):
    """Return the loss of a picture, float."""
    return loss(x).item()


def main(rounds=3, longer=5):
    """Return the row; the note tells what the page's own loss says of both pictures."""
    names = page()
    net = frozen(models.squeezenet1_1().features[:8], "squeezenet1_1").to(memory_format=torch.channels_last)
    eyes = names["Eyes"](net, (1, 4, 6, 7), 3, 0.15)
    photo, painting = (F.interpolate(data.load_image(name, 320)[None], size, mode="bilinear", antialias=True)
                       for name, size in (("china", (212, 320)), ("starry_night", (200, 320))))
    loss, mine, other = judge(names, photo, painting), [], []
    for _ in range(rounds):
        start = time.perf_counter()
        picture = names["coarse_to_fine"](photo, painting, PLAN, eyes=eyes)[-1][1]
        mine.append(time.perf_counter() - start)
        goal = value(loss, picture)
        seconds, rival = min((until(loss, photo, lr, goal, 9 * mine[-1]) for lr in RATES), key=lambda run: run[0])
        other.append(seconds)
    _, late = until(loss, photo, RATES[1], 0, longer * mine[-1])
    matched = names["match_colours"](photo, painting).clamp(0, 1)
    pages = names["make_loss"](matched, painting, eyes)
    note = (f"the judge is the rival's own loss, on which only the rival descends; ours ends at {goal:.3f}. By "
            f"the page's own loss ours ends at {value(pages, picture):.2f}, the rival is at {value(pages, rival):.2f} "
            f"then, and at {value(pages, late):.2f} after {longer} times our time")
    return [side.timed("style transfer, the tower under the Starry Night, 320 pixels",
                       "VGG-19 at 320 pixels from the start, Adam at the best of three rates", mine, other, 5, note)]
