"""Population: bring mid-year estimates of residents into ``data/`` as a new vintage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults.data import (
    bounds,
    breaks,
    forces,
    imported,
    readers,
    releases,
    schemas,
    tables,
    workbooks,
)
from officer_assaults.data.columns import column_names
from officer_assaults.data.imported import Imported
from officer_assaults.data.workbooks import Progress, plain
from officer_assaults.refusals import Problems, Refusal, nearest

FOLDER = "population"
POPULATION_URL = (
    "https://www.ons.gov.uk/peoplepopulationandcommunity/populationandmigration/populationestimates"
)
#: Areas of the official geography that forces are made of, by the start of their code.
AUTHORITY = re.compile(r"(E0[6-9]|W06)\d{6}")
#: Areas that hold others: countries, regions, counties, and the United Kingdom's parts.
HOLDS_OTHERS = re.compile(r"(K0\d|E92|W92|E1[0-3]|N92|S92|W11)\d{6}")
FORCE_NAME = re.compile(r"(pfa\d*|policeforcearea|policeforce|force)\d*(nm|name)?")
LOOKUP_CODE, LOOKUP_FORCE = re.compile(r"lad\d*(cd|code)"), re.compile(r"pfa\d*(nm|name)")
YEAR = re.compile(r"(?:mid|midyear|population)*((?:19|20)\d{2})(?:population)?")


@dataclass(frozen=True, slots=True)
class _Header:
    """Where a sheet says its areas, and which columns hold which mid-year."""

    row: int
    area: int
    name: int
    years: Mapping[int, int]
    by_force: bool
    sheet: str = ""


def import_population(
    path: Path | str,
    vintage: str | None = None,
    *,
    lookup: Path | str | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Imported:
    """Bring mid-year estimates in, by police force area or by local authority with a lookup.

    Of the statistics office's workbook the one sheet is read that has a column for every mid-year.
    Countries, regions and counties, which hold authorities, are passed over by their codes; an area
    of an unknown kind is refused by its row. Earlier years than the file's first are carried from
    the release before, and the sidecar says so.

    Parameters
    ----------
    path : Path or str
        ODS, XLSX or CSV file.
    vintage : str, optional
        The newest mid-year, as ``"mid-2024"``; by default read off the columns or the file name.
    lookup : Path or str, optional
        Local authorities to police force areas; needed for estimates by local authority.
    progress, dry_run
        As in :func:`officer_assaults.data.home_office.import_recorded_crime`.

    Raises
    ------
    Refusal
        E101 for an unknown area or force, E102 for a cell that is no count, E104 for an authority
        that the file lacks, E105 for an area told twice, E106 for a year that nothing tells, E107
        for a vintage that exists, E124 for the layout. Nothing is written then.
    """
    path = Path(path)
    problems = Problems(file=path.name)
    held = bounds.Held(path, *([Path(lookup)] if lookup else []))
    with held.blamed():
        head, rows = _sheet(path, vintage)
        chosen = vintage if vintage is not None else f"mid-{max(head.years.values())}"
        if not re.fullmatch(r"mid-\d{4}", chosen):
            what, remedy = f"'{chosen}' is no mid-year.", "Write it as mid-2024."
            raise Refusal.of("E107", what, remedy, path.name, column="vintage")
        releases.refuse_existing(FOLDER, chosen)
        long = _long(head, rows, problems)
        long = _forces_of(long, problems) if head.by_force else _summed(long, lookup, problems)
        problems.raise_if_any()
        previous = releases.previous(FOLDER, chosen)
        old = tables.load(f"{FOLDER}/{previous}") if previous else long.iloc[:0]
        frame, notes = _with_earlier(long, old, previous)
        frame = frame.assign(vintage=chosen)[column_names(schemas.of_release("population"))]
        frame = frame.sort_values(["force", "mid_year"], ignore_index=True)
        releases.check(f"{FOLDER}/{chosen}", frame, problems)
        problems.raise_if_any()
        lost = _lost(long, old, frame)
        side = _sidecar(path, lookup, chosen, notes) | {"lacks": releases.lacks(previous, lost)}
        held.check()
    written = releases.write({f"{FOLDER}/{chosen}": frame}, side, dry_run=dry_run)
    change = releases.changes(old, frame, ["force", "mid_year"], ["residents"])
    years = sorted(set(frame["mid_year"]) - set(old["mid_year"])) if previous else []
    return Imported(
        vintage=chosen,
        previous=previous,
        rows_read=len(rows) - head.row - 1,
        files=written,
        same=change.same,
        revised=change.changed,
        revisions=releases.large(change.changed),
        new_periods=tuple(f"mid-{year}" for year in years),
        gone=change.gone,
        new_breaks=pd.DataFrame(columns=breaks.PROPOSAL),
        notes=notes,
        lost=lost,
        dry_run=dry_run,
    )


def _sheet(path: Path, vintage: str | None) -> tuple[_Header, list[list[Any]]]:
    """Sheet with the most mid-years."""
    best: tuple[_Header, list[list[Any]]] | None = None
    for sheet, rows in workbooks.sheets(path):
        for place, row in enumerate(rows[: workbooks.HEADER_ROWS]):
            head = _header(place, row, path, vintage)
            if head and (best is None or len(head.years) > len(best[0].years)):
                best = replace(head, sheet=sheet), rows
    if best is not None:
        return best
    what = "holds no sheet with areas and a column for each mid-year."
    remedy = "Give estimates by police force area (name, population), or by local authority "
    raise Refusal.of("E124", what, f"{remedy}(code, name, Mid-2023 ...).", path.name)


def _header(place: int, row: Sequence[Any], path: Path, vintage: str | None) -> _Header | None:
    titles = [plain(cell) for cell in row]
    years = {
        at: int(found[1]) for at, title in enumerate(titles) if (found := YEAR.fullmatch(title))
    }
    force = next((at for at, t in enumerate(titles) if FORCE_NAME.fullmatch(t)), None)
    code = next(
        (at for at, t in enumerate(titles) if t == "code" or LOOKUP_CODE.fullmatch(t)), None
    )
    alone = [at for at, title in enumerate(titles) if title in ("population", "residents")]
    if force is not None and not years and len(alone) == 1:
        told = re.search(r"mid-?((?:19|20)\d{2})", vintage or path.stem)
        if told is None:
            what = "does not tell the mid-year of its estimates."
            remedy = "Give it: --vintage mid-2024."
            raise Refusal.of("E106", what, remedy, path.name)
        years = {alone[0]: int(told[1])}
    if not years or (force is None and code is None):
        return None
    if force is not None:
        return _Header(place, force, force, years, by_force=True)
    assert code is not None
    name = next((at for at, title in enumerate(titles) if title.endswith(("name", "nm"))), code)
    return _Header(place, code, name, years, by_force=False)


def _long(head: _Header, rows: list[list[Any]], problems: Problems) -> pd.DataFrame:
    """One row per area and mid-year, with the number of the row."""
    body = pd.DataFrame(rows[head.row + 1 :], dtype="object")
    body.index = pd.RangeIndex(head.row + 2, head.row + 2 + len(body), name="row")
    text = body.map(imported.text_of)
    filled = (text != "").sum(axis=1).to_numpy()
    # Remarks under the rows, such as a source, fill one cell; an area fills its name and a figure.
    rows_of_areas = (filled > 1).nonzero()[0]
    text = text[: rows_of_areas[-1] + 1 if len(rows_of_areas) else 0]
    text = text[(text != "").any(axis=1)]
    parts = []
    for at, year in head.years.items():
        part = pd.DataFrame({"area": text[head.area], "name": text[head.name], "cell": text[at]})
        part = part.reset_index().assign(sheet=head.sheet, mid_year=year)
        title = imported.text_of(rows[head.row][at])
        part["residents"] = imported.counts(part, "cell", problems, named=title)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _forces_of(long: pd.DataFrame, problems: Problems) -> pd.DataFrame:
    frame = imported.with_forces(long, "area", problems, named="police force")
    again = frame[frame.duplicated(["force", "mid_year"]) & frame["force"].ne("")]
    for row in again.head(readers.LISTED).to_dict("records"):
        what = f"{imported.place(row)}{row['area']} has mid-{row['mid_year']} twice."
        problems.add("E105", what, "Keep one row per force.", row=row["row"])
    return frame[["force", "mid_year", "residents"]]


def _summed(long: pd.DataFrame, lookup: Path | str | None, problems: Problems) -> pd.DataFrame:
    """Sum local authorities to forces; areas that hold authorities are passed over by code."""
    if lookup is None:
        what = "holds local authorities, which a lookup sums to forces."
        raise Refusal.of(
            "E124",
            what,
            "Give the lookup of local authorities to police force areas: --lookup FILE.",
            problems.file,
        )
    held = _lookup(Path(lookup))
    inside = long["area"].isin(list(held))
    odd = ~inside & ~long["area"].map(lambda code: bool(HOLDS_OTHERS.fullmatch(code)))
    for row in long[odd].drop_duplicates("row").head(readers.LISTED).to_dict("records"):
        kind = "is not in the lookup" if AUTHORITY.fullmatch(row["area"]) else "is no area code"
        who = f"'{row['name']}' ({row['area'] or 'no code'})"
        what = f"{imported.place(row)}{who} {kind}."
        remedy = "Give the lookup of the same year as the estimates; leave no row out."
        problems.add("E101", what, remedy, row=row["row"])
    mine = long[inside]
    again = mine[mine.duplicated(["area", "mid_year"])].drop_duplicates("row")
    for row in again.head(readers.LISTED).to_dict("records"):
        what = f"{imported.place(row)}{row['name']} stands twice."
        problems.add("E105", what, "Keep one row.", row=row["row"])
    absent = sorted(set(held) - set(mine["area"]))
    if absent:
        what = f"lacks {len(absent)} local authorities of the lookup: {', '.join(absent[:12])}."
        problems.add("E104", what, "Give estimates and lookup of the same boundaries.")
    named = mine.assign(force=mine["area"].map(held))
    key = ["force", "mid_year"]
    sums: pd.DataFrame = named.groupby(key)["residents"].sum().reset_index()
    return sums


def _lookup(path: Path) -> dict[str, str]:
    """Force of each local authority."""
    problems = Problems(file=path.name)
    for _, rows in workbooks.sheets(path):
        titles = [plain(cell) for cell in rows[0]] if rows else []
        code = next((at for at, t in enumerate(titles) if LOOKUP_CODE.fullmatch(t)), None)
        name = next((at for at, t in enumerate(titles) if LOOKUP_FORCE.fullmatch(t)), None)
        if code is not None and name is not None:
            return _pairs(rows[1:], code, name, problems)
    problems.add(
        "E124",
        "holds no lookup of local authorities to police force areas.",
        "Its columns are LAD23CD and PFA23NM, or those of another year.",
    )
    problems.raise_if_any()
    raise AssertionError


def _pairs(rows: list[list[Any]], code: int, name: int, problems: Problems) -> dict[str, str]:
    held: dict[str, str] = {}
    for line, row in enumerate(rows, 2):
        area, force = imported.text_of(row[code]), forces.find(imported.text_of(row[name]))
        if not area:
            continue
        if force is None:
            hint = nearest(str(row[name]), list(forces.names().values()))
            problems.add("E101", f"'{row[name]}' is not a police force.", hint, row=line)
        elif held.setdefault(area, force.slug) != force.slug:
            what = f"{area} lies in two police force areas."
            problems.add("E105", what, "Keep the one that it belongs to.", row=line)
    problems.raise_if_any()
    return held


def _lost(read: pd.DataFrame, old: pd.DataFrame, whole: pd.DataFrame) -> tuple[str, ...]:
    """Years that are gone, and forces that the file itself does not hold."""
    if old.empty:
        return ()
    gone = sorted(set(old["force"]) - set(read["force"]))
    years = releases.lost_rows(old, whole, "mid_year", [])
    return (*years, *(f"force {forces.names()[slug]}" for slug in gone))


def _with_earlier(
    frame: pd.DataFrame, old: pd.DataFrame, previous: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    earlier = old[old["mid_year"] < frame["mid_year"].min()]
    if earlier.empty:
        return frame, ()
    first, last = earlier["mid_year"].min(), earlier["mid_year"].max()
    note = f"Mid-{first} to mid-{last} are carried from {previous}; the file does not hold them."
    return pd.concat([earlier[list(frame.columns)], frame], ignore_index=True), (note,)


def _sidecar(
    path: Path, lookup: Path | str | None, vintage: str, notes: Sequence[str]
) -> dict[str, Any]:
    given = [path, *([Path(lookup)] if lookup is not None else [])]
    return {
        "title": f"Resident population by police force area, release {vintage}",
        "source": "Mid-year population estimates",
        "publisher": "Office for National Statistics",
        "url": POPULATION_URL,
        "vintage": vintage,
        "notes": [f"Imported from {', '.join(each.name for each in given)}.", *notes],
        "how_read": imported.how_read(path),
        "received": [imported.received(each) for each in given],
    }
