"""Findings of the crewing report, with the verdict on each claim computed by rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from officer_assaults.findings import Finding
from officer_assaults.page import words
from officer_assaults.stats import shares
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
    number = not math.isnan(claim.value)
    limited = number and math.isfinite(claim.upper)
    where = f"In {story.where}"
    return Finding(
        id=f"crewing.{claim.id}",
        label=_label(claim),
        claim=f"{where}: {claim.statement[0].lower()}{claim.statement[1:]}",
        verdict=claim.verdict,
        kind="estimate" if limited else "statement",
        value=claim.value if number else None,
        lower=claim.lower if limited else None,
        upper=claim.upper if limited else None,
        level=story.level,
        unit=claim.unit,
        denominator=claim.denominator,
        period=story.when,
        vintage=story.vintage,
        simulated=story.simulated,
        note=claim.note if limited or not number else "too few places for an interval",
        tolerance=1e-5,
    )


def _survey_finding(story: CrewingStory) -> Finding:
    return Finding(
        id="crewing.survey_share",
        label="Single crewed often or always",
        claim="73 per cent of officers are single crewed often or always",
        verdict="reproduces" if round(story.survey.percent) == 73 else "contradicted",
        kind="count",
        value=story.survey.percent,
        unit="percent of respondents",
        denominator=f"{words.number(story.survey.respondents)} respondents in roles where crewing "
        "applies",
        period=story.survey.fieldwork,
        vintage=story.survey.survey,
        note="a headcount of answers, not a share of hours; respondents chose to answer",
    )


def _break_even(story: CrewingStory) -> Finding:
    percent = story.survey.percent / 100
    hours = shares.officer_hour_share(percent)
    allowed = shares.survey_bounds(percent, story.victims_single).hours_single
    return Finding(
        id="crewing.break_even",
        label="Share of victims single crewed at which the rates per officer-hour are equal",
        claim="More than this share of recorded victims is single crewed",
        verdict="needs data",
        value=100 * shares.victims_share_for(1.0, hours),
        lower=100 * allowed.lower,
        upper=100 * allowed.upper,
        level=1.0,
        unit="percent of recorded victims",
        denominator="officer-hours, were the survey's share one of unit-hours; bounds: by the "
        "hours that it allows",
        period=story.survey.fieldwork,
        vintage=story.survey.survey,
        note="no force has published recorded victims by crew",
    )


def _article_claim(story: CrewingStory) -> Finding:
    """Judge the article's sentence by own records, or else say what the survey allows."""
    percent = story.survey.percent / 100
    bounds = shares.survey_bounds(percent, story.victims_single).ratio
    real = not story.simulated
    claim = story.analysis.claim("far_more")
    return Finding(
        id="crewing.article_claim",
        label="Far more often assaulted when single crewed",
        claim="Officers are far more often assaulted when single crewed than when double crewed",
        verdict=claim.verdict if real else "needs data",
        kind="estimate",
        value=claim.value
        if real
        else shares.ratio_from_shares(story.victims_single, shares.officer_hour_share(percent)),
        lower=claim.lower if real else bounds.lower,
        upper=claim.upper if real else bounds.upper,
        level=story.level if real else 1.0,
        unit="rate ratio, single over double",
        denominator="officer-hours",
        period=story.when if real else story.survey.fieldwork,
        vintage=story.vintage if real else story.survey.survey,
        note=claim.note
        if real
        else f"bounds, not an interval: {words.percent(story.victims_single)} of victims single "
        "crewed (assumption) and the hours that the survey allows",
    )
