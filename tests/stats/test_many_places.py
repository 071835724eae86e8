"""Models of many places in time linear in rows: the answers of the models written out in full."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from officer_assaults.refusals import Refusal
from officer_assaults.stats import designs, glm, glm_fits, many_rows, near, newton, support
from officer_assaults.stats.newton import leave_one_cluster_out
from officer_assaults.stats.within import fit_within


def draw(places, rows_each, seed=8):
    """Counts by place: half the rows treated, a share, a month, and a level of the place."""
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(places), rows_each)
    n = len(place)
    single, share = rng.integers(0, 2, n).astype(float), rng.normal(size=n)
    month = np.eye(4)[rng.integers(0, 4, n)][:, 1:]
    x = np.column_stack([np.ones(n), single, share, month])
    offset = np.log(rng.uniform(100, 1000, n))
    level = rng.normal(0, 0.4, places)[place]
    y = rng.poisson(np.exp(offset - 4.5 + 0.4 * single + 0.2 * share + level)).astype(float)
    shuffled = rng.permutation(n)
    return x[shuffled], y[shuffled], offset[shuffled], place[shuffled]


def test_levels_summed_out_are_those_written_out():
    x, y, offset, place = draw(12, 40)
    constant = np.cos(place)  # A fact of the place, which its level tells already.
    coefficients, vcov, _ = fit_within(np.column_stack([x, constant]), y, offset, place)
    dense = np.column_stack([x[:, 1:], pd.get_dummies(place).to_numpy(float)])
    fit = sm.GLM(y, dense, family=sm.families.Poisson(), offset=offset).fit(
        tol=1e-13,
        maxiter=100,
        cov_type="cluster",
        cov_kwds={"groups": place, "use_correction": False},
    )
    terms = x.shape[1] - 1
    np.testing.assert_array_equal(np.isnan(coefficients), [True, *[False] * terms, True])
    inside = slice(1, 1 + terms)
    np.testing.assert_allclose(coefficients[inside], fit.params[:terms], atol=1e-8)
    theirs = 12 / 11 * np.asarray(fit.cov_params())[:terms, :terms]
    np.testing.assert_allclose(vcov[inside, inside], theirs, rtol=1e-6, atol=1e-12)


def test_a_place_without_events_is_refused():
    x, y, offset, place = draw(12, 10)
    with pytest.raises(ValueError, match="without events"):
        fit_within(x, np.where(place == 3, 0.0, y), offset, place)


@pytest.mark.parametrize("partial", [True, False])
def test_refits_from_a_series_are_those_on_rows(monkeypatch, partial):
    x, y, offset, place = draw(600, 4)
    if partial:
        # Without place 5 nobody knows of this column: such refits are left to the rows.
        x = np.column_stack([x, place == 5])
    whole = leave_one_cluster_out(x, y, offset, place, partial=partial)
    monkeypatch.setattr(near, "MOST_AT_ONCE", 0)
    series = leave_one_cluster_out(x, y, offset, place, partial=partial)
    np.testing.assert_allclose(series.coefficients, whole.coefficients, atol=5e-8, rtol=0)
    assert (series.coefficients != whole.coefficients).any(1).mean() > 0.5
    errors = [np.sqrt(np.diag(left.vcov)) for left in (series, whole)]
    np.testing.assert_allclose(*errors, rtol=1e-6)


@pytest.mark.parametrize("victims", [50, 90, 400])
def test_refits_with_few_victims_are_those_of_dense_fits(monkeypatch, victims):
    x, y, offset, place = draw(500, 8)
    rng = np.random.default_rng(4)
    hit = rng.choice(len(y), victims, p=np.exp(offset) / np.exp(offset).sum())
    y = np.bincount(hit, minlength=len(y)).astype(float)
    y[np.flatnonzero(place == 7)[:4]] += 4.0  # One place moves every coefficient far.
    monkeypatch.setattr(near, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(newton, "_without", None)  # None is left to a fit of its own.
    left = leave_one_cluster_out(x, y, offset, place)
    by_place = np.bincount(place, weights=y)
    for code in [7, *np.argsort(-by_place)[:5], *np.flatnonzero(by_place == 0)[:3]]:
        rest = place != code
        model = sm.GLM(y[rest], x[rest], family=sm.families.Poisson(), offset=offset[rest])
        dense = model.fit(tol=1e-11, tol_criterion="params", maxiter=200)
        np.testing.assert_allclose(left.coefficients[code], dense.params, atol=5e-8, rtol=0)


def test_an_arm_without_events_is_refused_among_many_places(monkeypatch):
    x, y, offset, place = draw(500, 8)
    y = np.where((place == 3) | (x[:, 1] == 0), y, 0.0)  # Single crews have victims there alone.
    y[np.flatnonzero((place == 3) & (x[:, 1] == 1))[0]] = 3.0
    monkeypatch.setattr(near, "MOST_AT_ONCE", 0)
    with pytest.raises(ValueError, match=r"settle|gradient|singular"):
        leave_one_cluster_out(x, y, offset, place)
    left = leave_one_cluster_out(x, y, offset, place, partial=True)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(left.coefficients[:, 0])), [3])


def test_sums_of_rates_from_a_series_are_those_of_rows(monkeypatch):
    x, y, offset, place = draw(600, 4)
    left = leave_one_cluster_out(x, y, offset, place)
    betas = np.vstack([left.full, left.coefficients, left.full + 0.3])
    weights = np.exp(offset) * np.where(place % 3, 1.0, -1.0)
    whole = near.rate_sums(x, weights, betas)
    monkeypatch.setattr(near, "MOST_AT_ONCE", 0)
    np.testing.assert_allclose(near.rate_sums(x, weights, betas), whole, rtol=1e-7)


def _counts():
    return pd.Series([1, 2, 3], name="victims")


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))]
)
def test_what_is_worked_out_later_can_be_copied_and_pickled(copied):
    later = copied(many_rows.Later(_counts))
    assert later.sum() == 6
    assert copied(later).name == "victims"
    with pytest.raises(AttributeError, match="_work"):
        object.__new__(many_rows.Later)._work  # noqa: B018


@pytest.mark.parametrize("victims", [30, 3_000])
def test_fits_of_many_rows_are_those_of_few(monkeypatch, victims):
    """Very many rows start from sums of products; answers and cautions stay those of all rows."""
    x, y, offset, place = draw(40, 12)
    hit = np.random.default_rng(3).choice(len(y), victims)
    frame = pd.DataFrame(x[:, 1:], columns=["single", "share", "m2", "m3", "m4"])
    frame = frame.assign(y=np.bincount(hit, minlength=len(y)), hours=np.exp(offset), place=place)
    frame["almost"] = frame["share"] + 1e-7 * np.sin(place)

    def told(terms):
        how = {"exposure": "hours", "cov": "cluster", "cluster": "place"}
        return glm.fit_rate_model(frame, f"y ~ {terms}", **how)

    terms = ("single + share + m2 + m3 + m4", "single + share + almost")
    whole = [told(one) for one in terms]
    for module in (designs, glm_fits, newton, support):
        monkeypatch.setattr(module, "MANY_ROWS", 0)
    for old, new in zip(whole, map(told, terms), strict=True):
        assert new.cautions == old.cautions
    np.testing.assert_allclose(told(terms[0]).vcov, whole[0].vcov, rtol=1e-8, atol=1e-14)
    kept = ["estimate", "se", "lower", "upper"]
    found = [model.log_ratios[kept].to_numpy() for model in (told(terms[0]), whole[0])]
    np.testing.assert_allclose(*found, rtol=1e-8, atol=1e-10)
    frame["twice"] = 2 * frame["single"]
    with pytest.raises(Refusal, match="E122"):
        told("single + twice")


@pytest.mark.parametrize("family", ["poisson", "quasi-poisson", "nb2"])
@pytest.mark.parametrize(
    ("cov", "correction"),
    [("model", "none"), ("HC1", "none"), ("cluster", "G/(G-1)"),
     ("cluster", "G/(G-1)*(N-1)/(N-K)")],
)  # fmt: skip
def test_every_family_of_many_rows_is_that_of_statsmodels(monkeypatch, family, cov, correction):
    x, _, offset, place = draw(80, 30)
    frame = pd.DataFrame(x[:, 1:3], columns=["single", "share"])
    frame = frame.assign(hours=np.exp(offset), place=[f"beat {code:03d}" for code in place])
    rates = np.exp(-4.5 + 0.4 * frame["single"] + 0.2 * frame["share"]) * frame["hours"]
    gamma = np.random.default_rng(6).gamma(2, 0.5, len(frame))
    frame["y"] = np.random.default_rng(7).poisson(rates * gamma)
    how = {"exposure": "hours", "family": family, "cov": cov, "correction": correction}
    how |= {"cluster": "place"} if cov == "cluster" else {}
    whole = glm.fit_rate_model(frame, "y ~ single + share", **how)
    monkeypatch.setattr(glm_fits, "MANY_ROWS", 0)
    many = glm.fit_rate_model(frame, "y ~ single + share", **how)
    np.testing.assert_allclose(many.vcov, whole.vcov, rtol=1e-6, atol=1e-12)
    kept = ["estimate", "se", "lower", "upper"]
    np.testing.assert_allclose(many.log_ratios[kept], whole.log_ratios[kept], rtol=0, atol=1e-8)
    assert many.loglik == pytest.approx(whole.loglik, rel=1e-9, nan_ok=True)
    assert many.deviance == pytest.approx(whole.deviance, rel=1e-8)
    assert many.nb_alpha == (whole.nb_alpha and pytest.approx(whole.nb_alpha, rel=1e-6))
    theirs = many.statsmodels.params[:3]
    np.testing.assert_allclose(theirs, many.coefficients, atol=1e-7)


def test_a_triangle_from_parts_of_the_rows_is_that_of_all(monkeypatch):
    x = np.random.default_rng(6).normal(size=(103, 4)) * [1, 1e-6, 1e6, 1]
    monkeypatch.setattr(designs, "MANY_ROWS", 20)
    found, whole = designs.triangle(x), np.linalg.qr(x, mode="r")
    upper = np.triu_indices(4)
    assert np.allclose(np.abs(found[upper]), np.abs(whole[upper]), rtol=1e-6, atol=0)
