"""Two lists of the same events: Chapman, dependence, and the direction of its error."""

from __future__ import annotations

import numpy as np
import pytest

from officer_assaults.refusals import Refusal
from officer_assaults.stats.capture_recapture import TwoLists, chapman, dependence_table

TRUE_TOTAL = 1600
ON_CRIME_RECORD, ON_SAFETY_FORM = 0.66, 0.45
RUNS = 2000
# Monte-Carlo standard error of a coverage near .95 at 2,000 runs is .005.
COVERAGE = 0.015


def draw(odds_ratio: float, runs: int = RUNS) -> np.ndarray:
    first, second = ON_CRIME_RECORD, ON_SAFETY_FORM
    if odds_ratio == 1:
        both = first * second
    else:
        total = 1 + (odds_ratio - 1) * (first + second)
        both = (total - np.sqrt(total**2 - 4 * odds_ratio * (odds_ratio - 1) * first * second)) / (
            2 * (odds_ratio - 1)
        )  # Plackett's distribution
    cells = [both, first - both, second - both, 1 - first - second + both]
    return np.random.default_rng(7).multinomial(TRUE_TOTAL, cells, size=runs)


def estimates(odds_ratio: float, assumed: float):
    rows = draw(odds_ratio).tolist()
    found = [chapman(TwoLists(a + b, a + c, a), assumed) for a, b, c, _ in rows]
    covered = np.mean([one.contains(TRUE_TOTAL) for one in found])
    return np.mean([one.value for one in found]), covered, found


def test_chapman_is_the_textbook_formula():
    # Seber (1982), The Estimation of Animal Abundance, 2nd ed., p. 60: (n1+1)(n2+1)/(m+1) - 1.
    assert chapman(TwoLists(900, 700, 420)).value == pytest.approx(901 * 701 / 421 - 1)


def test_independent_lists_are_covered():
    mean, covered, _ = estimates(1.0, 1.0)
    assert mean == pytest.approx(TRUE_TOTAL, rel=0.005)
    assert covered == pytest.approx(0.95, abs=COVERAGE)


def test_dependent_lists_are_not_and_the_error_has_the_stated_direction():
    mean, covered, found = estimates(2.0, 1.0)
    assert mean == pytest.approx(1420, abs=5)
    assert covered == 0.0
    recorded = ON_CRIME_RECORD * TRUE_TOTAL / np.mean([one.value for one in found])
    assert recorded > ON_CRIME_RECORD + 0.05


def test_the_right_odds_ratio_restores_the_coverage():
    mean, covered, _ = estimates(2.0, 2.0)
    assert mean == pytest.approx(TRUE_TOTAL, rel=0.005)
    assert covered == pytest.approx(0.95, abs=COVERAGE)


def test_totals_grow_with_the_assumed_dependence_and_shares_shrink():
    table = dependence_table(TwoLists(1057, 720, 475))
    assert table["total"].is_monotonic_increasing
    assert table["total"].is_unique
    assert table["recorded_share"].is_monotonic_decreasing
    assert (table["lower"] >= TwoLists(1057, 720, 475).seen).all()
    assert table["recorded_share"].between(table["share_lower"], table["share_upper"]).all()
    assert table["recorded_share"].to_numpy() == pytest.approx(1057 / table["total"].to_numpy())
    assert table["reading"].tolist() == ["lower bound"] * 2 + ["estimate"] * 3


@pytest.mark.parametrize(
    ("counts", "code"), [((10, 8, 9), "E103"), ((-1, 8, 0), "E102"), ((10.5, 8, 3), "E102")]
)
def test_impossible_lists_are_refused(counts, code):
    with pytest.raises(Refusal) as refusal:
        TwoLists(*counts)
    assert code in refusal.value.codes
