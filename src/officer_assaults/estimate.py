"""Estimate: one number with all that it must carry, which shows itself and becomes a finding."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from officer_assaults.findings import BOUNDS, Finding, Verdict
from officer_assaults.shown import RESULT_CLASS as RESULT_CLASS
from officer_assaults.shown import Shown as Shown
from officer_assaults.shown import digits

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Estimate(Shown):
    """A number with its interval, denominator, period, release and provenance.

    Parameters
    ----------
    value, lower, upper : float
        Point value and limits in ``unit``; limits may be infinite.
    unit, denominator : str
        What is counted, and over what exposure.
    period, release : str
        Financial years or quarters, and data release, that the number rests on.
    provenance : str
        Whose figures they are and how they were read, for instance
        ``"Home Office, official table, read directly"``.
    level : float
        Coverage of the interval; ``findings.BOUNDS`` for limits that no chance enters.
    simulated : bool
        True where the number rests on simulated data.
    tolerance : float
        Relative difference that ``make verify`` accepts on another machine.
    note : str
        How the interval was made, or what else to know.

    Raises
    ------
    ValueError
        If a number is missing, limits are no interval, or unit or denominator is empty.
    """

    value: float
    lower: float
    upper: float
    unit: str
    denominator: str
    period: str = ""
    release: str = ""
    provenance: str = ""
    level: float = 0.95
    simulated: bool = False
    tolerance: float = 1e-6
    note: str = ""

    def __post_init__(self) -> None:
        if any(math.isnan(each) for each in (self.value, self.lower, self.upper)):
            raise ValueError("an estimate needs a value and both limits as numbers")
        if self.lower > self.upper:
            raise ValueError(f"limits {self.lower} to {self.upper} are no interval")
        if not self.unit or not self.denominator:
            raise ValueError("an estimate needs a unit and a denominator")

    @classmethod
    def of(cls, value: float, limits: Any, **about: Any) -> Estimate:
        """Estimate whose limits are those of ``limits``: an interval, a result or a row."""
        exact = value if isinstance(value, int) else float(value)
        return cls(exact, float(limits.lower), float(limits.upper), **about)

    @property
    def is_bound(self) -> bool:
        """Whether the limits are bounds or a range, which no chance enters."""
        return self.level >= BOUNDS

    def contains(self, value: float) -> bool:
        """Whether the interval holds ``value``."""
        return self.lower <= value <= self.upper

    def __str__(self) -> str:
        kind = "bounds" if self.is_bound else f"{100 * self.level:g}% interval"
        limits = f"{digits(self.lower)} to {digits(self.upper)}"
        return f"{digits(self.value)} {self.unit} ({kind} {limits})"

    def table(self) -> pd.DataFrame:
        """Give value, limits and unit in one row."""
        import pandas as pd

        row = (self.value, self.lower, self.upper, self.unit, self.denominator)
        return pd.DataFrame([row], columns=["value", "lower", "upper", "unit", "denominator"])

    def _repr_html_(self) -> str:
        about = [
            ("per", self.denominator),
            ("period", self.period),
            ("release", self.release),
            ("provenance", self.provenance),
            ("data", "simulated" if self.simulated else ""),
            ("note", self.note),
        ]
        rows = "".join(f"<br>{name}: {html.escape(text)}" for name, text in about if text)
        return f"<p><strong>{html.escape(str(self))}</strong>{rows}</p>"

    def finding(
        self, name: str, label: str, claim: str, verdict: Verdict, **changes: Any
    ) -> Finding:
        """Make the finding that states this estimate and judges a claim by it.

        Parameters
        ----------
        name : str
            Identifier of the finding.
        label, claim, verdict
            As for :class:`~officer_assaults.findings.Finding`.
        **changes
            Other fields of the finding that differ from the estimate's own, such as ``note``.
        """
        fields: dict[str, Any] = {
            "kind": "estimate",
            "value": self.value,
            "lower": self.lower,
            "upper": self.upper,
            "level": self.level,
            "unit": self.unit,
            "denominator": self.denominator,
            "period": self.period,
            "vintage": self.release,
            "provenance": self.provenance,
            "tolerance": self.tolerance,
            "simulated": self.simulated,
            "note": self.note,
        }
        return Finding(id=name, label=label, claim=claim, verdict=verdict, **(fields | changes))


def count(
    name: str,
    label: str,
    claim: str,
    verdict: Verdict,
    *,
    value: float,
    unit: str,
    denominator: str,
    release: str = "",
    **more: Any,
) -> Finding:
    """Make the finding of an exact count, which has no interval.

    Parameters
    ----------
    name : str
        Identifier of the finding.
    label, claim, verdict, value, unit, denominator
        As for :class:`~officer_assaults.findings.Finding`.
    release : str
        Data release that was counted.
    **more
        Other fields of the finding: period, provenance, note, simulated, tolerance.
    """
    number: dict[str, Any] = {
        "value": value,
        "unit": unit,
        "denominator": denominator,
        "vintage": release,
    }
    return Finding(
        id=name, label=label, claim=claim, verdict=verdict, kind="count", **(number | more)
    )


def statement(
    name: str, label: str, claim: str, verdict: Verdict, *, release: str = "", **more: Any
) -> Finding:
    """Make a finding that has no number of its own; ``more`` as for :func:`count`."""
    about = {"vintage": release} | more
    return Finding(id=name, label=label, claim=claim, verdict=verdict, kind="statement", **about)
