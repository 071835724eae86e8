"""The tracked figures: totals that published tables state, and the traps of these series."""

import subprocess
import sys
from pathlib import Path

import pytest

from officer_assaults import paths
from officer_assaults.data import exposure, forces, recorded, tables

# Share of 8S in the other 42 territorial forces together, by quarter of 2017/18, as read off the
# release when the series was first studied.
SHARES_WITHOUT_LONDON = (0.305, 0.316, 0.300, 0.294)


def _sum(table, column, **where):
    frame = tables.load(table)
    for name, value in where.items():
        frame = frame[frame[name] == value]
    return frame[column].sum()


@pytest.mark.parametrize(
    ("year", "code", "late", "printed", "copy"),
    [
        ("2018/19", "104", 838, 859, 843),
        ("2018/19", "8S", 200, 198, 201),
        ("2017/18", "104", 612, 628, 612),
        ("2017/18", "8S", 173, 166, 174),
    ],
)
def test_thames_valley_in_every_release(year, code, late, printed, copy):
    where = {"force": "thames-valley", "financial_year": year, "offence_code": code}
    assert _sum("recorded-assaults/2023-10", "offences", **where) == late
    assert _sum("recorded-assaults/2026-04", "offences", **where) == late
    assert _sum("recorded-assaults/article", "offences", **where) == printed
    assert _sum("recorded-assaults/early-copies", "offences", **where) == copy


@pytest.mark.parametrize(
    ("table", "force", "year", "total"),
    [
        ("article", "thames-valley", "2017/18", 794),
        ("article", "thames-valley", "2018/19", 1057),
        ("first-release", "england-and-wales", "2017/18", 26_295),
        ("first-release", "england-and-wales", "2018/19", 30_977),
        ("first-release", "england-and-wales", "2020/21", 36_969),
        ("first-release", "england-and-wales", "2023/24", 45_907),
    ],
)
def test_quoted_totals_are_the_sum_of_their_parts(table, force, year, total):
    cells = tables.load(f"recorded-assaults/{table}")
    mine = cells[(cells["force"] == force) & (cells["financial_year"] == year)]
    values = mine.set_index("offence_code")["offences"]
    assert values["104+8S"] == values["104"] + values["8S"] == total
    annual = recorded.annual(table).set_index(["force", "financial_year"])
    assert annual.loc[(force, year), "n_total"] == total


@pytest.mark.parametrize(
    ("table", "column", "where", "stated"),
    [
        ("recorded-assaults/2023-10", "offences", ("2014/15", "104"), 14_369),
        ("recorded-assaults/2023-10", "offences", ("2015/16", "104"), 15_511),
        ("recorded-assaults/2026-04", "offences", ("2014/15", "104"), 14_369),
        ("recorded-assaults/2026-04", "offences", ("2015/16", "104"), 15_512),
        ("recorded-assaults/2026-04", "offences", ("2023/24", "104"), 34_505),
        ("recorded-assaults/2026-04", "offences", ("2023/24", "8S"), 11_676),
        ("recorded-assaults/2026-04", "offences", ("2024/25", "104"), 36_483),
        ("recorded-assaults/2026-04", "offences", ("2024/25", "8S"), 11_056),
        ("use-of-force/incidents", "incidents", ("2017/18",), 313_137),
        ("use-of-force/incidents", "incidents", ("2018/19",), 427_725),
        ("use-of-force/incidents", "incidents", ("2019/20",), 491_984),
        ("use-of-force/taser", "uses", ("2017/18",), 16_913),
        ("use-of-force/taser", "uses", ("2018/19",), 23_451),
        ("use-of-force/taser", "uses", ("2019/20",), 32_058),
    ],
)
def test_national_totals(table, column, where, stated):
    names = ("financial_year", "offence_code")[: len(where)]
    assert _sum(table, column, **dict(zip(names, where, strict=True))) == stated


@pytest.mark.parametrize(
    ("table", "year", "stated"),
    [
        ("workforce/2022-07", 2010, 143_734),
        ("workforce/2022-07", 2018, 122_405),
        ("workforce/2022-07", 2022, 140_228),
        ("workforce/2023-07", 2022, 140_228),
        ("workforce/2023-07", 2023, 147_430),
        ("officer-stocks/2026-01", 2025, 146_442),
    ],
)
def test_national_officers(table, year, stated):
    staff = tables.load(table)
    staff = staff[staff["force"] != forces.BRITISH_TRANSPORT_POLICE]
    assert round(staff.loc[staff["as_at"].dt.year == year, "officer_fte"].sum()) == stated


