"""Two years of one force: which codes, which exposure, and who the others are."""

import pytest

from officer_assaults.data import recorded, years
from officer_assaults.refusals import Refusal

BOTH = ("104", "8S")


@pytest.mark.parametrize(
    ("force", "period0", "period1", "counts", "codes", "vintage"),
    [
        ("thames-valley", "2017/18", "2018/19", (794, 1057), BOTH, "first-release"),
        ("Kent", "2017/18", "2018/19", (928, 1017), ("104",), "2023-10"),
        ("devon-and-cornwall", "2018/19", "2019/20", (205, 257), ("8S",), "2023-10"),
        ("british-transport-police", "2017/18", "2018/19", (619, 780), BOTH, "2023-10"),
        ("england-and-wales", "2017/18", "2018/19", (26295, 30977), BOTH, "first-release"),
    ],
)
def test_counts_use_only_codes_without_a_break(force, period0, period1, counts, codes, vintage):
    two = years.two_years(force, period0, period1)
    assert (two.before.n_total, two.after.n_total) == counts
    assert (two.codes, two.vintage) == (codes, vintage)
    assert bool(two.left_out) == (codes != BOTH)


def test_a_break_in_every_code_is_refused_with_each_reason():
    with pytest.raises(Refusal) as caught:
        years.two_years("west-midlands", "2020/21", "2021/22")
    assert caught.value.codes == ("E108", "E108")


def test_a_reason_lets_a_break_pass_and_stays_with_the_result():
    two = years.two_years("west-midlands", "2020/21", "2021/22", allow_break="one system for all")
    assert (two.before.n_total, two.after.n_total) == (1084, 2330)
    assert two.left_out == ()
    assert "one system for all" in two.notes[-1]
    untouched = years.two_years("thames-valley", "2017/18", "2018/19", allow_break="not needed")
    assert untouched.notes == ()


@pytest.mark.parametrize(
    ("force", "period1", "known", "said"),
    [
        ("thames-valley", "2018/19", True, ""),
        ("kent", "2022/23", True, "no officer stock at its end"),
        ("british-transport-police", "2018/19", False, "E101"),
        ("england-and-wales", "2018/19", False, "E101"),
    ],
)
def test_officer_years_or_a_word_why_not(force, period1, known, said):
    officers = years.officer_exposure(force, "2017/18", period1)
    assert (officers.before is not None, officers.after is not None) == (known, known)
    assert said in officers.note
    assert bool(officers.note) == bool(said)


def test_the_rest_leaves_the_force_out_of_the_same_release():
    first = years.two_years("thames-valley", "2017/18", "2018/19")
    comparison = recorded.compare("2017/18", "2018/19")
    rest = years.rest_of_nation(first, comparison)
    assert (rest.before, rest.after) == (26295 - 794, 30977 - 1057)
    late = years.two_years("thames-valley", "2017/18", "2018/19", "2023-10")
    rest = years.rest_of_nation(late, comparison)
    totals = comparison.frame[["y0", "y1"]].sum()
    assert (rest.before, rest.after) == (totals["y0"] - 785, totals["y1"] - 1038)
    btp = years.two_years("british-transport-police", "2017/18", "2018/19")
    assert years.rest_of_nation(btp, comparison).before == totals["y0"]
