"""Charts in the dark, judged by the pixels of a screenshot and not by what the styles promise."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from browser_states import State, report_names
from PIL import Image

from officer_assaults.page import theme

pytestmark = pytest.mark.browser

DARK = State(1280, "dark", "open")
#: Contrast of graphics with their ground: WCAG 2.2, success criterion 1.4.11.
LEAST_CONTRAST = 3.0
#: Pixels of one colour that are a mark, not the edge of one.
A_MARK = 30


def luminance(colour: np.ndarray) -> np.ndarray:
    """Relative luminance of colours in 0..255, last axis red, green, blue (WCAG 2.2)."""
    share = np.asarray(colour, float) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    brighter = np.maximum(luminance(one), luminance(other))
    return (brighter + 0.05) / (np.minimum(luminance(one), luminance(other)) + 0.05)


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])


GROUND = rgb(theme.PAGE_DARK)
#: Inks of the light theme that nobody could read on the dark ground.
LOST = {
    name: tuple(rgb(ink.light))
    for name, ink in theme.INKS.items()
    if contrast(rgb(ink.light), GROUND) < LEAST_CONTRAST
    and ink.light not in {other.dark for other in theme.INKS.values()}
}


def colours(element: Any) -> dict[tuple[int, int, int], int]:
    """Pixels of each colour in the screenshot of an element."""
    shot = Image.open(io.BytesIO(element.screenshot())).convert("RGB")
    return {colour: count for count, colour in shot.getcolors(shot.width * shot.height)}


def lost(seen: dict[tuple[int, int, int], int]) -> dict[str, int]:
    """Inks that kept their light form in the dark, with the pixels they cover."""
    return {name: count for name, ink in LOST.items() if (count := seen.get(ink, 0)) >= A_MARK}


def charts(page: Any) -> Iterator[Any]:
    for chart in page.query_selector_all(".oa-chart svg"):
        if chart.is_visible():
            yield chart


def test_the_measure_gives_the_contrasts_that_the_standard_gives() -> None:
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#ffffff")) == pytest.approx(4.54, abs=0.01)
    assert {"ink", "blue"} <= set(LOST)


@pytest.mark.parametrize("name", report_names())
def test_no_mark_keeps_an_ink_that_the_dark_swallows(look: Any, name: str) -> None:
    """Every chart can be read in the dark, as the pixels of its screenshot tell."""
    page = look(name, DARK)
    shown = list(charts(page))
    assert shown
    for chart in shown:
        seen = colours(chart)
        assert lost(seen) == {}
        marks = [colour for colour, count in seen.items() if count >= A_MARK]
        assert max(contrast(np.array(mark), GROUND) for mark in marks) >= LEAST_CONTRAST


def test_a_mark_that_is_not_swapped_would_be_seen(look: Any) -> None:
    page = look(report_names()[0], DARK)
    page.evaluate(
        "document.querySelectorAll('.oa-chart svg path, .oa-chart svg use').forEach(e =>"
        " e.style.setProperty('stroke', '#12436d', 'important'))"
    )
    assert any("blue" in lost(colours(chart)) for chart in charts(page))
