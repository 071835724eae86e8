"""Official releases become new vintages, whole or not at all, and say what changed."""

import os
import zipfile

import pandas as pd
import pytest
from official_release import COLUMNS

from officer_assaults import files
from officer_assaults.data import check, exposure, forces, home_office, recorded, tables, workforce
from officer_assaults.data.workbooks import read
from officer_assaults.refusals import Refusal

KINDS = {
    "104": ("Assault without injury on a constable", "Violence without injury"),
    "8S": ("Assault with injury on a constable", "Violence with injury"),
    "8T": ("Assault on an emergency worker", "Violence without injury"),
}
YEARS = ("2016/17", "2017/18", "2018/19")


@pytest.fixture
def own_project(own_project):
    """The project as it stood before the releases of 2026, so that one of 2024 is the newest."""
    later = ("recorded-assaults/2026-04", "recorded-context/2026-04", "workforce/2023-07")
    for name in (*later, "officer-stocks/2026-01"):
        for suffix in (".csv", ".csv.meta.yml"):
            (own_project / "data" / f"{name}{suffix}").unlink()
    return own_project


def _official(years=YEARS, *, scale=1):
    """The 2023-10 figures of some years in the layout of the official file."""
    frame = recorded.quarterly("2023-10")
    frame = frame[frame["financial_year"].isin(years)]
    names = forces.names()
    rows = [
        (
            row.financial_year,
            row.quarter,
            names[row.force],
            KINDS[row.offence_code][0],
            "Violence against the person",
            KINDS[row.offence_code][1],
            row.offence_code,
            row.offences * scale,
        )
        for row in frame.itertuples()
    ]
    fraud = [
        (year, quarter, "Action Fraud", "Fraud", "Fraud offences", "Fraud", "AF", 60_000)
        for year in years
        for quarter in (1, 2, 3, 4)
    ]
    return pd.DataFrame(rows + fraud, columns=COLUMNS)


def _small(**changes):
    """A few rows of one force and quarter, for files that are wrong in one place."""
    row = dict(
        zip(COLUMNS, ["2018/19", 1, "Kent", *KINDS["104"][:1], "V", "W", "104", 233], strict=True)
    )
    second = {**row, "Force Name": "Essex", "Number of Offences": 180}
    return pd.DataFrame([row, {**second, **changes}])


def _write(frame, path, *, cover=True, sheet=None):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
        return path
    engine = "odf" if path.suffix == ".ods" else "openpyxl"
    with pd.ExcelWriter(path, engine=engine) as book:
        if cover:
            notes = pd.DataFrame({"Police recorded crime": ["Contents", "Notes", "2018-19"]})
            notes.to_excel(book, sheet_name="Contents", index=False)
        for year, part in frame.groupby("Financial Year"):
            name = sheet or str(year).replace("/", "-")
            part.to_excel(book, sheet_name=name, index=False)
    return path


@pytest.mark.parametrize(
    ("name", "vintage", "years", "whole"),
    [
        ("prc-pfa-mar2013-onwards-tables-250124.xlsx", None, YEARS, False),
        ("prc-pfa-mar2013-onwards-tables-250124.ods", None, YEARS[1:2], False),
        ("export.csv", "2024-01", None, True),
    ],
)
def test_a_release_comes_in_as_it_stands(own_project, tmp_path, name, vintage, years, whole):
    years = years or sorted(set(recorded.quarterly("2023-10")["financial_year"]))
    done = home_office.import_recorded_crime(_write(_official(years), tmp_path / name), vintage)
    assert done.vintage == recorded.vintages()[-1] == "2024-01"
    # Without the years before and after, or the other offences, the one before it still leads.
    assert recorded.newest() == "2023-10"
    assert all(what.startswith("series ") for what in done.lost) == whole
    key = ["force", "quarter_start", "offence_code", "offences", "series", "flag"]
    old = recorded.quarterly("2023-10")
    old = old[old["financial_year"].isin(years) & (old["flag"] != "structural zero")][key]
    new = recorded.quarterly("2024-01")[key]
    pd.testing.assert_frame_equal(
        old.sort_values(key[:3], ignore_index=True), new.sort_values(key[:3], ignore_index=True)
    )
    held = set(recorded.annual("2023-10")["financial_year"])
    assert set(recorded.annual("2024-01")["financial_year"]) == set(years) & held
    assert (done.same, done.changed, done.new_periods) == (len(old), 0, ())
    release = tables.release("recorded-assaults/2024-01")
    side = tables.sidecar(own_project / release.path)
    assert name in " ".join(side["notes"])
    assert side["received"] == {
        "file": name,
        "checksum": f"sha256:{files.sha256_file(tmp_path / name)}",
    }
    assert check.schema_results()["problems"].sum() == 0


