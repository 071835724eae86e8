"""Kinds of claims: what each claims, the rule that judges it, and the verdicts it can return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd

from officer_assaults.data import forces, readings, tables
from officer_assaults.data.definitions import read_yaml
from officer_assaults.estimate import Shown
from officer_assaults.findings import Verdict
from officer_assaults.page import words
from officer_assaults.refusals import Refusal
from officer_assaults.stats import intervals, rate_ratio
from officer_assaults.topics.claims import figures
from officer_assaults.topics.claims.collection import Claim
from officer_assaults.topics.claims.said import Figure, among, figure, place

#: Kinds that speak of recorded offences.
COUNTED = ("change", "count", "rate", "rank", "share")
DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}
NOT_INDEPENDENT = (
    "The figure is known only from the claimant or at second hand, which cannot confirm it."
)
#: How what a claim counts is called in a sentence.
_CALLED = {
    "all": "recorded assaults on officers",
    "without injury": "recorded assaults on officers without injury",
    "with injury": "recorded assaults on officers with injury",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of claim.

    Parameters
    ----------
    name : str
        Its name.
    estimand, unit, denominator : str
        What is claimed, in words.
    rule : str
        How the verdict is reached.
    returns : tuple of str
        Verdicts that the rule can return.
    judge : callable
        Takes a claim, returns its answer.
    """

    name: str
    estimand: str
    unit: str
    denominator: str
    rule: str
    returns: tuple[Verdict, ...]
    judge: Callable[[Claim], Answer]


@dataclass(frozen=True, slots=True)
class Answer(Shown):
    """What the records say of a claim.

    Parameters
    ----------
    claim : Claim
        What was claimed.
    verdict : str
        One of the six words.
    found : str
        Our own figure with its interval, in words; empty where there is none.
    reason : str
        Why the verdict is what it is.
    readings : DataFrame
        Every reading of the claim: reading, figure, whose; may be empty.
    say, not_say : str
        What may be said, and what not.
    value, lower, upper : float or None
        Our figure and its limits.
    """

    claim: Claim
    verdict: Verdict
    found: str
    reason: str
    readings: pd.DataFrame = field(default_factory=pd.DataFrame)
    say: str = ""
    not_say: str = ""
    value: float | None = None
    lower: float | None = None
    upper: float | None = None

    def table(self) -> pd.DataFrame:
        """Return the readings of the claim."""
        return self.readings

    def title(self) -> str:
        """Name the verdict."""
        return f"{self.verdict.capitalize()}: {self.reason}"


def judge(claim: Claim) -> Answer:
    """Judge a claim by the rule of its kind.

    Parameters
    ----------
    claim : Claim
        From :mod:`officer_assaults.topics.claims.collection`.

    Raises
    ------
    Refusal
        E126 where a claim of that kind cannot be made of that force.
    """
    return kind(claim.kind).judge(claim)


def about(claim: Claim) -> str:
    """Say of whom and when a claim speaks, in a phrase."""
    who = _who(claim) if claim.force else ""
    years = " to ".join(str(year) for year in (claim.start, claim.end) if year is not None)
    what = _CALLED[claim.offences] if claim.kind in COUNTED else ""
    return ", ".join(filter(None, (what, who, years))) or claim.says or claim.settle


def _change(claim: Claim) -> Answer:
    said = _figure(claim)
    assert claim.start is not None
    assert claim.end is not None
    pairs = _pairs(claim)
    lead = next(((b, a) for b, a in pairs if b.independent), None)
    unit = "%" if said.percent else ""
    compute = _percent if said.percent else _difference
    table = _change_table(pairs, compute, unit)
    if lead is None:
        year = (
            claim.end
            if not figures.readings(claim.force, claim.end, claim.offences)
            else claim.start
        )
        return _needs_data(claim, figures.why_missing(claim.force, year, claim.offences), table)
    if gap := figures.broken(claim.force, (claim.start, claim.end), claim.offences):
        reason = f"A recording break parts the two years. {gap}"
        return Answer(claim, "not identified", "", reason, table, *_may_not_compare(claim, lead))
    if lead[0].count == 0:
        why = f"None was recorded in {claim.start}: a change from none is no figure."
        return _needs_data(claim, why, table)
    value, lower, upper = _change_limits(lead[0].count, lead[1].count, said.percent)
    told = f"{_signed(value, said)} ({words.interval_words(lower, upper, 0)}{unit})"
    verdict, reason = _by_figures(
        said, [(compute(b.count, a.count), a) for b, a in pairs],
        (lower, upper), claim,
    )  # fmt: skip
    return Answer(
        claim, verdict, told, reason, table, *_may_change(claim, lead, value, lower, upper, said),
        value, lower, upper,
    )  # fmt: skip


