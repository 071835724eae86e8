"""Panel fits and event studies against statsmodels, exact cases, and simulated truth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from officer_assaults.data import force_quarters, inspections
from officer_assaults.stats import event_simulation, event_study, panel
from officer_assaults.stats.event_study import UNKNOWN, EventPanel, Windows

UNITS, PERIODS = 14, 22


def _panel(counts, event):
    return EventPanel(
        units=tuple(f"u{i}" for i in range(len(counts))),
        periods=pd.date_range("2013-01-01", periods=counts.shape[1], freq="QS"),
        counts=counts,
        exposure=np.full(counts.shape, 50.0),
        usable=np.ones(counts.shape, dtype=bool),
        event=event,
        earliest=event,
    )


@pytest.fixture(scope="module")
def dates():
    return np.array([9, 9, 9, 11, 11, 11, 13, 13, 25, 25, 25, 25, 26, 26])


@pytest.fixture(scope="module")
def real():
    """Real dates, officers and counts by quarter to March 2020."""
    held = force_quarters.force_quarters()
    rows = held.usable("no_injury")
    rows = rows[rows["quarter"].between("2013-04-01", "2020-01-01")]
    return event_study.event_panel(
        rows, inspections.dates(), unit="force", period="quarter", count="count",
        exposure="officers",
    )  # fmt: skip


def test_fits_with_weights_gaps_and_covariates_are_those_of_statsmodels():
    rng = np.random.default_rng(3)
    exposure = rng.uniform(500, 5000, (UNITS, 1)) * np.ones((1, PERIODS))
    x = rng.normal(size=(2, UNITS, PERIODS))
    cells = rng.uniform(size=(UNITS, PERIODS)) < 0.8
    rate = np.exp(rng.normal(size=(UNITS, 1)) * 0.3 + rng.normal(size=PERIODS) * 0.1 + 0.3 * x[0])
    counts = rng.poisson(0.02 * exposure * rate).astype(float)
    found = panel.fit_two_way(counts, exposure, cells, panel.left_out_weights(UNITS), x)
    unit, period = np.where(cells)
    dummies = np.column_stack(
        [np.eye(UNITS)[unit], np.eye(PERIODS)[period][:, 1:], x[0][cells], x[1][cells]]
    )
    for fit, kept in ((0, unit >= 0), (5, unit != 4)):
        design = np.delete(dummies, 4, axis=1) if fit else dummies
        told = sm.GLM(
            counts[cells][kept],
            design[kept],
            family=sm.families.Poisson(),
            offset=np.log(exposure[cells][kept]),
        ).fit(tol=1e-12)
        assert found.slopes[fit] == pytest.approx(told.params[-2:], abs=1e-7)
        assert found.expected(exposure, x)[fit][cells][kept] == pytest.approx(
            told.fittedvalues, rel=1e-6
        )


def test_without_noise_imputation_and_stacks_give_the_effect_of_each_unit(dates):
    rng = np.random.default_rng(1)
    unit, period = rng.uniform(1, 3, (UNITS, 1)), rng.uniform(0.8, 1.2, (1, PERIODS))
    study = _panel(1e6 * unit * period, dates)
    effect = event_study.event_time(dates, PERIODS) >= 1
    size = np.linspace(0.5, 0.1, UNITS)[:, None]
    study = replace(study, counts=study.counts * np.exp(effect * size))
    found = event_study.impute(study)
    reached = found.eligible
    assert reached.tolist() == [date < 20 for date in dates]
    assert found.ratios[0, reached] == pytest.approx(size[reached, 0], abs=1e-9)
    assert found.effect().value == pytest.approx(size[reached].mean(), abs=1e-9)
    assert event_study.stacked(study).value == pytest.approx(size[reached].mean(), abs=1e-9)
    assert found.slope(size[:, 0]).value == pytest.approx(1.0, abs=1e-8)
    assert event_study.leads(found, -6)[0]["estimate"].abs().max() < 1e-8


def test_a_unit_without_a_date_is_a_control_before_it_can_have_been_reached(dates):
    study = _panel(np.full((UNITS, PERIODS), 40.0), dates)
    event, earliest = dates.copy(), dates.copy()
    event[3], earliest[3] = UNKNOWN, 10
    found = event_study.cells(study.usable, event[None], earliest[None], Windows())
    assert found.untreated[0, 3].sum() == 8
    assert not found.after[0, 3].any()


def test_the_jackknife_is_that_of_a_mean():
    values = np.array([3.0, 5.0, 4.0, 8.0])
    left = [np.delete(values, i).mean() for i in range(4)]
    held = panel.jackknife(np.array([values.mean(), *left]))
    assert held.se == pytest.approx(values.std(ddof=1) / 2)


def test_the_leading_interval_covers_and_the_two_way_model_does_not(real):
    windows = Windows()
    noise = event_simulation.calibrate(real, windows, seed=1)
    effect = event_simulation.growing_effect(real, 0.6, 0.0)
    table = event_simulation.recovery(real, {"all": windows}, noise, effect, 300, seed=7)
    rows = table.set_index("estimator")
    leading, two_way = rows.loc["imputation, all"], rows.loc["two-way model"]
    assert 0.93 <= leading["coverage"] <= 0.97
    assert abs(leading["bias"]) < 0.01
    assert two_way["bias"] < -0.08
    assert two_way["coverage"] < 0.6


def test_permuted_dates_reject_at_their_level(real):
    windows = Windows()
    noise = event_simulation.calibrate(real, windows, seed=1)
    size = event_simulation.permutation_size(real, windows, noise, 300, 99, seed=3)
    assert 0.03 <= size <= 0.07
