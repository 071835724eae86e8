"""Validation of forecasts and trials: what is simulated, and whether the truth is held."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from officer_assaults.stats import forecast
from officer_assaults.stats.studies import Draws, Seeds, generators
from officer_assaults.topics.planning import power

LIST_SEED = 20180401


def trial_setting(months: int = 12) -> power.TrialSetting:
    """Twelve areas of unequal size, 75 recorded assaults a month."""
    return power.TrialSetting(
        power.unequal_shares(12, 0.6), events_per_month=75, months=months
    )  # fmt: skip


@lru_cache(maxsize=4)
def _listed(design: power.Design) -> NDArray[np.bool_]:
    setting = trial_setting(13 if design == "stepped wedge" else 12)
    rng = np.random.default_rng(LIST_SEED)
    return power.allocations(design, setting.areas, setting.months, 999, rng)


def trial_runs(seeds: Seeds, *, design: power.Design, ratio: float) -> Draws:
    """Draw trials with a known ratio and note which analyses reject no difference."""
    listed = _listed(design)
    setting = trial_setting(listed.shape[2])
    return dict(power.trial_tests(setting, listed, ratio, generators(seeds)))


def next_year_runs(seeds: Seeds, *, tau: float) -> Draws:
    """Draw a count and next year's, rates moving by ``tau`` between, and cover the second."""
    found: dict[str, list[bool]] = {"movement allowed for": [], "counting error alone": []}
    for rng in generators(seeds):
        level = 900 * np.exp(rng.normal(0, tau / np.sqrt(2), 2))
        before, after = rng.poisson(level)
        for name, spread in zip(found, (tau, 0.0), strict=True):
            limits = forecast.next_count_interval(int(before), spread)
            found[name].append(limits.contains(after))
    return found