def _count(claim: Claim) -> Answer:
    return _level(claim, 1.0, "", 0)


def _rate(claim: Claim) -> Answer:
    assert claim.end is not None
    return _level(claim, DAYS[claim.per] / claim.end.days, f" a {claim.per}", 1)


def _level(claim: Claim, scale: float, unit: str, places: int) -> Answer:
    """Judge a count, or a count over time: the count times ``scale``."""
    said = _figure(claim)
    assert claim.end is not None
    held = figures.readings(claim.force, claim.end, claim.offences)
    table = _table([(f"{words.release(r.release)}", r.count * scale, r) for r in held], "", places)
    lead = next((reading for reading in held if reading.independent), None)
    if lead is None:
        return _needs_data(
            claim, figures.why_missing(claim.force, claim.end, claim.offences), table
        )
    limits = intervals.poisson_interval(lead.count)
    lower, upper, value = limits.lower * scale, limits.upper * scale, lead.count * scale
    if gap := figures.broken(claim.force, (claim.end,), claim.offences):
        return _broken(claim, gap, table)
    told = f"{words.number(value, places)}{unit} ({words.interval_words(lower, upper, places)})"
    verdict, reason = _by_figures(said, [(r.count * scale, r) for r in held], (lower, upper), claim)
    say = (
        f"{_who(claim)} had {words.number(value, places)} {_CALLED[claim.offences]}{unit} in "
        f"{claim.end}, by the {words.release(lead.release)}."
    )
    not_say = f"{words.number(value, places)} officers were assaulted{unit}."
    return Answer(claim, verdict, told, reason, table, say, not_say, value, lower, upper)


def _rank(claim: Claim) -> Answer:
    said = place(claim.says)
    assert said is not None
    assert claim.end is not None
    if forces.resolve(claim.force).kind == "nation":
        what = "England and Wales has no place among forces."
        raise Refusal.of("E126", what, "Name a force.", column="force")
    before = type(claim.end)(claim.end.first - 1)
    try:
        found = readings.place_readings(claim.force, before, claim.end)
    except Refusal as refusal:
        why = refusal.problems[0].what.rstrip(".")
        return _needs_data(claim, f"Places are read beside the year before: {why}.", pd.DataFrame())
    table = pd.DataFrame(
        {"Reading": found["reading"], "Place": found["place"], "Of": found["of"]}
    ).reset_index(drop=True)
    if gap := figures.broken(claim.force, (claim.end,), claim.offences):
        return _broken(claim, gap, table)
    mine = _meant(claim, found)
    by_count, by_rate = (found[found["kind"] == kind]["place"] for kind in ("count", "rate"))
    spans = [f"{_span(by_count)} by count"] if len(by_count) else []
    spans += [f"{_span(by_rate)} by rate"] if len(by_rate) else []
    verdict, reason = _by_readings(claim, mine, mine[mine["place"] == round(said.value)])
    say = (
        f"The place of {_who(claim)} in {claim.end} was {words.listing(spans)}: it follows what is "
        "counted."
    )
    return Answer(
        claim, verdict, words.listing(spans), reason, table, say,
        "A place by count says how dangerous a force is.",
    )  # fmt: skip


def _meant(claim: Claim, found: pd.DataFrame) -> pd.DataFrame:
    """Keep the readings that the claim's words allow: by what, of what, among how many."""
    kinds = {"": ("count", "change", "rate")}.get(claim.by, (claim.by,))
    mine = found[found["kind"].isin(kinds)]
    if claim.offences != "all":
        mine = mine[mine["reading"].str.startswith(f"count {claim.offences} ")]
    said_of = mine[mine["of"] == among(claim.says)]
    return mine if said_of.empty else said_of


