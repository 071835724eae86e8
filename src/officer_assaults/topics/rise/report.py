"""Rise: the sentences, tables and findings of the report on two years of one force."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import breaks, forces, recorded
from officer_assaults.data.periods import ALL_QUARTERS, quarters_in_words
from officer_assaults.data.years import MEANING
from officer_assaults.page import words
from officer_assaults.stats import verdicts
from officer_assaults.stats.dispersion import victims_per_incident_phi
from officer_assaults.topics.rise.data import act_day
from officer_assaults.topics.rise.model import OFFENCES

if TYPE_CHECKING:
    from officer_assaults.data.long_view import BaseYear
    from officer_assaults.data.years import OfficerExposure, TwoYears
    from officer_assaults.estimate import Estimate
    from officer_assaults.findings import Finding, Verdict
    from officer_assaults.stats.dispersion import QuarterlyDispersion
    from officer_assaults.topics.rise.model import Rise, YearAmongForces

#: A high share of incidents with two victims, to judge a tipping point by.
MANY_PAIRS = 0.4
#: What an exposure is called in a sentence.
PER = {"officers": "officer", "days": "day", "population": "resident", "own": "unit of your own"}
PER_DAY = f"growth per {PER['days']}"


def answer(size: Rise, base: BaseYear | None, jump: pd.DataFrame) -> str:
    """Answer the question of the page: whether the rise is real."""
    if not size.beyond_counting:
        return (
            "Not known. Chance alone could give a change of this size; counts of more years would "
            "tell."
        )
    by = words.percent(abs(size.ratio.value - 1))
    if size.ratio.value < 1:
        return (
            f"No. The record fell by {by}, more than chance alone gives. Whether violence fell is "
            "not known."
        )
    doubts = []
    if base is not None and base.lowest:
        doubts.append("the year it is measured from was the lowest of three")
    if not jump.empty:
        doubts.append(
            "the record rose in every series just after inspectors had found fault with it"
        )
    tail = f": {' and '.join(doubts)}" if doubts else ""
    return (
        f"Yes, the record rose: by {by}, more than chance alone gives. Whether violence rose is "
        f"not known{tail}."
    )


def headline(size: Rise, among: YearAmongForces) -> dict[str, str]:
    """Arguments of :func:`report.headline`: the change, its interval and what it cannot say."""
    ratio, two = size.ratio, size.two
    touched = (
        " A recording break touches these years: see the cautions below." if two.remarks else ""
    )
    return {
        "number": words.percent(ratio.value - 1, signed=True),
        "text": f"{_what_happened(size)} {_beside(two, among)}".rstrip(),
        "interval": f"{_limits(ratio)} for chance alone; "
        f"{words.number(two.before.n_total)} to {words.number(two.after.n_total)} {OFFENCES}, "
        f"{two.period0} to {two.period1}{_part(two)}.",
        "caveat": "A change in the record can be a change in violence, in reporting, or in both. "
        f"These counts cannot tell them apart.{touched}",
    }


def may_say(size: Rise) -> dict[str, str]:
    """Arguments of :func:`report.may_say` for the headline."""
    two, ratio = size.two, size.ratio
    who = forces.spoken(two.force.slug)
    grew = "more than" if ratio.value > 1 else "less than" if ratio.value < 1 else "from"
    return {
        "say": f"In {two.period1}{_part(two)}, {words.number(two.after.n_total)} {_kind(two)} on "
        f"officers of {who} were recorded, {words.percent(abs(ratio.value - 1))} {grew} in "
        f"{two.period0} ({_limits(ratio)}, for chance alone), by figures of the "
        f"{two.release.publisher}.",
        "not_say": f"Assaults on officers of {who} "
        f"{'rose' if ratio.value > 1 else 'fell'} by {words.percent(abs(ratio.value - 1))}.",
        "source": f"{two.release.publisher}, {words.release(two.vintage)}",
    }


def main_points(
    size: Rise,
    among: YearAmongForces,
    others: Estimate,
    base: BaseYear | None,
    jump: pd.DataFrame,
    article: Rise | None = None,
) -> list[str]:
    """Write the points of the summary, one message each."""
    points = [
        _point_count(size, article),
        _point_base(size, base),
        point_jump(jump),
        "" if size.two.force.kind == "nation" else _point_others(among, others),
        _point_pairs(size),
        "A recorded offence is not an assault: what officers do not report, or a force does not "
        "record, is in none of these counts.",
    ]
    return [point for point in points if point]


def boxes(two: TwoYears) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    return {
        "shows": f"How many {_kind(two)} on officers of {forces.spoken(two.force.slug)} were "
        "recorded in two years, whether chance could give such a change, and how the year compares "
        "with those of other forces.",
        "cannot": [
            "How many officers were assaulted: only recorded offences are counted, one per victim.",
            "Why the record changed: violence, reporting, recording and coding all move it.",
        ],
        "settle": [
            "A second register of the same events, such as health and safety forms, in both years.",
            "Incident rows with the number of victims, for the dispersion.",
        ],
    }


def caveats(
    size: Rise, among: YearAmongForces, officers: OfficerExposure, vintage: str
) -> list[str]:
    """Say what belongs beside the numbers: codes left out, breaks nearby, exposure missing."""
    two = size.two
    notes = [*two.left_out, *two.remarks]
    if officers.note:
        notes.append(f"{officers.note}.")
    if among.odd is None and among.years_apart == 1 and two.force.kind != "nation":
        notes.append(
            f"{two.force.name} is not among the usable forces of this period, so its year is not "
            "set against theirs."
        )
    if two.vintage != vintage:
        notes.append(
            f"The force's own figures are of the {words.release(two.vintage)}. The forces are set "
            f"side by side in the {words.release(vintage)}; the two are never mixed."
        )
    return [note.replace("..", ".") for note in notes]


def words_for_series(two: TwoYears, series: pd.DataFrame) -> dict[str, Any]:
    """Headline, subtitle and alternative text of the long series."""
    mine = series[series["Who"] == two.force.name]
    quarters = len(mine)
    since = mine[mine["Quarter"] >= pd.Timestamp(two.period1.start)]
    then = since.loc[since["Quarter"] <= pd.Timestamp(two.period1.end), "Offences"]
    gap = since["Offences"].tail(4).mean() / max(then.mean(), 1.0) - 1
    said = (
        f"The last four quarters stand {words.percent(abs(gap))} "
        f"{'above' if gap >= 0 else 'below'} those of {two.period1}"
    )
    if then.sum() < breaks.MINIMUM or since["state"].eq("step").any():
        said = f"The record of {forces.spoken(two.force.slug)} cannot be followed without a break"
    if then.sum() < breaks.MINIMUM:
        said = f"{two.force.name}: too few are recorded to compare quarters"
    beside = "" if two.force.kind == "nation" else ", beside England and Wales"
    lost = series["Quarter"].nunique() > quarters
    gaps = "; the line stops where the record cannot be used" if lost else ""
    return {
        "headline": said,
        "subtitle": f"Recorded assaults on constables without injury, {two.force.name}"
        f"{beside}, by quarter{gaps}",
        "formats": {"Offences": 0},
        "alt": f"Line of {quarters} quarters of recorded assaults without injury, "
        f"{mine['Quarter'].iloc[0]:%B %Y} to {mine['Quarter'].iloc[-1]:%B %Y}. {said}.",
    }


def events(two: TwoYears, marks: pd.DataFrame, series: pd.DataFrame) -> dict[pd.Timestamp, str]:
    """Dated events for the chart: inspections and the Act."""
    found = {row["day"]: str(row["label"]) for row in marks.to_dict("records")}
    found[act_day()] = "Act in force"
    marked = series[(series["Who"] == two.force.name) & (series["state"] == "step")]
    found |= {row["Quarter"]: "recording changed" for row in marked.to_dict("records")}
    return dict(sorted(found.items()))


def releases_table(size: Rise, releases: Iterable[Rise]) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the two years in each release, who published it."""
    two = size.two
    rows = [
        {
            "Figures of": f"{each.two.release.publisher}, {words.release(each.two.vintage)}",
            two.before.financial_year: each.two.before.n_total,
            two.after.financial_year: each.two.after.n_total,
            "Rate ratio": each.ratio.value,
            "lower": each.ratio.lower,
            "upper": each.ratio.upper,
        }
        for each in releases
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"The same two years of {two.force.name}, whoever printed them",
        "level": size.ratio.level,
        "notes": "Each row stays within one release. What an article printed stands beside the "
        "official figures and proves nothing about them.",
    }


