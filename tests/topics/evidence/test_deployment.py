"""What deployment and missing reports do to counts; associations between totals of forces."""

import numpy as np
import pandas as pd
import pytest

from officer_assaults.data import tables
from officer_assaults.stats.ecological import ecological_association
from officer_assaults.topics.evidence.model import (
    crew_count_ratios,
    missing_reports,
    pooled_ratio,
    ratios_by_deployment,
)


@pytest.fixture(scope="module")
def agencies():
    return dict(tuple(tables.load("us/two-agencies").groupby("agency")))


def test_birminghams_zeros_are_missing_reports_and_san_diego_has_none(agencies):
    birmingham = missing_reports(agencies["Birmingham PD"], count="assaults", exposure="sworn")
    san_diego = missing_reports(agencies["San Diego PD"], count="assaults", exposure="sworn")
    assert (birmingham.zeros, birmingham.implausible, birmingham.missing) == (10, 10, 6)
    assert birmingham.rate_as_printed < birmingham.lower
    assert (san_diego.zeros, san_diego.implausible) == (0, 0)
    assert san_diego.rate_as_printed == san_diego.rate_of_reports


def test_a_zero_of_a_small_agency_can_be_a_count():
    village = pd.DataFrame({"n": [1, 0, 2, 0, np.nan], "officers": [5, 5, 5, 60, 5]})
    found = missing_reports(village, count="n", exposure="officers")
    assert found.table["reading"].tolist() == [
        "report",
        "report",
        "report",
        "missing report",
        "no row",
    ]
    assert found.table["p_zero"].iloc[1] == pytest.approx(np.exp(-1))
    with pytest.raises(ValueError, match="no year has a count"):
        missing_reports(village.assign(n=0), count="n", exposure="officers")


def test_one_ratio_of_counts_gives_either_sign_under_the_agencies_own_mix_of_units():
    counts = crew_count_ratios(
        tables.load("us/city-assaults"),
        by="activity",
        crew="assignment",
        count="assaults",
        single="One-Officer (Alone)",
        double="Two-Officer Vehicle",
    )
    total = counts.iloc[-1]
    assert (total["single"], total["double"]) == (246_106, 232_961)
    assert total["ratio"] == pytest.approx(246_106 / 232_961)
    units = tables.load("us/patrol-units-1987").query("agency_type == 'municipal police'")
    found = ratios_by_deployment(
        units,
        single="motor_one_officer",
        double="motor_two_officer",
        victims_ratio=total["ratio"],
    ).set_index("sworn_size")
    assert found.loc["<25", "share_double"] == pytest.approx(120 / 3283)
    assert found.loc["1000+", "share_double"] == pytest.approx(5255 / 13429)
    assert found.loc["<25", "per_officer"] < 0.1
    assert found.loc["1000+", "per_officer"] > 1.3
    assert (found["per_officer"] == 2 * found["per_unit"]).all()
    pooled = pooled_ratio(found, single="motor_one_officer", double="motor_two_officer")
    assert pooled == pytest.approx(2 * total["ratio"] * 7_509 / 29_185)


def test_groups_without_one_kind_of_unit_are_left_out():
    units = pd.DataFrame({"one": [10, 5, 0], "two": [5, 0, 3]})
    found = ratios_by_deployment(units, single="one", double="two", victims_ratio=2.0)
    assert found["per_unit"].tolist() == [1.0]


def test_between_and_within_are_told_apart():
    rng = np.random.default_rng(4)
    units, periods, between, within = 40, 4, 0.5, -0.2
    level = rng.standard_normal((units, 1))
    move = 0.3 * rng.standard_normal((units, periods))
    exposure = rng.uniform(2e4, 6e4, (units, 1)) * np.ones((units, periods))
    log_rate = -2 + between * level + within * move + 0.1 * np.arange(periods)
    index = pd.MultiIndex.from_product([range(units), range(periods)], names=["force", "year"])
    frame = pd.DataFrame(
        {
            "y": rng.poisson(exposure * np.exp(log_rate)).ravel(),
            "officers": exposure.ravel(),
            "uses": (exposure * np.exp(level + move)).ravel(),
        },
        index=index,
    ).reset_index()
    keys = {"count": "y", "exposure": "officers", "dose": "uses", "unit": "force", "period": "year"}
    found = ecological_association(frame, **keys)
    # Three standard errors at these sizes.
    assert np.log2(found.within) == pytest.approx(within, abs=0.01)
    assert found.within_interval.contains(2**within)
    assert np.log2(found.between) == pytest.approx(between, abs=0.15)
    assert (found.units, found.rows) == (40, 160)
    with pytest.raises(ValueError, match="every unit needs every period"):
        ecological_association(frame.iloc[1:], **keys)
