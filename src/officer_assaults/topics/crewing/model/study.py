"""Studies of the crewing estimators on many simulated forces, where the truth is known.

The fits run on ready arrays, hundreds of times faster than one report; a test holds them equal to
the functions that reports use.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.newton import fit_design
from officer_assaults.topics.crewing.model.cells import CrewData, prepare
from officer_assaults.topics.crewing.model.ratios import Sensitivity, fitted_ratio
from officer_assaults.topics.crewing.model.weights import (
    Propensity,
    propensity,
    weighted_ratio,
)
from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells
from officer_assaults.topics.crewing.simulator.params import BANDS, ForceParams, Hidden

FloatArray = NDArray[np.float64]

HOUR = ("evening", "night", "early")
CALENDAR = ("weekend", "weekend:night")
PLACE = ("town", "rural", "backup_c")
RISK = ("grade1_share",)
CORRECT = (*HOUR, *CALENDAR, *PLACE, *RISK)


@dataclass(frozen=True, slots=True)
class Fitted(Shown):
    """Log ratio of one estimator on one force, and its interval on the log scale."""

    log_ratio: float
    lower: float
    upper: float


def study_columns(cells: pd.DataFrame) -> dict[str, FloatArray]:
    """Columns of the designs of this module, from simulated cells without a calendar."""
    codes = cells["hour_band"].cat.codes.to_numpy()
    area = cells["area_type"].cat.codes.to_numpy()
    columns = {band: (codes == n).astype(float) for n, band in enumerate(BANDS)}
    weekend = cells["weekend"].to_numpy(float)
    return columns | {
        "single": (cells["crew"].cat.codes.to_numpy() == 0).astype(float),
        "weekend": weekend,
        "weekend:night": weekend * columns["night"],
        "town": (area == 1).astype(float),
        "rural": (area == 2).astype(float),
        "backup_c": cells["backup_min"].to_numpy() - 10.0,
        "grade1_share": cells["grade1_share"].to_numpy(),
    }


def fast_ratio(
    cells: pd.DataFrame, terms: Sequence[str], *, cluster: str = "beat", alpha: float = 0.05
) -> Fitted:
    """Fit the adjusted log ratio per officer-hour with cluster-robust limits, on ready arrays.

    Parameters
    ----------
    cells : pandas.DataFrame
        Simulated crew cells without a calendar.
    terms : sequence of str
        Names of :func:`study_columns`.
    cluster : str
    alpha : float
    """
    columns = study_columns(cells)
    x = np.column_stack([np.ones(len(cells)), columns["single"], *(columns[t] for t in terms)])
    y = cells["y"].to_numpy(float)
    fit = fit_design(x, y, np.log(cells["officer_hours"].to_numpy()))
    codes = cells[cluster].cat.codes.to_numpy()
    scores = np.zeros((codes.max() + 1, x.shape[1]))
    np.add.at(scores, codes, x * (y - fit.mu)[:, None])
    groups = len(scores)
    row = scores @ fit.vcov[1]
    se = math.sqrt(groups / (groups - 1) * float(row @ row))
    half = float(stats.t.isf(alpha / 2, groups - 1)) * se
    return Fitted(fit.coefficients[1], fit.coefficients[1] - half, fit.coefficients[1] + half)


def seed_spread(
    scenario: ForceParams, seeds: Sequence[int], alpha: float = 0.05, fit: Any = None
) -> pd.DataFrame:
    """Draw one simulated force by several seeds, and fit the same model to each draw.

    Parameters
    ----------
    scenario : ForceParams
    seeds : sequence of int
    alpha : float
        One minus the coverage.
    fit : RateModel or RandomLevel, optional
        The model to fit again; by default that of the diagram, without a calendar.

    Returns
    -------
    DataFrame
        Seed, Rate ratio (per officer-hour, single over double, adjusted), lower, upper; without
        draws on which an edited model does not settle.
    """
    rows = []
    for seed in seeds:
        if fit is not None:
            data = prepare(simulate_crew_cells(scenario, seed)[0])
            with contextlib.suppress(Refusal):
                one = fitted_ratio(data, fit.again(data.rows()), alpha)
                rows.append((str(seed), one.ratio, one.lower, one.upper))
            continue
        cells, _ = simulate_crew_cells(replace(scenario, periods=0), seed)
        found = fast_ratio(cells, CORRECT, alpha=alpha)
        rows.append((str(seed), *np.exp([found.log_ratio, found.lower, found.upper])))
    return pd.DataFrame(rows, columns=["Seed", "Rate ratio", "lower", "upper"])


def _prepared(cells: pd.DataFrame) -> CrewData:
    return prepare(cells, cluster="beat", formula=" + ".join((*WITHOUT_RISK, *RISK)))


WITHOUT_RISK = ("C(hour_band)", "weekend", "weekend:night", "C(area_type)", "backup_c")
ESTIMATORS: Mapping[str, Callable[[pd.DataFrame], Fitted]] = {
    "crude": lambda cells: fast_ratio(cells, ()),
    "hour band only": lambda cells: fast_ratio(cells, HOUR),
    "all but call risk": lambda cells: fast_ratio(cells, (*HOUR, *CALENDAR, *PLACE)),
    "correct, by beat": lambda cells: fast_ratio(cells, CORRECT),
    "correct, by policing area": lambda cells: fast_ratio(cells, CORRECT, cluster="lpa"),
}
HIDDEN: Mapping[str, Hidden] = {
    "hidden danger, strong": Hidden(assignment_odds=3.0, rate_ratio=2.0),
    "hidden danger, weak": Hidden(assignment_odds=1.5, rate_ratio=1.5),
}


def _by_weighting(cells: pd.DataFrame) -> dict[str, Fitted]:
    data = _prepared(cells)
    right = propensity(data)
    wrong = _spread(propensity(data, WITHOUT_RISK), right)
    return {
        "IPW": _as_fitted(weighted_ratio(data, "IPW", chance=right)),
        "overlap weights": _as_fitted(weighted_ratio(data, "overlap", chance=right)),
        "AIPW, both right": _as_fitted(weighted_ratio(data, "AIPW", chance=right)),
        "AIPW, wrong outcome": _as_fitted(
            weighted_ratio(data, "AIPW", chance=right, outcome_terms=WITHOUT_RISK)
        ),
        "AIPW, wrong chance": _as_fitted(weighted_ratio(data, "AIPW", chance=wrong)),
        "IPW, wrong chance": _as_fitted(weighted_ratio(data, "IPW", chance=wrong)),
    }


def _spread(wrong: Propensity, right: Propensity) -> Propensity:
    """Chances from fewer terms, on the rows of the model with all of them."""
    keys = [name for name in wrong.frame.columns if name in right.frame.columns]
    keys = [
        k
        for k in keys
        if k not in ("victims", "officer_hours", "chance_double", "cluster", "night")
    ]
    known = wrong.frame.set_index(keys)["chance_double"]
    index = pd.MultiIndex.from_frame(right.frame[keys])
    return Propensity(
        right.frame.assign(chance_double=known.reindex(index).to_numpy()), right.matrix
    )


def _as_fitted(found: Sensitivity) -> Fitted:
    return Fitted(math.log(found.ratio), math.log(found.lower), math.log(found.upper))


def estimates_of(params: ForceParams, seed: int) -> dict[str, Fitted]:
    """Ratio per officer-hour of one simulated force under every adjustment.

    Parameters
    ----------
    params : ForceParams
    seed : int
    """
    cells, _ = simulate_crew_cells(replace(params, periods=0), seed, with_truth=False)
    return {name: estimate(cells) for name, estimate in ESTIMATORS.items()}


def weighted_estimates_of(params: ForceParams, seed: int) -> dict[str, Fitted]:
    """Find the same by weighting, with right and with wrong models; takes most of the time.

    Parameters
    ----------
    params : ForceParams
    seed : int
    """
    cells, _ = simulate_crew_cells(replace(params, periods=0), seed, with_truth=False)
    return _by_weighting(cells)


def hidden_estimates(params: ForceParams, seed: int) -> dict[str, Fitted]:
    """Fit the right model of what is recorded where a danger is not.

    Parameters
    ----------
    params : ForceParams
    seed : int
    """
    params = replace(params, periods=0)
    return {
        name: fast_ratio(
            simulate_crew_cells(replace(params, hidden=hidden), seed, with_truth=False)[0], CORRECT
        )
        for name, hidden in HIDDEN.items()
    }
