"""Severity: the findings of the report, with the verdict on each by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officer_assaults.estimate import Estimate, count, statement
from officer_assaults.findings import Finding
from officer_assaults.page import words
from officer_assaults.stats import verdicts
from officer_assaults.topics.severity.story import LAYERS, SeverityStory

if TYPE_CHECKING:
    from officer_assaults.stats.severity import SeverityContrast

GREW_FASTER = "Recorded assaults without injury grew faster than those with injury"


def findings(story: SeverityStory) -> list[Finding]:
    """State the results, each with its verdict by rule."""
    made = [_found_pooled(story, at, who) for at, who in enumerate(story.pooled)]
    if story.refused or story.share is None or story.two is None:
        return [*made, _found_refused(story)]
    made += [_found_count(story, 0), _found_count(story, 1)]
    made += [_found_share(story, 0), _found_share(story, 1), _found_share_change(story)]
    release = story.two.vintage
    made += [
        _found_contrast(story, f"severity.{_key(name)}", contrast, release)
        for name, contrast in story.own.items()
    ]
    late = story.data.panel.vintage
    made += [
        _found_contrast(story, f"severity.{_key(name)}{'_late' if name == 'naive' else ''}",
                        contrast, late)
        for name, contrast in story.panel.items()
    ]  # fmt: skip
    return made


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _common(story: SeverityStory, vintage: str) -> dict[str, Any]:
    return {"period": story.period, "vintage": vintage, "level": story.level}


def _found_pooled(story: SeverityStory, at: int, who: str) -> Finding:
    found = story.pooled[who]
    names = ("usable", "usable_without", "national", "national_without")
    return found.finding(
        f"severity.{names[at]}",
        f"Growth without injury over growth with injury, {who}",
        f"{GREW_FASTER}, {who}",
        verdicts.lies("above", 1, found.lower, found.upper),
    )


def _found_refused(story: SeverityStory) -> Finding:
    return statement(
        "severity.refused",
        f"{story.force.name} has no comparable injury split",
        f"The injury split of {story.force.name} can be compared, {story.period}",
        "needs data",
        release=story.data.panel.vintage,
        period=story.period,
        level=story.level,
        note="; ".join(str(problem) for problem in story.refused),
    )


def _found_count(story: SeverityStory, which: int) -> Finding:
    two = story.two
    if two is None:
        raise ValueError("the force has no injury split")
    injured = which == 0
    value = two.after.n_injury if injured else two.after.n_no_injury
    return count(
        "severity.with_injury" if injured else "severity.without_injury",
        f"Recorded assaults {'with' if injured else 'without'} injury, {story.force.name}, "
        f"{two.after.financial_year}",
        f"{words.number(value or 0)} recorded offences of that class",
        "reproduces",
        value=float(value or 0),
        unit="recorded offences, one per victim",
        denominator=f"{two.after.days} days",
        period=two.after.financial_year,
        level=story.level,
        release=two.vintage,
    )


def _found_share(story: SeverityStory, which: int) -> Finding:
    share, two = story.share, story.two
    if share is None or two is None:
        raise ValueError("the force has no injury split")
    value, limits = (
        (share.after, share.after_interval) if which else (share.before, share.before_interval)
    )
    year = two.after if which else two.before
    return Estimate.of(
        value,
        limits,
        unit="share with injury",
        denominator="recorded assaults on constables",
        period=year.financial_year,
        release=two.vintage,
        level=story.level,
        note="Wilson interval",
    ).finding(
        f"severity.share{which}",
        f"Share of recorded assaults with injury, {story.force.name}, {year.financial_year}",
        f"{words.number(year.n_injury or 0)} of {words.number(year.n_total)} recorded "
        "assaults are with injury",
        "reproduces",
    )


def _found_share_change(story: SeverityStory) -> Finding:
    share, two = story.share, story.two
    if share is None or two is None:
        raise ValueError("the force has no injury split")
    gap = share.difference_interval
    return Estimate.of(
        share.difference,
        gap,
        unit="difference of shares",
        denominator="recorded assaults on constables",
        note=f"Newcombe interval; Fisher's exact p = {share.p:.3g}, odds ratio "
        f"{share.odds_ratio:.3f} ({share.odds_interval.lower:.3f} to "
        f"{share.odds_interval.upper:.3f})",
    ).finding(
        "severity.share_change",
        "Change of the share of recorded assaults with injury",
        "The share with injury fell",
        verdicts.lies("below", 0, gap.lower, gap.upper),
        **_common(story, two.vintage),
    )


def _found_contrast(
    story: SeverityStory, name: str, contrast: SeverityContrast, vintage: str
) -> Finding:
    # Counting chance alone judges nothing where the scatter of forces is known.
    judged = (story.panel.get("calibrated", contrast) if contrast.tau == 0 else contrast).interval
    limits = contrast.interval
    return Estimate.of(
        contrast.ratio,
        limits,
        unit="ratio of ratios",
        denominator="recorded assaults with injury",
        note=f"p = {contrast.p:.3g}"
        + (
            f"; tau = {contrast.tau:.3f} over {contrast.comparators} forces, t with "
            f"{contrast.df:g} df"
            if contrast.tau
            else ""
        ),
    ).finding(
        name,
        f"Growth without injury over growth with injury, {LAYERS[contrast.method]}",
        f"{GREW_FASTER} in {story.force.name}, {LAYERS[contrast.method]}",
        verdicts.lies("above", 1, judged.lower, judged.upper),
        quantity=f"growth without injury over growth with injury, {contrast.method}",
        **_common(story, vintage),
    )
