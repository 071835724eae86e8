"""Glossary: the terms of the field in plain words, linked from where a page first uses them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from officer_assaults.page import markup


@dataclass(frozen=True, slots=True)
class Term:
    """A term, how it may be spelled in a text, and what it means."""

    name: str
    spellings: tuple[str, ...]
    meaning: str

    @property
    def anchor(self) -> str:
        """Identifier of its entry on a page."""
        return f"term-{markup.slug(self.name)}"


TERMS: tuple[Term, ...] = (
    Term(
        "95% interval",
        ("95% interval", "95% intervals"),
        "A range made by a method that includes the true value in 95 of 100 uses. It allows for "
        "chance only, not for changes in what is recorded.",
    ),
    Term(
        "bounds",
        ("bound", "bounds"),
        "The lowest and highest values that fit the records when something needed is not known.",
    ),
    Term(
        "gate",
        ("identification gate", "gate"),
        "A test set before the analysis. If it fails, the report gives no estimate of an effect.",
    ),
    Term(
        "cluster",
        ("cluster", "clusters"),
        "Records that belong together, such as all shifts of one area, and so tell less than as "
        "many separate ones.",
    ),
    Term(
        "code 104",
        ("code 104",),
        "Home Office offence code for assault without injury on a constable.",
    ),
    Term(
        "code 8S",
        ("code 8S", "8S"),
        "Home Office offence code for assault with injury on a constable, new on 1 April 2017.",
    ),
    Term(
        "credible interval",
        ("credible interval", "credible intervals"),
        "A range that holds the value with the stated probability, given the model and what was "
        "assumed beforehand.",
    ),
    Term(
        "denominator",
        ("denominator", "denominators"),
        "What a number is divided by to make forces or years comparable, such as officers or days.",
    ),
    Term(
        "dispersion",
        ("dispersion", "overdispersion", "overdispersed"),
        "How much more counts vary than chance alone would make them. 1 is chance alone; 2 doubles "
        "the variance.",
    ),
    Term(
        "double crewed",
        ("double crewed", "double-crewed", "double crew", "double crews", "double crewing"),
        "Two officers patrol together.",
    ),
    Term(
        "E-value",
        ("E-value", "E-values"),
        "How strongly something unmeasured would have to be linked to both crewing and recorded "
        "assaults to explain an association away.",
    ),
    Term(
        "exposure",
        ("exposure", "exposures"),
        "How much opportunity there was for the event: officer-years, officer-hours or days.",
    ),
    Term(
        "FTE",
        ("FTE", "full-time equivalent"),
        "Full-time equivalent: two officers on half time count as one.",
    ),
    Term(
        "funnel plot",
        ("funnel plot", "funnel"),
        "A chart of rates against size with limits that narrow as forces get larger, because small "
        "forces vary more by chance.",
    ),
    Term(
        "log scale",
        ("log scale", "logarithmic axis", "log rise"),
        "A scale on which equal steps multiply: from 1 to 2 is as far as from 2 to 4.",
    ),
    Term(
        "officer-year",
        ("officer-year", "officer-years"),
        "One full-time officer serving for one year.",
    ),
    Term(
        "p-value",
        ("p-value", "p-values"),
        "How often chance alone would give a difference as large as the one seen, if there were "
        "none. It says nothing of size or of why.",
    ),
    Term(
        "placebo",
        ("placebo", "placebo date", "placebo dates"),
        "The same analysis where nothing should be found: another date, another force. If it finds "
        "something, so would the real one.",
    ),
    Term(
        "predictive comparison",
        ("predictive comparison",),
        "Sets one force against the spread of all others, so that it tells the unusual from the "
        "merely non-zero.",
    ),
    Term(
        "rate ratio",
        ("rate ratio", "rate ratios"),
        "One rate divided by another. 1.33 means a third higher; 1 means the same.",
    ),
    Term(
        "ratio of ratios",
        ("ratio of ratios",),
        "The growth of one series divided by the growth of another. 1 means they grew alike.",
    ),
    Term(
        "recorded assault",
        ("recorded assault", "recorded assaults"),
        "An assault that the police entered as a crime. One crime is recorded for each victim. "
        "Assaults that nobody reported or recorded are not in it.",
    ),
    Term(
        "recorded offence",
        ("recorded offence", "recorded offences"),
        "A crime entered under the Home Office Counting Rules, whether or not anyone was charged.",
    ),
    Term(
        "recording break",
        ("recording break", "recording breaks"),
        "A date at which a force changed what it counts, so that figures before and after cannot "
        "be compared.",
    ),
    Term(
        "release",
        ("first release", "October 2023 release"),
        "One publication of the figures. Later releases revise earlier ones; figures of two "
        "releases are never mixed in a comparison.",
    ),
    Term(
        "shrinkage",
        ("shrinkage", "shrunk", "shrunken"),
        "Pulling each force's rate towards the average, the more so the less data it has.",
    ),
    Term(
        "simulated data",
        ("simulated data", "simulated"),
        "Made by a computer with a known truth in it, to show what a method can find. Not records.",
    ),
    Term(
        "single crewed",
        ("single crewed", "single-crewed", "single crew", "single crews", "single crewing"),
        "An officer patrols alone.",
    ),
)


@cache
def _finder() -> tuple[re.Pattern[str], dict[str, Term]]:
    by_spelling = {spelling.lower(): term for term in TERMS for spelling in term.spellings}
    longest_first = sorted(by_spelling, key=len, reverse=True)
    words = "|".join(re.escape(spelling) for spelling in longest_first)
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE), by_spelling


_TAG = re.compile(r"(<[^>]+>)")
_TAG_NAME = re.compile(r"</?([a-z0-9]+)")
_CLOSED = frozenset(
    ("a", "h1", "h2", "h3", "h4", "summary", "code", "pre", "q", "cite", "svg", "math", "th", "b")
)


class Linker:
    """Links each term once per page, where it first occurs, and knows which ones it linked."""

    def __init__(self) -> None:
        self._used: dict[str, Term] = {}

    @property
    def used(self) -> list[Term]:
        """Terms linked so far, in alphabetical order."""
        return sorted(self._used.values(), key=lambda term: term.name.lower())

    def link(self, html: str) -> str:
        """Link terms that the page has not used before, outside headings, links and quotations."""
        pieces = _TAG.split(html)
        closed = 0
        for at, piece in enumerate(pieces):
            if at % 2:
                closed += _depth_change(piece)
            elif not closed and piece:
                pieces[at] = _finder()[0].sub(self._replace, piece)
        return "".join(pieces)

    def _replace(self, match: re.Match[str]) -> str:
        term = _finder()[1][match.group().lower()]
        if term.name in self._used:
            return match.group()
        self._used[term.name] = term
        return f'<a class="oa-term" href="#{term.anchor}">{match.group()}</a>'


def _depth_change(tag: str) -> int:
    name = _TAG_NAME.match(tag)
    if name is None or name.group(1) not in _CLOSED or tag.endswith("/>"):
        return 0
    return -1 if tag.startswith("</") else 1
