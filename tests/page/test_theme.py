"""Colours: enough contrast in light and in dark, on the page and beside each other."""

from __future__ import annotations

import itertools

import pytest

from officer_assaults.page import theme

GRAPHIC = 3.0
TEXT = 4.5
PAGES = {"light": theme.PAGE_LIGHT, "dark": theme.PAGE_DARK}
MARKS = ("ink", "muted", "axis", "blue", "orange", "grey", "teal", "pink", "purple")
# Any two of these may touch: focus beside context, first series beside second.
NEIGHBOURS = (("blue", "orange"), ("blue", "grey"), ("blue", "teal"), ("blue", "purple"))


def _shade(name: str, page: str) -> str:
    return getattr(theme.INKS[name], page)  # type: ignore[no-any-return]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", MARKS)
def test_marks_stand_out_from_the_page(name: str, page: str) -> None:
    assert theme.contrast(_shade(name, page), PAGES[page]) >= GRAPHIC


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["ink", "muted"])
def test_text_can_be_read(name: str, page: str) -> None:
    assert theme.contrast(_shade(name, page), PAGES[page]) >= TEXT


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("pair", NEIGHBOURS)
def test_neighbours_can_be_told_apart(pair: tuple[str, str], page: str) -> None:
    assert theme.contrast(_shade(pair[0], page), _shade(pair[1], page)) >= GRAPHIC


@pytest.mark.parametrize("page", PAGES)
def test_steps_of_shade_run_one_way(page: str) -> None:
    names = ("step1", "step2", "step3", "step4", "blue")
    levels = [theme.contrast(_shade(name, page), PAGES[page]) for name in names]
    assert levels == sorted(levels)
    assert all(high / low > 1.3 for low, high in itertools.pairwise(levels))


def test_contrast_is_that_of_the_accessibility_guidelines() -> None:
    # Values of the WCAG 2.2 definition: black on white, and the grey just at 4.54.
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


def test_every_colour_has_one_dark_partner_in_the_stylesheet() -> None:
    rules = theme.dark_rules(".chart")
    for name, ink in theme.INKS.items():
        if name != "ink":
            assert f'[fill="{ink.light}"]{{fill:{ink.dark}}}' in rules
    assert len({ink.light for ink in theme.INKS.values()}) == len(theme.INKS)
