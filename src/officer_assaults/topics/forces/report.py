"""Comparison: the sentences, tables and findings of the report that sets forces side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data import decisions, forces
from officer_assaults.estimate import Estimate, count, statement
from officer_assaults.findings import Finding, Verdict
from officer_assaults.page import words
from officer_assaults.stats import verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.force_year import Exposures, ForceYear
    from officer_assaults.data.forces import Force
    from officer_assaults.refusals import Problem
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.ranks import RankDistribution
    from officer_assaults.topics.forces.model import Association, ForceAmongForces, RateComparison

OFFENCES = "recorded assaults on constables"
#: Denominators in the words of a sentence: one, many, and the units that a rate is quoted for.
PER: dict[str, str] = {
    "officer_fte": "officer-year",
    "officer_headcount": "officer-year (persons)",
    "constable_fte": "constable-year",
    "residents": "resident",
    "uses_of_force": "recorded use of force",
}
MANY: dict[str, str] = {
    "officer_fte": "officer-years",
    "officer_headcount": "officer-years (persons)",
    "constable_fte": "constable-years",
    "residents": "residents",
    "uses_of_force": "recorded uses of force",
}
UNITS_PER_RATE: dict[str, float] = {"residents": 100_000.0}
CLAIMED_PLACE, CLAIMED_FORCES = 6, 40
#: Rank correlation with size above which an order of counts is mostly one of sizes.
MOSTLY = 0.7
SETTLE = (
    "A count of victims and of officers on response duty, from the same system in every force.",
    "An audit in each force of how many reported assaults on officers are recorded, and how their "
    "injuries are classed.",
    "The list of the 40 forces that the article ranks, and of those it leaves out.",
)


@dataclass(frozen=True, slots=True)
class ComparisonStory:
    """Everything that the report says about one force among the others.

    Parameters
    ----------
    force : Force
        In focus.
    data : ForceYear
        Counts and who can be compared.
    exposures : Exposures
        Denominators.
    usable : mapping of str to RateComparison
        The forces that can be compared, by denominator.
    focus : mapping of str to ForceAmongForces
        The force in focus; empty where it cannot be compared.
    by_count : RankDistribution
        Ranks of the same forces by plain count.
    readings : DataFrame
        From :func:`officer_assaults.data.readings.place_readings`.
    model : Estimate or None
        Rate of the force over that of the others by the model; None where it is not compared.
    size : Association
        How count and officers go together.
    shares : DataFrame
        force, share (of offences with injury), lower, upper; usable forces.
    main : str
        Denominator of the headline.
    alpha : float
        One minus the coverage.
    """

    force: Force
    data: ForceYear
    exposures: Exposures
    usable: Mapping[str, RateComparison]
    focus: Mapping[str, ForceAmongForces]
    by_count: RankDistribution
    readings: pd.DataFrame
    model: Estimate | None
    size: Association
    shares: pd.DataFrame
    main: str
    alpha: float

    @property
    def refused(self) -> tuple[Problem, ...]:
        """Why the force is not compared; empty if it is."""
        return self.data.refusal(self.force)

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.alpha

    @property
    def year(self) -> str:
        """Year compared."""
        return self.data.year.label

    @property
    def count(self) -> int | None:
        """Recorded offences of the force, None for one that is not among the 43."""
        mine = self.data.counts.set_index("force")["count"]
        return int(mine[self.force.slug]) if self.force.slug in mine.index else None


def answer(story: ComparisonStory) -> str:
    """Answer the question of the page: how the force compares."""
    who = forces.spoken(story.force.slug)
    if story.refused:
        return (
            f"Not known. {words.capital(who)} cannot be set against the other forces in "
            f"{story.year}."
        )
    own, (place, _) = story.focus[story.main], _count_rank(story)
    text = (
        f"By plain count {who} is number {place} of {own.units} forces that can be compared. Per "
        f"{PER[story.main]} any place from {_places(own.rank_set)} is open"
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
            "interval": f"No interval. {words.without_codes(_problem_text(story.refused[0]))}.",
            "caveat": caveat,
        }
    own = story.focus[story.main]
    return {
        "number": f"{_places(own.rank_set)} of {own.units}",
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
        f"{own.units} forces its place could be any from {_places(own.rank_set)}.",
        "not_say": f"{words.capital(who)} is number {_count_rank(story)[0]} for attacks on "
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
    refused = [f"{problem.code}: {_problem_text(problem)}." for problem in story.refused]
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
            "Counting chance alone": _places(own.rank_interval),
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
            f"{words.number(story.size.rho, 2)} "
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
    rho = words.number(story.size.rho, 2)
    return {
        "headline": _size_words(story),
        "subtitle": f"{story.size.units} forces, {story.year}; rank correlation of count and "
        f"officers {rho} ({words.interval(story.size.lower, story.size.upper)})",
        "alt": f"Scatter of the counts of {story.size.units} forces against their size: the rank "
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


def findings(story: ComparisonStory) -> list[Finding]:
    """State the results, each with its verdict by rule."""
    made = [_found_units(story), _found_size(story)]
    if story.refused:
        return [*made, _found_refused(story)]
    made.append(_found_count_place(story))
    made += [_found_place(story, name) for name in story.focus]
    made.append(_found_rate(story))
    made.append(_found_funnel(story))
    if story.model is not None:
        made.append(
            story.model.finding(
                "comparison.model",
                f"Rate of {story.force.name} over that of the other forces, by the model",
                "The recorded rate is above that of the other forces",
                verdicts.lies("above", 1.0, story.model.lower, story.model.upper),
            )
        )
    made.append(_found_claimed_place(story))
    return made


def place_verdict(claimed: int, by_rate: Interval, by_count: Interval) -> Verdict:
    """Judge a claimed place, read as a statement about risk.

    "consistent" if the place lies in the interval by rate; "not supported" if only the order of
    plain counts allows it, which is a statement about size; else "contradicted".
    """
    if by_rate.contains(claimed):
        return "consistent"
    return "not supported" if by_count.contains(claimed) else "contradicted"


def _count_rank(story: ComparisonStory) -> tuple[int, Interval]:
    slug = story.force.slug
    return int(story.by_count.table["rank"][slug]), story.by_count.interval(slug)


def _problem_text(problem: Problem) -> str:
    return (problem.what[:1].upper() + problem.what[1:]).rstrip(".")


def quoted(name: str) -> str:
    """Write the unit that rates on a denominator are quoted for, "1,000 officer-years"."""
    return f"{words.number(rate_units(name))} {MANY[name]}"


def rate_units(name: str) -> float:
    """Units of exposure that rates on a denominator are quoted for."""
    return UNITS_PER_RATE.get(name, 1000.0)


def _left_out_names(story: ComparisonStory) -> list[str]:
    return sorted({forces.spoken(slug) for slug in story.data.panel.left_out["force"]})


def _places(interval: Interval) -> str:
    return words.interval(interval.lower, interval.upper, 0)


def _why(story: ComparisonStory) -> str:
    """Say in a few words why the force is not compared."""
    if story.force.kind == "nation":
        return "England and Wales is all forces together"
    if story.force.kind == "transport":
        return "It polices another kind of place, and no table holds its residents or uses of force"
    return "Its record broke, or it recorded too few to tell"


def _point_rate(story: ComparisonStory) -> str:
    own = story.focus[story.main]
    apart = bool(story.usable[story.main].funnel.table.loc[story.force.slug, "outside_robust"])
    spread = (
        "outside the spread that forces show"
        if apart
        else "well within the spread that forces show, so nothing sets it apart"
    )
    return (
        f"Set against {MANY[story.main]}, its recorded rate is {words.number(own.ratio, 2)} times "
        f"the mean of the others, {spread}."
    )


def _denominator_line(story: ComparisonStory) -> str:
    if not story.focus:
        return "The order changes with the denominator; see the forces in focus elsewhere."
    parts = [f"{own.rank} per {PER[name]}" for name, own in story.focus.items()]
    own = story.focus[story.main]
    return (
        f"{story.force.name}'s place among {own.units}: {_count_rank(story)[0]} by count, "
        f"{words.listing(parts)}."
    )


def _point_denominators(story: ComparisonStory) -> str:
    ranks = [own.rank for own in story.focus.values()]
    return (
        f"The same force is number {_count_rank(story)[0]} by plain count, and number "
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
        f"Limits for counting chance alone would single out {alone} "
        f"of {len(table)} forces, since they take all forces to have one rate. With the ordinary "
        f"spread allowed for, {words.number(apart) if apart else 'none'} stand apart."
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


def _common(story: ComparisonStory) -> dict[str, Any]:
    return {"period": story.year, "vintage": story.data.panel.vintage, "level": story.level}


def _found_units(story: ComparisonStory) -> Finding:
    units = len(story.data.counts)
    return count(
        "comparison.units",
        "Territorial police forces of England and Wales",
        f"The list of {CLAIMED_FORCES} forces is a list of all",
        "needs data",
        value=units,
        unit="forces",
        denominator="England and Wales, without British Transport Police",
        note=f"{story.usable[story.main].units} remain once forces with a recording break or too "
        "few offences are left out",
        **_common(story),
    )


def _found_size(story: ComparisonStory) -> Finding:
    size = story.size
    return Estimate.of(
        size.rho,
        size,
        unit="rank correlation",
        denominator=f"{size.units} forces",
    ).finding(
        "comparison.size",
        "Rank correlation of recorded count and officers",
        "Forces with more officers record more",
        verdicts.lies("above", 0, size.lower, size.upper),
        **_common(story),
    )


def _found_refused(story: ComparisonStory) -> Finding:
    return statement(
        "comparison.refused",
        f"{story.force.name} is not compared",
        f"{story.force.name} can be set among the forces in {story.year}",
        "needs data",
        release=story.data.panel.vintage,
        period=story.year,
        level=story.level,
        note="; ".join(str(problem) for problem in story.refused),
    )


def _found_count_place(story: ComparisonStory) -> Finding:
    place, limits = _count_rank(story)
    verdict = verdicts.reproduces(CLAIMED_PLACE, place)
    if verdict != "reproduces":
        verdict = verdicts.within(CLAIMED_PLACE, limits.lower, limits.upper)
    return Estimate.of(
        place,
        limits,
        unit=f"place by count among {story.by_count.units} forces, 1 is highest",
        denominator="none: a count follows the size of a force",
        note="counting chance alone",
    ).finding(
        "comparison.place_by_count",
        f"Place of {story.force.name} by recorded count",
        f"Place {CLAIMED_PLACE} by count",
        verdict,
        **_common(story),
    )


def _found_place(story: ComparisonStory, name: str) -> Finding:
    own = story.focus[name]
    return Estimate(
        own.rank,
        own.rank_set.lower,
        own.rank_set.upper,
        unit=f"place among {own.units} forces, 1 is highest",
        denominator=PER[name],
        note="confidence set; for counting chance alone "
        f"{_places(own.rank_interval)}, with quarterly dispersion "
        f"{_places(own.rank_interval_dispersed)}",
    ).finding(
        f"comparison.place_{name}",
        f"Place of {story.force.name} by recorded assaults per {PER[name]}",
        f"Among the {own.top} highest rates",
        verdicts.lies("below", own.top + 0.5, own.rank_set.lower, own.rank_set.upper),
        quantity=f"place per {PER[name]}",
        **_common(story),
    )


def _found_rate(story: ComparisonStory) -> Finding:
    own = story.focus[story.main]
    return Estimate.of(
        own.rate,
        own.rate_interval,
        unit="recorded assaults on constables",
        denominator=quoted(story.main),
        note="exact Poisson interval",
    ).finding(
        "comparison.rate",
        f"Recorded assaults per {quoted(story.main)}, {story.force.name}",
        f"{words.number(story.count or 0)} {OFFENCES} over the mean of the stocks at both "
        "ends of the year",
        "reproduces",
        **_common(story),
    )


def _found_funnel(story: ComparisonStory) -> Finding:
    own = story.focus[story.main]
    table = story.usable[story.main].funnel.table.loc[story.force.slug]
    return Estimate.of(
        own.ratio,
        own.expected,
        unit="ratio; limits are the range expected of one force, not an interval of the value",
        denominator=PER[story.main],
        note=f"z = {own.z:.3f} (leave-one-out Paule-Mandel), p = {own.p:.3g}; robust z = "
        f"{table['z_robust']:.3f}; {own.units} forces whose records hold",
    ).finding(
        "comparison.funnel",
        f"Rate of {story.force.name} over the mean of the other forces, and range expected",
        "The force stands out from the others",
        verdicts.unusual(own.p, story.alpha),
        **_common(story),
    )


def _found_claimed_place(story: ComparisonStory) -> Finding:
    own, (place, limits) = story.focus[story.main], _count_rank(story)
    return Estimate(
        own.rank,
        own.rank_set.lower,
        own.rank_set.upper,
        unit=f"place among {own.units} forces, 1 is highest",
        denominator=PER[story.main],
        note=f"by count place {place} ({_places(limits)}), which follows size: rank correlation "
        f"with officers {story.size.rho:.2f}; recording differs between forces; the list of "
        f"{CLAIMED_FORCES} is not named",
    ).finding(
        "comparison.claimed_place",
        f"{story.force.name} as number {CLAIMED_PLACE} of {CLAIMED_FORCES} forces",
        f"Number {CLAIMED_PLACE} of {CLAIMED_FORCES}, read as a statement about risk",
        place_verdict(CLAIMED_PLACE, own.rank_set, limits),
        quantity=f"place per {PER[story.main]}",
        **_common(story),
    )
