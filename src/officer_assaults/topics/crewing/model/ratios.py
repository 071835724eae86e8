"""Crewing: three denominators together, from the crude ratio to the adjusted one.

E1 is recorded victims per officer-hour, E2 per attended incident, E3 the total under a policy (see
``model.policy``). A ratio is single over double crews. E1 stands beside its
mechanical benchmark: a double crew doubles the officer-hours but not the incidents, so with ``m``
victims per violent incident of a double crew, crewing that changes no incident at all gives
``2 / m`` and not 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.formulas import build_design, check_formula
from officer_assaults.stats.glm import fit_rate_model
from officer_assaults.stats.intervals import Interval, check_alpha
from officer_assaults.stats.newton import fit_design
from officer_assaults.stats.shares import mechanical_benchmark
from officer_assaults.stats.standardise import check_stated, standardised_ratio
from officer_assaults.topics.crewing.model.cells import (
    FEWEST_CLUSTERS,
    FEWEST_ROWS,
    CrewData,
    pool,
    usable_terms,
)

MOST_SIGN_PATTERNS = 4096


@dataclass(frozen=True, slots=True)
class Sensitivity(Shown):
    """Another way to the same ratio.

    Attributes
    ----------
    label : str
    ratio, lower, upper : float
    note : str
        What it assumes or guards against.
    """

    label: str
    ratio: float
    lower: float
    upper: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class ArmRatio(Shown):
    """A rate ratio, single over double crews, with the counts and exposures behind it.

    Attributes
    ----------
    label : str
        What is compared, in a reader's words.
    ratio, lower, upper : float
        Limits are infinite and 0 where clusters are too few for an interval.
    p : float
        Two-sided; by sign changes of cluster scores where clusters are too few.
    events_single, events_double : float
    exposure_single, exposure_double : float
        In ``unit``.
    unit : str
    clusters : int
    method : str
        How interval and p were made.
    """

    label: str
    ratio: float
    lower: float
    upper: float
    p: float
    events_single: float
    events_double: float
    exposure_single: float
    exposure_double: float
    unit: str
    clusters: int
    method: str

    @property
    def interval(self) -> Interval:
        """Limits of the ratio."""
        return Interval(self.lower, self.upper)

    @property
    def has_interval(self) -> bool:
        """Whether there were clusters enough for an interval."""
        return math.isfinite(self.upper)


@dataclass(frozen=True, slots=True)
class Denominators(Shown):
    """E1 and E2 side by side, with the incidents behind them and the mechanical benchmark.

    Attributes
    ----------
    per_officer_hour : ArmRatio
        E1.
    per_attendance : ArmRatio or None
        E2; None where attendances were not supplied.
    incidents : ArmRatio or None
        Incidents with a recorded victim per unit-hour: what crewing does to the attack itself.
    victims_per_double, benchmark : float
        Recorded victims per incident of double crews, and the E1 that it alone produces; ``nan``
        where incidents were not supplied.
    benchmark_limits : Interval
        From the interval of ``victims_per_double``, or 1 to 2 where it is unknown.
    """

    per_officer_hour: ArmRatio
    per_attendance: ArmRatio | None
    incidents: ArmRatio | None
    victims_per_double: float
    benchmark: float
    benchmark_limits: Interval


def denominators(data: CrewData, alpha: float = 0.05, one: ArmRatio | None = None) -> Denominators:
    """Give adjusted ratios per officer-hour and per attendance, never one without the other.

    Parameters
    ----------
    data : CrewData
    alpha : float
        One minus the coverage.
    one : ArmRatio, optional
        Ratio per officer-hour, by default from the terms of the data.
    """
    attended = incidents = None
    if has_attendances(data):
        attended = arm_ratio(data, exposure="attended", label="Per attended incident", alpha=alpha)
    mean, limits = math.nan, Interval(1.0, 2.0)
    if data.has("incidents_assault"):
        incidents = arm_ratio(
            data,
            outcome="incidents_assault",
            exposure="unit_hours",
            label="Incidents per unit-hour",
            alpha=alpha,
        )
        mean, (low, high) = _victims_per_double(data, alpha)
        limits = Interval(mechanical_benchmark(high), mechanical_benchmark(low))
    return Denominators(
        per_officer_hour=one or arm_ratio(data, label="Per officer-hour", alpha=alpha),
        per_attendance=attended,
        incidents=incidents,
        victims_per_double=mean,
        benchmark=math.nan if math.isnan(mean) else mechanical_benchmark(mean),
        benchmark_limits=limits,
    )


def has_attendances(data: CrewData) -> bool:
    """Whether attended incidents were supplied, for enough rows and for victims of both crews."""
    if not data.has("attended"):
        return False
    rows = data.frame[data.frame["attended"] > 0]
    victims = rows.groupby("single")["victims"].sum()
    return len(rows) >= FEWEST_ROWS and len(victims) == 2 and bool((victims > 0).all())


def _victims_per_double(data: CrewData, alpha: float) -> tuple[float, tuple[float, float]]:
    """Mean victims of a double crew's recorded incidents, with limits from whole clusters."""
    double = data.frame[data.frame["single"] == 0]
    by = double.groupby(data.cluster, observed=True)[["y", "incidents_assault"]].sum()
    victims, incidents = by["y"].to_numpy(float), by["incidents_assault"].to_numpy(float)
    if not incidents.sum() > 0:
        return math.nan, (1.0, 2.0)
    mean = float(np.clip(victims.sum() / incidents.sum(), 1, 2))
    groups = len(by)
    if groups < 2:
        return mean, (1.0, 2.0)
    residual = victims - mean * incidents
    se = math.sqrt(groups / (groups - 1) * float((residual**2).sum())) / incidents.sum()
    half = float(stats.t.isf(alpha / 2, groups - 1)) * se
    return mean, (max(mean - half, 1.0), min(mean + half, 2.0))


