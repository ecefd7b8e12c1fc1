"""The doctor: `python -m d2lhelpers` checks this machine, `course` opens the notebooks."""

import argparse
import importlib.metadata as metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

from d2lhelpers import workcopy

# bytes of one message: Jupyter's own limit of 10 MB cuts the connection when a photo of 11 MB is uploaded
UPLOADS = "--ServerApp.tornado_settings={'websocket_max_message_size': 100_000_000}"


def _python():
    return sys.version_info >= (3, 11), sys.version.split()[0], "install Python 3.11 or newer"


def _torch():
    import torch
    import torchvision.ops

    from d2lhelpers import runtime
    torchvision.ops.nms(torch.zeros(1, 4), torch.ones(1), 0.5)  # fails if the two builds do not match
    text = f"torch {torch.__version__}, torchvision {torchvision.__version__}, device {runtime.pick_device()}"
    return True, text, ""


def _jupyter():
    lab, widgets = metadata.version("jupyterlab"), metadata.version("ipywidgets")
    fine = int(lab.split(".")[0]) >= 4 and int(widgets.split(".")[0]) >= 8
    return fine, f"jupyterlab {lab}, ipywidgets {widgets}", "pip install -U jupyterlab ipywidgets"


def _data():
    from d2lhelpers import files
    found, missing = files.inventory()
    text = f"here: {', '.join(found) or 'none yet'}"
    if missing:
        text += f"; fetched when first used, else replaced by a stand-in: {', '.join(missing)}"
    return not files.problems(), text, " ".join(files.problems())


def _graphviz():
    fix = "not needed; for nicer graphs: apt, brew or conda install graphviz"
    found = shutil.which("dot") is not None
    return found, "found" if found else "missing (graphs are drawn without it)", fix


def _fonts():
    from matplotlib import font_manager
    known = "CJK SC", "PingFang", "YaHei", "WenQuanYi", "SimHei"
    names = {font.name for font in font_manager.fontManager.ttflist}
    chinese = sorted(name for name in names if any(part in name for part in known))
    fix = "not needed; for Chinese labels: apt install fonts-noto-cjk"
    return bool(chinese), chinese[0] if chinese else "no Chinese font (labels are in English)", fix


CHECKS = {"python": _python, "torch": _torch, "jupyter": _jupyter, "data": _data,
          "graphviz": _graphviz, "fonts": _fonts}


def doctor():
    """Print one line per thing that can go wrong, with its fix; return True if the course can run."""
    healthy = True
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a file in cp1252 or gbk has no ✓
    for name, check in CHECKS.items():
        optional = check in (_data, _graphviz, _fonts)
        try:
            fine, text, fix = check()
        except Exception as error:  # a broken install must not stop the other lines
            fine, text, fix = False, f"{type(error).__name__}: {error}", "run `uv sync`, or reinstall it"
        mark = "✓" if fine else "–" if optional else "✗"
        print(f"{mark} {name:9}{text}" + ("" if fine else f"  →  {fix}"))
        healthy &= fine or optional
    return healthy


def course():
    """Renew the learner's copy of the notebooks, open JupyterLab on it, and check this machine meanwhile."""
    parser = argparse.ArgumentParser("course", description="Open the course. Other arguments go to JupyterLab.")
    parser.add_argument("--folder", type=Path, help="where your copy of the notebooks is (made if it is not there)")
    parser.add_argument("--original", action="store_true", help="open the published files themselves (contributors)")
    options, others = parser.parse_known_args()
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")  # what mps lacks, the CPU computes
    folder = workcopy.originals() if options.original else _copy(options.folder or workcopy.default())
    command = [sys.executable, "-m", "jupyter", "lab", UPLOADS, *others]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # containers: Jupyter refuses root otherwise
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        command.append("--no-browser")  # no screen: the address to open is printed instead
    with subprocess.Popen(command, cwd=folder) as server:
        try:
            doctor()  # it reads torch, which takes as long as Jupyter's start
            sys.exit(server.wait())
        except KeyboardInterrupt:
            server.terminate()


def _copy(folder):
    try:
        lines = workcopy.renew(folder)
    except OSError as why:
        sys.exit(f"{folder.name} cannot be written to ({why.strerror or why}): "
                 "choose another place with `course --folder=...`, or only look with `course --original`.")
    print(*lines, f"Your notebooks are in {folder.name}; updates never change what you have changed.", sep="\n")
    return folder


if __name__ == "__main__":
    sys.exit(0 if doctor() else 1)
