"""Risk ratios against the library, against row-by-row fits, and on the Washington records."""

import numpy as np
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.stats.contingency_tables import Table2x2

from officer_assaults.data import tables
from officer_assaults.refusals import Refusal
from officer_assaults.stats import verdicts
from officer_assaults.stats.risk_ratio import clustered_risk_ratio, crude_risk_ratio, risk_ratio

# Printed to three decimals; the adjusted ones to two.
PRINTED = 0.0006
PRINTED_TWO = 0.006
# Same likelihood, two programs.
AGREEMENT = 1e-8

COLUMNS = {"events": "injured", "total": "victims", "group": "assignment"}
GROUPS = {"compared": "One-Officer (Alone)", "reference": "Two-Officer Vehicle"}
INCIDENT = ("year", "incident")


@pytest.fixture(scope="module")
def washington():
    victims = tables.load("us/dc-officer-victims")
    return victims[
        victims["offence_code"].isin(["13A", "13B"]) & victims["year"].isin([2021, 2022])
    ]


def test_washington_counts_and_naive_interval(washington):
    found = crude_risk_ratio(washington, **COLUMNS, **GROUPS)
    assert (found.events1, found.total1) == (128, 284)
    assert (found.events0, found.total0) == (129, 347)
    assert found.ratio == pytest.approx(1.212, abs=PRINTED)
    assert found.lower == pytest.approx(1.005, abs=PRINTED)
    assert found.upper == pytest.approx(1.463, abs=PRINTED)


@pytest.mark.parametrize(
    ("adjust", "ratio", "lower", "upper", "tolerance"),
    [
        (("year",), 1.216, 0.963, 1.535, PRINTED),
        (("year", "activity"), 1.19, 0.95, 1.50, PRINTED_TWO),
    ],
)
def test_washington_ratio_clustered_by_incident(washington, adjust, ratio, lower, upper, tolerance):
    found = clustered_risk_ratio(washington, **COLUMNS, **GROUPS, cluster=INCIDENT, adjust=adjust)
    assert found.ratio == pytest.approx(ratio, abs=tolerance)
    assert found.lower == pytest.approx(lower, abs=tolerance)
    assert found.upper == pytest.approx(upper, abs=tolerance)
    assert found.clusters == 444


def test_the_verdict_follows_the_clustered_interval(washington):
    naive = crude_risk_ratio(washington, **COLUMNS, **GROUPS)
    clustered = clustered_risk_ratio(
        washington, **COLUMNS, **GROUPS, cluster=INCIDENT, adjust=("year",)
    )
    assert verdicts.lies("above", 1, naive.lower, naive.upper) == "consistent"
    assert verdicts.lies("above", 1, clustered.lower, clustered.upper) == "not supported"


def test_grouped_rows_give_what_one_row_per_officer_gives(washington):
    kept = washington[washington["assignment"].isin(GROUPS.values())]
    rows = kept.loc[kept.index.repeat(kept["victims"])]
    place = rows.groupby(level=0).cumcount()
    rows = rows.assign(
        hurt=(place < rows["injured"]).astype(int),
        alone=(rows["assignment"] == GROUPS["compared"]).astype(int),
        cluster=rows.groupby(list(INCIDENT)).ngroup(),
    )
    fit = smf.glm("hurt ~ alone + C(year) + C(activity)", rows, family=sm.families.Poisson()).fit(
        cov_type="cluster",
        cov_kwds={"groups": rows["cluster"], "use_correction": False},
        tol=1e-13,
    )
    found = clustered_risk_ratio(
        washington,
        **COLUMNS,
        **GROUPS,
        cluster=INCIDENT,
        adjust=("year", "activity"),
        correction="none",
    )
    assert np.log(found.ratio) == pytest.approx(fit.params["alone"], abs=AGREEMENT)
    half = (np.log(found.upper) - np.log(found.lower)) / 2
    df = found.clusters - 1
    assert half == pytest.approx(fit.bse["alone"] * _t975(df), abs=1e-7)


@pytest.mark.parametrize("cells", [(128, 284, 129, 347), (3, 50, 9, 41), (40, 40, 12, 30)])
def test_two_groups_equal_the_library(cells):
    a, n1, c, n0 = cells
    found = risk_ratio(*cells, alpha=0.1)
    table = Table2x2([[a, n1 - a], [c, n0 - c]], shift_zeros=False)
    low, high = table.riskratio_confint(alpha=0.1)
    assert found.ratio == pytest.approx(table.riskratio)
    assert (found.lower, found.upper) == pytest.approx((low, high))
    assert found.p == pytest.approx(table.riskratio_pvalue())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.assign(injured=f["victims"] + 1), "E103"),
        (lambda f: f.assign(injured=f["injured"].where(f["assignment"] != GROUPS["compared"], 0)),
         "E114"),
        (lambda f: f[f["assignment"] != GROUPS["reference"]], "E114"),
    ],
)  # fmt: skip
def test_what_gives_no_ratio_is_refused(washington, change, code):
    with pytest.raises(Refusal) as refused:
        clustered_risk_ratio(
            change(washington), **COLUMNS, **GROUPS, cluster=INCIDENT, adjust=("year",)
        )
    assert refused.value.codes == (code,)


def test_levels_without_an_event_are_left_out_not_fitted(washington):
    rare = washington.assign(
        activity=washington["activity"].where(washington["victims"] < 3, "three or more"),
        injured=washington["injured"].where(washington["victims"] < 3, 0),
    )
    found = clustered_risk_ratio(
        rare, **COLUMNS, **GROUPS, cluster=INCIDENT, adjust=("year", "activity")
    )
    kept = rare[(rare["victims"] < 3) & rare["assignment"].isin(GROUPS.values())]
    assert found.total1 + found.total0 == kept["victims"].sum()


@pytest.mark.parametrize("cells", [(0, 10, 3, 9), (11, 10, 3, 9), (2.5, 10, 3, 9)])
def test_impossible_counts_are_refused(cells):
    with pytest.raises(ValueError, match=r"event|count"):
        risk_ratio(*cells)


def _t975(df):
    from scipy import stats

    return stats.t.ppf(0.975, df)
