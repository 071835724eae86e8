"""Hierarchical pogit panel of forces and periods: recorded = true rate times recording.

``log rate = log officers + force + period + x beta`` and ``logit recording = level + force +
z gamma``, after Stoner, Economou and Drummond (2019), JASA 114:1481. Covariates of the two parts
never meet, the level has an informative prior, covariates of recording have mean zero, and force
and period effects have zero-mean normal priors. By default the posterior is summarised at its
peak (Laplace); :mod:`officer_assaults.topics.recording.model.bayes` samples the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.pogit import PogitData, PogitFit, Prior, Terms, fit_pogit, group_effects


@dataclass(frozen=True, slots=True)
class PanelPriors(Shown):
    """Priors of the panel; all but the level are weak or zero-mean.

    Parameters
    ----------
    level : float
        Believed recording probability of an average force at average covariates.
    level_sd : float
        Standard deviation of its logit.
    recording_slope_sd, incidence_slope_sd : float
        Standard deviations of slopes, covariates standardised.
    force_rate_sd, force_recording_sd, period_sd : float
        Standard deviations of the zero-mean effects.
    """

    level: float = 0.6
    level_sd: float = 0.4
    recording_slope_sd: float = 0.5
    incidence_slope_sd: float = 1.0
    force_rate_sd: float = 0.38
    force_recording_sd: float = 0.30
    period_sd: float = 0.20


@dataclass(frozen=True, slots=True)
class PanelFit(Shown):
    """Panel posterior at its peak.

    Parameters
    ----------
    fit : PogitFit
        All coefficients, group effects among them.
    summary : DataFrame
        Rows that a reader needs: the level (as a probability), slopes of both parts; columns
        quantity, estimate, lower, upper, contraction, label.
    dispersion : float
        Pearson dispersion, by which the likelihood was tempered.
    """

    fit: PogitFit
    summary: pd.DataFrame
    dispersion: float


def panel_data(
    frame: pd.DataFrame, incidence: Sequence[str], reporting: Sequence[str]
) -> PogitData:
    """Lay a panel out for the pogit model, covariates standardised.

    Parameters
    ----------
    frame : DataFrame
        Columns force, period, recorded, exposure and the covariates; no missing values.
    incidence, reporting : sequence of str
        Covariates of the true rate and of recording.

    Raises
    ------
    Refusal
        E122 if a covariate does not vary.
    """
    standard = {}
    for name in (*incidence, *reporting):
        values = frame[name].to_numpy(dtype=float)
        if np.ptp(values) == 0:
            raise Refusal.of(
                "E122", f"{name} is the same everywhere.", "Leave it out.", column=name
            )
        standard[name] = (values - values.mean()) / values.std()
    columns = pd.DataFrame(standard)
    force = group_effects([str(value) for value in frame["force"]], "force")
    period = group_effects([str(value) for value in frame["period"]], "period")
    return PogitData(
        recorded=frame["recorded"].to_numpy(dtype=float),
        exposure=frame["exposure"].to_numpy(dtype=float),
        incidence=Terms.from_frame(columns[list(incidence)], force, period),
        reporting=Terms.from_frame(columns[list(reporting)], force),
    )


def panel_priors(data: PogitData, priors: PanelPriors) -> tuple[Prior, Prior]:
    """Priors of incidence and of reporting, one pair per column."""
    names = data.incidence.names
    forces = sum(name.startswith("force[") for name in names)
    slopes = len(names) - data.incidence.effects - 1
    periods = data.incidence.effects - forces
    sds = [np.inf, *[priors.incidence_slope_sd] * slopes]
    sds += [priors.force_rate_sd] * forces + [priors.period_sd] * periods
    incidence = Prior((0.0,) * len(names), tuple(sds))
    recording_slopes = len(data.reporting.names) - data.reporting.effects - 1
    level = Prior.recording(
        priors.level, priors.level_sd, recording_slopes, priors.recording_slope_sd
    )
    reporting = Prior(
        level.mean + (0.0,) * forces, level.sd + (priors.force_recording_sd,) * forces
    )
    return incidence, reporting


def fit_reporting_panel(data: PogitData, priors: PanelPriors, *, alpha: float = 0.05) -> PanelFit:
    """Fit the panel at the peak of its posterior, tempered by its own dispersion.

    Parameters
    ----------
    data : PogitData
        From :func:`panel_data`.
    priors : PanelPriors
        Assumptions.
    alpha : float
        One minus the coverage of the Laplace intervals.

    Raises
    ------
    Refusal
        E117 if covariates meet in both parts, E122 if the posterior has no peak.

    Notes
    -----
    A first fit with Poisson errors gives the Pearson dispersion; the likelihood is divided by it
    and the panel fitted again, so that slopes are not called estimated on the strength of counts
    that vary more than Poisson counts do.
    """
    incidence, reporting = panel_priors(data, priors)
    first = fit_pogit(data, reporting, incidence, alpha=alpha)
    dispersion = max(1.0, _dispersion(data, first))
    fit = fit_pogit(data, reporting, incidence, dispersion=dispersion, alpha=alpha)
    return PanelFit(fit, _summary(fit), dispersion)


def _dispersion(data: PogitData, fit: PogitFit) -> float:
    terms = data.incidence.matrix.shape[1]
    rate = data.exposure * np.exp(data.incidence.matrix @ fit.coefficients[:terms])
    mean = rate * special.expit(data.reporting.matrix @ fit.coefficients[terms:])
    # Zero-mean effects use up fewer degrees of freedom than they have columns.
    shrunk = fit.table["contraction"].clip(0, 1).sum()
    return float(((data.recorded - mean) ** 2 / mean).sum() / (len(mean) - float(shrunk)))


def _summary(fit: PogitFit) -> pd.DataFrame:
    rows = fit.table[~fit.table["term"].str.contains("[", regex=False)]
    rows = rows[(rows["part"] == "reporting") | (rows["term"] != "intercept")]
    level = (rows["part"] == "reporting") & (rows["term"] == "intercept")
    shown = rows[["estimate", "lower", "upper"]].to_numpy()
    shown[level.to_numpy()] = special.expit(shown[level.to_numpy()])
    quantity = np.where(level, "level of recording", rows["part"] + " slope: " + rows["term"])
    return pd.DataFrame(shown, columns=["estimate", "lower", "upper"]).assign(
        quantity=quantity,
        contraction=rows["contraction"].to_numpy(),
        label=rows["label"].to_numpy(),
    )[["quantity", "estimate", "lower", "upper", "contraction", "label"]]
