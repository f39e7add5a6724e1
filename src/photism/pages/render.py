"""Filling in the pages of `templates/`, which need nothing but themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from photism.files import data_uri
from photism.version import __version__


def picture_uri(content: bytes) -> str:
    """Return a PNG as an address, to stand in a page without a file of its own."""
    return data_uri("image/png", content)


def render(template: str, **values: Any) -> str:
    """Fill in a page.

    Args:
        template: a file in `templates/`, usually one that extends `base.html.j2`.
        **values: what it shows; it is an error if one is missing.

    Returns:
        HTML, with everything but `Markup` escaped.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share, digits=1: f"{100 * share:.{digits}f} %"
    environment.filters["words"] = lambda name: name.replace("_", " ")
    environment.filters["short"] = lambda digest: digest[:12]
    return environment.get_template(template).render(version=__version__, **values)
