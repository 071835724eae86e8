"""Composition: published Wilson limits, Goodman from another library, and bounds by enumeration."""

from itertools import product

import pandas as pd
import pytest
from statsmodels.stats.proportion import multinomial_proportions_confint

from officer_assaults.refusals import Refusal
from officer_assaults.stats.composition import composition, overlap_bounds
from officer_assaults.stats.intervals import Interval

TOTAL = 182


def parts(*rows):
    return pd.DataFrame(rows, columns=["part", "lower", "upper"])


def test_shares_of_the_quarter():
    table = composition(parts(("spat", 72, 72), ("weapons", 51, TOTAL)), TOTAL).table
    # Wilson limits as R prop.test(correct = FALSE) gives them.
    spat = table.loc["spat", ["share_lower", "lower", "upper"]].tolist()
    assert spat == pytest.approx([72 / 182, 0.3274271566, 0.4680974790], rel=1e-9)
    weapons = table.loc["weapons"]
    assert (weapons["share_lower"], weapons["lower"]) == pytest.approx((0.280, 0.220), abs=5e-4)
    # "More than 50" says nothing of how many more.
    assert (weapons["share_upper"], weapons["upper"]) == (1.0, 1.0)


def test_exclusive_parts_share_the_error_rate():
    table = composition(parts(("a", 72, 72), ("b", 51, 51)), TOTAL, exclusive=True).table
    goodman = multinomial_proportions_confint([72, 51, 59], method="goodman")
    assert table[["lower", "upper"]].to_numpy() == pytest.approx(goodman[:2], rel=1e-9)
    # A censored part can only take what the other parts leave.
    capped = composition(parts(("a", 72, 72), ("b", 51, TOTAL)), TOTAL, exclusive=True).table
    assert capped.loc["b", "count_upper"] == TOTAL - 72


def test_overlap_bounds_hold_every_possible_overlap():
    total, first, second = 6, Interval(3, 4), Interval(2, 5)
    seen = set()
    for a, b in product(product((0, 1), repeat=total), repeat=2):
        if first.contains(sum(a)) and second.contains(sum(b)):
            seen.add(sum(x * y for x, y in zip(a, b, strict=True)))
    bounds = overlap_bounds(first, second, total)
    assert (bounds.lower, bounds.upper) == (min(seen), max(seen))
    # Seventy and sixty of a hundred must share thirty at least.
    assert overlap_bounds(Interval(70, 80), Interval(60, 60), 100).lower == 30
    quarter = overlap_bounds(Interval(72, 72), Interval(51, TOTAL), TOTAL)
    assert (quarter.lower, quarter.upper_at_lowest, quarter.upper) == (0, 51, 72)


@pytest.mark.parametrize(
    ("rows", "exclusive", "code"),
    [
        ([("a", 120, 120), ("b", 80, 80)], True, "E120"),
        ([("a", 10, 200)], False, "E120"),
        ([("a", 5, 4)], False, "E102"),
        ([("a", 2.5, 4)], False, "E102"),
    ],
)
def test_impossible_parts_are_refused(rows, exclusive, code):
    with pytest.raises(Refusal) as refused:
        composition(parts(*rows), TOTAL, exclusive=exclusive)
    assert refused.value.codes == (code,)
    if exclusive:
        assert composition(parts(*rows), TOTAL).table.shape == (2, 6)
