"""Reporting: the answer, the main points, outside evidence and findings of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data.forces import spoken
from officer_assaults.estimate import Estimate, statement
from officer_assaults.findings import BOUNDS, Finding, Verdict
from officer_assaults.page import words
from officer_assaults.stats import verdicts
from officer_assaults.topics.recording import report_inspected
from officer_assaults.topics.recording.model.case import NO_CHANGE
from officer_assaults.topics.recording.report_bounds import METHODS
from officer_assaults.topics.recording.story import (
    ASSUMED,
    ReportingStory,
    common,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from officer_assaults.data.forces import Force
    from officer_assaults.data.recording_evidence import YearlyPair
    from officer_assaults.stats.changes import RecordedChange
    from officer_assaults.topics.recording.model.case import Anchored
    from officer_assaults.topics.recording.model.thinned_panel import PanelFit
    from officer_assaults.topics.recording.report_inspected import NationalEvidence

    SisterChange = tuple[YearlyPair, RecordedChange]

YEARS = ("first_year", "last_year")
SETTLE = (
    "Health and safety forms matched to crime records in both years.",
    "An audit of officer-victim reports, as the inspectorate made for public victims.",
    "A graded injury (none, graze, hospital) on every record, so that the anchor holds.",
)


def answer(story: ReportingStory) -> str:
    """Answer the question of the report in a line that a person could say."""
    if story.case is None or story.two is None:
        return (
            f"Not known. The records of {spoken(story.force.slug)} cannot be compared over these "
            f"years. {words.without_codes(words.sentence(story.refused[0].what))}."
        )
    if not story.case.has_direction:
        return (
            f"Not known. The record of {spoken(story.force.slug)} did not clearly change, so there "
            "is no rise or fall to put down to recording."
        )
    return (
        f"Not known. Better recording could explain none of the {story.moved}, all of it, or "
        "anything between. Matching officers' own forms to crime records in both years would "
        "settle it."
    )


def main_points(
    story: ReportingStory,
    evidence: NationalEvidence,
    stepped: str = "",
    low_base: str = "",
    own_register: str = "",
) -> list[str]:
    """Write the points of the summary, at most six.

    Parameters
    ----------
    own_register : str
        From :func:`officer_assaults.topics.recording.report_registers.said`.
    stepped, low_base : str
        From :func:`point_step` and :func:`point_low_base`.
    """
    points = report_inspected.points(evidence, story.force.name, story.moved)
    points = [own_register, *points, stepped, low_base, _point_feasible(story)]
    return [point for point in points if point][:6]


def own_growth(
    story: ReportingStory, changes: Sequence[SisterChange]
) -> tuple[float, float] | None:
    """Log ratios of code 104 and of 105A of the force; None where they bear no share.

    Only a force of its own, whose code 104 no decided break touches and whose count moved by more
    than chance, has a rise of which something can be a share.
    """
    mine = {pair.series: found for pair, found in changes if pair.who == story.force.name}
    usable = story.case is not None and story.case.has_direction and "104" not in story.touched
    if not usable or story.two is None or "104" not in story.two.codes:
        return None
    if story.force.kind != "territorial" or len(mine) < 2:
        return None
    if mine["104"].direction == "unclear":
        return None
    return mine["104"].log_ratio, mine["105A"].log_ratio


def point_step(
    steps: Mapping[str, pd.DataFrame], marks: pd.DataFrame, act: pd.Timestamp, force: Force
) -> str:
    """Say where two or more series of a force step at the quarter after a report; empty if none.

    Parameters
    ----------
    steps : mapping of str to DataFrame
        Series to :func:`officer_assaults.stats.segmented.break_profiles`.
    marks : DataFrame
        From :func:`officer_assaults.data.inspections.marks`.
    act : Timestamp
        Start of the quarter in which the Act came into force.
    """
    best = {name: table.iloc[0]["date"] for name, table in steps.items()}
    for mark in marks.to_dict("records"):
        there = [name for name, day in best.items() if day == mark["quarter"]]
        if len(there) < 2:
            continue
        before = ", before the Act on emergency workers" if mark["quarter"] < act else ""
        return (
            f"In {force.name} {_count(len(there), len(best))} recorded series step most clearly in "
            f"{words.quarter(mark['quarter'])}, the quarter after its inspection report{before}."
        )
    return ""


def _count(there: int, tried: int) -> str:
    return f"all {tried}" if there == tried else f"{there} of {tried}"


def point_low_base(counts: pd.Series, period0: str, period1: str) -> str:
    """Say where a rise starts from a year lower than the two before it; empty if it does not.

    Parameters
    ----------
    counts : Series
        Recorded assaults without injury (code 104) of complete, usable years, by label.
    """
    years = sorted(counts.index)
    if period0 not in years or period1 not in years or years.index(period0) < 2:
        return ""
    earlier = years[years.index(period0) - 2 : years.index(period0)]
    if not (counts[period1] > counts[period0] < counts[earlier].min()):
        return ""
    rise = words.percent(counts[period1] / counts[earlier[0]] - 1, signed=True)
    return (
        f"{period0} was a low year for recorded assaults without injury: set against {earlier[0]} "
        f"the change is {rise}. After a low year some rise is to be expected."
    )


def boxes(story: ReportingStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    return {
        "shows": f"How many assaults on {story.force.name} officers were recorded, with and "
        "without injury, and how the same years moved in other forces and for public victims.",
        "cannot": [
            "How many assaults went unrecorded, in either year.",
            "Whether officers were attacked more, or recorded more of what happened to them.",
        ],
        "settle": list(SETTLE),
    }


def caveats(story: ReportingStory) -> list[str]:
    """Say what belongs beside the numbers."""
    if story.case is None or story.two is None:
        return [str(problem) for problem in story.refused]
    notes = [*story.two.left_out, *story.two.remarks]
    if story.broken and story.case.anchored is not None:
        notes.append(
            f"Read the layers that lean on injuries as arithmetic only: {story.broken}, and the "
            "break itself is a change of recording."
        )
    if story.case.why_no_anchor:
        notes.append(f"No layer that leans on injuries: {story.case.why_no_anchor}.")
    if not story.case.has_direction:
        notes.append(f"No share is given: {NO_CHANGE}.")
    if story.two.vintage != story.panel_vintage:
        notes.append(
            f"The force's own figures are of the release {story.two.vintage}; forces are set side "
            f"by side in the release {story.panel_vintage}, never mixed."
        )
    return notes


def evidence_table(
    story: ReportingStory, changes: Sequence[SisterChange], audits: pd.DataFrame
) -> dict[str, Any]:
    """Outside evidence, line by line, whichever way it points.

    Parameters
    ----------
    story : ReportingStory
        The force.
    changes : sequence of (YearlyPair, RecordedChange)
        Sister series with their ratios.
    audits : DataFrame
        From :func:`officer_assaults.topics.recording.model.bounds.audit_ratios`.
    """
    kinds = {"violence": "violence", "all-crime": "all crime"}
    rows = [
        {
            "Evidence": f"Recorded share of {kinds[audit['crimes']]} against the public, audits: "
            + " then ".join(
                words.percent(share, 1) for share in dict.fromkeys((audit["first"], audit["last"]))
            ),
            "Years": " to ".join(dict.fromkeys(str(audit[key]) for key in YEARS)),
            "Ratio": audit["ratio"],
            "lower": audit["lower"],
            "upper": audit["upper"],
        }
        for audit in audits.to_dict("records")
    ]
    for pair, change in changes:
        who = "public victims" if pair.series == "105A" else "constables"
        rows.append(
            {
                "Evidence": f"Recorded assaults without injury, {who}, {pair.who}",
                "Years": f"{pair.period0} to {pair.period1}",
                "Ratio": change.ratio,
                "lower": change.interval.lower,
                "upper": change.interval.upper,
            }
        )
    moved = [words.percent(change.ratio - 1, signed=True) for _, change in changes]
    taken = " The later audits' intervals were not read and are taken as wide as the earlier ones'."
    pages = [f"Audits: {sources}." for sources in dict.fromkeys(audits["sources"])]
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Did recording change for others at the same time?",
        "level": story.level,
        "notes": [
            f"In the same years recorded assaults on the public in {changes[0][0].who} moved by "
            f"{moved[1]} and those on constables by {moved[0]}. After the national inspections of "
            f"2014 they moved by {moved[-1]} and {moved[-2]} in {changes[-1][0].who}.",
            "Intervals of counts are for counting chance only."
            + (taken if audits["ratio"].notna().any() else ""),
            *pages,
        ],
    }


def findings(
    story: ReportingStory, ceilings: pd.DataFrame | None, panel: PanelFit | None
) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    if story.case is None or story.two is None:
        return [_found_refused(story)]
    made = [*_found_shares(story), *_found_bounds(story)]
    if story.case.anchored is not None:
        made += _found_contrasts(story, story.case.anchored)
    if ceilings is not None:
        made.append(_found_ceiling(story, ceilings))
    if panel is not None:
        made.append(_found_level(story, panel))
    return made


def _point_feasible(story: ReportingStory) -> str:
    case = story.case
    if case is None or not case.has_direction:
        return ""
    found = case.feasible["all"]
    return (
        f"For recording to be the whole story, at most {words.percent(found.limit)} of assaults "
        f"on its officers can have been recorded {found.period} the {story.moved}."
    )


def _found_shares(story: ReportingStory) -> list[Finding]:
    anchored = story.anchored()
    if anchored is None:
        return [_found_no_share(story)]
    named = (
        ("reporting.share", anchored.default),
        ("reporting.share_perfect_anchor", anchored.bias[0]),
        ("reporting.share_narrow_mix", anchored.bias[1]),
        ("reporting.share_hidden_uptake", anchored.bias[3]),
    )
    return [
        Estimate.of(
            result.median,
            result.interval,
            unit=f"share of the log {story.moved}",
            denominator="log ratio of recorded assaults",
            note=f"probabilistic bias analysis {ASSUMED}, {result.draws} draws; "
            f"share below none in {result.below_zero:.0%} of draws"
            + (f"; {story.broken}" if story.broken else ""),
        ).finding(
            name,
            f"Share of the log {story.moved} that recording explains: {result.priors.name}",
            f"Part of the {story.moved} is a change of recording",
            "not identified"
            if story.broken
            else verdicts.bounded("above", 0.0, result.interval.lower, result.interval.upper),
            **common(story),
        )
        for name, result in named
    ]


def _found_no_share(story: ReportingStory) -> Finding:
    assert story.case is not None
    why = story.case.why_no_anchor if story.case.has_direction else NO_CHANGE
    return statement(
        "reporting.share",
        f"Share of the change of {story.force.name} that recording explains",
        "Part of the change is a change of recording",
        "not identified",
        note=f"no share: {why}",
        **common(story),
    )


def _found_bounds(story: ReportingStory) -> list[Finding]:
    case = story.case
    if case is None or not case.has_direction:
        return []
    found = case.feasible["all"]
    made = [
        Estimate.of(
            found.limit,
            found.interval,
            unit="probability that an assault is recorded",
            denominator="assaults on officers",
            note="arithmetic on the recorded ratio; nobody knows the probability itself",
        ).finding(
            "reporting.feasible",
            f"Highest recording probability {found.period} the {story.moved} with which "
            "recording alone explains it",
            f"Recording alone can explain the whole {story.moved}",
            "not identified",
            **common(story),
        )
    ]
    caps = case.ladder[case.ladder["layer"].str.startswith("Move capped")]
    made += [
        Estimate(
            float(row["high"]),
            0.0,
            float(row["high"]),
            unit=f"share of the log {story.moved}",
            denominator="log ratio of recorded assaults",
            note=f"a bound under its assumption {ASSUMED}, not an estimate",
        ).finding(
            f"reporting.{str(row['layer']).lower().replace(' ', '_').replace('%', '')}",
            f"Largest share that recording explains: {row['assumes']}",
            f"With {row['assumes']}, recording explains the whole {story.moved}",
            "not identified" if row["high"] >= 1 else "contradicted",
            **{**common(story), "level": BOUNDS},
        )
        for row in caps.to_dict("records")
    ]
    return made


def _found_contrasts(story: ReportingStory, anchored: Anchored) -> list[Finding]:
    return [
        Estimate.of(
            found.ratio,
            found.interval,
            unit="ratio of ratios",
            denominator="recorded assaults with injury",
            note=f"tau = {anchored.tau:.3f} over {anchored.others} other forces; p = {found.p:.3g}",
        ).finding(
            f"reporting.severity_{name}",
            f"Growth without injury over growth with injury. {METHODS[name]}",
            f"Recorded assaults without injury grew faster than those with injury: {METHODS[name]}",
            verdicts.lies("above", 1.0, found.interval.lower, found.interval.upper),
            quantity=f"growth without injury over growth with injury, {name}",
            **{**common(story), "vintage": story.panel_vintage},
        )
        for name, found in anchored.contrasts.items()
    ]


def _found_ceiling(story: ReportingStory, ceilings: pd.DataFrame) -> Finding:
    first = float(ceilings["ceiling"].iloc[0])
    return Estimate(
        first,
        float(ceilings["ceiling"].min()),
        float(ceilings["ceiling"].max()),
        unit="probability that an assault is recorded",
        denominator="surveyed officers of England and Wales",
        note="value: each victim once, everyone as likely to answer; limits: range over readings",
    ).finding(
        "reporting.survey_ceiling",
        "Highest recording probability that the survey allows, over its readings",
        "Most assaults on officers are recorded",
        "not identified",
        **{**common(story), "vintage": story.panel_vintage, "level": BOUNDS},
    )


def _found_level(story: ReportingStory, panel: PanelFit) -> Finding:
    row = panel.summary.set_index("quantity").loc[["level of recording"]].iloc[0]
    return Estimate.of(
        row["estimate"],
        row,
        unit="probability that an assault is recorded",
        denominator="assaults on officers",
        tolerance=1e-4,
        note=f"{row['label']} {ASSUMED}: contraction {row['contraction']:.2f}",
    ).finding(
        "reporting.panel_level",
        "Level of recording in the panel of forces",
        "The records tell what share of assaults on officers is recorded",
        "not identified",
        **{**common(story), "vintage": story.panel_vintage},
    )


def _found_refused(story: ReportingStory) -> Finding:
    verdict: Verdict = "needs data"
    return statement(
        "reporting.share",
        f"Share of the change of {story.force.name} that recording explains",
        "Part of the change is a change of recording",
        verdict,
        note="; ".join(str(problem) for problem in story.refused),
    )
