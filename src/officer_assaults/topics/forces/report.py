"""Comparison: the sentences and tables of the report that sets forces side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.data import decisions, forces
from officer_assaults.page import words
from officer_assaults.topics.forces.findings import findings as findings
from officer_assaults.topics.forces.story import (
    CLAIMED_FORCES,
    CLAIMED_PLACE,
    MANY,
    OFFENCES,
    PER,
    count_rank,
    places,
    quoted,
)
from officer_assaults.topics.forces.story import ComparisonStory as ComparisonStory
from officer_assaults.topics.forces.story import rate_units as rate_units

#: Rank correlation with size above which an order of counts is mostly one of sizes.
MOSTLY = 0.7
SETTLE = (
    "A count of victims and of officers on response duty, from the same system in every force.",
    "An audit in each force of how many reported assaults on officers are recorded, and how their "
    "injuries are classed.",
    "The list of the 40 forces that the article ranks, and of those it leaves out.",
)


def answer(story: ComparisonStory) -> str:
    """Answer the question of the page: how the force compares."""
    who = forces.spoken(story.force.slug)
    if story.refused:
        return (
            f"Not known. {words.capital(who)} cannot be set against the other forces in "
            f"{story.year}."
        )
    own, (place, _) = story.focus[story.main], count_rank(story)
    text = (
        f"By plain count {who} is number {place} of {own.units} forces that can be compared. Per "
        f"{PER[story.main]} any place from {places(own.rank_set)} is open"
    )
    return f"{text}: a count says above all how large a force is."


def headline(story: ComparisonStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    caveat = (
        "Forces differ in what they record and how they class it, so a recorded rate is not a "
        "rate of violence."
    )
    if story.refused:
        return {
            "number": "Not compared",
            "text": f"{_why(story)}.",
            "interval": "No interval. "
            f"{words.without_codes(words.sentence(story.refused[0].what))}.",
            "caveat": caveat,
        }
    own = story.focus[story.main]
    return {
        "number": f"{places(own.rank_set)} of {own.units}",
        "text": f"Places that the records leave open to {forces.spoken(story.force.slug)} by "
        f"recorded assaults per {PER[story.main]} in {story.year}.",
        "interval": f"Whatever the true order is, {words.percent(story.level)} of such intervals "
        f"hold the true place; by the plain rate it is number {own.rank} of {own.units}.",
        "caveat": caveat,
    }


def may_say(story: ComparisonStory) -> dict[str, str]:
    """Arguments of :func:`report.may_say` for the headline."""
    who = forces.spoken(story.force.slug)
    source = f"{story.data.release.publisher}, {words.release(story.data.panel.vintage)}"
    if story.refused:
        return {
            "say": f"The recorded figures of {who} for {story.year} cannot be compared with those "
            "of other forces.",
            "not_say": f"Officers of {who} are safer, or less safe, than those of other forces.",
            "source": source,
        }
    own = story.focus[story.main]
    return {
        "say": f"In {story.year}, {who} recorded {words.number(own.rate, 0)} assaults per "
        f"{quoted(story.main)} ({words.level_words(story.level)} "
        f"{words.interval(own.rate_interval.lower, own.rate_interval.upper, 0)}); among "
        f"{own.units} forces its place could be any from {places(own.rank_set)}.",
        "not_say": f"{words.capital(who)} is number {count_rank(story)[0]} for attacks on "
        "officers.",
        "source": source,
    }


def main_points(story: ComparisonStory) -> list[str]:
    """Write the points of the summary, one message each."""
    points = [
        "" if story.refused else _point_rate(story),
        "" if story.refused else _point_denominators(story),
        f"{_size_words(story)}: forces with more officers record more, whatever the risk to any "
        "one of them.",
        _point_spread(story),
        _point_recording(story),
        _point_left_out(story),
    ]
    return [point for point in points if point]


def boxes(story: ComparisonStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    units = words.listing([MANY[name] for name in story.usable])
    return {
        "shows": f"How {OFFENCES} in {story.year} compare between forces once they are set against "
        f"{units}, and how far chance could move a place in that order.",
        "cannot": [
            "Whether officers of one force are at more risk than those of another: recording "
            "and classing differ too.",
            "Which forces a list of 40 leaves out, and why.",
        ],
        "settle": list(SETTLE),
    }


def caveats(story: ComparisonStory) -> list[str]:
    """Warnings that belong at the top: refusals with their code, denominators that are missing."""
    refused = [f"{problem.code}: {words.sentence(problem.what)}." for problem in story.refused]
    waiting = decisions.waiting(story.data.panel.vintage)
    return [text.replace("..", ".") for text in (*refused, *story.exposures.notes, *waiting)]


def denominators_table(story: ComparisonStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the force on every denominator."""
    rows = [
        {
            "Rate per": quoted(name),
            "Rate": own.rate,
            "rate_lower": own.rate_interval.lower,
            "rate_upper": own.rate_interval.upper,
            "Place": own.rank,
            "place_lower": own.rank_set.lower,
            "place_upper": own.rank_set.upper,
            "Counting chance alone": places(own.rank_interval),
        }
        for name, own in story.focus.items()
    ]
    own = story.focus[story.main]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"{story.force.name} among {own.units} forces, by denominator, {story.year}",
        "units": {"Place": f"of {own.units}, 1 is highest"},
        "formats": {"Rate": 0, "Place": 0},
        "intervals": {
            "Rate": ("rate_lower", "rate_upper"),
            "Place": ("place_lower", "place_upper"),
        },
        "level": story.level,
        "notes": [
            "Rate: exact Poisson interval. Place: the places that the data do not rule out, "
            "whatever the true order (confidence set); tried on simulated forces whose counts vary "
            "up to four times as much as chance, it holds the true place in at least 93%. The last "
            "column takes counting chance as the only error and is too short.",
        ],
    }


