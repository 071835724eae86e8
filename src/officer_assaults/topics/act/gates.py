"""Gates: what a series, its controls and its quiet dates need before a step is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from officer_assaults.refusals import Problem, Problems
from officer_assaults.shown import Shown
from officer_assaults.stats.segmented import (
    MINIMUM_AFTER,
    MINIMUM_BEFORE,
    check_length,
    parse_day,
    period_of,
)

MINIMUM_CONTROLS = 2
MINIMUM_PLACEBOS = 4
# Below about ten a quarter a logit of shares is no longer near normal.
SMALLEST_COUNT = 10


@dataclass(frozen=True, slots=True)
class Gate(Shown):
    """One condition that must hold before a step may be called identified."""

    name: str
    passed: bool
    found: str
    needed: str


def quiet_dates(
    dates: pd.DatetimeIndex, event: pd.Timestamp, dated: Sequence[pd.Timestamp] = ()
) -> list[pd.Timestamp]:
    """Periods before an event that can carry a trial step and hold no dated event.

    Parameters
    ----------
    dates : DatetimeIndex
        Starts of the periods.
    event : Timestamp
        Date of the event.
    dated : sequence of Timestamp
        Days on which something is known to have happened in all forces.
    """
    earlier = dates[dates < period_of(dates, event)]
    busy = {period_of(dates, day) for day in dated}
    possible = earlier[MINIMUM_BEFORE : len(earlier) - MINIMUM_AFTER + 1]
    return [day for day in possible if day not in busy]


def check_gates(
    dates: pd.DatetimeIndex,
    event: pd.Timestamp,
    controls: Sequence[str],
    placebo_dates: Sequence[pd.Timestamp],
) -> None:
    """Refuse a series too short, or too few comparisons, for a verdict; all problems at once.

    Parameters
    ----------
    dates : DatetimeIndex
        Starts of the periods.
    event : Timestamp
        Date of the event.
    controls : sequence of str
        Control series.
    placebo_dates : sequence of Timestamp
        Dates before the event at which nothing is known to have happened.

    Raises
    ------
    Refusal
        E118.
    """
    problems = Problems()
    check_length(problems, dates, event, "the event")
    if len(set(controls)) < MINIMUM_CONTROLS:
        problems.add(
            "E118",
            f"{len(set(controls))} control series cannot contradict each other.",
            f"Name at least {MINIMUM_CONTROLS}.",
            column="controls",
        )
    if len(set(placebo_dates)) < MINIMUM_PLACEBOS:
        problems.add(
            "E118",
            f"{len(set(placebo_dates))} placebo dates show too little of what chance does.",
            f"Name at least {MINIMUM_PLACEBOS}.",
            column="placebo_dates",
        )
    earlier = dates[dates < period_of(dates, event)]
    for placebo in placebo_dates:
        check_length(problems, earlier, placebo, f"placebo date {placebo:%Y-%m-%d}")
    problems.raise_if_any()


def placebo_days(
    named: Sequence[str], dates: pd.Series, event: pd.Timestamp, dated: pd.DataFrame
) -> list[pd.Timestamp]:
    """Read the placebo dates; ``["auto"]`` takes every quiet period before the event.

    Parameters
    ----------
    named : sequence of str
        ISO dates, or "auto" alone.
    dates : Series
        Starts of the periods, in any order.
    event : Timestamp
        Date of the event.
    dated : DataFrame
        Columns day, event: what is known to have happened in all forces.

    Raises
    ------
    Refusal
        E113 for text that is no date; E118 for a date in whose period something is known to have
        happened.
    """
    periods = pd.DatetimeIndex(dates.drop_duplicates().sort_values())
    if list(named) == ["auto"]:
        return quiet_dates(periods, event, list(dated["day"]))
    days = [parse_day(text, "placebo_dates") for text in named]
    known = {period_of(periods, day): said for day, said in
             zip(dated["day"], dated["event"], strict=True)}  # fmt: skip
    problems = Problems()
    for day in days:
        said = known.get(period_of(periods, day))
        if said is not None:
            problems.add(
                "E118",
                f"{day:%Y-%m-%d} is no placebo date: its quarter holds '{said}'.",
                "Name a quarter in which nothing is known to have happened, or write auto.",
                column="placebo_dates",
            )
    problems.raise_if_any()
    return days


def usable_forces(
    frame: pd.DataFrame, controls: Sequence[str], broken: Sequence[str] = ()
) -> tuple[list[str], pd.DataFrame]:
    """Tell forces whose series can carry the model from those that cannot, and say why.

    Parameters
    ----------
    frame : DataFrame
        Columns force, date, recorded and the controls; one row per force and period.
    controls : sequence of str
        Control series.
    broken : sequence of str
        Forces with a decided recording break inside the window.

    Returns
    -------
    kept : list of str
    left_out : DataFrame
        Columns force, code, reason.
    """
    points = frame["date"].nunique()
    kept, out = [], []
    for force, rows in frame.groupby("force", sort=True):
        values = rows[["recorded", *controls]]
        smallest = values.min().min()
        if len(rows) < points or values.isna().any().any():
            out.append((force, "E106", "a period is missing from its series"))
        elif smallest < 0:
            out.append(
                (force, "E102", f"a count of \N{MINUS SIGN}{-smallest:g} (net of cancelled crimes)")
            )
        elif force in broken:
            out.append((force, "E108", "a recording break lies inside the series"))
        elif smallest < SMALLEST_COUNT:
            what = f"a period with {smallest:g}, fewer than {SMALLEST_COUNT}, in a series"
            out.append((force, "E114", what))
        else:
            kept.append(str(force))
    return kept, pd.DataFrame(out, columns=["force", "code", "reason"])


def refusal(
    force: str, name: str, kept: Sequence[str], left_out: pd.DataFrame
) -> tuple[Problem, ...]:
    """Why a force cannot be judged by itself; empty if it can.

    Parameters
    ----------
    force, name : str
        Short name and name of the force.
    kept : sequence of str
        Usable forces.
    left_out : DataFrame
        From :func:`usable_forces`.
    """
    if force in kept:
        return ()
    row = left_out[left_out["force"] == force]
    if row.empty:
        return (
            Problem(
                "E101",
                f"{name} is no single force with a series of its own.",
                "Choose a force; the mean over all forces is in every report.",
            ),
        )
    return (
        Problem(
            str(row["code"].iloc[0]),
            f"{name}: {row['reason'].iloc[0]}.",
            "Choose another force or window; the other forces are shown.",
        ),
    )
