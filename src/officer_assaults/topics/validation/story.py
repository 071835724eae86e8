"""Method validation: what the report rests on, and the names it gives things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from officer_assaults.page import words
from officer_assaults.shown import Shown
from officer_assaults.stats.studies import Result, Target

FORECAST = Target(
    "real forces", "next year", "Forecast of next year's count, all forces", "coverage",
    0.90, 0.98, "few origins, and forces of one year share its surprises",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ValidationStory(Shown):
    """Everything that the report says, before it is put into words.

    Parameters
    ----------
    full : tuple of Result
        The last full study, with the forecast on the real forces.
    now : tuple of Result
        Studies made again in this report, few runs each, bands widened.
    changed : tuple of str
        Studies of the record whose code has changed since.
    missing : tuple of str
        Studies that the record lacks.
    references : DataFrame
        From :func:`officer_assaults.studies.references.compare`.
    refused, refusal_wanted, refused_situation : str
        Code of the refusal that the situation of mixed sources met, the one that it should meet,
        and what is true in it.
    versions : mapping of str to str
        Of the last full study.
    runs : int
        Runs made again of each quick study.
    release : str
        Of the real counts that forecasts are scored on.
    """

    full: tuple[Result, ...]
    now: tuple[Result, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    references: pd.DataFrame
    refused: str
    refusal_wanted: str
    refused_situation: str
    versions: Mapping[str, str]
    runs: int
    release: str

    @property
    def simulated(self) -> list[Result]:
        """Results on simulated data of methods that reports rely on."""
        return [one for one in self.relied if one.target != FORECAST]

    @property
    def relied(self) -> list[Result]:
        """Results of the methods that reports rely on."""
        return [one for one in self.full if one.target.relied]

    @property
    def missed(self) -> list[Result]:
        """Those of them outside their band, nobody knows why."""
        return [one for one in self.relied if not one.met and not one.target.miss]

    @property
    def limits(self) -> list[Result]:
        """Those of them outside their band for a known reason."""
        return [one for one in self.relied if not one.met and one.target.miss]

    @property
    def shown_to_fail(self) -> list[Result]:
        """Results of methods that are there to show why another one is used."""
        return [one for one in self.full if not one.target.relied]

    def of(self, *kinds: str) -> list[Result]:
        """Results of some kinds, methods that reports rely on."""
        return [one for one in self.relied if one.target.kind in kinds]


def family(result: Result) -> str:
    """Group that a result is shown in."""
    return result.family or "Forecast on real forces"


def program_in_words(name: str) -> str:
    """Name where a reference comes from."""
    return {"Published": "a textbook", "Python": "calculations made apart"}.get(name, name)


def lowest(results: Sequence[Result]) -> Result | None:
    """Find the result with the lowest value; None if there is none."""
    return min(results, key=lambda one: one.value, default=None)


def value_text(result: Result) -> str:
    """Value of a result as its kind is written."""
    return written(result.target, result.value)


def limits_text(result: Result) -> str:
    """Monte-Carlo limits of a result; none for a p-value."""
    if result.target.kind == "ranks":
        return ""
    return f"{written(result.target, result.lower)} to {written(result.target, result.upper)}"


def written(target: Target, value: float) -> str:
    """Write a value of a target."""
    if target.kind == "ranks":
        return words.p_value(value)
    if target.kind == "bias":
        return words.number(value, 3)
    if target.kind == "contraction":
        return words.number(value, 2)
    if target.kind == "size":
        return words.percent(value, 2 if value < 0.01 else 1)
    return words.percent(value, 1)


def names_of(results: Sequence[Result]) -> str:
    """Name at most four studies."""
    shown = [label(one) for one in results]
    return words.listing(shown[:4] if len(shown) < 5 else [*shown[:4], f"{len(shown) - 4} more"])


def label(result: Result) -> str:
    """Name of a result in a sentence."""
    if result.target.kind == "verdict":
        situation = result.target.study.removeprefix("situation ").replace("_", " ")
        return f"{situation}: {result.target.estimator}"
    return result.target.estimator


def all_agree(by_id: pd.DataFrame, name: str) -> bool:
    """Whether a figure and both its limits agree."""
    return bool(by_id.loc[[name, f"{name}.lower", f"{name}.upper"], "agrees"].all())
