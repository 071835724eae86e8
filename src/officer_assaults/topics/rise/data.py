"""Frames behind the report on the rise: forces in two years, and the quarters since 2012."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import exposure, forces, inspections, long_view, recorded, tables
from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.refusals import Refusal

if TYPE_CHECKING:
    from officer_assaults.data.forces import Force
    from officer_assaults.data.recorded import Comparison
    from officer_assaults.data.years import TwoYears

#: Violence without injury against the public, recorded by the same officers.
PUBLIC = "105A"
ACT = "Emergency workers Act in force"
#: Grades of an inspection of recording after which a force records more.
CRITICAL = ("inadequate", "requires improvement")
SERIES = {
    NO_INJURY: "Assaults on constables without injury",
    INJURY: "Assaults on constables with injury",
    PUBLIC: "Assaults on the public without injury",
}


def force_rows(panel: Comparison, own: pd.DataFrame | None = None) -> pd.DataFrame:
    """Two years of every force that can be compared, one row per force and year.

    Parameters
    ----------
    panel : Comparison
        From :func:`officer_assaults.data.recorded.compare`.
    own : DataFrame, optional
        A researcher's own denominator, from :func:`officer_assaults.data.denominators.read`.

    Returns
    -------
    DataFrame
        force, region, financial_year, later (0 or 1), count (recorded offences), days, officers
        (officer-years over the quarters counted), population, and ``own`` where one is given;
        forces that lack one of them are left out.
    """
    parts = []
    for later, year in enumerate((panel.period0, panel.period1)):
        share = year.days_of(panel.quarters) / year.days
        officers = exposure.of(year, "officer_fte", last_known=True).set_index("force")["exposure"]
        residents = exposure.of(year, "residents", last_known=True).set_index("force")["exposure"]
        part = pd.DataFrame(
            {
                "force": panel.frame["force"],
                "financial_year": year.label,
                "later": later,
                "count": panel.frame[f"y{later}"],
                "days": panel.frame[f"days{later}"],
            }
        )
        part["officers"] = part["force"].map(officers) * share
        part["population"] = part["force"].map(residents)
        if own is not None:
            mine = own[own["financial_year"] == year.label].set_index("force")["exposure"]
            part["own"] = part["force"].map(mine) * share
        parts.append(part)
    rows = pd.concat(parts, ignore_index=True)
    regions = tables.load("forces").set_index("force")["region"]
    rows.insert(1, "region", rows["force"].map(regions))
    whole = rows.dropna().groupby("force")["later"].transform("size") == len(parts)
    return rows.dropna()[whole].reset_index(drop=True)


def long_series(force: str | Force, period0: str, vintage: str = "auto") -> pd.DataFrame:
    """Offences without injury by quarter since 2012, beside England and Wales on the same scale.

    Returns
    -------
    DataFrame
        Quarter, Who, Offences, state; the national line is scaled so that both have the same total
        up to the end of ``period0``. Quarters inside a decided break are left out.
    """
    chosen = forces.resolve(force)
    mine = long_view.quarters(chosen, (NO_INJURY,), vintage)
    mine = mine[mine["state"] != "broken"].assign(Who=chosen.name, Offences=mine["offences"])
    if chosen.kind != "nation":
        land = long_view.quarters(forces.ENGLAND_AND_WALES, (NO_INJURY,), vintage)
        until = mine.loc[mine["financial_year"] <= period0, "quarter_start"]
        before = land["quarter_start"].isin(until)
        scale = mine.loc[mine["quarter_start"].isin(until), "offences"].sum()
        scale /= max(1, land.loc[before, "offences"].sum())
        scaled = land.assign(Who="England and Wales, same scale", Offences=land["offences"] * scale)
        mine = pd.concat([mine, scaled])
    named = mine.rename(columns={"quarter_start": "Quarter"})
    return named[["Quarter", "Who", "Offences", "state"]].reset_index(drop=True)


def base_year(two: TwoYears) -> long_view.BaseYear | None:
    """Set the earlier year among the two before it, on code 104; None where a year is not whole."""
    try:
        return long_view.base_year(two.force, two.period0, two.period1)
    except Refusal:
        return None


def act_day() -> pd.Timestamp:
    """Day on which the Act on emergency workers came into force."""
    events = tables.load("events/dated")
    return pd.Timestamp(events.loc[events["event"] == ACT, "day"].iloc[0])


def after_inspection(two: TwoYears) -> pd.DataFrame:
    """Set the quarter after a critical inspection beside the four quarters before it.

    Returns
    -------
    DataFrame
        series, before (mean of the four quarters before), after, ratio, quarter, day (publication),
        grade, before_act; empty where no critical inspection was published in the two years, a
        count is missing, or a series does not stand above the year before.
    """
    marks = inspections.marks(two.force)
    span = (pd.Timestamp(two.period0.start), pd.Timestamp(two.period1.end))
    marks = marks[marks["grade"].isin(CRITICAL) & marks["quarter"].between(*span)]
    full = two.vintage if two.vintage in recorded.full_vintages() else "auto"
    counts = recorded.quarterly(full)[["force", "quarter_start", "offence_code", "offences"]]
    public = recorded.context(full).rename(columns={"series": "offence_code"})
    both = pd.concat([counts, public[list(counts.columns)]])
    both = both[both["force"] == two.force.slug]
    for mark in marks.to_dict("records"):
        rows = [_beside(both, code, mark["quarter"]) for code in (*two.codes, PUBLIC)]
        if all(row["ratio"] > 1 for row in rows):
            known = {name: mark[name] for name in ("quarter", "day", "grade")}
            over = mark["quarter"] + pd.DateOffset(months=3) <= act_day()
            return pd.DataFrame(rows).assign(**known, before_act=over)
    return pd.DataFrame()


def _beside(counts: pd.DataFrame, code: str, quarter: pd.Timestamp) -> dict[str, Any]:
    mine = counts[counts["offence_code"] == code].set_index("quarter_start")["offences"]
    earlier = [quarter - pd.DateOffset(months=3 * back) for back in (1, 2, 3, 4)]
    before = float(mine.reindex(earlier).mean(skipna=False))
    after = float(mine.reindex([quarter]).iloc[0])
    ratio = after / before if before > 0 else float("nan")
    return {"series": SERIES[code], "before": before, "after": after, "ratio": ratio}
