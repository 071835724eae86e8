"""Figures of the report on the data."""

from __future__ import annotations

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.page import charts, words


def coverage_tiles(coverage: pd.DataFrame, codes: tuple[str, ...]) -> charts.Chart:
    """Draw, for every force and year, how many of the codes can be used.

    Parameters
    ----------
    coverage : DataFrame
        From :func:`officer_assaults.data.check.coverage`.
    codes : tuple of str
        Codes counted.
    """
    rows = coverage[coverage["offence_code"].isin(codes)]
    usable = rows.assign(usable=(rows["state"] == "present").astype(int))
    tiles = usable.groupby(["force", "financial_year"], as_index=False)["usable"].sum()
    frame = pd.DataFrame(
        {
            "Force": tiles["force"].map(forces.names()),
            "Financial year": tiles["financial_year"],
            "Usable codes": tiles["usable"],
        }
    )
    return charts.heat_tiles(
        frame.sort_values(["Force", "Financial year"], kind="stable"),
        row="Force",
        column="Financial year",
        value="Usable codes",
        edges=list(range(1, len(codes) + 1)),
        step_labels=[
            "none",
            *(words.plural(count + 1, "class", "classes") for count in range(len(codes))),
        ],
        column_label="Financial year",
    )


def injury_share(shares: pd.DataFrame) -> charts.Chart:
    """Draw the injury share by quarter for several groups of forces.

    Parameters
    ----------
    shares : DataFrame
        Columns who, quarter_start, share, lower, upper.
    """
    frame = pd.DataFrame(
        {
            "Quarter": shares["quarter_start"],
            "Forces": shares["who"],
            "Injury share": shares["share"],
            "lower": shares["lower"],
            "upper": shares["upper"],
        }
    )
    return charts.lines(
        frame,
        x="Quarter",
        y="Injury share",
        series="Forces",
        lower="lower",
        upper="upper",
        axis_label="Share with injury",
        as_percent=True,
    )
