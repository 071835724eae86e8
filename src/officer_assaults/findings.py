"""Findings: the one form in which a notebook states a result, and the words it may use."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from officer_assaults.shown import Shown

Verdict = Literal[
    "reproduces", "consistent", "not supported", "contradicted", "not identified", "needs data"
]
VERDICTS: tuple[str, ...] = get_args(Verdict)
Kind = Literal["estimate", "count", "statement"]

#: Level of limits that are bounds or a range, which no chance enters.
BOUNDS = 1.0

FINDING_MIME = "application/vnd.report.finding+json"
SOURCE_MIME = "application/vnd.report.source+json"
ROLE_KEY = "report"


@dataclass(frozen=True, slots=True)
class Finding(Shown):
    """One result and the claim it judges.

    Parameters
    ----------
    id : str
        Stable identifier, unique within a report, for instance ``"rise.ratio"``.
    label : str
        What the number is, in a reader's words.
    claim : str
        The statement that the verdict judges.
    verdict : str
        One of :data:`VERDICTS`.
    kind : {"estimate", "count", "statement"}
        An estimate has an interval; a count is exact arithmetic on records; a statement has no
        number of its own.
    value, lower, upper : float, optional
        Point value and interval limits in ``unit``. Limits may be infinite but not missing for an
        estimate.
    level : float
        Coverage of the interval, default 0.95; :data:`BOUNDS` for limits that are no interval.
    unit, denominator : str
        What is counted, and over what exposure.
    period, vintage : str
        Period(s) and data release(s) the number rests on.
    provenance : str
        Whose figures they are and how they were read; verdict rules ask for it.
    quantity : str
        Key that two findings share if they state the same quantity of the same release; they must
        then agree. Empty where a finding states nothing that another report states too.
    tolerance : float
        Relative difference that ``make verify`` accepts on another machine.
    simulated : bool
        True where the number rests on simulated data.
    note : str
        What to know when reading it, for instance how the interval was made.

    Raises
    ------
    ValueError
        If the verdict or kind is unknown, or a number lacks interval, unit, denominator or vintage.
    """

    id: str
    label: str
    claim: str
    verdict: Verdict
    kind: Kind = "estimate"
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    level: float = 0.95
    unit: str = ""
    denominator: str = ""
    period: str = ""
    vintage: str = ""
    provenance: str = ""
    quantity: str = ""
    tolerance: float = 1e-6
    simulated: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(
                f"finding {self.id}: verdict '{self.verdict}' is not one of {VERDICTS}"
            )
        if self.kind not in get_args(Kind):
            raise ValueError(
                f"finding {self.id}: kind '{self.kind}' is not one of {get_args(Kind)}"
            )
        if self.kind != "statement":
            self._check_number()
        if self.kind == "estimate":
            self._check_interval()

    def _check_number(self) -> None:
        if self.value is None or math.isnan(self.value):
            raise ValueError(f"finding {self.id}: a {self.kind} needs a value that is a number")
        missing = [name for name in ("unit", "denominator", "vintage") if not getattr(self, name)]
        if missing:
            raise ValueError(f"finding {self.id}: a {self.kind} needs {', '.join(missing)}")

    def _check_interval(self) -> None:
        if self.lower is None or self.upper is None:
            raise ValueError(f"finding {self.id}: an estimate needs lower and upper limits")
        if math.isnan(self.lower) or math.isnan(self.upper) or self.lower > self.upper:
            raise ValueError(
                f"finding {self.id}: limits {self.lower} to {self.upper} are no interval"
            )

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON; infinite limits become ``"inf"`` and ``"-inf"``.

        Provenance and quantity are left out where there is none.
        """
        plain = {key: _json_number(value) for key, value in asdict(self).items()}
        for name in ("provenance", "quantity"):
            if not plain[name]:
                del plain[name]
        return plain


def _json_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value
