"""Home Office: bring a release of the official tables into ``data/`` as a new vintage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults.data import breaks, forces, readers, recorded, releases, schemas, tables
from officer_assaults.data.periods import FinancialYear, financial_year, quarter_days
from officer_assaults.data.schemas import (
    CONSTABLE_SERIES,
    CONTEXT_SERIES,
    INJURY,
    INJURY_STARTS,
    NO_INJURY,
    OTHER_SERIES,
    OTHER_WORKERS,
    OTHER_WORKERS_START,
)
from officer_assaults.data.workbooks import Progress, Table, plain, read
from officer_assaults.refusals import Problem, Problems, Refusal, nearest

#: Header spellings of the police recorded crime tables, in comparison form. Releases of 2020 wrote
#: "Offence Count"; exports by other tools join the words with dots or underscores.
CRIME_COLUMNS = {
    "Financial Year": ("financialyear", "year", "financialyr"),
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
    ),
}
#: Header spellings of the police workforce tables, in comparison form.
WORKFORCE_COLUMNS = {
    "As at 31 March": ("asat31march", "yearasat31march", "year"),
    "Force name": ("forcename", "force", "policeforce"),
    "Sex": ("sex", "gender"),
    "Rank": ("rank", "rankdescription"),
    "Worker type": ("workertype", "employeetype"),
    "Total (Headcount)": ("totalheadcount", "headcount", "headcounttotal"),
    "Total (FTE)": ("totalfte", "fte", "ftetotal"),
}
#: Bodies in the crime tables that are no police force.
NOT_FORCES = frozenset({"actionfraud", "cifas", "ukfinance", "financialfraudactionuk"})
TOTALS = frozenset(
    {"total", "totals", "englandandwales", "england", "wales", "allforces", "grandtotal"}
)
CODES = (NO_INJURY, INJURY, OTHER_WORKERS)
CONTEXT_CODES = ("8N", "105A", "66")
CRIME_URL = "https://www.gov.uk/government/statistics/police-recorded-crime-open-data-tables"
WORKFORCE_URL = "https://www.gov.uk/government/statistics/police-workforce-open-data-tables"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote and how it differs from the release before.

    Parameters
    ----------
    vintage : str
        The new release.
    previous : str
        The release it is compared with; empty if there is none.
    rows_read : int
        Rows of the official file.
    files : tuple of str
        Files written, relative to the project.
    same, changed : int
        Cells of the previous release that are equal, and that differ.
    largest : pandas.DataFrame
        The cells that changed most: key columns, before, after, change (relative).
    revisions : pandas.DataFrame
        Yearly figures revised by more than 5 %: key columns, before, after, change.
    new_periods : tuple of str
        Quarters or years that the previous release did not hold.
    gone : int
        Cells of the previous release that the new one lacks.
    new_breaks : pandas.DataFrame
        Breaks that the detector proposes in this release and did not in the previous one.
    notes : tuple of str
        What was skipped, dropped or is unusual, in words.
    """

    vintage: str
    previous: str
    rows_read: int
    files: tuple[str, ...]
    same: int
    changed: int
    largest: pd.DataFrame
    revisions: pd.DataFrame
    new_periods: tuple[str, ...]
    gone: int
    new_breaks: pd.DataFrame
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Summary for a terminal, one fact per line."""
        out = [
            f"Release {self.vintage}: {self.rows_read:,} rows read; wrote {', '.join(self.files)}."
        ]
        out += self._difference_lines()
        out += [
            f"New break proposed: {forces.names()[str(row['force'])]}, code {row['offence_code']}, "
            f"quarter from {row['quarter_start']:%d %B %Y}: {row['offences']} where "
            f"{row['expected']:.0f} were expected."
            for row in self.new_breaks.to_dict("records")
        ]
        return out + list(self.notes)

    def _difference_lines(self) -> list[str]:
        if not self.previous:
            return ["There is no earlier release to compare with."]
        out = [
            f"Against {self.previous}: {self.same:,} cells equal, {self.changed:,} changed, "
            f"{self.gone:,} gone; new periods: {', '.join(self.new_periods) or 'none'}."
        ]
        out += [
            f"Largest change: {_cell_words(row)}."
            for row in self.largest.head(1).to_dict("records")
        ]
        out += [
            f"Revised by more than 5 %: {_cell_words(row)}."
            for row in self.revisions.to_dict("records")
        ]
        return out


def _cell_words(row: dict[Any, Any]) -> str:
    parts = [_day_words(row[name]) for name in row if name not in ("before", "after", "change")]
    relative = f" ({row['change']:+.1%})" if row["before"] else ""
    return f"{', '.join(parts)}: {row['before']:,} to {row['after']:,}{relative}"


def _day_words(cell: object) -> str:
    return f"{cell:%d %B %Y}" if isinstance(cell, pd.Timestamp) else str(cell)


def import_recorded_crime(
    path: Path | str, vintage: str | None = None, *, progress: Progress | None = None
) -> Imported:
    """Bring a release of the police recorded crime open data in as a new vintage.

    Reads the Police Force Area tables: one row per financial year, quarter, force and offence,
    one sheet per year. Rows of one offence code with different descriptions are added up, because
    a code is the unit of the series; rows that repeat year, quarter, force, code and description
    are refused. Small negative counts, net of cancelled records, are kept and named.

    Parameters
    ----------
    path : Path or str
        ODS, XLSX or CSV file.
    vintage : str, optional
        Month of the release as ``"2024-01"``; by default read off the official file name
        (``...-tables-250124.ods``).
    progress : callable, optional
        As in :func:`officer_assaults.data.workbooks.read`.

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
    chosen = _vintage(path, vintage)
    releases.refuse_existing(recorded.FOLDER, chosen)
    table = read(path, CRIME_COLUMNS, progress)
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
    before = recorded.full_vintages()
    written = releases.write(
        {f"{recorded.FOLDER}/{chosen}": assaults, f"recorded-context/{chosen}": context},
        _crime_sidecar(path, chosen),
    )
    return _summary(chosen, before, len(rows), written, assaults, notes)


