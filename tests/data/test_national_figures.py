"""The national figures that the reports must show, from the tracked data."""

import numpy as np
import pandas as pd
import pytest

from officer_assaults.data import exposure, force_year, forces, recorded, tables, years
from officer_assaults.stats import dispersion, severity
from officer_assaults.topics.forces import model as comparison
from officer_assaults.topics.justice import data as proceedings
from officer_assaults.topics.justice import model as justice

PRINTED = 5e-3  # the figures below are quoted to two decimals
PER_CENT = 5e-4  # quoted to one decimal of a per cent
SEED = 20180401


@pytest.fixture(scope="module")
def data():
    return force_year.force_year("2017/18", "2018/19")


@pytest.fixture(scope="module")
def phi():
    quarters = recorded.usable_quarters().frame
    return dispersion.quarterly_dispersion(years.add_codes(quarters, recorded.CODES)).frame


def compared(counts, name, phi):
    frame = counts.merge(exposure.of("2018/19", name))
    spread = comparison.dispersions(phi, frame["force"])
    result = comparison.compare_rates(frame, name, phi=spread, seed=SEED)
    return comparison.force_among_forces(result, "thames-valley", seed=SEED)


def test_place_by_count(data):
    ranks = comparison.count_ranks(data.counts, seed=SEED)
    assert (ranks.units, ranks.table["rank"]["thames-valley"]) == (43, 7)


@pytest.mark.parametrize(
    ("name", "place"),
    [("officer_fte", 27), ("constable_fte", 27), ("residents", 29), ("uses_of_force", 33)],
)
def test_place_on_each_denominator(data, phi, name, place):
    own = compared(data.counts, name, phi)
    assert (own.rank, own.units) == (place, 43)
    assert own.p_top == 0


def test_place_per_officer_with_its_intervals(data, phi):
    own = compared(data.counts, "officer_fte", phi)
    assert (own.rank_interval.lower, own.rank_interval.upper) == (23, 29)
    # "About 21 to 30" with the quarterly dispersion: each force's own, so one place either way.
    assert own.rank_interval_dispersed.lower == pytest.approx(21, abs=1)
    assert own.rank_interval_dispersed.upper == pytest.approx(30, abs=1)
    assert own.z == pytest.approx(-0.11, abs=0.01)
    fewer = compared(data.fit, "officer_fte", phi)
    assert (fewer.rank, fewer.units) == (26, 38)


def test_left_out_by_rule_and_refused_by_code(data):
    left_out = {"devon-and-cornwall", "gloucestershire", "kent", "wiltshire", "london-city"}
    assert set(data.panel.left_out["force"]) == left_out
    for slug in left_out:
        assert {problem.code for problem in data.refusal(slug)} == {"E108"}
    assert [p.code for p in data.refusal("british-transport-police")] == ["E101"]
    assert [p.code for p in data.refusal("england-and-wales")] == ["E101"]
    assert data.refusal("thames-valley") == ()
    asked = force_year.force_year("2017/18", "2018/19", exclude=["sussex"])
    assert "sussex" not in asked.usable
    assert force_year.CHOSEN in set(asked.panel.left_out["reason"])


def test_count_follows_size(data):
    size = comparison.size_correlation(data.counts.merge(exposure.of("2018/19")))
    assert size.value == pytest.approx(0.88, abs=0.01)
    assert size.lower < size.value < size.upper


def test_injury_shares_differ_between_forces(data):
    share = severity.injury_shares(data.counts, ["force"]).set_index("force")["share"]
    assert (share.min(), share.max()) == pytest.approx((0.03, 0.63), abs=PRINTED)
    assert np.quantile(share, [0.1, 0.9]) == pytest.approx((0.209, 0.491), abs=PRINTED)
    assert share["thames-valley"] == pytest.approx(0.19, abs=PRINTED)


def test_national_contrast_is_one_force(data):
    everyone = force_year.both_years(data)
    whole = severity.pooled_contrast(everyone)
    assert (whole.ratio, whole.interval.lower, whole.interval.upper) == pytest.approx(
        (0.891, 0.860, 0.923), abs=PRINTED
    )
    moved = severity.influence(everyone)
    assert moved.index[0] == "metropolitan-police"
    first = moved.iloc[0]
    assert (first["ratio"], first["lower"], first["upper"]) == pytest.approx(
        (0.994, 0.956, 1.034), abs=PRINTED
    )
    assert abs(moved["shift"].iloc[1]) < abs(moved["shift"].iloc[0]) / 4


