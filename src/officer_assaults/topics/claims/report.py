"""Claims: what two newspaper articles say, judged by rules from the findings of the reports.

No verdict is typed anywhere. A figure is compared with a finding, an explanation takes the verdict
of the finding that bears on it, a legal or documentary fact is checked against its row of the
evidence ledger, and a claim whose report has not run reads "not run".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from officer_assaults.data import tables
from officer_assaults.findings import Verdict
from officer_assaults.page import catalogue, words
from officer_assaults.stats import verdicts

NOT_RUN = "not run"
FOCUS = "thames-valley"
EVIDENCE_PAGE = "evidence"
LEDGER, CLAIMS = "evidence/ledger", "evidence/claims"
DIRECT = ("read directly", "computed")
_OPEN = "op-"
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule makes of one claim.

    Parameters
    ----------
    verdict : str
        One of the six words.
    number : str
        Our figure with its interval, in words; empty where there is none.
    reason : str
        Why, in a sentence.
    """

    verdict: Verdict
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How one claim is judged.

    Parameters
    ----------
    needs : tuple of (notebook, finding id)
        Findings that must be there; the first names the report to link. Empty for a rule that
        rests on the ledger alone.
    judge : callable
        Takes the findings needed, in order, and the claim; returns a judgement.
    """

    needs: tuple[Key, ...]
    judge: Callable[[list[Mapping[str, Any]], pd.Series], Judgement]


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim with its verdict.

    Parameters
    ----------
    id : str
        Short name of the claim.
    article, claim : str
        Where it was said, and what.
    verdict : str
        One of the six words, or "not run".
    number : str
        Our figure with its interval.
    reason : str
        Why.
    link : str
        Report that carries it, as ``"<folder>/<notebook>"``, or ``"evidence"``; empty if none.
    ledger_ids : tuple of str
        Rows of the ledger that bear on it.
    """

    id: str
    article: str
    claim: str
    verdict: str
    number: str
    reason: str
    link: str
    ledger_ids: tuple[str, ...]

    @property
    def address(self) -> str:
        """Page to link, relative to the front page; empty if there is none."""
        row = f"#{self.ledger_ids[0]}" if self.link == EVIDENCE_PAGE and self.ledger_ids else ""
        return f"{self.link}.html{row}" if self.link else ""

    @property
    def quoted(self) -> bool:
        """Whether the claim is of an article, and not a question that both leave open."""
        return not self.id.startswith(_OPEN)

    @property
    def report(self) -> str:
        """Name of that page, for the text of the link."""
        entry = catalogue.find(self.link.rpartition("/")[2])
        if entry is None:
            return "evidence" if self.link else ""
        return f"{entry.number} {entry.question}"


@dataclass(frozen=True, slots=True)
class WayIn:
    """A short path through the reports for one kind of reader.

    Parameters
    ----------
    reader : str
        Who it is for.
    question : str
        What they come with.
    rows : tuple of ClaimRow
        Claims that answer it, in order.
    settle : str
        What would settle what stays open.
    """

    reader: str
    question: str
    rows: tuple[ClaimRow, ...]
    settle: str


def rows(results: Iterable[Mapping[str, Any]]) -> list[ClaimRow]:
    """Judge every claim from the results of the reports.

    Parameters
    ----------
    results : iterable of mapping
        Content of the reports' JSON files: notebook, scope, findings, non_default. Reports with
        other parameters than their defaults are left out: the claims are about these years.

    Returns
    -------
    list of ClaimRow
        In the order of the articles.
    """
    found = _findings(results)
    ran = {notebook for notebook, _ in found}
    return [_judge(claim, found, ran) for _, claim in tables.load(CLAIMS).iterrows()]


def ways_in(judged: Sequence[ClaimRow]) -> list[WayIn]:
    """Three short paths, each ending in what would settle the open questions."""
    by_id = {row.id: row for row in judged}
    return [
        WayIn(reader, question, tuple(by_id[name] for name in names), settle)
        for reader, question, names, settle in _WAYS
    ]


def by_article(judged: Sequence[ClaimRow]) -> dict[str, list[ClaimRow]]:
    """Group the claims by article, in order."""
    grouped: dict[str, list[ClaimRow]] = {}
    for row in judged:
        grouped.setdefault(row.article, []).append(row)
    return grouped


def ledger() -> pd.DataFrame:
    """Evidence ledger, with numbers written for a reader."""
    frame = tables.load(LEDGER)
    return frame.assign(value=frame["value"].map(_readable), caution=frame["caution"].fillna(""))


