"""The course as a website.

    uv run --group site python -m tools.site build OUT      build it from the committed notebooks and panel files
    uv run python -m tools.site export 02 07                run these notebooks and write the files of their panels
"""

import sys

from tools.site import build, export


def main(command="", *names):
    """Build the site, or export panels."""
    if command == "build" and len(names) == 1:
        build.build(names[0])
    elif command == "export" and names:
        export.run_all(names)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
