"""Planning: what is said beside the figures of the report on forecasts and trials."""

from __future__ import annotations

from typing import Any

import pandas as pd

from officer_assaults.page import words
from officer_assaults.topics.planning.findings import SAID
from officer_assaults.topics.planning.story import (
    PlanningStory,
    last_year,
    setting_in_words,
    what_if_rows,
)

FAIR_POWER = 0.7


def words_for_fan(story: PlanningStory) -> dict[str, Any]:
    """Headline, subtitle and alternative text of the fan chart."""
    median, low, high = story.next_count
    return SAID.told(
        "fan_figure", force=story.focus.name, verdict=_direction(story), series=_series(story),
        first=story.history.years[0], last=last_year(story), next=story.next_year,
        median=words.number(median, 0),
        limits=words.interval_words(low, high, 0, level=story.level),
    ) | {"formats": {"Count": 0}}  # fmt: skip


def words_for_what_if(story: PlanningStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the what-if chart."""
    rows = what_if_rows(story)
    first = rows.iloc[0]
    span = story.next_count[2] - story.next_count[1]
    largest = float(rows["Difference"].abs().max())
    small = "smaller than" if largest < span / 2 else "of the size of"
    return SAID.told(
        "what_if_figure", small=small, next=story.next_year, force=story.focus.name,
        span=words.interval(*story.next_count[1:], 0),
        policy=f"{str(first['Policy'])[:1].lower()}{str(first['Policy'])[1:]}",
        difference=words.number(first["Difference"], 0),
        limits=words.interval(first["lower"], first["upper"], 0),
    )  # fmt: skip


def words_for_power(story: PlanningStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the power curves."""
    setting = setting_in_words(story)
    crossover = story.power("cluster crossover", 0.8)
    wedge, parallel = story.power("stepped wedge", 0.8), story.power("parallel", 0.8)
    found = {row["design"]: row["power"] for row in (crossover, wedge, parallel)}
    fair = [f"a {design}" for design, power in found.items() if power > FAIR_POWER]
    who = words.listing(fair) if fair else "no design"
    return SAID.told(
        "power_figure", who=who, fair=words.percent(FAIR_POWER),
        setting=f"{setting[:1].lower()}{setting[1:].rstrip('.')}", crossover=_percent(crossover),
        wedge=_percent(wedge), parallel=_percent(parallel),
    )  # fmt: skip


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


def _percent(row: pd.Series) -> str:
    return words.percent(float(row["power"]))
