"""How strong an unrecorded danger would have to be to explain a ratio away."""

from __future__ import annotations

import math


def e_value(
    ratio: float, lower: float | None = None, upper: float | None = None
) -> tuple[float, float]:
    """Work out the E-value of a rate ratio of rare events (VanderWeele and Ding 2017).

    Parameters
    ----------
    ratio : float
        Rate ratio, above 0.
    lower, upper : float, optional
        Limits of its interval.

    Returns
    -------
    tuple of float
        Least strength, on the ratio scale, that a hidden danger needs with both crewing and
        assaults, above what is adjusted for, to move the estimate to 1; and the same for the limit
        nearer to 1, which is 1 where the interval holds 1.

    Raises
    ------
    ValueError
        If the ratio or a limit is not above 0.
    """
    limits = [limit for limit in (lower, upper) if limit is not None]
    if not ratio > 0 or any(not limit > 0 for limit in limits):
        raise ValueError("an E-value needs ratios above 0")
    if not limits or min(limits) <= 1 <= max(limits):
        nearer = 1.0
    else:
        nearer = min(limits) if min(limits) > 1 else max(limits)
    return _strength(ratio), _strength(nearer)


def _strength(ratio: float) -> float:
    away = max(ratio, 1 / ratio)
    return away + math.sqrt(away * (away - 1))


def bounding_factor(with_crewing: float, with_assaults: float) -> float:
    """Largest factor by which a hidden danger of given strength can distort a rate ratio.

    Parameters
    ----------
    with_crewing, with_assaults : float
        Its risk ratios with crewing and with assaults, at least 1 (Ding and VanderWeele 2016,
        Epidemiology 27:368).

    Raises
    ------
    ValueError
        If a strength is below 1.

    Examples
    --------
    >>> bounding_factor(3, 2)
    1.5
    """
    if with_crewing < 1 or with_assaults < 1:
        raise ValueError("strengths of a hidden danger are at least 1: turn the ratio round")
    return with_crewing * with_assaults / (with_crewing + with_assaults - 1)
