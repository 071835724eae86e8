"""Check: whether the data are what they say they are, and what they can be used for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults import files, paths
from officer_assaults.data import (
    breaks,
    exposure,
    forces,
    recorded,
    releases,
    schemas,
    tables,
)
from officer_assaults.data.columns import (
    INJURY,
    INJURY_STARTS,
    NO_INJURY,
    OTHER_WORKERS,
    OTHER_WORKERS_START,
)
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.refusals import Problem, Refusal

_ARTICLE, _FIRST = "recorded-assaults/article", "recorded-assaults/first-release"
_WHERE = ["force", "financial_year", "offence_code", "as_at", "mid_year"]


def manifest() -> pd.DataFrame:
    """Every data file, what it is, and whether it still is what its sidecar says.

    Returns
    -------
    pandas.DataFrame
        table, title, publisher, vintage, licence, rows, sha256, state. ``state`` is "as
        described", or what is wrong.
    """
    rows: list[dict[str, object]] = []
    for name in tables.names():
        try:
            release = tables.release(name)
        except Refusal as refusal:
            rows.append({"table": name, "state": refusal.problems[0].what})
            continue
        found = files.sha256_file(paths.data_dir() / f"{name}.csv")
        rows.append(
            {
                "table": name,
                "title": release.title,
                "publisher": release.publisher,
                "vintage": release.vintage,
                "licence": release.licence,
                "rows": release.rows,
                "sha256": found,
                "state": "as described" if found == release.sha256 else "changed by hand",
            }
        )
    columns = ["table", "title", "publisher", "vintage", "licence", "rows", "sha256", "state"]
    return pd.DataFrame(rows, columns=columns)


def schema_results() -> pd.DataFrame:
    """Every table read against its schema.

    Returns
    -------
    pandas.DataFrame
        table, rows, columns, problems (number), first (the first problem, or empty).
    """
    rows = []
    for name in tables.names():
        found: tuple[Problem, ...] = ()
        size = (0, 0)
        try:
            size = tables.load(name).shape
        except Refusal as refusal:
            found = refusal.problems
        rows.append(
            {
                "table": name,
                "rows": size[0],
                "columns": size[1],
                "problems": len(found),
                "first": str(found[0]) if found else "",
            }
        )
    return pd.DataFrame(rows)


def known_totals() -> pd.DataFrame:
    """Totals that published tables state (``known-totals.csv`` beside this), as the data give them.

    Returns
    -------
    pandas.DataFrame
        what, table, stated, found, agrees: no further apart than a figure published from another
        copy may be.
    """
    path = Path(__file__).with_name("known-totals.csv")
    known = pd.read_csv(path, dtype=dict.fromkeys(_WHERE, "str"), keep_default_na=False)
    frame = pd.DataFrame(
        {
            "what": f"{row['column']}: {', '.join(row[name] for name in _WHERE if row[name])}",
            "table": row["table"],
            "stated": row["stated"],
            "found": _sum_of(row),
        }
        for row in known.to_dict("records")
    )
    return frame.assign(agrees=(frame["stated"] - frame["found"]).abs() <= known["within"])


def _sum_of(known: dict[Any, Any]) -> int | None:
    """Total that the data give; None where the table cannot be read."""
    try:
        frame = tables.load(known["table"])
    except Refusal:
        return None
    if known["without"]:
        frame = frame[frame["force"] != known["without"]]
    for name in (name for name in _WHERE if known[name]):
        frame = frame[frame[name].astype("str").isin(known[name].split(" and "))]
    return round(float(frame[known["column"]].sum()))


def coverage(vintage: str = "auto") -> pd.DataFrame:
    """List what a release holds, by force, year and code.

    Returns
    -------
    pandas.DataFrame
        force, financial_year, offence_code, quarters, state, note. ``state`` is "present",
        "part of a year", "absent", "not in use" (before the code began), "negative" (a quarter is
        negative, net of cancelled records) or "break" (a decided break touches two quarters or
        more).
    """
    held = recorded.yearly(vintage)
    codes = (NO_INJURY, INJURY, OTHER_WORKERS)
    years = sorted(set(held["financial_year"]))
    slugs = sorted(set(held["force"]))
    grid = pd.MultiIndex.from_product(
        [slugs, years, codes], names=["force", "financial_year", "offence_code"]
    )
    frame = held.set_index(list(grid.names)).reindex(grid)[["quarters", "flag"]].reset_index()
    frame["quarters"] = frame["quarters"].fillna(0).astype("int64")
    frame["flag"] = frame["flag"].fillna("")
    broken = {
        (touch.force, year, touch.offence_code): touch.reason
        for year in years
        for touch in _gaps(financial_year(year), vintage)
    }
    keys = list(zip(frame["force"], frame["financial_year"], frame["offence_code"], strict=True))
    frame["note"] = [broken.get(key, "") for key in keys]
    frame["state"] = [
        _state(key[1], key[2], quarters, flag, bool(note))
        for key, quarters, flag, note in zip(
            keys, frame["quarters"], frame["flag"], frame["note"], strict=True
        )
    ]
    return frame[["force", "financial_year", "offence_code", "quarters", "state", "note"]]


def comparisons(vintage: str = "auto") -> pd.DataFrame:
    """Each pair of successive years: how many forces can be compared, and who cannot.

    Returns
    -------
    pandas.DataFrame
        period0, period1, usable, left_out, flagged (names of forces, separated by semicolons).
    """
    names = forces.names()
    complete = recorded.annual(vintage)
    years = sorted(set(complete["financial_year"]))
    rows = []
    for first, second in pairwise(years):
        result = recorded.compare(first, second, vintage)
        rows.append(
            {
                "period0": first,
                "period1": second,
                "usable": len(result.frame),
                "left_out": "; ".join(names[slug] for slug in result.left_out["force"].unique()),
                "flagged": "; ".join(names[slug] for slug in result.flagged["force"].unique()),
            }
        )
    return pd.DataFrame(rows)


def questions() -> pd.DataFrame:
    """List what each question may use, read off the data as they are.

    Returns
    -------
    pandas.DataFrame
        question, tables, periods, forces, limit.
    """
    columns = ["question", "tables", "periods", "forces", "limit"]
    return pd.DataFrame([*_count_questions(), *_other_questions()], columns=columns)


def _count_questions() -> list[tuple[str, ...]]:
    annual = recorded.annual()
    years = sorted(set(annual["financial_year"]))
    usable = comparisons()["usable"]
    stock = exposure.last_stock_day()
    return [
        (
            "How big is the rise?",
            f"{_newest('recorded-assaults')}, {_ARTICLE}, {_FIRST}",
            f"{years[0]} to {years[-1]}",
            f"{usable.min()} to {usable.max()} of {annual['force'].nunique()}, by pair of years",
            "First release for England and Wales only; newspapers printed Thames Valley's",
        ),
        (
            "How does a force compare?",
            f"{_newest('recorded-assaults')}, {_newest('workforce')}, {_newest('population')}, "
            "use-of-force/incidents",
            f"{years[0]} to {_last_rate_year(stock).label} per officer",
            f"{len(forces.slugs('territorial'))} territorial forces, less breaks",
            f"Officers are known to {stock:%d %B %Y}; British Transport Police has no residents",
        ),
        (
            "How severe is it?",
            _newest("recorded-assaults"),
            f"{years[0]} to {years[-1]}",
            "With and without the Metropolitan Police",
            "Code 8S began on 1 April 2017 and was taken up in London during that year",
        ),
    ]


def _other_questions() -> list[tuple[str, ...]]:
    quarters = recorded.quarterly()["quarter_start"]
    outcomes = tables.load("outcomes/2018-19")
    courts = tables.load("courts/2018-2019")["month_start"]
    held = outcomes["financial_year"].iloc[0]
    return [
        (
            "How much is reporting?",
            f"{_newest('recorded-assaults')}, {_newest('recorded-context')}, "
            "surveys/officer-surveys",
            f"{quarters.min():%B %Y} to {quarters.max():%B %Y}",
            f"{comparisons()['usable'].iloc[0]} forces for the first two years of both codes",
            "Public figures bound the answer; they do not identify it",
        ),
        (
            "What became of the cases?",
            "outcomes/2018-19, courts/2018-2019",
            f"{held}; courts {courts.min():%B %Y} to {courts.max():%B %Y}",
            f"{outcomes['force'].nunique()} forces; courts for England and Wales only",
            "Late quarters have had less time for an outcome",
        ),
        (
            "Does crewing matter?",
            "us/dc-officer-victims, us/city-assaults, us/patrol-units-1987",
            "As each table says",
            "No force of England and Wales publishes crewed hours",
            "Injury given assault only; a force's own records are needed",
        ),
    ]


def check_all() -> pd.DataFrame:
    """Every check in one table.

    Returns
    -------
    pandas.DataFrame
        check ("checksum", "schema" or "known total"), item, holds, detail.
    """
    described, read, totals = manifest(), schema_results(), known_totals()
    agree = totals["agrees"]
    said = "stated " + totals["stated"].astype(str) + ", found " + totals["found"].astype(str)
    parts = [
        pd.DataFrame(
            {
                "check": "checksum",
                "item": described["table"],
                "holds": described["state"] == "as described",
                "detail": described["state"],
            }
        ),
        pd.DataFrame(
            {
                "check": "schema",
                "item": read["table"],
                "holds": read["problems"] == 0,
                "detail": read["first"].where(read["problems"] > 0, "meets its schema"),
            }
        ),
        pd.DataFrame(
            {
                "check": "known total",
                "item": totals["what"] + " (" + totals["table"] + ")",
                "holds": agree,
                "detail": said,
            }
        ),
        _stray_files(),
    ]
    return pd.concat(parts, ignore_index=True)


def verify() -> pd.DataFrame:
    """Return the result of :func:`check_all` if everything holds.

    Raises
    ------
    Refusal
        One problem per check that fails, with what to do.
    """
    results = check_all()
    failed = results[~results["holds"]]
    problems = [
        Problem(
            "E124",
            f"the {row['check']} check of {row['item']} fails: {row['detail']}",
            "Restore data/ from version control; bring new figures in with "
            "'officer-assaults import'; what an import that was killed left goes with "
            "'officer-assaults releases remove'.",
        )
        for row in failed.to_dict("records")
    ]
    if problems:
        raise Refusal(problems)
    return results


def _state(year: str, code: str, quarters: int, flag: str, broken: bool) -> str:
    starts = {INJURY: INJURY_STARTS, OTHER_WORKERS: OTHER_WORKERS_START}
    if code in starts and financial_year(year).start < starts[code]:
        return "not in use"
    if quarters == 0:
        return "absent"
    if broken:
        return "break"
    if "negative" in flag:
        return "negative"
    return "present" if quarters == 4 else "part of a year"


def _gaps(year: FinancialYear, vintage: str) -> list[breaks.Touch]:
    # A gap is a matter of one year; a step only of two, so the year is set against itself.
    touches = breaks.touching(year, year, (NO_INJURY, INJURY, OTHER_WORKERS), vintage)
    return [touch for touch in touches if touch.leave_out]


def _newest(folder: str) -> str:
    return f"{folder}/{releases.leading(folder)}"


def _last_rate_year(stock: object) -> FinancialYear:
    day = pd.Timestamp(str(stock))
    return FinancialYear(day.year - 1)


def _stray_files() -> pd.DataFrame:
    folder = paths.data_dir()
    rows = []
    for side in sorted(folder.rglob(f"*.csv{tables.SIDECAR}")):
        inside = side.relative_to(folder)
        if not side.with_suffix("").with_suffix("").exists():
            rows.append((inside.as_posix(), "describes no file"))
    rows += [(name, "has no schema") for name in tables.names() if schemas.schema_of(name) is None]
    frame = pd.DataFrame(rows, columns=["item", "detail"])
    return frame.assign(check="file", holds=False)[["check", "item", "holds", "detail"]]
