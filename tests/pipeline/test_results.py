"""The tracked table of findings: fixed digits, differences beyond tolerance, quiet diffs."""

import json

import pytest

from officer_assaults.pipeline import results
from officer_assaults.refusals import Refusal


def _finding(**changes):
    return {
        "id": "a", "label": "A ratio", "claim": "It rose", "verdict": "consistent",
        "value": 1.23456789012, "lower": 1.0, "upper": "inf", "level": 0.95, "unit": "ratio",
        "denominator": "days", "period": "2018", "vintage": "first", "tolerance": 1e-6,
        "simulated": False, **changes,
    }  # fmt: skip


def _rows(*findings, scope="north"):
    return results.findings_rows([{"notebook": "01", "scope": scope, "findings": list(findings)}])


def test_numbers_have_fixed_digits():
    row = _rows(_finding(), scope="north")[0]
    assert (row["value"], row["upper"], row["simulated"]) == ("1.2345679", "inf", "false")


def test_table_survives_the_disk(tmp_path):
    rows = _rows(_finding(), _finding(id="b", value=None, lower=None, upper=None, claim='"x", y'))
    path = tmp_path / "findings.csv"
    path.write_text(results.write_csv(rows, "place"))
    assert path.read_text().splitlines()[0].startswith("notebook,place,id,label,value")
    assert results.read_csv(path, "place") == rows


@pytest.mark.parametrize("content", [None, "a,b\n1,2\n"])
def test_a_table_of_another_form_is_refused(tmp_path, content):
    path = tmp_path / "findings.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Refusal, match="P401"):
        results.read_csv(path, "place")


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({}, []),
        ({"value": 1.23456789012 * (1 + 9e-7)}, []),
        ({"value": 1.23456789012 * (1 + 2e-6)}, ["value"]),
        ({"tolerance": 0.1, "value": 1.3}, ["tolerance", "value"]),
        ({"upper": 9.0}, ["upper"]),
        ({"value": None}, ["value"]),
        ({"verdict": "contradicted"}, ["verdict"]),
        ({"simulated": True}, ["simulated"]),
        ({"id": "b"}, ["", ""]),
    ],
)
def test_differences_are_those_beyond_the_tolerance(changes, columns):
    found = results.compare(_rows(_finding()), _rows(_finding(**changes)))
    assert sorted(difference.column for difference in found) == columns


def test_zero_is_not_within_a_relative_tolerance_of_something():
    assert results.compare(_rows(_finding(value=0.0)), _rows(_finding(value=1e-9)))
    assert not results.compare(_rows(_finding(value=0.0)), _rows(_finding(value=0.0)))


def test_last_digits_of_another_machine_change_nothing_tracked():
    tracked = _rows(_finding(), _finding(id="b"))
    now = _rows(_finding(value=1.2345684), _finding(id="b", value=2.0), _finding(id="c"))
    fresh = results.refreshed(tracked, now)
    assert [row["value"] for row in fresh] == ["1.2345679", "2", "1.2345679"]


def test_reports_and_failures_are_read_apart(tmp_path):
    files = {
        "north/01.json": {"notebook": "01", "scope": "north", "findings": []},
        ".state/stamps/north/01.json": {"format": 1},
        ".state/manifest.json": {"runs": {}},
        ".state/failures/south/01.json": {"notebook": "01", "scope": "south"},
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "north/02.json").write_text("{half")
    assert [report["scope"] for report in results.read_reports(tmp_path)] == ["north"]
    assert [failure["scope"] for failure in results.read_failures(tmp_path)] == ["south"]


FOUND = {
    "id": "a", "label": "Ratio", "unit": "rate ratio", "denominator": "days", "claim": "It rose",
    "verdict": "consistent", "value": 1.3, "period": "2018/19", "vintage": "2026-04",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"value": 1.3 + 1e-9}, []),
        ({"value": 1.4}, ["1.3 in south/01 a and 1.4 in south/02 b"]),
        ({"value": 1.4, "label": "Other"}, []),
        ({"value": 1.4, "vintage": "2023-10"}, []),
        ({"verdict": "contradicted"}, ["'consistent' in south/01 a and 'contradicted'"]),
        ({"verdict": "contradicted", "claim": "It fell"}, []),
        ({"value": 1.4, "label": "Other", "quantity": "q"}, ["1.3", "1.4"]),
    ],
)
def test_two_values_or_two_verdicts_are_named(change, said):
    first = FOUND | ({"quantity": "q"} if "quantity" in change else {})
    reports = [
        {"scope": "south", "notebook": "01", "findings": [first]},
        {"scope": "south", "notebook": "02", "findings": [first | {"id": "b"} | change]},
    ]
    found = results.contradictions(reports)
    assert bool(found) == bool(said)
    assert all(text in "; ".join(found) for text in said)
