"""Growth of recorded assaults with injury in one force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officer_assaults.estimate import Estimate
from officer_assaults.stats.rate_ratio import exact_rate_ratio

if TYPE_CHECKING:
    from officer_assaults.data.force_year import InjurySplit


def injury_growth(split: InjurySplit, alpha: float = 0.05) -> Estimate | None:
    """Rate ratio of recorded assaults with injury, later year over earlier.

    Returns
    -------
    Estimate or None
        Exact conditional interval for counting chance; None where the force has no injury split
        or recorded none in either year.
    """
    two = split.two
    if two is None or split.own is None or not (split.own[0] + split.own[2]):
        return None
    found = exact_rate_ratio(
        split.own[2], two.after.days, split.own[0], two.before.days, alpha=alpha
    )
    return Estimate.of(
        found.ratio, found, unit="rate ratio", denominator="days",
        period=f"{two.period0} to {two.period1}", release=two.vintage,
        provenance=two.release.publisher, level=1 - alpha,
        note="exact conditional interval, counting chance only",
    )  # fmt: skip
