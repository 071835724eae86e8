"""Severity split: the sentences and tables of the report on injury and no injury."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data import forces
from officer_assaults.data.periods import ALL_QUARTERS, quarters_in_words
from officer_assaults.estimate import Estimate
from officer_assaults.page import words
from officer_assaults.topics.severity.story import LAYERS
from officer_assaults.topics.severity.story import SeverityStory as SeverityStory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.years import TwoYears
    from officer_assaults.stats.severity import SeverityContrast

NEW_CLASS = "2017/18"
UPTAKE_Z = 3.0
MOST_UPTAKES = 6
ORDINARY_Z = 2.0


def answer(story: SeverityStory) -> str:
    """Answer the question of the page: whether injuries rose as well."""
    if story.refused or story.share is None or story.injury is None:
        who = forces.spoken(story.force.slug)
        return (
            f"Not known. The counts of {who} with and without injury cannot be compared over these "
            "years; whole, unbroken years of both would make it known."
        )
    grown = story.injury
    said = f"Recorded assaults with injury {_moved(grown.value)}"
    if grown.contains(1.0):
        return f"Not known. {said}, a change that chance alone could give."
    return (
        f"{said}, more than chance alone gives. Whether injuries did is not known: forces "
        "differ in what they class as one."
    )


def headline(story: SeverityStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    caveat = f"{_readings(story)} These counts cannot tell them apart."
    share = story.share
    if story.refused or share is None:
        problem = story.refused[0]
        return {
            "number": "Not compared",
            "text": f"The record of {forces.spoken(story.force.slug)} does not tell injuries apart "
            f"in the same way in both years, {story.period}.",
            "interval": f"No interval. {words.without_codes(words.sentence(problem.what))}.",
            "caveat": "Forces differ in what they class as an injury, and a class that moves says "
            "nothing of how serious recorded assaults are.",
        }
    gap = share.difference_interval
    return {
        "number": f"{words.percent(share.before)} to {words.percent(share.after)}",
        "text": "Share with injury of the recorded assaults on officers of "
        f"{forces.spoken(story.force.slug)}, {story.period}.",
        "interval": f"The share changed by {_points(share.difference)} percentage points, "
        f"{words.level_words(story.level)} {_points(gap.lower)} to {_points(gap.upper)}, counting "
        "chance alone.",
        "caveat": caveat,
    }


def may_say(story: SeverityStory) -> dict[str, str]:
    """Arguments of :func:`report.may_say`; of the nation where the force has no split."""
    who, whole = next(iter(story.pooled.items()))
    if story.two is None or story.injury is None:
        return {
            "say": f"In {who}, recorded assaults without injury {_faster(whole)} than those "
            f"with injury, {story.period}.",
            "not_say": "Assaults became less serious.",
        }
    grown = story.injury
    name = forces.spoken(story.force.slug)
    return {
        "say": f"Recorded assaults with injury on officers of {name} {_moved(grown.value)}, "
        f"{story.period}{_part(story.two)} ({_change_limits(grown)}), by figures of the "
        f"{story.two.release.publisher}.",
        "not_say": "Assaults on officers became "
        f"{'less' if story.share is None or story.share.difference < 0 else 'more'} serious.",
        "source": f"{story.two.release.publisher}, {words.release(story.two.vintage)}",
    }


def _faster(whole: Estimate) -> str:
    """Compare two growths in words, as far as the interval of their ratio allows."""
    if whole.contains(1.0):
        return "did not clearly grow faster or slower"
    return "grew faster" if whole.value > 1 else "grew more slowly"


def _readings(story: SeverityStory) -> str:
    share = story.share
    if share is not None and share.after > share.before:
        return (
            "A higher share with injury fits worse recording of minor assaults, a true shift to "
            "graver ones, and uptake of the injury code alike."
        )
    return (
        "A lower share with injury fits better recording of minor assaults, a true shift to minor "
        "ones, and loss of injury coding alike."
    )


def main_points(story: SeverityStory) -> list[str]:
    """Write the points of the summary, one message each."""
    points = [
        "The force itself cannot be compared: see the caution below." if story.refused else "",
        _point_growth(story),
        _point_layers(story),
        _point_placebo(story),
        _point_national(story),
        _point_uptake(story),
        "The class with injury counts a graze and a broken bone alike, and forces differ in where "
        "they draw its line.",
    ]
    return [point for point in points if point][:6]


def boxes(story: SeverityStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    return {
        "shows": "Whether recorded assaults without injury grew faster than those with "
        f"injury, {story.period}, and how far forces differ in that by themselves.",
        "cannot": [
            "Whether more minor assaults happened, or more of those that happened were recorded.",
            "How severe an injury was: a graze and a broken bone share one class.",
        ],
        "settle": [
            "Injury graded by severity on health and safety forms, for the same incidents.",
            "An audit of how forces class injured officers, force by force.",
        ],
    }


def caveats(story: SeverityStory) -> list[str]:
    """Warnings at the top: refusals with their code, flags on the force's own figures."""
    notes = [f"{problem.code}: {words.sentence(problem.what)}." for problem in story.refused]
    if story.two is not None and not story.refused:
        notes += list(story.two.remarks)
        if story.two.vintage != story.data.panel.vintage:
            notes.append(
                f"The force's own figures are of the release {story.two.vintage}; forces are set "
                f"side by side in the release {story.data.panel.vintage}, never mixed."
            )
    return [note.replace("..", ".") for note in notes]


