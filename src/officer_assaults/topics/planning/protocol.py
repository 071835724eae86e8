"""Trial protocol: the one page that a force could start a crewing trial from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from officer_assaults import files, paths
from officer_assaults.page import words

if TYPE_CHECKING:
    from pathlib import Path

    from officer_assaults.topics.planning.power import TrialPlan

TITLE = "A crewing trial that a force could start next month"
PAGE = "trial-protocol.md"
MADE_BY = (
    "Made by `make protocol` from the functions of report 08; "
    "sized on assumptions, which the last paragraph lists."
)


def sections(plan: TrialPlan, alone: TrialPlan) -> dict[str, str]:
    """Write the protocol, one paragraph to a heading.

    Parameters
    ----------
    plan : TrialPlan
        The trial proposed.
    alone : TrialPlan
        The trial that one force could run on its own.

    Returns
    -------
    dict of str to str
        Heading to paragraph, in the order of the page.
    """
    return {
        "Question": "Over a month in which more officer-hours are double crewed, are fewer "
        "assaults on officers recorded per officer-hour than in a month of present practice?",
        "Design": f"Cluster crossover. {_areas(plan)} For {plan.setting.months} months each area "
        "follows, month by month, either present practice or the new policy; half of its months "
        "are drawn by lot for the new policy.",
        "New policy": "Supervisors double crew unless it cannot be done, so that "
        f"{words.percent(plan.share_after)} of patrol officer-hours are double crewed instead of "
        f"{words.percent(plan.share_before, 1)} (assumption: measure both before the start). "
        "Safety comes first: a supervisor may depart from either policy, and logs it.",
        "Lot": "Before the start, draw a list of 999 allocations with a published seed, draw one "
        "of them in public, and keep the list: the analysis needs it. Areas learn their months in "
        "advance, for rosters.",
        "Outcome": "Recorded assaults on officers on patrol, one per victim, over officer-hours on "
        "patrol; then the same with injury, and per attended incident. Crews and hours come from "
        "the resource log, crews of victims from the same log. Victims count in the month of the "
        "event, not of the record.",
        "Analysis": "As drawn, whatever crews were sent. Score of a Poisson model with area and "
        "month effects, judged against all 999 allocations (a permutation test, which keeps its "
        "size with few areas); rate ratio with area-clustered limits. Neither the force nor the "
        "analysts see figures by arm before the end.",
        "Washout": _washout(plan),
        "Size": _size(plan),
        "One force alone": _alone(alone),
        "Recording": "Two officers are two witnesses, so crewing may change what is recorded. "
        "Remind all areas of reporting in all months alike, and set a sample of injury forms "
        "beside the crime records in each arm.",
        "Safety": "A monitor outside the force sees counts by arm every three months and may stop "
        "the trial for harm. Staff associations agree the protocol. Response times and units on "
        "duty are watched in both arms: double crewing puts fewer units on the road.",
        "Before the start": "Two years of the resource log by area and month, to replace the "
        "assumptions below; a data protection assessment; registration of this page. The result "
        "is published whichever way it falls.",
        "Assumptions": _assumptions(plan),
    }


def table(plan: TrialPlan, alone: TrialPlan) -> pd.DataFrame:
    """Lay the protocol out as a table of two columns, for a report."""
    written = sections(plan, alone)
    return pd.DataFrame({"Part": list(written), "What is done": list(written.values())})


def page(plan: TrialPlan, alone: TrialPlan) -> str:
    """Lay the protocol out as one page of Markdown."""
    parts = [f"# {TITLE}", MADE_BY]
    parts += [f"**{heading}.** {text}" for heading, text in sections(plan, alone).items()]
    return "\n\n".join(parts) + "\n"


def written() -> pd.DataFrame:
    """Read the page back as a table of two columns, without sizing the trial again.

    A project folder without the page gets it made again, which takes longer.
    """
    path = paths.project_root() / "docs" / PAGE
    if not path.is_file():
        return table(*proposed())
    parts = re.findall(r"^\*\*(.+?)\.\*\* (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return pd.DataFrame(parts, columns=["Part", "What is done"])


def write(plan: TrialPlan, alone: TrialPlan, path: Path | None = None) -> Path:
    """Write the page to ``docs/trial-protocol.md``, or to ``path``."""
    target = path or paths.project_root() / "docs" / PAGE
    files.write_atomic(target, page(plan, alone))
    return target


def _areas(plan: TrialPlan) -> str:
    per_force = plan.setting.areas // plan.forces
    areas = f"{plan.setting.areas} local policing areas"
    if plan.forces == 1:
        return f"{areas} of one force."
    return f"{areas} of {plan.forces} neighbouring forces, about {per_force} each."


def _washout(plan: TrialPlan) -> str:
    weeks = plan.setting.carry_over_weeks
    if not plan.setting.washout:
        return "None: carry-over from one month to the next is taken to be nil (assumption)."
    return (
        f"{_first(weeks)} after each switch {'is' if weeks == 1 else 'are'} left out of the "
        "analysis, while crews settle into the other policy."
    )


def _size(plan: TrialPlan) -> str:
    found = (
        f"{words.percent(plan.power)} of simulated trials detect it "
        f"({words.percent(plan.lower)} to {words.percent(plan.upper)} for {plan.runs} simulations)"
    )
    short = "" if plan.reaches_target else f", short of the {words.percent(plan.target)} wanted"
    return (
        f"If single-crewed hours carry {words.number(plan.crew_ratio, 2)} times the rate of "
        "double-crewed ones, the policy lowers the rate of a month to "
        f"{words.number(plan.ratio, 3)} of what it was. With about "
        f"{words.number(round(plan.events, -1))} recorded assaults in {plan.setting.months} "
        f"months, {found}{short}."
    )


def _alone(plan: TrialPlan) -> str:
    reached = "reaches" if plan.reaches_target else "does not reach"
    return (
        f"{plan.setting.months} months in {plan.setting.areas} areas, which {reached} "
        f"{words.percent(plan.target)}: {words.percent(plan.power)} of simulated trials "
        f"({words.percent(plan.lower)} to {words.percent(plan.upper)})."
    )


def _assumptions(plan: TrialPlan) -> str:
    setting = plan.setting
    yearly = 12 * setting.events_per_month / plan.forces
    largest = max(setting.event_shares) / min(setting.event_shares)
    return (
        f"{words.number(round(yearly))} recorded assaults a year on patrol in each force; the "
        f"largest area has {words.number(largest, 0)} times the events of the smallest; an area's "
        f"rate moves from month to month by {words.percent(setting.month_sd)} (one SD) about its "
        "own level; areas respond alike. Each is replaced by the force's own figures where it has "
        "them."
    )


def _first(weeks: float) -> str:
    return "The first week" if weeks == 1 else f"The first {words.number(weeks)} weeks"


def proposed(runs: int = 1000) -> tuple[TrialPlan, TrialPlan]:
    """Size the trial on the default assumptions: the shortest, and that of one force alone."""
    from officer_assaults.topics.planning import power

    settings = power.joined_trials(power.assumed_setting())
    shares = power.ASSUMED_SHARES
    grid = power.length_grid(
        settings, ratio=power.policy_ratio(**shares), months=power.ASSUMED_LENGTHS, runs=runs
    )
    alone = grid[grid["forces"] == 1]
    return (
        power.plan_trial(grid, settings, **shares),
        power.plan_trial(alone, settings, **shares),
    )


if __name__ == "__main__":
    write(*proposed())