def import_workforce(
    path: Path | str, vintage: str | None = None, *, progress: Progress | None = None
) -> Imported:
    """Bring a release of the police workforce open data table in as a new vintage.

    Reads one row per day, force, sex, rank and worker type, and adds them up by force and day.

    Parameters
    ----------
    path, vintage, progress
        As in :func:`import_recorded_crime`.

    Returns
    -------
    Imported
        What was written and what changed.

    Raises
    ------
    Refusal
        As :func:`import_recorded_crime`, and E104 for a force without officers.
    """
    path = Path(path)
    chosen = _vintage(path, vintage)
    releases.refuse_existing("workforce", chosen)
    table = read(path, WORKFORCE_COLUMNS, progress)
    problems = Problems(file=path.name)
    rows, notes = _workforce_rows(table, problems)
    problems.raise_if_any()
    frame = _workforce(rows, chosen)
    releases.check(f"workforce/{chosen}", frame, problems)
    problems.raise_if_any()
    before = releases.existing("workforce")
    written = releases.write({f"workforce/{chosen}": frame}, _workforce_sidecar(path, chosen))
    return _workforce_summary(chosen, before, len(rows), written, frame, notes)


def _vintage(path: Path, vintage: str | None) -> str:
    if vintage is not None:
        if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", vintage):
            return vintage
        raise Refusal(
            Problem(
                "E107",
                f"'{vintage}' is no release month.",
                "Write it as 2024-01.",
                column="vintage",
            )
        )
    dated = re.search(r"(?<!\d)(\d{2})(0[1-9]|1[0-2])(\d{2})(?!\d)", path.stem)
    if dated:
        return f"20{dated[3]}-{dated[2]}"
    raise Refusal(
        Problem(
            "E107",
            "the file name does not tell the month of the release.",
            "Give it, for instance as 2024-01.",
            path.name,
            column="vintage",
        )
    )


def _crime_rows(table: Table, problems: Problems) -> tuple[pd.DataFrame, list[str]]:
    rows = _joined(table)
    rows = _with_forces(rows, "Force Name", problems)
    bodies = sorted(set(rows.loc[rows["force"] == "", "Force Name"]))
    rows = rows[rows["force"].ne("")]
    rows = rows.assign(
        first=_years(rows, problems),
        quarter=_quarters(rows, problems),
        code=rows["Offence Code"].map(_code),
        offences=_counts(rows, "Number of Offences", problems),
    )
    problems.raise_if_any()
    _check_sheets(rows, problems)
    _check_repeats(rows, problems)
    notes = [f"Sheets without data, skipped: {', '.join(table.skipped)}."] if table.skipped else []
    notes += [f"Bodies that are no police force, skipped: {', '.join(bodies)}."] if bodies else []
    start = [
        _quarter_start(first, quarter)
        for first, quarter in zip(rows["first"], rows["quarter"], strict=True)
    ]
    return rows.assign(quarter_start=pd.to_datetime(start).astype("datetime64[ns]")), notes


