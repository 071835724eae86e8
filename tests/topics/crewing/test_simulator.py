"""The simulated force: deterministic, layered, and true to what it says of itself."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from crewing_runs import SEED, runs

from officer_assaults.data import readers
from officer_assaults.refusals import Problems
from officer_assaults.topics.crewing.data import checks
from officer_assaults.topics.crewing.data.schemas import schema_of
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells, simulate_force
from officer_assaults.topics.crewing.simulator.params import (
    Act,
    Deployment,
    ForceParams,
    Hidden,
    Panel,
    Recording,
    Risk,
)
from officer_assaults.topics.crewing.simulator.scenarios import SCENARIOS, crew_cells
from officer_assaults.topics.crewing.simulator.truth import expected_cells, work_out
from officer_assaults.topics.crewing.simulator.world import build_world, generators

PLAIN = ForceParams(periods=0)
#: Three standard errors of a mean over so many forces.
THREE_SE = 3.0
#: Columns that the simulator adds for itself.
OWN = ("y_true", "planned_officer_hours")


def world(params=PLAIN, seed=SEED):
    return build_world(params, generators(seed))


def test_the_same_seed_gives_the_same_force():
    one, two = (simulate_force(ForceParams(), SEED) for _ in range(2))
    for name, frame in one.frames.items():
        pd.testing.assert_frame_equal(frame, two.frames[name])
    assert one.truth == two.truth
    other = simulate_force(ForceParams(), SEED + 1)
    assert not one.frames["crew_cells"]["y"].equals(other.frames["crew_cells"]["y"])


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"panel": Panel(growth_sd=0.4)}, ("crew_cells", "incidents")),
        ({"act": Act(deterrence=0.7)}, ("crew_cells", "incidents", "quarterly")),
        ({"recording": Recording(form_given_recorded=0.3)}, ("crew_cells", "quarterly", "act")),
    ],
)
def test_a_change_in_one_layer_leaves_the_draws_of_the_others(change, kept):
    one = simulate_force(PLAIN, SEED)
    two = simulate_force(replace(PLAIN, **change), SEED)
    for name in kept:
        pd.testing.assert_frame_equal(one.frames[name], two.frames[name])


def test_expectations_meet_the_calibration():
    truth = work_out(world())
    assert truth.single_share_unit_hours == pytest.approx(0.73, abs=1e-9)
    assert truth.single_share_officer_hours == pytest.approx(0.73 / 1.27, abs=1e-9)
    assert truth.expected_recorded == pytest.approx(900, rel=0.002)


@pytest.mark.parametrize(
    ("incidents", "victims"),
    [(1.0, 1.0), (1.0, 1.25), (1.0, 1.4), (1.0, 2.0), (1.25, 1.25), (0.7, 1.4)],
)
def test_denominators_follow_the_closed_forms(incidents, victims):
    """With r incidents per unit-hour and m victims: E1 = 2r/m and E2 = r/m, by counting events."""
    flat = Risk(
        crew_ratio=2 * incidents / victims, victims_per_double=victims, recorded_assaults=60_000,
        evening=0, night=0, early=0, high_risk=0, urban=0, weekend=0, weekend_night=0,
        beat_sd=0, cell_sd=0,
    )  # fmt: skip
    cells, truth = simulate_crew_cells(replace(PLAIN, risk=flat), SEED)
    by = cells.groupby("crew", observed=True)[
        ["officer_hours", "unit_hours", "attended", "y", "incidents_assault", "y_true"]
    ].sum()
    rates = {name: by["y"] / by[name] for name in ("officer_hours", "unit_hours", "attended")}
    ratio = {name: rate["single"] / rate["double"] for name, rate in rates.items()}
    error = THREE_SE * np.sqrt(1 / by["y"].min() * 2) * 1.5
    assert ratio["officer_hours"] == pytest.approx(2 * incidents / victims, rel=error)
    assert ratio["attended"] == pytest.approx(incidents / victims, rel=error)
    assert truth.mechanical_benchmark == pytest.approx(2 / victims)
    assert truth.incidents_per_unit_hour == pytest.approx(incidents)


def test_the_null_of_the_ratio_per_officer_hour_is_two_over_the_victims():
    _, truth = simulate_crew_cells(SCENARIOS["null_crew"].params, SEED)
    assert truth.incidents_per_unit_hour == pytest.approx(1.0)
    assert truth.per_officer_hour == pytest.approx(1.6)
    assert truth.per_attendance == pytest.approx(0.8)


@pytest.mark.parametrize("concordance", [0.0, 1.0])
def test_victims_per_recorded_incident_are_as_the_truth_says(concordance):
    params = replace(
        PLAIN, recording=Recording(concordance=concordance), risk=Risk(recorded_assaults=90_000)
    )
    cells, truth = simulate_crew_cells(params, SEED)
    double = cells[cells["crew"] == "double"]
    found = double["y"].sum() / double["incidents_assault"].sum()
    # 90,000 victims: a standard error of some 0.002.
    assert found == pytest.approx(truth.victims_per_double_recorded, abs=0.008)
    assert (truth.victims_per_double_recorded < 1.24) is True
    if concordance == 0:
        # Where victims are recorded one by one the benchmark is overstated by a tenth.
        assert 2 / found == pytest.approx(1.74, abs=0.02)


def test_recording_by_crew_multiplies_the_recorded_ratio():
    params = replace(PLAIN, recording=Recording(single=0.6, double=0.7))
    truth = work_out(world(params))
    assert truth.recording_ratio < 0.9
    assert truth.per_officer_hour_recorded == pytest.approx(1.4 * truth.recording_ratio)
    cells = expected_cells(world(params))
    ratio = (cells["rate_single"] / cells["rate_double"]).to_numpy()
    np.testing.assert_allclose(ratio, truth.per_officer_hour_recorded)


def test_expected_victims_are_the_mean_of_the_draws():
    number = runs(60, 600)
    drawn = [
        simulate_crew_cells(PLAIN, SEED + n, with_truth=False)[0]
        .groupby("crew", observed=True)["y"]
        .sum()
        for n in range(number)
    ]
    total = pd.DataFrame(drawn)
    assert total.sum(axis=1).mean() == pytest.approx(900, abs=THREE_SE * 34 / np.sqrt(number))


def test_the_truth_of_a_policy_is_what_drawing_under_it_gives():
    """All double: build the force anew with every hour double crewed, and count."""
    base = world()
    truth = work_out(base, [POLICIES["all_double"]])
    double = (base.worked.sum(axis=-1) * base.rate[..., 1] * base.recorded[1]).sum()
    now = (base.worked * base.rate * base.recorded).sum()
    # The truth takes assignment probabilities, this the hours as they fell out.
    assert truth.avoided["all_double"] == pytest.approx(now - double, rel=0.03)
    assert truth.unit_hours_lost["all_double"] == pytest.approx(
        base.worked[..., 0].sum() / 2, rel=0.01
    )


def test_a_hidden_danger_leaves_the_cells_but_not_the_rates():
    hidden = replace(PLAIN, hidden=Hidden(assignment_odds=3, rate_ratio=2))
    cells, _ = simulate_crew_cells(hidden, SEED)
    assert len(cells) == len(simulate_crew_cells(PLAIN, SEED)[0])
    shares = world(hidden).hidden_shares
    np.testing.assert_allclose(shares, [0.8, 0.2])


def test_the_shift_before_tells_nothing_where_nothing_is_hidden():
    number = runs(40, 300)
    logs = []
    for n in range(number):
        cells, _ = simulate_crew_cells(PLAIN, SEED + n, with_truth=False)
        after, hours = cells["y_after_double"], cells["officer_hours_after_double"]
        expected = cells["y"] * hours / cells["officer_hours"]
        logs.append((after.sum() - expected.sum()) / np.sqrt(expected.sum()))
    assert abs(np.mean(logs)) < THREE_SE / np.sqrt(number)


def test_parted_crews_move_hours_from_the_plan():
    params = replace(PLAIN, deployment=Deployment(split_share=0.1))
    cells, _ = simulate_crew_cells(params, SEED)
    by = cells.groupby("crew", observed=True)[["officer_hours", "planned_officer_hours"]].sum()
    moved = by.loc["double", "planned_officer_hours"] - by.loc["double", "officer_hours"]
    assert moved == pytest.approx(0.1 * by.loc["double", "planned_officer_hours"])
    assert by["officer_hours"].sum() == pytest.approx(by["planned_officer_hours"].sum())


@pytest.mark.parametrize("name", [n for n, s in SCENARIOS.items() if s.layer == "crewing"])
def test_simulated_cells_pass_the_checks_of_real_ones(name):
    cells = crew_cells(SCENARIOS[name], SEED).drop(columns=list(OWN))
    problems = Problems()
    days = cells["period_start"].dt.strftime("%Y-%m-%d")
    text = cells.assign(is_simulated="yes", marker_share="", period_start=days).astype(str)
    frame = readers.typed(text.astype(object), schema_of("cells"), problems)
    checks.check_common(frame, problems)
    checks.check_cells(frame, None, problems)
    assert problems.found == []


def test_incident_rows_add_up_to_the_cells():
    force = simulate_force(ForceParams(), SEED)
    rows, cells = force.frames["incidents"], force.frames["crew_cells"]
    crimes = rows[rows["crime_ref_present"] == 1]
    assert len(crimes) == cells["y"].sum()
    assert (crimes["injury_grade"] != "none").sum() == cells["y_injury"].sum()
    assert not rows.duplicated(["incident_id", "officer"]).any()
    local = rows["occurred_at"].dt.tz_convert("Europe/London")
    months = set(local.dt.strftime("%Y-%m"))
    assert months <= set(pd.period_range("2018-04", "2019-03", freq="M").astype(str))
    assert (rows["recorded_at"] >= rows["occurred_at"]).all()


def test_two_registers_depend_on_each_other_by_the_given_odds():
    params = replace(PLAIN, risk=Risk(recorded_assaults=40_000))
    force = simulate_force(params, SEED)
    rows = force.frames["incidents"]
    both = ((rows["crime_ref_present"] == 1) & (rows["hs_form_present"] == 1)).sum()
    crime = (rows["crime_ref_present"] == 1).sum()
    form_only = (rows["crime_ref_present"] == 0).sum()
    neither = force.frames["crew_cells"]["y_true"].sum() - crime - form_only
    odds = (both / (crime - both)) / (form_only / neither)
    assert odds == pytest.approx(3.0, rel=0.06)


def test_unit_shifts_carry_the_expected_victims():
    shifts = simulate_force(ForceParams(), SEED, shifts=60_000).frames["crew_shifts"]
    assert len(shifts) == 60_000
    assert shifts["y"].sum() == pytest.approx(900, abs=4 * 30)
    single = (shifts["crew_actual"] == "single").mean()
    assert single == pytest.approx(0.73, abs=0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        {"risk": Risk(victims_per_double=2.5)},
        {"recording": Recording(single=1.2)},
        {"deployment": Deployment(single_share=1.0)},
    ],
)
def test_parameters_that_no_force_could_have_are_refused(wrong):
    with pytest.raises(ValueError, match=r"lies between"):
        simulate_force(replace(PLAIN, **wrong), SEED)
