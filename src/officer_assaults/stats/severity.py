"""Severity split: growth of recorded assaults without injury against those with injury."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.stats import contingency
from statsmodels.stats.proportion import confint_proportions_2indep

from officer_assaults.refusals import Problem, Refusal
from officer_assaults.shown import Shown, Tabled
from officer_assaults.stats.heterogeneity import leave_one_out, paule_mandel
from officer_assaults.stats.intervals import Interval, binomial_intervals, check_alpha, wilson

FloatArray = NDArray[np.float64]
Method = Literal["naive", "calibrated", "triple", "against the rest"]

CELLS: tuple[str, ...] = ("injury0", "no_injury0", "injury1", "no_injury1")
_SIGNS = np.array([1.0, -1.0, -1.0, 1.0])
MINIMUM_COMPARATORS = 3


@dataclass(frozen=True, slots=True)
class SeverityContrast(Shown):
    """Growth of recorded assaults without injury over growth of those with injury.

    Parameters
    ----------
    method : str
        ``"naive"`` knows counting error only; ``"calibrated"`` adds the scatter of the contrast
        over other forces; ``"triple"`` also subtracts their mean; ``"against the rest"`` subtracts
        the contrast of one pooled comparator, counting error only.
    log_ratio : float
        Natural log of the ratio of ratios.
    se : float
        Standard error of ``log_ratio``.
    df : float
        Degrees of freedom of the reference distribution; infinite for the normal.
    tau : float
        Standard deviation of the contrast over the comparator forces, log scale; 0 if not used.
    comparators : int
        Number of other forces used.
    alpha : float
        One minus the coverage of :attr:`interval`.
    """

    method: Method
    log_ratio: float
    se: float
    df: float = np.inf
    tau: float = 0.0
    comparators: int = 0
    alpha: float = 0.05

    @property
    def ratio(self) -> float:
        """Ratio of ratios; 1 means that both classes grew alike."""
        return float(np.exp(self.log_ratio))

    @property
    def interval(self) -> Interval:
        """Limits of :attr:`ratio`."""
        half = float(stats.t.ppf(1 - self.alpha / 2, self.df)) * self.se
        return Interval(float(np.exp(self.log_ratio - half)), float(np.exp(self.log_ratio + half)))

    @property
    def p(self) -> float:
        """Two-sided p-value of a ratio of 1."""
        return float(2 * stats.t.sf(abs(self.log_ratio) / self.se, self.df))


@dataclass(frozen=True, slots=True)
class ShareChange(Shown):
    """Share of recorded assaults that are with injury, in two periods.

    Parameters
    ----------
    before, after : float
        Shares.
    before_interval, after_interval : Interval
        Wilson intervals.
    difference : float
        After minus before.
    difference_interval : Interval
        Newcombe's interval, built from the two Wilson intervals.
    odds_ratio : float
        Conditional maximum likelihood odds of no injury, after over before.
    odds_interval : Interval
        Its exact interval.
    p : float
        Fisher's exact two-sided p-value.
    """

    before: float
    before_interval: Interval
    after: float
    after_interval: Interval
    difference: float
    difference_interval: Interval
    odds_ratio: float
    odds_interval: Interval
    p: float


@dataclass(frozen=True, slots=True)
class Placebo(Tabled):
    """The severity contrast of every force, each judged against all the others.

    Parameters
    ----------
    table : DataFrame
        One row per force, ordered by the contrast: log_ratio, variance, ratio, lower, upper
        (counting error only) and ``z``, the leave-one-out predictive score.
    mu, tau : float
        Mean and standard deviation of the contrast over all forces, log scale.
    left_out : tuple of str
        Forces without a contrast because one of their four cells is zero.
    """

    table: pd.DataFrame
    mu: float
    tau: float
    left_out: tuple[str, ...]

    def position(self, force: str) -> int:
        """Place of a force when the largest contrast comes first, from 1."""
        return list(self.table.index[::-1]).index(force) + 1

    def of(self, force: str) -> tuple[float, float] | None:
        """Ratio and score of a force; None for one without a contrast."""
        if force not in self.table.index:
            return None
        ratio, z = self.table.loc[[force], ["ratio", "z"]].to_numpy(dtype=float)[0]
        return float(ratio), float(z)


def ratio_of_ratios(
    injury0: float, no_injury0: float, injury1: float, no_injury1: float, alpha: float = 0.05
) -> SeverityContrast:
    """Ratio of ratios of four counts with a Wald interval for counting error.

    Parameters
    ----------
    injury0, no_injury0 : float
        Offences with and without injury in the first period.
    injury1, no_injury1 : float
        The same in the second period.
    alpha : float
        One minus the coverage.

    Raises
    ------
    Refusal
        E122 if a cell is zero or negative: the ratio does not exist.
    """
    check_alpha(alpha)
    cells = np.array([injury0, no_injury0, injury1, no_injury1], dtype=float)
    if not np.all(cells > 0):
        raise Refusal(_zero_cell(cells))
    log_ratio, variance = _log_contrast(cells[None, :])
    return SeverityContrast("naive", float(log_ratio[0]), float(np.sqrt(variance[0])), alpha=alpha)


def share_change(
    injury0: int, no_injury0: int, injury1: int, no_injury1: int, alpha: float = 0.05
) -> ShareChange:
    """Share of recorded assaults with injury in two periods, and its change.

    Parameters
    ----------
    injury0, no_injury0, injury1, no_injury1 : int
        As for :func:`ratio_of_ratios`; a cell may be zero.
    alpha : float
        One minus the coverage.

    Notes
    -----
    Fisher's odds ratio equals R ``fisher.test``; Newcombe (1998), Stat Med 17:873, method 10.
    """
    total0, total1 = injury0 + no_injury0, injury1 + no_injury1
    own = [wilson(injury0, total0, alpha), wilson(injury1, total1, alpha)]
    low, high = confint_proportions_2indep(
        injury1, total1, injury0, total0, method="newcomb", alpha=alpha
    )
    table = [[no_injury1, injury1], [no_injury0, injury0]]
    odds = contingency.odds_ratio(table, kind="conditional")
    limits = odds.confidence_interval(1 - alpha)
    return ShareChange(
        before=injury0 / total0,
        before_interval=own[0],
        after=injury1 / total1,
        after_interval=own[1],
        difference=injury1 / total1 - injury0 / total0,
        difference_interval=Interval(float(low), float(high)),
        odds_ratio=float(odds.statistic),
        odds_interval=Interval(float(limits.low), float(limits.high)),
        p=float(stats.fisher_exact(table).pvalue),
    )


def calibrate(
    own: SeverityContrast, other_log_ratios: ArrayLike, other_variances: ArrayLike
) -> SeverityContrast:
    """Widen a contrast by the scatter that other forces show around their own mean.

    The other forces serve as placebos: whatever moved their contrast beyond counting error can
    have moved this one too.

    Parameters
    ----------
    own : SeverityContrast
        Contrast with counting error only.
    other_log_ratios, other_variances : array_like, shape (K,)
        Log ratio of ratios and counting variance of the other forces.

    Returns
    -------
    SeverityContrast
        Same centre, variance ``v + tau**2`` (Paule-Mandel), t distribution with K - 1 degrees.

    Raises
    ------
    Refusal
        E114 with fewer than three other forces.
    """
    panel = paule_mandel(*_panel(other_log_ratios, other_variances))
    return replace(
        own,
        method="calibrated",
        se=float(np.hypot(own.se, panel.tau)),
        df=float(panel.k - 1),
        tau=panel.tau,
        comparators=panel.k,
    )


def triple_difference(
    own: SeverityContrast, other_log_ratios: ArrayLike, other_variances: ArrayLike
) -> SeverityContrast:
    """Contrast of a force beyond the mean contrast of the other forces.

    Whatever is common to all forces, such as uptake of a new offence class or a drift of the mix,
    drops out. Parameters, scatter and degrees of freedom are those of :func:`calibrate`; the
    variance also carries that of the mean.
    """
    panel = paule_mandel(*_panel(other_log_ratios, other_variances))
    return replace(
        own,
        method="triple",
        log_ratio=own.log_ratio - panel.mu,
        se=float(np.sqrt(own.se**2 + panel.tau2 + panel.se**2)),
        df=float(panel.k - 1),
        tau=panel.tau,
        comparators=panel.k,
    )


def against_the_rest(own: SeverityContrast, rest: SeverityContrast) -> SeverityContrast:
    """Contrast beyond that of one pooled comparator, with counting error only.

    The comparator must not contain the force itself. Its interval ignores how much forces differ,
    so it is shown for teaching beside :func:`triple_difference`, never as a headline.
    """
    return replace(
        own,
        method="against the rest",
        log_ratio=own.log_ratio - rest.log_ratio,
        se=float(np.hypot(own.se, rest.se)),
        comparators=1,
    )


def contrasts(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Log ratio of ratios of every force, and the forces that have none.

    Parameters
    ----------
    frame : DataFrame
        Columns force, injury0, no_injury0, injury1, no_injury1; one row per force.

    Returns
    -------
    table : DataFrame, indexed by force
        Columns log_ratio and variance (counting error).
    left_out : tuple of str
        Forces with a zero cell.
    """
    cells = frame.set_index("force")[list(CELLS)].astype(float)
    usable = (cells > 0).all(axis=1)
    log_ratio, variance = _log_contrast(cells[usable].to_numpy())
    table = pd.DataFrame({"log_ratio": log_ratio, "variance": variance}, index=cells.index[usable])
    return table, tuple(cells.index[~usable])


