"""Simulated event studies with a known truth, as steady or unsteady as real counts are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from officer_assaults.shown import Shown
from officer_assaults.stats import event_study, panel
from officer_assaults.stats.event_study import UNKNOWN, EventPanel, Windows
from officer_assaults.stats.intervals import FloatArray

#: Simulated panels whose refits are solved together: so few that the processor's cache holds them.
PANELS_AT_ONCE = 5
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Noise(Shown):
    """What moves a unit's rate beside unit and period: a slow part and a part of one period.

    Parameters
    ----------
    slow_sd : float
        Standard deviation of the slow part, log scale.
    persistence : float
        Correlation of the slow part from one period to the next.
    brief_sd : float
        Standard deviation of the part that lasts one period.
    """

    slow_sd: float
    persistence: float
    brief_sd: float

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
        """Draw log departures, shape (..., periods)."""
        steps = rng.standard_normal(shape)
        slow = np.empty(shape)
        slow[..., 0] = steps[..., 0]
        fresh = np.sqrt(1 - self.persistence**2)
        for t in range(1, shape[-1]):
            slow[..., t] = self.persistence * slow[..., t - 1] + fresh * steps[..., t]
        return np.asarray(self.slow_sd * slow + self.brief_sd * rng.standard_normal(shape))


def moments(study: EventPanel, windows: Windows, counts: FloatArray) -> FloatArray:
    """Variance and covariances at lags 1 and 4 of log departures in untreated cells.

    Parameters
    ----------
    counts : ndarray, shape (panels, units, periods)

    Returns
    -------
    ndarray, shape (panels, 3)
        By moments of counts about the fitted ones, so that counting chance is not in them.
    """
    found = event_study.cells(study.usable, study.event[None], study.earliest[None], windows)
    seen = found.untreated[0]
    fit = panel.fit_two_way(counts, study.exposure, found.untreated)
    mu = np.where(seen, np.nan_to_num(fit.expected(study.exposure)), 0.0)
    gap = np.where(seen, counts - mu, 0.0)
    out = [(gap**2 - mu).sum(axis=(1, 2)) / (mu**2).sum(axis=(1, 2))]
    for lag in (1, 4):
        both = seen[:, lag:] & seen[:, :-lag]
        ahead, behind = np.where(both, gap[:, :, lag:], 0), np.where(both, gap[:, :, :-lag], 0)
        scale = np.where(both, mu[:, :, lag:] * mu[:, :, :-lag], 0).sum(axis=(1, 2))
        out.append((ahead * behind).sum(axis=(1, 2)) / scale)
    return np.column_stack(out)


def dispersion(study: EventPanel, windows: Windows) -> tuple[float, float]:
    """Pearson dispersion, and correlation from one period to the next, of untreated cells."""
    found = event_study.cells(study.usable, study.event[None], study.earliest[None], windows)
    seen = found.untreated[0]
    fit = panel.fit_two_way(study.counts, study.exposure, found.untreated)
    mu = np.where(seen, np.nan_to_num(fit.expected(study.exposure)[0]), 1.0)
    scaled = np.where(seen, (study.counts - mu) / np.sqrt(np.where(mu > 0, mu, 1)), 0.0)
    spare = seen.sum() - seen.any(axis=1).sum() - seen.any(axis=0).sum() + 1
    both = seen[:, 1:] & seen[:, :-1]
    ahead, behind = scaled[:, 1:][both], scaled[:, :-1][both]
    return float((scaled**2).sum() / spare), float(np.corrcoef(ahead, behind)[0, 1])


def calibrate(study: EventPanel, windows: Windows, seed: int, panels: int = 60) -> Noise:
    """Noise whose simulated panels have the moments of the real one, effects of fitting included.

    Fitted unit effects swallow a part of slow movement, so what is measured is too steady; the
    noise is moved until simulated panels measure as the real one does.
    """
    wanted = moments(study, windows, study.counts[None])[0]
    target = np.maximum(wanted, [1e-4, 5e-5, 2e-5])
    aimed = target.copy()
    for _ in range(ROUNDS):
        noise = _noise(aimed)
        drawn = simulate(study, windows, noise, np.zeros_like(study.exposure), panels, seed)
        aimed = aimed + (target - moments(study, windows, drawn).mean(axis=0))
        aimed = np.maximum(aimed, [1e-4, 5e-5, 2e-5])
    return _noise(aimed)


def _noise(aimed: FloatArray) -> Noise:
    variance, one, four = (float(each) for each in aimed)
    persistence = float(np.clip((four / one) ** (1 / 3), 0.05, 0.97))
    slow = one / persistence
    return Noise(np.sqrt(slow), persistence, np.sqrt(max(0.0, variance - slow)))


def simulate(
    study: EventPanel,
    windows: Windows,
    noise: Noise,
    effect: FloatArray,
    panels: int,
    seed: int,
) -> FloatArray:
    """Draw counts with the real exposure, unit and period effects, shape (panels, units, periods).

    Parameters
    ----------
    effect : ndarray, shape (units, periods)
        Log ratio that the event adds.
    """
    rng = np.random.default_rng(seed)
    fit = panel.fit_two_way(study.counts, study.exposure, study.usable)
    base = np.nan_to_num(fit.expected(study.exposure)[0])
    moved = noise.draw((panels, *base.shape), rng)
    return np.asarray(rng.poisson(base * np.exp(effect + moved)), dtype=float)


def growing_effect(study: EventPanel, first: float, last: float) -> FloatArray:
    """Log ratio that differs by cohort and grows over the eight periods after the event.

    Parameters
    ----------
    first, last : float
        Full effect of the first and of the last cohort; those between lie on a line.
    """
    time = event_study.event_time(study.event, len(study.periods))
    dates = np.unique(study.event[study.event != UNKNOWN])
    place = np.searchsorted(dates, np.clip(study.event, dates[0], dates[-1]))
    full = first + (last - first) * place / max(1, len(dates) - 1)
    grown = np.clip((time + 1) / 9, 0, 1)
    return np.asarray(np.where(time >= 0, full[:, None] * grown, 0.0))


def true_effect(study: EventPanel, windows: Windows, effect: FloatArray) -> float:
    """Mean log ratio over eligible units that an estimate should find."""
    found = event_study.cells(study.usable, study.event[None], study.earliest[None], windows)
    fit = panel.fit_two_way(study.counts, study.exposure, study.usable)
    base = np.nan_to_num(fit.expected(study.exposure)[0])
    after = found.after[0]
    with_it = np.where(after, base * np.exp(effect), 0).sum(axis=1)
    without = np.where(after, base, 0).sum(axis=1)
    good = found.eligible[0] & (without > 0)
    return float(np.log(with_it[good] / without[good]).mean())


def true_two_way(study: EventPanel, windows: Windows, effect: FloatArray) -> float:
    """Log ratio over all cells after the event that the two-way model averages over."""
    time = event_study.event_time(study.event, len(study.periods))
    found = event_study.cells(study.usable, study.event[None], study.earliest[None], windows)
    after = study.usable & found.inside[0] & (time >= windows.after[0])
    fit = panel.fit_two_way(study.counts, study.exposure, study.usable)
    base = np.where(after, np.nan_to_num(fit.expected(study.exposure)[0]), 0.0)
    return float(np.log((base * np.exp(effect)).sum() / base.sum()))


def recovery(
    study: EventPanel,
    windows: dict[str, Windows],
    noise: Noise,
    effect: FloatArray,
    panels: int,
    seed: int,
) -> pd.DataFrame:
    """Try the estimators on simulated panels.

    Parameters
    ----------
    windows : dict of str to Windows
        Imputation is tried with each; the others with the first.

    Returns
    -------
    DataFrame
        estimator, truth, bias, rmse, coverage (of 95 % intervals), width (mean), panels. The
        two-way model averages over all later cells, so its truth is the mean effect over these.
    """
    chosen = next(iter(windows.values()))
    drawn = simulate(study, chosen, noise, effect, panels, seed)
    truth = true_effect(study, chosen, effect)
    tried = {
        **{f"imputation, {name}": _imputed(study, each, drawn) for name, each in windows.items()},
        "stacked cohorts": _stacked(study, chosen, drawn),
    }
    rows = [_row(name, values, truth) for name, values in tried.items()]
    own = true_two_way(study, chosen, effect)
    return pd.DataFrame([*rows, _row("two-way model", _two_way(study, chosen, drawn), own)])


def _row(name: str, values: FloatArray, truth: float) -> dict[str, object]:
    judged = [panel.jackknife(each) for each in values]
    point = values[:, 0]
    covered = [held.interval.contains(truth) for held in judged]
    return {
        "estimator": name,
        "truth": truth,
        "bias": float(point.mean() - truth),
        "rmse": float(np.sqrt(((point - truth) ** 2).mean())),
        "coverage": float(np.mean(covered)),
        "width": float(np.mean([held.interval.upper - held.interval.lower for held in judged])),
        "panels": len(values),
    }


def _refits(drawn: FloatArray, weights: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Each panel once for each set of weights, some panels at a time."""
    parts = [drawn[i : i + PANELS_AT_ONCE] for i in range(0, len(drawn), PANELS_AT_ONCE)]
    return [
        (np.repeat(part, len(weights), axis=0), np.tile(weights, (len(part), 1))) for part in parts
    ]


