"""Sweep: one page that sets the findings of many runs of one notebook side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.page import audience, catalogue, charts, markup, styles, svg, tables, theme

NUMBERS = ("value", "lower", "upper", "level")
_ABOUT = ("notebook", "scope")
_LAST = (
    "outcome", "page", "id", "label", "value", "lower", "upper", "level", "unit", "denominator",
    "period", "vintage", "verdict", "claim", "simulated",
)  # fmt: skip
_MOST_PANELS = 24
_MOST_LINES = 6
_GRID = (
    ".oa-multiples{display:grid;gap:0 2rem;"
    "grid-template-columns:repeat(auto-fill,minmax(min(330px,100%),1fr))}"
)


def frame_of(rows: Sequence[Mapping[str, Any]], swept: Sequence[str]) -> pd.DataFrame:
    """Tidy table of a sweep: one row per finding, numbers as numbers.

    Parameters
    ----------
    rows : sequence of mapping
        From :func:`officer_assaults.pipeline.sweep.rows`.
    swept : sequence of str
        Parameters that were swept.
    """
    columns = [*_ABOUT, *(name for name in swept if name not in _ABOUT), *_LAST]
    frame = pd.DataFrame(list(rows), columns=columns)
    for name in NUMBERS:
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    texts = [name for name in columns if name not in NUMBERS]
    return frame.assign(**{name: frame[name].fillna("").astype(str) for name in texts})


def render(frame: pd.DataFrame, swept: Sequence[str], *, internal: bool = False) -> str:
    """Write the page: links to every run, a small chart per finding, what was refused.

    Parameters
    ----------
    frame : DataFrame
        From :func:`frame_of`.
    swept : sequence of str
        The first is the horizontal axis.
    internal : bool
        Whether one of the runs is for internal eyes, and so the page of all of them.
    """
    from officer_assaults.page.jinja import csp_hash, template

    style = styles.page_style() + _GRID
    names = " ".join(sorted(set(frame["notebook"]) - {""}))
    page: str = template("sweep.html.j2").render(
        style=style,
        style_hash=csp_hash(style),
        mark=audience.MARK if internal else "",
        banner=audience.BANNER if internal else "",
        up="../../../" if internal else "../../",
        title=f"{'INTERNAL: ' * internal}{names} over {', '.join(swept)}",
        runs=_runs(frame, swept),
        charts=list(_charts(frame, swept)),
        refused=frame[frame["outcome"] != "ok"].to_dict("records"),
        swept=list(swept),
        names={scope: catalogue.scope_name(scope) for scope in set(frame["scope"])},
        numbers=_numbers(frame, swept),
    )
    return page


def _runs(frame: pd.DataFrame, swept: Sequence[str]) -> list[dict[str, Any]]:
    made = frame[frame["outcome"] == "ok"].drop_duplicates("page")
    return [
        {"scope": row["scope"], "page": row["page"], "values": [row[name] for name in swept]}
        for row in made.to_dict("records")
    ]


def _numbers(frame: pd.DataFrame, swept: Sequence[str]) -> str:
    shown = frame[frame["value"].notna()]
    columns = [*("scope",), *swept, "label", "value", "lower", "upper", "verdict"]
    made = tables.columns(shown[columns].reset_index(drop=True))
    return tables.to_html(made, caption="Findings of all runs") if len(shown) else ""


def _charts(frame: pd.DataFrame, swept: Sequence[str]) -> Iterator[dict[str, str]]:
    shown = frame[(frame["outcome"] == "ok") & frame["value"].notna()]
    names = list(dict.fromkeys(shown["id"]))[:_MOST_PANELS]
    for name in names:
        rows = shown[shown["id"] == name]
        if rows[swept[0]].nunique() < 2:
            continue
        label = _common(rows["label"].drop_duplicates().tolist())
        fig = _chart(rows, swept)
        text = f"{label}, with intervals, over {swept[0]}; the table below holds the numbers"
        prefix = f"oa-sweep-{markup.digest(name)}"
        drawing = svg.draw(fig, title=markup.plain(label), description=text, prefix=prefix)
        theme.close(fig)
        yield {"label": label, "svg": drawing.wide}


def _chart(rows: pd.DataFrame, swept: Sequence[str]) -> Any:
    """One panel: the swept value across, a line with intervals per force and other setting."""
    fig, ax = theme.figure("half", 220)
    places = {value: at for at, value in enumerate(dict.fromkeys(rows[swept[0]]))}
    lines = list(rows.groupby(["scope", *swept[1:]], sort=False))[:_MOST_LINES]
    for number, (key, one) in enumerate(lines):
        colour = theme.SERIES[number % len(theme.SERIES)]
        at = one[swept[0]].map(places).to_numpy(dtype=float) + 0.12 * (number - len(lines) / 2)
        value = one["value"].to_numpy(dtype=float)
        lower, upper = (one[name].fillna(one["value"]) for name in ("lower", "upper"))
        ax.vlines(at, _finite(lower, value), _finite(upper, value), color=colour, linewidth=1.5)
        label = ", ".join([catalogue.scope_name(str(key[0])), *map(str, key[1:])])
        ax.plot(at, value, marker="o", markersize=4, color=colour, label=label)
    ax.set_xticks(list(places.values()), [str(value)[-7:] for value in places])
    if len(lines) > 1:
        charts.legend_above(fig, ax, columns=1)
    return fig


def _common(labels: Sequence[str]) -> str:
    """Label of one finding of many runs, with dots where the runs differ."""
    words = [label.split() for label in labels]
    if len({len(one) for one in words}) > 1:
        return labels[0]
    return " ".join(each[0] if len(set(each)) == 1 else "…" for each in zip(*words, strict=True))


def _finite(limits: pd.Series, value: Any) -> Any:
    numbers = limits.to_numpy(dtype=float)
    return np.where(np.isfinite(numbers), numbers, value)
