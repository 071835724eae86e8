"""The whole record: published totals since 2012, and the newest years of every force."""

import csv
from functools import lru_cache

import pytest

from officer_assaults import paths
from officer_assaults.data import force_year, forces, recorded, years
from officer_assaults.refusals import Refusal

BEFORE, AFTER = "2023/24", "2024/25"
RELEASE = "2026-04"
FORCES = [slug for slug in forces.slugs() if slug != forces.ENGLAND_AND_WALES]
#: Forces that one code alone can compare over these years, and the code that broke.
BROKEN = {"gloucestershire": "104", "dyfed-powys": "8S"}
#: Why those and the force without residents are in no table of forces.
REFUSED = {slug: {"E108"} for slug in BROKEN} | {forces.BRITISH_TRANSPORT_POLICE: {"E101"}}


@lru_cache
def rows(name):
    """Rows of a tracked table as they are written, past all code of the project."""
    with (paths.data_dir() / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def offences(codes, year, force=None):
    return sum(
        int(row["offences"])
        for row in rows(f"recorded-assaults/{RELEASE}")
        if row["offence_code"] in codes
        and row["financial_year"] == year
        and force in (None, row["force"])
    )


@pytest.mark.parametrize(
    ("codes", "year", "force", "published"),
    [
        (("104",), "2014/15", None, 14_369),
        (("104", "8S"), BEFORE, None, 46_181),
        (("104", "8S"), AFTER, None, 47_539),
        (("104", "8S"), BEFORE, "thames-valley", 1_463),
        (("104", "8S"), AFTER, "thames-valley", 1_520),
        (("104",), AFTER, "thames-valley", 1_244),
        (("8S",), AFTER, "thames-valley", 276),
        (("104", "8S"), BEFORE, "dorset", 446),
        (("104", "8S"), AFTER, "dorset", 560),
    ],
)
def test_offences_are_those_published(codes, year, force, published):
    assert offences(codes, year, force) == published


@pytest.mark.parametrize(
    ("table", "column", "when", "published"),
    [
        ("workforce/2023-07", "officer_fte", {"as_at": "2023-03-31"}, 147_430),
        ("officer-stocks/2026-01", "officer_fte", {"as_at": "2025-03-31"}, 146_442),
        ("population/mid-2024", "residents", {"mid_year": "2023"}, 60_854_727),
    ],
)
def test_officers_and_residents_are_those_published(table, column, when, published):
    territorial = set(forces.slugs("territorial"))
    total = sum(
        float(row[column])
        for row in rows(table)
        if row["force"] in territorial and when.items() <= row.items()
    )
    assert round(total) == published


@pytest.fixture(scope="module")
def data():
    return force_year.force_year(BEFORE, AFTER)


@pytest.mark.parametrize("force", FORCES)
def test_every_force_has_its_newest_years_or_says_why_not(data, force):
    two = years.two_years(force, BEFORE, AFTER)
    codes = tuple(code for code in ("104", "8S") if code != BROKEN.get(force))
    assert (two.codes, two.vintage, two.release.vintage) == (codes, RELEASE, RELEASE)
    assert bool(two.left_out) == (force in BROKEN)
    found = tuple(offences(codes, year, force) for year in (BEFORE, AFTER))
    assert (two.before.n_total, two.after.n_total) == found

    split = force_year.injury_split(force, BEFORE, AFTER)
    refused = {problem.code for problem in (*split.refused, *data.refusal(force))}
    assert refused == REFUSED.get(force, set())
    if split.own is not None:
        assert sorted(split.own) == sorted(
            offences((code,), year, force) for code in ("104", "8S") for year in (BEFORE, AFTER)
        )


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: years.two_years("kent", "2017/18", "2018/19", "first-release"), "E107"),
        (lambda: recorded.compare("2016/17", "2018/19"), "E108"),
    ],
)
def test_the_page_on_refusals_quotes_what_is_said(ask, code):
    with pytest.raises(Refusal) as caught:
        ask()
    page = (paths.project_root() / "docs" / "refusals.md").read_text(encoding="utf-8")
    assert caught.value.codes == (code,)
    assert f"`{caught.value}`" in page
