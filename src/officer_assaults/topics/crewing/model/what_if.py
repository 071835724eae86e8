"""What crewing cells say of policies, as plain tables that a cache can keep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.model import cells as crewing_data
from officer_assaults.topics.crewing.model import policy
from officer_assaults.topics.crewing.model import ratios as crewing
from officer_assaults.topics.crewing.model.policy_language import named_or_written

POLICY_COLUMNS = (
    "policy", "avoided", "lower", "upper", "share", "half_share", "moved_share", "unit_share_lost",
    "longer_backup", "refusal", "clusters", "victims",
)  # fmt: skip


def policies_and_questions(
    cells: pd.DataFrame, policies: Sequence[str], *, alpha: float = 0.05
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate what each policy avoids, and the rate ratios, single over double, behind it.

    Parameters
    ----------
    cells : DataFrame
        Crew cells.
    policies : sequence of str
        Names of policies, or expressions.
    alpha : float
        One minus the coverage.

    Returns
    -------
    policies : DataFrame
        At the same officer-hours: policy, avoided, lower, upper, share (of victims), half_share
        (half the interval of ``share``), moved_share, unit_share_lost, longer_backup (by how much
        ``avoided`` would move if lost units lengthened back-up; ``nan`` where that cannot be told),
        refusal (why there is no estimate, else empty), clusters, victims.
    questions : DataFrame
        Per officer-hour and per attended incident: question, ratio, lower, upper, held_fixed,
        benchmark (the ratio per officer-hour if crewing changed no incident), victims_per_double;
        without the second row where attendances were not supplied.

    Raises
    ------
    Refusal
        As :func:`officer_assaults.topics.crewing.model.policy.fit_policy_models`.
    """
    data = crewing_data.prepare(cells)
    return _policies(data, policies, alpha), _questions(data, alpha)


def _policies(data: crewing_data.CrewData, policies: Sequence[str], alpha: float) -> pd.DataFrame:
    chosen = [named_or_written(text) for text in policies]
    models = policy.fit_policy_models(data, chosen)
    outcomes = policy.evaluate_policies(models, chosen, alpha)
    victims = float(data.frame["victims"].sum())
    shifts = [_backup_shift(models[found.policy.name], found, alpha) for found in outcomes]
    return pd.DataFrame(
        [
            {
                "policy": found.policy.label,
                "avoided": found.avoided,
                "lower": found.lower,
                "upper": found.upper,
                "share": found.avoided / victims,
                "half_share": (found.upper - found.lower) / 2 / victims,
                "moved_share": found.moved_share,
                "unit_share_lost": found.unit_share_lost,
                "longer_backup": shift,
                "refusal": "" if found.refusal is None else found.refusal.what,
                "clusters": data.clusters,
                "victims": victims,
            }
            for found, shift in zip(outcomes, shifts, strict=True)
        ],
        columns=list(POLICY_COLUMNS),
    )


def _questions(data: crewing_data.CrewData, alpha: float) -> pd.DataFrame:
    found = crewing.denominators(data, alpha)
    rows = [("Is an officer safer per hour?", found.per_officer_hour, "officer-hours")]
    if found.per_attendance is not None:
        rows.append(("Is an attendance safer?", found.per_attendance, "attended incidents"))
    return pd.DataFrame(
        [
            {
                "question": question,
                "ratio": one.ratio,
                "lower": one.lower if one.has_interval else math.nan,
                "upper": one.upper if one.has_interval else math.nan,
                "held_fixed": held,
                "benchmark": found.benchmark,
                "victims_per_double": found.victims_per_double,
            }
            for question, one, held in rows
        ]
    )


def double_share(cells: pd.DataFrame) -> float:
    """Share of officer-hours of single and double crews that is double crewed."""
    hours = cells.groupby("crew", observed=True)["officer_hours"].sum()
    return float(hours.get("double", 0.0) / (hours.get("double", 0.0) + hours.get("single", 0.0)))


def patrol(cells: pd.DataFrame, period_months: int = 1) -> dict[str, float]:
    """Rate and hours of patrol in crew cells, as :func:`power.sample_size` takes them.

    Parameters
    ----------
    cells : DataFrame
        Crew cells.
    period_months : int
        Months from one ``period_start`` to the next.

    Returns
    -------
    dict
        rate_per_1000_hours, patrol_hours_per_year.
    """
    hours = float(cells["officer_hours"].sum())
    years = cells["period_start"].nunique() * period_months / 12
    return {
        "rate_per_1000_hours": 1000 * float(cells["y"].sum()) / hours,
        "patrol_hours_per_year": hours / years,
    }


def _backup_shift(
    model: policy.PolicyModel | Refusal, found: policy.PolicyOutcome, alpha: float
) -> float:
    """Tell by how much longer back-up, from units lost, would move the victims avoided."""
    if isinstance(model, Refusal):
        return math.nan
    # No limits are told, and to carry thousands of places left out is most of the work.
    few = replace(model, left_out=model.left_out[:2])
    longer = policy.with_longer_backup(few, found.policy, alpha=alpha)
    return math.nan if longer is None else longer[0] - found.avoided
