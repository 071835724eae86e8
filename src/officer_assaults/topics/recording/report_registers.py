"""Reporting: words of an analyst's own safety forms beside crime records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.estimate import Estimate
from officer_assaults.page import words
from officer_assaults.stats import verdicts
from officer_assaults.topics.recording.model.bounds import compare_registers

if TYPE_CHECKING:
    from officer_assaults.data.registers import YearlyRegisters
    from officer_assaults.findings import Finding, Verdict
    from officer_assaults.topics.recording.model.bounds import RegisterComparison


def reads(found: RegisterComparison) -> str:
    """Say which register moved."""
    grew = "grew" if found.first >= 1 else "fell"
    if found.difference_interval.contains(1.0):
        if found.second_interval.contains(1.0):
            return "no change can be told from chance"
        return "both registers moved alike, as far as chance lets one tell"
    if found.first_interval.contains(1.0):
        return "the registers moved apart, but the crime record itself did not clearly change"
    if found.second_interval.contains(1.0):
        return "the crime record alone moved beyond chance: its recording changed"
    if (found.difference > 1) == (found.first >= 1):
        if (found.second >= 1) == (found.first >= 1):
            return "both moved, the crime record further: some of each"
        return "the registers moved opposite ways: recording changed"
    return f"the crime record {grew} less than the other register: recording made up none of it"


def verdict_of(found: RegisterComparison) -> Verdict:
    """Judge whether part of the crime record's change is a change of recording.

    Not identified where the record itself did not clearly change: there is nothing to share out.
    """
    if found.first_interval.contains(1.0):
        return "not identified"
    limits = found.difference_interval
    return verdicts.lies("above" if found.first > 1 else "below", 1.0, limits.lower, limits.upper)


def compared(
    brought: YearlyRegisters, alpha: float
) -> list[tuple[str, tuple[int, int], tuple[int, int], RegisterComparison]]:
    """Set the growth of both registers against each other, all kinds and then kind by kind."""
    out = []
    for row in brought.counts.to_dict("records"):
        first = (int(row["first0"]), int(row["first1"]))
        second = (int(row["second0"]), int(row["second1"]))
        if min(*first, *second) > 0:
            name = str(row["category"])
            out.append((name, first, second, compare_registers(first, second, alpha)))
    return out


def register_table(brought: YearlyRegisters, alpha: float) -> dict[str, Any]:
    """Show which register moved."""
    rows = [
        {
            "Entries": "All kinds" if kind == "all" else kind,
            "Crime record": f"{first[0]:,} to {first[1]:,}",
            "Other register": f"{second[0]:,} to {second[1]:,}",
            "Ratio of growths": found.difference,
            "lower": found.difference_interval.lower,
            "upper": found.difference_interval.upper,
            "Reads": reads(found),
        }
        for kind, first, second, found in compared(brought, alpha)
    ]
    record = "of the file" if brought.own_first else "as published"
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"Which register moved in {brought.force.name}, {brought.period0} to "
        f"{brought.period1}: crime record ({record}) and {brought.second_name}",
        "level": 1 - alpha,
        "simulated": brought.simulated,
        "notes": "Growth of the crime record over growth of the other register, with counting "
        "chance only. It rests on forms being filled in alike in both years.",
    }


def register_finding(brought: YearlyRegisters, alpha: float, release: str) -> Finding:
    """State whether the crime record moved without the other register."""
    _, _, _, found = compared(brought, alpha)[0]
    return Estimate.of(
        found.difference,
        found.difference_interval,
        unit="ratio of growths, crime record over other register",
        denominator=f"entries of the register {brought.second_name}",
        period=f"{brought.period0} to {brought.period1}",
        release=release,
        level=1 - alpha,
        simulated=brought.simulated,
        note=reads(found),
    ).finding(
        "reporting.registers",
        "Growth of the crime record over growth of officers' own forms",
        "Part of the change is a change of recording",
        verdict_of(found),
    )


def said(brought: YearlyRegisters, alpha: float) -> str:
    """Say in a sentence which register moved."""
    *_, found = compared(brought, alpha)[0]
    limits = found.difference_interval
    moved, low, high = (
        words.percent(each - 1, signed=True)
        for each in (found.difference, limits.lower, limits.upper)
    )
    return (
        f"Own register: {reads(found)}. Set against the forms, the crime record moved by {moved} "
        f"({words.level_words(1 - alpha)} {low} to {high})."
    )
