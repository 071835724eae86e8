"""Figures of the report on the 2018 Act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.page import charts, theme, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from officer_assaults.topics.act.model import Assessment

FIRST_SHOWN = pd.Timestamp("2015-04-01")


def series_with_counterfactual(
    recorded: pd.DataFrame, expected: Mapping[str, pd.DataFrame], events: Mapping[Any, str]
) -> charts.Chart:
    """Draw the recorded series beside what each control would have had it be without a step.

    Parameters
    ----------
    recorded : DataFrame
        Columns date, recorded.
    expected : mapping of str to DataFrame
        Name of the control to :func:`officer_assaults.topics.act.model.counterfactual`.
    events : mapping
        Day to a short label.
    """
    parts = [_named(recorded, "recorded", "recorded", None)]
    for name, frame in expected.items():
        parts.append(_named(frame, "without_event", f"expected from {name}", ("lower", "upper")))
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[rows["Quarter"] >= FIRST_SHOWN]
    return charts.lines(
        rows,
        x="Quarter",
        y="Offences a quarter",
        series="Series",
        lower="lower",
        upper="upper",
        axis_label="Recorded assaults without injury on constables (code 104), a quarter",
        events=events,
        height=400,
    )


def placebo_histogram(assessment: Assessment, names: Mapping[str, str]) -> charts.Chart:
    """Draw the steps that all forces show at dates when nothing happened, and the focus force's.

    Parameters
    ----------
    assessment : Assessment
        From :func:`officer_assaults.topics.act.model.assess`.
    names : mapping of str to str
        Control to its words.
    """
    steps = assessment.placebo_steps.assign(
        ratio=lambda frame: np.exp(frame["log_step"].to_numpy(dtype=float))
    )
    own = {
        step.control: np.nan
        if assessment.force is None
        else float(step.table["ratio"].loc[assessment.force])
        for step in assessment.steps
    }
    whole = np.concatenate([steps["ratio"].to_numpy(), list(own.values())])
    whole = whole[np.isfinite(whole)]
    edges = np.exp(np.linspace(np.log(whole.min()), np.log(whole.max()), 23))
    fig, axes = theme.figure(height=180 + 150.0 * len(own), rows=len(own), sharex=True)
    data = []
    for ax, (control, ratio) in zip(np.atleast_1d(axes), own.items(), strict=True):
        values = steps.loc[steps["control"] == control, "ratio"]
        counts, _ = np.histogram(values, edges)
        ax.bar(edges[:-1], counts, np.diff(edges), align="edge", color=theme.PALETTE["grey"],
               edgecolor=theme.PALETTE["paper"])  # fmt: skip
        if np.isfinite(ratio):
            _mark(ax, ratio, right=ratio > np.sqrt(edges[0] * edges[-1]))
        ax.set_title(charts.wrap(f"Relative to {names[control]}", 44))
        ax.set_ylim(0, counts.max() * 1.35)
        ax.grid(visible=False, axis="x")
        data.append(pd.DataFrame({"Control": names[control], "From": edges[:-1],
                                  "To": edges[1:], "Steps": counts}))  # fmt: skip
    last = np.atleast_1d(axes)[-1]
    charts.ratio_ticks(last)
    last.set_xlabel(charts.wrap("Step at a placebo date, as a ratio", 40))
    charts.title_axis(fig, "Number of steps")
    return charts.Chart(fig, pd.concat(data, ignore_index=True), "Histograms of placebo steps.")


def indexed_series(
    own: pd.DataFrame,
    names: Mapping[str, str],
    base: tuple[pd.Timestamp, pd.Timestamp],
    events: Mapping[Any, str],
) -> charts.Chart:
    """Draw several series of one force as an index of their mean over a base year.

    Parameters
    ----------
    own : DataFrame
        Columns date and one per series.
    names : mapping of str to str
        Column to the name of its line.
    base : tuple of Timestamp
        First and last day of the base year.
    events : mapping
        Day to a short label.
    """
    inside = own["date"].between(*base)
    shown = own["date"] >= FIRST_SHOWN
    parts = [
        pd.DataFrame(
            {
                "Quarter": own.loc[shown, "date"],
                "Series": name,
                "Index": own.loc[shown, column] / own.loc[inside, column].mean() * 100,
            }
        )
        for column, name in names.items()
    ]
    return charts.lines(
        pd.concat(parts, ignore_index=True),
        x="Quarter",
        y="Index",
        series="Series",
        axis_label=f"Recorded offences, mean quarter of {base[0].year}/{base[1]:%y} = 100",
        events=events,
        height=380,
    )


def _mark(ax: Axes, ratio: float, *, right: bool) -> None:
    ax.axvline(ratio, color=theme.PALETTE["blue"], lw=2.6, ls=(0, (4, 2)))
    ax.annotate(
        f"at the event {words.number(ratio, 2)}", (ratio, 0.98), (-6 if right else 6, 0),
        weight="bold", va="top", xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="right" if right else "left", color=theme.PALETTE["blue"],
    )  # fmt: skip


def _named(
    frame: pd.DataFrame, column: str, name: str, limits: tuple[str, str] | None
) -> pd.DataFrame:
    blank = np.full(len(frame), np.nan)
    return pd.DataFrame(
        {
            "Quarter": frame["date"].to_numpy(),
            "Series": name,
            "Offences a quarter": frame[column].to_numpy(dtype=float),
            "lower": frame[limits[0]].to_numpy() if limits else blank,
            "upper": frame[limits[1]].to_numpy() if limits else blank,
        }
    )
