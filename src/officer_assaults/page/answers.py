"""Answers: what the reports of a site say in a line each, and what they rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from officer_assaults.findings import VERDICTS
from officer_assaults.page import catalogue, tables

NOT_RUN = "not run"
# Reports on how the work was done; the front page opens with the answers of the others.
METHOD = ("00_audit", "09_validation")
# What most readers come for.
FIRST = ("05_crewing",)


class Claim(Protocol):
    """What a module that judges claims tells of one claim.

    ``article`` and ``claim`` are what was said and where, ``verdict`` one of the six words or
    ``"not run"``, ``number`` our own figure with its interval in words, and ``link`` the report
    that found it, as ``"<folder>/<notebook>"``, empty if there is none.
    """

    article: str
    claim: str
    verdict: str
    number: str
    link: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The headline of one report, for the front page."""

    question: str
    address: str
    number: str
    text: str
    interval: str
    simulated: bool


def answers_of(results: Iterable[Mapping[str, Any]], force: str) -> list[Answer]:
    """Answers of one force's reports and of the national ones, the most asked first."""
    told = {
        str(result["notebook"]): result
        for result in results
        if result["scope"] in (force, catalogue.NATIONAL)
        and result.get("headline")
        and not result.get("non_default")
    }
    return [
        _answer(entry, told[entry.notebook])
        for entry in sorted(catalogue.ENTRIES, key=lambda entry: entry.notebook not in FIRST)
        if entry.notebook in told and entry.notebook not in METHOD
    ]


def _answer(entry: catalogue.Entry, result: Mapping[str, Any]) -> Answer:
    said = result["headline"]
    address = f"{result['scope']}/{entry.notebook}.html"
    if said.get("answer"):
        return Answer(entry.question, address, "", str(said["answer"]), "", simulated=False)
    return Answer(
        entry.question,
        address,
        str(said["number"]),
        str(said["text"]),
        str(said["interval"]),
        any(finding.get("simulated") for finding in result["findings"]),
    )


def verdict_summary(claims: Iterable[Claim]) -> list[tuple[str, int]]:
    """Count the claims by verdict."""
    counts = Counter(claim.verdict for claim in claims)
    return [(verdict, counts[verdict]) for verdict in (*VERDICTS, NOT_RUN) if counts[verdict]]


def release_table(releases: list[dict[str, Any]]) -> Any:
    """Lay out the releases that the reports rest on."""
    from markupsafe import Markup

    from officer_assaults.page.page import release_columns

    if not releases:
        return ""
    caption = '<span class="oa-title">Data releases that the reports rest on</span>'
    table = tables.to_html(release_columns(releases), caption=caption)
    return Markup(table)  # noqa: S704 -- cells are escaped
