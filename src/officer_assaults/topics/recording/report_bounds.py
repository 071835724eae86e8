"""Reporting: tables and figures of the bounds, and of what the injury anchor would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.page import words
from officer_assaults.topics.recording import figures_reporting
from officer_assaults.topics.recording.story import ASSUMED, ReportingStory

SOURCES = {
    "mix": "real mix of severities",
    "anchor": "recording of injuries",
    "uptake": "capture by the injury code",
    "counting": "counting chance",
}
METHODS = {
    "naive": "Counting chance only",
    "calibrated": "Also how far other forces differ",
    "triple": "Also beyond the other forces' mean",
}


def feasible_table(story: ReportingStory) -> list[dict[str, Any]]:
    """Tables of what recording must have been to explain the change alone."""
    if story.case is None or not story.case.has_direction:
        return []
    rows = []
    for name, found in story.case.feasible.items():
        change = story.case.parts[name]
        if change.direction == "unclear":
            continue
        rows.append(
            {
                "Recorded assaults": name,
                "Rate ratio": change.ratio,
                "ratio_lower": change.interval.lower,
                "ratio_upper": change.interval.upper,
                "Recorded at most": found.limit,
                "limit_lower": found.interval.lower,
                "limit_upper": found.interval.upper,
            }
        )
    period = story.case.feasible["all"].period
    return [
        {
            "frame": pd.DataFrame(rows),
            "caption": f"Recording alone can explain the {story.moved} only if no more than this "
            f"share was recorded {period} it",
            "formats": dict.fromkeys(
                ("Recorded at most", "limit_lower", "limit_upper"), "percent1"
            ),
            "intervals": {
                "Rate ratio": ("ratio_lower", "ratio_upper"),
                "Recorded at most": ("limit_lower", "limit_upper"),
            },
            "level": story.level,
            "notes": "Severities whose own change counting chance could give are left out.",
        }
    ]


def cap_table(story: ReportingStory, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Tables of the largest share that a capped move of recording explains."""
    if story.case is None or not story.case.has_direction:
        return []
    caps = [words.number(float(str(cap)) * 100) for cap in table.index]
    frame = pd.DataFrame({"Recording moved at most": [f"{cap} points" for cap in caps]})
    for start in table.columns:
        frame[f"{words.percent(float(str(start)))} before"] = [
            words.percent(value) for value in table[start]
        ]
    return [
        {
            "frame": frame,
            "caption": f"Largest share of the {story.moved} that recording explains, by how much "
            "was recorded before and how far recording moved",
            "notes": f"100% is the whole {story.moved}. Exact arithmetic on the assumed "
            f"probabilities {ASSUMED}; counting chance is left out.",
        }
    ]


