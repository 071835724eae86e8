"""Crewing: what the report on single and double crews says, put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.estimate import Shown
from officer_assaults.page import words
from officer_assaults.stats import shares
from officer_assaults.stats.evalue import bounding_factor
from officer_assaults.topics.crewing import door
from officer_assaults.topics.crewing.data.schemas import SIMULATED_FORCE
from officer_assaults.topics.crewing.disclosure import Audience
from officer_assaults.topics.crewing.model.checks import (
    CREW_BEFORE,
    OTHER_INJURIES,
    planned_agreement,
)
from officer_assaults.topics.crewing.model.following import LEFT_OUT
from officer_assaults.topics.crewing.report import own_cells

if TYPE_CHECKING:
    from officer_assaults.topics.crewing.data.reader import CrewFile
    from officer_assaults.topics.crewing.model.analysis import CrewingAnalysis
    from officer_assaults.topics.crewing.model.ratios import ArmRatio
    from officer_assaults.topics.crewing.simulator.truth import Truth

TERM_WORDS = {
    "C(hour_band)": "hour band",
    "dark_share": "darkness",
    "weekend": "weekend",
    "weekend:night": "weekend nights",
    "C(area_type)": "kind of area",
    "C(lpa)": "policing area",
    "backup_c": "planned back-up",
    "C(month)": "month or quarter",
    "C(team)": "team",
    "staffing": "staffing",
    "taser_share": "TASER carried",
    "new_officer_share": "new officers",
    "grade1_share": "call grade",
    "marker_share": "warning markers",
}

#: A danger of this strength, as a dispatcher's hunch might be, to show what it could do.
EXAMPLE_DANGER = (3.0, 2.0)


@dataclass(frozen=True, slots=True)
class CrewingStory(Shown):
    """Everything that the report says, before it is put into words.

    Parameters
    ----------
    analysis : CrewingAnalysis
    survey : Series
        From :func:`officer_assaults.data.recording_evidence.single_crewed`.
    seed : int
        Of the simulated force.
    file : CrewFile or None
        The force's own export; None where the force is simulated.
    truth : Truth or None
        Behind a simulated force.
    setting : str
        What is true in the simulated force, in a sentence.
    outcome : {"all", "injury"}
    victims_single : float
        Share of victims taken to be single crewed in the survey's arithmetic (assumption).
    far_more : float
    audience : {"public", "internal"}
    studies : DataFrame or None
        Published ratios of injury once assaulted; the last row weighs the others together.
    """

    analysis: CrewingAnalysis
    survey: pd.Series
    seed: int
    file: CrewFile | None = None
    truth: Truth | None = None
    setting: str = ""
    outcome: str = "all"
    victims_single: float = 0.70
    far_more: float = 2.0
    audience: Audience = "public"
    studies: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Refuse what a public report of a force's own cells may not say (E121)."""
        if self.file is not None:
            own_cells.check(self)

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.analysis.alpha

    @property
    def simulated(self) -> bool:
        """Whether the cells are made up."""
        return self.file is None or self.file.simulated

    @property
    def protected(self) -> bool:
        """Whether the numbers are those of an own export made fit for the public."""
        return self.audience == "public" and door.is_own(self.file)

    @property
    def where(self) -> str:
        """Whose crews these are."""
        if self.file is None:
            return "the simulated force"
        if self.file.force == SIMULATED_FORCE:
            return "a made-up force"
        name = forces.resolve(self.file.force).name
        return f"a made-up file for {name}" if self.file.simulated else name

    @property
    def when(self) -> str:
        """Months that the cells cover."""
        starts = self.analysis.data.frame["period_start"]
        length = self.file.about.period_months if self.file else 3
        last = starts.max() + pd.DateOffset(months=length - 1)
        first = starts.min()
        return (
            f"{words.MONTHS[first.month - 1]} {first.year} to "
            f"{words.MONTHS[last.month - 1]} {last.year}"
        )

    @property
    def victims(self) -> str:
        """What is counted."""
        return "recorded victims with injury" if self.outcome == "injury" else "recorded victims"

    @property
    def vintage(self) -> str:
        """Release that the numbers rest on."""
        if self.file is None:
            return f"simulated, seed {self.seed}"
        return self.file.about.vintage or "as exported"

    @property
    def source(self) -> str:
        """Source line under tables and figures."""
        if self.file is None:
            return f"Simulated force, seed {self.seed}; no force has published such data"
        return self.file.about.source

    @property
    def work(self) -> str:
        """At what the crews are alike, to begin a sentence."""
        if self.analysis.data.holds_risk_alike:
            return "For like work"
        return words.capital(_alike(self))


