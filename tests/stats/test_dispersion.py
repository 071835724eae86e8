"""Dispersion against its formula, statsmodels, and simulations of known truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats

from officer_assaults.stats.dispersion import (
    quarterly_dispersion,
    victims_per_incident_phi,
)

LIMITS = ("lower", "upper")


@pytest.mark.parametrize(("share", "phi"), [(0, 1.0), (0.25, 1.40), (0.40, 1.57), (1, 2.0)])
def test_two_victims_an_incident(share, phi):
    assert victims_per_incident_phi(share) == pytest.approx(phi, abs=5e-3)


def quarters(counts, start="2012-04-01"):
    """Tidy quarterly frame of one force or several; ``counts`` maps names to values."""
    frames = []
    for force, values in counts.items():
        first = pd.date_range(start, periods=len(values), freq="QS-APR")
        year = first.year - (first.month < 4)
        frames.append(
            pd.DataFrame(
                {
                    "force": force,
                    "quarter_start": first,
                    "financial_year": [f"{y}/{(y + 1) % 100:02d}" for y in year],
                    "quarter": (first.month - 4) % 12 // 3 + 1,
                    "offences": values,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize(
    ("trend", "formula"),
    [
        ("year", "offences ~ C(financial_year) + C(quarter)"),
        ("cubic", "offences ~ t + I(t**2) + I(t**3) + C(quarter)"),
    ],
)
def test_equals_the_statsmodels_fit_of_the_stated_model(trend, formula):
    rng = np.random.default_rng(6)
    frame = quarters({"kent": rng.poisson(200 + 5 * np.arange(44))})
    fit = smf.glm(formula, frame.assign(t=np.arange(44) / 44), family=sm.families.Poisson()).fit()
    result = quarterly_dispersion(frame, trend=trend)
    row = result.frame.iloc[0]
    assert row["phi"] == pytest.approx(fit.pearson_chi2 / fit.df_resid, rel=1e-6)
    assert row["df"] == fit.df_resid
    tails = [stats.chi2.sf(fit.pearson_chi2 / row[limit], fit.df_resid) for limit in LIMITS]
    assert tails == pytest.approx([0.025, 0.975], rel=1e-5)
    lag = sm.tsa.acf(fit.resid_pearson, nlags=1)[1]
    assert row["lag1"] == pytest.approx(lag, abs=1e-6)
    assert (result.quarters, str(result.first.date()), str(result.last.date())) == (
        44,
        "2012-04-01",
        "2023-01-01",
    )


@pytest.mark.parametrize("phi", [1.0, 1.5])
def test_finds_the_dispersion_it_was_given(phi):
    """Pairs of victims give phi whatever the trend; the interval covers it."""
    rng = np.random.default_rng(8)
    share = (phi - 1) / (3 - phi)
    season = np.tile([0.05, 0.0, -0.1, 0.05], 11)
    level = np.repeat(rng.normal(0, 0.2, 11), 4)
    incidents = rng.poisson(150 * np.exp(level + season), (150, 44))
    victims = incidents + rng.binomial(incidents, share)
    frame = quarters({f"force-{i}": row for i, row in enumerate(victims)})
    result = quarterly_dispersion(frame, trend="year")
    # 150 forces with 30 residual degrees of freedom each: standard error 0.02 phi.
    assert result.frame["phi"].mean() == pytest.approx(phi, rel=0.06)
    covered = ((result.frame["lower"] <= phi) & (phi <= result.frame["upper"])).mean()
    assert covered == pytest.approx(0.95, abs=0.055)
    # Movement between years is left in the residuals of a cubic, and only there.
    assert quarterly_dispersion(frame).quantiles([0.5])[0] > 1.5 * phi


def test_forces_that_cannot_be_used_are_named_with_the_reason():
    rng = np.random.default_rng(1)
    good = rng.poisson(100, 40)
    frame = quarters({"kent": good, "dorset": np.r_[good[:39], 0], "city": np.r_[-2, good[1:]]})
    result = quarterly_dispersion(frame)
    assert result.frame["force"].tolist() == ["kent"]
    assert dict(zip(result.left_out["force"], result.left_out["reason"], strict=True)) == {
        "dorset": "a quarter with 0 recorded",
        "city": "a quarter with -2 recorded",
    }
    assert result.of("kent") == result.frame["phi"].iloc[0]
    with pytest.raises(ValueError, match="dorset: a quarter with 0 recorded"):
        result.of("dorset")


good = quarters({"kent": np.full(20, 50), "essex": np.full(20, 60)})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quarterly_dispersion(pd.concat([good, good.head(1)])), "more than once"),
        (lambda: quarterly_dispersion(good.drop(index=3)), "quarters are missing for kent"),
        (lambda: quarterly_dispersion(good.drop(index=[3, 23])), "without a gap"),
        (lambda: quarterly_dispersion(good[good["quarter_start"] < "2014-07-01"]), "too few"),
        (lambda: quarterly_dispersion(good, trend="linear"), "trend must be one of"),
        (lambda: quarterly_dispersion(good, least=0), "least must be 1 or more"),
        (lambda: victims_per_incident_phi(1.2), "0 to 1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
