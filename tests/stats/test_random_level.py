"""A random level by group against statsmodels' negative binomial and a known truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from officer_assaults.stats import glm, random_level
from officer_assaults.stats.standardise import standardised_ratio


def draw(groups, each, variance, seed=3):
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(groups), each)
    single, night = rng.integers(0, 2, (2, groups * each)).astype(float)
    hours = rng.uniform(50, 400, groups * each)
    level = rng.gamma(1 / variance, variance, groups)[place] if variance else 1.0
    rate = np.exp(-3 + 0.3 * single + 0.2 * night + 0.25 * single * night)
    y = rng.poisson(hours * rate * level)
    return pd.DataFrame(
        {
            "y": y,
            "single": single,
            "night": night,
            "hours": hours,
            "beat": place,
            "row": np.arange(len(y)),
        }
    )


def test_a_level_for_every_row_is_the_negative_binomial():
    rows = draw(400, 1, 0.4)
    ours = random_level.fit("y ~ single + night", rows, exposure="hours", level="row")
    x = sm.add_constant(rows[["single", "night"]])
    theirs = sm.NegativeBinomial(rows["y"], x, offset=np.log(rows["hours"])).fit(
        method="newton", start_params=[-3, 0.3, 0.2, 0.4], disp=False
    )
    np.testing.assert_allclose(ours.coefficients, theirs.params[:3], atol=1e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(ours.vcov)), theirs.bse[:3], rtol=1e-3)
    assert ours.variance == pytest.approx(theirs.params["alpha"], rel=1e-4)
    assert ours.statsmodels.llf == pytest.approx(theirs.llf, abs=1e-6)


def test_the_truth_is_found_within_groups():
    rows = draw(150, 12, 0.5)
    found = random_level.fit("y ~ single*night", rows, exposure="hours", level="beat")
    truth = {"single": 0.3, "night": 0.2, "single:night": 0.25}
    se = pd.Series(np.sqrt(np.diag(found.vcov)), found.coefficients.index)
    assert all(abs(found.coefficients[t] - value) < 4 * se[t] for t, value in truth.items())
    assert found.variance == pytest.approx(0.5, abs=0.2)
    table = found.table().set_index("term")
    assert list(table.index) == list(truth)
    assert "random level by beat (150 groups" in found.notes()[0]


def test_groups_that_do_not_differ_give_the_poisson_model():
    rows = draw(40, 4, 0)
    found = random_level.fit("y ~ single", rows, exposure="hours", level="beat")
    poisson = glm.fit("y ~ single", rows, exposure="hours", errors="model")
    assert found.variance < 0.02
    assert found.coefficients["single"] == pytest.approx(poisson.coefficients["single"], abs=0.01)


def test_a_standardised_ratio_is_the_coefficient_where_nothing_meets_the_arm():
    rows = draw(60, 10, 0.3)
    plain = glm.fit("y ~ single + night", rows, exposure="hours", cluster="beat")
    found, own = standardised_ratio(plain, rows, "single", "hours"), plain.contrast({"single": 1})
    for name in ("ratio", "lower", "upper", "p"):
        assert getattr(found, name) == pytest.approx(getattr(own, name), rel=1e-9)


def test_a_standardised_ratio_lies_between_those_of_its_strata():
    rows = draw(60, 10, 0.3)
    crossed = glm.fit("y ~ single*night", rows, exposure="hours", cluster="beat")
    found = standardised_ratio(crossed, rows, "single", "hours")
    b = crossed.coefficients
    hours = rows.groupby("night")["hours"].sum()
    base = np.exp(b["Intercept"] + b["night"] * hours.index.to_numpy()) * hours.to_numpy()
    ratios = np.exp(b["single"] + b["single:night"] * hours.index.to_numpy())
    assert found.ratio == pytest.approx((base * ratios).sum() / base.sum(), rel=1e-9)
    step, slopes = 1e-6, []
    for unit in np.eye(4):
        low, high = (
            _log_ratio(crossed, rows, b.to_numpy() + sign * step * unit) for sign in (-1, 1)
        )
        slopes.append((high - low) / (2 * step))
    se = np.sqrt(slopes @ crossed.vcov.to_numpy() @ slopes)
    # A central difference at this step is good to about seven digits.
    assert found.se == pytest.approx(se, rel=1e-5)


def _log_ratio(fit, rows, beta):
    totals = [
        (np.exp(fit.design(rows.assign(single=arm)).to_numpy() @ beta) * rows["hours"]).sum()
        for arm in (1.0, 0.0)
    ]
    return np.log(totals[0] / totals[1])