@pytest.mark.parametrize(
    ("table", "year", "stated"),
    [
        ("population/mid-2020", 2020, 59_719_724),
        ("population/mid-2024", 2022, 60_245_218),
        ("population/mid-2024", 2023, 60_854_727),
        ("population/mid-2024", 2024, 61_806_682),
    ],
)
def test_national_residents(table, year, stated):
    assert _sum(table, "residents", mid_year=year) == stated


def test_residents_are_those_rebased_on_the_census():
    before = tables.load("population/mid-2020").query("mid_year == 2020").set_index("force")
    now = exposure.residents("2020/21").set_index("force")["exposure"]
    off = (before["residents"] / now - 1).round(3)
    slugs = ["london-city", "thames-valley", "south-yorkshire"]
    assert off[slugs].tolist() == [0.313, -0.024, 0.031]


def test_a_stock_between_two_days_is_interpolated_scaled_and_said():
    # 2023/24 needs 31 March 2024, of which only the total of the 43 forces is published: 147,745.
    years = exposure.officer_years("2023/24", last_stock=True).set_index("force")["exposure"]
    assert years.sum() == pytest.approx((147_429.63 + 147_745) / 2, abs=0.01)
    said = exposure.stand_in("2023/24")
    assert "31 March 2024 are not held" in said
    assert "147,745" in said
    assert exposure.stand_in("2018/19") == ""
    assert "mid-2024 is used" in exposure.stand_in("2025/26", "residents")


def test_the_figures_that_a_newspaper_printed_are_named_as_its_own():
    article = tables.release("recorded-assaults/article")
    assert "Home Office" not in article.publisher
    assert not article.independent
    assert "not independent" in article.provenance
    official = tables.release("recorded-assaults/2026-04")
    assert (official.publisher, official.independent) == ("Home Office", True)
    assert official.how_read == "through a public copy"
    assert set(tables.load("recorded-assaults/first-release")["force"]) == {"england-and-wales"}


def test_every_force_has_every_quarter():
    counts = tables.load("recorded-assaults/2023-10").groupby(["offence_code", "quarter_start"])
    per_quarter = counts["force"].nunique().unstack(0)
    assert len(forces.slugs("territorial")) == 43
    assert (per_quarter["104"] == 44).all()
    assert len(per_quarter) == 45
    assert (per_quarter["8S"].dropna() == 44).all()
    assert per_quarter["8S"].first_valid_index().strftime("%Y-%m") == "2017-04"


def test_other_workers_before_april_2020_are_three_flagged_zeros():
    frame = recorded.quarterly("2023-10")
    early = frame[(frame["offence_code"] == "8T") & (frame["quarter_start"] < "2020-04-01")]
    assert early[["force", "offences", "flag"]].drop_duplicates().to_numpy().tolist() == [
        ["greater-manchester", 0, "structural zero"]
    ]
    assert len(early) == 3


@pytest.mark.parametrize(
    ("frame", "force", "column", "series", "count"),
    [
        (recorded.quarterly, "london-city", "offence_code", "104", -2),
        (recorded.context, "dorset", "series", "105A", -4),
    ],
)
def test_negative_counts_are_kept_and_flagged(frame, force, column, series, count):
    rows = frame("2023-10")
    negative = rows[rows["offences"] < 0]
    assert negative[["force", column, "offences", "flag"]].to_numpy().tolist() == [
        [force, series, count, "negative"]
    ]
    assert negative["quarter_start"].dt.strftime("%Y-%m").tolist() == ["2013-01"]


def test_models_do_not_get_the_negative_count():
    usable = recorded.usable_quarters(("104",), "2023-10")
    assert (usable.frame["offences"] >= 0).all()
    city = usable.left_out[usable.left_out["force"] == "london-city"]
    assert city["reason"].tolist() == ["negative count, net of cancelled records"]
    whole = recorded.quarterly("2023-10")
    assert len(usable.frame) + len(usable.left_out) == (whole["offence_code"] == "104").sum()


def test_london_alone_took_the_injury_code_up_during_its_first_year():
    frame = recorded.quarterly("2023-10")
    frame = frame[(frame["financial_year"] == "2017/18") & (frame["offence_code"] != "8T")]
    wide = frame.pivot_table(
        index=["force", "quarter"], columns="offence_code", values="offences", aggfunc="sum"
    )
    assert wide.loc["metropolitan-police", "8S"].tolist() == [67, 216, 517, 527]
    others = wide.loc[forces.slugs("territorial")].drop("metropolitan-police")
    others = others.groupby("quarter").sum()
    share = others["8S"] / (others["8S"] + others["104"])
    assert share.round(3).tolist() == list(SHARES_WITHOUT_LONDON)


