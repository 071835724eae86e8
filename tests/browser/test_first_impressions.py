"""What a reader with a telephone wants to know, counted in taps and screens from the front page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser_states import FOCUS, State
from bs4 import BeautifulSoup
from test_number_density import MOST_PER_HUNDRED_WORDS, per_hundred_words

import by_turns
from officer_assaults.page import catalogue
from officer_assaults.topics.forces.glance import model
from officer_assaults.topics.forces.glance import report as glance

pytestmark = pytest.mark.browser

TELEPHONE = State(390, "light", "shut")
SCREEN = 844
MOST_BYTES = 60_000
# Whether all stands on one screen, how many charts there are, and whether each part is seen.
GLANCE = f"""() => [
  document.documentElement.scrollHeight <= {SCREEN},
  [...document.querySelectorAll('.oa-chart svg')].filter(e => e.checkVisibility()).length,
  ...['.oa-answer', '.told', '.oa-say', '.take'].map(part => {{
    const found = document.querySelectorAll(part);
    return found.length === 1 && found[0].checkVisibility({{visibilityProperty: true}})
      && found[0].getBoundingClientRect().height > 0;
  }}),
]"""


#: A third of the forces that are not awkward.
OTHERS = [name for name in catalogue.force_names() if name not in by_turns.AWKWARD]
SOME = by_turns.some(OTHERS, len(OTHERS) // 3)


def _bottom(part: Any) -> float:
    box = part.bounding_box()
    assert box is not None, "it is not shown"
    return float(box["y"] + box["height"])


def test_the_first_screen_answers_whether_single_crewing_is_dangerous(look: Any) -> None:
    first = look("index", TELEPHONE).locator(".answers li").first
    assert "crewing" in first.locator(".ask").inner_text()
    assert "Not known" in first.inner_text()
    assert _bottom(first) <= SCREEN


@pytest.mark.parametrize("slug", [*by_turns.AWKWARD, catalogue.NATIONAL, *SOME])
def test_every_force_stands_on_one_screen_and_opens_with_few_numbers(
    window: Any, tmp_path: Path, slug: str
) -> None:
    entries = catalogue.entries(slug)
    text = glance.page(
        model.glances(),
        model.series(slug),
        slug,
        reports={f"{entry.notebook}.html": entry.question for entry in entries},
        picture=glance.PICTURE,
        pairs={"../compare/a--b.html": "another force"},
        claims=[],
    )
    assert len(text.encode()) <= MOST_BYTES
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    telephone = window("of a force", tmp_path / "index.html", TELEPHONE)
    assert telephone.evaluate(GLANCE) == [True, 1, True, True, True, True]
    soup = BeautifulSoup(text, "html.parser")
    for apart in soup.select("svg, details, title, style"):
        apart.decompose()
    assert per_hundred_words(soup, "body") <= MOST_PER_HUNDRED_WORDS


def test_the_focus_force_with_its_claims_stands_on_one_screen_too(look: Any) -> None:
    page = look(f"{FOCUS}/index", TELEPHONE)
    assert page.locator("details li q").count() > 0
    assert page.evaluate("document.documentElement.scrollHeight") <= SCREEN


def test_two_taps_lead_to_how_a_force_stands(look: Any) -> None:
    page = look("index", TELEPHONE)
    page.locator('.jump a[href="#finder"]').click()
    page.locator(f'.tiles a[href="{FOCUS}/index.html"]').click()
    assert page.locator("h1").inner_text().endswith("at a glance")
    assert page.evaluate("scrollY") == 0
    assert _bottom(page.locator(".oa-answer")) <= SCREEN


def test_one_tap_leads_to_what_may_be_said_and_how_to_cite_it(look: Any) -> None:
    page = look("index", TELEPHONE)
    page.locator(".answers .ask a").first.click()
    say = page.locator("#summary .oa-say")
    assert "You may say" in say.inner_text()
    assert "To cite" in say.inner_text()
    assert _bottom(say) <= 2 * SCREEN
