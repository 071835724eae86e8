"""Dispersion: how much more counts vary within a year than independent events would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.tsa.stattools import acf

from officer_assaults.estimate import Shown
from officer_assaults.stats.intervals import FloatArray, check_alpha
from officer_assaults.stats.newton import fit_design

Trend = Literal["cubic", "year"]
QUARTERS = 4
CUBIC = 3
LEAST_RESIDUAL_DF = 4


@dataclass(frozen=True, slots=True)
class QuarterlyDispersion(Shown):
    """Residual dispersion of quarterly counts, force by force.

    Parameters
    ----------
    frame : DataFrame
        One row per force: force, phi, lower, upper, lag1 (autocorrelation of Pearson residuals),
        mean (offences a quarter), df.
    left_out : DataFrame
        force, reason.
    trend : {"cubic", "year"}
        What was taken out besides quarter effects.
    first, last : Timestamp
        First and last quarter.
    quarters : int
        Number of quarters.
    """

    frame: pd.DataFrame
    left_out: pd.DataFrame
    trend: Trend
    first: pd.Timestamp
    last: pd.Timestamp
    quarters: int

    def of(self, force: str) -> float:
        """Dispersion of one force.

        Raises
        ------
        ValueError
            If the force was left out; the message says why.
        """
        rows = self.frame.loc[self.frame["force"] == force, "phi"]
        if rows.empty:
            why = self.left_out.loc[self.left_out["force"] == force, "reason"]
            raise ValueError(f"no dispersion for {force}: {'; '.join(why) or 'not in the data'}")
        return float(rows.iloc[0])

    def quantiles(self, shares: ArrayLike = (0.1, 0.5, 0.9)) -> FloatArray:
        """Quantiles of ``phi`` over forces."""
        return np.asarray(np.quantile(self.frame["phi"].to_numpy(), np.asarray(shares)))


def victims_per_incident_phi(share_two: float) -> float:
    """Dispersion of a count of victims when some incidents have two.

    Parameters
    ----------
    share_two : float
        Share of incidents with two victims, 0 to 1; all others have one.

    Returns
    -------
    float
        ``(1 + 3q) / (1 + q)``.

    Raises
    ------
    ValueError
        If the share is outside 0 to 1.

    Notes
    -----
    With Poisson incidents of M victims the count has mean ``lambda E[M]`` and variance
    ``lambda E[M^2]`` (compound Poisson); here ``E[M] = 1 + q`` and ``E[M^2] = 1 + 3q``.
    """
    if not 0 <= share_two <= 1:
        raise ValueError(f"the share of incidents with two victims is 0 to 1, not {share_two}")
    return (1 + 3 * share_two) / (1 + share_two)


def quarterly_dispersion(
    frame: pd.DataFrame,
    *,
    trend: Trend = "cubic",
    least: int = 1,
    alpha: float = 0.05,
) -> QuarterlyDispersion:
    """Residual dispersion of each force's quarterly counts about a trend and quarter effects.

    Parameters
    ----------
    frame : DataFrame
        One row per force and quarter: force, quarter_start (a date), financial_year, quarter
        (1 to 4), offences. Select one offence code, or add codes up, beforehand.
    trend : {"cubic", "year"}
        A cubic in time leaves movement between years in the residuals; a level for each financial
        year takes it out and leaves dispersion within years only.
    least : int
        Forces with a quarter below this are left out, with the reason: a quarter of 0 in a
        series of hundreds, or a negative net of cancelled crimes, is recording, not chance.
    alpha : float
        One minus the coverage.

    Returns
    -------
    QuarterlyDispersion
        Pearson statistic over residual degrees of freedom, limits from chi-square, and the lag-1
        autocorrelation of the Pearson residuals.

    Raises
    ------
    ValueError
        If a force has a quarter twice or not at all, or there are too few quarters.
    """
    check_alpha(alpha)
    if least < 1:
        raise ValueError(f"least must be 1 or more, not {least}")
    if trend not in get_args(Trend):
        raise ValueError(f"trend must be one of {get_args(Trend)}, not {trend!r}")
    wide = _wide(frame, "offences")
    calendar = frame.drop_duplicates("quarter_start").sort_values("quarter_start")
    design = _design(calendar, trend)
    if design.shape[0] - design.shape[1] < LEAST_RESIDUAL_DF:
        raise ValueError(f"{design.shape[0]} quarters are too few for a {trend} trend")
    low = wide.min(axis=0)
    usable = low[low >= least].index
    rows = [
        {"force": force, **_residual_dispersion(design, wide[force].to_numpy(float), alpha)}
        for force in usable
    ]
    dropped = low[low < least]
    reasons = [f"a quarter with {value:g} recorded" for value in dropped]
    start = pd.to_datetime(calendar["quarter_start"])
    return QuarterlyDispersion(
        frame=pd.DataFrame(rows),
        left_out=pd.DataFrame({"force": list(dropped.index), "reason": reasons}),
        trend=trend,
        first=start.iloc[0],
        last=start.iloc[-1],
        quarters=len(start),
    )


def _wide(frame: pd.DataFrame, count: str) -> pd.DataFrame:
    """Spread counts with quarters down and forces across, complete and without repeats."""
    twice = frame.duplicated(["force", "quarter_start"])
    if twice.any():
        row = frame[twice].iloc[0]
        raise ValueError(
            f"{row['force']} has the quarter {row['quarter_start']} more than once: select one "
            "offence code and release, or add codes up"
        )
    wide = frame.pivot_table(index="quarter_start", columns="force", values=count)
    gaps = wide.columns[wide.isna().any(axis=0)]
    if len(gaps):
        raise ValueError(
            f"quarters are missing for {', '.join(map(str, gaps))}: use one common span"
        )
    months = pd.to_datetime(wide.index).to_period("M")
    if len(months) > 1 and set(np.diff(months.year * 12 + months.month)) != {12 // QUARTERS}:
        raise ValueError("quarters must follow one another without a gap")
    return wide


def _design(calendar: pd.DataFrame, trend: Trend) -> FloatArray:
    quarter = pd.get_dummies(calendar["quarter"], drop_first=True, dtype=float).to_numpy()
    if trend == "year":
        level = pd.get_dummies(calendar["financial_year"], dtype=float).to_numpy()
    else:
        time = np.linspace(-1, 1, len(calendar))
        level = np.polynomial.legendre.legvander(time, CUBIC)
    return np.hstack([level, quarter])


def _residual_dispersion(design: FloatArray, y: FloatArray, alpha: float) -> dict[str, float]:
    fit = fit_design(design, y, np.zeros(len(y)))
    residual = (y - fit.mu) / np.sqrt(fit.mu)
    pearson, df = float(residual @ residual), design.shape[0] - design.shape[1]
    return {
        "phi": pearson / df,
        "lower": pearson / float(stats.chi2.isf(alpha / 2, df)),
        "upper": pearson / float(stats.chi2.ppf(alpha / 2, df)),
        "lag1": float(acf(residual, nlags=1, fft=False)[1]),
        "mean": float(y.mean()),
        "df": df,
    }
