"""Exclusions: what a comparison of forces left out, as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.data.recorded import Comparison


def left_out_table(comparison: Comparison) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: what the comparison left out, and why."""
    names = forces.names()
    frame = pd.concat([comparison.left_out, comparison.flagged], ignore_index=True)
    kept = ["left out"] * len(comparison.left_out) + ["kept, flagged"] * len(comparison.flagged)
    return {
        "frame": pd.DataFrame(
            {
                "Force": frame["force"].map(names),
                "Year": frame["financial_year"],
                "Code": frame["offence_code"],
                "What was done": kept,
                "Reason": frame["reason"],
            }
        ),
        "caption": f"Forces left out of the comparison, or kept with a flag, "
        f"{comparison.period0} to {comparison.period1}",
    }