def arm_ratio(
    data: CrewData,
    *,
    label: str,
    terms: Sequence[str] | None = None,
    outcome: str = "victims",
    exposure: str = "officer_hours",
    treatment: str = "single",
    cluster: str | None = None,
    alpha: float = 0.05,
) -> ArmRatio:
    """Rate ratio of one arm over the other from a Poisson model with cluster-robust errors.

    Parameters
    ----------
    data : CrewData
    label : str
        What the ratio compares.
    terms : sequence of str, optional
        Adjustment terms; those of the data by default, none for a crude ratio.
    outcome, exposure, treatment : str
        Columns; rows without exposure are left out.
    cluster : str, optional
        Column of clusters, by default that of the data.
    alpha : float
        One minus the coverage.

    Returns
    -------
    ArmRatio
        Errors are corrected by G/(G-1) with t of G - 1 degrees of freedom. With fewer than eight
        clusters there is no interval, and p comes from sign changes of the clusters' scores.
    """
    check_alpha(alpha)
    terms = data.terms if terms is None else tuple(terms)
    cluster = cluster or data.cluster
    exposed = data.frame[exposure] > 0
    rows = data.frame if exposed.all() else data.frame[exposed]
    formula = f"{outcome} ~ {' + '.join([treatment, *terms])}"
    keys = check_formula(formula, list(rows.columns)).columns
    groups = int(rows[cluster].nunique())
    few = groups < FEWEST_CLUSTERS
    # Without clusters to measure error by, the rows themselves are kept apart.
    pooled = rows if few else pool(rows, [cluster, *keys], [outcome, exposure])
    try:
        model = fit_rate_model(
            pooled,
            formula,
            exposure=exposure,
            cov="HC1" if few else "cluster",
            cluster=None if few else cluster,
            alpha=alpha,
        )
    except Refusal:
        # Rows without this exposure are gone, and some terms of the diagram with them.
        kept, gone = usable_terms(rows.assign(victims=rows[outcome]), terms)
        if not gone or not data.from_diagram or treatment != "single":
            raise
        found_without = arm_ratio(
            data, label=label, terms=kept, outcome=outcome, exposure=exposure,
            cluster=cluster, alpha=alpha,
        )  # fmt: skip
        note = f"{found_without.method}; without {', '.join(gone)}, which these rows cannot carry"
        return replace(found_without, method=note)
    found = model.contrast({treatment: 1.0})
    treated = pooled[treatment].to_numpy() == 1
    events, hours = pooled[outcome].to_numpy(float), pooled[exposure].to_numpy(float)
    return ArmRatio(
        label=label,
        ratio=found.ratio,
        lower=0.0 if few else found.lower,
        upper=math.inf if few else found.upper,
        p=sign_change_p(pooled, formula, treatment, exposure, cluster) if few else found.p,
        events_single=float(events[treated].sum()),
        events_double=float(events[~treated].sum()),
        exposure_single=float(hours[treated].sum()),
        exposure_double=float(hours[~treated].sum()),
        unit=exposure,
        clusters=groups,
        method=_method(few, groups),
    )


