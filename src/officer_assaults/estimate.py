"""Estimate: one number with all that it must carry, which shows itself and becomes a finding."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, cast

from officer_assaults.findings import BOUNDS, Finding, Verdict

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS_SHOWN = 60


#: Class of the table that a result shows; the report takes such a table as it is.
RESULT_CLASS = "oa-result"
SMALLEST_P = 0.001


class Shown:
    """A result that shows its table when its name is typed in JupyterLab, and in a report.

    A class that inherits may define ``table()``, which returns a DataFrame of few columns,
    ``title()``, the table's caption, and ``notes()``, sentences to print under it. Without
    ``table()`` a dataclass shows its field ``frame``, or else its fields one by one.
    """

    __slots__ = ()

    def table(self) -> pd.DataFrame:
        """Return the numbers that matter, one row a line."""
        import pandas as pd

        held = {one.name: getattr(self, one.name) for one in fields(cast("Any", self))}
        frame = held.get("frame")
        if isinstance(frame, pd.DataFrame):
            return frame.copy()
        rows = [(name.replace("_", " "), _brief(value)) for name, value in held.items()]
        return pd.DataFrame(rows, columns=["what", "value"])

    def title(self) -> str:
        """Say what the table holds."""
        words = re.findall("[A-Z][a-z]+", type(self).__name__)
        return " ".join(words).capitalize() or type(self).__name__

    def notes(self) -> tuple[str, ...]:
        """Sentences that belong under the table."""
        return ()

    def _repr_html_(self) -> str:
        """Lay the table out with a caption and scopes, numbers to four digits."""
        table = self.table()
        names = [str(name) for name in table.columns]
        heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
        rows = table.head(MOST_ROWS_SHOWN).to_numpy(dtype=object).tolist()
        body = "".join(_row_html(names, row) for row in rows)
        left = len(table) - MOST_ROWS_SHOWN
        notes = (*self.notes(), *([f"{left:,} further rows are in .table()."] if left > 0 else []))
        below = "".join(f'<p class="oa-source">{html.escape(note)}</p>' for note in notes)
        return (
            f'<div class="oa oa-tablebox"><table class="oa-table {RESULT_CLASS}">'
            f'<caption><span class="oa-title">{html.escape(self.title())}</span></caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
        )


def _row_html(names: Sequence[str], row: Sequence[Any]) -> str:
    first, *rest = map(_cell, names, row)
    cells = "".join(f'<td class="oa-n">{text}</td>' for text in rest)
    return f'<tr><th scope="row">{first}</th>{cells}</tr>'


def _cell(name: str, value: Any) -> str:
    if name == "p" and isinstance(value, float) and not math.isnan(value):
        return f"{value:.3f}" if value >= SMALLEST_P else f"&lt;{SMALLEST_P:g}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "not applicable" if math.isnan(value) else _digits(float(value))
    return html.escape(str(value))


def _brief(value: Any) -> Any:
    """Give what a cell can hold: a number or text as it is, a table by its size."""
    if hasattr(value, "columns"):
        return f"{len(value):,} rows: {', '.join(map(str, value.columns))}"
    if isinstance(value, tuple | list | dict | set | frozenset):
        return f"{len(value):,} of them"
    if is_dataclass(value) and not isinstance(value, Estimate):
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(value).__name__).capitalize()
    return value if isinstance(value, int | float) else str(value)


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
        limits = f"{_digits(self.lower)} to {_digits(self.upper)}"
        return f"{_digits(self.value)} {self.unit} ({kind} {limits})"

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


def _digits(number: float) -> str:
    """Four digits, without an exponent where a reader would not want one."""
    if math.isinf(number):
        return "infinity" if number > 0 else "-infinity"
    if number == round(number) and abs(number) < 1e15:
        return f"{number:,.0f}"
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"
