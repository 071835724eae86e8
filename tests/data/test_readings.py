"""Readings of a place among forces, against an independent count of the same tables."""

import pytest

from officer_assaults.data.readings import place_readings
from officer_assaults.refusals import Refusal

# Counted by hand from release 2023-10 by an auditor: place and number of forces.
AUDITED = {
    "count, all territorial forces": (7, 43),
    "count, without the Metropolitan Police": (6, 42),
    "rise in the count, British Transport Police included": (3, 44),
    "count without injury (code 104)": (5, 43),
    "count with injury (code 8S)": (16, 43),
    "count per officer, all territorial forces": (26, 43),
}


def test_every_reading_of_sixth_worst_of_forty():
    found = place_readings("thames-valley", "2017/18", "2018/19", "2023-10").set_index("reading")
    assert {
        name: (row["place"], row["of"]) for name, row in found.loc[list(AUDITED)].iterrows()
    } == AUDITED
    assert found["value"]["rise in the count, British Transport Police included"] == 1038 - 785


def test_only_the_largest_force_leaves_when_it_is_left_out():
    mine, without = place_readings("metropolitan-police", "2017/18", "2018/19")["reading"][:2]
    assert "without" not in mine + without
    kent = place_readings("kent", "2017/18", "2018/19")["reading"]
    assert not kent.str.contains("records hold").any()


def test_a_force_without_denominator_has_no_rate():
    kinds = set(place_readings("british-transport-police", "2017/18", "2018/19")["kind"])
    assert "rate" not in kinds
    with pytest.raises(Refusal, match="E106"):
        place_readings("kent", "2017/18", "2029/30")
