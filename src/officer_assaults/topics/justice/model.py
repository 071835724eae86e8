"""Criminal justice: charges of recorded assaults by force, and the courts before and after an Act.

Follow-up, mix of offence classes and extra weak reports move a charge rate without any change in
charging; each has its own function here, so that a report can show what each could amount to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from officer_assaults.estimate import Shown
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.shown import Tabled
from officer_assaults.stats.intervals import Interval, binomial_intervals
from officer_assaults.topics.justice.courts import CONTROL as CONTROL
from officer_assaults.topics.justice.courts import POLICE as POLICE
from officer_assaults.topics.justice.courts import PeriodChange as PeriodChange
from officer_assaults.topics.justice.courts import beyond_control as beyond_control
from officer_assaults.topics.justice.courts import beyond_controls as beyond_controls
from officer_assaults.topics.justice.courts import conviction_lags as conviction_lags
from officer_assaults.topics.justice.courts import court_changes as court_changes
from officer_assaults.topics.justice.courts import court_months as court_months
from officer_assaults.topics.justice.courts import length_change as length_change
from officer_assaults.topics.justice.courts import share_change as share_change

CHARGED = "Charged/Summonsed"
UNASSIGNED = "Not yet assigned an outcome"
KEYS = ["force", "offence_code"]
#: Negative balance of a quarter's open offences from which a force and class cannot be used.
MOST_MOVED = 10
MONTHS_PER_QUARTER = 3
MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True)
class ChargeRates(Tabled):
    """Charges or summonses per recorded offence.

    Parameters
    ----------
    table : DataFrame
        Columns force, offence_code, recorded, charged, open (no outcome yet; below 0 where the
        force cancelled more records than remained open), rate, lower, upper (Wilson), and
        rate_if_open_charged, what the rate would be if every open offence ended in a charge.
    sums : DataFrame
        Columns force, offence_code, recorded, charged, open of every force and class, those left
        out of ``table`` included.
    moved : tuple of (str, str)
        Force and offence code left out of ``table`` because offences were moved away after their
        outcome, so that a quarter holds more outcomes than offences.
    quarters : tuple of Timestamp
        Quarters of recording that had enough follow-up.
    left_out : tuple of Timestamp
        Quarters that had not.
    alpha : float
        One minus the coverage.
    """

    table: pd.DataFrame
    sums: pd.DataFrame
    moved: tuple[tuple[str, str], ...]
    quarters: tuple[pd.Timestamp, ...]
    left_out: tuple[pd.Timestamp, ...]
    alpha: float


def follow_up_quarters(quarter_start: pd.Timestamp, outcomes_until: pd.Timestamp) -> int:
    """Whole quarters between the end of a quarter of recording and the last outcome counted.

    Examples
    --------
    >>> follow_up_quarters(pd.Timestamp("2019-01-01"), pd.Timestamp("2019-09-30"))
    2
    """
    end = quarter_start + pd.DateOffset(months=MONTHS_PER_QUARTER)
    until = outcomes_until + pd.Timedelta(days=1)
    months = (until.year - end.year) * MONTHS_PER_YEAR + until.month - end.month
    return max(0, months // MONTHS_PER_QUARTER)


def charge_rates(
    outcomes: pd.DataFrame,
    *,
    outcomes_until: pd.Timestamp,
    minimum_follow_up: int = 2,
    alpha: float = 0.05,
) -> ChargeRates:
    """Charges per recorded offence, by force and class, of quarters with enough follow-up.

    Parameters
    ----------
    outcomes : DataFrame
        Columns force, quarter_start, offence_code, outcome, n: outcomes, up to the release, of the
        offences recorded in the quarter. All outcomes of a cell, open ones included, add up to the
        offences recorded.
    outcomes_until : Timestamp
        Last day whose outcomes the release holds.
    minimum_follow_up : int
        Whole quarters of follow-up that a quarter of recording needs.
    alpha : float
        One minus the coverage.

    Raises
    ------
    Refusal
        E114 if no quarter has enough follow-up.
    """
    starts = [pd.Timestamp(start) for start in sorted(outcomes["quarter_start"].unique())]
    enough = {s: follow_up_quarters(s, outcomes_until) >= minimum_follow_up for s in starts}
    quarters = tuple(start for start in starts if enough[start])
    if not quarters:
        raise Refusal(_no_follow_up(outcomes_until, minimum_follow_up))
    kept = outcomes[outcomes["quarter_start"].isin(quarters)]
    sums, moved = _sums(kept)
    usable = ~pd.MultiIndex.from_frame(sums[KEYS]).isin(moved) & (sums["recorded"] > 0)
    left_out = tuple(start for start in starts if not enough[start])
    table = _with_rate(sums[usable].reset_index(drop=True), alpha)
    return ChargeRates(table, sums, moved, quarters, left_out, alpha)


def _sums(outcomes: pd.DataFrame) -> tuple[pd.DataFrame, tuple[tuple[str, str], ...]]:
    """Offences, charges and open cases by force and class, and where offences were moved away."""
    by_quarter = [*KEYS, "quarter_start"]
    cells = outcomes.groupby(by_quarter)["n"].sum().rename("recorded").to_frame()
    for name, outcome in (("charged", CHARGED), ("open", UNASSIGNED)):
        part = outcomes[outcomes["outcome"] == outcome].groupby(by_quarter)["n"].sum()
        cells[name] = part.reindex(cells.index, fill_value=0)
    moved = cells[cells["open"] <= -MOST_MOVED].groupby(level=KEYS).size().index
    return cells.groupby(level=KEYS).sum().reset_index(), tuple(moved)


def pooled_charge_rates(rates: ChargeRates, without: Sequence[str] = ()) -> pd.DataFrame:
    """Charge rates of all forces added together, one row per offence code.

    Moves of offences between quarters and classes of one force stay in: added up they change
    little.

    Parameters
    ----------
    rates : ChargeRates
        By force and class.
    without : sequence of str
        Forces to leave out, for instance the force that is compared with the rest.
    """
    kept = rates.sums[~rates.sums["force"].isin(without)]
    sums = kept.groupby("offence_code", as_index=False)[["recorded", "charged", "open"]].sum()
    return _with_rate(sums, rates.alpha)


def standardised_rates(rates: ChargeRates) -> tuple[pd.DataFrame, pd.Series]:
    """Directly standardise the charge rates to the mix of classes of all forces together.

    Parameters
    ----------
    rates : ChargeRates
        By force and class; a force without any offence of a class is dropped.

    Returns
    -------
    DataFrame, indexed by force
        Columns recorded, crude, standardised, lower, upper; intervals are normal on the logit
        scale, by the delta method.
    Series, indexed by offence code
        Shares of the classes in the standard mix.
    """
    wide = rates.table.pivot_table(
        index="force", columns="offence_code", values=["recorded", "charged"], aggfunc="sum"
    ).dropna()
    recorded, charged = wide["recorded"], wide["charged"]
    weights = recorded.sum() / recorded.to_numpy().sum()
    proportion = (charged + 0.5) / (recorded + 1)
    standard = (charged / recorded) @ weights
    variance = (proportion * (1 - proportion) / recorded) @ weights**2
    logit = np.log(standard / (1 - standard))
    half = stats.norm.isf(rates.alpha / 2) * np.sqrt(variance) / (standard * (1 - standard))
    table = pd.DataFrame(
        {
            "recorded": recorded.T.sum(),
            "crude": charged.T.sum() / recorded.T.sum(),
            "standardised": standard,
            "lower": 1 / (1 + np.exp(-(logit - half))),
            "upper": 1 / (1 + np.exp(-(logit + half))),
        }
    )
    return table, weights


def comparable(
    rates: ChargeRates, offence_code: str, most_open: float
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows of one class whose outcomes are known well enough to compare.

    Parameters
    ----------
    rates : ChargeRates
        By force and class.
    offence_code : str
        Class.
    most_open : float
        Largest share of offences without an outcome.

    Returns
    -------
    table : DataFrame
        Rows kept.
    left_out : tuple of str
        Forces with more offences open than that.
    """
    mine = rates.table[rates.table["offence_code"] == offence_code]
    closed = mine["open"] / mine["recorded"] <= most_open
    return mine[closed].reset_index(drop=True), tuple(mine.loc[~closed, "force"])


