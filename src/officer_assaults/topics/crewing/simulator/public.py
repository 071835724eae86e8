"""What the public sees of simulated forces: a panel by quarter, a law."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.topics.crewing.simulator.params import Act, Panel

FloatArray = NDArray[np.float64]

FIRST_QUARTER = "2017-04-01"
FOCUS = "simulated-force"
INJURY_CODE, NO_INJURY_CODE = "8S", "104"
VINTAGE = "simulated"
SERIES = "prc_104_8S"
QUARTERS_A_YEAR = 4


def quarterly_panel(panel: Panel, rng: np.random.Generator) -> pd.DataFrame:
    """Draw recorded assaults on constables by force, quarter and offence code.

    The first force is the focus: its growth and recording are set, the others' are drawn.

    Parameters
    ----------
    panel : Panel
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        force, quarter_start, financial_year, quarter, offence_code, offences, officers, series,
        vintage, is_simulated: one row per force, quarter and code.
    """
    officers = panel.officers_median * np.exp(panel.officers_sd * rng.standard_normal(panel.forces))
    officers[0] = panel.focus_officers
    expected = officers[:, None, None] * panel.rate / QUARTERS_A_YEAR * _relative(panel, rng)
    noise = _noise(panel, expected.sum(axis=2), rng)
    counts = rng.poisson(expected * noise[:, :, None])
    starts = pd.date_range(FIRST_QUARTER, periods=panel.quarters, freq="QS-APR")
    force, quarter, code = (
        grid.ravel()
        for grid in np.meshgrid(
            np.arange(panel.forces), np.arange(panel.quarters), (0, 1), indexing="ij"
        )
    )
    year = starts.year - (starts.month < 4)
    return pd.DataFrame(
        {
            "force": np.array(_force_names(panel))[force],
            "quarter_start": starts[quarter],
            "financial_year": np.array([f"{y}/{(y + 1) % 100:02d}" for y in year])[quarter],
            "quarter": quarter % QUARTERS_A_YEAR + 1,
            "offence_code": np.array([NO_INJURY_CODE, INJURY_CODE])[code],
            "offences": counts.ravel(),
            "officers": officers[force],
            "series": SERIES,
            "vintage": VINTAGE,
            "is_simulated": True,
        }
    )


def _relative(panel: Panel, rng: np.random.Generator) -> FloatArray:
    """Give expected over base counts, shape (forces, quarters, 2): without and with injury."""
    year = np.arange(panel.quarters) // QUARTERS_A_YEAR
    later = (year > 0).astype(float)
    level = panel.level_sd * rng.standard_normal(panel.forces)
    growth = rng.normal(panel.growth_mean, panel.growth_sd, panel.forces)
    contrast = rng.normal(0.0, panel.severity_sd, panel.forces)
    level[0], growth[0] = 0.0, panel.focus_growth
    season = panel.seasonal * np.cos(2 * np.pi * (np.arange(panel.quarters) % 4) / 4)
    base = level[:, None] + growth[:, None] * later + season
    half = 0.5 * contrast[:, None] * later
    without = np.log(1 - panel.injury_share) + base + half
    injury = np.log(panel.injury_share) + base - half
    without[0] += panel.recording_rise * later
    injury[0] += np.log(panel.injury_capture_first) * (1 - later)
    return np.asarray(np.exp(np.stack([without, injury], axis=-1)))


def _noise(panel: Panel, expected: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Mean-one factors that give the wanted dispersion and lag-1 correlation."""
    deviates = rng.standard_normal(expected.shape)
    for quarter in range(1, panel.quarters):
        deviates[:, quarter] = panel.lag1 * deviates[:, quarter - 1] + (
            np.sqrt(1 - panel.lag1**2) * deviates[:, quarter]
        )
    sd = np.sqrt(np.log1p((panel.dispersion - 1) / expected))
    return np.exp(sd * deviates - sd**2 / 2)


def act_panel(panel: Panel, act: Act, rng: np.random.Generator) -> pd.DataFrame:
    """Draw recorded assaults by force and quarter beside two control series, around a law.

    Parameters
    ----------
    panel : Panel
        Sizes of the forces; the first is the focus.
    act : Act
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        force, date, recorded, control_1, control_2, is_simulated: one row per force and quarter.
    """
    dates = pd.date_range(act.first_quarter, periods=act.quarters, freq="QS-APR")
    number = np.arange(act.quarters)
    ends = dates + pd.offsets.QuarterBegin(1, startingMonth=1)
    served = np.asarray((ends - pd.Timestamp(act.begins)).days, dtype=float)
    in_force = np.clip(served / np.asarray((ends - dates).days), 0, 1)
    step = 1 + (act.deterrence * act.recording - 1) * in_force
    size = np.exp(panel.officers_sd * rng.standard_normal(panel.forces))
    size = np.maximum(size, act.smallest_size)
    size[0] = panel.focus_officers / panel.officers_median
    season = panel.seasonal * np.sin(2 * np.pi * (number % QUARTERS_A_YEAR) / QUARTERS_A_YEAR)
    common = act.trend * number + season + _autocorrelated(act, panel.forces, rng)
    level = size[:, None] * np.exp(common)
    series = {
        "recorded": rng.poisson(act.quarterly_mean * level * step),
        "control_1": rng.poisson(act.control_means[0] * level),
        "control_2": rng.poisson(act.control_means[1] * level),
    }
    keys = pd.MultiIndex.from_product([_force_names(panel), dates], names=["force", "date"])
    table = pd.DataFrame({name: counts.ravel() for name, counts in series.items()}, index=keys)
    return table.reset_index().assign(is_simulated=True)


def _autocorrelated(act: Act, forces: int, rng: np.random.Generator) -> FloatArray:
    """Disturbance shared by the series of a force, shape (forces, quarters)."""
    noise = act.sd * rng.standard_normal((forces, act.quarters))
    for quarter in range(1, act.quarters):
        fresh = np.sqrt(1 - act.lag1**2) * noise[:, quarter]
        noise[:, quarter] = act.lag1 * noise[:, quarter - 1] + fresh
    return noise


def _force_names(panel: Panel) -> list[str]:
    return [FOCUS, *(f"force-{n:02d}" for n in range(2, panel.forces + 1))]
