"""Glossary: the terms of the field in plain words, linked from where a page first uses them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from officer_assaults.data.definitions import read_yaml
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


@cache
def terms() -> tuple[Term, ...]:
    """Read the terms of ``glossary.yml`` beside this."""
    return tuple(
        Term(name, tuple(told["spellings"]), told["meaning"])
        for name, told in read_yaml(Path(__file__).with_name("glossary.yml")).items()
    )


@cache
def _finder() -> tuple[re.Pattern[str], dict[str, Term]]:
    by_spelling = {spelling.lower(): term for term in terms() for spelling in term.spellings}
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