def _method(few: bool, groups: int) -> str:
    if few:
        return f"{groups} clusters: no interval; p from sign changes of cluster scores"
    return f"cluster-robust, {groups} clusters, t with {groups - 1} degrees of freedom"


def sign_change_p(
    frame: pd.DataFrame, formula: str, treatment: str, exposure: str, cluster: str
) -> float:
    """Two-sided p of no difference between arms, from sign changes of the clusters' scores.

    Under no difference the efficient score of each cluster is as likely to be positive as
    negative. All sign patterns are tried where there are at most 4,096 of them, else that many
    drawn with a fixed seed. Where the model without the treatment cannot be fitted, the scores tell
    nothing and p is 1.

    Parameters
    ----------
    frame : pandas.DataFrame
    formula : str
        Model with ``treatment`` as its first term.
    treatment, exposure, cluster : str
        Columns.
    """
    matrix, _ = build_design(check_formula(formula, list(frame.columns)), frame)
    outcome = formula.split("~", 1)[0].strip()
    x, y = matrix.to_numpy(), frame[outcome].to_numpy(float)
    log_exposure = np.log(frame[exposure].to_numpy(float))
    place = list(matrix.columns).index(treatment)
    others = np.delete(x, place, axis=1)
    try:
        null = fit_design(others, y, log_exposure)
    except ValueError:
        return 1.0
    weighted = others * null.mu[:, None]
    part = np.linalg.solve(weighted.T @ others, weighted.T @ x[:, place])
    scores = np.bincount(
        pd.factorize(frame[cluster])[0], weights=(x[:, place] - others @ part) * (y - null.mu)
    )
    groups = len(scores)
    if 2**groups <= MOST_SIGN_PATTERNS:
        signs = np.array(list(product((-1.0, 1.0), repeat=groups)))
    else:
        signs = np.random.default_rng(0).choice((-1.0, 1.0), (MOST_SIGN_PATTERNS, groups))
    totals = np.abs(signs @ scores)
    return float((totals >= abs(scores.sum()) * (1 - 1e-9)).mean())


def crude_ratio(data: CrewData, alpha: float = 0.05) -> ArmRatio:
    """Ratio per officer-hour without adjustment."""
    return arm_ratio(data, label="Nothing (crude)", terms=(), alpha=alpha)


def ladder(
    data: CrewData, alpha: float = 0.05, one: ArmRatio | None = None
) -> tuple[ArmRatio, ...]:
    """Ratio per officer-hour from no adjustment to the full set, one rung at a time.

    The last rung is ``one``, where it is given.
    """
    steps = [crude_ratio(data, alpha)]
    terms: list[str] = []
    for number, (rung, added) in enumerate(data.rungs.items(), start=1):
        terms.extend(added)
        label = f"+ {rung.lower()}"
        last = one is not None and number == len(data.rungs)
        steps.append(
            replace(one, label=label)
            if one is not None and last
            else arm_ratio(data, label=label, terms=terms, alpha=alpha)
        )
    return tuple(steps)


def fitted_ratio(data: CrewData, fit: Any, alpha: float = 0.05) -> ArmRatio:
    """Ratio per officer-hour that a fitted model gives, single over double crews.

    Parameters
    ----------
    data : CrewData
    fit : RateModel or RandomLevel
        Of ``victims`` on ``single`` and other terms, with officer-hours as exposure. Where
        ``single`` meets another column, the ratio is the one over the hours as they were worked.
    alpha : float
        One minus the coverage.
    """
    check_stated(fit, "single")
    frame, exposure = data.frame, fit.spec.exposure
    found = standardised_ratio(fit, frame, "single", exposure, alpha)
    few = data.clusters < FEWEST_CLUSTERS
    how = _method(few, data.clusters) if few or fit.spec.cluster else f"errors {fit.spec.errors}"
    events, hours = (frame.groupby("single")[name].sum() for name in ("victims", exposure))
    p = found.p
    if few:
        p = sign_change_p(frame, fit.spec.formula, "single", exposure, data.cluster)
    return ArmRatio(
        label="Per officer-hour",
        ratio=found.ratio,
        lower=0.0 if few else found.lower,
        upper=math.inf if few else found.upper,
        p=p,
        events_single=float(events[1.0]),
        events_double=float(events[0.0]),
        exposure_single=float(hours[1.0]),
        exposure_double=float(hours[0.0]),
        unit="officer_hours",
        clusters=data.clusters,
        method=how,
    )
