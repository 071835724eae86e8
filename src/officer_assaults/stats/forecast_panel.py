"""Panels of counts by unit and quarter, and how such counts have grown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.estimate import Shown
from officer_assaults.stats.heterogeneity import paule_mandel

FloatArray = NDArray[np.float64]
# Below this the log of a count is no longer nearly normal; such years feed no growth.
LEAST_COUNT = 10
LEAST_YEARS = 3
QUARTERS = 4
APRIL = 4


@dataclass(frozen=True, slots=True)
class Panel(Shown):
    """Counts of several units over years, with the places where a series was broken.

    Parameters
    ----------
    units : tuple of str
        Names, for instance forces.
    years : tuple of int
        Consecutive years.
    quarters : ndarray, shape (units, years, 4)
        Counts by quarter; ``nan`` where a year is not known in full.
    segment : int ndarray, shape (units, years)
        Years of one unit are comparable where their numbers are equal.
    """

    units: tuple[str, ...]
    years: tuple[int, ...]
    quarters: FloatArray
    segment: NDArray[np.int_]

    @property
    def annual(self) -> FloatArray:
        """Counts by year, shape (units, years)."""
        return np.asarray(self.quarters.sum(axis=2))

    def table(self) -> pd.DataFrame:
        """Give counts by unit, one column a year."""
        table = pd.DataFrame(self.annual, columns=list(self.years))
        table.insert(0, "unit", list(self.units))
        return table

    def until(self, year: int) -> Panel:
        """Part of the panel that was known at the end of ``year``."""
        keep = self.years.index(year) + 1
        return Panel(self.units, self.years[:keep], self.quarters[:, :keep], self.segment[:, :keep])


@dataclass(frozen=True, slots=True)
class GrowthModel(Shown):
    """How recorded figures have moved from one year to the next.

    Parameters
    ----------
    drift, drift_se : float
        Mean log growth a year, and its standard error over years.
    tau_unit : float
        SD of a unit's log growth about that year's common growth, counting error taken out.
    tau_common : float
        SD of the common log growth from year to year.
    years, growths : int
        Years of growth, and unit-years, that the model rests on.
    origin : int
        Last year used.
    """

    drift: float
    drift_se: float
    tau_unit: float
    tau_common: float
    years: int
    growths: int
    origin: int

    @property
    def tau(self) -> float:
        """SD of one unit's log growth in one year, counting error taken out."""
        return math.hypot(self.tau_unit, self.tau_common)

    def table(self) -> pd.DataFrame:
        """Drift as a yearly ratio with limits (t), and the spreads on the log scale."""
        half = float(stats.t.isf(0.025, self.years - 1)) * self.drift_se
        limits = (math.exp(self.drift - half), math.exp(self.drift + half))
        rows = [
            ("drift, ratio a year", math.exp(self.drift), *limits),
            ("movement common to all units, SD of log growth", self.tau_common, "", ""),
            ("movement of one unit, SD of log growth", self.tau_unit, "", ""),
        ]
        return pd.DataFrame(rows, columns=["term", "estimate", "lower", "upper"])

    def notes(self) -> tuple[str, ...]:
        """Say what the model rests on."""
        return (
            f"log growth ~ drift + year + unit, error: counting (1/y of both years); "
            f"{self.growths} growths over {self.years} years.",
        )


def make_panel(quarterly: pd.DataFrame, breaks: pd.DataFrame | None = None) -> Panel:
    """Lay quarterly counts out by unit, year and quarter, and mark what cannot be chained.

    Parameters
    ----------
    quarterly : DataFrame
        force, year (a whole number), quarter (1 to 4), count; one row per force and quarter.
    breaks : DataFrame, optional
        Columns force and year: the first year that is not comparable with the year
        before. A year broken within itself has two rows: that year and the next.

    Raises
    ------
    ValueError
        If rows repeat a key, years have gaps, or a break names an unknown unit.

    Notes
    -----
    A negative quarter (net of cancelled crimes) makes its year unknown here: it stays in the data
    but feeds no forecast.
    """
    keys = ["force", "year", "quarter"]
    if quarterly.duplicated(keys).any():
        raise ValueError(f"more than one row for a {', '.join(keys)}")
    units = sorted(quarterly["force"].unique())
    years = range(int(quarterly["year"].min()), int(quarterly["year"].max()) + 1)
    if absent := set(years) - set(quarterly["year"]):
        raise ValueError(f"years {sorted(absent)} are missing")
    grid = pd.MultiIndex.from_product([units, years, range(1, QUARTERS + 1)], names=keys)
    filled = quarterly.set_index(keys)["count"].reindex(grid).to_numpy(float)
    counts = np.where(filled < 0, np.nan, filled).reshape(len(units), len(years), QUARTERS)
    segment = np.zeros(counts.shape[:2], dtype=int)
    for name, first in () if breaks is None else breaks[["force", "year"]].itertuples(index=False):
        if name not in units:
            raise ValueError(f"a break names {name!r}, which has no counts")
        segment[units.index(name), [y >= first for y in years]] += 1
    return Panel(tuple(units), tuple(years), counts, segment)