def test_context_series_are_added_up_from_groups_and_codes(own_project, tmp_path):
    base = _official(YEARS[2:])
    extra = base[base["Offence Code"] == "104"].assign(**{"Number of Offences": 10})
    parts = [
        extra.assign(
            **{
                "Offence Code": code,
                "Offence Description": "Another offence",
                "Offence Group": group,
                "Offence Subgroup": sub,
            }
        )
        for code, group, sub in [
            ("8N", "Violence against the person", "Violence with injury"),
            ("105A", "Violence against the person", "Violence without injury"),
            ("125", "Public order offences", "Public order offences"),
            ("8/10", "Possession of weapons offences", "Possession of weapons offences"),
            ("92", "Drug offences", "Possession of drugs"),
        ]
    ]
    path = _write(pd.concat([base, *parts]), tmp_path / "x-250124.csv")
    done = home_office.import_recorded_crime(path)
    frame = recorded.context("2024-01")
    mine = frame[(frame["force"] == "thames-valley") & (frame["quarter"] == 1)]
    counts = mine.set_index("series")["offences"].to_dict()
    # 254 assaults on constables, 43 of them with injury, and ten of each other kind.
    held = recorded.quarterly("2023-10").set_index(["force", "offence_code", "quarter_start"])
    injury = held.loc[("thames-valley", "8S", "2018-04-01"), "offences"]
    assert counts == {
        "all-crime-except-fraud": 254 + 50,
        "violence-with-injury": injury + 10,
        "8N": 10,
        "105A": 10,
        "public-order": 10,
        "weapons": 10,
        "drugs": 10,
    }
    assert any(note.startswith("Other series: ") for note in done.notes)


@pytest.mark.parametrize(
    "spellings",
    [
        {"Number of Offences": "Offence Count"},
        {"Force Name": "Force_Name", "Number of Offences": "Number_of_Offences"},
        {"Financial Year": "Financial.Year", "Force Name": "Force.Name"},
        {"Force Name": "Force", "Number of Offences": "Offences"},
        {"Financial Quarter": "financial quarter ", "Offence Code": "OFFENCE CODE"},
    ],
)
def test_header_spellings_of_releases_are_known(tmp_path, spellings):
    path = _write(_small().rename(columns=spellings), tmp_path / "a.csv")
    table = read(path, home_office.CRIME_COLUMNS)
    assert list(table.sheets[0].frame.columns) == COLUMNS or set(table.sheets[0].frame) == set(
        COLUMNS
    )


def test_titles_above_the_header_and_a_byte_order_mark_are_passed_over(tmp_path):
    path = tmp_path / "a.csv"
    text = "Police recorded crime\nReleased 25 January 2024\n\n" + _small().to_csv(index=False)
    path.write_text(text, encoding="utf-8-sig")
    frame = read(path, home_office.CRIME_COLUMNS).sheets[0].frame
    assert frame["Force Name"].tolist() == ["Kent", "Essex"]
    book = tmp_path / "a.xlsx"
    with pd.ExcelWriter(book) as writer:
        _small().to_excel(writer, sheet_name="2018-19", index=False, startrow=4)
    sheet = read(book, home_office.CRIME_COLUMNS).sheets[0]
    assert sheet.frame.index.tolist() == [6, 7]


