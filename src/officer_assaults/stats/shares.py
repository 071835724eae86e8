"""What a survey's share of officers says of shares of hours, and what "far more" would need."""

from __future__ import annotations

from dataclasses import dataclass

from officer_assaults.shown import Shown
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


@dataclass(frozen=True, slots=True)
class SurveyBounds(Shown):
    """What "single crewed often or always" allows.

    Parameters
    ----------
    hours_single : Interval
        Share of officer-hours that were single crewed.
    ratio : Interval
        Rate ratio per officer-hour for a given share of victims.
    """

    hours_single: Interval
    ratio: Interval


def survey_bounds(
    often_or_always: float, victims_single: float, often_at_least: float = OFTEN_AT_LEAST
) -> SurveyBounds:
    """Bound the share of hours, and with a share of victims the rate ratio, without a model.

    Parameters
    ----------
    often_or_always : float
        Share of respondents who say they are single crewed often or always.
    victims_single : float
        Share of victims taken to have been single crewed (assumption).
    often_at_least : float
        Least share of an officer's hours that "often" stands for (assumption); those who do not
        say often or always have at most this share.
    """
    for share in (often_or_always, victims_single, often_at_least):
        _check_share(share)
    low = often_or_always * often_at_least
    high = often_or_always + (1 - often_or_always) * often_at_least
    return SurveyBounds(
        Interval(low, high),
        Interval(ratio_from_shares(victims_single, high), ratio_from_shares(victims_single, low)),
    )


@dataclass(frozen=True, slots=True)
class MisclassifiedRatios(Shown):
    """Ratio per officer-hour that wrong crew types would give, work being alike.

    Attributes
    ----------
    both_sides : float
        A share of hours and of victims stands under the other crew.
    hours_alone : float
        Victims are right; a share of the hours stands under the other crew.
    planned_hours : float
        Victims by the crew as worked, hours by the plan, and a share of planned double crews part.
    """

    both_sides: float
    hours_alone: float
    planned_hours: float


def misclassified_ratios(
    ratio: float, hours_single: float, share: float = 0.10
) -> MisclassifiedRatios:
    """Ratio that wrong crew types would show, in closed form.

    Parameters
    ----------
    ratio : float
        True ratio per officer-hour.
    hours_single : float
        Share of officer-hours that are single crewed (for ``planned_hours``: planned so).
    share : float
        Share that is wrong.

    Examples
    --------
    >>> wrong = misclassified_ratios(1.4, officer_hour_share(0.73))
    >>> round(wrong.both_sides, 2), round(wrong.hours_alone, 2), round(wrong.planned_hours, 2)
    (1.3, 1.49, 1.67)
    """
    _check_share(hours_single)
    single, double, kept = hours_single, 1 - hours_single, 1 - share
    shown_single = kept * single + share * double
    shown_double = kept * double + share * single
    both = (kept * single * ratio + share * double) / shown_single
    both /= (kept * double + share * single * ratio) / shown_double
    hours = ratio * (single / shown_single) / (double / shown_double)
    planned = ratio * ((single + share * double) / single) / kept
    return MisclassifiedRatios(both, hours, planned)


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"{share:g} is no share between 0 and 1")
