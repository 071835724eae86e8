"""An attacker with the built numbers of a public report, who looks for planted small cells."""

import itertools
import os

import numpy as np
import pandas as pd
import pytest
from canaries import PLACE, canary_cells, write_export

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing import door, published, queries
from officer_assaults.topics.crewing.given import open_cells
from officer_assaults.topics.crewing.model.analysis import crude_ratios
from officer_assaults.topics.crewing.model.cells import prepare, two_arms
from officer_assaults.topics.crewing.simulator.params import ForceParams

EXPORTS = 200 if os.environ.get("OFFICER_ASSAULTS_RUNS") == "full" else 40
NEAR = 0.2
BANDS = ("day", "early", "evening", "night")


@pytest.fixture(scope="module")
def whole():
    return canary_cells(ForceParams(), beats=2)


def planted(cells, seed):
    """From 1 to 9 victims, at night and alone, some of them injured, and few injured alone."""
    rng = np.random.default_rng(seed)
    out = cells.copy()
    single = (out["crew"] == "single").to_numpy()
    night = single & (out["hour_band"] == "night").to_numpy()
    out.loc[night, ["y", "y_injury"]] = 0
    rows = rng.choice(np.flatnonzero(night), rng.integers(1, 10), replace=False)
    out.iloc[rows, out.columns.get_loc("y")] = 1
    out.loc[single, "y_injury"] = 0
    hurt = np.flatnonzero(single & (out["y"] > 0).to_numpy())
    hurt = rng.choice(hurt, rng.integers(1, 10), replace=False)
    out.iloc[hurt, out.columns.get_loc("y_injury")] = 1
    fewer = out["y_after_double"].clip(upper=out["y"])
    met = out["incidents_assault"].where(~single, out["y"])
    return out.assign(y_after_double=fewer, incidents_assault=met)


def sums_of(cells):
    """Every sum over crew, hour band and injury, which is the most that numbers can be made of."""
    both = two_arms(cells)
    parts = {"all": both["y"], "with": both["y_injury"], "without": both["y"] - both["y_injury"]}
    found = {}
    for crew, kind in itertools.product(("single", "double"), parts):
        counts = parts[kind][both["crew"] == crew]
        bands = both.loc[both["crew"] == crew, "hour_band"].astype(str)
        for size in range(1, len(BANDS) + 1):
            for chosen in itertools.combinations(BANDS, size):
                found[crew, kind, chosen] = float(counts[bands.isin(chosen)].sum())
    return found


def whole_number_pairs(ratio, most=40):
    """Pairs of counts whose quotient is a published ratio, to nine digits."""
    for first, second in itertools.product(range(1, most), repeat=2):
        if abs(first / second - ratio) < 1e-9 * ratio:
            yield first, second


def is_near(guess, truth):
    return abs(guess - truth) <= NEAR * truth


@pytest.mark.parametrize("first", range(0, EXPORTS, 20))
def test_no_planted_count_comes_back_by_division_or_difference(whole, first):
    """Even one who works out every protected sum exactly finds none of 1 to 9 within a fifth."""
    for seed in range(first, first + 20):
        cells = planted(whole, seed)
        truth, told = sums_of(cells), sums_of(door.protect_cells(cells))
        small = {key: count for key, count in truth.items() if 0 < count < door.THRESHOLD}
        assert small
        assert [key for key, count in small.items() if is_near(told[key], count)] == []
        for count in told.values():
            assert count % door.ROUND_TO == 0
        # And by differences of two of them: what one holds and the other does not.
        for key, count in small.items():
            crew, kind, chosen = key
            rest = tuple(band for band in BANDS if band not in chosen)
            if rest:
                assert not is_near(told[crew, kind, BANDS] - told[crew, kind, rest], count)


def test_a_ratio_of_the_report_gives_only_rounded_pairs(tmp_path, whole):
    """Ratio times hours, to all digits, as the JSON would hold it: the pair was there before."""
    cells = planted(whole, 1)
    path = write_export(tmp_path, cells)
    told = open_cells(str(path), None, "kent", "", 0)
    assert told.protected
    data = prepare(told.cells)
    ratio = crude_ratios(data)[0].ratio
    hours = data.frame.groupby("single")["officer_hours"].sum()
    counts = data.frame.groupby("single")["victims"].sum()
    assert ratio * hours[1.0] / hours[0.0] == pytest.approx(counts[1.0] / counts[0.0], rel=1e-6)
    assert (counts % door.ROUND_TO == 0).all()
    with pytest.raises(Refusal):
        prepare(told.cells, outcome="injury")
    inside = prepare(open_cells(str(path), None, "kent", "", 0, "internal").cells)
    true = inside.frame.groupby("single")["y_injury"].sum()
    assert (int(true[1.0]), int(true[0.0])) in set(whole_number_pairs(true[1.0] / true[0.0]))


