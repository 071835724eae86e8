"""Figures of the crewing report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.page import charts, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from officer_assaults.topics.crewing.model.analysis import CrewingAnalysis
    from officer_assaults.topics.crewing.model.checks import BackupModification
    from officer_assaults.topics.crewing.model.policy import PolicyOutcome
    from officer_assaults.topics.crewing.model.ratios import ArmRatio

PLAIN, ADJUSTED, ALONE = "Plain", "Adjusted", "If no incident changed"
#: Label of a row that belongs to the name above it.
SAME = " "
AT_HOURS, AT_CALLS = "Officer-hours fixed", "Attended calls fixed"


#: Boxes: words, middle in the unit square, and how each is drawn.
NODES = {
    "known": ("Known at dispatch:\nhour, area, back-up,\ncall grade, team", 0.27, 0.9, "held"),
    "hidden": ("Danger known\nto the dispatcher\nalone", 0.8, 0.9, "hidden"),
    "crew": ("Single or\ndouble crew", 0.16, 0.55, "asked"),
    "stops": ("Stops and\nown work", 0.5, 0.4, "plain"),
    "attacks": ("Attacks on\nofficers", 0.84, 0.55, "asked"),
    "after": ("Back-up sent,\narrest, injury", 0.84, 0.1, "after"),
    "recorded": ("Recorded\noffences", 0.42, 0.1, "plain"),
}
#: Arrows from box to box, and how each is drawn.
EDGES = (
    ("known", "crew", "plain"),
    ("known", "attacks", "plain"),
    ("hidden", "crew", "hidden"),
    ("hidden", "attacks", "hidden"),
    ("crew", "attacks", "asked"),
    ("crew", "stops", "plain"),
    ("stops", "attacks", "plain"),
    ("attacks", "after", "plain"),
    ("attacks", "recorded", "plain"),
    ("crew", "recorded", "plain"),
)
_MEANING = {
    "held": "adjusted for",
    "hidden": "not recorded",
    "asked": "the comparison",
    "after": "follows: never adjusted for",
    "plain": "on the way",
}
_HEIGHT = 340.0


def diagram() -> charts.Chart:
    """Draw the causal diagram: boxes, and arrows that run from border to border."""
    fig, ax = theme.figure(height=_HEIGHT)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.axis("off")
    boxes = {name: _box(ax, *drawn) for name, drawn in NODES.items()}
    for start, end, style in EDGES:
        _arrow(ax, boxes[start], boxes[end], style)
    words = {name: text.replace("\n", " ") for name, (text, *_) in NODES.items()}
    rows = pd.DataFrame(
        [(words[start], words[end], _MEANING[NODES[start][-1]]) for start, end, _ in EDGES],
        columns=["From", "To", "What the first is"],
    )
    return charts.Chart(fig, rows, f"Diagram of {len(NODES)} boxes and {len(EDGES)} arrows.")


def _box(ax: Axes, words: str, x: float, y: float, style: str) -> Any:
    edge = {"hidden": "axis", "asked": "blue", "held": "teal", "after": "orange"}.get(style, "axis")
    dashed = (0, (4, 3)) if style in ("hidden", "after") else "solid"
    return ax.text(
        x,
        y,
        words,
        ha="center",
        va="center",
        color=theme.PALETTE["ink"],
        weight="bold" if style == "asked" else "normal",
        bbox={
            "boxstyle": "round,pad=0.45",
            "facecolor": "none",
            "edgecolor": theme.PALETTE[edge],
            "linewidth": 2.2 if style in ("asked", "held") else 1.4,
            "linestyle": dashed,
        },
    )


def _arrow(ax: Axes, start: Any, end: Any, style: str) -> None:
    ax.annotate(
        "",
        xy=end.get_position(),
        xytext=start.get_position(),
        arrowprops={
            "arrowstyle": "-|>",
            "mutation_scale": 14,
            "color": theme.PALETTE["blue" if style == "asked" else "axis"],
            "linewidth": 3.0 if style == "asked" else 1.4,
            "linestyle": (0, (4, 3)) if style == "hidden" else "solid",
            "patchA": start.get_bbox_patch(),
            "patchB": end.get_bbox_patch(),
            "shrinkA": 2,
            "shrinkB": 2,
        },
    )


def _rows(labelled: Sequence[tuple[str, str, float, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(labelled, columns=["Denominator", "Kind", "Ratio", "lower", "upper"])


def denominators(analysis: CrewingAnalysis, crude: Sequence[ArmRatio]) -> charts.Chart:
    """Draw the ratio under each denominator, plain and adjusted, beside the benchmark.

    Parameters
    ----------
    analysis : CrewingAnalysis
    crude : sequence of ArmRatio
        Unadjusted ratios, in the order of the adjusted ones that were found.
    """
    found = analysis.ratios
    adjusted = [found.per_officer_hour, found.per_attendance, found.incidents]
    rows: list[tuple[str, str, float, float, float]] = []
    for plain, one in zip(crude, [ratio for ratio in adjusted if ratio is not None], strict=True):
        rows.append((one.label, PLAIN, plain.ratio, plain.lower, plain.upper))
        rows.append((SAME, ADJUSTED, one.ratio, one.lower, one.upper))
        if one is found.per_officer_hour and not math.isnan(found.benchmark):
            limits = found.benchmark_limits
            rows.append((SAME, ALONE, found.benchmark, limits.lower, limits.upper))
    chart = charts.dot_interval(
        _rows(rows),
        label="Denominator",
        value="Ratio",
        group="Kind",
        axis_label="Rate ratio, single over double crews",
        reference=1.0,
        log=True,
    )
    return _named_in_full(chart, "Denominator")


def _per_hour(frame: pd.DataFrame, value: str = "Ratio", **drawn: Any) -> charts.Chart:
    """Draw ratios per officer-hour; the first column names them."""
    about = {"reference": 1.0, "log": True, **drawn}
    label, axis = str(frame.columns[0]), "Rate ratio per officer-hour, single over double crews"
    return charts.dot_interval(frame, label=label, value=value, axis_label=axis, **about)


def ladder(steps: Sequence[ArmRatio]) -> charts.Chart:
    """Draw the ratio per officer-hour from no adjustment to the full set."""
    rows = [(step.label, step.ratio, step.lower, step.upper) for step in steps]
    return _per_hour(pd.DataFrame(rows, columns=["Adjusted for", "Ratio", "lower", "upper"]))


def seeds(spread: pd.DataFrame, truth: float) -> charts.Chart:
    """Draw the ratio per officer-hour by seed of the simulated force, beside the truth."""
    known = {"reference": truth, "reference_label": "what the force was made with"}
    return _per_hour(spread, "Rate ratio", **known)


def by_backup(found: BackupModification, labels: Sequence[str]) -> charts.Chart:
    """Draw the ratio per officer-hour in each band of planned back-up.

    Parameters
    ----------
    found : BackupModification
    labels : sequence of str
        One per row of ``found.table``.
    """
    frame = found.table[["ratio", "lower", "upper"]].set_axis(["Ratio", "lower", "upper"], axis=1)
    frame.insert(0, "Planned back-up", list(labels))
    return _per_hour(frame)


def policies(hours: Sequence[PolicyOutcome], attended: Sequence[PolicyOutcome]) -> charts.Chart:
    """Draw recorded victims avoided by each policy, with hours fixed and with calls fixed.

    Parameters
    ----------
    hours, attended : sequence of PolicyOutcome
        Refused ones are left out.
    """
    calls = {outcome.policy.name: outcome for outcome in attended}
    rows = []
    for outcome in hours:
        pair = [(AT_HOURS, outcome)]
        if outcome.policy.name in calls:
            pair.append((AT_CALLS, calls[outcome.policy.name]))
        rows += [
            (
                one.policy.label if kind == AT_HOURS else SAME,
                kind,
                one.avoided,
                one.lower,
                one.upper,
            )
            for kind, one in pair
            if one.refusal is None
        ]
    frame = pd.DataFrame(rows, columns=["Policy", "Held fixed", "Avoided", "lower", "upper"])
    chart = charts.dot_interval(
        frame,
        label="Policy",
        value="Avoided",
        group="Held fixed",
        axis_label="Recorded victims avoided; below 0, more are expected",
        reference=0.0,
    )
    return _named_in_full(chart, "Policy")


def _named_in_full(chart: charts.Chart, column: str) -> charts.Chart:
    """Rows behind a chart with the name in each, where the drawing names the first only."""
    named = chart.data.assign(**{column: chart.data[column].replace(SAME, pd.NA).ffill()})
    return charts.Chart(chart.figure, named, chart.alt_hint)
