"""Claims: what two newspaper articles say, judged by rules from the findings of the reports.

No verdict is typed anywhere. A figure is compared with a finding, an explanation takes the verdict
of the finding that bears on it, a legal or documentary fact is checked against its row of the
evidence ledger, and a claim whose report has not run reads "not run".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults import paths
from officer_assaults.data import recorded, tables
from officer_assaults.data.definitions import read_yaml
from officer_assaults.findings import Verdict
from officer_assaults.page import catalogue, words
from officer_assaults.stats import verdicts
from officer_assaults.topics.claims import collection, kinds
from officer_assaults.topics.claims.collection import Claim
from officer_assaults.topics.claims.rows import (
    EVIDENCE_PAGE,
    NOT_RUN,
    ClaimRow,
    Judgement,
    Key,
    Rule,
)

FOCUS = "thames-valley"
LEDGER, CLAIMS = "evidence/ledger", "evidence/claims"
DIRECT = ("read directly", "computed")
#: Who the articles' survey figures come from.
CLAIMANT = "Police Federation"
#: Words that tell a source which cannot confirm a claim by itself.
CLAIMANTS = ("newspaper", "federation", "pfew", "second-hand", "second hand")
ARTICLES = "claims/articles.yml"
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


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


def ways_in(judged: Sequence[ClaimRow]) -> list[dict[str, Any]]:
    """Read three short paths: reader, question, rows, and what would settle what stays open."""
    by_id = {row.id: row for row in judged}
    ways = read_yaml(Path(__file__).with_name("ways.yml"))
    return [way | {"rows": [by_id[name] for name in way["rows"]]} for way in ways]


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


def two_verdicts(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name every claim that a report's finding judges otherwise than the page of claims.

    Parameters
    ----------
    results : iterable of mapping
        As for :func:`rows`.
    """
    held = list(results)
    found, judged = _findings(held), {row.id: row for row in rows(held)}
    told = []
    for claim_id, rule in RULES.items():
        finding, row = found.get(rule.said_in or ("", "")), judged[claim_id]
        if finding is not None and row.verdict not in (NOT_RUN, finding["verdict"]):
            told.append(
                f"'{row.claim}' is '{row.verdict}' among the claims and '{finding['verdict']}' as "
                f"{finding['id']}"
            )
    return told


