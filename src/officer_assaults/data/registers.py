"""Registers: a second register of the same events, brought by an analyst, read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray

from officer_assaults import files, paths
from officer_assaults.data import bounds, forces, readers, schemas
from officer_assaults.data.columns import column, one_of
from officer_assaults.data.forces import Force
from officer_assaults.data.tables import Release
from officer_assaults.refusals import Problems, Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.labels import look_alikes, named

CRIME_RECORD = "crime-record"
REGISTERS = (CRIME_RECORD, "health-and-safety", "use-of-force", "federation", "other")
TOTALS = ("total", "totals", "all", "sum", "overall", "grand total")
KEY = ["force", "register", "period_start", "category"]

YEARLY_KEY = ["force", "register", "financial_year", "category"]


def _register(description: str) -> pa.Column:
    return column("str", description, one_of(REGISTERS, "E107"))


@cache
def _schema(name: str) -> pa.DataFrameSchema:
    return schemas.own(name, {"register": _register})


@dataclass(frozen=True, slots=True)
class YearlyRegisters(Shown):
    """Two registers of one force in two financial years.

    Parameters
    ----------
    force : Force
    period0, period1 : str
        Financial years.
    counts : DataFrame
        category ("all" first, then those that both registers of the file have), first0, first1
        (crime record), second0, second1 (the other register).
    second_name : str
        Which register the other one is.
    own_first : bool
        Whether the crime record comes from the file rather than from the published counts.
    simulated : bool
        Whether the file says that its numbers are made up.
    release : Release
        What the file is.
    """

    force: Force
    period0: str
    period1: str
    counts: pd.DataFrame
    second_name: str
    own_first: bool
    simulated: bool
    release: Release


@dataclass(frozen=True, slots=True)
class Registers(Shown):
    """Two registers of one force on the same periods.

    Parameters
    ----------
    force : Force
        Force in focus.
    dates : DatetimeIndex
        Starts of consecutive months or quarters.
    first, second : ndarray, shape (periods,)
        Counts of the crime record and of the other register.
    second_name : str
        Which register the other one is.
    own_first : bool
        Whether the crime record comes from the file rather than from the published series.
    categories : DataFrame or None
        Counts of the file's crime record by category (columns) and period (rows).
    simulated : bool
        Whether the file says that its numbers are made up.
    release : Release
        What the file is.
    """

    force: Force
    dates: pd.DatetimeIndex
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    second_name: str
    own_first: bool
    categories: pd.DataFrame | None
    simulated: bool
    release: Release


def inside_project(path: str, parameter: str) -> Path:
    """File that a parameter names, relative to the project and inside it.

    Raises
    ------
    Refusal
        E124 if the path is absolute or leaves the project.
    """
    given = Path(path)
    root = paths.project_root().resolve()
    try:
        whole = (root / given).resolve()
    except (OSError, RuntimeError, ValueError):
        whole = root.parent
    if given.is_absolute() or not whole.is_relative_to(root):
        raise Refusal.of(
            "E124",
            f"'{path}' is not a file inside the project.",
            "Put it below data/ and give its path from the project's folder.",
            column=parameter,
        )
    return whole


def read_registers(
    path: str, force: str | Force, published: pd.DataFrame, parameter: str = "second_register"
) -> Registers:
    """Two registers of one force, one of which may be the published series.

    Parameters
    ----------
    path : str
        CSV inside the project, with columns force, period_start, register, count, and if wanted
        category and is_simulated (yes or no). A file with rows of ``crime-record`` brings both
        registers; otherwise its register is set beside the published quarterly series.
    force : str or Force
        Force in focus; rows of other forces are read, checked and left alone.
    published : DataFrame
        Columns date, recorded: the published quarterly series of the force.
    parameter : str
        Name of the parameter that holds the path, for messages.

    Raises
    ------
    Refusal
        E101, E102, E105, E106, E107, E123 or E124, all problems of the file at once.
    """
    chosen = forces.resolve(force)
    where = inside_project(path, parameter)
    problems = Problems(file=where.name)
    mine, about = _rows_of(chosen, where, "registers", KEY, problems)
    sums = mine.groupby(["register", "period_start"])["count"].sum()
    second, own = sums.loc[about["second_name"]].sort_index(), about["own_first"]
    series = sums.loc[CRIME_RECORD] if own else published.set_index("date")["recorded"]
    dates = pd.DatetimeIndex(second.index.intersection(series.index)).sort_values()
    _check_periods(second.index, dates, own, problems)
    problems.raise_if_any()
    return Registers(
        force=chosen,
        dates=dates,
        first=series.loc[dates].to_numpy(dtype=float),
        second=second.loc[dates].to_numpy(dtype=float),
        categories=_categories(mine[mine["register"] == CRIME_RECORD], dates),
        **about,
    )


def read_yearly_registers(
    path: str,
    force: str | Force,
    periods: tuple[str, str],
    published: tuple[int, int] | None,
    parameter: str = "second_register",
) -> YearlyRegisters:
    """Two registers of one force in two financial years, one of which may be the published counts.

    Parameters
    ----------
    path : str
        CSV inside the project, with columns force, financial_year, register, count, and if wanted
        category and is_simulated (yes or no). A file with rows of ``crime-record`` brings both
        registers; otherwise its register is set beside the published counts.
    force : str or Force
        Force in focus; rows of other forces are read, checked and left alone.
    periods : tuple of str
        Two financial years.
    published : tuple of int or None
        Published recorded assaults of the two years; None where they cannot be compared.
    parameter : str
        Name of the parameter that holds the path, for messages.

    Raises
    ------
    Refusal
        E101, E102, E103, E105, E106, E107, E122 to E125, all problems of the file at once.
    """
    chosen = forces.resolve(force)
    where = inside_project(path, parameter)
    problems = Problems(file=where.name)
    mine, about = _rows_of(chosen, where, "yearly-registers", YEARLY_KEY, problems)
    _check_kinds(mine, periods, problems)
    problems.raise_if_any()
    given = None if about["own_first"] else published
    counts = _by_category(mine, about["second_name"], periods, given, problems)
    problems.raise_if_any()
    return YearlyRegisters(
        force=chosen, period0=periods[0], period1=periods[1], counts=counts, **about
    )


def _rows_of(
    force: Force, where: Path, schema: str, key: list[str], problems: Problems
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rows of one force, checked, and what is to be known of the file's registers."""
    with bounds.steady(where):
        return _checked_rows(force, where, schema, key, problems)


