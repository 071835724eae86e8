"""Planning: the sentences and findings of the report on forecasts and trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data.histories import year_label
from officer_assaults.estimate import Estimate
from officer_assaults.findings import Finding
from officer_assaults.page import words
from officer_assaults.stats import forecast as forecasts
from officer_assaults.stats import verdicts
from officer_assaults.stats.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from officer_assaults.data.forces import Force
    from officer_assaults.data.histories import History
    from officer_assaults.stats.forecast import Forecast, GrowthModel, Panel, Skill, WhatIf
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.topics.planning.power import SampleSize, TrialPlan

PERMUTATION, CLUSTER_T, CLUSTER_Z = "permutation", "cluster t", "cluster z"
METHOD_WORDS = {
    forecasts.RANDOM_WALK: "Random walk with drift",
    forecasts.SEASONAL_NAIVE: "Same quarters as last year",
    forecasts.NEGATIVE_BINOMIAL: "Quarterly trend, negative binomial",
    forecasts.LOCAL_LEVEL: "Quarterly local level",
    forecasts.COUNTING: "Counting chance in both years",
    forecasts.LAST_COUNT: "Poisson about the last count",
}
CLAIMED = {
    forecasts.RANDOM_WALK: "A 95% interval that allows for movement between years",
    forecasts.LAST_COUNT: "A 95% interval from counting chance",
}
FORECAST_NOTE = "Forecasts of one year share its surprises, so read the lowest year as well."
DESIGN_WORDS = {
    "cluster crossover": "Crossover",
    "stepped wedge": "Stepped wedge",
    "parallel": "Parallel trial",
}
ASSUMED = "(assumption)"
FAIR_POWER = 0.7


@dataclass(frozen=True, slots=True)
class PlanningStory:
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
    sizes : sequence of SampleSize
        Officer-shifts per arm without clustering.
    patrol : mapping of str to float
        rate_per_1000_hours and patrol_hours_per_year behind ``sizes``.
    policies, questions : DataFrame
        From :func:`what_if.policy_frame` and :func:`what_if.question_frame`.
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
    sizes: Sequence[SampleSize]
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
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.alpha

    @property
    def next_year(self) -> str:
        """Label of the first year forecast."""
        return year_label(self.future.years[0])

    @property
    def next_count(self) -> tuple[float, float, float]:
        """Median and limits of the force's next count."""
        return self._first(self.future)

    @property
    def next_total(self) -> tuple[float, float, float]:
        """Median and limits of next year's total."""
        return self._first(self.together)

    def _first(self, future: Forecast) -> tuple[float, float, float]:
        row = future.table([self.level]).iloc[0]
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


def laid_out(panel: Panel, started: pd.DataFrame) -> np.ndarray:
    """Lay the known quarters of a year out by unit of a panel, shape (units, quarters)."""
    quarters = range(1, int(started["quarter"].max()) + 1) if len(started) else range(0)
    wide = started.pivot_table(index="force", columns="quarter", values="count")
    found = wide.reindex(index=list(panel.units), columns=list(quarters)).to_numpy(dtype=float)
    return np.where(found < 0, np.nan, found)


def no_scores() -> pd.DataFrame:
    """Scores of a part year where the release holds none."""
    return pd.DataFrame({"year": [], "covered": []})


def past_forecasts(scored: pd.DataFrame, force: Force) -> pd.DataFrame:
    """One-year-ahead forecasts of one force beside what came, in order of origin.

    Parameters
    ----------
    scored : DataFrame
        From :func:`officer_assaults.stats.forecast.rolling_scores`.
    force : Force
    """
    mine = scored[(scored["unit"] == force.slug) & (scored["horizon"] == 1)]
    mine = mine[mine["method"] == forecasts.RANDOM_WALK]
    return mine.sort_values("origin", ignore_index=True)


