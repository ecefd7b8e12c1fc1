"""The first picture of notebook 11, the tower under the Starry Night, and its rival, by the page's own cells.

    python -m data.checkpoints.starry_tower

It runs the notebook's code up to `coarse_to_fine`, leaves out what draws, and paints a photo of the Summer Palace (by
danielbuechele on flickr, CC BY 2.0) in the manner of van Gogh's Starry Night (public domain): in three sizes, and
straight at full size for as many steps as take the same time, each from two starts. About 45 seconds on one
processor core. It keeps

- ``picture`` and ``straight``, uint8 (3, H, W): both ways from the first start;
- ``errors`` (2 starts, 2 ways, 2): the loss at full size, and the style error of picture and painting shrunk to 112
  pixels, where large swirls are as small as strokes.
"""

import re
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from tools import notebooks

NEEDED = re.compile(r"^(import|from|SIZE|device = |MEAN|def (features|relative|descend|total_variation|gram|pyramid"
                    r"|make_loss|moments|match_channel|coarse_to_fine)\b)")
PLANS = {"picture": ((112, 60), (192, 50), (320, 40)), "straight": ((320, 75),)}
SEEDS = 0, 1


def page(seed):
    """Return what the notebook's cells define, dict; random numbers are drawn with this seed."""
    path = next(path for path in notebooks.PATHS if path.name.startswith("11_"))
    names = {"__name__": "page"}
    for cell in notebooks.code_cells(notebooks.read(path)):
        source = cell.source.split("hero = data.load_checkpoint")[0]
        if NEEDED.match(source) and "explore_" not in source:
            exec(compile(source.replace("manual_seed(0)", f"manual_seed({seed})"), path.name, "exec"), names)
        if "def coarse_to_fine" in source:
            break
    return names


@torch.no_grad()
def measure(names, goal, x, painting):
    """Return the loss at full size and the style error of the shrunk pictures, tuple of float."""
    small = [torch.nn.functional.interpolate(y, scale_factor=112 / y.shape[3], mode="bilinear", antialias=True)
             for y in (x, painting)]
    make_loss, eyes = names["make_loss"], names["eyes"]
    return (make_loss(goal, painting, eyes)(x).item(),
            make_loss(None, small[1], eyes, content_weight=0)(small[0]).item())


def main():
    """Paint, measure and save."""
    state, errors = {}, []
    for seed in SEEDS:
        names = page(seed)
        photo, painting = names["load"]("china", 320), names["load"]("starry_night", 320)
        for way, plan in PLANS.items():
            start = time.process_time()
            goal, x, _ = names["coarse_to_fine"](photo, painting, plan)[-1]
            errors.append(measure(names, goal, x, painting))
            print(f"start {seed}, {way}: {time.process_time() - start:.0f} s, loss {errors[-1][0]:.3f}, "
                  f"shrunk {errors[-1][1]:.3f}", flush=True)
            state.setdefault(way, (255 * x[0]).round().to(torch.uint8).cpu().contiguous())
    state["errors"] = torch.tensor(errors).view(len(SEEDS), len(PLANS), 2)
    save_file(state, Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
