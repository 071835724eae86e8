"""When records moved: where each series steps best, and the dated events beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.page import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.forces import Force

#: What the series of one force are called beside one another.
SERIES = {
    "recorded": "constables, without injury (104)",
    "105A": "public victims, without injury (105A)",
    "public-order": "public order",
}
NOT_DATED = (
    "The series of constables is not dated: a recording break lies inside it, or its counts are "
    "too few or negative, so its best step would be that break."
)


def timing_table(
    breaks: Mapping[str, pd.DataFrame], act: pd.Timestamp, force: Force, level: float
) -> list[dict[str, Any]]:
    """Tables of the quarter in which each series steps best.

    Parameters
    ----------
    breaks : mapping of str to DataFrame
        Series to :func:`officer_assaults.stats.segmented.break_dates`.
    act : Timestamp
        Start of the quarter in which the Act came into force.
    force : Force
        Whose series they are.
    level : float
        Coverage of the intervals.
    """
    rows = []
    for name, table in breaks.items():
        best = table.iloc[0]
        near = table.loc[table["near"], "date"].sort_values()
        rows.append(
            {
                "Series": name,
                "Best quarter": words.quarter(best["date"]),
                "Step": best["ratio"],
                "lower": best["lower"],
                "upper": best["upper"],
                "Quarters about as good": str(len(near) - 1),
                "Quarter of the Act": "about as good" if act in set(near) else "fits worse",
            }
        )
    if not rows:
        return []
    untried = [] if SERIES["recorded"] in breaks else [NOT_DATED]
    return [
        {
            "frame": pd.DataFrame(rows),
            "caption": f"When did the records of {force.name} step?",
            "intervals": {"Step": ("lower", "upper")},
            "level": level,
            "notes": [
                "Descriptive: one step, a straight trend and a season in each series, every "
                "quarter tried. Intervals take the quarter as given.",
                *untried,
            ],
        }
    ]


def events_table(events: pd.DataFrame, further: pd.DataFrame | None = None) -> dict[str, Any]:
    """Dated events that can move the record.

    Parameters
    ----------
    events : DataFrame
        From :func:`officer_assaults.data.recording_evidence.events`: known to the day.
    further : DataFrame, optional
        From :func:`officer_assaults.data.inspections.events`: a day or a span.
    """
    if further is None:
        further = pd.DataFrame(columns=["first_day", "last_day", "event", "kind", "read"])
    can_move = {"recording": "what is recorded", "law": "what happens and what is recorded"}
    exact = pd.DataFrame(
        {
            "When": events["day"].dt.strftime("%-d %B %Y"),
            "Event": events["event"],
            "Can move": events["kind"].map(can_move),
            "Read": events["read"],
        }
    )
    spans = pd.DataFrame(
        {
            "When": [_span(row) for row in further.to_dict("records")],
            "Event": further["event"],
            "Can move": "what is recorded",
            "Read": further["read"],
        }
    )
    spans["Can move"] = spans["Can move"].where(
        further["kind"] != "equipment", "what happens and what is recorded"
    )
    return {
        "frame": pd.concat([exact, spans], ignore_index=True),
        "caption": "Dated events",
        "notes": "Addresses of the pages are in the data tables events/dated and inspections.",
    }


def _span(row: Mapping[Any, Any]) -> str:
    """Write a day, or the span in which it lies."""
    first, last = row["first_day"], row["last_day"]
    if pd.isna(first):
        return f"by {words.day(last)}"
    if pd.isna(last):
        return f"not by {words.day(first)}"
    return words.day(first) if first == last else f"{words.day(first)} to {words.day(last)}"
