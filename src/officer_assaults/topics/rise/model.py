"""The rise of one force between two years: how big it is, and whether the year is odd."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.data.years import OfficerExposure, TwoYears
from officer_assaults.estimate import Estimate, Shown
from officer_assaults.stats.heterogeneity import (
    Heterogeneity,
    PredictiveComparison,
    paule_mandel,
    predictive_comparison,
    predictive_comparisons,
)
from officer_assaults.stats.intervals import Interval, weekly_rate
from officer_assaults.stats.rate_ratio import (
    PHI_GRID,
    RateRatio,
    exact_rate_ratio,
    overdispersion_grid,
    rate_difference,
    rate_ratio_table,
    tipping_phi,
)

OFFENCES = "recorded offences"
NO_OFFICERS = OfficerExposure(None, None, "")


@dataclass(frozen=True, slots=True)
class Rise(Shown):
    """Size of the change between two years, under counting error and more.

    Parameters
    ----------
    two : TwoYears
        What was compared.
    ratio, ratio_mid_p : Estimate
        Ratio of rates per day: exact conditional interval, and the mid-p one.
    per_officer : Estimate or None
        Ratio of rates per officer-year.
    change : Estimate
        Difference of the two counts.
    weekly : tuple of Estimate
        Recorded offences a week in each year.
    grid : DataFrame
        Ratio and limits for each phi and tau; columns of ``overdispersion_grid``.
    tipping_phi : float
        Dispersion at which the interval reaches 1.
    alpha : float
        One minus the coverage of the intervals.
    """

    two: TwoYears
    ratio: Estimate
    ratio_mid_p: Estimate
    per_officer: Estimate | None
    change: Estimate
    weekly: tuple[Estimate, Estimate]
    grid: pd.DataFrame
    tipping_phi: float
    alpha: float

    @property
    def beyond_counting(self) -> bool:
        """Whether counting chance around an unchanged rate is ruled out."""
        return not self.ratio.contains(1.0)

    def table(self) -> pd.DataFrame:
        """Each measure of the change with its interval."""
        measures = {
            "change in the count": self.change,
            "rate ratio per day": self.ratio,
            "rate ratio per officer-year": self.per_officer,
            f"a week in {self.two.period0}": self.weekly[0],
            f"a week in {self.two.period1}": self.weekly[1],
        }
        rows = [
            {"measure": name, "value": each.value, "lower": each.lower, "upper": each.upper}
            for name, each in measures.items()
            if each is not None
        ]
        return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True)
class YearAmongForces(Shown):
    """Growth of every usable force, and where one of them stands among the others.

    Parameters
    ----------
    growth : DataFrame
        One row per force: force, y0, y1, ratio, lower, upper (exact, counting error only), and z
        against the other forces.
    others : Heterogeneity
        Growth of the other forces on the log scale (all forces if the focus is not usable).
    odd : PredictiveComparison or None
        The focus force against what the others lead one to expect; None where it is not usable or
        the years are not next to each other.
    exposure : str
        What rates are per.
    years_apart : int
        Years between the two compared.
    alpha : float
        One minus the coverage.
    """

    growth: pd.DataFrame
    others: Heterogeneity
    odd: PredictiveComparison | None
    exposure: str
    years_apart: int
    alpha: float

    @property
    def forces(self) -> int:
        """Number of usable forces, the one in focus included."""
        return len(self.growth)

    @property
    def expected(self) -> Interval | None:
        """Range of ratios in which the force's growth was to be expected."""
        if self.odd is None:
            return None
        return Interval(float(np.exp(self.odd.lower)), float(np.exp(self.odd.upper)))

    @property
    def is_odd(self) -> bool | None:
        """Whether the growth lies outside that range; None where it is not judged."""
        expected = self.expected
        if self.odd is None or expected is None:
            return None
        return not expected.contains(float(np.exp(self.odd.estimate)))

    def table(self) -> pd.DataFrame:
        """Growth by force, the largest first."""
        return self.growth.sort_values("ratio", ascending=False).reset_index(drop=True)


