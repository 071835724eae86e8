"""Other programs and authors: every figure agrees, and one that does not is seen."""

import pytest

from officer_assaults.data import tables
from officer_assaults.studies import references

NAMES = ("crew-cells", "log-ratios", "ships", "smoking-deaths", "bcg-trials", "nhefs")


@pytest.fixture(scope="module")
def frames():
    victims = tables.load("us/dc-officer-victims")
    touched = victims["offence_code"].isin(["13A", "13B"]) & victims["year"].isin([2021, 2022])
    loaded = {name: tables.load(f"reference/{name}") for name in NAMES}
    return loaded | {"washington": victims[touched]}


@pytest.fixture(scope="module")
def compared(frames):
    return references.compared_frame(tables.load("reference/values"), frames)


def test_every_figure_agrees(compared):
    assert len(compared) > 80
    apart = compared[~compared["agrees"]]
    assert apart["id"].tolist() == []


@pytest.mark.parametrize(
    ("name", "published", "within"),
    [
        ("nhefs.standardised", 3.52, 0.005),
        ("nhefs.ipw", 3.44, 0.005),
        ("washington.year", 1.216, 0.0006),
        ("doctors.ratio", 1.425519, 2e-6),
        ("ships.cluster_se", 0.03817694295902, 1e-7),
        ("crew.poisson.cluster", 0.1694401782, 1e-6),
    ],
)
def test_figures_as_published(compared, name, published, within):
    row = compared.set_index("id").loc[name]
    assert row["value"] == published
    assert row["found"] == pytest.approx(published, abs=within)


def test_a_figure_that_is_off_is_seen(compared):
    values = compared[["id", "quantity", "value", "tolerance", "kind", "program", "source"]]
    found = dict(zip(compared["id"], compared["found"], strict=True))
    found["nhefs.ipw"] += 0.02
    found["crew.nb.alpha"] *= 1.001
    again = references.compare(values, found)
    assert set(again.loc[~again["agrees"], "id"]) == {"nhefs.ipw", "crew.nb.alpha"}
    with pytest.raises(KeyError, match=r"crew\.nb\.alpha"):
        references.compare(values, {k: v for k, v in found.items() if k != "crew.nb.alpha"})


def test_the_crude_difference_is_not_the_adjusted_one(frames):
    # Hernan and Robins print 2.5 kg without adjustment.
    gain = frames["nhefs"].groupby("qsmk")["wt82_71"].mean()
    assert gain[1] - gain[0] == pytest.approx(2.54, abs=0.005)
