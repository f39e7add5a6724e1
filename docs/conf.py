"""Sphinx: `make docs` builds this into docs/_build/html, with warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path

import photism

sys.path.insert(0, str(Path(__file__).parent))

project = "photism"
author = "the photism authors"
copyright = "the photism authors; text and code under the Apache License 2.0"
release = version = photism.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "formulas",  # beside this file
]
html_math_renderer = "mathml"  # not MathJax, which a page opened from a disk would have to fetch
exclude_patterns = ["_build", "api/*-table.md"]
default_role = "code"  # `x` in a docstring is code

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

suppress_warnings = ["ref.python"]  # a name that a package passes on stands on two pages
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "photism"
html_static_path = ["_static"]
html_css_files = ["photism.css"]
html_favicon = "_static/logo.svg"
html_logo = "_static/logo.svg"
html_show_sphinx = False
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {
        "color-brand-primary": "#5a3fd6",
        "color-brand-content": "#5a3fd6",
        "color-brand-visited": "#5a3fd6",
        "color-api-name": "var(--color-brand-primary)",
        "color-api-pre-name": "var(--color-foreground-secondary)",
        "font-stack--monospace": "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#a897ff",
        "color-brand-content": "#a897ff",
        "color-brand-visited": "#a897ff",
    },
}


def setup(app: object) -> None:
    """Write the generated pages before Sphinx looks for pages."""
    import generate

    generate.write_all()
    app.connect("autodoc-process-docstring", keep_colons, priority=100)


def keep_colons(app, what, name, obj, options, lines) -> None:
    """Keep napoleon from reading "of a field: its text" as a type and its text.

    It splits the first line of a field's docstring at a colon; an empty comment takes that place.
    """
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]
