"""Justice: what the report on what follows rests on, and the names it gives things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.findings import Verdict
from officer_assaults.page.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from officer_assaults.data.forces import Force
    from officer_assaults.data.tables import Release
    from officer_assaults.stats.composition import Composition, Overlap
    from officer_assaults.stats.funnel import Funnel
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.rate_ratio import RateRatio
    from officer_assaults.topics.justice.data import ReportedQuarter
    from officer_assaults.topics.justice.model import (
        Chain,
        ChargeRates,
        PeriodChange,
    )

MEANING = {NO_INJURY: "without injury", INJURY: "with injury"}
MEASURES = {
    "convicted": "convicted of those prosecuted in the month",
    "custody": "immediate custody of those sentenced",
    "length": "mean custodial sentence, months",
}


@dataclass(frozen=True, slots=True)
class JusticeStory(Told):
    """Everything that the report says about charges, courts and a reported quarter.

    Parameters
    ----------
    force : Force
        In focus.
    release, court_release : Release
        Provenance of outcomes and of the court table.
    rates : ChargeRates
        Charge rates by force and class.
    own, everyone, others : DataFrame
        Charge rates by class of the force, of all forces, and of all but the force.
    gaps : mapping of str to Interval
        By class: interval of the force's rate minus that of the others.
    standardised : tuple of DataFrame and Series
        Rates at one mix of classes, and the mix.
    funnels : mapping of str to Funnel
        By class.
    too_open : mapping of str to tuple of str
        By class, forces left out of the funnel for too many offences without an outcome.
    shares, everyone_shares : DataFrame
        Share of every outcome, of the force and of all forces.
    changes : mapping of (str, str) to PeriodChange
        By series and measure, before and after the Act, settled months only.
    whole : mapping of (str, str) to PeriodChange
        The same with the half-processed months.
    beyond : mapping of str to Interval
        By measure, change beyond that of common assault.
    chain, national_chain : Chain
        From recorded to jailed, of the force and of all forces.
    lags : DataFrame
        From :func:`officer_assaults.topics.justice.model.conviction_lags`.
    quarter : ReportedQuarter or None
        What an article reports of the force.
    parts : Composition or None
        Shares of that quarter.
    overlap : Overlap or None
        Bounds of the overlap of its first two parts.
    same_series : RateRatio or None
        The reported quarter against the year of the first release, were they one series.
    most_open : float
        Largest share of open offences in the funnel.
    alpha : float
        One minus the coverage.
    """

    force: Force
    release: Release
    court_release: Release
    rates: ChargeRates
    own: pd.DataFrame
    everyone: pd.DataFrame
    others: pd.DataFrame
    gaps: Mapping[str, Interval]
    standardised: tuple[pd.DataFrame, pd.Series]
    funnels: Mapping[str, Funnel]
    too_open: Mapping[str, tuple[str, ...]]
    shares: pd.DataFrame
    everyone_shares: pd.DataFrame
    changes: Mapping[tuple[str, str], PeriodChange]
    whole: Mapping[tuple[str, str], PeriodChange]
    beyond: Mapping[str, Interval]
    chain: Chain
    national_chain: Chain
    lags: pd.DataFrame
    quarter: ReportedQuarter | None
    parts: Composition | None
    overlap: Overlap | None
    same_series: RateRatio | None
    most_open: float
    alpha: float

    @property
    def is_nation(self) -> bool:
        """Whether the focus is all forces together."""
        return self.force.kind == "nation"

    @property
    def period(self) -> str:
        """Quarters of recording that count, in words."""
        first, last = self.rates.quarters[0], self.rates.quarters[-1]
        return f"{first:%B %Y} to {last + pd.DateOffset(months=2):%B %Y}"

    def row(self, code: str, frame: pd.DataFrame) -> pd.Series | None:
        """Charge rate of one class in a frame of rates; None if it has no offence of it."""
        mine = frame[frame["offence_code"] == code]
        return None if mine.empty else mine.iloc[0]


def lag_verdict(changes: Sequence[float] | pd.Series, whole: Verdict) -> Verdict:
    """Verdict on a change of convictions: none unless the sign holds over all lags."""
    return whole if len(set(np.sign(changes))) == 1 else "not identified"


def range_in_words(low: Any, high: Any) -> str:
    """Write two limits, or one where they are the same."""
    return str(low) if low == high else f"{low} to {high}"
