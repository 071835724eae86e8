"""Risk ratios: how often one group is injured against another, given that both were assaulted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from officer_assaults.refusals import Refusal, nearest
from officer_assaults.shown import Shown
from officer_assaults.stats.glm import Correction, RateModel, fit_rate_model
from officer_assaults.stats.intervals import Limits, check_alpha, check_counts

COMPARED = "compared"
CLUSTER = "cluster"
STRATUM_LIMIT = 1


@dataclass(frozen=True, slots=True)
class RiskRatio(Limits, Shown):
    """Risk in one group over risk in another.

    Parameters
    ----------
    ratio, lower, upper : float
        Estimate and limits.
    p : float
        Two-sided, against a ratio of 1.
    events1, total1, events0, total0 : int
        Persons with the outcome, and all persons, in the compared and the reference group.
    clusters : int or None
        Number of clusters; None where persons were taken as independent.
    method : str
        How the limits were made.
    """

    ratio: float
    lower: float
    upper: float
    p: float
    events1: int
    total1: int
    events0: int
    total0: int
    clusters: int | None
    method: str

    @property
    def risk1(self) -> float:
        """Risk in the compared group."""
        return self.events1 / self.total1

    @property
    def risk0(self) -> float:
        """Risk in the reference group."""
        return self.events0 / self.total0


def risk_ratio(
    events1: int, total1: int, events0: int, total0: int, alpha: float = 0.05
) -> RiskRatio:
    """Risk ratio of two independent groups, with a log-normal interval.

    Parameters
    ----------
    events1, total1 : int
        Persons with the outcome and all persons in the compared group.
    events0, total0 : int
        The same in the reference group.
    alpha : float
        One minus the coverage.

    Raises
    ------
    ValueError
        If a count is no count, events exceed their total, or a group has no event.

    Notes
    -----
    Katz and others (1978), Biometrics 34:469. It takes every person as a separate draw; officers
    assaulted in one incident are not, see :func:`clustered_risk_ratio`.
    """
    check_alpha(alpha)
    check_counts("count", [events1, total1, events0, total0])
    if not (0 < events1 <= total1 and 0 < events0 <= total0):
        raise ValueError(
            f"{events1} of {total1} against {events0} of {total0}: both groups need at least one "
            "event and no more events than persons"
        )
    result = stats.contingency.relative_risk(events1, total1, events0, total0)
    limits = result.confidence_interval(1 - alpha)
    ratio = float(result.relative_risk)
    z = math.log(ratio) / math.sqrt(1 / events1 - 1 / total1 + 1 / events0 - 1 / total0)
    return RiskRatio(
        ratio=ratio,
        lower=float(limits.low),
        upper=float(limits.high),
        p=float(2 * stats.norm.sf(abs(z))),
        events1=int(events1),
        total1=int(total1),
        events0=int(events0),
        total0=int(total0),
        clusters=None,
        method="log-normal, persons taken as independent",
    )


def crude_risk_ratio(
    frame: pd.DataFrame, *, events: str, total: str, group: str, compared: str, reference: str,
    alpha: float = 0.05,
) -> RiskRatio:  # fmt: skip
    """Sum a frame to two groups and apply :func:`risk_ratio`.

    Parameters
    ----------
    frame : DataFrame
        Any number of rows per group.
    events, total, group : str
        Columns: persons with the outcome, all persons, and the group.
    compared, reference : str
        The two groups; rows of other groups are left out.
    alpha : float
        One minus the coverage.
    """
    rows = _two_groups(frame, group, compared, reference)
    return risk_ratio(*_group_counts(rows, events, total, group, compared, reference), alpha)


def clustered_risk_ratio(
    frame: pd.DataFrame,
    *,
    events: str,
    total: str,
    group: str,
    compared: str,
    reference: str,
    cluster: Sequence[str],
    adjust: Sequence[str] = (),
    correction: Correction = "G/(G-1)",
    alpha: float = 0.05,
) -> RiskRatio:
    """Risk ratio within levels of other columns, with errors that allow for clusters.

    Parameters
    ----------
    frame : DataFrame
        Rows may stand for several persons.
    events, total, group : str
        Columns: persons with the outcome, all persons, and the group.
    compared, reference : str
        The two groups; rows of other groups are left out.
    cluster : sequence of str
        Columns that together name the cluster (year and incident).
    adjust : sequence of str
        Columns entered as categories (year, activity). Levels without any event say nothing of a
        ratio and are left out.
    correction : str
        Small-sample factor on the cluster variance; limits use t with G - 1 degrees of freedom.
    alpha : float
        One minus the coverage.

    Raises
    ------
    Refusal
        E103 where events exceed their total; E114 if a group has no row or no event; E122 if the
        columns leave the ratio undetermined.

    Notes
    -----
    Poisson regression with robust errors estimates a risk ratio from yes-or-no outcomes (Zou 2004,
    Am J Epidemiol 159:702). Persons of one row share all columns, so a row of ``total`` persons
    with the log of ``total`` as offset has the same score and information as ``total`` rows of one
    person each: with clusters no smaller than rows the sandwich is the same too, and nothing needs
    to be expanded. (Without clusters it would not be: grouping alone changes HC0.)
    """
    rows = _two_groups(frame, group, compared, reference)
    _refuse_impossible(rows, events, total)
    rows = _informative(rows, events, adjust)
    counts = _group_counts(rows, events, total, group, compared, reference)
    model = _fit(rows, events, total, group, compared, cluster, adjust, correction, alpha)
    found = model.contrast({COMPARED: 1.0})
    return RiskRatio(
        ratio=found.ratio,
        lower=found.lower,
        upper=found.upper,
        p=found.p,
        events1=counts[0],
        total1=counts[1],
        events0=counts[2],
        total0=counts[3],
        clusters=model.clusters,
        method=(
            f"Poisson regression, errors clustered ({correction}), t with {model.clusters} - 1 "
            "degrees of freedom"
        ),
    )


def _fit(
    rows: pd.DataFrame, events: str, total: str, group: str, compared: str,
    cluster: Sequence[str], adjust: Sequence[str], correction: Correction, alpha: float,
) -> RateModel:  # fmt: skip
    names = {name: f"adjust{i}" for i, name in enumerate(adjust)}
    terms = [f"C({names[name]})" for name in adjust if rows[name].nunique() > STRATUM_LIMIT]
    data = pd.DataFrame(
        {
            "events": rows[events].to_numpy(),
            "total": rows[total].to_numpy(),
            COMPARED: (rows[group] == compared).astype(int).to_numpy(),
            CLUSTER: rows.groupby(list(cluster), sort=True).ngroup().to_numpy(),
            **{new: rows[old].astype(str).to_numpy() for old, new in names.items()},
        }
    )
    return fit_rate_model(
        data[data["total"] > 0],
        " + ".join([f"events ~ {COMPARED}", *terms]),
        exposure="total",
        cov="cluster",
        cluster=CLUSTER,
        correction=correction,
        alpha=alpha,
    )


def _two_groups(frame: pd.DataFrame, group: str, compared: str, reference: str) -> pd.DataFrame:
    present = sorted(str(name) for name in frame[group].unique())
    for name in (compared, reference):
        if name not in present:
            raise Refusal.of(
                "E114", f"no row has {group} '{name}'.", nearest(name, present), column=group
            )
    return frame[frame[group].isin([compared, reference])]


def _informative(rows: pd.DataFrame, events: str, adjust: Sequence[str]) -> pd.DataFrame:
    for name in adjust:
        found = rows.groupby(name)[events].transform("sum")
        rows = rows[found > 0]
    return rows


def _refuse_impossible(rows: pd.DataFrame, events: str, total: str) -> None:
    wrong = rows[rows[events] > rows[total]]
    if not wrong.empty:
        raise Refusal.of(
            "E103",
            f"{wrong[events].iloc[0]} {events} of {wrong[total].iloc[0]} {total}.",
            "Events are part of their total.",
            column=events,
        )


def _group_counts(
    rows: pd.DataFrame, events: str, total: str, group: str, compared: str, reference: str
) -> tuple[int, int, int, int]:
    """Events and totals of the compared group, then of the reference group."""
    counts: list[int] = []
    for name in (compared, reference):
        mine = rows[rows[group] == name]
        if mine[events].sum() == 0:
            raise Refusal.of(
                "E114",
                f"group '{name}' has no {events}, so the ratio has no finite interval.",
                "Widen the period or the offences, or give the counts without a ratio.",
                column=events,
            )
        counts += [int(mine[events].sum()), int(mine[total].sum())]
    return counts[0], counts[1], counts[2], counts[3]
