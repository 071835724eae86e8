"""A year known in part: coverage on simulated years with known truth, and what came."""

from __future__ import annotations

import numpy as np
import pytest

from officer_assaults.stats.forecast import Forecast, Panel
from officer_assaults.stats.part_year import condition, part_year_scores, rest_of_year

SEASON = np.array([1.05, 1.1, 0.95, 0.9])


def simulated(seed: int, units: int = 40, years: int = 9, moves: float = 0.05) -> Panel:
    """Draw units of 100 to 3,000 a year whose quarters move by themselves."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(np.log(25), np.log(750), (units, 1, 1))
    wobble = rng.normal(0, moves, (units, years, 4)) + rng.normal(0, 0.02, (1, years, 4))
    counts = rng.poisson(np.exp(level + wobble) * SEASON).astype(float)
    names = tuple(f"u{n}" for n in range(units))
    return Panel(names, tuple(range(2010, 2010 + years)), counts, np.zeros((units, years), int))


@pytest.mark.parametrize("quarters", [1, 3])
def test_intervals_hold_what_came(quarters):
    held = [part_year_scores(simulated(seed), quarters, draws=500)["covered"].mean()
            for seed in range(5)]  # fmt: skip
    # 5 x 40 units x 6 years that share their surprises.
    assert 0.93 <= np.mean(held) <= 0.99


def test_more_quarters_known_means_a_narrower_forecast_round_the_season():
    panel = simulated(3)
    at, width = panel.until(2017), []
    for quarters in (1, 2, 3):
        total = rest_of_year(at, panel.quarters[:, -1, :quarters])
        low, mid, high = np.quantile(total, [0.025, 0.5, 0.975], axis=1)
        width.append(np.median(high / low))
        share = SEASON[:quarters].sum() / 4
        expected = panel.quarters[:, -1, :quarters].sum(axis=1) / share
        assert np.median(mid / expected) == pytest.approx(1, abs=0.03)
    assert width[0] > width[1] > width[2] > 1


def test_what_is_known_is_never_undercut_and_the_unknown_stays_as_it_was():
    panel = simulated(4)
    known = panel.quarters[:, -1, :3].copy()
    known[0, 1] = np.nan
    total = rest_of_year(panel.until(2017), known)
    assert np.isnan(total[0]).all()
    assert (total[1:] >= known[1:].sum(axis=1)[:, None]).all()
    rng = np.random.default_rng(1)
    draws = rng.poisson(500, (40, 2, 1000)).astype(float)
    future = Forecast(panel.units, (2018, 2019), draws)
    found = condition(future, total)
    np.testing.assert_array_equal(found.draws[0, 0], draws[0, 0])
    assert (found.draws[1:, 0] >= known[1:].sum(axis=1)[:, None]).all()
    assert np.median(found.draws[5, 1]) == pytest.approx(np.median(total[5]), rel=0.05)
