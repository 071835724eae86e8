"""Figures of the report on the rise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.page import charts

if TYPE_CHECKING:
    from officer_assaults.data.forces import Force
    from officer_assaults.topics.rise.model import YearAmongForces


def growth_caterpillar(among: YearAmongForces, force: Force) -> charts.Chart:
    """Draw the growth of every usable force in rising order, the one in focus marked.

    Parameters
    ----------
    among : YearAmongForces
        Growth of all forces.
    force : Force
        The one in focus; if it is not usable none is marked.
    """
    growth = among.growth
    frame = growth.assign(
        Force=growth["force"].map(forces.names()), **{"Rate ratio": growth["ratio"]}
    )
    return charts.caterpillar(
        frame[["Force", "Rate ratio", "lower", "upper"]],
        label="Force",
        value="Rate ratio",
        lower="lower",
        upper="upper",
        axis_label="Rate ratio, later year over earlier",
        focus=force.name,
        reference=among.mean_ratio,
        reference_label="mean of the others",
        log=True,
    )


def two_counts(curves: pd.DataFrame, period0: str, period1: str) -> charts.Chart:
    """Draw the counts that each year's rate would give by chance.

    Parameters
    ----------
    curves : DataFrame
        From :func:`officer_assaults.topics.rise.model.poisson_curves`.
    period0, period1 : str
        Names of the years.
    """
    named = pd.DataFrame(
        {
            "Recorded offences in a year": curves["count"].astype(int),
            "Rate of": curves["year"].map({0: period0, 1: period1}),
            "Probability": curves["probability"],
        }
    )
    return charts.lines(
        named,
        x="Recorded offences in a year",
        y="Probability",
        series="Rate of",
        axis_label="Probability of the count",
        x_label="Recorded offences in a year",
        names="peak",
        height=270,
    )