def focus_contrasts(
    frame: pd.DataFrame, force: str, alpha: float = 0.05
) -> dict[str, SeverityContrast]:
    """Naive, calibrated and triple-difference contrast of one force among the forces of a frame.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`contrasts`; must hold ``force``.
    force : str
        Force in focus.
    alpha : float
        One minus the coverage.

    Returns
    -------
    dict
        Keys ``"naive"``, ``"calibrated"``, ``"triple"``.

    Raises
    ------
    Refusal
        E122 if the force has a zero cell, E114 with fewer than three other forces.
    """
    own = _contrast_of(frame.loc[frame["force"] == force, list(CELLS)].sum(), alpha)
    others = contrasts(frame)[0].drop(index=force)
    panel = (others["log_ratio"].to_numpy(), others["variance"].to_numpy())
    return {
        "naive": own,
        "calibrated": calibrate(own, *panel),
        "triple": triple_difference(own, *panel),
    }


def placebo_distribution(frame: pd.DataFrame, alpha: float = 0.05) -> Placebo:
    """Contrast of every force with its leave-one-out score, as a reference for any one of them.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`contrasts`.
    alpha : float
        One minus the coverage of the per-force intervals (counting error only).
    """
    table, left_out = contrasts(frame)
    panel = _panel(table["log_ratio"], table["variance"])
    half = stats.norm.ppf(1 - check_alpha(alpha) / 2) * np.sqrt(table["variance"])
    table = table.assign(
        ratio=np.exp(table["log_ratio"]),
        lower=np.exp(table["log_ratio"] - half),
        upper=np.exp(table["log_ratio"] + half),
        z=leave_one_out(*panel),
    )
    pooled = paule_mandel(*panel)
    return Placebo(table.sort_values("log_ratio"), pooled.mu, pooled.tau, left_out)


