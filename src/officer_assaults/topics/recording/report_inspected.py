"""Reporting: words, tables and figures of the national panel and of the inspections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.estimate import Estimate, statement
from officer_assaults.page import words
from officer_assaults.shown import Shown
from officer_assaults.stats import verdicts
from officer_assaults.topics.recording import figures_reporting
from officer_assaults.topics.recording.data import SERIES
from officer_assaults.topics.recording.model import inspected

if TYPE_CHECKING:
    from officer_assaults.findings import Finding, Verdict
    from officer_assaults.stats.glm import Contrast, ModelSpec, RateModel
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.panel import Jackknife
    from officer_assaults.topics.recording.data import National
    from officer_assaults.topics.recording.model.inspected import (
        Figure,
        InspectionStudy,
    )

TENTH = math.log(1.1)
#: The model of the report, of which its words about the effects are true.
FORMULA = "recorded ~ C(force) + C(quarter) + log_public"
PERIOD = "April 2013 to March 2019"
PANEL_PERIOD = "2012/13 to 2019/20"
PLAN = "docs/plans/recording-inspections.md"
NAMES = {
    inspected.ALL: "Leading figure: each force once",
    inspected.WEIGHTED: "Each offence once",
    inspected.STACKED: "Stacked cohorts",
    "twelve quarters": "Twelve quarters before, not all",
    "no anticipation": "Quarters up to the report as untreated",
    "unbroken forces": "Forces without any break",
    "without London": "Without the Metropolitan Police",
    "end of audit": "Dated by the crimes that were sampled",
    "two years earlier": "Two years earlier, when nothing happened",
    inspected.TWO_WAY: "Two-way model (known fault, not quoted)",
}
#: What the profile shows, by whether the record of the public moved and that of officers did.
PROFILES = {
    (True, False): "After a report the record of the public moves, that of officers not visibly",
    (False, True): "After a report the record of officers moves, that of the public not visibly",
    (True, True): "After a report the records of the public and of officers move",
    (False, False): "After a report neither record visibly moves",
}
DEVIATIONS = (
    "The plan left open whether the record of the public enters the panel model per officer or as "
    "a number; per officer leads, as the offset is officers, and the other stands in Table 1.",
    "The plan's rule leaves no force for codes 104 and 8S together, since 8S began in April 2017. "
    "The row shown takes quarters up to the report as untreated and asks for two of them.",
    "Audits are carried over to a force only where two of them span the years compared.",
)


@dataclass(frozen=True, slots=True)
class NationalEvidence(Shown):
    """What the forces together show, and what that says of one of them.

    Parameters
    ----------
    national : National
        The panel.
    study : InspectionStudy
        The event study.
    public : Contrast
        Log change of recorded assaults that goes with one log unit of recorded violence against
        the public.
    model : ModelSpec
        What gave it.
    associated : Estimate or None
        Share of the force's log rise that its own record of violence against the public goes with.
    audited : Estimate or None
        Share that its audits would be, passed through as far as other forces' records were.
    """

    national: National
    study: InspectionStudy
    public: Contrast
    model: ModelSpec
    associated: Estimate | None
    audited: Estimate | None

    @property
    def leading(self) -> Figure:
        """Mean over inspected forces, outcome 104."""
        return self.study.figure()

    @property
    def release(self) -> str:
        """Release of the panel."""
        return self.national.vintage


def fall_to_rise(figure: Figure) -> str:
    """Put the limits of a relative change into words.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> fall_to_rise(SimpleNamespace(limits=(-0.09, 0.17)))
    'a fall of 9% to a rise of 17%'
    """
    low, high = figure.limits
    ends = [
        f"a {'rise' if end >= 0 else 'fall'} of {words.percent(abs(end))}" for end in (low, high)
    ]
    return f"{ends[0]} to {ends[1]}"


def said_of_inspections(evidence: NationalEvidence) -> str:
    """Say whether the record of constables moved, by the rule of the plan."""
    figure = evidence.leading
    if figure.moved:
        way = "rose" if figure.value > 0 else "fell"
        return f"Recorded assaults on officers {way} after inspections of crime recording."
    return (
        "There is no sign that inspections of crime recording moved the record of assaults on "
        "officers."
    )


def headline(evidence: NationalEvidence) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    figure = evidence.leading
    change = words.percent(abs(figure.change))
    more = "more" if figure.change >= 0 else "fewer"
    return {
        "text": said_of_inspections(evidence),
        "interval": f"In the year after a report, {change} {more} recorded offences than other "
        f"forces suggest (95% interval: {fall_to_rise(figure)}). "
        f"{words.sentence(words.plural(figure.units, 'force'))} judged.",
        "caveat": "Inspectors looked at crimes against the public. No public figure counts the "
        "assaults on officers that went unrecorded.",
    }


def points(evidence: NationalEvidence, name: str, moved: str) -> list[str]:
    """Write the main points on what the forces together show."""
    made = [_point_public(evidence), _point_passed(evidence)]
    made.append(
        "Forces that record more violence against the public also record more assaults on "
        f"officers. Ten per cent more of the one goes with {_tenth(evidence)} more of the other."
    )
    if evidence.associated is not None and inspected.tells(evidence.associated):
        made.append(_point_share(evidence.associated, name, moved))
    return made


def _point_share(share: Estimate, name: str, moved: str) -> str:
    if share.value <= 0:
        return (
            f"In {name} the record of the public moved against the {moved}, so it goes with none "
            "of it."
        )
    return (
        f"That alone goes with {words.percent(share.value)} of the {moved} in {name} "
        f"({_range(share)}). It does not say which came first: officers and the "
        "public may both have been attacked more."
    )


def _tenth(evidence: NationalEvidence) -> str:
    return words.percent(math.expm1(evidence.public.estimate * TENTH), 1)


def _range(interval: Interval | Estimate) -> str:
    return words.interval(interval.lower, interval.upper, as_percent=True)


def _point_public(evidence: NationalEvidence) -> str:
    public = evidence.study.figure(series=inspected.PUBLIC)
    if not public.moved:
        return (
            "Nor is there a clear sign for recorded violence against the public without injury: "
            f"{fall_to_rise(public)} fits."
        )
    low, high = (words.percent(end) for end in public.limits)
    way = "did rise" if public.value > 0 else "fell"
    return (
        f"Recorded violence against the public without injury {way} after the same reports, by "
        f"{words.percent(abs(public.change))} ({low} to {high})."
    )


def _point_passed(evidence: NationalEvidence) -> str:
    limits = evidence.study.figure(inspected.PASS_THROUGH).interval
    if limits.lower <= 0 and limits.upper >= 1:
        said = "all of such an improvement fits, and so does none of it"
    elif limits.upper < 1:
        said = "less of it reached the record of officers"
    else:
        return (
            "What audits found about crimes against the public reached the record of officers, in "
            "part at least."
        )
    return (
        f"What audits found about crimes against the public cannot be carried over one for one: "
        f"{said}."
    )


def may_say(evidence: NationalEvidence) -> tuple[str, str]:
    """Pair of sentences on the leading figure: what may be said and what not."""
    figure = evidence.leading
    say = (
        f"After reports on their crime recording, {figure.units} forces recorded "
        f"{words.percent(abs(figure.change))} {'more' if figure.change >= 0 else 'fewer'} "
        f"assaults on officers than forces not yet reported on suggest; {fall_to_rise(figure)} "
        "fits the records."
    )
    not_say = (
        "Inspections did not change how assaults on officers are recorded."
        if not figure.moved
        else "The inspections explain the rise."
    )
    return say, not_say


def association_table(
    fits: dict[str, tuple[RateModel, str]], jackknifed: Jackknife, evidence: NationalEvidence
) -> dict[str, Any]:
    """Show what goes with recorded assaults on officers, one covariate of recording at a time.

    Parameters
    ----------
    fits : dict of str to (RateModel, str)
        Words for the covariate to a fit and its term.
    jackknifed : Jackknife
        The first of them, each force left out in turn.
    """
    first = next(iter(fits))
    rows = [
        (
            name,
            *_ratio(evidence.public if name == first else model.contrast({term: 1.0})),
            model.spec.errors,
        )
        for name, (model, term) in fits.items()
    ]
    held = jackknifed.interval
    low, high = math.exp(held.lower), math.exp(held.upper)
    again = (first, math.exp(jackknifed.value), low, high, "each force left out in turn")
    rows.insert(1, again)
    frame = pd.DataFrame(rows, columns=["Goes with", "Rate ratio", "lower", "upper", "Errors"])
    noise = [evidence.study.noise(name) for name in ("dispersion", "serial correlation")]
    return {
        "frame": frame[["Goes with", "Errors", "Rate ratio", "lower", "upper"]],
        "caption": f"Recorded assaults on constables{_per(evidence.model)} (104), and what they go "
        f"with, {evidence.national.forces} forces, {PANEL_PERIOD}",
        "notes": [
            f"{_said_of_model(evidence.model)} A rate ratio is for one log unit of "
            "what is named, or for the step from before to after. Association only.",
            f"Counts vary {words.number(noise[0], 1)} times as much as chance gives, and a "
            f"quarter's departure goes with {words.number(noise[1], 1)} of it in the next: hence "
            "errors by force.",
        ],
    }


def _per(model: ModelSpec) -> str:
    return " per officer" if model.exposure == "officers" else f", per unit of {model.exposure}"


def _said_of_model(model: ModelSpec) -> str:
    if (model.formula, model.exposure) == (FORMULA, "officers"):
        return "Force and quarter effects, officers as offset."
    return f"Model {model.formula}, {model.exposure} as offset; other marks stand in its place."


def _ratio(contrast: Any) -> tuple[float, float, float]:
    return contrast.ratio, contrast.lower, contrast.upper


def series_table(evidence: NationalEvidence) -> dict[str, Any]:
    """Show what moved after the reports, series by series."""
    study = evidence.study
    rows = []
    for series, name in SERIES.items():
        for figure, among in ((inspected.ALL, "all"), (inspected.FAILED, "failed")):
            if not study.has(figure, series):
                continue
            found = study.figure(figure, series)
            rows.append(
                {
                    "Recorded": name,
                    "Ratio to expected": math.exp(found.value),
                    "lower": math.exp(found.interval.lower),
                    "upper": math.exp(found.interval.upper),
                    "Rests on": f"{found.units} forces ({among}), {found.cohorts} dates, "
                    f"{found.counted:,} offences",
                    "Permuted dates": _p(found.p),
                    "Before": _p(found.lead_p),
                }
            )
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Recorded offences in the year after an inspection report, over what forces not "
        "yet reported on suggest",
        "notes": [
            "Failed: judged inadequate. Permuted dates: share of dealt-out dates that give a "
            "figure at least as far from 1. Before: chance of departures as large in the two "
            "years before the report; below 0.05 the series was moving already.",
            *_said_of_both(study),
            *DEVIATIONS,
        ],
        "level": 1 - study.alpha,
    }


def _said_of_both(study: InspectionStudy) -> list[str]:
    """Say what codes 104 and 8S together show, and how little rests on it."""
    if not study.has(inspected.ALL, "both"):
        return []
    found = study.figure(inspected.ALL, "both")
    return [
        f"With injuries counted in (104 and 8S, from 2017), {fall_to_rise(found)} fits the records "
        f"of {words.plural(found.units, 'force')}. They have fewer quarters before the report than "
        "the plan asks for, so no conclusion rests on that row."
    ]


def _p(value: float) -> str:
    return "not computed" if math.isnan(value) else f"{value:.2f}"


def sensitivity_table(evidence: NationalEvidence, second_route: float) -> dict[str, Any]:
    """Show the leading figure under every choice that the plan names.

    Parameters
    ----------
    second_route : float
        The leading figure from statsmodels, log scale.
    """
    study = evidence.study
    rows = []
    for name, said in NAMES.items():
        if not study.has(name):
            continue
        found = study.figure(name)
        rows.append(
            {
                "Choice": said,
                "Ratio to expected": math.exp(found.value),
                "lower": math.exp(found.interval.lower),
                "upper": math.exp(found.interval.upper),
                "Forces": f"{found.units} in {words.plural(found.cohorts, 'cohort')}",
                "Offences": found.counted,
                "Permuted dates": _p(found.p),
            }
        )
    lead = evidence.leading
    gap = abs(second_route - lead.value)
    low, high = (math.exp(each) for each in (lead.lowest, lead.highest))
    slope = study.figure(inspected.SLOPE)
    ends = [words.number(end, 2, signed=True) for end in (*_ends(slope.interval),)]
    return {
        "frame": pd.DataFrame(rows),
        "caption": "The same figure under other choices, recorded assaults on constables (104)",
        "notes": [
            f"Leaving one force out moves the leading figure from {words.number(low, 2)} to "
            f"{words.number(high, 2)}. By statsmodels with explicit effects it is the same to "
            f"{gap:.0e}.",
            "Ten points more of crime recorded at the audit go with "
            f"{words.number(slope.value, 2, signed=True)} in the log ratio ({ends[0]} to "
            f"{ends[1]}): no dose can be made out."
            if slope.interval.contains(0.0)
            else "The log ratio moves with the audited rate.",
            f"Every choice was fixed before the first figure was computed: {PLAN}.",
        ],
        "level": 1 - study.alpha,
    }


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.lower, interval.upper


def profile_figure(evidence: NationalEvidence) -> dict[str, Any]:
    """Draw both series by quarters from the report."""
    tables = {
        SERIES[name]: evidence.study.profile(name) for name in (inspected.OUTCOME, inspected.PUBLIC)
    }
    chart = figures_reporting.event_profile(tables)
    lead = evidence.leading
    return {
        "fig": chart,
        "headline": PROFILES[evidence.study.figure(series=inspected.PUBLIC).moved, lead.moved],
        "subtitle": "Recorded offences over expected ones by quarters from the report, forces "
        "not yet reported on as comparison, with 95% intervals; the quarters before are fitted",
        "alt": f"{chart.alt_hint} Averaged over the first year after a report, recorded assaults "
        f"on officers stand {words.percent(lead.change, signed=True)} from what was expected, "
        f"and {fall_to_rise(lead)} fits.",
        "formats": {"Ratio": 2, "lower": 2, "upper": 2},
    }


def recovery_table(recovery: pd.DataFrame) -> dict[str, Any]:
    """Show how well each estimator finds a known effect."""
    names = {
        "imputation, all": "Imputation, all quarters before (leads)",
        "imputation, twelve": "Imputation, twelve quarters before",
        "stacked cohorts": "Stacked cohorts",
        "two-way model": "Two-way model",
    }
    return {
        "frame": pd.DataFrame(
            {
                "Estimator": recovery["estimator"].map(names),
                "Put in": [words.number(value, 3) for value in recovery["truth"]],
                "Found, less what was put in": [
                    words.number(value, 3, signed=True) for value in recovery["bias"]
                ],
                "Intervals that hold it": recovery["coverage"],
            }
        ),
        "caption": f"Does the method find what is there? {int(recovery['panels'].iloc[0])} "
        "simulated panels with the real dates, officers and unsteadiness",
        "formats": {"Intervals that hold it": "percent"},
        "simulated": True,
        "without_interval": "Intervals are meant to hold the truth in 95% of panels.",
        "notes": "The effect put in differs by cohort and grows over two years, log scale. The "
        "two-way model is set against the mean effect over the quarters that it averages. Where no "
        f"effect is put in, permuted dates find one in {words.percent(recovery['size'].iloc[0])} "
        "of panels; 5% is to be expected.",
    }


def force_table(evidence: NationalEvidence, name: str, moved: str) -> dict[str, Any] | None:
    """Show what each line of evidence says of one force's rise; None where none does."""
    found = {
        "Its own record of violence against the public": evidence.associated,
        "Its audits, passed through as in failed forces": evidence.audited,
    }
    rows = [
        {
            "Goes with": said,
            f"Share of the {moved}": share.value,
            "lower": share.lower,
            "upper": share.upper,
            "Leaves": _leaves(share),
        }
        for said, share in found.items()
        if share is not None
    ]
    if not rows:
        return None
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"What this says of the {moved} in the record of {name}",
        "formats": dict.fromkeys((f"Share of the {moved}", "lower", "upper"), "percent"),
        "notes": f"Shares of the log {moved}. The force's own growth and audits are taken as they "
        "are; intervals are those of the other forces' slope.",
    }


