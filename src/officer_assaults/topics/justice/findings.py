"""Justice: the findings of the report on what follows, with the verdict on each by rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.estimate import Estimate, count
from officer_assaults.findings import BOUNDS, Finding, Verdict
from officer_assaults.page import words
from officer_assaults.stats import verdicts
from officer_assaults.topics.justice import model as models
from officer_assaults.topics.justice.story import (
    MEANING,
    MEASURES,
    JusticeStory,
    lag_verdict,
    range_in_words,
)

if TYPE_CHECKING:
    from officer_assaults.stats.composition import Overlap
    from officer_assaults.topics.justice.data import ReportedQuarter

HALF = 0.5


def findings(story: JusticeStory) -> list[Finding]:
    """State the results, each with its verdict by rule."""
    made = [
        finding
        for code in (NO_INJURY, INJURY)
        for finding in (_found_rate(story, code), _found_all(story, code))
        if finding is not None
    ]
    made += [_found_change(story, series, measure) for series, measure in story.changes]
    made += [_found_level(story, "convicted"), _found_level(story, "custody")]
    made += [_found_beyond(story, measure) for measure in story.beyond]
    made += _found_standardised(story)
    made.append(found_away(story))
    return [*made, *_found_parts(story)]


def _common(story: JusticeStory) -> dict[str, Any]:
    return {"period": story.period, "vintage": story.release.vintage, "level": story.level}


def _courts_common(story: JusticeStory) -> dict[str, Any]:
    return {
        "period": "January 2018 to September 2019",
        "vintage": story.court_release.vintage,
        "level": story.level,
    }


def _found_rate(story: JusticeStory, code: str) -> Finding | None:
    own, gap = story.row(code, story.own), story.gaps.get(code)
    if own is None or story.is_nation or gap is None:
        return None
    return Estimate.of(
        own["rate"],
        own,
        unit="share charged or summonsed",
        denominator=f"{words.number(own['recorded'], 0)} recorded offences, code {code}",
        note=f"difference from all other forces {gap.lower:+.3f} to {gap.upper:+.3f} (Newcombe); "
        f"{own['open']} without an outcome",
    ).finding(
        f"justice.charged_{code}",
        f"Recorded assaults {MEANING[code]} that ended in a charge, {story.force.name}",
        f"A smaller share of those {MEANING[code]} than in all other forces",
        verdicts.lies("below", 0, gap.lower, gap.upper),
        **_common(story),
    )


def _found_all(story: JusticeStory, code: str) -> Finding | None:
    row = story.row(code, story.everyone)
    if row is None:
        return None
    return Estimate.of(
        row["rate"],
        row,
        unit="share charged or summonsed",
        denominator=f"{words.number(row['recorded'], 0)} recorded offences, code {code}, with "
        "British Transport Police",
    ).finding(
        f"justice.national_{code}",
        f"Recorded assaults {MEANING[code]} that ended in a charge, England and Wales",
        "Most end without a charge",
        verdicts.lies("below", HALF, float(row["lower"]), float(row["upper"])),
        **_common(story),
    )


def _found_standardised(story: JusticeStory) -> list[Finding]:
    table = story.standardised.table
    if story.force.slug not in table.index:
        return []
    own = table.loc[[story.force.slug]].iloc[0]
    lower, upper = float(own["lower"]), float(own["upper"])
    all_ = float(story.everyone["charged"].sum() / story.everyone["recorded"].sum())
    return [
        Estimate(
            float(own["standardised"]),
            lower,
            upper,
            unit="share charged or summonsed",
            denominator=f"{words.number(own['recorded'], 0)} recorded offences, codes 104 and 8S",
            note=f"England and Wales {all_:.3f}; crude {float(own['crude']):.3f}",
        ).finding(
            "justice.charged_standardised",
            f"Recorded assaults that ended in a charge, {story.force.name}, at the national "
            "mix of classes",
            "A smaller share than in England and Wales",
            verdicts.lies("below", all_, lower, upper),
            **_common(story),
        )
    ]


def _series_key(series: str) -> str:
    return "police" if series == models.POLICE else "control"


def _found_change(story: JusticeStory, series: str, measure: str) -> Finding:
    change = story.changes[series, measure]
    limits = change.difference_interval
    return Estimate.of(
        change.difference,
        limits,
        unit="months" if measure == "length" else "difference of shares",
        denominator="defendants, England and Wales",
        note=f"{change.before:.4g} to {change.after:.4g}; dispersion of months "
        f"{change.dispersion:.2f}; with the half-processed months "
        f"{story.whole[series, measure].after:.4g}",
    ).finding(
        f"justice.{measure}_change_{_series_key(series)}",
        f"Change after the Act, {series}: {MEASURES[measure]}",
        f"Higher after the Act than before, {series}: {MEASURES[measure]}",
        _over_lags(
            story,
            "police" if series == models.POLICE else "control",
            measure,
            verdicts.lies("above", 0, limits.lower, limits.upper),
        ),
        **_courts_common(story),
    )


def _over_lags(story: JusticeStory, column: str, measure: str, whole: Verdict) -> Verdict:
    """Give no verdict on convictions whose sign hangs on the lag; the rest has no lag."""
    return lag_verdict(story.lags[column], whole) if measure == "convicted" else whole


def _found_level(story: JusticeStory, measure: str) -> Finding:
    change = story.changes[models.POLICE, measure]
    most = measure == "convicted"
    limits = change.after_interval
    return Estimate.of(
        change.after,
        limits,
        unit="share",
        denominator="defendants prosecuted" if most else "defendants sentenced",
        note=f"before the Act {change.before:.4g}",
    ).finding(
        f"justice.{measure}_after",
        f"After the Act, {models.POLICE}: {MEASURES[measure]}",
        "Most are convicted" if most else "Most are jailed at once",
        verdicts.lies("above", HALF, limits.lower, limits.upper),
        **_courts_common(story),
    )


def _found_beyond(story: JusticeStory, measure: str) -> Finding:
    interval = story.beyond[measure]
    police, control = (story.changes[name, measure] for name in (models.POLICE, models.CONTROL))
    return Estimate.of(
        police.difference - control.difference,
        interval,
        unit="months" if measure == "length" else "difference of differences of shares",
        denominator="defendants, England and Wales",
    ).finding(
        f"justice.{measure}_beyond_control",
        f"Change beyond that of common assault: {MEASURES[measure]}",
        f"Rose more than for common assault: {MEASURES[measure]}",
        _over_lags(
            story, "beyond", measure, verdicts.lies("above", 0, interval.lower, interval.upper)
        ),
        **_courts_common(story),
    )


def found_away(story: JusticeStory) -> Finding:
    """State how many recorded assaults end in a conviction, with bounds."""
    chain, land = story.chain, story.national_chain
    return Estimate(
        chain.convicted_of_recorded, 0.0, chain.charged_most, level=BOUNDS,
        unit="share of recorded assaults that end in a conviction",
        denominator=f"{words.number(float(story.own['recorded'].sum()), 0)} recorded offences, "
        "codes 104 and 8S",
        period=story.period, release=story.release.vintage,
        note=f"charged {chain.charged:.3f} x convicted {chain.convicted:.3f} (national); England "
        f"and Wales {land.convicted_of_recorded:.3f}; out of court {chain.out_of_court:.3f}; "
        "bounds without the national link; the tables are not linked",
    ).finding(
        "justice.away", "From recorded assault to conviction",
        "Offenders get away with it", "not identified",
    )  # fmt: skip


def _found_parts(story: JusticeStory) -> list[Finding]:
    quarter, parts, overlap = story.quarter, story.parts, story.overlap
    if quarter is None or parts is None:
        return []
    common: dict[str, Any] = {
        "period": f"{quarter.start:%B} to {quarter.end:%B %Y}",
        "vintage": f"newspaper report (ledger {quarter.ledger_id})",
        "level": story.level,
    }
    made = [
        count(
            f"composition.{_slug(str(part))}",
            f"Counted by the article: {part}",
            f"{range_in_words(int(row['count_lower']), int(row['count_upper']))}: {part}",
            "needs data",
            value=float(row["count_lower"]),
            unit="cases, at least",
            denominator=f"{parts.total} reported, if the part belongs to them",
            release=common["vintage"],
            period=common["period"],
            note="a count that the log of the force would settle",
        )
        for part, row in parts.table.iterrows()
    ]
    if overlap is not None:
        made.append(_found_overlap(overlap, parts.total, common))
    return [*made, _found_quarter(story, quarter, common)]


def _found_overlap(overlap: Overlap, total: int, common: dict[str, Any]) -> Finding:
    return Estimate.of(
        float(overlap.upper_at_lowest), overlap, level=BOUNDS,
        unit="cases; value is the most if both counts are their lowest",
        denominator=f"{total} reported", period=common["period"], release=common["vintage"],
        note="Frechet bounds, no sampling error",
    ).finding(
        "composition.overlap", "Cases that could be in both parts",
        "The parts do not overlap", "needs data",
    )  # fmt: skip


def _found_quarter(
    story: JusticeStory, quarter: ReportedQuarter, common: dict[str, Any]
) -> Finding:
    same = story.same_series
    return count(
        "composition.quarter",
        f"Recorded assaults of the quarter for which {quarter.total} are reported",
        f"The {quarter.total} reported are the recorded offences of the quarter",
        verdicts.needs(quarter.total == quarter.recorded, "reproduces"),
        value=float(quarter.recorded),
        unit="recorded offences, codes 104 and 8S",
        denominator=f"{quarter.days} days",
        note=f"{quarter.recorded_no_injury} of code 104 alone; the register of the report is not "
        "named, and two series are never compared (E107)"
        + (f"; were they one series, p = {same.p:.2f}" if same is not None else ""),
        **common,
    )


def _slug(part: str) -> str:
    return re.sub(r"[^a-z]+", "_", part.lower()).strip("_")
