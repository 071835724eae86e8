"""Rise: the sentences and findings of the report on two years of one force."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data.years import MEANING
from officer_assaults.findings import Finding, Verdict
from officer_assaults.page import tables, words
from officer_assaults.stats import verdicts
from officer_assaults.stats.designs import BALANCE_TOLERANCE
from officer_assaults.stats.dispersion import victims_per_incident_phi

if TYPE_CHECKING:
    from officer_assaults.data.years import OfficerExposure, Rest, TwoYears
    from officer_assaults.stats.dispersion import QuarterlyDispersion
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.rate_ratio import RateRatio, RelativeGrowth
    from officer_assaults.topics.rise.model import Rise, YearAmongForces

OFFENCES = "recorded offences"
#: A high share of incidents with two victims, to judge a tipping point by.
MANY_PAIRS = 0.4


@dataclass(frozen=True, slots=True)
class RiseStory:
    """Everything that the report says about the change, before it is put into words.

    Parameters
    ----------
    two : TwoYears
        What was compared.
    result : Rise
        Size of the change.
    among : YearAmongForces
        Growth of all usable forces.
    rest : Rest
        Who the others are.
    relative, relative_moving : RelativeGrowth
        Growth over that of the others: counting error only, and with ordinary movement allowed for.
    officers : OfficerExposure
        Officer-years, or why there are none.
    among_vintage : str
        Release of ``among``; every force in one release.
    alpha : float
        One minus the coverage of intervals.
    """

    two: TwoYears
    result: Rise
    among: YearAmongForces
    rest: Rest
    relative: RelativeGrowth
    relative_moving: RelativeGrowth
    officers: OfficerExposure
    among_vintage: str
    alpha: float

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.alpha

    @property
    def beyond_counting(self) -> bool:
        """Whether counting chance around an unchanged rate is ruled out."""
        return not self.result.daily.interval.contains(1.0)

    @property
    def is_odd(self) -> bool | None:
        """Whether the change lies outside what the other forces lead one to expect."""
        expected = self.among.expected
        return None if expected is None else not expected.contains(self.result.daily.ratio)


def headline(story: RiseStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`: the change, its interval and what it cannot say."""
    ratio, two = story.result.daily, story.two
    # A limit that would round to no change at all keeps a decimal.
    near_zero = min(abs(ratio.lower - 1), abs(ratio.upper - 1)) < 0.01
    limits = words.interval_words(
        ratio.lower - 1,
        ratio.upper - 1,
        1 if near_zero else 0,
        level=story.level,
        as_percent=True,
    )
    touched = " A recording break touches these years: see section 1." if two.notes else ""
    return {
        "number": words.percent(ratio.ratio - 1, signed=True),
        "text": f"{_what_happened(story)} {_how_odd(story)}",
        "interval": f"{limits} for counting chance alone; {words.number(two.before.n_total)} to "
        f"{words.number(two.after.n_total)} {OFFENCES}, {two.period0} to {two.period1}.",
        "caveat": "A change in the record can be a change in violence, in reporting, or in both. "
        f"These counts cannot tell them apart.{touched}",
    }


def main_points(story: RiseStory) -> list[str]:
    """Write the points of the summary, at most six, each with its interval."""
    points = [
        _point_count(story),
        _point_weekly(story),
        _point_officers(story),
        _point_pairs(story),
        _point_others(story),
        _point_relative(story),
    ]
    return [point for point in points if point]


def findings(
    story: RiseStory, releases: Iterable[tuple[TwoYears, RateRatio]] = ()
) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    made = [_found_change(story), _found_ratio(story, "rise.ratio", story.result.daily, "days")]
    made.append(_found_ratio(story, "rise.ratio_mid_p", story.result.mid_p, "days"))
    made += [_found_weekly(story, 0), _found_weekly(story, 1)]
    made += [_found_release(two, ratio, story.level) for two, ratio in releases]
    if story.result.per_officer is not None:
        made.append(
            _found_ratio(story, "rise.ratio_per_officer", story.result.per_officer, "officer-years")
        )
    if story.among.odd is not None:
        made.append(_found_odd(story))
    made.append(_found_relative(story, "rise.relative", story.relative, "counting chance only"))
    note = "counting chance and the ordinary movement of forces from year to year"
    made.append(_found_relative(story, "rise.relative_moving", story.relative_moving, note))
    return made


