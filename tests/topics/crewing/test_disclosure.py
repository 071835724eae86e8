"""Disclosure control: nobody can work a small count out, and places stay inside."""

import itertools

import numpy as np
import pandas as pd
import pytest

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.disclosure import (
    BACKUP_BANDS,
    LEAST_RANGE,
    NOT_PUBLIC,
    SMALLEST_SHOWN,
    backup_band,
    check_public,
    counts_table,
    recoverable,
    suppress,
    with_margins,
    without_traceable,
)

#: Hidden cells whose every combination can be tried in a moment.
MOST_TRIED = 4


def brute_force_ranges(values, hidden, most):
    """Least and most of each hidden cell in all tables of counts that fit the published ones."""
    rows, columns = values.shape[0] - 1, values.shape[1] - 1
    inner = list(itertools.product(range(rows), range(columns)))
    free = [cell for cell in inner if hidden[cell]]
    limits = [
        int(min([most, *(values[line] for line in ((row, -1), (-1, column)) if not hidden[line])]))
        for row, column in free
    ]
    guesses = np.indices([limit + 1 for limit in limits]).reshape(len(free), -1)
    tables = np.repeat(values[None, :-1, :-1], guesses.shape[1], axis=0)
    for (row, column), counts in zip(free, guesses, strict=True):
        tables[:, row, column] = counts
    wide = np.concatenate([tables, tables.sum(axis=2, keepdims=True)], axis=2)
    whole = np.concatenate([wide, wide.sum(axis=1, keepdims=True)], axis=1)
    fitting = whole[(whole == values)[:, ~hidden].all(axis=1)]
    low, high = fitting.min(axis=0), fitting.max(axis=0)
    return {cell: (low[cell], high[cell]) for cell in map(tuple, np.argwhere(hidden))}


