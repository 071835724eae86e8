"""Fits from sums over patterns give what the same model gives on rows, by every route."""

import numpy as np
import pandas as pd
import patsy
import pyfixest as pf
import pytest
import statsmodels.api as sm
from click.testing import CliRunner
from simulated_rosters import RosterTruth, simulate_roster, write_roster

from officer_assaults.cli.crewing_fit import fit as command
from officer_assaults.stats.glm import fit_rate_model
from officer_assaults.topics.crewing import rosters

# Both fits settle far beyond this; sums in another order move the last few digits only.
COEFFICIENTS = 1e-8
# statsmodels' information matrix is one step behind its coefficients, which shows at 1e-9.
ERRORS = 1e-6
SUMS = 1e-9
# pyfixest stops at a deviance change of 1e-8, which leaves about this in a coefficient.
PYFIXEST = 1e-5

FORMULA = (
    "y ~ single + single:C(hour_band, Treatment('day')) + C(hour_band, Treatment('day')) + "
    "C(area_type) + C(service_band) + C(team)"
)
WORDS = ["hour_band", "area_type", "service_band", "team", "force", "month", "officer"]


@pytest.fixture(scope="module")
def row_fit(roster_rows):
    rows = roster_rows.astype(dict.fromkeys(WORDS, str))
    y, x = patsy.dmatrices(FORMULA, rows, return_type="dataframe")
    hours = np.log(rows["officer_hours"])
    return sm.GLM(y.iloc[:, 0], x, family=sm.families.Poisson(), offset=hours), x


def kept(monkeypatch):
    """Rows are held between the two passes, and no engine is asked."""
    monkeypatch.delattr(rosters.scores, "_read_differences")
    monkeypatch.delattr(rosters.engine, "_connect")


def read_twice(monkeypatch):
    monkeypatch.setattr(rosters, "KEPT_PER_MB", 0)


def grouped_by_the_engine(monkeypatch):
    monkeypatch.setattr(rosters, "_read_first", lambda roster, names: None)


@pytest.mark.parametrize(
    ("cluster", "way"),
    [("officer", kept), ("officer", read_twice), ("officer", grouped_by_the_engine),
     ("beat", kept), (None, read_twice), (None, grouped_by_the_engine)],
)  # fmt: skip
def test_rows_and_patterns_agree_with_statsmodels(
    roster_path, roster_rows, row_fit, monkeypatch, cluster, way
):
    way(monkeypatch)
    ours = rosters.fit(FORMULA, roster_path, exposure="officer_hours", cluster=cluster)
    glm, x = row_fit
    how, scale = {"cov_type": "HC0"}, 1.0
    if cluster:
        codes = pd.factorize(roster_rows[cluster])[0]
        groups = len(np.unique(codes))
        scale = np.sqrt(groups / (groups - 1))
        how = {"cov_type": "cluster", "cov_kwds": {"groups": codes, "use_correction": False}}
    fit = glm.fit(tol=1e-13, maxiter=100, **how)
    assert len(ours.cells) < ours.rows == len(roster_rows)
    np.testing.assert_allclose(ours.coefficients[x.columns], fit.params, atol=COEFFICIENTS, rtol=0)
    np.testing.assert_allclose(ours.se[x.columns], scale * fit.bse, rtol=ERRORS)
    assert ours.dispersion == pytest.approx(fit.pearson_chi2 / fit.df_resid, rel=SUMS)
    assert ours.cells["fitted"].sum() == pytest.approx(roster_rows["y"].sum(), rel=SUMS)
    assert ours.simulated


WAYS = (kept, read_twice, grouped_by_the_engine)


@pytest.mark.parametrize("cluster", ["officer", "beat", None])
def test_files_that_differ_in_width_and_hold_values_of_no_row(
    roster_rows, tmp_path, monkeypatch, cluster
):
    """Levels and clusters are those of rows, not of the dictionaries that files hold."""
    rows = roster_rows.head(9_000)
    rows = rows[rows["hour_band"] != "evening"]
    rows = rows.assign(weight=np.array([0.0, -0.0, 0.5])[np.arange(len(rows)) % 3])
    folder = tmp_path / "files"
    folder.mkdir()
    kinds = ({"single": "int64", "y": "int64"}, {"single": "int8", "weight": "float32"})
    half = len(rows) // 2
    parts = rows.iloc[:half], rows.iloc[half:]
    for number, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
        part.astype(kind).to_parquet(folder / f"{number}.parquet", row_group_size=1_500)
    found = []
    for way in WAYS:
        with monkeypatch.context() as changed:
            if way is not kept or cluster:
                way(changed)
            formula = "y ~ single + C(hour_band) + C(weight)"
            found.append(
                rosters.fit(formula, folder, exposure="officer_hours", cluster=cluster, threads=2)
            )
    first, *others = found
    assert set(first.cells["hour_band"]) == set(rows["hour_band"].astype(str))
    assert sorted(set(first.cells["weight"])) == [0.0, 0.5]
    assert first.clusters == (cluster and rows[cluster].nunique())
    assert first.rows == len(rows)
    for other in others:
        np.testing.assert_allclose(other.coefficients, first.coefficients, atol=COEFFICIENTS)
        np.testing.assert_allclose(other.vcov, first.vcov, rtol=SUMS, atol=1e-12)