def outcome_shares(
    outcomes: pd.DataFrame, quarters: Sequence[pd.Timestamp], alpha: float = 0.05
) -> pd.DataFrame:
    """Share of every outcome among recorded offences, all forces of the frame together.

    Parameters
    ----------
    outcomes : DataFrame
        As for :func:`charge_rates`.
    quarters : sequence of Timestamp
        Quarters of recording to count.
    alpha : float
        One minus the coverage.

    Returns
    -------
    DataFrame
        offence_code, outcome, n, recorded, share, lower, upper (Wilson); an outcome whose balance
        is negative, or that exceeds the offences left after moves, has no share and is dropped.
    """
    kept = outcomes[outcomes["quarter_start"].isin(list(quarters))]
    sums = kept.groupby(["offence_code", "outcome"], as_index=False)["n"].sum()
    sums["recorded"] = sums.groupby("offence_code")["n"].transform("sum")
    sums = sums[(sums["n"] >= 0) & (sums["n"] <= sums["recorded"])].reset_index(drop=True)
    limits = binomial_intervals(sums["n"], sums["recorded"], alpha, method="wilson")
    shares: pd.DataFrame = sums.assign(
        share=sums["n"] / sums["recorded"], lower=limits.lower, upper=limits.upper
    )
    return shares


