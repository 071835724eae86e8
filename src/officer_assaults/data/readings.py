"""Readings: what "number six of 40" can mean, each with the place that the records give."""

from __future__ import annotations

import pandas as pd

from officer_assaults.data import exposure, forces, recorded
from officer_assaults.data.forces import Force
from officer_assaults.data.periods import FinancialYear, two_years_in_order
from officer_assaults.refusals import Refusal

COLUMNS = ["reading", "kind", "place", "of", "value"]
LARGEST = "metropolitan-police"
#: Denominators that a place by rate is given for, in a reader's words.
DENOMINATORS = {"officer_fte": "officer", "residents": "resident"}


def place_readings(
    force: str | Force,
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    vintage: str = "auto",
) -> pd.DataFrame:
    """Place of a force under every plain reading of a place among forces.

    Parameters
    ----------
    force : str or Force
        Force in focus.
    period0, period1 : str or FinancialYear
        Earlier year, for the readings that speak of a change, and the year ranked.
    vintage : str
        A full release; ``"auto"`` is the one that leads.

    Returns
    -------
    DataFrame
        reading (in words), kind ("count", "change" or "rate"), place (1 is the highest), of
        (forces ranked) and value (what was ranked). Readings under which the force is not among
        those ranked are left out.

    Raises
    ------
    Refusal
        As :func:`recorded.compare` for years or releases that do not exist.
    """
    slug = forces.resolve(force).slug
    first, second = two_years_in_order(period0, period1)
    panel = recorded.compare(first, second, vintage)
    years = recorded.annual(panel.vintage)
    now = years[years["financial_year"] == second.label].set_index("force")
    before = years[years["financial_year"] == first.label].set_index("force")
    land = [name for name in forces.slugs("territorial") if name in now.index]
    usable = panel.frame.set_index("force")
    counts = now["n_total"]
    rise = (counts - before["n_total"]).dropna()
    ranked: list[tuple[str, str, pd.Series]] = [
        ("count, all territorial forces", "count", counts[land]),
        ("count, without the Metropolitan Police", "count", counts[land].drop(LARGEST)),
        ("count, forces whose records hold", "count", usable["y1"]),
        ("rise in the count, British Transport Police included", "change", rise),
        ("count without injury (code 104)", "count", now.loc[land, "n_no_injury"]),
        ("count with injury (code 8S)", "count", now.loc[land, "n_injury"]),
        ("growth, forces whose records hold", "change", usable["y1"] / usable["y0"] - 1),
    ]
    ranked += [
        (f"count per {one}, all territorial forces", "rate", rates)
        for one, rates in _rates(counts[land], second)
    ]
    if slug not in land:
        every = counts.drop(labels=[name for name in counts.index if name not in rise.index])
        ranked.insert(0, ("count, British Transport Police included", "count", every))
    rows = [
        (words, kind, int((values > values[slug]).sum()) + 1, len(values), float(values[slug]))
        for words, kind, values in ranked
        if slug in values.index
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rates(counts: pd.Series, year: FinancialYear) -> list[tuple[str, pd.Series]]:
    """Rates on the denominators that the year has."""
    found = []
    for name, one in DENOMINATORS.items():
        try:
            size = exposure.of(year, name, last_known=True).set_index("force")["exposure"]
        except Refusal:
            continue
        found.append((one, (counts / size).dropna()))
    return found
