"""One machine, one class: JupyterHub starts a JupyterLab for everybody who logs in.

With accounts on the machine (the default): each learner's own account and home folder.
With `COURSE_IMAGE` set: a container for each, from an image that was built of this repository.
"""

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
IMAGE = os.environ.get("COURSE_IMAGE")

c = get_config()  # noqa: F821 (JupyterHub provides it)

c.Spawner.default_url = "/lab/tree/notebooks"
c.Spawner.mem_limit = "3G"  # enforced by DockerSpawner; for accounts, see the README
c.Spawner.cpu_limit = 2
c.Spawner.start_timeout = 120
c.Spawner.environment = {"OMP_NUM_THREADS": "1"}  # else every kernel wants all cores
if os.environ.get("D2L_DATA_DIR"):  # one read-only copy of the data for all
    c.Spawner.environment["D2L_DATA_DIR"] = os.environ["D2L_DATA_DIR"]

if IMAGE:
    c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
    c.JupyterHub.hub_connect_ip = os.environ.get("HUB_NAME", "jupyterhub")
    c.DockerSpawner.image = IMAGE
    c.DockerSpawner.remove = True  # the container goes, the learner's volume stays
    c.DockerSpawner.volumes = {"course-{username}": "/home/jovyan/work"}
    c.DockerSpawner.network_name = os.environ.get("DOCKER_NETWORK", "jupyterhub")
else:
    c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
    # each start copies what is new in the course and leaves the learner's own files alone
    copy = f"mkdir -p ~/notebooks && cp -rn '{REPOSITORY}/notebooks/.' ~/notebooks/"
    c.LocalProcessSpawner.shell_cmd = ["bash", "-c", copy + '; exec bash -c "$1"', "start"]
    c.Spawner.notebook_dir = "~"

c.JupyterHub.services = [{
    "name": "cull-idle",  # an idle kernel holds its memory: stop it after an hour
    "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}]
c.JupyterHub.load_roles = [{
    "name": "cull-idle", "services": ["cull-idle"],
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"]}]
