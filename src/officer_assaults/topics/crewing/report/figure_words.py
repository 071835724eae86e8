"""Headlines, subtitles and alternative texts of the figures of the crewing report."""

from __future__ import annotations

import math
from itertools import pairwise

import pandas as pd

from officer_assaults.page import words
from officer_assaults.topics.crewing import disclosure
from officer_assaults.topics.crewing.model.cells import POST_TREATMENT
from officer_assaults.topics.crewing.report.story import CrewingStory, ratio_words


def words_for_diagram(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the diagram."""
    del story
    after = len(POST_TREATMENT)
    return {
        "headline": "Work is held alike by what is known at dispatch, and by nothing that follows",
        "subtitle": "Assumed paths between crew and recorded assaults; thick: the comparison, "
        f"dashed: not recorded or never adjusted for ({after} columns are refused)",
        "alt": "Diagram of the assumptions. What is known at dispatch bears on the crew and on "
        "attacks on officers, and is adjusted for. A danger known to the dispatcher alone bears "
        "on both and is not recorded. The crew bears on attacks, partly by stops and own work, "
        "and on whether they are recorded. Back-up sent, arrests and injuries follow and are never "
        "adjusted for.",
    }


def words_for_studies(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the published studies."""
    assert story.studies is not None
    both = story.studies.iloc[-1]
    said = "; ".join(
        f"{row['Estimate']}: {words.ratio(row['Ratio'], row['lower'], row['upper'])}"
        for row in story.studies.to_dict("records")
    )
    return {
        "headline": "American officers alone were injured somewhat more often once assaulted"
        if both["lower"] > 1
        else "American studies do not tell whether officers alone are injured more often",
        "subtitle": "Share injured of officers recorded as assaulted, alone over in pairs; "
        "not how often they are assaulted",
        "alt": f"Ratios with intervals. {said}.",
    }


def words_for_denominators(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the three denominators."""
    found = story.analysis.ratios
    one, calls = found.per_officer_hour, found.per_attendance
    if calls is None:
        finding = "Per officer-hour the ratio stands beside what crewing alone produces"
    elif (one.ratio - 1) * (calls.ratio - 1) < 0:
        finding = "The same records point both ways, by the denominator"
    else:
        finding = "The ratio depends on the denominator"
    alone = "" if math.isnan(found.benchmark) else f"; {words.number(found.benchmark, 2)} if crewing changed no incident"  # fmt: skip  # noqa: E501
    at_calls = (
        "" if calls is None else f", and {ratio_words(calls, story.level)} per attended incident"
    )
    return {
        "headline": finding,
        "subtitle": f"Rate ratios of {story.victims}, single over double crews, {story.where}, "
        f"{story.when}; {words.level_words(story.level)}s",
        "alt": f"Dots with intervals: adjusted ratios of {ratio_words(one, story.level)} per "
        f"officer-hour{alone}{at_calls}.",
    }


def words_for_ladder(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the ladder of adjustment."""
    steps = story.analysis.ladder
    first, last = steps[0], steps[-1]
    moves = [abs(math.log(b.ratio / a.ratio)) for a, b in pairwise(steps)]
    headline = "Nothing is held alike: the ratio is that of the plain comparison"
    if moves:
        largest = steps[1 + moves.index(max(moves))].label.removeprefix("+ ")
        headline = (
            f"The ratio moves from {words.number(first.ratio, 2)} to "
            f"{words.number(last.ratio, 2)} as like is compared with like, most with {largest}"
        )
    return {
        "headline": headline,
        "subtitle": f"Rate ratio per officer-hour after each step of adjustment, {story.where}; "
        f"{words.level_words(story.level)}s",
        "alt": f"Dots with intervals for {words.plural(len(steps), 'step')} of adjustment: "
        f"none gives {ratio_words(first, story.level)}, all give {ratio_words(last, story.level)}.",
    }


def words_for_seeds(story: CrewingStory, spread: pd.DataFrame) -> dict[str, str]:
    """Headline, subtitle and alternative text of draws of the same simulated force."""
    assert story.truth is not None
    truth = story.truth.per_officer_hour_recorded
    held = int(((spread["lower"] <= truth) & (spread["upper"] >= truth)).sum())
    low, high = spread["Rate ratio"].min(), spread["Rate ratio"].max()
    return {
        "headline": f"Made {len(spread)} times over, the same simulated force gives ratios from "
        f"{words.number(low, 2)} to {words.number(high, 2)}",
        "subtitle": "Rate ratio per officer-hour, single over double crews, one dot a seed; line: "
        "what the force was made with",
        "alt": f"Dots with intervals for {len(spread)} seeds; {held} intervals hold the truth, "
        f"{words.number(truth, 2)}.",
    }


def backup_labels(story: CrewingStory) -> list[str]:
    """Names of the bands of planned back-up that hold hours."""
    minutes = story.analysis.data.frame["backup_min"].to_numpy(float)
    bands = sorted(set(disclosure.backup_band(minutes).tolist()))
    return [disclosure.BACKUP_BANDS[band].capitalize() for band in bands]


def words_for_backup(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the ratio by planned back-up."""
    found = story.analysis.backup
    assert found is not None
    verdict = story.analysis.claim("backup").verdict
    finding = {
        "consistent": "The ratio is higher where back-up is further away",
        "contradicted": "The ratio is lower where back-up is further away",
    }.get(verdict, "No change of the ratio with distance from back-up can be told")
    factor = words.ratio(found.per_ten_minutes, found.lower, found.upper, level=story.level)
    return {
        "headline": finding,
        "subtitle": "Rate ratio per officer-hour at the mean planned back-up of each band, "
        f"{story.where}; {words.level_words(story.level)}s",
        "alt": f"Dots with intervals for {len(found.table)} bands of planned back-up; ten more "
        f"minutes multiply the ratio by {factor}.",
    }


def words_for_policies(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the policies."""
    analysis = story.analysis
    shown = [outcome for outcome in analysis.policies if outcome.refusal is None]
    calls = {o.policy.name: o for o in analysis.policies_attended if o.refusal is None}
    turned = [o for o in shown if o.policy.name in calls and o.avoided * calls[o.policy.name].avoided < 0]  # fmt: skip  # noqa: E501
    finding = (
        "What a policy would avoid depends on whether hours or calls are held fixed"
        if turned
        else "What each policy would be expected to avoid"
    )
    first = shown[0]
    return {
        "headline": finding,
        "subtitle": f"{story.victims.capitalize()} avoided over {story.when} in {story.where}, "
        f"from the rates of like work; {words.level_words(story.level)}s",
        "alt": f"Dots with intervals for {words.plural(len(shown), 'policy', 'policies')}; "
        f"{first.policy.label.lower()} avoids {words.number(round(first.avoided))} "
        f"({words.interval_words(first.lower, first.upper, 0, level=story.level)}) at the same "
        "officer-hours.",
    }
