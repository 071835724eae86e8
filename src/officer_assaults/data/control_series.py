"""Control series: recorded assaults beside other recorded crime of the same force and quarter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from officer_assaults.data import breaks, exposure, forces, recorded, tables
from officer_assaults.data.columns import CONTEXT_SERIES, NO_INJURY
from officer_assaults.data.forces import Force
from officer_assaults.data.once import once
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.data.tables import Release
from officer_assaults.estimate import Shown
from officer_assaults.refusals import Refusal, nearest


@dataclass(frozen=True, slots=True)
class ControlledSeries(Shown):
    """Quarterly series of every force, with controls.

    Parameters
    ----------
    frame : DataFrame
        Columns force, date (start of the quarter), recorded, and one per control.
    broken : tuple of str
        Forces with a decided recording break of the series inside the window.
    vintage : str
        Release of all of it.
    releases : tuple of Release
        Provenance of both tables.
    """

    frame: pd.DataFrame
    broken: tuple[str, ...]
    vintage: str
    releases: tuple[Release, ...]

    def of(self, force: str | Force) -> pd.DataFrame:
        """Series of one force, or the sums of all for England and Wales, in order of date."""
        chosen = forces.resolve(force)
        if chosen.kind == "nation":
            return self.frame.drop(columns="force").groupby("date", as_index=False).sum()
        own = self.frame[self.frame["force"] == chosen.slug]
        return own.drop(columns="force").sort_values("date", ignore_index=True)

    def unbroken(self, force: str | Force, names: Mapping[str, str]) -> dict[str, str]:
        """Series that no decided recording break of the force interrupts.

        Parameters
        ----------
        force : str or Force
            Force in focus.
        names : mapping of str to str
            Series to whatever they are called.

        Returns
        -------
        dict of str to str
            ``names`` without ``recorded`` where the force is among ``broken``: the step that fits
            such a series best is the break itself.
        """
        broken = forces.resolve(force).slug in self.broken
        return {name: said for name, said in names.items() if not (broken and name == "recorded")}


@once
def controlled_series(
    controls: Sequence[str],
    start: str | pd.Timestamp,
    end: str | pd.Timestamp,
    vintage: str = "auto",
) -> ControlledSeries:
    """Assaults without injury (code 104) and control series, by force and quarter.

    Only code 104 runs through April 2017, when code 8S began, so only it makes a long series.

    Parameters
    ----------
    controls : sequence of str
        Series of :func:`recorded.context`.
    start, end : str or Timestamp
        First and last day of the window; quarters that lie in it whole are kept.
    vintage : str
        A full release, or ``"auto"`` for the newest.

    Raises
    ------
    Refusal
        E118 for a control that is no series, E107 for an unknown release.
    """
    unknown = [name for name in controls if name not in CONTEXT_SERIES]
    if unknown:
        raise Refusal.of(
            "E118",
            f"'{unknown[0]}' is not a control series.",
            nearest(unknown[0], CONTEXT_SERIES),
            column="controls",
        )
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    assaults = recorded.quarterly(vintage)
    name = str(assaults["vintage"].iloc[0])
    assaults = _window(assaults[assaults["offence_code"] == NO_INJURY], first, last)
    if assaults.empty:
        what = f"release {name} has no whole quarter from {first:%Y-%m-%d} to {last:%Y-%m-%d}."
        raise Refusal.of("E118", what, "Set another window_start or window_end.")
    frame = assaults.rename(columns={"offences": "recorded"})[
        ["force", "quarter_start", "recorded"]
    ]
    other = _window(recorded.context(vintage), first, last)
    for control in controls:
        part = other.loc[other["series"] == control, ["force", "quarter_start", "offences"]]
        part = part.rename(columns={"offences": control})
        frame = frame.merge(part, on=["force", "quarter_start"], how="left", validate="1:1")
    return ControlledSeries(
        frame=frame.rename(columns={"quarter_start": "date"}),
        broken=_broken(first, last, name),
        vintage=name,
        releases=(recorded.release(name), tables.release(f"recorded-context/{name}")),
    )


def _window(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    ends = frame["quarter_start"] + pd.DateOffset(months=3) - pd.Timedelta(days=1)
    return frame[(frame["quarter_start"] >= first) & (ends <= last)]


def _broken(first: pd.Timestamp, last: pd.Timestamp, release: str) -> tuple[str, ...]:
    found = breaks.decided(release)
    found = found[(found["offence_code"] == NO_INJURY) & (found["decision"] == "leave-out")]
    inside = (found["from"] <= last) & (found["to"].isna() | (found["to"] >= first))
    return tuple(sorted(set(found.loc[inside, "force"])))


@dataclass(frozen=True, slots=True)
class RecordingPanel(Shown):
    """Forces and quarters of two years, with covariates of violence and of recording.

    Parameters
    ----------
    frame : DataFrame
        force, period, recorded (104 and 8S), exposure (thousand officer-years a year), violence
        (log of violence with injury per officer), minor_share (log of assaults on the public
        without injury, 105A, over those with injury, 8N).
    forces : int
        Number of forces.
    vintage : str
        Release of the recorded figures.
    releases : tuple of Release
        Provenance.
    """

    frame: pd.DataFrame
    forces: int
    vintage: str
    releases: tuple[Release, ...]


@once
def recording_panel(
    period0: str | FinancialYear, period1: str | FinancialYear, vintage: str = "auto"
) -> RecordingPanel:
    """Panel for a model of true rate and recording, comparable forces only.

    Parameters
    ----------
    period0, period1 : str or FinancialYear
        Financial years, the earlier first.
    vintage : str
        A full release, or ``"auto"`` for the newest.

    Raises
    ------
    Refusal
        As :func:`recorded.compare`; E104 if officer numbers are missing.
    """
    years = (financial_year(period0), financial_year(period1))
    comparable = recorded.compare(years[0], years[1], vintage=vintage)
    labels = [year.label for year in years]
    counts = recorded.quarterly(vintage)
    counts = counts[
        counts["offence_code"].isin(recorded.CODES) & counts["financial_year"].isin(labels)
    ]
    key = ["force", "financial_year", "quarter_start"]
    frame = counts.groupby(key, as_index=False)["offences"].sum()
    other = recorded.context(vintage).pivot_table(
        index=["force", "quarter_start"], columns="series", values="offences", observed=True
    )
    frame = frame.merge(other.reset_index(), on=["force", "quarter_start"])
    officers = pd.concat(
        exposure.officer_years(year, last_stock=True).assign(financial_year=year.label)
        for year in years
    )
    frame = frame.merge(officers, on=["force", "financial_year"])
    frame = frame[frame["force"].isin(comparable.frame["force"])].reset_index(drop=True)
    violence = frame["violence-with-injury"] / frame["exposure"]
    made = pd.DataFrame(
        {
            "force": frame["force"],
            "period": frame["quarter_start"].dt.strftime("%Y-%m"),
            "recorded": frame["offences"],
            "exposure": frame["exposure"] / 1000,
            "violence": np.log(violence),
            "minor_share": np.log(frame["105A"] / frame["8N"]),
        }
    )
    return RecordingPanel(
        frame=made,
        forces=int(made["force"].nunique()),
        vintage=comparable.vintage,
        releases=(
            comparable.release,
            tables.release(f"recorded-context/{comparable.vintage}"),
            exposure.workforce_release(),
        ),
    )
