"""What an analyst may type, policies above all, runs nothing and breaks nothing."""

import builtins
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from officer_assaults.refusals import Refusal
from officer_assaults.stats.expressions import MAX_DEPTH
from officer_assaults.stats.formulas import check_formula
from officer_assaults.topics.crewing.model.policy_language import Policy, share_single

CELLS = pd.DataFrame(
    {
        "single": [1.0, 0.0, 1.0],
        "hour_band": ["day", "night", "early"],
        "backup_min": [5.0, 25.0, 0.0],
        "lpa": ["Quernmoor 1", "Quernmoor 2", "Quernmoor 2"],
    }
)
ATTACKS = [
    "__import__('os').system('touch pwned')",
    "(lambda: 1)()",
    "lambda: single",
    "().__class__.__bases__[0].__subclasses__()",
    "single.__class__.__init__.__globals__",
    "single.tofile('pwned')",
    "open('pwned', 'w')",
    "exec('x')",
    "eval('1')",
    "[open('pwned', 'w') for _ in (1,)]",
    "(open('pwned', 'w') for _ in (1,))",
    "{1: 2}",
    "{single}",
    "f'{single}'",
    "f'{open(1)!r:>{9}}'",
    "hour_band[0]",
    "hour_band[:]",
    "(x := 1)",
    "await single",
    "yield single",
    "*single",
    "single ** 99999",
    "single % 2",
    "single // 2",
    "single @ single",
    "single << 99999",
    "single | 1",
    "~single",
    "+single",
    "1 if single is None else 0",
    "...",
    "None",
    "True",
    "1j",
    "b'x'",
    "`single`",
    "single; import os",
    "single\nimport os",
    "import os",
    "single # comment" + "\x00",
    "\x00",
    "'" + "a" * 600 + "'",
    "(" * 240 + "1" + ")" * 240,
    "-" * 400 + "1",
    "not " * 120 + "single",
    "1 if 1 else " * 40 + "1",
    "ºrd",
    "",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_policy_runs_anything(attack, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def trap(*args, **kwargs):
        raise AssertionError("a policy was evaluated by Python")

    for module, name in ((os, "system"), (subprocess, "Popen")):
        monkeypatch.setattr(module, name, trap)
    for name in ("exec", "eval", "open"):
        monkeypatch.setattr(builtins, name, trap)
    with pytest.raises(Refusal) as caught:
        share_single(Policy("own", "own", attack), CELLS)
    assert set(caught.value.codes) <= {"E125", "E115"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frames", [90, 400])
@pytest.mark.parametrize(
    "read",
    [
        lambda: Policy("own", "own", "-" * 200 + "1"),
        lambda: check_formula("y ~ I(" + "-" * 200 + "hour)", ["y", "hour"]),
    ],
    ids=["policy", "formula"],
)
def test_nesting_is_refused_however_much_of_the_stack_is_left(read, frames):
    """A caller near the recursion limit gets the refusal that any other gets."""
    found = []

    def call():
        limit = sys.getrecursionlimit()
        try:
            sys.setrecursionlimit(frames + 200)
            read()
        except Refusal as refusal:
            found.extend(refusal.codes)
        finally:
            sys.setrecursionlimit(limit)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert found == ["E125"]


def test_what_people_write_is_not_too_deep():
    steps = " else ".join(f"0.{n} if backup_min > {90 - n}" for n in range(1, 15)) + " else single"
    assert len(share_single(Policy("own", "own", steps), CELLS)) == len(CELLS)
    assert MAX_DEPTH > 15


VOCABULARY = (
    "single hour_band backup_min lpa nothing 0 1 0.5 1e999 -1 'day' 'x' ( ) , + - * / > < == != "
    "<= >= and or not in if else [ ] ** . : % ' is None True"
)
WORDS = st.sampled_from(sorted(VOCABULARY.split()))


@given(st.lists(WORDS, max_size=14).map(" ".join))
@example("1 / 0")
@example("9" * 400)
@example("1e999 - 1e999")
@example("single in (1, 'a')")
@example("lpa")
@example("lpa + 1")
@example("0 if lpa > 3 else 1")
@example("0 if (1, 2) == 1 else 1")
@example("(1, (2, 3))")
@example("0 if single in single else 1")
def test_any_policy_gives_shares_or_a_refusal(written):
    before, said, share = CELLS.copy(), "", np.ones(len(CELLS))
    codes = {"E115"}
    try:
        share = share_single(Policy("own", "own", written), CELLS)
    except Refusal as refusal:
        codes, said = set(refusal.codes), str(refusal)
    assert codes <= {"E115", "E125"}
    # A message names columns, never what stands in them.
    assert "Quernmoor" not in said
    assert share.shape == (len(CELLS),)
    assert np.all((share >= 0) & (share <= 1))
    pd.testing.assert_frame_equal(CELLS, before)
