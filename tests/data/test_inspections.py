"""Inspections: what the table holds agrees with what was read elsewhere."""

import pandas as pd
import pytest

from officer_assaults.data import forces, inspections, recorded, recording_evidence, tables

# BBC Shared Data Unit, workbook of 12 September 2017: day, judgement and rate of all crime.
BBC = {
    "greater-manchester": ("2016-08-25", "inadequate", 85.49),
    "avon-and-somerset": ("2017-02-09", "requires improvement", 89.56),
    "merseyside": ("2017-02-09", "inadequate", 84.16),
    "kent": ("2017-06-15", "inadequate", 83.6),
    "leicestershire": ("2017-09-07", "inadequate", 75.8),
    "wiltshire": ("2017-09-07", "good", 90.9),
}


def test_the_rolling_programme_holds_every_territorial_force_once():
    rows = inspections.rolling()
    assert sorted(rows["force"]) == forces.slugs("territorial")
    assert rows["dated"].sum() == 40
    assert list(rows.loc[rows["quarter"].isna(), "force"]) == ["south-wales"]
    assert rows["violence_percent"].notna().sum() == 29
    failed = rows[rows["failed"]]
    assert failed["all_percent"].max() < rows.loc[~rows["failed"], "all_percent"].min()


@pytest.mark.parametrize("force", BBC)
def test_a_second_reading_agrees(force):
    row = inspections.rolling().set_index("force").loc[force]
    assert (f"{row['published']:%Y-%m-%d}", row["grade"], row["all_percent"]) == BBC[force]


def test_the_quarter_after_an_inspection_is_whole():
    marks = inspections.marks("thames-valley")
    assert list(marks["quarter"]) == [pd.Timestamp("2018-04-01"), pd.Timestamp("2019-10-01")]
    assert (marks["day"] < marks["quarter"]).all()
    assert inspections.marks("south-wales").empty
    assert inspections.marks("england-and-wales").empty


def test_forms_stand_beside_the_offences_that_the_release_holds():
    forms = inspections.forms_beside_records().dropna(subset=["code_104"])
    years = recorded.yearly("2023-10")
    years = years[years["offence_code"] == "104"].set_index(["force", "financial_year"])
    for force in ("south-yorkshire", "west-midlands"):
        row = forms[forms["force"] == force].iloc[0]
        assert years.loc[(force, row["period"]), "offences"] == row["code_104"]


def test_days_that_were_not_read_are_spans():
    rows = tables.load(inspections.INSPECTIONS)
    exact = rows["published_as"].str.startswith("day")
    assert (rows["published_first"] == rows["published_last"]).equals(exact)


def test_a_series_stands_beside_its_sister_only_where_both_have_a_record():
    """The first two and the last two pairs are read against each other."""
    for force, who in (("kent", "Kent"), ("gloucestershire", "England and Wales")):
        pairs = recording_evidence.sister_series(force, "2019/20", "2021/22")
        assert [pair.series for pair in pairs] == ["104", "105A"] * (len(pairs) // 2)
        assert {pair.who for pair in pairs[:2]} == {who}
        assert min(min(pair.before, pair.after) for pair in pairs) > 0
