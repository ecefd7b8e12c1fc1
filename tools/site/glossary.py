"""The glossary page: every key term with its Chinese name, the sentence that introduces it, and where it stands."""

import html
import re

CHINESE = r"[(（]([^()（）\n]*[\u4e00-\u9fff][^()（）\n]*)[)）]"
TERM = re.compile(r"\*\*([A-Za-z][^*\n]{1,60})\*\*[^()（）\n.*]{0,24}" + CHINESE)


def terms(notebooks):
    """Return the first use of each term.

    Parameters
    ----------
    notebooks : dict of str to dict
        The committed notebooks by name, in order.

    Returns
    -------
    dict of str to (str, str, str)
        Term: its Chinese name, the sentence, the notebook's name; in alphabetical order.
    """
    found = {}
    for name, nb in notebooks.items():
        for cell in nb["cells"]:
            for paragraph in "".join(cell["source"]).split("\n") if cell["cell_type"] == "markdown" else ():
                for sentence in re.split(r"(?<=[.!?:])\s+(?=[A-Z*])", paragraph):
                    for term, chinese in TERM.findall(sentence):
                        if not term.endswith("."):  # a voice, as in "What you see."
                            found.setdefault(term.lower(), (term, chinese, sentence.strip(" >-|"), name))
    return {term: rest for _, (term, *rest) in sorted(found.items())}


def page(notebooks):
    """Return the page, Markdown for Sphinx; its list is HTML, so that signs in a sentence stay signs."""
    entries = [f'<dt><strong>{html.escape(term)}</strong> <span lang="zh">{html.escape(chinese)}</span></dt>'
               f'<dd>{_plain(sentence)} <a href="{name}.html">notebook {name[:2]}</a></dd>'
               for term, (chinese, sentence, name) in terms(notebooks).items()]
    return "\n".join(["# Glossary, English and Chinese", "",
                      "Each term in the sentence that introduces it; the link leads to its notebook.", "",
                      '<dl class="glossary">', *entries, "</dl>", ""])


def _plain(text):
    """Return a sentence as HTML; a row of a table reads as one.

    >>> _plain("**hinge** (铰链) | `|m| + 1` | [SVM](x) & *co*")
    'hinge (铰链); |m| + 1; SVM &amp; co'
    """
    text = re.sub(r"\*\*?|`|\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return html.escape(re.sub(r"\s+\|\s+", "; ", text), quote=False)
