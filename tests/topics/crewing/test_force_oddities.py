"""Oddities of force systems and of Excel: the same cells as from plain tables, or one message."""

import zipfile

import numpy as np
import pandas as pd
import polars as pl
import pytest
from force_ways import DATED, ZONE, book, built, moments, more, put, restyled, sums, with_
from raw_logs import draw

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.intake import dates
from officer_assaults.topics.crewing.intake.names import loosely

CLOCKS = pd.DatetimeIndex(
    ["2023-03-22 00:00", "2023-03-22 00:05", "2023-03-25 07:00", "2023-03-26 12:30",
     "2023-04-03 13:07", "2023-04-12 23:59", "2023-12-01 09:15", "2023-06-30 18:00"]
)  # fmt: skip


def _twelve(sign, mark):
    return lambda at: f"{at:%d/%m/%Y} {at.hour % 12 or 12}{sign}{at:%M}{mark(at)}"


def _ordinal(at):
    ends = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
    return f"{at.day}{ends.get(at.day, 'th')} {at:%B %Y %H:%M}"


def _part_of_day(at):
    return f"{at:%d/%m/%Y} {(at - at.normalize()) / pd.Timedelta(days=1):.9g}"


WRITTEN = {
    "day first": "%d/%m/%Y %H:%M",
    "two figures of the year": "%d/%m/%y %H:%M",
    "weekdays": "%a %d/%m/%Y %H:%M",
    "long weekdays": "%A, %d %B %Y %H:%M",
    "month first": "%m/%d/%Y %H:%M",
    "points": "%d.%m.%Y %H.%M",
    "year first": "%Y/%m/%d %H:%M",
    "the letter T": "%d/%m/%YT%H:%M",
    "a dash before the time": "%d/%m/%Y - %H:%M",
    "the time first": "%H:%M %d/%m/%Y",
    "four figures first": "%H%M %d/%m/%Y",
    "hrs": "%d/%m/%Y %H%Mhrs",
    "hours": "%d/%m/%Y %H:%M hours",
    "no colon": "%d/%m/%Y %H%M",
    "SAS": "%d%b%Y:%H:%M:%S",
    "SQL Server": "%b %d %Y %I:%M%p",
    "dashes": "%d-%b-%y %H:%M",
    "ISO, basic": "%Y%m%dT%H%M%S",
    "fourteen figures": "%Y%m%d%H%M%S",
    "ISO, thousandths": lambda at: at.isoformat(timespec="milliseconds"),
    "ordinals": _ordinal,
    "12 hours": _twelve(":", lambda at: f" {at:%p}"),
    "12 hours, small": _twelve(".", lambda at: "am" if at.hour < 12 else "pm"),
    "12 hours, points": _twelve(":", lambda at: " a.m." if at.hour < 12 else " p.m."),
    "noughts lost": lambda at: f"{at:%d/%m/%Y} {at.hour * 100 + at.minute}",
    "parts of a day": _part_of_day,
    "24:00": lambda at: (
        f"{at - pd.Timedelta(days=1):%d/%m/%Y} 24:00" if at == at.normalize()
        else f"{at:%d/%m/%Y %H:%M}"
    ),
    "serial": lambda at: f"{(at - pd.Timestamp('1899-12-30')) / pd.Timedelta(days=1):.9f}",
    "seconds of Unix": lambda at: f"{at.timestamp():.0f}",
    "thousandths of Unix": lambda at: f"{at.timestamp() * 1000:.0f}",
}  # fmt: skip


@pytest.mark.parametrize("how", WRITTEN)
def test_a_moment_is_told_and_read_in_every_way_of_writing(how):
    write = WRITTEN[how]
    cells = [at.strftime(write) if isinstance(write, str) else write(at) for at in CLOCKS]
    assert dates.dated(cells)
    style = dates.style_of(cells)
    read = [text.removesuffix("Z") for text in dates.iso_texts(cells, style)]
    assert pd.to_datetime(pd.Series(read), format="ISO8601").tolist() == CLOCKS.tolist()


@pytest.mark.parametrize(
    "cell", ["31/02/2023 07:00", "01/13/2023", "27/03/2023 7", "27/03/2023 13:00 pm", "27/03", "x"]
)
def test_what_is_no_moment_is_not_made_one(cell):
    assert dates.iso_texts([cell], "day first") == [""]


