"""Reporting: the national panel of forces and quarters, and the inspections that fall into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from officer_assaults.data import force_quarters, inspections
from officer_assaults.data.force_quarters import ForceQuarters
from officer_assaults.data.once import once
from officer_assaults.data.tables import Release
from officer_assaults.shown import Shown

#: The panel model's span, and the first quarters of the event study's two outcomes.
FIRST, LAST = "2012-04-01", "2020-03-31"
STUDY_FIRST, BOTH_FIRST = "2013-04-01", "2017-04-01"
#: Series of the event study and what each is called.
SERIES = {
    "no_injury": "Officers: offences without injury",
    "both": "Officers: all offences, from 2017",
    "public_no_injury": "Public: offences without injury",
    "violence_with_injury": "Public: violence with injury",
    "public_order": "Public order",
    "all_crime": "All crime but fraud",
}


@dataclass(frozen=True, slots=True)
class National(Shown):
    """Everything national that the report rests on, one release.

    Parameters
    ----------
    panel : DataFrame
        Forces without a decided break, 2012/13 to 2019/20, one row per force and quarter: force,
        quarter ("2018-04"), recorded (104), officers (officer-years), log_public (log of recorded
        assaults on the public without injury, 105A, per officer), log_public_count (log of their
        number), log_minor (log of their share of recorded
        violence), after (1 from the quarter after the first inspection report), failed,
        audited (audited recording rate of all crime, tens of percentage points).
    rows : DataFrame
        Usable counts of every series of :data:`SERIES`: series, force, quarter, count, officers.
    traits : DataFrame
        By force: failed, all_percent, violence_percent, broken.
    left_out : int
        Rows of the panel dropped because a count was 0 or less where a log is taken.
    vintage : str
    releases : tuple of Release
    """

    panel: pd.DataFrame
    rows: pd.DataFrame
    traits: pd.DataFrame
    left_out: int
    vintage: str
    releases: tuple[Release, ...]

    def table(self) -> pd.DataFrame:
        """Give the panel: one row a force and quarter."""
        return self.panel.copy()

    @property
    def forces(self) -> int:
        """Forces in the panel."""
        return int(self.panel["force"].nunique())


@once
def national(vintage: str = "auto") -> National:
    """Lay out the national panel and the rows of the event study.

    Parameters
    ----------
    vintage : str
        A full release, or ``"auto"`` for the one that leads.

    Raises
    ------
    Refusal
        E107 if the release is unknown.
    """
    held = force_quarters.force_quarters(vintage)
    whole = held.unbroken("no_injury", FIRST, LAST)
    found = inspections.rolling()
    panel, dropped = _panel(held.frame, whole, found)
    traits = found[["force", "failed", "all_percent", "violence_percent"]]
    return National(
        panel=panel,
        rows=_rows(held),
        traits=traits.assign(broken=~traits["force"].isin(whole)),
        left_out=dropped,
        vintage=held.vintage,
        releases=(*held.releases, inspections.release()),
    )


def _panel(frame: pd.DataFrame, whole: list[str], found: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    inside = frame["quarter"].between(pd.Timestamp(FIRST), pd.Timestamp(LAST))
    rows = frame[inside & frame["force"].isin(whole)]
    good = (rows["public_no_injury"] > 0) & (rows["violence_with_injury"] > 0)
    kept = rows[good].merge(
        found[["force", "quarter", "failed", "all_percent"]].rename(columns={"quarter": "report"}),
        on="force",
        validate="m:1",
    )
    violence = kept["public_no_injury"] + kept["violence_with_injury"]
    after = (kept["quarter"] > kept["report"]).astype(float).where(kept["report"].notna())
    made = pd.DataFrame(
        {
            "force": kept["force"],
            "quarter": kept["quarter"].dt.strftime("%Y-%m"),
            "recorded": kept["no_injury"].astype("int64"),
            "officers": kept["officers"],
            "log_public": np.log(kept["public_no_injury"] / kept["officers"]),
            "log_public_count": np.log(kept["public_no_injury"].astype(float)),
            "log_minor": np.log(kept["public_no_injury"] / violence),
            "after": after,
            "failed": kept["failed"].astype(float),
            "audited": kept["all_percent"] / 10,
        }
    )
    return made, int((~good).sum())


def _rows(held: ForceQuarters) -> pd.DataFrame:
    parts = []
    for series in SERIES:
        rows = held.usable(series)
        first = BOTH_FIRST if series == "both" else STUDY_FIRST
        rows = rows[rows["quarter"].between(pd.Timestamp(first), pd.Timestamp(LAST))]
        parts.append(rows.assign(series=series))
    return pd.concat(parts, ignore_index=True)
