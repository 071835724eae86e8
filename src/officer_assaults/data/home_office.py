"""Home Office: bring a release of the recorded crime tables into ``data/`` as a new vintage."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults.data import (
    bounds,
    breaks,
    forces,
    imported,
    readers,
    recorded,
    releases,
    schemas,
    tables,
)
from officer_assaults.data.columns import (
    CONSTABLE_SERIES,
    CONTEXT_SERIES,
    INJURY,
    INJURY_STARTS,
    NO_INJURY,
    OTHER_SERIES,
    OTHER_WORKERS,
    OTHER_WORKERS_START,
    column_names,
)
from officer_assaults.data.imported import Imported
from officer_assaults.data.periods import (
    FinancialYear,
    financial_year,
    financial_year_of,
    quarter_days,
    quarters_in_words,
)
from officer_assaults.data.workbooks import Progress, Table, plain, read
from officer_assaults.refusals import Problems, Refusal

#: Header spellings of the police recorded crime tables, in comparison form. Releases of 2020 wrote
#: "Offence Count"; exports by other tools join the words with dots or underscores.
CRIME_COLUMNS = {
    "Financial Year": ("financialyear", "year", "financialyr", "fy"),
    "Financial Quarter": ("financialquarter", "quarter", "financialqtr"),
    "Force Name": ("forcename", "force", "policeforce", "policeforcename", "policeforcearea"),
    "Offence Description": ("offencedescription", "offence", "offencename"),
    "Offence Group": ("offencegroup", "group"),
    "Offence Subgroup": ("offencesubgroup", "subgroup"),
    "Offence Code": ("offencecode", "code"),
    "Number of Offences": (
        "numberofoffences",
        "offencecount",
        "offences",
        "numberofrecordedoffences",
        "noofoffences",
        "count",
        "n",
    ),
}
CODES = (NO_INJURY, INJURY, OTHER_WORKERS)
CONTEXT_CODES = ("8N", "105A", "66")
#: How offence codes are written: a number, letters, parts joined by dots or strokes; no leading 0.
_CODE = re.compile(r"[1-9]\d{0,2}[A-Z]{0,2}(\.\d{1,2})?(/[1-9]\d{0,2}[A-Z]{0,2}(\.\d{1,2})?)*")
_QUARTER = re.compile(r"(?:q|qtr|quarter)?\.?\s*([1-4])(?:\.0)?", re.IGNORECASE)
#: Quarters by their months, as other tables of the publisher write them: "Apr-Jun".
_MONTHS = {
    f"{first[:cut]} {last[:cut]}": number
    for number, (first, last) in enumerate(
        (("april", "june"), ("july", "september"), ("october", "december"), ("january", "march")), 1
    )
    for cut in (3, None)
}
#: Marks for "not applicable" in official tables.
_NOT_APPLICABLE = frozenset({"n/a", "na", "#n/a", "[x]", "[z]", "..", "-", ":", "z", ""})
#: What to do where the release has no figure for a code that the project follows.
_NO_FIGURE = (
    "Take the figure from the publisher's own file. If that has none, remove the row: the release "
    "is then kept, says what it lacks, and does not lead."
)
#: Offences of the series by their descriptions, however they are coded.
_DESCRIBED = (
    (re.compile(r"emergency worker"), OTHER_WORKERS),
    (re.compile(r"without injury .*constable"), NO_INJURY),
    (re.compile(r"with injury .*constable"), INJURY),
)
TITLE = "Police recorded crime by force and quarter"
SOURCE = "Police recorded crime open data, Police Force Area tables"
CRIME_URL = "https://www.gov.uk/government/statistics/police-recorded-crime-open-data-tables"


def import_recorded_crime(
    path: Path | str,
    vintage: str | None = None,
    *,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Imported:
    """Bring a release of the police recorded crime open data in as a new vintage.

    Reads the Police Force Area tables: one row per financial year, quarter, force and offence,
    one sheet per year. Rows of one offence code with different descriptions are added up, because
    a code is the unit of the series; rows that repeat year, quarter, force, code and description
    are refused. Small negative counts, net of cancelled records, are kept and named. A row whose
    code is no code, or whose description says an assault on a constable under another code, is
    refused with its description: nothing unknown is dropped. "N/a" is taken as no figure in codes
    that no series names, and said; in the codes of a series it is refused. A release that lost
    periods, forces or codes against the one that leads is kept by its name and does not lead.

    Parameters
    ----------
    path : Path or str
        ODS, XLSX or CSV file, or a public copy of it as Parquet.
    vintage : str, optional
        Month of the release as ``"2024-01"``; by default read off the official file name
        (``...-tables-250124.ods``).
    progress : callable, optional
        As in :func:`officer_assaults.data.workbooks.read`.
    dry_run : bool
        Check and compare, and write nothing.

    Returns
    -------
    Imported
        What was written and what changed.

    Raises
    ------
    Refusal
        E107 if the vintage is unknown or exists already; E124 for the file or its layout; E101,
        E102, E105, E106, E109 for its rows. Nothing is written then.
    """
    path = Path(path)
    chosen = imported.vintage_of(path, vintage)
    releases.refuse_existing(recorded.FOLDER, chosen)
    held = bounds.Held(path)
    with held.blamed():
        table = _read(path, progress)
        problems = Problems(file=path.name)
        rows, notes = _crime_rows(table, problems)
        problems.raise_if_any()
        assaults, dropped = _assaults(rows, chosen, problems)
        context = _context(rows, chosen)
        if not problems.found:
            releases.check(f"recorded-context/{chosen}", context, problems)
        _check_coverage(assaults, chosen, problems)
        problems.raise_if_any()
        notes += dropped + _coverage_notes(assaults) + _negative_notes(assaults, context)
        notes += _context_notes(context, chosen)
        previous = releases.previous(recorded.FOLDER, chosen)
        lost = (*_lost(previous, assaults), *_lost_context(chosen, assaults, context))
        tables_ = {f"{recorded.FOLDER}/{chosen}": assaults, f"recorded-context/{chosen}": context}
        side = imported.sidecar(path, chosen, TITLE, SOURCE, CRIME_URL) | {
            "lacks": releases.lacks(previous, lost)
        }
        held.check()
    written = releases.write(tables_, side, dry_run=dry_run)
    return _summary(chosen, previous, len(rows), written, assaults, notes, lost, dry_run)


def _read(path: Path, progress: Progress | None) -> Table:
    """Rows of the table; one of outcomes, of the same publisher and layout, is told apart."""
    try:
        return read(path, CRIME_COLUMNS, progress)
    except Refusal as refusal:
        if any("Outcome " in problem.remedy for problem in refusal.problems):
            what = "is a table of outcomes, which counts no offences."
            remedy = "Give the Police Force Area table of offences; outcomes cannot be imported."
            raise Refusal.of("E124", what, remedy, path.name) from refusal
        raise


def _crime_rows(table: Table, problems: Problems) -> tuple[pd.DataFrame, list[str]]:
    rows = imported.joined(table)
    rows = imported.with_forces(rows, "Force Name", problems)
    bodies = sorted(set(rows.loc[rows["force"] == "", "Force Name"].map(imported.text_of)))
    rows = rows[rows["force"].ne("")]
    rows = rows.assign(
        first=_years(rows, problems),
        quarter=_quarters(rows, problems),
        code=rows["Offence Code"].map(_code),
    )
    _check_codes(rows, problems)
    _check_groups(rows, problems)
    rows, unstated = _numbered(rows, problems)
    problems.raise_if_any()
    _check_sheets(rows, problems)
    _check_repeats(rows, problems)
    notes = table.notes()
    notes += [f"Bodies that are no police force, skipped: {', '.join(bodies)}."] if bodies else []
    notes += unstated
    start = [
        _quarter_start(first, quarter)
        for first, quarter in zip(rows["first"], rows["quarter"], strict=True)
    ]
    return rows.assign(quarter_start=pd.to_datetime(start).astype("datetime64[ns]")), notes


def _years(rows: pd.DataFrame, problems: Problems) -> pd.Series:
    known: dict[object, int] = {}
    for row in rows.drop_duplicates("Financial Year").to_dict("records"):
        written = imported.text_of(row["Financial Year"])
        known[row["Financial Year"]] = 0
        try:
            known[row["Financial Year"]] = financial_year(written).first
        except Refusal as refusal:
            problem = refusal.problems[0]
            _note_period(row, "Financial Year", written, problem.what, problem.remedy, problems)
    return rows["Financial Year"].map(known)


def _quarters(rows: pd.DataFrame, problems: Problems) -> pd.Series:
    known: dict[object, int] = {}
    for row in rows.drop_duplicates("Financial Quarter").to_dict("records"):
        written = imported.text_of(row["Financial Quarter"])
        number = _quarter(written)
        if not number:
            what = f"'{written}' is not a quarter."
            remedy = "Write 1 to 4, as the publisher does; 1 is April to June."
            _note_period(row, "Financial Quarter", written, what, remedy, problems)
        known[row["Financial Quarter"]] = number
    return rows["Financial Quarter"].map(known)


def _quarter(written: str) -> int:
    """Quarter of a financial year, by number or by its months; 0 if the text names none."""
    match = _QUARTER.fullmatch(written)
    if match:
        return int(match[1])
    return _MONTHS.get(re.sub(r"[^a-z]+", " ", written.casefold().replace(" to ", " ")).strip(), 0)


def _note_period(
    row: dict[Any, Any], column: str, written: str, what: str, remedy: str, problems: Problems
) -> None:
    if not written:
        what, remedy = "the cell is empty.", imported.FILL
    problems.add("E106", f"{imported.place(row)}{what}", remedy, row=row["row"], column=column)


def _code(cell: object) -> str:
    return re.sub(r"\.0+$", "", imported.text_of(cell)).replace(" ", "").upper()


def _check_codes(rows: pd.DataFrame, problems: Problems) -> None:
    """Refuse rows whose code is none, or is not the one their description belongs to."""
    kinds = rows.drop_duplicates(["code", "Offence Description"])
    wrong = 0
    for row in kinds.to_dict("records"):
        what, remedy = _code_fault(str(row["code"]), row)
        if not what:
            continue
        same = (rows["code"] == row["code"]) & (
            rows["Offence Description"] == row["Offence Description"]
        )
        wrong += 1
        if wrong <= readers.LISTED:
            extent = f" ({int(same.sum()):,} rows)" if same.sum() > 1 else ""
            problems.add(
                "E124",
                f"{imported.place(row)}{what}{extent}",
                remedy,
                row=row["row"],
                column="Offence Code",
            )


def _check_groups(rows: pd.DataFrame, problems: Problems) -> None:
    """Refuse rows without a group: they would drop out of the series of their group."""
    for column in ("Offence Group", "Offence Subgroup"):
        bare = rows[rows[column].map(imported.text_of) == ""]
        if not bare.empty:
            row = bare.iloc[0]
            extent = f" ({len(bare):,} rows)" if len(bare) > 1 else ""
            what = f"{imported.place(row)}the cell is empty{extent}."
            problems.add("E124", what, imported.FILL, row=int(row["row"]), column=column)


def _code_fault(code: str, row: dict[Any, Any]) -> tuple[str, str]:
    described = imported.text_of(row["Offence Description"]) or "no description"
    written = imported.text_of(row["Offence Code"])
    expected = next((c for rule, c in _DESCRIBED if rule.search(described.casefold())), "")
    if expected and code != expected:
        remedy = f"The series counts it as {expected}: correct the cell if that is it, or ask the "
        remedy += "publisher what became of the code."
        return f"'{described}' has the code '{written}'.", remedy
    if not _CODE.fullmatch(code):
        remedy = "Write the code as the publisher does, for instance 104; leave no row out."
        return f"'{described}' has the code '{written}', which is none.", remedy
    return "", ""


def _numbered(rows: pd.DataFrame, problems: Problems) -> tuple[pd.DataFrame, list[str]]:
    """Read counts; marks for "not applicable" pass in codes that no series names."""
    cells = rows["Number of Offences"].map(imported.text_of)
    fraud = rows["Offence Group"].map(plain).str.contains("fraud")
    named = rows["code"].isin([*CODES, *CONTEXT_CODES])
    empty = cells.str.casefold().isin(_NOT_APPLICABLE) & ~named
    needed = ~empty & ~fraud
    counted = imported.counts(
        rows, "Number of Offences", problems, needed=needed, absent=_NO_FIGURE
    )
    rows = rows.assign(offences=counted.fillna(0).astype("int64"))
    codes = sorted(set(rows.loc[empty & ~fraud, "code"]))
    if not codes:
        return rows, []
    number = int((empty & ~fraud).sum())
    said = "1 cell holds no figure and counts" if number == 1 else f"{number} cells hold no figure"
    said += "" if number == 1 else " and count"
    listed = ", ".join(codes[: imported.LISTED])
    return rows, [f"{said} as none, in codes that no series names: {listed}."]


def _quarter_start(first: int, quarter: int) -> date:
    return FinancialYear(first).quarters[quarter - 1]


def _check_sheets(rows: pd.DataFrame, problems: Problems) -> None:
    for name, part in rows.groupby("sheet"):
        match = re.search(r"(\d{4})[-_/ ](\d{2})(?!\d)", str(name))
        other = part[part["first"] != int(match[1])] if match else part.iloc[:0]
        if not other.empty:
            row = other.iloc[0]
            what = f"sheet '{name}' holds rows of {row['Financial Year']}."
            problems.add(
                "E106", what, "Check the file.", row=int(row["row"]), column="Financial Year"
            )


def _check_repeats(rows: pd.DataFrame, problems: Problems) -> None:
    key = ["first", "quarter", "force", "code", "Offence Description"]
    again = rows[rows.duplicated(key)]
    for row in again.head(readers.LISTED).to_dict("records"):
        what = (
            f"{imported.place(row)}{row['Force Name']}, {row['Financial Year']} quarter "
            f"{row['quarter']}, "
            f"code {row['code']} stands twice."
        )
        problems.add("E105", what, "Keep one row per offence.", row=row["row"])
    if len(again) > readers.LISTED:
        problems.add(
            "E105", f"{len(again) - readers.LISTED} further rows repeat a key.", "Keep one."
        )


def _assaults(
    rows: pd.DataFrame, vintage: str, problems: Problems
) -> tuple[pd.DataFrame, list[str]]:
    mine = rows[rows["code"].isin(CODES)]
    starts = mine["code"].map(
        {INJURY: pd.Timestamp(INJURY_STARTS), OTHER_WORKERS: pd.Timestamp(OTHER_WORKERS_START)}
    )
    early = (mine["quarter_start"] < starts) & starts.notna()
    for row in mine[early & (mine["offences"] != 0)].to_dict("records"):
        held = f"{row['offences']} offences of code {row['code']}"
        what = f"{imported.place(row)}{held}, which did not exist."
        problems.add(
            "E109", what, "Check year and code of the row.", row=row["row"], column="Offence Code"
        )
    summed = _by_quarter(mine[~early], ["code"]).rename(columns={"code": "offence_code"})
    summed["series"] = (
        summed["offence_code"].map({OTHER_WORKERS: OTHER_SERIES}).fillna(CONSTABLE_SERIES)
    )
    frame = summed.assign(vintage=vintage)[column_names(schemas.of_release("recorded-assaults"))]
    releases.check(f"{recorded.FOLDER}/{vintage}", frame, problems)
    note = f"Zeros before a code existed, dropped: {int(early.sum())}."
    return frame, [note] if early.any() else []


def _by_quarter(rows: pd.DataFrame, extra: list[str]) -> pd.DataFrame:
    key = ["force", "quarter_start", "first", "quarter", *extra]
    summed: pd.DataFrame = rows.groupby(key, sort=True)["offences"].sum().reset_index()
    labels = {first: FinancialYear(first).label for first in summed["first"].unique()}
    return summed.assign(financial_year=summed["first"].map(labels))


def _context(rows: pd.DataFrame, vintage: str) -> pd.DataFrame:
    group = rows["Offence Group"].map(plain)
    subgroup = rows["Offence Subgroup"].map(plain)
    parts = {
        "all-crime-except-fraud": ~group.str.contains("fraud"),
        "violence-with-injury": subgroup == "violencewithinjury",
        "public-order": group.str.startswith("publicorder"),
        "weapons": group.str.contains("weapons"),
        "drugs": group.str.startswith("drug"),
    }
    parts |= {code: rows["code"] == code for code in CONTEXT_CODES}
    summed = [_by_quarter(rows[mask], []).assign(series=name) for name, mask in parts.items()]
    frame = pd.concat(summed, ignore_index=True)
    wide = frame.pivot_table(
        index=["force", "quarter_start"], columns="series", values="offences", aggfunc="sum"
    )
    wide = wide.reindex(columns=list(parts)).astype("Int64").reset_index().assign(vintage=vintage)
    wide.columns.name = None
    by = ["force", "quarter_start"]
    return wide[column_names(schemas.of_release("recorded-context"))].sort_values(
        by, ignore_index=True
    )


def _check_coverage(frame: pd.DataFrame, vintage: str, problems: Problems) -> None:
    if frame.empty:
        problems.add("E124", "holds no offences of the codes 104, 8S or 8T.", "Check the file.")
        return
    last = frame["quarter_start"].max().date()
    end = last.replace(day=1).toordinal() + quarter_days(last)
    if date(int(vintage[:4]), int(vintage[5:]), 28).toordinal() < end:
        what = f"a release of {vintage} cannot hold the quarter from {last:%d %B %Y}."
        problems.add("E106", what, "Check the month of the release.", column="vintage")


def _coverage_notes(frame: pd.DataFrame) -> list[str]:
    wanted = set(forces.slugs("territorial")) | set(forces.slugs("transport"))
    held = frame[frame["offence_code"] == NO_INJURY].groupby("quarter_start")["force"].agg(set)
    runs: list[tuple[set[str], list[Any]]] = []
    for start, present in held.items():
        absent = wanted - present
        if runs and runs[-1][0] == absent:
            runs[-1][1].append(start)
        else:
            runs.append((absent, [start]))
    return [
        f"No figures of code {NO_INJURY} in {_quarters_words(days)}: "
        f"{', '.join(forces.names()[slug] for slug in sorted(absent))}."
        for absent, days in runs
        if absent
    ]


def _quarters_words(days: list[Any]) -> str:
    if len(days) == 1:
        return f"1 quarter, {days[0]:%B %Y}"
    return f"{len(days)} quarters, {days[0]:%B %Y} to {days[-1]:%B %Y}"


def _negative_notes(assaults: pd.DataFrame, context: pd.DataFrame) -> list[str]:
    key = ["force", "quarter_start"]
    other = context.melt(key, list(CONTEXT_SERIES), "what", "offences").dropna()
    both = pd.concat([assaults.rename(columns={"offence_code": "what"}), other])
    return [
        f"Negative, net of cancelled records: {forces.names()[row['force']]}, {row['what']}, "
        f"quarter from {row['quarter_start']:%d %B %Y}: {row['offences']}."
        for row in both[both["offences"] < 0].to_dict("records")
    ]


def _context_notes(frame: pd.DataFrame, vintage: str) -> list[str]:
    earlier = releases.previous("recorded-context", vintage)
    if not earlier:
        return []
    key = ["force", "quarter_start"]
    old, new = (
        each.melt(key, list(CONTEXT_SERIES), "series", "offences").dropna()
        for each in (tables.load(f"recorded-context/{earlier}"), frame)
    )
    change = releases.differences(old, new, [*key, "series"])
    shared = change.same + len(change.changed)
    return [f"Other series: {len(change.changed):,} of {shared:,} cells differ from {earlier}."]


def _lost(previous: str, frame: pd.DataFrame) -> tuple[str, ...]:
    """Quarters, forces and codes that the release before held and this one does not."""
    if not previous:
        return ()
    old = recorded.quarterly(previous)
    old = old[old["flag"] != "structural zero"]
    days = sorted(set(old["quarter_start"]) - set(frame["quarter_start"]))
    lost = [_quarters_words(days)] if days else []
    gone = sorted(set(old["force"]) - set(frame["force"]))
    lost += [f"force {forces.names()[slug]}" for slug in gone]
    codes = sorted(set(old["offence_code"]) - set(frame["offence_code"]))
    lost += [f"code {code}" for code in codes]
    rest = old[
        ~old["quarter_start"].isin(days)
        & ~old["force"].isin(gone)
        & ~old["offence_code"].isin(codes)
    ]
    return (*lost, *_lost_cells(rest, frame, "offence_code", "code"))


def _lost_context(vintage: str, assaults: pd.DataFrame, context: pd.DataFrame) -> tuple[str, ...]:
    """Other series that the release before held and this one does not."""
    earlier = releases.previous("recorded-context", vintage)
    if not earlier:
        return ()
    key = ["force", "quarter_start"]
    old, new = (
        frame.melt(key, list(CONTEXT_SERIES), "series", "offences").dropna()
        for frame in (tables.load(f"recorded-context/{earlier}"), context)
    )
    series = sorted(set(old["series"]) - set(new["series"]))
    # Quarters and forces that are gone altogether are said of the assaults already.
    rest = old[
        old["quarter_start"].isin(set(assaults["quarter_start"]))
        & old["force"].isin(set(assaults["force"]))
        & ~old["series"].isin(series)
    ]
    years = {day: financial_year_of(day) for day in rest["quarter_start"].unique()}
    numbers = {day: year.quarters.index(day.date()) + 1 for day, year in years.items()}
    rest = rest.assign(
        financial_year=rest["quarter_start"].map({day: years[day].label for day in years}),
        quarter=rest["quarter_start"].map(numbers),
    )
    named = tuple(f"series {each}" for each in series)
    return (*named, *_lost_cells(rest, new, "series", "series"))


def _lost_cells(old: pd.DataFrame, new: pd.DataFrame, column: str, word: str) -> tuple[str, ...]:
    """Quarters of a force's series that are gone, by year; one quarter is enough."""
    key = ["force", "quarter_start", column]
    both = old.merge(new[key], on=key, how="left", indicator=True)
    both["gone"] = both["_merge"] == "left_only"
    yearly = ["force", "financial_year", column]
    touched = both.groupby(yearly)["gone"].transform("any")
    lost = []
    for (slug, year, name), rows in both[touched].groupby(yearly):
        which = quarters_in_words(sorted(rows.loc[rows["gone"], "quarter"]))
        part = "" if rows["gone"].all() else f"{which} of "
        lost.append(f"{word} {name} of {forces.names()[str(slug)]} in {part}{year}")
    return tuple(lost)


