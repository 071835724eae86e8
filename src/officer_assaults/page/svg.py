"""SVG: matplotlib figures as small, clean, repeatable drawings that need no style attribute."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from officer_assaults.page import markup, theme
from officer_assaults.refusals import unfit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST_TEXT = 11.0
#: ``gid`` of text that stands on a filled shape; other text has an outline in the page's colour.
ON_FILL = "on-fill"
MOST_BYTES = 150_000
_LETTER_WIDTH = 0.6
_ALIGNED = 1.0
_PLACED = re.compile(r"translate\((\S+) (\S+)\)(?: rotate\(-?0(?:\.0)?\))?")
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?|-?\d+e[-+]?\d+")
_PATH_SPACE = re.compile(r"\s*([A-Za-z])\s*")
_NO_TURN = re.compile(r"rotate\(-?0(?:\.0)? [^)]*\)")
_URL = re.compile(r"url\(#([^)]+)\)")
_GEOMETRY = frozenset(
    ("d", "x", "y", "width", "height", "points", "transform", "cx", "cy", "r", "x1", "x2", "y1",
     "y2", "viewBox", "stroke-dasharray", "stroke-width")
)  # fmt: skip
_PAINT = ("fill", "stroke", "stroke-width", "fill-opacity", "stroke-opacity", "opacity")
_DROPPED_STYLE = frozenset(("font-family", "font", "stroke-linejoin"))
_DEFAULTS = {
    "stroke-dashoffset": "0",
    "stroke-dasharray": "none",
    "stroke-linecap": "butt",
    "fill-opacity": "1",
    "opacity": "1",
    "stroke-opacity": "1",
    "stroke-width": "1",
    "text-anchor": "start",
    "font-weight": "400",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """One chart as inline SVG, at one or two widths.

    Parameters
    ----------
    wide : str
        The drawing for columns of 560 px and more.
    narrow : str or None
        The drawing for telephones; None where the wide one fits there.
    places : tuple of tuple of float
        Left, bottom, width and height of the axes of the wide drawing, as shares of the figure.
    """

    wide: str
    narrow: str | None
    places: tuple[tuple[float, ...], ...] = ()


def draw(fig: Figure, *, title: str, description: str, prefix: str) -> Drawing:
    """Draw a figure as clean SVG, once wide and once as narrow as a telephone.

    Text stays text, coordinates have two decimals, every ``style`` becomes attributes, nothing
    depends on time or on the order of hashing.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Drawn with the colours of :mod:`officer_assaults.page.theme`.
    title, description : str
        Name and alternative text of the image.
    prefix : str
        Start of every ``id``, unique on the page.

    Raises
    ------
    ValueError
        If a colour is not of the theme, text is smaller than 11 px, or the drawing is larger than
        150 kB.
    """
    width, height = fig.get_size_inches()
    wide_px = width * 72
    wide = _one(fig, wide_px, height, title, description, f"{prefix}-w")
    places = tuple(tuple(ax.get_position(original=True).bounds) for ax in fig.axes)
    if wide_px <= theme.NARROW + 1:
        return Drawing(wide, None, places)
    narrow = _one(fig, theme.NARROW, height, title, description, f"{prefix}-n")
    fig.set_size_inches(width, height)
    return Drawing(wide, narrow, places)


@contextlib.contextmanager
def as_laid_out(fig: Figure, drawing: Drawing) -> Iterator[None]:
    """Put the axes where they are in the wide drawing, and leave them there for another one."""
    layout = fig.get_layout_engine()
    free = [ax.get_in_layout() for ax in fig.axes]
    for ax, place in zip(fig.axes, drawing.places, strict=True):
        ax.set_position(place, which="original")  # type: ignore[arg-type]
    fig.set_layout_engine("none")
    try:
        yield
    finally:
        fig.set_layout_engine(layout)
        for ax, was in zip(fig.axes, free, strict=True):
            ax.set_in_layout(was)


def _one(
    fig: Figure, width_px: float, height: float, title: str, description: str, prefix: str
) -> str:
    fig.set_size_inches(width_px / 72, height)
    with labels_that_fit(fig, width_px):
        source = _matplotlib_svg(fig)
    root = ElementTree.fromstring(source)  # noqa: S314 -- our own output
    for element in root.iter():
        _style_to_attributes(element)
    _paint_uses(root)
    _anchor_lines(root)
    for element in root.iter():
        _tidy(element)
    _rename_ids(root, prefix)
    _check(root)
    body = "".join(_serialise(child) for child in root if not _is_noise(child))
    drawn = (
        f'<svg viewBox="{root.get("viewBox")}" width="{_rounded(str(width_px))}" role="img"'
        f' aria-labelledby="{prefix}-t {prefix}-d" stroke-linejoin="round">'
        f'<title id="{prefix}-t">{markup.attribute(title)}</title>'
        f'<desc id="{prefix}-d">{markup.attribute(description)}</desc>{body}</svg>'
    )
    if len(drawn) > MOST_BYTES:
        raise unfit(
            f"chart '{title}' takes {len(drawn) / 1000:.0f} kB, more than "
            f"{MOST_BYTES / 1000:.0f} kB; aggregate the rows, draw points as one line artist "
            "(ax.plot with markers), or set rasterized=True on the cloud of points"
        )
    return drawn


def _matplotlib_svg(fig: Figure) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    settings: dict[Any, Any] = {key: theme.rc()[key] for key in ("svg.fonttype", "svg.hashsalt")}
    out = io.StringIO()
    with mpl.rc_context(settings), canvas_of(fig, FigureCanvasSVG, "none") as canvas:
        canvas.print_svg(
            out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    return out.getvalue()


@contextlib.contextmanager
def canvas_of(fig: Figure, kind: Any, face: str, dots: float | None = None) -> Iterator[Any]:
    """Give a figure another canvas for one drawing.

    ``savefig`` draws twice, the first time for the layout alone, which a drawing does anyway.
    """
    canvas, dpi, paint = fig.canvas, fig.dpi, (fig.get_facecolor(), fig.get_edgecolor())
    other = kind(fig)
    fig.set(facecolor=face, edgecolor="none", dpi=dots or dpi)
    try:
        yield other
    finally:
        fig.set(facecolor=paint[0], edgecolor=paint[1], dpi=dpi)
        fig.set_canvas(canvas)


@contextlib.contextmanager
def labels_that_fit(fig: Figure, width_px: float) -> Iterator[None]:
    """Break axis labels that are longer than the drawing is wide, for this drawing only."""
    before = [(ax.xaxis.label, ax.xaxis.label.get_text()) for ax in fig.axes]
    for label, text in before:
        room = int(width_px / (_LETTER_WIDTH * float(label.get_fontsize())))
        if max(map(len, text.split("\n"))) > room:
            label.set_text("\n".join(textwrap.wrap(text, room)))
    yield
    for label, text in before:
        label.set_text(text)


def _paint_uses(root: ElementTree.Element) -> None:
    """Move the paint of a shape in ``defs`` to where it is used.

    The rules that swap colours on a dark page do not reach into the copy that ``use`` draws.
    """
    shapes = {element.get("id"): element for element in root.iter(f"{_SVG}path")}
    used = []
    for use in root.iter(f"{_SVG}use"):
        shape = shapes.get(use.get(_XLINK_HREF, "")[1:])
        if shape is not None:
            use.attrib |= {name: shape.attrib[name] for name in _PAINT if name in shape.attrib}
            used.append(shape)
    for shape in used:
        for name in _PAINT:
            shape.attrib.pop(name, None)


def _anchor_lines(root: ElementTree.Element) -> None:
    """Tell by which side the lines of a label are aligned.

    The lines of one label are drawn each from its left end, placed by the widths of one font. A
    browser uses another, in which right ends and middles would no longer stand in line.
    """
    for group in root.iter(f"{_SVG}g"):
        lines = [line for line in group.findall(f"{_SVG}text") if line.text and not len(line)]
        places = [_PLACED.fullmatch(line.get("transform", "")) for line in lines]
        if len(lines) > 1 and all(places):
            found = [(float(place[1]), place[2]) for place in places if place]
            _anchor(lines, [x for x, _ in found], [y for _, y in found])


def _anchor(lines: list[ElementTree.Element], lefts: list[float], tops: list[str]) -> None:
    widths = [_drawn_width(line) for line in lines]
    for anchor, share in (("start", 0.0), ("end", 1.0), ("middle", 0.5)):
        places = [left + share * width for left, width in zip(lefts, widths, strict=True)]
        if max(places) - min(places) < _ALIGNED:
            for line, place, top in zip(lines, places, tops, strict=True):
                del line.attrib["transform"]
                line.attrib |= {"x": f"{place:.6f}", "y": top, "text-anchor": anchor}
            return


def _drawn_width(line: ElementTree.Element) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(
        family=theme.rc()["font.sans-serif"],
        size=float(line.get("font-size", theme.TEXT_SIZE)),
        weight=line.get("font-weight", "normal"),
    )
    width, _, _ = text_to_path.get_text_width_height_descent(line.text or "", font, ismath=False)
    return float(width)


def _style_to_attributes(element: ElementTree.Element) -> None:
    style = element.attrib.pop("style", "")
    for part in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = part.partition(":")
        name, value = name.strip(), value.strip()
        if name not in _DROPPED_STYLE:
            element.set(name, value.removesuffix("px") if name == "font-size" else value)


def _tidy(element: ElementTree.Element) -> None:
    for name, value in list(element.attrib.items()):
        if name in _GEOMETRY:
            element.set(name, _rounded(value))
        elif name in ("fill", "stroke"):
            colour = value.lower()
            is_ink = colour == theme.PALETTE["ink"]
            element.set(name, "currentColor" if is_ink else colour)
        elif name in ("version", "gid"):
            del element.attrib[name]
    if "d" in element.attrib:
        element.set("d", _PATH_SPACE.sub(r"\1", " ".join(element.attrib["d"].split())))
    if "transform" in element.attrib:
        turned = _NO_TURN.sub("", element.attrib["transform"]).strip()
        element.set("transform", turned)
        if not turned:
            del element.attrib["transform"]
    for name, value in _DEFAULTS.items():
        if element.get(name) == value:
            del element.attrib[name]


def _rounded(text: str) -> str:
    def shorten(match: re.Match[str]) -> str:
        short = f"{float(match.group()):.2f}".rstrip("0").rstrip(".")
        return "0" if short in ("-0", "") else short

    return _NUMBER.sub(shorten, text)


def _rename_ids(root: ElementTree.Element, prefix: str) -> None:
    wanted = {
        found
        for element in root.iter()
        for value in element.attrib.values()
        for found in (*_URL.findall(value), value.removeprefix("#") if value[:1] == "#" else "")
    }
    names: dict[str, str] = {}
    for element in root.iter():
        identifier = element.attrib.pop("id", None)
        if identifier == ON_FILL:
            element.set("class", "oa-on-fill")
        if identifier in wanted and identifier is not None:
            names[identifier] = f"{prefix}{len(names)}"
            element.set("id", names[identifier])
    for element in root.iter():
        target = element.attrib.pop(_XLINK_HREF, None)
        if target is not None:
            element.set("href", "#" + names.get(target[1:], "") if target[0] == "#" else target)
        for name in ("clip-path", "fill"):
            if name in element.attrib:
                renamed = _URL.sub(
                    lambda match: f"url(#{names[match.group(1)]})", element.attrib[name]
                )
                element.set(name, renamed)


def _check(root: ElementTree.Element) -> None:
    known = set(theme.PALETTE.values())
    for element in root.iter():
        for part in ("fill", "stroke"):
            colour = element.get(part, "none")
            if colour.startswith("#") and colour not in known:
                raise unfit(
                    f"colour {colour} has no dark partner; use theme.PALETTE: "
                    + ", ".join(f"{name} {light}" for name, light in theme.PALETTE.items())
                )
        if element.tag == f"{_SVG}text" and float(element.get("font-size", "99")) < SMALLEST_TEXT:
            raise unfit(
                f"chart text '{''.join(element.itertext())}' is {element.get('font-size')} px; "
                f"at least {SMALLEST_TEXT:g} px is needed to be read on a telephone"
            )


def _is_noise(element: ElementTree.Element) -> bool:
    name = element.tag.removeprefix(_SVG)
    if name in ("metadata", "style", "title"):
        return True
    return name == "defs" and all(_is_noise(child) for child in element)


def _serialise(element: ElementTree.Element) -> str:
    if _is_noise(element) or _is_invisible(element):
        return ""
    name = element.tag.removeprefix(_SVG)
    text = markup.attribute(element.text) if element.text and element.text.strip() else ""
    inside = text + "".join(
        _serialise(child)
        + (markup.attribute(child.tail) if name in ("text", "tspan") and child.tail else "")
        for child in element
    )
    attributes = "".join(
        f' {key}="{markup.attribute(value)}"' for key, value in element.attrib.items()
    )
    if name == "g" and (not inside or not attributes):
        return inside
    return f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"


def _is_invisible(element: ElementTree.Element) -> bool:
    is_unpainted = element.get("fill") == "none" and element.get("stroke", "none") == "none"
    return element.tag == f"{_SVG}path" and is_unpainted and "id" not in element.attrib
