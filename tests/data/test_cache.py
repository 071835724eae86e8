"""The cache gives the same bits the second time, and notices every change that matters."""

import pickle
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest

from officer_assaults.data import cache
from officer_assaults.data.cache import cached
from officer_assaults.topics.planning import power


@dataclass(frozen=True)
class Setting:
    size: int
    scale: float = 1.0


CALLS = []


def draws(setting, *, seed=1, extra=None):
    CALLS.append(setting)
    values = np.random.default_rng(seed).standard_normal(setting.size) * setting.scale
    return pd.DataFrame({"value": values, "name": ["a"] * setting.size}, index=range(setting.size))


def kept(folder):
    """Files of the results in a cache."""
    return sorted(folder.rglob("output.pkl"))


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "kept"))
    CALLS.clear()


def test_second_call_reads_the_same_bits(tmp_path):
    first = cached(draws, Setting(50), seed=3)
    second = cached(draws, Setting(50), seed=3)
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    pd.testing.assert_frame_equal(first, draws(Setting(50), seed=3), check_exact=True)
    assert len(CALLS) == 2
    assert len(kept(tmp_path / "kept")) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((Setting(51),), {"seed": 3}),
        ((Setting(50, 1.0 + 1e-15),), {"seed": 3}),
        ((Setting(50),), {"seed": 4}),
        ((Setting(50),), {"seed": 3, "extra": True}),
        ((Setting(50),), {"seed": 3, "extra": 1}),
        ((Setting(50),), {"seed": 3, "extra": 1.0}),
        ((Setting(50),), {"seed": 3, "extra": "1"}),
        ((Setting(50),), {"seed": 3, "extra": pd.Series([1.0])}),
        ((Setting(50),), {"seed": 3, "extra": pd.DataFrame({"a": [1]})}),
    ],
)
def test_every_argument_counts(tmp_path, arguments, named):
    cached(draws, Setting(50), seed=3)
    cached(draws, *arguments, **named)
    assert len(kept(tmp_path / "kept")) == 2


def test_changed_source_or_library_is_not_read_stale(tmp_path, monkeypatch):
    cached(draws, Setting(5))
    monkeypatch.setattr(cache.importlib.metadata, "version", lambda name: "0")
    cached(draws, Setting(5))
    monkeypatch.setattr(cache, "_source", lambda compute: "changed")
    cached(draws, Setting(5))
    assert len(CALLS) == 3


def test_source_of_a_model_covers_what_it_imports_wherever_that_lies(monkeypatch):
    whole = cache._source(power.power_grid)
    assert whole != cache._source(draws)
    assert whole == cache._source(power.sample_size)
    # A method that the model imports from another room changes: the result is old.
    real = cache.files.sha256_file
    cache._closure_hash.cache_clear()
    monkeypatch.setattr(
        cache.files, "sha256_file",
        lambda path: "changed" if path.name == "intervals.py" else real(path),
    )  # fmt: skip
    assert cache._source(power.power_grid) != whole
    cache._closure_hash.cache_clear()


def test_broken_file_and_closed_folder_cost_time_only(tmp_path, monkeypatch):
    cached(draws, Setting(5))
    (path,) = kept(tmp_path / "kept")
    path.write_bytes(b"PAR1 torn")
    again = cached(draws, Setting(5))
    assert len(CALLS) == 2
    pd.testing.assert_frame_equal(again, cached(draws, Setting(5)))
    assert len(CALLS) == 2
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(blocked))
    pd.testing.assert_frame_equal(again, cached(draws, Setting(5)))


class Payload:
    """Runs when it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (type(self.mark).touch, (self.mark,))


@pytest.mark.parametrize("place", ["private", "open", "link"])
def test_nothing_is_unpickled_that_others_could_have_put_there(tmp_path, place):
    """Joblib runs what it reads, so its folder must be this user's alone."""
    right = cached(draws, Setting(5))
    (path,) = kept(tmp_path / "kept")
    folder = tmp_path / "kept" / cache.PRIVATE
    assert path.is_relative_to(folder)
    assert folder.stat().st_mode & 0o077 == 0
    mark = tmp_path / "ran"
    path.write_bytes(pickle.dumps(Payload(mark)))
    if place == "open":
        folder.chmod(0o777)
    if place == "link":
        folder.rename(tmp_path / "theirs")
        folder.symlink_to(tmp_path / "theirs")
    pd.testing.assert_frame_equal(cached(draws, Setting(5)), right)
    # In a private folder it would run: whoever can write there can run anything already.
    assert mark.exists() == (place == "private")


def test_result_can_be_changed_without_changing_the_cache():
    first = cached(draws, Setting(5))
    first.loc[:, "value"] = 0.0
    assert (cached(draws, Setting(5))["value"] != 0).all()


def test_what_cannot_be_hashed_is_refused():
    with pytest.raises(TypeError, match="cannot take function"):
        cached(draws, Setting(5), extra=lambda: None)


def _write(folder):
    import os

    os.environ[cache.CACHE_VARIABLE] = folder
    return cached(draws, Setting(20_000), seed=9)["value"].sum()


def test_runs_at_once_agree_and_leave_no_parts(tmp_path):
    with get_context("spawn").Pool(2) as pool:
        sums = pool.map(_write, [str(tmp_path / "shared")] * 4)
    assert len(set(sums)) == 1
    assert len(kept(tmp_path / "shared")) == 1