def rate_table(story: RiseStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: each year's count and weekly rate."""
    result, two = story.result, story.two
    rows = [
        {
            "Financial year": count.financial_year,
            "Days": count.days,
            "Recorded offences": count.n_total,
            "Rate a week": rate.rate,
            "lower": rate.lower,
            "upper": rate.upper,
        }
        for count, rate in ((two.before, result.weekly0), (two.after, result.weekly1))
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"Recorded {two.offences}, {two.force.name}",
        "formats": {"Rate a week": 1, "lower": 1, "upper": 1},
        "level": story.level,
    }


def phi_table(story: RiseStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the ratio under wider and wider assumptions."""
    grid, tipping = story.result.grid, story.result.tipping_phi
    moving = grid["tau"].map(lambda tau: "allowed for" if tau else "left out")
    reaches = (
        "With no movement between years the interval reaches 1 at a dispersion of "
        f"{words.number(tipping, 1)}."
        if tipping > 1
        else "The interval holds 1 even without any dispersion."
    )
    return {
        "frame": pd.DataFrame(
            {
                "Dispersion": grid["phi"],
                "Movement between years": moving,
                "Rate ratio": grid["ratio"],
                "lower": grid["lower"],
                "upper": grid["upper"],
                "p": grid["p"],
            }
        ),
        "caption": f"Rate ratio of {story.two.period1} over {story.two.period0} under wider and "
        "wider assumptions",
        "formats": {"Dispersion": 1},
        "level": story.level,
        "notes": [
            reaches,
            "Limits here are normal ones on the log scale, so that dispersion can enter; with few "
            "offences they differ a little from the exact ones of the summary.",
            f"Movement between years: {words.number(story.among.others.tau, 3)} on the log scale, "
            "the Paule-Mandel spread of the other forces' growth.",
        ],
    }


def releases_table(
    story: RiseStory, releases: Iterable[tuple[TwoYears, RateRatio]]
) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the ratio in each release that holds both years."""
    rows = [
        {
            "Release": words.release(two.vintage).capitalize(),
            two.before.financial_year: two.before.n_total,
            two.after.financial_year: two.after.n_total,
            "Rate ratio": ratio.ratio,
            "lower": ratio.lower,
            "upper": ratio.upper,
        }
        for two, ratio in releases
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"The same two years of {story.two.force.name} in each release that holds both",
        "level": story.level,
    }


def boxes(story: RiseStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    two = story.two
    return {
        "shows": f"How many {two.offences} {two.force.name} recorded in {two.period0} and "
        f"{two.period1}, whether chance could give such a change, and how the year compares with "
        "those of other forces.",
        "cannot": [
            "How many officers were assaulted: only recorded offences are counted, one per victim.",
            "Why the record changed: violence, reporting, recording and coding all move it.",
        ],
        "settle": [
            "A second register of the same events, such as health and safety forms, in both years.",
            "Incident rows with the number of victims, for the dispersion.",
        ],
    }


def caveats(story: RiseStory) -> list[str]:
    """Say what belongs beside the numbers: codes left out, breaks nearby, exposure missing."""
    two = story.two
    notes = [*two.left_out, *two.notes]
    if story.officers.note:
        notes.append(f"{story.officers.note}.")
    if story.among.odd is None:
        notes.append(
            f"{two.force.name} is not among the usable forces of this period, so its year is not "
            "set against theirs."
        )
    if two.vintage != story.among_vintage:
        notes.append(
            f"The force's own figures are of the {words.release(two.vintage)}. The forces are set "
            f"side by side in the {words.release(story.among_vintage)}; the two are never mixed."
        )
    return [note.replace("..", ".") for note in notes]


def words_for_overlap(story: RiseStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the figure of two Poisson counts."""
    two, ratio = story.two, story.result.daily
    apart = "hardly overlap" if story.beyond_counting else "overlap"
    return {
        "headline": f"The counts that the two yearly rates would give {apart}",
        "subtitle": f"Probability of each count if the rate stayed as recorded, {two.force.name}, "
        f"{two.period0} and {two.period1}; {OFFENCES} a year",
        "alt": f"Two bell curves, one round {two.before.n_total} for {two.period0} and one round "
        f"{two.after.n_total} for {two.period1}, which {apart}; the rate ratio is "
        f"{words.ratio(ratio.ratio, ratio.lower, ratio.upper, level=story.level)}.",
    }


def words_for_caterpillar(story: RiseStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the growth of all forces."""
    two, among = story.two, story.among
    return {
        "headline": _how_odd(story).rstrip("."),
        "subtitle": f"Rate ratio of recorded {two.offences}, {two.period1} over {two.period0}, "
        f"{among.forces} usable forces, {words.release(story.among_vintage)}; "
        f"{words.level_words(story.level)}s for counting chance",
        "alt": f"Dots with intervals for the growth of {among.forces} forces in rising order; the "
        f"others average {words.ratio(among.mean_ratio)}. {_how_odd(story)}",
    }


def movement_table(story: RiseStory, movement: QuarterlyDispersion) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: dispersion of quarterly counts, force and others."""
    table = movement.table
    low, middle, high = movement.quantiles()
    rows = [{"Whose quarters": f"Median of {len(table)} forces", "Dispersion": middle,
             "lower": low, "upper": high}]  # fmt: skip
    mine = table[table["force"] == story.two.force.slug]
    for row in mine.to_dict("records"):
        rows.insert(0, {"Whose quarters": story.two.force.name, "Dispersion": row["phi"],
                        "lower": row["lower"], "upper": row["upper"]})  # fmt: skip
    span = f"{movement.first:%B %Y} to {movement.last:%B %Y}"
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"How much more than chance quarterly counts vary, {span}",
        "formats": {"Dispersion": 1, "lower": 1, "upper": 1},
        "level": story.level,
        "notes": "Variance over mean about a smooth trend and quarter effects. For the median the "
        "limits are the 10th and 90th percentile of forces.",
    }


def among_table(story: RiseStory, unflagged: YearAmongForces) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: growth of the force and range expected of it.

    Parameters
    ----------
    story : RiseStory
        The report.
    unflagged : YearAmongForces
        The same without the forces that a break touches for part of a year.
    """
    among, force = story.among, story.two.force
    mine = among.growth[among.growth["force"] == force.slug]
    rows = [
        {"What": force.name, "Forces": 1, "Rate ratio": row["ratio"], "lower": row["lower"],
         "upper": row["upper"], "z": among.odd.z if among.odd else math.nan}
        for row in mine.to_dict("records")
    ]  # fmt: skip
    mean = among.mean_interval(story.alpha)
    rows.append(
        {"What": "Mean of the others", "Forces": among.others.k, "Rate ratio": among.mean_ratio,
         "lower": mean.lower, "upper": mean.upper, "z": math.nan}
    )  # fmt: skip
    for name, panel in (("all", among), ("those without a flag", unflagged)):
        expected = panel.expected
        if panel.odd is not None and expected is not None:
            rows.append(
                {"What": f"Expected of it, from {name}", "Forces": panel.others.k,
                 "Rate ratio": panel.mean_ratio, "lower": expected.lower,
                 "upper": expected.upper, "z": panel.odd.z}
            )  # fmt: skip
    frame = pd.DataFrame(rows).dropna(axis="columns", how="all")
    if "z" in frame:
        frame["z"] = frame["z"].astype(object).where(frame["z"].notna(), tables.NOT_APPLICABLE)
    return {
        "frame": frame,
        "caption": f"Growth of {force.name} beside that of other usable forces",
        "formats": {"Forces": 0},
        "level": story.level,
        "notes": f"Spread of growth between the others: {words.number(among.others.tau, 3)} on the "
        "log scale (Paule-Mandel, the force left out)."
        + (f" {words.p_equals(among.odd.p)}, t with {among.odd.df} df." if among.odd else ""),
    }


def checks_table(story: RiseStory, pooled: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: pooled growth under each model."""
    return {
        "frame": pd.DataFrame(
            {
                "Model and errors": pooled["family"] + ", " + pooled["errors"],
                "Growth of all forces, rate ratio": pooled["ratio"],
                "lower": pooled["lower"],
                "upper": pooled["upper"],
                "Dispersion": pooled["dispersion"],
                "Residual SD": pooled["residual_sd"],
            }
        ),
        "caption": f"Growth of {story.among.forces} forces together, four models",
        "formats": {"Dispersion": 1, "Residual SD": 2},
        "level": story.level,
        "notes": "A residual SD (randomised quantile residuals) near 1 means that the counts vary "
        "as the family says. Poisson families must give back the observed total, and do to "
        f"within one part in {words.number(1 / BALANCE_TOLERANCE)}.",
    }


def _what_happened(story: RiseStory) -> str:
    two, ratio = story.two, story.result.daily.ratio
    kind = "" if len(two.codes) > 1 else f" {MEANING[two.codes[0]].removeprefix('assault ')}"
    moved = "rose" if ratio > 1 else "fell" if ratio < 1 else "did not change"
    chance = (
        "more than counting chance alone would give"
        if story.beyond_counting
        else "which counting chance alone could give"
    )
    by = "" if ratio == 1 else f" by {words.percent(abs(ratio - 1))}, {chance}"
    return f"Recorded assaults{kind} on {two.force.name} officers {moved}{by}."


def _how_odd(story: RiseStory) -> str:
    if story.is_odd is None:
        return "The force cannot be set against the others in this period."
    others = story.among.forces - 1
    if story.is_odd:
        return f"It lies outside what the years of {others} other forces lead one to expect."
    return f"Among {others} other forces it is not an unusual year."


def _point_count(story: RiseStory) -> str:
    diff, ratio, two = story.result.difference, story.result.daily, story.two
    low, high = (words.number(limit, 0, signed=True) for limit in (diff.lower, diff.upper))
    return (
        f"{words.number(two.after.n_total)} recorded in {two.period1} against "
        f"{words.number(two.before.n_total)} in {two.period0}: a change of "
        f"{words.number(diff.difference, 0, signed=True)} ({words.level_words(story.level)} {low} "
        f"to {high}). The rate ratio of recorded assaults is "
        f"{words.ratio(ratio.ratio, ratio.lower, ratio.upper, level=story.level)}, "
        f"{words.p_equals(ratio.p)}."
    )


def _point_weekly(story: RiseStory) -> str:
    parts = [
        f"{words.number(rate.rate, 1)} a week in {year} "
        f"({words.interval(rate.lower, rate.upper, 1)})"
        for year, rate in (
            (story.two.period0, story.result.weekly0),
            (story.two.period1, story.result.weekly1),
        )
    ]
    return f"Recorded assaults: {parts[0]}, {parts[1]}."


def _point_officers(story: RiseStory) -> str:
    ratio = story.result.per_officer
    if ratio is None:
        return f"No rate per officer. {story.officers.note.rstrip('.')}."
    said = words.ratio(ratio.ratio, ratio.lower, ratio.upper, level=story.level)
    return f"Per officer-year the rate ratio of recorded assaults is {said}. {story.officers.note}"


def _point_pairs(story: RiseStory) -> str:
    tipping = story.result.tipping_phi
    if tipping <= 1:
        return ""
    pairs = victims_per_incident_phi(MANY_PAIRS)
    enough = (
        f" Two victims in {words.percent(MANY_PAIRS)} of incidents would do that."
        if tipping <= pairs
        else ""
    )
    return (
        "One incident can have several victims, so counts vary more than separate events would. "
        f"Counts would have to vary {words.number(tipping, 1)} times as much as chance before no "
        f"change could be believed.{enough}"
    )


def _point_others(story: RiseStory) -> str:
    odd, expected = story.among.odd, story.among.expected
    if odd is None or expected is None:
        return ""
    return (
        f"The other {story.among.forces - 1} usable forces changed by "
        f"{words.percent(story.among.mean_ratio - 1, signed=True)} on average. From their spread, "
        f"anything from {words.percent(expected.lower - 1, signed=True)} to "
        f"{words.percent(expected.upper - 1, signed=True)} was to be expected of one force (z = "
        f"{words.number(odd.z, 2)})."
    )


def _point_relative(story: RiseStory) -> str:
    narrow, wide = story.relative, story.relative_moving
    return (
        f"Growth over that of {story.rest.who}: "
        f"{words.ratio(narrow.ratio, narrow.lower, narrow.upper, level=story.level)} for counting "
        f"chance alone; {words.interval(wide.lower, wide.upper)} once the ordinary movement "
        "between years is allowed for."
    )


def _rose(interval: Interval) -> Verdict:
    return verdicts.lies("above", 1.0, interval.lower, interval.upper)


def _common(story: RiseStory, denominator: str) -> dict[str, Any]:
    return {
        "denominator": denominator,
        "period": f"{story.two.period0} to {story.two.period1}",
        "vintage": story.two.vintage,
    }


def _found_change(story: RiseStory) -> Finding:
    diff = story.result.difference
    interval = story.result.daily.interval
    return Finding(
        id="rise.change",
        label=f"Change in recorded assaults on {story.two.force.name} officers",
        claim=f"More were recorded in {story.two.period1} than an unchanged rate would give",
        verdict=_rose(interval),
        value=diff.difference,
        lower=diff.lower,
        upper=diff.upper,
        level=story.level,
        unit=OFFENCES,
        note=f"{story.two.before.n_total} to {story.two.after.n_total}; counting chance only",
        **_common(story, f"years of {story.two.before.days} and {story.two.after.days} days"),
    )


def _found_ratio(story: RiseStory, name: str, ratio: RateRatio, exposure: str) -> Finding:
    return Finding(
        id=name,
        label=f"Rate ratio of recorded assaults on officers, {exposure} as exposure",
        claim=f"The recorded rate was higher in {story.two.period1} than in {story.two.period0}",
        verdict=_rose(ratio.interval),
        value=ratio.ratio,
        lower=ratio.lower,
        upper=ratio.upper,
        level=story.level,
        unit="rate ratio",
        note=f"{ratio.method} conditional interval, counting chance only; p = {ratio.p:.3g}",
        **_common(story, exposure),
    )


def _found_release(two: TwoYears, ratio: RateRatio, level: float) -> Finding:
    return Finding(
        id=f"rise.ratio@{two.vintage}",
        label=f"Rate ratio of recorded assaults on officers in the release {two.vintage}",
        claim=f"The recorded rate was higher in {two.period1} than in {two.period0}",
        verdict=_rose(ratio.interval),
        value=ratio.ratio,
        lower=ratio.lower,
        upper=ratio.upper,
        level=level,
        unit="rate ratio",
        denominator="days",
        period=f"{two.period0} to {two.period1}",
        vintage=two.vintage,
        note=f"{two.before.n_total} to {two.after.n_total}; exact conditional interval",
    )


def _found_weekly(story: RiseStory, which: int) -> Finding:
    two, result = story.two, story.result
    year, count, rate = (
        (two.period1, two.after, result.weekly1)
        if which
        else (two.period0, two.before, result.weekly0)
    )
    return Finding(
        id=f"rise.weekly{which}",
        label=f"Recorded assaults on officers a week in {year}",
        claim=f"{words.number(count.n_total)} {OFFENCES} in {count.days} days",
        verdict="reproduces",
        value=rate.rate,
        lower=rate.lower,
        upper=rate.upper,
        level=story.level,
        unit=f"{OFFENCES} a week",
        denominator=f"{count.days} days",
        period=str(year),
        vintage=two.vintage,
        note="exact Poisson interval",
    )


def _found_odd(story: RiseStory) -> Finding:
    odd, expected = story.among.odd, story.among.expected
    if odd is None or expected is None:
        raise ValueError("the force is not among the usable ones")
    return Finding(
        id="rise.odd",
        label=f"Growth of {story.two.force.name} beside the range expected from other forces",
        claim="The change is out of the ordinary among the forces",
        verdict=verdicts.unusual(odd.p, story.alpha),
        value=math.exp(odd.estimate),
        lower=expected.lower,
        upper=expected.upper,
        level=story.level,
        unit="rate ratio; limits are the range expected, not an interval of the value",
        denominator="days",
        period=f"{story.two.period0} to {story.two.period1}",
        vintage=story.among_vintage,
        note=f"z = {odd.z:.3f}, t with {odd.df} df, p = {odd.p:.3g}; tau = {odd.tau:.3f} over "
        f"{odd.k - 1} other forces (Paule-Mandel, leave one out)",
    )


def _found_relative(story: RiseStory, name: str, growth: RelativeGrowth, allowing: str) -> Finding:
    return Finding(
        id=name,
        label=f"Growth over that of {story.rest.who}",
        claim=f"The force grew more than the others, allowing for {allowing}",
        verdict=_rose(growth.interval),
        value=growth.ratio,
        lower=growth.lower,
        upper=growth.upper,
        level=story.level,
        unit="ratio of rate ratios",
        note=f"allows for {allowing}",
        **_common(story, "days"),
    )
