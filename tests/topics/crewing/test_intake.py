"""From a force's own tables to cells: every way of writing them, and the truth behind them."""

import os
import shutil

import numpy as np
import pandas as pd
import polars as pl
import pytest
from crewing_runs import HERE
from raw_logs import draw

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.data.exposures import check_units
from officer_assaults.topics.crewing.data.reader import load
from officer_assaults.topics.crewing.data.template import write_template
from officer_assaults.topics.crewing.intake import crews
from officer_assaults.topics.crewing.intake.mapping import read_mapping
from officer_assaults.topics.crewing.intake.propose import propose
from officer_assaults.topics.crewing.intake.write import build_into
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.ratios import ladder
from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells, simulate_force
from officer_assaults.topics.crewing.simulator.params import ForceParams

KNOWN = {"force": "kent", "source": "made up", "retrieved": "2026-01-31"}
HOUR = crews.HOUR_NS


@pytest.fixture(autouse=True)
def _own_key(tmp_path, monkeypatch):
    monkeypatch.setenv("OFFICER_ASSAULTS_KEY_FOLDER", str(tmp_path / "secret"))


def confirm(text):
    return (
        text.replace("confirmed: no", "confirmed: yes")
        .replace("hours: ASK", "hours: actual")
        .replace("victims: ASK", "victims: actual")
    )


def built(folder, *files, change=lambda text: text):
    mapping = folder / "mapping.yml"
    mapping.write_text(change(confirm(propose(files, folder, KNOWN))), encoding="utf-8")
    return build_into(mapping)


@pytest.fixture(scope="module")
def cells():
    drawn = simulate_crew_cells(ForceParams(), 4)[0]
    frame = drawn.drop(columns=["is_simulated", "call_grade"], errors="ignore")
    key = [
        n
        for n in (
            "force",
            "lpa",
            "beat",
            "area_type",
            "period_start",
            "hour_band",
            "weekend",
            "team",
            "crew",
        )
        if n in frame
    ]
    hours = frame.groupby(key, observed=True, as_index=False)[
        ["unit_hours", "officer_hours", "y"]
    ].sum()
    rank = hours["period_start"].rank(method="dense").astype(int)
    months = pd.date_range("2022-04-01", periods=rank.max(), freq="MS")
    hours = hours.assign(force="kent", period_start=months[rank - 1])
    return hours[hours["unit_hours"] > 0]


def as_minutes(hours):
    total = np.round(hours * 60).astype(int)
    return [f"{m // 60}:{m % 60:02d}" for m in total]


WRITTEN = {
    "semicolons, decimal commas, Windows-1252": lambda f, p: (
        f.assign(lpa="Ynys Môn " + f["lpa"].astype(str)).to_csv(
            p.with_suffix(".csv"), sep=";", decimal=",", index=False, encoding="cp1252"
        ),
        p.with_suffix(".csv"),
    )[1],
    "Unicode text": lambda f, p: (
        f.to_csv(p.with_suffix(".txt"), sep="\t", index=False, encoding="utf-16"),
        p.with_suffix(".txt"),
    )[1],
    "byte order mark, dd/mm/yyyy": lambda f, p: (
        f.assign(period_start=f["period_start"].dt.strftime("%d/%m/%Y")).to_csv(
            p.with_suffix(".csv"), index=False, encoding="utf-8-sig"
        ),
        p.with_suffix(".csv"),
    )[1],
    "SC and DC, 01-Apr-2022": lambda f, p: (
        f.assign(
            crew=f["crew"].astype(str).map({"single": "SC", "double": "DC", "multi": "3+"}),
            period_start=f["period_start"].dt.strftime("%d-%b-%Y"),
        ).to_csv(p.with_suffix(".csv"), index=False),
        p.with_suffix(".csv"),
    )[1],
    "1 and 2, hh:mm": lambda f, p: (
        f.assign(
            crew=f["crew"].astype(str).map({"single": "1", "double": "2", "multi": "3"}),
            unit_hours=as_minutes(f["unit_hours"]),
            officer_hours=as_minutes(f["officer_hours"]),
        ).to_csv(p.with_suffix(".csv"), index=False),
        p.with_suffix(".csv"),
    )[1],
    "a workbook under titles": lambda f, p: (
        _book(f, p.with_suffix(".xlsx")),
        p.with_suffix(".xlsx"),
    )[1],
    "Parquet": lambda f, p: (f.to_parquet(p.with_suffix(".parquet")), p.with_suffix(".parquet"))[1],
}


