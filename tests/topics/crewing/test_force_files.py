"""Three tables as force systems give them: the cells are the same, or one message says why not."""

import datetime

import numpy as np
import pandas as pd
import pytest
from force_ways import (
    DATED,
    ZONE,
    book,
    built,
    moments,
    more,
    put,
    restyled,
    serial,
    sums,
    utc,
    with_,
)
from raw_logs import draw

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.intake.names import loosely


@pytest.fixture(autouse=True)
def _own_key(tmp_path, monkeypatch):
    monkeypatch.setenv("OFFICER_ASSAULTS_KEY_FOLDER", str(tmp_path / "secret"))


@pytest.fixture(scope="module")
def tables():
    """Three days of March 2023 with the night on which clocks go on."""
    return dict(zip(DATED, draw(1.4, 5, days=3, start="2023-03-24", base=1 / 40), strict=True))


def apart(tables):
    officers = tables["officers"]
    days = {
        f"{part} {way}": officers[f"Booked {way}"].str.slice(*cut)
        for way in ("On", "Off")
        for part, cut in (("Date", (0, 10)), ("Time", (11, 19)))
    }
    return tables | {"officers": officers.drop(columns=DATED["officers"]).assign(**days)}


def other_words(tables):
    names = {
        "Collar No": "Shoulder Number", "Call Sign": "Resource", "Booked On": "Duty Start",
        "Booked Off": "Duty End", "Area": "BCU", "Beat": "Beat Code", "At Scene": "Arrived",
        "Callsign": "Resource ID", "Crime No": "Occurrence No", "Committed": "Committed From",
        "Victim": "Officer Collar No", "HO Code": "Offence",
    }  # fmt: skip
    return {name: table.rename(columns=names) for name, table in tables.items()}


def messy(column):
    return [f" {x[0].lower()} {x[1:]}  " if n % 3 else x for n, x in enumerate(column)]


SAME = {
    "iso": lambda f, t: put(f, restyled(t, "%Y-%m-%d %H:%M:%S")),
    "utc with Z": lambda f, t: put(f, restyled(t, utc)),
    "dd-mmm-yy": lambda f, t: put(f, restyled(t, "%d-%b-%y %H:%M:%S")),
    "a month by name, am and pm": lambda f, t: put(f, restyled(t, "%d %B %Y %I:%M:%S %p")),
    "points, semicolons, Windows-1252": lambda f, t: put(
        f, restyled(t, "%d.%m.%Y %H:%M:%S"), sep=";", encoding="cp1252"
    ),
    "month first": lambda f, t: put(f, restyled(t, "%m/%d/%Y %H:%M:%S")),
    "compact": lambda f, t: put(f, restyled(t, "%Y%m%d %H%M%S")),
    "serial dates of Excel": lambda f, t: put(f, restyled(t, serial)),
    "columns written two ways": lambda f, t: put(
        f, t | {"officers": restyled(t, "%Y-%m-%d %H:%M:%S")["officers"].assign(
            **{"Booked Off": t["officers"]["Booked Off"]})}
    ),
    "day and time apart": lambda f, t: put(f, apart(t)),
    "UTF-16, tabs": lambda f, t: put(f, t, ".txt", "utf-16", sep="\t"),
    "a line that names the separator": lambda f, t: put(f, t, before="sep=;\r\n", sep=";"),
    "lines that end in CR": lambda f, t: put(f, t, lineterminator="\r"),
    "titles": lambda f, t: put(f, t, before="Kent Police\r\nRun on,01/06/2023\r\n\r\n"),
    "notes below": lambda f, t: put(f, t, after="\nEnd of report\nRows: 99\n"),
    "a note below, cut off": lambda f, t: put(f, t, after="\nEnd of report\nRows: 99"),
    "tabs named .xls": lambda f, t: put(f, t, ".xls", sep="\t"),
    "commas named .xlsx": lambda f, t: put(f, t, ".xlsx"),
    "a workbook named .csv": lambda f, t: (
        book(f, t), (f / "export.xlsx").rename(f / "export.csv")),
    "one workbook": book,
    "a workbook under titles and merged headings": lambda f, t: book(f, t, title=5),
    "OpenDocument": lambda f, t: book(f, t, ".ods", "odf"),
    "Parquet": lambda f, t: [
        table.to_parquet(f / f"{n}.parquet") for n, table in restyled(t, lambda r: r).items()],
    "other headers": lambda f, t: put(f, other_words(t)),
    "a total": lambda f, t: put(
        f, more(t, "officers", pd.DataFrame([{"Collar No": "Total", "Call Sign": "999"}]))),
    "call signs by case and spaces": lambda f, t: put(
        f, with_(t, "incidents", Callsign=messy(t["incidents"]["Callsign"]))),
    "ranks, noughts and spreadsheets": lambda f, t: put(
        f, with_(with_(t, "officers", **{"Collar No": "0" + t["officers"]["Collar No"]}),
                 "assaults", Victim=[
                     f"PC {x}" if n % 2 else f"{x}.0"
                     for n, x in enumerate(t["assaults"]["Victim"])])),
    "nobody arrived": lambda f, t: put(
        f, more(t, "incidents", t["incidents"].head(9).assign(**{"At Scene": "NULL"}))),
    "unknown units": lambda f, t: put(
        f, more(t, "incidents", t["incidents"].head(9).assign(Callsign="ZZ99"))),
    "victims off duty": lambda f, t: put(
        f, more(t, "assaults", t["assaults"].head(3).assign(
            **{"Crime No": ["x", "y", "z"], "Victim": "99999"}))),
    "rows that stand twice": lambda f, t: put(f, more(t, "officers", t["officers"].head(9))),
    "codes in words": lambda f, t: put(f, with_(t, "assaults", **{
        "HO Code": t["assaults"]["HO Code"].map({
            "104": "104/23 Assault without injury on a constable",
            "8S": "008/69 Assault with injury on a constable"})})),
    "files that are no tables": lambda f, t: (
        put(f, t), (f / "README.txt").write_text("Sent on 3 June.\nNo table.\n"),
        (f / "~$officers.xlsx").write_bytes(b"x"), (f / "notes.docx").write_bytes(b"PK")),
}  # fmt: skip


