"""Readings of a place among forces, against an independent count of the same tables."""

import pytest

from officer_assaults.data import recorded
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
    found = place_readings("british-transport-police", "2017/18", "2018/19")
    assert "rate" not in set(found["kind"])
    counts = recorded.annual("auto").query("financial_year == '2018/19'").set_index("force")
    more = sum(counts["n_total"] > counts["n_total"]["british-transport-police"])
    (place,) = found[found["kind"] == "count"][["place", "of"]].to_numpy().tolist()
    assert place == [more + 1, 44]
    with pytest.raises(Refusal, match="E106"):
        place_readings("kent", "2017/18", "2029/30")