def _book(frame, path):
    with pd.ExcelWriter(path) as book:
        frame.to_excel(book, sheet_name="Crew hours", startrow=4, index=False)
        sheet = book.sheets["Crew hours"]
        sheet["A1"], sheet["A3"] = "Kent Police: crewing", "Where and when"
        sheet.merge_cells("A1:F1")


@pytest.mark.parametrize("how", WRITTEN)
def test_cells_are_the_same_however_they_are_written(cells, tmp_path, how):
    done = built(tmp_path, WRITTEN[how](cells, tmp_path / "export"))
    sums = done.file.cells.groupby(done.file.cells["crew"].astype(str))[["unit_hours", "y"]].sum()
    wanted = cells.groupby(cells["crew"].astype(str))[["unit_hours", "y"]].sum()
    # hh:mm rounds each row to a minute.
    pd.testing.assert_frame_equal(sums, wanted, rtol=1e-4, check_dtype=False, check_names=False)


def test_nothing_is_read_from_what_nobody_confirmed(cells, tmp_path):
    cells.to_csv(tmp_path / "export.csv", index=False)
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(propose([tmp_path / "export.csv"], tmp_path, KNOWN))
    with pytest.raises(Refusal, match=r"E135 .*not confirmed") as caught:
        read_mapping(mapping)
    assert "crew_source.hours: is still open" in str(caught.value)


def test_a_date_that_reads_two_ways_is_asked(tmp_path):
    rows = pd.DataFrame(
        {
            "Collar No": ["1", "2"],
            "Call Sign": ["A", "B"],
            "Book On": ["03/04/2023 07:00", "05/06/2023 07:00"],
            "Book Off": ["03/04/2023 15:00", "05/06/2023 15:00"],
            "LPA": ["x", "y"],
        }
    )
    rows.to_csv(tmp_path / "officers.csv", index=False)
    assert "dates: ASK" in propose([tmp_path], tmp_path, KNOWN)


def _bookings(*rows):
    names = ("officer", "call_sign", "start", "end", "lpa")
    frame = pl.DataFrame(
        [(*row[:2], row[2] * HOUR, row[3] * HOUR, "x") for row in rows], schema=names, orient="row"
    )
    return frame.with_row_index("line")


@pytest.mark.parametrize(
    ("rows", "hours"),
    [
        ([("a", "U", 0, 8), ("b", "U", 0, 8)], {2: 8}),
        ([("a", "U", 0, 8), ("b", "U", 0, 3)], {2: 3, 1: 5}),
        ([("a", "U", 0, 8), ("b", "U", 5, 8)], {1: 5, 2: 3}),
        ([("a", "U", 0, 8), ("b", "U", 0, 8), ("c", "U", 2, 4)], {2: 6, 3: 2}),
        ([("a", "U", 0, 4), ("b", "U", 4, 8)], {1: 8}),
        # Booked twice on the same unit is one officer still.
        ([("a", "U", 0, 8), ("a", "U", 6, 9)], {1: 9}),
        # A visit to another unit in the middle of a shift.
        ([("a", "U", 0, 8), ("a", "V", 2, 3)], {1: 8}),
        # The later booking ends the earlier.
        ([("a", "U", 0, 8), ("a", "V", 6, 10)], {1: 10}),
    ],
)
def test_crews_are_worked_out_minute_by_minute(rows, hours):
    found = crews.stretches(crews.settle(_bookings(*rows))[0])
    length = (found["end"] - found["start"]) / HOUR
    by_crew = found.with_columns(hours=length).group_by("officers").agg(pl.col("hours").sum())
    assert dict(by_crew.iter_rows()) == hours


@pytest.mark.parametrize(
    ("day", "hours"), [("2023-10-28", 10.0), ("2023-03-25", 8.0), ("2023-06-10", 9.0)]
)
def test_a_night_shift_over_a_clock_change_has_its_true_hours(tmp_path, day, hours):
    on = pd.Timestamp(day) + pd.Timedelta(hours=22)
    ends = pd.DatetimeIndex([on, on + pd.Timedelta(hours=9)]).tz_localize("Europe/London")
    start, end = ends.tz_convert("UTC").as_unit("ns").asi8
    found = pl.DataFrame(
        {"call_sign": ["U"], "start": [start], "end": [end], "officers": [1], "lpa": ["x"]}
    )
    pieces = crews.pieces(found, "Europe/London", 51.5)
    assert pieces["hours"].sum() == pytest.approx(hours)
    assert pieces["hour_band"].to_list() == ["night", "night", "early"]


