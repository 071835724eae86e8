"""Exports of very many cells: the answers of few, found from blocks of rows."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from officer_assaults.refusals import Refusal
from officer_assaults.stats import designs, formulas, glm_fits, near, newton, support
from officer_assaults.stats.many_rows import fit_logit
from officer_assaults.topics.crewing.model import analysis, arms, cells, policy, weights
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.policy_language import POLICIES, named_or_written
from officer_assaults.topics.crewing.simulator.force import simulate_force
from officer_assaults.topics.crewing.simulator.params import ForceParams


@pytest.fixture(scope="module")
def drawn():
    params = ForceParams()
    places = replace(params.deployment, beats=24, lpas=8)
    return simulate_force(replace(params, deployment=places), 3).frames["crew_cells"]


@pytest.fixture
def as_many(monkeypatch):
    """Treat any number of rows as very many."""

    def begin():
        for module in (designs, glm_fits, newton, support, analysis, arms, weights):
            monkeypatch.setattr(module, "MANY_ROWS", 1)
        monkeypatch.setattr(near, "MOST_AT_ONCE", 0)
        monkeypatch.setattr(near, "ROWS_AT_ONCE", 300)
        monkeypatch.setattr(cells, "MOST_ROWS", 0)
        monkeypatch.setattr(formulas, "ROWS_AT_ONCE", 500)

    return begin


def _numbers(value):
    """All numbers of a result, in order."""
    if isinstance(value, bool | str) or value is None:
        return []
    if isinstance(value, int | float | np.number):
        return [float(value)]
    if isinstance(value, pd.DataFrame):
        return [*value.select_dtypes("number").to_numpy(float).ravel()]
    if isinstance(value, tuple | list):
        return [number for part in value for number in _numbers(part)]
    if hasattr(value, "__dataclass_fields__"):
        parts = [field.name for field in fields(value) if field.name != "data"]
        return [number for part in parts for number in _numbers(getattr(value, part))]
    return []


def test_the_whole_analysis_of_many_cells_is_that_of_few(drawn, as_many):
    policies = [*POLICIES, "0 if backup_min > 12 and hour_band == 'night' else single"]
    few = analysis.analyse(prepare(drawn), policies)
    as_many()
    many = analysis.analyse(prepare(drawn), policies)
    old, new = np.array(_numbers(few)), np.array(_numbers(many))
    assert len(old) == len(new) > 300
    np.testing.assert_allclose(new, old, rtol=1e-6, atol=1e-7)
    assert [claim.verdict for claim in many.claims] == [claim.verdict for claim in few.claims]


def test_a_refusal_of_one_part_of_many_cells_is_that_of_few(drawn, as_many):
    data = prepare(drawn)
    said = []
    for _ in range(2):
        with pytest.raises(Refusal, match="no_such_column") as refused:
            analysis.analyse(data, ["all_double", "0 if no_such_column > 1 else single"])
        said.append(str(refused.value))
        as_many()
    assert said[0] == said[1]


def test_policies_of_many_cells_need_no_design_for_each_arm(drawn, as_many):
    as_many()
    asked = [named_or_written(name) for name in POLICIES]
    model = policy.fit_policy_model(prepare(drawn), asked)
    assert model.single.design is model.double.design
    assert model.single.design.shape[1] < len(model.terms)
    exposure = model.frame["officer_hours"].to_numpy(float)
    single = model.frame["single"].to_numpy(float)
    # As they were crewed, the arms together fit the victims seen.
    one, two = (arm.sums(weight, model.coefficients[None])[0] for arm, weight in (
        (model.single, exposure * single), (model.double, exposure * (1 - single)),
    ))  # fmt: skip
    assert one + two == pytest.approx(model.total, rel=1e-6)


def test_a_fractional_logit_is_that_of_statsmodels():
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(900), rng.normal(size=900), rng.integers(0, 2, 900)])
    share = rng.binomial(1, 1 / (1 + np.exp(-x @ [0.3, -1.2, 0.8]))).astype(float)
    hours = rng.uniform(0.1, 9, 900)
    theirs = sm.GLM(share, x, family=sm.families.Binomial(), freq_weights=hours).fit(tol=1e-13)
    np.testing.assert_allclose(fit_logit(x, share, hours), theirs.fittedvalues, atol=1e-9)
    with pytest.raises(ValueError, match="settle"):
        fit_logit(x, x[:, 2], hours)