def test_each_early_copy_covers_one_year_of_all_forces():
    copies = tables.load("recorded-assaults/early-copies")
    held = copies.groupby("vintage")[["financial_year", "force"]].agg(["unique", "nunique"])
    assert held[("financial_year", "nunique")].eq(1).all()
    assert held[("force", "nunique")].eq(44).all()


def test_outcomes_balance_to_the_offences_then_recorded():
    frame = tables.load("outcomes/2018-19")
    mine = frame[(frame["force"] == "kent") & (frame["offence_code"] == "8S")]
    first = mine[mine["quarter"] == 1].set_index("outcome")["outcomes_of_offences_recorded"]
    assert first["Not yet assigned an outcome"] == -53
    assert first.sum() == 4
    assert first[first > 0].sum() == 57


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: exposure.officer_years("2023/24"), "E104"),
        (lambda: exposure.officer_years("2005/06", last_stock=True), "E104"),
        (lambda: exposure.residents("2025/26"), "E104"),
        (lambda: exposure.uses_of_force("2020/21"), "E104"),
        (lambda: exposure.officer_years("2018/19", "officers"), "E104"),
        (lambda: exposure.of_force("british-transport-police", "2018/19", "residents"), "E101"),
    ],
)
def test_exposure_that_is_not_there_is_refused(refused, call, code):
    assert refused(call).codes == (code,)


def test_exposure_is_the_mean_of_both_ends_and_the_last_stock_on_request():
    # Thames Valley had 4,067.21 officers at March 2018 and 4,149.23 at March 2019.
    assert exposure.of_force("thames-valley", "2018/19") == pytest.approx((4067.21 + 4149.23) / 2)
    last = exposure.officer_years("2025/26", last_stock=True).set_index("force")["exposure"]
    march = tables.load("officer-stocks/2026-01").set_index("force")["officer_fte"]
    assert last.to_dict() == march.to_dict()
    # The 43 forces, and British Transport Police with 2,865.45 and 2,844.05.
    nation = 122_796.84 + (2865.45 + 2844.05) / 2
    assert exposure.of_force("england-and-wales", "2018/19") == pytest.approx(nation)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("thames-valley", "thames-valley"),
        ("Thames Valley Police", "thames-valley"),
        ("London, City of", "london-city"),
        ("City of London Police", "london-city"),
        ("Devon & Cornwall", "devon-and-cornwall"),
        ("Devon and Cornwall Police", "devon-and-cornwall"),
        ("Metropolitan", "metropolitan-police"),
        ("Metropolitan Police Service", "metropolitan-police"),
        ("Hampshire and Isle of Wight Constabulary", "hampshire"),
        ("Dyfed Powys", "dyfed-powys"),
        ("btp", "british-transport-police"),
        ("England & Wales", "england-and-wales"),
    ],
)
def test_spellings_of_forces(text, slug):
    assert forces.resolve(text).slug == slug


def test_every_force_is_found_by_slug_name_and_full_name():
    for slug, name in forces.names().items():
        assert {
            forces.resolve(text).slug for text in (slug, name, f"{name} Police", name.upper())
        } == {slug}


@pytest.mark.parametrize("text", ["Thame Vally", "Police Scotland", "West", "", "Yorkshire"])
def test_unknown_forces_are_refused(refused, text):
    refusal = refused(lambda: forces.resolve(text))
    assert refusal.codes == ("E101",)
    assert ("Did you mean 'Thames Valley'?" in str(refusal)) == (text == "Thame Vally")


def test_the_catalogue_needs_no_network():
    code = (
        "import socket\n"
        "def no(*a, **k): raise OSError('no network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = no\n"
        "from officer_assaults.data import check\n"
        "assert check.verify()['holds'].all()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_data_log_names_every_file_with_its_rows():
    text = (paths.data_dir() / "README.md").read_text(encoding="utf-8")
    for name in tables.names():
        # Tables of one folder may share a line, which names the folder once.
        shown = (f"{name}.csv`", f"`{Path(name).name}.csv`")
        line = next(line for line in text.splitlines() if any(one in line for one in shown))
        assert f"{tables.release(name).rows:,}" in line, name
