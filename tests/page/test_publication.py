"""What goes with a set of reports: about, downloads with a data package, find, and a feed."""

import csv
import hashlib
import io
import json
import re
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from officer_assaults.data import tables
from officer_assaults.page import jinja, publication

FINDING = {
    "id": "rise.ratio", "label": "Ratio", "claim": "It rose", "verdict": "consistent",
    "kind": "estimate", "value": 1.3, "lower": 1.2, "upper": 1.4, "level": 0.95, "unit": "ratio",
    "denominator": "days", "period": "2017/18", "vintage": "2023-10", "tolerance": 1e-6,
    "simulated": False, "note": "",
}  # fmt: skip
RESULTS = [
    {
        "scope": "kent",
        "notebook": "01_rise",
        "headline": {"text": "Recorded assaults rose <q>fast</q>"},
        "findings": [FINDING],
        "sources": [{"name": "s", "title": "A release", "sha256": "ab" * 32}],
    }
]


@pytest.fixture(scope="module")
def made():
    return publication.pages(RESULTS, data_root="data/")


def test_every_table_is_described_with_its_bytes_columns_and_licence(made):
    package = json.loads(made[publication.PACKAGE])
    files = publication.data_files()
    assert {row["path"] for row in package["resources"]} == {f"data/{name}" for name in files}
    assert len({row["name"] for row in package["resources"]}) == len(tables.names())
    for row in package["resources"]:
        content = files[row["path"].removeprefix("data/")]
        assert row["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
        header = next(csv.reader(io.StringIO(content.decode())))
        assert set(header) <= {field["name"] for field in row["schema"]["fields"]}
        assert row["licenses"][0]["title"]


def test_findings_open_in_a_spreadsheet_as_utf8_with_numbers_in_columns_of_their_own(made):
    text = made[publication.FINDINGS]
    assert text.startswith("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert [float(row[name]) for name in ("value", "lower", "upper")] == [1.3, 1.2, 1.4]


def test_the_search_runs_under_its_own_hash_and_lists_without_it(made):
    soup = BeautifulSoup(made[publication.FIND], "html.parser")
    script = soup.script.string
    policy = soup.select_one("meta[http-equiv]")["content"]
    assert f"script-src 'sha256-{jinja.csp_hash(script)}'" in policy
    assert "default-src 'none'" in policy
    (entry,) = soup.select(".found li")
    assert entry.a["href"] == "kent/01_rise.html"
    assert "rose ‘fast’" in entry.get_text()
    for page in (publication.ABOUT, publication.DOWNLOADS):
        assert "<script" not in made[page]


def test_the_feed_is_well_formed_and_dated(made):
    feed = ElementTree.fromstring(made[publication.FEED])
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert entries
    for entry in entries:
        day = entry.findtext("{http://www.w3.org/2005/Atom}updated")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", day)


def test_about_says_status_citation_revisions_and_accessibility(made):
    soup = BeautifulSoup(made[publication.ABOUT], "html.parser")
    assert {"cite", "revision", "accessibility", "contact", "changes"} <= {
        heading["id"] for heading in soup.select("h2")
    }
    assert "not official statistics" in soup.get_text()
    assert publication.citation() in soup.get_text()


def test_the_same_results_give_the_same_bytes(made):
    assert publication.pages(RESULTS, data_root="data/") == made
