"""Crews: who was on which unit, minute by minute, from rows of officers booked on and off."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl

from officer_assaults import daylight

HOUR_NS = 3_600_000_000_000
PLACES = ("lpa", "beat", "area_type", "team")
#: Local hours at which a stretch of duty is cut: midnight and the ends of the hour bands.
CUTS = (0, 3, 7, 17, 22)


def settle(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Let a later booking of an officer end the earlier; the same unit again continues it.

    Parameters
    ----------
    rows : polars.DataFrame
        ``line, officer, call_sign, start, end`` (nanoseconds of UTC) and columns of the place.

    Returns
    -------
    tuple of polars.DataFrame
        The bookings without overlaps of one officer, and those that overlapped another of the same
        officer, with the hours cut off.
    """
    ordered = rows.sort("officer", "start", "end").with_columns(
        following=pl.col("start").shift(-1).over("officer"),
        next_sign=pl.col("call_sign").shift(-1).over("officer"),
        next_end=pl.col("end").shift(-1).over("officer"),
    )
    overlap = (pl.col("following") < pl.col("end")).fill_null(False)
    other = overlap & (pl.col("next_sign") != pl.col("call_sign"))
    doubled = ordered.filter(other).with_columns(
        hours=(pl.min_horizontal("end", "next_end") - pl.col("following")) / HOUR_NS
    )
    cut = ordered.with_columns(
        end=pl.when(overlap).then(pl.col("following")).otherwise(pl.col("end"))
    )
    # A short booking on another unit inside a long one is a visit: the officer comes back after it.
    back = ordered.filter(overlap & (pl.col("end") > pl.col("next_end"))).with_columns(
        start=pl.col("next_end")
    )
    back = back.with_columns(
        limit=pl.Series(_next_start(ordered, back), dtype=pl.Int64)
    ).with_columns(end=pl.min_horizontal("end", "limit"))
    keep = [name for name in rows.columns if name in cut.columns]
    joined = pl.concat([cut.select(keep), back.select(keep)]).filter(
        pl.col("start") < pl.col("end")
    )
    return joined.sort("officer", "start"), doubled


def _next_start(ordered: pl.DataFrame, back: pl.DataFrame) -> list[int]:
    """First start of the same officer at or after each moment; the far future where none is."""
    after = back.select("officer", "start").with_row_index("at").sort("start")
    starts = ordered.select("officer", begun=pl.col("start")).sort("begun")
    found = after.join_asof(
        starts,
        left_on="start",
        right_on="begun",
        by="officer",
        strategy="forward",
        check_sortedness=False,
    )
    return found.sort("at")["begun"].fill_null(2**62).to_list()


def stretches(bookings: pl.DataFrame) -> pl.DataFrame:
    """Stretches of a unit with one crew: a new one begins when an officer joins or leaves.

    Returns
    -------
    polars.DataFrame
        ``call_sign, start, end`` (nanoseconds of UTC), ``officers`` and the columns of the place,
        which are those of the officer who booked on last.
    """
    places = [name for name in PLACES if name in bookings.columns]
    on = bookings.select(
        "call_sign",
        pl.col("start").alias("at"),
        pl.lit(1).alias("change"),
        *map(pl.col, places),
    )
    off = bookings.select(
        "call_sign",
        at=pl.col("end"),
        change=pl.lit(-1),
        **{name: pl.lit(None, dtype=pl.String) for name in places},
    )
    events = pl.concat([on, off.select(on.columns)]).sort("call_sign", "at", maintain_order=True)
    told = events.group_by("call_sign", "at", maintain_order=True).agg(
        pl.col("change").sum(), *[pl.col(name).drop_nulls().last() for name in places]
    )
    running = told.with_columns(
        pl.col("change").cum_sum().over("call_sign").alias("officers"),
        pl.col("at").shift(-1).over("call_sign").alias("end"),
        *[pl.col(name).forward_fill().over("call_sign") for name in places],
    )
    found = running.filter((pl.col("officers") > 0) & (pl.col("end") > pl.col("at")))
    return found.select(
        "call_sign", pl.col("at").alias("start"), "end", "officers", *map(pl.col, places)
    )


