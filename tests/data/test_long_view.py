"""The long view: every code from its start, breaks marked, growth with its spread."""

import pandas as pd
import pytest
from click.testing import CliRunner

from officer_assaults.cli import main
from officer_assaults.data import forces, long_view, recorded

# Code 104 of Thames Valley, 2012/13 to 2024/25, as the independent audit of the figures read it.
THAMES_VALLEY = [561, 520, 528, 692, 657, 612, 838, 874, 1049, 1021, 1082, 1221, 1244]


def _years(frame, code):
    mine = frame[frame["offence_code"] == code]
    sums = mine.groupby("financial_year")["offences"].agg(["sum", "size"])
    return sums.loc[sums["size"] == 4, "sum"]


def test_thames_valley_from_2012():
    frame = long_view.quarters("thames-valley")
    assert _years(frame, "104").tolist() == THAMES_VALLEY
    starts = frame.groupby("offence_code")["quarter_start"].min()
    assert (starts == pd.Series(long_view.STARTS)).all()
    assert set(frame["state"]) == {"usable"}


@pytest.mark.parametrize(
    ("year", "code", "stated"),
    [("2014/15", "104", 14_369), ("2023/24", "104", 34_505), ("2024/25", "8S", 11_056)],
)
def test_england_and_wales_is_every_force(year, code, stated):
    frame = long_view.quarters("england-and-wales")
    assert _years(frame, code)[year] == stated
    per_force = sum(_years(long_view.quarters(slug, [code]), code).get(year, 0) for slug in _all())
    assert per_force == stated


def _all():
    return [*forces.slugs("territorial"), *forces.slugs("transport")]


def test_breaks_are_marked_quarter_by_quarter_and_by_release():
    def state(force, code, quarter, vintage="auto"):
        frame = long_view.quarters(force, [code], vintage)
        return frame.set_index("quarter_start")["state"][pd.Timestamp(quarter)]

    assert state("dorset", "104", "2021-04-01", "2023-10") == "broken"
    assert state("dorset", "104", "2021-04-01") == "usable"
    assert state("gloucestershire", "104", "2024-04-01") == "broken"
    assert state("gloucestershire", "104", "2018-10-01") == "usable"
    assert state("west-midlands", "104", "2021-04-01") == "step"
    assert state("west-midlands", "104", "2021-07-01") == "usable"
    assert state("derbyshire", "8S", "2023-10-01") == "flagged"
    assert state("london-city", "104", "2013-01-01") == "negative"
    nation = long_view.quarters("england-and-wales", ["104"]).set_index("quarter_start")
    assert nation["state"][pd.Timestamp("2016-04-01")] == "usable"
    assert "Gloucestershire" in nation["note"][pd.Timestamp("2024-04-01")]


def test_the_base_year_is_the_lowest_of_three():
    base = long_view.base_year("thames-valley", "2017/18", "2018/19")
    assert list(base.counts.values()) == [692, 657, 612]
    assert base.lowest
    assert round(base.changes["2015/16"]) == 21
    assert round(base.changes["2017/18"]) == 37
    assert "lowest of three" in base.sentence()
    later = long_view.base_year("thames-valley", "2023/24", "2024/25", ("104", "8S"))
    assert (later.lowest, later.sentence()) == (False, "")
    # Code 8S began in 2017, so its first year has no years before it and is never "of three".
    assert not long_view.base_year("thames-valley", "2017/18", "2018/19", ("104", "8S")).lowest


def test_a_base_year_inside_a_break_is_refused(refused):
    call = lambda: long_view.base_year("gloucestershire", "2022/23", "2023/24")  # noqa: E731
    assert refused(call).codes == ("E108",)
    late = lambda: long_view.base_year("kent", "2024/25", "2025/26")  # noqa: E731
    assert refused(late).codes == ("E106",)


def test_growth_over_a_span_carries_the_spread_between_forces():
    two = long_view.growth("2014/15", "2018/19")
    panel = recorded.compare("2014/15", "2018/19", codes=("104",))
    assert two.frame["force"].tolist() == panel.frame["force"].tolist()
    assert "gloucestershire" in set(two.left_out["force"])
    assert two.together == pytest.approx(panel.frame["y1"].sum() / panel.frame["y0"].sum())
    assert two.usual[0] < two.lower < two.mean < two.upper < two.usual[1]
    row = two.frame.set_index("force").loc["thames-valley"]
    assert row["growth"] == pytest.approx(838 / 528)
    assert row["lower"] < row["growth"] < row["upper"]
    assert "Thames Valley" in two._repr_html_()


def test_the_command_sets_a_force_in_the_spread_of_the_others_and_refuses_a_broken_one():
    run = lambda *words: CliRunner().invoke(main, ["growth", *words])  # noqa: E731
    two = long_view.growth("2014/15", "2018/19")
    told = run("2014/15", "2018/19", "--force", "thames-valley")
    assert told.exit_code == 0
    assert "Thames Valley +59%" in told.output
    assert "from 528 to 838 offences" in told.output
    assert f"{two.usual[1] - 1:+.0%}" in told.output
    broken = run("2014/15", "2018/19", "--force", "gloucestershire")
    assert (broken.exit_code, broken.output.count("E108")) == (2, 1)
