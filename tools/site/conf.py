"""Sphinx's settings. `python -m tools.site build` calls Sphinx and passes the folders."""

from docutils import nodes

from tools.site.finish import finish
from tools.site.words import SearchBoth

project = html_title = "Deep learning, hands on"
language = "en"
extensions = ["myst_nb", "sphinx.ext.githubpages"]  # .nojekyll: GitHub drops folders that begin with _
nb_execution_mode = "off"
nb_code_prompt_show, nb_code_prompt_hide = "Show code", "Hide code"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
pygments_dark_style = "github-dark"
html_copy_source = html_show_sourcelink = html_use_index = False
html_show_copyright = html_show_sphinx = False
html_static_path, html_favicon = ["static"], "static/icon.svg"
html_css_files = ["panel.css", "site.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("drawing.js", "panel.js", "math.js")]
html_theme_options = {"footer_icons": [], "light_css_variables": {"color-brand-primary": "#0b5cad",
                                                                  "color-brand-content": "#0b5cad"}}
html_math_renderer_name = "katex"


def math(tag):
    """Return how Sphinx writes a formula: its TeX, which math.js sets."""
    def visit(self, node):
        self.body.append(f'<{tag} class="math">{self.encode(node.astext())}</{tag}>')
        raise nodes.SkipNode
    return visit, None


def setup(app):
    """Add what is ours to Sphinx."""
    app.add_html_math_renderer("katex", math("span"), math("div"))
    app.add_search_language(SearchBoth)
    app.connect("build-finished", finish)
