"""What a roster's model says: standardised rates, refits without each cluster, policies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import linalg, stats

from officer_assaults.refusals import Problem, Refusal
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.stats.newton import LeaveOneClusterOut
from officer_assaults.stats.pattern_design import PatternDesign, refuse
from officer_assaults.stats.pattern_fit import fit_patterns
from officer_assaults.stats.roster_access import RosterLike
from officer_assaults.stats.roster_model import RosterModel, blocks_of, numbers_of
from officer_assaults.topics.crewing.model.policy import PolicyModel

#: Refits take about 0.1 s each at 100,000 patterns.
MOST_JACKKNIFE_CLUSTERS = 300


@dataclass(frozen=True, slots=True)
class Standardised:
    """Rates were every row's covariate at one value, and at another, over the same exposure.

    Parameters
    ----------
    covariate : str
    high, low : Any
        The two values.
    rate_high, rate_low : float
        Counts per unit of exposure.
    ratio, lower, upper : float
    se_log : float
        Standard error of the log ratio by the delta method, from the model's covariance.
    """

    covariate: str
    high: Any
    low: Any
    rate_high: float
    rate_low: float
    ratio: float
    lower: float
    upper: float
    se_log: float


def standardise(model: RosterModel, covariate: str, high: Any = 1, low: Any = 0) -> Standardised:
    """Standardise rates over the roster's own mix (g-computation): all rows high against all low.

    Parameters
    ----------
    model : RosterModel
    covariate : str
        For instance ``"single"``.
    high, low : Any
        Two of its levels.

    Raises
    ------
    ValueError
        If the model does not hold the covariate at both levels.
    """
    design, e = blocks_of(model), model.cells[model.spec.exposure].to_numpy(float)
    beta = model.coefficients.to_numpy()
    totals, slopes = [], []
    for value in (high, low):
        moved = _moved(model, design, covariate, value)
        expected = e * np.exp(moved.predictor(beta))
        totals.append(float(expected.sum()))
        slopes.append(moved.total(expected) / expected.sum())
    slope = slopes[0] - slopes[1]
    se = math.sqrt(float(slope @ model.vcov.to_numpy() @ slope))
    log_ratio = math.log(totals[0] / totals[1])
    half = float(stats.t.isf(model.spec.alpha / 2, model.reference_df)) * se
    return Standardised(
        covariate=covariate,
        high=high,
        low=low,
        rate_high=totals[0] / float(e.sum()),
        rate_low=totals[1] / float(e.sum()),
        ratio=math.exp(log_ratio),
        lower=math.exp(log_ratio - half),
        upper=math.exp(log_ratio + half),
        se_log=se,
    )


def _moved(model: RosterModel, design: PatternDesign, covariate: str, value: Any) -> PatternDesign:
    """Design were a covariate at one level in every pattern."""
    values = model.levels.get(covariate, ())
    if value not in values:
        raise ValueError(f"'{covariate}' is not at {value!r} in any row; levels: {values}")
    places = []
    for block, place in zip(design.blocks, design.places, strict=True):
        moved = place
        if covariate in block.covariates:
            after = block.covariates[block.covariates.index(covariate) + 1 :]
            stride = math.prod(len(model.levels[name]) for name in after)
            now = place // stride % len(values)
            moved = place + (values.index(value) - now) * stride
        places.append(moved)
    return PatternDesign(design.blocks, tuple(places), design.k)


def leave_one_cluster_out_roster(
    roster: RosterLike,
    model: RosterModel,
    cluster: str,
    progress: Callable[[int, int, str], None] | None = None,
) -> LeaveOneClusterOut:
    """Refit the model of a roster with each cluster left out in turn, from sums alone.

    Parameters
    ----------
    roster : Roster
        The one that ``model`` was fitted to.
    model : RosterModel
    cluster : str
        Column of clusters: beats, teams, areas.
    progress : callable, optional
        Called with refits done, refits in all, and what is being done.

    Raises
    ------
    Refusal
        E125 for more than 300 clusters; E122 if the terms need one of the clusters.
    """
    parsed = model._formula
    roster.check(parsed.outcome, model.spec.exposure, parsed.columns, cluster)
    clusters = roster.clusters(cluster)
    if clusters > MOST_JACKKNIFE_CLUSTERS:
        raise refuse(
            f"a jackknife over {clusters:,} clusters; at most {MOST_JACKKNIFE_CLUSTERS} are refit.",
            f"Use the cluster sandwich (--cov cluster --cluster {cluster}), which needs no refit, "
            "or a coarser unit.",
        )
    question = roster.ask(parsed.outcome, model.spec.exposure, model.levels, cluster)
    cells = roster.cluster_cells(question)
    labels, refits = [], []
    for label, beta in _refits(model, cells):
        labels.append(label)
        refits.append(beta)
        if progress is not None:
            progress(len(labels), clusters, "Refitting without each cluster")
    full = model.coefficients.to_numpy()
    return LeaveOneClusterOut(np.array(refits), full, np.asarray(labels))


def _refits(model: RosterModel, cells: pd.DataFrame) -> Iterator[tuple[Any, FloatArray]]:
    """Each cluster's label, and the coefficients without it."""
    design, numbers = blocks_of(model), numbers_of(model)
    order = np.argsort(numbers)
    place = order[np.searchsorted(numbers[order], cells["pattern"].to_numpy())]
    codes, labels = pd.factorize(cells["cluster_"], sort=True)
    y_all = model.cells["victims"].to_numpy(float)
    e_all = model.cells[model.spec.exposure].to_numpy(float)
    for code, label in enumerate(labels):
        mine = codes == code
        y, e = y_all.copy(), e_all.copy()
        y[place[mine]] -= cells.loc[mine, "y"].to_numpy(float)
        e[place[mine]] -= cells.loc[mine, "e"].to_numpy(float)
        left = e > 1e-9 * e_all
        try:
            beta, _ = fit_patterns(
                design.take(left), y[left], e[left], model.coefficients.to_numpy()
            )
        except (ValueError, linalg.LinAlgError):
            what = f"without the cluster '{label}' some term cannot be estimated."
            raise Refusal(Problem("E122", what, "Drop a term, or cluster otherwise.")) from None
        yield label, beta


def policy_model(model: RosterModel, left_out: LeaveOneClusterOut) -> PolicyModel:
    """Hand a roster's model to :func:`officer_assaults.topics.crewing.model.policy.evaluate`.

    Parameters
    ----------
    model : RosterModel
        With a 0/1 covariate ``single`` and ``single:variable`` for what policies condition on.
    left_out : LeaveOneClusterOut
        From :func:`leave_one_cluster_out_roster`.

    Raises
    ------
    ValueError
        If ``single`` is no covariate at 0 and 1, or the exposure is neither officer-hours nor
        attendances.
    """
    exposure = model.spec.exposure
    if exposure not in ("officer_hours", "attended"):
        raise ValueError(f"policies hold officer_hours or attended fixed, not '{exposure}'")
    design = blocks_of(model)
    arms = [_moved(model, design, "single", value).dense() for value in (1, 0)]
    beside = [b.covariates for b in design.blocks if "single" in b.covariates]
    return PolicyModel(
        frame=model.cells.assign(single=model.cells["single"].astype(float)),
        exposure=exposure,  # type: ignore[arg-type]
        single=arms[0],
        double=arms[1],
        coefficients=model.coefficients.to_numpy(),
        left_out=left_out.coefficients,
        terms=tuple(model.vcov.columns),
        interactions=tuple(n for names in beside for n in names if n != "single"),
        total=float(model.cells["victims"].sum()),
    )