SPOILT = {
    "E127": lambda f: f[f["y"] > 0],
    "E128": lambda f: f.assign(
        unit_hours=100.0,
        officer_hours=f["crew"].astype(str).map({"single": 100.0, "double": 200.0, "multi": 300.0}),
    ),
    "E129": lambda f: f.assign(
        unit_hours=np.where(f["y"] > 0, 100.0 * f["y"], f["unit_hours"]),
        officer_hours=np.where(f["y"] > 0, 100.0 * f["y"], f["unit_hours"])
        * f["crew"].astype(str).map({"single": 1, "double": 2, "multi": 3}).to_numpy(),
    ),
    "E130": lambda f: f.assign(
        unit_hours=f["unit_hours"] * 60,
        officer_hours=f["officer_hours"] * 60,
        attended=(f["unit_hours"] / 2).astype(int),
    ),
    "E131": lambda f: pd.concat(
        [
            f,
            f.head(1).assign(
                lpa="HQ",
                unit_hours=f["unit_hours"].sum(),
                officer_hours=f["unit_hours"].sum(),
                y=f["y"].sum(),
                crew="single",
            ),
        ]
    ),
    "E133": lambda f: pd.concat(
        [
            f.assign(
                unit_hours=f["unit_hours"] / n,
                officer_hours=f["officer_hours"] / n,
                y=(f["y"] if n == 2 else 0),
                x_marker=str(n),
            )
            for n in (2, 2.0001)
        ]
    ),
    "E134": lambda f: f[f["period_start"] != sorted(f["period_start"].unique())[2]],
}


BLANK = dict.fromkeys(
    (
        "dark_share",
        "attended",
        "y_injury",
        "incidents_assault",
        "grade1_share",
        "marker_share",
        "backup_min",
    ),
    "",
)


@pytest.mark.parametrize("code", SPOILT)
def test_an_export_that_is_no_exposure_is_refused_by_its_code(cells, tmp_path, code):
    path = tmp_path / "cells.csv"
    whole = cells.assign(**BLANK)

    def read(frame):
        frame.to_csv(path, index=False)
        about = (
            "source: made up\nretrieved: 2026-01-31\n"
            "crew_source: {hours: actual, victims: actual}\n"
        )
        path.with_name("cells.csv.meta.yml").write_text(about)
        return load(path)

    assert read(whole).rows == len(whole)
    with pytest.raises(Refusal) as caught:
        read(SPOILT[code](whole))
    assert set(caught.value.codes) == {code}


def test_rows_that_something_splits_are_added_up_on_confirmation(cells, tmp_path):
    SPOILT["E133"](cells).to_csv(tmp_path / "export.csv", index=False)
    with pytest.raises(Refusal, match="left out splits"):
        built(tmp_path, tmp_path / "export.csv")
    done = built(
        tmp_path,
        tmp_path / "export.csv",
        change=lambda t: t.replace("sum_rows: no", "sum_rows: yes"),
    )
    assert done.file.cells["y"].sum() == cells["y"].sum()
    assert len(done.file.cells) == len(cells)


def test_hours_that_a_join_repeats_are_taken_once_on_confirmation(cells, tmp_path):
    """Each row twice with all its hours, the victims on one of them: as a join of victims makes."""
    twice = pd.concat([cells.assign(x_marker="1"), cells.assign(x_marker="2", y=0)])
    twice.to_csv(tmp_path / "export.csv", index=False)
    done = built(
        tmp_path,
        tmp_path / "export.csv",
        change=lambda t: t.replace("sum_rows: no", "sum_rows: victims"),
    )
    for name in ("unit_hours", "officer_hours", "y"):
        assert done.file.cells[name].sum() == pytest.approx(cells[name].sum())


def test_a_unit_on_duty_twice_is_refused_and_a_hand_over_is_not():
    from officer_assaults.refusals import Problems

    def codes(*shifts):
        units, starts, ends = (np.array(part, dtype="int64") for part in zip(*shifts, strict=True))
        problems = Problems()
        check_units(units, starts * HOUR, ends * HOUR, np.arange(len(units)) + 2, problems)
        return [problem.code for problem in problems.found]

    assert codes((1, 0, 8), (1, 1, 8)) == ["E132"]
    assert codes((1, 0, 8), (1, 0, 8)) == ["E105"]
    assert codes((1, 0, 9), (1, 8, 17), (2, 0, 8)) == []


