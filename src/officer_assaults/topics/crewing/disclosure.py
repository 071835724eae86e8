"""Disclosure: what may be shown to whom, so that no officer and no weak spot is given away.

Small counts are suppressed, and so are further cells until no reader can work a suppressed count
out from the totals: that is proved, not hoped for, by the range that the published numbers leave
for every suppressed cell. Places and times of officers routinely alone are never public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from officer_assaults.page import tables
from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.topics.crewing.model.cells import two_arms
from officer_assaults.topics.crewing.model.policy_language import named_or_written

if TYPE_CHECKING:
    import pandas as pd

Audience = Literal["public", "internal"]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Counts from 1 to 9 are never shown (threshold rule).
SMALLEST_SHOWN = 10
#: What the published numbers must leave open about a suppressed cell.
LEAST_RANGE = SMALLEST_SHOWN - 1
#: What scipy.optimize.linprog says of a programme.
SOLVED, UNBOUNDED = 0, 3
BACKUP_EDGES = (10.0, 20.0)
BACKUP_BANDS = ("up to 10 minutes", "10 to 20 minutes", "more than 20 minutes")
TOTAL = "Total"

#: Columns that say where, or who; never in a public table.
NOT_PUBLIC: Mapping[str, str] = MappingProxyType(
    {
        "beat": "it names a beat",
        "lpa": "it names a policing area",
        "cluster": "it names a place",
        "unit_id": "it tells units apart",
        "officer_id_1": "it tells officers apart",
        "officer_id_2": "it tells officers apart",
        "officer_id_3": "it tells officers apart",
        "start": "it says when a unit was on duty",
        "end": "it says when a unit was on duty",
    }
)


def backup_band(minutes: FloatArray) -> NDArray[np.intp]:
    """Band of planned back-up times, an index into :data:`BACKUP_BANDS`.

    Ten minutes lie in the first band and twenty in the second.
    """
    return np.searchsorted(BACKUP_EDGES, np.asarray(minutes, dtype=float), side="left")


def check_public(columns: Iterable[str], audience: Audience) -> None:
    """Refuse a public table that says where or who.

    Parameters
    ----------
    columns : iterable of str
        Columns of the table.
    audience : {"public", "internal"}

    Raises
    ------
    Refusal
        E121, one problem per column.
    """
    if audience == "internal":
        return
    problems = Problems()
    for name in columns:
        if name in NOT_PUBLIC:
            problems.add(
                "E121",
                f"a public table may not have the column '{name}': {NOT_PUBLIC[name]}.",
                "Add the rows up, or set audience=internal.",
                column=name,
            )
    problems.raise_if_any()


def check_policies(policies: Iterable[str], audience: Audience = "public") -> None:
    """Refuse policies that set one place or person apart: what they move would tell who is alone.

    Parameters
    ----------
    policies : iterable of str
        Names of policies, or expressions.
    audience : {"public", "internal"}

    Raises
    ------
    Refusal
        E121 for a column of :data:`NOT_PUBLIC`; E125 for what is no policy.
    """
    for text in policies:
        check_public(named_or_written(text).columns, audience)


def shown_count(count: float, audience: Audience = "public") -> int | str:
    """Give a count that stands alone, or the mark of a suppressed one.

    Parameters
    ----------
    count : float
    audience : {"public", "internal"}
    """
    small = 0 < count < SMALLEST_SHOWN
    return tables.SUPPRESSED if small and audience == "public" else int(count)


def is_hidden(cells: Iterable[object]) -> bool:
    """Whether any cell of a table is suppressed."""
    return any(cell == tables.SUPPRESSED for cell in cells)


def without_traceable(cells: pd.DataFrame, audience: Audience = "public") -> pd.DataFrame:
    """Leave out incidents where they would give away how few had more than one victim.

    Victims are published by crew. Incidents, or anything that fixes them, such as a mean of victims
    per incident, would tell the difference.

    Parameters
    ----------
    cells : pandas.DataFrame
        Crew cells.
    audience : {"public", "internal"}

    Returns
    -------
    pandas.DataFrame
        The cells, or a copy in which ``incidents_assault`` is missing.
    """
    if audience == "internal" or "incidents_assault" not in cells:
        return cells
    if cells["incidents_assault"].isna().any():
        return cells
    told = two_arms(cells)
    extra = (told["y"] - told["incidents_assault"]).groupby(told["crew"], observed=True).sum()
    small = (extra.abs() > 0) & (extra.abs() < SMALLEST_SHOWN)
    return cells.drop(columns="incidents_assault") if small.any() else cells


def counts_table(counts: pd.DataFrame, label: str, audience: Audience = "public") -> pd.DataFrame:
    """Add totals to a table of counts and suppress what a reader could trace.

    Parameters
    ----------
    counts : pandas.DataFrame
        Counts, rows and columns labelled; the index becomes the first column.
    label : str
        Heading of that column.
    audience : {"public", "internal"}
        Internal tables are not suppressed.

    Returns
    -------
    DataFrame
        First column the row labels, then the counts, then the row totals; last row the column
        totals. Suppressed cells hold the mark ``[c]``.

    Raises
    ------
    Refusal
        E121 if even the grand total is from 1 to 9: then nothing can be shown.
    """
    values = with_margins(counts.to_numpy(dtype=float))
    hidden = np.zeros(values.shape, dtype=bool) if audience == "internal" else suppress(values)
    cells = np.where(hidden, tables.SUPPRESSED, values.astype(int).astype(object))
    names = [*counts.columns, TOTAL]
    shown = counts.reindex(index=[*counts.index, TOTAL], columns=names).astype(object)
    shown.loc[:, :] = cells
    shown.index.name = label
    return shown.reset_index()


def with_margins(counts: FloatArray) -> FloatArray:
    """Append row totals, column totals and the grand total."""
    wide = np.column_stack([counts, counts.sum(axis=1)])
    return np.vstack([wide, wide.sum(axis=0)])


def suppress(values: FloatArray) -> BoolArray:
    """Cells to suppress in a table with margins: small ones, and those that would give them away.

    Parameters
    ----------
    values : array, shape (rows + 1, columns + 1)
        Counts with row totals last in each row and column totals in the last row.

    Returns
    -------
    array of bool, same shape

    Raises
    ------
    Refusal
        E121 if the grand total itself is from 1 to 9.
    """
    small = (values > 0) & (values < SMALLEST_SHOWN)
    if small[-1, -1]:
        raise Refusal(
            Problem(
                "E121",
                "the whole table holds fewer than 10 events.",
                "Show no table, or choose a longer period.",
            )
        )
    hidden = small.copy()
    while True:
        exposed = recoverable(values, hidden, small)
        if not exposed.any():
            return _without_needless(values, hidden, small)
        row, column = map(int, np.argwhere(exposed)[0])
        partner = _partner(values, hidden, row, column)
        if partner is None:
            raise Refusal(
                Problem(
                    "E121",
                    "a count below 10 could be worked out from the totals, whatever is suppressed.",
                    "Merge rows or columns of the table.",
                )
            )
        hidden[partner] = True


def _without_needless(values: FloatArray, hidden: BoolArray, small: BoolArray) -> BoolArray:
    """Give back cells, largest first, that protect nothing once all others are hidden."""
    kept = hidden.copy()
    spare = [tuple(map(int, place)) for place in np.argwhere(hidden & ~small)]
    for place in sorted(spare, key=lambda cell: -values[cell]):
        kept[place] = False
        if (recoverable(values, kept, small) & small).any():
            kept[place] = True
    return kept


def _partner(
    values: FloatArray, hidden: BoolArray, row: int, column: int
) -> tuple[int, int] | None:
    """Cell to suppress next: the smallest that stands in a row or column with an exposed one.

    Inner cells first, then margins, never the grand total.
    """
    rows, columns = values.shape
    free = ~hidden
    free[-1, -1] = False
    inner = np.zeros(values.shape, dtype=bool)
    inner[: rows - 1, : columns - 1] = True
    in_line = np.zeros(values.shape, dtype=bool)
    in_line[row, :] = in_line[:, column] = True
    for candidates in (inner & in_line, inner, in_line, ~inner):
        found = np.argwhere(candidates & free)
        if len(found):
            smallest = found[np.argmin(values[tuple(found.T)], axis=0)]
            return int(smallest[0]), int(smallest[1])
    return None


def recoverable(values: FloatArray, hidden: BoolArray, asked: BoolArray | None = None) -> BoolArray:
    """Suppressed cells that the published ones pin down to within fewer than ten values.

    Parameters
    ----------
    values : array, shape (rows + 1, columns + 1)
        Counts with margins.
    hidden : array of bool, same shape
        Cells not published.
    asked : array of bool, same shape, optional
        Hidden cells to look at; all of them by default.

    Returns
    -------
    array of bool, same shape
        True where the smallest and the largest count that fit all published numbers differ by less
        than 9.
    """
    places = [tuple(map(int, place)) for place in np.argwhere(hidden)]
    exposed = np.zeros(values.shape, dtype=bool)
    if not places:
        return exposed
    matrix, totals = _constraints(values, hidden, places)
    for index, place in enumerate(places):
        if asked is not None and not asked[place]:
            continue
        low, high = _range(matrix, totals, index, len(places))
        exposed[place] = high - low < LEAST_RANGE
    return exposed


def _constraints(
    values: FloatArray, hidden: BoolArray, places: Sequence[tuple[int, ...]]
) -> tuple[FloatArray, FloatArray]:
    """Each row and column of the table with its total, as an equation in the hidden cells."""
    number = {place: index for index, place in enumerate(places)}
    equations, totals = [], []
    rows, columns = values.shape
    lines = [[(row, column) for column in range(columns)] for row in range(rows)]
    lines += [[(row, column) for row in range(rows)] for column in range(columns)]
    for line in lines:
        *parts, total = line
        equation = np.zeros(len(places))
        known = 0.0
        for place, sign in [*((part, 1.0) for part in parts), (total, -1.0)]:
            if hidden[place]:
                equation[number[place]] += sign
            else:
                known += sign * values[place]
        equations.append(equation)
        totals.append(-known)
    return np.array(equations), np.array(totals)


def _range(
    matrix: FloatArray, totals: FloatArray, index: int, unknowns: int
) -> tuple[float, float]:
    from scipy.optimize import linprog

    limits = []
    for sign in (1.0, -1.0):
        goal = np.zeros(unknowns)
        goal[index] = sign
        found = linprog(goal, A_eq=matrix, b_eq=totals, bounds=(0, None))
        if found.status not in (SOLVED, UNBOUNDED):
            # No answer is no proof: such a cell counts as exposed.
            return 0.0, 0.0
        limits.append(sign * float(found.fun) if found.status == SOLVED else sign * -np.inf)
    low, high = limits
    return round(low, 6), round(high, 6)