def _joined(table: Table) -> pd.DataFrame:
    parts = [sheet.frame.assign(sheet=sheet.name) for sheet in table.sheets]
    rows = pd.concat(parts)
    # A workbook mixes numbers, dates and text in one column; here every cell is compared as text.
    for name in rows.columns:
        if pd.api.types.infer_dtype(rows[name], skipna=False) != "string":
            rows[name] = rows[name].map(_text)
    return rows.rename_axis("row").reset_index()


def _place(row: Any) -> str:
    return f"sheet '{row['sheet']}': " if row["sheet"] else ""


def _with_forces(rows: pd.DataFrame, column: str, problems: Problems) -> pd.DataFrame:
    slugs: dict[object, str] = {}
    first = rows.drop_duplicates(column)
    for row in first.to_dict("records"):
        slugs[row[column]] = _force_slug(row, column, problems)
    return rows.assign(force=rows[column].map(slugs))


def _force_slug(row: dict[Any, Any], column: str, problems: Problems) -> str:
    name = "" if row[column] is None else str(row[column]).strip()
    if plain(name) in NOT_FORCES:
        return ""
    found = forces.find(name) if name else None
    if plain(name) in TOTALS or (found is not None and found.kind == "nation"):
        what = f"{_place(row)}'{name}' is a total among forces."
        problems.add("E124", what, "Delete the total rows.", row=row["row"], column=column)
        return ""
    if found is None:
        what = f"{_place(row)}'{name}' is not a police force."
        known = list(forces.names().values())
        problems.add("E101", what, nearest(name, known), row=row["row"], column=column)
        return ""
    return found.slug


def _years(rows: pd.DataFrame, problems: Problems) -> pd.Series:
    known: dict[object, int] = {}
    for row in rows.drop_duplicates("Financial Year").to_dict("records"):
        try:
            known[row["Financial Year"]] = financial_year(str(row["Financial Year"])).first
        except Refusal as refusal:
            problem = refusal.problems[0]
            problems.add(
                "E106",
                f"{_place(row)}{problem.what}",
                problem.remedy,
                row=row["row"],
                column="Financial Year",
            )
            known[row["Financial Year"]] = 0
    return rows["Financial Year"].map(known)


def _quarters(rows: pd.DataFrame, problems: Problems) -> pd.Series:
    known: dict[object, int] = {}
    for row in rows.drop_duplicates("Financial Quarter").to_dict("records"):
        match = re.fullmatch(r"[Qq]?\s*([1-4])(\.0)?", str(row["Financial Quarter"]).strip())
        if match is None:
            what = f"{_place(row)}'{row['Financial Quarter']}' is not a quarter."
            problems.add("E106", what, "Write 1 to 4.", row=row["row"], column="Financial Quarter")
        known[row["Financial Quarter"]] = int(match[1]) if match else 0
    return rows["Financial Quarter"].map(known)