NOT_KNOWN = (
    "Not known. No force publishes the hours that officers work alone, so nobody can compute a "
    "rate. Hours and victims by crew, from one resource log, would make it known."
)
BRITISH = (
    "The one British study, of rotas in the West Midlands, reports that double crewing reduces "
    "serious injury; we could not read by how much."
)
INJURY_ONLY = (
    "That is injury once an officer is assaulted, not how often officers are assaulted. "
    "What follows on crews is a demonstration on a simulated force."
)


def answer(story: CrewingStory) -> str:
    """First line of the page: the answer to its question."""
    if story.file is None:
        return NOT_KNOWN
    if story.simulated:
        return "Not known. This file is marked as made up: the page shows what one would give."
    one = story.analysis.adjusted
    if not one.has_interval:
        return (
            f"Not known. {story.where} has too few areas for an interval: rows by beat, or more "
            "areas, would make it known."
        )
    looked = CREW_BEFORE not in story.analysis.untested and not story.analysis.hidden_danger
    if not story.analysis.data.holds_risk_alike or (one.lower <= 1 and not looked):
        return (
            f"Not known for {story.where}. {_hidden_in_words(story)} Such a danger would pull the "
            "ratio down, so these rows cannot say that working alone is as safe."
        )
    compared = "more" if one.lower > 1 else "fewer" if one.upper < 1 else "about as many"
    than = "as" if one.lower <= 1 <= one.upper else "than"
    return (
        f"In {story.where}, single crews had {compared} {story.victims} per officer-hour {than} "
        f"double crews {_alike(story)}. {_hidden_in_words(story)}"
    )


def _alike(story: CrewingStory) -> str:
    data = story.analysis.data
    if data.holds_risk_alike:
        return "on like work"
    if LEFT_OUT not in data.left_out.values():
        return "at like hours and places"
    return f"with {_held_alike(data.terms) or 'nothing'} held alike"


def _hidden_in_words(story: CrewingStory) -> str:
    """Say whether a hidden danger was looked for, and what came of it: not tested is not passed."""
    analysis = story.analysis
    if CREW_BEFORE in analysis.untested:
        said = (
            "Not tested: whether dispatchers act on a danger that no column holds "
            f"({analysis.untested[CREW_BEFORE]})."
        )
    elif analysis.hidden_danger:
        said = "A check found that dispatchers act on a danger that no column holds."
    else:
        said = "A check for a danger that only dispatchers know found none."
    if OTHER_INJURIES in analysis.untested:
        said += (
            " Not tested: whether both crews report injuries alike "
            f"({analysis.untested[OTHER_INJURIES]})."
        )
    return said