@pytest.mark.parametrize("seed", range(12))
def test_no_small_count_can_be_worked_out(seed):
    """The proof is by trying every table, not by the linear programmes that chose the cells."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.choice([2, 6, 9], size=(3, 2))).astype(float)
    values = with_margins(counts)
    hidden = suppress(values)
    small = (values > 0) & (values < SMALLEST_SHOWN)
    assert hidden[small].all()
    if hidden.any() and hidden[:-1, :-1].sum() <= MOST_TRIED:
        ranges = brute_force_ranges(values, hidden, int(values.max()))
        for cell in map(tuple, np.argwhere(small)):
            low, high = ranges[cell]
            assert high - low >= LEAST_RANGE


def test_one_small_count_takes_others_with_it():
    counts = pd.DataFrame({"Single": [40, 22, 50], "Double": [3, 30, 60]}, ["Day", "Eve", "Night"])
    shown = counts_table(counts, "Band").set_index("Band")
    assert shown.loc["Day", "Double"] == "[c]"
    # Its row and column totals are published, so three more cells have to go.
    assert (shown == "[c]").to_numpy().sum() == 4
    assert shown.loc["Total", "Total"] == 205


def test_a_lone_gap_is_told_to_be_recoverable():
    values = with_margins(np.array([[40.0, 3.0], [22.0, 30.0]]))
    hidden = np.zeros(values.shape, dtype=bool)
    hidden[0, 1] = True
    assert recoverable(values, hidden)[0, 1]


@pytest.mark.parametrize(("count", "is_hidden"), [(0, False), (1, True), (9, True), (10, False)])
def test_the_boundaries(count, is_hidden):
    values = with_margins(np.array([[float(count), 40.0], [30.0, 60.0]]))
    assert bool(suppress(values)[0, 0]) is is_hidden


def test_nothing_is_suppressed_where_nothing_is_small():
    counts = pd.DataFrame({"Single": [40, 22], "Double": [13, 30]}, ["Day", "Night"])
    safe = counts_table(counts, "Band")
    assert not (safe == "[c]").to_numpy().any()
    assert safe.iloc[-1, -1] == 105


def test_an_internal_table_is_whole():
    counts = pd.DataFrame({"Single": [1, 2], "Double": [3, 4]}, ["Day", "Night"])
    assert not (counts_table(counts, "Band", "internal") == "[c]").to_numpy().any()


def test_a_table_of_hardly_any_events_is_not_shown():
    with pytest.raises(Refusal) as caught:
        suppress(with_margins(np.array([[1.0, 1.0], [1.0, 0.0]])))
    assert caught.value.codes == ("E121",)


@pytest.mark.parametrize("column", sorted(NOT_PUBLIC))
def test_places_and_people_are_not_public(column):
    with pytest.raises(Refusal) as caught:
        check_public(["crew", column], "public")
    assert caught.value.codes == ("E121",)
    check_public(["crew", column], "internal")
    check_public(["crew", "victims"], "public")


def test_backup_is_banded_with_its_edges():
    bands = backup_band(np.array([0, 9.9, 10, 10.1, 20, 20.1, 60]))
    assert [BACKUP_BANDS[n] for n in bands] == [
        BACKUP_BANDS[0], BACKUP_BANDS[0], BACKUP_BANDS[0],
        BACKUP_BANDS[1], BACKUP_BANDS[1], BACKUP_BANDS[2], BACKUP_BANDS[2],
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_two_tables_of_one_margin_tell_no_more_than_one(seed):
    """A split by injury for each crew, beside victims by crew: the reports' own pair of tables.

    Every table of counts that fits both tables, and the total that a report on injuries alone would
    print, is tried: each small count must still have five values or more.
    """
    rng = np.random.default_rng(100 + seed)
    split = rng.poisson([[3, 14], [9, 16]]).astype(float)
    values = with_margins(split)
    hidden = suppress(values)
    # Victims by crew are in the table of counts, and the total of injuries in the other report,
    # unless suppress() kept that column's total back.
    open_cells = ~hidden
    open_cells[:, -1] = True
    fits = {cell: set() for cell in map(tuple, np.argwhere(small_cells(values)))}
    top = int(values.max())
    for first, second in itertools.product(range(top + 1), repeat=2):
        guess = np.array([[first, values[0, -1] - first], [second, values[1, -1] - second]])
        if (guess >= 0).all() and (with_margins(guess) == values)[open_cells].all():
            for cell in fits:
                fits[cell].add(with_margins(guess)[cell])
    assert all(max(found) - min(found) >= LEAST_RANGE for found in fits.values())


def small_cells(values):
    return (values > 0) & (values < SMALLEST_SHOWN)


@pytest.mark.parametrize("seed", range(3))
def test_a_larger_table_stands_up_to_the_same_attack_by_another_solver(seed):
    """Ranges by integer programmes, which know that counts are whole, leave as much open."""
    from scipy.optimize import LinearConstraint, milp

    rng = np.random.default_rng(200 + seed)
    values = with_margins(rng.poisson(rng.choice([2, 7, 20], size=(4, 3))).astype(float))
    hidden = suppress(values)
    rows, columns = values.shape[0] - 1, values.shape[1] - 1
    # Every published number as an equation in the inner cells.
    equations, known = [], []
    for place in np.argwhere(~hidden):
        member = np.zeros((rows, columns))
        line = [
            slice(None) if at == last else at
            for at, last in zip(place, (rows, columns), strict=True)
        ]
        member[tuple(line)] = 1
        equations.append(member.ravel())
        known.append(values[tuple(place)])
    exact = LinearConstraint(np.array(equations), known, known)
    for place in np.argwhere(small_cells(values)):
        goal = np.zeros((rows, columns))
        line = [
            slice(None) if at == last else at
            for at, last in zip(place, (rows, columns), strict=True)
        ]
        goal[tuple(line)] = 1
        ends = [
            milp(sign * goal.ravel(), constraints=exact, integrality=np.ones(rows * columns))
            for sign in (1, -1)
        ]
        assert ends[0].success
        span = np.inf if ends[1].status == 3 else -ends[1].fun - ends[0].fun
        assert span >= LEAST_RANGE - 1e-6


def summed(place, shape):
    """Inner cells that a cell of a table with margins is the sum of."""
    return tuple(slice(None) if at == end else at for at, end in zip(place, shape, strict=True))


def test_a_programme_without_an_answer_exposes_its_cell(monkeypatch):
    values = with_margins(np.array([[40.0, 3.0], [22.0, 30.0]]))
    hidden = np.ones(values.shape, dtype=bool)
    assert not recoverable(values, hidden)[0, 1]

    class Failed:
        status, fun = 4, None

    monkeypatch.setattr("scipy.optimize.linprog", lambda *args, **more: Failed())
    assert recoverable(values, hidden)[0, 1]


@pytest.mark.parametrize(
    ("extra", "kept"), [(0, True), (1, False), (9, False), (10, True), (60, True)]
)
def test_incidents_go_where_they_would_tell_who_had_a_second_victim(extra, kept):
    cells = pd.DataFrame(
        {"crew": ["single", "double", "multi"], "y": [50, 90, 3],
         "incidents_assault": [50, 90 - extra, 1]}
    )  # fmt: skip
    assert ("incidents_assault" in without_traceable(cells)) is kept
    assert "incidents_assault" in without_traceable(cells, "internal")
    assert "incidents_assault" in cells
