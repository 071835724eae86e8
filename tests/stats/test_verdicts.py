"""Verdicts: each rule at, inside and outside its boundary."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from officer_assaults.findings import VERDICTS
from officer_assaults.stats.verdicts import (
    ORDER,
    bounded,
    combine,
    lies,
    needs,
    reproduces,
    unusual,
    within,
)


@pytest.mark.parametrize(
    ("claimed", "computed", "decimals", "verdict"),
    [
        (33, 33.123, 0, "reproduces"),
        (33.1, 33.123, 1, "reproduces"),
        (33.2, 33.123, 1, "contradicted"),
        (15, 15.227, 0, "reproduces"),
        (263, 263, 0, "reproduces"),
        (264, 263, 0, "contradicted"),
        (2, 2.5, 0, "reproduces"),
        (3, 2.5, 0, "reproduces"),
        (3, 2.4999, 0, "contradicted"),
        (1100, 1057, -2, "reproduces"),
        (1000, 1057, -2, "contradicted"),
        (-5, -4.6, 0, "reproduces"),
    ],
)
def test_arithmetic_reproduces_as_rounded(claimed, computed, decimals, verdict):
    assert reproduces(claimed, computed, decimals) == verdict


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_rounded_figure_reproduces_itself(value, decimals):
    assert reproduces(round(value, decimals), value, decimals) == "reproduces"


@pytest.mark.parametrize(
    ("claimed", "verdict"),
    [(1.0, "consistent"), (1.5, "consistent"), (2.0, "consistent"), (0.99, "contradicted")],
)
def test_values_within_limits(claimed, verdict):
    assert within(claimed, 1.0, 2.0) == verdict


@pytest.mark.parametrize(
    ("side", "lower", "upper", "verdict"),
    [
        ("above", 1.01, 1.4, "consistent"),
        ("above", 1.0, 1.4, "not supported"),
        ("above", 0.9, 1.4, "not supported"),
        ("above", 0.5, 0.9, "contradicted"),
        ("below", 0.5, 0.9, "consistent"),
        ("below", 1.01, math.inf, "contradicted"),
        ("above", 0.0, math.inf, "not supported"),
    ],
)
def test_sides_of_a_value(side, lower, upper, verdict):
    assert lies(side, 1.0, lower, upper) == verdict
    same = {"not supported": "not identified"}.get(verdict, verdict)
    assert bounded(side, 1.0, lower, upper) == same


@pytest.mark.parametrize(
    ("p", "alpha", "verdict"),
    [(0.43, 0.05, "not supported"), (0.05, 0.05, "not supported"), (0.001, 0.002, "consistent")],
)
def test_standing_out(p, alpha, verdict):
    assert unusual(p, alpha) == verdict


def test_absent_records_need_data():
    assert needs(False, "consistent") == "needs data"
    assert needs(True, "consistent") == "consistent"


def test_parts_combine_to_the_gravest():
    assert sorted(ORDER) == sorted(VERDICTS)
    assert combine(["reproduces", "consistent"]) == "consistent"
    assert combine(["needs data", "reproduces", "not identified"]) == "not identified"
    assert combine(["contradicted", "needs data"]) == "contradicted"
    assert combine(["reproduces"]) == "reproduces"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: within(1.0, 2.0, 1.0), "no interval"),
        (lambda: within(math.nan, 1.0, 2.0), "needs a number"),
        (lambda: lies("over", 1.0, 1.0, 2.0), "'above' or 'below'"),
        (lambda: lies("above", 1.0, math.nan, 2.0), "no interval"),
        (lambda: reproduces(1.0, math.nan), "needs a number"),
        (lambda: unusual(1.2), "between 0 and 1"),
        (lambda: combine([]), "given"),
        (lambda: combine(["true"]), "verdicts are"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
