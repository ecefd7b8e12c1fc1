"""How a panel stands on the page: its picture and line as HTML, and the words in its place where no kernel runs."""

import base64
import html
import re
from pathlib import Path

HINT = "To move them: Run > Run All Above Selected Cell, then Shift+Enter here."

_STYLE, _SCRIPT = (" ".join(Path(__file__).with_name(f"livepage.{kind}").read_text("utf-8").split())
                   for kind in ("css", "js"))
_STYLE = re.sub(r"/\*.*?\*/ ", "", _STYLE).replace("@HINT@", HINT)
_TABLE = re.compile(r"\n*^\|.*\|\n\|[-:| ]+\|\n(?:\|.*\|(?:\n|\Z))*", re.M)


def page(picture, kind, size, alt, line):
    """Return what the panel's widget shows, HTML.

    Parameters
    ----------
    picture : bytes
        PNG or JPEG.
    kind : str
        "png" or "jpeg".
    size : (int, int)
        Width and height on the page, in CSS pixels.
    alt : str
        What the picture shows, for readers who cannot see it.
    line : str
        The line under it, Markdown.
    """
    width, height = size
    data = base64.b64encode(picture).decode()
    return (f'<style>{_STYLE}</style><div aria-live="off"><img class="d2l-picture" alt="{html.escape(alt)}" '
            f'width="{width}" height="{height}" decoding="sync" onload="{html.escape(f"({_SCRIPT})(this)")}" '
            f'src="data:image/{kind};base64,{data}"></div><div class="d2l-line">{line_html(line)}</div>')


def line_html(text):
    r"""Return a panel's line as HTML: **bold**, `code`, <br>, and tables with pipes.

    >>> line_html("**2** < `x`<br>3")
    '<strong>2</strong> &lt; <code>x</code><br>3'
    >>> line_html("| a | b |\n|---|---|\n| 1 | **2** |")
    '<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>2</strong></td></tr></table>'
    """
    text = html.escape(text, quote=False).replace("&lt;br&gt;", "<br>")
    codes = re.split(r"`([^`]*)`", text)  # text, code, text, code …: stars in code stay stars
    text = "".join(f"<code>{part}</code>" if k % 2 else re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", part)
                   for k, part in enumerate(codes))
    text = _TABLE.sub(_table, text)
    return re.sub(r"\n{2,}", "<br><br>", text.strip())


def plain(text):
    r"""Return a line without its marks, for an `alt`; a table is read row by row.

    >>> plain("**Two**:\n| lr | loss |\n|---|---|\n| 0.1 | 0.25 |\n| 1 | `3` |")
    'Two: lr 0.1, loss 0.25; lr 1, loss 3'
    """
    return " ".join(re.sub(r"\*\*|`", "", _TABLE.sub(_words, text).replace("<br>", " ")).split())


def stand_in(values):
    """Return the words that stand in the widget's place where no kernel runs: where the sliders are, what to press."""
    places = (f"{name} = {value:{'.4g' * isinstance(value, float)}}" for name, value in values.items())
    return f"Sliders: {', '.join(places)}. {HINT}"


def _rows(found):
    return [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in found[0].strip().splitlines()]


def _words(found):
    head, _, *rows = _rows(found)
    said = (", ".join(f"{name} {cell}".strip() for name, cell in zip(head, row, strict=False)) for row in rows)
    return f" {'; '.join(said)} "


def _table(found):
    head, _, *rows = _rows(found)
    lines = [f"<th>{'</th><th>'.join(head)}</th>", *(f"<td>{'</td><td>'.join(row)}</td>" for row in rows)]
    return f"<table><tr>{'</tr><tr>'.join(lines)}</tr></table>"
