"""Vocabularies: the words that ``[<force>]`` and its like stand for in a parameters cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from officer_assaults.refusals import Problem, Refusal, nearest

#: Not written in notebooks: "2023-10 2018/19 kent" is a word if that release holds that whole year
#: of that force; without a force, of any.
YEAR_OF_RELEASE = "year-of-release"


class Known(Protocol):
    """A vocabulary, remembered or not."""

    def canonical(self, text: str) -> str:
        """One spelling for a word; raises Refusal for an unknown one."""


@dataclass(frozen=True, slots=True)
class Words:
    """A vocabulary whose words a module of ``data`` knows, imported when first asked."""

    resolve: Callable[[str], str]
    everything: Callable[[], Sequence[str]]

    def canonical(self, text: str) -> str:
        """One spelling for a word."""
        return self.resolve(text)

    def known(self) -> Sequence[str]:
        """All words."""
        return self.everything()


def vocabularies() -> dict[str, Words]:
    """Every vocabulary of this project, by its name in a parameters cell."""
    return {
        "force": Words(_force, _forces),
        "area": Words(_area, _areas),
        "financial-year": Words(_financial_year, _financial_years),
        "vintage": Words(_vintage, _vintages),
        YEAR_OF_RELEASE: Words(_year_of_release, tuple),
    }


def check_together(values: Mapping[str, Any], words: Mapping[str, Known]) -> None:
    """Refuse values that are right by themselves and wrong together, before a kernel starts.

    Parameters
    ----------
    values : mapping of str to object
        Every parameter of one run.
    words : mapping of str to Known
        Vocabularies by name.

    Raises
    ------
    Refusal
        E106 for two years that are the same or the other way round, or of which the release holds
        a part only; E107 for a release that does not hold one of them; E108 for a year before code
        8S began.
    """
    periods = [values.get(name) for name in ("period0", "period1")]
    if not all(isinstance(period, str) for period in periods):
        return
    from officer_assaults.data import periods as periods_

    first, second = periods_.two_years_in_order(str(periods[0]), str(periods[1]))
    vintage, force = values.get("vintage", "auto"), values.get("force")
    if isinstance(vintage, str):
        for year in (first, second):
            word = f"{vintage} {year} {force if isinstance(force, str) else ''}"
            words[YEAR_OF_RELEASE].canonical(word.strip())


def _force(text: str) -> str:
    from officer_assaults.data import forces

    force = forces.resolve(text)
    if force.kind == "nation":
        remedy = "Name a force; report 01 takes England and Wales."
        raise Refusal.of("E101", f"'{text}' is not a police force.", remedy)
    return force.slug


def _forces() -> Sequence[str]:
    from officer_assaults.data import forces

    return sorted([*forces.slugs("territorial"), *forces.slugs("transport")])


def _area(text: str) -> str:
    """Resolve a force, or England and Wales."""
    from officer_assaults.data import forces

    return forces.resolve(text).slug


def _areas() -> Sequence[str]:
    from officer_assaults.data import forces

    return sorted([*_forces(), forces.ENGLAND_AND_WALES])


def _financial_year(text: str) -> str:
    from officer_assaults.data import periods

    label = periods.financial_year(text).label
    if label not in _years("auto") and label not in (known := _all_years()):
        what = f"no release holds {label}."
        raise Refusal.of("E106", what, f"Give a year from {known[0]} to {known[-1]}.")
    return label


def _financial_years() -> Sequence[str]:
    return _years("auto")


def _all_years() -> list[str]:
    from officer_assaults.data import recorded

    return sorted({year for vintage in recorded.vintages() for year in _years(vintage)})


def _years(vintage: str) -> list[str]:
    """Financial years of a release, whole or by quarters."""
    from officer_assaults.data import recorded

    years = set(recorded.annual(vintage)["financial_year"])
    if vintage in ("auto", *recorded.full_vintages()):
        years |= set(recorded.quarterly(vintage)["financial_year"])
    return sorted(years)


def _vintage(text: str) -> str:
    from officer_assaults.data import recorded

    known = recorded.vintages()
    if text not in known:
        raise Refusal.of("E107", f"'{text}' is not a release.", nearest(text, known))
    return text


def _vintages() -> Sequence[str]:
    from officer_assaults.data import recorded

    return recorded.vintages()


def _year_of_release(text: str) -> str:
    from officer_assaults.data import forces, recorded

    vintage, year, *slug = text.split(" ")
    name = recorded.newest() if vintage == "auto" else vintage
    force = forces.resolve(slug[0] if slug else forces.ENGLAND_AND_WALES)
    whole = recorded.annual(name)
    if slug and force.kind != "nation":
        whole = whole[whole["force"] == force.slug]
    known = sorted(set(whole["financial_year"]))
    if year in known:
        return text
    raise Refusal(_not_whole(name, year, force.name if slug else "", known))


def _not_whole(vintage: str, year: str, force: str, known: Sequence[str]) -> Problem:
    """Say why a release cannot compare a year."""
    from officer_assaults.data import recorded
    from officer_assaults.data.columns import INJURY_STARTS

    of = f" of {force}" if force else ""
    remedy = f"It holds {known[0]} to {known[-1]}." if known else "Choose another release."
    if vintage not in recorded.full_vintages():
        return Problem("E107", f"the release '{vintage}' does not hold {year}{of}.", remedy)
    if year < recorded.FIRST_YEAR.label:
        day = f"{INJURY_STARTS.day} {INJURY_STARTS:%B %Y}"
        what = f"{year} lies before {day}, when code 8S (assault with injury) began."
        remedy = f"Compare years from {recorded.FIRST_YEAR} on; report 06 follows code 104 before."
        return Problem("E108", what, remedy)
    frame = recorded.quarterly(vintage)
    months = sorted(set(frame.loc[frame["financial_year"] == year, "quarter_start"]))
    if not months:
        return Problem("E107", f"the release '{vintage}' does not hold {year}{of}.", remedy)
    held = f"{len(months)} of its 4 quarters" if len(months) < 4 else "not every quarter"
    what = f"{year} is too short: the release '{vintage}' holds {held}{of}."
    return Problem("E106", what, f"Compare whole years: {known[0]} to {known[-1]}.")
