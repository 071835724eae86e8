"""Comparison of one force with all others on one denominator, from funnel to rank interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from officer_assaults.data import exposure, tables
from officer_assaults.estimate import Estimate
from officer_assaults.shown import Shown
from officer_assaults.stats.funnel import Funnel, funnel_loo
from officer_assaults.stats.heterogeneity import predictive_comparison
from officer_assaults.stats.intervals import FloatArray, Interval, check_alpha, poisson_intervals
from officer_assaults.stats.ranks import (
    TOP,
    RankDistribution,
    confidence_set,
    counting_draws,
    rank_distribution,
)
from officer_assaults.stats.shrinkage import ShrunkenRates, empirical_bayes, full_bayes

DRAWS = 4000


@dataclass(frozen=True, slots=True)
class RateComparison(Shown):
    """Rates of all forces on one denominator.

    Parameters
    ----------
    denominator : str
        What the rate is per.
    per : float
        Units of exposure that rates are quoted for.
    funnel : Funnel
        Scores against the other forces and the limits.
    shrunk : ShrunkenRates
        Rates pulled towards the others as far as counting error warrants.
    ranks : RankDistribution
        Ranks under counting error alone.
    ranks_dispersed : RankDistribution
        Ranks with each force's own quarterly dispersion.
    alpha : float
        One minus the coverage.
    """

    denominator: str
    per: float
    funnel: Funnel
    shrunk: ShrunkenRates
    ranks: RankDistribution
    ranks_dispersed: RankDistribution
    alpha: float

    @property
    def units(self) -> int:
        """Number of forces compared."""
        return len(self.funnel.table)

    def table(self) -> pd.DataFrame:
        """Rates by force, the highest first."""
        return self.rates().sort_values("rate", ascending=False).rename_axis("force").reset_index()

    def rates(self) -> pd.DataFrame:
        """Rate per ``per`` units with its exact Poisson interval, by force."""
        table = self.funnel.table
        limits = poisson_intervals(table["count"], self.alpha, exposure=table["exposure"])
        return pd.DataFrame(
            {
                "rate": table["rate"] * self.per,
                "lower": limits.lower * self.per,
                "upper": limits.upper * self.per,
            },
            index=table.index,
        )


@dataclass(frozen=True, slots=True)
class ForceAmongForces(Shown):
    """One force on one denominator.

    Parameters
    ----------
    rate : float
        Recorded events per ``per`` units of exposure.
    rate_interval : Interval
        Exact Poisson interval.
    ratio : float
        Rate over the mean rate of the other forces.
    expected : Interval
        Range of such ratios to be expected of one force, from counting error and the ordinary
        spread of the others.
    z, p : float
        Leave-one-out score and its two-sided t probability.
    rank, units : int
        Plain rank (1 is the highest rate) among so many forces.
    rank_interval, rank_interval_dispersed : Interval
        Of the rank: counting error alone, and with quarterly dispersion.
    rank_set : Interval
        Ranks that the data do not rule out at all, whatever the true order.
    p_top : float
        Probability of being among the ``top`` highest rates, with quarterly dispersion.
    top : int
        The k of ``p_top``.
    """

    rate: float
    rate_interval: Interval
    ratio: float
    expected: Interval
    z: float
    p: float
    rank: int
    units: int
    rank_interval: Interval
    rank_interval_dispersed: Interval
    rank_set: Interval
    p_top: float
    top: int


def model_rows(frame: pd.DataFrame, force: str, period: str, denominator: str) -> pd.DataFrame:
    """Lay forces out for a model of their counts.

    Parameters
    ----------
    frame : DataFrame
        Columns force, count, exposure.
    force : str
        The force in focus.
    period : str
        Financial year, for its residents.
    denominator : str
        What the exposure is, the name of its column here.

    Returns
    -------
    DataFrame
        force, region, count, the denominator, population, focus (1 for the force in focus).
    """
    residents = exposure.of(period, "residents", last_known=True).set_index("force")["exposure"]
    regions = tables.load("forces").set_index("force")["region"]
    return pd.DataFrame(
        {
            "force": frame["force"],
            "region": frame["force"].map(regions),
            "count": frame["count"],
            denominator: frame["exposure"],
            "population": frame["force"].map(residents),
            "focus": (frame["force"] == force).astype(int),
        }
    )


def compare_rates(
    frame: pd.DataFrame,
    denominator: str,
    *,
    per: float = 1000.0,
    phi: ArrayLike = 1.0,
    top: int = TOP,
    full: bool = False,
    alpha: float = 0.05,
    seed: int,
) -> RateComparison:
    """Compare the rates of all forces on one denominator.

    Parameters
    ----------
    frame : DataFrame
        Columns force, count (above 0), exposure.
    denominator : str
        What the rate is per, for instance "officer-years".
    per : float
        Units of exposure that rates are quoted for.
    phi : array_like
        Dispersion of each force's count, in the order of ``frame``, or one for all.
    top : int
        Size of the group whose probability is wanted.
    full : bool
        Shrink by the full posterior instead of the empirical one.
    alpha : float
        One minus the coverage.
    seed : int
        Seed of the draws.

    Raises
    ------
    Refusal
        E119 with fewer than ten forces, E122 for a force without any recorded offence.
    """
    names, counts, exposure = frame["force"].tolist(), frame["count"], frame["exposure"]
    shrink = full_bayes if full else empirical_bayes
    funnel = funnel_loo(counts, exposure, names)
    ranked = [
        rank_distribution(
            counting_draws(counts, exposure, draws=DRAWS, seed=seed, phi=dispersion),
            funnel.table["rate"],
            names,
            denominator=denominator,
            top=top,
            alpha=alpha,
        )
        for dispersion in (1.0, phi)
    ]
    return RateComparison(
        denominator=denominator,
        per=per,
        funnel=funnel,
        shrunk=shrink(counts, exposure, names, alpha=alpha, draws=DRAWS, seed=seed),
        ranks=ranked[0],
        ranks_dispersed=ranked[1],
        alpha=alpha,
    )


def force_among_forces(result: RateComparison, force: str, *, seed: int) -> ForceAmongForces:
    """Read one force off a comparison.

    Parameters
    ----------
    result : RateComparison
        All forces.
    force : str
        The one in focus; must be among them.
    seed : int
        Seed of the draws behind the confidence set of the rank.
    """
    table = result.funnel.table
    at = list(table.index).index(force)
    log_rate, variance = np.log(table["rate"].to_numpy()), 1 / table["count"].to_numpy()
    own = predictive_comparison(log_rate, variance, at, result.alpha)
    rate, lower, upper = result.rates().iloc[at].to_numpy(dtype=float)
    dispersed = result.ranks_dispersed
    return ForceAmongForces(
        rate=float(rate),
        rate_interval=Interval(float(lower), float(upper)),
        ratio=float(np.exp(own.estimate - own.mu)),
        expected=Interval(float(np.exp(own.lower - own.mu)), float(np.exp(own.upper - own.mu))),
        z=own.z,
        p=own.p,
        rank=int(result.ranks.table["rank"].iloc[at]),
        units=result.units,
        rank_interval=result.ranks.interval(force),
        rank_interval_dispersed=dispersed.interval(force),
        rank_set=confidence_set(log_rate, np.sqrt(variance), at, alpha=result.alpha, seed=seed),
        p_top=float(dispersed.table["p_top"].iloc[at]),
        top=dispersed.top,
    )


def focus(
    results: Mapping[str, RateComparison], force: str, *, seed: int
) -> dict[str, ForceAmongForces]:
    """Read one force off the comparisons on several denominators."""
    return {name: force_among_forces(result, force, seed=seed) for name, result in results.items()}


def dispersions(table: pd.DataFrame, wanted: Sequence[str] | pd.Series) -> FloatArray:
    """Dispersion of each force's quarterly counts, never below that of independent events.

    Parameters
    ----------
    table : DataFrame
        Columns force, phi; from :func:`officer_assaults.stats.dispersion.quarterly_dispersion`.
    wanted : sequence of str
        Forces; one without an estimate gets the median of the others.
    """
    phi = table.set_index("force")["phi"]
    known = phi.reindex(list(wanted)).fillna(phi.median()).to_numpy(dtype=float)
    return np.asarray(np.maximum(known, 1.0))


def size_correlation(frame: pd.DataFrame, alpha: float = 0.05) -> Estimate:
    """Rank correlation of count and exposure; columns count, exposure."""
    return rank_correlation(frame["count"], frame["exposure"], alpha)


def count_ranks(
    frame: pd.DataFrame, *, top: int = TOP, alpha: float = 0.05, seed: int
) -> RankDistribution:
    """Rank forces by plain count, with counting error; a statement about size more than risk.

    Parameters
    ----------
    frame : DataFrame
        Columns force, count.
    top, alpha, seed
        As for :func:`compare_rates`.
    """
    counts, units = frame["count"], frame["force"].tolist()
    draws = counting_draws(counts, np.ones(len(counts)), draws=DRAWS, seed=seed)
    return rank_distribution(
        draws, counts, units, denominator="force, whatever its size", top=top, alpha=alpha
    )


def rank_correlation(first: ArrayLike, second: ArrayLike, alpha: float = 0.05) -> Estimate:
    """Correlate two columns by rank (Spearman).

    Notes
    -----
    Interval on Fisher's z with the variance ``(1 + rho^2 / 2) / (n - 3)`` of Bonett and Wright
    (2000), Psychometrika 65:23.
    """
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    rho = float(stats.spearmanr(x, y).statistic)
    se = np.sqrt((1 + rho**2 / 2) / (x.size - 3))
    half = float(stats.norm.isf(check_alpha(alpha) / 2)) * se
    z = np.arctanh(min(abs(rho), 1 - 1e-12)) * np.sign(rho)
    return Estimate(
        rho, float(np.tanh(z - half)), float(np.tanh(z + half)), unit="rank correlation",
        denominator=f"{x.size} forces", level=1 - alpha,
    )  # fmt: skip
