"""Tables: what a cell shows, what a download holds, and what is refused."""

from __future__ import annotations

import io
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from officer_assaults.page import tables

# to_csv keeps ten leading digits.
CSV_PRECISION = 1e-9


def _html(frame: pd.DataFrame, **options: object) -> BeautifulSoup:
    shown = tables.columns(frame, **options)  # type: ignore[arg-type]
    return BeautifulSoup(tables.to_html(shown, caption="A caption"), "html.parser")


def _texts(soup: BeautifulSoup, row: int) -> list[str]:
    return [cell.get_text() for cell in soup.select("tbody tr")[row].find_all(["th", "td"])]


FRAME = pd.DataFrame(
    {
        "Force": ["Kent", "Thames Valley"],
        "Offences": [794, 1057],
        "ratio": [1.331, 0.9],
        "lower": [1.213, 0.8],
        "upper": [1.461, np.inf],
        "p": [1e-9, 0.2612],
    }
)


def test_cells_are_written_for_readers() -> None:
    soup = _html(FRAME)
    heads = [head.get_text() for head in soup.select("thead th")]
    assert heads == ["Force", "Offences", "Ratio", "95% interval", "p"]
    assert _texts(soup, 0) == ["Kent", "794", "1.33", "1.21 to 1.46", "<0.001"]
    assert _texts(soup, 1) == ["Thames Valley", "1,057", "0.90", "0.80 or more", "0.26"]


def test_marks_do_not_keep_numbers_from_being_rounded_and_years_have_no_commas() -> None:
    frame = pd.DataFrame(
        {"Year": [1975, 2016], "z": pd.Series([0.8013137931948172, "[z]"], dtype=object),
         "Probability": [0.01423, 0.00017]}
    )  # fmt: skip
    soup = _html(frame)
    assert _texts(soup, 0) == ["1975", "0.80", "0.0142"]
    assert _texts(soup, 1) == ["2016", "[z]", "0.0002"]


def test_scopes_caption_and_alignment() -> None:
    soup = _html(FRAME)
    assert soup.caption is not None
    assert all(head["scope"] == "col" for head in soup.select("thead th"))
    assert [cell["scope"] for cell in soup.select("tbody th")] == ["row", "row"]
    assert all("oa-n" in cell["class"] for cell in soup.select("tbody td"))
    assert not soup.select("tbody th.oa-n")


def test_units_formats_and_named_intervals() -> None:
    frame = FRAME.rename(columns={"lower": "from", "upper": "to"})
    soup = _html(
        frame.drop(columns="p"),
        units={"Offences": "a year"},
        formats={"ratio": "percent1"},
        intervals={"ratio": ("from", "to")},
    )
    assert soup.select("thead th")[1].select_one(".oa-unit").get_text() == "a year"  # type: ignore[union-attr]
    assert _texts(soup, 0) == ["Kent", "794", "133.1%", "121.3% to 146.1%"]


def test_marks_stand_for_what_is_not_shown_and_are_explained() -> None:
    frame = pd.DataFrame({"Force": ["A", "B", "C"], "Count": ["[c]", None, 12]})
    shown = tables.columns(frame)
    assert shown[1].cells == ("[c]", "[x]", "12")
    assert shown[1].is_number
    assert tables.marks_used(shown) == "[c] suppressed to protect individuals; [x] not available"


def test_wide_tables_stack_on_a_telephone_with_a_label_in_every_cell() -> None:
    frame = pd.DataFrame({"Force": ["A"], "Reason": ["x" * 60], "Count": [3]})
    soup = _html(frame)
    assert "oa-stack" in soup.table["class"]  # type: ignore[index]
    assert [cell["data-label"] for cell in soup.select("tbody td")] == ["Reason", "Count"]
    assert soup.select_one("tbody th")["data-label"] == "Force"  # type: ignore[index]
    assert soup.table["role"] == "table"  # type: ignore[index]
    assert "oa-stack" not in _html(FRAME[["Force", "Offences", "ratio"]]).table["class"]  # type: ignore[index]


