"""The whole crewing analysis of one set of cells, in the order in which a report tells it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.estimate import Shown
from officer_assaults.refusals import Refusal
from officer_assaults.stats.designs import MANY_ROWS
from officer_assaults.stats.evalue import e_value
from officer_assaults.stats.intervals import Interval
from officer_assaults.topics.crewing.model.cells import FEWEST_CLUSTERS, CrewData
from officer_assaults.topics.crewing.model.checks import (
    BackupModification,
    NegativeControl,
    by_backup,
    influence,
    negative_controls,
    recording_table,
    sensitivities,
    untested_controls,
)
from officer_assaults.topics.crewing.model.claims import (
    Claim,
    hidden_danger,
    judge_backup,
    judge_controls,
    judge_policies,
    judge_ratios,
    judge_recording,
    overruled,
    tested,
)
from officer_assaults.topics.crewing.model.policy import (
    PolicyModel,
    PolicyOutcome,
    evaluate_policies,
    fit_policy_models,
    standardised_rates,
    with_longer_backup,
)
from officer_assaults.topics.crewing.model.policy_language import Policy, named_or_written
from officer_assaults.topics.crewing.model.ratios import (
    ArmRatio,
    Denominators,
    Sensitivity,
    arm_ratio,
    crude_ratio,
    denominators,
    fitted_ratio,
    has_attendances,
    ladder,
)
from officer_assaults.topics.crewing.model.weights import (
    Estimator,
    Overlap,
    overlap,
    propensity,
    weighted_ratio,
)

BACKUP_LIMITS = (10.0, 20.0)
#: More would hold the models of more parts in memory.
THREADS = 2
RHO_GRID = (0.625, 0.857, 1.0, 1.167)


@dataclass(frozen=True, slots=True)
class CrewingAnalysis(Shown):
    """Every result of the report.

    Attributes
    ----------
    data : CrewData
    ratios : Denominators
    ladder : tuple of ArmRatio
        Crude first, fully adjusted last.
    standardised : Interval or None
        Of ``standardised_ratio``: all hours single over all double.
    standardised_ratio : float
    others : tuple of Sensitivity
        Other ways to the ratio per officer-hour, weighting included.
    weighted : tuple of Sensitivity
        Empty where adjustment leaves too little to compare with.
    overlap : Overlap or None
    backup : BackupModification or None
        At the mean back-up time of each band (up to 10, 10 to 20, more than 20 minutes).
    controls : tuple of NegativeControl
    recording : pandas.DataFrame
    strength : tuple of float
        E-values of the estimate and of the limit nearer to 1.
    policies, policies_attended : tuple of PolicyOutcome
        At the same officer-hours, and at the same attendances.
    longer_backup : mapping of str to tuple of float
        By name of the policy, victims avoided when lost units lengthen back-up, with limits.
    influential : pandas.DataFrame
    claims : tuple of Claim
    alpha : float
    untested : mapping of str to str
        Checks that these cells could not feed, and why.
    """

    data: CrewData
    ratios: Denominators
    ladder: tuple[ArmRatio, ...]
    standardised: Interval | None
    standardised_ratio: float
    others: tuple[Sensitivity, ...]
    weighted: tuple[Sensitivity, ...]
    overlap: Overlap | None
    backup: BackupModification | None
    controls: tuple[NegativeControl, ...]
    recording: pd.DataFrame
    strength: tuple[float, float]
    policies: tuple[PolicyOutcome, ...]
    policies_attended: tuple[PolicyOutcome, ...]
    longer_backup: Mapping[str, tuple[float, float, float]]
    influential: pd.DataFrame
    claims: tuple[Claim, ...]
    alpha: float
    untested: Mapping[str, str]

    @property
    def crude(self) -> ArmRatio:
        """Ratio per officer-hour without adjustment."""
        return self.ladder[0]

    @property
    def adjusted(self) -> ArmRatio:
        """Ratio per officer-hour with the full adjustment."""
        return self.ratios.per_officer_hour

    @property
    def hidden_danger(self) -> bool:
        """Whether a negative control tells of a danger that no column records."""
        return hidden_danger(self.controls)

    def claim(self, name: str) -> Claim:
        """Claim of one id.

        Raises
        ------
        KeyError
            If these cells could not judge it.
        """
        for claim in self.claims:
            if claim.id == name:
                return claim
        raise KeyError(f"no claim '{name}' was judged")


def analyse(
    data: CrewData,
    policies: Sequence[str],
    *,
    rho_grid: Iterable[float] = RHO_GRID,
    far_more: float = 2.0,
    alpha: float = 0.05,
    fit: Any = None,
) -> CrewingAnalysis:
    """Run every model of the crewing report.

    Parameters
    ----------
    data : CrewData
        From :func:`officer_assaults.topics.crewing.model.cells.prepare`.
    policies : sequence of str
        Names of ``policy_language.POLICIES``, or expressions.
    rho_grid : iterable of float
        Recording probability of single over that of double crews, to try out.
    far_more : float
        Least ratio that "far more" stands for.
    alpha : float
        One minus the coverage.
    fit : RateModel or RandomLevel, optional
        The model that gives the ratio per officer-hour, by default a Poisson model of the terms of
        the data.

    Raises
    ------
    Refusal
        E115 or E125 for policies that cannot be judged by these cells.
    """
    asked = [named_or_written(text) for text in policies]
    one = None if fit is None else fitted_ratio(data, fit, alpha)
    parts = _parts(data, asked, alpha, one)
    if data.clusters >= FEWEST_CLUSTERS:
        parts["others"] = partial(sensitivities, data, alpha)
        parts["influential"] = partial(influence, data)
    parts["weighting"] = partial(_weighting, data, alpha)
    parts["ladder"] = partial(ladder, data, alpha, one)
    found = _done(parts, len(data.frame))
    overlapping, weighted = found.pop("weighting")
    core = _judged(data, found, rho_grid, far_more, alpha)
    one = found["ratios"].per_officer_hour
    return CrewingAnalysis(
        data=data,
        **core,
        ladder=found["ladder"],
        others=found.get("others", ()),
        weighted=weighted,
        overlap=overlapping,
        strength=e_value(one.ratio, one.lower, one.upper)
        if one.has_interval
        else e_value(one.ratio),
        influential=found.get("influential", pd.DataFrame()),
        alpha=alpha,
        untested=untested_controls(data, core["controls"]),
    )


def judge_claims(
    data: CrewData,
    policies: Sequence[str],
    *,
    rho_grid: Iterable[float] = RHO_GRID,
    far_more: float = 2.0,
    alpha: float = 0.05,
) -> tuple[Claim, ...]:
    """Judge the claims of the crewing report by the models that they rest on, and no others.

    Parameters and refusals are those of :func:`analyse`, whose claims these are.
    """
    asked = [named_or_written(text) for text in policies]
    found = _done(_parts(data, asked, alpha), len(data.frame))
    claims: tuple[Claim, ...] = _judged(data, found, rho_grid, far_more, alpha)["claims"]
    return claims


def _parts(
    data: CrewData, asked: Sequence[Policy], alpha: float, one: ArmRatio | None = None
) -> dict[str, Callable[[], Any]]:
    """Name what claims rest on, each part to be worked out by itself."""
    return {
        "ratios": partial(denominators, data, alpha, one),
        "by_hours": partial(_at_same_hours, data, asked, alpha),
        "controls": partial(negative_controls, data, alpha),
        "policies_attended": partial(_at_same_attendances, data, asked, alpha),
        "backup": lambda: by_backup(data, _band_means(data), alpha),
    }


def _done(parts: Mapping[str, Callable[[], Any]], rows: int) -> dict[str, Any]:
    """Work out every part; of many rows two at a time, as their sums leave the interpreter free."""
    if rows <= MANY_ROWS:
        return {name: part() for name, part in parts.items()}
    pool = ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1))
    try:
        waiting = {name: pool.submit(part) for name, part in parts.items()}
        return {name: part.result() for name, part in waiting.items()}
    finally:
        # Whoever interrupts does not wait for the others.
        pool.shutdown(wait=False, cancel_futures=True)


def _judged(
    data: CrewData,
    found: Mapping[str, Any],
    rho_grid: Iterable[float],
    far_more: float,
    alpha: float,
) -> dict[str, Any]:
    """Judge the claims by what they rest on, by the names of the analysis."""
    ratios, controls, backup = found["ratios"], found["controls"], found["backup"]
    hours, longer, (ratio, limits) = found["by_hours"]
    recording = recording_table(ratios.per_officer_hour, rho_grid)
    how: dict[str, Any] = {
        "instead": overruled(like_calls=data.holds_risk_alike, controls=controls),
        "looked": tested(controls),
    }
    claims = (
        *judge_ratios(ratios, crude_ratio(data, alpha), far_more=far_more, **how),
        *judge_controls(controls),
        judge_recording(ratios.per_officer_hour, recording, **how),
        *(() if backup is None else (judge_backup(backup, **how),)),
        *judge_policies(hours, "officer-hours", **how),
        *judge_policies(found["policies_attended"], "attendances", **how),
    )
    return {
        "ratios": ratios,
        "controls": controls,
        "recording": recording,
        "backup": backup,
        "policies": hours,
        "policies_attended": found["policies_attended"],
        "standardised_ratio": ratio,
        "standardised": limits,
        "longer_backup": longer,
        "claims": claims,
    }


def crude_ratios(data: CrewData, alpha: float = 0.05) -> tuple[ArmRatio, ...]:
    """Ratios without adjustment under every denominator that these cells have."""
    crude = [arm_ratio(data, label="Per officer-hour", terms=(), alpha=alpha)]
    if has_attendances(data):
        crude.append(arm_ratio(data, label="", terms=(), exposure="attended", alpha=alpha))
    if data.has("incidents_assault"):
        crude.append(
            arm_ratio(
                data,
                label="",
                terms=(),
                outcome="incidents_assault",
                exposure="unit_hours",
                alpha=alpha,
            )
        )
    return tuple(crude)


def _at_same_hours(data: CrewData, asked: Sequence[Policy], alpha: float) -> tuple[Any, ...]:
    """Policies at the same officer-hours, with longer back-up, and all single over all double."""
    models = fit_policy_models(data, asked)
    hours = evaluate_policies(models, asked, alpha)
    return hours, _longer_backup(models, hours, alpha), _standardised(models, alpha)


def _at_same_attendances(
    data: CrewData, asked: Sequence[Policy], alpha: float
) -> tuple[PolicyOutcome, ...]:
    if not has_attendances(data):
        return ()
    return evaluate_policies(fit_policy_models(data, asked, "attended"), asked, alpha)


def _weighting(data: CrewData, alpha: float) -> tuple[Overlap | None, tuple[Sensitivity, ...]]:
    """Where both crews are found, and the ratio by weighting where that is enough to compare."""
    if data.clusters < FEWEST_CLUSTERS or not data.terms:
        return None, ()
    chance = propensity(data)
    spread = overlap(chance)
    if not spread.compares:
        return spread, ()
    ways: tuple[Estimator, ...] = ("IPW", "AIPW", "overlap")
    return spread, tuple(weighted_ratio(data, how, chance=chance, alpha=alpha) for how in ways)


def _standardised(
    models: Mapping[str, PolicyModel | Refusal], alpha: float
) -> tuple[float, Interval | None]:
    for model in models.values():
        if isinstance(model, PolicyModel):
            _, _, ratio, limits = standardised_rates(model, alpha)
            return ratio, limits
    return float("nan"), None


def _longer_backup(
    models: Mapping[str, PolicyModel | Refusal], outcomes: Sequence[PolicyOutcome], alpha: float
) -> dict[str, tuple[float, float, float]]:
    """Let lost units lengthen back-up, for policies that leave single crews on duty."""
    found = {}
    for outcome in outcomes:
        model = models[outcome.policy.name]
        if isinstance(model, Refusal) or outcome.refusal is not None:
            continue
        if outcome.unit_hours_lost > 0 and outcome.policy.columns:
            result = with_longer_backup(model, outcome.policy, alpha=alpha)
            if result is not None:
                found[outcome.policy.name] = result
    return found


def _band_means(data: CrewData) -> tuple[float, ...]:
    """Mean planned back-up within each band, weighted by officer-hours; empty bands left out."""
    if "backup_c" not in data.terms:
        return ()
    minutes = data.frame["backup_min"].to_numpy(float)
    hours = data.frame["officer_hours"].to_numpy(float)
    band = np.searchsorted(BACKUP_LIMITS, minutes, side="left")
    return tuple(
        float(np.average(minutes[band == number], weights=hours[band == number]))
        for number in range(len(BACKUP_LIMITS) + 1)
        if (band == number).any()
    )
