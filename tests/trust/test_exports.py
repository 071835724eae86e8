"""Nothing of a force's own export comes out of public reports but what was meant to."""

import base64
import hashlib
import html
import io
import json
import re
import zipfile

import pytest
from bs4 import BeautifulSoup
from canaries import BEAT, FEW, MULTI, PLACE, SCRIPT, USER, VALUE

from officer_assaults.topics.crewing import disclosure
from officer_assaults.topics.crewing.model.policy_language import POLICIES

DATA_LINK = re.compile(r"data:([\w/+.-]+)(?:;charset=[\w-]+)?;base64,([A-Za-z0-9+/=]+)")
LEAST_ROWS = 5
DRAWN = re.compile(r"<(?:svg|g|path|use|text|tspan|rect|line|polyline|clipPath)\b[^>]*>")


def every_byte(tree):
    """Name and text of every file made, what data links and archives hold included."""
    for path in sorted(tree.root.rglob("*")):
        made = path.is_file() and path.parts[len(tree.root.parts)] in ("reports", "site")
        if made:
            yield from unpacked(path.relative_to(tree.root).as_posix(), path.read_bytes())


def unpacked(name, content):
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inner in archive.namelist():
                yield from unpacked(f"{name}!{inner}", archive.read(inner))
        return
    if content[:4] == b"PAR1":
        # Columns kept between runs, compressed: every cell as text.
        import pandas as pd

        content = pd.read_parquet(io.BytesIO(content)).to_csv().encode()
    text = content.decode("utf-8", errors="replace")
    yield name, text
    yield f"{name} (unescaped)", html.unescape(text)
    for number, (_, encoded) in enumerate(DATA_LINK.findall(text), 1):
        yield f"{name}#{number}", base64.b64decode(encoded).decode()


@pytest.fixture(scope="module")
def texts(reported):
    found = dict(every_byte(reported))
    names = " ".join(found)
    # The scan must have seen every kind of output, or it would prove nothing.
    for kind in ("05_crewing~cells_path=", "08_planning~", ".html#1", ".zip!", "index.html"):
        assert kind in names
    return found


@pytest.mark.parametrize("canary", [PLACE, BEAT, VALUE, USER, "trust0"])
def test_no_place_user_path_or_environment_value_is_in_any_output(texts, canary):
    assert [name for name, text in texts.items() if canary.lower() in text.lower()] == []


def test_no_row_of_the_export_is_in_any_output(texts, quarters):
    """Hours of a cell tell it from all others: neither whole nor rounded to a hundredth."""
    hours = quarters["officer_hours"][quarters["officer_hours"] > LEAST_ROWS * 100]
    words = {f"{value:.2f}" for value in hours} | {f"{value:,.2f}" for value in hours}
    for name, text in texts.items():
        # Places on a drawing have two decimals as well, and are no hours.
        read = DRAWN.sub("<>", text)
        told = words.intersection(re.findall(r"(?<![\d,.])\d[\d,]*\.\d{2}(?!\d)", read))
        assert told == set(), name


def test_no_hash_and_no_size_of_the_export_is_handed_on(reported, texts, quarters):
    """By one of them a guess of a small count could be tried out."""
    content = (reported.home / "exports" / "cells.csv").read_bytes()
    told = {name: text for name, text in texts.items() if "/.state/" not in name}
    for algorithm in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        found = hashlib.new(algorithm, content)
        words = {found.hexdigest()[:12], base64.b64encode(found.digest()).decode()[:16]}
        assert [name for name, text in told.items() if any(map(text.count, words))] == []
    for exact in (len(content), len(quarters)):
        if exact % 5:
            words = rf"(?<![\d.,#-]){exact:,}(?![\d.,])|(?<![\d.,#-]){exact}(?![\d.,])"
            assert [name for name, text in told.items() if re.search(words, text)] == []


@pytest.fixture(scope="module")
def page(reported):
    (path,) = (reported.reports / "kent").glob("05_crewing~*.html")
    content = path.read_text(encoding="utf-8")
    return BeautifulSoup(content, "html.parser")


