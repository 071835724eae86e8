"""Identities that hold whatever the data: pooling, saturation, signs, gates."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from officer_assaults.topics.crewing.model import cells
from officer_assaults.topics.crewing.model import checks as crewing_checks
from officer_assaults.topics.crewing.model import ratios as crewing
from officer_assaults.topics.crewing.model.analysis import analyse
from officer_assaults.topics.crewing.model.cells import (
    POST_TREATMENT,
    check_adjustment,
    check_enough,
    prepare,
    usable_terms,
)
from officer_assaults.topics.crewing.model.policy import fit_policy_model, standardised_rates
from officer_assaults.topics.crewing.model.weights import overlap, propensity, weighted_ratio

#: First-order and jackknife errors of 60 places, of 2 to 30 victims each, differ by about G/(G-1).
JACKKNIFE_NEAR = 0.1


def test_pooled_cells_give_the_fit_of_the_rows(baseline_cells):
    """A Poisson model needs no more than the sums: split every cell in three and nothing moves."""
    rng = np.random.default_rng(1)
    parts = rng.dirichlet((2, 2, 2), len(baseline_cells))
    y = np.array([rng.multinomial(n, p) for n, p in zip(baseline_cells["y"], parts, strict=True)])
    rows = pd.concat(
        [
            baseline_cells.assign(
                y=y[:, k], officer_hours=baseline_cells["officer_hours"] * parts[:, k]
            )
            for k in range(3)
        ],
        ignore_index=True,
    )
    one = crewing.arm_ratio(prepare(baseline_cells), label="")
    three = crewing.arm_ratio(prepare(rows), label="")
    assert three.ratio == pytest.approx(one.ratio, rel=1e-9)
    assert three.upper == pytest.approx(one.upper, rel=1e-9)


def test_with_one_cause_in_full_weighting_and_standardising_agree(baseline_cells):
    data = prepare(baseline_cells, formula="grade1_share")
    model = fit_policy_model(data, [], interactions=("single:grade1_share",))
    _, _, ratio, _ = standardised_rates(model)
    assert weighted_ratio(data, "IPW").ratio == pytest.approx(ratio, rel=1e-8)
    augmented = weighted_ratio(data, "AIPW", outcome_terms=("grade1_share", "single:grade1_share"))
    assert augmented.ratio == pytest.approx(ratio, rel=1e-8)


def test_weighted_limits_are_those_of_leaving_places_out(baseline_cells):
    """The linearised error, that of the estimated chance included, beside 60 refits."""
    # Risk that hangs on the grade alone, and hours of each grade that differ from place to place:
    # weights that are estimated are then far better than known ones, if their error is counted in.
    rng = np.random.default_rng(0)
    high = (baseline_cells["grade1_share"] > 0.5).to_numpy()
    hours = baseline_cells["officer_hours"] * rng.lognormal(0, 0.8, len(high))
    risk = np.where(high, 0.004, 0.0002)
    cells = baseline_cells.assign(officer_hours=hours, y=rng.poisson(hours * risk))
    data = prepare(cells, formula="grade1_share")
    found = weighted_ratio(data, "IPW")
    places = data.frame[data.cluster]
    logs = np.array(
        [
            np.log(weighted_ratio(replace(data, frame=data.frame[places != one]), "IPW").ratio)
            for one in places.unique()
        ]
    )
    groups = len(logs)
    jackknife = np.sqrt((groups - 1) / groups * ((logs - logs.mean()) ** 2).sum())
    half = (np.log(found.upper) - np.log(found.lower)) / 2
    assert half / stats.t.isf(0.025, groups - 1) == pytest.approx(jackknife, rel=JACKKNIFE_NEAR)


def test_a_few_hours_of_endless_weight_give_no_doubly_robust_ratio(baseline):
    """Double-crewed hours without a victim, weighted by a million, take the others' away."""
    chance = propensity(baseline)
    odd = (chance.frame["single"] == 0) & (chance.frame["victims"] == 0)
    frame = chance.frame.assign(chance_double=chance.frame["chance_double"].where(~odd, 1e-6))
    found = weighted_ratio(baseline, "AIPW", chance=replace(chance, frame=frame))
    assert np.isnan(found.ratio)
    assert (found.lower, found.upper) == (0, np.inf)