def _counts(
    rows: pd.DataFrame,
    column: str,
    problems: Problems,
    *,
    whole: bool = True,
    needed: pd.Series | None = None,
) -> pd.Series:
    cells = rows[column].map(_text)
    values, wrong = readers.numbers(cells, whole=whole)
    if needed is not None:
        wrong &= needed
    bad = rows[wrong.to_numpy(dtype=bool)]
    for row, cell in list(zip(bad.to_dict("records"), cells[wrong], strict=True))[: readers.LISTED]:
        what, remedy = readers.explain_number(cell, whole=whole)
        problems.add("E102", f"{_place(row)}{what}", remedy, row=row["row"], column=column)
    if len(bad) > readers.LISTED:
        more = f"{len(bad) - readers.LISTED} further cells have problems of this kind."
        problems.add("E102", more, "Correct them likewise.", column=column)
    return values


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _code(cell: object) -> str:
    return re.sub(r"\.0+$", "", _text(cell)).replace(" ", "").upper()


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
            f"{_place(row)}{row['Force Name']}, {row['Financial Year']} quarter {row['quarter']}, "
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
        what = (
            f"{_place(row)}{row['offences']} offences of code {row['code']}, which did not exist."
        )
        problems.add(
            "E109", what, "Check year and code of the row.", row=row["row"], column="Offence Code"
        )
    summed = _by_quarter(mine[~early], ["code"]).rename(columns={"code": "offence_code"})
    summed["series"] = (
        summed["offence_code"].map({OTHER_WORKERS: OTHER_SERIES}).fillna(CONSTABLE_SERIES)
    )
    frame = summed.assign(vintage=vintage)[schemas.named(schemas.RECORDED_ASSAULTS)]
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
    return wide[schemas.named(schemas.RECORDED_CONTEXT)].sort_values(by, ignore_index=True)


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
    notes = []
    for start, present in held.items():
        absent = sorted(wanted - present)
        if absent:
            names = ", ".join(forces.names()[slug] for slug in absent)
            notes.append(f"No figures of code 104 for the quarter from {start:%d %B %Y}: {names}.")
    return notes


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
    earlier = [name for name in releases.existing("recorded-context") if name < vintage]
    if not earlier:
        return []
    key = ["force", "quarter_start"]
    old, new = (
        each.melt(key, list(CONTEXT_SERIES), "series", "offences").dropna()
        for each in (tables.load(f"recorded-context/{earlier[-1]}"), frame)
    )
    change = releases.differences(old, new, [*key, "series"])
    shared = change.same + len(change.changed)
    return [f"Other series: {len(change.changed):,} of {shared:,} cells differ from {earlier[-1]}."]


def _summary(
    vintage: str,
    before: list[str],
    rows_read: int,
    written: tuple[str, ...],
    frame: pd.DataFrame,
    notes: list[str],
) -> Imported:
    earlier = [name for name in before if name < vintage]
    previous = earlier[-1] if earlier else ""
    old = recorded.quarterly(previous) if previous else frame.iloc[:0].assign(flag="")
    old = old[old["flag"] != "structural zero"]
    change = releases.differences(old, frame, ["force", "quarter_start", "offence_code"])
    yearly = ["force", "financial_year", "offence_code"]
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
        changed=len(change.changed),
        largest=change.changed.head(10),
        revisions=releases.large(sums.changed),
        new_periods=tuple(f"quarter from {start:%d %B %Y}" for start in periods),
        gone=change.gone,
        new_breaks=fresh.reset_index(drop=True) if previous else fresh.iloc[:0],
        notes=tuple(notes),
    )