def _share(claim: Claim) -> Answer:
    said = _figure(claim)
    assert claim.end is not None
    part = "with injury" if claim.offences == "all" else claim.offences
    whole = {r.release: r for r in figures.readings(claim.force, claim.end, "all")}
    parts = [r for r in figures.readings(claim.force, claim.end, part) if r.release in whole]
    parts = [r for r in parts if whole[r.release].count]
    rows = [(words.release(r.release), 100 * r.count / whole[r.release].count, r) for r in parts]
    table = _table(rows, "%", 1)
    lead = next((reading for reading in parts if reading.independent), None)
    if lead is None:
        return _needs_data(claim, figures.why_missing(claim.force, claim.end, "all"), table)
    if gap := figures.broken(claim.force, (claim.end,), "all"):
        return _broken(claim, gap, table)
    total = whole[lead.release].count
    limits = intervals.wilson(lead.count, total).scaled(100)
    value = 100 * lead.count / total
    told = f"{words.number(value, 1)}% ({words.interval_words(limits.lower, limits.upper, 1)}%)"
    verdict, reason = _by_figures(
        said, [(share, r) for _, share, r in rows],
        (limits.lower, limits.upper), claim,
    )  # fmt: skip
    say = (
        f"{words.number(value, 0)}% of {_CALLED['all']} in {_who(claim)} in {claim.end} were "
        f"{part}."
    )
    not_say = f"{words.number(value, 0)}% of assaulted officers were {part}."
    return Answer(
        claim, verdict, told, reason, table, say, not_say, value, limits.lower, limits.upper
    )


def _survey(claim: Claim) -> Answer:
    said, row = _figure(claim), _evidence(claim)
    if row is None or figure(str(row["value"])) is None:
        why = "No published table of the survey is held here."
        return _needs_data(claim, why, pd.DataFrame(), "The survey's own table, with its base.")
    held = _figure(claim, str(row["value"]))
    same = said.agrees(held.value)
    direct = str(row["how_read"]) == "read directly"
    independent = not _is_own(str(row["publisher"]), claim.publisher)
    verdict: Verdict = "contradicted"
    reason = f"The published figure is {row['value']}."
    if same:
        verdict = "reproduces" if direct and independent else "consistent"
        reason = (
            "The survey's published figure is the same."
            if verdict == "reproduces"
            else "The figure is known only from the claimant, or at second hand."
        )
    caution = "" if pd.isna(row["caution"]) else f" {row['caution']}."
    say = f"{row['value']}% of those who answered said so ({row['area']}, {row['period']})."
    return Answer(
        claim, verdict, f"{row['value']}% of answers", reason + caution, pd.DataFrame(), say,
        f"{row['value']}% of officers, or of hours: those who answered chose to.",
    )  # fmt: skip


def _document(claim: Claim) -> Answer:
    row = _evidence(claim)
    if row is None or str(row["how_read"]) != "read directly":
        why = "The document has not been read directly."
        return _needs_data(claim, why, pd.DataFrame(), "The document itself.")
    what = f"{row['what']}: {row['value']} {row['unit']}"
    say = f"{what} ({row['publisher']})."
    if not _document_says(claim.says, row):
        reason = f"The document has another figure: <cite>{row['source_title']}</cite>."
        return Answer(claim, "contradicted", what, reason, say=say, not_say=_quoted(claim))
    return Answer(
        claim, "consistent", what, f"Read directly: <cite>{row['source_title']}</cite>.", say=say
    )


def _document_says(says: str, row: pd.Series) -> bool:
    """Whether a document holds the figure that was said of it, or says no figure to hold it to."""
    said = figure(says)
    held = [found.value for part in str(row["value"]).split() if (found := figure(part))]
    if said is None:
        return True
    if said.percent and len(held) == 2 and held[0]:
        return said.agrees(100 * (held[1] / held[0] - 1))
    months = 12 if "year" in says and str(row["unit"]) == "months" else 1
    return said.value * months in held


def _log(claim: Claim) -> Answer:
    return _needs_data(claim, "No published record holds this.", pd.DataFrame(), claim.settle)


def _needs_data(claim: Claim, why: str, table: pd.DataFrame, settle: str = "") -> Answer:
    settled = f" What would settle it: {settle.rstrip('.')}." if settle else ""
    return Answer(
        claim, "needs data", "", f"{why}{settled}", table,
        "Published records cannot answer this.", _quoted(claim),
    )  # fmt: skip