def pooled_contrast(
    frame: pd.DataFrame, without: Sequence[str] = (), alpha: float = 0.05
) -> SeverityContrast:
    """Ratio of ratios of all forces of a frame added together, with some left out.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`contrasts`.
    without : sequence of str
        Forces to leave out of the sum.
    alpha : float
        One minus the coverage.
    """
    totals = frame.loc[~frame["force"].isin(without), list(CELLS)].sum()
    return _contrast_of(totals, alpha)


def influence(frame: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Pooled ratio of ratios with each force left out in turn.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`contrasts`.

    Returns
    -------
    DataFrame, indexed by the force left out
        Columns ratio, lower, upper and ``shift`` (change of the log ratio), largest shift first.
    """
    whole = pooled_contrast(frame, alpha=alpha)
    parts = {force: pooled_contrast(frame, [force], alpha=alpha) for force in frame["force"]}
    table = pd.DataFrame(
        {
            "ratio": [part.ratio for part in parts.values()],
            "lower": [part.interval.lower for part in parts.values()],
            "upper": [part.interval.upper for part in parts.values()],
            "shift": [part.log_ratio - whole.log_ratio for part in parts.values()],
        },
        index=pd.Index(list(parts), name="force"),
    )
    return table.sort_values("shift", key=np.abs, ascending=False)


def injury_shares(
    frame: pd.DataFrame, by: Sequence[str], without: Sequence[str] = (), alpha: float = 0.05
) -> pd.DataFrame:
    """Share of recorded assaults that are of the with-injury class, with Wilson intervals.

    Parameters
    ----------
    frame : DataFrame
        Columns force, n_injury, n_no_injury and those of ``by``.
    by : sequence of str
        Columns that define a row of the result.
    without : sequence of str
        Forces to leave out of the sums.
    alpha : float
        One minus the coverage.

    Returns
    -------
    DataFrame
        Columns of ``by``, n_injury, n_no_injury, share, lower, upper; rows without any recorded
        assault are dropped.
    """
    kept = frame.loc[~frame["force"].isin(without)]
    sums = kept.groupby(list(by), as_index=False)[["n_injury", "n_no_injury"]].sum()
    total = sums["n_injury"] + sums["n_no_injury"]
    sums, total = sums[total > 0].reset_index(drop=True), total[total > 0].reset_index(drop=True)
    limits = binomial_intervals(sums["n_injury"], total, alpha, method="wilson")
    return sums.assign(share=sums["n_injury"] / total, lower=limits.lower, upper=limits.upper)


def coding_uptake(
    quarterly: pd.DataFrame, first_year: Sequence[date], alpha: float = 0.05
) -> pd.DataFrame:
    """Change of the injury share from the first quarter of a new class to the last quarters.

    Parameters
    ----------
    quarterly : DataFrame
        Columns force, quarter_start, n_injury, n_no_injury.
    first_year : sequence of date
        Quarters of the bedding-in year, in order; the first is compared with the third and
        fourth together, by which time coding is taken to have settled.
    alpha : float
        One minus the coverage.

    Returns
    -------
    DataFrame, indexed by force
        share_first, share_settled, odds_ratio with lower and upper (counting error), z; largest
        rise first. Forces with a zero cell are dropped.
    """
    forces = np.sort(quarterly["force"].unique())
    sums = [
        quarterly[quarterly["quarter_start"].isin(pd.to_datetime(list(quarters)))]
        .groupby("force")[["n_injury", "n_no_injury"]]
        .sum()
        .reindex(forces, fill_value=0)
        .to_numpy(dtype=float)
        for quarters in (first_year[:1], first_year[2:])
    ]
    cells = np.stack(sums, axis=1)
    usable = (cells > 0).all(axis=(1, 2))
    cells, forces = cells[usable], forces[usable]
    log_ratio, variance = _log_contrast(cells.reshape(-1, 4))
    share = cells[:, :, 0] / cells.sum(axis=2)
    se = np.sqrt(variance)
    half = stats.norm.isf(check_alpha(alpha) / 2) * se
    table = pd.DataFrame(
        {
            "share_first": share[:, 0],
            "share_settled": share[:, 1],
            "odds_ratio": np.exp(-log_ratio),
            "lower": np.exp(-log_ratio - half),
            "upper": np.exp(-log_ratio + half),
            "z": -log_ratio / se,
        },
        index=pd.Index(forces, name="force"),
    )
    return table.sort_values("z", ascending=False)


def _contrast_of(cells: pd.Series, alpha: float) -> SeverityContrast:
    injury0, no_injury0, injury1, no_injury1 = cells.astype(float)
    return ratio_of_ratios(injury0, no_injury0, injury1, no_injury1, alpha)


def _log_contrast(cells: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log ratio of ratios and its counting variance; ``cells`` in the order of CELLS."""
    return np.log(cells) @ _SIGNS, (1 / cells).sum(axis=1)


def _panel(log_ratios: ArrayLike, variances: ArrayLike) -> tuple[FloatArray, FloatArray]:
    estimates = np.asarray(log_ratios, dtype=float)
    if len(estimates) < MINIMUM_COMPARATORS:
        raise Refusal.of(
            "E114",
            f"{len(estimates)} other forces are too few to measure how far forces differ.",
            f"Compare with at least {MINIMUM_COMPARATORS}.",
        )
    return estimates, np.asarray(variances, dtype=float)


def _zero_cell(cells: FloatArray) -> Problem:
    named = ", ".join(f"{name} {value:g}" for name, value in zip(CELLS, cells, strict=True))
    return Problem(
        "E122",
        f"a ratio of ratios needs four counts above 0, not {named}.",
        "Choose periods in which both classes were recorded.",
    )
