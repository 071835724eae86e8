"""Rate models of rosters too large to hold: fits from sums over covariate patterns.

A Poisson likelihood depends on rows only through the sums of counts and exposure over rows that
share a pattern of covariates, and its robust errors only through a few sums more. The answer is
that of the same model on rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from officer_assaults.refusals import Problem, Refusal
from officer_assaults.stats.cluster_scores import cluster_meat
from officer_assaults.stats.formulas import RateFormula, check_formula
from officer_assaults.stats.glm import Correction, Covariance, Family, ModelSpec, _check_options
from officer_assaults.stats.intervals import check_alpha
from officer_assaults.stats.pattern_design import PatternDesign, at_patterns, build_blocks
from officer_assaults.stats.pattern_fit import PatternSums, check_design, fit_patterns, pattern_sums
from officer_assaults.stats.roster_access import RosterLike
from officer_assaults.stats.roster_estimates import (
    Standardised,
    leave_one_cluster_out_roster,
    policy_model,
    standardise,
)
from officer_assaults.stats.roster_model import PatternFit, RosterModel, assemble


def fit_roster(
    roster: RosterLike,
    formula: str,
    *,
    exposure: str,
    family: Family = "poisson",
    cov: Covariance = "model",
    cluster: str | None = None,
    correction: Correction = "G/(G-1)",
    alpha: float = 0.05,
) -> RosterModel:
    """Fit a rate model to a roster of any size; only sums over patterns are held.

    Parameters
    ----------
    roster : Roster
        From :mod:`officer_assaults.topics.crewing.rosters`.
    formula, exposure, cov, cluster, correction, alpha
        As for :func:`officer_assaults.stats.glm.fit_rate_model`, with the same answer.
    family : {"poisson", "quasi-poisson"}
        The negative binomial has no such sums.

    Raises
    ------
    Refusal
        As :func:`~officer_assaults.stats.glm.fit_rate_model`; also E121, E123 and E124 for
        rosters that cannot be used, and E125 for continuous covariates, terms that cross too many
        levels, and more patterns than memory allows.
    ValueError
        For options that do not exist or do not go together.
    """
    _check_options(family, cov, cluster, correction)
    if family == "nb2":
        raise ValueError("nb2 needs every row: use poisson with cov='cluster', or fit on cells")
    spec = ModelSpec(
        formula, exposure, family, cov, cluster or "",
        correction if cov == "cluster" else "", check_alpha(alpha),
    )  # fmt: skip
    parsed = check_formula(formula, roster.columns)
    roster.check(parsed.outcome, exposure, parsed.columns, cluster or "")
    return assemble(_fit(roster, spec, parsed))


def _fit(roster: RosterLike, spec: ModelSpec, parsed: RateFormula) -> PatternFit:
    simulated = roster.is_simulated()
    clusters = roster.clusters(spec.cluster) if spec.cluster else None
    squares = spec.cov in ("HC0", "HC1")
    raw = roster.sums(parsed.outcome, spec.exposure, parsed.columns, squares=squares)
    levels = raw.levels
    blocks, info = build_blocks(parsed, levels)
    design = at_patterns(blocks, levels, raw.patterns["pattern"].to_numpy(), info)
    sums = pattern_sums(raw)
    check_design(design, sums, info.column_names)
    beta, mu = _settled(design, sums)
    bread = np.asarray(linalg.inv(design.products(mu)))
    meat: Any = np.empty((0, 0))
    if clusters is not None:
        question = roster.ask(parsed.outcome, spec.exposure, levels, spec.cluster)
        meat = cluster_meat(roster, question, design, beta, clusters, int(sums.n.sum()))
    return PatternFit(
        spec, parsed, info, levels, design, sums, beta, mu, bread, meat, clusters, simulated
    )


def _settled(design: PatternDesign, sums: PatternSums) -> tuple[Any, Any]:
    try:
        return fit_patterns(design, sums.y, sums.e)
    except ValueError as error:
        what = f"the model cannot be estimated from these rows ({error})."
        remedy = "Drop a term or merge rare levels; check the unit of every number."
        raise Refusal(Problem("E122", what, remedy)) from error


__all__ = [
    "RosterModel",
    "Standardised",
    "fit_roster",
    "leave_one_cluster_out_roster",
    "policy_model",
    "standardise",
]
