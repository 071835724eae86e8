"""Reporting culture: how much of a recorded change recording itself could explain.

The measure throughout is the share of the log change of recorded assaults that a change of the
recording probability explains, ``log(pi1/pi0) / log(Y1/Y0)``. On the log scale the shares of
recording and of real change add up to one. Public counts alone cannot give this share: the
functions here bound it, show what each bound assumes, and refuse what cannot be said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from officer_assaults.refusals import Problems, Refusal, nearest
from officer_assaults.shown import Shown
from officer_assaults.stats.changes import (
    Attribution,
    RecordedChange,
    attribute,
    recorded_change,
)
from officer_assaults.stats.intervals import Interval, check_alpha

FloatArray = NDArray[np.float64]

#: What a survey asked about; the keys of the survey table, and the event that a crime record holds.
EVENT_DEFINITIONS: Mapping[str, str] = MappingProxyType(
    {
        "assaulted-on-duty": "assaulted on duty, as officers themselves understand it",
        "unarmed-attack-at-least-once": "any unarmed attack, a struggle to break free included",
        "unarmed-attack-at-least-monthly": "such an attack at least once a month",
        "injury-needing-medical-attention": "an injury from violence that needed treatment",
        "recordable-assault": "an assault that the counting rules would record as a crime",
    }
)


@dataclass(frozen=True, slots=True)
class Feasibility(Shown):
    """What recording must have been for it to explain the whole change by itself.

    Parameters
    ----------
    period : {"before", "after"}
        Period whose recording probability is limited: before a rise, after a fall.
    limit : float
        Highest recording probability in that period with which recording alone suffices.
    interval : Interval
        The limit at the two ends of the ratio's interval, within 0 and 1.
    """

    period: Literal["before", "after"]
    limit: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class SurveyFigure(Shown):
    """A published survey percentage of officers who met an event.

    Parameters
    ----------
    name : str
        Survey and year, as a reader would call it.
    event_definition : str
        Key of :data:`EVENT_DEFINITIONS`: what respondents were asked about.
    percent : float
        Percentage of respondents, above 0 and below 100.
    respondents : int
        Base of the percentage.
    recall_months : float
        Length of time asked about.
    events_at_least : float
        Fewest events in that time that the answer stands for; 1 for "at least once".

    Raises
    ------
    Refusal
        E110 if the event is undefined or the percentage, base or recall period is missing or
        impossible; all problems together.
    """

    name: str
    event_definition: str
    percent: float
    respondents: int
    recall_months: float
    events_at_least: float = 1.0

    def __post_init__(self) -> None:
        problems = Problems()
        if self.event_definition not in EVENT_DEFINITIONS:
            problems.add(
                "E110",
                f"{self.name}: the event behind the percentage is not defined "
                f"('{self.event_definition}').",
                nearest(self.event_definition, list(EVENT_DEFINITIONS)),
                column="event_definition",
            )
        if not 0 < self.percent < 100:
            problems.add(
                "E110",
                f"{self.name}: {self.percent} is no percentage between 0 and 100.",
                "Give the share of respondents in percent.",
                column="percent",
            )
        if not (self.respondents >= 1 and self.recall_months > 0 and self.events_at_least >= 1):
            problems.add(
                "E110",
                f"{self.name}: respondents, recall_months and events_at_least must be given "
                "and positive.",
                "Take them from the survey's own report.",
            )
        problems.raise_if_any()

    @property
    def prevalence(self) -> float:
        """Proportion of respondents who met the event."""
        return self.percent / 100

    @property
    def recordable(self) -> bool:
        """Whether the event asked about is the one that the counting rules record."""
        return self.event_definition == "recordable-assault"


@dataclass(frozen=True, slots=True)
class RegisterComparison(Shown):
    """Two registers of the same events, before and after.

    Parameters
    ----------
    first, second : float
        Growth of each register, as ratios.
    first_interval, second_interval : Interval
        Intervals for counting error.
    difference : float
        Growth of the first over growth of the second: a change of recording that the second
        register did not share.
    difference_interval : Interval
        Its interval.
    attribution : Attribution
        See :func:`attribute`.
    """

    first: float
    first_interval: Interval
    second: float
    second_interval: Interval
    difference: float
    difference_interval: Interval
    attribution: Attribution


def feasibility(change: RecordedChange) -> Feasibility:
    """Limit on the recording probability for recording alone to explain the change.

    A rise by the ratio R needs a probability of at most 1/R before it, for it cannot exceed 1
    after it; a fall needs one of at most R after it.
    """
    rise = change.ratio >= 1
    at = [1 / value if rise else value for value in _three(change)]
    low, high = sorted(at[1:])
    return Feasibility(
        "before" if rise else "after", min(1.0, at[0]), Interval(min(1.0, low), min(1.0, high))
    )


def share_explained(
    change: RecordedChange, before: ArrayLike, after: ArrayLike
) -> FloatArray | float:
    """Share of the log change that a move of the recording probability explains.

    Parameters
    ----------
    change : RecordedChange
        The recorded counts.
    before, after : array_like
        Recording probabilities, above 0 and at most 1; broadcast against each other.

    Returns
    -------
    array or float
        ``log(after/before) / log(Y1/Y0)``; below 0 where recording moved the other way, above 1
        where it moved further than the counts did.
    """
    earlier, later = _probabilities(before), _probabilities(after)
    share = np.log(later / earlier) / change.log_ratio
    return float(share) if np.ndim(share) == 0 else share


def count_explained(
    change: RecordedChange, before: ArrayLike, after: ArrayLike
) -> FloatArray | float:
    """Count the later recorded assaults that the earlier practice would not have recorded.

    ``Y1 * (1 - before/after)``: the count version of :func:`share_explained`. Unlike the log
    share it depends on which of the two changes is taken to come last; here it is recording.
    """
    earlier, later = _probabilities(before), _probabilities(after)
    count = change.after * (1 - earlier / later)
    return float(count) if np.ndim(count) == 0 else count


def capped_share(change: RecordedChange, before: ArrayLike, cap: float) -> FloatArray | float:
    """Largest share that recording can explain if its probability rose by at most ``cap``.

    Parameters
    ----------
    change : RecordedChange
        The recorded counts.
    before : array_like
        Recording probability before.
    cap : float
        Largest believable rise of the probability, as a difference; for a fall of the counts the
        largest believable drop.

    Raises
    ------
    ValueError
        If ``cap`` is not above 0.
    """
    if not cap > 0:
        raise ValueError(f"a cap on the change must be above 0, not {cap}")
    earlier = _probabilities(before)
    if change.ratio >= 1:
        return share_explained(change, earlier, np.minimum(1.0, earlier + cap))
    return share_explained(change, earlier, np.maximum(np.finfo(float).tiny, earlier - cap))


def cap_table(
    change: RecordedChange, caps: Sequence[float], starts: Sequence[float]
) -> pd.DataFrame:
    """Bounds of :func:`capped_share`: one row per cap, one column per starting probability.

    Shares above 1 are cut to 1: recording cannot be needed for more than the whole change.
    """
    rows = {cap: np.minimum(1.0, capped_share(change, list(starts), cap)) for cap in caps}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(starts)).rename_axis("cap")


def sensitivity_surface(
    change: RecordedChange, before: ArrayLike, after: ArrayLike
) -> pd.DataFrame:
    """Share explained over a grid of recording probabilities, in long form.

    Parameters
    ----------
    change : RecordedChange
        The recorded counts.
    before, after : array_like, one-dimensional
        Grid values of the recording probability in the two periods.

    Returns
    -------
    DataFrame
        Columns before, after, share, count_explained.
    """
    earlier, later = np.meshgrid(_probabilities(before), _probabilities(after), indexing="ij")
    return pd.DataFrame(
        {
            "before": earlier.ravel(),
            "after": later.ravel(),
            "share": np.ravel(share_explained(change, earlier, later)),
            "count_explained": np.ravel(count_explained(change, earlier, later)),
        }
    )


def events_per_officer(prevalence: float, concentration: float | None) -> float:
    """Mean events per officer behind the share of officers with at least one.

    Parameters
    ----------
    prevalence : float
        Share of officers with one event or more, between 0 and 1.
    concentration : float or None
        Shape of a gamma distribution of risk over officers: infinite if all run the same risk,
        small if few officers meet most events. ``None`` counts each victim once.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1 or the shape is not above 0.
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"a share of officers must lie between 0 and 1, not {prevalence}")
    if concentration is None:
        return prevalence
    if not concentration > 0:
        raise ValueError(f"the shape of the risk must be above 0, not {concentration}")
    if math.isinf(concentration):
        return -math.log1p(-prevalence)
    return concentration * math.expm1(-math.log1p(-prevalence) / concentration)


