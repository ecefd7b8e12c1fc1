"""Notebook 14's workers end with Stop; the files that let a class use the course, as far as can be checked here."""

import ast
import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from jupyter_client.manager import start_new_kernel
from traitlets.config.loader import PyFileConfigLoader

from d2lhelpers import __main__ as doctor
from tools import notebooks
from tools.notebooks import ROOT

PAGE = notebooks.PATHS[[path.stem[:2] for path in notebooks.PATHS].index("14")]
HUB, BINDER = ROOT / ".jupyterhub", ROOT / ".binder"
WITH_BASH = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
FILES = sorted(path for folder in (HUB, BINDER) for path in folder.iterdir() if path.is_file())


def load_hub(monkeypatch, **environment):
    """Return what JupyterHub would read from its configuration file."""
    for name in ("COURSE_IMAGE", "D2L_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return PyFileConfigLoader("jupyterhub_config.py", path=str(HUB)).load_config()


def test_hub_for_accounts(monkeypatch):
    c = load_hub(monkeypatch, D2L_DATA_DIR="data")
    assert c.Spawner.environment == {"OMP_NUM_THREADS": "1", "JUPYTER_PREFER_ENV_PATH": "1", "D2L_DATA_DIR": "data"}
    assert "spawner_class" not in c.JupyterHub and c.Spawner.mem_limit.endswith("G")
    assert "-m d2lhelpers.workcopy ~/notebooks" in c.LocalProcessSpawner.shell_cmd[2]
    assert c.LocalProcessSpawner.shell_cmd[2].endswith('exec bash -c "$1"')  # JupyterHub appends one string


def test_hub_for_containers(monkeypatch):
    c = load_hub(monkeypatch, COURSE_IMAGE="course:latest")
    assert c.DockerSpawner.image == "course:latest" and c.DockerSpawner.remove
    assert c.JupyterHub.spawner_class == "dockerspawner.DockerSpawner"
    assert "{username}" in next(iter(c.DockerSpawner.volumes))


def test_culling_has_the_rights_it_needs(monkeypatch):
    c = load_hub(monkeypatch)
    (service,), (role,) = c.JupyterHub.services, c.JupyterHub.load_roles
    assert role["services"] == [service["name"]] and {"list:users", "delete:servers"} <= set(role["scopes"])


def test_hub_and_cluster_promise_the_same(monkeypatch):
    c, values = load_hub(monkeypatch), yaml.safe_load((HUB / "values.yaml").read_text(encoding="utf-8"))
    user = values["singleuser"]
    assert user["memory"]["limit"] == c.Spawner.mem_limit and user["cpu"]["limit"] == c.Spawner.cpu_limit
    assert user["extraEnv"] == c.Spawner.environment and user["defaultUrl"] == c.Spawner.default_url
    assert f"--timeout={values['cull']['timeout']}" in c.JupyterHub.services[0]["command"]
    assert float(user["memory"]["guarantee"].rstrip("G")) <= float(user["memory"]["limit"].rstrip("G"))
    assert (ROOT / Path(c.Spawner.default_url.removeprefix("/lab/tree/"))).is_dir()


def test_learners_on_a_cluster_get_their_copy(tmp_path):
    hook = yaml.safe_load((HUB / "values.yaml").read_text(encoding="utf-8"))["singleuser"]["lifecycleHooks"]
    (command,) = re.findall(r"-m \S+ ", hook["postStart"]["exec"]["command"][2])
    subprocess.run([sys.executable, *command.split(), str(tmp_path)], cwd=ROOT, check=True)
    assert len(list(tmp_path.glob("*.ipynb"))) == len(list((ROOT / "notebooks").glob("*.ipynb")))


def test_photos_above_jupyters_limit_may_be_uploaded_everywhere(monkeypatch):
    (hub,) = load_hub(monkeypatch).Spawner.args
    copied = re.search(r"^cp (\S+\.json) ", (BINDER / "postBuild").read_text(encoding="utf-8"), re.M)[1]
    binder = json.loads((ROOT / copied).read_text(encoding="utf-8"))
    assert hub == doctor.UPLOADS
    settings = ast.literal_eval(hub.partition("=")[2])
    assert binder["ServerApp"]["tornado_settings"] == settings
    assert settings["websocket_max_message_size"] >= 50_000_000


def test_binder_installs_what_everybody_installs():
    text = (BINDER / "postBuild").read_text(encoding="utf-8")
    assert (ROOT / re.search(r"--file (\S+)", text)[1]).samefile(ROOT / "environment.yml")
    assert "pip install --no-cache-dir --no-deps --editable ." in text
    assert not (BINDER / "environment.yml").exists(), "one list of packages, at the top"


@WITH_BASH
@pytest.mark.parametrize("path", sorted(BINDER.iterdir()), ids=lambda path: path.name)
def test_scripts_parse(path):
    source = path.read_text(encoding="utf-8")
    assert source.startswith("#!/usr/bin/env bash\n") and "\r" not in source
    done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@WITH_BASH
def test_start_hands_over_to_the_session():
    run = subprocess.run(["bash", str(BINDER / "start"), "bash", "-c", "echo $OMP_NUM_THREADS"],
                         capture_output=True, text=True, check=True)
    assert run.stdout == "1\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_invented_addresses(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://|\b[\w.-]+\.(com|org|io|net|cn)/", text)


def test_what_the_readme_names_exists():
    text = (HUB / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"(\.(?:binder|jupyterhub)/\w+(?:\.\w+)?|environment\.yml)", text):
        assert (ROOT / name).exists(), name
    ast.parse((HUB / "jupyterhub_config.py").read_text(encoding="utf-8"))


def running(script):
    """Return the processes that run this script."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            found += [path.parent.name] if script.encode() in path.read_bytes() else []
    return found


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this system lists no processes")
@pytest.mark.parametrize("work", ["while True: pass", """
import torch.distributed as dist, torch, time
dist.init_process_group("gloo")
if dist.get_rank() == 0: time.sleep(600)
dist.all_reduce(torch.ones(1))"""], ids=["busy", "waiting for one another"])
def test_stop_ends_the_workers_of_torchrun(work, tmp_path):
    cells = [cell.source for cell in notebooks.code_cells(notebooks.read(PAGE))]
    head, start = (next(cell for cell in cells if words in cell) for words in ("atexit.register", "def torchrun("))
    script = f"{tmp_path.name}.py".replace(" ", "_")
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))
    try:
        for source in ("import os, sys; from d2lhelpers import style; style.use()", head, start,
                       f"(folder / {script!r}).write_text({work!r})"):
            reply = client.execute_interactive(source, timeout=600, output_hook=lambda _: None)
            assert reply["content"]["status"] == "ok"
        message = client.execute(f"torchrun({script!r})")
        wait_until(lambda: len(running(script)) >= 3)  # torchrun and two workers
        time.sleep(1)
        manager.interrupt_kernel()
        reply = next(got for got in iter(lambda: client.get_shell_msg(timeout=60), None)
                     if got["parent_header"].get("msg_id") == message)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        wait_until(lambda: not running(script))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