def rate_table(size: Rise) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: each year's count and weekly rate."""
    two = size.two
    rows = [
        {
            "Financial year": count.financial_year,
            "Recorded offences": count.n_total,
            "Rate a week": rate.value,
            "lower": rate.lower,
            "upper": rate.upper,
        }
        for count, rate in zip((two.before, two.after), size.weekly, strict=True)
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"Recorded {two.offences}, {two.force.name}",
        "formats": {"Rate a week": 1, "lower": 1, "upper": 1},
        "level": size.ratio.level,
    }


def base_table(base: BaseYear) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the change measured from each of three years."""
    frame = pd.DataFrame(
        {
            "Measured from": list(base.counts),
            "Recorded without injury": list(base.counts.values()),
            f"Change to {base.period1}": [change / 100 for change in base.changes.values()],
        }
    )
    return {
        "frame": frame,
        "caption": f"{base.force.name}: the change to {base.period1} from each of the years before",
        "formats": {f"Change to {base.period1}": "percent"},
        "without_interval": "Plain changes of the counts of code 104, the only code that reaches "
        "back so far.",
    }


def phi_table(size: Rise, among: YearAmongForces) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the ratio under wider and wider assumptions."""
    grid, tipping = size.grid, size.tipping_phi
    reaches = (
        "With no movement between years the interval reaches 1 at a dispersion of "
        f"{words.number(tipping, 1)}."
        if tipping > 1
        else "The interval holds 1 even without any dispersion."
    )
    still, moving = grid[grid["tau"] == 0], grid[grid["tau"] > 0]
    columns: dict[str, Any] = {
        "Dispersion": still["phi"].to_numpy(),
        "Rate ratio": still["ratio"].to_numpy(),
        "lower": still["lower"].to_numpy(),
        "upper": still["upper"].to_numpy(),
    }
    intervals = {"Rate ratio": ("lower", "upper")}
    if not moving.empty:
        columns["Years moving"] = moving["ratio"].to_numpy()
        columns["moving_lower"] = moving["lower"].to_numpy()
        columns["moving_upper"] = moving["upper"].to_numpy()
        intervals["Years moving"] = ("moving_lower", "moving_upper")
    return {
        "frame": pd.DataFrame(columns),
        "intervals": intervals,
        "caption": f"Rate ratio of {size.two.period1} over {size.two.period0} under wider and "
        "wider assumptions",
        "formats": {"Dispersion": 1},
        "level": size.ratio.level,
        "notes": [
            reaches,
            "Limits here are normal ones on the log scale, so that dispersion can enter; with few "
            "offences they differ a little from the exact ones of the summary.",
            f"Movement between years: {words.number(among.others.tau, 3)} on the log scale, "
            "the Paule-Mandel spread of the other forces' growth.",
        ],
    }


