"""Exposures: exports whose hours are no record of time on duty, each with its own refusal."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.refusals import Problems
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.topics.crewing.data.about import About

#: Chances below these do not happen to an honest export.
CHANCE_OF_NO_ZERO = 1e-4
CHANCE_OF_FIT = 1e-8
FEWEST_ROWS = 8
#: Hours that one officer can be on duty in a month, overtime included.
MOST_HOURS_OF_OFFICER = 250
#: Below this a response unit would meet one incident in more than thirty hours.
FEWEST_ATTENDANCES_PER_HOUR = 0.03
FEWEST_ATTENDANCES = 200
SAME = 0.01
LARGEST_ROW = 20


def check_exposure(
    cells: pd.DataFrame, about: About | None, problems: Problems, *, collapsed: bool = False
) -> None:
    """Refuse cells whose hours cannot be the time that crews were at risk.

    Parameters
    ----------
    cells : pandas.DataFrame
        Typed crew cells, as given or as collapsed from unit-shifts.
    about : About or None
    collapsed : bool
        Whether the hours were worked out from shifts, which may well be all of one length.
    problems : Problems
        Gets E127 (only rows with a victim), E128 (the same hours throughout), E129 (hours that
        follow the victims), E130 (more hours than can be), E131 (a total among its parts) and E134
        (months without rows).
    """
    needed = ["period_start", "unit_hours", "officer_hours", "y"]
    if len(cells) < FEWEST_ROWS or cells[needed].isna().any(axis=None):
        return
    if _only_victims(cells, problems):
        # Counts without zeros scatter too little: the hours say nothing beyond that.
        return
    if not collapsed:
        _constant(cells, problems)
        _proportional(cells, problems)
    if not _totals(cells, problems) and not _one_row(cells, problems):
        # A total among its parts would make the hours too many by itself.
        _too_many(cells, about, problems)
    made_up = "is_simulated" in cells and bool(cells["is_simulated"].all())
    if about is not None and not made_up:
        _gaps(cells, about, problems)


def _only_victims(cells: pd.DataFrame, problems: Problems) -> bool:
    y, hours = cells["y"].to_numpy(float), cells["officer_hours"].to_numpy(float)
    if (y == 0).any() or hours.sum() <= 0:
        return False
    expected = y.sum() * hours / hours.sum()
    if np.log1p(-np.exp(-np.maximum(expected, 1e-9))).sum() < np.log(CHANCE_OF_NO_ZERO):
        problems.add(
            "E127",
            f"each of its {len(cells):,} rows has a victim: hours without an assault are missing.",
            "Export all hours on duty, and join the victims to them so that rows without one stay "
            "(an outer join), with 0 in y.",
            column="y",
        )
        return True
    return False


def _constant(cells: pd.DataFrame, problems: Problems) -> None:
    crews = _rows_by_crew(cells)
    for name in ("unit_hours", "officer_hours"):
        hours = cells[name].to_numpy(float)
        alike = all(np.ptp(hours[rows]) <= 1e-3 * hours[rows].max() for rows in crews)
        if alike and max(map(len, crews), default=0) > 3 and _of_unlike_times(cells):
            problems.add(
                "E128",
                f"every row of a crew holds the same hours ({cells[name].iloc[0]:g}), by day and "
                "by night: that is no record of duty.",
                "Export the hours that units were booked on, for each row by itself.",
                column=name,
            )
            return


def _of_unlike_times(cells: pd.DataFrame) -> bool:
    return len(cells[["hour_band", "weekend"]].astype(str).drop_duplicates()) > 1


def _rows_by_crew(cells: pd.DataFrame) -> list[NDArray[np.intp]]:
    """Places of the rows of each crew, of those rows that name one."""
    codes, names = pd.factorize(cells["crew"].astype(str))
    return [np.flatnonzero(codes == code) for code in range(len(names))]


def _proportional(cells: pd.DataFrame, problems: Problems) -> None:
    y, crews = cells["y"].to_numpy(float), _rows_by_crew(cells)
    for name in ("unit_hours", "officer_hours"):
        hours = cells[name].to_numpy(float)
        with_victim = (y > 0) & (hours > 0)
        if with_victim.sum() < FEWEST_ROWS:
            continue
        chosen = [rows[with_victim[rows]] for rows in crews if with_victim[rows].any()]
        if _in_step(y, hours, chosen) or _too_close(y, hours, crews):
            problems.add(
                "E129",
                "hours rise and fall with the victims, more closely than chance allows.",
                "Export the hours on duty from the resource log; never work them out from victims.",
                column=name,
            )
            return


def _in_step(y: FloatArray, hours: FloatArray, crews: list[NDArray[np.intp]]) -> bool:
    """Whether hours per victim are the same throughout, of rows with differing victims."""
    ratios = [hours[rows] / y[rows] for rows in crews]
    narrow = all(np.ptp(ratio) <= SAME * np.median(ratio) for ratio in ratios)
    return narrow and max((len(np.unique(y[rows])) for rows in crews), default=0) >= 3


def _too_close(y: FloatArray, hours: FloatArray, crews: list[NDArray[np.intp]]) -> bool:
    """Whether victims by crew follow hours with less scatter than counts have."""
    total, freedom = 0.0, 0
    for rows in crews:
        victims, worked = y[rows], hours[rows]
        expected = victims.sum() * worked / max(worked.sum(), 1e-9)
        large = expected >= 1
        scatter = (victims - expected) ** 2 / np.maximum(expected, 1e-9)
        total += float(scatter[large].sum())
        freedom += max(int(large.sum()) - 1, 0)
    return freedom >= FEWEST_ROWS and float(stats.chi2.cdf(total, freedom)) < CHANCE_OF_FIT


@cache
def _officers(force: str) -> float:
    """Largest headcount that the force has had; not known for a made-up one."""
    from officer_assaults.data import releases, tables

    table = tables.load(f"workforce/{releases.leading('workforce')}")
    found = table.loc[table["force"].astype(str) == force, "officer_headcount"].dropna()
    return float(found.max()) if len(found) else float("inf")


def _too_many(cells: pd.DataFrame, about: About | None, problems: Problems) -> None:
    months = about.period_months if about else 1
    stated = about.headcount if about else None
    officers = stated or _officers(str(cells["force"].iloc[0]))
    most = cells.groupby("period_start")["officer_hours"].sum().max() / months
    attended, hours = cells["attended"], cells["unit_hours"].sum()
    calls = float(attended.sum()) if attended.notna().all() else 0.0
    idle = calls >= FEWEST_ATTENDANCES and calls < FEWEST_ATTENDANCES_PER_HOUR * hours
    if most > MOST_HOURS_OF_OFFICER * officers:
        what = f"{most:,.0f} officer-hours in a month are more than {officers:,.0f} officers work."
    elif idle:
        what = f"a unit attends one incident in {hours / calls:,.0f} hours: no response unit does."
    else:
        return
    problems.add(
        "E130",
        what,
        "If they are minutes, divide unit_hours and officer_hours by 60, or run 'officer-assaults "
        "crewing map' on the file and write 'hours: minutes'. If rows stand twice, mend the join.",
        column="unit_hours",
    )


def _totals(cells: pd.DataFrame, problems: Problems) -> bool:
    places = [name for name in ("lpa", "beat") if name in cells]
    for at, name in enumerate(places):
        above = places[:at]
        outer = cells[above[0]].astype(str) if above else cells["crew"].isna()
        for _, rows in cells.groupby(outer):
            if found := _total_among(rows, name):
                problems.add(
                    "E131",
                    f"'{found}' holds as many hours as all others together: it is their total.",
                    "Take its rows out; the parts say the same.",
                    column=name,
                )
                return True
    return False


def _one_row(cells: pd.DataFrame, problems: Problems) -> bool:
    """Refuse a row that holds more hours than all others together."""
    hours = cells["unit_hours"].to_numpy(float)
    largest = int(np.argmax(hours))
    others = np.delete(hours, largest)
    if hours[largest] <= others.sum() or hours[largest] <= LARGEST_ROW * np.median(others):
        return False
    problems.add(
        "E131",
        f"{hours[largest]:,.0f} unit-hours are more than all other rows hold together.",
        "Take it out if it is a total; else check the hours.",
        row=int(str(cells.index[largest])) if cells.index.name == "line" else None,
        column="unit_hours",
    )
    return True


def _total_among(rows: pd.DataFrame, name: str) -> str:
    by_label = rows.groupby(rows[name].astype(str))
    if len(by_label) < 3:
        return ""
    hours, y = by_label["unit_hours"].sum(), by_label["y"].sum()
    count = by_label.size()
    largest = str(hours.idxmax())
    others, mean = hours.sum() - hours[largest], hours / count
    equal = abs(hours[largest] - others) <= SAME * others
    counted = abs(float(y[largest]) - float(y.sum() - y[largest])) <= SAME * max(float(y.sum()), 1)
    swollen = mean[largest] > LARGEST_ROW * mean.drop(largest).median()
    return largest if (equal and counted) or (hours[largest] >= 0.9 * others and swollen) else ""


def missing_months(starts: Iterable[pd.Timestamp], step: int) -> list[str]:
    """Months between the first and the last that no row begins in."""
    months = sorted({(start.year, start.month) for start in starts})
    numbers = {year * 12 + month - 1 for year, month in months}
    wanted = range(min(numbers), max(numbers) + 1, step)
    return [f"{at // 12}-{at % 12 + 1:02d}" for at in wanted if at not in numbers]


def _gaps(cells: pd.DataFrame, about: About, problems: Problems) -> None:
    gaps = missing_months(cells["period_start"].dropna().unique(), about.period_months)
    if gaps and not about.missing_months:
        shown = ", ".join(gaps[:3]) + (" ..." if len(gaps) > 3 else "")
        problems.add(
            "E134",
            f"no row begins in {len(gaps)} months between its first and its last ({shown}).",
            "Export them too; if there are none, say why in the sidecar: missing_months: reason.",
            column="period_start",
        )


def check_units(
    units: np.ndarray, starts: np.ndarray, ends: np.ndarray, lines: np.ndarray, problems: Problems
) -> None:
    """Refuse unit-shifts of one unit at the same time.

    Parameters
    ----------
    units, starts, ends, lines : ndarray, shape (rows,)
        Any code of the unit, times of UTC in one unit, and line numbers.
    problems : Problems
        Gets E105 for the same unit and start, E132 for shifts that overlap by more than half.
    """
    line, twice, overlap = _overlaps(units, starts, ends, lines)
    for code, wrong, what, remedy in (
        (
            "E105",
            twice,
            "has the same unit and start as another row",
            "If each row is one officer, give the crew one row with all its officer ids; if rows "
            "are copies, mend the join that made them.",
        ),
        (
            "E132",
            overlap,
            "is on duty while another row has the same unit on duty",
            "Give one row per unit and shift, with all officers of the crew in it.",
        ),
    ):
        _tell_overlaps(code, line, wrong, (what, remedy, "unit_id"), problems)


def check_officers(
    officers: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    lines: np.ndarray,
    problems: Problems,
) -> None:
    """Refuse unit-shifts that book one officer on two units at the same time.

    Parameters
    ----------
    officers, starts, ends, lines : ndarray, shape (bookings,)
        Any code of the officer, times of UTC in one unit, and line numbers of the unit-shifts.
    problems : Problems
        Gets E132 for bookings that overlap by more than half.
    """
    line, twice, overlap = _overlaps(officers, starts, ends, lines)
    told = (
        "has an officer on duty who is on duty in another row at the same time",
        "Give each officer one unit at a time: end the earlier row where the later begins.",
        "officer_id_1",
    )
    _tell_overlaps("E132", line, twice | overlap, told, problems)


def _overlaps(
    who: np.ndarray, starts: np.ndarray, ends: np.ndarray, lines: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lines by who and start, and which rows begin with, or lie over, the one before them."""
    order = np.lexsort((lines, starts, who))
    one, start, end = who[order], starts[order], ends[order]
    same = one[1:] == one[:-1]
    twice = same & (start[1:] == start[:-1])
    shorter = np.minimum(end[1:] - start[1:], end[:-1] - start[:-1])
    over = np.minimum(end[1:], end[:-1]) - start[1:]
    # Crews that hand over a car overlap by minutes.
    return lines[order], twice, same & ~twice & (over > shorter / 2) & (shorter > 0)


def _tell_overlaps(
    code: str,
    line: np.ndarray,
    wrong: np.ndarray,
    told: tuple[str, str, str],
    problems: Problems,
) -> None:
    at = np.flatnonzero(wrong)
    if len(at):
        what, remedy, column = told
        pairs = [(int(line[n + 1]), int(line[n])) for n in at[:2]]
        shown = ", ".join(f"row {a} and row {b}" for a, b in pairs)
        more = f"{what}: {len(at):,} times ({shown})."
        problems.add(code, more, remedy, row=max(pairs[0]), column=column)