def pieces(found: pl.DataFrame, zone: str, latitude: float) -> pl.DataFrame:
    """Stretches cut at midnight and at the ends of the hour bands, each with its time and light.

    Returns
    -------
    polars.DataFrame
        Columns of ``found``, ``month`` (text), ``hour_band``, ``weekend``, ``hours`` and
        ``dark_share``; sorted by unit and start.
    """
    cuts = _cuts(int(found["start"].min()), int(found["end"].max()), zone)  # type: ignore[arg-type]
    start, end = found["start"].to_numpy(), found["end"].to_numpy()
    first = np.searchsorted(cuts, start, side="right")
    count = np.searchsorted(cuts, end, side="left") - first + 1
    owner = np.repeat(np.arange(len(start)), count)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    begins = np.where(step == 0, start[owner], cuts[np.maximum(first[owner] + step - 1, 0)])
    ends = np.where(
        step == count[owner] - 1, end[owner], cuts[np.minimum(first[owner] + step, len(cuts) - 1)]
    )
    cut = found[owner].with_columns(start=pl.Series(begins), end=pl.Series(ends))
    moments = pd.DatetimeIndex(begins.astype("datetime64[ns]")).tz_localize("UTC")
    until = pd.DatetimeIndex(ends.astype("datetime64[ns]")).tz_localize("UTC")
    local = moments.tz_convert(zone)
    return cut.with_columns(
        month=pl.Series(local.strftime("%Y-%m-01").to_numpy(dtype=str)),
        hour_band=pl.Series(_bands(np.asarray(local.hour))),
        weekend=pl.Series((np.asarray(local.day_of_week) >= 5).astype(int)),
        hours=(pl.col("end") - pl.col("start")) / HOUR_NS,
        dark_share=pl.Series(daylight.dark_share(moments, until, latitude)),
    ).sort("call_sign", "start")


def _cuts(first: int, last: int, zone: str) -> np.ndarray:
    ends = (
        pd.DatetimeIndex(np.array([first, last]).astype("datetime64[ns]"))
        .tz_localize("UTC")
        .tz_convert(zone)
    )
    days = pd.date_range(
        ends[0].tz_localize(None).normalize(),
        ends[1].tz_localize(None).normalize() + pd.Timedelta(days=1),
    )
    hours = pd.DatetimeIndex(np.sort(np.concatenate([days + pd.Timedelta(hours=h) for h in CUTS])))
    utc = hours.tz_localize(zone, ambiguous=np.ones(len(hours), bool), nonexistent="shift_forward")
    return np.unique(utc.tz_convert("UTC").as_unit("ns").asi8)


def _bands(hour: np.ndarray) -> np.ndarray:
    names = np.array(["night", "early", "day", "evening", "night"])
    return names[np.searchsorted([3, 7, 17, 22], hour, side="right")]


def placed(events: pl.DataFrame, by: str, rows: pl.DataFrame, keep: list[str]) -> pl.DataFrame:
    """Events with the row of the same ``by`` that their moment falls in; nulls where none does.

    Parameters
    ----------
    events : polars.DataFrame
        With ``at`` (nanoseconds of UTC) and the column ``by``.
    rows : polars.DataFrame
        Rows that do not overlap, with ``start`` and ``end``.
    keep : list of str
        Columns of ``rows`` that are taken over.
    """
    right = rows.select(by, "start", "end", *keep).sort("start")
    found = events.sort("at").join_asof(
        right, left_on="at", right_on="start", by=by, strategy="backward", check_sortedness=False
    )
    inside = pl.col("at") < pl.col("end")
    return found.with_columns(
        [pl.when(inside).then(pl.col(name)).alias(name) for name in keep]
    ).drop("end", "start")
