"""Interruption: what is said beside the figures of the report on the 2018 Act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.page import words
from officer_assaults.topics.act import figures
from officer_assaults.topics.act.findings import SAID
from officer_assaults.topics.act.model import step_of
from officer_assaults.topics.act.story import CONTROLS, InterruptionStory

if TYPE_CHECKING:
    from collections.abc import Mapping


def record_figure(
    story: InterruptionStory, rows: pd.DataFrame, expected: Mapping[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """Figures of the record of all forces beside what the models expect without a step.

    Parameters
    ----------
    story : InterruptionStory
    rows : DataFrame
        What the models were fitted to.
    expected : mapping of str to DataFrame
        Control to :func:`officer_assaults.topics.act.model.without_step`.
    """
    if not story.fits:
        return []
    recorded = rows.groupby("date")[["recorded"]].sum().reset_index()
    named = {CONTROLS[control]: frame for control, frame in expected.items()}
    labels = {story.event: "event" if story.law == "" else story.law}
    chart = figures.record_without_step(recorded, named, labels)
    ratios = [
        f"{words.number(step_of(fit).ratio, 2)} times what {CONTROLS[control]} would have had it be"
        for control, fit in story.fits.items()
    ]
    found = (
        "The record of all forces stepped when the event came"
        if story.record_stepped
        else "The record of all forces shows no clear step at the event"
    )
    told = SAID.told(
        "record_figure", found=found, forces=story.forces, hint=chart.alt_hint,
        ratios=words.listing(ratios),
    )  # fmt: skip
    return [{"fig": chart, "formats": {"Offences a quarter": 0}, **told}]


def series_figure(
    story: InterruptionStory,
    recorded: pd.DataFrame,
    expected: Mapping[str, pd.DataFrame],
    events: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Figures of the series beside what each control would have had it be."""
    found = story.focus
    if found is None:
        return []
    named = {CONTROLS[control]: frame for control, frame in expected.items()}
    chart = figures.series_with_counterfactual(recorded, named, _labels(story, events))
    ratios = [
        f"{words.number(float(step.table['ratio'].loc[str(found.force)]), 2)} times what "
        f"{CONTROLS[step.control]} would have had it be"
        for step in found.steps
    ]
    agree = "agree" if found.gates[0].passed else "do not agree"
    told = SAID.told(
        "series_figure", agree=agree, force=story.force.name, hint=chart.alt_hint,
        ratios=words.listing(ratios), limits=words.level_words(story.level),
    )  # fmt: skip
    formats = dict.fromkeys(("Offences a quarter", "lower", "upper"), 0)
    return [{"fig": chart, "formats": formats, **told}]


def timing_figure(
    story: InterruptionStory,
    own: pd.DataFrame,
    breaks: Mapping[str, pd.DataFrame],
    events: pd.DataFrame,
    base: tuple[pd.Timestamp, pd.Timestamp],
) -> list[dict[str, Any]]:
    """Figures of the record and its controls as an index, with dated events.

    Parameters
    ----------
    story : InterruptionStory
        The force.
    own : DataFrame
        Its series by quarter.
    breaks : mapping of str to DataFrame
        Series to :func:`officer_assaults.stats.segmented.break_dates`.
    events : DataFrame
        Dated events.
    base : tuple of Timestamp
        First and last day of the year whose mean quarter is 100.
    """
    if not breaks:
        return []
    columns = {"recorded": "constables", **CONTROLS}
    columns = {name: said for name, said in columns.items() if name in own}
    chart = figures.indexed_series(own, columns, base, _labels(story, events))
    best = {name: words.quarter(frame["date"].iloc[0]) for name, frame in breaks.items()}
    together = len(set(best.values())) == 1
    said = (
        f"All {len(best)} records step best in {next(iter(best.values()))}"
        if together
        else "The records do not step in the same quarter"
    )
    listed = [f"{name.split(',')[0]} in {when}" for name, when in best.items()]
    told = SAID.told(
        "timing_figure", said=said, force=story.force.name, base=base, hint=chart.alt_hint,
        listed=words.listing(listed),
    )  # fmt: skip
    return [{"fig": chart, "formats": {"Index": 0}, **told}]


def _labels(story: InterruptionStory, events: pd.DataFrame) -> dict[Any, str]:
    shown = events[(events["day"] >= figures.FIRST_SHOWN) & (events["kind"] != "law")]
    # Later events would crowd a telephone; the table of dated events has them all.
    shown = shown[shown["event"].isin(list(SHORT)) & (shown["force"] == story.force.slug)]
    labels = {row["day"]: SHORT[row["event"]] for row in shown.to_dict("records")}
    labels[story.event] = story.law or "event"
    return dict(sorted(labels.items()))


def law_of(event: pd.Timestamp, events: pd.DataFrame) -> str:
    """Label of the law that came into force on a day; empty if none did."""
    laws = events.loc[events["kind"] == "law", ["day", "event"]].set_index("day")["event"]
    return SHORT.get(laws.get(event, ""), "")


SHORT = {
    "Inspection report on crime recording": "inspection",
    "Emergency workers Act in force": "Act in force",
}
