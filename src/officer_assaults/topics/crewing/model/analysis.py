"""The whole crewing analysis of one set of cells, in the order in which a report tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.estimate import Shown
from officer_assaults.refusals import Refusal
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
    Propensity,
    overlap,
    propensity,
    weighted_ratio,
)

BACKUP_LIMITS = (10.0, 20.0)
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
    core = _core(data, policies, rho_grid, far_more, alpha, fit)
    enough = data.clusters >= FEWEST_CLUSTERS
    one = core["ratios"].per_officer_hour
    chance = propensity(data) if enough and data.terms else None
    spread = None if chance is None else overlap(chance)
    return CrewingAnalysis(
        data=data,
        **core,
        ladder=ladder(data, alpha, None if fit is None else one),
        others=sensitivities(data, alpha) if enough else (),
        weighted=_weighted(data, chance, alpha) if chance and spread and spread.compares else (),
        overlap=spread,
        strength=e_value(one.ratio, one.lower, one.upper)
        if one.has_interval
        else e_value(one.ratio),
        influential=influence(data) if enough else pd.DataFrame(),
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
    claims: tuple[Claim, ...] = _core(data, policies, rho_grid, far_more, alpha)["claims"]
    return claims


def _core(
    data: CrewData,
    policies: Sequence[str],
    rho_grid: Iterable[float],
    far_more: float,
    alpha: float,
    fit: Any = None,
) -> dict[str, Any]:
    """Work out what claims rest on, and the claims, by the names of the analysis."""
    asked = [named_or_written(text) for text in policies]
    ratios = denominators(data, alpha, None if fit is None else fitted_ratio(data, fit, alpha))
    models = fit_policy_models(data, asked)
    hours = evaluate_policies(models, asked, alpha)
    longer, (ratio, limits) = _longer_backup(models, hours, alpha), _standardised(models, alpha)
    # Models of many rows are large: one set of them is held at a time.
    models = {}
    models = _attended_models(data, asked)
    attended = evaluate_policies(models, asked, alpha) if models else ()
    del models
    controls = negative_controls(data, alpha)
    recording = recording_table(ratios.per_officer_hour, rho_grid)
    backup = by_backup(data, _band_means(data), alpha)
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
        *judge_policies(attended, "attendances", **how),
    )
    return {
        "ratios": ratios,
        "controls": controls,
        "recording": recording,
        "backup": backup,
        "policies": hours,
        "policies_attended": attended,
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


def _attended_models(data: CrewData, asked: Sequence[Policy]) -> dict[str, PolicyModel | Refusal]:
    if not has_attendances(data):
        return {}
    return fit_policy_models(data, asked, "attended")


def _weighted(data: CrewData, chance: Propensity, alpha: float) -> tuple[Sensitivity, ...]:
    ways: tuple[Estimator, ...] = ("IPW", "AIPW", "overlap")
    return tuple(weighted_ratio(data, how, chance=chance, alpha=alpha) for how in ways)


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