def self_confirmed(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name every finding that says "reproduces" of figures known only from who claims them.

    Parameters
    ----------
    results : iterable of mapping
        As for :func:`rows`, of any force and with any settings.
    """
    return [
        f"{finding['id']} of {result['scope']} rests on {finding['vintage']}, which a claimant "
        "cannot confirm"
        for result in results
        for finding in result["findings"]
        if finding.get("verdict") == "reproduces" and not _is_confirmed(finding)
    ]


def _is_confirmed(finding: Mapping[str, Any]) -> bool:
    whose = f"{finding.get('provenance') or ''} {finding['vintage']}".casefold()
    quoted = set(re.split(r"[\s;,]+", str(finding["vintage"]))) & set(recorded.QUOTED)
    return not quoted and not any(word in whose for word in CLAIMANTS)


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
        return ClaimRow(*common, NOT_RUN, "", why, "", ids, *_said_of(rule))
    made = rule.judge([found[key] for key in rule.needs], claim)
    link = _link(rule, ids, ran)
    return ClaimRow(
        *common, made.verdict, made.number, made.reason, link, ids, *_said_of(rule),
        made.say, made.not_say, made.readings,
    )  # fmt: skip


def _said_of(rule: Rule) -> tuple[str, tuple[str, ...], str]:
    return rule.words, rule.returns, rule.estimand


def _link(rule: Rule, ids: tuple[str, ...], ran: set[str]) -> str:
    notebook = rule.needs[0][0] if rule.needs else rule.report
    if not notebook or notebook not in ran:
        return EVIDENCE_PAGE if ids else ""
    entry = catalogue.find(notebook)
    scope = FOCUS if entry is not None and entry.per_force else catalogue.NATIONAL
    return f"{scope}/{notebook}"


def _adopt(
    notebook: str,
    name: str,
    write: Callable[[Mapping[str, Any]], str],
    how: str,
    returns: tuple[Verdict, ...],
    estimand: str,
    note: str = "",
) -> Rule:
    """Take the verdict of the finding that bears on the claim, and its note as the reason."""

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del claim
        own = str(findings[0].get("note", ""))
        reason = " ".join(filter(None, (_plain(own[:1].upper() + own[1:]) if own else "", note)))
        return Judgement(findings[0]["verdict"], write(findings[0]), reason)

    key = (notebook, name)
    told = f"{how} Judged in report {notebook[:2]}."
    return Rule((key,), judge, told, returns, estimand, said_in=key)


def _recording() -> Rule:
    """Judge that part of a rise is better recording by what inspections moved elsewhere."""
    names = ("reporting.audited", "reporting.associated", "reporting.share")
    keys = tuple((_RECORDING, name) for name in names)

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del claim
        audited = findings[0]
        lines = ("Its audits, passed on", "Its own record of public victims", "Assumptions alone")
        rows = tuple(
            {"Reading": line, "Share of the rise": _share(found)}
            for line, found in zip(lines, findings, strict=True)
        )
        return Judgement(
            verdicts.bounded("above", 0.0, *_both(audited)),
            _share(audited),
            "The claim is that part of the rise is recording, however small or large. What goes "
            "with another record is an association, and the third line is what was assumed.",
            readings=rows,
        )

    told = (
        "By the share of the rise that audits of the force's recording would make, passed on to "
        "officers as in forces that failed an inspection: consistent where its whole interval "
        "lies above none, contradicted where below, not identified where it holds none. Judged in "
        "report 04."
    )
    return Rule(
        keys, judge, told, ("consistent", "contradicted", "not identified"),
        "share of the log rise in one force's recorded assaults that recording made",
        said_in=keys[0],
    )  # fmt: skip


def _chain() -> Rule:
    """Take the chain of the force, and show it link by link."""
    names = ("justice.away", "justice.convicted_after", "justice.custody_after")
    keys = tuple((_JUSTICE, name) for name in names)

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del claim
        away, (convicted, jailed) = findings[0], (float(f["value"]) for f in findings[1:])
        number = f"{_share(away)} of recorded convicted, if the links hold"
        return Judgement(
            away["verdict"], number,
            "The courts are those of all England and Wales, and the tables are not linked. How few "
            "would be few, the claim does not say.",
            readings=_links(away, convicted, jailed),
        )  # fmt: skip

    told = (
        "Not identified: the chain from record to conviction has bounds alone, and the claim gives "
        "no threshold. Needs data where a link is not held. Judged in report 07."
    )
    return Rule(
        keys, judge, told, _OF_CHAIN, "share of recorded assaults that end in a conviction",
        said_in=keys[0],
    )  # fmt: skip


def _links(away: Mapping[str, Any], convicted: float, jailed: float) -> tuple[dict[str, Any], ...]:
    """Stages from record to prison: of the stage before, of all recorded, and its bounds."""
    reached, (low, high) = float(away["value"]), _both(away)
    charged = reached / convicted
    stages = (
        ("Recorded", 1.0, 1.0, 1.0, 1.0),
        ("Charged or summonsed", charged, charged, charged, high),
        ("Convicted, as in England and Wales", convicted, reached, low, high),
        ("Jailed at once, as in England and Wales", jailed, reached * jailed, low, high),
    )
    return tuple(
        {
            "Stage": name,
            "Of the stage before": words.percent(before),
            "Of recorded": words.percent(share),
            "Bounds": f"{words.percent(least)} to {words.percent(most)}",
        }
        for name, before, share, least, most in stages
    )


def _by_kind(name: str, report: str = "", note: str = "", said_in: Key | None = None) -> Rule:
    """Judge by the kind of the claim, from its row; ``report`` is the notebook to read on in.

    ``said_in`` is the finding that states the same claim.
    """
    kind = kinds.kind(name)

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del findings
        made = kinds.judge(_articles()[str(claim["claim_id"])])
        reason = f"{made.reason} {note}".strip()
        rows = tuple(
            {str(name): text for name, text in row.items()}
            for row in made.readings.to_dict("records")
        )
        return Judgement(made.verdict, made.found, reason, made.say, made.not_say, rows)

    estimand = f"{kind.estimand} ({kind.unit}; {kind.denominator})"
    return Rule((), judge, kind.rule, kind.returns, estimand, report, said_in)


@cache
def _articles() -> dict[str, Claim]:
    """Claims of the articles that a kind can judge."""
    return {claim.id: claim for claim in collection.read(paths.data_dir() / ARTICLES)}


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
        verdict = verdicts.confirmed(verdict, independent=_is_independent(record))
        number = f"{words.number(value)}% of answers"
        if pd.notna(record["lower"]) and pd.notna(record["upper"]):
            span = words.interval(record["lower"], record["upper"], 1)
            number += f" (sampling interval {span}; ignores who chose to answer)"
        return Judgement(verdict, number, note)

    kind = kinds.kind("survey")
    returns: tuple[Verdict, ...] = ("reproduces", "consistent", "contradicted")
    return Rule((), judge, kind.rule, returns, f"{kind.estimand} ({kind.unit})")


def _released(publisher: str, year: str) -> Rule:
    """Judge who released figures, by the releases of that year in the claim's ledger rows."""

    def judge(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
        del findings
        held = tables.load(LEDGER)
        mine = held[
            held["id"].isin(str(claim["ledger_ids"]).split(";"))
            & held["how_read"].isin(DIRECT)
            & (held["period"].str.split(r"[\s(]").str[0] == year)
        ]
        if mine.empty:
            return Judgement(
                "needs data", "",
                f"No release of {year} was read directly: the pages held are of other years or at "
                "second hand. What would settle it: the release of July 2019 with its publisher.",
            )  # fmt: skip
        verdict: Verdict = (
            "consistent" if mine["publisher"].str.contains(publisher).any() else "contradicted"
        )
        return Judgement(verdict, "", f"Published by {words.listing(list(mine['publisher']))}.")

    told = (
        f"Consistent where a release of {year} was read directly and names {publisher} as its "
        "publisher; contradicted where it names another; needs data where none was read."
    )
    return Rule(
        (), judge, told, ("consistent", "contradicted", "needs data"),
        f"who released the figures of {year}",
    )  # fmt: skip


def _is_independent(record: pd.Series) -> bool:
    """Whether a row of the ledger was read directly from somebody other than the claimant."""
    return record["how_read"] in DIRECT and CLAIMANT not in str(record["publisher"])


def _trials(findings: list[Mapping[str, Any]], claim: pd.Series) -> Judgement:
    """Judge a claim of two parts, TASER and training, by the published trial of each."""
    del claim
    taser, training = findings
    verdict = verdicts.combine([verdicts.lies("below", 1.0, *_both(taser)), training["verdict"]])
    reason = _plain(str(training.get("note") or training["label"]))
    return Judgement(verdict, f"TASER shifts over others {_ratio(taser)}", f"Training: {reason}")


def _both(finding: Mapping[str, Any]) -> tuple[float, float]:
    return float(finding["lower"]), float(finding["upper"])


def _ratio(finding: Mapping[str, Any]) -> str:
    low, high = _both(finding)
    return words.ratio(float(finding["value"]), low, high, level=finding["level"])


def _share(finding: Mapping[str, Any]) -> str:
    if finding.get("value") is None:
        return ""
    low, high = _both(finding)
    limits = words.interval_words(low, high, 0, level=finding["level"], as_percent=True)
    return f"{words.percent(float(finding['value']))} ({limits})"


def _nothing(finding: Mapping[str, Any]) -> str:
    del finding
    return ""


def _plain(label: str) -> str:
    return label.rstrip(".") + "."


def _ledger_row(row: str) -> pd.Series:
    frame = tables.load(LEDGER)
    return frame[frame["id"] == row].iloc[0]


def _numbers(text: str) -> list[float]:
    return [float(part.replace(",", "")) for part in _NUMBER.findall(text)]


def _readable(value: str) -> str:
    return words.number(float(value)) if _NUMBER.fullmatch(value) and "." not in value else value


_JUSTICE, _EVIDENCE, _RECORDING = "07_justice", "10_evidence", "04_recording"
_SUBSET = (
    "Officers to whom crewing applies; a headcount of answers, from those who chose to answer."
)

#: What the rules of the reports can return.
_OF_CHAIN: tuple[Verdict, ...] = ("not identified", "needs data")
_OF_INTERVAL: tuple[Verdict, ...] = ("consistent", "contradicted", "not supported")
_OF_STEP: tuple[Verdict, ...] = ("consistent", "not supported", "not identified", "needs data")
_OF_TRIALS: tuple[Verdict, ...] = ("contradicted", "needs data")

RULES: Mapping[str, Rule] = {
    "bc-01": _by_kind("change", "01_rise", "The article has it from figures since revised."),
    "bc-02": _by_kind("count", "03_severity", "Offences, one per victim, not attacks."),
    "bc-03": _by_kind("rate", "01_rise"),
    "bc-04": _by_kind("count", "03_severity"),
    "bc-05": _by_kind("change", "01_rise"),
    "bc-06": _by_kind("rank", "02_forces", said_in=("02_forces", "comparison.claimed_place")),
    "bc-07": _by_kind(
        "log", "02_forces", "There are 43 territorial forces, and 44 with railways.",
        ("02_forces", "comparison.units"),
    ),
    "bc-08": _by_kind("count", "03_severity"),
    "bc-09": _by_kind("count", "03_severity"),
    "bc-10": _released("ONS", "2018/19"),
    "bc-11": _by_kind("document", note="In force from 13 November 2018."),
    "bc-12": _by_kind(
        "document",
        note="What doubled is the maximum in law, which the guideline repeats; the Act left "
        "magistrates at six months for one offence.",
    ),
    "bc-13": _recording(),
    "bc-14": _chain(),
    "rc-01": _by_kind("log", _JUSTICE, said_in=(_JUSTICE, "composition.quarter")),
    "rc-02": _by_kind(
        "log", _JUSTICE, said_in=(_JUSTICE, "composition.threats_with_weapons_more_than")
    ),
    "rc-03": _by_kind("log", _JUSTICE, said_in=(_JUSTICE, "composition.officers_spat_at")),
    "rc-04": _by_kind(
        "log", "05_crewing", "Counts alone say nothing of risk.",
        ("05_crewing", "crewing.article_claim"),
    ),
    "rc-05": _by_kind("log", "05_crewing"),
    "rc-06": _by_kind(
        "survey", note=f"{_SUBSET} Not a share of hours or of incidents.",
        said_in=("05_crewing", "crewing.survey_share"),
    ),
    "rc-07": _survey("E04", 0, f"{_SUBSET} Insults."),
    "rc-08": _survey("E04", 1, f"{_SUBSET} Threats.", above=True),
    "rc-09": _survey("E03", 0, f"{_SUBSET} Of all roles 35 per cent."),
    "rc-10": _by_kind("document", note="Stated by the force in the article; no policy was read."),
    "op-01": _adopt(
        _JUSTICE, "justice.charged_standardised", lambda finding: f"{_share(finding)} charged",
        "Consistent where the whole interval of the share charged lies below that of England and "
        "Wales at its mix of classes, contradicted where above, not supported where it holds it.",
        _OF_INTERVAL,
        "share charged of recorded assaults, beside that of England and Wales at the same mix",
        "Fuller recording would also lower the rate.",
    ),
    "op-02": _adopt(
        "06_act", "act.step", _nothing,
        "By the steps of the force beyond two control series, after conditions: a method that "
        "holds its level at quiet dates, long enough series, and no event of its own nearby.",
        _OF_STEP,
        "level of recorded assaults after the Act over before, beyond two control series",
    ),
    "op-03": Rule(
        ((_EVIDENCE, "crewing.taser_trial"), (_EVIDENCE, "crewing.training")), _trials,
        "The gravest of two verdicts: whether the interval of the TASER trial lies below 1, and "
        "the finding on training, which has no rate to compare.",
        _OF_TRIALS,
        "victims among officers, with over without TASER, and after over before training",
    ),
}  # fmt: skip
