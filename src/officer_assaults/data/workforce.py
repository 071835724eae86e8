"""Workforce: bring a release of the police workforce table into ``data/`` as a new vintage."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from officer_assaults.data import bounds, breaks, imported, readers, releases, schemas, tables
from officer_assaults.data.columns import column_names
from officer_assaults.data.imported import Imported
from officer_assaults.data.workbooks import Progress, Table, plain, read
from officer_assaults.refusals import Problems

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
TITLE = "Police workforce by force at 31 March"
SOURCE = "Police workforce open data table"
WORKFORCE_URL = "https://www.gov.uk/government/statistics/police-workforce-open-data-tables"
#: Figures compared with the release before.
MEASURES = (
    "officer_fte",
    "officer_headcount",
    "constable_fte",
    "female_officer_fte",
    "pcso_fte",
    "specials_headcount",
)


def import_workforce(
    path: Path | str,
    vintage: str | None = None,
    *,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Imported:
    """Bring a release of the police workforce open data table in as a new vintage.

    Reads one row per day, force, sex, rank and worker type, and adds them up by force and day. Only
    what is added up must be a number: the official table writes N/A for the full-time equivalents
    of people who are counted as persons only.

    Parameters
    ----------
    path, vintage, progress, dry_run
        As in :func:`officer_assaults.data.home_office.import_recorded_crime`.

    Returns
    -------
    Imported
        What was written and what changed.

    Raises
    ------
    Refusal
        As for recorded crime, and E104 for a force without officers.
    """
    path = Path(path)
    chosen = imported.vintage_of(path, vintage)
    releases.refuse_existing("workforce", chosen)
    held = bounds.Held(path)
    with held.blamed():
        table = read(path, WORKFORCE_COLUMNS, progress)
        problems = Problems(file=path.name)
        rows, notes = _workforce_rows(table, problems)
        problems.raise_if_any()
        frame = _workforce(rows, chosen)
        releases.check(f"workforce/{chosen}", frame, problems)
        problems.raise_if_any()
        previous = releases.previous("workforce", chosen)
        old = tables.load(f"workforce/{previous}") if previous else frame.iloc[:0]
        lost = releases.lost_rows(old, frame, "as_at", MEASURES)
        side = imported.sidecar(path, chosen, TITLE, SOURCE, WORKFORCE_URL) | {
            "lacks": releases.lacks(previous, lost)
        }
        held.check()
    written = releases.write({f"workforce/{chosen}": frame}, side, dry_run=dry_run)
    change = releases.changes(old, frame, ["force", "as_at"], MEASURES)
    days = sorted(set(frame["as_at"]) - set(old["as_at"])) if previous else []
    return Imported(
        vintage=chosen,
        previous=previous,
        rows_read=len(rows),
        files=written,
        same=change.same,
        revised=change.changed,
        revisions=releases.large(change.changed),
        new_periods=tuple(f"{day:%d %B %Y}" for day in days),
        gone=change.gone,
        new_breaks=pd.DataFrame(columns=breaks.PROPOSAL),
        notes=(*notes, *releases.jumps(frame)),
        lost=lost,
        dry_run=dry_run,
    )


def _workforce_rows(table: Table, problems: Problems) -> tuple[pd.DataFrame, list[str]]:
    rows = imported.with_forces(imported.joined(table), "Force name", problems)
    used = {"policeofficer", "policecommunitysupportofficer", "specialconstable"}
    kinds = {str(kind): plain(kind).removesuffix("s") for kind in rows["Worker type"].unique()}
    kind = rows["Worker type"].map(kinds)
    # Special constables and volunteers are counted as persons only, so the official table writes
    # N/A for their full-time equivalents; a cell that nothing is made of need not be a number.
    rows = rows.assign(
        kind=kind,
        year=_march_years(rows, problems),
        headcount=imported.counts(
            rows,
            "Total (Headcount)",
            problems,
            needed=kind.isin({"policeofficer", "specialconstable"}),
        ),
        fte=imported.counts(
            rows,
            "Total (FTE)",
            problems,
            whole=False,
            needed=kind.isin({"policeofficer", "policecommunitysupportofficer"}),
        ),
    )
    key = ["As at 31 March", "Force name", "Sex", "Rank", "Worker type"]
    for row in rows[rows.duplicated(key)].head(readers.LISTED).to_dict("records"):
        group = f"{row['Force name']}, {row['Rank']}, {row['Worker type']}"
        what = f"{imported.place(row)}{group} stands twice."
        problems.add("E105", what, "Keep one row per group.", row=row["row"])
    unused = sorted(name for name, kind in kinds.items() if kind not in used)
    notes = table.notes()
    notes += [f"Worker types not used: {', '.join(unused)}."] if unused else []
    return rows, notes


def _march_years(rows: pd.DataFrame, problems: Problems) -> pd.Series:
    known: dict[object, int] = {}
    for row in rows.drop_duplicates("As at 31 March").to_dict("records"):
        match = re.match(
            r"(?:31 March )?((?:19|20)\d{2})(?:\.0)?(?:-03-31.*)?$",
            imported.text_of(row["As at 31 March"]),
        )
        if match is None:
            what = f"{imported.place(row)}'{row['As at 31 March']}' is not a year at 31 March."
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
    return frame[column_names(schemas.of_release("workforce"))].sort_values(
        ["force", "as_at"], ignore_index=True
    )