def test_days_and_months_that_changed_places_are_asked_about():
    cells = ["25/03/2023 07:00", "03/25/2023 07:00", "04/05/2023 07:00"]
    assert dates.style_of(cells) == "ASK"
    told = [dates.only_as(cells, style) for style in ("day first", "month first")]
    assert told == cells[:2]


@pytest.mark.parametrize(
    ("cells", "count"),
    [
        (["1234", "PC 1234", "1234 SMITH", "Smith, J (1234)", "1,234", "'1234", "1234.0"], 1),
        (["A 1234", "B 1234", "1234"], 3),
        (["KE1234", "ke 1234"], 1),
    ],
)
def test_one_officer_however_two_systems_write_the_number(cells, count):
    assert loosely(pl.Series(cells), officers=True).n_unique() == count


# --- whole tables ------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _own_key(tmp_path, monkeypatch):
    monkeypatch.setenv("OFFICER_ASSAULTS_KEY_FOLDER", str(tmp_path / "secret"))


@pytest.fixture(scope="module")
def tables():
    """Three days around the night on which clocks go on."""
    return dict(zip(DATED, draw(1.4, 5, days=3, start="2023-03-24", base=1 / 40), strict=True))


def restyled_part(tables, name, column, write):
    part = write(moments(tables[name][column]))
    return with_(tables, name, **{column: part})


def changed_book(change):
    def write(folder, tables):
        from openpyxl import load_workbook

        book(folder, tables)
        made = load_workbook(folder / "export.xlsx")
        change(made)
        made.save(folder / "export.xlsx")

    return write


def _hidden_copy(made):
    sheet = made.copy_worksheet(made["officers"])
    sheet.title, sheet.sheet_state = "old", "hidden"
    for row in sheet.iter_rows(min_row=2):
        row[0].value = f"9{row[0].value}"


def _serials(made):
    for sheet in made:
        for row in sheet.iter_rows(min_row=2):
            for cell in row:
                cell.number_format = "General"


def _numbers(made):
    for name, at in (("officers", 0), ("assaults", 2)):
        for row in made[name].iter_rows(min_row=2):
            row[at].value = float(row[at].value)


def _blank_columns(made):
    sheet = made["officers"]
    sheet.insert_cols(1, 2)
    sheet.insert_cols(5)
    sheet.insert_rows(1, 3)


def _apart_as_numbers(made):
    """A day and a part of a day in columns of their own, without a format."""
    sheet = made["officers"]
    for at, way in ((3, "On"), (4, "Off")):
        sheet.cell(1, at).value = f"Date {way}"
        new = sheet.max_column + 1
        sheet.cell(1, new).value = f"Time {way}"
        for row in range(2, sheet.max_row + 1):
            moment = pd.Timestamp(sheet.cell(row, at).value)
            sheet.cell(row, at).value = moment.normalize().to_pydatetime()
            sheet.cell(row, new).value = (moment - moment.normalize()) / pd.Timedelta(days=1)


def months(folder, tables, second=0.5):
    for number, (first, last) in enumerate(((0, 0.5), (second, 1)), 3):
        for name, table in restyled(tables, lambda read: read).items():
            part = table.iloc[int(first * len(table)) : int(last * len(table))]
            part.to_excel(folder / f"{name} 2023-{number:02d}.xlsx", index=False)


def parquet(change):
    def write(folder, tables):
        for name, table in restyled(tables, lambda read: read).items():
            change(name, table).to_parquet(folder / f"{name}.parquet")

    return write


def _in_utc(name, table):
    local = {
        column: table[column].dt.tz_localize(ZONE, ambiguous=True, nonexistent="shift_forward")
        for column in DATED[name]
    }
    return table.assign(**{column: at.dt.tz_convert("UTC") for column, at in local.items()})


def _categories(_, table):
    return table.assign(
        **{c: table[c].astype("category") for c in table if table[c].dtype.kind != "M"}
    )


def _gaps(_, table):
    rest = len(table) - 1
    return table.assign(
        Note=pd.array([pd.NA, *[1] * rest], dtype="Int64"),
        Flag=pd.array([pd.NA, *[True] * rest], dtype="boolean"),
    )


def one_row_a_crew(folder, tables):
    place = ["Call Sign", "Booked On", "Booked Off", "Beat", "Area"]
    crews = tables["officers"].groupby(place, sort=False)["Collar No"].agg(list).reset_index()
    apart = {f"Officer {n}": crews["Collar No"].str[n - 1].fillna("") for n in (1, 2)}
    put(folder, tables | {"officers": crews.drop(columns="Collar No").assign(**apart)})