def movement_table(size: Rise, movement: QuarterlyDispersion) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: dispersion of quarterly counts, force and others."""
    table = movement.frame
    low, middle, high = movement.quantiles()
    rows = [{"Whose quarters": f"Median of {len(table)} forces", "Dispersion": middle,
             "lower": low, "upper": high}]  # fmt: skip
    mine = table[table["force"] == size.two.force.slug]
    for row in mine.to_dict("records"):
        rows.insert(0, {"Whose quarters": size.two.force.name, "Dispersion": row["phi"],
                        "lower": row["lower"], "upper": row["upper"]})  # fmt: skip
    span = f"{movement.first:%B %Y} to {movement.last:%B %Y}"
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"How much more than chance quarterly counts vary, {span}",
        "formats": {"Dispersion": 1, "lower": 1, "upper": 1},
        "level": size.ratio.level,
        "notes": "Variance over mean about a smooth trend and quarter effects. For the median the "
        "limits are the 10th and 90th percentile of forces.",
    }


def words_for_caterpillar(size: Rise, among: YearAmongForces, others: Estimate) -> dict[str, str]:
    """Headline, subtitle and alternative text of the growth of all forces."""
    two = size.two
    nation = two.force.kind == "nation"
    said = "England and Wales is its forces together." if nation else how_odd(among)
    return {
        "headline": said.rstrip("."),
        "subtitle": f"Growth of recorded {two.offences} per {PER[among.exposure]}, {two.period1} "
        f"over {two.period0}, {among.forces} usable forces; {words.level_words(size.ratio.level)}s "
        "for counting chance",
        "alt": f"Dots with intervals for the growth of {among.forces} forces in rising order; the "
        f"model gives the others {words.ratio(others.value)}. {said}",
    }


def odd_may_say(size: Rise, among: YearAmongForces) -> dict[str, str]:
    """Arguments of :func:`report.may_say` for the comparison with other forces; empty if none."""
    expected = among.expected
    if expected is None:
        return {}
    who = forces.spoken(size.two.force.slug)
    lies = "outside" if among.is_odd else "within"
    return {
        "say": f"The growth of {who} lies {lies} the range that the growth of "
        f"{among.forces - 1} other forces leads one to expect "
        f"({words.percent(expected.lower - 1, signed=True)} to "
        f"{words.percent(expected.upper - 1, signed=True)}).",
        "not_say": "The year proves that something changed in this force."
        if among.is_odd
        else "Nothing happened in this force.",
    }


def findings(
    size: Rise, among: YearAmongForces, others: Estimate, releases: Iterable[Rise] = ()
) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    two, name = size.two, size.two.force.name
    grew = f"The recorded rate was higher in {two.period1} than in {two.period0}"
    label = "Rate ratio of recorded assaults on officers"
    made = [
        size.change.finding(
            "rise.change", f"Change in recorded assaults on {name} officers",
            f"More were recorded in {two.period1} than an unchanged rate would give",
            _rose(size.ratio),
        ),
        size.ratio.finding(
            "rise.ratio", f"{label}, days as exposure", grew, _rose(size.ratio), quantity=PER_DAY
        ),
        size.ratio_mid_p.finding(
            "rise.ratio_mid_p", f"{label}, days as exposure", grew, _rose(size.ratio_mid_p),
            quantity=PER_DAY,
        ),
    ]  # fmt: skip
    for which, (year, rate) in enumerate(zip((two.before, two.after), size.weekly, strict=True)):
        made.append(
            rate.finding(
                f"rise.weekly{which}",
                f"Recorded assaults on officers a week in {year.financial_year}",
                f"{words.number(year.n_total)} {OFFENCES} in {year.days} days",
                _counted(two),
            )
        )
    made += [
        each.ratio.finding(
            f"rise.ratio@{each.two.vintage}", f"{label} in the release {each.two.vintage}", grew,
            _rose(each.ratio), quantity=PER_DAY,
        )
        for each in releases
    ]  # fmt: skip
    if size.per_officer is not None:
        made.append(
            size.per_officer.finding(
                "rise.ratio_per_officer", f"{label}, officer-years as exposure",
                f"{grew}, per officer",
                _rose(size.per_officer),
                quantity=f"growth per {PER['officers']}",
            )
        )  # fmt: skip
    made.append(
        others.finding(
            "rise.others", f"{label} of the other forces together, by the model",
            f"The other forces rose as well, {two.period0} to {two.period1}", _rose(others),
        )
    )  # fmt: skip
    if among.odd is not None:
        made.append(_found_odd(size, among))
    return made


def point_jump(jump: pd.DataFrame) -> str:
    """Say how the quarter after a critical inspection stands above the year before it."""
    if jump.empty:
        return ""
    first = jump.iloc[0]
    before = ", and before the Act came into force" if first["before_act"] else ""
    least, most = (words.percent(limit - 1) for limit in (jump["ratio"].min(), jump["ratio"].max()))
    span = least if least == most else f"{least} to {most}"
    return (
        f"In {words.quarter(first['quarter'])} the record stood {span} above the mean of the year "
        "before in every series, recorded violence against the public among them. That was the "
        "first whole quarter after an inspection had graded the force's recording of crime "
        f"{first['grade']}{before}."
    )


def how_odd(among: YearAmongForces) -> str:
    """Say whether the year is unusual among the forces, or why that is not judged."""
    if among.years_apart != 1:
        return "Years that are not next to each other are not called usual or unusual."
    if among.is_odd is None:
        return "The force cannot be set against the others in this period."
    others, per = among.forces - 1, PER[among.exposure]
    if among.is_odd:
        return f"Per {per} it lies outside what {others} other forces lead one to expect."
    return f"Among {others} other forces it is not an unusual year."


def _beside(two: TwoYears, among: YearAmongForces) -> str:
    """Say how the year stands among the forces; nothing of all forces together."""
    return "" if two.force.kind == "nation" else how_odd(among)


def _limits(ratio: Estimate) -> str:
    # A limit that would round to no change at all keeps a decimal.
    near_zero = min(abs(ratio.lower - 1), abs(ratio.upper - 1)) < 0.01
    return words.interval_words(
        ratio.lower - 1, ratio.upper - 1, 1 if near_zero else 0, level=ratio.level, as_percent=True
    )


def _part(two: TwoYears) -> str:
    """Say which part of the years is counted; nothing where they are whole."""
    return "" if two.quarters == ALL_QUARTERS else f" ({quarters_in_words(two.quarters)} only)"


def _kind(two: TwoYears) -> str:
    kind = "" if len(two.codes) > 1 else f" {MEANING[two.codes[0]].removeprefix('assault ')}"
    return f"assaults{kind}"


def _what_happened(size: Rise) -> str:
    two, ratio = size.two, size.ratio.value
    moved = "rose" if ratio > 1 else "fell" if ratio < 1 else "did not change"
    chance = (
        " by more than counting chance alone would give"
        if size.beyond_counting
        else ", as counting chance alone could make it"
    )
    by = "" if ratio == 1 else chance
    who = forces.spoken(two.force.slug)
    return f"Recorded {_kind(two)} on officers of {who} {moved}{by}."


def _point_count(size: Rise, article: Rise | None) -> str:
    two, who = size.two, forces.spoken(size.two.force.slug)
    low, high = (
        words.number(limit, 0, signed=True) for limit in (size.change.lower, size.change.upper)
    )
    text = (
        f"{who[:1].upper()}{who[1:]} recorded {words.number(abs(size.change.value))} "
        f"{'more' if size.change.value >= 0 else 'fewer'} such offences than in the earlier year. "
        f"Chance alone leaves the change open between {low} and {high}."
    )
    if article is None:
        return text
    gaps = [
        abs(printed / official - 1)
        for printed, official in zip(article.two.counts.values(), two.counts.values(), strict=True)
    ]
    return f"{text} The newspaper's own counts stand within {words.percent(max(gaps))} of these."


def _point_base(size: Rise, base: BaseYear | None) -> str:
    if base is None or not base.lowest or size.ratio.value <= 1:
        return ""
    first, change = next(iter(base.changes.items()))
    return (
        "The earlier year was the lowest of three for recorded assaults without injury, the only "
        f"kind that can be followed back so far. Measured from {first} they changed by "
        f"{words.percent(change / 100, signed=True)}. After "
        "a low year a rise is to be expected even if nothing has changed, which is called "
        "regression to the mean."
    )


def _point_others(among: YearAmongForces, others: Estimate) -> str:
    gap = words.percent(abs(others.value - 1))
    moved = "rose" if others.value > 1 else "fell"
    text = (
        f"The other forces together {moved} by {gap} per {PER[among.exposure]}, by the model below."
    )
    if among.is_odd is None:
        return f"{text} {how_odd(among)}"
    if among.is_odd:
        return f"{text} They differ much from each other, and yet this change is unusual."
    return f"{text} They differ so much from each other that a change like this one is ordinary."


def _point_pairs(size: Rise) -> str:
    tipping = size.tipping_phi
    if tipping <= 1:
        return ""
    start = "One incident can have several victims, so counts move more than separate events would."
    if tipping <= victims_per_incident_phi(MANY_PAIRS):
        return f"{start} A few incidents with two victims each would put the change in doubt."
    return (
        f"{start} They would have to vary {words.number(tipping, 0 if tipping >= 2 else 1)} times "
        "as much as chance before the change itself came into doubt."
    )


def _rose(estimate: Estimate) -> Verdict:
    return verdicts.lies("above", 1.0, estimate.lower, estimate.upper)


def _counted(two: TwoYears) -> Verdict:
    """Call a count reproduced if it is read from an official table, not if somebody printed it."""
    return "reproduces" if two.vintage in recorded.full_vintages() else "consistent"


def _found_odd(size: Rise, among: YearAmongForces) -> Finding:
    odd, expected = among.odd, among.expected
    if odd is None or expected is None:
        raise ValueError("the force is not among the usable ones")
    return size.ratio.finding(
        "rise.odd",
        f"Growth of {size.two.force.name} beside the range expected from other forces",
        "The change is out of the ordinary among the forces",
        verdicts.unusual(odd.p, among.alpha),
        value=math.exp(odd.estimate),
        lower=expected.lower,
        upper=expected.upper,
        unit="rate ratio; limits are the range expected, not an interval of the value",
        denominator=PER[among.exposure],
        quantity=f"growth per {PER[among.exposure]}",
        note=f"z = {odd.z:.3f}, t with {odd.df} df, p = {odd.p:.3g}; tau = {odd.tau:.3f} over "
        f"{odd.k - 1} other forces (Paule-Mandel, leave one out)",
    )