def _checked_rows(
    force: Force, where: Path, schema: str, key: list[str], problems: Problems
) -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = readers.read_table(where, _schema(schema))
    if "category" not in frame:
        frame["category"] = pd.Series(pd.NA, index=frame.index, dtype="str")
    frame.index = readers.read_cells(where).index
    frame["force"] = _resolved(frame["force"], problems)
    _check_keys(frame, problems, key)
    problems.raise_if_any()
    mine = frame[frame["force"] == force.slug]
    names = [name for name in REGISTERS if name in set(mine["register"])]
    others = [name for name in names if name != CRIME_RECORD]
    _check_registers(mine, force, others, names, problems)
    problems.raise_if_any()
    simulated = "is_simulated" in mine and bool(mine["is_simulated"].any())
    return mine, {
        "second_name": others[0],
        "own_first": CRIME_RECORD in names,
        "simulated": simulated,
        "release": _release(where, len(frame)),
    }


def _by_category(
    mine: pd.DataFrame,
    other: str,
    periods: tuple[str, str],
    published: tuple[int, int] | None,
    problems: Problems,
) -> pd.DataFrame:
    """Both registers in both years, all kinds together and then kind by kind."""
    registers = [other] if published is not None else [CRIME_RECORD, other]
    for register in registers:
        held = set(mine.loc[mine["register"] == register, "financial_year"])
        for period in periods:
            if period not in held:
                what = f"has no row of '{register}' for {period}."
                remedy = "Add the year; write 0 where nothing was entered."
                if register == CRIME_RECORD and CRIME_RECORD not in set(mine["register"]):
                    what = f"has no crime record, and the published counts of {period} are refused."
                    remedy = f"Add rows of '{CRIME_RECORD}' for both years."
                problems.add("E106", what, remedy, column="financial_year")
    problems.raise_if_any()
    sums = mine.groupby(["register", "financial_year"])["count"].sum()
    first = published or tuple(int(sums[(CRIME_RECORD, period)]) for period in periods)
    rows = [("all", *first, *(int(sums[(other, period)]) for period in periods))]
    with_kind = mine[mine["category"].notna()]
    kinds = with_kind.groupby(["register", "category", "financial_year"])["count"].sum()
    for kind in sorted(set(with_kind["category"])):
        keys = [(name, kind, period) for name in (CRIME_RECORD, other) for period in periods]
        if all(key in kinds.index for key in keys):
            rows.append((kind, *(int(kinds[key]) for key in keys)))
    columns = ["category", "first0", "first1", "second0", "second1"]
    frame = pd.DataFrame(rows, columns=columns)
    if (frame.loc[0, columns[1:]] == 0).any():
        problems.add(
            "E122",
            "a register has no entry in one of the two years, so it has no growth to compare.",
            "Choose years in which both registers have entries.",
            column="count",
        )
    return frame


