"""Forecasts scored on the real forces, on simulated ones, and against closed forms."""

import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from officer_assaults.data import histories
from officer_assaults.stats import forecast
from officer_assaults.stats.forecast import (
    COUNTING,
    LAST_COUNT,
    LEAST_YEARS,
    LOCAL_LEVEL,
    NEGATIVE_BINOMIAL,
    RANDOM_WALK,
    SEASONAL_NAIVE,
    Panel,
    assumed_coverage,
    crps,
    fit_growth,
    make_panel,
    next_count_interval,
    random_walk,
    rolling_scores,
    segment_starts,
    skill,
    summarise_scores,
    what_if,
)

FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
DRAWS = 4_000 if FULL else 800
# Wanted of 95 % intervals on the real forces.
COVER_LOW, COVER_HIGH = 0.90, 0.98


def real_panel(codes):
    known = histories.history(codes)
    return make_panel(known.frame, segment_starts(known.breaks, codes))


@pytest.fixture(scope="module")
def long_series():
    return real_panel(("104",))


@pytest.fixture(scope="module")
def scores(long_series):
    methods = forecast.METHODS if FULL else tuple(m for m in forecast.METHODS if m != LOCAL_LEVEL)
    return rolling_scores(long_series, horizons=(1, 2), methods=methods, draws=DRAWS)


def summary_at(scores, horizon):
    found = summarise_scores(scores)
    return found[found["horizon"] == horizon].set_index("method")


def test_intervals_cover_next_year_on_the_real_forces(scores, long_series):
    found = summary_at(scores, 1).loc[RANDOM_WALK]
    assert found["forecasts"] > 250
    assert found["origins"] == len(long_series.years) - LEAST_YEARS - 1
    assert COVER_LOW <= found["coverage"] <= COVER_HIGH
    # Two years ahead it is at the edge of the band, so the interval has to reach it.
    further = summary_at(scores, 2).loc[RANDOM_WALK]
    assert further["upper"] >= COVER_LOW
    assert further["coverage"] <= COVER_HIGH


def test_combined_series_covers_too():
    panel = real_panel(("104", "8S"))
    scores = rolling_scores(panel, methods=(RANDOM_WALK,), draws=DRAWS)
    found = summarise_scores(scores).iloc[0]
    # Few origins: the Wilson interval of the coverage must reach into the wanted band.
    assert found["lower"] <= COVER_HIGH
    assert found["upper"] >= COVER_LOW
    assert found["origins"] == len(panel.years) - LEAST_YEARS - 1


@pytest.mark.parametrize("horizon", [1, 2])
def test_counting_error_alone_fails_and_the_baseline_is_beaten(scores, horizon):
    found = summary_at(scores, horizon)
    assert found.loc[LAST_COUNT, "upper"] < 0.5
    assert found.loc[COUNTING, "upper"] < 0.6
    assert found.loc[NEGATIVE_BINOMIAL, "upper"] < 0.85
    for score in ("interval_score", "crps"):
        best = found.loc[RANDOM_WALK, score]
        assert best < found.loc[SEASONAL_NAIVE, score]
        assert best < found[score].drop(RANDOM_WALK).min()


def test_skill_counts_origins_not_forecasts(scores):
    one_year = scores[scores["horizon"] == 1]
    found = skill(one_year)
    assert found.ratio < 1
    assert found.origins == one_year["origin"].nunique() > 5
    assert found.lower < found.ratio < found.upper
    itself = skill(one_year.assign(method=one_year["method"].replace(SEASONAL_NAIVE, "x")),
                   baseline=RANDOM_WALK)  # fmt: skip
    assert (itself.ratio, itself.lower, itself.upper) == (1.0, 1.0, 1.0)
    doubled = pd.concat([one_year, one_year])
    assert skill(doubled).upper == pytest.approx(found.upper)


@pytest.mark.parametrize(("tau", "expected"), [(0.05, 0.67), (0.10, 0.45), (0.15, 0.32)])
def test_poisson_limits_fail_by_as_much_as_rates_move(tau, expected):
    found = assumed_coverage(900, tau)
    # The reference figures come from a simulation at a similar count.
    assert found[LAST_COUNT] == pytest.approx(expected, abs=0.015)
    assert found["with between-year movement"] == pytest.approx(0.95, abs=0.006)
    z = 1.959964 * (2 / 900) ** 0.5 / (tau**2 + 2 / 900) ** 0.5
    assert found[COUNTING] == pytest.approx(2 * stats.norm.cdf(z) - 1, abs=0.015)