def _imputed(study: EventPanel, windows: Windows, drawn: FloatArray) -> FloatArray:
    weights = panel.left_out_weights(len(study.units))
    found = event_study.cells(study.usable, study.event[None], study.earliest[None], windows)
    out = [
        event_study.mean_ratio(event_study.log_ratios(counts, study.exposure, found, each), each)
        for counts, each in _refits(drawn, weights)
    ]
    return np.concatenate(out).reshape(len(drawn), -1)


def _two_way(study: EventPanel, windows: Windows, drawn: FloatArray) -> FloatArray:
    weights = panel.left_out_weights(len(study.units))
    out = [
        event_study.two_way_slopes(study, windows, counts, each)
        for counts, each in _refits(drawn, weights)
    ]
    return np.concatenate(out).reshape(len(drawn), -1)


def _stacked(study: EventPanel, windows: Windows, drawn: FloatArray) -> FloatArray:
    weights = panel.left_out_weights(len(study.units))
    panels = (replace(study, counts=counts) for counts in drawn)
    return np.stack([event_study.stacked_replicates(each, windows, weights) for each in panels])


def permutation_size(
    study: EventPanel, windows: Windows, noise: Noise, panels: int, deals: int, seed: int
) -> float:
    """Share of panels without any effect in which permuted dates give p of 0.05 or less."""
    drawn = simulate(study, windows, noise, np.zeros_like(study.exposure), panels, seed)
    found = []
    for number, counts in enumerate(drawn):
        each = replace(study, counts=counts)
        dealt = event_study.permuted(each, windows, deals, seed + number)[0]
        real = event_study.cells(each.usable, each.event[None], each.earliest[None], windows)
        ratios = event_study.log_ratios(counts[None], each.exposure, real, None)
        value = float(event_study.mean_ratio(ratios, np.ones_like(ratios))[0])
        found.append(event_study.permutation_p(value, dealt) <= 0.05)
    return float(np.mean(found))
