"""Formats: a chart as the files that other tools take, beside the HTML of the house.

JupyterLab and the report show the HTML. GitHub, Quarto, slides and LaTeX look for one of these.
"""

from __future__ import annotations

import io
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import numpy as np

from officer_assaults.page import svg, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SVG, PNG, PDF = "image/svg+xml", "image/png", "application/pdf"
#: Dots per inch of 72 px: a drawing of 680 px comes out 1,133 px wide.
DOTS = 120
_COLOURS = 48
_FONTS = "&quot;Helvetica Neue&quot;,Arial,&quot;Liberation Sans&quot;,sans-serif"
_VIEW = re.compile(r'viewBox="([^"]+)"')
_WIDTH = re.compile(r' width="[^"]*"')
_STYLE = (
    "text{paint-order:stroke;stroke:#fff;stroke-width:.25em;stroke-linejoin:round}"
    ".oa-on-fill text{stroke:none}"
)


def bundle(fig: Figure, drawing: svg.Drawing, *, title: str, alt: str) -> dict[str, str]:
    """Give a chart by MIME type, as a notebook's output holds it.

    LaTeX would have another program turn the SVG into a PDF, so outside a batch, whose page shows
    none, the PDF comes along.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure at its wide size.
    drawing : svg.Drawing
        The same, drawn for a page.
    title, alt : str
        Kept inside the picture.
    """
    from officer_assaults.pipeline.door import is_checked

    found = {SVG: standalone(drawing.wide)}
    with svg.as_laid_out(fig, drawing):
        found[PNG] = _text(png(fig, title=title, alt=alt))
        return found if is_checked() else {**found, PDF: _text(pdf(fig, title=title))}


def standalone(drawn: str) -> str:
    """Write a drawing of a page as a file that opens by itself, on white and with its own colours.

    Examples
    --------
    >>> standalone('<svg viewBox="0 0 9 9"><path d="M0 0"/></svg>').count("xmlns")
    2
    """
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    look = f'color="{theme.PALETTE["ink"]}" font-family="{_FONTS}"'
    opening, mark, rest = drawn.partition(">")
    _, _, wide, high = _VIEW.findall(opening)[0].split()
    size = f'width="{wide}" height="{high}"'
    paper = f'<rect width="100%" height="100%" fill="{theme.PAGE_LIGHT}"/>'
    # Older programs know the names of shapes by xlink only.
    inside = rest.replace(' href="#', ' xlink:href="#')
    begun = _WIDTH.sub("", opening).replace("<svg ", f"<svg {names} {size} {look} ", 1)
    return f"{begun}{mark}<style>{_STYLE}</style>{paper}{inside}"


def png(fig: Figure, *, title: str, alt: str) -> bytes:
    """Draw a chart as a PNG of few colours, which takes a quarter of the room."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image, PngImagePlugin

    with (
        svg.labels_that_fit(fig, fig.get_size_inches()[0] * 72),
        svg.canvas_of(fig, FigureCanvasAgg, theme.PAGE_LIGHT, DOTS) as canvas,
    ):
        canvas.draw()
        drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    small = drawn.quantize(
        _COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )  # fmt: skip
    words = PngImagePlugin.PngInfo()
    words.add_itxt("Title", title)
    words.add_itxt("Description", alt)
    out = io.BytesIO()
    small.save(out, "PNG", compress_level=6, pnginfo=words, dpi=(DOTS, DOTS))
    return out.getvalue()


def pdf(fig: Figure, *, title: str) -> bytes:
    """Draw a chart as a PDF, the same bytes each time."""
    out = io.BytesIO()
    about: dict[str, Any] = {"Title": title, "CreationDate": None, "Creator": None}
    with svg.labels_that_fit(fig, fig.get_size_inches()[0] * 72):
        fig.savefig(out, format="pdf", facecolor=theme.PAGE_LIGHT, metadata=about)
    return out.getvalue()


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")