@pytest.mark.parametrize(
    ("tau", "lower", "upper"), [(0.0, 971, 1151), (0.10, 854, 1309), (0.15, 778, 1436)]
)
def test_next_count_interval_in_closed_form(tau, lower, upper):
    found = next_count_interval(1057, tau)
    assert (round(found.lower), round(found.upper)) == (lower, upper)


def test_growth_model_finds_what_made_the_counts():
    drift, own, common, years = 0.08, 0.12, 0.10, 60
    panel = simulated_panel(drift, own, common, units=40, years=years, seed=2)
    model = fit_growth(panel)
    # Three standard errors: sd/sqrt(n) for the mean, sd/sqrt(2n) for the spreads.
    assert model.drift == pytest.approx(drift, abs=3 * common / years**0.5)
    assert model.tau_common == pytest.approx(common, abs=3 * common / (2 * years) ** 0.5)
    assert model.tau_unit == pytest.approx(own, abs=3 * own / (2 * 40 * years) ** 0.5)
    assert model.drift_se == pytest.approx(common / years**0.5, rel=0.3)


def test_total_keeps_the_movement_that_units_share():
    panel = simulated_panel(0.05, 0.02, 0.15, units=40, years=30, seed=3)
    future = random_walk(panel, 1, draws=4_000)
    one = np.log(future.draws[:, 0]).std(axis=1).mean()
    together = np.log(future.total("all").draws[0, 0]).std()
    assert together > 0.85 * one
    model = fit_growth(panel)
    assert together == pytest.approx(model.tau_common, rel=0.25)


def test_forecast_does_not_learn_or_score_across_a_break():
    panel = simulated_panel(0.05, 0.05, 0.02, units=10, years=12, seed=4)
    quarters = panel.quarters.copy()
    quarters[0, 6:] *= 10
    rows = long_rows(quarters)
    mark = pd.DataFrame({"force": ["f0"], "year": [2006]})
    marked, unmarked = make_panel(rows, mark), make_panel(rows)
    clean = fit_growth(Panel(panel.units[1:], panel.years, panel.quarters[1:], panel.segment[1:]))
    assert fit_growth(marked).tau_unit == pytest.approx(clean.tau_unit, rel=0.1)
    assert fit_growth(unmarked).tau_unit > 2 * clean.tau_unit
    scored = rolling_scores(marked, horizons=(1, 2), methods=(RANDOM_WALK,), draws=100)
    mine = scored[scored["unit"] == "f0"]
    across = (mine["origin"] < 2006) & (mine["origin"] + mine["horizon"] >= 2006)
    assert not across.any()
    assert (mine["origin"] >= 2006).any()


def test_a_forecast_uses_nothing_after_its_origin(long_series):
    known = long_series.until(2018)
    altered = long_series.quarters.copy()
    altered[:, long_series.years.index(2019) :] *= 7
    future = Panel(long_series.units, long_series.years, altered, long_series.segment)
    one = random_walk(known, 2, draws=50).draws
    other = random_walk(future.until(2018), 2, draws=50).draws
    np.testing.assert_array_equal(one, other)


def test_breaks_become_segment_starts():
    decided = pd.DataFrame(
        {
            "force": ["a", "a", "b", "c", "d"],
            "offence_code": ["104", "8S", "8S", "8S", "104"],
            "from": pd.to_datetime(
                ["2019-01-01", "2019-07-01", "2020-04-01", "2023-01-01", "2021-04-01"]
            ),
            "to": pd.to_datetime(["2020-03-31", None, None, None, None]),
            "kind": ["gap", "gap", "step", "step", "step"],
        }
    )
    found = segment_starts(decided, ["104", "8S"])
    assert list(found.itertuples(index=False, name=None)) == [
        ("a", 2018),
        ("a", 2020),
        ("a", 2019),
        ("b", 2020),
        ("c", 2022),
        ("c", 2023),
        ("d", 2021),
    ]
    assert segment_starts(decided, ["104"])["force"].tolist() == ["a", "a", "d"]


