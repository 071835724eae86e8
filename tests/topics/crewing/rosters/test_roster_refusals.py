"""Rosters that cannot be used are refused with file, row and column; nothing is left behind."""

import tempfile

import numpy as np
import pandas as pd
import pytest

from officer_assaults.refusals import Refusal
from officer_assaults.stats.glm import fit_rate_model
from officer_assaults.stats.labels import look_alikes
from officer_assaults.topics.crewing import rosters

MODEL = "y ~ single + C(hour_band)"
WORDS = ["officer", "force", "month", "hour_band", "area_type", "service_band", "team"]


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(tmp_path, monkeypatch):
    spill = tmp_path / "temporary"
    spill.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    yield
    assert list(spill.iterdir()) == []


@pytest.fixture
def rows(roster_rows):
    return roster_rows.head(3_000).astype(dict.fromkeys(WORDS, str))


@pytest.fixture
def folder(tmp_path, rows):
    place = tmp_path / "rosters"
    place.mkdir()
    for number in range(3):
        rows.iloc[number::3].to_parquet(place / f"part-{number}.parquet", index=False)
    return place


def fit(source, formula=MODEL, **more):
    return rosters.fit(formula, source, exposure="officer_hours", **more)


def _negative(part):
    part.loc[part.index[6], "officer_hours"] = -8.0
    return part


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda part: part.drop(columns="hour_band"), r"E124 part-1\.parquet, column hour_band: l"),
        (lambda part: part.assign(y=part["y"].astype(str)), r"E124 part-1.*'y' is text here, but"),
        (_negative, r"E104 part-1\.parquet, row 7, column officer_hours: 1 of 3,000"),
        (lambda part: part.assign(officer_hours=np.nan), r"E104 part-1\.parquet, row 1.*1,000 of"),
        (lambda part: part.assign(y=np.int32(-1)), r"E102 part-1\.parquet, row 1, column y: 1,000"),
        (lambda part: part.assign(hour_band=None), r"E12[45].*hour_band"),
        (lambda part: part.assign(is_simulated=False), r"E123 rosters: holds simulated rows"),
        (lambda part: part.assign(hour_band="PC 1234"), r"E121 .*collar number"),
        (lambda part: part.assign(Y=1), r"E124 part-1\.parquet, column y: has two columns 'y'"),
        (
            lambda part: part.assign(hour_band=part["hour_band"].str.title()),
            "E125 rosters, column hour_band: .*'Day' and 'day'",
        ),
    ],
)  # fmt: skip
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
    ("formula", "more", "message"),
    [
        ("y ~ minutes", {}, "E125 .*'minutes' is continuous.*--bin minutes"),
        ("y ~ single*C(force)*C(month)*C(beat)", {}, r"E125.*force x month x beat cross"),
        ("y ~ bs(beat, df=4)", {}, r"E125.*knots"),
        ("y ~ 0", {}, r"E125.*no term"),
        ("y ~ single + hourband", {}, "E125.*Did you mean 'hour_band'"),
        ("y ~ single + C(hour_band) + I(2*single)", {}, "E122.*single"),
        ("y ~ single", {"cluster": "beat_name"}, "E124.*beat_name"),
        ("y ~ single", {"cluster": "officer_number"}, "E121"),
        ("y ~ single", {"cluster": "capitals"}, "E125.*'LPA-01' and 'lpa-01'"),
        ("y ~ C(minutes)", {"bins": {"minutes": [20, 10]}}, "E125.*do not rise"),
        ("y ~ C(force) + C(month) + C(beat) + C(team)", {"memory_mb": 1}, "E125.*more than 1,000"),
    ],
)
def test_questions_that_cannot_be_answered(tmp_path, rows, formula, more, message):
    path = tmp_path / "roster.parquet"
    minutes = np.random.default_rng(1).gamma(3, 4, len(rows))
    numbers = np.arange(len(rows)) % 40
    rows.assign(
        minutes=minutes, officer_number=numbers + 1000,
        capitals=np.where(numbers > 20, "LPA-01", "lpa-01"),
    ).to_parquet(path)  # fmt: skip
    with pytest.raises(Refusal, match=message):
        fit(path, formula, **more)


