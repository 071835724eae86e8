"""Reporting: the sentences, tables and findings of the report on recording culture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.findings import BOUNDS, Finding, Verdict
from officer_assaults.page import words
from officer_assaults.stats import verdicts
from officer_assaults.stats.capture_recapture import TwoLists
from officer_assaults.topics.recording import figures_reporting
from officer_assaults.topics.recording.model.bounds import EVENT_DEFINITIONS
from officer_assaults.topics.recording.model.case import NO_CHANGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from officer_assaults.data.forces import Force
    from officer_assaults.data.recording_evidence import YearlyPair
    from officer_assaults.data.years import TwoYears
    from officer_assaults.refusals import Problem
    from officer_assaults.stats.changes import RecordedChange
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.pogit import MirrorPair
    from officer_assaults.topics.recording.model.bayes import SampledPosterior
    from officer_assaults.topics.recording.model.bounds import SurveyFigure
    from officer_assaults.topics.recording.model.case import Anchored, RecordingCase
    from officer_assaults.topics.recording.model.thinned_panel import PanelFit

    SisterChange = tuple[YearlyPair, RecordedChange]

ASSUMED = "(assumption)"
SERIES = {
    "recorded": "constables, without injury (104)",
    "105A": "public victims, without injury (105A)",
    "public-order": "public order",
}
NOT_DATED = (
    "The series of constables is not dated: a recording break lies inside it, or its counts are "
    "too few or negative, so its best step would be that break."
)
YEARS = ("first_year", "last_year")
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
SETTLE = (
    "Health and safety forms matched to crime records in both years.",
    "An audit of officer-victim reports, as the inspectorate made for public victims.",
    "A graded injury (none, graze, hospital) on every record, so that the anchor holds.",
)


@dataclass(frozen=True, slots=True)
class ReportingStory:
    """Everything that the report says about recording, before it is put into words.

    Parameters
    ----------
    force : Force
        In focus.
    two : TwoYears or None
        What was compared; None if refused.
    case : RecordingCase or None
        Every layer; None if refused.
    refused : tuple of Problem
        Why the force cannot be analysed.
    touched : tuple of str
        Offence codes that a decided recording break touches in these years.
    panel_vintage : str
        Release in which forces are set side by side.
    alpha : float
        One minus the coverage.
    """

    force: Force
    two: TwoYears | None
    case: RecordingCase | None
    refused: tuple[Problem, ...]
    touched: tuple[str, ...]
    panel_vintage: str
    alpha: float

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.alpha

    @property
    def moved(self) -> str:
        """Noun for the recorded change."""
        ratio = self.case.change.ratio if self.case else math.nan
        return "fall" if ratio < 1 else "rise"

    @property
    def broken(self) -> str:
        """Why the anchor cannot be leant on although it can be computed; empty if it can."""
        if not self.touched:
            return ""
        codes = words.listing([f"code {code}" for code in self.touched])
        return f"a recording break touches {codes} in these years, so the anchor is not sound"

    def anchored(self) -> Anchored | None:
        """Layers with the injury anchor, where a share can be spoken of."""
        if self.case is None or not self.case.has_direction:
            return None
        return self.case.anchored


def how_much(interval: Interval) -> str:
    """Say in words what a range of shares leaves open.

    Examples
    --------
    >>> from officer_assaults.stats.intervals import Interval
    >>> how_much(Interval(-1.5, 2.2)), how_much(Interval(0.2, 0.7))
    ('between none and all', 'part')
    """
    if interval.lower <= 0:
        return "between none and all" if interval.upper >= 1 else "between none and part"
    return "between part and all" if interval.upper >= 1 else "part"


def headline(story: ReportingStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    if story.case is None or story.two is None:
        return _refused_headline(story)
    change = story.case.change
    counts = f"{words.number(change.before)} to {words.number(change.after)} recorded offences"
    years = f"{story.two.period0} to {story.two.period1}"
    caution = (
        "Each interval rests on stated assumptions, not on a count of what went unrecorded. "
        "No public figure measures that."
    )
    if not story.case.has_direction:
        limits = _ratio_words(story, change.ratio, change.interval)
        return {
            "number": words.percent(change.ratio - 1, signed=True),
            "text": f"The record of {story.force.name} did not clearly change, so there is no rise "
            "or fall to put down to recording.",
            "interval": f"Rate ratio {limits}: {counts}, {years}.",
            "caveat": f"Recording may still have moved, with violence moving against it. {caution}",
        }
    anchored = story.anchored()
    under = ""
    if anchored is None or story.broken:
        said = "between none and all"
        interval = f"No interval: {story.case.why_no_anchor or story.broken}; {counts}, {years}."
    else:
        found = anchored.default
        said = how_much(found.interval)
        under = "" if said == "between none and all" else "under the default assumptions, "
        limits = words.interval_words(
            found.interval.lower, found.interval.upper, level=story.level, as_percent=True
        )
        interval = (
            f"{limits} of the log {story.moved} under the default assumptions, middle "
            f"{words.percent(found.median)} {ASSUMED}; {counts}, {years}."
        )
    return {
        "number": said.capitalize(),
        "text": f"{_sentence(under + 'a change of recording')} may account for {said} of the "
        f"{story.moved} in recorded assaults on {story.force.name} officers.",
        "interval": interval,
        "caveat": caution,
    }


def main_points(story: ReportingStory, changes: Sequence[SisterChange]) -> list[str]:
    """Write the points of the summary, at most six."""
    if story.case is None:
        return [f"{_sentence(problem.what)} ({problem.code})." for problem in story.refused[:3]]
    points = [_point_feasible(story), _point_capped(story), _point_anchor(story)]
    points += [_point_audits(story), _point_public(story, changes)]
    points.append(
        "A model of true rate and recording finds no level: the recording probability it returns "
        f"is the one put in {ASSUMED}."
    )
    return [point for point in points if point][:6]


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
    notes = [*story.two.left_out, *story.two.notes]
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


def contour(
    story: ReportingStory, surface: pd.DataFrame | None, audits: tuple[float, float] | None
) -> list[dict[str, Any]]:
    """Figures of the sensitivity surface."""
    if story.case is None or surface is None or not story.case.has_direction:
        return []
    change = story.case.change
    limit = story.case.feasible["all"].limit
    rose = story.moved == "rise"
    mark = None
    if audits is not None and story.case.audits is not None:
        mark = (*audits, story.case.audits)
    step = 0.6 * change.ratio**0.5
    chart = figures_reporting.share_contour(surface, change, mark)
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


def joint_table(story: ReportingStory) -> list[dict[str, Any]]:
    """Tables of the joint model with contraction beside every parameter."""
    anchored = story.anchored()
    if anchored is None:
        return []
    joint = anchored.joint
    table = joint.table.reset_index()
    rows = pd.DataFrame(
        {
            "Parameter": table["parameter"].str.capitalize(),
            "Prior": [
                f"{words.number(mean, 2)} (SD {words.number(sd, 2)})"
                for mean, sd in zip(table["prior_mean"], table["prior_sd"], strict=True)
            ],
            "Posterior mean": table["mean"],
            "lower": table["lower"],
            "upper": table["upper"],
            "Contraction": table["contraction"],
            "Reads": table["label"],
        }
    )
    limits = joint.share_interval
    share = words.interval_words(limits.lower, limits.upper, level=story.level, as_percent=True)
    return [
        {
            "frame": rows,
            "caption": "Joint model of severity and recording: how far the counts move each prior",
            "formats": dict.fromkeys(("Posterior mean", "lower", "upper", "Contraction"), 2),
            "intervals": {"Posterior mean": ("lower", "upper")},
            "level": story.level,
            "notes": "Contraction is one minus the posterior over the prior standard deviation; "
            f"below 0.3 a parameter is not called estimated. Share explained "
            f"{words.percent(joint.share)} ({share}) {ASSUMED}.",
        }
    ]


def panel_table(fits: Mapping[float, PanelFit], forces: int) -> dict[str, Any]:
    """Show that the level of the panel follows its prior and the slopes do not."""
    rows = [
        {
            "Quantity": f"{_quantity(str(row['quantity']))}, {words.percent(level)} believed",
            "Estimate": row["estimate"],
            "lower": row["lower"],
            "upper": row["upper"],
            "Contraction": row["contraction"],
            "Reads": row["label"],
        }
        for level, fit in fits.items()
        for row in fit.summary.to_dict("records")
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"One panel of {forces} forces fitted with {len(fits)} beliefs about the level "
        "of recording",
        "formats": dict.fromkeys(("Estimate", "lower", "upper", "Contraction"), 2),
        "notes": "The level that comes out is the level put in; slopes and changes hardly move. "
        "The slope of recording rests on an assumption: that the mix of public assaults without "
        f"injury tells of recording and not of violence {ASSUMED}. Without true counts for some "
        "units a level is never called estimated.",
    }


def mirror_table(pair: MirrorPair) -> dict[str, Any]:
    """Show the two equal peaks of a model whose parts share a covariate."""
    rows = [
        {
            "Peak": name,
            "Log-likelihood": f"{fit.log_likelihood:.8f}".replace("-", words.MINUS),
            "Recorded on average": fit.mean_recording,
        }
        for name, fit in (("One", pair.first), ("Its mirror image", pair.second))
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Two answers that fit the same simulated counts equally well",
        "formats": {"Recorded on average": "percent"},
        "simulated": True,
        "notes": "One covariate in both parts, 344 simulated units. Nothing in the counts can "
        "choose, so the project refuses this fit (E117) unless true counts are known for some.",
    }


def sampled_table(posterior: SampledPosterior, caption: str) -> dict[str, Any]:
    """Show a sampled posterior, where the sampler was asked for."""
    table = posterior.table.reset_index()
    rows = pd.DataFrame(
        {
            "Parameter": table["parameter"].str.capitalize(),
            "Posterior mean": table["mean"],
            "lower": table["lower"],
            "upper": table["upper"],
            "R-hat": table["rhat"],
            "Effective draws": table["effective"].round().astype(int),
            "Contraction": table["contraction"],
        }
    )
    state = "passed" if posterior.passed else "not passed"
    return {
        "frame": rows,
        "caption": caption,
        "formats": {"R-hat": 3, "Contraction": 2},
        "intervals": {"Posterior mean": ("lower", "upper")},
        "notes": f"Sampler checks {state}: {words.plural(posterior.divergences, 'divergence')}, "
        "R-hat at most 1.01, at least 400 effective draws.",
    }


def survey_table(
    survey: SurveyFigure, ceilings: pd.DataFrame, per_officer: float
) -> dict[str, Any]:
    """Show what a survey allows at most, under each reading of it."""
    alone = ceilings["concentration"].map(lambda value: value is None)
    ceilings = ceilings[alone | (ceilings["answer_odds"] == 1)]
    rows = pd.DataFrame(
        {
            "Repeat victims": [_repeats(value) for value in ceilings["concentration"]],
            "Victims likelier to answer": [
                "no" if odds == 1 else f"odds × {odds:g}" for odds in ceilings["answer_odds"]
            ],
            "Events per officer a year": ceilings["events"],
            "Recorded at most": ceilings["ceiling"],
        }
    )
    return {
        "frame": rows,
        "caption": f"Highest recording probability that the {survey.name} allows: "
        f"{EVENT_DEFINITIONS[survey.event_definition]}",
        "formats": {"Events per officer a year": 2, "Recorded at most": "percent"},
        "without_interval": f"{words.percent(survey.prevalence)} of "
        f"{words.number(survey.respondents)} respondents; a sampling interval would ignore who "
        "chose to answer, so the spread over the rows is the uncertainty shown.",
        "notes": f"Against {words.number(per_officer, 3)} recorded assaults per officer-year in "
        "England and Wales. A level, not a change, and only as good as the match between the "
        "event asked about and a recordable assault.",
    }


def lists_table(table: pd.DataFrame, lists: TwoLists, true_total: int) -> dict[str, Any]:
    """Two simulated lists with known total, under assumed odds ratios between them."""
    rows = pd.DataFrame(
        {
            "Assumed": [f"odds ratio {value:g}" for value in table["odds_ratio"]],
            "Estimated total": table["total"].round().astype(int),
            "lower": table["lower"].round().astype(int),
            "upper": table["upper"].round().astype(int),
            "Recorded share": table["recorded_share"],
            "Total reads": table["reading"],
        }
    )
    return {
        "frame": rows,
        "caption": "What matching crime records with safety forms would give, and in which "
        f"direction it errs: {words.number(true_total)} simulated assaults",
        "formats": {"Recorded share": "percent"},
        "intervals": {"Estimated total": ("lower", "upper")},
        "without_interval": "The recorded share is crime records over the total.",
        "simulated": True,
        "notes": f"{words.number(lists.first)} on the crime record, {words.number(lists.second)} "
        f"on a form, {words.number(lists.both)} on both; the true odds ratio is 2. One supervisor "
        "prompts both, so independence counts too few: a lower bound on the total, an upper bound "
        "on the recorded share.",
    }


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
        who = "public victims (105A)" if pair.series == "105A" else "constables (104)"
        rows.append(
            {
                "Evidence": f"Recorded assaults without injury, {who}, {pair.who}",
                "Years": f"{pair.period0} to {pair.period1}",
                "Ratio": change.ratio,
                "lower": change.interval.lower,
                "upper": change.interval.upper,
            }
        )
    public, constables = (changes[place][1].ratio - 1 for place in (-1, -2))
    taken = " The later audits' intervals were not read and are taken as wide as the earlier ones'."
    pages = [f"Audits: {sources}." for sources in dict.fromkeys(audits["sources"])]
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Did recording change for others at the same time?",
        "level": story.level,
        "notes": [
            "For: where recording was put right, public victims show a like rise. Against: after "
            "the national inspections of 2014 recorded assaults on the public moved by "
            f"{words.percent(public, signed=True)} and those on constables by "
            f"{words.percent(constables, signed=True)}.",
            "Intervals of counts are for counting chance only."
            + (taken if audits["ratio"].notna().any() else ""),
            *pages,
        ],
    }


def timing_table(
    breaks: Mapping[str, pd.DataFrame], act: pd.Timestamp, force: Force, level: float
) -> list[dict[str, Any]]:
    """Tables of the quarter in which each series steps best.

    Parameters
    ----------
    breaks : mapping of str to DataFrame
        Series to :func:`officer_assaults.stats.segmented.break_dates`.
    act : Timestamp
        Start of the quarter in which the Act came into force.
    force : Force
        Whose series they are.
    level : float
        Coverage of the intervals.
    """
    rows = []
    for name, table in breaks.items():
        best = table.iloc[0]
        near = table.loc[table["near"], "date"].sort_values()
        rows.append(
            {
                "Series": name,
                "Best quarter": words.quarter(best["date"]),
                "Step": best["ratio"],
                "lower": best["lower"],
                "upper": best["upper"],
                "Quarters about as good": str(len(near) - 1),
                "Quarter of the Act": "about as good" if act in set(near) else "fits worse",
            }
        )
    if not rows:
        return []
    untried = [] if SERIES["recorded"] in breaks else [NOT_DATED]
    return [
        {
            "frame": pd.DataFrame(rows),
            "caption": f"When did the records of {force.name} step?",
            "intervals": {"Step": ("lower", "upper")},
            "level": level,
            "notes": [
                "Descriptive: one step, a straight trend and a season in each series, every "
                "quarter tried. Intervals take the quarter as given.",
                *untried,
            ],
        }
    ]


def events_table(events: pd.DataFrame) -> dict[str, Any]:
    """Dated events that can move the record."""
    return {
        "frame": pd.DataFrame(
            {
                "Day": events["day"].dt.strftime("%-d %B %Y"),
                "Event": events["event"],
                "Can move": events["kind"].map(
                    {"recording": "what is recorded", "law": "what happens and what is recorded"}
                ),
                "Read": events["read"],
            }
        ),
        "caption": "Dated events",
        "notes": "Addresses of the pages are in the data table events/dated.",
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
    if story.case.audits is not None and story.case.has_direction:
        made.append(_found_audits(story))
    if ceilings is not None:
        made.append(_found_ceiling(story, ceilings))
    if panel is not None:
        made.append(_found_level(story, panel))
    return made


def _refused_headline(story: ReportingStory) -> dict[str, str]:
    problem = story.refused[0]
    return {
        "number": "Not compared",
        "text": f"The records of {story.force.name} cannot be compared over these years.",
        "interval": f"No interval ({problem.code}). {_sentence(problem.what)}.",
        "caveat": problem.remedy,
    }


def _point_feasible(story: ReportingStory) -> str:
    case = story.case
    if case is None or not case.has_direction:
        return ""
    found = case.feasible["all"]
    limits = words.interval_words(
        found.interval.lower, found.interval.upper, level=story.level, as_percent=True
    )
    return (
        f"Recording alone can explain the whole {story.moved} of recorded assaults only if at most "
        f"{words.percent(found.limit)} ({limits}) were recorded {found.period} it."
    )


def _point_capped(story: ReportingStory) -> str:
    if story.case is None:
        return ""
    caps = story.case.ladder[story.case.ladder["layer"].str.startswith("Move capped")]
    if caps.empty:
        return ""
    least = caps.sort_values("high").iloc[0].to_dict()
    assumed = str(least["assumes"])
    return (
        f"With {assumed} {ASSUMED}, recording explains at most {words.percent(least['high'])} of "
        f"the {story.moved}."
    )


def _point_anchor(story: ReportingStory) -> str:
    anchored = story.anchored()
    if anchored is None or story.broken:
        return ""
    perfect, usual = anchored.bias[0], anchored.default
    return (
        f"If recorded injuries were a perfect anchor, recording would explain "
        f"{words.percent(perfect.median)} ({_share_words(story, perfect.interval)}) of the "
        f"{story.moved}; with the anchor as unsteady as forces differ, "
        f"{_share_words(story, usual.interval, named=False)} {ASSUMED}."
    )


def _point_audits(story: ReportingStory) -> str:
    if story.case is None or story.case.audits is None or not story.case.has_direction:
        return ""
    found = story.case.audits
    ratio = words.ratio(found.ratio, found.interval.lower, found.interval.upper, level=story.level)
    return (
        f"Audits found recorded crime against the public {ratio} times as complete in the later "
        f"year; read across to officers that would be {words.percent(found.share)} "
        f"({_share_words(story, found.share_interval, named=False)}) of the {story.moved} "
        f"{ASSUMED}."
    )


def _point_public(story: ReportingStory, changes: Sequence[SisterChange]) -> str:
    public = [(pair, change) for pair, change in changes if pair.series == "105A"]
    if not public or public[0][0].who != story.force.name:
        return ""
    own, nation = (words.percent(change.ratio - 1, 1, signed=True) for _, change in public[:2])
    return (
        f"Recorded assaults without injury on the public moved by {own} in the same force and "
        f"years, against {nation} nationally."
    )


def _common(story: ReportingStory) -> dict[str, Any]:
    assert story.two is not None
    return {
        "period": f"{story.two.period0} to {story.two.period1}",
        "vintage": story.two.vintage,
        "level": story.level,
    }


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
        Finding(
            id=name,
            label=f"Share of the log {story.moved} that recording explains: {result.priors.name}",
            claim=f"More than half of the {story.moved} is a change of recording",
            verdict="not identified"
            if story.broken
            else verdicts.bounded("above", 0.5, result.interval.lower, result.interval.upper),
            value=result.median,
            lower=result.interval.lower,
            upper=result.interval.upper,
            unit=f"share of the log {story.moved}",
            denominator="log ratio of recorded assaults",
            note=f"probabilistic bias analysis {ASSUMED}, {result.draws} draws; "
            f"P(share > 1/2) = {result.above_half:.2f}, P(share < 0) = {result.below_zero:.2f}"
            + (f"; {story.broken}" if story.broken else ""),
            **_common(story),
        )
        for name, result in named
    ]


def _found_no_share(story: ReportingStory) -> Finding:
    assert story.case is not None
    why = story.case.why_no_anchor if story.case.has_direction else NO_CHANGE
    return Finding(
        id="reporting.share",
        label=f"Share of the change of {story.force.name} that recording explains",
        claim="More than half of the change is a change of recording",
        verdict="not identified",
        kind="statement",
        note=f"no share: {why}",
        **_common(story),
    )


def _found_bounds(story: ReportingStory) -> list[Finding]:
    case = story.case
    if case is None or not case.has_direction:
        return []
    found = case.feasible["all"]
    made = [
        Finding(
            id="reporting.feasible",
            label=f"Highest recording probability {found.period} the {story.moved} with which "
            "recording alone explains it",
            claim=f"Recording alone can explain the whole {story.moved}",
            verdict="not identified",
            value=found.limit,
            lower=found.interval.lower,
            upper=found.interval.upper,
            unit="probability that an assault is recorded",
            denominator="assaults on officers",
            note="arithmetic on the recorded ratio; nobody knows the probability itself",
            **_common(story),
        )
    ]
    caps = case.ladder[case.ladder["layer"].str.startswith("Move capped")]
    made += [
        Finding(
            id=f"reporting.{str(row['layer']).lower().replace(' ', '_').replace('%', '')}",
            label=f"Largest share that recording explains: {row['assumes']}",
            claim=f"With {row['assumes']}, recording explains the whole {story.moved}",
            verdict="not identified" if row["high"] >= 1 else "contradicted",
            value=float(row["high"]),
            lower=0.0,
            upper=float(row["high"]),
            unit=f"share of the log {story.moved}",
            denominator="log ratio of recorded assaults",
            note=f"a bound under its assumption {ASSUMED}, not an estimate",
            **{**_common(story), "level": BOUNDS},
        )
        for row in caps.to_dict("records")
    ]
    return made


def _found_contrasts(story: ReportingStory, anchored: Anchored) -> list[Finding]:
    return [
        Finding(
            id=f"reporting.severity_{name}",
            label=f"Growth without injury over growth with injury. {METHODS[name]}",
            claim="Recorded assaults without injury grew faster than those with injury",
            verdict=verdicts.lies("above", 1.0, found.interval.lower, found.interval.upper),
            value=found.ratio,
            lower=found.interval.lower,
            upper=found.interval.upper,
            unit="ratio of ratios",
            denominator="recorded assaults with injury",
            note=f"tau = {anchored.tau:.3f} over {anchored.others} other forces; p = {found.p:.3g}",
            **{**_common(story), "vintage": story.panel_vintage},
        )
        for name, found in anchored.contrasts.items()
    ]


def _found_audits(story: ReportingStory) -> Finding:
    assert story.case is not None
    assert story.case.audits is not None
    found = story.case.audits
    return Finding(
        id="reporting.audits",
        label=f"Share of the log {story.moved} if recording of crimes against officers moved as "
        "audits found for the public",
        claim=f"More than half of the {story.moved} is a change of recording",
        verdict="not identified",
        value=found.share,
        lower=found.share_interval.lower,
        upper=found.share_interval.upper,
        unit=f"share of the log {story.moved}",
        denominator="log ratio of recorded assaults",
        note=f"audited ratio {found.ratio:.3f} ({found.interval.lower:.2f} to "
        f"{found.interval.upper:.2f}); reading it across is an assumption with evidence on both "
        f"sides; divided by it the ratio is {found.remaining:.2f} "
        f"({found.remaining_interval.lower:.2f} to {found.remaining_interval.upper:.2f})",
        **_common(story),
    )


def _found_ceiling(story: ReportingStory, ceilings: pd.DataFrame) -> Finding:
    first = float(ceilings["ceiling"].iloc[0])
    return Finding(
        id="reporting.survey_ceiling",
        label="Highest recording probability that the survey allows, over its readings",
        claim="Most assaults on officers are recorded",
        verdict="not identified",
        value=first,
        lower=float(ceilings["ceiling"].min()),
        upper=float(ceilings["ceiling"].max()),
        unit="probability that an assault is recorded",
        denominator="surveyed officers of England and Wales",
        note="value: each victim once, everyone as likely to answer; limits: range over readings",
        **{**_common(story), "vintage": story.panel_vintage, "level": BOUNDS},
    )


def _found_level(story: ReportingStory, panel: PanelFit) -> Finding:
    row = panel.summary.set_index("quantity").loc["level of recording"].to_dict()
    return Finding(
        id="reporting.panel_level",
        label="Level of recording in the panel of forces",
        claim="The records tell what share of assaults on officers is recorded",
        verdict="not identified",
        value=float(row["estimate"]),
        lower=float(row["lower"]),
        upper=float(row["upper"]),
        unit="probability that an assault is recorded",
        denominator="assaults on officers",
        tolerance=1e-4,
        note=f"set by the prior {ASSUMED}: contraction {row['contraction']:.2f}",
        **{**_common(story), "vintage": story.panel_vintage},
    )


def _found_refused(story: ReportingStory) -> Finding:
    verdict: Verdict = "needs data"
    return Finding(
        id="reporting.share",
        label=f"Share of the change of {story.force.name} that recording explains",
        claim="More than half of the change is a change of recording",
        verdict=verdict,
        kind="statement",
        note="; ".join(str(problem) for problem in story.refused),
    )


def _ratio_words(story: ReportingStory, ratio: float, interval: Interval) -> str:
    return words.ratio(ratio, interval.lower, interval.upper, level=story.level)


def _share_words(story: ReportingStory, interval: Interval, *, named: bool = True) -> str:
    if not named:
        return words.interval(interval.lower, interval.upper, as_percent=True)
    return words.interval_words(interval.lower, interval.upper, level=story.level, as_percent=True)


def _repeats(concentration: float | None) -> str:
    if concentration is None:
        return "each victim once"
    if math.isinf(concentration):
        return "equal risk for all"
    return f"few officers meet most (shape {concentration:g})"


def _quantity(name: str) -> str:
    names = {
        "level of recording": "Level of recording",
        "incidence slope: violence": "Slope of true rate on violence",
        "reporting slope: minor_share": "Slope of recording on the minor share",
    }
    return names.get(name, name)


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:]).rstrip(".")


def grid() -> np.ndarray:
    """Grid of recording probabilities for the surface."""
    return np.round(np.arange(0.30, 1.001, 0.05), 2)
