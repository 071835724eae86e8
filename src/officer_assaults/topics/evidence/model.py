"""Counts by crew without hours: what deployment and missing reports do to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.stats.meta_analysis import combine_effects

from officer_assaults.shown import Tabled
from officer_assaults.stats.intervals import poisson_interval
from officer_assaults.stats.rate_ratio import exact_rate_ratio
from officer_assaults.stats.risk_ratio import RiskRatio, clustered_risk_ratio

# A year without one event is taken as a missing report below this probability.
IMPLAUSIBLE = 0.001
ALONE, PAIR = "One-Officer (Alone)", "Two-Officer Vehicle"
#: Years and offences of the Washington records in the main comparison.
MAIN_YEARS = (2021, 2022)
ASSAULTS = ("13A", "13B")
CREWING_TOPIC = "crewing, risk"
BOTH = "Both together"


def injured_alone(
    victims: pd.DataFrame,
    *,
    years: Sequence[int] = MAIN_YEARS,
    offences: Sequence[str] = ASSAULTS,
    adjust: Sequence[str] = ("year",),
    alpha: float = 0.05,
) -> RiskRatio:
    """Share injured of officers recorded as assaulted alone, over that in two-officer vehicles.

    Parameters
    ----------
    victims : DataFrame
        Table ``us/dc-officer-victims``.
    years, offences : sequence
        Records to compare.
    adjust : sequence of str
        Columns within which crews are compared.
    alpha : float
        One minus the coverage.

    Returns
    -------
    RiskRatio
        Officers of one incident are taken together.
    """
    chosen = victims[victims["year"].isin(years) & victims["offence_code"].isin(offences)]
    return clustered_risk_ratio(
        chosen, events="injured", total="victims", group="assignment", compared=ALONE,
        reference=PAIR, alpha=alpha, cluster=("year", "incident"), adjust=list(adjust),
    )  # fmt: skip


def american_studies(
    ledger: pd.DataFrame, washington: RiskRatio, when: str, alpha: float = 0.05
) -> pd.DataFrame:
    """Studies of injury once assaulted that give a ratio with an interval, and all together.

    Parameters
    ----------
    ledger : DataFrame
        Table ``evidence/ledger``.
    washington : RiskRatio
        From :func:`injured_alone`.
    when : str
        Years of the Washington records.
    alpha : float
        One minus the coverage of the pooled interval.

    Returns
    -------
    DataFrame
        Estimate, Ratio, lower, upper, How read; the last row weighs the others by their precision
        on the log scale (a common effect, by statsmodels' ``combine_effects``).
    """
    mine = ledger[ledger["topic"] == CREWING_TOPIC]
    numbers = mine.assign(
        **{name: pd.to_numeric(mine[name], errors="coerce") for name in ("value", "lower", "upper")}
    ).dropna(subset=["value", "lower", "upper"])
    rows = [
        (
            f"{row['area']}, {row['period']}",
            row["value"],
            row["lower"],
            row["upper"],
            row["how_read"],
        )
        for row in numbers.to_dict("records")
    ]
    ours = (washington.ratio, washington.lower, washington.upper)
    rows.append((f"Washington DC, {when}", *ours, "computed here from the records"))
    table = pd.DataFrame(rows, columns=["Estimate", "Ratio", "lower", "upper", "How read"])
    width = np.log(table["upper"] / table["lower"]) / (2 * norm.isf(0.025))
    found = combine_effects(np.log(table["Ratio"]).to_numpy(), width.to_numpy() ** 2, alpha=alpha)
    row = found.summary_frame().loc["fixed effect", ["eff", "ci_low", "ci_upp"]]
    table.loc[len(table)] = [BOTH, *np.exp(row.to_numpy(float)), "pooled here"]
    return table


@dataclass(frozen=True, slots=True)
class MissingReports(Tabled):
    """Years of zeros that look like years without reports.

    Parameters
    ----------
    table : DataFrame
        One row per year: the input, with rate (per 100), expected, p_zero and reading ("report",
        "no row", "missing report").
    reports, zeros, missing : int
        Years with a count above 0, years with 0, and years without a number.
    implausible : int
        Zeros taken as missing reports.
    rate_as_printed, rate_of_reports : float
        Events per 100 exposure with the zeros counted as zeros, and in years with reports only.
    lower, upper : float
        Limits of ``rate_of_reports`` for counting error.
    """

    table: pd.DataFrame
    reports: int
    zeros: int
    missing: int
    implausible: int
    rate_as_printed: float
    rate_of_reports: float
    lower: float
    upper: float


def missing_reports(
    frame: pd.DataFrame, *, count: str, exposure: str, alpha: float = 0.05
) -> MissingReports:
    """Ask of every zero whether it can be a count.

    Parameters
    ----------
    frame : DataFrame
        One agency, one row per year; ``count`` may be missing.
    count, exposure : str
        Columns: events, and what they are set against (sworn officers).
    alpha : float
        One minus the coverage.

    Returns
    -------
    MissingReports
        A zero is read as a missing report when even at the lowest rate of any reporting year it
        would have had a probability below 0.001.

    Raises
    ------
    ValueError
        If no year has a count above 0.
    """
    counts, size = frame[count].astype(float), frame[exposure].astype(float)
    reported = counts > 0
    if not reported.any():
        raise ValueError("no year has a count above 0: nothing says what a report would look like")
    lowest = (counts[reported] / size[reported]).min()
    p_zero = np.exp(-lowest * size)
    odd = (counts == 0) & (p_zero < IMPLAUSIBLE)
    reading = np.select([counts.isna(), odd], ["no row", "missing report"], "report")
    total, base = counts[reported].sum(), float(size[reported].sum())
    limits = poisson_interval(int(total), alpha, exposure=base).scaled(100)
    return MissingReports(
        table=frame.assign(
            rate=100 * counts / size, expected=lowest * size, p_zero=p_zero, reading=reading
        ),
        reports=int(reported.sum()),
        zeros=int((counts == 0).sum()),
        missing=int(counts.isna().sum()),
        implausible=int(odd.sum()),
        rate_as_printed=float(100 * counts.sum() / size[counts.notna()].sum()),
        rate_of_reports=float(100 * total / base),
        lower=limits.lower,
        upper=limits.upper,
    )


def crew_count_ratios(
    frame: pd.DataFrame, *, by: str, crew: str, count: str, single: str, double: str,
    alpha: float = 0.05,
) -> pd.DataFrame:  # fmt: skip
    """Count in single crews over count in double crews, by a category: no rate of any kind.

    Parameters
    ----------
    frame : DataFrame
        Long: one row per category and crew.
    by, crew, count : str
        Columns.
    single, double : str
        Labels of the two crews.
    alpha : float
        One minus the coverage.

    Returns
    -------
    DataFrame
        ``by``, single, double, ratio, lower, upper; the last row is the total.
    """
    wide = frame.pivot_table(index=by, columns=crew, values=count, aggfunc="sum")[[single, double]]
    wide.loc["All activities"] = wide.sum()
    rows = []
    for name, pair in wide.astype(int).iterrows():
        found = exact_rate_ratio(int(pair[single]), 1.0, int(pair[double]), 1.0, alpha=alpha)
        rows.append((name, pair[single], pair[double], found.ratio, found.lower, found.upper))
    return pd.DataFrame(rows, columns=[by, "single", "double", "ratio", "lower", "upper"])


def pooled_ratio(deployed: pd.DataFrame, *, single: str, double: str) -> float:
    """Rate ratio per officer with the units of all groups added up.

    Parameters
    ----------
    deployed : DataFrame
        From :func:`ratios_by_deployment`.
    single, double : str
        Columns with numbers of units.
    """
    victims_ratio = (
        deployed["per_unit"].iloc[0] * deployed[single].iloc[0] / deployed[double].iloc[0]
    )
    return float(2 * victims_ratio * deployed[double].sum() / deployed[single].sum())


def ratios_by_deployment(
    units: pd.DataFrame, *, single: str, double: str, victims_ratio: float
) -> pd.DataFrame:
    """Rate ratios that one ratio of counts gives under each group's mix of units.

    Parameters
    ----------
    units : DataFrame
        One row per group of agencies, with numbers of one- and two-officer units.
    single, double : str
        Columns with those numbers; groups without a unit of either kind are left out.
    victims_ratio : float
        Victims in single over victims in double crews.

    Returns
    -------
    DataFrame
        The groups, with share_double (of units), per_unit and per_officer: rate ratios single over
        double if a unit, or an officer, of each kind is out equally long.
    """
    kept = units[(units[single] > 0) & (units[double] > 0)]
    per_unit = victims_ratio * kept[double] / kept[single]
    return kept.assign(
        share_double=kept[double] / (kept[single] + kept[double]),
        per_unit=per_unit,
        per_officer=2 * per_unit,
    ).reset_index(drop=True)
