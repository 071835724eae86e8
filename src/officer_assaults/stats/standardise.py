"""Standardised rate ratios: what a fitted rate model says of two arms over the same exposure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from officer_assaults.stats.glm import Contrast

#: Rows whose designs are held together.
ROWS_AT_ONCE = 100_000


def standardised_ratio(
    fit: Any, frame: pd.DataFrame, arm: str, exposure: str, alpha: float = 0.05
) -> Contrast:
    """Rate ratio of all exposure in one arm over all of it in the other.

    Without terms in which the arm meets another column this is the arm's own rate ratio; with them
    it is the one over the mix of the rows, which no coefficient gives.

    Parameters
    ----------
    fit : RateModel or another result with ``design``, ``coefficients``, ``vcov``, ``reference_df``
    frame : DataFrame
        Rows of the mix.
    arm : str
        Column of 0 and 1 that is compared.
    exposure : str
        Column of exposure.
    alpha : float
        One minus the coverage.

    Returns
    -------
    Contrast
        Error by the delta method (Greenland 2004, Am J Epidemiol 160:301), on the log scale.
    """
    beta = np.asarray(fit.coefficients, dtype=float)
    weight = frame[exposure].to_numpy(float)
    totals, slopes = [], []
    for value in (1.0, 0.0):
        total, slope = 0.0, np.zeros(len(beta))
        for start in range(0, len(frame), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            x = fit.design(frame.iloc[some].assign(**{arm: value})).to_numpy()
            rate = weight[some] * np.exp(x @ beta)
            total, slope = total + float(rate.sum()), slope + rate @ x
        totals.append(total)
        slopes.append(slope / total)
    gradient = slopes[0] - slopes[1]
    estimate = math.log(totals[0] / totals[1])
    se = math.sqrt(float(gradient @ np.asarray(fit.vcov) @ gradient))
    half = float(stats.t.isf(alpha / 2, fit.reference_df)) * se
    return Contrast(
        estimate=estimate,
        se=se,
        p=float(2 * stats.t.sf(abs(estimate) / se, fit.reference_df)),
        ratio=math.exp(estimate),
        lower=math.exp(estimate - half),
        upper=math.exp(estimate + half),
        label=f"{arm}, standardised",
    )
