"""Picture: the finding of a page as a PNG to share, with title, source and address on it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from officer_assaults.page import catalogue, markup, theme, words

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
MARGIN = 64
STATUS = "Independent research, not official statistics"
#: Text sizes tried for the finding, largest first, until it fits.
_SIZES = (58, 50, 44, 38, 33, 29)
_LINE = 1.28
_BAR = 14


def draw(*, title: str, finding: str, source: str, address: str = "") -> bytes:
    """Draw the picture.

    Parameters
    ----------
    title : str
        Question of the page and the force.
    finding : str
        The finding, with its interval.
    source : str
        Publisher, release and period.
    address : str
        Where the page is found; the project's name if there is no address yet.

    Returns
    -------
    bytes
        A PNG of 1200 by 630 px; the same bytes for the same text.
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), theme.PAGE_LIGHT)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH, _BAR), fill=theme.PALETTE["blue"])
    _block(pen, title, 30, (MARGIN, 56), theme.PALETTE["muted"], bold=False)
    _finding(pen, finding)
    foot = [source, f"{STATUS}. {address or catalogue.SHORT_PROJECT}"]
    lines = [line for text in foot if text for line in textwrap.wrap(text, 92)]
    top = HEIGHT - MARGIN / 2 - 28 * len(lines)
    _block(pen, "\n".join(lines), 22, (MARGIN, top), theme.PALETTE["muted"], bold=False)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()


def of_report(result: Mapping[str, Any], address: str = "") -> bytes:
    """Draw the picture of a report from the content of its JSON file.

    Parameters
    ----------
    result : mapping
        Content of the JSON file.
    address : str
        Where the page is found.
    """
    said = result.get("headline") or {}
    entry = catalogue.find(str(result["notebook"]))
    question = entry.question if entry else str(result["notebook"])
    parts = (
        [said.get("answer", "")]
        if said.get("answer")
        else [said.get("number", ""), said.get("text", ""), said.get("interval", "")]
    )
    finding = ". ".join(markup.plain(str(part)).rstrip(".") for part in parts if part) + "."
    return draw(
        title=f"{catalogue.scope_name(str(result['scope']))}: {question}",
        finding=finding if finding != "." else question,
        source=_source(result.get("sources", [])),
        address=address,
    )


def of_charts(result: Mapping[str, Any]) -> list[str]:
    """Names of the files that a report's charts come in, beside its page."""
    return [
        f"{result.get('name', result['notebook'])}-{shown['kind']}-{shown['number']}.{form}"
        for shown in result.get("exhibits", [])
        for form in shown.get("formats", [])
    ]


def refresh(reports: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Draw the picture of every report that has none, or one older than its page."""
    from officer_assaults.files import write_atomic
    from officer_assaults.pipeline import aside

    def place(result: Mapping[str, Any]) -> Path:
        return reports / str(result["scope"]) / f"{result['notebook']}.png"

    def is_stale(result: Mapping[str, Any]) -> bool:
        picture, page = place(result), place(result).with_suffix(".html")
        return not picture.is_file() or picture.stat().st_mtime_ns < page.stat().st_mtime_ns

    aside.each(
        lambda result: write_atomic(place(result), of_report(result)),
        [result for result in results if is_stale(result)],
    )


def _source(sources: Sequence[Mapping[str, Any]]) -> str:
    """Name the publishers of a report's data, and the release that leads."""
    if not sources:
        return ""
    publishers = list(dict.fromkeys(str(row.get("publisher", "")) for row in sources))
    named = words.listing([name for name in publishers if name][:3])
    vintage = str(sources[0].get("vintage") or "")
    return f"Source: {named}" + (f", {words.release(vintage)}" if vintage else "")


def _finding(pen: ImageDraw.ImageDraw, text: str) -> None:
    room = HEIGHT - 260
    for size in _SIZES:
        lines = _wrapped(pen, text, size)
        if len(lines) * size * _LINE <= room:
            break
    most = max(1, int(room / (size * _LINE)))
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1].rpartition(" ")[0].rstrip(" .,;") + " …"]
    _block(pen, "\n".join(lines), size, (MARGIN, 130), theme.PALETTE["ink"], bold=True)


def _wrapped(pen: ImageDraw.ImageDraw, text: str, size: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if pen.textlength(longer, font=_font(size, bold=True)) <= WIDTH - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _block(
    pen: ImageDraw.ImageDraw,
    text: str,
    size: int,
    place: tuple[float, float],
    colour: str,
    *,
    bold: bool,
) -> None:
    spacing = size * (_LINE - 1)
    pen.multiline_text(place, text, font=_font(size, bold=bold), fill=colour, spacing=spacing)


@cache
def _font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)
