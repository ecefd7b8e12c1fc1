"""The first picture of notebook 11: the tower under the Starry Night, painted by the page's own cells.

    python -m data.checkpoints.starry_tower

It runs the notebook's code up to `coarse_to_fine`, leaves out what draws, paints a photo of the Summer Palace (by
danielbuechele on flickr, CC BY 2.0) in the manner of van Gogh's Starry Night (public domain) in three sizes, about ten
seconds on one processor core, and keeps the picture: "picture", uint8 (3, H, W).
"""

import re
from pathlib import Path

import torch
from safetensors.torch import save_file

from tools import notebooks

NEEDED = re.compile(r"^(import|from|SIZE|device = |MEAN|def (features|relative|descend|total_variation|gram|pyramid"
                    r"|make_loss|moments|match_channel|coarse_to_fine)\b)")


def main():
    """Paint and save."""
    path = next(path for path in notebooks.PATHS if path.name.startswith("11_"))
    names = {"__name__": "page"}
    for cell in notebooks.code_cells(notebooks.read(path)):
        source = cell.source.split("hero = data.load_checkpoint")[0]
        if NEEDED.match(source) and "explore_" not in source:
            exec(compile(source, path.name, "exec"), names)
        if "def coarse_to_fine" in source:
            break
    stages = names["coarse_to_fine"](names["load"]("china", 320), names["load"]("starry_night", 320),
                                     ((112, 60), (192, 50), (320, 40)))
    picture = (255 * stages[-1][1][0]).round().to(torch.uint8).cpu().contiguous()
    save_file({"picture": picture}, Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