def _findings(results: Iterable[Mapping[str, Any]]) -> dict[Key, Mapping[str, Any]]:
    found: dict[Key, Mapping[str, Any]] = {}
    for result in results:
        if result["scope"] not in (FOCUS, catalogue.NATIONAL) or result.get("non_default"):
            continue
        for finding in result["findings"]:
            found[str(result["notebook"]), str(finding["id"])] = finding
    return found


def _judge(claim: pd.Series, found: Mapping[Key, Mapping[str, Any]], ran: set[str]) -> ClaimRow:
    rule = RULES[str(claim["claim_id"])]
    ids = tuple(str(claim["ledger_ids"]).split(";")) if pd.notna(claim["ledger_ids"]) else ()
    common = (str(claim["claim_id"]), str(claim["article"]), str(claim["claim"]))
    missing = [key for key in rule.needs if key not in found]
    if missing:
        notebook = missing[0][0]
        why = (
            f"The report {notebook} holds no such finding."
            if notebook in ran
            else f"The report {notebook} has not been made."
        )
        return ClaimRow(*common, NOT_RUN, "", why, "", ids)
    made = rule.judge([found[key] for key in rule.needs], claim)
    return ClaimRow(*common, made.verdict, made.number, made.reason, _link(rule, ids), ids)


def _link(rule: Rule, ids: tuple[str, ...]) -> str:
    if not rule.needs:
        return EVIDENCE_PAGE if ids else ""
    notebook = rule.needs[0][0]
    entry = catalogue.find(notebook)
    scope = FOCUS if entry is not None and entry.per_force else catalogue.NATIONAL
    return f"{scope}/{notebook}"


def _figure(
    notebook: str,
    ids: str | tuple[str, ...],
    compute: Callable[..., float] = float,
    *,
    decimals: int = 0,
    percent: bool = False,
    note: str = "",
) -> Rule:
    """Compare a claimed figure with one computed from the values of findings."""
    names = (ids,) if isinstance(ids, str) else ids
    needs = tuple((notebook, name) if "/" not in name else _split(name) for name in names)

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        value = compute(*(float(finding["value"]) for finding in findings))
        verdict = verdicts.reproduces(
            float(claim["claimed_value"]), value, int(claim["claimed_decimals"])
        )
        number = words.number(value, decimals) + ("%" if percent else "")
        limits = _limits(findings[0], compute) if len(findings) == 1 else None
        if limits is not None:
            low, high = limits
            span = words.interval(low, high, max(decimals, 1) if percent else decimals)
            number += f" ({words.level_words(findings[0]['level'])} {span}{'%' if percent else ''})"
        return Judgement(verdict, number, note or _plain(findings[0]["label"]))

    return Rule(needs, judge)


def _adopt(
    notebook: str, name: str, write: Callable[[Mapping[str, Any]], str], note: str = ""
) -> Rule:
    """Take the verdict of the finding that bears on the claim, and its note as the reason."""

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del claim
        own = str(findings[0].get("note", ""))
        reason = " ".join(filter(None, (_plain(own[:1].upper() + own[1:]) if own else "", note)))
        return Judgement(findings[0]["verdict"], write(findings[0]), reason)

    return Rule(((notebook, name),), judge)


def _document(row: str, note: str, compute: Callable[[list[float]], float] | None = None) -> Rule:
    """Check a legal or documentary fact against its row of the ledger.

    "consistent" if the row was read directly and, where the claim has a figure, holds it;
    "contradicted" if it holds another; "needs data" if it is known second-hand only.
    """

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del findings
        record = _ledger_row(row)
        if compute is not None:
            held = compute(_numbers(str(record["value"])))
            if held != float(claim["claimed_value"]):
                return Judgement("contradicted", _readable(str(record["value"])), note)
        verdict = verdicts.needs(record["how_read"] in DIRECT, "consistent")
        number = f"{_readable(str(record['value']))} {record['unit']}" if compute else ""
        return Judgement(verdict, number, note)

    return Rule((), judge)


def _survey(row: str, at: int, note: str, *, above: bool = False) -> Rule:
    """Compare a claimed percentage with that of the published survey.

    With ``above`` the claim is that the survey found more than the figure.
    """

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del findings
        record = _ledger_row(row)
        value, claimed = _numbers(str(record["value"]))[at], float(claim["claimed_value"])
        if above:
            verdict: Verdict = "reproduces" if value > claimed else "contradicted"
        else:
            verdict = verdicts.reproduces(claimed, value, int(claim["claimed_decimals"]))
        number = f"{words.number(value)}% of answers"
        if pd.notna(record["lower"]) and pd.notna(record["upper"]):
            span = words.interval(record["lower"], record["upper"], 1)
            number += f" (sampling interval {span}; ignores who chose to answer)"
        return Judgement(verdict, number, note)

    return Rule((), judge)