def rise(
    two: TwoYears,
    officers: OfficerExposure = NO_OFFICERS,
    *,
    phis: Iterable[float] = PHI_GRID,
    taus: Iterable[float] = (0.0,),
    alpha: float = 0.05,
) -> Rise:
    """Compare two years of one force.

    Parameters
    ----------
    two : TwoYears
        Counts and days.
    officers : OfficerExposure
        Officer-years of both years, where there are any.
    phis, taus : iterable of float
        Dispersion within a year and spread of ordinary year-to-year movement to allow for.
    alpha : float
        One minus the coverage of the intervals.

    Raises
    ------
    ValueError
        If a count is no count or an exposure is not above 0.
    """
    y0, y1 = two.counts["y0"], two.counts["y1"]
    days = (y1, two.counts["days1"], y0, two.counts["days0"])
    per_officer = None
    if officers.before is not None and officers.after is not None:
        found = exact_rate_ratio(y1, officers.after, y0, officers.before, alpha=alpha)
        per_officer = _ratio(two, found, "officer-years", alpha)
    return Rise(
        two=two,
        ratio=_ratio(two, exact_rate_ratio(*days, alpha=alpha), "days", alpha),
        ratio_mid_p=_ratio(
            two, exact_rate_ratio(*days, method="mid-p", alpha=alpha), "days", alpha
        ),
        per_officer=per_officer,
        change=_change(two, alpha),
        weekly=(_weekly(two, 0, alpha), _weekly(two, 1, alpha)),
        grid=overdispersion_grid(*days, phis=phis, taus=taus, alpha=alpha),
        tipping_phi=tipping_phi(*days, alpha=alpha),
        alpha=alpha,
    )


def among_forces(
    rows: pd.DataFrame, force: str | None = None, *, exposure: str = "days", alpha: float = 0.05
) -> YearAmongForces:
    """Ask whether the growth of one force is odd among the others'.

    Parameters
    ----------
    rows : DataFrame
        One row per force and year: force, financial_year, later (0 or 1), count (above 0) and the
        exposure; one series and one release.
    force : str, optional
        The force in focus; if it is not among the rows there is no comparison for it.
    exposure : str
        Column that counts are set against.
    alpha : float
        One minus the coverage.

    Raises
    ------
    ValueError
        With fewer than three forces, a force twice in a year, or a count of 0.

    Notes
    -----
    Leave-one-out Paule-Mandel: the spread of growth is estimated from the other forces only. Over
    years that are not next to each other nothing is judged: the spread of growth widens with time.
    """
    if rows.duplicated(["force", "later"]).any():
        raise ValueError("a force stands twice in the comparison")
    wide = rows.pivot_table(index="force", columns="later", values=["count", exposure])
    y1, y0 = wide["count"][1].astype(int), wide["count"][0].astype(int)
    ratios = rate_ratio_table(
        y1, wide[exposure][1], y0, wide[exposure][0], alpha=alpha, index=wide.index
    )
    table = pd.DataFrame({"force": wide.index, "y0": y0, "y1": y1}, index=wide.index)
    table = pd.concat([table, ratios], axis=1).reset_index(drop=True)
    log_growth = np.log(table["ratio"].to_numpy())
    variance = (1 / table["y1"] + 1 / table["y0"]).to_numpy(dtype=float)
    table["z"] = predictive_comparisons(log_growth, variance, alpha).z
    is_focus = (table["force"] == force).to_numpy()
    years = sorted(int(str(label)[:4]) for label in set(rows["financial_year"]))
    apart = years[-1] - years[0]
    odd = (
        predictive_comparison(log_growth, variance, int(np.argmax(is_focus)), alpha)
        if is_focus.any() and apart == 1
        else None
    )
    return YearAmongForces(
        growth=table,
        others=paule_mandel(log_growth[~is_focus], variance[~is_focus]),
        odd=odd,
        exposure=exposure,
        years_apart=apart,
        alpha=alpha,
    )


def _about(two: TwoYears) -> dict[str, Any]:
    return {
        "period": f"{two.period0} to {two.period1}",
        "release": two.vintage,
        "provenance": two.release.publisher,
    }


def _ratio(two: TwoYears, found: RateRatio, exposure: str, alpha: float) -> Estimate:
    return Estimate.of(
        found.ratio, found, unit="rate ratio", denominator=exposure,
        level=1 - alpha, note=f"{found.method} conditional interval, counting chance only; "
        f"p = {found.p:.3g}", **_about(two),
    )  # fmt: skip


def _change(two: TwoYears, alpha: float) -> Estimate:
    y0, y1 = two.counts["y0"], two.counts["y1"]
    # A difference printed beside two counts is theirs, whatever the days of the years.
    found = rate_difference(y1, 1, y0, 1, per=1, alpha=alpha, method="wald")
    return Estimate.of(
        found.value, found, unit=OFFENCES,
        denominator=f"years of {two.before.days} and {two.after.days} days", level=1 - alpha,
        note=f"{y0} to {y1}; counting chance only", **_about(two),
    )  # fmt: skip


def _weekly(two: TwoYears, which: int, alpha: float) -> Estimate:
    year = two.after if which else two.before
    found = weekly_rate(year.n_total, year.days, alpha)
    return Estimate.of(
        found.rate, found, unit=f"{OFFENCES} a week",
        denominator=f"{year.days} days", level=1 - alpha, note="exact Poisson interval",
        **(_about(two) | {"period": year.financial_year}),
    )  # fmt: skip
