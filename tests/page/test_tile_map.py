"""The tile map keeps every force, and roughly where it lies."""

from scipy.stats import spearmanr

from officer_assaults.data import forces, tables
from officer_assaults.page import tile_map

GEOGRAPHY = tables.load("geography")
PLACED = tile_map.layout(GEOGRAPHY).set_index("force")


def test_every_force_has_a_tile_of_its_own_inside_the_grid():
    assert set(PLACED.index) == set(forces.slugs("territorial"))
    assert not PLACED.duplicated(["row", "column"]).any()
    assert PLACED["row"].between(0, tile_map.ROWS - 1).all()
    assert PLACED["column"].between(0, tile_map.COLUMNS - 1).all()
    short = [tile_map.short_name(slug) for slug in PLACED.index]
    assert len(set(short)) == len(short)
    assert max(map(len, short)) <= 4


def test_tiles_lie_where_the_forces_do():
    places = GEOGRAPHY.set_index("force").loc[PLACED.index]
    # A layout that kept the order of all centroids would give 1; free tiles cost a little.
    assert spearmanr(PLACED["row"], -places["latitude"]).statistic > 0.95
    assert spearmanr(PLACED["column"], places["longitude"]).statistic > 0.95
    assert PLACED["row"].idxmin() == "northumbria"
    corner = PLACED.loc["devon-and-cornwall"]
    assert (corner["column"], corner["row"]) == (0, PLACED["row"].max())
    met, city = PLACED.loc["metropolitan-police"], PLACED.loc["london-city"]
    assert abs(met - city).sum() == 1


def test_the_map_draws_one_label_per_force_and_marks_what_is_left_out():
    frame = GEOGRAPHY[["force"]].assign(Rate=range(43))
    chart = tile_map.tile_map(
        frame,
        GEOGRAPHY,
        value="Rate",
        edges=[10, 20, 30, 40],
        names=forces.names(),
        focus="thames-valley",
        left_out=["kent"],
    )
    labels = [text.get_text() for text in chart.figure.axes[0].texts]
    assert sorted(labels) == sorted(map(tile_map.short_name, PLACED.index))
    assert chart.data["Rate"].isna().sum() == 1
    legend = [text.get_text() for text in chart.figure.legends[0].get_texts()]
    assert legend == ["under 10", "10 to 20", "20 to 30", "30 to 40", "40 or more", "not compared"]
