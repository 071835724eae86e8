"""Whatever a table looks like, its reader gives a frame or a refusal and changes nothing."""

import csv

import mutations
import pytest
import targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from outcomes import FULL, runs

from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.intake.sources import layouts

RANDOM = st.randoms(use_true_random=False)


def tries(fast, full):
    return settings(
        max_examples=runs(fast, full),
        deadline=None,
        derandomize=True,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )


def bring(target, place, rng, suffix):
    """Write one hostile file and its sidecar; the path to read."""
    path = place / f"{target.stem}{suffix}"
    rows = target.rows()
    if rng.randint(0, 9) < 9:
        rows = mutations.spoil_table(rows, rng)
    data = targets.content(target, suffix, rows, rng)
    if not rng.randint(0, 9):
        data = mutations.spoil_bytes(data, rng)
    if not rng.randint(0, 30):
        path = path.with_suffix(rng.choice((".csv", ".xlsx", ".ods", ".parquet", ".txt", "")))
    path.write_bytes(data)
    if not rng.randint(0, 20):
        mutations.put_elsewhere(path, rng)
    if target.sidecar:
        sidecar_of(path).write_text(target.sidecar)
    return path


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.name)
def test_any_table_is_read_or_refused(trial, target):
    trial.reader = target.name
    for suffix in target.suffixes:
        good = bring(target, trial.fresh(target.in_data), mutations.Calm(), suffix)
        trial.good(lambda path=good: target.read(path))

    @tries(12, 500)
    @given(rng=RANDOM)
    def each(rng):
        path = bring(target, trial.fresh(target.in_data), rng, rng.choice(target.suffixes))
        trial.run(lambda: target.read(path), placed=target.placed)

    each()
    assert trial.tried >= runs(12, 500)
    assert trial.refused > trial.tried / 4
    assert trial.accepted > 0 or not FULL


#: What a quotation mark without its partner makes of a file: one cell of all that follows it.
ENDLESS = ("x" * 200_000, '"' + "x" * 200_000)


@pytest.mark.parametrize("target", [*targets.TARGETS, None], ids=lambda one: one and one.name)
@pytest.mark.parametrize(("line", "cell"), [(line, cell) for line in (0, 1) for cell in ENDLESS])
def test_a_cell_longer_than_a_csv_may_hold(trial, target, line, cell):
    """Every reader says so by itself: the limit is one for the whole process."""
    rows = (target or targets.TARGETS[0]).rows()
    text = [",".join(row) for row in rows]
    text[line] = ",".join([*rows[line][:-1], cell])
    path = trial.fresh(target.in_data if target else "") / f"{target.stem if target else 'log'}.csv"
    path.write_text("\n".join(text) + "\n")
    if target and target.sidecar:
        sidecar_of(path).write_text(target.sidecar)
    trial.run(lambda: target.read(path) if target else layouts(path), placed=False)
    assert trial.refused == 1
    assert csv.field_size_limit() == 131_072
