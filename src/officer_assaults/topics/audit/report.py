"""Audit: the tables and findings of the report on the data themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.estimate import count
from officer_assaults.findings import Finding
from officer_assaults.page import words
from officer_assaults.stats import verdicts

if TYPE_CHECKING:
    from officer_assaults.data.recorded import Comparison

NO_INTERVAL = "These are counts of files and records, which have no interval"
SHORT_CHECKSUM = 12


def headline(checks: pd.DataFrame, comparison: Comparison, force_count: int) -> dict[str, str]:
    """Arguments of :func:`report.headline`.

    Parameters
    ----------
    checks : DataFrame
        From :func:`officer_assaults.data.check.check_all`.
    comparison : Comparison
        The two years that the reports compare by default.
    force_count : int
        Forces that the release holds, of the kind compared.
    """
    held = int(checks["holds"].sum())
    return {
        "number": f"{held} of {len(checks)}",
        "text": f"checks of the data hold, and {len(comparison.frame)} of {force_count} "
        "territorial forces can be compared between "
        f"{comparison.period0} and {comparison.period1}.",
        "interval": f"{NO_INTERVAL}.",
        "caveat": "No check can see an assault that nobody reported.",
    }


def may_say(comparison: Comparison, force_count: int) -> dict[str, str]:
    """Arguments of :func:`report.may_say`."""
    years = f"{comparison.period0} and {comparison.period1}"
    return {
        "say": f"The records of {len(comparison.frame)} of {force_count} territorial forces can be "
        f"compared between {years}.",
        "not_say": "The records count every assault.",
        "source": "Home Office",
    }


def answer(checks: pd.DataFrame, comparison: Comparison, force_count: int) -> str:
    """First line of the page: whether the figures can be trusted, and for what."""
    if not checks["holds"].all():
        return (
            "Not all of them. At least one check of the data fails, so what rests on that file "
            "is not to be used until it is mended; the tables below name it."
        )
    every = len(comparison.frame) == force_count
    return (
        "Yes, as counts of what was recorded. The files give the published totals. "
        f"{'Every' if every else 'Not every'} force can be compared."
    )


def boxes() -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    return {
        "shows": "Which files the project rests on, that they are unchanged, that they give the "
        "totals that were published, and which forces, years and codes can be compared.",
        "cannot": "Whether forces record in the same way. A break is seen only where a series "
        "jumps; a practice that never changed leaves no trace.",
        "settle": "Recording audits by force and year, with the date of each change of practice.",
    }


def main_points(
    checks: pd.DataFrame, proposals: pd.DataFrame, comparison: Comparison, revisions: pd.DataFrame
) -> list[str]:
    """Write the points of the summary."""
    names = forces.names()
    left = [names[slug] for slug in comparison.left_out["force"].unique()]
    decided = proposals["decision"].value_counts()
    large = revisions["change"].abs().max()
    return [
        "Every file is unchanged since it was fetched, and has the columns and values it should."
        if checks["holds"].all()
        else f"{words.plural(int((~checks['holds']).sum()), 'check')} do not hold; see the table.",
        f"{words.listing(left)} cannot be set against the other forces between these two years: "
        "their records broke, or are missing."
        if left
        else "Every territorial force can be set against the others between these two years.",
        f"Every sudden jump of a series was looked at. Of {len(proposals)} such quarters, "
        f"{decided.get('leave-out', 0)} are left out of every comparison, because the way of "
        "counting changed.",
        f"Later releases revise earlier counts: a national yearly count moved by up to "
        f"{words.percent(large, 1)}. So one comparison never mixes two releases.",
    ]


def manifest_table(manifest: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: every file and its checksum."""
    frame = pd.DataFrame(
        {
            "File": "data/" + manifest["table"] + ".csv",
            "Publisher": manifest["publisher"],
            "Release": manifest["vintage"],
            "Rows": manifest["rows"],
            "SHA-256, first 12": manifest["sha256"].str[:SHORT_CHECKSUM],
            "State": manifest["state"],
        }
    )
    return {"frame": frame, "caption": "Files, releases and checksums"}


