"""Currency: how new the figures are, what later ones exist, and how they are revised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from officer_assaults.data import decisions, recorded, tables

MONTHS = 3
REVISION = (
    "The Home Office revises all earlier quarters with every release, so a comparison here takes "
    "one release and says which."
)


@dataclass(frozen=True, slots=True)
class Currency:
    """How new the recorded figures are.

    Parameters
    ----------
    data_to : datetime.date
        Last day that the leading release covers.
    release : tables.Release
        That release.
    later : str
        What is known of releases that are not held; empty if nothing.
    waiting : tuple of str
        Sentence on the recording breaks that wait for a decision; none where all is decided.
    """

    data_to: date
    release: tables.Release
    later: str
    waiting: tuple[str, ...]

    def lines(self) -> list[str]:
        """Sentences for a page, in the order a reader asks."""
        release, read = self.release, _day_in_words(self.release.retrieved)
        when = f" on {read}" if read else ""
        said = [
            f"Recorded crime runs to {self.data_to.day} {self.data_to:%B %Y}: release of "
            f"{_month(release.vintage)}, {_manner(release.how_read)}{when}."
        ]
        if self.later:
            said.append(f"{self.later} To take one in: officer-assaults import home-office FILE.")
        said.append(REVISION)
        return [*said, *self.waiting]


def currency() -> Currency:
    """Currency of the recorded figures that lead."""
    name = recorded.newest()
    last = recorded.quarterly(name)["quarter_start"].max()
    release = recorded.release(name)
    return Currency(
        data_to=(last + pd.DateOffset(months=MONTHS) - pd.Timedelta(days=1)).date(),
        release=release,
        later=release.later,
        waiting=decisions.waiting(name),
    )


def _month(vintage: str) -> str:
    day = pd.to_datetime(vintage, format="%Y-%m", errors="coerce")
    return vintage if pd.isna(day) else f"{day:%B %Y}"


def _manner(how: str) -> str:
    return how if how.startswith("read") else f"read {how}"


def _day_in_words(text: str) -> str:
    day = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return "" if pd.isna(day) else f"{day.day} {day:%B %Y}"