@pytest.mark.parametrize(
    "own",
    ["0 if hour_band == 'night' else single", "0 if backup_min > 24.9 else single", "single"],
)
def test_own_policies_of_a_public_report_are_refused(tmp_path, whole, own):
    path = write_export(tmp_path, whole)
    with pytest.raises(Refusal) as caught:
        open_cells(str(path), None, "kent", "", 0).policies(["all_double", own])
    assert caught.value.codes == ("E121",)
    assert open_cells(str(path), None, "kent", "", 0, "internal").policies([own]) == ([own], [])


@pytest.mark.parametrize("far", [1, 2, 12])
def test_the_row_of_a_single_far_beat_is_left_out(whole, far):
    cells = whole.assign(backup_min=15.0)
    beats = sorted(cells["beat"].unique())[:far]
    cells.loc[cells["beat"].isin(beats), "backup_min"] = 35.0
    kept, dropped = queries.public_policies(
        ["all_double", "double_far_backup"], door.protect_cells(cells)
    )
    assert "all_double" in kept
    assert dropped == (["double_far_backup"] if far < queries.FEWEST_PLACES else [])


@pytest.mark.parametrize("asked", [["double_nights", "double_dark_grade1"], ["double_dark_grade1"]])
@pytest.mark.parametrize(("more", "kept"), [(0, True), (1, False), (20, True)])
def test_policies_that_part_in_few_hours_are_not_both_judged(whole, asked, more, kept):
    """By their difference; nor one in this report, and the other in the next."""
    beats = sorted(whole["beat"].unique())[:more]
    night = whole["hour_band"].isin(["night", "early"])
    dark = night | ((whole["hour_band"] == "evening") & whole["beat"].isin(beats))
    cells = door.protect_cells(whole.assign(dark_share=dark.astype(float), grade1_share=1.0))
    told, dropped = queries.public_policies(asked, cells)
    assert told == asked[: len(asked) - (not kept)]
    assert dropped == ([] if kept else ["double_dark_grade1"])


def test_a_formula_on_labels_of_few_victims_is_refused(tmp_path, whole):
    path = write_export(tmp_path, planted(whole, 3))
    given = open_cells(str(path), None, "kent", "", 0)
    with pytest.raises(Refusal) as caught:
        given.check_terms("C(hour_band) + dark_share")
    assert caught.value.codes == ("E121",)
    given.check_terms("dark_share + backup_c")


@pytest.mark.parametrize("name", ["cells_{}_03", "Report-{}03", "x.{}.03"])
def test_a_file_name_names_no_place_whichever_report_is_made(tmp_path, whole, name):
    path = write_export(tmp_path, whole)
    other = path.with_name(name.format(PLACE) + ".csv")
    path.rename(other)
    path.with_name("cells.csv.meta.yml").rename(other.with_name(other.name + ".meta.yml"))
    with pytest.raises(Refusal) as caught:
        open_cells(str(other), None, "kent", "", 0)
    assert caught.value.codes == ("E121",)
    assert PLACE.lower() not in str(caught.value).replace(other.name, "").lower()


def test_two_windows_of_one_file_are_not_both_published(tmp_path, whole):
    """Fewer months than before are refused; the same file again tells no more."""
    listed = tmp_path / published.NAME
    first = published.entry(whole, 3)
    published.check(listed, first)
    published.note(listed, first)
    published.check(listed, first)
    window = whole[whole["period_start"] != whole["period_start"].max()]
    with pytest.raises(Refusal) as caught:
        published.check(listed, published.entry(window, 3))
    assert caught.value.codes == ("E121",)
    later = window.assign(
        period_start=pd.to_datetime(window["period_start"]) + pd.DateOffset(years=3)
    )
    published.check(listed, published.entry(later, 3))
    assert PLACE not in listed.read_text()


def test_the_same_rows_give_the_same_protected_cells(whole):
    """Else the mean of many reports would tell."""
    before = whole.copy()
    first, second = door.protect_cells(whole), door.protect_cells(whole)
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(whole, before)
