"""Justice: the findings of the report on what follows, with the verdict on each by rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.findings import BOUNDS, Finding, Verdict
from officer_assaults.page import words
from officer_assaults.page.wording import Wording
from officer_assaults.stats import verdicts
from officer_assaults.stats.intervals import Interval
from officer_assaults.topics.justice import model as models
from officer_assaults.topics.justice.story import (
    MEANING,
    MEASURES,
    JusticeStory,
    lag_verdict,
    range_in_words,
)

if TYPE_CHECKING:
    import pandas as pd

    from officer_assaults.topics.justice.data import ReportedQuarter

HALF = 0.5
SAID = Wording(__file__)


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
    return {"period": story.period, "release": story.release.vintage, "level": story.level}


def _courts_common(story: JusticeStory) -> dict[str, Any]:
    return {
        "period": "January 2018 to September 2019",
        "release": story.court_release.vintage,
        "level": story.level,
    }


def _found_rate(story: JusticeStory, code: str) -> Finding | None:
    own, gap = story.row(code, story.own), story.gaps.get(code)
    if own is None or story.is_nation or gap is None:
        return None
    names: dict[str, Any] = {
        "code": code,
        "meaning": MEANING[code],
        "force": story.force.name,
        "own": own,
    }
    names |= {"gap": gap, "recorded": words.number(own["recorded"], 0)}
    verdict = verdicts.lies("below", 0, gap.lower, gap.upper)
    return SAID.estimate("charged", own["rate"], own, verdict, names=names, **_common(story))


def _found_all(story: JusticeStory, code: str) -> Finding | None:
    row = story.row(code, story.everyone)
    if row is None:
        return None
    names = {"code": code, "meaning": MEANING[code], "recorded": words.number(row["recorded"], 0)}
    verdict = verdicts.lies("below", HALF, float(row["lower"]), float(row["upper"]))
    return SAID.estimate("national", row["rate"], row, verdict, names=names, **_common(story))


def _found_standardised(story: JusticeStory) -> list[Finding]:
    table = story.standardised[0]
    if story.force.slug not in table.index:
        return []
    own = table.loc[[story.force.slug]].iloc[0]
    all_ = float(story.everyone["charged"].sum() / story.everyone["recorded"].sum())
    names: dict[str, Any] = {
        "force": story.force.name,
        "recorded": words.number(own["recorded"], 0),
    }
    names |= {"all": all_, "crude": own["crude"]}
    verdict = verdicts.lies("below", all_, float(own["lower"]), float(own["upper"]))
    about = {"names": names, **_common(story)}
    return [SAID.estimate("standardised", own["standardised"], own, verdict, **about)]


def _series_key(series: str) -> str:
    return "police" if series == models.POLICE else "control"


def _found_change(story: JusticeStory, series: str, measure: str) -> Finding:
    change = story.changes[series, measure]
    limits, key = change.difference_interval, _series_key(series)
    verdict = verdicts.lies("above", 0, limits.lower, limits.upper)
    names: dict[str, Any] = {
        "measure": measure,
        "key": key,
        "series": series,
        "words": MEASURES[measure],
    }
    names |= {"change": change, "whole": story.whole[series, measure]}
    return SAID.estimate(
        "change", change.difference, limits, _over_lags(story, key, measure, verdict), names=names,
        unit="months" if measure == "length" else "difference of shares", **_courts_common(story),
    )  # fmt: skip


def _over_lags(story: JusticeStory, column: str, measure: str, whole: Verdict) -> Verdict:
    """Give no verdict on convictions whose sign hangs on the lag; the rest has no lag."""
    return lag_verdict(story.lags[column], whole) if measure == "convicted" else whole


def _found_level(story: JusticeStory, measure: str) -> Finding:
    change = story.changes[models.POLICE, measure]
    limits, most = change.after_interval, measure == "convicted"
    names: dict[str, Any] = {
        "measure": measure,
        "series": models.POLICE,
        "words": MEASURES[measure],
    }
    names |= {
        "claim": "Most are convicted" if most else "Most are jailed at once",
        "of": "prosecuted" if most else "sentenced",
        "before": change.before,
    }
    verdict = verdicts.lies("above", HALF, limits.lower, limits.upper)
    return SAID.estimate(
        "level", change.after, limits, verdict, names=names, **_courts_common(story)
    )


def _found_beyond(story: JusticeStory, measure: str) -> Finding:
    interval = story.beyond[measure]
    police, control = (story.changes[name, measure] for name in (models.POLICE, models.CONTROL))
    verdict = verdicts.lies("above", 0, interval.lower, interval.upper)
    return SAID.estimate(
        "beyond", police.difference - control.difference, interval,
        _over_lags(story, "beyond", measure, verdict),
        names={"measure": measure, "words": MEASURES[measure]},
        unit="months" if measure == "length" else "difference of differences of shares",
        **_courts_common(story),
    )  # fmt: skip


def found_away(story: JusticeStory) -> Finding:
    """State how many recorded assaults end in a conviction, with bounds."""
    chain = story.chain
    names: dict[str, Any] = {"chain": chain, "land": story.national_chain}
    names |= {"recorded": words.number(float(story.own["recorded"].sum()), 0)}
    return SAID.estimate(
        "away", chain.convicted_of_recorded, Interval(0.0, chain.charged_most), "not identified",
        names=names, **_common(story) | {"level": BOUNDS},
    )  # fmt: skip


def _found_parts(story: JusticeStory) -> list[Finding]:
    quarter, parts, overlap = story.quarter, story.parts, story.overlap
    if quarter is None or parts is None:
        return []
    common = {
        "period": f"{quarter.start:%B} to {quarter.end:%B %Y}",
        "release": f"newspaper report (ledger {quarter.ledger_id})",
    }
    made = [
        _found_part(str(part), row, parts.total, common) for part, row in parts.table.iterrows()
    ]
    if overlap is not None:
        made.append(
            SAID.estimate(
                "overlap", overlap.upper_at_lowest, overlap, "needs data",
                names={"total": parts.total}, level=BOUNDS, **common,
            )
        )  # fmt: skip
    return [*made, _found_quarter(story, quarter, common)]


def _found_part(part: str, row: pd.Series, total: int, common: dict[str, str]) -> Finding:
    span = range_in_words(int(row["count_lower"]), int(row["count_upper"]))
    names = {"slug": _slug(part), "part": part, "total": total, "span": span}
    return SAID.count("part", float(row["count_lower"]), "needs data", names=names, **common)


def _found_quarter(
    story: JusticeStory, quarter: ReportedQuarter, common: dict[str, str]
) -> Finding:
    same = story.same_series
    told = f"; were they one series, p = {same.p:.2f}" if same is not None else ""
    verdict = verdicts.needs(quarter.total == quarter.recorded, "reproduces")
    names = {"quarter": quarter, "same": told}
    return SAID.count(
        "quarter", float(quarter.recorded), verdict, names=names, level=story.level, **common
    )


def _slug(part: str) -> str:
    return re.sub(r"[^a-z]+", "_", part.lower()).strip("_")
