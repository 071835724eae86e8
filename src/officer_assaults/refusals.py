"""Refusals: how the project says no, with every problem named at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

EXIT_CODE = 2
#: Names that are listed where none is near.
MOST_NAMES = 100
#: Characters of a message about one cell that are shown; the rest says nothing more.
LONGEST_TEXT = 400
#: What of a message is the value of one cell.
_VALUE = re.compile(r"'[^']*'|-?\d[\d,.:T+-]*")
#: Likeness from which a known word is suggested; below it a suggestion is a guess.
NEAR = 0.65
#: Letters from which part of a known word is taken for it: "thames" for "Thames Valley".
SHORTEST_PART = 4


def of_machine(error: OSError) -> Refusal:
    """Say what the machine refused, as a full disk or a folder that cannot be written does.

    Parameters
    ----------
    error : OSError
        The name is only told, not blamed: what stands in a user's file has nothing to do with it.
    """
    name = error.filename or error.filename2
    place = f" '{name}'" if isinstance(name, str) else ""
    reason = error.strerror or str(error) or type(error).__name__
    what = f"this machine could not read or write{place} ({reason})."
    return Refusal(Problem("P311", what, "Free room, check who may write there, or set TMPDIR."))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one input, and what to do about it.

    Parameters
    ----------
    code : str
        Catalogue code, for instance ``"E102"`` (see ``docs/refusals.md``).
    what : str
        What is wrong, with the offending value.
    remedy : str
        What the user should do.
    file : str, optional
        File name, relative to where the user stands.
    row : int, optional
        Line number in the file, the header being line 1.
    column : str, optional
        Column or parameter name.
    """

    code: str
    what: str
    remedy: str
    file: str | None = None
    row: int | None = None
    column: str | None = None

    @property
    def said(self) -> str:
        """What is wrong as a sentence, with its code and without a remedy."""
        return f"{self.what[:1].upper()}{self.what[1:]} ({self.code})"

    def __str__(self) -> str:
        place = [self.file] if self.file else []
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {_short(self.column)}")
        where = f" {', '.join(place)}" if place else ""
        return one_line(f"{self.code}{where}: {_short(self.what)} {self.remedy}")


def _short(text: str) -> str:
    """Text of a message without the middle of a cell of thousands of characters."""
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 2
    return f"{text[:half]} ... {text[-half:]}"


def one_line(text: str) -> str:
    """Text without line ends, and with characters that would steer a terminal spelled out."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line
    )


class Refusal(Exception):
    """Raised when input cannot be used; carries every problem found, not only the first.

    Parameters
    ----------
    problems : Problem or iterable of Problem
        At least one problem.
    """

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        found = (problems,) if isinstance(problems, Problem) else tuple(problems)
        if not found:
            raise ValueError("a Refusal needs at least one Problem")
        self.problems: tuple[Problem, ...] = found
        super().__init__("\n".join(str(problem) for problem in found))

    @classmethod
    def of(
        cls,
        code: str,
        what: str,
        remedy: str,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> Refusal:
        """Refusal of one problem; arguments as for :class:`Problem`."""
        return cls(Problem(code, what, remedy, file, row, column))

    def __reduce__(self) -> tuple[type[Refusal], tuple[tuple[Problem, ...]]]:
        return (type(self), (self.problems,))

    def _render_traceback_(self) -> list[str]:
        """Lines that Jupyter prints in place of a traceback."""
        return [f"Refused. {problem}" for problem in self.problems]

    @property
    def codes(self) -> tuple[str, ...]:
        """Catalogue codes, in the order found."""
        return tuple(problem.code for problem in self.problems)


class Unfit(Refusal, ValueError):
    """Raised for a call of a notebook that no page can take, such as a figure without its rows."""


def unfit(what: str) -> Unfit:
    """Refuse such a call in a sentence that says what to change."""
    return Unfit(Problem("P111", what, ""))


@dataclass(slots=True)
class Problems:
    """Collects problems so that a file is refused once, with all of them.

    Examples
    --------
    >>> problems = Problems(file="counts.csv")
    >>> problems.add("E102", "'-3' is negative.", "Give 0 or more.", row=4)
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    ...
    officer_assaults.refusals.Refusal: E102 counts.csv, row 4: '-3' is negative. Give 0 or more.
    """

    file: str | None = None
    found: list[Problem] = field(default_factory=list)

    def add(
        self,
        code: str,
        what: str,
        remedy: str,
        *,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        """Note one problem of this file."""
        self.found.append(Problem(code, what, remedy, self.file, row, column))

    def raise_if_any(self) -> None:
        """Raise one :class:`Refusal` with everything noted so far.

        Raises
        ------
        Refusal
            If any problem was noted.
        """
        if self.found:
            raise Refusal(self.found)


def kind_of(problem: Problem) -> tuple[str, ...]:
    """Give what problems of one kind share: all but the row and the value of the cell."""
    what = _VALUE.sub("#", problem.what)
    return (problem.code, problem.file or "", problem.column or "", what)


def told_once(problems: Sequence[Problem], count: int) -> Problem:
    """Tell problems of one kind as one: the first, with how many there are and a second example.

    Parameters
    ----------
    problems : sequence of Problem
        At least one, in the order of their rows.
    count : int
        How many rows there are of it, also where not each was noted.
    """
    first = problems[0]
    if count == 1:
        return first
    also = f"; also row {problems[1].row}" if problems[1:] and problems[1].row else ""
    if also and problems[1].what != first.what:
        also += f": {problems[1].what.rstrip('.')}"
    return replace(first, what=f"{first.what.rstrip('.')} ({count:,} rows{also}).")


def nearest(word: str, known: Sequence[str]) -> str:
    """Sentence that suggests the nearest known word, or lists what is known.

    Examples
    --------
    >>> nearest("forse", ["force", "vintage"])
    "Did you mean 'force'?"
    """
    said = word[:LONGEST_TEXT].casefold()
    plain = {name.casefold(): name for name in reversed(known)}
    close = get_close_matches(said, list(plain), n=1, cutoff=NEAR)
    if not close and len(said) >= SHORTEST_PART:
        close = [name for name in plain if said in name][:1]
    if close:
        return f"Did you mean '{plain[close[0]]}'?"
    more = f" and {len(known) - MOST_NAMES:,} more" if len(known) > MOST_NAMES else ""
    return f"Known: {', '.join(known[:MOST_NAMES])}{more}."
