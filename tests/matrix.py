"""The tests under other processors, thread counts, Pythons and data: which columns are green, and with how much room.

    python -m tests.matrix                        all columns, one after the other (about two hours on two cores)
    python -m tests.matrix sse41 threads-2        some of them
    python -m tests.matrix --only-notebooks …     the notebooks alone
    python -m tests.matrix --pick                 name one column and print its settings, by the newest commit

A processor is imitated by telling the libraries which instructions they may use.
"""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from tests import ledger
from tools.notebooks import ROOT

FOLDER = ROOT / "build/matrix"
OFFLINE = {"D2L_OFFLINE": "1", "D2L_DATA_DIR": ""}
COLUMNS = {
    "as-it-is": {},
    "no-vectors": {"ATEN_CPU_CAPABILITY": "default"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"},
    "sse41": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "threads-1": {"OMP_NUM_THREADS": "1"},
    "threads-2": {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"},  # waiting leaves the core to others
    "stand-ins": OFFLINE,
}
QUICK = "avx2", "threads-2"  # sse41 takes three and no-vectors five times as long; threads-1 is what tests do anyway
PYTHONS = "3.12", "3.13", "3.14"  # a column each, where this machine has it


def run(name, settings, only_notebooks=False, python=None):
    """Run the tests in one column; return (summary line, seconds)."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.jsonl"
    path.unlink(missing_ok=True)
    env = os.environ | settings | {"D2L_LEDGER": str(path)}
    command = ["uv", "run", *(["--isolated", "--python", python] if python else []), "pytest", "--color=no"]
    start = time.perf_counter()
    with open(FOLDER / f"{name}.log", "w", encoding="utf-8") as log:
        subprocess.run([*command, *(["notebooks"] if only_notebooks else [])], cwd=ROOT, env=env, stdout=log,
                       stderr=subprocess.STDOUT, check=False)
    lines = (FOLDER / f"{name}.log").read_text(encoding="utf-8").strip().splitlines()
    return lines[-1].strip("= ") if lines else "no output", time.perf_counter() - start


def pythons():
    """Return the other Pythons that are installed here."""
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [version for version in PYTHONS if version != mine and subprocess.run(
        ["uv", "python", "find", "--no-python-downloads", version], capture_output=True, cwd="/").returncode == 0]


def pick():
    """Return the column of the newest commit, one of those that take about as long as no column at all."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return QUICK[int(commit or "0", 16) % len(QUICK)]


def main(arguments):
    """Run the columns, print the table and the tightest assertions."""
    if "--pick" in arguments:
        name = pick()
        print(name, *(f"{key}={value}" for key, value in COLUMNS[name].items()))
        return 0
    names = [name for name in arguments if not name.startswith("--")]
    columns = [(name, settings, None) for name, settings in COLUMNS.items()]
    columns += [(f"python-{version}", {}, version) for version in pythons()]
    green = True
    print(f"{platform.processor() or platform.machine()}, {_processor()}\n| column | settings | result | minutes |")
    print("| --- | --- | --- | --- |")
    for name, settings, python in columns:
        if not names or name in names:
            result, seconds = run(name, settings, "--only-notebooks" in arguments, python)
            green &= " passed" in result and "failed" not in result and "error" not in result
            words = " ".join(f"`{key}={value}`" for key, value in settings.items()) or "–"
            print(f"| {name} | {words} | {result} | {seconds / 60:.0f} |", flush=True)
    print()
    ledger.main(sorted(FOLDER.glob("*.jsonl")))
    return 0 if green else 1


def _processor():
    """Return the processor's name, where the system tells."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
             ] if info.exists() else []
    return names[0] if names else "processor unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
