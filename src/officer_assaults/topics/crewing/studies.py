"""Validation of the crewing estimators on simulated forces: ratios and policies."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from officer_assaults.stats.studies import Draws, Seeds, whole_number
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.policy import evaluate_policies, fit_policy_models
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.model.study import (
    Fitted,
    estimates_of,
    hidden_estimates,
    weighted_estimates_of,
)
from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells
from officer_assaults.topics.crewing.simulator.params import ForceParams

#: Policies that need nothing but the columns of the adjustment, and one that needs a calendar.
JUDGED = ("all_double", "all_single", "double_nights", "double_far_backup")
BY_DAYLIGHT = "double_dark_grade1"


def ratio_runs(seeds: Seeds) -> Draws:
    """Draw a force and see whether the interval under each adjustment holds the ratio."""
    return _judged(seeds, estimates_of)


def hidden_runs(seeds: Seeds) -> Draws:
    """Fit the right model of what is recorded where a danger is not recorded."""
    return _judged(seeds, hidden_estimates)


def weighted_runs(seeds: Seeds) -> Draws:
    """Weight, with right and wrong models of outcome and of deployment."""
    return _judged(seeds, weighted_estimates_of)


def _judged(seeds: Seeds, estimates: Callable[[ForceParams, int], Mapping[str, Fitted]]) -> Draws:
    params = ForceParams()
    truth = math.log(params.risk.crew_ratio)
    found: dict[str, list[float]] = defaultdict(list)
    for seed in map(whole_number, seeds):
        for name, fit in estimates(params, seed).items():
            found[name].append(float(fit.lower <= truth <= fit.upper))
            found[f"error of {name}"].append(fit.log_ratio - truth)
    return found


def policy_runs(
    seeds: Seeds,
    *,
    backup_slope: float = 0.0,
    names: Sequence[str] = JUDGED,
    calendar: bool = False,
) -> Draws:
    """Draw a force, judge its policies as the report does, and compare with the truth.

    The error is in units of the true number avoided.
    """
    params = ForceParams() if calendar else ForceParams(periods=0)
    params = replace(params, risk=replace(params.risk, backup_slope=backup_slope))
    asked = [POLICIES[name] for name in names]
    found: dict[str, list[float]] = defaultdict(list)
    for seed in map(whole_number, seeds):
        cells, truth = simulate_crew_cells(params, seed)
        assert truth is not None
        outcomes = evaluate_policies(fit_policy_models(prepare(cells), asked), asked)
        for outcome in outcomes:
            name, true = outcome.policy.name, truth.avoided[outcome.policy.name]
            given = outcome.refusal is None
            inside = float(outcome.lower <= true <= outcome.upper) if given else math.nan
            found[name].append(inside)
            found[f"error of {name}"].append((outcome.avoided - true) / abs(true))
    return found
