"""Periods: financial years and quarters, with their days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from officer_assaults.refusals import Refusal

_LABEL = re.compile(r"(\d{4})\s*[/\-–]\s*(\d{2}|\d{4})")


@dataclass(frozen=True, slots=True, order=True)
class FinancialYear:
    """A financial year, 1 April to 31 March.

    Parameters
    ----------
    first : int
        Calendar year in which it starts: 2018 for 2018/19.
    """

    first: int

    @property
    def label(self) -> str:
        """Label as used in the data, for instance ``"2018/19"``."""
        return f"{self.first}/{(self.first + 1) % 100:02d}"

    @property
    def slug(self) -> str:
        """Label safe in file names and parameters, for instance ``"2018-19"``."""
        return self.label.replace("/", "-")

    @property
    def start(self) -> date:
        """The 1 April on which it starts."""
        return date(self.first, 4, 1)

    @property
    def end(self) -> date:
        """The 31 March on which it ends."""
        return date(self.first + 1, 3, 31)

    @property
    def days(self) -> int:
        """Number of days, 365 or 366."""
        return (self.end - self.start).days + 1

    @property
    def quarters(self) -> tuple[date, date, date, date]:
        """First days of its four quarters."""
        return (
            date(self.first, 4, 1),
            date(self.first, 7, 1),
            date(self.first, 10, 1),
            date(self.first + 1, 1, 1),
        )

    def days_of(self, quarters: Iterable[int]) -> int:
        """Days in some of its quarters; 1 is April to June."""
        return sum(quarter_days(self.quarters[number - 1]) for number in quarters)

    def previous(self) -> FinancialYear:
        """Return the financial year before."""
        return FinancialYear(self.first - 1)

    def next(self) -> FinancialYear:
        """Return the financial year after."""
        return FinancialYear(self.first + 1)

    def __str__(self) -> str:
        return self.label


def financial_year(text: str | FinancialYear) -> FinancialYear:
    """Financial year named by ``"2018/19"``, ``"2018-19"`` or ``"2018/2019"``.

    Raises
    ------
    Refusal
        E106 if the text names no financial year.

    Examples
    --------
    >>> financial_year("2019-20").days
    366
    """
    if isinstance(text, FinancialYear):
        return text
    match = _LABEL.fullmatch(str(text).strip())
    if match:
        first, second = int(match[1]), match[2]
        following = first + 1 if len(second) == 4 else (first + 1) % 100
        if int(second) == following:
            return FinancialYear(first)
    raise Refusal.of(
        "E106", f"'{text}' is not a financial year.", "Write it as 2018/19 or 2018-19."
    )


def two_years_in_order(
    period0: str | FinancialYear, period1: str | FinancialYear
) -> tuple[FinancialYear, FinancialYear]:
    """Two different financial years, the earlier first.

    Raises
    ------
    Refusal
        E106 if they are the same or the other way round.
    """
    first, second = financial_year(period0), financial_year(period1)
    if first >= second:
        what = (
            f"{first} is compared with itself."
            if first == second
            else f"{first} comes after {second}."
        )
        raise Refusal.of("E106", what, "Give the earlier year as period0.", column="period1")
    return first, second


def financial_year_of(day: date) -> FinancialYear:
    """Financial year in which a day falls."""
    return FinancialYear(day.year if day.month >= 4 else day.year - 1)


ALL_QUARTERS = (1, 2, 3, 4)
_MONTHS = (("April", "June"), ("July", "September"), ("October", "December"), ("January", "March"))


def quarters_in_words(quarters: Sequence[int]) -> str:
    """Months that some quarters of a financial year cover, for instance "April to December"."""
    runs: list[list[int]] = []
    for number in sorted(quarters):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return " and ".join(f"{_MONTHS[run[0] - 1][0]} to {_MONTHS[run[-1] - 1][1]}" for run in runs)


def quarter_days(start: date) -> int:
    """Days in the calendar quarter that starts on a given first of the month."""
    month = start.month + 3
    following = date(start.year + (month > 12), month - 12 if month > 12 else month, 1)
    return (following - start) // timedelta(days=1)
