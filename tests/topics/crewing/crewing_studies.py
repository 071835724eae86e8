"""Many simulated forces, where the truth is known: what each estimator finds on average."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.policy import evaluate, fit_policy_model
from officer_assaults.topics.crewing.model.policy_language import Policy
from officer_assaults.topics.crewing.model.study import (
    CORRECT,
    RISK,
    WITHOUT_RISK,
    Fitted,
    estimates_of,
    fast_ratio,
    hidden_estimates,
    weighted_estimates_of,
)
from officer_assaults.topics.crewing.simulator.force import planned_hours, simulate_crew_cells
from officer_assaults.topics.crewing.simulator.params import Deployment, ForceParams


def confounding_study(
    runs: int, seed: int, *, params: ForceParams | None = None, weighted: bool = True
) -> pd.DataFrame:
    """Mean ratio and coverage of every estimator over many forces.

    Parameters
    ----------
    runs : int
    seed : int
    params : ForceParams, optional
        By default the calibrated force without a calendar.
    weighted : bool
        Whether to run the weighting estimators, which take most of the time.

    Returns
    -------
    pandas.DataFrame
        estimator, truth, mean_ratio (exponential of the mean log ratio), se_log (Monte-Carlo error
        of the mean log ratio), coverage, runs.
    """
    params = params or ForceParams()
    found: dict[str, list[Fitted]] = {}
    for run in range(runs):
        fits = estimates_of(params, seed + run) | hidden_estimates(params, seed + run)
        if weighted:
            fits |= weighted_estimates_of(params, seed + run)
        for name, fitted in fits.items():
            found.setdefault(name, []).append(fitted)
    return _summary(found, params.risk.crew_ratio)


def misclassified(
    cells: pd.DataFrame, share: float, seed: int, *, numerator: bool = True
) -> pd.DataFrame:
    """Cells in which a share of the hours, and of the victims, stands under the other crew.

    Parameters
    ----------
    cells : pandas.DataFrame
        From the simulator: rows of a stratum alternate between single and double.
    share : float
        Share of each arm that is booked under the other.
    seed : int
    numerator : bool
        Whether victims are booked wrongly too, or hours alone.
    """
    hours = cells["officer_hours"].to_numpy()
    other = hours.reshape(-1, 2)[:, ::-1].ravel()
    changed: dict[str, Any] = {"officer_hours": (1 - share) * hours + share * other}
    if numerator:
        y = cells["y"].to_numpy()
        moved = np.random.default_rng(seed).binomial(y, share)
        changed["y"] = y - moved + moved.reshape(-1, 2)[:, ::-1].ravel()
    return cells.assign(**changed)


def misclassification_study(
    runs: int, seed: int, share: float = 0.10, *, by_risk: bool = True
) -> pd.DataFrame:
    """Show what wrong crew types do to the adjusted ratio.

    Parameters
    ----------
    runs, seed : int
    share : float
        Of hours (and victims) under the wrong crew, or of planned double crews that part.
    by_risk : bool
        Whether dispatchers double up by hour, place and risk, as in the calibrated force, or give
        all work the same crews, as the closed forms of
        :func:`officer_assaults.stats.shares.misclassified_ratios` suppose.

    Returns
    -------
    pandas.DataFrame
        As :func:`confounding_study`.
    """
    params = replace(ForceParams(), periods=0)
    if not by_risk:
        params = replace(params, deployment=_even(params.deployment))
    parting = replace(params, deployment=replace(params.deployment, split_share=share))
    found: dict[str, list[Fitted]] = {}
    for run in range(runs):
        cells, _ = simulate_crew_cells(params, seed + run, with_truth=False)
        split, _ = simulate_crew_cells(parting, seed + run, with_truth=False)
        versions = {
            "as worked": cells,
            "both sides wrong": misclassified(cells, share, seed + run),
            "hours alone wrong": misclassified(cells, share, seed + run, numerator=False),
            "hours planned, victims as worked": planned_hours(split),
        }
        for name, version in versions.items():
            found.setdefault(name, []).append(fast_ratio(version, CORRECT))
    return _summary(found, params.risk.crew_ratio)


def _even(deployment: Deployment) -> Deployment:
    return replace(
        deployment,
        evening=0.0,
        night=0.0,
        early=0.0,
        high_risk=0.0,
        urban=0.0,
        weekend_night=0.0,
        backup=0.0,
    )


def policy_study(
    runs: int,
    seed: int,
    policy: Policy,
    *,
    params: ForceParams | None = None,
    interactions: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Mean victims avoided and coverage of a policy contrast, against the truth of each force.

    Parameters
    ----------
    runs, seed : int
    policy : Policy
    params : ForceParams, optional
    interactions : sequence of str, optional
        Terms of the model; by default those that the policy needs. An empty sequence gives the
        model without interactions, which :func:`evaluate` would refuse: its gate is passed by here
        to show why it stands.

    Returns
    -------
    pandas.DataFrame
        One row: truth, mean, se (Monte-Carlo error of the mean), coverage, width, runs.
    """
    params = replace(params or ForceParams(), periods=0)
    terms = (*WITHOUT_RISK, *RISK)
    rows = []
    for run in range(runs):
        cells, truth = simulate_crew_cells(params, seed + run)
        assert truth is not None
        model = fit_policy_model(
            prepare(cells, cluster="beat", formula=" + ".join(terms)),
            [policy],
            interactions=interactions,
        )
        names = tuple("backup_c" if name == "backup_min" else name for name in policy.columns)
        outcome = evaluate(replace(model, interactions=names), policy)
        rows.append((truth.avoided[policy.name], outcome.avoided, outcome.lower, outcome.upper))
    table = pd.DataFrame(rows, columns=["truth", "avoided", "lower", "upper"]).dropna()
    inside = (table["lower"] <= table["truth"]) & (table["truth"] <= table["upper"])
    return pd.DataFrame(
        {
            "policy": [policy.name],
            "truth": table["truth"].mean(),
            "mean": table["avoided"].mean(),
            "se": (table["avoided"] - table["truth"]).std() / math.sqrt(len(table)),
            "coverage": inside.mean(),
            "width": (table["upper"] - table["lower"]).mean(),
            "runs": len(table),
        }
    )


def _summary(found: Mapping[str, Sequence[Fitted]], truth: float) -> pd.DataFrame:
    rows = []
    for name, fits in found.items():
        logs = np.array([fit.log_ratio for fit in fits])
        covered = [fit.lower <= math.log(truth) <= fit.upper for fit in fits]
        rows.append(
            (
                name,
                truth,
                math.exp(logs.mean()),
                logs.std(ddof=1) / math.sqrt(len(logs)),
                float(np.mean(covered)),
                len(logs),
            )
        )
    return pd.DataFrame(
        rows, columns=["estimator", "truth", "mean_ratio", "se_log", "coverage", "runs"]
    )