@pytest.fixture(scope="module")
def wanted(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    found = sums(built(folder, put, tables))
    # Hours of officers as booked, without any of the code above.
    hours = moments(tables["officers"]["Booked Off"]).dt.tz_localize(ZONE)
    hours = hours - moments(tables["officers"]["Booked On"]).dt.tz_localize(ZONE)
    assert found["officer_hours"].sum() == pytest.approx(hours.sum() / pd.Timedelta(hours=1))
    assert found["y"].sum() == len(tables["assaults"])
    return found


@pytest.mark.parametrize("how", SAME)
def test_the_cells_are_the_same_however_the_tables_come(how, tables, wanted, tmp_path):
    found = sums(built(tmp_path, SAME[how], tables))
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-5, check_dtype=False)


def same_day(tables):
    officers = tables["officers"]
    off = officers["Booked On"].str[:10] + officers["Booked Off"].str[10:]
    return with_(tables, "officers", **{"Booked Off": off})


REFUSED = {
    "a web page": (lambda f, t: (
        put(f, t), (f / "more.xls").write_text("<html><table></table></html>")),
        r"E124 more\.xls: is a web page"),
    "no table of assaults": (lambda f, t: put(f, {k: t[k] for k in ("officers", "incidents")}),
                             "E104 mapping.yml: names no table of assaults"),
    "headers that stand twice": (
        lambda f, t: put(f, t | {"officers": t["officers"].rename(columns={"Beat": "Area"})}),
        r"E124 officers\.csv, row 1: 'Area' stands twice"),
    "no book-off": (
        lambda f, t: put(f, with_(t, "officers", **{"Booked Off": t["officers"][
            "Booked Off"].where(np.arange(len(t["officers"])) > 3, "")})),
        r"E113 officers\.csv, row 2, column Booked Off: 4 cells are empty"),
    "officers not named": (
        lambda f, t: put(f, with_(t, "officers", **{"Collar No": t["officers"][
            "Collar No"].where(np.arange(len(t["officers"])) > 3, "NULL")})),
        r"E124 officers\.csv, row 2, column Collar No: 4 cells are empty: 'NULL'"),
    "one day for both ends": (lambda f, t: put(f, same_day(t)), "off_before_on: the next day"),
    "an empty file": (lambda f, t: (put(f, t), (f / "assaults.csv").write_bytes(b"")),
                      r"E124 assaults\.csv: is empty"),
    "a header alone": (lambda f, t: put(f, t | {"assaults": t["assaults"].head(0)}),
                       r"E124 assaults\.csv, row 1: has a header and no rows"),
    "one row each": (lambda f, t: put(f, {n: table.head(1) for n, table in t.items()}),
                     "E104 mapping.yml: 1 of 1 victims were not booked on"),
    "another force's officers": (
        lambda f, t: put(f, with_(t, "assaults", Victim="9" + t["assaults"]["Victim"])),
        r"E104 mapping\.yml: (\d+) of \1 victims .* \1 are officers who never were"),
    "a victim twice, in two files": (
        lambda f, t: put(f, t | {"later": t["assaults"].head(1)}),
        r"E105 .*name a crime and an officer that another row names"),
    "an impossible day": (
        lambda f, t: put(f, with_(t, "assaults", Committed=t["assaults"]["Committed"].where(
            np.arange(len(t["assaults"])) != 2, "31/02/2023 00:00:00"))),
        r"E113 assaults\.csv, row 4, column Committed: 1 cells are no date and time"),
    "a cell too many": (
        lambda f, t: (put(f, t), (f / "officers.csv").write_text(
            t["officers"].to_csv(index=False).replace("U03", "U,03", 1))),
        r"E124 officers\.csv, row \d+: has 7 cells where the header has 6"),
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
def test_what_cannot_be_read_gets_one_message(how, tables, tmp_path):
    write, message = REFUSED[how]
    with pytest.raises(Refusal, match=message) as caught:
        built(tmp_path, write, tables)
    assert len(caught.value.problems) == 1
    assert "nan" not in str(caught.value).lower().replace("nant", "")
    assert not (tmp_path / "mapping").exists()


def test_following_the_remedy_for_one_day_in_both_ends_gives_the_hours(tables, wanted, tmp_path):
    done = built(
        tmp_path,
        lambda f, t: put(f, same_day(t)),
        tables,
        lambda text: text.replace("off_before_on: refuse", "off_before_on: the next day"),
    )
    pd.testing.assert_frame_equal(sums(done), wanted, rtol=1e-6, check_dtype=False)


def test_names_that_are_alike_are_one_and_others_are_not():
    import polars as pl

    column = pl.Series(["PC 0123", "123", "123.0", " 123 ", "KE-01", "ke 01", "1-11", "11-1"])
    assert loosely(column, officers=True).to_list() == [*["123"] * 4, *["ke01"] * 2, "1-11", "11-1"]


def test_durations_and_times_of_a_workbook_are_read_to_the_second():
    from officer_assaults.topics.crewing.intake.sources import as_text

    assert as_text(datetime.time(7, 5, 9)) == "07:05:09"
    assert as_text(datetime.timedelta(hours=164, minutes=23)) == "164:23"
