"""Tables of the crewing report, each as the arguments of ``report.show_table``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.page import checked, words
from officer_assaults.stats import shares
from officer_assaults.topics.crewing import disclosure, door, queries
from officer_assaults.topics.crewing.model.policy import holm_adjusted
from officer_assaults.topics.crewing.model.strata import FEWEST_EVENTS, LEAST_SHARE_OF_HOURS
from officer_assaults.topics.crewing.report.own_cells import injuries
from officer_assaults.topics.crewing.report.story import CrewingStory

if TYPE_CHECKING:
    from officer_assaults.topics.crewing.model.policy import PolicyOutcome
    from officer_assaults.topics.crewing.model.ratios import ArmRatio


#: Upper over lower limit beyond which an interval says nothing.
MOST_SPREAD = 20.0
CREW_WORDS = {1.0: "Single", 0.0: "Double"}
WAY_WORDS = {
    "IPW": ("Weighted to like hours", "each crew's hours stand for all hours"),
    "AIPW": ("Weighted and modelled", "right if either the weights or the model are"),
    "overlap": ("Hours common to both", "hours that both kinds of crew take"),
}
EXAMPLE_RATIOS = (1.0, 1.4)
NOT_SHOWN = "[low]"
NOT_AVAILABLE = "[x]"
#: Numbers from here on are victims, not ratios.
LARGEST_RATIO = 5.0
POLICIES_IN_TRUTH = 3


def model_table(story: CrewingStory, fit: Any) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: rate ratios of the fitted model.

    In public only the rows of the crew itself are shown: ratios of places, months and hour bands
    would tell small counts apart.
    """
    table = fit.table()
    ratio = next(name for name in table.columns if name.endswith("ratio"))
    hidden = pd.Series(False, table.index)
    if story.audience == "public" and story.file is not None:
        hidden = ~table["term"].str.contains(r"\bsingle\b") | table["term"].str.contains(
            "[", regex=False
        )
    notes = list(fit.notes())
    if hidden.any():
        count = words.plural(int(hidden.sum()), "further row")
        notes = [f"{count} of what is held alike, for internal eyes (audience=internal)."]
    if not story.analysis.adjusted.has_interval:
        table = table.assign(lower=math.nan, upper=math.nan)
    kept = table.loc[~hidden, ["term", ratio, "lower", "upper"]]
    asked = kept["term"].str.contains(r"\bsingle\b")
    kept = pd.concat([kept[asked], kept[~asked]], ignore_index=True)
    if story.protected:
        kept = queries.told(kept)
    return {
        "frame": kept.set_axis(["Term", "Rate ratio", "lower", "upper"], axis=1),
        "caption": "The fitted model: rate ratios per officer-hour",
        "formats": {"Rate ratio": 2, "lower": 2, "upper": 2},
        "level": story.level,
        "notes": notes,
    }