def two_numbers(folder, tables):
    """Bookings with both numbers of an officer, assaults with the other alone."""
    officers, assaults = tables["officers"].copy(), tables["assaults"]
    officers.insert(0, "Warrant No", "W" + officers["Collar No"])
    officers = officers.rename(columns={"Collar No": "Officer No"})
    warrant = assaults.assign(**{"Warrant No": "W" + assaults["Victim"]}).drop(columns="Victim")
    crime = warrant.assign(**{"Officer No": range(len(warrant))})
    put(folder, tables | {"officers": officers, "assaults": crime})


def headers_again(folder, tables):
    officers = tables["officers"]
    again = pd.DataFrame([dict(zip(officers, officers, strict=True))])
    put(folder, tables | {"officers": pd.concat([officers[:50], again, officers[50:], again])})


def wrapped(folder, tables):
    put(folder, with_(tables, "officers", **{
        "Collar No": '="0' + tables["officers"]["Collar No"] + '"',
        "Call Sign": tables["officers"]["Call Sign"] + "\u00a0"}))  # fmt: skip


SAME = {
    "a hidden sheet": changed_book(_hidden_copy),
    "serial numbers in a workbook": changed_book(_serials),
    "numbers of officers as decimals": changed_book(_numbers),
    "blank columns and rows": changed_book(_blank_columns),
    "a day and a part of a day": changed_book(_apart_as_numbers),
    "a workbook a month": months,
    "Parquet, categories": parquet(_categories),
    "Parquet, time zone": parquet(_in_utc),
    "Parquet, gaps": parquet(_gaps),
    "one row a crew": one_row_a_crew,
    "two numbers an officer": two_numbers,
    "headers on every page": headers_again,
    "numbers as formulas, hard spaces": wrapped,
    "UTF-16 without its mark": lambda f, t: put(f, t, ".txt", "utf-16-le", sep="\t"),
    "the code page of DOS": lambda f, t: put(
        f, with_(t, "officers", Area="M\u00fc" + t["officers"]["Area"]), encoding="cp850"),
    "line breaks in headers": lambda f, t: put(
        f, {n: table.rename(columns=lambda c: c.replace(" ", "\n")) for n, table in t.items()}),
    "line breaks in cells": lambda f, t: put(
        f, with_(t, "incidents", Grade="\n" + t["incidents"]["Grade"] + "\nresponse")),
    "capitals and underscores": lambda f, t: put(
        f, {n: table.rename(columns=lambda c: c.upper().replace(" ", "_"))
            for n, table in t.items()}),
    "an export that nobody asked for": lambda f, t: (
        put(f, t), pd.DataFrame({"a\nb": [1], "c": [2]}).to_csv(f / "zz.csv", index=False)),
    "incidents twice": lambda f, t: put(f, more(t, "incidents", t["incidents"].head(40))),
    "incidents without a call sign": lambda f, t: put(
        f, more(t, "incidents", t["incidents"].head(9).assign(Callsign=""))),
    "assaults without an officer": lambda f, t: put(
        f, more(t, "assaults", t["assaults"].head(2).assign(**{"Crime No": "", "Victim": ""}))),
    "bookings without length": lambda f, t: put(
        f, more(t, "officers", t["officers"].tail(2).assign(
            **{"Collar No": "77", "Booked Off": t["officers"]["Booked On"].tail(2)}))),
    "page footers": lambda f, t: put(f, t, after='Page 1 of 1,,,\n"OFFICIAL-SENSITIVE",,,\n'),
    "true and false": lambda f, t: put(f, with_(t, "incidents", **{
        "Warning Marker": np.where(np.arange(len(t["incidents"])) % 2, "TRUE", "FALSE")})),
}  # fmt: skip


@pytest.fixture(scope="module")
def wanted(tables, tmp_path_factory):
    return sums(built(tmp_path_factory.mktemp("plain"), put, tables))


@pytest.mark.parametrize("how", SAME)
def test_the_cells_are_those_of_the_plain_tables(how, tables, wanted, tmp_path):
    found = sums(built(tmp_path, SAME[how], tables))
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-5, check_dtype=False)


