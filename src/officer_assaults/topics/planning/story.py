"""Planning: what the report on forecasts and trials rests on, and the names it gives things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from officer_assaults.data.histories import year_label
from officer_assaults.page import words
from officer_assaults.page.told import Told
from officer_assaults.stats import forecast as forecasts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from officer_assaults.data.forces import Force
    from officer_assaults.data.histories import History
    from officer_assaults.stats.forecast import Forecast, GrowthModel, Skill, WhatIf
    from officer_assaults.topics.planning.power import TrialPlan

PERMUTATION, CLUSTER_T, CLUSTER_Z = "permutation", "cluster t", "cluster z"
METHOD_WORDS = {
    forecasts.RANDOM_WALK: "Random walk with drift",
    forecasts.SEASONAL_NAIVE: "Same quarters as last year",
    forecasts.NEGATIVE_BINOMIAL: "Quarterly trend, negative binomial",
    forecasts.LOCAL_LEVEL: "Quarterly local level",
    forecasts.COUNTING: "Counting chance in both years",
    forecasts.LAST_COUNT: "Poisson about the last count",
}
FORECAST_NOTE = "Forecasts of one year share its surprises, so read the lowest year as well."
DESIGN_WORDS = {
    "cluster crossover": "Crossover",
    "stepped wedge": "Stepped wedge",
    "parallel": "Parallel trial",
}
ASSUMED = "(assumption)"


@dataclass(frozen=True, slots=True)
class PlanningStory(Told):
    """Everything that the report on planning says, before it is put into words.

    Parameters
    ----------
    focus : Force
        Force whose count is forecast.
    history : History
        Counts of all forces.
    past : Series
        Counts of the force by year.
    growth : GrowthModel
        How recorded figures have moved.
    future, together : Forecast
        Of the force, and of all usable forces.
    known, known_quarters : float, int
        What the release already holds of the first year forecast, and of how many quarters.
    before : DataFrame
        One-year-ahead forecasts of the force from past years beside what came: origin, observed,
        median, lower, upper, covered.
    part : DataFrame
        From :func:`officer_assaults.stats.part_year.part_year_scores`; empty without a part year.
    missing : tuple of str
        Forces that ``together`` leaves out.
    scores : DataFrame
        Summary of the forecasts scored, with ``series``; the long series first.
    skill : Skill
        Default method against the baseline, long series, one year ahead.
    grid : DataFrame
        Power by design, ratio and test.
    lengths : DataFrame
        Power of crossovers by months and forces.
    plan, alone : TrialPlan
        The trial proposed, and that of one force.
    sizes : sequence of dict
        Officer-shifts per arm without clustering, from
        :func:`officer_assaults.topics.planning.power.sample_size`.
    patrol : mapping of str to float
        rate_per_1000_hours and patrol_hours_per_year behind ``sizes``.
    policies, questions : DataFrame
        From :func:`what_if.policies_and_questions`.
    changes : sequence of WhatIf or None
        Next year's count under each policy; None where it is not estimated.
    patrol_share : float
        Share of the recorded count that crewing can reach (assumption).
    simulated : bool
        Whether the crewing cells are simulated.
    own_setting : bool
        Whether areas and months of the trial are those of an export; else they are assumed.
    own_cells : bool
        Whether the trials are set in a force's own export rather than on assumptions.
    alpha : float
        One minus the coverage of intervals.
    """

    focus: Force
    history: History
    past: pd.Series
    growth: GrowthModel
    future: Forecast
    together: Forecast
    known: float
    known_quarters: int
    before: pd.DataFrame
    part: pd.DataFrame
    missing: tuple[str, ...]
    scores: pd.DataFrame
    skill: Skill
    grid: pd.DataFrame
    lengths: pd.DataFrame
    plan: TrialPlan
    alone: TrialPlan
    sizes: Sequence[Mapping[str, float]]
    patrol: Mapping[str, float]
    policies: pd.DataFrame
    questions: pd.DataFrame
    changes: Sequence[WhatIf | None]
    patrol_share: float
    simulated: bool
    own_setting: bool
    own_cells: bool
    alpha: float

    @property
    def next_year(self) -> str:
        """Label of the first year forecast."""
        return year_label(self.future.years[0])

    @property
    def next_count(self) -> tuple[float, float, float]:
        """Median and limits of the force's next count."""
        row = self.future.table([self.level]).iloc[0]
        return float(row["median"]), float(row["lower"]), float(row["upper"])

    def score(self, method: str, horizon: int = 1, series: int = 0) -> pd.Series:
        """Row of the scores of one method."""
        name = self.scores["series"].unique()[series]
        mine = self.scores[(self.scores["series"] == name) & (self.scores["horizon"] == horizon)]
        row: pd.Series = mine[mine["method"] == method].iloc[0]
        return row

    def power(self, design: str, ratio: float, test: str = PERMUTATION) -> pd.Series:
        """Row of the power grid."""
        mine = self.grid[(self.grid["design"] == design) & (self.grid["test"] == test)]
        row: pd.Series = mine.iloc[int((mine["ratio"] - ratio).abs().argmin())]
        return row


def what_if_rows(story: PlanningStory) -> pd.DataFrame:
    """Rows of the what-if chart: the difference each policy would make."""
    return pd.DataFrame(
        [
            {
                "Policy": label,
                "Difference": change.difference_median,
                "lower": change.difference.lower,
                "upper": change.difference.upper,
            }
            for label, change in changed(story)
        ]
    )


def last_year(story: PlanningStory) -> str:
    """Label of the last year recorded."""
    return year_label(int(story.past.index.max()))


def setting_in_words(story: PlanningStory) -> str:
    """Describe where the trial is set."""
    setting = story.plan.setting
    yearly = 12 * setting.events_per_month / story.plan.forces
    return (
        f"{setting.areas // story.plan.forces} areas, about {words.number(round(yearly))} recorded "
        f"assaults a year, areas moving by {words.percent(setting.month_sd)} from month to month "
        f"and {words.percent(setting.area_sd)} apart "
        f"{'(read off the export)' if story.own_setting else ASSUMED}."
    )


def changed(story: PlanningStory) -> list[tuple[str, WhatIf]]:
    """Policies with an estimate, and next year's count under each."""
    return [
        (str(label), change)
        for label, change in zip(story.policies["policy"], story.changes, strict=True)
        if change is not None
    ]