def _summary(
    vintage: str,
    previous: str,
    rows_read: int,
    written: tuple[str, ...],
    frame: pd.DataFrame,
    notes: list[str],
    lost: tuple[str, ...],
    dry_run: bool,
) -> Imported:
    old = recorded.quarterly(previous) if previous else frame.iloc[:0].assign(flag="")
    old = old[old["flag"] != "structural zero"]
    change = releases.differences(old, frame, ["force", "offence_code", "quarter_start"])
    yearly = ["force", "offence_code", "financial_year"]
    sums = releases.differences(_sums(old, frame, yearly), _sums(frame, old, yearly), yearly)
    proposed = breaks.detect(frame).merge(
        breaks.detect(old)[breaks.PROPOSAL[:3]], how="left", indicator=True
    )
    fresh = proposed[proposed["_merge"] == "left_only"].drop(columns="_merge")
    periods = sorted(set(frame["quarter_start"]) - set(old["quarter_start"])) if previous else []
    return Imported(
        vintage=vintage,
        previous=previous,
        rows_read=rows_read,
        files=written,
        same=change.same,
        revised=change.changed,
        revisions=releases.large(sums.changed),
        new_periods=tuple(f"quarter from {start:%d %B %Y}" for start in periods),
        gone=change.gone,
        new_breaks=fresh.reset_index(drop=True) if previous else fresh.iloc[:0],
        notes=tuple(notes),
        lost=lost,
        dry_run=dry_run,
    )


def _sums(frame: pd.DataFrame, other: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    shared = frame[frame["quarter_start"].isin(set(other["quarter_start"]))]
    sums: pd.DataFrame = shared.groupby(key)["offences"].sum().reset_index()
    return sums