def test_panel_refuses_repeats_gaps_and_unknown_units_and_drops_negative_quarters():
    rows = long_rows(np.full((2, 3, 4), 20.0))
    with pytest.raises(ValueError, match="more than one row"):
        make_panel(pd.concat([rows, rows.head(1)]))
    with pytest.raises(ValueError, match="are missing"):
        make_panel(rows[rows["year"] != 2001])
    with pytest.raises(ValueError, match="'nowhere'"):
        make_panel(rows, pd.DataFrame({"force": ["nowhere"], "year": [2001]}))
    rows.loc[0, "count"] = -2
    annual = make_panel(rows).annual
    assert np.isnan(annual[0, 0])
    assert np.isfinite(annual).sum() == 5


def test_crps_of_a_normal_sample_meets_its_closed_form():
    rng = np.random.default_rng(1)
    draws = rng.standard_normal((3, 40_000))
    y = np.array([-1.0, 0.0, 2.0])
    exact = y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / np.sqrt(np.pi)
    np.testing.assert_allclose(crps(draws, y), exact, atol=0.01)
    assert crps([[3.0, 3.0]], [5.0])[0] == pytest.approx(2.0)


def test_interval_score_counts_width_and_misses():
    draws = np.tile(np.linspace(90, 110, 201), (3, 1))
    found = forecast._scores(np.array([100.0, 130.0, 80.0]), draws, alpha=0.5)
    low, high = np.log1p(found["lower"][0]), np.log1p(found["upper"][0])
    assert found["covered"].tolist() == [True, False, False]
    assert found["interval_score"][0] == pytest.approx(high - low)
    assert found["interval_score"][1] == pytest.approx(high - low + 4 * (np.log1p(130) - high))


def test_what_if_carries_both_uncertainties_and_leaves_the_rest_alone():
    present = np.random.default_rng(5).normal(1000, 100, 20_000)
    none = what_if(present, 0.2, 0.0, reach=0.5)
    assert none.policy_median == pytest.approx(0.9 * none.present_median, rel=1e-6)
    sure = what_if(present, 0.2, 0.0)
    wide = what_if(present, 0.2, 0.1, df=11)
    assert wide.policy_median / wide.present_median == pytest.approx(0.8, rel=0.01)
    # The half-width is one of a 95 % interval, so the difference gets that interval back.
    half = (wide.difference.upper - wide.difference.lower) / 2
    alone = (sure.difference.upper - sure.difference.lower) / 2
    assert half == pytest.approx(np.hypot(100.0, alone), rel=0.05)
    with pytest.raises(ValueError, match="reach"):
        what_if(present, 0.0, 0.1, reach=1.2)


def test_too_short_a_history_and_small_units_are_not_forecast():
    panel = simulated_panel(0.05, 0.05, 0.05, units=5, years=3, seed=6)
    with pytest.raises(ValueError, match="3 years of growth"):
        random_walk(panel, 1)
    long = simulated_panel(0.05, 0.05, 0.05, units=5, years=8, seed=6)
    quarters = long.quarters.copy()
    quarters[2, -1] = 1.0
    future = random_walk(Panel(long.units, long.years, quarters, long.segment), 1, draws=50)
    assert future.known.tolist() == [True, True, False, True, True]
    assert future.total("all").draws.shape == (1, 1, 50)
    with pytest.raises(ValueError, match="cannot be forecast"):
        future.of("f2")
    with pytest.raises(ValueError, match="no unit is called"):
        future.of("f9")


def test_table_of_intervals_is_nested():
    panel = simulated_panel(0.05, 0.05, 0.05, units=3, years=8, seed=7)
    table = random_walk(panel, 2).table().query("unit == 'f1' and year == 2008")
    assert table["lower"].is_monotonic_decreasing
    assert table["upper"].is_monotonic_increasing
    assert table["median"].max() == table["median"].min()


def simulated_panel(drift, own, common, *, units, years, seed):
    rng = np.random.default_rng(seed)
    steps = drift + common * rng.standard_normal(years) + own * rng.standard_normal((units, years))
    mean = 2000 * np.exp(np.cumsum(steps, axis=1))
    quarters = rng.poisson(np.repeat(mean[:, :, None] / 4, 4, axis=2)).astype(float)
    return make_panel(long_rows(quarters))


def long_rows(quarters):
    units, years, _ = quarters.shape
    index = pd.MultiIndex.from_product(
        [[f"f{i}" for i in range(units)], range(2000, 2000 + years), range(1, 5)],
        names=["force", "year", "quarter"],
    )
    return pd.DataFrame({"count": quarters.ravel()}, index=index).reset_index()
