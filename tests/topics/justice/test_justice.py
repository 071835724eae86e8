"""Charge rates, extra reports and courts, on small cases that can be worked by hand."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from officer_assaults.refusals import Refusal
from officer_assaults.topics.justice import data as proceedings
from officer_assaults.topics.justice import model as models
from officer_assaults.topics.justice import report as words_of
from officer_assaults.topics.justice.model import (
    CHARGED,
    CONTROL,
    POLICE,
    UNASSIGNED,
    beyond_control,
    charge_rates,
    court_months,
    explaining_extra_share,
    follow_up_quarters,
    length_change,
    pooled_charge_rates,
    share_change,
    standardised_rates,
)

UNTIL = pd.Timestamp("2019-09-30")
PRINTED = 5e-4  # quoted to one decimal of a per cent


def outcomes(rows):
    columns = ["force", "quarter_start", "offence_code", "outcome", "n"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(quarter_start=pd.to_datetime(frame["quarter_start"]))


def two_forces():
    early, late = "2018-04-01", "2019-04-01"
    return outcomes(
        [
            ("a", early, "104", CHARGED, 60),
            ("a", early, "104", "Caution", 35),
            ("a", early, "104", UNASSIGNED, 5),
            ("a", early, "8S", CHARGED, 8),
            ("a", early, "8S", "Caution", 2),
            ("a", late, "104", UNASSIGNED, 500),
            ("b", early, "104", CHARGED, 6),
            ("b", early, "104", "Caution", 4),
            ("b", early, "8S", CHARGED, 80),
            ("b", early, "8S", "Caution", 21),
            ("b", early, "8S", UNASSIGNED, -1),
        ]
    )


@pytest.mark.parametrize(
    ("quarter", "until", "quarters"),
    [
        ("2019-01-01", "2019-09-30", 2),
        ("2019-01-01", "2019-09-29", 1),
        ("2018-04-01", "2019-09-30", 5),
        ("2019-07-01", "2019-09-30", 0),
        ("2019-07-01", "2019-03-31", 0),
    ],
)
def test_follow_up_counts_whole_quarters(quarter, until, quarters):
    assert follow_up_quarters(pd.Timestamp(quarter), pd.Timestamp(until)) == quarters


def test_only_quarters_with_follow_up_enter():
    rates = charge_rates(two_forces(), outcomes_until=UNTIL)
    assert rates.left_out == (pd.Timestamp("2019-04-01"),)
    a104 = rates.table.query("force == 'a' and offence_code == '104'").iloc[0]
    assert (a104["recorded"], a104["charged"], a104["open"]) == (100, 60, 5)
    assert (a104["lower"], a104["upper"]) == pytest.approx(
        proportion_confint(60, 100, method="wilson")
    )
    assert a104["rate_if_open_charged"] == pytest.approx(0.65)
    # A negative balance is records moved away after their outcome: fewer were recorded in the end.
    b8s = rates.table.query("force == 'b' and offence_code == '8S'").iloc[0]
    assert (b8s["recorded"], b8s["rate_if_open_charged"]) == (100, pytest.approx(0.8))
    pooled = pooled_charge_rates(rates, without=["b"]).set_index("offence_code")
    assert pooled["rate"].to_dict() == pytest.approx({"104": 0.6, "8S": 0.8})
    with pytest.raises(Refusal, match="E114"):
        charge_rates(two_forces(), outcomes_until=UNTIL, minimum_follow_up=9)


def test_a_class_whose_offences_were_moved_away_has_no_rate():
    moved = outcomes(
        [
            ("kent", "2018-04-01", "8S", CHARGED, 41),
            ("kent", "2018-04-01", "8S", "Caution", 40),
            ("kent", "2018-04-01", "8S", UNASSIGNED, -37),
            ("kent", "2018-04-01", "104", CHARGED, 30),
            ("kent", "2018-04-01", "104", "Caution", 20),
        ]
    )
    rates = charge_rates(pd.concat([two_forces(), moved]), outcomes_until=UNTIL)
    assert rates.moved == (("kent", "8S"),)
    kent = rates.table[rates.table["force"] == "kent"]
    assert kent["offence_code"].tolist() == ["104"]
    # A balance of one or two records stays: the force's rate for the class hardly moves.
    assert ("b", "8S") not in rates.moved
    pooled = pooled_charge_rates(rates).set_index("offence_code")
    assert pooled["recorded"]["8S"] == 10 + 100 + 44
    assert "kent" not in standardised_rates(rates)[0].index


def test_the_share_of_extra_weak_reports_that_explains_a_lower_rate():
    share = explaining_extra_share(0.7, 0.6, 0.2)
    assert (1 - share) * 0.7 + share * 0.2 == pytest.approx(0.6)
    assert explaining_extra_share(0.6, 0.7, 0.2) == 0
    assert explaining_extra_share(0.7, 0.6, 0.65) == np.inf


def test_standardising_removes_a_difference_that_is_only_mix():
    result = standardised_rates(charge_rates(two_forces(), outcomes_until=UNTIL))[0]
    assert abs(result["crude"]["a"] - result["crude"]["b"]) > 0.15
    # Both forces charge 60 % of one class and 80 % of the other.
    assert result["standardised"]["a"] == pytest.approx(0.7)
    assert result["standardised"]["b"] == pytest.approx(0.7)
    assert result["lower"]["a"] < 0.7 < result["upper"]["a"]
    assert (result["upper"] - result["lower"])["a"] > 0


def courts():
    months = pd.date_range("2018-01-01", "2019-06-01", freq="MS")
    act = pd.Timestamp("2018-11-01")
    stages = ("Prosecuted", "Convicted", "Sentenced", "Immediate custody")
    length = "Average custodial sentence length (months)"
    rows = []
    for i, month in enumerate(months):
        wobble = 1 + 0.02 * (-1) ** i
        for offence, counts, mean in (
            ("old", (1000, 880, 800, 100) if month < act else (200, 160, 100, 15), 2.0),
            ("new", None if month < act else (800, 640, 700, 113), 3.0),
            ("control", (5000, 3500, 3400, 460), 2.8),
        ):
            if counts is None:
                continue
            values = [*counts[:-1], counts[-1] * wobble, mean * wobble]
            rows += [
                (month, offence, stage, value)
                for stage, value in zip((*stages, length), values, strict=True)
            ]
    return pd.DataFrame(rows, columns=["month_start", "offence", "stage", "value"])


@pytest.fixture(scope="module")
def months():
    return court_months(
        courts(), old="old", new="new", control="control", act=pd.Timestamp("2018-11-13")
    )


def test_old_and_new_offence_are_added_and_months_are_sorted_into_periods(months):
    police = months[months["series"] == POLICE].set_index("month_start")
    assert police["period"].value_counts().to_dict() == {
        "before": 10, "transition": 1, "after": 4, "half processed": 3
    }  # fmt: skip
    assert police["prosecuted"]["2019-02-01"] == 1000
    assert police["convicted_share"]["2019-02-01"] == pytest.approx(0.8)
    # Lengths are weighted by the number jailed: 15 of 128 at 2 months, 113 at 3.
    assert police["length"]["2019-02-01"] / (1 - 0.02) == pytest.approx((15 * 2 + 113 * 3) / 128)


def test_change_before_and_after(months):
    police = months[months["series"] == POLICE]
    change = share_change(police, "convicted", "prosecuted")
    assert (change.before, change.after) == pytest.approx((0.88, 0.80))
    assert change.dispersion == 1
    assert change.difference_interval.upper < 0
    custody = share_change(police, "custody", "sentenced", after=("after", "half processed"))
    assert custody.months_after == 7
    assert custody.difference == pytest.approx(128 / 800 - 100 / 800, abs=2e-3)
    length = length_change(police)
    assert length.before == pytest.approx(2.0, abs=0.01)
    assert length.difference_interval.lower > 0


def test_control_is_subtracted(months):
    police, control = (months[months["series"] == name] for name in (POLICE, CONTROL))
    change, steady = (share_change(part, "convicted", "prosecuted") for part in (police, control))
    both = beyond_control(change, steady)
    assert both.lower < change.difference - steady.difference < both.upper
    assert both.upper - both.lower > change.difference_interval.upper - (
        change.difference_interval.lower
    )


def test_a_length_of_nought_beside_people_jailed_is_a_gap(months):
    gap = courts()
    hole = (gap["stage"].str.startswith("Average")) & (gap["month_start"] == "2019-06-01")
    gap.loc[hole & (gap["offence"] == "old"), "value"] = 0.0
    repaired = court_months(
        gap, old="old", new="new", control="control", act=pd.Timestamp("2018-11-13")
    ).set_index(["series", "month_start"])
    expected = gap.loc[hole & (gap["offence"] == "new"), "value"].item()
    assert repaired["length"][POLICE, pd.Timestamp("2019-06-01")] == pytest.approx(expected)


@pytest.fixture(scope="module")
def real():
    return court_months(
        proceedings.courts(), old=proceedings.OLD_OFFENCE, new=proceedings.NEW_OFFENCE,
        control=proceedings.CONTROL_OFFENCE, act=proceedings.act_day(),
    )  # fmt: skip


def test_the_chain_multiplies_its_links(real):
    outcomes = proceedings.outcomes()
    rates = charge_rates(outcomes, outcomes_until=pd.Timestamp("2019-09-30"), minimum_follow_up=2)
    changes = models.court_changes(real)
    for force, charged, convicted in (("thames-valley", 0.605, 0.487), (None, 0.691, 0.557)):
        rows = outcomes if force is None else outcomes[outcomes["force"] == force]
        own = rates.table if force is None else rates.table[rates.table["force"] == force]
        shares = models.outcome_shares(rows, rates.quarters, 0.05)
        found = models.chain(own, shares, changes)
        assert found.charged == pytest.approx(charged, abs=0.0006)
        assert found.convicted == pytest.approx(0.805, abs=0.0006)
        assert found.convicted_of_recorded == pytest.approx(convicted, abs=0.001)
        if force:
            assert found.out_of_court == pytest.approx(0.078, abs=0.0006)
        table = found.table()
        assert (table["lower"] <= table["of recorded"]).all()
        assert (table["of recorded"] <= table["upper"]).all()
        assert table["of recorded"].is_monotonic_decreasing


def test_the_sign_of_the_courts_change_is_timing(real):
    """Published: -6.8, -2.5 and -1.0 points at lags 0, 2 and 3; beyond control -5.3, .8 and 1.9."""
    lags = models.conviction_lags(real).set_index("lag") * 100
    assert list(lags.index) == list(range(7))
    assert lags.loc[[0, 2, 3], "police"].tolist() == pytest.approx([-6.8, -2.5, -1.0], abs=0.051)
    assert lags.loc[[0, 2, 3], "beyond"].tolist() == pytest.approx([-5.3, 0.8, 1.9], abs=0.051)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [([-1.0, -0.5], "contradicted"), ([1.0, 0.5], "contradicted"), ([-1.0, 0.5], "not identified")],
)
def test_no_verdict_unless_the_sign_holds_over_all_lags(changes, verdict):
    assert words_of.lag_verdict(changes, "contradicted") == verdict
