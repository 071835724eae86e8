"""Terms that one cluster, or rounding, would give an interval without width."""

import numpy as np
import pandas as pd
import pytest

from officer_assaults.refusals import Refusal
from officer_assaults.stats import glm, support


@pytest.fixture(scope="module")
def panel():
    """Forty forces over six years; one of them is London."""
    rng = np.random.default_rng(7)
    frame = pd.MultiIndex.from_product([range(40), range(6)], names=["force", "year"]).to_frame(
        False
    )
    frame["london"] = (frame["force"] == 0).astype(int)
    frame["north"] = (frame["force"] < 3).astype(int)
    frame["single"] = rng.integers(0, 2, len(frame))
    frame["officers"] = rng.uniform(500, 3000, len(frame))
    own = np.exp(rng.normal(0, 0.2, 40))[frame["force"]]
    frame["assaults"] = rng.poisson(0.1 * frame["officers"] * own * np.exp(0.2 * frame["single"]))
    return frame


def fitted(panel, right, cluster="force", **how):
    return glm.fit(f"assaults ~ {right}", panel, exposure="officers", cluster=cluster, **how)


def test_one_cluster_gives_no_interval_and_is_named(panel):
    model = fitted(panel, "single + london")
    rows = model.rate_ratios.set_index("term")
    assert rows.loc["london", ["lower", "upper", "p"]].isna().all()
    assert rows.loc["single", "lower"] < rows.loc["single", "upper"]
    assert any("'london' rests on one cluster" in caution for caution in model.cautions)
    with pytest.raises(Refusal, match="E114: the term 'london' rests on one cluster"):
        model.estimate("london", denominator="officers")
    assert model.contrast({"single": 1, "london": 0}).se > 0
    # The raw sandwich is what was printed before: an error without size.
    assert np.sqrt(model.vcov.loc["london", "london"]) < 0.25 * np.sqrt(0.2**2)
    plain = fitted(panel, "single + london", cluster=None)
    assert plain.estimate("london", denominator="officers").lower > 0


def test_a_fit_without_residual_has_no_width(panel):
    """Every count on the line: the sandwich is rounding, in clusters and without."""
    exact = panel.assign(assaults=10 + 10 * panel["single"], officers=1.0)
    for how in ({}, {"cluster": None, "errors": "HC1"}):
        model = fitted(exact, "single", **how)
        assert model.rate_ratios["lower"].isna().all()
        assert any("zero but for rounding" in caution for caution in model.cautions)


def test_few_clusters_are_named(panel):
    model = fitted(panel, "single + north")
    assert any("'north' rests on 3 clusters" in caution for caution in model.cautions)
    assert not any("single" in caution for caution in model.cautions)


@pytest.mark.parametrize("step", [1e-8, 1e-9, 3e-10, 1e-10, 1e-11, 1e-13])
def test_an_ill_conditioned_design_is_said_or_refused(panel, step):
    nearly = panel.assign(copy=panel["single"] + step * np.arange(len(panel)))
    codes, cautions = (), ()
    try:
        cautions = fitted(nearly, "single + copy").cautions
    except Refusal as refusal:
        codes = refusal.codes
    said = any("almost sums of others" in caution for caution in cautions)
    assert said or codes == ("E122",)
    assert said or step < 1e-9


def test_variances_that_rounding_left_below_zero_have_no_error():
    """A design that almost repeats itself leaves such ones on some processors."""
    covariance = np.array([[4.0, 0.0], [0.0, -1e-18]])
    assert support.standard_errors(covariance).tolist() == [2.0, 0.0]
    errors = support.standard_errors(covariance)
    ones = np.ones(3)
    assert support.without_width(np.eye(3)[:, :2], ones, errors, None).tolist() == [False, True]


def test_effects_of_each_force_leave_the_others_their_errors(panel):
    model = fitted(panel, "single + C(force)")
    assert set(model.unsupported) == {f"C(force)[T.{force}]" for force in range(1, 40)}
    assert any("and 36 more rests on one cluster" in caution for caution in model.cautions)
    assert model.rate_ratios.set_index("term").loc["single", "p"] < 1e-6


def test_clusters_behind_a_column_are_counted_on_its_thinner_side():
    groups = np.repeat(np.arange(5), 2)
    one = np.ones(10)
    columns = np.column_stack(
        [one, groups == 4, groups != 4, np.tile([0, 1], 5), groups.astype(float), groups < 2]
    ).astype(float)
    assert support.clusters_behind(columns, groups).tolist() == [5, 1, 1, 5, 4, 2]
