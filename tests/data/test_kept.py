"""Tracked results are read while they are of this very code, data and seed, and never else."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from officer_assaults.data import cache, kept
from officer_assaults.data.cache import cached

CALLS = []
NAME = f"{__name__}.simulated"


def simulated(frame, seed, runs):
    CALLS.append(runs)
    rng = np.random.default_rng(seed)
    ends = [None, float("nan"), [1, 2], "Gwent"]
    days = pd.DatetimeIndex(["2018-11-13", pd.NaT, "1900-01-01", pd.Timestamp(1.5, unit="s")])
    what = pd.Series(ends, dtype="object")
    return pd.DataFrame({"mean": rng.normal(size=4), "runs": runs, "what": what, "day": days})


def several(frame):
    found = pd.DataFrame({"cover": [0.9, 0.95]}, index=pd.Index(["Poisson", "t"], name="method"))
    return found, frame, pd.DataFrame({"on": pd.Series([True], dtype="bool")})


def of_number(numbers):
    CALLS.append(numbers)
    return pd.DataFrame({"share": [numbers[0]["share"]]})


@pytest.fixture(autouse=True)
def _folders(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(kept.KEEP_VARIABLE, f"{NAME} {__name__}.of_number")
    monkeypatch.setattr(kept, "folder", lambda: tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    CALLS.clear()


def ask(tmp_path, seed=3, runs=5):
    """Ask as a fresh clone does: with nothing in the cache."""
    os.environ[cache.CACHE_VARIABLE] = str(tmp_path / f"cache-{len(CALLS)}-{os.urandom(4).hex()}")
    return cached(simulated, pd.DataFrame({"a": [1.5]}), seed, runs)


def test_a_kept_result_is_read_bit_for_bit_and_not_made_again(tmp_path):
    made = ask(tmp_path)
    read = ask(tmp_path)
    assert CALLS == [5]
    pd.testing.assert_frame_equal(made, read, check_exact=True)
    assert read["what"].tolist()[0] is None


def test_several_tables_and_their_rows_names_are_read_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setenv(kept.KEEP_VARIABLE, f"{__name__}.several")
    frame = pd.DataFrame({"none": pd.Series([], dtype="float64")})
    made = cached(several, frame)
    read = kept.read(f"{__name__}.several", next(iter(kept.folder().iterdir())).stem[-32:])
    assert isinstance(read, tuple)
    for one, other in zip(made, read, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


@pytest.mark.parametrize(("apart", "made"), [(2**-53, 1), (1e-9, 2)])
def test_the_last_digit_of_a_processor_finds_the_same_result(tmp_path, apart, made):
    for share in (0.6, 0.6 + apart):
        os.environ[cache.CACHE_VARIABLE] = str(tmp_path / f"cache-{share.hex()}")
        cached(of_number, [{"share": share}])
    assert len(CALLS) == made


@pytest.mark.parametrize("change", [{"seed": 4}, {"runs": 6}])
def test_another_seed_or_number_of_runs_is_made_here(tmp_path, change):
    made = ask(tmp_path)
    other = ask(tmp_path, **change)
    assert len(CALLS) == 2
    assert not made.equals(other)


@pytest.mark.parametrize("part", ["_source", "library"])
def test_a_result_of_older_code_or_libraries_is_made_again(tmp_path, monkeypatch, part):
    ask(tmp_path)
    if part == "library":
        monkeypatch.setattr(cache.importlib.metadata, "version", lambda name: "0")
    else:
        monkeypatch.setattr(cache, part, lambda compute: "changed")
    ask(tmp_path)
    assert len(CALLS) == 2


@pytest.mark.parametrize("damage", ["number", "torn", "shape"])
def test_a_result_that_was_touched_is_made_again(tmp_path, damage):
    made = ask(tmp_path)
    (path,) = (tmp_path / "kept").iterdir()
    held = json.loads(path.read_text())
    held["tables"][0]["columns"][0][2][0] += 1e-9
    texts = {"number": json.dumps(held), "torn": path.read_text()[:-40], "shape": "[1]"}
    path.write_text(texts[damage])
    again = ask(tmp_path)
    assert len(CALLS) == 2
    pd.testing.assert_frame_equal(made, again, check_exact=True)


def test_only_what_was_asked_for_is_kept(tmp_path, monkeypatch):
    monkeypatch.delenv(kept.KEEP_VARIABLE)
    ask(tmp_path)
    assert not list((tmp_path / "kept").iterdir())
