"""Helpers: what they refuse, and what they hand to JupyterLab and to the page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from shown import Shown

from officer_assaults.findings import FINDING_MIME, SOURCE_MIME, Finding
from officer_assaults.page import charts, report, theme

ALT = "A line that rises from one to three over three years."
ROWS = pd.DataFrame({"Year": [1, 2, 3], "Count": [1.0, 2.0, 3.0]})


def _figure(colour: str = theme.PALETTE["blue"], size: float = 12.5) -> Any:
    fig, ax = theme.figure(height=200)
    ax.plot(ROWS["Year"], ROWS["Count"], color=colour)
    ax.set_xlabel("Year", size=size)
    return fig


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alt": ""}, "alternative text has 0 words"),
        ({"alt": "A rising line over three years here"}, "has 7 words"),
        ({"alt": "Counts rose in each of the three years."}, "repeats the headline"),
        ({"headline": " "}, "headline is empty"),
        ({"subtitle": ""}, "subtitle is empty"),
        ({"data": None}, "plotted rows"),
        ({"data": ROWS.head(0)}, "plotted rows"),
        ({"data": pd.DataFrame({letter: [1] for letter in "abcdefg"})}, "7 columns"),
        ({"fig": _figure("#123456")}, "no dark partner"),
        ({"fig": _figure(size=9)}, "at least 11 px"),
    ],
)
def test_a_figure_that_would_fail_a_reader_is_refused(
    shown: Shown, change: dict[str, Any], message: str
) -> None:
    given = {
        "fig": _figure(),
        "headline": "Counts rose in each of the three years",
        "subtitle": "Counts a year",
        "alt": ALT,
        "data": ROWS,
    } | change
    with pytest.raises(ValueError, match=message):
        report.show_figure(given.pop("fig"), **given)
    assert shown.bundles == []


def test_a_figure_carries_its_text_its_rows_and_its_mark(shown: Shown) -> None:
    report.show_figure(
        _figure(), headline="It rose", subtitle="A year", alt=ALT, data=ROWS, simulated=True
    )
    soup = shown.soup()
    assert shown.metadata[0]["role"] == "figure"
    drawings = soup.select("svg")
    assert len(drawings) == 2
    for drawing in drawings:
        names = drawing["aria-labelledby"].split()  # type: ignore[union-attr]
        assert [soup.find(id=name).get_text() for name in names] == ["It rose", ALT]  # type: ignore[union-attr]
        assert drawing["role"] == "img"
        assert "Year" in [text.get_text() for text in drawing.select("text")]
    assert soup.select_one(".oa-sub").get_text() == "Simulated data. A year"  # type: ignore[union-attr]
    assert len(soup.select("details tbody tr")) == len(ROWS)
    assert "It rose" in shown.bundles[0]["text/plain"]


def test_a_figure_is_closed_after_it_was_shown(shown: Shown) -> None:
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots()
    ax.plot([1, 2], color=theme.PALETTE["blue"])
    theme.use()
    for text in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        text.set_size(12)
    before = plt.get_fignums()
    chart = charts.lines(
        ROWS.assign(Name="a"), x="Year", y="Count", series="Name", axis_label="Count"
    )
    report.show_figure(chart, headline="h", subtitle="s", alt=ALT)
    assert plt.get_fignums() == before
    theme.close(fig)
    assert plt.get_fignums() == [number for number in before if number != fig.number]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: report.headline("", interval="i", caveat="c"), "text is empty"),
        (lambda: report.headline("t", interval="", caveat="c"), "interval is empty"),
        (lambda: report.headline("t", interval="i", caveat=" "), "caveat is empty"),
        (lambda: report.main_points([]), "give 1 to 6"),
        (lambda: report.main_points(["a"] * 7), "give 1 to 6"),
        (lambda: report.main_points(["a", ""]), "point is empty"),
        (lambda: report.boxes(shows="a", cannot=[], settle="b"), "cannot is empty"),
        (lambda: report.gate("g", passed=True, assumptions=[]), "assumptions is empty"),
        (lambda: report.show_table(ROWS.head(0), caption="c"), "no rows"),
        (lambda: report.show_table(ROWS, caption=""), "caption is empty"),
        (
            lambda: report.show_table(ROWS.rename(columns={"Count": "Rate"}), caption="c"),
            "no interval beside 'Rate'",
        ),
        (lambda: report.record_sources([]), "at least one data release"),
        (lambda: report.record_sources([{"name": "x", "title": "X"}]), "no checksum"),
    ],
)
def test_helpers_refuse_what_a_reader_would_miss(shown: Shown, call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
    assert shown.bundles == []


def test_a_table_without_interval_says_why(shown: Shown) -> None:
    frame = ROWS.rename(columns={"Count": "Rate"})
    report.show_table(frame, caption="c", without_interval="All offences are counted.")
    assert "All offences are counted." in shown.soup().get_text()


def test_findings_and_sources_travel_under_their_own_types(shown: Shown) -> None:
    finding = Finding(
        "a.b", "l", "c", "consistent", value=1.5, lower=1.0, upper=2.0, unit="ratio",
        denominator="days", vintage="v",
    )  # fmt: skip
    report.record(finding)
    release = {"name": "n", "title": "T", "sha256": "00"}
    report.record_sources([release, release])
    assert shown.bundles[0][FINDING_MIME] == finding.as_dict()
    assert shown.bundles[0]["text/plain"] == (
        "Recorded finding a.b = 1.50 (95% interval 1 to 2): consistent"
    )
    assert shown.bundles[1][SOURCE_MIME] == [release]
    assert [meta["role"] for meta in shown.metadata] == ["finding", "source"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '" onclick="x', "<img src=x>"])
def test_text_is_never_markup(shown: Shown, text: str) -> None:
    report.headline(text, interval=text, caveat=text, number=text)
    report.show_table(pd.DataFrame({"a": [text]}), caption=text, notes=text)
    report.show_figure(
        _figure(), headline=text, subtitle=text, alt=f"{ALT} {text}", data=ROWS, source=text
    )
    for at in range(3):
        soup = shown.soup(at)
        assert not soup.select("script, img, [onclick]")
        assert text in soup.get_text()
