"""The case of one force: every layer of evidence on how much of its change is recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from officer_assaults.shown import Shown
from officer_assaults.stats import severity
from officer_assaults.stats.changes import RecordedChange, recorded_change
from officer_assaults.stats.intervals import Interval
from officer_assaults.stats.severity import SeverityContrast
from officer_assaults.topics.recording.model.bias import (
    BiasPriors,
    BiasResult,
    SeverityCounts,
    bias_analysis,
    standard_priors,
    tornado,
)
from officer_assaults.topics.recording.model.bounds import (
    Feasibility,
    capped_share,
    feasibility,
)
from officer_assaults.topics.recording.model.joint import (
    JointPosterior,
    JointPriors,
    joint_severity_posterior,
)

LADDER = ["layer", "assumes", "low", "middle", "high"]
NO_CHANGE = (
    "counting chance alone could give the change of the recorded count, so there is no change "
    "whose share could be recording"
)


class YearLike(Protocol):
    """One year's counts, whatever class holds them."""

    @property
    def n_total(self) -> int:
        """Recorded assaults."""

    @property
    def days(self) -> int:
        """Days in the year."""

    @property
    def n_injury(self) -> int | None:
        """Of these with injury."""

    @property
    def n_no_injury(self) -> int | None:
        """Of these without injury."""


@dataclass(frozen=True, slots=True)
class YearsOfForce(Shown):
    """Counts of one force in two years.

    Parameters
    ----------
    total0, total1 : int
        Recorded assaults.
    days0, days1 : int
        Days of each year.
    injury0, no_injury0, injury1, no_injury1 : int or None
        The split by severity; None where an offence code is left out.
    """

    total0: int
    total1: int
    days0: int
    days1: int
    injury0: int | None = None
    no_injury0: int | None = None
    injury1: int | None = None
    no_injury1: int | None = None

    @classmethod
    def of(cls, before: YearLike, after: YearLike) -> YearsOfForce:
        """Take the counts of two years as the sources hand them out."""
        return cls(
            before.n_total,
            after.n_total,
            before.days,
            after.days,
            before.n_injury,
            before.n_no_injury,
            after.n_injury,
            after.n_no_injury,
        )

    def split(self) -> SeverityCounts | None:
        """Return the four cells, or None where one is missing."""
        cells = (self.injury0, self.no_injury0, self.injury1, self.no_injury1)
        given = [cell for cell in cells if cell is not None]
        if len(given) < len(cells):
            return None
        injury0, no_injury0, injury1, no_injury1 = given
        return SeverityCounts(injury0, no_injury0, injury1, no_injury1, self.days1 / self.days0)


@dataclass(frozen=True, slots=True)
class Anchored(Shown):
    """What follows if assaults with injury are taken as an anchor.

    Parameters
    ----------
    counts : SeverityCounts
        The four cells.
    contrasts : dict of str to SeverityContrast
        ``"naive"``, and where the force is among comparable ones ``"calibrated"``, ``"triple"``.
    tau : float
        Spread of the contrast over the other forces, log scale.
    others : int
        Number of other forces.
    bias : tuple of BiasResult
        Bias analysis under each set of priors; the default is at :attr:`default`.
    tornado : DataFrame
        Each source of doubt alone, under the default priors.
    joint : JointPosterior
        Joint model with the empirical mix.
    """

    counts: SeverityCounts
    contrasts: dict[str, SeverityContrast]
    tau: float
    others: int
    bias: tuple[BiasResult, ...]
    tornado: pd.DataFrame
    joint: JointPosterior

    @property
    def default(self) -> BiasResult:
        """Bias analysis under the default priors."""
        return self.bias[2]


@dataclass(frozen=True, slots=True)
class RecordingCase(Shown):
    """Everything computed on one force.

    Parameters
    ----------
    change : RecordedChange
        The recorded change of all counted offences.
    parts : dict of str to RecordedChange
        ``"all"``, and where split ``"without injury"`` and ``"with injury"``.
    feasible : dict of str to Feasibility
        What recording must have been, for each of ``parts``.
    anchored : Anchored or None
        Layers that need the injury anchor.
    why_no_anchor : str
        Reason where ``anchored`` is None.
    ladder : DataFrame
        Layer, assumption, low, middle, high of the share that recording explains; empty where
        the direction of the change is unclear.
    """

    change: RecordedChange
    parts: dict[str, RecordedChange]
    feasible: dict[str, Feasibility]
    anchored: Anchored | None
    why_no_anchor: str
    ladder: pd.DataFrame

    @property
    def has_direction(self) -> bool:
        """Whether the recorded change is more than counting chance."""
        return self.change.direction != "unclear"


