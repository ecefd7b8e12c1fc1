"""The course as a website.

    uv run --group site python -m tools.site build OUT      build it from the committed notebooks and panel files
    uv run python -m tools.site export 02 07                run these notebooks and write the files of their panels
    uv run --group site python -m tools.site film OUT FILE  film the first page's panel for the README
"""

import sys

from tools.site import build, export, film


def main(command="", *names):
    """Build the site, export panels, or film the first page."""
    if command == "build" and len(names) == 1:
        build.build(names[0])
    elif command == "export" and names:
        export.run_all(names)
    elif command == "film" and len(names) == 2:
        film.film(*names)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