def test_overlap_counts_one_sided_hours(baseline):
    found = overlap(propensity(baseline))
    assert found.histogram[["single", "double"]].sum().to_numpy() == pytest.approx([1, 1])
    assert 0 <= found.one_sided_hours < 0.2
    assert 0.5 < found.variance_left < 1


def test_swapping_the_crews_inverts_the_ratio(baseline_cells):
    swapped = baseline_cells.assign(
        crew=baseline_cells["crew"].map({"single": "double", "double": "single"})
    )
    one = crewing.arm_ratio(prepare(baseline_cells), label="")
    two = crewing.arm_ratio(prepare(swapped), label="")
    assert one.ratio * two.ratio == pytest.approx(1, rel=1e-9)
    assert one.lower * two.upper == pytest.approx(1, rel=1e-8)


def test_hours_in_another_unit_change_no_ratio(baseline_cells):
    days = baseline_cells.assign(officer_hours=baseline_cells["officer_hours"] / 24)
    one, two = (crewing.arm_ratio(prepare(c), label="") for c in (baseline_cells, days))
    assert two.ratio == pytest.approx(one.ratio, rel=1e-9)


def test_one_denominator_never_comes_without_the_other(baseline, baseline_cells):
    found = crewing.denominators(baseline)
    assert found.per_attendance is not None
    assert found.benchmark == pytest.approx(2 / found.victims_per_double)
    assert found.benchmark_limits.contains(found.benchmark)
    without = crewing.denominators(
        prepare(baseline_cells.assign(attended=pd.NA, incidents_assault=pd.NA))
    )
    assert without.per_attendance is None
    assert (without.benchmark_limits.lower, without.benchmark_limits.upper) == (1.0, 2.0)


def test_the_ratio_per_officer_hour_is_twice_the_incidents_over_the_victims(baseline_cells):
    """E1 = 2r/m, to the digit where nothing is adjusted for."""
    data = prepare(baseline_cells)
    one = crewing.arm_ratio(data, label="", terms=())
    r = crewing.arm_ratio(
        data, label="", terms=(), outcome="incidents_assault", exposure="unit_hours"
    )
    double = baseline_cells[baseline_cells["crew"] == "double"]
    m = double["y"].sum() / double["incidents_assault"].sum()
    assert one.ratio == pytest.approx(2 * r.ratio / m, rel=1e-9)


def test_few_clusters_give_a_permutation_and_no_interval(baseline):
    few = replace(
        baseline, frame=baseline.frame.assign(part=baseline.frame["lpa"].cat.codes % 5),
        cluster="part", clusters=5,
    )  # fmt: skip
    found = crewing.arm_ratio(few, label="")
    assert not found.has_interval
    assert (found.lower, found.upper) == (0.0, np.inf)
    # Five clusters have 32 sign patterns, and a pattern and its mirror count alike.
    assert found.p * 32 == pytest.approx(round(found.p * 32))
    assert found.p >= 2 / 32


def test_sign_changes_keep_their_size_under_no_difference():
    """With no difference between arms, one in twenty at most falls below p = 0.05."""
    rng = np.random.default_rng(7)
    small = 0
    for _ in range(200):
        rows = pd.DataFrame(
            {
                "lpa": np.repeat(np.arange(7), 4),
                "single": np.tile([1.0, 0.0, 1.0, 0.0], 7),
                "hours": rng.uniform(500, 2000, 28),
            }
        )
        rows["victims"] = rng.poisson(rows["hours"] * 0.01)
        p = crewing.sign_change_p(rows, "victims ~ single", "single", "hours", "lpa")
        small += p <= 0.05
    assert small <= 22


def test_the_adjustment_set_is_fixed_by_the_diagram(baseline):
    assert baseline.terms == (
        "C(hour_band)", "weekend", "weekend:night", "C(area_type)", "backup_c", "grade1_share",
    )  # fmt: skip
    assert baseline.left_out["dark_share"] == "cannot be told apart from the terms before it"
    assert baseline.left_out["marker_share"] == "not in the file"