def survey_ceiling(
    survey: SurveyFigure,
    recorded_per_officer: float,
    *,
    concentrations: Sequence[float | None] = (None, math.inf, 1.0, 0.5, 0.25),
    answer_odds: Sequence[float] = (1.0, 1.5, 2.0),
) -> pd.DataFrame:
    """Highest recording probability that a survey allows, under each reading of it.

    Parameters
    ----------
    survey : SurveyFigure
        Percentage with its event definition.
    recorded_per_officer : float
        Recorded assaults per officer-year.
    concentrations : sequence of float or None
        As for :func:`events_per_officer`.
    answer_odds : sequence of float
        How much likelier victims were to answer, as a ratio of odds.

    Returns
    -------
    DataFrame
        Columns concentration, answer_odds, prevalence, events, ceiling. ``ceiling`` is recorded
        over surveyed events a year, cut at 1.

    Notes
    -----
    A level, never a change, and a ceiling only as far as the survey's event is the recorded one.
    An answer of "at least monthly" counts its fewest events for those who gave it and none for
    everyone else, which again makes the ceiling too high rather than too low.
    """
    if not recorded_per_officer > 0:
        raise ValueError(f"recorded assaults per officer must be above 0: {recorded_per_officer}")
    rows = []
    yearly = 12 / survey.recall_months
    repeated = survey.events_at_least > 1
    for odds in answer_odds:
        true_odds = survey.prevalence / (1 - survey.prevalence) / odds
        prevalence = true_odds / (1 + true_odds)
        for concentration in (None,) if repeated else concentrations:
            events = events_per_officer(prevalence, concentration) * survey.events_at_least * yearly
            ceiling = min(1.0, recorded_per_officer / events)
            rows.append((concentration, odds, prevalence, events, ceiling))
    columns = ["concentration", "answer_odds", "prevalence", "events", "ceiling"]
    table = pd.DataFrame(rows, columns=columns)
    # None (each victim once) must not turn into a missing number beside infinity.
    return table.assign(concentration=pd.Series([row[0] for row in rows], dtype=object))


