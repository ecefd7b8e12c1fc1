"""One machine, one class: JupyterHub starts a JupyterLab for everybody who logs in.

With accounts on the machine (the default): each learner's own account and home folder.
With `COURSE_IMAGE` set: a container for each, from an image that was built of this repository.
"""

import os
import sys

IMAGE = os.environ.get("COURSE_IMAGE")

c = get_config()  # noqa: F821 (JupyterHub provides it)

c.Spawner.default_url = "/lab/tree/notebooks"
c.Spawner.mem_limit = "3G"  # DockerSpawner enforces it; accounts: see the README
c.Spawner.cpu_limit = 2
c.Spawner.start_timeout = 120
c.Spawner.environment = {
    "OMP_NUM_THREADS": "1",  # else every kernel wants all cores
    # a learner's own kernel called python3 must not hide the course's
    "JUPYTER_PREFER_ENV_PATH": "1"}
c.Spawner.args = [  # photos above 10 MB
    "--ServerApp.tornado_settings={'websocket_max_message_size': 100_000_000}"]
if os.environ.get("D2L_DATA_DIR"):  # one read-only copy of the data for all
    c.Spawner.environment["D2L_DATA_DIR"] = os.environ["D2L_DATA_DIR"]

if IMAGE:
    c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
    c.JupyterHub.hub_connect_ip = os.environ.get("HUB_NAME", "jupyterhub")
    c.DockerSpawner.image = IMAGE
    c.DockerSpawner.remove = True  # the container goes, the learner's volume stays
    c.DockerSpawner.volumes = {"course-{username}": "/home/jovyan/work"}
    c.DockerSpawner.notebook_dir = "/home/jovyan/work"  # what lies there stays
    c.DockerSpawner.post_start_cmd = "python -m d2lhelpers.workcopy /home/jovyan/work/notebooks"
    c.DockerSpawner.network_name = os.environ.get("DOCKER_NETWORK", "jupyterhub")
else:
    c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
    # each start brings what is new in the course and leaves what the learner has changed
    copy = f"'{sys.executable}' -m d2lhelpers.workcopy ~/notebooks"
    c.LocalProcessSpawner.shell_cmd = ["bash", "-c", copy + '; exec bash -c "$1"', "start"]
    c.Spawner.notebook_dir = "~"

c.JupyterHub.services = [{
    "name": "cull-idle",  # an idle kernel holds its memory: stop it after an hour
    "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}]
c.JupyterHub.load_roles = [{
    "name": "cull-idle", "services": ["cull-idle"],
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"]}]
