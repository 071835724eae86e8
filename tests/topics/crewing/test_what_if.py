"""The plain tables of policies hold what the crewing models say, in the same order."""

import numpy as np
import pandas as pd
import pytest

from officer_assaults.data import cache
from officer_assaults.topics.crewing.model import cells as crewing_data
from officer_assaults.topics.crewing.model import policy, what_if
from officer_assaults.topics.crewing.model import ratios as crewing
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells
from officer_assaults.topics.crewing.simulator.params import ForceParams

NAMES = ("double_nights", "all_double", "double_far_backup")


@pytest.fixture(scope="module")
def cells():
    return simulate_crew_cells(ForceParams(), 3, with_truth=False)[0]


@pytest.fixture(scope="module")
def asked(cells):
    return what_if.policies_and_questions(cells, NAMES)


def test_policies_hold_the_outcomes_and_their_scale(cells, asked):
    found = asked[0]
    data = crewing_data.prepare(cells)
    chosen = [POLICIES[name] for name in NAMES]
    outcomes = policy.evaluate_policies(policy.fit_policy_models(data, chosen), chosen)
    for row, outcome in zip(found.to_dict("records"), outcomes, strict=True):
        assert row["policy"] == outcome.policy.label
        assert row["avoided"] == pytest.approx(outcome.avoided, nan_ok=True)
        assert row["share"] == pytest.approx(outcome.share_avoided, nan_ok=True)
        assert row["unit_share_lost"] == pytest.approx(outcome.unit_share_lost)
        assert (row["refusal"] == "") == (outcome.refusal is None)
    assert (found["victims"] == cells["y"].sum()).all()
    told = found[found["refusal"] == ""]
    assert len(told) >= 2
    half = (told["upper"] - told["lower"]) / 2
    np.testing.assert_allclose(told["half_share"] * told["victims"], half)


def test_questions_have_both_denominators(cells, asked):
    found = asked[1]
    both = crewing.denominators(crewing_data.prepare(cells))
    assert found["ratio"].tolist() == pytest.approx(
        [both.per_officer_hour.ratio, both.per_attendance.ratio]
    )
    assert (found["benchmark"] == both.benchmark).all()
    _, without = what_if.policies_and_questions(cells.assign(attended=np.nan), NAMES)
    assert without["held_fixed"].tolist() == ["officer-hours"]


def test_double_share_is_of_officer_hours(cells):
    hours = cells.groupby("crew", observed=True)["officer_hours"].sum()
    assert what_if.double_share(cells) == pytest.approx(hours["double"] / hours.sum())
    # 73 % of unit-hours single crewed, by which the simulated force is set.
    assert what_if.double_share(cells) == pytest.approx(0.425, abs=0.01)


def test_patrol_is_what_the_simulated_force_was_set_to(cells):
    found = what_if.patrol(cells, 3)
    assert found["patrol_hours_per_year"] == pytest.approx(2.75e6)
    assert found["rate_per_1000_hours"] == pytest.approx(cells["y"].sum() / 2750)
    later = cells.assign(period_start=cells["period_start"] + pd.DateOffset(years=1))
    twice = what_if.patrol(pd.concat([cells, later], ignore_index=True), 3)
    assert twice == pytest.approx(found)


def test_frames_survive_the_cache(cells, tmp_path, monkeypatch):
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path))
    first = cache.cached(what_if.policies_and_questions, cells, NAMES)
    again = cache.cached(what_if.policies_and_questions, cells, NAMES)
    for one, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert len(list(tmp_path.rglob("output.pkl"))) == 1
