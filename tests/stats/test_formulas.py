"""Formulas: the grammar, and that nothing in a formula is ever run."""

import builtins
import os
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patsy import dmatrix

from officer_assaults.refusals import Refusal
from officer_assaults.stats import formulas
from officer_assaults.stats.formulas import build_design, check_formula, rebuild_design

FRAME = pd.DataFrame(
    {
        "y": [1, 2, 3, 4, 5, 6, 7, 8],
        "hour": [0.0, 3, 6, 9, 12, 15, 18, 21],
        "single": [0.0, 1, 0, 1, 0, 1, 0, 1],
        "band": list("abcabcab"),
        "team": [11, 2, 7, 11, 2, 7, 11, 2],
    }
)


@pytest.mark.parametrize(
    ("right", "columns"),
    [
        ("hour", 2),
        ("single*band + hour", 7),
        ("C(band, Treatment(reference='b'))", 3),
        ("C(band, Sum)", 3),
        ("C(band, levels=['c', 'b', 'a'])", 3),
        ("C(team)*single", 6),
        ("C(team, Treatment(7)) + C(band)", 5),
        ("team + C(team)", 4),
        ("band:single", 4),
        ("cr(hour, df=3) - 1", 3),
        ("bs(hour, df=4, degree=3)", 5),
        ("I(hour**2 - 3*hour/2) + single:hour", 3),
        ("np.log(hour + 1) + np.log(2 * hour + 1)", 3),
        ("(single + hour + band)**2 - 1", 10),
        ("1", 1),
    ],
)
def test_allowed_terms_are_built_as_patsy_builds_them(right, columns):
    formula = check_formula(f"y ~ {right}", list(FRAME.columns))
    matrix, info = build_design(formula, FRAME)
    assert matrix.shape == (8, columns)
    wanted = dmatrix(right, FRAME)
    np.testing.assert_array_equal(matrix, wanted)
    assert list(matrix.columns) == wanted.design_info.column_names
    # Other rows get the same knots and levels, so a part equals its part of the whole.
    np.testing.assert_allclose(rebuild_design(formula, info, FRAME.iloc[2:5]), matrix.iloc[2:5])


BROKEN = [
    "hour + 1_",
    "hour + \x00",
    "hour + 0b2",
    "f'{hour'",
    "hour + 'a",
    "hour + 1e",
    "\\",
    "hour ¤",
]


@pytest.mark.parametrize("right", BROKEN)
def test_what_no_tokenizer_reads_is_refused_on_every_python(right):
    with pytest.raises(Refusal, match="E125"):
        check_formula(f"y ~ {right}", list(FRAME.columns))


ATTACKS = [
    "__import__('os').system('touch pwned')",
    "hour.__class__",
    "band.str.upper()",
    "lambda: hour",
    "(lambda: hour)()",
    "`hour`",
    "[hour for _ in (1,)]",
    "{hour}",
    "f'{hour}'",
    "'hour'",
    "(yield)",
    "hour if single else band",
    "hour; import os",
    "hour @ single",
    "hour < 3",
    "hour and single",
    "*hour",
    "hour[0]",
    "open('pwned', 'w')",
    "exec('x')",
    "np.log(hour)",
    "log(hour)",
    "Q('hour')",
    "te(cr(hour, 3))",
    "offset(hour)",
    "I(open('pwned', 'w'))",
    "I(hour.mean())",
    "I((lambda: hour)())",
    "np.exp(hour)",
    "np.log.__call__(hour)",
    "os.log(hour)",
    "log(hour, out=hour)",
    "I(hour := 1)",
    "I(hour if 1 else 2)",
    "I(9**9**9)",
    "I(hour**9999)",
    "I(hour**single)",
    "I(hour, single)",
    "I(hour == 3)",
    "I('a' * 9)",
    "I(~hour)",
    "C(open('pwned', 'w'))",
    "C(band, Treatment(reference=open('pwned', 'w')))",
    "C(band, Treatment().x)",
    "C(band, exit)",
    "C(band)(hour)",
    "C()",
    "bs(hour, df=exit())",
    "bs(hour, **{'df': 4})",
    "bs(hour, *[4])",
    "bs(hour, knots=(k for k in hour))",
    "(hour + single)**99999",
    "(hour + single)**hour",
    "2",
    "\x00",
    "hour # comment",
    "(" * 3000,
    "I(" + "-" * 1500 + "hour)",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_outside_the_grammar_is_run(attack, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def trap(*args, **kwargs):
        raise AssertionError("a formula was evaluated")

    monkeypatch.setattr(os, "system", trap)
    monkeypatch.setattr(builtins, "exec", trap)
    with pytest.raises(Refusal) as refusal:
        build_design(check_formula(f"y ~ {attack}", list(FRAME.columns)), FRAME)
    assert set(refusal.value.codes) == {"E125"}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "term",
    [
        "bs(number, df=100000)",
        "cr(number, 100000)",
        "ｂｓ(number, df=100000)",
        "bs(number, degree=100000)",
        f"bs(number, knots={list(range(500))})",
        "C(one):C(other)",
        "one*other",
        "bs(number, df=50):bs(twice, df=50):bs(thrice, df=50)",
        "C(one) + C(other)",
        "te(cr(number, df=50), cr(twice, df=50))",
        "cr(number, df=51)",
        "poly(number, 100000)",
        "I(number ** 100000)",
    ],
    ids=lambda term: term[:24],
)
def test_a_design_that_memory_cannot_hold_is_refused_before_it_is_built(term):
    numbers = np.arange(6000)
    columns = {"one": numbers.astype(str), "other": (numbers % 5999).astype(str)}
    times = {name: numbers * k for k, name in enumerate(("number", "twice", "thrice"), 1)}
    frame = pd.DataFrame({"y": numbers, **columns, **times})
    tracemalloc.start()
    with pytest.raises(Refusal) as refusal:
        build_design(check_formula(f"y ~ {term}", list(frame.columns)), frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(refusal.value.codes) == {"E125"}
    assert peak < 50e6


@given(st.text(max_size=60))
def test_any_text_is_built_or_refused(text):
    # Any other exception, a warning turned error or a hang would fail here.
    codes = {"E125"}
    try:
        build_design(check_formula(f"y ~ {text}", list(FRAME.columns)), FRAME)
    except Refusal as refusal:
        codes = set(refusal.codes)
    assert codes == {"E125"}


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ hours", "no column is called 'hours'. Did you mean 'hour'?"),
        ("ys ~ hour", "no column is called 'ys'"),
        ("y ~ y + hour", "the outcome 'y' is also a term"),
        ("np.log(y) ~ hour", "is not a column name"),
        ("hour", "has no outcome"),
        ("~ hour", "has no outcome"),
        ("y ~ offset(hour)", "exposure="),
        ("y ~", "is no formula"),
    ],
)
def test_a_refused_formula_says_what_to_do(formula, message):
    with pytest.raises(Refusal) as refusal:
        check_formula(formula, list(FRAME.columns))
    assert message in str(refusal.value)


