"""Checks of the crewing ratio: other ways to it, negative controls, influence, recording."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown, Tabled
from officer_assaults.stats.formulas import build_design, check_formula
from officer_assaults.stats.glm import fit_rate_model
from officer_assaults.stats.newton import LeaveOneClusterOut, leave_one_cluster_out
from officer_assaults.stats.within import fit_within
from officer_assaults.topics.crewing.model.cells import (
    FEWEST_CLUSTERS,
    FEWEST_EVENTS,
    FEWEST_EVENTS_PER_ARM,
    REFERENCE_BACKUP,
    CrewData,
    as_words,
    categorised,
    columns_of,
    pool,
    usable_terms,
)
from officer_assaults.topics.crewing.model.ratios import ArmRatio, Sensitivity, arm_ratio

FloatArray = NDArray[np.float64]

#: In standard errors.
MOVES_MUCH = 0.5
BACKUP_SHOWN = (5.0, 10.0, 15.0, 20.0, 25.0)


def sensitivities(data: CrewData, alpha: float = 0.05) -> tuple[Sensitivity, ...]:
    """Negative binomial, fixed effects of place and month, coarser clusters, injuries, whole areas.

    Parameters
    ----------
    data : CrewData
    alpha : float
    """
    found = [_negative_binomial(data, alpha), _fixed_effects(data, alpha)]
    if data.cluster != "lpa" and data.frame["lpa"].nunique() >= FEWEST_CLUSTERS:
        wide = arm_ratio(data, label="", cluster="lpa", alpha=alpha)
        found.append(
            _sensitivity("Clustered by policing area", wide, "unrecorded conditions span beats")
        )
    if data.has("y_injury") and not (data.frame["victims"] == data.frame["y_injury"]).all():
        found.append(_injury_only(data, alpha))
    found.append(_whole_areas(data, alpha))
    return tuple(item for item in found if item is not None)


def _sensitivity(label: str, found: ArmRatio, note: str) -> Sensitivity:
    return Sensitivity(label, found.ratio, found.lower, found.upper, note)


def _negative_binomial(data: CrewData, alpha: float) -> Sensitivity | None:
    formula = f"victims ~ {' + '.join(['single', *data.terms])}"
    keys = check_formula(formula, list(data.frame.columns)).columns
    pooled = pool(data.frame, [data.cluster, *keys], ["victims", "officer_hours"])
    try:
        model = fit_rate_model(
            pooled,
            formula,
            exposure="officer_hours",
            family="nb2",
            cov="cluster",
            cluster=data.cluster,
            alpha=alpha,
        )
    except ValueError:
        return None
    one = model.contrast({"single": 1.0})
    return Sensitivity(
        "Negative binomial", one.ratio, one.lower, one.upper, "rates differ between like cells"
    )


def _fixed_effects(data: CrewData, alpha: float) -> Sensitivity | None:
    """Give every place and month a level, so that only differences inside them count."""
    place = data.cluster
    kept = [
        term
        for term in data.terms
        if term not in ("C(area_type)", "C(lpa)", "C(month)", "backup_c")
    ]
    eventful = data.frame.groupby(place, observed=True)["victims"].transform("sum") > 0
    rows = categorised(data.frame[eventful])
    if rows[place].nunique() < FEWEST_CLUSTERS:
        return None
    month = ["C(month)"] if len(rows["month"].unique()) > 1 else []
    formula = check_formula(f"victims ~ {' + '.join(['single', *kept, *month])}", [*rows.columns])
    pooled = pool(rows, [place, *formula.columns], ["victims", "officer_hours"])
    try:
        matrix, _ = build_design(formula, pooled)
        coefficients, vcov, places = fit_within(
            matrix.to_numpy(),
            pooled["victims"].to_numpy(float),
            np.log(pooled["officer_hours"].to_numpy(float)),
            pd.factorize(pooled[place])[0],
        )
    except (Refusal, ValueError):
        return None
    at = list(matrix.columns).index("single")
    log_ratio, se = coefficients[at], math.sqrt(vcov[at, at])
    if math.isnan(log_ratio):
        return None
    half = float(stats.t.isf(alpha / 2, places - 1)) * se
    name = "beat" if place == "beat" else "policing area"
    return Sensitivity(
        f"A level for each {name} and month",
        math.exp(log_ratio),
        math.exp(log_ratio - half),
        math.exp(log_ratio + half),
        "lasting differences between places drop out",
    )


def _injury_only(data: CrewData, alpha: float) -> Sensitivity | None:
    events = data.frame.groupby("single")["y_injury"].sum()
    if events.min() < FEWEST_EVENTS_PER_ARM or events.sum() < FEWEST_EVENTS:
        return None
    try:
        found = arm_ratio(data, label="", outcome="y_injury", alpha=alpha)
    except (Refusal, ValueError):
        return None
    return _sensitivity(
        "Victims with injury only", found, "recorded more alike, but crewing may change severity"
    )


def _whole_areas(data: CrewData, alpha: float) -> Sensitivity | None:
    """All crews of an area and hour together: if single crews lean on others, this differs."""
    hours = data.frame["officer_hours"]
    shares = [name for name in ("dark_share", "grade1_share", "backup_c") if data.has(name)]
    weighted = {name: data.frame[name] * hours for name in ("single", *shares)}
    keys = ["lpa", "month", "hour_band", "weekend", "night"]
    area = pool(
        data.frame.assign(**weighted), keys, ["victims", "officer_hours", "single", *shares]
    )
    for name in ("single", *shares):
        area[name] = area[name] / area["officer_hours"]
    wanted = ("C(hour_band)", "weekend", "weekend:night", "C(month)", "C(lpa)", *shares)
    terms, _ = usable_terms(area, wanted)
    if area["lpa"].nunique() < FEWEST_CLUSTERS:
        return None
    try:
        model = fit_rate_model(
            area,
            f"victims ~ {' + '.join(['single', *terms])}",
            exposure="officer_hours",
            cov="cluster",
            cluster="lpa",
            alpha=alpha,
        )
    except (Refusal, ValueError):
        return None
    one = model.contrast({"single": 1.0})
    return Sensitivity(
        "Whole areas by share single crewed",
        one.ratio,
        one.lower,
        one.upper,
        "one crew's backing by another is inside; calls of all grades are mixed",
    )


@dataclass(frozen=True, slots=True)
class BackupModification(Tabled):
    """How the ratio per officer-hour changes with planned back-up.

    Attributes
    ----------
    per_ten_minutes : float
        Factor on the ratio for ten more minutes, with limits ``lower`` and ``upper``.
    table : pandas.DataFrame
        backup_min, ratio, lower, upper.
    """

    per_ten_minutes: float
    lower: float
    upper: float
    p: float
    table: pd.DataFrame


def by_backup(
    data: CrewData, minutes: Iterable[float] = BACKUP_SHOWN, alpha: float = 0.05
) -> BackupModification | None:
    """Ratio per officer-hour at several planned back-up times; None without back-up times.

    Parameters
    ----------
    data : CrewData
    minutes : iterable of float
        Planned back-up in minutes.
    alpha : float
    """
    if "backup_c" not in data.terms or data.clusters < FEWEST_CLUSTERS:
        return None
    left, names = _left_out(data, ("single:backup_c",))
    if np.isnan(left.coefficients).any():
        return None
    weights = {
        name: np.eye(len(names))[names.index(name)] for name in ("single", "single:backup_c")
    }
    slope = _jackknife_ratio(left, 10.0 * weights["single:backup_c"], alpha)
    rows = []
    for minute in minutes:
        at = weights["single"] + (minute - REFERENCE_BACKUP) * weights["single:backup_c"]
        rows.append((minute, *_jackknife_ratio(left, at, alpha)[:3]))
    return BackupModification(*slope, pd.DataFrame(rows, columns=["backup_min", *_LIMITS]))


_LIMITS = ("ratio", "lower", "upper")


def _left_out(
    data: CrewData, interactions: Sequence[str] = ()
) -> tuple[LeaveOneClusterOut, list[str]]:
    """Fit the adjusted model without each cluster in turn; also gives the names of its terms."""
    formula = f"victims ~ {' + '.join(['single', *data.terms, *interactions])}"
    parsed = check_formula(formula, list(data.frame.columns))
    pooled = pool(data.frame, [data.cluster, *parsed.columns], ["victims", "officer_hours"])
    matrix, _ = build_design(parsed, pooled)
    left = leave_one_cluster_out(
        matrix.to_numpy(),
        pooled["victims"].to_numpy(float),
        np.log(pooled["officer_hours"].to_numpy(float)),
        as_words(pooled[data.cluster]),
        partial=True,
    )
    return left, list(matrix.columns)


def _jackknife_ratio(
    left: LeaveOneClusterOut, weights: FloatArray, alpha: float
) -> tuple[float, float, float, float]:
    """Ratio, limits and p of a sum of coefficients, from the leave-one-cluster-out refits."""
    estimate = float(weights @ left.full)
    se = math.sqrt(float(weights @ left.vcov @ weights))
    df = len(left.labels) - 1
    half = float(stats.t.isf(alpha / 2, df)) * se
    limits = math.exp(estimate - half), math.exp(estimate + half)
    return math.exp(estimate), *limits, float(2 * stats.t.sf(abs(estimate) / se, df))


@dataclass(frozen=True, slots=True)
class NegativeControl(Shown):
    """A comparison that should show no difference, and what it shows.

    Attributes
    ----------
    label : str
    found : ArmRatio
    expected : float
        The ratio if nothing is wrong.
    meaning : str
        What a departure would say.
    gates : bool
        Whether a departure leaves the adjusted ratios not identified.
    """

    label: str
    found: ArmRatio
    expected: float
    meaning: str
    gates: bool = False

    @property
    def passes(self) -> bool:
        """Whether the interval holds the expected ratio."""
        return self.found.interval.contains(self.expected)


def negative_controls(data: CrewData, alpha: float = 0.05) -> tuple[NegativeControl, ...]:
    """Comparisons that must come out at 1: the crew of the shift before, and other injuries.

    None is made with fewer than eight clusters, or ten events in an arm: an endless interval would
    hold 1 whatever is true.

    Parameters
    ----------
    data : CrewData
    alpha : float
    """
    controls: list[NegativeControl | None] = []
    if data.clusters < FEWEST_CLUSTERS:
        return ()
    if data.has("y_after_double") and data.has("officer_hours_after_double"):
        controls.append(_crew_before(data, alpha))
    if data.has("y_control"):
        by_arm = data.frame.groupby("single")["y_control"].sum()
        if by_arm.min() >= FEWEST_EVENTS_PER_ARM:
            controls.append(
                NegativeControl(
                    OTHER_INJURIES,
                    arm_ratio(data, label="", outcome="y_control", alpha=alpha),
                    1.0,
                    "single crews differ in how readily any injury is reported",
                )
            )
    return tuple(item for item in controls if item is not None)


CREW_BEFORE = "Crew of the shift before"
OTHER_INJURIES = "Injuries other than by assault"


def untested_controls(data: CrewData, controls: Iterable[NegativeControl]) -> dict[str, str]:
    """Comparisons that should show no difference and could not be made, and why.

    Parameters
    ----------
    data : CrewData
    controls : iterable of NegativeControl
        Those that could, from :func:`negative_controls`.
    """
    made = {control.label for control in controls}
    needed = {
        CREW_BEFORE: ("y_after_double", "officer_hours_after_double"),
        OTHER_INJURIES: ("y_control",),
    }
    reasons = {}
    for label, columns in needed.items():
        if label in made:
            continue
        lacking = [name for name in columns if not data.has(name)]
        reasons[label] = (
            f"the file does not fill {' and '.join(lacking)}"
            if lacking
            else "too few areas"
            if data.clusters < FEWEST_CLUSTERS
            else "too few recorded events"
        )
    return reasons


def _kept(data: CrewData) -> list[str]:
    """Columns that hold for a shift whatever came before it."""
    needed = {data.cluster, "single", "night"}
    needed |= {name for term in data.terms for name in columns_of(term)}
    return [name for name in data.frame if name in needed]


def _crew_before(data: CrewData, alpha: float) -> NegativeControl | None:
    """Victims after a single-crewed shift over those after a double-crewed one, same crew now."""
    frame = data.frame
    hours, victims = frame["officer_hours_after_double"], frame["y_after_double"]
    kept = frame[_kept(data)]
    after_double = kept.assign(
        before_single=0.0, victims=victims.astype(float), officer_hours=hours
    )
    after_single = kept.assign(
        before_single=1.0,
        victims=(frame["y"] - victims).astype(float),
        officer_hours=frame["officer_hours"] - hours,
    )
    halves = [half[half["officer_hours"] > 0] for half in (after_double, after_single)]
    del after_double, after_single, kept
    both = pd.concat(halves, ignore_index=True)
    del halves
    if both.groupby("before_single")["victims"].sum().min() < FEWEST_EVENTS_PER_ARM:
        return None
    inside = replace(data, frame=both)
    try:
        found = arm_ratio(
            inside,
            label="",
            terms=["single", *data.terms],
            treatment="before_single",
            alpha=alpha,
        )
    except (Refusal, ValueError):
        return None
    return NegativeControl(
        CREW_BEFORE,
        found,
        1.0,
        "dispatchers know of a danger that no column records",
        gates=True,
    )


def recording_table(found: ArmRatio, rho_grid: Iterable[float]) -> pd.DataFrame:
    """Give the true ratio for each ratio of recording probabilities, single over double.

    A double crew has a witness, so its assaults may be recorded more, or the second officer's form
    may seem superfluous. The recorded ratio is the true one times ``rho``.

    Parameters
    ----------
    found : ArmRatio
        Recorded ratio.
    rho_grid : iterable of float
        Recording probability of single over that of double crews.

    Returns
    -------
    pandas.DataFrame
        rho, ratio, lower, upper.
    """
    rows = []
    for rho in rho_grid:
        if not rho > 0:
            raise ValueError(f"a ratio of recording probabilities is above 0, not {rho:g}")
        rows.append((rho, found.ratio / rho, found.lower / rho, found.upper / rho))
    return pd.DataFrame(rows, columns=["rho", "ratio", "lower", "upper"])


def influence(data: CrewData) -> pd.DataFrame:
    """Clusters without which the log ratio moves by more than half its standard error.

    Returns
    -------
    pandas.DataFrame
        cluster, ratio_without, moves (in standard errors), largest first; empty if none does.
        Where the ratio cannot be had without some clusters, only those, with ``moves`` infinite.
    """
    left, names = _left_out(data)
    place = names.index("single")
    lost = np.isnan(left.coefficients[:, place])
    if lost.any():
        gone = {"cluster": left.labels[lost], "ratio_without": math.nan, "moves": math.inf}
        return pd.DataFrame(gone)
    se = math.sqrt(float(left.vcov[place, place]))
    moves = (left.coefficients[:, place] - left.full[place]) / se
    order = np.argsort(-np.abs(moves))
    order = order[np.abs(moves[order]) > MOVES_MUCH]
    return pd.DataFrame(
        {
            "cluster": left.labels[order],
            "ratio_without": np.exp(left.coefficients[order, place]),
            "moves": moves[order],
        }
    )


def planned_agreement(counts: pd.DataFrame) -> float | None:
    """Share of unit-shifts whose crew was booked on as planned.

    Parameters
    ----------
    counts : pandas.DataFrame
        Unit-shifts by crew as planned (rows) and as booked on (columns).

    Returns
    -------
    float or None
        None where every crew is of one kind, so that agreement says nothing.
    """
    names = sorted({*counts.index.astype(str), *counts.columns.astype(str)})
    if len(names) < 2:
        return None
    named = counts.set_axis(counts.index.astype(str), axis=0)
    named = named.set_axis(counts.columns.astype(str), axis=1)
    square = named.reindex(index=names, columns=names, fill_value=0).to_numpy(float)
    return float(np.trace(square) / square.sum())