def schema_table(results: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: every table against its schema."""
    frame = results.rename(
        columns={"table": "Table", "rows": "Rows", "columns": "Columns", "problems": "Problems"}
    )
    frame["First problem"] = frame.pop("first").where(frame["Problems"] > 0, "none")
    return {"frame": frame, "caption": "Tables read against their schemas"}


def totals_table(totals: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: published totals beside what the data give."""
    frame = pd.DataFrame(
        {
            "Figure": totals["what"],
            "Table": totals["table"],
            "Stated": totals["stated"],
            "Found": totals["found"],
            "Agrees": _agreement(totals),
        }
    )
    return {"frame": frame, "caption": "Known totals, as stated and as found in the data"}


def _agreement(totals: pd.DataFrame) -> pd.Series:
    off = totals["found"] - totals["stated"]
    said = totals["agrees"].map({True: "yes", False: "no"})
    return said.where(off == 0, said + ", off by " + off.map(lambda gap: words.number(gap)))


def revisions_table(revisions: pd.DataFrame, area: str) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the same cells in two releases.

    Parameters
    ----------
    revisions : DataFrame
        From :func:`officer_assaults.data.recorded.vintages_side_by_side`, one area.
    area : str
        Name of the area.
    """
    releases = [name for name in revisions.columns if revisions[name].dtype.kind == "f"]
    releases = [name for name in releases if name != "change" and revisions[name].notna().any()]
    first, *between, newest = releases
    held = {first: revisions[first]}
    if between:
        # Early copies cover one year each, so no row has two of them.
        held[" or ".join(between)] = revisions[between].bfill(axis="columns").iloc[:, 0]
    held[newest] = revisions[newest]
    frame = pd.DataFrame(
        {
            "Year": revisions["financial_year"],
            "Code": revisions["offence_code"],
            **{name: counts.astype("Int64") for name, counts in held.items()},
            "Change": revisions["change"],
        }
    )
    return {
        "frame": frame,
        "caption": f"The same counts in each release, {area}",
        "formats": {"Change": "percent1"},
        "notes": "Change: the newest release over the oldest that holds the count, minus one.",
    }


def comparisons_table(pairs: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: who can be compared, by pair of years."""
    frame = pd.DataFrame(
        {
            "From": pairs["period0"],
            "To": pairs["period1"],
            "Usable forces": pairs["usable"],
            "Left out": pairs["left_out"],
            "Kept, flagged": pairs["flagged"].replace("", "none"),
        }
    )
    return {"frame": frame, "caption": "Forces that can be compared from year to year"}


def proposals_table(proposals: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: what the detector proposes, by series."""
    grouped = proposals.groupby(["force", "offence_code", "decision"], sort=True)
    frame = grouped.agg(
        quarters=("quarter_start", "size"),
        first=("quarter_start", "min"),
        last=("quarter_start", "max"),
    ).reset_index()
    names = forces.names()
    return {
        "frame": pd.DataFrame(
            {
                "Force": frame["force"].map(names),
                "Code": frame["offence_code"],
                "Quarters": frame["quarters"],
                "First": frame["first"].dt.strftime("%B %Y"),
                "Last": frame["last"].dt.strftime("%B %Y"),
                "Decision": frame["decision"],
            }
        ),
        "caption": "Suspected recording breaks, and what the project decided",
        "notes": "A quarter is suspected when it halves or doubles the same quarter a year before, "
        "or stops. Kept: read as real movement, or too short to bar a year.",
    }


def questions_table(questions: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: what each question may use."""
    frame = questions.rename(
        columns={
            "question": "Question",
            "tables": "Tables",
            "periods": "Periods",
            "forces": "Forces",
            "limit": "Limit",
        }
    )
    return {"frame": frame, "caption": "What each question may use"}


def decided_table(decided: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the breaks as the project decided them."""
    frame = pd.DataFrame(
        {
            "Force": decided["force"].map(forces.names()),
            "Code": decided["offence_code"],
            "From": decided["from"].dt.strftime("%B %Y"),
            "To": decided["to"].dt.strftime("%B %Y").fillna("goes on"),
            "Decision": decided["decision"],
            "What happened": decided["what"],
        }
    )
    return {"frame": frame, "caption": "Recording breaks that the project decided on"}


def words_for_coverage(pairs: pd.DataFrame) -> dict[str, str]:
    """Headline, subtitle and alternative text of the coverage tiles."""
    fewest, most = pairs["usable"].min(), pairs["usable"].max()
    span = f"{pairs['period0'].iloc[0]} to {pairs['period1'].iloc[-1]}"
    return {
        "headline": f"From one year to the next, {fewest} to {most} territorial forces can be "
        "compared",
        "subtitle": "Classes of offence with usable figures; with injury from April 2017",
        "alt": "Grid of forces by financial year, shaded by the number of usable offence codes, "
        f"none, one or two; from {span} most tiles show two, and the exceptions are the recording "
        "breaks listed below.",
    }


def words_for_injury(shares: pd.DataFrame) -> dict[str, str]:
    """Headline, subtitle and alternative text of the injury share by quarter.

    Parameters
    ----------
    shares : DataFrame
        Columns who, quarter_start, share; two groups of forces.
    """
    first = shares["quarter_start"] < shares["quarter_start"].min() + pd.DateOffset(years=1)
    early = shares[first].groupby("who", sort=False)["share"].agg(["first", "last"])
    said = [
        f"{who}: {words.percent(row['first'])} to {words.percent(row['last'])}"
        for who, row in early.iterrows()
    ]
    return {
        "headline": "In the first year of the injury code the national share moves with one force",
        "subtitle": "Share of recorded assaults on constables that are of the class with injury, "
        "by quarter, with 95% Wilson intervals",
        "alt": "Lines by quarter of the share with injury. From the first quarter to the fourth, "
        f"{'; '.join(said)}. Later the lines run side by side.",
    }


def findings(checks: pd.DataFrame, comparison: Comparison, force_count: int) -> list[Finding]:
    """State the findings.

    Parameters
    ----------
    checks : DataFrame
        From :func:`officer_assaults.data.check.check_all`.
    comparison : Comparison
        The two years compared by default.
    force_count : int
        Forces of the kind compared.
    """
    held = int(checks["holds"].sum())
    usable = len(comparison.frame)
    return [
        count(
            "audit.checks",
            "Checks of the data that hold",
            "The files are unchanged, meet their schemas and give the published totals",
            verdicts.reproduces(len(checks), held),
            value=held,
            unit="checks",
            denominator=f"{len(checks)} checks",
            release="all releases",
        ),
        count(
            "audit.usable_forces",
            f"Forces that can be compared, {comparison.period0} to {comparison.period1}",
            "Every territorial force can be compared",
            verdicts.reproduces(force_count, usable),
            value=usable,
            unit="forces",
            denominator=f"{force_count} territorial forces",
            period=f"{comparison.period0} to {comparison.period1}",
            release=comparison.vintage,
        ),
    ]
