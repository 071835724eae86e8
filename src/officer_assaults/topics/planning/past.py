"""Past: how each way of forecasting would have done, from every origin that has passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from officer_assaults.stats import forecast
from officer_assaults.stats.forecast_panel import Panel


def tested(
    panel: Panel,
    *,
    horizons: Sequence[int],
    methods: Sequence[str],
    alpha: float,
    draws: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Forecast from every past origin, and average what came of it.

    Parameters
    ----------
    panel, horizons, methods, alpha, draws, seed
        As for :func:`officer_assaults.stats.forecast.rolling_scores`.

    Returns
    -------
    averages : DataFrame
        From :func:`officer_assaults.stats.forecast.summarise_scores`.
    skill : DataFrame
        One row, the fields of :class:`officer_assaults.stats.forecast.Skill`, one year ahead.
    forecasts : DataFrame
        Rows of the random walk one year ahead, as ``rolling_scores`` gives them.

    Raises
    ------
    ValueError
        As ``rolling_scores``.
    """
    scores = forecast.rolling_scores(
        panel, horizons=horizons, methods=methods, alpha=alpha, draws=draws, seed=seed
    )
    first = scores[scores["horizon"] == 1]
    skill = pd.DataFrame([asdict(forecast.skill(first, alpha=alpha))])
    walks = first[first["method"] == forecast.RANDOM_WALK].reset_index(drop=True)
    return forecast.summarise_scores(scores, alpha), skill, walks