def test_an_officer_on_two_units_at_once_is_refused_unless_the_shifts_are_made_up(tmp_path):
    """The same officer twice counts hours that nobody worked, whatever the units are called."""
    data, side = write_template(tmp_path, "shifts")
    drawn = simulate_force(ForceParams(), 5, shifts=40).frames["crew_shifts"]
    alone = [f"{number:032x}" for number in range(2 * len(drawn))]
    drawn = drawn.assign(
        force="thames-valley", officer_id_1=alone[::2],
        officer_id_2=np.where(drawn["crew_actual"].astype(str) == "single", None, alone[1::2]),
    )  # fmt: skip
    text = side.read_text()
    answers = {"source": "log", "retrieved": "2024-04-30", "hours": "actual", "victims": "actual"}
    for name, answer in answers.items():
        text = text.replace(f"{name}: ASK", f"{name}: {answer}")
    side.write_text(text)

    def codes(frame, made_up):
        frame.assign(is_simulated=made_up).to_csv(data, index=False)
        try:
            load(data)
        except Refusal as refusal:
            return set(refusal.codes)
        return set()

    elsewhere = drawn.head(1).assign(unit_id="f" * 32, officer_id_2=None, crew_actual="single")
    again = pd.concat([drawn, elsewhere])
    assert codes(drawn, "no") == set()
    assert codes(again, "no") == {"E132"}
    assert codes(again, "yes") == set()


def test_a_row_of_more_hours_than_all_others_is_refused(cells, tmp_path):
    side = "source: log\nretrieved: 2026-01-31\ncrew_source: {hours: actual, victims: actual}\n"
    (tmp_path / "cells.csv.meta.yml").write_text(side)
    others = cells["unit_hours"].sum() / cells["unit_hours"].iloc[5] - 1
    for factor, expected in ((1, None), (1.5 * others, "E131")):
        frame = cells.assign(**BLANK)
        frame.loc[frame.index[5], ["unit_hours", "officer_hours"]] *= factor
        frame.to_csv(tmp_path / "cells.csv", index=False)
        if expected is None:
            assert load(tmp_path / "cells.csv").rows == len(cells)
        else:
            with pytest.raises(Refusal) as caught:
                load(tmp_path / "cells.csv")
            assert caught.value.codes == (expected,)


# One ratio by default; all four ten times over under OFFICER_ASSAULTS_RUNS=full.
FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
RUNS = [(ratio, seed) for ratio in (0.8, 1.0, 1.4, 2.5) for seed in range(10)]


def interval(folder, ratio, seed, days):
    for name, frame in zip(
        ("officers", "incidents", "assaults"), draw(ratio, seed, days), strict=True
    ):
        frame.to_csv(folder / f"{name}.csv", index=False)
    done = built(folder, *(folder / f"{n}.csv" for n in ("officers", "incidents", "assaults")))
    found = ladder(prepare(done.file.cells))[-1]
    return done, found


def test_the_interval_from_raw_tables_covers_a_known_ratio(tmp_path):
    covered = []
    for ratio, seed in RUNS if FULL else RUNS[25:26]:
        folder = tmp_path / f"{ratio}-{seed}"
        folder.mkdir()
        done, found = interval(folder, ratio, seed, 365 if FULL else 60)
        covered.append(found.lower <= ratio <= found.upper)
    share = np.mean(covered)
    assert share >= 0.9
    # With a start on 1 March the year holds both clock changes.
    assert "come twice" in done.text


def test_the_worked_example_runs_from_raw_tables_to_a_profile(tmp_path):
    folder = HERE.parents[2] / "data" / "examples" / "crewing"
    known = {**KNOWN, "force": "simulated-force", "retrieved": "2023-12-31"}
    mapping = tmp_path / "example.yml"
    mapping.write_text(confirm(propose([folder], tmp_path, known)))
    done = build_into(mapping)
    assert done.file.simulated
    assert "made up" in done.page.read_text()
    assert done.file.cells["y"].sum() == len(pd.read_csv(folder / "assaults.csv"))


@pytest.mark.parametrize(
    ("column", "moment"), [("Booked Off", "31/12/9999 23:59:59"), ("Booked On", "01/01/0001")]
)
def test_a_date_that_stands_for_none_is_refused_in_its_place(tmp_path, column, moment):
    folder = HERE.parents[2] / "data" / "examples" / "crewing"
    for path in folder.glob("*.csv"):
        shutil.copy(path, tmp_path)
    officers = pd.read_csv(tmp_path / "officers.csv", dtype=str)
    officers.loc[0, column] = f"{moment} 00:00:00"[:19]
    officers.to_csv(tmp_path / "officers.csv", index=False)
    known = {**KNOWN, "force": "simulated-force", "retrieved": "2023-12-31"}
    mapping = tmp_path / "example.yml"
    mapping.write_text(confirm(propose([tmp_path], tmp_path, known)))
    with pytest.raises(Refusal, match=r"officers.csv, row 2"):
        build_into(mapping)
