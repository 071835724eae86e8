"""An estimate carries all that a number needs, shows itself, and becomes a finding."""

import math
from dataclasses import dataclass

import pandas as pd
import pytest

from officer_assaults.estimate import Estimate, Shown, count, statement
from officer_assaults.findings import BOUNDS

GIVEN = {
    "value": 1.33,
    "lower": 1.21,
    "upper": 1.46,
    "unit": "rate ratio",
    "denominator": "days",
    "period": "2017/18 to 2018/19",
    "release": "2026-04",
    "provenance": "Home Office, official table",
    "tolerance": 1e-4,
    "simulated": True,
    "note": "exact",
}


def test_a_finding_holds_every_field_of_its_estimate():
    made = Estimate(**GIVEN).finding("a.b", "Ratio", "It rose", "consistent")
    carried = GIVEN | {"vintage": GIVEN["release"]}
    del carried["release"]
    assert {name: getattr(made, name) for name in carried} == carried
    assert made.kind == "estimate"
    assert Estimate(**GIVEN).finding("a", "b", "c", "consistent", note="other").note == "other"


@pytest.mark.parametrize(
    "change",
    [{"value": math.nan}, {"lower": 2.0}, {"unit": ""}, {"denominator": ""}, {"upper": math.nan}],
)
def test_an_estimate_without_its_parts_is_refused(change):
    with pytest.raises(ValueError, match=r"estimate needs|no interval"):
        Estimate(**(GIVEN | change))


def test_it_prints_its_interval_and_calls_bounds_bounds():
    assert str(Estimate(**GIVEN)) == "1.33 rate ratio (95% interval 1.21 to 1.46)"
    bounds = Estimate(**(GIVEN | {"level": BOUNDS, "upper": math.inf}))
    assert str(bounds) == "1.33 rate ratio (bounds 1.21 to infinity)"
    assert "simulated" in bounds._repr_html_()


def test_counts_and_statements_have_no_interval():
    made = count("a", "Offences", "It was 3", "consistent", value=3, unit="offences",
                 denominator="year", release="2026-04")  # fmt: skip
    assert (made.kind, made.lower, made.as_dict().get("provenance")) == ("count", None, None)
    assert statement("b", "x", "y", "needs data", release="2026-04").vintage == "2026-04"
    assert statement("b", "x", "y", "needs data", vintage="2026-07").vintage == "2026-07"


def test_a_result_shows_its_table_with_few_digits_and_its_notes_as_text():
    class Result(Shown):
        def table(self):
            return pd.DataFrame({"term": ["<a>"], "ratio": [1.23456789]})

        def notes(self):
            return ("a < b",)

    html = Result()._repr_html_()
    assert "1.235" in html
    assert "&lt;a&gt;" in html
    assert "a &lt; b" in html


def test_every_result_of_a_notebook_shows_a_table():
    """Fields one by one, or the frame that a result holds; never a wall of characters."""

    @dataclass(frozen=True, slots=True)
    class Held(Shown):
        frame: pd.DataFrame
        other: int

    @dataclass(frozen=True, slots=True)
    class Plain(Shown):
        counts: pd.DataFrame
        force_name: str
        rise: Estimate

    frame = pd.DataFrame({"force": ["Kent", "Essex"], "count": [1, 2]})
    held = Held(frame, 3)
    pd.testing.assert_frame_equal(held.table(), frame)
    assert held.table() is not frame
    number = Estimate(1.5, 1.2, 1.8, unit="ratio", denominator="officers")
    table = Plain(frame, "Kent", number).table().set_index("what")["value"]
    assert table["counts"] == "2 rows: force, count"
    assert table["force name"] == "Kent"
    assert table["rise"] == "1.5 ratio (95% interval 1.2 to 1.8)"
    assert "<th" in Plain(frame, "Kent", number)._repr_html_()
    assert number.table().iloc[0, :3].tolist() == [1.5, 1.2, 1.8]
