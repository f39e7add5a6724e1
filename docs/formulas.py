"""Formulas as MathML, made while building: browsers draw it without a script or a network."""

from __future__ import annotations

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator


def mathml(tex: str, *, display: str = "inline") -> str:
    """Return a formula as MathML.

    Args:
        tex: without dollars, such as `L_a`.
        display: "inline" or "block".

    Returns:
        One `<math>` element.

    Raises:
        ExtensionError: a command that the converter does not know, which it would print as it is.
    """
    made = convert(tex, display=display)
    if "\\" in made:
        raise ExtensionError(f"no MathML for the formula {tex!r}: write it otherwise")
    return made


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line."""
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def block(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula of its own line."""
    writer.body.append(mathml(node.astext(), display="block"))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register as `html_math_renderer = "mathml"`."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
