"""Comparison: the findings of the report, with the verdict on each by rule."""

from __future__ import annotations

from typing import Any

from officer_assaults.estimate import Estimate, count, statement
from officer_assaults.findings import Finding
from officer_assaults.page import words
from officer_assaults.stats import verdicts
from officer_assaults.topics.forces.story import (
    CLAIMED_FORCES,
    CLAIMED_PLACE,
    OFFENCES,
    PER,
    ComparisonStory,
    count_rank,
    place_verdict,
    places,
    quoted,
)


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
    return size.finding(
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
    place, limits = count_rank(story)
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
    return Estimate.of(
        own.rank,
        own.rank_set,
        unit=f"place among {own.units} forces, 1 is highest",
        denominator=PER[name],
        note="confidence set; for counting chance alone "
        f"{places(own.rank_interval)}, with quarterly dispersion "
        f"{places(own.rank_interval_dispersed)}",
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
    own, (place, limits) = story.focus[story.main], count_rank(story)
    return Estimate.of(
        own.rank,
        own.rank_set,
        unit=f"place among {own.units} forces, 1 is highest",
        denominator=PER[story.main],
        note=f"by count place {place} ({places(limits)}), which follows size: rank correlation "
        f"with officers {story.size.value:.2f}; recording differs between forces; the list of "
        f"{CLAIMED_FORCES} is not named",
    ).finding(
        "comparison.claimed_place",
        f"{story.force.name} as number {CLAIMED_PLACE} of {CLAIMED_FORCES} forces",
        f"Number {CLAIMED_PLACE} of {CLAIMED_FORCES}, read as a statement about risk",
        place_verdict(CLAIMED_PLACE, own.rank_set, limits),
        quantity=f"place per {PER[story.main]}",
        **_common(story),
    )
