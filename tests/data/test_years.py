"""Two years of one force: which codes, which exposure, and who the others are."""

import pytest

from officer_assaults.data import vocabularies, years
from officer_assaults.refusals import Refusal

BOTH = ("104", "8S")
ALL = (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("force", "period0", "period1", "vintage", "counts", "codes", "quarters"),
    [
        ("thames-valley", "2023/24", "2024/25", "auto", (1463, 1520), BOTH, ALL),
        ("dorset", "2023/24", "2024/25", "auto", (446, 560), BOTH, ALL),
        ("thames-valley", "2017/18", "2018/19", "auto", (785, 1038), BOTH, ALL),
        ("thames-valley", "2017/18", "2018/19", "article", (794, 1057), BOTH, ALL),
        ("Kent", "2017/18", "2018/19", "2023-10", (928, 1017), ("104",), ALL),
        ("devon-and-cornwall", "2018/19", "2019/20", "2023-10", (205, 257), ("8S",), ALL),
        ("dorset", "2017/18", "2018/19", "2023-10", (278, 283), BOTH, (1, 2, 3)),
        ("gloucestershire", "2017/18", "2018/19", "auto", (141, 155), BOTH, (1, 2, 3)),
        ("british-transport-police", "2017/18", "2018/19", "2023-10", (619, 780), BOTH, ALL),
        ("england-and-wales", "2023/24", "2024/25", "auto", (46181, 47539), BOTH, ALL),
        ("england-and-wales", "2017/18", "2018/19", "first-release", (26295, 30977), BOTH, ALL),
    ],
)
def test_counts_are_like_for_like(force, period0, period1, vintage, counts, codes, quarters):
    two = years.two_years(force, period0, period1, vintage)
    assert (two.before.n_total, two.after.n_total) == counts
    assert (two.codes, two.quarters) == (codes, quarters)
    assert two.vintage == ("2026-04" if vintage == "auto" else vintage)
    assert bool(two.left_out) == (codes != BOTH)
    said = any("April to December only" in note for note in two.remarks)
    assert said == (quarters != ALL)


def test_a_break_in_every_code_is_refused_with_each_reason():
    with pytest.raises(Refusal) as caught:
        years.two_years("west-midlands", "2020/21", "2021/22", "2023-10")
    assert caught.value.codes == ("E108", "E108")


def test_a_reason_lets_a_break_pass_and_stays_with_the_result():
    reason = "one system for all"
    two = years.two_years("west-midlands", "2020/21", "2021/22", "2023-10", allow_break=reason)
    assert (two.before.n_total, two.after.n_total) == (1084, 2330)
    assert two.left_out == ()
    assert "one system for all" in two.remarks[-1]
    untouched = years.two_years("thames-valley", "2017/18", "2018/19", allow_break="not needed")
    assert untouched.remarks == ()


@pytest.mark.parametrize(
    ("force", "period1", "known", "said"),
    [
        ("thames-valley", "2018/19", True, ""),
        ("kent", "2022/23", True, ""),
        ("kent", "2023/24", True, "31 March 2024 are not held"),
        ("kent", "2025/26", True, "those at 31 March 2025 are used"),
        ("british-transport-police", "2018/19", True, ""),
        ("england-and-wales", "2018/19", True, ""),
        ("england-and-wales", "2023/24", True, "British Transport Police has the officers of"),
    ],
)
def test_officer_years_or_a_word_why_not(force, period1, known, said):
    officers = years.officer_exposure(force, "2017/18", period1)
    assert (officers.before is not None, officers.after is not None) == (known, known)
    assert said in officers.note
    assert bool(officers.note) == bool(said)


def test_officer_years_follow_the_quarters_counted():
    own = years.two_years("dorset", "2017/18", "2018/19", "2023-10")
    officers = years.officer_exposure("dorset", "2017/18", "2018/19", shares=own.shares)
    year = years.officer_exposure("dorset", "2017/18", "2018/19")
    assert officers.before == pytest.approx(year.before * 275 / 365)


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({"period0": "2024/25", "period1": "2025/26"}, "E106", "3 of its 4 quarters"),
        ({"period0": "2024/25", "period1": "2025/26", "force": "kent"}, "E106", "of Kent"),
        ({"period0": "2013/14", "period1": "2018/19"}, "E108", "1 April 2017"),
        ({"period0": "2018/19", "period1": "2024/25", "vintage": "2023-10"}, "E107", "2022/23"),
        ({"period0": "2018/19", "period1": "2027/28"}, "E107", "does not hold 2027/28"),
        (
            {"period0": "2017/18", "period1": "2018/19", "force": "kent", "vintage": "article"},
            "E107",
            "of Kent",
        ),
        ({"period0": "2018/19", "period1": "2018/19"}, "E106", "compared with itself"),
        ({"period0": "2023/24", "period1": "2024/25", "force": "kent"}, "", ""),
        ({"period0": "2023/24", "period1": "2024/25", "force": "england-and-wales"}, "", ""),
        (
            {"period0": "2017/18", "period1": "2018/19", "force": "thames-valley"}
            | {"vintage": "article"},
            "",
            "",
        ),
    ],
)
def test_a_pair_that_cannot_be_compared_is_refused_before_a_kernel_starts(values, code, words):
    known = vocabularies.vocabularies()
    if not code:
        vocabularies.check_together(values, known)
        return
    with pytest.raises(Refusal, match=words) as caught:
        vocabularies.check_together(values, known)
    assert caught.value.codes == (code,)
