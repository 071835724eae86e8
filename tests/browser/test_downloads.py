"""Every file to download opens in a spreadsheet as it should: numbers as numbers, one a cell."""

from __future__ import annotations

import csv
import io
import re
from base64 import b64decode
from pathlib import Path

import pytest
from browser_states import page_names
from bs4 import BeautifulSoup

pytestmark = pytest.mark.browser

#: "−585,829 (−27%)", "1,057", "−3": numbers that a spreadsheet, or a program, takes for words.
#: A percentage among other units keeps its sign, which a spreadsheet reads.
COMBINED = re.compile(r"[+−-]?\d[\d,.]*%?\s*\(.*\d.*\)")
DRESSED = re.compile(r"−\d[\d,.]*%?|-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def faults(content: bytes) -> list[str]:
    """What of a CSV a spreadsheet would read wrongly."""
    text = content.decode("utf-8")
    found = [] if text.startswith("\ufeff") else ["no byte-order mark"]
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    found += [f"a row of {len(row)} cells" for row in rows if len(row) != len(rows[0])]
    for row in rows[1:]:
        found += [cell for cell in row if COMBINED.fullmatch(cell) or DRESSED.fullmatch(cell)]
    return found


def test_the_measure_sees_what_a_spreadsheet_would_not_read() -> None:
    bad = '\ufeffa,b\n"1,057",−3\n12%,"−585,829 (−27%)"\n'
    assert faults(bad.encode()) == ["1,057", "−3", "−585,829 (−27%)"]
    assert faults(b"a\n1\n") == ["no byte-order mark"]
    assert faults("\ufeffYear,n\n2018/19,1057\n".encode()) == []


@pytest.mark.parametrize("name", page_names())
def test_downloads_of_a_page_hold_numbers_as_numbers(reports: Path, name: str) -> None:
    soup = BeautifulSoup((reports / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    for link in soup.select('a[href^="data:text/csv"]'):
        _, _, content = str(link["href"]).partition("base64,")
        assert faults(b64decode(content)) == [], link.get_text()


def test_files_beside_the_pages_hold_numbers_as_numbers(reports: Path) -> None:
    files = sorted(reports.glob("*.csv"))
    assert {path.name for path in files} >= {"all-findings.csv", "all-forces.csv", "exhibits.csv"}
    for path in files:
        assert faults(path.read_bytes()) == [], path.name
