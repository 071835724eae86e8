"""Probabilistic bias analysis of the share that recording explains, from stated priors.

Recorded assaults with injury serve as an anchor: had their recording stayed as it was, their
growth would be the real growth. Three things can be wrong with that, and each gets a prior that
the data cannot update: the recording of injury assaults changed, the real mix of severities
changed, or the capture of injury assaults by their offence class changed. The result is as wide
as these priors make it, which is the point of showing it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import Interval, check_alpha

FloatArray = NDArray[np.float64]

DRAWS = 100_000


@dataclass(frozen=True, slots=True)
class SeverityCounts(Shown):
    """Recorded assaults by severity in two periods.

    Parameters
    ----------
    injury0, no_injury0, injury1, no_injury1 : int
        Counts before (0) and after (1).
    length_ratio : float
        Length of the later period over that of the earlier one.
    """

    injury0: int
    no_injury0: int
    injury1: int
    no_injury1: int
    length_ratio: float = 1.0

    @property
    def before(self) -> int:
        """All recorded assaults before."""
        return self.injury0 + self.no_injury0

    @property
    def after(self) -> int:
        """All recorded assaults after."""
        return self.injury1 + self.no_injury1

    def per_length(self) -> FloatArray:
        """Return the four counts as a column, later ones divided by the length ratio."""
        later = (self.injury1 / self.length_ratio, self.no_injury1 / self.length_ratio)
        return np.array([[self.injury0], [self.no_injury0], *([value] for value in later)])


@dataclass(frozen=True, slots=True)
class BiasPriors(Shown):
    """Normal priors of the bias parameters, all on the log scale.

    Parameters
    ----------
    name : str
        What the set of priors stands for, in a reader's words.
    anchor_sd : float
        Change of the recording probability of injury assaults, around no change.
    mix_sd : float
        Real growth of assaults without injury over real growth of those with injury, around 1.
    uptake_mean, uptake_sd : float
        Change of the share of injury assaults that their offence class captures.

    Raises
    ------
    ValueError
        If a standard deviation is negative.
    """

    name: str
    anchor_sd: float = 0.0
    mix_sd: float = 0.0
    uptake_mean: float = 0.0
    uptake_sd: float = 0.0

    def __post_init__(self) -> None:
        if min(self.anchor_sd, self.mix_sd, self.uptake_sd) < 0:
            raise ValueError(f"priors '{self.name}': a standard deviation cannot be negative")


@dataclass(frozen=True, slots=True)
class BiasResult(Shown):
    """Share of the log change that recording explains, under one set of priors.

    Parameters
    ----------
    priors : BiasPriors
        The assumptions.
    median : float
        Median share over the draws.
    interval : Interval
        Central interval of the share.
    above_half, below_zero : float
        Proportion of draws with a share above one half, and below zero.
    recording_ratio : float
        The same on the ratio scale: recording probability after over before.
    draws : int
        Number of draws.
    shares : ndarray, shape (draws,)
        The draws themselves, for figures.
    """

    priors: BiasPriors
    median: float
    interval: Interval
    above_half: float
    below_zero: float
    recording_ratio: float
    draws: int
    shares: FloatArray


def standard_priors(empirical_mix: float) -> tuple[BiasPriors, ...]:
    """Return the sets of priors shown in every report; the third is the default.

    Parameters
    ----------
    empirical_mix : float
        Standard deviation of the severity contrast over forces: forces of one country, in the
        same two years, differed by this much for reasons nobody has measured, so the mix of one
        force is not assumed steadier.
    """
    return (
        BiasPriors("Perfect anchor"),
        BiasPriors("Anchor 0.05, mix 0.10", anchor_sd=0.05, mix_sd=0.10),
        BiasPriors("Anchor 0.05, mix as forces differ", anchor_sd=0.05, mix_sd=empirical_mix),
        BiasPriors(
            "The same with a hidden uptake of the injury class",
            anchor_sd=0.05,
            mix_sd=empirical_mix,
            uptake_mean=0.10,
            uptake_sd=0.05,
        ),
    )


def bias_analysis(
    counts: SeverityCounts,
    priors: BiasPriors,
    seed: int,
    *,
    draws: int = DRAWS,
    alpha: float = 0.05,
) -> BiasResult:
    """Draw counts and bias parameters, and read off the share that recording explains.

    Parameters
    ----------
    counts : SeverityCounts
        Recorded assaults, all four cells above 0.
    priors : BiasPriors
        Assumptions about what the anchor hides.
    seed : int
        Seed of the random numbers.
    draws : int
        Number of draws.
    alpha : float
        One minus the coverage of the central interval.

    Returns
    -------
    BiasResult

    Raises
    ------
    Refusal
        E122 if a cell is zero.

    Notes
    -----
    Expected counts are drawn from their Gamma(y + 1/2, 1) posteriors. With ``g`` the growth of
    injury assaults net of anchor and uptake, assaults without injury really grew by ``g`` times
    the mix, and all assaults by the average of the two weighted by the earlier recorded mix.
    What recorded growth exceeds this by is recording. Lash, Fox and Fink, Applying Quantitative
    Bias Analysis to Epidemiologic Data (2009), describe the method.
    """
    _check_cells(counts)
    generator = np.random.default_rng(seed)
    cells = _draw_cells(counts, generator, draws)
    anchor, mix, uptake = generator.standard_normal((3, draws))
    recorded, recording = _log_parts(
        cells,
        anchor=priors.anchor_sd * anchor,
        mix=priors.mix_sd * mix,
        uptake=priors.uptake_mean + priors.uptake_sd * uptake,
    )
    # Where recorded counts hardly moved the draw has no share; far out is far out, either side.
    shares = recording / np.where(recorded == 0, np.finfo(float).tiny, recorded)
    tails = [check_alpha(alpha) / 2, 1 - alpha / 2]
    low, high = np.quantile(shares, tails)
    return BiasResult(
        priors=priors,
        median=float(np.median(shares)),
        interval=Interval(float(low), float(high)),
        above_half=float(np.mean(shares > 0.5)),
        below_zero=float(np.mean(shares < 0)),
        recording_ratio=float(np.exp(np.median(recording))),
        draws=draws,
        shares=shares,
    )


def tornado(counts: SeverityCounts, priors: BiasPriors, alpha: float = 0.05) -> pd.DataFrame:
    """Share explained as each source of doubt moves alone over its central range.

    Parameters
    ----------
    counts : SeverityCounts
        Recorded assaults.
    priors : BiasPriors
        Assumptions; a parameter with no spread is left out.
    alpha : float
        One minus the coverage of each range.

    Returns
    -------
    DataFrame
        Columns source, low_value, high_value (ratios), low_share, high_share and centre; widest
        first. Counting error is a source like the others, moved by the standard error of the log
        growth of injury assaults at a fixed recorded total.

    Raises
    ------
    Refusal
        E122 if a cell is zero.
    """
    _check_cells(counts)
    z = float(stats.norm.isf(check_alpha(alpha) / 2))
    centre = {"anchor": 0.0, "mix": 0.0, "uptake": priors.uptake_mean, "counting": 0.0}
    spread = {
        "mix": priors.mix_sd,
        "anchor": priors.anchor_sd,
        "uptake": priors.uptake_sd,
        "counting": math.sqrt(1 / counts.injury0 + 1 / counts.injury1),
    }
    rows = []
    for source, sd in spread.items():
        if sd == 0:
            continue
        ends = [centre[source] - z * sd, centre[source] + z * sd]
        shares = [_share_at(counts, {**centre, source: end}) for end in ends]
        rows.append((source, *np.exp(ends), *shares, _share_at(counts, centre)))
    columns = ["source", "low_value", "high_value", "low_share", "high_share", "centre"]
    table = pd.DataFrame(rows, columns=columns)
    width = (table["high_share"] - table["low_share"]).abs()
    return table.loc[width.sort_values(ascending=False).index].reset_index(drop=True)


def _share_at(counts: SeverityCounts, at: dict[str, float]) -> float:
    recorded, recording = _log_parts(
        counts.per_length(),
        anchor=np.array([at["anchor"] + at["counting"]]),
        mix=np.array([at["mix"]]),
        uptake=np.array([at["uptake"]]),
    )
    return float(recording[0] / recorded[0])


def _draw_cells(counts: SeverityCounts, generator: np.random.Generator, draws: int) -> FloatArray:
    shapes = [counts.injury0, counts.no_injury0, counts.injury1, counts.no_injury1]
    cells = generator.gamma(np.array(shapes, dtype=float)[:, None] + 0.5, size=(4, draws))
    return np.asarray(
        cells / np.array([[1.0], [1.0], [counts.length_ratio], [counts.length_ratio]])
    )


def _log_parts(
    cells: FloatArray, *, anchor: FloatArray, mix: FloatArray, uptake: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log recorded growth and the part of it that is recording, per draw."""
    injury0, no_injury0, injury1, no_injury1 = cells
    recorded = np.log((injury1 + no_injury1) / (injury0 + no_injury0))
    real_injury = np.log(injury1 / injury0) - anchor - uptake
    weight = no_injury0 / (injury0 + no_injury0)
    real = real_injury + np.log1p(weight * np.expm1(mix))
    return recorded, recorded - real


def _check_cells(counts: SeverityCounts) -> None:
    cells = (counts.injury0, counts.no_injury0, counts.injury1, counts.no_injury1)
    if min(cells) <= 0:
        raise Refusal.of(
            "E122",
            f"injury {counts.injury0} and {counts.injury1}, no injury {counts.no_injury0} and "
            f"{counts.no_injury1}: the anchor needs all four counts above 0.",
            "Choose periods in which both classes were recorded.",
        )