def contour(story: ReportingStory, surface: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Figures of the sensitivity surface."""
    if story.case is None or surface is None or not story.case.has_direction:
        return []
    change = story.case.change
    limit = story.case.feasible["all"].limit
    rose = story.moved == "rise"
    step = 0.6 * change.ratio**0.5
    chart = figures_reporting.share_contour(surface, change)
    return [
        {
            "fig": chart,
            "headline": f"A small move of recording could explain much of the {story.moved}",
            "subtitle": f"Share of the log {story.moved} of recorded assaults on "
            f"{story.force.name} officers that a move of the recording probability explains",
            "alt": f"{chart.alt_hint} Going from 60% to {words.percent(step)} recorded would "
            f"explain half of the {story.moved}; all of it would need at most "
            f"{words.percent(limit)} recorded {'before' if rose else 'after'} it.",
            "formats": dict.fromkeys(("Recorded before", "Recorded after"), "percent")
            | {"Share explained": "percent", "Recorded assaults explained": 0},
        }
    ]


def ladder(story: ReportingStory) -> list[dict[str, Any]]:
    """Figures of the ladder of bounds."""
    if story.case is None or story.case.ladder.empty:
        return []
    rows = story.case.ladder
    chart = figures_reporting.ladder_of_bounds(rows)
    spanning = int(((rows["low"] <= 0) & (rows["high"] >= 1)).sum())
    return [
        {
            "fig": chart,
            "headline": "The more is assumed, the less is left open, but nothing measured decides",
            "subtitle": f"Range of the share of the log {story.moved} that recording explains, "
            f"{story.force.name}; grey bars are bounds, blue bars "
            f"{words.level_words(story.level)}s",
            "alt": f"{chart.alt_hint} {spanning} of {len(rows)} ranges hold everything from none "
            f"of the {story.moved} to all of it; only assumptions make a range shorter.",
            "formats": dict.fromkeys(("Median share", "lower", "upper"), "percent"),
        }
    ]


def severity_table(story: ReportingStory) -> list[dict[str, Any]]:
    """Tables of the severity contrast, from counting error to what forces show."""
    if story.case is None or story.case.anchored is None:
        return []
    anchored = story.case.anchored
    rows = [
        {
            "Interval allows for": METHODS[name],
            "Ratio of ratios": found.ratio,
            "lower": found.interval.lower,
            "upper": found.interval.upper,
            "p": found.p,
        }
        for name, found in anchored.contrasts.items()
    ]
    return [
        {
            "frame": pd.DataFrame(rows),
            "caption": "Growth of recorded assaults without injury over growth of those with "
            f"injury, {story.force.name}",
            "level": story.level,
            "notes": f"In the release {story.panel_vintage}. Above 1 would fit better recording of "
            "minor cases, if the recording of injuries and the real mix of severities had stayed. "
            f"Over {anchored.others} other forces the contrast has a standard deviation of "
            f"{words.number(anchored.tau, 2)} on the log scale.",
        }
    ]


def bias_table(story: ReportingStory) -> list[dict[str, Any]]:
    """Tables of the bias analysis under each set of priors."""
    anchored = story.anchored()
    if anchored is None:
        return []
    rows = [
        {
            "Assumptions": f"{result.priors.name} {ASSUMED}",
            "Share explained": result.median,
            "lower": result.interval.lower,
            "upper": result.interval.upper,
            "Chance of over half": result.above_half,
            "Chance below none": result.below_zero,
        }
        for result in anchored.bias
    ]
    percents = ["Share explained", "lower", "upper", "Chance of over half", "Chance below none"]
    return [
        {
            "frame": pd.DataFrame(rows),
            "caption": f"Share of the log {story.moved} that recording explains, under four sets "
            "of assumptions",
            "formats": dict.fromkeys(percents, "percent"),
            "level": story.level,
            "notes": f"{words.number(anchored.default.draws)} draws of the counts and of what the "
            "anchor may hide. A share below none means that recording moved against the count.",
        }
    ]


def tornado(story: ReportingStory) -> list[dict[str, Any]]:
    """Figures of the sources of doubt, one at a time."""
    anchored = story.anchored()
    if anchored is None:
        return []
    rows = anchored.tornado
    chart = figures_reporting.bias_tornado(rows, SOURCES)
    first = rows.iloc[0]
    ends = sorted((float(first["low_share"]), float(first["high_share"])))
    return [
        {
            "fig": chart,
            "headline": f"The widest doubt is the {SOURCES[str(first['source'])]}",
            "subtitle": f"Share of the log {story.moved} explained as each source moves over its "
            f"{words.level_words(story.level)}, the others at their centre, {story.force.name}",
            "alt": f"{chart.alt_hint} The {SOURCES[str(first['source'])]} alone moves the share "
            f"from {words.percent(ends[0])} to {words.percent(ends[1])}; every other source "
            "moves it less.",
            "formats": dict.fromkeys(
                ("Share explained at the low end", "Share explained at the high end"), "percent"
            ),
        }
    ]


def grid() -> np.ndarray:
    """Grid of recording probabilities for the surface."""
    return np.round(np.arange(0.30, 1.001, 0.05), 2)
