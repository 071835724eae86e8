"""Rows: a rule, what it makes of a claim, and the row that a page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from officer_assaults.findings import Verdict
from officer_assaults.page import catalogue

NOT_RUN = "not run"
EVIDENCE_PAGE = "evidence"
_OPEN = "op-"

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
    say, not_say : str
        What may be said, and what not; empty where the report that carries the claim says so.
    readings : list of dict
        Every reading of the claim, a row each.
    """

    verdict: Verdict
    number: str
    reason: str
    say: str = ""
    not_say: str = ""
    readings: tuple[dict[str, Any], ...] = ()


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
    words : str
        The rule in words.
    returns : tuple of str
        Verdicts that it can return.
    estimand : str
        What is claimed, with unit, denominator and period.
    report : str
        Notebook to read on in, where the rule needs none of its findings.
    said_in : (notebook, finding id), optional
        Finding of a report that states this very claim, and must give it the same verdict.
    """

    needs: tuple[Key, ...]
    judge: Callable[[list[Mapping[str, Any]], pd.Series], Judgement]
    words: str
    returns: tuple[Verdict, ...]
    estimand: str = ""
    report: str = ""
    said_in: Key | None = None


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
    rule, returns, estimand : str, tuple of str, str
        The rule in words, the verdicts it can return, and what is claimed.
    say, not_say, readings
        As in :class:`Judgement`.
    """

    id: str
    article: str
    claim: str
    verdict: str
    number: str
    reason: str
    link: str
    ledger_ids: tuple[str, ...]
    rule: str = ""
    returns: tuple[str, ...] = ()
    estimand: str = ""
    say: str = ""
    not_say: str = ""
    readings: tuple[dict[str, Any], ...] = ()

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
