"""Policies: what recorded assaults would be expected were the same hours crewed otherwise.

G-computation from a Poisson rate model in which every variable that a policy conditions on enters
as ``single:variable``. Rates times hours are explicit, so no offset can be lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.designs import check_balance, check_events, check_rank
from officer_assaults.stats.formulas import build_design, check_formula
from officer_assaults.stats.intervals import Interval, check_alpha
from officer_assaults.stats.newton import leave_one_cluster_out
from officer_assaults.topics.crewing.model.arms import Arm, arms_of
from officer_assaults.topics.crewing.model.cells import (
    FEWEST_CLUSTERS,
    REFERENCE_BACKUP,
    CrewData,
    as_words,
    columns_of,
    pool,
)
from officer_assaults.topics.crewing.model.policy_language import (
    AS_IT_IS,
    POLICIES,
    Policy,
    share_single,
)
from officer_assaults.topics.crewing.model.strata import Stratum, gate, strata_moved

FloatArray = NDArray[np.float64]
Exposure = Literal["officer_hours", "attended"]

OFFICERS_PER_DOUBLE = 2
#: Response distance grows with the inverse square root of the units on duty: Kolesar and Blum 1973,
#: Management Science 19:1368.
BACKUP_ELASTICITY = 0.5


@dataclass(frozen=True, slots=True)
class PolicyOutcome(Shown):
    """Expected recorded victims under one policy against crewing as it was.

    Attributes
    ----------
    policy : Policy
    avoided, lower, upper : float
        Fewer recorded victims, with limits; ``nan`` where a gate refuses the contrast.
    p : float
        Two-sided, of no difference.
    share_avoided : float
        ``avoided`` over the observed total.
    moved_share : float
        Share of all exposure that changes crew.
    unit_hours_lost, unit_share_lost : float
        Fewer unit-hours on duty, in hours and as a share; negative where units are won. ``nan``
        where exposure is attendances.
    strata : tuple of Stratum
    refusal : Problem or None
        E114 if a gate refuses the contrast.
    """

    policy: Policy
    avoided: float
    lower: float
    upper: float
    p: float
    share_avoided: float
    moved_share: float
    unit_hours_lost: float
    unit_share_lost: float
    strata: tuple[Stratum, ...]
    refusal: Problem | None

    @property
    def interval(self) -> Interval:
        """Limits of ``avoided``."""
        return Interval(self.lower, self.upper)

    @property
    def hidden_bias(self) -> Literal["low", "high", "unknown"]:
        """Which way ``avoided`` errs where dispatchers double up against a hidden danger."""
        ways = {stratum.to_double for stratum in self.strata}
        return "low" if ways == {True} else "high" if ways == {False} else "unknown"

    @property
    def warns(self) -> bool:
        """Whether a stratum holds fewer than 30 victims in the arm moved to."""
        return any(stratum.warns for stratum in self.strata)


@dataclass(frozen=True, slots=True)
class PolicyModel(Shown):
    """A rate model that can answer a set of policies, with its leave-one-cluster-out refits.

    Attributes
    ----------
    frame : pandas.DataFrame
        Pooled cells with ``single``, the exposure and the columns that policies name.
    exposure : {"officer_hours", "attended"}
    single, double : Arm
        Design were every row single, or double.
    coefficients : array, shape (terms,)
    left_out : array, shape (G, terms)
        Coefficients with each cluster left out in turn.
    terms : tuple of str
    interactions : tuple of str
        Columns that may change the ratio.
    total : float
        Observed victims.
    """

    frame: pd.DataFrame
    exposure: Exposure
    single: Arm
    double: Arm
    coefficients: FloatArray
    left_out: FloatArray
    terms: tuple[str, ...]
    interactions: tuple[str, ...]
    total: float


def interaction_terms(policies: Iterable[Policy], data: CrewData) -> tuple[str, ...]:
    """Terms ``single:variable`` for every variable that a policy conditions on.

    Parameters
    ----------
    policies : iterable of Policy
    data : CrewData
    """
    named = dict.fromkeys(name for policy in policies for name in policy.columns)
    return tuple(f"single:{_term(name, data)}" for name in named if name in data.frame)


def _term(column: str, data: CrewData) -> str:
    """Name a column as it enters the model: centred back-up, categories as such."""
    if column == "backup_min":
        return "backup_c"
    return column if pd.api.types.is_numeric_dtype(data.frame[column]) else f"C({column})"


def fit_policy_model(
    data: CrewData,
    policies: Sequence[Policy],
    *,
    exposure: Exposure = "officer_hours",
    interactions: Sequence[str] | None = None,
) -> PolicyModel:
    """Fit the rate model that policies are judged by, and refit it without each cluster.

    Parameters
    ----------
    data : CrewData
    policies : sequence of Policy
        What will be asked of the model.
    exposure : {"officer_hours", "attended"}
        Held fixed under every policy.
    interactions : sequence of str, optional
        Terms ``single:variable``; by default those that the policies need.

    Raises
    ------
    Refusal
        E114 with fewer than eight clusters; E115 if a policy names a column that the cells or the
        model lack; E122 if the interactions cannot be estimated, be it without one cluster only.
    """
    if data.clusters < FEWEST_CLUSTERS:
        raise Refusal(
            Problem(
                "E114",
                f"{data.clusters} clusters; a policy contrast needs {FEWEST_CLUSTERS}.",
                "Ask for cells by beat, or by more policing areas.",
            )
        )
    if interactions is None:
        interactions = interaction_terms(policies, data)
    for policy in policies:
        check_policy(policy, data)
    formula = check_formula(
        f"victims ~ {' + '.join(['single', *data.terms, *interactions])}", list(data.frame.columns)
    )
    asked = [name for policy in policies for name in policy.columns]
    exposed = data.frame[exposure] > 0
    rows = data.frame if exposed.all() else data.frame[exposed]
    keys = [data.cluster, "single", "hour_band", *formula.columns, *asked]
    pooled = pool(rows, keys, ["victims", exposure])
    matrix, info = build_design(formula, pooled)
    names = list(matrix.columns)
    victims = pooled["victims"].to_numpy(float)
    check_rank(matrix.to_numpy(), names)
    check_events(matrix.to_numpy(), victims, names)
    log_exposure = np.log(pooled[exposure].to_numpy(float))
    clusters = as_words(pooled[data.cluster])
    try:
        left = leave_one_cluster_out(matrix.to_numpy(), victims, log_exposure, clusters)
    except ValueError as error:
        raise Refusal(
            Problem(
                "E122",
                "the events of some crew and stratum all lie in one cluster.",
                "Ask for a longer period, or a policy on fewer conditions.",
            )
        ) from error
    fitted = np.exp(matrix.to_numpy() @ left.full + log_exposure)
    check_balance(victims, fitted)
    single, double = arms_of(matrix, formula, info, pooled)
    return PolicyModel(
        frame=pooled,
        exposure=exposure,
        single=single,
        double=double,
        coefficients=left.full,
        left_out=left.coefficients,
        terms=tuple(names),
        interactions=tuple(columns_of(":".join(interactions))),
        total=float(victims.sum()),
    )


def check_policy(policy: Policy, data: CrewData) -> None:
    """Refuse a policy that these cells cannot judge.

    Parameters
    ----------
    policy : Policy
    data : CrewData

    Raises
    ------
    Refusal
        E115 if it names a column that the cells lack or that is not adjusted for, or gives shares
        outside 0 to 1.
    """
    problems = Problems()
    known = {name for term in data.terms for name in columns_of(term)}
    for name in policy.columns:
        entered = columns_of(_term(name, data))[0] if name in data.frame else name
        if name not in data.frame:
            problems.add(
                "E115",
                f"the policy '{policy.name}' names '{name}', which the cells do not have.",
                "Supply the column, or choose another policy.",
                column=name,
            )
        elif entered not in known:
            problems.add(
                "E115",
                f"the policy '{policy.name}' conditions on '{name}', which is not adjusted for.",
                "Add it to the adjustment terms: it must enter alone and as single:variable.",
                column=name,
            )
    problems.raise_if_any()
    share_single(policy, data.frame)


def standardised_rates(
    model: PolicyModel, alpha: float = 0.05
) -> tuple[float, float, float, Interval]:
    """Rates were all hours single crewed, and all double, and their ratio.

    Parameters
    ----------
    model : PolicyModel
    alpha : float

    Returns
    -------
    single, double : float
        Recorded victims per unit of exposure.
    ratio : float
    interval : Interval
        Of the ratio, by the leave-one-cluster-out jackknife on the log scale.
    """
    exposure = model.frame[model.exposure].to_numpy(float)
    betas = np.vstack([model.coefficients, model.left_out])
    one = model.single.sums(exposure, betas) / exposure.sum()
    two = model.double.sums(exposure, betas) / exposure.sum()
    logs = np.log(one / two)
    half = _half_width(logs[0], logs[1:], alpha)
    limits = Interval(math.exp(logs[0] - half), math.exp(logs[0] + half))
    return float(one[0]), float(two[0]), float(one[0] / two[0]), limits


def fit_policy_models(
    data: CrewData, policies: Sequence[Policy], exposure: Exposure = "officer_hours"
) -> dict[str, PolicyModel | Refusal]:
    """Fit one model that answers every policy, or one for each where the cells are too few.

    Parameters
    ----------
    data : CrewData
    policies : sequence of Policy
    exposure : {"officer_hours", "attended"}
        Held fixed under every policy.

    Returns
    -------
    dict
        By name of the policy: its model, or why there is none (E114, E122, and E115 for a policy
        of this package that needs a column which the cells lack).

    Raises
    ------
    Refusal
        E115 for a policy of the analyst's own.
    """
    models: dict[str, PolicyModel | Refusal] = {}
    for policy in policies:
        try:
            check_policy(policy, data)
        except Refusal as refusal:
            if policy.name not in POLICIES:
                raise
            models[policy.name] = refusal
    judged = [policy for policy in policies if policy.name not in models]
    for together in (judged, *([policy] for policy in judged)):
        names = [policy.name for policy in together]
        if all(name in models for name in names):
            continue
        try:
            models.update(dict.fromkeys(names, fit_policy_model(data, together, exposure=exposure)))
        except Refusal as refusal:
            if len(together) == 1:
                models[names[0]] = refusal
    return models


def evaluate_policies(
    models: Mapping[str, PolicyModel | Refusal], policies: Sequence[Policy], alpha: float = 0.05
) -> tuple[PolicyOutcome, ...]:
    """Outcome of each policy, or its refusal.

    Parameters
    ----------
    models : mapping of name to PolicyModel or Refusal
        From :func:`fit_policy_models`.
    policies : sequence of Policy
    alpha : float
        One minus the coverage.
    """
    outcomes = []
    for policy in policies:
        model = models[policy.name]
        if isinstance(model, Refusal):
            outcomes.append(_without_model(policy, model))
        else:
            outcomes.append(evaluate(model, policy, alpha))
    return tuple(outcomes)


def holm_adjusted(outcomes: Sequence[PolicyOutcome]) -> tuple[float, ...]:
    """P-values of a family of policy contrasts, adjusted by Holm; ``nan`` where there is none.

    Parameters
    ----------
    outcomes : sequence of PolicyOutcome
        All contrasts of the family, under every denominator.
    """
    p = np.array([outcome.p for outcome in outcomes])
    adjusted = np.full(len(p), math.nan)
    there = np.isfinite(p)
    if there.any():
        adjusted[there] = multipletests(p[there], method="holm")[1]
    return tuple(map(float, adjusted))


def _without_levels(what: str) -> str:
    return re.sub(r"\[.*\]", "", what, flags=re.DOTALL)


def _without_model(policy: Policy, refusal: Refusal) -> PolicyOutcome:
    # The report shows this: the names of levels would tell which place had no victim.
    why = " ".join(_without_levels(problem.what) for problem in refusal.problems)
    problem = Problem(
        refusal.problems[0].code,
        why,
        refusal.problems[-1].remedy,
    )
    blank = {field.name: math.nan for field in fields(PolicyOutcome)}
    return PolicyOutcome(**(blank | {"policy": policy, "strata": (), "refusal": problem}))  # type: ignore[arg-type]


def evaluate(model: PolicyModel, policy: Policy, alpha: float = 0.05) -> PolicyOutcome:
    """Estimate the recorded victims that a policy avoids at the same exposure.

    Parameters
    ----------
    model : PolicyModel
    policy : Policy
    alpha : float
        One minus the coverage.

    Returns
    -------
    PolicyOutcome
        Limits and p from the leave-one-cluster-out jackknife (CR3) with t of G - 1 degrees of
        freedom; none where a stratum that the policy moves fails the gate on positivity.

    Raises
    ------
    Refusal
        E115 if the policy conditions on a variable that is no interaction of the model, or gives
        shares outside 0 to 1.
    """
    check_alpha(alpha)
    _check_interactions(model, policy)
    exposure = model.frame[model.exposure].to_numpy(float)
    moved = exposure * (model.frame[AS_IT_IS].to_numpy(float) - share_single(policy, model.frame))
    strata = strata_moved(model, policy, moved)
    refusal = gate(policy, strata)
    avoided, half, p = math.nan, math.nan, math.nan
    if refusal is None:
        betas = np.vstack([model.coefficients, model.left_out])
        values = model.single.sums(moved, betas) - model.double.sums(moved, betas)
        avoided = float(values[0])
        half = _half_width(avoided, values[1:], alpha)
        p = _p_value(avoided, values[1:])
    units, lost = _units(model, moved)
    return PolicyOutcome(
        policy=policy,
        avoided=avoided,
        lower=avoided - half,
        upper=avoided + half,
        p=p,
        share_avoided=avoided / model.total,
        moved_share=float(np.abs(moved).sum() / exposure.sum()),
        unit_hours_lost=lost,
        unit_share_lost=lost / units,
        strata=strata,
        refusal=refusal,
    )


def _check_interactions(model: PolicyModel, policy: Policy) -> None:
    problems = Problems()
    for name in policy.columns:
        if ("backup_c" if name == "backup_min" else name) not in model.interactions:
            problems.add(
                "E115",
                f"the policy '{policy.name}' conditions on '{name}', but the model has no "
                f"single:{name}.",
                "Fit the model with this policy among those asked for.",
                column=name,
            )
    problems.raise_if_any()


def _standard_error(full: float, left_out: FloatArray) -> float:
    groups = len(left_out)
    return math.sqrt((groups - 1) / groups * float(((left_out - full) ** 2).sum()))


def _half_width(full: float, left_out: FloatArray, alpha: float) -> float:
    quantile = float(stats.t.isf(alpha / 2, len(left_out) - 1))
    return quantile * _standard_error(full, left_out)


def _p_value(full: float, left_out: FloatArray) -> float:
    se = _standard_error(full, left_out)
    if se == 0:
        return 1.0
    return float(2 * stats.t.sf(abs(full) / se, len(left_out) - 1))


def _units(model: PolicyModel, moved: FloatArray) -> tuple[float, float]:
    """Unit-hours on duty now, and unit-hours lost; ``nan`` for attendances."""
    if model.exposure != "officer_hours":
        return math.nan, math.nan
    single = model.frame[AS_IT_IS].to_numpy(float)
    hours = model.frame["officer_hours"].to_numpy(float)
    units = float((hours * (single + (1 - single) / OFFICERS_PER_DOUBLE)).sum())
    return units, float(moved.sum() / OFFICERS_PER_DOUBLE)


def with_longer_backup(
    model: PolicyModel,
    policy: Policy,
    elasticity: float = BACKUP_ELASTICITY,
    alpha: float = 0.05,
) -> tuple[float, float, float] | None:
    """Victims avoided when the units lost also lengthen back-up for crews that stay single.

    Back-up time in each hour band is taken to grow with the inverse of the units on duty to the
    power of ``elasticity`` (assumption), and to act through ``single:backup_c`` alone.

    Parameters
    ----------
    model : PolicyModel
        With ``single:backup_c``.
    policy : Policy
    elasticity : float
        0 leaves back-up as it is.
    alpha : float

    Returns
    -------
    tuple of float or None
        Avoided, lower, upper; None without ``single:backup_c`` in the model.
    """
    if "single:backup_c" not in model.terms or model.exposure != "officer_hours":
        return None
    frame = model.frame
    hours, single = frame["officer_hours"].to_numpy(float), frame[AS_IT_IS].to_numpy(float)
    wanted = share_single(policy, frame)
    bands = pd.factorize(frame["hour_band"])[0]

    def units(share: FloatArray) -> FloatArray:
        weights = hours * (share + (1 - share) / OFFICERS_PER_DOUBLE)
        return np.asarray(np.bincount(bands, weights), dtype=float)

    factor = (units(single) / units(wanted)) ** elasticity
    longer = (frame["backup_c"].to_numpy(float) + REFERENCE_BACKUP) * (factor[bands] - 1)
    betas = np.vstack([model.coefficients, model.left_out])
    later = model.single.longer(model.terms.index("single:backup_c"), longer)
    values = (
        model.single.sums(hours * single, betas)
        - later.sums(hours * wanted, betas)
        + model.double.sums(hours * (wanted - single), betas)
    )
    half = _half_width(float(values[0]), values[1:], alpha)
    return float(values[0]), float(values[0] - half), float(values[0] + half)