def test_exactly_the_file_named_is_read(tmp_path, rows):
    rows.head(1_000).to_csv(tmp_path / "export1.csv", index=False)
    for name in ("export[1].csv", "export?.csv", "it's*.csv"):
        rows.to_csv(tmp_path / name, index=False)
        assert fit(tmp_path / name).rows == len(rows)


def test_hidden_copies_and_links_count_once(folder, rows):
    for name in (".ipynb_checkpoints", "_old"):
        (folder / name).mkdir()
        rows.to_parquet(folder / name / "part-0.parquet")
    rows.to_parquet(folder / ".part-9.parquet")
    (folder / "again.parquet").symlink_to(folder / "part-1.parquet")
    (folder / "whole").symlink_to(folder, target_is_directory=True)
    assert fit(folder).rows == len(rows)


def test_a_link_leads_to_a_folder_elsewhere(tmp_path, folder, rows):
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "year").symlink_to(folder, target_is_directory=True)
    assert fit(tmp_path / "all").rows == len(rows)


@pytest.mark.parametrize("name", ["part.csv.gz", "part.xlsx", "part.tsv"])
def test_a_table_that_cannot_be_read_is_not_passed_over(folder, name):
    (folder / name).write_bytes(b"")
    with pytest.raises(Refusal, match=f"E124 {name}: is a table that no roster can hold"):
        fit(folder)


@pytest.mark.parametrize("place", ["team=B", "team=A/team=B", "Team=B"])
def test_a_column_told_twice_is_refused(tmp_path, rows, place):
    path = tmp_path / "all" / place
    path.mkdir(parents=True)
    rows.to_parquet(path / "r.parquet")
    with pytest.raises(Refusal, match=r"E124 .*has two columns 'team'"):
        fit(tmp_path / "all", "y ~ single + C(team)")


def test_labels_are_kept_as_they_stand(tmp_path, rows):
    """Zeros before a number, 'null' and 'nan' are labels, in CSV as in Parquet and in a frame."""
    teams = np.array(["007", "null", "nan", "None"])[np.arange(len(rows)) % 4]
    odd = rows.assign(team=teams)
    odd.to_csv(tmp_path / "odd.csv", index=False)
    odd.to_parquet(tmp_path / "odd.parquet")
    formula = "y ~ single + C(team)"
    found = [fit(source, formula) for source in (tmp_path / "odd.csv", tmp_path / "odd.parquet")]
    by_rows = fit_rate_model(odd, formula, exposure="officer_hours", cov="HC0")
    for model in found:
        assert list(model.coefficients.index) == list(by_rows.coefficients.index)
        np.testing.assert_allclose(model.coefficients, by_rows.coefficients, atol=1e-8)


def test_a_term_that_would_be_dropped_is_named_by_every_route(tmp_path, rows):
    one = rows.assign(team="B")
    one.to_parquet(tmp_path / "one.parquet")
    formula = "y ~ single + C(team)"
    for ask in (
        lambda: fit(tmp_path / "one.parquet", formula),
        lambda: fit(one, formula),
        lambda: fit_rate_model(one, formula, exposure="officer_hours"),
    ):
        with pytest.raises(Refusal, match=r"E125.*'C\(team\)' is dropped.*one level"):
            ask()


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["LPA-01", "lpa-01", "LPA 01", "LPA-1"], [("LPA 01",), ("LPA-01", "LPA-1", "lpa-01")]),
        (["Ynys Môn", "Ynys Mo\u0302n", "ynys  môn"], None),
        (["ﬁre", "fire"], None),
        (["1", "10", "101", "A0", "A1"], []),
        (["0", "00"], None),
    ],
)
def test_labels_that_read_as_one(labels, found):
    expected = [tuple(sorted(labels))] if found is None else [g for g in found if len(g) > 1]
    assert look_alikes(labels) == expected
