"""Verdicts: the rules that turn a claim and a result into one of six words.

==================  =============================================================================
reproduces          the same arithmetic on the same records gives the claimed figure as rounded
consistent          the claim lies inside the interval, or the interval lies on the claimed side
not supported       the interval leaves the claim open: it could be so, or not
contradicted        the interval, or exact arithmetic, excludes the claim
not identified      no amount of such data could tell: the bounds themselves leave the claim open
needs data          the records that would settle it are not there
==================  =============================================================================
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, get_args

from officer_assaults.findings import VERDICTS, Verdict

Side = Literal["above", "below"]
# What a claim of several parts comes to: the first of these words that any part has.
ORDER: tuple[Verdict, ...] = (
    "contradicted",
    "not identified",
    "needs data",
    "not supported",
    "consistent",
    "reproduces",
)
ROUND_OFF = 1e-9


def reproduces(claimed: float, computed: float, decimals: int = 0) -> Verdict:
    """Judge a claimed figure by exact arithmetic on the records it was taken from.

    Parameters
    ----------
    claimed, computed : float
        The figure as printed, and as computed; same unit.
    decimals : int
        Decimals that the claim was printed with; negative for tens and hundreds.

    Returns
    -------
    Verdict
        "reproduces" if ``computed`` rounds to ``claimed`` (a half may round either way), else
        "contradicted". For another release or an estimate use :func:`within` instead.
    """
    _check_number(claimed, computed)
    unit = 10.0**-decimals
    off = abs(claimed - computed) / unit
    return "reproduces" if off <= 0.5 + ROUND_OFF else "contradicted"


def confirmed(verdict: Verdict, *, independent: bool) -> Verdict:
    """Lower "reproduces" to "consistent" where the source is the claimant or at second hand.

    Who says a thing cannot confirm it.
    """
    return "consistent" if verdict == "reproduces" and not independent else verdict


def within(claimed: float, lower: float, upper: float) -> Verdict:
    """Judge a claimed value by an interval: "consistent" inside, else "contradicted".

    The limits count as inside.
    """
    _check_limits(lower, upper)
    _check_number(claimed)
    return "consistent" if lower <= claimed <= upper else "contradicted"


def lies(side: Side, value: float, lower: float, upper: float) -> Verdict:
    """Judge a claim that something lies above, or below, a value.

    Parameters
    ----------
    side : {"above", "below"}
        What is claimed.
    value : float
        Null value of a ratio (1) or difference (0), or a threshold ("more than 50").
    lower, upper : float
        Interval of the estimate.

    Returns
    -------
    Verdict
        "consistent" if the whole interval lies on the claimed side, "contradicted" if all of it
        lies on the other, "not supported" if it holds the value.
    """
    _check_limits(lower, upper)
    _check_number(value)
    if side not in get_args(Side):
        raise ValueError(f"side must be 'above' or 'below', not {side!r}")
    if lower <= value <= upper:
        return "not supported"
    return "consistent" if (lower > value) == (side == "above") else "contradicted"


def unusual(p: float, alpha: float = 0.05) -> Verdict:
    """Judge a claim that one force or year stands out from the others.

    Parameters
    ----------
    p : float
        Two-sided probability from a predictive comparison with the others.
    alpha : float
        How rare "stands out" is.

    Returns
    -------
    Verdict
        "consistent" if ``p`` is below ``alpha``, else "not supported": an ordinary year is no
        proof that nothing happened.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p lies between 0 and 1, not {p}")
    return "consistent" if p < alpha else "not supported"


def bounded(side: Side, value: float, lower: float, upper: float) -> Verdict:
    """Judge a claim by bounds of partial identification, which more data would not narrow.

    As :func:`lies`, but bounds that hold the value give "not identified".
    """
    verdict = lies(side, value, lower, upper)
    return "not identified" if verdict == "not supported" else verdict


def needs(available: bool, verdict: Verdict) -> Verdict:
    """Return the verdict if the records that it rests on are available, else "needs data"."""
    return verdict if available else "needs data"


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """Verdict of a claim of several parts, all of which must hold: the gravest of theirs.

    Raises
    ------
    ValueError
        If there is none, or a word is not a verdict.
    """
    words = list(verdicts)
    unknown = [word for word in words if word not in VERDICTS]
    if unknown or not words:
        raise ValueError(f"verdicts are {', '.join(VERDICTS)}; given {words}")
    return min(words, key=ORDER.index)


def _check_limits(lower: float, upper: float) -> None:
    if not lower <= upper:
        raise ValueError(f"limits {lower} to {upper} are no interval")


def _check_number(*values: float) -> None:
    for value in values:
        if math.isnan(value):
            raise ValueError("a claim needs a number, not nan")