def _sums(frame: pd.DataFrame, other: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    shared = frame[frame["quarter_start"].isin(set(other["quarter_start"]))]
    sums: pd.DataFrame = shared.groupby(key)["offences"].sum().reset_index()
    return sums


def _workforce_rows(table: Table, problems: Problems) -> tuple[pd.DataFrame, list[str]]:
    rows = _with_forces(_joined(table), "Force name", problems)
    used = {"policeofficer", "policecommunitysupportofficer", "specialconstable"}
    kinds = {str(kind): plain(kind).removesuffix("s") for kind in rows["Worker type"].unique()}
    kind = rows["Worker type"].map(kinds)
    # Special constables and volunteers are counted as persons only, so the official table writes
    # N/A for their full-time equivalents; a cell that nothing is made of need not be a number.
    rows = rows.assign(
        kind=kind,
        year=_march_years(rows, problems),
        headcount=_counts(
            rows,
            "Total (Headcount)",
            problems,
            needed=kind.isin({"policeofficer", "specialconstable"}),
        ),
        fte=_counts(
            rows,
            "Total (FTE)",
            problems,
            whole=False,
            needed=kind.isin({"policeofficer", "policecommunitysupportofficer"}),
        ),
    )
    key = ["As at 31 March", "Force name", "Sex", "Rank", "Worker type"]
    for row in rows[rows.duplicated(key)].head(readers.LISTED).to_dict("records"):
        what = (
            f"{_place(row)}{row['Force name']}, {row['Rank']}, {row['Worker type']} stands twice."
        )
        problems.add("E105", what, "Keep one row per group.", row=row["row"])
    unused = sorted(name for name, kind in kinds.items() if kind not in used)
    notes = [f"Sheets without data, skipped: {', '.join(table.skipped)}."] if table.skipped else []
    notes += [f"Worker types not used: {', '.join(unused)}."] if unused else []
    return rows, notes


def _march_years(rows: pd.DataFrame, problems: Problems) -> pd.Series:
    known: dict[object, int] = {}
    for row in rows.drop_duplicates("As at 31 March").to_dict("records"):
        match = re.match(
            r"(?:31 March )?((?:19|20)\d{2})(?:\.0)?(?:-03-31.*)?$", _text(row["As at 31 March"])
        )
        if match is None:
            what = f"{_place(row)}'{row['As at 31 March']}' is not a year at 31 March."
            problems.add(
                "E106", what, "Write the year, as 2023.", row=row["row"], column="As at 31 March"
            )
        known[row["As at 31 March"]] = int(match[1]) if match else 0
    return rows["As at 31 March"].map(known)


def _workforce(rows: pd.DataFrame, vintage: str) -> pd.DataFrame:
    officers = rows["kind"] == "policeofficer"
    constables = officers & rows["Rank"].map(plain).isin({"constable", "constables"})
    women = officers & rows["Sex"].map(plain).isin({"female", "f", "women"})
    parts = {
        "officer_fte": (officers, "fte"),
        "officer_headcount": (officers, "headcount"),
        "constable_fte": (constables, "fte"),
        "female_officer_fte": (women, "fte"),
        "pcso_fte": (rows["kind"] == "policecommunitysupportofficer", "fte"),
        "specials_headcount": (rows["kind"] == "specialconstable", "headcount"),
    }
    key = [rows["force"], rows["year"]]
    frame = pd.DataFrame(
        {
            name: rows[value].where(mask).groupby(key).sum(min_count=1)
            for name, (mask, value) in parts.items()
        }
    ).reset_index()
    for name in ("officer_fte", "constable_fte", "female_officer_fte", "pcso_fte"):
        frame[name] = frame[name].astype("float64").round(2)
    frame["officer_headcount"] = frame["officer_headcount"].fillna(0).astype("int64")
    frame["specials_headcount"] = frame["specials_headcount"].astype("Int64")
    frame["as_at"] = pd.to_datetime(frame["year"].astype(str) + "-03-31").astype("datetime64[ns]")
    frame["vintage"] = vintage
    return frame[schemas.named(schemas.WORKFORCE)].sort_values(
        ["force", "as_at"], ignore_index=True
    )


def _workforce_summary(
    vintage: str,
    before: list[str],
    rows_read: int,
    written: tuple[str, ...],
    frame: pd.DataFrame,
    notes: list[str],
) -> Imported:
    earlier = [name for name in before if name < vintage]
    previous = earlier[-1] if earlier else ""
    old = tables.load(f"workforce/{previous}") if previous else frame.iloc[:0]
    key = ["force", "as_at"]
    change = releases.differences(old, frame, key, value="officer_fte")
    days = sorted(set(frame["as_at"]) - set(old["as_at"])) if previous else []
    return Imported(
        vintage=vintage,
        previous=previous,
        rows_read=rows_read,
        files=written,
        same=change.same,
        changed=len(change.changed),
        largest=change.changed.head(10),
        revisions=releases.large(change.changed),
        new_periods=tuple(f"{day:%d %B %Y}" for day in days),
        gone=change.gone,
        new_breaks=pd.DataFrame(columns=breaks.PROPOSAL),
        notes=(*notes, *releases.jumps(frame)),
    )


def _crime_sidecar(path: Path, vintage: str) -> dict[str, Any]:
    return {
        "title": f"Police recorded crime by force and quarter, release {vintage}",
        "source": "Police recorded crime open data, Police Force Area tables",
        "publisher": "Home Office",
        "url": CRIME_URL,
        "vintage": vintage,
        "notes": [f"Imported from {path.name}."],
    }


def _workforce_sidecar(path: Path, vintage: str) -> dict[str, Any]:
    return {
        "title": f"Police workforce by force at 31 March, release {vintage}",
        "source": "Police workforce open data table",
        "publisher": "Home Office",
        "url": WORKFORCE_URL,
        "vintage": vintage,
        "notes": [f"Imported from {path.name}."],
    }
