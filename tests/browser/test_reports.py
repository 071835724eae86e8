"""Every page as its readers meet it: on a screen, on a telephone, on paper, by ear and by key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browser_states import (
    CLAIMS,
    FOCUS,
    FULL,
    PAIR,
    STATES,
    State,
    page_names,
    report_names,
    states_of,
)
from bs4 import BeautifulSoup
from measure import (
    CHART_TEXTS,
    CUT_CELLS,
    FOCUSABLE,
    FOLLOW,
    WIDEST,
    axe_violations,
    outside,
    overlapping,
)

import by_turns

pytestmark = pytest.mark.browser

PAGES = page_names()
REPORTS = report_names()
#: One page of each kind that no notebook makes.
KINDS = [name for name in PAGES if name not in REPORTS]
#: Reports of which axe asks how they are built, beside how their letters are drawn.
BUILT = by_turns.some(REPORTS, len(REPORTS) // 2)
SMALLEST_TEXT = 11.0
# Charts are laid out with two decimals and drawn in whole device pixels.
SIZE_SLACK = 0.05
MOST_BYTES = 400_000
WITHOUT_TABLES = ("about", "find", f"{FOCUS}/index")
MOST_PRINTED_PAGES = 6
MOST_SCREENS = 8
TELEPHONE = State(390, "light", "open")
SHUT_TELEPHONE = State(390, "light", "shut")
FIRST_SCREEN = 844

every_state = pytest.mark.parametrize(
    ("name", "state"),
    [
        pytest.param(name, state, id=f"{name}-{state}")
        for name in PAGES
        for state in states_of(name)
    ],
)
every_page = pytest.mark.parametrize("name", PAGES)
every_report = pytest.mark.parametrize("name", REPORTS)


@every_state
def test_nothing_is_asked_for_nothing_is_said_and_axe_finds_nothing(
    still: Any, name: str, state: State
) -> None:
    """No page asks the network for anything, and axe finds no barrier, in any state by turns.

    How reports are built is asked of half of them, by turns, where all is shown; with folds shut
    of one.
    """
    page = still(name, state)
    assert page.requested == [page.url]
    assert page.said == []
    built = name in (*KINDS, REPORTS[0]) or (state.folds == "open" and name in BUILT)
    assert axe_violations(page, built=built) == {}


@pytest.mark.parametrize("name", PAGES if FULL else [*KINDS, REPORTS[0]])
def test_axe_finds_nothing_on_the_smallest_screen_in_forced_colours(still: Any, name: str) -> None:
    page = still(name, State(320, "light", "open"))
    page.emulate_media(forced_colors="active")
    assert axe_violations(page) == {}


def test_axe_would_see_a_fault(look: Any) -> None:
    page = look("index", STATES[0])
    page.evaluate("document.querySelector('h1').remove(); document.documentElement.lang = ''")
    assert {"page-has-heading-one", "html-has-lang"} <= set(axe_violations(page))


def test_axe_would_see_the_one_of_many_that_is_drawn_otherwise(look: Any) -> None:
    """A cell, an item of a list and a word of code: letters that stand alike are looked at once."""
    page = look(REPORTS[0], State(1280, "light", "open"))
    last = ["tbody:has(tr:nth-child(20)) tr:last-child td:last-child", "dl dd:last-child",
            "pre code i:last-of-type"]  # fmt: skip
    for one in last:
        page.locator(one).last.evaluate(
            "one => { one.style.color = '#eee'; one.style.background = '#fff'; }"
        )
    found = axe_violations(page)
    assert list(found) == ["color-contrast"]
    assert len(found["color-contrast"]) == len(last)


@every_page
@pytest.mark.parametrize("folds", ["open", "shut"])
def test_nothing_overflows_the_smallest_screen(still: Any, name: str, folds: str) -> None:
    """No page scrolls sideways at 320 px, folds open or shut."""
    page = still(name, State(320, "light", folds))
    assert page.evaluate(WIDEST) == []


@pytest.mark.parametrize("name", [name for name in PAGES if name not in WITHOUT_TABLES])
def test_no_column_of_a_table_is_cut_on_a_telephone(still: Any, name: str) -> None:
    page = still(name, TELEPHONE)
    assert page.evaluate("document.querySelectorAll('th, td').length") > 0
    assert page.evaluate(CUT_CELLS) == []


@every_report
@pytest.mark.parametrize("state", [TELEPHONE, STATES[0]], ids=str)
def test_text_in_charts_can_be_read_and_does_not_collide(
    still: Any, name: str, state: State
) -> None:
    page = still(name, state)
    charts = page.evaluate(CHART_TEXTS)
    assert charts or not page.query_selector_all("figure")
    for chart in charts:
        sizes = [text["size"] for text in chart["texts"]]
        assert min(sizes) >= SMALLEST_TEXT - SIZE_SLACK
        assert overlapping(chart) == []
        assert outside(chart) == []


@every_report
def test_number_interval_and_caveat_stand_on_the_first_screen(still: Any, name: str) -> None:
    page = still(name, SHUT_TELEPHONE)
    for part in (".oa-headline .oa-finding", ".oa-interval", ".oa-headline .oa-caveat"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= FIRST_SCREEN, part
    told = page.locator(".oa-headline").inner_text()
    assert re.search(r"\d", told)


@every_report
def test_a_report_is_short_on_a_telephone_and_shows_a_chart_early(still: Any, name: str) -> None:
    page = still(name, SHUT_TELEPHONE)
    assert page.evaluate("document.documentElement.scrollHeight") <= MOST_SCREENS * FIRST_SCREEN
    chart = page.locator(".oa-chart svg:visible").first.bounding_box()
    assert chart is not None
    # The larger part of the first chart stands on the second screen at the latest.
    assert chart["y"] + chart["height"] / 2 <= 2 * FIRST_SCREEN


#: Pages of other kinds and the screens of a telephone that they may take before a fold is opened.
SCREENS = {
    "evidence": 8,
    "about": 8,
    PAIR: 3,
    CLAIMS: 8,
    "index": 12,
}


@pytest.mark.parametrize("name", SCREENS)
def test_other_pages_are_short_before_a_fold_is_opened(still: Any, name: str) -> None:
    page = still(name, SHUT_TELEPHONE)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height <= SCREENS[name] * FIRST_SCREEN


@every_page
def test_the_tab_key_visits_everything_in_order_and_shows_where_it_is(look: Any, name: str) -> None:
    """Whoever has no mouse reaches everything, in reading order, and sees where the focus is."""
    page = look(name, STATES[0])
    expected = page.evaluate(FOCUSABLE)
    page.evaluate(FOLLOW)
    # A key that is held down moves on and on, in half the messages.
    for _ in expected:
        page.keyboard.down("Tab")
    page.keyboard.up("Tab")
    visited = page.evaluate("visited")
    for focus in visited:
        assert focus["outlined"], focus["name"]
        assert focus["seen"], focus["name"]
    names = [focus["name"] for focus in visited]
    assert names[0].startswith("Skip to")
    assert names == expected
    # The first of them leads past the header.
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@every_report
def test_a_print_is_short_and_nothing_is_cut(look: Any, name: str) -> None:
    page = look(name, STATES[0])
    page.emulate_media(media="print")
    # Width of A4 between the margins of the stylesheet.
    page.set_viewport_size({"width": 695, "height": 1000})
    assert page.evaluate(WIDEST) == []
    heads = page.evaluate(
        "[...document.querySelectorAll('thead')].filter(e => e.checkVisibility())"
        ".map(e => getComputedStyle(e).display)"
    )
    assert set(heads) <= {"table-header-group"}
    tables = "[...document.querySelectorAll('.reference')].map(e => e.checkVisibility())"
    assert True in page.evaluate(tables)
    page.evaluate("document.querySelectorAll('.reference').forEach(e => e.remove())")
    assert 1 <= _printed_pages(page) <= MOST_PRINTED_PAGES


def _printed_pages(page: Any) -> int:
    content = page.pdf(format="A4", prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", content))


@every_page
def test_a_page_is_small_and_reads_without_scripts(look: Any, name: str, reports: Path) -> None:
    """What a reader meets stands in the file; one page of each kind is opened without scripts."""
    content = (reports / f"{name}.html").read_bytes()
    assert len(content) <= MOST_BYTES
    assert len(BeautifulSoup(content, "html.parser").select("main h1, header h1")) == 1
    if FULL or name in (*KINDS, REPORTS[0]):
        page = look(name, STATES[0], javascript=False)
        assert page.locator("h1:visible").count() == 1


@every_report
def test_lines_of_text_are_short_and_letters_large(still: Any, name: str) -> None:
    page = still(name, STATES[0])
    size, width = page.evaluate(
        "() => { const p = document.querySelector('.body p'), s = getComputedStyle(p);"
        " return [parseFloat(s.fontSize), p.getBoundingClientRect().width]; }"
    )
    assert size >= 16
    # Average letter of the fonts named in the stylesheet is half as wide as it is high.
    assert width / (0.5 * size) <= 77


@every_report
def test_charts_swap_every_colour_in_the_dark(still: Any, name: str) -> None:
    colours = """
    () => [...new Set([...document.querySelectorAll('.oa-chart svg')]
      .filter(chart => chart.checkVisibility())
      .flatMap(chart => [...chart.querySelectorAll('path, use, text, rect')])
      .flatMap(e => { const s = getComputedStyle(e); return [s.fill, s.stroke]; }))]
    """
    from officer_assaults.page import theme

    page = still(name, State(1280, "dark", "shut"))
    known = {_rgb(ink.dark) for ink in theme.INKS.values()} | {"none", "rgb(0, 0, 0)"}
    assert set(page.evaluate(colours)) - known <= {
        colour for colour in page.evaluate(colours) if colour.startswith("url")
    }


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


def test_full_runs_look_at_all_states() -> None:
    looked = {(name, state) for name in PAGES for state in states_of(name)}
    assert len(looked) == len(PAGES) * (len(STATES) if FULL else 2)


@every_report
def test_open_folds_hold_code_and_numbers(still: Any, name: str) -> None:
    page = still(name, STATES[0])
    assert page.locator("pre.code:visible").count() == 0
    page = still(name, State(1280, "light", "open"))
    assert page.locator("pre.code:visible").count() > 0
