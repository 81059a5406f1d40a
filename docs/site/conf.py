"""How Sphinx makes the site of what `build.py` lays out."""

from __future__ import annotations

import re
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

_ROOT = Path(__file__).parents[2]

project = "tumint"
author = "tumint maintainers"
project_copyright = "2026, tumint maintainers"
release = re.findall(r'^__version__ = "(.+)"$', (_ROOT / "src/tumint/__init__.py").read_text(encoding="utf-8"), re.M)[0]
version = release
language = "en"

extensions = ["myst_parser"]
root_doc = "index"
myst_heading_anchors = 4  # links to headings are those of GitHub
myst_enable_extensions = ["strikethrough"]
smartquotes = False  # options begin with two hyphens
pygments_style = "default"

lexers["csv"] = TextLexer()  # GitHub colours it; pygments does not know it

html_theme = "pydata_sphinx_theme"
html_title = f"tumint {release}"
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # it is fetched page by page, which browsers refuse where the site is a folder
html_last_updated_fmt = None  # the same pages give the same site
html_theme_options = {
    "logo": {"text": "tumint"},
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "navbar_persistent": ["search-button"],
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "back_to_top_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": []}