def test_seven_columns_are_refused_with_their_names() -> None:
    frame = pd.DataFrame({f"column {letter}": [1] for letter in "abcdefg"})
    with pytest.raises(ValueError, match=r"7 columns.*Column g.*at most 6"):
        tables.columns(frame)


def test_names_that_are_no_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="no column 'ration'"):
        tables.columns(FRAME, formats={"ration": 2})


def test_an_estimate_without_interval_is_named() -> None:
    assert tables.needs_interval(tables.columns(FRAME)) == []
    bare = FRAME.drop(columns=["lower", "upper"])
    assert tables.needs_interval(tables.columns(bare)) == ["Ratio"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@cmd", "\tx", "\rx", "=cmd|' /C calc'!A0"]
)
def test_no_cell_or_heading_of_a_download_acts_as_a_formula(text: str) -> None:
    frame = pd.DataFrame({text: [text, "plain"], "Change": [-2.5, 3]})
    back = pd.read_csv(StringIO(tables.to_csv(frame)), keep_default_na=False)
    assert back.columns[0][0] == "'"
    assert back.iloc[0, 0] == "'" + text.replace("\r", " ")
    assert back["Change"].tolist() == [-2.5, 3]


@given(
    st.lists(
        st.tuples(
            # Numbers written as text are made plain, and so come back in another form.
            st.text(st.characters(codec="utf-8", exclude_categories=["C", "Nd"]), max_size=12),
            st.floats(-1e300, 1e300),
            st.integers(-(10**9), 10**9),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_download_reads_back_as_the_rows_it_was_made_of(
    rows: list[tuple[str, float, int]],
) -> None:
    frame = pd.DataFrame(rows, columns=["text", "number", "count"])
    back = pd.read_csv(StringIO(tables.to_csv(frame)), keep_default_na=False, dtype={"text": str})
    assert (
        back["text"].str.removeprefix("'").tolist() == frame["text"].str.removeprefix("'").tolist()
    )
    np.testing.assert_allclose(back["number"], frame["number"], rtol=CSV_PRECISION)
    assert back["count"].tolist() == frame["count"].tolist()


def test_the_frame_is_left_as_it_was() -> None:
    frame = FRAME.copy()
    tables.columns(frame)
    tables.to_csv(frame)
    pd.testing.assert_frame_equal(frame, FRAME)


@pytest.mark.parametrize(
    ("cells", "columns"),
    [
        (["−585,829 (−27%)", "789,171 (36%)"],
         {"X": ["-585829", "789171"], "X, in brackets, %": ["-27", "36"]}),
        (["5 (4 to 8)", "[x]"],
         {"X": ["5", "[x]"], "X, lower": ["4", "[x]"], "X, upper": ["8", "[x]"]}),
        (["91.7% (64.6% to 98.5%)"],
         {"X, %": ["91.7"], "X, lower, %": ["64.6"], "X, upper, %": ["98.5"]}),
        (["+1,057", "−0.005"], {"X": ["1057", "-0.005"]}),
        (["5 to 17"], {"X, lower": ["5"], "X, upper": ["17"]}),
        (["2018/19", "2019/20"], {"X": ["2018/19", "2019/20"]}),
        (["7,903", "about 9"], {"X": ["7903", "about 9"]}),
        (["−3e−11", "1e−06"], {"X": ["-3e-11", "1e-06"]}),
        (["−0.10 (SD 0.45)"], {"X": ["-0.10"], "X, SD": ["0.45"]}),
        (["5 (4 to 8)", "none", "7"],
         {"X": ["5", "none", "7"], "X, lower": ["4", "", ""], "X, upper": ["8", "", ""]}),
        (["51 to 182", "72"], {"X, lower": ["51", "72"], "X, upper": ["182", "72"]}),
    ],
)  # fmt: skip
def test_numbers_of_a_download_stand_in_cells_of_their_own(cells, columns):
    frame = pd.DataFrame({"Row": [f"r{i}" for i in range(len(cells))], "X": cells})
    read = pd.read_csv(io.StringIO(tables.to_csv(frame)), dtype=str, keep_default_na=False)
    assert read.drop(columns="Row").to_dict("list") == columns
    assert list(frame["X"]) == cells
