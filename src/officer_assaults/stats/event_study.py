"""Event studies of counts with staggered dates: imputation, stacked cohorts, and the two-way model.

Units are counted by period, and an event befalls each at its own date. What would have been counted
without it is read from the cells that no event has touched yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.shown import Shown
from officer_assaults.stats import panel
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.stats.panel import BoolArray, Jackknife

#: Event time of a cell whose unit has no known date.
UNKNOWN = -10_000
#: Fits solved together, so that refits of many panels need little memory.
AT_ONCE = 1_500


@dataclass(frozen=True, slots=True)
class Windows(Shown):
    """Which cells count as before and after an event, in periods from it.

    Parameters
    ----------
    untreated_to : int
        Last event time that counts as untreated; those between it and ``after[0]`` count nowhere.
    after : tuple of int
        First and last event time that the effect is averaged over.
    span : int or None
        How many untreated periods before ``untreated_to`` the fit may see; None is all.
    least_controls : int
        Fewest untreated units in the last period that is used.
    least_untreated : int
        Fewest untreated cells of a unit whose effect is averaged.
    """

    untreated_to: int = -3
    after: tuple[int, int] = (1, 4)
    span: int | None = None
    least_controls: int = 5
    least_untreated: int = 4


@dataclass(frozen=True, slots=True)
class EventPanel(Shown):
    """Counts by unit and period with the date of each unit's event.

    Parameters
    ----------
    units : tuple of str
        Names of the units.
    periods : DatetimeIndex
        Starts of consecutive periods.
    counts, exposure : ndarray, shape (units, periods)
        Counts, and what they are a rate of.
    usable : bool ndarray, shape (units, periods)
        Cells that may be used at all.
    event : int ndarray, shape (units,)
        Place of the event's period; may lie outside the panel; :data:`UNKNOWN` where not known.
    earliest : int ndarray, shape (units,)
        First place at which the event can have been; as ``event`` where that is known.
    """

    units: tuple[str, ...]
    periods: pd.DatetimeIndex
    counts: FloatArray
    exposure: FloatArray
    usable: BoolArray
    event: NDArray[np.int64]
    earliest: NDArray[np.int64]

    def dated(self, order: NDArray[np.int64]) -> EventPanel:
        """Deal the dates of the events to the units in another order, shape (units,)."""
        return replace(self, event=self.event[order], earliest=self.earliest[order])

    def shifted(self, periods: int) -> EventPanel:
        """Move every event by so many periods, and drop cells that the true event can have met."""
        time = np.arange(len(self.periods))[None, :] - self.earliest[:, None]
        known = self.event != UNKNOWN
        return replace(
            self,
            usable=self.usable & (time < 0),
            event=np.where(known, self.event + periods, UNKNOWN),
            earliest=self.earliest + periods,
        )


def event_panel(
    frame: pd.DataFrame,
    events: pd.DataFrame,
    *,
    unit: str,
    period: str,
    count: str,
    exposure: str,
    months: int = 3,
) -> EventPanel:
    """Lay a long frame out by unit and period.

    Parameters
    ----------
    frame : DataFrame
        One row per unit and period that may be used: ``unit``, ``period`` (start, a day),
        ``count`` and ``exposure``.
    events : DataFrame
        ``unit``, ``event`` (start of the event's period, missing where not known) and
        ``earliest`` (start of the first period in which it can have been).
    unit, period, count, exposure : str
        Columns of ``frame``.
    months : int
        Months in a period.

    Raises
    ------
    ValueError
        If a unit has no row in ``events``, a cell stands twice, or an exposure is not above 0.
    """
    if frame.duplicated([unit, period]).any():
        raise ValueError(f"a {unit} has two rows for one {period}")
    if not (frame[exposure] > 0).all():
        raise ValueError(f"{exposure} must be above 0 in every row")
    names = sorted(set(frame[unit]))
    dates = events.set_index("unit")
    if missing := [name for name in names if name not in dates.index]:
        raise ValueError(f"no event date for {missing[0]}")
    first, last = frame[period].min(), frame[period].max()
    periods = pd.date_range(first, last, freq=pd.DateOffset(months=months))
    keyed = frame.set_index([period, unit])
    wide = {
        column: keyed[column].unstack().reindex(index=periods, columns=names).T  # noqa: PD010
        for column in (count, exposure)
    }
    usable = wide[count].notna().to_numpy()
    dates = dates.loc[names]
    return EventPanel(
        units=tuple(names),
        periods=periods,
        counts=wide[count].fillna(0).to_numpy(dtype=float),
        exposure=wide[exposure].fillna(0).to_numpy(dtype=float),
        usable=usable,
        event=_places(dates["event"], first, months),
        earliest=_places(dates["earliest"], first, months),
    )


def _places(days: pd.Series, first: pd.Timestamp, months: int) -> NDArray[np.int64]:
    place = ((days.dt.year - first.year) * 12 + days.dt.month - first.month) / months
    return np.asarray(place.fillna(UNKNOWN), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Cells(Shown):
    """Which cells are fitted and which are judged, for one or many deals of the dates.

    Parameters
    ----------
    untreated, after : bool ndarray, shape (fits, units, periods)
        Cells that the fit sees, and cells whose effect is averaged.
    eligible : bool ndarray, shape (fits, units)
        Units whose effect is averaged.
    inside : bool ndarray, shape (fits, periods)
        Periods up to the last one with enough untreated units.
    """

    untreated: BoolArray
    after: BoolArray
    eligible: BoolArray
    inside: BoolArray


def event_time(events: NDArray[np.int64], periods: int) -> NDArray[np.int64]:
    """Periods since the event, shape (..., units, periods); far below 0 where it is not known."""
    time = np.arange(periods) - events[..., None]
    return np.where(events[..., None] == UNKNOWN, UNKNOWN, time)


def cells(
    usable: BoolArray, event: NDArray[np.int64], earliest: NDArray[np.int64], windows: Windows
) -> Cells:
    """Sort cells by the dates, shape (fits, units) each, and the windows."""
    periods = usable.shape[-1]
    before = np.arange(periods) - earliest[..., None]
    untreated = usable & (before <= windows.untreated_to)
    if windows.span is not None:
        untreated &= before > windows.untreated_to - windows.span
    enough = untreated.sum(axis=-2) >= windows.least_controls
    last = periods - 1 - np.argmax(enough[..., ::-1], axis=-1)
    inside = np.arange(periods) <= last[..., None]
    untreated &= inside[..., None, :]
    time = event_time(event, periods)
    first, final = windows.after
    after = usable & inside[..., None, :] & (time >= first) & (time <= final)
    eligible = (after.sum(axis=-1) == final - first + 1) & (
        untreated.sum(axis=-1) >= windows.least_untreated
    )
    return Cells(untreated, after & eligible[..., None], eligible, inside)


def log_ratios(
    counts: FloatArray, exposure: FloatArray, sorted_cells: Cells, weights: FloatArray | None
) -> FloatArray:
    """Log of counted over imputed, per fit and unit; missing where no effect is averaged."""
    counts = np.atleast_3d(counts.T).T
    fit = panel.fit_two_way(counts, exposure, sorted_cells.untreated, weights)
    imputed = fit.expected(exposure)
    after = sorted_cells.after
    seen, expected = (np.where(after, part, 0).sum(axis=-1) for part in (counts, imputed))
    good = sorted_cells.eligible & (expected > 0) & (seen > 0)
    return np.where(good, np.log(np.where(good, seen, 1)) - np.log(np.where(good, expected, 1)),
                    np.nan)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imputation(Shown):
    """Effect of an event by imputation, with everything that a jackknife needs.

    Parameters
    ----------
    study : EventPanel
    windows : Windows
    ratios : ndarray, shape (units + 1, units)
        Log ratio of each unit, fitted with all units, then without each in turn.
    imputed : ndarray, shape (units + 1, units, periods)
        Counts to be expected without an event.
    sorted_cells : Cells
        Of one deal of the dates.
    alpha : float
        One minus the coverage of intervals.
    """

    study: EventPanel
    windows: Windows
    ratios: FloatArray = field(repr=False)
    imputed: FloatArray = field(repr=False)
    sorted_cells: Cells = field(repr=False)
    alpha: float = 0.05

    @property
    def eligible(self) -> BoolArray:
        """Units whose effect is averaged, shape (units,)."""
        return np.asarray(np.isfinite(self.ratios[0]))

    def rests_on(self, among: BoolArray | None = None) -> tuple[int, int, int, float]:
        """Count units, dates, counts after the event, and counts to be expected there."""
        use = self.eligible & (True if among is None else among)
        after = self.sorted_cells.after[0] & use[:, None]
        dates = len(set(self.study.event[use].tolist()))
        counted, expected = self.study.counts[after].sum(), self.imputed[0][after].sum()
        return int(use.sum()), dates, int(counted), float(expected)

    def replicates(self, among: BoolArray | None = None) -> FloatArray:
        """Mean log ratio over units with all of them, then without each; shape (units + 1,)."""
        return mean_ratio(self.ratios, panel.left_out_weights(len(self.study.units)), among)

    def effect(self, among: BoolArray | None = None) -> Jackknife:
        """Mean log ratio over units, each counting once.

        Parameters
        ----------
        among : bool ndarray, shape (units,), optional
            Units to average over.
        """
        return panel.jackknife(self.replicates(among), self.alpha)

    def weighted(self) -> Jackknife:
        """Log of all counts after over all that were to be expected: each count counting once."""
        weights = panel.left_out_weights(len(self.study.units))
        after = self.sorted_cells.after[0] & self.eligible[:, None]
        counted = weights @ np.where(after, self.study.counts, 0).sum(axis=1)
        expected = (weights * np.where(after, self.imputed, 0).sum(axis=2)).sum(axis=1)
        return panel.jackknife(np.log(counted) - np.log(expected), self.alpha)

    def difference(self, among: BoolArray) -> Jackknife:
        """Mean log ratio of some units less that of the others."""
        return panel.jackknife(self.replicates(among) - self.replicates(~among), self.alpha)

    def slope(self, dose: FloatArray) -> Jackknife:
        """Slope of the log ratio over units on a dose, shape (units,); missing doses left aside."""
        weights = panel.left_out_weights(len(self.study.units))
        return panel.jackknife(slopes(self.ratios, weights, dose), self.alpha)

    def table(self) -> pd.DataFrame:
        """One row per unit whose effect is averaged: unit, event, counted, expected, ratio."""
        after = self.sorted_cells.after[0]
        rows = pd.DataFrame(
            {
                "unit": self.study.units,
                "counted": np.where(after, self.study.counts, 0).sum(axis=1),
                "expected": np.where(after, self.imputed[0], 0).sum(axis=1),
                "ratio": np.exp(self.ratios[0]),
            }
        )
        return rows[self.eligible].reset_index(drop=True)


def mean_ratio(
    ratios: FloatArray, weights: FloatArray, among: BoolArray | None = None
) -> FloatArray:
    """Weighted mean over units of each fit's log ratios, shape (fits,)."""
    use = np.isfinite(ratios) & (True if among is None else among)
    weight = np.where(use, weights, 0.0)
    total = weight.sum(axis=1)
    sums = (weight * np.where(use, ratios, 0.0)).sum(axis=1)
    return np.where(total > 0, sums / np.where(total > 0, total, 1), np.nan)


def slopes(ratios: FloatArray, weights: FloatArray, dose: FloatArray) -> FloatArray:
    """Weighted least-squares slope of each fit's log ratios on a dose, shape (fits,)."""
    use = np.isfinite(ratios) & np.isfinite(dose)
    weight = np.where(use, weights, 0.0)
    x, y = np.where(use, dose, 0.0), np.where(use, ratios, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    x_centred = x - (weight * x).sum(axis=1, keepdims=True) / total
    return np.asarray((weight * x_centred * y).sum(axis=1) / (weight * x_centred**2).sum(axis=1))


def impute(study: EventPanel, windows: Windows | None = None, alpha: float = 0.05) -> Imputation:
    """Estimate the effect of an event by imputation, with a jackknife over units.

    Unit and period effects are fitted by Poisson likelihood to untreated cells only; counts after
    the event are set against what these effects give (Borusyak, Jaravel and Spiess 2024, Review of
    Economic Studies 91, with a log link).

    Raises
    ------
    ValueError
        If no unit has both untreated cells and cells after its event.
    """
    windows = windows or Windows()
    found = cells(study.usable, study.event[None], study.earliest[None], windows)
    if not found.eligible.any():
        raise ValueError("no unit has both untreated periods and all periods after its event")
    weights = panel.left_out_weights(len(study.units))
    fit = panel.fit_two_way(study.counts, study.exposure, found.untreated, weights)
    ratios = log_ratios(study.counts, study.exposure, found, weights)
    return Imputation(study, windows, ratios, fit.expected(study.exposure), found, alpha)


def permuted(
    study: EventPanel,
    windows: Windows,
    draws: int,
    seed: int,
    kinds: Sequence[BoolArray | None] = (None,),
) -> FloatArray:
    """Mean log ratio under dates dealt out anew over the units, shape (kinds, draws).

    A kind (None is all units) goes with the dates: what was found at an event is dealt with it.
    """
    rng = np.random.default_rng(seed)
    out = []
    for start in range(0, draws, AT_ONCE):
        size = min(AT_ONCE, draws - start)
        order = np.argsort(rng.random((size, len(study.units))), axis=1)
        found = cells(study.usable[None], study.event[order], study.earliest[order], windows)
        ratios = log_ratios(study.counts, study.exposure, found, None)
        whole = np.ones_like(ratios)
        out.append(
            [mean_ratio(ratios, whole, None if kind is None else kind[order]) for kind in kinds]
        )
    return np.concatenate(out, axis=1)


def permutation_p(value: float, dealt: FloatArray) -> float:
    """Share of dealt figures at least as far from 0, the real one counted among them."""
    dealt = dealt[np.isfinite(dealt)]
    return float((1 + (np.abs(dealt) >= abs(value) - 1e-12).sum()) / (1 + len(dealt)))


def bootstrap(study: EventPanel, windows: Windows, weights: FloatArray) -> FloatArray:
    """Log ratios of every unit under weights of a bootstrap over units, shape (draws, units)."""
    found = cells(study.usable, study.event[None], study.earliest[None], windows)
    parts = [
        log_ratios(study.counts, study.exposure, found, weights[i : i + AT_ONCE])
        for i in range(0, len(weights), AT_ONCE)
    ]
    return np.concatenate(parts)


def profile(
    found: Imputation, first: int, last: int, among: BoolArray | None = None
) -> pd.DataFrame:
    """Effect by event time from the imputed counts, with a jackknife.

    Returns
    -------
    DataFrame
        time, estimate (log of the mean ratio over units), lower, upper, units. Times before the
        event that count as untreated are fitted, not imputed: see :func:`leads`.
    """
    study = found.study
    weights = panel.left_out_weights(len(study.units))
    time = event_time(study.event, len(study.periods))
    use = found.sorted_cells.untreated[0].any(axis=1) & (True if among is None else among)
    rows = []
    for at in range(first, last + 1):
        cell = study.usable & found.sorted_cells.inside[0] & (time == at) & use[:, None]
        cell &= found.imputed[0] > 0
        if cell.sum() < 2:
            continue
        ratio = np.where(cell, study.counts / np.where(found.imputed > 0, found.imputed, 1), 0)
        weight = weights * cell.any(axis=1)
        mean = (weight * ratio.sum(axis=2)).sum(axis=1) / weight.sum(axis=1)
        held = panel.jackknife(np.log(mean), found.alpha)
        rows.append((at, held.value, held.interval.lower, held.interval.upper, int(cell.sum())))
    return pd.DataFrame(rows, columns=["time", "estimate", "lower", "upper", "units"])


def leads(found: Imputation, first: int = -8) -> tuple[pd.DataFrame, float, float]:
    """Fit a step at each event time from ``first`` to the last untreated one, no later cells.

    Returns
    -------
    DataFrame
        Departures before the event, which should be none: time, estimate, lower, upper, units; log
        ratio to the earlier untreated periods.
    float, float
        F and p of the joint test that all are 0.
    """
    study, weights = found.study, panel.left_out_weights(len(found.study.units))
    time = event_time(study.event, len(study.periods))
    times = range(first, found.windows.untreated_to + 1)
    seen = found.sorted_cells.untreated[0]
    steps = np.stack([(time == at) & seen for at in times]).astype(float)
    fit = panel.fit_two_way(study.counts, study.exposure, seen, weights, steps)
    judged = [panel.jackknife(fit.slopes[:, i], found.alpha) for i in range(len(steps))]
    rows = [
        (at, held.value, held.interval.lower, held.interval.upper, int(step.sum()))
        for at, held, step in zip(times, judged, steps, strict=True)
    ]
    f, p = panel.joint_test(fit.slopes)
    return pd.DataFrame(rows, columns=["time", "estimate", "lower", "upper", "units"]), f, p


def stacked(study: EventPanel, windows: Windows | None = None, alpha: float = 0.05) -> Jackknife:
    """Estimate the effect cohort by cohort, against units not yet reached: change less change.

    For each unit, the change of its log rate from the four periods up to ``untreated_to`` less one
    to the periods after its event, less the mean of the same change over units whose own event is
    further off than that; each unit counts once.
    """
    weights = panel.left_out_weights(len(study.units))
    return panel.jackknife(stacked_replicates(study, windows or Windows(), weights), alpha)


def stacked_replicates(study: EventPanel, windows: Windows, weights: FloatArray) -> FloatArray:
    """Stacked estimate under each set of weights, shape (fits,)."""
    controls, own = _changes(study, windows)
    return stacked_mean(controls, own, study.event, weights)


def _changes(study: EventPanel, windows: Windows) -> tuple[FloatArray, FloatArray]:
    """Change of each unit's log rate about each cohort's date, of controls and of the cohort."""
    dates = np.unique(study.event[study.event != UNKNOWN])
    controls = np.full((len(dates), len(study.units)), np.nan)
    own = np.full(len(study.units), np.nan)
    first, last = windows.after
    length = last - first + 1
    for row, date in enumerate(dates):
        after = np.arange(date + first, date + last + 1)
        before = np.arange(length) + date + windows.untreated_to - length
        places = np.concatenate([before, after])
        if places.min() < 0 or places.max() >= len(study.periods):
            continue
        whole = study.usable[:, places].all(axis=1)
        change = _log_rate(study, after) - _log_rate(study, before)
        untouched = study.earliest + windows.untreated_to >= date + last
        good = whole & untouched & np.isfinite(change)
        if good.sum() < windows.least_controls:
            continue
        controls[row] = np.where(good, change, np.nan)
        own = np.where(whole & (study.event == date) & np.isfinite(change), change, own)
    return controls, own


def _log_rate(study: EventPanel, places: NDArray[np.int64]) -> FloatArray:
    counts, exposure = study.counts[:, places].sum(axis=1), study.exposure[:, places].sum(axis=1)
    good = (counts > 0) & (exposure > 0)
    return np.where(good, np.log(np.where(good, counts, 1) / np.where(good, exposure, 1)), np.nan)


def stacked_mean(
    controls: FloatArray, own: FloatArray, event: NDArray[np.int64], weights: FloatArray
) -> FloatArray:
    """Mean over units of their change less their controls' mean change, shape (fits,)."""
    dates = np.unique(event[event != UNKNOWN])
    seen = np.isfinite(controls)
    total = weights @ seen.T
    control = (weights @ np.where(seen, controls, 0).T) / np.where(total > 0, total, 1)
    place = np.searchsorted(dates, np.where(event == UNKNOWN, dates[0], event))
    gap = own - np.where(total > 0, control, np.nan)[:, place]
    return mean_ratio(gap, weights)


def two_way(study: EventPanel, windows: Windows | None = None, alpha: float = 0.05) -> Jackknife:
    """Fit one step after the event with unit and period effects, all cells but those between.

    Shown beside the others for its known fault: units reached earlier serve as controls of later
    ones, so an effect that grows or differs by cohort is weighted wrongly (Goodman-Bacon 2021).
    """
    windows = windows or Windows()
    weights = panel.left_out_weights(len(study.units))
    return panel.jackknife(two_way_slopes(study, windows, study.counts, weights), alpha)


def two_way_slopes(
    study: EventPanel, windows: Windows, counts: FloatArray, weights: FloatArray | None
) -> FloatArray:
    """Coefficient of the step, shape (fits,)."""
    periods = len(study.periods)
    time = event_time(study.event, periods)
    found = cells(study.usable, study.event[None], study.earliest[None], windows)
    treated = (time >= windows.after[0]) & study.usable & found.inside[0]
    fit = panel.fit_two_way(
        counts, study.exposure, found.untreated[0] | treated, weights, treated[None].astype(float)
    )
    return np.asarray(fit.slopes[:, 0])