def _check_kinds(mine: pd.DataFrame, periods: tuple[str, str], problems: Problems) -> None:
    """Refuse kinds written in two ways, a total among its parts, and a kind of one year only."""
    column = "category"
    if alike := look_alikes(mine[column].dropna()):
        what = f"holds kinds that read as one: {named(alike)}."
        problems.add("E125", what, "Write each the same way in every row.", column=column)
    rows = mine[mine["financial_year"].isin(periods)]
    for register, held in rows.groupby("register", sort=True):
        wide = held.assign(category=held[column].fillna("")).pivot_table(
            index=column, columns="financial_year", values="count", aggfunc="sum"
        )
        if totals := [str(kind) for kind in wide.index if _is_total(str(kind), wide)]:
            who = f"the kind '{totals[0]}'" if totals[0] else "the row without a kind"
            what = f"{who} of '{register}' is the total of the others, so all would count twice."
            remedy = "Leave the total out, or give the total alone."
            problems.add("E103", what, remedy, column=column)
        for kind, counts in wide.iterrows():
            for period in counts.index[counts.isna()]:
                who = f"of the kind '{kind}'" if kind else "without a kind"
                what = f"has no row {who} of '{register}' for {period}."
                remedy = (
                    "Write 0 where nothing was entered; leave the kind out of both years where "
                    "it was not asked for in both."
                )
                problems.add("E106", what, remedy, column=column)


def _is_total(kind: str, wide: pd.DataFrame) -> bool:
    """Whether a kind is called a total, or holds as much as all others in every year."""
    others = wide.drop(index=kind)
    if others.empty:
        return False
    alike = len(others) > 1 and bool((others.sum() == wide.loc[kind]).all())
    return kind.casefold().strip() in TOTALS or alike


def _resolved(names: pd.Series, problems: Problems) -> pd.Series:
    slugs = {}
    for name in names.unique():
        try:
            slugs[name] = forces.resolve(str(name)).slug
        except Refusal as refusal:
            row = int(names.index[names == name][0])
            found = refusal.problems[0]
            problems.add(found.code, found.what, found.remedy, row=row, column="force")
    return names.map(slugs)


def _check_keys(frame: pd.DataFrame, problems: Problems, key: list[str]) -> None:
    for place in frame.index[frame.duplicated(key)]:
        what = "a row for the same force, register, period and category stands above."
        remedy = "Drop it if it is a copy; add the counts up if the rows hold different entries."
        problems.add("E105", what, remedy, row=int(place))
    if "is_simulated" in frame and frame["is_simulated"].any() and not frame["is_simulated"].all():
        problems.add(
            "E123",
            "simulated rows stand among real ones.",
            "Keep them in files of their own.",
            column="is_simulated",
        )


def _check_registers(
    mine: pd.DataFrame, force: Force, others: list[str], names: list[str], problems: Problems
) -> None:
    if mine.empty:
        problems.add(
            "E101", f"has no row of {force.name}.", "Add its rows, or choose another force."
        )
    elif len(others) != 1:
        known = ", ".join(name for name in REGISTERS if name != CRIME_RECORD)
        problems.add(
            "E107",
            f"holds {len(others)} registers beside the crime record.",
            f"Keep one of: {known}.",
            column="register",
        )
    elif "is_simulated" in mine and mine["is_simulated"].any() and CRIME_RECORD not in names:
        problems.add(
            "E123",
            "a simulated register cannot be set beside the published series.",
            f"Add simulated rows of '{CRIME_RECORD}'.",
            column="is_simulated",
        )


def _check_periods(given: pd.Index, dates: pd.DatetimeIndex, own: bool, problems: Problems) -> None:
    steps = ("QS", "MS")
    whole = len(dates) > 1 and any(
        dates.equals(pd.DatetimeIndex(pd.date_range(dates[0], periods=len(dates), freq=step)))
        for step in steps
    )
    if not whole or (own and len(dates) < len(given)):
        problems.add(
            "E106",
            f"{len(dates)} of its {len(given)} periods match the crime record without a gap.",
            "Give consecutive months or quarters for both registers; beside the published series, "
            "the quarters that start in January, April, July and October.",
            column="period_start",
        )


def _categories(rows: pd.DataFrame, dates: pd.DatetimeIndex) -> pd.DataFrame | None:
    named = rows[rows["category"].notna()]
    if named.empty:
        return None
    wide = named.pivot_table(
        index="period_start", columns="category", values="count", aggfunc="sum", fill_value=0
    )
    return wide.reindex(dates, fill_value=0)


def _release(path: Path, rows: int) -> Release:
    return Release(
        name="second register",
        path=path.relative_to(paths.project_root().resolve()).as_posix(),
        title="Register counts brought by the analyst",
        publisher="the analyst",
        vintage="not stated",
        licence="not stated",
        url="",
        sha256=files.sha256_file(path),
        rows=rows,
        attribution="Source: register counts brought by the analyst.",
    )
