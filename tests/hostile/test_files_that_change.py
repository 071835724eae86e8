"""Files that are written, cut short, replaced or removed while they are read.

A profiler counts the calls inside the package, and changes the file at one of them: so every moment
of every reader can be tried again. What comes out is the file as it was, the file as it is now, or
one refusal; never a traceback, and nothing is kept of a refused one.
"""

import os
import random
import sys

import mutations
import pytest
import targets
from outcomes import FULL, runs, snapshot

from officer_assaults import files, paths
from officer_assaults.data import counts
from officer_assaults.refusals import Refusal
from officer_assaults.topics.claims import collection
from officer_assaults.topics.crewing import rosters
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.reader import load
from officer_assaults.topics.crewing.intake.propose import propose

PACKAGE = os.path.dirname(os.path.abspath(files.__file__))  # noqa: PTH120, PTH100
CLAIMS = "kind,force,to,says\n" + "count,kent,2018/19,5\n" * 3
CHANGED = "changed while it was read"


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _cut_at_a_line(path):
    data = path.read_bytes()
    path.write_bytes(data[: data.rfind(b"\n", 0, len(data) - 1) + 1])


def _longer(path):
    data = path.read_bytes()
    path.write_bytes(data + data[data.find(b"\n") + 1 :])


def _replaced(path):
    other = path.with_name("other")
    other.write_bytes(bytes(reversed(path.read_bytes())))
    other.replace(path)


def _zeros(path):
    path.write_bytes(b"\0" * path.stat().st_size)


def _removed(path):
    path.unlink()


CHANGES = (_cut, _cut_at_a_line, _longer, _replaced, _zeros, _removed)


class Meddler:
    """Changes a file at the n-th call inside the package; without a number, counts the calls."""

    def __init__(self, path, change, at=None):
        self.path, self.change, self.at, self.calls = path, change, at, 0

    def __call__(self, frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            self.calls += 1
            if self.calls == self.at:
                sys.setprofile(None)
                self.change(self.path)
                # A clock may be too coarse to tell two writes apart.
                if self.path.exists():
                    os.utime(self.path, ns=(1, 1))


def content(target, path):
    """All that a reader takes out of a file, as text."""
    if target.read is targets.load_crewing:
        return load(path).cells.to_csv()
    if target.read is targets.read_counts:
        return counts.read_force_year(path).to_csv()
    if target.read is targets.read_roster:
        fit = rosters.fit("y ~ single + C(hour_band)", path, exposure="officer_hours", threads=1)
        return str(fit.coefficients.round(9).to_dict())
    found = target.read(path)
    if isinstance(found, tuple):
        return "".join((paths.project_root() / name).read_text() for name in found)
    return str(found)


def run(read, meddler=None):
    """What a reader gave, as text, or its refusal."""
    sys.setprofile(meddler)
    try:
        return read()
    except Refusal as refusal:
        return refusal
    finally:
        sys.setprofile(None)


def readers():
    for target in targets.TARGETS:
        for suffix in target.suffixes:
            yield pytest.param(target, suffix, id=f"{target.name}{suffix}")
    claims = targets.Target("claims", lambda: targets.parse(CLAIMS), collection.read)
    yield pytest.param(claims, ".csv", id="claims")
    tables = targets.Target(
        "mapping", targets.crew_cells, lambda path: propose([path], path.parent, {})
    )
    for suffix in (".csv", ".xlsx", ".parquet"):
        yield pytest.param(tables, suffix, id=f"mapping{suffix}")


@pytest.mark.parametrize(("target", "suffix"), list(readers()))
def test_a_file_that_changes_is_read_whole_or_refused(trial, target, suffix):
    data = targets.content(target, suffix, target.rows(), mutations.Calm())
    rng, told = random.Random(f"{target.name}{suffix}"), 0

    def fresh():
        path = trial.fresh(target.in_data) / f"{target.stem}{suffix}"
        path.write_bytes(data)
        if target.sidecar:
            sidecar_of(path).write_text(target.sidecar)
        return path

    def read(path, meddler=None):
        """Read, and take away what an import wrote, so that the next may write it again."""
        before = snapshot(trial.project)
        found = run(lambda: content(target, path), meddler)
        new = [name for name in snapshot(trial.project) if name not in before]
        kept = [name for name in new if name.is_file() and name.parent != path.parent]
        for name in kept:
            name.unlink()
        return found, kept

    for change in CHANGES if FULL else rng.sample(CHANGES, 1):
        path = fresh()
        count = Meddler(path, change)
        whole, _ = read(path, count)
        assert not isinstance(whole, Refusal), whole
        change(path)
        now, _ = read(path)
        half = count.calls // 2
        for at in [half, *(rng.randint(1, count.calls) for _ in range(runs(0, 12)))]:
            path = fresh()
            found, kept = read(path, Meddler(path, change, at))
            if isinstance(found, Refusal):
                assert kept == []
                assert len(found.problems) == 1 or str(found) == str(now), found
                told += CHANGED in str(found)
            else:
                assert found in (whole, now), (change, found)
    assert told > 0 or not FULL
