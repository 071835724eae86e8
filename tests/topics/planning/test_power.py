"""Power of crewing trials: tests of size, power, dilution and the analysis itself."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.stats.rates import power_poisson_ratio_2indep

from officer_assaults.refusals import Refusal
from officer_assaults.topics.planning import power, trials
from officer_assaults.topics.planning.power import (
    TrialSetting,
    allocations,
    policy_ratio,
    sample_size,
    setting_from_cells,
    setting_or_assumed,
    trial_power,
    unequal_shares,
)

FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
RUNS = 10_000 if FULL else 2_000
# Monte-Carlo standard errors allowed between two simulated powers; seeds are fixed, so two suffice.
SIGMAS = 2.0
# The powers of the planning table were simulated too, with about 500 runs.
REFERENCE_RUNS = 500
# Size band wanted of the permutation test at 5 %.
SIZE_LOW, SIZE_HIGH = 0.035, 0.065
# Iterative scaling against the library's IRLS: both converge far below this.
AGREEMENT = 1e-6

FORCE = TrialSetting(unequal_shares(12, 0.6), events_per_month=75, months=12)


def months_of(design):
    return 13 if design == "stepped wedge" else 12


def run(design, ratio, **changes):
    setting = replace(FORCE, months=months_of(design), **changes)
    return trial_power(setting, design, ratio, runs=RUNS)


def within(found, expected):
    variance = expected * (1 - expected) * (1 / RUNS + 1 / REFERENCE_RUNS)
    return abs(found - expected) <= SIGMAS * variance**0.5


@pytest.mark.parametrize(
    ("design", "ratio", "test", "expected"),
    [
        ("cluster crossover", 0.8, "permutation", 0.78),
        ("cluster crossover", 0.8, "cluster z", 0.84),
        ("cluster crossover", 0.7, "cluster z", 0.99),
        ("stepped wedge", 0.8, "permutation", 0.41),
        ("stepped wedge", 0.7, "permutation", 0.75),
        ("parallel", 0.8, "permutation", 0.14),
    ],
)
def test_power_agrees_with_the_planning_table(design, ratio, test, expected):
    found = run(design, ratio).power(test)
    assert within(found, expected), f"{found:.3f} against {expected}"


@pytest.mark.parametrize("design", power.DESIGNS)
def test_permutation_keeps_its_size_where_the_usual_analysis_does_not(design):
    found = run(design, 1.0)
    assert SIZE_LOW <= found.power("permutation") <= SIZE_HIGH
    # Normal quantiles with twelve clusters reject about one null trial in ten.
    assert found.monte_carlo_interval("cluster z").lower > 0.06


@pytest.mark.parametrize("washout", [False, True])
def test_permutation_keeps_its_size_with_carry_over(washout):
    found = run("cluster crossover", 1.0, carry_over_weeks=1.0, washout=washout)
    assert SIZE_LOW <= found.power("permutation") <= SIZE_HIGH


def test_carry_over_pulls_the_ratio_to_one_and_a_washout_undoes_it_at_a_price():
    plain = run("cluster crossover", 0.7)
    carried = run("cluster crossover", 0.7, carry_over_weeks=2.0)
    washed = run("cluster crossover", 0.7, carry_over_weeks=2.0, washout=True)
    error = 4 * plain.sd_log_ratio / RUNS**0.5
    assert abs(np.log(plain.mean_ratio / 0.7)) < error
    assert abs(np.log(washed.mean_ratio / 0.7)) < 2 * error
    assert np.log(carried.mean_ratio / 0.7) > 0.05
    assert washed.events < carried.events
    assert washed.sd_log_ratio > plain.sd_log_ratio


def test_one_fit_equals_the_library():
    rng = np.random.default_rng(5)
    policy = allocations("cluster crossover", 12, 12, 1, rng)[0].astype(float)
    exposure = rng.uniform(0.5, 2.0, (12, 12))
    y = rng.poisson(6 * exposure * 0.8**policy).astype(float)
    beta, se = trials._two_way(y[None], policy[None], exposure[None])
    frame = pd.DataFrame(
        {
            "y": y.ravel(),
            "policy": policy.ravel(),
            "area": np.repeat(np.arange(12), 12),
            "month": np.tile(np.arange(12), 12),
        }
    )
    fit = smf.glm(
        "y ~ policy + C(area) + C(month)",
        frame,
        family=sm.families.Poisson(),
        offset=np.log(exposure.ravel()),
    ).fit(
        cov_type="cluster", cov_kwds={"groups": frame["area"], "use_correction": False}, tol=1e-12
    )
    assert beta[0] == pytest.approx(fit.params["policy"], abs=AGREEMENT)
    assert se[0] == pytest.approx(fit.bse["policy"] * (12 / 11) ** 0.5, abs=AGREEMENT)


def test_parallel_arms_equal_the_library():
    rng = np.random.default_rng(6)
    policy = allocations("parallel", 12, 4, 924, rng)[17].astype(float)
    exposure = rng.uniform(0.5, 2.0, (12, 4))
    y = rng.poisson(9 * exposure * 0.8**policy).astype(float)
    beta, se = trials._two_arms(y[None], policy[None], exposure[None])
    fit = sm.GLM(
        y.ravel(),
        sm.add_constant(policy.ravel()),
        family=sm.families.Poisson(),
        offset=np.log(exposure.ravel()),
    ).fit(
        cov_type="cluster",
        cov_kwds={"groups": np.repeat(np.arange(12), 4), "use_correction": False},
        tol=1e-12,
    )
    assert beta[0] == pytest.approx(fit.params[1], abs=AGREEMENT)
    assert se[0] == pytest.approx(fit.bse[1] * (12 / 11) ** 0.5, abs=AGREEMENT)


def test_randomisation_lists_hold_what_their_design_promises():
    rng = np.random.default_rng(1)
    crossover = allocations("cluster crossover", 12, 13, 50, rng)
    assert (crossover.sum(axis=2) == 6).all()
    wedge = allocations("stepped wedge", 12, 13, 50, rng)
    assert not wedge[:, :, 0].any()
    assert wedge[:, :, -1].all()
    assert (np.diff(wedge.astype(int), axis=2) >= 0).all()
    assert (wedge.sum(axis=1) == np.arange(13)).all()
    parallel = allocations("parallel", 12, 2, 924, rng)
    assert len({row.tobytes() for row in parallel}) == 924
    assert (parallel[:, :, 0].sum(axis=1) == 6).all()
    with pytest.raises(ValueError, match="design must be one of"):
        allocations("staircase", 12, 12, 5, rng)


def test_permutation_p_is_exact_on_a_trial_small_enough_to_count():
    listed = allocations("parallel", 4, 1, 6, np.random.default_rng(0)).astype(float)
    counts = np.array([[[10.0], [9.0], [1.0], [2.0]]])
    drawn = listed[:, :, 0].tolist().index([1.0, 1.0, 0.0, 0.0])
    residual = trials._null_residual(counts, np.ones_like(counts), switches=False)
    scores = residual.reshape(1, -1) @ listed.reshape(len(listed), -1).T
    p, centred = trials._list_p(scores, np.array([drawn]))
    assert p == pytest.approx(2 / 6)
    assert centred == pytest.approx(19 - 11)


@pytest.mark.parametrize(
    ("before", "after", "ratio", "expected"),
    [(0.425, 0.85, 1.4, 1.06 / 1.23), (0.0, 1.0, 1.4, 1 / 1.4), (0.3, 0.3, 2.0, 1.0)],
)
def test_a_policy_dilutes_the_effect_of_crewing(before, after, ratio, expected):
    assert policy_ratio(ratio, before, after) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ratio", "shifts", "years"),
    [
        (0.9, 507_200, 3.3),
        (0.8, 120_500, 0.79),
        (0.75, 75_200, 0.49),
        (0.7, 50_900, 0.33),
        (0.6, 27_300, 0.18),
    ],
)
def test_sample_sizes_agree_with_the_planning_table_and_the_library(ratio, shifts, years):
    size = sample_size(ratio)
    # The table prints hundreds of shifts and two figures of the years.
    assert size["officer_shifts_per_arm"] == pytest.approx(shifts, abs=60)
    assert size["years_of_patrol"] == pytest.approx(years, rel=0.02)
    per_shift = 0.327 / 1000 * 9
    # The library's approximation run the other way; it adds the farther tail, about 1e-6.
    reached = power_poisson_ratio_2indep(
        per_shift * ratio,
        per_shift,
        nobs1=size["officer_shifts_per_arm"],
        value=1,
        alpha=0.05,
        alternative="two-sided",
        return_results=False,
    )
    assert reached == pytest.approx(0.8, abs=1e-4)


def test_setting_read_off_past_records_finds_what_made_them():
    rng = np.random.default_rng(3)
    areas, months, month_sd, area_sd = 40, 48, 0.2, 0.3
    hours = rng.uniform(500, 4000, (areas, 1)) * np.ones((areas, months))
    rate = np.exp(area_sd * rng.standard_normal((areas, 1)))
    rate = rate * np.exp(month_sd * rng.standard_normal((areas, months)))
    y = rng.poisson(0.02 * hours * rate)
    index = pd.MultiIndex.from_product([range(areas), range(months)], names=["lpa", "period_start"])
    cells = pd.DataFrame({"y": y.ravel(), "officer_hours": hours.ravel()}, index=index)
    halves = pd.concat([cells / 2, cells / 2]).reset_index()
    setting = setting_from_cells(halves, months=12)
    # About three standard errors at these sizes.
    assert setting.month_sd == pytest.approx(month_sd, abs=0.02)
    assert setting.area_sd == pytest.approx(area_sd, abs=0.11)
    assert setting.events_per_month == pytest.approx(y.sum() / months)
    assert setting.areas == areas


def test_joining_forces_adds_areas_and_a_washout_only_where_wanted():
    one = power.assumed_setting()
    joined = power.joined_trials(one, most_forces=3, carry_over_weeks=1.0)
    assert [trial.areas for trial in joined.values()] == [12, 24, 36]
    assert joined[3].events_per_month == pytest.approx(3 * one.events_per_month)
    assert sum(joined[3].event_shares) == pytest.approx(1)
    assert joined[1].washout
    assert not power.joined_trials(one, carry_over_weeks=0.0)[1].washout


def test_design_grid_holds_every_design_ratio_and_test_once():
    grid = power.design_grid(power.assumed_setting(), ratios=(1.0, 0.8), runs=100)
    assert len(grid) == 3 * 2 * 3
    assert not grid.duplicated(["design", "ratio", "test"]).any()
    months = grid.groupby("design")["months"].unique().map(list).to_dict()
    assert months == {"cluster crossover": [12], "stepped wedge": [13], "parallel": [12]}
    assert ((grid["lower"] <= grid["power"]) & (grid["power"] <= grid["upper"])).all()


def test_quarters_are_read_as_three_months():
    rng = np.random.default_rng(8)
    starts = pd.to_datetime(["2018-04-01", "2018-07-01", "2018-10-01", "2019-01-01"])
    index = pd.MultiIndex.from_product([range(12), starts], names=["lpa", "period_start"])
    cells = pd.DataFrame({"y": rng.poisson(20, 48), "officer_hours": 1000.0}, index=index)
    setting = setting_from_cells(cells.reset_index(), months=12)
    assert setting.events_per_month == pytest.approx(cells["y"].sum() / 12)


@pytest.mark.parametrize(
    "change",
    [
        lambda cells: cells[cells["period_start"] < 3],
        lambda cells: cells[(cells["lpa"] > 0) | (cells["period_start"] > 0)],
        lambda cells: cells.assign(y=cells["y"].where(cells["lpa"] != 1, 0)),
        lambda cells: cells[cells["lpa"] == 0],
    ],
)
def test_cells_too_sparse_to_plan_on_are_refused(change):
    index = pd.MultiIndex.from_product([range(3), range(6)], names=["lpa", "period_start"])
    cells = pd.DataFrame({"y": 5, "officer_hours": 100.0}, index=index).reset_index()
    setting_from_cells(cells, months=12)
    with pytest.raises(Refusal) as refused:
        setting_from_cells(change(cells), months=12)
    assert refused.value.codes == ("E114",)


def test_plan_takes_the_shortest_trial_that_reaches_the_target():
    settings = power.joined_trials(power.assumed_setting(), carry_over_weeks=0.0)
    assert settings[1] == power.assumed_setting()
    shares = {"crew_ratio": 1.4, "share_before": 0.425, "share_after": 0.85}
    ratio = policy_ratio(1.4, 0.425, 0.85)
    grid = power.length_grid(settings, ratio=ratio, months=(12, 24, 36), runs=300)
    plan = power.plan_trial(grid, settings, **shares)
    chosen = grid[(grid["forces"] == plan.forces) & (grid["months"] == plan.setting.months)]
    enough = grid[grid["power"] >= 0.8]
    assert plan.power == chosen["power"].iloc[0] >= 0.8
    assert plan.setting.months == enough["months"].min()
    alone = power.plan_trial(grid[grid["forces"] == 1], settings, **shares)
    assert (alone.forces, alone.setting.areas) == (1, 12)
    assert alone.setting.months > plan.setting.months
    assert plan.reaches_target
    assert plan.events == pytest.approx(
        plan.setting.events_per_month * plan.setting.months * (1 + ratio) / 2
    )
    one_force = grid[grid["forces"] == 1]
    short = power.plan_trial(one_force, settings, **shares, target=0.999)
    assert short.power == one_force["power"].max()
    assert not short.reaches_target
    with pytest.raises(ValueError, match="was made for a ratio"):
        power.plan_trial(grid, settings, crew_ratio=1.8, share_before=0.4, share_after=0.9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"event_shares": (0.5, 0.6)}, "sum to 1"),
        ({"event_shares": (1.0,)}, "two or more"),
        ({"events_per_month": 0.0}, "events_per_month"),
        ({"month_sd": -0.1}, "month_sd"),
        ({"carry_over_weeks": 5.0}, "carry_over_weeks"),
        ({"washout": True}, "washout"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(FORCE, **changes)


def test_power_repeats_from_its_seed_and_rises_with_the_effect():
    one = trial_power(FORCE, "cluster crossover", 0.8, runs=300, seed=1)
    again = trial_power(FORCE, "cluster crossover", 0.8, runs=300, seed=1)
    other = trial_power(FORCE, "cluster crossover", 0.8, runs=300, seed=2)
    assert one == again
    assert one != other
    powers = [trial_power(FORCE, "stepped wedge", r, runs=300).power() for r in (1, 0.8, 0.6)]
    assert powers == sorted(powers)


def test_records_too_short_for_a_setting_give_the_assumed_one_and_say_why():
    rows = pd.DataFrame(
        [
            {"lpa": lpa, "period_start": month, "y": 5 + lpa, "officer_hours": 1000.0}
            for lpa in range(3)
            for month in pd.date_range("2023-04-01", periods=6, freq="MS")
        ]
    )
    read, why = setting_or_assumed(rows, months=9)
    assert (read, why) == (setting_from_cells(rows, months=9), "")
    assumed, why = setting_or_assumed(rows[rows["period_start"] == "2023-04-01"], months=9)
    assert assumed == power.assumed_setting(9)
    assert why.startswith("E114")
