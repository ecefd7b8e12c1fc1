"""The last touch on Sphinx's pages: faults of the theme that axe-core finds are mended, and each page gets a policy."""

import base64
import hashlib
import re
from pathlib import Path

# what furo and myst-nb write -> what a screen reader, a keyboard or the policy needs
MENDED = {
    '<summary aria-label="Toggle hidden content">': "<summary>",
    "<pre>": '<pre tabindex="0">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
    '<div class="table-wrapper colwidths-auto docutils container">':
        '<div class="table-wrapper colwidths-auto docutils container" tabindex="0">',
    '<th class="head"><p></p></th>': "<td></td>",
    ' style="display: none;"': " hidden",
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    ' style="opacity: 50%"': ' opacity="50%"',
    '<script src="': '<script defer src="',  # one after the other, they would stop the reading of the page
}
PLAIN = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')  # names and brackets have the colour of their block
COLOURED = re.compile(r'<span class="(\w+)">([^<]*)</span>')  # what has another colour: the shortest tag will do
CODE = re.compile(r"<pre([^>]*)>(.*?)</pre>", re.S)
LONGEST = 160  # lines of a block of code whose height the style sheet knows
NEIGHBOURS = re.compile(r'<link rel="(?:next|prev)"[^>]*>')  # Firefox would fetch the next page beforehand
CELL = re.compile(r'(<div class="cell)(?: tag_[\w-]+)+ docutils container">')  # tags of the tests
POLICY = ("default-src 'none'; script-src 'self' {scripts}; style-src 'self' {styles}; img-src 'self' data:; "
          "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'")


def mended(page):
    """Return a page without the theme's faults and half as long, with a policy that allows its own files, nothing else.

    Its inline scripts and styles, all of them the theme's, are allowed by their hashes.
    """
    for old, new in MENDED.items():
        page = page.replace(old, new)
    page = NEIGHBOURS.sub("", page)
    page = CODE.sub(_code, page)
    page = CELL.sub(r'\1 docutils container">', page)
    policy = POLICY.format(scripts=hashes(page, "script"), styles=hashes(page, "style"))
    return page.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">', 1)


def _code(found):
    """Return a block of code in short tags; its class tells how many lines it has."""
    text = COLOURED.sub(r"<i class=\1>\2</i>", PLAIN.sub(r"\1", found[2]))
    many = text.rstrip("\n").count("\n") + 1
    return f"<pre{found[1]} class=n{many}>{text}</pre>" if many <= LONGEST else f"<pre{found[1]}>{text}</pre>"


def heights():
    """Return the style sheet's rules for `_code`: a block of n lines is that high before it is laid out."""
    return "".join(f"pre.n{n}{{contain-intrinsic-height:auto {n}lh}}" for n in range(1, LONGEST + 1)) + "\n"


def hashes(page, tag):
    """Return the inline scripts or styles of a page as sources of a policy.

    >>> hashes("<script>a()</script><script src=b.js></script>", "script")
    "'sha256-qVpDBgj7bpq5hMAcGp3AOc79J3Y1Z4HvySTwKrWDoy4='"
    """
    inline = {text for text in re.findall(rf"<{tag}(?:\s[^>]*)?>(.*?)</{tag}>", page, re.S) if text.strip()}
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline)
    return " ".join(sorted(f"'sha256-{digest}'" for digest in digests))


def finish(app, exception):
    """Mend all pages, drop what only the theme's authors need; Sphinx calls it at the end of a build."""
    if exception:
        return
    for path in Path(app.outdir).rglob("*.html"):
        path.write_text(mended(path.read_text(encoding="utf-8")), encoding="utf-8")
    with open(Path(app.outdir) / "_static/site.css", "a", encoding="utf-8") as style:
        style.write(heights())
    for path in Path(app.outdir).rglob("*.map"):
        path.unlink()