@pytest.mark.parametrize(
    ("changes", "code", "column", "said"),
    [
        ({"Force Name": "Essx"}, "E101", "Force Name", "Did you mean 'Essex'?"),
        ({"Force Name": "England and Wales"}, "E124", "Force Name", "total among forces"),
        ({"Force Name": "Total"}, "E124", "Force Name", "total among forces"),
        ({"Number of Offences": -400}, "E102", "offences", "too far below 0"),
        ({"Number of Offences": "1,057"}, "E102", "Number of Offences", "Write 1057"),
        ({"Number of Offences": ">50"}, "E102", "Number of Offences", "is a range"),
        ({"Number of Offences": 12.5}, "E102", "Number of Offences", "fraction"),
        ({"Number of Offences": ""}, "E102", "Number of Offences", "is empty"),
        ({"Number of Offences": "[x]"}, "E102", "Number of Offences", "missing value"),
        ({"Financial Year": "2018/20"}, "E106", "Financial Year", "not a financial year"),
        ({"Financial Quarter": 5}, "E106", "Financial Quarter", "not a quarter"),
        ({"Force Name": "Kent"}, "E105", None, "stands twice"),
        (
            {
                "Financial Year": "2016/17",
                "Offence Code": "8S",
                "Offence Description": KINDS["8S"][0],
            },
            "E109",
            "Offence Code",
            "did not exist",
        ),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_rows_that_are_wrong_are_named_and_nothing_is_written(
    own_project, tmp_path, refused, suffix, changes, code, column, said
):
    before = sorted((own_project / "data").rglob("*"))
    path = _write(_small(**changes), tmp_path / f"release-250124{suffix}")
    refusal = refused(lambda: home_office.import_recorded_crime(path))
    assert refusal.codes == (code,), str(refusal)
    problem = refusal.problems[0]
    assert (problem.file, problem.column) == (path.name, column)
    assert said in problem.what + problem.remedy
    assert sorted((own_project / "data").rglob("*")) == before


def test_all_wrong_rows_are_named_at_once(own_project, tmp_path, refused):
    frame = pd.concat([_small(**{"Force Name": "Knt"}), _small(**{"Number of Offences": "x"})])
    path = _write(frame, tmp_path / "release-250124.csv")
    refusal = refused(lambda: home_office.import_recorded_crime(path))
    assert [(problem.code, problem.row) for problem in refusal.problems] == [
        ("E101", 3),
        ("E102", 5),
    ]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "a-250124.xlsx",
            {"Offence Code": "Offence Codes"},
            "sheet '2018-19' lacks the column 'Offence Code'. Rename 'Offence Codes'",
        ),
        ("a-250124.csv", {"Financial Quarter": "Period"}, "lacks the column 'Financial Quarter'"),
        (
            "a-250124.csv",
            {"Offence Group": "Class", "Offence Subgroup": "Subclass"},
            "'Offence Group'",
        ),
        (
            "a-250124.csv",
            dict(zip(COLUMNS, "abcdefgh", strict=True)),
            "holds no sheet with the columns of this table",
        ),
    ],
)
def test_missing_columns_are_named_with_sheet_and_row(
    own_project, tmp_path, refused, name, change, said
):
    frame = _small()
    path = tmp_path / name
    if path.suffix == ".csv":
        frame.rename(columns=change).to_csv(path, index=False)
    else:
        with pd.ExcelWriter(path) as book:
            frame.rename(columns=change).to_excel(book, sheet_name="2018-19", index=False)
    refusal = refused(lambda: home_office.import_recorded_crime(path))
    assert set(refusal.codes) == {"E124"}
    assert said in str(refusal)
    assert "holds no sheet" in said or refusal.problems[0].row == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a-250124.ods", b"PK\x03\x04 cut short", "cannot be opened"),
        ("a-250124.xlsx", b"", "cannot be opened"),
        ("a-250124.csv", b"\xff\xfeF\x00", "UTF-16"),
        ("a-250124.csv", b"Force,\x96\n", "not UTF-8"),
        ("a-250124.pdf", b"%PDF", "is no table"),
        ("missing-250124.csv", None, "cannot be read"),
        ("missing-250124.ods", None, "cannot be read"),
    ],
)
def test_files_that_cannot_be_read_are_refused(own_project, tmp_path, refused, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    refusal = refused(lambda: home_office.import_recorded_crime(path))
    assert refusal.codes == ("E124",)
    assert said in str(refusal)
    assert "Traceback" not in str(refusal)


@pytest.mark.parametrize("suffix", [".ods", ".xlsx"])
def test_a_workbook_cut_in_half_is_refused(own_project, tmp_path, refused, suffix):
    whole = _write(_small(), tmp_path / f"a-250124{suffix}")
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert refused(lambda: home_office.import_recorded_crime(whole)).codes == ("E124",)
    broken = tmp_path / f"b-250124{suffix}"
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("content.xml", "<office")
    assert refused(lambda: home_office.import_recorded_crime(broken)).codes == ("E124",)


@pytest.mark.parametrize(
    ("name", "vintage", "code", "said"),
    [
        ("crime.csv", None, "E107", "does not tell the month"),
        ("crime.csv", "January 2024", "E107", "no release month"),
        ("crime.csv", "2023-10", "E107", "never overwritten"),
        ("prc-pfa-tables-191023.csv", None, "E107", "never overwritten"),
        ("crime.csv", "2018-05", "E106", "cannot hold the quarter"),
    ],
)
def test_the_month_of_the_release_must_be_known_new_and_late_enough(
    own_project, tmp_path, refused, name, vintage, code, said
):
    path = _write(_small(), tmp_path / name)
    refusal = refused(lambda: home_office.import_recorded_crime(path, vintage))
    assert refusal.codes == (code,)
    assert said in str(refusal)


def test_a_second_release_says_what_changed(own_project, tmp_path):
    frame = _official(YEARS[1:])
    kent = (frame["Force Name"] == "Kent") & (frame["Offence Code"] == "104")
    first = frame["Financial Quarter"] == 1
    late = frame["Financial Year"] == "2018/19"
    frame.loc[kent & first & late, "Number of Offences"] += 100
    frame.loc[kent & (frame["Financial Quarter"] == 2) & ~late, "Number of Offences"] = 800
    gone = (frame["Force Name"] == "Dorset") & late & first
    done = home_office.import_recorded_crime(_write(frame[~gone], tmp_path / "a-250124.csv"))
    assert (done.changed, done.previous) == (2, "2023-10")
    assert done.revised["before"].tolist() == [208, 233]
    assert done.revised["after"].tolist() == [800, 333]
    revised = done.revisions.set_index(["force", "financial_year"])
    assert revised.loc[("kent", "2017/18"), ["before", "after"]].tolist() == [928, 1520]
    assert revised.loc[("kent", "2018/19"), "change"] == pytest.approx(100 / 1017)
    text = "\n".join(done.lines())
    changed = "Kent, code 104, 01 July 2017: 208 before, 800 now (592 more, +285%)"
    assert f"Changed most: {changed}." in text
    assert "Dorset" in text
    assert "Bodies that are no police force, skipped: Action Fraud." in text
    revised = "Kent, code 104, 2018/19: 1,017 before, 1,117 now (100 more, +10%)"
    assert f"Revised by more than 5 %: {revised}." in text
    assert "inf" not in text
    proposed = done.new_breaks[["force", "offence_code"]].drop_duplicates().to_numpy().tolist()
    assert ["kent", "104"] in proposed
    side = recorded.vintages_side_by_side("kent").set_index(["financial_year", "offence_code"])
    assert side.loc[("2018/19", "104"), ["2023-10", "2024-01"]].tolist() == [1017, 1117]


def test_new_quarters_are_named(own_project, tmp_path):
    frame = _official(("2022/23",)).assign(**{"Financial Year": "2023/24"})
    frame = frame[frame["Financial Quarter"] <= 2]
    done = home_office.import_recorded_crime(_write(frame, tmp_path / "a-250124.csv"))
    assert done.new_periods == ("quarter from 01 July 2023",)


def test_small_negatives_are_kept_and_named(own_project, tmp_path):
    path = _write(_small(**{"Number of Offences": -2}), tmp_path / "a-250124.csv")
    done = home_office.import_recorded_crime(path)
    assert any("Negative, net of cancelled records: Essex" in note for note in done.notes)
    assert recorded.quarterly("2024-01")["flag"].tolist().count("negative") == 1


def test_rows_of_one_code_are_added_up(own_project, tmp_path):
    other = _small(**{"Force Name": "Kent", "Offence Description": "Another wording"})
    home_office.import_recorded_crime(_write(other, tmp_path / "a-250124.csv"))
    assert recorded.quarterly("2024-01")["offences"].tolist() == [233 + 180]


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_an_import_that_fails_half_way_leaves_nothing(own_project, tmp_path, monkeypatch, failing):
    before = sorted((own_project / "data").rglob("*"))
    path = _write(_small(), tmp_path / "a-250124.csv")
    calls = {"n": 0}

    def fail(function):
        def write(*arguments):
            calls["n"] += 1
            if calls["n"] == failing:
                raise OSError("disk full")
            return function(*arguments)

        return write

    monkeypatch.setattr(files, "write_atomic", fail(files.write_atomic))
    monkeypatch.setattr(files, "write_new", fail(files.write_new))
    with pytest.raises(Refusal, match="disk full"):
        home_office.import_recorded_crime(path)
    assert sorted((own_project / "data").rglob("*")) == before
    monkeypatch.undo()
    os.environ["OFFICER_ASSAULTS_ROOT"] = str(own_project)
    try:
        assert home_office.import_recorded_crime(path).vintage == "2024-01"
    finally:
        del os.environ["OFFICER_ASSAULTS_ROOT"]


def test_progress_counts_sheets_and_is_silent_in_a_log(own_project, tmp_path, capfd):
    seen = []
    path = _write(_official(YEARS[1:2]), tmp_path / "a-250124.xlsx")
    home_office.import_recorded_crime(path, progress=lambda *step: seen.append(step))
    assert seen == [(1, 2, "Contents"), (2, 2, "2017-18")]
    home_office.import_recorded_crime(path, "2024-02")
    assert capfd.readouterr() == ("", "")


STAFF = ["As at 31 March", "Geocode", "Force name", "Region", "Sex", "Rank", "Worker type"]
STAFF += ["Total (Headcount)", "Total (FTE)"]


def _staff(year=2023, **changes):
    rows = [
        [year, "E", force, "R", sex, rank, kind, head, fte]
        for force in ("Kent", "Hampshire and Isle of Wight", "British Transport Police")
        for sex, rank, kind, head, fte in [
            ("Female", "Constable", "Police Officer", 1000, 980.5),
            ("Male", "Constable", "Police Officer", 2000, 1990.25),
            ("Male", "Sergeant", "Police Officer", 400, 399.0),
            ("Female", "PCSO", "Police Community Support Officer", 90, 88.5),
            ("Male", "Special Constable", "Special Constable", 120, 0),
            ("Male", "Staff", "Police Staff", 900, 850),
        ]
    ]
    frame = pd.DataFrame(rows, columns=STAFF)
    return frame.assign(**changes)


@pytest.mark.parametrize("suffix", [".xlsx", ".ods", ".csv"])
def test_workforce_is_added_up_by_force_and_day(own_project, tmp_path, suffix):
    path = tmp_path / f"open-data-table-police-workforce-240723{suffix}"
    if suffix == ".csv":
        _staff().to_csv(path, index=False)
    else:
        with pd.ExcelWriter(path, engine="odf" if suffix == ".ods" else "openpyxl") as book:
            pd.DataFrame({"Notes": ["x"]}).to_excel(book, sheet_name="Cover", index=False)
            _staff().to_excel(book, sheet_name="Data", index=False)
    done = workforce.import_workforce(path)
    assert done.vintage == "2023-07"
    staff = tables.load("workforce/2023-07").set_index("force")
    assert staff.loc["hampshire", "officer_fte"] == 3369.75
    assert staff.loc["kent", "constable_fte"] == 2970.75
    assert staff.loc["kent", "female_officer_fte"] == 980.5
    assert staff.loc["kent", ["officer_headcount", "pcso_fte"]].tolist() == [3400, 88.5]
    assert staff.loc["kent", "specials_headcount"] == 120
    assert done.new_periods == ("31 March 2023",)
    assert "Worker types not used: Police Staff." in done.notes
    assert check.schema_results()["problems"].sum() == 0


def test_a_newer_workforce_gives_transport_police_a_denominator(own_project, tmp_path):
    for suffix in (".csv", ".csv.meta.yml"):
        (own_project / "data" / f"workforce/2022-07{suffix}").unlink()
    frame = pd.concat([_staff(2022), _staff(2023)])
    path = tmp_path / "workforce-240723.csv"
    frame.to_csv(path, index=False)
    workforce.import_workforce(path)
    assert exposure.of_force("btp", "2022/23") == 3369.75


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Total (FTE)": "n/a"}, "E102"),
        ({"Total (Headcount)": "N/A"}, "E102"),
        ({"Force name": ["Knt"] * 6 + ["Kent"] * 6 + ["Essex"] * 6}, "E101"),
        ({"As at 31 March": "September"}, "E106"),
        ({"Rank": "Constable", "Sex": "All", "Worker type": "Police Officer"}, "E105"),
        ({"Worker type": "Police Staff", "Rank": "x", "Sex": list("abcdef") * 3}, "E104"),
        ({"Total (Headcount)": 10}, "E104"),
    ],
)
def test_workforce_rows_that_are_wrong_are_refused(own_project, tmp_path, refused, changes, code):
    path = tmp_path / "workforce-240723.csv"
    _staff(**changes).to_csv(path, index=False)
    assert set(refused(lambda: workforce.import_workforce(path)).codes) == {code}