def compare_registers(
    first: tuple[int, int], second: tuple[int, int], alpha: float = 0.05
) -> RegisterComparison:
    """Compare the growth of two registers of the same events.

    Parameters
    ----------
    first, second : tuple of int
        Counts before and after in each register; all above 0.
    alpha : float
        One minus the coverage.

    Raises
    ------
    Refusal
        E122 if a count is zero.
    """
    one, two = recorded_change(*first, alpha=alpha), recorded_change(*second, alpha=alpha)
    log_difference = one.log_ratio - two.log_ratio
    se = math.sqrt(sum(1 / count for count in (*first, *second)))
    half = float(stats.norm.isf(alpha / 2)) * se
    difference = Interval(math.exp(log_difference - half), math.exp(log_difference + half))
    return RegisterComparison(
        first=one.ratio,
        first_interval=one.interval,
        second=two.ratio,
        second_interval=two.interval,
        difference=math.exp(log_difference),
        difference_interval=difference,
        attribution=attribute(one.ratio, difference, two.interval),
    )


def audit_pair(
    audits: pd.DataFrame, alpha: float = 0.05
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """First and last share found recorded in one force, with errors; None where there are not two.

    Parameters
    ----------
    audits : DataFrame
        percent, lower, upper (percentages), the earliest first. An audit without limits is taken
        to be as precise as the other one.
    alpha : float
        One minus the coverage of the published limits.
    """
    if len(audits) < 2:
        return None
    ends = audits.iloc[[0, -1]][["percent", "lower", "upper"]].to_numpy(dtype=float) / 100
    z = float(stats.norm.isf(check_alpha(alpha) / 2))
    errors = (ends[:, 2] - ends[:, 1]) / (2 * z)
    if np.isnan(errors).all():
        return None
    first, last = np.where(np.isnan(errors), np.nanmax(errors), errors)
    return (float(ends[0, 0]), float(ends[1, 0])), (float(first), float(last))


def spanning(audits: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Audits of violence that span two financial years, by their first calendar years.

    Empty unless one audit lies in the earlier year or before it, and one in the later or after.
    """
    rows = audits[audits["crimes"] == "violence"]
    spans = len(rows) and rows["audit_year"].min() <= first and rows["audit_year"].max() >= last
    return rows if spans else rows.iloc[:0]


def audit_ratios(audits: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Change of each audited recording rate of a force, kind of crime by kind.

    Parameters
    ----------
    audits : DataFrame
        crimes, audit_year, percent, lower, upper, read, source_url.
    alpha : float
        One minus the coverage.

    Returns
    -------
    DataFrame
        crimes, first_year, last_year, first, last (proportions), ratio, lower, upper, sources.
        One audit alone has no ratio.
    """
    rows = []
    for crimes, part in audits.groupby("crimes", sort=False):
        part = part.sort_values("audit_year")
        pair = audit_pair(part, alpha)
        ratio, limits = (math.nan, None) if pair is None else _audit_ratio(*pair, alpha)
        ends = part["percent"].iloc[[0, -1]].to_numpy(dtype=float) / 100
        years = part["audit_year"].iloc[[0, -1]].astype(int)
        sources = "; ".join(dict.fromkeys(part["read"].fillna("") + ", " + part["source_url"]))
        low, high = (limits.lower, limits.upper) if limits else (math.nan, math.nan)
        rows.append((crimes, *years, *ends, ratio, low, high, sources))
    columns = ["crimes", "first_year", "last_year", "first", "last", "ratio", "lower", "upper"]
    return pd.DataFrame(rows, columns=[*columns, "sources"])


def survey_figures(surveys: pd.DataFrame, event_definition: str) -> tuple[SurveyFigure, ...]:
    """Survey percentages that asked about one event in the past 12 months.

    Parameters
    ----------
    surveys : DataFrame
        survey, event_definition, percent, respondents.
    event_definition : str
        Key of :data:`EVENT_DEFINITIONS`.

    Raises
    ------
    Refusal
        E110 if the event is not defined, or a figure lacks its base.
    """
    if event_definition not in EVENT_DEFINITIONS:
        raise Refusal.of(
            "E110",
            f"a recording probability needs a defined event, not '{event_definition}'.",
            nearest(event_definition, list(EVENT_DEFINITIONS)),
            column="event_definition",
        )
    rows = surveys[surveys["event_definition"] == event_definition]
    monthly = event_definition.endswith("monthly")
    return tuple(
        SurveyFigure(
            str(row["survey"]),
            event_definition,
            float(row["percent"]),
            int(row["respondents"]),
            recall_months=12,
            events_at_least=12 if monthly else 1,
        )
        for row in rows.to_dict("records")
    )


def _audit_ratio(
    rates: tuple[float, float], errors: tuple[float, float], alpha: float
) -> tuple[float, Interval]:
    ratio = rates[1] / rates[0]
    se = math.hypot(errors[0] / rates[0], errors[1] / rates[1])
    half = float(stats.norm.isf(check_alpha(alpha) / 2)) * se
    return ratio, Interval(ratio * math.exp(-half), ratio * math.exp(half))


def _three(change: RecordedChange) -> tuple[float, float, float]:
    return change.ratio, change.interval.lower, change.interval.upper


def _probabilities(values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=float)
    if not np.all((array > 0) & (array <= 1)):
        raise ValueError("recording probabilities must lie above 0 and at most at 1")
    return array