def checks_table(story: CrewingStory, checks: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: how the fitted model was checked.

    In public the numbers are those of an own export's protected cells, to the digits of these.
    """
    if story.protected:
        whole = checks["check"].str.startswith("Rows")
        cut = queries.told(checks[["value"]])["value"]
        checks = checks.assign(
            value=cut.where(~whole, (checks["value"] / door.ROUND_TO).round() * door.ROUND_TO)
        )
    return checked.checks_table(checks, "the fitted model")


def counts_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: hours, attendances and victims by crew."""
    frame = story.analysis.data.frame
    data = story.analysis.data
    rows = []
    for arm, name in CREW_WORDS.items():
        part = frame[frame["single"] == arm]
        rows.append(
            {
                "Crew": name,
                "Officer-hours": round(part["officer_hours"].sum()),
                "Unit-hours": round(part["unit_hours"].sum()),
                "Attended": disclosure.shown_count(part["attended"].sum(), story.audience)
                if data.has("attended")
                else "[x]",
                "Recorded victims": disclosure.shown_count(part["y"].sum(), story.audience),
            }
        )
    table = pd.DataFrame(rows)
    if data.has("y_injury"):
        table["With injury"] = injuries(story)
    return {
        "frame": table,
        "caption": f"Crews, hours and recorded victims, {story.where}, {story.when}",
        "notes": "A double crew is one unit and two officers. A victim is an officer named in one "
        "recorded offence.",
    }


def others_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: other ways to the same ratio."""
    one = story.analysis.adjusted
    main = ("Main model", one.ratio, *_limits(one), one.method.split(",")[0])
    rows: list[tuple[str, float, float, float, str]] = []
    for found in story.analysis.weighted:
        label, note = WAY_WORDS[found.label]
        rows.append((label, found.ratio, found.lower, found.upper, note))
    rows += [
        (one.label, one.ratio, one.lower, one.upper, one.note) for one in story.analysis.others
    ]
    told = [row for row in rows if not row[3] / max(row[2], 1e-9) >= MOST_SPREAD]
    dropped = [row[0] for row in rows if row not in told]
    notes = ["Other ways agree where their assumptions hold; where they part, the data are thin."]
    if dropped:
        listed = words.listing([name[0].lower() + name[1:] for name in dropped])
        notes.append(f"Too imprecise to show: {listed}.")
    columns = ["Way", "Rate ratio", "lower", "upper", "What it guards against"]
    return {
        "frame": pd.DataFrame([main, *told], columns=columns),
        "caption": "Rate ratio per officer-hour, single over double crews, in other ways",
        "level": story.level,
        "notes": notes,
    }


def _limits(found: ArmRatio) -> tuple[float, float]:
    """Limits to print: none where clusters were too few for an interval."""
    return (found.lower, found.upper) if found.has_interval else (math.nan, math.nan)


def controls_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: comparisons that should show no difference."""
    controls = story.analysis.controls
    rows: list[tuple[str, float, float, float, str]] = [
        (
            one.label,
            one.found.ratio,
            one.found.lower,
            one.found.upper,
            "yes" if one.passes else "no",
        )
        for one in controls
    ]
    rows += [
        (label, math.nan, math.nan, math.nan, "not tested") for label in story.analysis.untested
    ]
    columns = ["Comparison", "Rate ratio", "lower", "upper", "Holds 1"]
    notes = [f"{one.label}: were it not 1, {one.meaning}." for one in controls]
    notes += [f"{label}: not tested, {why}." for label, why in story.analysis.untested.items()]
    return {
        "frame": pd.DataFrame(rows, columns=columns),
        "caption": "Comparisons that should give 1",
        "level": story.level,
        "notes": notes,
    }


def misleading_records(story: CrewingStory, share: float = 0.10) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the ratio were records unequal or crews mistaken.

    Parameters
    ----------
    story : CrewingStory
    share : float
        Share of hours, victims or double crews under the wrong crew.
    """
    one, recorded = story.analysis.adjusted, story.analysis.recording
    rows: list[tuple[str, float, float, float]] = [
        (
            f"If single crews recorded {words.number(rho, 2)} as often",
            ratio,
            *((lower, upper) if one.has_interval else (math.nan, math.nan)),
        )
        for rho, ratio, lower, upper in recorded.itertuples(index=False, name=None)
    ]
    single = one.exposure_single / (one.exposure_single + one.exposure_double)
    amount = words.percent(share)
    for name, label in (
        ("both_sides", f"Shown, were {amount} of all under the other crew"),
        ("hours_alone", f"Shown, were {amount} of hours under the other crew"),
        ("planned_hours", f"Shown, by planned hours, if {amount} of double crews part"),
    ):
        if one.has_interval:
            value, lower, upper = (
                shares.misclassified_ratios(value, single, share)[name]
                for value in (one.ratio, one.lower, one.upper)
            )
            rows.append((label, value, lower, upper))
    frame = pd.DataFrame(rows, columns=["Were records otherwise", "Rate ratio", "lower", "upper"])
    return {
        "frame": queries.told(frame) if story.protected else frame,
        "caption": "Rate ratio per officer-hour, were records unequal or crews mistaken",
        "level": story.level,
        "notes": [
            "The first rows turn the recorded ratio into one of all attacks, for an assumed "
            "recording of single over double crews: a witness can make a record likelier.",
            "The last rows show what this ratio would become were crews mistaken, in work shared "
            "out alike; where crews follow risk, planned hours mislead more.",
        ],
    }


def policy_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: avoided victims and units lost, by policy."""
    analysis = story.analysis
    family = [*analysis.policies, *analysis.policies_attended]
    p = dict(zip([id(outcome) for outcome in family], holm_adjusted(family), strict=True))
    rows = [
        {
            "Policy": outcome.policy.label,
            "Avoided": _why_blank(outcome) or round(outcome.avoided, 1),
            "lower": outcome.lower,
            "upper": outcome.upper,
            "p (Holm)": _why_blank(outcome) or words.p_value(p[id(outcome)]),
            "Unit-hours lost": _units(outcome),
            "If back-up slows": _slower(analysis.longer_backup.get(outcome.policy.name)),
        }
        for outcome in analysis.policies
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"Policies at the same officer-hours: {story.victims} avoided, {story.when}",
        "formats": {"Avoided": 1, "lower": 1, "upper": 1},
        "level": story.level,
        "notes": _policy_notes(story),
    }


def _why_blank(outcome: PolicyOutcome) -> str:
    """Sign for a contrast that a gate refuses, or that no model of these cells can give."""
    if outcome.refusal is None:
        return ""
    return NOT_SHOWN if outcome.strata else NOT_AVAILABLE


def _units(outcome: PolicyOutcome) -> str:
    if math.isnan(outcome.unit_hours_lost):
        return NOT_AVAILABLE
    share = words.percent(outcome.unit_share_lost)
    return f"{words.number(round(outcome.unit_hours_lost))} ({share})"


def _slower(found: tuple[float, float, float] | None) -> str:
    if found is None:
        return "[z]"
    avoided, lower, upper = found
    return f"{words.number(avoided, 0)} ({words.interval(lower, upper, 0)})"


def _policy_notes(story: CrewingStory) -> list[str]:
    outcomes = story.analysis.policies
    notes = _refused(outcomes)
    warned = [o.policy.label for o in outcomes if o.refusal is None and o.warns]
    if warned:
        notes.append(f"Fewer than 30 recorded victims in the crews moved to: {'; '.join(warned)}.")
    if any(o.policy.name == "current_policy" for o in outcomes):
        notes.append("Written policy: single by default, double after dark or at grade 1.")
    notes.append(
        "Limits come from leaving out one place at a time. Every two officers put together are one "
        "unit fewer on duty. If back-up slows: planned back-up is taken to lengthen with the "
        "inverse square root of the units on duty, for crews that stay single (assumption)."
    )
    return notes


def _refused(outcomes: Sequence[PolicyOutcome]) -> list[str]:
    """Policies that cannot be judged, by why: one line for those that share a reason."""
    gated = [o.policy.label for o in outcomes if o.refusal is not None and o.strata]
    notes = []
    if gated:
        notes.append(
            f"Not judged (E114), because fewer than {FEWEST_EVENTS} recorded victims or "
            f"{words.percent(LEAST_SHARE_OF_HOURS)} of the hours are seen in some of the crews "
            f"that hours move to: {'; '.join(gated)}. Ask for a longer period, or a milder policy."
        )
    reasons: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.refusal is not None and not outcome.strata:
            reasons.setdefault(str(outcome.refusal), []).append(outcome.policy.label)
    notes += [f"{'; '.join(names)}. {reason}" for reason, names in reasons.items()]
    return notes


def any_policy(story: CrewingStory) -> bool:
    """Whether any policy can be judged by these cells."""
    return any(outcome.refusal is None for outcome in story.analysis.policies)


def survey_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: share of victims that each ratio would need."""
    percent = story.survey.percent / 100
    bounds, spread = shares.survey_bounds(percent, story.victims_single)
    hours = {
        f"Fewest hours ({words.percent(bounds.lower, 1)})": bounds.lower,
        f"As unit-hours ({words.percent(shares.officer_hour_share(percent), 1)})": (
            shares.officer_hour_share(percent)
        ),
        f"Most hours ({words.percent(bounds.upper, 1)})": bounds.upper,
    }
    rows = [
        {"Times as many alone": words.number(ratio, 1)}
        | {name: shares.victims_share_for(ratio, at) for name, at in hours.items()}
        for ratio in (*EXAMPLE_RATIOS, story.far_more)
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Share of recorded victims that would have to be single crewed, by the share of "
        "officer-hours that the survey allows",
        "formats": dict.fromkeys(hours, "percent1"),
        "without_interval": "Arithmetic on assumed shares: nothing is estimated.",
        "notes": [
            f"{story.survey.survey}, {story.survey.fieldwork}: "
            f"{words.number(story.survey.percent)}% of {words.number(story.survey.respondents)} "
            "respondents in roles where crewing applies. They chose to answer.",
            "Often is taken as half of an officer's hours or more (assumption).",
            f"Were {words.percent(story.victims_single)} of victims single crewed (assumption), "
            "the ratio per officer-hour could be anything from "
            f"{words.interval(spread.lower, spread.upper)}. With that share free it could be "
            "anything from 0 up, without limit.",
        ],
        "source": story.survey.source_url,
    }


def truth_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the simulated truth beside what was found."""
    truth, analysis = story.truth, story.analysis
    assert truth is not None
    found = analysis.ratios
    rows: list[dict[str, Any]] = [
        _truth_row("Per officer-hour", truth.per_officer_hour_recorded, found.per_officer_hour)
    ]
    if found.per_attendance is not None:
        rows.append(
            _truth_row("Per attended incident", truth.per_attendance_recorded, found.per_attendance)
        )
    if found.incidents is not None:
        rows.append(
            _truth_row(
                "Incidents per unit-hour",
                truth.incidents_per_unit_hour_recorded,
                found.incidents,
            )
        )
    rows += [
        {
            "Quantity": f"Avoided: {outcome.policy.label[0].lower()}{outcome.policy.label[1:]}",
            "Truth": truth.avoided.get(outcome.policy.name, math.nan),
            "Estimate": outcome.avoided,
            "lower": outcome.lower,
            "upper": outcome.upper,
        }
        for outcome in analysis.policies[:POLICIES_IN_TRUTH]
        if outcome.refusal is None
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": "What was put into the simulated force, and what this report found",
        "level": story.level,
        "intervals": {"Estimate": ("lower", "upper")},
        "formats": dict.fromkeys(("Truth", "Estimate"), _short),
        "notes": f"One draw of many ({story.vintage}). Ratios are of recorded victims.",
    }


def _short(value: float) -> str:
    """Ratios with two decimals, victims with none."""
    return words.number(value, 2 if abs(value) < LARGEST_RATIO else 0)


def _truth_row(name: str, truth: float, found: ArmRatio) -> dict[str, Any]:
    return {
        "Quantity": name,
        "Truth": truth,
        "Estimate": found.ratio,
        "lower": found.lower,
        "upper": found.upper,
    }


def strata_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`, internal: hours and victims by hour band and crew."""
    frame = story.analysis.data.frame
    rows = []
    for band, part in frame.groupby("hour_band", observed=True):
        single = part[part["single"] == 1]
        rows.append(
            {
                "Hour band": str(band).capitalize(),
                "Officer-hours": round(part["officer_hours"].sum()),
                "Single crewed (share of hours)": single["officer_hours"].sum()
                / part["officer_hours"].sum(),
                "Recorded victims": int(part["victims"].sum()),
                "Of them single crewed": int(single["victims"].sum()),
            }
        )
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Internal: officer-hours and recorded victims by hour band and crew",
        "formats": {"Single crewed (share of hours)": "percent"},
        "without_interval": "Hours are counted, not estimated.",
    }


def policy_strata_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`, internal: what is seen where policies move hours."""
    rows = [
        {
            "Policy": outcome.policy.label,
            "Hours moved": stratum.label,
            "Recorded victims there": int(stratum.events),
            "Officer-hours there": round(stratum.hours),
            "Of the stratum": words.percent(stratum.share_of_hours, 1),
            "Gate": "passes" if stratum.passes else "refused",
        }
        for outcome in story.analysis.policies
        for stratum in outcome.strata
    ]
    # None can be judged where no model of the cells can be fitted: each is named all the same.
    none = [
        {"Policy": outcome.policy.label, "Hours moved": NOT_AVAILABLE, "Gate": "refused"}
        for outcome in story.analysis.policies
    ]
    return {
        "frame": pd.DataFrame(rows or none),
        "caption": "Internal: what is observed in the crews that each policy moves hours to",
        "without_interval": "Hours and victims are counted, not estimated.",
    }
