"""The case itself: the question of the rise, answered from the project's own data."""

import numpy as np
import pytest

from officer_assaults.data import recorded
from officer_assaults.stats.dispersion import quarterly_dispersion
from officer_assaults.stats.heterogeneity import paule_mandel, predictive_comparison
from officer_assaults.stats.intervals import weekly_rate
from officer_assaults.stats.rate_ratio import (
    exact_rate_ratio,
    log_ratios,
    rate_ratio_table,
)
from officer_assaults.stats.verdicts import reproduces, unusual

FOCUS, YEAR0, YEAR1 = "thames-valley", "2017/18", "2018/19"
LATE, PRINTED, FIRST = "2023-10", "article", "first-release"
PRINTED_1DP, PRINTED_2DP, PRINTED_3DP = 0.05, 5e-3, 5e-4


def two_years(force, vintage):
    annual = recorded.annual(vintage).set_index(["force", "financial_year"])
    return annual.loc[(force, YEAR1)], annual.loc[(force, YEAR0)]


def ratio_of(force, vintage):
    late, early = two_years(force, vintage)
    return exact_rate_ratio(late["n_total"], late["days"], early["n_total"], early["days"])


def test_the_figures_that_the_newspapers_printed():
    result = ratio_of(FOCUS, PRINTED)
    assert (result.y0, result.y1) == (794, 1057)
    assert (result.ratio, result.lower, result.upper) == pytest.approx(
        (1.331, 1.213, 1.461), abs=PRINTED_3DP
    )
    assert result.p == pytest.approx(1.06e-9, rel=5e-3)
    assert reproduces(33, result.percent_change) == "reproduces"
    week = weekly_rate(result.y1, result.e1)
    assert (week.rate, week.lower, week.upper) == pytest.approx(
        (20.27, 19.07, 21.53), abs=PRINTED_2DP
    )


def test_october_2023_release():
    result = ratio_of(FOCUS, LATE)
    assert (result.y0, result.y1) == (785, 1038)
    assert result.percent_change == pytest.approx(32.2, abs=PRINTED_1DP)


def test_the_year_is_not_odd_among_the_usable_forces():
    whole = recorded.compare(YEAR0, YEAR1, LATE, allow_break="as the study was designed").frame
    frame = whole[~whole["force"].isin(["kent", "wiltshire"])].reset_index(drop=True)
    growth, variances = log_ratios(frame["y1"], frame["days1"], frame["y0"], frame["days0"])
    at = int(frame.index[frame["force"] == FOCUS][0])
    odd = predictive_comparison(growth, variances, at)
    assert (odd.k, odd.df) == (40, 38)
    assert odd.z == pytest.approx(0.80, abs=PRINTED_2DP)
    assert odd.tau == pytest.approx(0.167, abs=PRINTED_3DP)
    assert unusual(odd.p) == "not supported"
    assert int((growth > growth[at]).sum()) + 1 == 9
    assert 100 * np.expm1(paule_mandel(growth, variances).mu) == pytest.approx(15, abs=0.5)


def test_every_force_and_british_transport_police_have_a_ratio():
    annual = recorded.annual(LATE)
    wide = annual.pivot_table(index="force", columns="financial_year", values="n_total")
    wide = wide.drop(index="england-and-wales", errors="ignore")[[YEAR0, YEAR1]].dropna()
    table = rate_ratio_table(wide[YEAR1], 365, wide[YEAR0], 365, index=wide.index)
    assert len(table) == 44
    assert "british-transport-police" in table.index
    assert (table["lower"] < table["ratio"]).all()
    assert (table["ratio"] < table["upper"]).all()


def test_quarterly_dispersion_depends_on_what_is_called_trend():
    """Code 104, 45 quarters from April 2012, territorial forces without a zero quarter."""
    quarterly = recorded.quarterly(LATE)
    wanted = (quarterly["offence_code"] == "104") & ~quarterly["force"].isin(
        ["british-transport-police", "england-and-wales"]
    )
    smooth = quarterly_dispersion(quarterly[wanted])
    within = quarterly_dispersion(quarterly[wanted], trend="year")
    assert (smooth.quarters, len(smooth.frame), len(smooth.left_out)) == (45, 38, 5)
    assert smooth.of(FOCUS) == pytest.approx(2.19, abs=PRINTED_2DP)
    assert smooth.quantiles().tolist() == pytest.approx([1.66, 2.87, 4.28], abs=PRINTED_2DP)
    assert smooth.frame["lag1"].median() == pytest.approx(0.187, abs=PRINTED_3DP)
    # Taking each year's level out leaves much less, and no positive autocorrelation.
    assert within.of(FOCUS) == pytest.approx(1.36, abs=PRINTED_2DP)
    assert within.quantiles([0.5])[0] < smooth.quantiles([0.5])[0]
    assert within.frame["lag1"].median() < 0