def charge_gaps(
    own: pd.DataFrame, others: pd.DataFrame, alpha: float = 0.05
) -> dict[str, Interval]:
    """Newcombe's interval of each charge rate minus that of the others, by offence code.

    Parameters
    ----------
    own, others : DataFrame
        Columns offence_code, charged, recorded; a code missing from either is left out.
    alpha : float
        One minus the coverage.
    """
    both = own.merge(others, on="offence_code", suffixes=("", "_others"))
    low, high = confint_proportions_2indep(
        both["charged"].to_numpy(),
        both["recorded"].to_numpy(),
        both["charged_others"].to_numpy(),
        both["recorded_others"].to_numpy(),
        method="newcomb",
        alpha=alpha,
    )
    return {
        str(code): Interval(float(lower), float(upper))
        for code, lower, upper in zip(both["offence_code"], low, high, strict=True)
    }


def explaining_extra_share(base_rate: float, seen_rate: float, extra_rate: float) -> float:
    """Share of recorded offences that would have to be extra reports to explain a lower rate.

    Parameters
    ----------
    base_rate : float
        Charge rate without the extra reports.
    seen_rate : float
        Charge rate seen.
    extra_rate : float
        Charge rate of the extra reports.

    Returns
    -------
    float
        0 where the rate seen is not lower; infinite where no number of extra reports can do it.
    """
    if seen_rate >= base_rate:
        return 0.0
    if extra_rate >= seen_rate:
        return float("inf")
    return (base_rate - seen_rate) / (base_rate - extra_rate)


@dataclass(frozen=True, slots=True)
class Chain(Shown):
    """From recorded assault to immediate custody, link by link; the tables are not linked.

    Parameters
    ----------
    charged, charged_most : float
        Share of recorded assaults of both classes that were charged, and the same if every
        offence without an outcome yet were.
    out_of_court : float
        Share of recorded assaults that were dealt with out of court.
    convicted, custody : float
        Share of those prosecuted that were convicted, and of those sentenced that were jailed at
        once, England and Wales after the Act.
    """

    charged: float
    charged_most: float
    out_of_court: float
    convicted: float
    custody: float

    @property
    def convicted_of_recorded(self) -> float:
        """Share of recorded assaults that ended in a conviction, if the links hold everywhere."""
        return self.charged * self.convicted

    @property
    def jailed_of_recorded(self) -> float:
        """Share of recorded assaults that ended in immediate custody, on the same condition."""
        return self.convicted_of_recorded * self.custody

    def table(self) -> pd.DataFrame:
        """One row a stage: share of the stage before, share of recorded, lower, upper.

        The bounds ask nothing of the courts of one force: of those charged none or all may have
        been convicted.
        """
        most = self.charged_most
        rows = [
            ("recorded", 1.0, 1.0, 1.0, 1.0),
            ("charged or summonsed", self.charged, self.charged, self.charged, most),
            ("convicted", self.convicted, self.convicted_of_recorded, 0.0, most),
            ("jailed at once", self.custody, self.jailed_of_recorded, 0.0, most),
        ]
        names = ["stage", "of the stage before", "of recorded", "lower", "upper"]
        return pd.DataFrame(rows, columns=names)


def chain(
    rates: pd.DataFrame,
    shares: pd.DataFrame,
    changes: Mapping[tuple[str, str], PeriodChange],
) -> Chain:
    """Multiply the links from recorded to jailed.

    Parameters
    ----------
    rates : DataFrame
        Charge rates by class, of one force or of all: charged, recorded, open.
    shares : DataFrame
        Their outcomes: outcome, n.
    changes : mapping
        From :func:`court_changes`.
    """
    recorded = float(rates["recorded"].sum())
    outside = shares["outcome"].str.startswith("Out-of-court")
    most = float((rates["charged"] + rates["open"].clip(lower=0)).sum()) / recorded
    return Chain(
        charged=float(rates["charged"].sum()) / recorded,
        charged_most=min(1.0, most),
        out_of_court=float(shares.loc[outside, "n"].sum()) / recorded,
        convicted=changes[POLICE, "convicted"].after,
        custody=changes[POLICE, "custody"].after,
    )


def _with_rate(table: pd.DataFrame, alpha: float) -> pd.DataFrame:
    limits = binomial_intervals(table["charged"], table["recorded"], alpha, method="wilson")
    possible = (table["charged"] + table["open"].clip(lower=0)) / table["recorded"]
    return table.assign(
        rate=table["charged"] / table["recorded"],
        lower=limits.lower,
        upper=limits.upper,
        rate_if_open_charged=possible.clip(upper=1.0),
    )


def _no_follow_up(outcomes_until: pd.Timestamp, minimum: int) -> Problem:
    return Problem(
        "E114",
        f"no quarter of recording has {minimum} quarters of outcomes by {outcomes_until:%d %B %Y}.",
        "Lower the follow-up asked for, or use a later release of the outcomes.",
    )