def test_the_small_count_and_its_partner_are_suppressed_wherever_they_stand(reported, page):
    table = next(t for t in page.find_all("table") if "With injury" in t.get_text())
    injured = [row.find_all("td")[-1].get_text() for row in table.tbody.find_all("tr")]
    assert injured == ["[c]", "[c]"]
    [first, *_] = (
        text for name, text in unpacked("page", str(page).encode()) if "With injury" in text
        and name.startswith("page#")
    )  # fmt: skip
    assert [line.rsplit(",", 1)[1] for line in first.splitlines()[1:]] == ["[c]", "[c]"]
    assert 0 < FEW < disclosure.SMALLEST_SHOWN


def test_victims_of_larger_crews_come_out_of_no_difference(reported, quarters, page):
    """Neither a sentence nor the total of the other report tells the two victims left out."""
    assert re.search(rf"\b{MULTI} recorded victims", page.get_text()) is None
    assert "fewer than 10 recorded victims" in page.get_text()
    told = quarters[quarters["crew"] != "multi"]
    planned = min((reported.reports / "kent").glob("08_planning~*.html"))
    planning = planned.read_text(encoding="utf-8")
    yearly = re.search(r"about ([\d,]+) recorded\s+assaults a year", planning)
    shown = int(yearly[1].replace(",", ""))
    # Both reports round before they compute, each group by no more than ten.
    assert shown % 5 == 0
    assert abs(shown - told["y"].sum()) <= 20


def test_counts_behind_refused_policies_and_levels_are_not_told(page):
    notes = page.get_text()
    assert re.search(r"\[T\.", notes) is None


def test_text_of_the_export_is_escaped_everywhere(reported):
    for path in reported.root.glob("*/kent/*.html"):
        text = path.read_text(encoding="utf-8")
        assert SCRIPT not in text
        soup = BeautifulSoup(text, "html.parser")
        assert "alert(7)" not in "".join(tag.get_text() for tag in soup.find_all("script"))
        assert not [
            tag for tag in soup.find_all(True) if any(a.startswith("on") for a in tag.attrs)
        ]


def test_findings_speak_of_whole_forces_only(reported):
    (path,) = (reported.reports / "kent").glob("05_crewing~*.json")
    content = json.loads(path.read_text())
    assert content["parameters"]["audience"] == "public"
    assert content["parameters"]["cells_path"] == "cells.csv"
    assert set(content) == {
        "schema", "notebook", "title", "scope", "parameters", "comments", "non_default", "inputs",
        "input_hash", "versions", "command", "findings", "sources", "counts", "headline",
        "provenance", "exhibits", "name", "files",
    }  # fmt: skip


def test_a_kept_run_holds_what_was_made_of_the_export(reported):
    """Once it held the page of the same notebook beside it, on simulated data."""
    kept = {path.name: path.read_bytes() for path in (reported.root / "runs" / "kept").iterdir()}
    pages = [name for name in kept if name.endswith((".html", ".json"))]
    assert len(pages) == 4
    for name in pages:
        assert "~cells_path=" in name
        assert kept[name] == (reported.reports / "kent" / name).read_bytes()


def test_the_plan_judges_every_policy_that_it_was_asked_or_says_that_it_does_not(reported):
    for planned in (reported.reports / "kent").glob("08_planning~*.html"):
        result = json.loads(planned.with_suffix(".json").read_text())
        body = BeautifulSoup(planned.read_text(encoding="utf-8"), "html.parser").main
        for code in body.select("pre"):
            code.decompose()
        told = " ".join(body.get_text(" ").split())
        for name in result["parameters"]["policies"]:
            assert POLICIES[name].label in told, name


def test_pages_of_an_own_export_say_what_protecting_it_does_to_their_numbers(reported):
    for path in (reported.reports / "kent").glob("0*~*.html"):
        body = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").main
        assert "Intervals allow for chance, not for that" in " ".join(body.get_text(" ").split())
