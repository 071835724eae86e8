"""Long view: counts by quarter from 2012 of any force or of England and Wales, breaks marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from officer_assaults.data import breaks, forces, recorded
from officer_assaults.data.columns import (
    INJURY,
    INJURY_STARTS,
    NO_INJURY,
    OTHER_WORKERS,
    OTHER_WORKERS_START,
)
from officer_assaults.data.forces import Force
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.estimate import Shown
from officer_assaults.refusals import Refusal
from officer_assaults.stats.heterogeneity import paule_mandel
from officer_assaults.stats.rate_ratio import exact_rate_ratio, log_ratios

#: First day of each code; of code 104 the first quarter that the releases hold.
STARTS = {
    NO_INJURY: pd.Timestamp("2012-04-01"),
    INJURY: pd.Timestamp(INJURY_STARTS),
    OTHER_WORKERS: pd.Timestamp(OTHER_WORKERS_START),
}
COLUMNS = [
    "quarter_start",
    "financial_year",
    "quarter",
    "offence_code",
    "offences",
    "code_starts",
    "state",
    "note",
    "vintage",
]
#: Years of which the base year is one when it is called the lowest.
BASE_WINDOW = 3


def quarters(
    force: str | Force,
    codes: Sequence[str] = (NO_INJURY, INJURY, OTHER_WORKERS),
    vintage: str = "auto",
) -> pd.DataFrame:
    """Count one force, or England and Wales, by quarter since April 2012.

    Parameters
    ----------
    force : str or Force
        Any force, or England and Wales (with British Transport Police).
    codes : sequence of str
        104, 8S and 8T, or some of them. Each begins on a day of its own, and 104 + 8S must not be
        chained across 1 April 2017.
    vintage : str
        A full release; ``"auto"`` is the one that leads.

    Returns
    -------
    pandas.DataFrame
        quarter_start, financial_year, quarter, offence_code, offences, code_starts, state, note,
        vintage; one row per quarter and code from the start of the code. ``state`` is "usable",
        "flagged", "broken" (inside a decided gap), "step" (a decided step begins here) or
        "negative"; ``note`` says why. The counts of England and Wales hold every force; a quarter
        in which a decided gap lies is "flagged" and its note names the forces.

    Raises
    ------
    Refusal
        E101 for an unknown force, E107 for an unknown release.
    """
    chosen = forces.resolve(force)
    frame = recorded.quarterly(vintage)
    frame = frame[frame["offence_code"].isin(list(codes))]
    frame = frame[frame["quarter_start"] >= frame["offence_code"].map(STARTS)]
    name = str(frame["vintage"].iloc[0])
    if chosen.kind == "nation":
        key = ["quarter_start", "financial_year", "quarter", "offence_code", "vintage"]
        frame = frame.groupby(key, as_index=False).agg(offences=("offences", "sum"))
    else:
        frame = frame[frame["force"] == chosen.slug]
    decided = [row for row in breaks.decided(name).to_dict("records") if row["decision"] != "keep"]
    states = [
        _state(chosen, str(row["offence_code"]), row["quarter_start"], row["offences"], decided)
        for row in frame.to_dict("records")
    ]
    frame = frame.assign(
        code_starts=frame["offence_code"].map(STARTS),
        state=[state for state, _ in states],
        note=[note for _, note in states],
    )
    return frame[COLUMNS].sort_values(["offence_code", "quarter_start"], ignore_index=True)


def _state(
    force: Force, code: str, quarter: pd.Timestamp, count: int, decided: Sequence[breaks.Row]
) -> tuple[str, str]:
    mine = [row for row in decided if row["offence_code"] == code and _inside(row, quarter)]
    if force.kind == "nation":
        names = forces.names()
        gone = sorted({names[str(row["force"])] for row in mine if row["decision"] == "leave-out"})
        note = f"Holds a broken series of {', '.join(gone)}." if gone else ""
        return ("flagged", note) if gone else ("usable", "")
    own = [row for row in mine if row["force"] == force.slug]
    for kind, decision, state in (
        ("gap", "leave-out", "broken"),
        ("step", "leave-out", "step"),
        ("gap", "flag", "flagged"),
        ("step", "flag", "flagged"),
    ):
        for row in own:
            if (row["kind"], row["decision"]) == (kind, decision):
                return state, str(row["what"])
    return ("negative", "Net of cancelled records.") if count < 0 else ("usable", "")


def _inside(row: breaks.Row, quarter: pd.Timestamp) -> bool:
    if row["kind"] == "step":
        return bool(quarter == row["from"])
    # A missing end compares as False, so an open gap never ends.
    return bool(row["from"] <= quarter) and not bool(quarter > row["to"])


@dataclass(frozen=True, slots=True)
class Growth(Shown):
    """Growth of every comparable force over a span, and how far forces spread.

    Parameters
    ----------
    frame : pandas.DataFrame
        force, y0, y1, growth (ratio of daily rates), lower, upper (exact 95 % interval).
    left_out : pandas.DataFrame
        force, financial_year, offence_code, reason.
    period0, period1 : str
        Financial years.
    codes : tuple of str
        Codes counted.
    vintage : str
        Release.
    together : float
        Ratio of all these forces together.
    mean, lower, upper : float
        Mean growth over forces and its 95 % interval.
    tau : float
        Standard deviation of log growth between forces, counting error taken out.
    usual : tuple of float
        Growth between which 95 % of forces lie by that spread.
    """

    frame: pd.DataFrame
    left_out: pd.DataFrame
    period0: str
    period1: str
    codes: tuple[str, ...]
    vintage: str
    together: float
    mean: float
    lower: float
    upper: float
    tau: float
    usual: tuple[float, float]

    def table(self) -> pd.DataFrame:
        """Growth by force, the largest first."""
        ordered = self.frame.sort_values("growth", ascending=False)
        return ordered.assign(force=ordered["force"].map(forces.names())).reset_index(drop=True)


def growth(
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    codes: Sequence[str] = (NO_INJURY,),
    vintage: str = "auto",
    *,
    quarters: Sequence[int] = (1, 2, 3, 4),
) -> Growth:
    """Growth over any span of years, like for like, with the spread between forces over it.

    Parameters
    ----------
    period0, period1 : str or FinancialYear
        First and last year of the span.
    codes : sequence of str
        Codes counted; before 2017/18 only 104.
    vintage : str
        A full release.
    quarters : sequence of int
        Quarters of each year that are counted.

    Raises
    ------
    Refusal
        As :func:`recorded.compare`.
    """
    panel = recorded.compare(period0, period1, vintage, codes=codes, quarters=quarters)
    frame = panel.frame[(panel.frame["y0"] > 0) & (panel.frame["y1"] > 0)].reset_index(drop=True)
    estimates, variances = log_ratios(frame["y1"], frame["days1"], frame["y0"], frame["days0"])
    spread = paule_mandel(estimates, variances)
    exact = [
        exact_rate_ratio(int(y1), float(d1), int(y0), float(d0))
        for y1, d1, y0, d0 in zip(
            frame["y1"], frame["days1"], frame["y0"], frame["days0"], strict=True
        )
    ]
    shown = frame[["force", "y0", "y1"]].assign(
        growth=[each.ratio for each in exact],
        lower=[each.lower for each in exact],
        upper=[each.upper for each in exact],
    )
    days = float(frame["days0"].iloc[0] / frame["days1"].iloc[0])
    half = 1.96 * spread.tau
    return Growth(
        frame=shown,
        left_out=panel.left_out,
        period0=panel.period0.label,
        period1=panel.period1.label,
        codes=tuple(codes),
        vintage=panel.vintage,
        together=float(frame["y1"].sum() / frame["y0"].sum() * days),
        mean=float(np.exp(spread.mu)),
        lower=float(np.exp(spread.mu - 1.96 * spread.se)),
        upper=float(np.exp(spread.mu + 1.96 * spread.se)),
        tau=float(spread.tau),
        usual=(float(np.exp(spread.mu - half)), float(np.exp(spread.mu + half))),
    )


@dataclass(frozen=True, slots=True)
class BaseYear(Shown):
    """A base year among its neighbours before it, and what the change is from each.

    Parameters
    ----------
    force : Force
        Force, or England and Wales.
    codes : tuple of str
        Codes counted.
    counts : dict of str to int
        Offences of each year of the window, oldest first; the base year is the last.
    after : int
        Offences of the later year.
    period1 : str
        The later year.
    vintage : str
        Release.
    """

    force: Force
    codes: tuple[str, ...]
    counts: dict[str, int]
    after: int
    period1: str
    vintage: str

    @property
    def lowest(self) -> bool:
        """Whether the base year is the lowest of the window."""
        base = list(self.counts.values())[-1]
        return len(self.counts) == BASE_WINDOW and base < min(list(self.counts.values())[:-1])

    @property
    def changes(self) -> dict[str, float]:
        """Change to the later year from each year of the window, in per cent."""
        return {year: 100 * (self.after / count - 1) for year, count in self.counts.items()}

    def table(self) -> pd.DataFrame:
        """Years of the window with their counts and the change from each."""
        return pd.DataFrame(
            {
                "financial year": list(self.counts),
                "offences": list(self.counts.values()),
                f"change to {self.period1}, %": [round(each) for each in self.changes.values()],
            }
        )

    def sentence(self) -> str:
        """Say that the base year is the lowest of three; empty where it is not."""
        if not self.lowest:
            return ""
        first, change = next(iter(self.changes.items()))
        base, (_, own) = list(self.counts)[-1], list(self.changes.items())[-1]
        code = " and ".join(self.codes)
        return (
            f"{base} is the lowest of three years for code {code}: from it the change to "
            f"{self.period1} is {own:+.0f} %, from {first} it is {change:+.0f} %. After a low year "
            "a rise is to be expected (regression to the mean)."
        )


def base_year(
    force: str | Force,
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    codes: Sequence[str] = (NO_INJURY,),
    vintage: str = "auto",
) -> BaseYear:
    """Set a base year beside the two years before it, as far as the codes reach back.

    Raises
    ------
    Refusal
        E106 if the release lacks one of the two years; E108 if a decided gap lies in one of them.
    """
    first, second = financial_year(period0), financial_year(period1)
    frame = quarters(force, codes, vintage)
    usable = frame[frame["state"] != "broken"]
    sums = usable.groupby("financial_year").agg(n=("offences", "sum"), cells=("quarter", "size"))
    whole = sums[sums["cells"] == 4 * len(codes)]["n"]
    window = [first.previous().previous(), first.previous(), first]
    counts = {year.label: int(whole[year.label]) for year in window if year.label in whole.index}
    for year in (first, second):
        if year.label not in whole.index:
            raise _not_whole(forces.resolve(force), year, codes, frame)
    name = str(frame["vintage"].iloc[0])
    after = int(whole[second.label])
    return BaseYear(forces.resolve(force), tuple(codes), counts, after, second.label, name)


def _not_whole(
    force: Force, year: FinancialYear, codes: Sequence[str], frame: pd.DataFrame
) -> Refusal:
    broken = frame[(frame["financial_year"] == year.label) & (frame["state"] == "broken")]
    what = f"{force.name} has no whole year {year} of code {' and '.join(codes)}"
    if broken.empty:
        return Refusal.of("E106", f"{what} in this release.", "Choose another year.")
    return Refusal.of("E108", f"{what}: {broken['note'].iloc[0]}", "Choose another year.")