def _needs_rows(key: Key, write: Callable[[Mapping[str, Any]], str], note: str) -> Rule:
    """Judge a claim that only rows from a force could settle.

    The finding gives the bounds that published figures leave. It is "contradicted" where they
    exclude the claim and "needs data" where they do not: rows from a force would narrow them.
    """

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del claim
        bounds = verdicts.bounded("above", 1.0, *_both(findings[0]))
        verdict: Verdict = "contradicted" if bounds == "contradicted" else "needs data"
        return Judgement(verdict, write(findings[0]), note)

    return Rule((key,), judge)


def _no_record(note: str, ready: Key) -> Rule:
    """Judge a claim for which no published record exists: it needs data.

    ``ready`` is the finding on simulated data that shows what such a record would be used for.
    """
    return Rule((ready,), lambda findings, claim: Judgement("needs data", "", note))


def _trials(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
    """Judge a claim of two parts, TASER and training, by the published trial of each."""
    del claim
    taser, training = findings
    verdict = verdicts.combine([verdicts.lies("below", 1.0, *_both(taser)), training["verdict"]])
    reason = _plain(str(training.get("note") or training["label"]))
    return Judgement(verdict, f"TASER shifts over others {_ratio(taser)}", f"Training: {reason}")


def _both(finding: Mapping[str, Any]) -> tuple[float, float]:
    return float(finding["lower"]), float(finding["upper"])


def _limits(
    finding: Mapping[str, Any], compute: Callable[..., float]
) -> tuple[float, float] | None:
    if finding.get("lower") is None or finding.get("upper") is None:
        return None
    low, high = _both(finding)
    return compute(low), compute(high)


def _ratio(finding: Mapping[str, Any]) -> str:
    low, high = _both(finding)
    return words.ratio(float(finding["value"]), low, high, level=finding["level"])


def _bounds(finding: Mapping[str, Any]) -> str:
    low, high = _both(finding)
    return f"rate ratio anywhere from {words.interval(low, high)}"


def _place(finding: Mapping[str, Any]) -> str:
    low, high = _both(finding)
    units = _numbers(str(finding["unit"]))[0]
    return (
        f"number {words.number(float(finding['value']))} of {words.number(units)} per officer "
        f"({words.level_words(finding['level'])} {words.interval(low, high, 0)})"
    )


def _share(finding: Mapping[str, Any]) -> str:
    if finding.get("value") is None:
        return ""
    low, high = _both(finding)
    limits = words.interval_words(low, high, 0, level=finding["level"], as_percent=True)
    return f"{words.percent(float(finding['value']))} ({limits})"


def _count(finding: Mapping[str, Any]) -> str:
    return words.number(float(finding["value"]))


def _nothing(finding: Mapping[str, Any]) -> str:
    del finding
    return ""


def _split(name: str) -> Key:
    notebook, _, finding = name.partition("/")
    return notebook, finding


def _plain(label: str) -> str:
    return label.rstrip(".") + "."


def _ledger_row(row: str) -> pd.Series:
    frame = tables.load(LEDGER)
    return frame[frame["id"] == row].iloc[0]


def _numbers(text: str) -> list[float]:
    return [float(part.replace(",", "")) for part in _NUMBER.findall(text)]


def _readable(value: str) -> str:
    return words.number(float(value)) if _NUMBER.fullmatch(value) and "." not in value else value


_RISE, _COMPARISON, _SEVERITY = "01_rise", "02_forces", "03_severity"
_JUSTICE, _CREWING = "07_justice", "10_evidence"
_BOTH = ("severity.with_injury", "severity.without_injury")
_SUBSET = (
    "Officers to whom crewing applies; a headcount of answers, from those who chose to answer."
)

RULES: Mapping[str, Rule] = {
    "bc-01": _figure(
        _RISE, "rise.ratio", lambda ratio: (ratio - 1) * 100, decimals=1, percent=True,
        note="The arithmetic holds on the first published figures; offences, not officers.",
    ),
    "bc-02": _figure(
        _SEVERITY, _BOTH, lambda injured, other: injured + other,
        note="First published figure, one offence per victim; later releases hold fewer.",
    ),
    "bc-03": _figure(_RISE, "rise.weekly1", decimals=1, note="Exact Poisson interval."),
    "bc-04": _figure(
        _SEVERITY, (*_BOTH, f"{_RISE}/rise.change"),
        lambda injured, other, change: injured + other - change,
        note="First published figure of the year before.",
    ),
    "bc-05": _figure(_RISE, "rise.change", note="Counting chance only."),
    "bc-06": _adopt(
        _COMPARISON, "comparison.claimed_place", _place,
    ),
    "bc-07": _adopt(
        _COMPARISON, "comparison.units", lambda finding: f"{_count(finding)} territorial forces",
        "Nobody says which forces a list of 40 leaves out.",
    ),
    "bc-08": _figure(_SEVERITY, "severity.with_injury", note="Code 8S, first published figure."),
    "bc-09": _figure(
        _SEVERITY, "severity.without_injury", note="Code 104, first published figure."
    ),
    "bc-10": _document(
        "B11", "The Home Office compiles recorded crime; the ONS publishes it in its bulletins."
    ),
    "bc-11": _document("G03", "In force from 13 November 2018.", max),
    "bc-12": _document(
        "G03",
        "A statutory maximum, not a guideline; magistrates stayed at six months for one offence.",
        lambda held: max(held) / min(held),
    ),
    "bc-13": _adopt(
        "04_recording", "reporting.share", _share,
        "The figure is the share of the log rise that is recording, under stated priors "
        "(assumption).",
    ),
    "bc-14": _adopt(
        _JUSTICE, "justice.away",
        lambda finding: f"{_share(finding)} of recorded convicted, if the links hold",
        "An opinion: how few would be few is nowhere said, and the tables are not linked.",
    ),
    "rc-01": _adopt(
        _JUSTICE, "composition.quarter",
        lambda finding: f"{_count(finding)} recorded offences in the quarter",
    ),
    "rc-02": _adopt(
        _JUSTICE, "composition.threats_with_weapons_more_than", _nothing,
        "A count that the force's log would settle; threats are not in the recorded series.",
    ),
    "rc-03": _adopt(
        _JUSTICE, "composition.officers_spat_at", _nothing,
        "A count that the force's log would settle.",
    ),
    "rc-04": _needs_rows(
        (_CREWING, "crewing.survey_bounds"), _bounds,
        "Counts alone say nothing without the hours worked by single and double crews.",
    ),
    "rc-05": _no_record(
        "No record of planned or actual backup time is published. The report shows on simulated "
        "data what such a record would answer.",
        ("05_crewing", "crewing.backup"),
    ),
    "rc-06": _survey("C01", 0, f"{_SUBSET} Not a share of hours or of incidents."),
    "rc-07": _survey("E04", 0, f"{_SUBSET} Insults."),
    "rc-08": _survey("E04", 1, f"{_SUBSET} Threats.", above=True),
    "rc-09": _survey("E03", 0, f"{_SUBSET} Of all roles 35 per cent."),
    "rc-10": _document("C08", "Stated by the force in the article; no policy was read."),
    "op-01": _adopt(
        _JUSTICE, "justice.charged_standardised", lambda finding: f"{_share(finding)} charged",
        "Fuller recording would also lower the rate.",
    ),
    "op-02": _adopt(
        "06_act", "act.step", _nothing,
    ),
    "op-03": Rule(
        ((_CREWING, "crewing.taser_trial"), (_CREWING, "crewing.training")), _trials
    ),
}  # fmt: skip

_WAYS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "For a Federation representative",
        "What can be said in public of the rise, of crewing and of the courts, and stand up?",
        ("bc-01", "bc-03", "bc-14", "rc-04"),
        "Crew of every officer recorded as assaulted, and hours by crew from the same log: the "
        "data request lists the columns. A second register beside crime records would show how "
        "much of the rise is recording.",
    ),
    (
        "For a force commander",
        "Where does the force stand, what should change, and what would a trial need?",
        ("bc-06", "op-01", "bc-13", "op-03"),
        "An audit of how injured officers are classed, evidence grades of cases not charged, and a "
        "crossover trial of crewing between local areas, whose size the planning report works out.",
    ),
    (
        "For a researcher",
        "What is identified, under which assumptions, and how can it be run again?",
        ("bc-13", "op-02", "rc-04", "bc-07"),
        "Linked rows from record to sentence, a register of known true counts for part of the "
        "forces, and a randomised list: each notebook states its estimand, gates and seed, and "
        "runs unchanged.",
    ),
)
