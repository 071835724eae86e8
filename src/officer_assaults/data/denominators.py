"""Denominators: a researcher's own exposure by force and financial year, read strictly."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from officer_assaults import files
from officer_assaults.data import forces, readers, schemas
from officer_assaults.data.columns import column
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.refusals import Problems, Refusal


def _exposure(description: str) -> pa.Column:
    above_0 = pa.Check(
        lambda values: values.isna() | (np.isfinite(values) & (values > 0)),
        error="E104|{cell} is not above 0.|Leave out a force that had no exposure.",
    )
    return column("float64", description, above_0, code="E104")


@cache
def schema() -> pa.DataFrameSchema:
    """Give the schema of a file with an own denominator."""
    return schemas.own("denominator", {"exposure": _exposure})


def read(path: Path | str, years: tuple[FinancialYear, FinancialYear]) -> pd.DataFrame:
    """Read an own denominator.

    Parameters
    ----------
    path : Path or str
        CSV with the columns force, financial_year, exposure.
    years : (FinancialYear, FinancialYear)
        The two years compared; each force needs both or is left out of the comparison.

    Returns
    -------
    DataFrame
        force (short name), financial_year, exposure.

    Raises
    ------
    Refusal
        E101 for an unknown force, E104 for an exposure not above 0, E105 for a row told twice,
        E106 for a year that is none or a file without one of the two, E124 for other columns.
    """
    path = Path(path)
    problems = Problems(file=path.name)
    frame: pd.DataFrame = readers.read_table(path, schema()).reset_index(drop=True)
    for at, (name, label) in enumerate(zip(frame["force"], frame["financial_year"], strict=True)):
        try:
            frame.loc[at, "force"] = forces.resolve(str(name)).slug
            frame.loc[at, "financial_year"] = financial_year(str(label)).label
        except Refusal as refusal:
            found = refusal.problems[0]
            problems.add(found.code, found.what, found.remedy, row=at + 2)
    again = frame.duplicated(["force", "financial_year"])
    for at in frame.index[again]:
        what = f"{frame.loc[at, 'force']} has {frame.loc[at, 'financial_year']} twice."
        problems.add("E105", what, "Keep one row per force and year.", row=int(at) + 2)
    for year in years:
        if year.label not in set(frame["financial_year"]):
            what = f"there is no row for {year}."
            problems.add("E106", what, "Add it, or choose other years.", column="financial_year")
    problems.raise_if_any()
    return frame


def release(path: Path | str) -> dict[str, str]:
    """Provenance of an own denominator, for the sources of a report."""
    file = Path(path)
    return {
        "name": "own denominator",
        "title": "Denominator brought by the researcher",
        "path": file.name,
        "sha256": files.sha256_file(file),
    }
