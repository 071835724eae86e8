"""Breaks: stretches in which a force's series cannot be compared, proposed and decided."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from officer_assaults.data import releases, tables
from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.data.once import once
from officer_assaults.data.periods import FinancialYear

RATIO = (0.5, 2.0)
#: Expected offences from which a ratio is read at all, and a year of a comparison is used.
MINIMUM = 30
Row = Mapping[Hashable, Any]
PROPOSAL = ["force", "offence_code", "quarter_start", "offences", "expected", "ratio", "rule"]


def detect(
    quarterly: pd.DataFrame, ratio: tuple[float, float] = RATIO, minimum: int = MINIMUM
) -> pd.DataFrame:
    """Quarters that look like a change of recording rather than of risk.

    A quarter is proposed when its count is below ``ratio[0]`` or above ``ratio[1]`` times the same
    quarter a year before and that was at least ``minimum``, or when it is 0 straight after a
    quarter of at least ``minimum``. A proposal is a question; :func:`decided` holds the answers.

    Parameters
    ----------
    quarterly : pandas.DataFrame
        Columns force, quarter_start, offence_code, offences.
    ratio : (float, float)
        Limits outside which a ratio is proposed.
    minimum : int
        Offences expected, below which chance alone gives such ratios.

    Returns
    -------
    pandas.DataFrame
        Columns force, offence_code, quarter_start, offences, expected, ratio, rule ("halved",
        "doubled" or "stopped"), sorted by force, code and quarter.
    """
    counts = quarterly[["force", "offence_code", "quarter_start", "offences"]]
    joined = counts.merge(_shifted(counts, 12, "expected"), how="left")
    joined = joined.merge(_shifted(counts, 3, "before"), how="left")
    known = joined["expected"] >= minimum
    joined["ratio"] = (joined["offences"] / joined["expected"]).where(joined["expected"] > 0)
    halved, doubled = joined["ratio"] < ratio[0], joined["ratio"] > ratio[1]
    stopped = (joined["offences"] == 0) & (joined["before"] >= minimum)
    joined["rule"] = ""
    joined.loc[known & halved, "rule"] = "halved"
    joined.loc[known & doubled, "rule"] = "doubled"
    joined.loc[stopped, "rule"] = "stopped"
    found = joined.loc[joined["rule"] != "", PROPOSAL]
    return found.sort_values(PROPOSAL[:3], ignore_index=True)


@once
def decided(release: str = "auto") -> pd.DataFrame:
    """Return the breaks as the project decided them for one release.

    A decision is made on the figures of a release and holds for later ones until the same series
    is decided anew. A release older than every decision takes the earliest ones.

    Parameters
    ----------
    release : str
        Release of the counts; ``"auto"`` is the one that leads.

    Returns
    -------
    pandas.DataFrame
        Columns force, offence_code, from, to (missing while it lasts), kind ("gap": counts within
        it are unusable; "step": counts before and after ``from`` differ in kind), decision
        ("leave-out", "flag", or "keep" where a later release mended the series), release, what,
        how_known, why_not_proposed.
    """
    rows = tables.load("recording-breaks")
    name = releases.leading("recorded-assaults") if release == "auto" else release
    known = rows[rows["release"] <= name] if name[:1].isdigit() else rows.iloc[:0]
    if known.empty:
        known = rows[rows["release"] == rows["release"].min()]
    # As objects: Arrow would start threads for it, and kernels could not be forked any more.
    keys = [known["force"], known["offence_code"]]
    latest = known["release"].astype("object").groupby(keys).transform("max")
    return known[known["release"] == latest].reset_index(drop=True)


def proposals(
    quarterly: pd.DataFrame, ratio: tuple[float, float] = RATIO, minimum: int = MINIMUM
) -> pd.DataFrame:
    """Proposals of :func:`detect` with what the project decided of each.

    Returns
    -------
    pandas.DataFrame
        As :func:`detect`, and ``decision``: "leave-out", "flag" or "keep" as decided, else
        "kept": no decision names the quarter.
    """
    found = detect(quarterly, ratio, minimum)
    answers: dict[tuple[str, str], list[Row]] = {}
    for row in decided(_release_of(quarterly)).to_dict("records"):
        answers.setdefault((row["force"], row["offence_code"]), []).append(row)
    decisions = [
        _decision(answers.get((force, code), []), quarter)
        for force, code, quarter in zip(
            found["force"], found["offence_code"], found["quarter_start"], strict=True
        )
    ]
    return found.assign(decision=decisions)


@dataclass(frozen=True, slots=True)
class Touch:
    """A decided break that touches a comparison of two years.

    Parameters
    ----------
    force, offence_code : str
        Series concerned.
    financial_year : str
        Year touched most.
    share : float
        Share of that year's quarters inside the gap, or on the other side of the step.
    leave_out : bool
        Whether the decision keeps whole years of the force out of the comparison.
    reason : str
        Why, in words.
    quarters : tuple of int
        Quarters of the financial year that cannot be set against each other; 1 is April to June.
    """

    force: str
    offence_code: str
    financial_year: str
    share: float
    leave_out: bool
    reason: str
    quarters: tuple[int, ...] = ()


@once
def touching(
    period0: FinancialYear,
    period1: FinancialYear,
    codes: tuple[str, ...] = (NO_INJURY, INJURY),
    release: str = "auto",
) -> list[Touch]:
    """Decided breaks that touch a comparison of two financial years of one release.

    A broken quarter is enough: a year that lacks one is not the year it is compared with.
    """
    breaks = decided(release)
    breaks = breaks[breaks["offence_code"].isin(codes) & (breaks["decision"] != "keep")]
    touches = []
    for row in breaks.to_dict("records"):
        broken = _broken_quarters(row, period0, period1)
        if broken:
            touches.append(_touch(row, broken, period0, period1))
    return touches


def _broken_quarters(row: Row, period0: FinancialYear, period1: FinancialYear) -> tuple[int, ...]:
    pairs = zip(period0.quarters, period1.quarters, strict=True)
    inside = [(_within(row, before), _within(row, after)) for before, after in pairs]
    wrong = [a != b if row["kind"] == "step" else a or b for a, b in inside]
    return tuple(number for number, each in enumerate(wrong, 1) if each)


def _touch(
    row: Row, broken: tuple[int, ...], period0: FinancialYear, period1: FinancialYear
) -> Touch:
    before, after = (_share(row, period) for period in (period0, period1))
    year = period0 if row["kind"] == "gap" and before >= after else period1
    share = len(broken) / 4
    extent = "" if share == 1 else f" (touches {len(broken)} of 4 quarters)"
    return Touch(
        force=str(row["force"]),
        offence_code=str(row["offence_code"]),
        financial_year=year.label,
        share=share,
        leave_out=row["decision"] == "leave-out",
        reason=f"{row['what']}{extent}",
        quarters=broken,
    )


def inside_gap(quarterly: pd.DataFrame) -> pd.Series:
    """Whether each row of a quarterly frame lies in a gap that is decided as left out."""
    gaps = decided(_release_of(quarterly))
    gaps = gaps[(gaps["kind"] == "gap") & (gaps["decision"] == "leave-out")]
    inside = pd.Series(False, index=quarterly.index)
    for row in gaps.to_dict("records"):
        mine = (quarterly["force"] == row["force"]) & (
            quarterly["offence_code"] == row["offence_code"]
        )
        start = quarterly["quarter_start"]
        inside |= mine & (start >= row["from"]) & (pd.isna(row["to"]) | (start <= row["to"]))
    return inside


def usable_quarters(
    touches: Sequence[Touch], period0: FinancialYear, period1: FinancialYear
) -> tuple[int, ...]:
    """Quarters (1 is April to June) that no decided break touches in either of two years."""
    broken = {number for touch in touches if touch.leave_out for number in touch.quarters}
    return tuple(number for number in (1, 2, 3, 4) if number not in broken)


def _share(row: Row, period: FinancialYear) -> float:
    return sum(_within(row, start) for start in period.quarters) / 4


def _within(row: Row, day: date | pd.Timestamp) -> bool:
    moment = pd.Timestamp(day)
    # A missing end compares as False, so an open gap never ends; a step has no end.
    ended = row["kind"] == "gap" and bool(moment > row["to"])
    return bool(moment >= row["from"]) and not ended


def _decision(answers: Sequence[Row], quarter: pd.Timestamp) -> str:
    found = [
        str(row["decision"])
        for row in answers
        if _explains(row, quarter) or _explains(row, quarter - pd.DateOffset(years=1))
    ]
    if not found:
        return "kept"
    return next(word for word in ("leave-out", "flag", "keep") if word in found)


def _release_of(quarterly: pd.DataFrame) -> str:
    names = set(quarterly["vintage"]) if "vintage" in quarterly else set()
    return str(names.pop()) if len(names) == 1 else "auto"


def _explains(row: Row, quarter: pd.Timestamp) -> bool:
    if row["kind"] == "step":
        first = pd.Timestamp(str(row["from"]))
        return bool(first <= quarter < first + pd.DateOffset(years=1))
    return _within(row, quarter)


def _shifted(counts: pd.DataFrame, months: int, name: str) -> pd.DataFrame:
    later = counts["quarter_start"] + pd.DateOffset(months=months)
    return counts.assign(quarter_start=later).rename(columns={"offences": name})
