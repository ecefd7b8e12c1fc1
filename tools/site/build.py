"""Build the site: stage the committed notebooks, then call Sphinx. Needs no kernel, no data, no internet."""

import json
import shutil
import tomllib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tools.site import glossary
from tools.site.export import PANELS, ROOT
from tools.site.front import PAGES, front, read_all, takes
from tools.site.stage import bare, page, prose

HERE = ROOT / "tools/site"
WORK = ROOT / "build/site"  # staged pages, and pictures that a second build finds again


def links(name, repository):
    """Return what the top of a notebook's page offers.

    Parameters
    ----------
    name : str
        The notebook's file without the ending.
    repository : str
        "owner/name" on GitHub, as `repository` under ``[tool.course]`` in pyproject.toml says; "" leaves Binder and
        Colab out.

    Returns
    -------
    list of (str, str)
        Text and address.
    """
    found = [("download the notebook", f"notebooks/{name}.ipynb")]
    if repository:
        file = f"notebooks/{name}.ipynb"
        found += [("open it on Binder", f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/{file}"),
                  ("open it in Colab", f"https://colab.research.google.com/github/{repository}/blob/HEAD/{file}")]
    return found


def repository():
    """Return the maintainer's setting, "" where it is not made."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project.get("tool", {}).get("course", {}).get("repository", "")


def stage(work=WORK):
    """Write everything that Sphinx reads.

    Parameters
    ----------
    work : pathlib.Path
        Gets ``src`` (pages) and ``extra`` (files that are copied as they are).
    """
    source, extra, notebooks = work / "src", work / "extra", read_all()
    for folder in (source, extra / "notebooks", extra / "panels"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    names = {name[:2]: name for name in notebooks}
    with ProcessPoolExecutor(2) as pool:
        jobs = [pool.submit(page, nb, name, names, extra / "img", links(name, repository()))
                for name, nb in notebooks.items()]
        for (name, nb), job in zip(notebooks.items(), jobs, strict=True):
            text = json.dumps(job.result(), ensure_ascii=False)
            (source / f"{name}.ipynb").write_text(text, encoding="utf-8")
            (extra / "notebooks" / f"{name}.ipynb").write_text(bare(nb), encoding="utf-8")
    (source / "index.md").write_text(front(notebooks, extra / "img"), encoding="utf-8")
    (source / "glossary.md").write_text(glossary.page(notebooks), encoding="utf-8")
    for path in PAGES.glob("*.md"):
        if path.stem != "index":
            text = path.read_text(encoding="utf-8").replace("<!-- TABLE -->", takes(notebooks))
            (source / path.name).write_text(prose(text, "", names), encoding="utf-8")
    for path in PANELS.iterdir():
        shutil.copy(path, extra / "panels")
    _forget_old_pictures(source, extra / "img")


def _forget_old_pictures(source, images):
    text = "".join(path.read_text(encoding="utf-8") for path in source.iterdir())
    for path in images.iterdir():
        if path.name not in text:
            path.unlink()


def build(out, work=WORK):
    """Build the site into a folder, which is emptied first.

    Raises
    ------
    SystemExit
        Where Sphinx finds fault with a page; a warning is a fault. Or where Sphinx is not installed.
    """
    try:
        from sphinx.cmd.build import build_main
    except ImportError:
        raise SystemExit("Sphinx is not here: uv run --group site python -m tools.site build OUT") from None
    stage(work)
    shutil.rmtree(out, ignore_errors=True)
    wrong = build_main(["-q", "-W", "--keep-going", "-c", str(HERE), "-d", str(work / "doctrees"), "-b", "html",
                        "-D", f"html_extra_path={work / 'extra'}", str(work / "src"), str(out)])
    if wrong:
        raise SystemExit(wrong)
    (Path(out) / ".buildinfo").unlink(missing_ok=True)
    files = [path for path in Path(out).rglob("*") if path.is_file()]
    print(f"{out}: {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB; open index.html")
