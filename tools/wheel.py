"""What a wheel holds beside the package: the notebooks and the trained nets, so that an installed course is whole."""

from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = {"notebooks": "*.ipynb", "data/checkpoints": "*.safetensors"}


class WholeCourse(BuildHookInterface):
    """Put the notebooks and checkpoints into the package's folder of the wheel; a checkout has them already."""

    def initialize(self, version, build_data):
        """Add the files, unless this is an editable install."""
        if version != "editable":
            for folder, pattern in PARTS.items():
                for path in sorted(Path(self.root, folder).glob(pattern)):
                    build_data["force_include"][str(path)] = f"d2lhelpers/{Path(folder).name}/{path.name}"
