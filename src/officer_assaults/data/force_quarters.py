"""Force quarters: every territorial force and quarter, with officers, series and what is usable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from officer_assaults.data import breaks, exposure, forces, recorded, tables
from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.data.once import once
from officer_assaults.data.tables import Release

#: Columns of the frame and the series of the release that each holds.
SERIES = {
    "public_no_injury": "105A",
    "violence_with_injury": "violence-with-injury",
    "public_order": "public-order",
    "all_crime": "all-crime-except-fraud",
}
KEY = ["force", "quarter"]
DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class ForceQuarters:
    """One release by force and quarter.

    Parameters
    ----------
    frame : DataFrame
        force, quarter (first day), officers (officer-years in the quarter; missing after the last
        stock), no_injury (104), injury (8S; missing before it began), both (104 and 8S), the
        columns of :data:`SERIES`, and usable_no_injury, usable_injury, usable_both: whether the
        count is free of decided breaks and not negative.
    vintage : str
        Release of all counts.
    releases : tuple of Release
        Provenance of counts, context and officers.
    """

    frame: pd.DataFrame
    vintage: str
    releases: tuple[Release, ...]

    def usable(self, column: str) -> pd.DataFrame:
        """Rows in which a count may be used: those of assaults free of breaks, others not below 0.

        Returns
        -------
        DataFrame
            force, quarter, count, officers.
        """
        flag = f"usable_{column}"
        good = self.frame[flag] if flag in self.frame else self.frame[column] >= 0
        rows = self.frame[good & self.frame["officers"].notna() & self.frame[column].notna()]
        rows = rows.rename(columns={column: "count"})
        return rows[[*KEY, "count", "officers"]].reset_index(drop=True)

    def unbroken(self, column: str, first: str, last: str) -> list[str]:
        """List forces whose count is usable in every quarter from ``first`` to ``last`` (days)."""
        inside = self.frame["quarter"].between(pd.Timestamp(first), pd.Timestamp(last))
        rows = self.frame[inside]
        whole = rows.groupby("force")[f"usable_{column}"].all()
        return sorted(whole.index[whole])


@once
def force_quarters(vintage: str = "auto") -> ForceQuarters:
    """Lay out every territorial force and quarter of one release, with officer-years.

    Officers are known at each 31 March; between two of them they are taken to move along a straight
    line, and a quarter has the number at its middle times its length.

    Parameters
    ----------
    vintage : str
        A full release, or ``"auto"`` for the one that leads.

    Raises
    ------
    Refusal
        E107 if the release is unknown.
    """
    long = recorded.quarterly(vintage)
    name = str(long["vintage"].iloc[0])
    territorial = set(forces.slugs("territorial"))
    counts = _counts(long[long["force"].isin(territorial)], name)
    other = recorded.context(name).pivot_table(
        index=["force", "quarter_start"], columns="series", values="offences", observed=True
    )
    other = other[list(SERIES.values())].set_axis(list(SERIES), axis=1)
    other = other.rename_axis(KEY).reset_index()
    frame = counts.merge(other, on=KEY, how="left", validate="1:1")
    frame = frame.merge(officers(frame["quarter"].drop_duplicates()), on=KEY, how="left")
    return ForceQuarters(
        frame=frame.sort_values(KEY, ignore_index=True),
        vintage=name,
        releases=(
            recorded.release(name),
            tables.release(f"recorded-context/{name}"),
            exposure.workforce_release(),
        ),
    )


def _counts(long: pd.DataFrame, vintage: str) -> pd.DataFrame:
    """Both codes side by side, with what may be used of each."""
    codes = {NO_INJURY: "no_injury", INJURY: "injury"}
    long = long[long["offence_code"].isin(list(codes))]
    long = long.drop(columns="quarter").rename(columns={"quarter_start": "quarter"})
    good = (long["offences"] >= 0) & ~_broken(long, vintage)
    long = long.assign(usable=good)
    wide = long.pivot_table(index=KEY, columns="offence_code", values=["offences", "usable"])
    frame = pd.DataFrame(index=wide.index)
    for code, name in codes.items():
        frame[name] = wide[("offences", code)]
        frame[f"usable_{name}"] = wide[("usable", code)].fillna(0).astype(bool)
    frame["both"] = frame["no_injury"] + frame["injury"]
    frame["usable_both"] = frame["usable_no_injury"] & frame["usable_injury"]
    return frame.reset_index()


def _broken(long: pd.DataFrame, vintage: str) -> pd.Series:
    """Whether each row lies in a gap, or after a step, that is decided as left out."""
    found = breaks.decided(vintage)
    found = found[found["decision"] == "leave-out"]
    out = pd.Series(False, index=long.index)
    for row in found.to_dict("records"):
        mine = (long["force"] == row["force"]) & (long["offence_code"] == row["offence_code"])
        ended = row["kind"] == "gap" and not pd.isna(row["to"])
        until = row["to"] if ended else pd.Timestamp.max
        out |= mine & long["quarter"].between(row["from"], until)
    return out


def officers(quarters: pd.Series) -> pd.DataFrame:
    """Officer-years of every territorial force in quarters, by interpolation between stocks.

    Parameters
    ----------
    quarters : Series of Timestamp
        First days of quarters.

    Returns
    -------
    DataFrame
        force, quarter, officers; missing where the quarter lies outside the stocks.
    """
    held = tables.load(exposure.workforce_release().name)
    stocks = held.pivot_table(index="force", columns="as_at", values="officer_fte")
    known = stocks.columns.to_numpy(dtype="datetime64[ns]").astype(float)
    starts = pd.DatetimeIndex(quarters.sort_values())
    days = (starts + pd.DateOffset(months=3) - starts).days.to_numpy()
    middle = starts.to_numpy(dtype="datetime64[ns]").astype(float) + days / 2 * 86_400e9
    inside = (middle >= known.min()) & (middle <= known.max())
    rows = [np.where(inside, np.interp(middle, known, row), np.nan) for row in stocks.to_numpy()]
    wide = pd.DataFrame(rows, index=stocks.index, columns=starts) * (days / DAYS_A_YEAR)
    long = wide.rename_axis(index="force", columns="quarter").reset_index()
    long = long.melt("force", var_name="quarter", value_name="officers")
    return long.assign(quarter=pd.to_datetime(long["quarter"]))
