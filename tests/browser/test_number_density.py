"""Headline and main points are sentences, not lists of numbers: every built page is counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser_states import report_names
from bs4 import BeautifulSoup

MOST_PER_HUNDRED_WORDS = 8.0
#: A run of digits with its marks: 1,057; 21%; 0.80; a financial year counts once.
NUMBER = re.compile(r"[−-]?\d[\d,.]*(?:/\d+)?%?")
#: Offence codes, codes of refusals, internal names of columns and findings.
CODE = re.compile(r"\bcodes? \d\w*|\b8S\b|\b105A\b|\(104\)|\b[EP]\d{3}\b|\b[a-z]+_[a-z_]+\b")
OPENING = "#summary .oa-answer, #summary .oa-headline, #summary .oa-points li"
POINTS = "#summary .oa-points li"


def per_hundred_words(soup: BeautifulSoup, parts: str) -> float:
    """Numbers in each hundred words of the parts of a page."""
    text = " ".join(part.get_text(" ", strip=True) for part in soup.select(parts))
    assert len(text.split()) >= 20, "there is hardly a word to count"
    return 100 * len(NUMBER.findall(text)) / len(text.split())


@pytest.mark.browser
@pytest.mark.parametrize("name", report_names())
def test_a_report_opens_with_few_numbers_and_without_code(reports: Path, name: str) -> None:
    soup = BeautifulSoup((reports / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    assert per_hundred_words(soup, OPENING) <= MOST_PER_HUNDRED_WORDS
    assert per_hundred_words(soup, POINTS) <= MOST_PER_HUNDRED_WORDS
    opening = soup.select_one("#summary")
    assert opening is not None
    for apart in opening.select("details, desc"):
        apart.decompose()
    assert CODE.findall(opening.get_text(" ", strip=True)) == []


def test_the_measure_counts_as_a_reader_does() -> None:
    said = "<p>It rose by 33% in 2018/19, from 794 to 1,057, and nobody knows why it did so "
    soup = BeautifulSoup(f"{said}{'in all these years ' * 5}</p>", "html.parser")
    assert per_hundred_words(soup, "p") == pytest.approx(100 * 4 / 37)
