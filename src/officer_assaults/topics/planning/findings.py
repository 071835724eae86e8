"""Planning: the findings of the report on forecasts and trials, each with its verdict by rule."""

from __future__ import annotations

import pandas as pd

from officer_assaults.data.histories import year_label
from officer_assaults.estimate import Estimate
from officer_assaults.findings import Finding
from officer_assaults.page import words
from officer_assaults.stats import forecast as forecasts
from officer_assaults.stats import verdicts
from officer_assaults.stats.intervals import wilson
from officer_assaults.topics.planning.story import (
    DESIGN_WORDS,
    FORECAST_NOTE,
    METHOD_WORDS,
    PlanningStory,
    last_year,
)

CLAIMED = {
    forecasts.RANDOM_WALK: "A 95% interval that allows for movement between years",
    forecasts.LAST_COUNT: "A 95% interval from counting chance",
}


def findings(story: PlanningStory) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    return [
        _found_forecast(story),
        *_found_part(story),
        *_found_coverage(story),
        _found_skill(story),
        *_found_power(story),
        found_plan(story),
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
        f"{story.next_year} than in {last_year(story)}.",
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


def found_plan(story: PlanningStory) -> Finding:
    """State the power of the trial proposed."""
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


def _vintage(story: PlanningStory) -> str:
    return f"simulated on {'the own export' if story.own_setting else 'assumptions'}"