def answer(story: PlanningStory) -> str:
    """Answer the question of the report in a few sentences."""
    plan = story.plan
    opening = (
        "It would draw lots for crewing, area by area and month by month, for about "
        f"{words.plural(plan.setting.months, 'month')} in {_who(plan)}."
        if plan.reaches_target
        else f"More than was tried: {words.plural(plan.setting.months, 'month')} in {_who(plan)} "
        "would still be too little."
    )
    return f"{opening} What crewing does is not known before that."


def headline(story: PlanningStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    plan = story.plan
    return {
        "text": f"That is {'enough' if plan.reaches_target else 'too little'} if single-crewed "
        f"hours carry {words.number(plan.crew_ratio, 1)} "
        "times the rate of double-crewed ones. Nobody has measured that rate.",
        "interval": f"Of simulated trials, {words.number(100 * plan.power, 0)} in 100 found the "
        f"difference (simulation limits "
        f"{words.interval(100 * plan.lower, 100 * plan.upper, 0)}).",
        "caveat": "The plan rests on assumed areas, months and recorded assaults, where no force "
        "has given its own. The record can move for other reasons while a trial runs.",
    }


def may_say(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.may_say` on the trial."""
    plan = story.plan
    return {
        "say": f"A trial of crewing would take {_length(plan)} "
        f"{words.plural(plan.setting.months, 'month')} "
        f"in {_who(plan)}, if single crews meet {words.number(plan.crew_ratio, 1)} times the rate "
        "of recorded assaults; that figure is an assumption.",
        "not_say": f"Single crews meet {words.number(plan.crew_ratio, 1)} times the rate of "
        "assaults.",
        "finding": _found_plan(story),
    }


def _length(plan: TrialPlan) -> str:
    return "about" if plan.reaches_target else "more than"


def _who(plan: TrialPlan) -> str:
    if plan.forces == 1:
        return "one force"
    return f"{'two' if plan.forces == 2 else plan.forces} neighbouring forces"


def _point_forecast(story: PlanningStory) -> str:
    median, low, high = story.next_count
    return (
        f"Without other crewing, about {words.number(round(median, -1), 0)} recorded assaults are "
        f"to be expected in {story.focus.name} in {story.next_year} "
        f"({words.interval_words(low, high, 0, level=story.level)})."
    )


def main_points(story: PlanningStory) -> list[str]:
    """Write the points of the summary."""
    best = story.score(forecasts.RANDOM_WALK)
    plain = story.score(forecasts.LAST_COUNT)
    points = [
        _point_forecast(story),
        f"Sent back to past years, forecasts of this kind held {words.percent(best['coverage'])} "
        f"of the counts that came a year later, where {words.percent(story.level)} is promised."
        + (
            " Limits that allow for chance alone held fewer."
            if plain["coverage"] < best["coverage"]
            else ""
        ),
    ]
    if len(story.part):
        points.append(
            "With as many quarters known as now, forecasts of the whole year were right, limits "
            f"and all, in {words.percent(float(story.part['covered'].mean()))} of past years."
        )
    if not _changed(story):
        points.append("No crewing policy can be judged on these cells; the reasons are below.")
    points.append(
        "Of the designs tried, those that switch each area back and forth need the fewest months. "
        "The result has to be judged by drawing the lots again and again; the errors that software "
        "prints by itself promise too much."
    )
    return points


def boxes(story: PlanningStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    source = "simulated force" if story.simulated else "force's own cells"
    return {
        "shows": [
            "What next year's recorded figures may be, and how well such forecasts did on the real "
            "forces.",
            f"What a change of crewing policy would do to that count on the {source}, with the "
            "units it costs.",
            "How large a crewing trial has to be, and how to run one.",
        ],
        "cannot": [
            "How many assaults there will be: the forecast is of the record, reporting and coding "
            "included.",
            "What crewing does: the ratios behind the policies and trials are "
            + ("simulated or assumed." if story.simulated else "adjusted, not randomised."),
        ],
        "settle": [
            "The trial on this page, run by one force or two.",
            "Two years of a force's resource log by area and month, to replace the assumptions.",
        ],
    }


def forecast_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the force and all forces, year by year."""
    rows = []
    for name, future in ((story.focus.name, story.future), (_all(story), story.together)):
        table = future.table([story.level])
        rows += [
            {
                "Area": name,
                "Financial year": year_label(int(row["year"])),
                "Years ahead": int(row["year"]) - story.growth.origin,
                "Recorded offences, middle estimate": row["median"],
                "lower": row["lower"],
                "upper": row["upper"],
            }
            for row in table.to_dict("records")
        ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Forecast of recorded assaults on constables",
        "formats": {"Recorded offences, middle estimate": 0, "lower": 0, "upper": 0},
        "level": story.level,
        "notes": [
            f"Drift {words.percent(story.growth.drift, 1, signed=True)} a year (log scale, "
            f"standard error {words.percent(story.growth.drift_se, 1)} over {story.growth.years} "
            "years); "
            f"movement beyond counting chance {words.number(story.growth.tau, 3)}, of which "
            f"{words.number(story.growth.tau_common, 3)} common to all forces.",
            "Movements common to all forces do not average out in the total. Left out, for a "
            f"recording break or too few records: {words.listing(list(story.missing)) or 'none'}.",
        ],
    }


def before_table(story: PlanningStory) -> list[dict[str, Any]]:
    """Tables of what was forecast for the force a year ahead, and what came."""
    rows = story.before
    if rows.empty:
        return []
    return [
        {
            "frame": pd.DataFrame(
                {
                    "Year": [year_label(int(origin) + 1) for origin in rows["origin"]],
                    "Forecast a year earlier": rows["median"],
                    "lower": rows["lower"],
                    "upper": rows["upper"],
                    "Recorded": rows["observed"],
                    "Inside": ["yes" if one else "no" for one in rows["covered"]],
                }
            ),
            "caption": f"{story.focus.name}: forecasts of past years, and what came",
            "formats": {"Forecast a year earlier": 0, "Recorded": 0},
            "intervals": {"Forecast a year earlier": ("lower", "upper")},
            "level": story.level,
            "notes": "Both codes; each made from what was recorded up to the year before.",
        }
    ]


def words_for_fan(story: PlanningStory) -> dict[str, Any]:
    """Headline, subtitle and alternative text of the fan chart."""
    median, low, high = story.next_count
    verdict = _direction(story)
    return {
        "headline": f"{story.focus.name}: {verdict}",
        "subtitle": f"{_series(story)} recorded by financial year, and bands that hold 50, 80 and "
        "95 of 100 futures; random walk with drift",
        "alt": f"Recorded counts from {story.history.years[0]} to {_last_year(story)}, then a fan "
        f"that widens; {story.next_year}: {words.number(median, 0)}, "
        f"{words.interval_words(low, high, 0, level=story.level)}.",
        "formats": {"Count": 0},
    }


def scores_table(story: PlanningStory, horizon: int) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: how each method did at one horizon."""
    name = story.scores["series"].iloc[0]
    rows = story.scores[(story.scores["series"] == name) & (story.scores["horizon"] == horizon)]
    return {
        "frame": pd.DataFrame(
            {
                "Method": rows["method"].map(METHOD_WORDS),
                "Held (share)": rows["coverage"],
                "lower": rows["lower"],
                "upper": rows["upper"],
                "Lowest year": rows["lowest_origin"],
                "Interval score": rows["interval_score"],
                "CRPS": rows["crps"],
            }
        ),
        "caption": f"Forecasts {words.plural(horizon, 'year')} ahead of {name}, made from every "
        f"past year and compared with what came: {rows['forecasts'].iloc[0]} forecasts from "
        f"{words.plural(int(rows['origins'].iloc[0]), 'year')}",
        "formats": {"Held (share)": "percent1", "Lowest year": "percent",
                    "Interval score": 2, "CRPS": 3},
        "intervals": {"Held (share)": ("lower", "upper")},
        "level": story.level,
        "notes": [
            f"{words.level_words(story.level)}s; scores on the scale of log(count + 1), smaller is "
            f"better. {FORECAST_NOTE}",
            *_shorter_series(story, horizon),
            "No forecast is made or scored across a decided recording break.",
        ],
    }  # fmt: skip


def _shorter_series(story: PlanningStory, horizon: int) -> list[str]:
    others = story.scores[
        (story.scores["series"] != story.scores["series"].iloc[0])
        & (story.scores["horizon"] == horizon)
        & (story.scores["method"] == forecasts.RANDOM_WALK)
    ]
    return [
        f"{METHOD_WORDS[forecasts.RANDOM_WALK]}, {row['series']}: held "
        f"{words.percent(row['coverage'], 1)} of {row['forecasts']} counts of "
        f"{words.plural(row['origins'], 'year')} "
        f"({words.interval(row['lower'], row['upper'], 1, as_percent=True)}). With so few years of "
        "growth behind a forecast its interval is drawn wide (Student's t), which shows here."
        for row in others.to_dict("records")
    ]


def movement_table(
    covers: Sequence[tuple[float, dict[str, float], Interval]], count: float
) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: why counting chance is not enough.

    Parameters
    ----------
    covers : sequence of (tau, coverage by kind of interval, interval of the next count)
        From :func:`forecast.assumed_coverage` and :func:`forecast.next_count_interval`.
    count : float
        Count that both start from.
    """
    return {
        "frame": pd.DataFrame(
            {
                "Movement between years": [f"{tau:.2f}" for tau, _, _ in covers],
                "Poisson about the last count": [c[forecasts.LAST_COUNT] for _, c, _ in covers],
                "Counting chance in both": [c[forecasts.COUNTING] for _, c, _ in covers],
                "With the movement": [c["with between-year movement"] for _, c, _ in covers],
                f"Next count, from {words.number(count, 0)}": [words.interval(i.lower, i.upper, 0)
                                           for _, _, i in covers],
            }
        ),
        "caption": "How often a 95% interval would hold next year's count, by how much true rates "
        f"move (SD on the log scale), at {words.number(count, 0)} a year",
        "formats": {"Poisson about the last count": "percent", "Counting chance in both": "percent",
                    "With the movement": "percent"},
        "simulated": True,
    }  # fmt: skip


def what_if_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: next year's count by policy, and its price."""
    rows = [
        {
            "Policy": label,
            "Next year's count": change.policy_median,
            "lower": change.policy.lower,
            "upper": change.policy.upper,
            "Difference": change.difference_median,
            "least": change.difference.lower,
            "most": change.difference.upper,
        }
        for label, change in _changed(story)
    ]
    present = story.next_count
    intervals = {"Next year's count": ("lower", "upper")}
    if rows:
        intervals["Difference"] = ("least", "most")
    rows.insert(0, {"Policy": "Crewing as it is", "Next year's count": present[0],
                    "lower": present[1], "upper": present[2]})  # fmt: skip
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"{story.focus.name}, {story.next_year}: recorded offences under other crewing "
        "policies at the same officer-hours",
        "formats": dict.fromkeys(intervals, 0),
        "intervals": intervals,
        "level": story.level,
        "simulated": story.simulated,
        "notes": [
            f"Policies reach {words.percent(story.patrol_share)} of recorded offences {ASSUMED}; "
            "ratios by g-computation with errors that leave out one area at a time, joined to the "
            "forecast's futures.",
            *_refused(story),
        ],
    }


def price_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: victims avoided in a year, and units lost for it."""
    told = story.policies[story.policies["refusal"] == ""]
    if told.empty:
        raise ValueError("no policy can be judged: ask any_what_if first")
    moved = float(told["longer_backup"].abs().max())
    backup = (
        f"If lost units lengthened back-up by a square-root law {ASSUMED}, no policy's number "
        f"would move by more than {words.number(moved, 1)}."
        if moved == moved
        else "Longer back-up for crews that stay single is not in these figures."
    )
    return {
        "frame": pd.DataFrame(
            {
                "Policy": told["policy"],
                "Hours that change crew": told["moved_share"],
                "Unit-hours lost": told["unit_share_lost"],
                "Recorded victims avoided": told["avoided"],
                "lower": told["lower"],
                "upper": told["upper"],
            }
        ),
        "caption": f"What each policy avoids of {words.number(told['victims'].iloc[0])} recorded "
        "victims on patrol, and the units it takes off the road",
        "formats": {"Hours that change crew": "percent", "Unit-hours lost": "percent1",
                    "Recorded victims avoided": 0},
        "level": story.level,
        "simulated": story.simulated,
        "notes": [f"A negative number is an increase. {backup}", *_refused(story)],
    }  # fmt: skip


def questions_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the questions, never one without the others."""
    asked = story.questions
    benchmark, victims = float(asked["benchmark"].iloc[0]), asked["victims_per_double"].iloc[0]
    mechanical = (
        f"Crewing that changed no incident would give {words.number(benchmark, 2)} per "
        f"officer-hour, since {words.number(victims, 2)} officers of a double crew are victims of "
        "an incident on average. "
        if benchmark == benchmark
        else ""
    )
    return {
        "frame": pd.DataFrame(
            {
                "Question": asked["question"],
                "Rate ratio, single over double": asked["ratio"],
                "lower": asked["lower"],
                "upper": asked["upper"],
                "Held fixed": asked["held_fixed"],
            }
        ),
        "caption": "Two questions about the same hours; the third, what happens to the year's "
        "total, is in the tables on policies",
        "level": story.level,
        "simulated": story.simulated,
        "notes": f"{mechanical}Adjusted as in report 05.",
    }


def any_what_if(story: PlanningStory) -> bool:
    """Whether the crewing rows can judge any policy; with too few areas they can judge none."""
    return bool(_changed(story))


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
            for label, change in _changed(story)
        ]
    )


def words_for_what_if(story: PlanningStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the what-if chart."""
    rows = what_if_rows(story)
    first = rows.iloc[0]
    span = story.next_count[2] - story.next_count[1]
    largest = float(rows["Difference"].abs().max())
    small = "smaller than" if largest < span / 2 else "of the size of"
    return {
        "headline": f"What a policy may change is {small} what a year may bring",
        "subtitle": f"Difference in recorded offences in {story.next_year}, {story.focus.name}, "
        "policy less present crewing; the forecast alone spans "
        f"{words.interval(*story.next_count[1:], 0)}",
        "alt": "Differences with intervals by policy; "
        f"{str(first['Policy'])[:1].lower()}{str(first['Policy'])[1:]}: "
        f"{words.number(first['Difference'], 0)} "
        f"({words.interval(first['lower'], first['upper'], 0)}).",
    }


def power_table(story: PlanningStory, ratios: Sequence[float]) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: power of each design by its permutation test."""
    mine = story.grid[story.grid["test"] == PERMUTATION]
    rows = []
    for design in mine["design"].unique():
        row: dict[str, Any] = {
            "Design": DESIGN_WORDS[design],
            "Months": int(mine.loc[mine["design"] == design, "months"].iloc[0]),
        }
        row |= {_ratio_heading(ratio): _power_cell(story.power(design, ratio)) for ratio in ratios}
        rows.append(row)  # fmt: skip
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Simulated trials in 100 that reject equality, by true ratio of rates, new "
        "policy over present",
        "notes": [
            "Permutation over the list that the allocation was drawn from, two-sided at 5%; "
            f"in brackets {words.level_words(0.95)}s for "
            f"{words.number(int(mine['runs'].iloc[0]))} simulated trials.",
            f"{_setting(story)} At a ratio of 1 the figure is the size of the test.",
        ],
        "simulated": True,
    }


def tests_table(story: PlanningStory, ratio: float) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: size and power of three analyses of one trial."""
    names = {
        PERMUTATION: "permutation over the list",
        CLUSTER_T: "clustered errors, t",
        CLUSTER_Z: "clustered errors, normal",
    }
    rows = []
    for design in story.grid["design"].unique():
        for test, label in names.items():
            rows.append(
                {
                    "Design and analysis": f"{DESIGN_WORDS[design]}: {label}",
                    "Size": _power_cell(story.power(design, 1.0, test)),
                    f"Power at {words.number(ratio, 2)}": _power_cell(
                        story.power(design, ratio, test)
                    ),
                }
            )
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Three analyses of the same simulated trials: per 100 trials that reject "
        "equality where there is nothing (size), and where there is something (power)",
        "notes": "A power is worth its size: an analysis that rejects 10 of 100 trials in which "
        "nothing differs buys its power with false alarms.",
        "simulated": True,
    }


def words_for_power(story: PlanningStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the power curves."""
    crossover = story.power("cluster crossover", 0.8)
    wedge, parallel = story.power("stepped wedge", 0.8), story.power("parallel", 0.8)
    found = {row["design"]: row["power"] for row in (crossover, wedge, parallel)}
    fair = [f"a {design}" for design, power in found.items() if power > FAIR_POWER]
    who = words.listing(fair) if fair else "no design"
    return {
        "headline": f"Within about a year in one force, {who} would detect a reduction of 20% in "
        f"more than {words.percent(FAIR_POWER)} of trials",
        "subtitle": "Simulated trials in 100 whose permutation test rejects equality, by true "
        f"reduction; {_setting(story)[:1].lower()}{_setting(story)[1:].rstrip('.')}; dashed: 80",
        "alt": f"At a true reduction of 20% the crossover reaches {_percent(crossover)}, the "
        f"stepped wedge {_percent(wedge)} and the parallel design {_percent(parallel)}.",
    }


def length_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: power by months and number of forces."""
    rows = story.lengths
    return {
        "frame": pd.DataFrame(
            {
                "Trial": [
                    f"{words.plural(forces, 'force')}, {months} months"
                    for forces, months in zip(rows["forces"], rows["months"], strict=True)
                ],
                "Areas": rows["areas"],
                "Recorded assaults analysed": rows["events"].round(-1).astype(int),
                "Power": rows["power"],
                "lower": rows["lower"],
                "upper": rows["upper"],
            }
        ),
        "caption": "Power of a cluster crossover at a ratio of "
        f"{words.number(story.plan.ratio, 3)} between months, washout included",
        "formats": {"Power": "percent"},
        "intervals": {"Power": ("lower", "upper")},
        "simulated": True,
        "notes": "The ratio follows if single-crewed hours carry "
        f"{words.number(story.plan.crew_ratio, 1)} times the rate of double-crewed ones and the "
        "policy lifts double-crewed officer-hours "
        f"from {words.percent(story.plan.share_before, 1)} to "
        f"{words.percent(story.plan.share_after)} {ASSUMED}.",
    }


def size_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: officer-shifts per arm if nothing clustered."""
    return {
        "frame": pd.DataFrame(
            {
                "True ratio of rates": [f"{size.ratio:.2f}" for size in story.sizes],
                "Officer-shifts in each arm": [
                    int(round(size.officer_shifts_per_arm, -2)) for size in story.sizes
                ],
                "Recorded assaults in both": [round(size.events) for size in story.sizes],
                "Years of all patrol": [size.years_of_patrol for size in story.sizes],
            }
        ),
        "caption": "Officer-shifts needed for power of 80% if shifts were independent",
        "formats": {"Years of all patrol": 2},
        "without_interval": "A calculation on assumptions, not an estimate.",
        "notes": f"{words.number(story.patrol['rate_per_1000_hours'], 3)} recorded assaults per "
        f"1,000 officer-hours and {words.number(story.patrol['patrol_hours_per_year'], 0)} patrol "
        f"officer-hours a year {'(the export)' if story.own_cells else ASSUMED}, shifts of nine "
        "hours. Areas and months make real trials larger: this is the least that any design needs.",
    }


def findings(story: PlanningStory) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    return [
        _found_forecast(story),
        *_found_part(story),
        *_found_coverage(story),
        _found_skill(story),
        *_found_power(story),
        _found_plan(story),
    ]


def _found_forecast(story: PlanningStory) -> Finding:
    median, low, high = story.next_count
    return Estimate(
        median,
        low,
        high,
        unit="recorded offences",
        denominator="one financial year",
        period=story.next_year,
        release=story.history.vintage,
        level=story.level,
        note=f"Random walk with drift, {story.known_quarters} quarters of the year known; median "
        "and interval of simulated futures.",
    ).finding(
        "planning.forecast",
        f"{story.focus.name}: recorded offences in {story.next_year}",
        f"More assaults on {story.focus.name} constables will be recorded in "
        f"{story.next_year} than in {_last_year(story)}.",
        verdicts.lies("above", float(story.past.iloc[-1]), low, high),
    )


def _found_part(story: PlanningStory) -> list[Finding]:
    if story.part.empty:
        return []
    held = wilson(int(story.part["covered"].sum()), len(story.part), story.alpha)
    return [
        Estimate.of(
            story.part["covered"].mean(), held, unit="share",
            denominator=f"{len(story.part)} years of forces", level=story.level,
            release=story.history.vintage, period=year_label(int(story.part["year"].max())),
            note=f"{FORECAST_NOTE} Years of one force are taken as independent.",
        ).finding(
            "planning.coverage_part_year",
            f"Years whose total lay inside the interval from {story.known_quarters} quarters",
            f"A forecast from part of a year holds {words.percent(story.level)} of totals.",
            verdicts.within(story.level, held.lower, held.upper),
        )
    ]  # fmt: skip


def _found_coverage(story: PlanningStory) -> list[Finding]:
    made = []
    for series, name in enumerate(story.scores["series"].unique()):
        for method in (forecasts.RANDOM_WALK, forecasts.LAST_COUNT):
            row = story.score(method, series=series)
            made.append(
                Estimate.of(
                    row["coverage"],
                    row,
                    unit="share",
                    denominator=f"{row['forecasts']} forecasts from {row['origins']} years",
                    period=_forecast_years(row),
                    release=story.history.vintage,
                    level=story.level,
                    note=FORECAST_NOTE,
                ).finding(
                    f"planning.coverage_{method.split()[0].lower()}_{series}",
                    f"{METHOD_WORDS[method]}: share of counts one year ahead inside the "
                    f"interval, {name}",
                    f"{CLAIMED[method]} holds {words.percent(story.level)} of next year's counts.",
                    verdicts.within(story.level, row["lower"], row["upper"]),
                )
            )
    return made


def _forecast_years(row: pd.Series) -> str:
    return f"{year_label(int(row['first']))} to {year_label(int(row['last']))}"


def _found_skill(story: PlanningStory) -> Finding:
    found = story.skill
    return Estimate.of(
        found.ratio,
        found,
        unit="ratio of scores",
        denominator=f"{found.forecasts} forecasts from {found.origins} years",
        period=_forecast_years(story.score(forecasts.RANDOM_WALK)),
        release=story.history.vintage,
        level=story.level,
        note="Jackknife over years of origin.",
    ).finding(
        "planning.skill",
        "Mean CRPS of the random walk with drift over that of repeating last year",
        "The forecast beats repeating last year.",
        verdicts.lies("below", 1.0, found.lower, found.upper),
    )


def _found_power(story: PlanningStory) -> list[Finding]:
    made = []
    for design in story.grid["design"].unique():
        key = design.replace(" ", "_")
        for ratio, what, target in ((0.8, "power", 0.8), (1.0, "size", 0.05)):
            row = story.power(design, ratio)
            claim = (
                f"{DESIGN_WORDS[design]}: a reduction of 20% is detected in four of five trials."
                if what == "power"
                else f"{DESIGN_WORDS[design]}: the permutation test rejects 5% of null trials."
            )
            rule = (
                verdicts.lies("above", target, row["lower"], row["upper"])
                if what == "power"
                else verdicts.within(target, row["lower"], row["upper"])
            )
            made.append(
                Estimate.of(
                    row["power"],
                    row,
                    unit="share of simulated trials",
                    denominator=f"{row['runs']} simulated trials of {row['months']} months in "
                    f"{row['areas']} areas",
                    release=_vintage(story),
                    simulated=True,
                ).finding(
                    f"planning.{what}_{key}",
                    f"{DESIGN_WORDS[design]}: {what} of the permutation test at a "
                    f"ratio of {words.number(ratio, 1)}",
                    claim,
                    rule,
                )
            )
    return made


def _found_plan(story: PlanningStory) -> Finding:
    plan = story.plan
    return Estimate.of(
        plan.power,
        plan,
        unit="share of simulated trials",
        denominator=f"{plan.runs} simulated trials in {plan.setting.areas} areas",
        release=_vintage(story),
        simulated=True,
    ).finding(
        "planning.trial",
        f"Power of the trial proposed: {plan.setting.months} months, "
        f"{words.plural(plan.forces, 'force')}",
        f"The trial proposed would detect its ratio in more than "
        f"{words.percent(plan.target)} of trials.",
        verdicts.lies("above", plan.target, plan.lower, plan.upper),
    )


def _direction(story: PlanningStory) -> str:
    _, low, high = story.next_count
    last = float(story.past.iloc[-1])
    if low > last:
        return "next year's count is likely to be higher"
    if high < last:
        return "next year's count is likely to be lower"
    return "next year's count may be lower or higher"


def _series(story: PlanningStory) -> str:
    codes = {"104": "without injury", "8S": "with injury"}
    kinds = words.listing([codes[code] for code in story.history.codes])
    return f"Assaults on constables {kinds}"


def _last_year(story: PlanningStory) -> str:
    return year_label(int(story.past.index.max()))


def _all(story: PlanningStory) -> str:
    forces_left = story.history.frame["force"].nunique() - len(story.missing)
    return f"{forces_left} forces together"


def _setting(story: PlanningStory) -> str:
    setting = story.plan.setting
    yearly = 12 * setting.events_per_month / story.plan.forces
    return (
        f"{setting.areas // story.plan.forces} areas, about {words.number(round(yearly))} recorded "
        f"assaults a year, areas moving by {words.percent(setting.month_sd)} from month to month "
        f"and {words.percent(setting.area_sd)} apart "
        f"{'(read off the export)' if story.own_setting else ASSUMED}."
    )


def _vintage(story: PlanningStory) -> str:
    return f"simulated on {'the own export' if story.own_setting else 'assumptions'}"


def _ratio_heading(ratio: float) -> str:
    return f"at {words.number(ratio, 2)}"


def _power_cell(row: pd.Series) -> str:
    limits = words.interval(100 * row["lower"], 100 * row["upper"], 0)
    return f"{words.number(100 * row['power'], 0)} ({limits})"


def _percent(row: pd.Series) -> str:
    return words.percent(float(row["power"]))


def _changed(story: PlanningStory) -> list[tuple[str, WhatIf]]:
    """Policies with an estimate, and next year's count under each."""
    return [
        (str(label), change)
        for label, change in zip(story.policies["policy"], story.changes, strict=True)
        if change is not None
    ]


def _refused(story: PlanningStory) -> list[str]:
    return [
        f"{row['policy']}: not estimated; {row['refusal']}"
        for row in story.policies.to_dict("records")
        if row["refusal"]
    ]
