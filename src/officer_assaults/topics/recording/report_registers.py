"""Reporting: words of an analyst's own safety forms beside crime records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.estimate import Estimate
from officer_assaults.page import words
from officer_assaults.topics.recording.model.bounds import compare_registers

if TYPE_CHECKING:
    from officer_assaults.data.registers import YearlyRegisters
    from officer_assaults.findings import Finding, Verdict
    from officer_assaults.topics.recording.model.bounds import RegisterComparison

WHICH = {
    "recording": "the crime record alone moved: its recording changed",
    "both registers": "both registers moved alike: what happened changed",
    "both kinds": "both moved, by different amounts: some of each",
    "neither": "no change can be told from chance",
}
VERDICTS: dict[str, Verdict] = {
    "recording": "consistent",
    "both registers": "contradicted",
    "both kinds": "consistent",
    "neither": "not supported",
}


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
            "Reads": WHICH[found.attribution],
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
    return Estimate(
        found.difference,
        found.difference_interval.lower,
        found.difference_interval.upper,
        unit="ratio of growths, crime record over other register",
        denominator=f"entries of the register {brought.second_name}",
        period=f"{brought.period0} to {brought.period1}",
        release=release,
        level=1 - alpha,
        simulated=brought.simulated,
        note=WHICH[found.attribution],
    ).finding(
        "reporting.registers",
        "Growth of the crime record over growth of officers' own forms",
        "Part of the change is a change of recording",
        VERDICTS[found.attribution],
    )


def said(brought: YearlyRegisters, alpha: float) -> str:
    """Say in a sentence which register moved."""
    _, first, second, found = compared(brought, alpha)[0]
    limits = words.interval(found.difference_interval.lower, found.difference_interval.upper, 2)
    return (
        f"Own register: {WHICH[found.attribution]} (crime record {first[0]:,} to {first[1]:,}, "
        f"{brought.second_name} {second[0]:,} to {second[1]:,}; ratio of growths "
        f"{words.number(found.difference, 2)}, {limits})."
    )
