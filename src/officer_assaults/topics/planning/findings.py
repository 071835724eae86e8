"""Planning: the findings of the report on forecasts and trials, each with its verdict by rule."""

from __future__ import annotations

from typing import Any

import pandas as pd

from officer_assaults.data.histories import year_label
from officer_assaults.findings import Finding
from officer_assaults.page import words
from officer_assaults.page.wording import Wording
from officer_assaults.stats import forecast as forecasts
from officer_assaults.stats import verdicts
from officer_assaults.stats.intervals import Interval, wilson
from officer_assaults.topics.planning.story import (
    DESIGN_WORDS,
    FORECAST_NOTE,
    METHOD_WORDS,
    PlanningStory,
    last_year,
)

SAID = Wording(__file__)
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


def _common(story: PlanningStory) -> dict[str, Any]:
    return {"release": story.history.vintage, "level": story.level}


def _found_forecast(story: PlanningStory) -> Finding:
    median, low, high = story.next_count
    verdict = verdicts.lies("above", float(story.past.iloc[-1]), low, high)
    names: dict[str, Any] = {
        "force": story.focus.name,
        "next": story.next_year,
        "last": last_year(story),
    }
    names |= {"known": story.known_quarters}
    about = {"names": names, "period": story.next_year, **_common(story)}
    return SAID.estimate("forecast", median, Interval(low, high), verdict, **about)


def _found_part(story: PlanningStory) -> list[Finding]:
    if story.part.empty:
        return []
    held = wilson(int(story.part["covered"].sum()), len(story.part), story.alpha)
    verdict = verdicts.within(story.level, held.lower, held.upper)
    names: dict[str, Any] = {
        "known": story.known_quarters,
        "years": len(story.part),
        "forecasts": FORECAST_NOTE,
    }
    names |= {"level": words.percent(story.level)}
    about = {"names": names, "period": year_label(int(story.part["year"].max())), **_common(story)}
    return [SAID.estimate("part_year", story.part["covered"].mean(), held, verdict, **about)]


def _found_coverage(story: PlanningStory) -> list[Finding]:
    made = []
    for number, series in enumerate(story.scores["series"].unique()):
        for method in (forecasts.RANDOM_WALK, forecasts.LAST_COUNT):
            row = story.score(method, series=number)
            names = {
                "key": f"{method.split()[0].lower()}_{number}",
                "method": METHOD_WORDS[method],
                "claimed": CLAIMED[method],
                "series": series,
                "row": row,
                "level": words.percent(story.level),
                "forecasts": FORECAST_NOTE,
            }
            verdict = verdicts.within(story.level, row["lower"], row["upper"])
            about = {"names": names, "period": _forecast_years(row), **_common(story)}
            made.append(SAID.estimate("coverage", row["coverage"], row, verdict, **about))
    return made


def _forecast_years(row: pd.Series) -> str:
    return f"{year_label(int(row['first']))} to {year_label(int(row['last']))}"


def _found_skill(story: PlanningStory) -> Finding:
    found = story.skill
    verdict = verdicts.lies("below", 1.0, found.lower, found.upper)
    years = _forecast_years(story.score(forecasts.RANDOM_WALK))
    about = {"names": {"skill": found}, "period": years, **_common(story)}
    return SAID.estimate("skill", found.ratio, found, verdict, **about)


def _found_power(story: PlanningStory) -> list[Finding]:
    made = []
    for design in story.grid["design"].unique():
        for ratio, what in ((0.8, "power"), (1.0, "size")):
            row = story.power(design, ratio)
            limits = (row["lower"], row["upper"])
            verdict = (
                verdicts.lies("above", 0.8, *limits)
                if what == "power"
                else verdicts.within(0.05, *limits)
            )
            names: dict[str, Any] = {"what": what, "key": design.replace(" ", "_"), "row": row}
            names |= {"design": DESIGN_WORDS[design], "ratio": words.number(ratio, 1)}
            made.append(SAID.estimate(what, row["power"], row, verdict, names=names, **_sim(story)))
    return made


def found_plan(story: PlanningStory) -> Finding:
    """State the power of the trial proposed."""
    plan = story.plan
    verdict = verdicts.lies("above", plan.target, plan.lower, plan.upper)
    names: dict[str, Any] = {"plan": plan, "forces": words.plural(plan.forces, "force")}
    names |= {"target": words.percent(plan.target)}
    return SAID.estimate("trial", plan.power, plan, verdict, names=names, **_sim(story))


def _sim(story: PlanningStory) -> dict[str, Any]:
    source = "the own export" if story.own_setting else "assumptions"
    return {"release": f"simulated on {source}", "simulated": True}