def recording_case(
    years: YearsOfForce,
    forces: pd.DataFrame,
    force: str,
    *,
    seed: int,
    priors: BiasPriors | None = None,
    caps: Sequence[float] = (0.05, 0.10),
    least_before: float = 0.5,
    alpha: float = 0.05,
) -> RecordingCase:
    """Work out every layer for one force.

    Parameters
    ----------
    years : YearsOfForce
        Counts of the force.
    forces : DataFrame
        Comparable forces in one release: force, injury0, no_injury0, injury1, no_injury1.
    force : str
        The force; if it is not among ``forces`` all of them are the others.
    seed : int
        Seed of the bias analysis and the joint model.
    priors : BiasPriors, optional
        Replaces the default set of priors; its ``mix_sd`` of ``nan`` means "as forces differ".
    caps : sequence of float
        Largest believable moves of the recording probability.
    least_before : float
        Lowest believable recording probability before, for the capped bounds.
    alpha : float
        One minus the coverage.

    Raises
    ------
    Refusal
        E122 if a year has no recorded assault.
    """
    change = _change(years.total0, years.total1, years, alpha)
    counts = years.split()
    parts = {"all": change}
    why = "one of the two offence codes is left out, so there is no anchor"
    anchored = None
    if counts is not None and min(counts.per_length().ravel()) > 0:
        parts["without injury"] = _change(counts.no_injury0, counts.no_injury1, years, alpha)
        parts["with injury"] = _change(counts.injury0, counts.injury1, years, alpha)
        anchored, why = _anchored(counts, forces, force, priors, seed, alpha), ""
    elif counts is not None:
        why = "a year has no recorded assault of one severity (E122), so there is no anchor"
    return RecordingCase(
        change=change,
        parts=parts,
        feasible={name: feasibility(part) for name, part in parts.items()},
        anchored=anchored,
        why_no_anchor=why,
        ladder=_ladder(change, anchored, caps, least_before),
    )


def _change(before: int, after: int, years: YearsOfForce, alpha: float) -> RecordedChange:
    return recorded_change(before, after, alpha, days_before=years.days0, days_after=years.days1)


def _anchored(
    counts: SeverityCounts,
    forces: pd.DataFrame,
    force: str,
    priors: BiasPriors | None,
    seed: int,
    alpha: float,
) -> Anchored:
    others = severity.contrasts(forces[forces["force"] != force])[0]
    own = severity.ratio_of_ratios(
        counts.injury0, counts.no_injury0, counts.injury1, counts.no_injury1, alpha
    )
    panel = (others["log_ratio"], others["variance"])
    calibrated = severity.calibrate(own, *panel)
    contrasts = {"naive": own}
    if force in set(forces["force"]):
        contrasts = severity.focus_contrasts(forces, force, alpha)
    sets = list(standard_priors(calibrated.tau))
    if priors is not None:
        mix = calibrated.tau if math.isnan(priors.mix_sd) else priors.mix_sd
        sets[2] = BiasPriors(
            priors.name, priors.anchor_sd, mix, priors.uptake_mean, priors.uptake_sd
        )
    results = tuple(bias_analysis(counts, item, seed, alpha=alpha) for item in sets)
    joint_priors = JointPriors(anchor_sd=sets[2].anchor_sd, mix_sd=sets[2].mix_sd)
    return Anchored(
        counts=counts,
        contrasts=contrasts,
        tau=calibrated.tau,
        others=calibrated.comparators,
        bias=results,
        tornado=tornado(counts, sets[2], alpha),
        joint=joint_severity_posterior(counts, joint_priors, seed, alpha),
    )


def _ladder(
    change: RecordedChange,
    anchored: Anchored | None,
    caps: Sequence[float],
    least_before: float,
) -> pd.DataFrame:
    if change.direction == "unclear":
        return pd.DataFrame(columns=LADDER)
    nothing = math.nan
    rows: list[tuple[str, str, float, float, float]] = [
        ("Nothing assumed", "recording and violence may both have moved, either way", -np.inf,
         nothing, np.inf),
        ("Both moved the way of the count", "neither violence nor recording moved the other way",
         0.0, nothing, 1.0),
    ]  # fmt: skip
    for cap in sorted(caps, reverse=True):
        bound = float(min(1.0, float(capped_share(change, least_before, cap))))
        assumed = f"recording at least {least_before:.0%} before, moved by {_points(cap)} at most"
        rows.append((f"Move capped at {_points(cap)}", assumed, 0.0, nothing, bound))
    if anchored is not None:
        rows += [_rung(result.priors.name, result) for result in anchored.bias]
        joint = anchored.joint
        limits = joint.share_interval
        rows.append(
            ("Joint model", "the default priors, and priors on the level and on real growth",
             limits.lower, joint.share, limits.upper)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=LADDER)


def _points(cap: float) -> str:
    return f"{cap * 100:g} points"


def _rung(name: str, result: BiasResult) -> tuple[str, str, float, float, float]:
    limits: Interval = result.interval
    return (name, _assumed(result.priors), limits.lower, result.median, limits.upper)


def _assumed(priors: BiasPriors) -> str:
    if priors.anchor_sd == priors.mix_sd == priors.uptake_sd == priors.uptake_mean == 0:
        return "recording of injuries and the mix of severities did not move at all"
    said = f"injury recording moved by SD {priors.anchor_sd:.2f}, the mix by SD {priors.mix_sd:.2f}"
    if priors.uptake_mean or priors.uptake_sd:
        said += f", capture of injuries by {priors.uptake_mean:+.2f} (SD {priors.uptake_sd:.2f})"
    return said