def test_every_route_gives_the_same(roster_path, roster_rows, tmp_path):
    rows = roster_rows.head(40_000).astype(dict.fromkeys(WORDS, str))
    formula = "y ~ single + C(hour_band) + C(team):C(area_type)"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    for team, part in rows.groupby("team"):
        place = tmp_path / "parted" / f"team={team}"
        place.mkdir(parents=True)
        part.drop(columns="team").to_parquet(place / "part.parquet", index=False)
    for y, part in rows.groupby("y"):
        place = tmp_path / "outcome" / f"y={y}"
        place.mkdir(parents=True)
        part.drop(columns="y").to_parquet(place / "part.parquet", index=False)
    routes = (rows, tmp_path / "rows.csv", tmp_path / "parted", tmp_path / "outcome")
    first, *others = [
        rosters.fit(formula, route, exposure="officer_hours", cluster="beat") for route in routes
    ]
    for other in others:
        np.testing.assert_allclose(other.coefficients, first.coefficients, atol=COEFFICIENTS)
        np.testing.assert_allclose(other.vcov, first.vcov, rtol=SUMS, atol=1e-12)
    by_rows = fit_rate_model(rows, formula, exposure="officer_hours", cov="cluster", cluster="beat")
    terms = list(first.coefficients.index)
    np.testing.assert_allclose(first.coefficients, by_rows.coefficients[terms], atol=COEFFICIENTS)
    np.testing.assert_allclose(first.vcov, by_rows.vcov.loc[terms, terms], rtol=ERRORS, atol=1e-9)


def test_same_as_pyfixest_with_many_clusters(roster_path, roster_rows):
    formula = "y ~ single + C(hour_band) + C(area_type)"
    ours = rosters.fit(formula, roster_path, exposure="officer_hours", cluster="officer")
    rows = roster_rows.assign(
        log_hours=np.log(roster_rows["officer_hours"]),
        officer=roster_rows["officer"].cat.codes,
        hour_band=roster_rows["hour_band"].astype(str),
        area_type=roster_rows["area_type"].astype(str),
    )
    fit = pf.fepois(formula, rows, offset="log_hours", vcov={"CRV1": "officer"}, iwls_tol=1e-12)
    theirs = fit.tidy().rename(lambda term: term.replace("[T.", "["))
    mine = ours.coefficients.rename(lambda term: term.replace("[T.", "["))
    # pyfixest also multiplies by (N - 1)/(N - K).
    factor = np.sqrt((ours.rows - 1) / (ours.rows - len(mine)))
    np.testing.assert_allclose(mine[theirs.index], theirs["Estimate"], atol=PYFIXEST)
    se = pd.Series(ours.se.to_numpy(), mine.index)[theirs.index] * factor
    np.testing.assert_allclose(se, theirs["Std. Error"], rtol=PYFIXEST)


def test_the_truth_is_recovered(roster_path):
    truth = RosterTruth(log_rate=-6.0).coefficients(7)
    formula = (
        FORMULA.replace("C(team)", "C(force) + C(month)")
        .replace("C(area_type)", "C(area_type, Treatment('urban'))")
        .replace("C(service_band)", "C(service_band, Treatment('10+'))")
    )
    model = rosters.fit(formula, roster_path, exposure="officer_hours", cluster="officer")
    terms = [t for t in truth if "single" in t or "hour_band" in t or "month" in t]
    z = (model.coefficients[terms] - pd.Series(truth)[terms]) / model.se[terms]
    # 42 terms that vary within officers: their z scores have mean square 1, sd about 0.22.
    assert len(z) == 42
    assert 0.4 < (z**2).mean() < 1.8


def test_bins_are_those_of_the_choice(roster_path, roster_rows):
    model = rosters.fit(
        "y ~ C(beat) + single", roster_path, exposure="officer_hours", cluster="beat",
        bins={"beat": [20, 40]},
    )  # fmt: skip
    assert sorted(set(model.cells["beat"])) == ["20 to under 40", "40 and over", "below 20"]
    low = model.cells[model.cells["beat"] == "below 20"]
    mine = roster_rows[roster_rows["beat"] < 20]
    assert (low["n"].sum(), low["y"].sum()) == (len(mine), mine["y"].sum())
    assert model.clusters == roster_rows["beat"].nunique()


def test_the_command_says_what_it_did(roster_path, roster_rows, tmp_path):
    table = tmp_path / "table.csv"
    formula = "y ~ single + C(hour_band)"
    done = CliRunner().invoke(
        command, [str(roster_path), "--formula", formula, "--cluster", "beat", "--csv", str(table)]
    )
    assert done.exit_code == 0, done.output
    beats = roster_rows["beat"].nunique()
    for words in ("SIMULATED DATA", "200,000 rows in 8 patterns", f"by beat, {beats} clusters"):
        assert words in done.output
    assert "single" in set(pd.read_csv(table)["term"])


def test_a_roster_is_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "own" / "roster.parquet"

    def broken():
        yield from simulate_roster(10, 1)
        raise RuntimeError("drawn no further")

    with pytest.raises(RuntimeError):
        write_roster(broken(), target)
    assert list(target.parent.iterdir()) == []