def segment_starts(breaks: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Years from which a series is not comparable with the year before.

    Parameters
    ----------
    breaks : DataFrame
        Decided breaks: force, offence_code, from, to, kind ("gap" or "step").
    codes : sequence of str
        Offence codes summed in the series; a break of one breaks the sum.

    Returns
    -------
    DataFrame
        force, year: the first year that a gap or step touches, and the first after it.
    """
    mine = breaks[breaks["offence_code"].isin(list(codes))]
    rows = []
    for row in mine.to_dict("records"):
        first = _financial_year(row["from"])
        rows.append((row["force"], first))
        # A step on the first day of a year leaves that year whole.
        if row["kind"] == "gap" and not pd.isna(row["to"]):
            rows.append((row["force"], _financial_year(row["to"]) + 1))
        elif row["kind"] == "step" and pd.Timestamp(row["from"]).month != APRIL:
            rows.append((row["force"], first + 1))
    return pd.DataFrame(rows, columns=["force", "year"])


def fit_growth(panel: Panel) -> GrowthModel:
    """Estimate drift and between-year movement from all units' past growth.

    Parameters
    ----------
    panel : Panel
        Growth is taken only between consecutive years of one segment with counts of 10 or more.

    Raises
    ------
    ValueError
        With fewer than 3 years of growth.

    Notes
    -----
    Log growth of unit ``i`` in year ``t`` is ``drift + common_t + own_it`` plus counting error of
    variance ``1/y_t + 1/y_{t-1}``. Paule-Mandel gives the spread of ``own`` within each year
    (pooled by degrees of freedom) and then the spread of ``common`` between years. Units share
    their year, so the number of years, not of growths, sets how well the drift is known.
    """
    growth, variance = log_growth(panel)
    yearly = [
        paule_mandel(growth[keep, j], variance[keep, j])
        for j in range(growth.shape[1])
        if (keep := np.isfinite(growth[:, j])).sum() >= LEAST_YEARS
    ]
    if len(yearly) < LEAST_YEARS:
        raise ValueError(
            f"a forecast needs {LEAST_YEARS} years of growth; {len(yearly)} can be used"
        )
    common = paule_mandel([year.mu for year in yearly], [year.se**2 for year in yearly])
    freedom = np.array([year.k - 1 for year in yearly])
    own = np.array([year.tau2 for year in yearly])
    return GrowthModel(
        drift=common.mu,
        drift_se=common.se,
        tau_unit=math.sqrt(float(own @ freedom / freedom.sum())),
        tau_common=common.tau,
        years=len(yearly),
        growths=int(freedom.sum() + len(yearly)),
        origin=panel.years[-1],
    )


def _financial_year(day: object) -> int:
    moment = pd.Timestamp(str(day))
    return moment.year if moment.month >= APRIL else moment.year - 1


def log_growth(panel: Panel) -> tuple[FloatArray, FloatArray]:
    """Log growth and its counting variance, shape (units, years - 1); ``nan`` across breaks."""
    y = usable_counts(panel.annual)
    same = panel.segment[:, 1:] == panel.segment[:, :-1]
    growth = np.where(same, np.log(y[:, 1:]) - np.log(y[:, :-1]), np.nan)
    return growth, 1 / y[:, 1:] + 1 / y[:, :-1]


def usable_counts(counts: FloatArray) -> FloatArray:
    """Keep counts large enough for a log; the others become ``nan``."""
    return np.where(counts >= LEAST_COUNT, counts, np.nan)