CANDIDATES = [*(term for terms in cells.RUNGS.values() for term in terms)]
REPEATED = "cannot be told apart from the terms before it"
CARRIED = {
    "as it is": (lambda rows: rows, {}),
    "a copy": (lambda rows: rows.assign(staffing=2 * rows["backup_c"]), {"staffing": REPEATED}),
    "a team without a victim": (
        lambda rows: rows.assign(
            team=np.where(rows["victims"] > 0, "a", np.where(rows["weekend"] == 1, "b", "c"))
        ),
        {"C(team)": "a level holds no recorded victim"},
    ),
    "single crews on weekdays only": (
        lambda rows: rows.assign(weekend=rows["weekend"].where(rows["single"] == 0, 0)),
        {"weekend:night": None, "weekend": None},
    ),
    "some back-up unknown": (
        lambda rows: rows.assign(backup_c=rows["backup_c"].mask(rows.index < 9)),
        {"backup_c": None},
    ),
}


@pytest.mark.parametrize("case", CARRIED)
def test_one_design_tells_of_each_term_what_designs_in_turn_tell(baseline, case):
    change, said = CARRIED[case]
    rows = change(baseline.frame)
    wanted = [term for term in CANDIDATES if not cells._says_nothing(rows, term)]
    usable, left_out = usable_terms(rows, wanted)
    in_turn = cells._reasons_in_turn(rows, wanted)
    assert usable == tuple(term for term in wanted if not in_turn[term])
    assert left_out == {term: reason for term, reason in in_turn.items() if reason}
    assert {term: left_out.get(term) for term in said} == said
    one_tells = case not in ("a team without a victim", "some back-up unknown")
    assert (cells._reasons_at_once(rows, wanted) is not None) == one_tells


def test_three_sums_carry_three_terms(baseline):
    """Rows are added up to look at them: that leaves none to spare, of the file there are many."""
    rows, _ = CARRIED["single crews on weekdays only"]
    assert usable_terms(rows(baseline.frame), ["weekend"]) == (("weekend",), {})


@pytest.mark.parametrize("column", sorted(POST_TREATMENT))
def test_what_follows_the_deployment_is_never_adjusted_for(baseline_cells, refused, column):
    refusal = refused(lambda: prepare(baseline_cells, formula=f"C(hour_band) + {column}"))
    assert refusal.codes == ("E116",)
    assert refused(lambda: check_adjustment([column])).codes == ("E116",)
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in column)
    assert refused(lambda: prepare(baseline_cells, formula=f"weekend + {wide}")).codes == ("E116",)
    # Columns of one's own, under the name that an export gives them.
    for own in (f"x_{column}", f"x_{column}".upper(), f"C(x_{column})"):
        terms = f"weekend + {own}"
        assert refused(lambda given=terms: prepare(baseline_cells, formula=given)).codes == (
            "E116",
        )


@pytest.mark.parametrize(
    "name",
    ["x_arrest\u0435d", "x_\u0430rrested", "x_arr\u0395sted", "x_arr\u00adested",
     "x_arr\u200bested", "x_\u2060arrested", "x_arr\u0332ested", "x_arreste\u0501",
     "x_\u13aarrested", "x_arr\ufe0fested"],
    ids=ascii,
)  # fmt: skip
def test_a_name_in_letters_that_look_like_others_is_refused(baseline_cells, refused, name):
    """Cyrillic, Greek and Cherokee letters, soft hyphens, joiners, unseen signs, underlining."""
    cells = baseline_cells.assign(**{name: np.arange(len(baseline_cells)) % 2})
    refusal = refused(lambda: prepare(cells, formula=f"weekend + {name}"))
    assert refusal.codes in (("E125",), ("E116",))
    assert str(refusal).isascii()


@pytest.mark.parametrize("name", ["x_ŵyth", "x_café_2", "x_weekend"])
def test_a_name_in_latin_letters_is_a_name(baseline_cells, name):
    rng = np.random.default_rng(1)
    cells = baseline_cells.assign(**{name: rng.random(len(baseline_cells))})
    assert name in prepare(cells, formula=f"weekend + {name}").adjustment


