"""Rosters that cannot be used are refused with file, row and column; nothing is left behind."""

import tempfile
import threading
import time

import numpy as np
import pandas as pd
import pytest

from officer_assaults.refusals import Refusal
from officer_assaults.stats.sufficient import fit_roster, leave_one_cluster_out_roster
from officer_assaults.topics.crewing.rosters import Cancelled, open_roster, stream, write_roster

MODEL = "y ~ single + C(hour_band)"


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(tmp_path, monkeypatch):
    spill = tmp_path / "temporary"
    spill.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    yield
    assert list(spill.iterdir()) == []


@pytest.fixture
def rows(roster_rows):
    plain = roster_rows.head(3_000)
    text = ["officer", "force", "month", "hour_band", "area_type", "service_band", "team"]
    return plain.astype(dict.fromkeys(text, str))


@pytest.fixture
def folder(tmp_path, rows):
    place = tmp_path / "rosters"
    place.mkdir()
    for number in range(3):
        rows.iloc[number::3].to_parquet(place / f"part-{number}.parquet", index=False)
    return place


def fit(path, formula=MODEL, options=None, **more):
    with open_roster(path, **(options or {})) as roster:
        return fit_roster(roster, formula, exposure="officer_hours", **more)


def test_many_files_partitions_and_csv_are_one_roster(folder, tmp_path, rows):
    rows.to_csv(tmp_path / "roster.csv", index=False)
    for month, part in rows.groupby("hour_band"):
        place = tmp_path / "parted" / f"hour_band={month}"
        place.mkdir(parents=True)
        part.drop(columns="hour_band").to_parquet(place / "rows.parquet", index=False)
    paths = (folder, tmp_path / "roster.csv", tmp_path / "parted")
    models = [fit(path, **CLUSTERED) for path in paths]
    for model in models[1:]:
        np.testing.assert_allclose(model.coefficients, models[0].coefficients, atol=1e-12)
        np.testing.assert_allclose(model.vcov, models[0].vcov, rtol=1e-9, atol=1e-12)
        assert model.n == len(rows)


def _negative(part):
    part.loc[part.index[6], "officer_hours"] = -8.0
    return part


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda part: part.drop(columns="hour_band"),
            r"E124 part-1\.parquet, column hour_band: la",
        ),
        (
            lambda part: part.assign(y=part["y"].astype(str)),
            r"E124 part-1.*'y' is text here, but wh",
        ),
        (_negative, r"E104 part-1\.parquet, row 7, column officer_hours: 1 of 3,000"),
        (lambda part: part.assign(officer_hours=np.nan), r"E104 part-1\.parquet, row 1.*1,000 of"),
        (lambda part: part.assign(y=np.int32(-1)), r"E102 part-1\.parquet, row 1, column y: 1,000"),
        (lambda part: part.assign(hour_band=None), r"E12[45].*hour_band"),
        (lambda part: part.assign(is_simulated=False), r"E123 rosters: holds simulated rows"),
        (lambda part: part.assign(hour_band="PC 1234"), r"E121 .*collar number"),
    ],
)
def test_one_bad_file_among_many(folder, spoil, message):
    path = folder / "part-1.parquet"
    spoil(pd.read_parquet(path)).to_parquet(path, index=False)
    with pytest.raises(Refusal, match=message):
        fit(folder)


@pytest.mark.parametrize("left", [0.5, 0.99])
def test_a_cut_off_file_is_refused(folder, left):
    path = folder / "part-2.parquet"
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data))])
    with pytest.raises(Refusal, match=r"E124 part-2\.parquet: is no whole Parquet file"):
        fit(folder)


def test_damage_inside_a_file_is_refused(folder):
    path = folder / "part-0.parquet"
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[4:half] = b"\xff" * (half - 4)
    path.write_bytes(bytes(data))
    with pytest.raises(Refusal, match="E124"):
        fit(folder)


def test_wrong_types_in_csv(tmp_path, rows):
    path = tmp_path / "roster.csv"
    rows.assign(officer_hours="eight").to_csv(path, index=False)
    with pytest.raises(Refusal, match=r"E124 roster\.csv, column officer_hours: .*text values"):
        fit(path)
    rows.assign(y=[-1, *rows["y"][1:]]).to_csv(path, index=False)
    with pytest.raises(Refusal, match=r"E102 roster\.csv, row 2, column y"):
        fit(path)


