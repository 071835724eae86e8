"""The panel model and the inspections: published figures, two routes, and shares of one rise."""

import math

import numpy as np
import pandas as pd
import pytest

from officer_assaults.data import breaks, force_quarters, inspections
from officer_assaults.estimate import Estimate
from officer_assaults.stats import event_study, glm, panel
from officer_assaults.stats.intervals import Interval
from officer_assaults.topics.recording import data, report_inspected
from officer_assaults.topics.recording.model import inspected


@pytest.fixture(scope="module")
def national():
    return data.national()


def test_the_published_elasticity_of_the_release_of_2023_is_found_again():
    """0.40 (0.22 to 0.58), and 33 % (18 to 48) of the log rise of Thames Valley in 2018/19."""
    held = force_quarters.force_quarters("2023-10").frame
    decided = breaks.decided("2023-10")
    out = decided.loc[
        (decided["offence_code"] == "104") & (decided["decision"] == "leave-out"), "force"
    ]
    # City of London has a negative count in these years.
    kept = ~held["force"].isin([*out, "london-city"]) & (held["quarter"] < "2020-04-01")
    rows = held[kept]
    year = rows["quarter"].dt.year - (rows["quarter"].dt.month < 4)
    yearly = rows.assign(year=year).groupby(["force", "year"], as_index=False)
    frame = yearly[["no_injury", "public_no_injury", "officers"]].sum()
    frame = frame.assign(
        no_injury=frame["no_injury"].astype("int64"),
        log_public=np.log(frame["public_no_injury"] / frame["officers"]),
    )
    assert frame["force"].nunique() == 36
    fit = glm.fit(
        "no_injury ~ C(force) + C(year) + log_public", frame, exposure="officers", cluster="force"
    )
    row = fit.log_ratios.set_index("term").loc["log_public"]
    # The published limits are those of the normal distribution.
    limits = [row["estimate"], *(row["estimate"] + z * row["se"] for z in (-1.96, 1.96))]
    assert limits == pytest.approx([0.40, 0.22, 0.58], abs=0.006)
    own = frame[frame["force"] == "thames-valley"].set_index("year")
    rise, public = (
        math.log(own.loc[2018, name] / own.loc[2017, name])
        for name in ("no_injury", "public_no_injury")
    )
    share = inspected.share_of_rise(limits[0], Interval(*limits[1:]), public, rise)
    found = [share.value, share.lower, share.upper]
    assert found == pytest.approx([0.33, 0.18, 0.48], abs=0.006)
    assert inspected.tells(share)


def test_each_force_left_out_starts_from_the_coefficient_of_statsmodels(national):
    fit = glm.fit(
        "recorded ~ C(force) + C(quarter) + log_public",
        national.panel,
        exposure="officers",
        cluster="force",
    )
    fast = inspected.each_force_left_out(fit, national.panel, "log_public")
    assert fast.value == pytest.approx(fit.contrast({"log_public": 1.0}).estimate, abs=1e-9)
    assert fast.units == national.forces == 39
    assert fast.se > fit.contrast({"log_public": 1.0}).se
    panel = national.panel
    without = [fit.again(panel[panel["force"] != force]) for force in ("avon-and-somerset", "kent")]
    alone = [one.contrast({"log_public": 1.0}).estimate for one in without]
    assert all(fast.lowest - 1e-6 <= one <= fast.highest + 1e-6 for one in alone)


def test_the_leading_figure_is_the_same_by_another_route(national):
    dates = inspections.dates()
    found = event_study.impute(
        inspected.panel_of(national.rows, inspected.OUTCOME, dates), inspected.LEADING
    )
    seen, after = inspected.cells_of(national.rows, dates)
    fit = glm.fit("recorded ~ C(force) + C(quarter)", seen, exposure="officers", cluster="force")
    expected = fit.predict_count(after, exposure="officers")
    again = inspected.mean_log_ratio(after, expected)
    assert again == pytest.approx(found.effect().value, abs=1e-6)
    units, cohorts, counted, _ = found.rests_on()
    assert (units, cohorts) == (19, 6)
    assert counted == after["recorded"].sum()


def test_what_one_force_had_recorded_alike_changes_nothing(national):
    """Counts of a force doubled throughout leave every log ratio as it was."""
    rows = national.rows[national.rows["series"] == inspected.OUTCOME]
    twice = rows.assign(count=rows["count"].where(rows["force"] != "kent", 2 * rows["count"]))
    dates = inspections.dates()
    kent = sorted(set(rows["force"])).index("kent")
    plain, doubled = (
        event_study.impute(inspected.panel_of(each, inspected.OUTCOME, dates)).ratios[0, kent]
        for each in (rows, twice)
    )
    assert doubled == pytest.approx(plain, abs=0.02)


def test_pass_through_of_one_series_to_itself_is_all_of_it(national):
    same = national.rows[national.rows["series"] == inspected.OUTCOME]
    rows = pd.concat([same, same.assign(series=inspected.PUBLIC)])
    traits = national.traits.set_index("force")
    row = inspected._passed_through(rows, inspections.dates(), traits, 1, 0.05)[0]
    assert [row["value"], row["lower"], row["upper"]] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("limits", "leaves"),
    [
        ((-0.66, 0.50), "none of it or a part"),
        ((-0.2, 1.1), "between none and all"),
        ((0.14, 0.39), "a part"),
        ((0.14, 1.2), "a part or all"),
        ((-0.4, -0.1), "none of it"),
    ],
)
def test_a_share_leaves_what_its_limits_leave(limits, leaves):
    share = Estimate(sum(limits) / 2, *limits, unit="share", denominator="log change")
    assert report_inspected._leaves(share) == leaves


def test_a_jackknife_leaves_whole_units_out():
    weights = panel.left_out_weights(4)
    assert weights.sum(axis=1).tolist() == [4, 3, 3, 3, 3]