def readings_table(story: ComparisonStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: what a place among forces can mean."""
    table = story.readings
    first, last = story.data.panel.period0, story.data.panel.period1
    return {
        "frame": pd.DataFrame(
            {
                "Ordered by": table["reading"].str[:1].str.upper()
                + table["reading"].str[1:]
                + " (of "
                + table["of"].astype(str)
                + ")",
                "Place": table["place"],
            }
        ),
        "caption": f"{story.force.name} under every reading of a place, {last} (changes from "
        f"{first})",
        "formats": {"Place": 0},
        "without_interval": "Plain order of the recorded figures; chance is not allowed for.",
        "notes": f"An article that says number {CLAIMED_PLACE} of {CLAIMED_FORCES} does not name "
        "its forces, so that the number of forces cannot be checked.",
    }


def rates_table(story: ComparisonStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: every usable force, raw and shrunken."""
    result = story.usable[story.main]
    table, shrunk = result.funnel.table, result.shrunk.table
    order = table["rate"].sort_values(ascending=False).index
    names = forces.names()
    frame = pd.DataFrame(
        {
            "Force": [names[slug] for slug in order],
            "Recorded": table.loc[order, "count"].to_numpy(),
            "Rate": table.loc[order, "rate"].to_numpy() * result.per,
            "Shrunken rate": shrunk.loc[order, "shrunk"].to_numpy() * result.per,
            "lower": shrunk.loc[order, "lower"].to_numpy() * result.per,
            "upper": shrunk.loc[order, "upper"].to_numpy() * result.per,
            "Apart": ["yes" if flag else "no" for flag in table.loc[order, "outside_robust"]],
        }
    )
    tau = result.shrunk
    return {
        "frame": frame,
        "caption": f"Recorded assaults per {quoted(story.main)}, {len(frame)} forces, {story.year}",
        "formats": {"Rate": 0, "Shrunken rate": 0},
        "intervals": {"Shrunken rate": ("lower", "upper")},
        "level": story.level,
        "notes": "Shrunken rates are pulled towards the mean as far as counting chance warrants "
        f"({tau.method}). Spread between forces: {words.number(tau.tau, 2)} on the log scale "
        f"({words.interval(tau.tau_lower, tau.tau_upper)}). Apart: outside 99.8% limits by a "
        "spread that odd forces cannot widen.",
    }


def reasons_table(story: ComparisonStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: why a place by count is fragile, in three lines."""
    share = story.shares["share"]
    low, high = np.quantile(share, [0.1, 0.9])
    usable = story.usable[story.main].units
    rows = [
        (
            "Size",
            f"Count and {MANY[story.main]} go together: rank correlation "
            f"{words.number(story.size.value, 2)} "
            f"({words.interval(story.size.lower, story.size.upper)}).",
        ),
        ("Denominator", _denominator_line(story)),
        (
            "Recording",
            f"Recorded with injury: {words.percent(share.min())} to {words.percent(share.max())} "
            f"of offences between forces (10th to 90th percentile {words.percent(low)} to "
            f"{words.percent(high)}), too wide to be a difference in violence alone.",
        ),
        (
            "Which forces",
            f"There are {len(story.data.counts)} territorial forces; {usable} remain once records "
            f"with a break or too few offences are left out. An unnamed list of {CLAIMED_FORCES} "
            "cannot be checked.",
        ),
    ]
    return {
        "frame": pd.DataFrame(rows, columns=["Reason", "What the records say"]),
        "caption": f"Why a place in a list of counts is fragile, {story.year}",
    }


def words_for_funnel(story: ComparisonStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the funnel."""
    table = story.usable[story.main].funnel.table
    beyond = int(table["outside_exact_998"].sum())
    flagged = int(table["outside_998"].sum())
    force = story.force.name
    robust = int(table["outside_robust"].sum())
    if story.refused:
        told = words.number(robust) if robust else "None"
        said = f"{told} of {len(table)} forces {'stands' if robust < 2 else 'stand'} apart"
    else:
        apart = bool(table.loc[story.force.slug, "outside_robust"])
        said = (
            f"{force} {'stands apart from' if apart else 'lies within the ordinary spread of'} "
            f"{len(table)} forces"
        )
    return {
        "headline": said,
        "subtitle": f"Recorded assaults per {quoted(story.main)} against size of force, "
        f"{story.year}; forces with a recording break left out",
        "alt": f"Scatter of {len(table)} forces. {said}. Counting limits alone would put "
        f"{beyond} of them outside; limits that allow for spread between forces, {flagged}; a "
        f"spread that odd forces cannot widen, {robust}.",
    }


def words_for_scatter(story: ComparisonStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the scatter of count against size."""
    rho = words.number(story.size.value, 2)
    return {
        "headline": _size_words(story),
        "subtitle": f"{story.size.denominator}, {story.year}; rank correlation of count and "
        f"officers {rho} ({words.interval(story.size.lower, story.size.upper)})",
        "alt": f"Scatter of the counts of {story.size.denominator} against their size: the rank "
        f"correlation is {rho}, and the force in focus is marked.",
    }


def words_for_map(story: ComparisonStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the tile map."""
    rates = map_frame(story).set_index("force")["Rate"]
    names = forces.names()
    low, high = names[str(rates.idxmin())], names[str(rates.idxmax())]
    return {
        "headline": f"Recorded rates run from {words.number(rates.min(), 0)} to "
        f"{words.number(rates.max(), 0)} per {quoted(story.main)}",
        "subtitle": f"{len(rates)} forces, {story.year}; one equal tile for each area, laid out "
        "from its centroid",
        "alt": f"Map of equal tiles shaded by recorded rate, from {low} with the palest range to "
        f"{high} with the darkest.",
    }


def map_frame(story: ComparisonStory) -> pd.DataFrame:
    """Rate of every usable force, for the tile map."""
    result = story.usable[story.main]
    rate = result.funnel.table["rate"] * result.per
    return pd.DataFrame({"force": rate.index, "Rate": rate.to_numpy()})


def map_edges(story: ComparisonStory) -> list[float]:
    """Round limits between five shades with about as many forces in each."""
    rates = map_frame(story)["Rate"]
    return [float(np.round(edge, -1)) for edge in np.quantile(rates, [0.2, 0.4, 0.6, 0.8])]


def _left_out_names(story: ComparisonStory) -> list[str]:
    return sorted({forces.spoken(slug) for slug in story.data.panel.left_out["force"]})


def _why(story: ComparisonStory) -> str:
    """Say in a few words why the force is not compared."""
    if story.force.kind == "nation":
        return "England and Wales is all forces together"
    if story.force.kind == "transport":
        return "It polices another kind of place, and no table holds its residents or uses of force"
    return "Its record broke, or it recorded too few to tell"


def _point_rate(story: ComparisonStory) -> str:
    apart = bool(story.usable[story.main].funnel.table.loc[story.force.slug, "outside_robust"])
    spread = (
        "outside the spread that forces show"
        if apart
        else "well within the spread that forces show, so nothing sets it apart"
    )
    model = story.model
    assert model is not None
    limits = words.interval(model.lower, model.upper, 2)
    return (
        f"By the model below, its recorded rate per {model.denominator} is "
        f"{words.number(model.value, 2)} ({limits}) times that of the others, {spread}."
    )


def _denominator_line(story: ComparisonStory) -> str:
    if not story.focus:
        return "The order changes with the denominator; see the forces in focus elsewhere."
    parts = [f"{own.rank} per {PER[name]}" for name, own in story.focus.items()]
    own = story.focus[story.main]
    return (
        f"{story.force.name}'s place among {own.units}: {count_rank(story)[0]} by count, "
        f"{words.listing(parts)}."
    )


def _point_denominators(story: ComparisonStory) -> str:
    ranks = [own.rank for own in story.focus.values()]
    return (
        f"The same force is number {count_rank(story)[0]} by plain count, and number "
        f"{min(ranks)} to {max(ranks)} once the count is set against something: no denominator is "
        "right by itself."
    )


def _size_words(story: ComparisonStory) -> str:
    if story.size.lower > MOSTLY:
        return "A list of counts is mostly a list of force sizes"
    return "A count depends on the size of a force"


def _point_spread(story: ComparisonStory) -> str:
    table = story.usable[story.main].funnel.table
    alone, apart = (int(table[f"outside_{kind}"].sum()) for kind in ("exact_998", "robust"))
    return (
        f"Limits for counting chance alone would single out {words.plural(alone, 'force')}, since "
        "they take all forces to have one rate. With the ordinary spread allowed for, "
        f"{words.number(apart) if apart else 'none'} stand apart."
    )


def _point_recording(story: ComparisonStory) -> str:
    share = story.shares["share"]
    return (
        "Forces are unlikely to record alike. The share of offences with injury runs from "
        f"{words.percent(share.min())} to {words.percent(share.max())}, too wide to be a "
        "difference in violence alone."
    )


def _point_left_out(story: ComparisonStory) -> str:
    gone = _left_out_names(story)
    if not gone:
        return ""
    return f"Left out of every comparison here, with the reasons below: {words.listing(gone)}."
