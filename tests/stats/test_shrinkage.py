"""Shrunken rates: where the short cut fails, and the grid posterior against a sampler.

Coverage and calibration at ordinary spreads are in the validation study.
"""

import numpy as np

from officer_assaults.stats.shrinkage import (
    empirical_bayes,
    empirical_bayes_limits,
    full_bayes,
)

UNITS = 43
NAMES = [f"force {i}" for i in range(UNITS)]


def exposures():
    return np.exp(np.random.default_rng(1).normal(7.8, 0.7, UNITS)).clip(700, 30_000)


def truth_and_counts(tau, rng):
    theta = 0.25 * np.exp(rng.normal(0, tau, UNITS))
    return theta, np.maximum(rng.poisson(theta * exposures()), 1)


def test_full_bayes_covers_where_empirical_bayes_falls_short():
    rng = np.random.default_rng(7)
    full, fast = [], []
    for seed in range(60):
        theta, y = truth_and_counts(0.01, rng)
        table = full_bayes(y, exposures(), NAMES, seed=seed, draws=800).table
        full.append(np.mean((table["lower"] <= theta) & (theta <= table["upper"])))
        lower, upper = empirical_bayes_limits(y, exposures())
        fast.append(np.mean((lower <= theta) & (theta <= upper)))
    # At tau of one per cent, tau-hat is 0 in half of the panels and the plug-in interval too short.
    assert np.mean(full) > 0.93
    assert np.mean(fast) < np.mean(full)


def test_shrinks_small_forces_most_and_never_past_the_mean():
    y, e = np.array([10, 1000, 2600, 400, 5000]), np.array([100.0, 4000, 9000, 1500, 20000])
    result = empirical_bayes(y, e, list("abcde"), seed=1)
    table = result.table
    pulled = (np.log(table["shrunk"]) - np.log(table["rate"])) / (result.mu - np.log(table["rate"]))
    assert pulled.between(0, 1).all()
    assert pulled.sort_values().index.tolist() == list("ecbda")
    spread = np.log(table["upper"] / table["lower"])
    assert (spread < 2 * 1.96 * np.sqrt(1 / table["count"]) + 1e-12).all()


def test_draws_agree_with_the_limits():
    rng = np.random.default_rng(2)
    _, y = truth_and_counts(0.25, rng)
    result = empirical_bayes(y, exposures(), NAMES, seed=3, draws=20_000)
    lower, upper = np.quantile(result.draws, [0.025, 0.975], axis=0)
    # A 2.5 % quantile of 20,000 normal draws has an error of .02 standard deviations.
    sd = np.log(result.table["upper"] / result.table["lower"]) / (2 * 1.96)
    assert np.all(np.abs(np.log(lower / result.table["lower"])) < 0.1 * sd)
    assert np.all(np.abs(np.log(upper / result.table["upper"])) < 0.1 * sd)