def _leaves(share: Estimate) -> str:
    low, high = (share.lower, share.upper)
    if high <= 0:
        return "none of it"
    if low <= 0:
        return "none of it or a part" if inspected.tells(share) else "between none and all"
    return "a part" if high < 1 else "a part or all"


def findings(evidence: NationalEvidence, moved: str) -> list[Finding]:
    """State the findings of the panel and of the event study."""
    made = [_found_moved(evidence, series) for series in (inspected.OUTCOME, inspected.PUBLIC)]
    made += [_found_passed(evidence), _found_slope(evidence)]
    for key, share, what in (
        ("associated", evidence.associated, "its own record of violence against the public"),
        ("audited", evidence.audited, "its audits, passed through as in failed forces"),
    ):
        if share is not None:
            made.append(_found_share(evidence, f"reporting.{key}", share, what, moved))
    return made


def _found_moved(evidence: NationalEvidence, series: str) -> Finding:
    figure = evidence.study.figure(series=series)
    low, high = (math.exp(each) for each in _ends(figure.interval))
    key = {inspected.OUTCOME: "reporting.inspected", inspected.PUBLIC: "reporting.inspected_public"}
    verdict: Verdict = verdicts.lies("above", 1.0, low, high)
    if verdict == "consistent" and not figure.moved:
        verdict = "not supported"
    return Estimate(
        math.exp(figure.value), low, high,
        unit="ratio of recorded to expected offences",
        denominator="offences expected from forces not yet inspected",
        period=PERIOD,
        release=evidence.release,
        level=1 - evidence.study.alpha,
        tolerance=1e-5,
        note=f"{figure.units} forces of {figure.cohorts} dates, {figure.counted:,} offences; "
        f"permuted dates p = {figure.p:.3f}, leads p = {figure.lead_p:.3f}; {PLAN}",
    ).finding(
        key[series],
        f"{SERIES[series]}: year after an inspection report over expected",
        f"Inspections of crime recording raised the record: {SERIES[series]}",
        verdict,
    )  # fmt: skip