def test_every_problem_is_named_at_once():
    with pytest.raises(Refusal) as refusal:
        check_formula("y ~ hours + singel + hour.x", list(FRAME.columns))
    assert len(refusal.value.problems) == 3


def test_a_column_cannot_take_the_place_of_a_function():
    frame = FRAME.assign(C=1.0)
    with pytest.raises(Refusal, match="Rename the column"):
        check_formula("y ~ C + hour", list(frame.columns))


def test_rows_are_never_dropped_silently():
    frame = FRAME.assign(hour=FRAME["hour"].where(FRAME["y"] != 3))
    formula = check_formula("y ~ hour", list(frame.columns))
    with pytest.raises(Refusal, match="1 missing values, the first in row 2"):
        build_design(formula, frame)


@pytest.mark.parametrize("term", ["I(single/hour)", "I(y2/hour)", "log(hour)", "np.log(hour - 1)"])
def test_terms_must_be_finite_numbers(term):
    # 0/0 is missing and 3/0 infinite; both rows would spoil the fit or vanish from it.
    frame = FRAME.assign(y2=3.0)
    formula = check_formula(f"y ~ {term}", list(frame.columns))
    with pytest.raises(Refusal, match="E125"):
        build_design(formula, frame)
    _, info = build_design(formula, frame.iloc[1:])
    with pytest.raises(Refusal, match="E125"):
        rebuild_design(formula, info, frame)


def test_other_data_must_have_the_columns_and_levels():
    formula = check_formula("y ~ band + hour", list(FRAME.columns))
    _, info = build_design(formula, FRAME)
    with pytest.raises(Refusal, match="no column is called 'hour'"):
        rebuild_design(formula, info, FRAME.drop(columns="hour"))
    with pytest.raises(Refusal, match="does not match any of the expected levels"):
        rebuild_design(formula, info, FRAME.assign(band="z"))


@pytest.mark.parametrize(
    "terms",
    ["single + share", "single * C(band)", "cr(share, df=4)", "bs(share, df=5) + C(word)",
     "C(band, Treatment('b')) + C(code, Sum)", "0 + C(band) + I(share**2)"],
)  # fmt: skip
def test_designs_built_by_blocks_are_those_of_all_rows(monkeypatch, terms):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"single": rng.integers(0, 2, 500), "share": rng.normal(size=500)})
    frame["band"], frame["word"] = pd.Categorical(rng.choice([*"abc"], 500)), [*"uv"] * 250
    frame["code"], frame["y"] = rng.integers(1, 4, 500), 1
    parsed = formulas.check_formula(f"y ~ {terms}", [*frame.columns])
    whole, info = formulas.build_design(parsed, frame)
    monkeypatch.setattr(formulas, "ROWS_AT_ONCE", 97)
    blocks, also = formulas.build_design(parsed, frame)
    pd.testing.assert_frame_equal(blocks, whole)
    rest = frame.tail(40)
    one, other = (formulas.rebuild_design(parsed, told, rest) for told in (info, also))
    pd.testing.assert_frame_equal(one, other)
