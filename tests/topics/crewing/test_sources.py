"""Every refusal of a crewing file, each with a file made to trigger it."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import request_page
import yaml
from crewing_runs import HERE, answer

from officer_assaults.topics.crewing.data import identifiers
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.identifiers import MOST_WORDS
from officer_assaults.topics.crewing.data.reader import load
from officer_assaults.topics.crewing.data.schemas import definitions, schema_of
from officer_assaults.topics.crewing.data.template import write_template
from officer_assaults.topics.crewing.simulator.force import simulate_force
from officer_assaults.topics.crewing.simulator.params import ForceParams

ROOT = HERE.parents[2]


def rewrite(path, change):
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(frame)
    frame.to_csv(path, index=False)


def about(path, **changes):
    side = sidecar_of(path)
    content = yaml.safe_load(side.read_text())
    content.update(changes)
    side.write_text(yaml.safe_dump(content))


def put(row, **cells):
    """Change some cells of one row, by position."""

    def change(frame):
        for name, value in cells.items():
            frame.loc[row, name] = value

    return change


def every(**cells):
    def change(frame):
        for name, value in cells.items():
            frame[name] = value

    return change


def test_the_made_up_export_is_read(export):
    found = load(export)
    assert (found.kind, found.force, found.rows, found.simulated) == (
        "cells", "thames-valley", 30, True,
    )  # fmt: skip
    assert found.release.sha256 == hashlib.sha256(export.read_bytes()).hexdigest()
    assert any("24 or more" in caution for caution in found.cautions)


def test_parquet_gives_the_same_cells(export, tmp_path):
    frame = pd.read_csv(export)
    frame["period_start"] = pd.to_datetime(frame["period_start"])
    target = tmp_path / "cells.parquet"
    frame.to_parquet(target)
    sidecar_of(target).write_text(sidecar_of(export).read_text())
    pd.testing.assert_frame_equal(load(target).cells, load(export).cells)


BROKEN = [
    ("E101", put(0, force="thames valey")),
    ("E101", put(0, force="kent")),
    ("E102", put(0, y="-1")),
    ("E102", put(0, y="2.5")),
    ("E102", put(0, attended="")),
    ("E102", put(0, weekend="2")),
    ("E103", put(0, y_injury="99")),
    ("E104", put(0, officer_hours="0")),
    ("E104", put(0, unit_hours="-5")),
    ("E104", put(1, officer_hours="2547")),
    ("E133", lambda frame: frame.__setitem__("lpa", "one area")),
    ("E106", put(0, period_start="2023-04-02")),
    ("E106", put(0, period_start="April")),
    ("E110", put(0, dark_share="40")),
    ("E111", put(0, crew="pair")),
    ("E111", put(0, y="50", y_injury="0")),
    ("E111", put(0, incidents_assault="40")),
    ("E121", every(collar_number="1234")),
    ("E121", every(x_notes="quiet shift")),
    ("E121", put(0, lpa="PC 4711")),
    ("E121", put(0, lpa="someone@police.uk")),
    ("E121", put(0, lpa="OX4 1AB")),
    ("E121", put(0, lpa="Sgt Miller")),
    ("E121", put(0, lpa="12 High Street")),
    ("E121", put(0, lpa=" ".join(["long"] * (MOST_WORDS + 1)))),
    ("E123", put(0, is_simulated="no")),
    ("E123", every(force="simulated-force", is_simulated="no")),
    ("E124", put(0, lpa="Total")),
    ("E124", every(colour="blue")),
    ("E124", lambda frame: frame.pop("crew")),
]


@pytest.mark.parametrize(
    ("code", "change"), BROKEN, ids=[f"{n:02d}-{code}" for n, (code, _) in enumerate(BROKEN)]
)
def test_a_broken_cell_file_is_refused_by_its_code(export, refused, code, change):
    rewrite(export, change)
    refusal = refused(lambda: load(export))
    assert code in refusal.codes
    for problem in refusal.problems:
        assert problem.file
        assert problem.remedy


def test_all_problems_come_at_once_with_their_places(export, refused):
    def change(frame):
        put(3, y="-1")(frame)
        put(5, crew="pair")(frame)
        put(7, dark_share="40")(frame)
        frame["x_note"] = "PC 4711"

    rewrite(export, change)
    about(export, crew_source={"hours": "planned", "victims": "actual"})
    refusal = refused(lambda: load(export))
    assert {"E102", "E110", "E111", "E112", "E121"} <= set(refusal.codes)
    places = {(problem.code, problem.row, problem.column) for problem in refusal.problems}
    # The header is line 1, so the fourth row is line 5.
    assert ("E102", 5, "y") in places
    assert ("E111", 7, "crew") in places
    assert ("E110", 9, "dark_share") in places


def test_an_identifier_is_never_repeated_in_the_message(export, refused):
    rewrite(export, put(0, lpa="PC 4711"))
    assert "4711" not in str(refused(lambda: load(export)))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("E112", {"crew_source": {"hours": "planned", "victims": "actual"}}),
        ("E112", {"crew_source": {"hours": "guessed", "victims": "actual"}}),
        ("E112", {"crew_source": "actual"}),
        ("E112", {"crew_source": None}),
        ("E104", {"headcount": 1}),
        ("E113", {"timezone": "Europe/Atlantis"}),
        ("E124", {"checksum": "sha256:" + "0" * 64}),
        ("E124", {"latitude": 400}),
        ("E124", {"retreived": "2024-01-01"}),
        ("E124", {"retrieved": "yesterday"}),
        ("E124", {"source": ""}),
    ],
)
def test_a_broken_sidecar_is_refused(export, refused, code, changes):
    about(export, **changes)
    assert code in refused(lambda: load(export)).codes


def test_a_missing_sidecar_is_refused_with_what_to_do(export, refused):
    sidecar_of(export).unlink()
    refusal = refused(lambda: load(export))
    assert refusal.codes == ("E112",)
    assert "template crewing" in str(refusal)


def test_a_roster_is_sent_to_the_command_for_rosters(export, refused):
    export.write_text("force,officer,single,officer_hours,y\nkent,0011223344556677,1,8,0\n")
    refusal = refused(lambda: load(export))
    assert len(refusal.problems) == 1
    assert "crewing fit" in str(refusal)


def test_planned_crews_on_both_sides_are_read_with_a_caution(export):
    about(export, crew_source={"hours": "planned", "victims": "planned"})
    assert any("as planned" in caution for caution in load(export).cautions)


@pytest.fixture
def shifts(tmp_path):
    """Two hundred made-up unit-shifts, as CSV with their sidecar."""
    data, side = write_template(tmp_path, "shifts")
    drawn = simulate_force(ForceParams(), 3, shifts=200).frames["crew_shifts"]
    drawn.assign(force="thames-valley", is_simulated="yes").to_csv(data, index=False)
    answer(side)
    return data


def of_crew(frame, crew):
    return frame.index[frame["crew_actual"] == crew][0]


SHIFTS_BROKEN = [
    ("E104", lambda f: put(0, end="2018-12-31T23:00:00+0000", start="2018-12-29T01:00:00+0000")(f)),
    ("E104", lambda f: put(of_crew(f, "double"), headcount_on_shift="1")(f)),
    ("E105", lambda f: f.__setitem__("unit_id", "a" * 16) or f.__setitem__("start", f["start"][0])),
    ("E111", lambda f: put(of_crew(f, "double"), officer_id_2="")(f)),
    ("E111", lambda f: put(of_crew(f, "single"), officer_id_2="b" * 16)(f)),
    ("E111", lambda f: put(0, calls_grade1="99")(f)),
    ("E113", lambda f: put(0, start="soon")(f)),
    ("E113", lambda f: put(0, end="2001-01-01T00:00:00+0000")(f)),
    ("E113", lambda f: put(0, start="2030-01-01T00:00:00Z", end="2030-01-01T08:00:00Z")(f)),
    ("E113", lambda f: put(0, start="2018-10-28T01:30:00", end="2018-10-28T09:00:00")(f)),
    ("E113", lambda f: put(0, start="2019-03-31T01:30:00", end="2019-03-31T09:00:00")(f)),
    ("E121", lambda f: put(0, officer_id_1="4711")(f)),
]


@pytest.mark.parametrize(
    ("code", "change"),
    SHIFTS_BROKEN,
    ids=[f"{n:02d}-{code}" for n, (code, _) in enumerate(SHIFTS_BROKEN)],
)
def test_broken_unit_shifts_are_refused(shifts, refused, code, change):
    rewrite(shifts, change)
    assert code in refused(lambda: load(shifts)).codes


def test_clock_times_without_a_zone_are_refused(shifts, refused):
    rewrite(shifts, put(0, start="2018-07-01T10:00:00", end="2018-07-01T18:00:00"))
    assert load(shifts).rows == 200
    about(shifts, timezone=None)
    refusal = refused(lambda: load(shifts))
    assert set(refusal.codes) == {"E113"}
    assert "offset" in str(refusal)


def test_shifts_add_up_in_their_cells(shifts):
    found = load(shifts)
    raw = pd.read_csv(shifts)
    hours = pd.to_datetime(raw["end"], utc=True) - pd.to_datetime(raw["start"], utc=True)
    hours = hours.dt.total_seconds() / 3600
    size = np.where(raw["crew_actual"] == "double", 2, 1)
    assert found.cells["unit_hours"].sum() == pytest.approx(hours.sum())
    assert found.cells["officer_hours"].sum() == pytest.approx((hours * size).sum())
    for name, column in (("y", "y"), ("attended", "calls_attended")):
        assert found.cells[name].sum() == raw[column].sum()
    assert found.agreement.to_numpy().sum() == 200
    assert found.cells["dark_share"].between(0, 1).all()


def test_incident_rows_are_read_and_refused(tmp_path, refused):
    data, side = write_template(tmp_path, "incidents")
    rows = simulate_force(ForceParams(), 3).frames["incidents"].head(120)
    text = rows.assign(
        force="thames-valley",
        is_simulated="yes",
        occurred_at=rows["occurred_at"].dt.strftime("%Y-%m-%dT%H:%M:%S%z"),
        recorded_at=rows["recorded_at"].dt.strftime("%Y-%m-%dT%H:%M:%S%z"),
        outcome_date=rows["outcome_date"].dt.strftime("%Y-%m-%d"),
    )
    text.to_csv(data, index=False)
    answer(side)
    assert load(data).rows == 120

    rewrite(data, put(0, recorded_at="2001-01-01T00:00:00+0000"))
    assert "E113" in refused(lambda: load(data)).codes
    text.to_csv(data, index=False)
    rewrite(data, lambda f: f.__setitem__("incident_id", "i1"))
    assert "E105" in refused(lambda: load(data)).codes


@pytest.mark.parametrize("kind", ["cells", "shifts", "incidents"])
def test_a_template_is_empty_documented_and_never_overwritten(tmp_path, refused, kind):
    data, side = write_template(tmp_path, kind)
    named = [name for name, column in schema_of(kind).columns.items() if not column.regex]
    assert data.read_text() == ",".join(named) + "\n"
    assert list(yaml.safe_load(side.read_text())["definitions"]) == named
    refused(lambda: write_template(tmp_path, kind))
    # An empty file is no data, and says so instead of failing.
    refusal = refused(lambda: load(data))
    assert "no rows" in str(refusal)


def test_the_request_page_is_the_one_of_the_schemas():
    assert (ROOT / "docs" / "data-request-crewing.md").read_text() == request_page.page(), (
        "run: make map"
    )
    columns = {n for k in ("cells", "shifts", "incidents") for n in schema_of(k).columns}
    assert columns - {"^x_"} == set(definitions()["asked"])


def test_many_texts_are_told_from_codes_as_few_are(monkeypatch):
    """Arrow's patterns and Python's differ in digits of other alphabets and in the last line."""
    odd = ["", "5", "5\n", "\n", "\u0663", "-.", "1e5", "1e", "a" * 16, "a" * 15, "a" * 129,
           "2018-04-01", "2018-04-01 ", "2018-04-01T10:00Z", "2018-04-01 10:00:00.5+01:00",
    ]  # fmt: skip
    few = identifiers._are_codes(pd.Series(odd))
    monkeypatch.setattr(identifiers, "MANY_TEXTS", 0)
    assert identifiers._are_codes(pd.Series(odd)).tolist() == few.tolist()
    assert [text for text, plain in zip(odd, few, strict=True) if not plain] == [
        "5\n", "\n", "\u0663", "1e", "a" * 15, "a" * 129, "2018-04-01 ",
    ]  # fmt: skip
