"""What a survey's share of officers says of shares of hours, and what "far more" would need."""

from __future__ import annotations

from officer_assaults.stats.intervals import Interval

OFTEN_AT_LEAST = 0.5


def officer_hour_share(unit_hour_share: float) -> float:
    """Share of officer-hours in single-crewed units, from their share of unit-hours.

    A double crew is one unit and two officers.

    Examples
    --------
    >>> round(officer_hour_share(0.73), 3)
    0.575
    """
    _check_share(unit_hour_share)
    return unit_hour_share / (2 - unit_hour_share)


def mechanical_benchmark(victims_per_double: float) -> float:
    """Ratio per officer-hour, single over double, if crewing changed no incident at all.

    Parameters
    ----------
    victims_per_double : float
        Mean officer-victims of a double crew's violent incident, 1 to 2.

    Raises
    ------
    ValueError
        If it is below 1 or above 2.
    """
    if not 1 <= victims_per_double <= 2:
        raise ValueError(f"{victims_per_double:g} victims per incident of a double crew: 1 to 2")
    return 2 / victims_per_double


def ratio_from_shares(victims_single: float, hours_single: float) -> float:
    """Rate ratio per hour, single over double, from two shares of the whole.

    Parameters
    ----------
    victims_single : float
        Share of victims who were single crewed.
    hours_single : float
        Share of hours that were single crewed, in the same unit as the rate is wanted.
    """
    _check_share(victims_single)
    _check_share(hours_single)
    return victims_single / (1 - victims_single) * (1 - hours_single) / hours_single


def victims_share_for(ratio: float, hours_single: float) -> float:
    """Share of victims who would have to be single crewed for a given rate ratio.

    Examples
    --------
    >>> round(victims_share_for(1, officer_hour_share(0.73)), 3)
    0.575
    >>> round(victims_share_for(1.4, officer_hour_share(0.73)), 3)
    0.654
    """
    _check_share(hours_single)
    if not ratio > 0:
        raise ValueError("a rate ratio is above 0")
    odds = ratio * hours_single / (1 - hours_single)
    return odds / (1 + odds)


def survey_bounds(often_or_always: float, victims_single: float) -> tuple[Interval, Interval]:
    """Bound the share of hours, and with a share of victims the rate ratio, without a model.

    Parameters
    ----------
    often_or_always : float
        Share of respondents who say they are single crewed often or always.
    victims_single : float
        Share of victims taken to have been single crewed (assumption).

    Returns
    -------
    tuple of Interval
        Share of officer-hours that were single crewed, and the rate ratio per officer-hour. Those
        who do not say often or always have at most the hours that "often" begins with.
    """
    _check_share(often_or_always)
    _check_share(victims_single)
    low = often_or_always * OFTEN_AT_LEAST
    high = often_or_always + (1 - often_or_always) * OFTEN_AT_LEAST
    ratios = [ratio_from_shares(victims_single, hours) for hours in (high, low)]
    return Interval(low, high), Interval(*ratios)


def misclassified_ratios(
    ratio: float, hours_single: float, share: float = 0.10
) -> dict[str, float]:
    """Ratio that wrong crew types would show, in closed form.

    Parameters
    ----------
    ratio : float
        True ratio per officer-hour.
    hours_single : float
        Share of officer-hours that are single crewed (for ``planned_hours``: planned so).
    share : float
        Share that is wrong.

    Returns
    -------
    dict of str to float
        ``both_sides``: the share of hours and of victims stands under the other crew;
        ``hours_alone``: victims are right; ``planned_hours``: victims by the crew as worked, hours
        by the plan, and the share of planned double crews part.

    Examples
    --------
    >>> wrong = misclassified_ratios(1.4, officer_hour_share(0.73))
    >>> {name: round(value, 2) for name, value in wrong.items()}
    {'both_sides': 1.3, 'hours_alone': 1.49, 'planned_hours': 1.67}
    """
    _check_share(hours_single)
    single, double, kept = hours_single, 1 - hours_single, 1 - share
    shown_single = kept * single + share * double
    shown_double = kept * double + share * single
    both = (kept * single * ratio + share * double) / shown_single
    both /= (kept * double + share * single * ratio) / shown_double
    hours = ratio * (single / shown_single) / (double / shown_double)
    planned = ratio * ((single + share * double) / single) / kept
    return {"both_sides": both, "hours_alone": hours, "planned_hours": planned}


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"{share:g} is no share between 0 and 1")
