"""Findings of the crewing report, with the verdict on each claim computed by rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from officer_assaults import estimate
from officer_assaults.estimate import Estimate
from officer_assaults.findings import BOUNDS, Finding
from officer_assaults.page import words
from officer_assaults.stats import shares, verdicts
from officer_assaults.topics.crewing.report.story import CrewingStory

if TYPE_CHECKING:
    from officer_assaults.topics.crewing.model.claims import Claim


LABELS = {
    "per_officer_hour": "Rate ratio per officer-hour, adjusted",
    "per_attendance": "Rate ratio per attended incident, adjusted",
    "incidents": "Ratio of incidents per unit-hour, adjusted",
    "crude": "Rate ratio per officer-hour, not adjusted",
    "control_1": "Rate ratio by the crew of the shift before",
    "true_ratio": "Rate ratio per officer-hour, recording unknown",
    "backup": "Factor on the ratio, ten more minutes of back-up",
}


#: Who says so, and made the survey: a verdict on the figure cannot rest on it alone.
CLAIMANT = "PFEW"


def findings(story: CrewingStory) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    own = [_from_claim(story, claim) for claim in story.analysis.claims if _is_told(claim)]
    return [*own, _survey_finding(story), _break_even(story), _article_claim(story)]


def _is_told(claim: Claim) -> bool:
    """Whether a claim stands in the list of findings; the others stand in tables and figures."""
    if claim.id in ("far_more", "control_2"):
        return False
    return not claim.id.endswith(".attendances") or claim.id.startswith("policy.all_double.")


def _label(claim: Claim) -> str:
    known = LABELS.get(claim.id)
    if known:
        return known
    policy, _, held = claim.statement.partition(": fewer recorded victims at ")
    return f"Avoided at {held}: {policy[0].lower()}{policy[1:]}" if held else claim.statement


def _from_claim(story: CrewingStory, claim: Claim) -> Finding:
    label, where = _label(claim), f"In {story.where}"
    said = f"{where}: {claim.statement[0].lower()}{claim.statement[1:]}"
    about: dict[str, Any] = {
        "unit": claim.unit,
        "denominator": claim.denominator,
        "period": story.when,
        "release": story.vintage,
        "provenance": story.source,
        "simulated": story.simulated,
        "tolerance": 1e-5,
    }
    name = f"crewing.{claim.id}"
    if math.isnan(claim.value) or not math.isfinite(claim.upper):
        known = not math.isnan(claim.value)
        more = {"value": claim.value, "note": "too few places for an interval"} if known else {}
        about |= {"note": claim.note} | more
        return estimate.statement(name, label, said, claim.verdict, level=story.level, **about)
    number = Estimate(
        claim.value, claim.lower, claim.upper, level=story.level, note=claim.note, **about
    )
    return number.finding(name, label, said, claim.verdict)


def _survey_finding(story: CrewingStory) -> Finding:
    return estimate.count(
        "crewing.survey_share",
        "Single crewed often or always",
        "73 per cent of officers are single crewed often or always",
        verdicts.confirmed(
            verdicts.reproduces(73, story.survey.percent),
            independent=CLAIMANT not in story.survey.survey,
        ),
        value=story.survey.percent,
        unit="percent of respondents",
        denominator=f"{words.number(story.survey.respondents)} respondents in roles where crewing "
        "applies",
        period=story.survey.fieldwork,
        release=story.survey.survey,
        provenance=f"{story.survey.survey}, by way of {story.survey.source_url}",
        note="a headcount of answers, not a share of hours; respondents chose to answer",
    )


def _break_even(story: CrewingStory) -> Finding:
    percent = story.survey.percent / 100
    hours = shares.officer_hour_share(percent)
    allowed, _ = shares.survey_bounds(percent, story.victims_single)
    return Estimate(
        100 * shares.victims_share_for(1.0, hours),
        100 * allowed.lower,
        100 * allowed.upper,
        level=BOUNDS,
        unit="percent of recorded victims",
        denominator="officer-hours, were the survey's share one of unit-hours; bounds: by the "
        "hours that it allows",
        period=story.survey.fieldwork,
        release=story.survey.survey,
        note="no force has published recorded victims by crew",
    ).finding(
        "crewing.break_even",
        "Share of victims single crewed at which the rates per officer-hour are equal",
        "More than this share of recorded victims is single crewed",
        "needs data",
    )


def _article_claim(story: CrewingStory) -> Finding:
    """Leave the article's sentence open: it is about counts, which no force has published."""
    return estimate.statement(
        "crewing.article_claim",
        "Far more often assaulted when single crewed",
        "Officers are far more often assaulted when single crewed than when double crewed",
        "needs data",
        period=story.survey.fieldwork,
        release=story.survey.survey,
        note="about counts of victims by crew: a force's resource log would settle it, and none "
        "has been published",
    )