def test_what_is_passed_over_is_said_in_the_mapping(tables, tmp_path):
    def write(folder, tables):
        changed_book(_hidden_copy)(folder, tables)
        tables["incidents"].drop(columns="Callsign").to_csv(folder / "logs.csv", index=False)

    built(tmp_path, write, tables)
    said = (tmp_path / "mapping.yml").read_text()
    assert "# Not used: export.xlsx: hidden sheets (old)\n" in said
    assert "# Not used: logs.csv: like incidents, but no column could be its call_sign" in said


def test_a_hidden_sheet_of_very_hidden_state_is_hidden_too(tables, wanted, tmp_path):
    def very(made):
        _hidden_copy(made)
        made["old"].sheet_state = "veryHidden"

    found = sums(built(tmp_path, changed_book(very), tables))
    assert found["officer_hours"].sum() == pytest.approx(wanted["officer_hours"].sum())


def mangled(folder, tables):
    """As Excel with American settings opens a CSV: what could be a month first became a date."""

    def turned(read):
        low = read.dt.day <= 12
        iso = read.dt.strftime("%Y-%d-%m %H:%M:%S")
        return read.dt.strftime("%d/%m/%Y %H:%M:%S").where(~low, iso)

    later = {
        name: table.assign(**{
            c: (moments(table[c]) + pd.Timedelta(days=18)).dt.strftime("%d/%m/%Y %H:%M:%S")
            for c in DATED[name]})
        for name, table in tables.items()
    }  # fmt: skip
    put(folder, restyled_part(later, "assaults", "Committed", turned))


def protected(folder, tables):
    put(folder, tables)
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)
    (folder / "more.xlsx").write_bytes(ole + "EncryptedPackage".encode("utf-16-le") + bytes(2000))


def zipped(folder, tables):
    put(folder, tables)
    with zipfile.ZipFile(folder / "more.csv", "w") as archive:
        archive.writestr("a.csv", "x")


def page(ending):
    def write(folder, tables):
        put(folder, tables)
        (folder / "officers.csv").unlink()
        tables["officers"].to_html(folder / f"officers{ending}", index=False)

    return write


def days_only(name, column):
    return lambda f, t: put(f, with_(t, name, **{column: t[name][column].str[:10]}))


REFUSED = {
    "days and months changed places": (
        mangled, r"E113 assaults\.csv, .* are written 'iso' in a column written 'day first'.*"
        r"cells that look right are wrong too"),
    "a password": (protected, r"E124 more\.xlsx: is protected by a password"),
    "an archive": (zipped, r"E124 more\.csv: is an archive \(ZIP\)"),
    "a web page named .xls": (page(".xls"), r"E124 officers\.xls: is a web page named '\.xls'"),
    "a web page named .csv": (page(".csv"), r"E124 officers\.csv: is a web page named '\.csv'"),
    "XML named .xls": (
        lambda f, t: (put(f, t), (f / "a.xls").write_text('<?xml version="1.0"?><Workbook/>')),
        r"E124 a\.xls: is XML"),
    "assaults without times": (
        days_only("assaults", "Committed"), r"E113 assaults\.csv, .*tell a day without a time"),
    "attendances without times": (
        days_only("incidents", "At Scene"), r"E113 incidents\.csv, .*tell a day without a time"),
    "still on duty": (
        lambda f, t: put(f, more(t, "officers", t["officers"].tail(1).assign(
            **{"Collar No": "77", "Booked Off": "31/12/2099 00:00:00"}))),
        r"E113 officers\.csv, row \d+, .*lie after the day of the export.*'still on duty'"),
    "folders in a folder": (
        lambda f, t: ((f / "2023").mkdir(), put(f / "2023", t)),
        r"E124: No tables found\. .* Folders in it: 2023\."),
    "areas named once": (
        lambda f, t: put(f, with_(t, "officers", Area=t["officers"]["Area"].where(
            ~t["officers"]["Area"].duplicated(), ""))),
        r"E124 officers\.csv, .*column Area: \d+ cells are empty.*fill it down"),
    "monthly files that overlap": (
        lambda f, t: months(f, t, 0.4),
        r"E105 assaults 2023-04\.xlsx, .* that another row names too \(in "),
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
def test_what_cannot_be_told_gets_one_message(how, tables, tmp_path):
    write, message = REFUSED[how]
    with pytest.raises(Refusal, match=message) as caught:
        built(tmp_path, write, tables)
    assert len(caught.value.problems) == 1
    assert not (tmp_path / "mapping").exists()