def _found_passed(evidence: NationalEvidence) -> Finding:
    figure = evidence.study.figure(inspected.PASS_THROUGH)
    low, high = _ends(figure.interval)
    claim = "The record of officers gained as much as that of the public"
    if not (np.isfinite(low) and np.isfinite(high)):
        return statement("reporting.pass_through", "Pass-through", claim, "not identified",
                         release=evidence.release)  # fmt: skip
    return Estimate(
        figure.value, low, high,
        unit="log change of code 104 per log change of 105A",
        denominator="failed forces, year after the report",
        period=PERIOD,
        release=evidence.release,
        level=1 - evidence.study.alpha,
        tolerance=1e-4,
        note=f"bootstrap over forces, {inspected.DRAWS} draws; {figure.units} failed forces",
    ).finding(
        "reporting.pass_through", "Share of the public record's rise that reached officers'", claim,
        "contradicted" if high < 1 else "not identified" if low <= 0 else "consistent",
    )  # fmt: skip


def _found_slope(evidence: NationalEvidence) -> Finding:
    low, high = _ends(evidence.public.log_interval)
    return Estimate(
        evidence.public.estimate, low, high,
        unit="log change of code 104 per log change of 105A",
        denominator="officers (offset), force and quarter effects",
        period=PANEL_PERIOD,
        release=evidence.release,
        level=1 - evidence.study.alpha,
        note=f"{evidence.model.kind} regression, {evidence.national.forces} forces, errors "
        f"{evidence.model.errors}; "
        "association",
    ).finding(
        "reporting.elasticity",
        "How recorded assaults on officers go with recorded violence against the public",
        "A force that records more violence against the public records more assaults on officers",
        verdicts.lies("above", 0.0, low, high),
    )  # fmt: skip


def _found_share(
    evidence: NationalEvidence, name: str, share: Estimate, what: str, moved: str
) -> Finding:
    low, high = (share.lower, share.upper)
    # What goes with another record is an association, whatever its interval.
    verdict: Verdict = "not identified"
    if share is evidence.audited:
        verdict = verdicts.bounded("above", 0.0, low, high)
    return Estimate(
        share.value, low, high,
        unit=f"share of the log {moved}",
        denominator="log ratio of recorded assaults",
        period=PANEL_PERIOD,
        release=evidence.release,
        level=1 - evidence.study.alpha,
        tolerance=1e-4,
        note="association, not identification",
    ).finding(
        name, f"Share of the log {moved} that goes with {what}",
        f"Part of the {moved} is a change of recording", verdict,
    )  # fmt: skip
