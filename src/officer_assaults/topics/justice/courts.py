"""Courts: convictions, custody and sentences by month, before and after the 2018 Act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import Interval, check_alpha

FloatArray = NDArray[np.float64]
#: Longest lag of convictions behind prosecutions, in months.
LONGEST_LAG = 6
POLICE = "assault on police or emergency worker"
CONTROL = "common assault"


@dataclass(frozen=True, slots=True)
class PeriodChange(Shown):
    """A share, or a mean, before and after a date.

    Parameters
    ----------
    before, after : float
        Levels.
    before_interval, after_interval : Interval
        Their intervals.
    difference : float
        After minus before.
    difference_interval : Interval
        Interval of the difference.
    se, df : float
        Standard error of the difference and degrees of freedom of its t interval.
    dispersion : float
        Scatter of the months over binomial scatter, at least 1; all intervals carry it.
    months_before, months_after : int
        Months used.
    """

    before: float
    before_interval: Interval
    after: float
    after_interval: Interval
    difference: float
    difference_interval: Interval
    se: float
    df: float
    dispersion: float
    months_before: int
    months_after: int


def court_months(
    courts: pd.DataFrame,
    *,
    old: str,
    new: str,
    control: str,
    act: pd.Timestamp,
    settle_months: int = 3,
) -> pd.DataFrame:
    """Court outcomes by month: old and new offence added together, beside a control offence.

    Parameters
    ----------
    courts : DataFrame
        Columns month_start, offence, stage, value.
    old, new : str
        Offence before the Act and the one that took its place.
    control : str
        Offence that the Act left alone.
    act : Timestamp
        Day of commencement.
    settle_months : int
        Months at the end of the table that are taken to be half processed.

    Returns
    -------
    DataFrame
        Columns series, month_start, prosecuted, convicted, sentenced, custody, length (mean
        custodial sentence in months, weighted by numbers), convicted_share, custody_share and
        period: "before", "transition" (the month of commencement), "after" or "half processed".
    """
    wide = courts.pivot_table(
        index=["offence", "month_start"], columns="stage", values="value", aggfunc="sum"
    )
    names = {
        "Prosecuted": "prosecuted",
        "Convicted": "convicted",
        "Sentenced": "sentenced",
        "Immediate custody": "custody",
    }
    counts = wide[list(names)].rename(columns=names)
    length = wide["Average custodial sentence length (months)"]
    # A mean of 0 beside people jailed is a gap in the table, not a sentence of no length.
    counts["with_length"] = counts["custody"].where(length > 0)
    counts["custody_months"] = counts["with_length"] * length
    counts = counts.fillna(0.0).reset_index()
    counts["series"] = counts["offence"].map({old: POLICE, new: POLICE, control: CONTROL})
    months = counts.drop(columns="offence").groupby(["series", "month_start"], as_index=False).sum()
    months["length"] = months["custody_months"] / months["with_length"].where(
        months["with_length"] > 0
    )
    months["convicted_share"] = months["convicted"] / months["prosecuted"]
    months["custody_share"] = months["custody"] / months["sentenced"]
    months["period"] = _periods(months["month_start"], act, settle_months)
    return months.drop(columns=["custody_months", "with_length"])


def share_change(
    months: pd.DataFrame,
    numerator: str,
    denominator: str,
    *,
    after: Sequence[str] = ("after",),
    alpha: float = 0.05,
) -> PeriodChange:
    """Change of a share from before to after, with the scatter of its own months as error.

    Parameters
    ----------
    months : DataFrame
        Rows of one series of :func:`court_months`.
    numerator, denominator : str
        Columns, for instance custody and sentenced.
    after : sequence of str
        Periods that count as after; add "half processed" to see what the last months change.
    alpha : float
        One minus the coverage.

    Notes
    -----
    Pooled proportions with a quasi-binomial variance: Pearson's chi-square of the months about
    their own period's share, over its degrees of freedom, multiplies the variance; t intervals.
    """
    parts = _before_and_after(months, after)
    hits = np.array([part[numerator].sum() for part in parts])
    trials = np.array([part[denominator].sum() for part in parts])
    share = hits / trials
    chi2 = 0.0
    for part, p in zip(parts, share, strict=True):
        expected = part[denominator] * p
        chi2 += float(((part[numerator] - expected) ** 2 / (expected * (1 - p))).sum())
    df = len(parts[0]) + len(parts[1]) - 2
    dispersion = max(1.0, chi2 / df)
    se = np.sqrt(dispersion * share * (1 - share) / trials)
    return _change(share, se, (df, df), df, dispersion, parts, alpha)


def length_change(
    months: pd.DataFrame, *, after: Sequence[str] = ("after",), alpha: float = 0.05
) -> PeriodChange:
    """Change of the mean custodial sentence, in months, from before to after.

    The table gives monthly means only, so the error is the scatter of the monthly means, weighted
    by the number jailed: Welch's t interval over months.
    """
    parts = _before_and_after(months, after)
    mean, variance = np.array([_weighted_mean(part) for part in parts]).T
    degrees = [len(part) - 1 for part in parts]
    df = float(variance.sum() ** 2 / (variance**2 / np.array(degrees)).sum())
    return _change(mean, np.sqrt(variance), (degrees[0], degrees[1]), df, 1.0, parts, alpha)


def court_changes(
    months: pd.DataFrame, *, after: Sequence[str] = ("after",), alpha: float = 0.05
) -> dict[tuple[str, str], PeriodChange]:
    """Every change of both series: shares convicted and jailed, and mean length.

    Parameters
    ----------
    months : DataFrame
        From :func:`court_months`.
    after, alpha
        As for :func:`share_change`.

    Returns
    -------
    dict
        By series and measure ("convicted", "custody", "length").
    """
    changes: dict[tuple[str, str], PeriodChange] = {}
    for series in (POLICE, CONTROL):
        mine = months[months["series"] == series]
        for top, bottom in (("convicted", "prosecuted"), ("custody", "sentenced")):
            changes[series, top] = share_change(mine, top, bottom, after=after, alpha=alpha)
        changes[series, "length"] = length_change(mine, after=after, alpha=alpha)
    return changes


def conviction_lags(months: pd.DataFrame) -> pd.DataFrame:
    """Change of convictions over the prosecutions of some months before, lag by lag.

    Parameters
    ----------
    months : DataFrame
        From :func:`court_months`.

    Returns
    -------
    DataFrame
        lag, police and control (after minus before, settled months), beyond (their difference).

    Notes
    -----
    Convictions and prosecutions of one month are different people; while prosecutions grow, the
    ratio of a month falls by timing alone. No lag is the right one: a sign that changes with the
    lag is timing.
    """
    rows = []
    for lag in range(LONGEST_LAG + 1):
        moved = [_lagged_change(months[months["series"] == one], lag) for one in (POLICE, CONTROL)]
        rows.append((lag, *moved, moved[0] - moved[1]))
    return pd.DataFrame(rows, columns=["lag", "police", "control", "beyond"])


def _lagged_change(series: pd.DataFrame, lag: int) -> float:
    rows = series.sort_values("month_start")
    rows = rows.assign(prosecuted=rows["prosecuted"].shift(lag)).dropna(subset="prosecuted")
    ratio = {
        name: part["convicted"].sum() / part["prosecuted"].sum()
        for name, part in rows.groupby("period")
    }
    return float(ratio["after"] - ratio["before"])


def beyond_controls(
    changes: Mapping[tuple[str, str], PeriodChange], alpha: float = 0.05
) -> dict[str, Interval]:
    """Change of each measure beyond that of the control; see :func:`beyond_control`."""
    return {
        measure: beyond_control(change, changes[CONTROL, measure], alpha)
        for (series, measure), change in changes.items()
        if series == POLICE
    }


def beyond_control(change: PeriodChange, control: PeriodChange, alpha: float = 0.05) -> Interval:
    """Interval of the change of a series minus the change of its control.

    The centre is ``change.difference - control.difference``; errors are taken as independent and
    the smaller degrees of freedom are used.
    """
    centre = change.difference - control.difference
    t = float(stats.t.isf(check_alpha(alpha) / 2, min(change.df, control.df)))
    reach = t * float(np.hypot(change.se, control.se))
    return Interval(centre - reach, centre + reach)


def _before_and_after(
    months: pd.DataFrame, after: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return months[months["period"] == "before"], months[months["period"].isin(after)]


def _change(
    level: FloatArray,
    se: FloatArray,
    own_df: tuple[float, float],
    df: float,
    dispersion: float,
    parts: tuple[pd.DataFrame, pd.DataFrame],
    alpha: float,
) -> PeriodChange:
    tail = check_alpha(alpha) / 2
    own = [
        Interval(float(x - stats.t.isf(tail, d) * s), float(x + stats.t.isf(tail, d) * s))
        for x, s, d in zip(level, se, own_df, strict=True)
    ]
    change, error = float(level[1] - level[0]), float(np.hypot(*se))
    reach = float(stats.t.isf(tail, df)) * error
    return PeriodChange(
        before=float(level[0]),
        before_interval=own[0],
        after=float(level[1]),
        after_interval=own[1],
        difference=change,
        difference_interval=Interval(change - reach, change + reach),
        se=error,
        df=float(df),
        dispersion=dispersion,
        months_before=len(parts[0]),
        months_after=len(parts[1]),
    )


def _weighted_mean(part: pd.DataFrame) -> tuple[float, float]:
    """Mean length weighted by the number jailed, and the variance of that mean."""
    weight, length = part["custody"].to_numpy(float), part["length"].to_numpy(float)
    mean = float(weight @ length / weight.sum())
    n = len(part)
    variance = float((weight / weight.sum()) ** 2 @ (length - mean) ** 2) * n / (n - 1)
    return mean, variance


def _periods(month: pd.Series, act: pd.Timestamp, settle_months: int) -> pd.Series:
    commencement = act.to_period("M").to_timestamp()
    last = month.drop_duplicates().sort_values().tail(settle_months)
    period = np.select(
        [month < commencement, month == commencement, month.isin(last)],
        ["before", "transition", "half processed"],
        default="after",
    )
    return pd.Series(period, index=month.index)
