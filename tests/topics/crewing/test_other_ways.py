"""Other ways to the ratio: what is too imprecise to tell is named, and its number is not shown."""

from types import SimpleNamespace

import pytest

from officer_assaults.topics.crewing.model.checks import Sensitivity
from officer_assaults.topics.crewing.report.tables import others_table


@pytest.mark.parametrize("limits", [(1.1, 1.8), (0.0, 9e9)], ids=["precise", "imprecise"])
def test_a_way_that_tells_nothing_gives_no_number(limits):
    main = SimpleNamespace(ratio=1.4, lower=limits[0], upper=limits[1], has_interval=True,
                           method="Poisson, clustered")  # fmt: skip
    ways = (
        Sensitivity("Whole areas by share single crewed", 23_581_706.0, 0.02, 2.6e16, "a"),
        Sensitivity("Negative binomial", 1.3, 1.0, 1.7, "b"),
    )
    analysis = SimpleNamespace(adjusted=main, weighted=(), others=ways)
    shown = others_table(SimpleNamespace(analysis=analysis, level=0.95))
    assert list(shown["frame"]["Way"]) == ["Main model", "Negative binomial"]
    assert shown["frame"]["Rate ratio"].max() < 2
    assert shown["notes"][-1] == "Too imprecise to show: whole areas by share single crewed."