def headline(story: CrewingStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`: what is known, or a force's own ratio.

    A number from simulated data never stands here.
    """
    if story.file is None:
        return {"text": BRITISH, "interval": _studies_in_words(story), "caveat": INJURY_ONLY}
    one = story.analysis.adjusted
    said = [
        "Made-up data, not evidence." if story.simulated else "",
        ""
        if story.analysis.data.holds_risk_alike
        else "The calls are not held alike, so this is no comparison of like work.",
        _hidden_in_words(story),
        _e_value(story),
    ]
    return {
        "number": "" if story.simulated else words.number(one.ratio, 2),
        "text": f"{story.work} in {story.where}, {story.victims} per officer-hour were "
        f"{words.number(one.ratio, 2)} times as many in single crews as in double crews.",
        "interval": _limits(one, story.level),
        "caveat": " ".join(filter(None, said)),
    }


def _studies_in_words(story: CrewingStory) -> str:
    if story.studies is None:
        return "No interval: nothing that was published can be counted."
    *_, both = story.studies.to_dict("records")
    return (
        "American studies together: officers "
        f"alone were injured {words.number(both['Ratio'], 2)} times as often once assaulted "
        f"({words.interval_words(both['lower'], both['upper'], 2, level=story.level)})."
    )


def _e_value(story: CrewingStory) -> str:
    """Say beside the headline how strong a hidden danger would have to be (E-value)."""
    if not story.analysis.adjusted.has_interval:
        return ""
    return (
        "A hidden danger would have to be tied to crews and to attacks by a ratio of "
        f"{words.number(story.analysis.strength[0], 1)} each to explain the ratio away "
        "(E-value)."
    )


def may_say(story: CrewingStory) -> dict[str, str]:
    """Arguments of :func:`report.may_say`: a sentence to use, and one that goes too far."""
    if story.simulated:
        say = "No force publishes the hours its officers work alone, so the risk is not known."
        if story.studies is not None:
            both = story.studies.iloc[-1]
            limits = words.interval(both["lower"], both["upper"], 2)
            say = (
                f"{say[:-1]}; in American studies officers alone were injured "
                f"{words.number(both['Ratio'], 2)} times as often once assaulted ({limits})."
            )
        return {
            "say": say,
            "not_say": "Officers are more often assaulted when they patrol alone.",
            "source": "Evidence ledger, and police records of Washington DC",
        }
    one = story.analysis.adjusted
    return {
        "say": f"In {story.where}, {story.when}, {story.victims} per officer-hour were "
        f"{ratio_words(one, story.level)} times as many in single as in double crews, "
        f"{_alike(story)}.",
        "not_say": "Working alone causes this many more assaults.",
        "source": story.source,
    }


def _limits(found: ArmRatio, level: float) -> str:
    counts = f"{words.number(found.events_single + found.events_double)} recorded victims"
    if not found.has_interval:
        return (
            f"No interval: only {words.plural(found.clusters, 'cluster')}; "
            f"{words.p_equals(found.p)} by sign changes; {counts}."
        )
    limits = words.interval_words(found.lower, found.upper, level=level)
    return f"{limits}; {counts}."


def main_points(story: CrewingStory) -> list[str]:
    """Write the points of the summary, at most six."""
    if story.file is None:
        points = [
            "A press account of the West Midlands study speaks of <q>almost zero</q> serious "
            "injury in double crews. We read it second-hand, so no headline rests on it.",
            "To answer the question a force needs officer-hours by crew, recorded victims by crew, "
            "place, hour and call grade, all from one log.",
            "A trial would settle it: draw the crewing policy by lot, area by month. The protocol "
            "is one page long, at the end of this report.",
            _point_survey(story),
            _point_demonstration(story),
        ]
    else:
        points = [
            _point_data(story),
            _point_denominators(story),
            _point_incidents(story),
            _point_crude(story),
            _point_policy(story),
            _point_survey(story),
        ]
    return [point for point in points if point]


def _point_demonstration(story: CrewingStory) -> str:
    assert story.truth is not None
    one = story.analysis.adjusted
    return (
        "The rest of this page shows the method on a simulated force. It was made with a ratio of "
        f"{words.number(story.truth.per_officer_hour_recorded, 2)}; this draw of it gives "
        f"{ratio_words(one, story.level)}."
    )


def _point_data(story: CrewingStory) -> str:
    assert story.file is not None
    rows = words.number(story.file.rows)
    text = (
        f"{rows} rows of {story.where}, {story.when}, grouped into "
        f"{words.plural(story.analysis.data.clusters, 'place')} for the intervals."
    )
    counts = story.file.agreement
    agreed = None if counts is None else planned_agreement(counts)
    if agreed is None:
        return text
    return f"{text} Crews were booked on as planned in {words.percent(agreed)} of unit-shifts."


def ratio_words(found: ArmRatio, level: float) -> str:
    """Write a ratio with its interval, or why it has none."""
    if not found.has_interval:
        return f"{words.number(found.ratio, 2)} (too few clusters for an interval)"
    return words.ratio(found.ratio, found.lower, found.upper, level=level)


def _point_denominators(story: CrewingStory) -> str:
    found = story.analysis.ratios
    if found.per_attendance is None:
        return (
            f"Per officer-hour the ratio is {ratio_words(found.per_officer_hour, story.level)}. "
            "Attended incidents were not supplied for enough hours, so the ratio per attendance is "
            "missing."
        )
    return (
        f"Per officer-hour the ratio is {ratio_words(found.per_officer_hour, story.level)}; per "
        f"attended incident it is {ratio_words(found.per_attendance, story.level)}. Both are "
        "right: a double crew takes two officers to one incident."
    )


def _point_incidents(story: CrewingStory) -> str:
    found = story.analysis.ratios.incidents
    if found is None:
        return ""
    verdict = story.analysis.claim("incidents").verdict
    reading = {
        "consistent": "single crews met more of them",
        "contradicted": "single crews met fewer of them",
        "not supported": "this could be chance",
    }.get(verdict, "these rows cannot say which way it goes")
    return (
        "Incidents with a recorded assault per unit-hour, which sharing the risk does not change: "
        f"{ratio_words(found, story.level)}; {reading}."
    )


def _point_crude(story: CrewingStory) -> str:
    crude, one = story.analysis.crude, story.analysis.adjusted
    plain = f"Without adjustment the ratio per officer-hour is {ratio_words(crude, story.level)}"
    if (crude.ratio - 1) * (one.ratio - 1) < 0:
        return f"{plain}, on the other side of 1: the two kinds of crew do different work."
    return f"{plain}."


def _point_policy(story: CrewingStory) -> str:
    shown = [outcome for outcome in story.analysis.policies if outcome.refusal is None]
    if not shown:
        return "No policy can be judged by these cells."
    first = shown[0]
    calls = {outcome.policy.name: outcome for outcome in story.analysis.policies_attended}
    text = (
        f"{first.policy.label} at the same officer-hours: {_avoided(first.avoided)} "
        f"({avoided_limits(first.lower, first.upper, story.level)}), with "
        f"{words.percent(abs(first.unit_share_lost))} "
        f"{'fewer' if first.unit_share_lost >= 0 else 'more'} unit-hours on duty."
    )
    other = calls.get(first.policy.name)
    if other is not None and other.refusal is None:
        limits = avoided_limits(other.lower, other.upper, story.level)
        text += f" Were all calls still attended: {_avoided(other.avoided)} ({limits})."
    return text


def avoided_limits(lower: float, upper: float, level: float = 0.95) -> str:
    """Write limits of victims avoided as fewer or more victims.

    Examples
    --------
    >>> avoided_limits(45.6, 161.1)
    '95% interval 46 to 161 fewer'
    >>> avoided_limits(-47.6, 9.1)
    '95% interval 48 more to 9 fewer'
    """
    low, high = (words.number(abs(round(limit))) for limit in (lower, upper))
    if lower >= 0:
        text = f"{low} to {high} fewer"
    elif upper < 0:
        text = f"{high} to {low} more"
    else:
        text = f"{low} more to {high} fewer"
    return f"{words.level_words(level)} {text}"


def _avoided(number: float) -> str:
    count = words.number(abs(round(number)))
    return f"{count} {'fewer' if number >= 0 else 'more'} recorded victims expected"


def _point_survey(story: CrewingStory) -> str:
    hours = shares.officer_hour_share(story.survey.percent / 100)
    return (
        f"The survey's {words.number(story.survey.percent)}% single crewed often or always counts "
        "officers, not hours. Were it a share of unit-hours, more than "
        f"{words.percent(shares.victims_share_for(1, hours), 1)} of recorded victims would have to "
        "be single crewed before the rate per officer-hour is higher alone."
    )


def boxes(story: CrewingStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    shows = (
        "What published studies found on crewing, what a force would need to know its own answer, "
        "and how the method fares where the truth is known."
        if story.file is None
        else f"How recorded assaults on officers of {story.where} differ between single and double "
        "crews at like hours, places and calls, under three denominators."
    )
    cannot = [
        "Whether the crews themselves make the difference: dispatchers choose who goes, and may "
        "know what no column holds.",
        "Attacks that nobody recorded, and whether one crew records more of them than the other.",
    ]
    if story.file is None:
        cannot.insert(0, "How often officers are assaulted alone: every rate by crew is simulated.")
    return {
        "shows": shows,
        "cannot": cannot,
        "settle": [
            "A force's own export: hours and victims by crew from one resource log, 24 months or "
            "more (docs/data-request-crewing.md; make crewing DATA=cells.csv).",
            "A trial that draws the crewing policy by lot, area by month (report 08).",
        ],
    }


def caveats(story: CrewingStory) -> list[str]:
    """Say what belongs beside the numbers."""
    data = story.analysis.data
    notes = [story.setting] if story.setting else []
    notes += list(story.file.cautions) if story.file else []
    if data.multi_hours > 0:
        notes.append(
            f"Crews of three and more are left out: {words.number(round(data.multi_hours))} "
            f"officer-hours{own_cells.of_larger_crews(story)}."
        )
    notes += _not_alike(story)
    notes += [
        f"{found.label}: {found.method}."
        for found in (story.analysis.ratios.per_attendance, story.analysis.ratios.incidents)
        if found is not None and "; without " in found.method
    ]
    if data.override_reason:
        notes.append(
            "A variable that comes after dispatch is adjusted for, against the diagram. Reason "
            f"given: {data.override_reason}"
        )
    spread = story.analysis.overlap
    if spread is not None and not spread.compares:
        notes.append(
            "What is held alike tells the two kinds of crew almost apart: only "
            f"{words.percent(spread.variance_left, 1)} of the variation of crews is left to "
            "compare, so the ratio leans on the shape of the model, and no weighted ratio is given."
        )
    if story.analysis.hidden_danger:
        notes.append(
            "The crew of the shift before still tells of recorded assaults. Dispatchers seem to "
            "act on a danger that no column records, so no adjusted ratio is identified."
        )
    if count := len(story.analysis.influential):
        whose = "One place, left out," if count == 1 else f"{count} places, each left out alone,"
        notes.append(f"{whose} would move the log ratio by more than half its standard error.")
    return [note for note in notes if note]


def _not_alike(story: CrewingStory) -> list[str]:
    """Say what is not held alike, by why, and what that means where it is the calls themselves."""
    data = story.analysis.data
    reasons: dict[str, list[str]] = {}
    for term, reason in data.left_out.items():
        reasons.setdefault(reason, []).append(TERM_WORDS.get(term, term))
    notes = []
    if reasons:
        parts = [f"{words.listing(terms)} ({reason})" for reason, terms in reasons.items()]
        notes.append(f"Not held alike: {'; '.join(parts)}.")
    if not data.holds_risk_alike:
        notes.append(
            "Neither call grade nor warning markers are held alike, and dispatchers send two "
            "officers to the graver calls. On simulated forces that hides most of a difference "
            "which is there, so no claim about like work is judged: it needs rows by call grade."
        )
    return notes


def _held_alike(terms: Sequence[str]) -> str:
    return words.listing([TERM_WORDS.get(term, term) for term in terms])


def hidden_note(story: CrewingStory) -> str:
    """Say how strong an unrecorded danger would have to be (E-value), and which way it bends."""
    strength, one = story.analysis.strength, story.analysis.adjusted
    crew, attack = EXAMPLE_DANGER
    most = bounding_factor(crew, attack)
    bend = (
        "so a ratio above 1 is then too low rather than too high"
        if one.ratio > 1
        else "so a ratio below 1 may be their doing"
    )
    limit = (
        f"; to move its nearer limit there, by {words.number(strength[1], 2)}"
        if strength[1] > 1
        else "; its interval holds 1 as it is"
        if one.has_interval
        else ""
    )
    return (
        "A danger that no column records would have to be tied to both crews and attacks by a "
        f"ratio of {words.number(strength[0], 2)}, beyond all that is held alike, to move "
        f"the estimate to 1{limit} (E-values). One tied to crews by {words.number(crew)} and to "
        f"attacks by {words.number(attack)} distorts a ratio by {words.number(most, 2)} at most. "
        f"Dispatchers who double up where they expect trouble push the ratio down, {bend}."
    )


def gate(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.gate`: whether the ratio may be read as one of like work."""
    analysis = story.analysis
    passed = (
        analysis.adjusted.has_interval
        and analysis.data.holds_risk_alike
        and (analysis.overlap is None or analysis.overlap.compares)
        and not analysis.hidden_danger
        and not analysis.untested
    )
    missing = [f"Not tested: {label.lower()} ({why})." for label, why in analysis.untested.items()]
    return {
        "name": "Comparison of like work",
        "passed": passed,
        "assumptions": [
            "Crews differ only in what is adjusted for: "
            f"{_held_alike(analysis.data.terms) or 'nothing'}.",
            "Both crews record assaults alike.",
            "One crew's hours do not change another crew's danger.",
            "Hours and victims take the crew from the same log.",
            *missing,
        ],
    }
