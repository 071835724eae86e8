"""Planning: what is said beside the figures of the report on forecasts and trials."""

from __future__ import annotations

from typing import Any

import pandas as pd

from officer_assaults.page import words
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
    verdict = _direction(story)
    return {
        "headline": f"{story.focus.name}: {verdict}",
        "subtitle": f"{_series(story)} recorded by financial year, and bands that hold 50, 80 and "
        "95 of 100 futures; random walk with drift",
        "alt": f"Recorded counts from {story.history.years[0]} to {last_year(story)}, then a fan "
        f"that widens; {story.next_year}: {words.number(median, 0)}, "
        f"{words.interval_words(low, high, 0, level=story.level)}.",
        "formats": {"Count": 0},
    }


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


def words_for_power(story: PlanningStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the power curves."""
    setting = setting_in_words(story)
    crossover = story.power("cluster crossover", 0.8)
    wedge, parallel = story.power("stepped wedge", 0.8), story.power("parallel", 0.8)
    found = {row["design"]: row["power"] for row in (crossover, wedge, parallel)}
    fair = [f"a {design}" for design, power in found.items() if power > FAIR_POWER]
    who = words.listing(fair) if fair else "no design"
    return {
        "headline": f"Within about a year in one force, {who} would detect a reduction of 20% in "
        f"more than {words.percent(FAIR_POWER)} of trials",
        "subtitle": "Simulated trials in 100 whose permutation test rejects equality, by true "
        f"reduction; {setting[:1].lower()}{setting[1:].rstrip('.')}; dashed: 80",
        "alt": f"At a true reduction of 20% the crossover reaches {_percent(crossover)}, the "
        f"stepped wedge {_percent(wedge)} and the parallel design {_percent(parallel)}.",
    }


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