def test_an_override_needs_a_reason_and_keeps_it(baseline_cells, refused):
    formula = "C(hour_band) + attended"
    assert refused(lambda: prepare(baseline_cells, formula=formula, override_reason=" ")).codes == (
        "E116",
    )
    data = prepare(baseline_cells, formula=formula, override_reason="to show the bias")
    assert data.override_reason == "to show the bias"


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("C(hour_band) + nosuch", "E125"),
        ("np.exp(officer_hours)", "E125"),
        ("__import__('os')", "E125"),
        ("single", "E125"),
        ("C(hour_band) + night", "E122"),
        ("C(lpa) + C(beat)", "E122"),
    ],
)
def test_formulas_that_cannot_be_fitted_are_refused(baseline_cells, refused, formula, code):
    assert set(refused(lambda: prepare(baseline_cells, formula=formula)).codes) == {code}


def test_too_few_victims_are_refused_with_every_shortfall(baseline, refused):
    frame = baseline.frame
    few = frame.assign(victims=np.where(frame["single"] == 1, 0.0, 0.0))
    few.loc[few.index[:3], "victims"] = 1.0
    assert refused(lambda: check_enough(few)).codes == ("E114", "E114", "E114")
    alone = frame[frame["single"] == 1]
    assert refused(lambda: check_enough(alone)).codes == ("E122",)


def test_crews_of_three_are_left_out_and_counted(baseline_cells):
    more = baseline_cells.head(10).assign(crew="multi", y=1, officer_hours=300.0)
    both = pd.concat([baseline_cells.astype({"crew": str}), more], ignore_index=True)
    data = prepare(both)
    assert (data.multi_hours, data.multi_victims) == (3000.0, 10)
    assert set(data.frame["crew"]) == {"single", "double"}


def test_recording_divides_the_ratio(baseline):
    found = crewing.arm_ratio(baseline, label="")
    table = crewing_checks.recording_table(found, (0.6 / 0.7, 1.0))
    assert table["ratio"].to_numpy() * table["rho"].to_numpy() == pytest.approx(
        [found.ratio, found.ratio]
    )
    with pytest.raises(ValueError, match="above 0"):
        crewing_checks.recording_table(found, (0.0,))


def test_negative_controls_hold_where_nothing_is_hidden(baseline):
    controls = crewing_checks.negative_controls(baseline)
    assert [c.gates for c in controls] == [True, False]
    assert all(c.passes for c in controls)


def test_no_control_passes_by_an_endless_interval(baseline):
    few = replace(baseline, cluster="lpa", clusters=3)
    assert crewing_checks.negative_controls(few) == ()
    rare = baseline.frame.assign(y_after_double=0)
    controls = crewing_checks.negative_controls(replace(baseline, frame=rare))
    assert [control.gates for control in controls] == [False]


def test_agreement_equals_its_published_example():
    """Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72:323: .70 alike."""
    counts = pd.DataFrame([[88, 14, 18], [10, 40, 10], [2, 6, 12]], list("abc"), list("abc"))
    assert crewing_checks.planned_agreement(counts) == pytest.approx(0.70)
    assert crewing_checks.planned_agreement(counts.iloc[:1, :1]) is None


@pytest.mark.parametrize(
    ("formula", "held"),
    [
        ("C(hour_band) + grade1_share", True),
        ("C(hour_band) + C(call_grade)", True),
        ("C(hour_band) + C(area_type) + backup_c", False),
    ],
)
def test_without_the_calls_no_ratio_is_one_of_like_work(baseline_cells, formula, held):
    data = prepare(baseline_cells, formula=formula)
    assert data.holds_risk_alike is held
    claims = {c.id: c.verdict for c in analyse(data, ["all_double"]).claims}
    for name in ("per_officer_hour", "far_more", "per_attendance", "incidents", "true_ratio"):
        assert (claims[name] == "needs data") is not held
    assert (claims["policy.all_double.officer-hours"] == "needs data") is not held


def test_inputs_are_left_as_they_were(baseline_cells):
    before = baseline_cells.copy(deep=True)
    data = prepare(baseline_cells)
    crewing.denominators(data)
    crewing_checks.negative_controls(data)
    crewing_checks.sensitivities(data)
    pd.testing.assert_frame_equal(baseline_cells, before)