def test_thames_valley_contrast_disappears_under_calibration(data):
    split = force_year.injury_split("thames-valley", "2017/18", "2018/19", "article")
    assert split.own == (166, 628, 198, 859)
    own = severity.ratio_of_ratios(*split.own)
    rest = severity.against_the_rest(own, severity.ratio_of_ratios(*split.rest))
    assert (rest.ratio, rest.p) == pytest.approx((1.294, 0.030), abs=PRINTED)
    found = severity.focus_contrasts(data.panel.frame, "thames-valley")
    triple = found["triple"]
    assert (triple.ratio, triple.interval.lower, triple.interval.upper) == pytest.approx(
        (1.232, 0.683, 2.221), abs=0.011
    )
    assert found["calibrated"].tau == pytest.approx(0.262, abs=PRINTED)
    assert severity.placebo_distribution(data.panel.frame).position("thames-valley") == 9


@pytest.mark.parametrize(("slug", "codes"), [("kent", {"E108"}), ("thames-valley", set())])
def test_a_force_without_a_split_is_refused_by_code(slug, codes):
    split = force_year.injury_split(slug, "2017/18", "2018/19")
    assert {problem.code for problem in split.refused} == codes
    assert (split.own is None) == bool(codes)


def test_charge_rates():
    rates = justice.charge_rates(proceedings.outcomes(), outcomes_until=pd.Timestamp("2019-09-30"))
    own = rates.table[rates.table["force"] == "thames-valley"].set_index("offence_code")
    found = own.loc["104", ["rate", "lower", "upper"]].tolist()
    assert found == pytest.approx((0.591, 0.557, 0.623), abs=PER_CENT)
    found = own.loc["8S", ["rate", "lower", "upper"]].tolist()
    assert found == pytest.approx((0.667, 0.599, 0.728), abs=PER_CENT)
    nation = justice.pooled_charge_rates(rates).set_index("offence_code")
    found = nation.loc["104", ["rate", "lower", "upper"]].tolist()
    assert found == pytest.approx((0.683, 0.677, 0.690), abs=PER_CENT)
    assert nation["rate"]["8S"] == pytest.approx(0.705, abs=PER_CENT)


def test_outcomes_are_of_the_release_known_in_early_2020():
    """The follow-up rests on this: outcomes add up to the counts of that copy, cell by cell."""
    key = ["force", "offence_code"]
    added = proceedings.outcomes().groupby(key)["n"].sum()
    copy = tables.load("recorded-assaults/early-copies")
    copy = copy[copy["financial_year"] == "2018/19"].set_index(key)["offences"]
    assert added.equals(copy.reindex(added.index).rename("n"))


def test_courts_before_and_after_the_act():
    months = justice.court_months(
        proceedings.courts(),
        old=proceedings.OLD_OFFENCE,
        new=proceedings.NEW_OFFENCE,
        control=proceedings.CONTROL_OFFENCE,
        act=proceedings.act_day(),
    )
    whole = justice.court_changes(months, after=("after", "half processed"))
    convicted, custody = (whole[justice.POLICE, name] for name in ("convicted", "custody"))
    assert (convicted.before, convicted.after) == pytest.approx((0.874, 0.802), abs=PER_CENT)
    assert (custody.before, custody.after) == pytest.approx((0.135, 0.163), abs=PER_CENT)
    control = whole[justice.CONTROL, "custody"]
    assert control.difference_interval.contains(0)
    settled = justice.court_changes(months)[justice.POLICE, "custody"]
    assert settled.months_after == custody.months_after - 3


def test_reported_quarter_is_another_series_than_recorded_crime():
    quarter = proceedings.reported_quarter("thames-valley")
    assert (quarter.total, quarter.recorded, quarter.recorded_no_injury) == (182, 215, 186)
    assert (quarter.days, quarter.year_before) == (92, (785, 365))
    assert proceedings.reported_quarter("kent") is None
    assert forces.resolve("kent").kind == "territorial"