def _note_on_the_rest(story: SeverityStory) -> list[str]:
    if "against the rest" not in story.own:
        return []
    return [
        "The line against all others as one looks precise only because it takes every other force "
        "to move alike, and because its comparator carries the coding of the largest force; the "
        "calibrated lines take their error from how far other forces do move."
    ]


def share_table(story: SeverityStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: counts and injury share in both years."""
    two, share = story.two, story.share
    if two is None or share is None:
        raise ValueError("the force has no injury split")
    frame = pd.DataFrame(
        {
            "Financial year": [two.before.financial_year, two.after.financial_year],
            "With injury": [two.before.n_injury, two.after.n_injury],
            "Without injury": [two.before.n_no_injury, two.after.n_no_injury],
            "Injury share": [share.before, share.after],
            "lower": [share.before_interval.lower, share.after_interval.lower],
            "upper": [share.before_interval.upper, share.after_interval.upper],
        }
    )
    gap = share.difference_interval
    return {
        "frame": frame,
        "caption": f"Recorded assaults on constables by injury, {story.force.name}",
        "formats": {"Injury share": "percent1"},
        "level": story.level,
        "notes": f"Difference {_points(share.difference)} percentage points "
        f"({_points(gap.lower)} to {_points(gap.upper)}, Newcombe); Fisher's exact "
        f"{words.p_equals(share.p)}. Wilson intervals.",
    }


def layers_table(story: SeverityStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the contrast under each set of assumptions."""
    own_release = story.two.vintage if story.two is not None else ""
    rows = [_layer_row(name, own_release, contrast) for name, contrast in story.own.items()]
    same = own_release == story.data.panel.vintage
    rows += [
        _layer_row(name, story.data.panel.vintage, contrast)
        for name, contrast in story.panel.items()
        if not (same and name == "naive")
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"Growth without injury over growth with injury, {story.force.name}",
        "formats": {"Ratio of ratios": 2},
        "level": story.level,
        "notes": [
            *_note_on_the_rest(story),
            f"Spread between forces: {words.number(story.placebo.tau, 2)} on the log scale.",
        ],
    }


def pooled_table(story: SeverityStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the national contrast with and without forces."""
    rows = [
        {
            "Forces together": who,
            "Ratio of ratios": found.value,
            "lower": found.lower,
            "upper": found.upper,
        }
        for who, found in story.pooled.items()
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"Growth without injury over growth with injury, forces together, "
        f"{story.period}",
        "formats": {"Ratio of ratios": 2},
        "level": story.level,
        "notes": f"From the model, {next(iter(story.pooled.values())).note}. A pooled figure can "
        f"be carried by one large force: leaving out {forces.spoken(story.largest)} moves it most. "
        "Forces whose records broke stand in the rows of all forces only.",
    }


def uptake_table(story: SeverityStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: how the new class was taken up, force by force."""
    table = story.uptake.sort_values("z", key=np.abs, ascending=False).head(MOST_UPTAKES)
    table = table.sort_values("z", ascending=False)
    frame = pd.DataFrame(
        {
            "Force": [forces.names()[slug] for slug in table.index],
            "Injury share, first quarter": table["share_first"].to_numpy(),
            "Third and fourth quarter": table["share_settled"].to_numpy(),
            "Odds ratio": table["odds_ratio"].to_numpy(),
            "lower": table["lower"].to_numpy(),
            "upper": table["upper"].to_numpy(),
        }
    )
    return {
        "frame": frame,
        "caption": f"Uptake of the class with injury during {NEW_CLASS}, the largest changes",
        "formats": {
            "Injury share, first quarter": "percent",
            "Third and fourth quarter": "percent",
            "Odds ratio": 2,
        },
        "notes": f"Of {len(story.uptake)} forces. Counting chance only; with so many forces some "
        "stand out by chance.",
    }


def groups(usable: pd.DataFrame, everyone: pd.DataFrame, largest: str) -> dict[str, pd.DataFrame]:
    """Rows of the groups of forces to fit together, by who they are; like for like first."""
    name = forces.spoken(largest)
    return {
        f"{usable['force'].nunique()} forces compared like for like": usable,
        f"the same without {name}": usable[usable["force"] != largest],
        f"all {everyone['force'].nunique()} forces, broken records included": everyone,
        f"all without {name}": everyone[everyone["force"] != largest],
    }


def quarter_groups(story: SeverityStory, land: pd.DataFrame, mine: pd.DataFrame) -> dict[str, Any]:
    """Lines of the quarterly figure: who they are, their rows, and who is left out."""
    lines: dict[str, Any] = {
        "England and Wales": (land, []),
        f"without {forces.spoken(story.largest)}": (land, [story.largest]),
    }
    if story.force.kind != "nation" and not story.refused:
        lines[story.force.name] = (mine, [])
    return lines


def share_by_quarter(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Rows of the figure of injury shares: Quarter, Forces, Injury share, lower, upper."""
    rows = [
        pd.DataFrame(
            {
                "Quarter": part["quarter_start"],
                "Forces": who,
                "Injury share": part["share"] * 100,
                "lower": part["lower"] * 100,
                "upper": part["upper"] * 100,
            }
        )
        for who, part in parts.items()
    ]
    return pd.concat(rows, ignore_index=True)


def words_for_shares(story: SeverityStory, shares: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Headline, subtitle and alternative text of the shares by quarter.

    Parameters
    ----------
    story : SeverityStory
        What is compared.
    shares : mapping of str to DataFrame
        Quarterly shares: all forces first, then all but the one that moves the total most.
    """
    whole, without = list(shares.values())[:2]
    name = forces.spoken(story.largest)
    moves = [words.number(float(np.ptp(part["share"])) * 100, 1) for part in (whole, without)]
    ends = [
        f"{words.percent(float(part['share'].iloc[0]))} to "
        f"{words.percent(float(part['share'].iloc[-1]))}"
        for part in (whole, without)
    ]
    return {
        "headline": f"The national injury share moves by {moves[0]} points, without {name} by "
        f"{moves[1]}",
        "subtitle": "Recorded with injury as a share of all recorded assaults on constables, "
        f"quarters from {whole['quarter_start'].iloc[0]:%B %Y}, {words.level_words(story.level)}",
        "alt": f"Lines of the quarterly injury share. England and Wales goes from {ends[0]}, "
        f"without {name} from {ends[1]}.",
    }


def words_for_caterpillar(story: SeverityStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the placebo distribution."""
    table = story.placebo.table
    low, high = np.quantile(table["ratio"], [0.1, 0.9])
    own = story.placebo.of(story.force.slug)
    inside = (
        f"{story.force.name} lies at {words.number(own[0], 2)}, inside the ordinary range"
        if own is not None and abs(own[1]) < ORDINARY_Z
        else f"{len(table)} forces scatter widely"
    )
    return {
        "headline": f"Forces differ so much that no ratio between {words.number(low, 1)} and "
        f"{words.number(high, 1)} is unusual",
        "subtitle": f"Growth without injury over growth with injury, {len(table)} forces, "
        f"{story.period}, intervals for counting chance only",
        "alt": f"Dots with intervals for {len(table)} forces from the lowest ratio to the highest. "
        f"{inside}.",
    }


def _layer_row(name: str, release: str, contrast: SeverityContrast) -> dict[str, Any]:
    limits = contrast.interval
    return {
        "What is allowed for": LAYERS[name],
        "Release": release,
        "Ratio of ratios": contrast.ratio,
        "lower": limits.lower,
        "upper": limits.upper,
        "p": contrast.p,
    }


def _points(share: float) -> str:
    return words.number(share * 100, 1, signed=True)


def _went(story: SeverityStory, which: str) -> float:
    if story.two is None:
        raise ValueError("the force has no injury split")
    before, after = (getattr(year, f"n_{which}") for year in (story.two.before, story.two.after))
    return float(after / before)


def _moved(ratio: float) -> str:
    gap = words.percent(abs(ratio - 1))
    return f"rose by {gap}" if ratio > 1 else f"fell by {gap}" if ratio < 1 else "did not change"


def _part(two: TwoYears) -> str:
    """Say which part of the years is counted; nothing where they are whole."""
    return "" if two.quarters == ALL_QUARTERS else f", {quarters_in_words(two.quarters)} only"


def _change_limits(found: Estimate) -> str:
    return words.interval_words(
        found.lower - 1, found.upper - 1, level=found.level, as_percent=True
    )


def _point_growth(story: SeverityStory) -> str:
    if story.injury is None or story.share is None:
        return ""
    chance = "could" if story.injury.contains(1.0) else "could not"
    return (
        f"In the force, recorded assaults without injury {_moved(_went(story, 'no_injury'))} and "
        f"those with injury {_moved(story.injury.value)}. Chance alone {chance} give the change of "
        "those with injury."
    )


def _point_layers(story: SeverityStory) -> str:
    if "calibrated" not in story.panel:
        return ""
    naive, calibrated = story.panel["naive"].interval, story.panel["calibrated"].interval
    if calibrated.contains(1):
        first = "could be chance" if naive.contains(1) else "looks like more than chance"
        return (
            f"The gap between the two {first}. It is well within the scatter that other forces "
            "show without any known reason, so it says nothing about this force."
        )
    return (
        "The gap between the two is wider than chance and than the ordinary scatter between "
        "forces; a change in how injuries are classed would look the same."
    )


def _point_placebo(story: SeverityStory) -> str:
    placebo, own = story.placebo, story.placebo.of(story.force.slug)
    size = len(placebo.table)
    if own is None:
        return f"The {size} forces that can be compared differ widely in this by themselves."
    above = placebo.position(story.force.slug) - 1
    return (
        f"Among the {size} forces that can be compared, the gap between the two kinds of recorded "
        f"assaults was wider in {above} than in this one."
    )


def _point_national(story: SeverityStory) -> str:
    whole, without = list(story.pooled.values())[:2]
    return (
        "All forces that can be compared, taken together, do not settle it: growth without injury "
        f"was {words.number(whole.value, 2)} times that with injury, and "
        f"{words.number(without.value, 2)} times without {forces.spoken(story.largest)}. "
        f"{_national_reading(whole, without)}"
    )


def _national_reading(whole: Estimate, without: Estimate) -> str:
    held = [each.contains(1.0) for each in (whole, without)]
    if all(held):
        return "Either could be no difference at all."
    if not any(held) and (whole.value > 1) == (without.value > 1):
        return "Both differ from no difference."
    return "Which way it goes depends on one force."


def _point_uptake(story: SeverityStory) -> str:
    if story.uptake.empty:
        return ""
    risen = story.uptake[story.uptake["z"] > UPTAKE_Z]
    if risen.empty:
        return ""
    listed = [forces.spoken(str(slug)) for slug in risen.index]
    return (
        f"The class with injury was new in {NEW_CLASS} and was still being taken up during that "
        f"year, by {words.listing(listed)} above all."
    )