def _broken(claim: Claim, gap: str, table: pd.DataFrame) -> Answer:
    """Answer a claim on one year whose record is broken: its figures stand in the table alone."""
    say = f"The record of {_who(claim)} is broken in {claim.end}, so its figures say little."
    return Answer(
        claim, "not identified", "", f"The record of the year is broken. {gap}", table, say,
        _quoted(claim),
    )  # fmt: skip


def _by_figures(
    said: Figure,
    held: list[tuple[float, figures.Reading]],
    limits: tuple[float, float],
    claim: Claim,
) -> tuple[Verdict, str]:
    """Verdict on a figure from its readings: a value, and the release that it is of."""
    hits = [
        reading
        for value, reading in held
        if said.agrees(value) and (claim.kind != "change" or _same_way(said, value))
    ]
    lower, upper = limits
    free = [r for r in hits if r.independent and not _is_own(r.publisher, claim.publisher)]
    if free:
        named = words.listing([f"the {words.release(r.release)}" for r in free])
        return (
            "reproduces",
            f"An official table read independently of the claimant gives the figure: {named}.",
        )
    if hits:
        return "consistent", NOT_INDEPENDENT
    if lower <= said.value <= upper:
        return "consistent", (
            "No official release gives the figure itself; the interval for chance alone holds it."
        )
    return "contradicted", "No official release gives the figure, and chance alone excludes it."


def _same_way(said: Figure, value: float) -> bool:
    """Whether a change goes the way that was said: a rise is no fall of less than 5%."""
    return not said.side or said.value == 0 or value * said.value > 0


def _is_own(publisher: str, claimant: str) -> bool:
    """Whether a source is the claimant's, or that of a body which the claimant is part of."""
    source, own = publisher.casefold(), claimant.casefold()
    return bool(own) and (own in source or source in own)


def _by_readings(claim: Claim, mine: pd.DataFrame, hits: pd.DataFrame) -> tuple[Verdict, str]:
    """Verdict on a place from the readings that the claim's own words allow."""
    if mine.empty:
        return "needs data", "No reading of that kind can be made for this force and year."
    number = _number_told(claim, mine)
    if hits.empty:
        told = f"No reading gives that place; they give {_span(mine['place'])}."
        return "contradicted", told + number
    named = "; ".join(hits["reading"])
    told = f"{len(hits)} of {len(mine)} readings give that place: {named}."
    if len(hits) == len(mine) or claim.by == "count":
        return _by_whose(claim, told + number)
    by_count, by_rate = ((hits["kind"] == kind).any() for kind in ("count", "rate"))
    split = " As a count it reproduces, as a rate it does not." if by_count and not by_rate else ""
    return "not supported", f"{told}{split} The claim does not say which is meant.{number}"


def _by_whose(claim: Claim, told: str) -> tuple[Verdict, str]:
    """Verdict on a place that the counts give: no claimant is confirmed by counts of its own."""
    assert claim.end is not None
    counts = figures.readings(claim.force, claim.end, claim.offences)
    if not any(r.independent and not _is_own(r.publisher, claim.publisher) for r in counts):
        return "consistent", f"{told} {NOT_INDEPENDENT}"
    return "reproduces", told


def _number_told(claim: Claim, mine: pd.DataFrame) -> str:
    """Say what is to be said of the number of forces that a claim names."""
    number = among(claim.says)
    if number is None or (mine["of"] == number).any():
        return ""
    every = len(forces.slugs("territorial")) + len(forces.slugs("transport"))
    if number > every:
        return f" There are {every} such forces, not {number}."
    return f" “Of {number}” cannot be checked: the readings are of {_span(mine['of'])} forces."


def _pairs(claim: Claim) -> list[tuple[figures.Reading, figures.Reading]]:
    """Pair the readings of both years that belong to one release."""
    assert claim.start is not None
    assert claim.end is not None
    before = {r.release: r for r in figures.readings(claim.force, claim.start, claim.offences)}
    after = figures.readings(claim.force, claim.end, claim.offences)
    return [(before[r.release], r) for r in after if r.release in before]


