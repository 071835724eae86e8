"""Daylight: how much of a stretch of time lies after dark, which several rooms need to know."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

CIVIL_TWILIGHT = -6.0
DEFAULT_LATITUDE = 51.75
DEFAULT_LONGITUDE = -1.25


def sun_elevation(
    utc: pd.DatetimeIndex,
    latitude: ArrayLike = DEFAULT_LATITUDE,
    longitude: ArrayLike = DEFAULT_LONGITUDE,
) -> FloatArray:
    """Height of the sun above the horizon, in degrees.

    The low-accuracy formula of the United States Naval Observatory ("Computing Approximate Solar
    Coordinates"), good to about 0.02 degrees between 1950 and 2050.

    Parameters
    ----------
    utc : pandas.DatetimeIndex, shape (n,)
        Moments, with a time zone.
    latitude, longitude : array-like, scalar or shape (n,)
        Degrees north and east; the defaults are about the middle of Thames Valley.

    Raises
    ------
    ValueError
        If the moments carry no time zone.
    """
    if utc.tz is None:
        raise ValueError("moments need a time zone: darkness cannot be told from a bare clock time")
    days = np.asarray(utc.tz_convert("UTC").to_julian_date(), dtype=float) - 2_451_545.0
    anomaly = np.radians((357.529 + 0.98560028 * days) % 360)
    mean_longitude = (280.459 + 0.98564736 * days) % 360
    ecliptic = np.radians(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 0.00000036 * days)
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    sidereal = np.radians((280.46061837 + 360.98564736629 * days + np.asarray(longitude)) % 360)
    north = np.radians(latitude)
    height = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(
        sidereal - ascension
    )
    return np.asarray(np.degrees(np.arcsin(np.clip(height, -1, 1))), dtype=float)


def dark_share(
    start: pd.DatetimeIndex,
    end: pd.DatetimeIndex,
    latitude: float = DEFAULT_LATITUDE,
    points: int = 12,
) -> FloatArray:
    """Share of each stretch of time with the sun below civil twilight, from 0 to 1.

    Parameters
    ----------
    start, end : pandas.DatetimeIndex, shape (n,)
        Ends of the stretches, with a time zone.
    latitude : float
        Degrees north.
    points : int
        Moments looked at per stretch, evenly spread.
    """
    length = (end - start).to_numpy() / points
    dark = np.zeros(len(start))
    for step in range(points):
        moment = start + pd.to_timedelta(length * (step + 0.5))
        dark += sun_elevation(moment, latitude) < CIVIL_TWILIGHT
    return dark / points


def dark_share_by_band(
    bands: dict[str, tuple[int, int]],
    months: pd.DatetimeIndex,
    latitude: float = DEFAULT_LATITUDE,
    zone: str = "Europe/London",
) -> pd.DataFrame:
    """Share of each hour band after dark in each month, on its middle day, by local clock.

    Parameters
    ----------
    bands : dict
        Name of the band to its first hour and the hour it ends before; may pass midnight.
    months : pandas.DatetimeIndex
        First days of the months.

    Returns
    -------
    pandas.DataFrame
        One row per month, one column per band.
    """
    shares = {}
    for band, (first, last) in bands.items():
        hours = (last - first) % 24 or 24
        start = (months + pd.Timedelta(days=14, hours=first)).tz_localize(zone)
        shares[band] = dark_share(start, start + pd.Timedelta(hours=hours), latitude, points=48)
    return pd.DataFrame(shares, index=months)
