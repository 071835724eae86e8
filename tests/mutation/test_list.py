"""The list of mutations cannot rot: each still applies, and its tests exist."""

import try_mutants as run
from mutants import MUTANTS, Mutant

FEWEST = 30


def test_every_mutation_still_applies_and_names_tests_that_exist():
    assert run.misplaced() == []
    assert run.missing_tests() == []
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= FEWEST


def test_a_mutation_that_does_not_apply_is_told():
    gone = Mutant("gone", "stats/evalue", "no such text", "x", "", "tests/no_such.py::test_x")
    idle = Mutant(
        "idle", "stats/evalue", "def bounding_factor", "def bounding_factor", "", "tests/x.py"
    )
    assert [line.split(":")[0] for line in run.misplaced([gone, idle])] == ["gone", "idle"]
    assert run.missing_tests([gone]) == ["tests/no_such.py::test_x"]


def test_the_page_holds_every_mutation_killed():
    page = run.PAGE.read_text(encoding="utf-8")
    for mutant in MUTANTS:
        assert f"| {mutant.name} |" in page
    assert f"Killed: {len(MUTANTS)} of {len(MUTANTS)}." in page
