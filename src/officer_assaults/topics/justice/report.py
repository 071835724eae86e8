"""Justice: the sentences and tables on what follows a recorded assault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data import forces
from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.page import words
from officer_assaults.topics.justice import model as models
from officer_assaults.topics.justice.findings import SAID, found_away
from officer_assaults.topics.justice.findings import findings as findings
from officer_assaults.topics.justice.story import MEANING as MEANING
from officer_assaults.topics.justice.story import MEASURES as MEASURES
from officer_assaults.topics.justice.story import JusticeStory as JusticeStory
from officer_assaults.topics.justice.story import lag_verdict as lag_verdict
from officer_assaults.topics.justice.story import range_in_words

if TYPE_CHECKING:
    from officer_assaults.stats.intervals import Interval

EXTRA_RATES = (0.0, 0.2, 0.4)


def answer(story: JusticeStory) -> str:
    """Answer the question of the report in two sentences."""
    chain = story.chain
    return SAID.text(
        "answer",
        charged=words.percent(chain.charged),
        reached=words.percent(chain.convicted_of_recorded),
    )


def headline(story: JusticeStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    chain, land = story.chain, story.national_chain
    beside = (
        ""
        if story.is_nation
        else f", beside {words.percent(land.convicted_of_recorded)} in England and Wales"
    )
    told = SAID.told(
        "headline", force=forces.spoken(story.force.slug), beside=beside,
        most=words.percent(chain.charged_most),
    )  # fmt: skip
    return {"number": words.percent(chain.convicted_of_recorded), **told}


def may_say(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.may_say` on the chain."""
    chain = story.chain
    told = SAID.told(
        "may_say", force=forces.spoken(story.force.slug), charged=words.percent(chain.charged),
        convicted=words.percent(chain.convicted), period=story.period,
    )  # fmt: skip
    return {**told, "finding": found_away(story)}


def main_points(story: JusticeStory) -> list[str]:
    """Write the points of the summary, at most six."""
    chain = story.chain
    signs = set(np.sign(story.lags["beyond"]))
    timing = (
        "whichever month of prosecutions they are set against"
        if len(signs) == 1
        else "or rose, by which month of prosecutions they are set against: that is timing, and no "
        "verdict is given"
    )
    points = [
        f"A chain is not its links: {words.percent(chain.charged)} of recorded assaults were "
        f"charged, and of those prosecuted {words.percent(chain.convicted)} were convicted, so "
        f"about {words.percent(chain.convicted_of_recorded)} of recorded assaults end in a "
        "conviction.",
        f"A further {words.percent(chain.out_of_court)} were dealt with out of court. Immediate "
        f"custody follows about {words.percent(chain.jailed_of_recorded)} of recorded assaults.",
        _point_gap(story),
        f"After the Act convictions fell {timing}.",
        _point_custody(story),
        _point_quarter(story),
    ]
    return [point for point in points if point]