@pytest.mark.parametrize(
    ("formula", "options", "more", "message"),
    [
        ("y ~ minutes", {}, {}, "E125 .*'minutes' is continuous.*--bin minutes"),
        ("y ~ single*C(force)*C(month)*C(beat)", {}, {}, r"E125.*force x month x beat cross"),
        ("y ~ bs(beat, df=4)", {}, {}, r"E125.*knots"),
        ("y ~ single + hourband", {}, {}, "E125.*Did you mean 'hour_band'"),
        ("y ~ single + C(hour_band) + I(2*single)", {}, {}, "E122.*single"),
        ("y ~ single", {}, {"cov": "cluster", "cluster": "beat_name"}, "E124.*beat_name"),
        ("y ~ single", {}, {"cov": "cluster", "cluster": "officer_number"}, "E121"),
        ("y ~ C(minutes)", {"bins": {"minutes": [20, 10]}}, {}, "E125.*do not rise"),
    ],
)
def test_questions_that_cannot_be_answered(tmp_path, rows, formula, options, more, message):
    path = tmp_path / "roster.parquet"
    minutes = np.random.default_rng(1).gamma(3, 4, len(rows))
    rows.assign(minutes=minutes, officer_number=np.arange(len(rows)) % 40 + 1000).to_parquet(path)
    with pytest.raises(Refusal, match=message):
        fit(path, formula, options, **more)


def test_more_patterns_than_memory_allows(roster_path):
    with pytest.raises(Refusal, match=r"E125 roster\.parquet: the formula makes more than 20,000"):
        fit(roster_path, "y ~ C(force) + C(month) + C(beat) + C(hour_band)", {"memory_mb": 20})


def test_a_jackknife_over_officers_is_refused_with_the_alternative(tmp_path, rows):
    path = tmp_path / "roster.parquet"
    hashed = [f"{number % 400:016x}" for number in range(len(rows))]
    rows.assign(officer=hashed).to_parquet(path, index=False)
    with open_roster(path) as roster:
        model = fit_roster(roster, "y ~ single", exposure="officer_hours")
        with pytest.raises(Refusal, match=r"E125.*400 clusters.*sandwich"):
            leave_one_cluster_out_roster(roster, model, "officer")


CLUSTERED = {"cov": "cluster", "cluster": "officer"}
STEPS = (
    "Levels of is_simulated",
    "Counting clusters",
    "Looking at covariates",
    "Collapsing rows",
    "Collapsing events",
    "Summing scores by cluster",
)


def test_every_step_reports_progress(roster_path):
    seen = []
    fit(roster_path, options={"progress": lambda *now: seen.append(now)}, **CLUSTERED)
    steps = list(dict.fromkeys(what for _, _, what in seen))
    assert [step for step in steps if step in STEPS] == list(STEPS)
    assert all(0 <= done <= total == 100 for done, total, _ in seen)
    assert [done for done, _, what in seen if what == STEPS[-1]][-1] == 100


@pytest.mark.parametrize("step", STEPS[:-1])
def test_work_is_cancelled(roster_path, step):
    cancel = threading.Event()

    def stop(done, total, what):
        if what == step:
            cancel.set()

    with pytest.raises(Cancelled, match="cancelled while at"):
        fit(roster_path, options={"progress": stop, "cancel": cancel}, **CLUSTERED)


def test_scores_are_cancelled_between_batches(roster_path, monkeypatch):
    cancel = threading.Event()
    batches = stream._batches
    monkeypatch.setattr(stream, "BATCH_ROWS", 1_000)
    monkeypatch.setattr(stream, "POLL_SECONDS", 0.001)

    def slow(*given):
        for batch in batches(*given):
            cancel.set()
            time.sleep(0.01)
            yield batch

    monkeypatch.setattr(stream, "_batches", slow)
    with pytest.raises(Cancelled, match="summing scores"):
        fit(roster_path, options={"cancel": cancel}, **CLUSTERED)


def test_a_roster_is_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "own" / "roster.parquet"

    def broken():
        yield pd.DataFrame({"y": [1]})
        raise RuntimeError("drawn no further")

    with pytest.raises(RuntimeError):
        write_roster(broken(), target)
    assert list(target.parent.iterdir()) == []
