"""Figures of the report on the rise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.page import charts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.forces import Force
    from officer_assaults.topics.rise.model import YearAmongForces


def long_series(series: pd.DataFrame, events: Mapping[pd.Timestamp, str]) -> charts.Chart:
    """Draw the quarters since 2012 with dated events.

    Parameters
    ----------
    series : DataFrame
        From :func:`officer_assaults.topics.rise.data.long_series`.
    events : mapping of Timestamp to str
        Day to a short label.
    """
    return charts.lines(
        series.drop(columns="state"),
        x="Quarter",
        y="Offences",
        series="Who",
        events=events,
        axis_label="Recorded assaults on constables without injury, by quarter",
        height=360,
    )


def growth_caterpillar(
    among: YearAmongForces, force: Force, reference: float, *, per: str
) -> charts.Chart:
    """Draw the growth of every usable force in rising order, the one in focus marked.

    Parameters
    ----------
    among : YearAmongForces
        Growth of all forces.
    force : Force
        The one in focus; if it is not usable none is marked.
    reference : float
        Growth of the others by the model.
    per : str
        What rates are per, in words.
    """
    growth = among.growth
    frame = growth.assign(
        Force=growth["force"].map(forces.names()), **{"Rate ratio": growth["ratio"]}
    )
    return charts.caterpillar(
        frame[["Force", "Rate ratio", "lower", "upper"]],
        label="Force",
        value="Rate ratio",
        axis_label=f"Rate ratio per {per}, later year over earlier",
        focus=force.name,
        reference=reference,
        reference_label="the model's growth of the others",
        log=True,
    )
