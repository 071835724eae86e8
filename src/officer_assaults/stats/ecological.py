"""Associations between totals of forces: easy to compute, hard to read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from officer_assaults.shown import Shown
from officer_assaults.stats.glm import RateModel, fit_rate_model
from officer_assaults.stats.intervals import Interval

DOSE, UNIT, PERIOD = "dose", "unit", "period"


@dataclass(frozen=True, slots=True)
class EcologicalAssociation(Shown):
    """How recorded rates go with a dose, between units and within them.

    Parameters
    ----------
    between, within : float
        Ratio of recorded rates that goes with a dose ``factor`` times as high: comparing units in
        the same period, and comparing periods of the same unit beyond the change common to all.
    between_interval, within_interval : Interval
        Their limits, from errors clustered by unit (G/(G-1), t with G - 1 degrees of freedom).
    factor : float
        Multiple of the dose.
    units, rows : int
        Units, and unit-periods.
    """

    between: float
    between_interval: Interval
    within: float
    within_interval: Interval
    factor: float
    units: int
    rows: int


def ecological_association(
    frame: pd.DataFrame,
    *,
    count: str,
    exposure: str,
    dose: str,
    unit: str,
    period: str,
    factor: float = 2.0,
    alpha: float = 0.05,
) -> EcologicalAssociation:
    """Poisson regression of counts on the log of dose per exposure.

    Parameters
    ----------
    frame : DataFrame
        One row per unit and period, every unit in every period.
    count, exposure, dose, unit, period : str
        Columns: events, what they are set against, the dose (a total like ``count``), and the keys.
    factor : float
        Multiple of the dose that the ratios are quoted for.
    alpha : float
        One minus the coverage.

    Raises
    ------
    ValueError
        If a unit lacks a period, or a dose is not above 0.
    """
    sizes = frame.groupby(unit)[period].nunique()
    if (sizes < frame[period].nunique()).any() or not (frame[dose] > 0).all():
        raise ValueError("every unit needs every period and a dose above 0")
    data = pd.DataFrame(
        {
            "y": frame[count].to_numpy(),
            "e": frame[exposure].to_numpy(),
            DOSE: np.log(frame[dose].to_numpy(float) / frame[exposure].to_numpy(float)),
            UNIT: "u" + frame.groupby(unit).ngroup().astype(str).to_numpy(),
            PERIOD: "p" + frame.groupby(period).ngroup().astype(str).to_numpy(),
        }
    )
    models = [
        fit_rate_model(data, formula, exposure="e", cov="cluster", cluster=UNIT, alpha=alpha)
        for formula in (f"y ~ {DOSE} + C({PERIOD})", f"y ~ {DOSE} + C({PERIOD}) + C({UNIT})")
    ]
    (between, between_interval), (within, within_interval) = (
        _ratio(model, factor) for model in models
    )
    return EcologicalAssociation(
        between, between_interval, within, within_interval, factor, len(sizes), len(data)
    )


def _ratio(model: RateModel, factor: float) -> tuple[float, Interval]:
    found = model.contrast({DOSE: math.log(factor)})
    return found.ratio, found.interval
