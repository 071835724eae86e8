"""Counts: an analyst's own yearly counts, read strictly."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from officer_assaults import files
from officer_assaults.data import bounds, forces, readers, schemas, years
from officer_assaults.data.columns import CONSTABLE_SERIES, INJURY_STARTS, column, column_names
from officer_assaults.data.periods import FinancialYear, financial_year_of, two_years_in_order
from officer_assaults.data.recorded import CODES, Pair, YearCount
from officer_assaults.data.tables import Release
from officer_assaults.refusals import Problems, Refusal

KEY = ["force", "fy_start", "series", "vintage"]
_TOTALS = {"total", "totals", "all", "all forces", "grand total", "sum"}


def _first_of_april(days: pd.Series) -> Any:
    return days.isna() | ((days.dt.month == 4) & (days.dt.day == 1))


def _days_fit(frame: pd.DataFrame) -> Any:
    ends = frame["fy_start"] + pd.DateOffset(years=1)
    length: pd.Series = (ends - frame["fy_start"]).dt.days
    fits: pd.Series = frame["fy_start"].isna() | (length == frame["days"])
    return fits


def _both_parts(frame: pd.DataFrame) -> pd.Series:
    return frame["n_injury"].isna() == frame["n_no_injury"].isna()


def _parts_add_up(frame: pd.DataFrame) -> pd.Series:
    parts = frame["n_injury"] + frame["n_no_injury"]
    return parts.isna() | frame["n_total"].isna() | (parts == frame["n_total"]).fillna(True)


def _some_count(frame: pd.DataFrame) -> pd.Series:
    if "lower" not in frame or "upper" not in frame:
        return frame["n_total"].notna()
    return frame["n_total"].notna() | (frame["lower"].notna() & frame["upper"].notna())


def _limits_fit(frame: pd.DataFrame) -> pd.Series:
    if "lower" not in frame or "upper" not in frame:
        return pd.Series(True, index=frame.index)
    lower = frame["lower"].fillna(0)
    upper = frame["upper"].fillna(10**9)
    value = frame["n_total"].fillna(lower)
    return (lower <= value) & (value <= upper)


def _not_zero_before_code(frame: pd.DataFrame) -> pd.Series:
    return ~(_before_code(frame) & (frame["n_injury"] == 0).fillna(False))


def _not_counted_before_code(frame: pd.DataFrame) -> pd.Series:
    return ~(_before_code(frame) & (frame["n_injury"] > 0).fillna(False))


def _before_code(frame: pd.DataFrame) -> pd.Series:
    early = frame["fy_start"] < pd.Timestamp(INJURY_STARTS)
    return early & (frame["series"] == CONSTABLE_SERIES)


def _year_start(description: str) -> pa.Column:
    wrong = "E106|{cell} is not the start of a financial year.|Years start on 1 April."
    check = pa.Check(_first_of_april, error=wrong)
    return column("datetime64[ns]", description, check, unit="date", code="E106")


@cache
def schema() -> pa.DataFrameSchema:
    """Give the schema of a file of own yearly counts."""
    row_checks = {
        check.__name__.removeprefix("_"): check
        for check in (
            _days_fit,
            _both_parts,
            _parts_add_up,
            _some_count,
            _limits_fit,
            _not_zero_before_code,
            _not_counted_before_code,
        )
    }
    return schemas.own("force_year", {"first_of_april": _year_start}, row_checks)


def read_force_year(path: Path | str) -> pd.DataFrame:
    """Yearly counts from an analyst's own CSV.

    Parameters
    ----------
    path : Path or str
        File with the columns of ``docs/data-dictionary.md``, section ``force_year.csv``.

    Returns
    -------
    pandas.DataFrame
        The columns of the file with ``force`` as short name, and ``financial_year``. ``attrs``
        holds ``file`` and ``sha256``.

    Raises
    ------
    Refusal
        With every problem of the file: E101, E102, E103, E105, E106, E107, E108, E109, E124.
    """
    with bounds.steady(Path(path)):
        return _force_year(Path(path))


def _force_year(path: Path) -> pd.DataFrame:
    problems = Problems(file=path.name)
    cells = readers.read_cells(path, column_names(schema()), path.name)
    if "force" in cells:
        _check_forces(cells["force"], problems)
    try:
        frame: pd.DataFrame = readers.read_table(path, schema())
    except Refusal as refusal:
        problems.found.extend(refusal.problems)
        problems.found.sort(key=readers.by_line)
        frame = pd.DataFrame()
    problems.raise_if_any()
    frame["force"] = [forces.resolve(name).slug for name in frame["force"]]
    _check_keys(frame, cells.index, problems)
    problems.raise_if_any()
    labels = [financial_year_of(start.date()).label for start in frame["fy_start"]]
    frame.insert(1, "financial_year", labels)
    frame.attrs = {"file": path.name, "sha256": files.sha256_file(path)}
    return frame


def pair(
    frame: pd.DataFrame, force: str, period0: str | FinancialYear, period1: str | FinancialYear
) -> Pair:
    """Two years of one force from an analyst's own counts.

    Parameters
    ----------
    frame : pandas.DataFrame
        As :func:`read_force_year` returns it.
    force : str
        Force.
    period0, period1 : str or FinancialYear
        Years compared, the earlier first.

    Raises
    ------
    Refusal
        E106 if a year is missing; E107 if the two years are of different series or vintages; E102
        if a count is known by its limits only.
    """
    chosen = forces.resolve(force)
    first, second = two_years_in_order(period0, period1)
    labels = [first.label, second.label]
    mine = frame[(frame["force"] == chosen.slug) & frame["financial_year"].isin(labels)]
    problems = Problems(file=frame.attrs.get("file"))
    for name in ("series", "vintage"):
        found = sorted(set(mine[name]))
        if len(found) > 1:
            what = f"{chosen.name} has {name} {' and '.join(found)} in the years compared."
            problems.add("E107", what, f"Keep rows of one {name}.", column=name)
    for label in labels:
        if label not in set(mine["financial_year"]):
            what = f"there is no row of {chosen.name} for {label}."
            problems.add("E106", what, "Add it, or choose other years.", column="fy_start")
    if mine["n_total"].isna().any():
        what = f"a count of {chosen.name} is known by its limits only."
        problems.add("E102", what, "A ratio needs the count itself.", column="n_total")
    problems.raise_if_any()
    vintage = str(mine["vintage"].iloc[0])
    before, after = (_year(mine, year) for year in (first, second))
    return Pair(chosen, before, after, vintage, _own_release(frame, vintage), ())


def two_years(
    path: Path | str, force: str, period0: str | FinancialYear, period1: str | FinancialYear
) -> years.TwoYears:
    """Two years of one force from an analyst's own file, in the form that reports take.

    Raises
    ------
    Refusal
        As :func:`read_force_year` and :func:`pair`.
    """
    own = pair(read_force_year(path), force, period0, period1)
    first, second = two_years_in_order(period0, period1)
    return years.TwoYears(
        force=own.force,
        before=own.before,
        after=own.after,
        period0=first,
        period1=second,
        codes=CODES,
        left_out=(),
        remarks=("The force's own figures are counts that the analyst brings.",),
        vintage=own.vintage,
        release=own.release,
    )


def _check_forces(cells: pd.Series, problems: Problems) -> None:
    kinds = {}
    for line, name in cells.items():
        row = int(str(line))
        if str(name).strip().casefold() in _TOTALS:
            what = f"'{name}' is a total among forces."
            problems.add("E124", what, "Delete the total rows.", row=row, column="force")
        elif name != "":
            try:
                kinds[row] = forces.resolve(str(name)).kind
            except Refusal as refusal:
                found = refusal.problems[0]
                problems.add(found.code, found.what, found.remedy, row=row, column="force")
    if "nation" in kinds.values() and set(kinds.values()) != {"nation"}:
        for row in (row for row, kind in kinds.items() if kind == "nation"):
            what = f"'{cells[row]}' is a total among forces."
            problems.add(
                "E124", what, "Delete it, or keep it in a file of its own.", row=row, column="force"
            )


def _check_keys(frame: pd.DataFrame, lines: pd.Index, problems: Problems) -> None:
    again = frame.duplicated(KEY)
    for place in frame.index[again]:
        name = forces.names()[frame.loc[place, "force"]]
        what = f"a row of {name} for the same year, series and vintage stands above."
        problems.add("E105", what, "Keep one row per key.", row=int(lines[place]))


def _year(rows: pd.DataFrame, year: FinancialYear) -> YearCount:
    row = rows[rows["financial_year"] == year.label].iloc[0]
    split = {
        name: None if pd.isna(row[name]) else int(row[name]) for name in ("n_injury", "n_no_injury")
    }
    return YearCount(year.label, int(row["n_total"]), days=int(row["days"]), **split)


def _own_release(frame: pd.DataFrame, vintage: str) -> Release:
    return Release(
        name="own counts",
        path=str(frame.attrs.get("file", "")),
        title="Counts brought by the analyst",
        publisher="the analyst",
        vintage=vintage,
        licence="not stated",
        url="",
        sha256=str(frame.attrs.get("sha256", "")),
        rows=len(frame),
        attribution="Source: counts brought by the analyst.",
    )