def boxes(story: JusticeStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    del story
    return SAID.told("boxes")


def caveats(story: JusticeStory) -> list[str]:
    """Warnings beside the charge rates."""
    notes = []
    if story.rates.left_out:
        quarters = words.listing([f"{start:%B %Y}" for start in story.rates.left_out])
        notes.append(f"Quarters beginning {quarters} are left out for want of follow-up.")
    for slug, code in story.rates.moved:
        if slug == story.force.slug:
            notes.append(
                f"E108: no charge rate for recorded assaults {MEANING[code]} of "
                f"{forces.spoken(slug)}. Offences were moved away after their outcome, so that "
                "quarters hold more outcomes than offences."
            )
    gone = sorted({slug for slugs in story.too_open.values() for slug in slugs})
    if gone:
        notes.append(
            f"Left out of the funnels, with more than {words.percent(story.most_open)} of offences "
            f"still without an outcome: {words.listing([forces.spoken(slug) for slug in gone])}."
        )
    return notes


def charge_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: charge rates by class, the force and all forces."""
    parts = [("England and Wales", story.everyone)]
    if not story.is_nation:
        parts = [(story.force.name, story.own), *parts]
    rows = [
        {
            "Recorded assaults": f"{MEANING[str(row['offence_code'])]}, {who}",
            "Recorded": row["recorded"],
            "Charge rate": row["rate"],
            "lower": row["lower"],
            "upper": row["upper"],
            "No outcome yet": max(row["open"], 0) / row["recorded"],
            "If all of those were charged": row["rate_if_open_charged"],
        }
        for who, frame in parts
        for row in frame.to_dict("records")
    ]
    return {
        "frame": pd.DataFrame(rows),
        **SAID.told("charges", period=story.period),
        "formats": {
            "Charge rate": "percent1",
            "No outcome yet": "percent1",
            "If all of those were charged": "percent1",
        },
        "level": story.level,
    }


def outcomes_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: what became of offences without injury."""
    mine = story.shares[story.shares["offence_code"] == NO_INJURY].set_index("outcome")
    everyone = story.everyone_shares[story.everyone_shares["offence_code"] == NO_INJURY]
    land = everyone.set_index("outcome")["share"]
    mine = mine.sort_values("share", ascending=False).head(8)
    frame = pd.DataFrame(
        {
            "Outcome": mine.index,
            "Offences": mine["n"].to_numpy(),
            "Share": mine["share"].to_numpy(),
            "lower": mine["lower"].to_numpy(),
            "upper": mine["upper"].to_numpy(),
            "England and Wales": land.reindex(mine.index).to_numpy(),
        }
    )
    return {
        "frame": frame,
        "caption": f"What became of recorded assaults without injury, {story.force.name}",
        "formats": {"Share": "percent1", "England and Wales": "percent1"},
        "level": story.level,
    }


def standardised_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: crude and standardised rates of some forces."""
    table = story.standardised[0]
    order = table["standardised"].sort_values()
    wanted = [*order.index[:3], story.force.slug, *order.index[-3:]]
    kept = [slug for slug in dict.fromkeys(wanted) if slug in table.index]
    kept.sort(key=lambda slug: float(order[slug]))
    mix = story.standardised[1][INJURY]
    return {
        "frame": pd.DataFrame(
            {
                "Force": [forces.names()[slug] for slug in kept],
                "Recorded": table.loc[kept, "recorded"].to_numpy(),
                "Crude rate": table.loc[kept, "crude"].to_numpy(),
                "Standardised rate": table.loc[kept, "standardised"].to_numpy(),
                "lower": table.loc[kept, "lower"].to_numpy(),
                "upper": table.loc[kept, "upper"].to_numpy(),
            }
        ),
        **SAID.told("standardised", forces=len(table), mix=words.percent(mix)),
        "formats": {"Crude rate": "percent1", "Standardised rate": "percent1"},
        "intervals": {"Standardised rate": ("lower", "upper")},
        "level": story.level,
    }


def extra_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: extra reports that would explain a lower rate."""
    rows = []
    for code in (NO_INJURY, INJURY):
        own, others = story.row(code, story.own), story.row(code, story.others)
        if own is None or others is None:
            continue
        for rate in EXTRA_RATES:
            share = models.explaining_extra_share(float(others["rate"]), float(own["rate"]), rate)
            rows.append(
                {
                    "Recorded assaults": MEANING[code],
                    "Charge rate of the extra reports": words.percent(rate),
                    "Extra reports needed": _extra_words(share),
                    "Of recorded": words.number(float(own["recorded"])),
                }
            )
    return {
        "frame": pd.DataFrame(rows),
        **SAID.told("extra"),
        "notes": ["Compared with the charge rate of all other forces.", *_unsure_gaps(story)],
    }


def _unsure_gaps(story: JusticeStory) -> list[str]:
    unsure = [MEANING[code] for code, gap in story.gaps.items() if gap.lower <= 0 <= gap.upper]
    if not unsure:
        return []
    return [
        f"Counting chance alone could give the difference {words.listing(unsure)}, so there may be "
        "nothing there to explain."
    ]


def court_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: courts before and after the Act, with control."""
    rows = []
    for (series, measure), change in story.changes.items():
        whole = story.whole[series, measure]
        rows.append(
            {
                "What": f"{series}: {MEASURES[measure]}",
                "Before": _level(measure, change.before),
                "After": _level(measure, change.after),
                "Change": _move(measure, change.difference),
                words.level_words(story.level): _span(measure, change.difference_interval),
                "With the last months": _move(measure, whole.difference),
            }
        )
    first = next(iter(story.changes.values()))
    return {"frame": pd.DataFrame(rows), **SAID.told("courts", first=first)}


def beyond_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the change beyond that of common assault."""
    rows = [
        {
            "What": MEASURES[measure],
            "Change beyond common assault": _move(
                measure,
                story.changes[models.POLICE, measure].difference
                - story.changes[models.CONTROL, measure].difference,
            ),
            words.level_words(story.level): _span(measure, interval),
        }
        for measure, interval in story.beyond.items()
    ]
    return {"frame": pd.DataFrame(rows), **SAID.told("beyond")}


def chain_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: from recorded to jailed, force and nation."""
    parts = [(story.force.name, story.chain)] if not story.is_nation else []
    parts.append(("England and Wales", story.national_chain))
    rows = pd.concat([chain.table().assign(who=who) for who, chain in parts])
    span = zip(rows["lower"], rows["upper"], strict=True)
    return {
        "frame": pd.DataFrame(
            {
                "Stage": rows["stage"] + ", " + rows["who"],
                "Of the stage before": rows["of the stage before"],
                "Of recorded": rows["of recorded"],
                "Bounds": [words.interval(low, high, as_percent=True) for low, high in span],
            }
        ),
        "formats": dict.fromkeys(("Of the stage before", "Of recorded"), "percent1"),
        **SAID.told("chain", out_of_court=words.percent(story.chain.out_of_court, 1)),
    }


def lag_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: convictions over earlier prosecutions, by lag."""
    rows = story.lags
    return {
        "frame": pd.DataFrame(
            {
                "Prosecutions of": [
                    "the same month" if lag == 0 else f"{words.plural(lag, 'month')} before"
                    for lag in rows["lag"]
                ],
                "Assault on police": [_move("convicted", one) for one in rows["police"]],
                "Common assault": [_move("convicted", one) for one in rows["control"]],
                "Beyond common assault": [_move("convicted", one) for one in rows["beyond"]],
            }
        ),
        **SAID.told("lags"),
    }


def composition_table(story: JusticeStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: what an article counted, and what it may be of."""
    if story.parts is None:
        raise ValueError("no quarter is reported of this force")
    table = story.parts.table
    return {
        "frame": pd.DataFrame(
            {
                "Reported as": table.index,
                "Count": [
                    range_in_words(low, high)
                    for low, high in table[["count_lower", "count_upper"]].itertuples(index=False)
                ],
                "Share, if all are among those reported": [
                    range_in_words(words.percent(low), words.percent(high))
                    for low, high in table[["share_lower", "share_upper"]].itertuples(index=False)
                ],
            }
        ),
        **SAID.told("composition", total=words.number(story.parts.total)),
        "notes": _overlap_line(story),
    }


def words_for_funnels(story: JusticeStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the charge funnels."""
    funnel = story.funnels[NO_INJURY]
    table = funnel.table
    said = (
        f"{int(table['outside_998'].sum())} of {len(table)} forces lie beyond the ordinary spread"
    )
    if story.force.slug in table.index:
        z = float(table.loc[[story.force.slug], "z"].iloc[0])
        side = "below" if z < 0 else "above"
        said = (
            f"{story.force.name} charges {side} the mean, within the ordinary spread"
            if abs(z) < 2
            else f"{story.force.name} charges {side} the ordinary spread of forces"
        )
    return SAID.told(
        "funnels_figure", said=said, forces=len(table), period=story.period,
        outside=int(table["outside_exact_998"].sum()),
    )  # fmt: skip


def words_for_courts(story: JusticeStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the court figure."""
    custody = story.changes[models.POLICE, "custody"]
    moves = [
        f"{MEASURES[measure]} went from {_level(measure, change.before)} to "
        f"{_level(measure, change.after)}"
        for (series, measure), change in story.changes.items()
        if series == models.POLICE
    ]
    return SAID.told(
        "courts_figure", before=_level("custody", custody.before),
        after=_level("custody", custody.after), moves=words.listing(moves),
    )  # fmt: skip


def court_rows(months: pd.DataFrame) -> pd.DataFrame:
    """Rows of the court figure from :func:`officer_assaults.topics.justice.model.court_months`."""
    return pd.DataFrame(
        {
            "Month": months["month_start"],
            "Offence": months["series"],
            "Convicted": months["convicted_share"] * 100,
            "Custody": months["custody_share"] * 100,
            "Length": months["length"],
            "Period": months["period"],
        }
    )


def _level(measure: str, value: float) -> str:
    return words.number(value, 2) if measure == "length" else words.percent(value, 1)


def _move(measure: str, value: float) -> str:
    if measure == "length":
        return words.number(value, 2, signed=True)
    return f"{words.number(value * 100, 1, signed=True)} points"


def _span(measure: str, interval: Interval) -> str:
    factor, decimals = (1, 2) if measure == "length" else (100, 1)
    low, high = (
        words.number(limit * factor, decimals, signed=True)
        for limit in (interval.lower, interval.upper)
    )
    return f"{low} to {high}"


def _extra_words(share: float) -> str:
    if share == 0:
        return "none: the rate is not lower"
    return "no number would do" if np.isinf(share) else words.percent(share, 1)


def _overlap_line(story: JusticeStory) -> str:
    overlap = story.overlap
    if overlap is None:
        return ""
    return (
        f"Cases that could be in both parts: {overlap.lower} to {overlap.upper_at_lowest} if the "
        f"second part is its lowest count, up to {overlap.upper} if it may be more."
    )


def _point_gap(story: JusticeStory) -> str:
    own, others = story.row(NO_INJURY, story.own), story.row(NO_INJURY, story.others)
    gap = story.gaps.get(NO_INJURY)
    if story.is_nation or own is None or others is None or gap is None:
        return ""
    difference = float(own["rate"]) - float(others["rate"])
    span = f"{words.number(difference * 100, 1, signed=True)} points ({_span('charge', gap)})"
    if gap.lower <= 0 <= gap.upper:
        return (
            "Whether fewer assaults without injury are charged here than in all other forces "
            f"cannot be told: {span}."
        )
    said = "Fewer" if gap.upper < 0 else "More"
    return f"{said} assaults without injury are charged here than in all other forces: {span}."


def _point_custody(story: JusticeStory) -> str:
    limits = story.changes[models.POLICE, "custody"].difference_interval
    said = "more" if limits.lower > 0 else "fewer" if limits.upper < 0 else ""
    if not said:
        return "Whether more of those sentenced were jailed at once after the Act cannot be told."
    return f"Of those sentenced, {said} were jailed at once after the Act than before it."


def _point_quarter(story: JusticeStory) -> str:
    quarter, parts = story.quarter, story.parts
    if quarter is None or parts is None:
        return ""
    return (
        f"A newspaper's {words.number(quarter.total)} cases of one quarter name no register; "
        "what it says of spitting and of weapons needs the force's own log."
    )