def _change_limits(before: int, after: int, percent: bool) -> tuple[float, float, float]:
    if not percent:
        found = rate_ratio.rate_difference(after, 1.0, before, 1.0)
        return float(after - before), found.lower, found.upper
    limits = rate_ratio.conditional_limits([after], [1.0], [before], [1.0]).at(0)
    lower, upper = (100 * (limit - 1) for limit in (limits.lower, limits.upper))
    return _percent(before, after), lower, upper


def _percent(before: int, after: int) -> float:
    return 100 * (after / before - 1) if before else float("inf")


def _difference(before: int, after: int) -> float:
    return float(after - before)


def _change_table(
    pairs: list[tuple[figures.Reading, figures.Reading]],
    compute: Callable[[int, int], float],
    unit: str,
) -> pd.DataFrame:
    rows = [
        (f"{words.release(a.release)}, {b.count:,} to {a.count:,}", compute(b.count, a.count), a)
        for b, a in pairs
        if b.count
    ]
    return _table(rows, unit, 1 if unit else 0, signed=True)


def _table(
    rows: list[tuple[str, float, figures.Reading]], unit: str, places: int, *, signed: bool = False
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Reading": [name[:1].upper() + name[1:] for name, _, _ in rows],
            "Figure": [words.number(value, places, signed=signed) + unit for _, value, _ in rows],
            "Whose": [
                f"{r.publisher}, {r.how_read}" + ("" if r.independent else ", not independent")
                for _, _, r in rows
            ],
        }
    )


def _may_change(
    claim: Claim,
    lead: tuple[figures.Reading, figures.Reading],
    value: float,
    lower: float,
    upper: float,
    said: Figure,
) -> tuple[str, str]:
    before, after = lead
    unit = "%" if said.percent else ""
    say = (
        f"{_CALLED[claim.offences].capitalize()} in {_who(claim)} went from {before.count:,} in "
        f"{claim.start} to {after.count:,} in {claim.end}, {_signed(value, said)} "
        f"({words.interval_words(lower, upper, 0)}{unit} for chance alone), by the "
        f"{words.release(after.release)}."
    )
    verb = "rose" if value > 0 else "fell"
    return say, f"Violence against officers {verb} by as much."


def _may_not_compare(
    claim: Claim, lead: tuple[figures.Reading, figures.Reading]
) -> tuple[str, str]:
    say = (
        f"{_who(claim)} recorded {lead[1].count:,} in {claim.end}; the record was broken, so "
        f"{claim.start} cannot be set against it."
    )
    return say, _quoted(claim)


def _signed(value: float, said: Figure) -> str:
    if said.percent:
        return f"{words.number(value, max(1, said.decimals), signed=True)}%"
    return words.number(value, 0, signed=True)


def _figure(claim: Claim, text: str = "") -> Figure:
    found = figure(text or claim.says)
    if found is None:
        raise Refusal.of("E126", f"'{claim.says}' says no figure.",
                              "Write the figure as it was said: +12%.", column="says")  # fmt: skip
    return found


def _evidence(claim: Claim) -> pd.Series | None:
    frame = tables.load("evidence/ledger")
    rows = frame[frame["id"] == claim.evidence]
    return None if rows.empty else rows.iloc[0]


def _quoted(claim: Claim) -> str:
    if claim.quotation:
        return claim.quotation
    who = f" of {_who(claim)}" if claim.force else ""
    return f"The records{who} show “{claim.says}”." if claim.says else "It is established."


def _who(claim: Claim) -> str:
    return forces.names()[claim.force]


def _span(places: pd.Series) -> str:
    low, high = int(places.min()), int(places.max())
    return f"{low}" if low == high else f"{low} to {high}"


_JUDGES: Mapping[str, Callable[[Claim], Answer]] = {
    "change": _change,
    "count": _count,
    "rate": _rate,
    "rank": _rank,
    "share": _share,
    "survey": _survey,
    "document": _document,
    "log": _log,
}


@cache
def kind(name: str) -> Kind:
    """Give the kind of claim of a name, as ``words.yml`` beside this describes it."""
    told = read_yaml(Path(__file__).with_name("words.yml"))
    texts = told["kinds"][name]
    texts |= {"rule": texts["rule"].format(ordinary=told["ordinary"])}
    return Kind(name=name, judge=_JUDGES[name], **texts | {"returns": tuple(texts["returns"])})
