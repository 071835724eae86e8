"""Sampled posteriors of the recording models, an optional confirmation of the fast ones.

Needs the ``bayes`` extra. Nothing here is imported until a sampler is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.shown import Tabled
from officer_assaults.stats.pogit import PogitData, contraction, contraction_label
from officer_assaults.topics.recording.model.bias import SeverityCounts
from officer_assaults.topics.recording.model.joint import JointPriors
from officer_assaults.topics.recording.model.thinned_panel import PanelPriors, panel_priors

NEEDED = ("pymc", "nutpie", "arviz")
LARGEST_RHAT = 1.01
LEAST_DRAWS = 400.0
TARGET_ACCEPT = 0.95
#: The panel has narrow places that shorter steps get round.
PANEL_ACCEPT = 0.99


@dataclass(frozen=True, slots=True)
class SampledPosterior(Tabled):
    """Summary of a sampled posterior.

    Parameters
    ----------
    table : DataFrame, indexed by parameter
        mean, sd, lower, upper, rhat, effective, and where a prior SD is known contraction and
        label.
    divergences : int
        Divergent transitions after warm-up.
    passed : bool
        No divergences, every R-hat at most 1.01, every effective size at least 400.
    """

    table: pd.DataFrame
    divergences: int
    passed: bool


def available() -> bool:
    """Whether the sampler is installed."""
    return all(find_spec(name) is not None for name in NEEDED)


def sample_panel(
    data: PogitData,
    priors: PanelPriors,
    seed: int,
    *,
    draws: int = 1_000,
    warm_up: int = 1_500,
    alpha: float = 0.05,
) -> SampledPosterior:
    """Sample the panel of ``thinned_panel`` with free effect sizes.

    Unlike the Laplace fit this one lets the data choose how far forces and periods differ
    (half-normal priors) and takes counts as negative binomial. The counts tell of a force's
    recorded rate and hardly of its two factors, so recorded rates are what is drawn: the true rate
    of the model is the recorded one less the log of the recording probability, with the same
    priors, and no ridge is left for the sampler to walk along.

    Parameters
    ----------
    data : PogitData
        From :func:`officer_assaults.topics.recording.model.thinned_panel.panel_data`.
    priors : PanelPriors
        Level and slopes as given; effect sizes become scales of half-normal priors.
    seed : int
        Seed of the sampler.
    draws, warm_up : int
        Per chain, four chains.
    alpha : float
        One minus the coverage.

    Raises
    ------
    ModuleNotFoundError
        If the extra is not installed.
    """
    _require()
    centre = float(np.log(data.recorded.sum() / data.exposure.sum()))
    names, sds = _panel_names(data, priors)
    model = _panel_model(data, priors, (centre, 1.5))
    found = _sample(model, names, sds, seed, draws, warm_up, alpha, PANEL_ACCEPT)
    # Without validation counts the level hangs on the link, however far it moved.
    row = found.table.loc["level of recording (logit)"].to_dict()
    shift = (float(row["mean"]) - panel_priors(data, priors)[1].mean[0]) / sds["level"]
    label = contraction_label(float(row["contraction"]), shift, identified=False)[0]
    found.table.loc["level of recording (logit)", "label"] = label
    return found


def _panel_names(
    data: PogitData, priors: PanelPriors
) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Labels of the parameters shown, and their prior standard deviations."""
    slopes = [
        [f"{part} slope: {name}" for name in terms.names[1 : len(terms.names) - terms.effects]]
        for part, terms in (("incidence", data.incidence), ("reporting", data.reporting))
    ]
    names = {"level": ["level of recording (logit)"], "beta": slopes[0], "gamma": slopes[1]}
    sds = {
        "level": panel_priors(data, priors)[1].sd[0],
        "beta": priors.incidence_slope_sd,
        "gamma": priors.recording_slope_sd,
    }
    return names, sds


def _panel_model(data: PogitData, priors: PanelPriors, rate_prior: tuple[float, float]) -> Any:
    import pymc as pm

    level_prior = panel_priors(data, priors)[1]
    force, period = (_codes(data, name) for name in ("force", "period"))
    x, z = data.incidence.covariates()[:, 1:], data.reporting.covariates()[:, 1:]
    forces, periods = int(force.max()) + 1, int(period.max()) + 1
    with pm.Model() as model:
        counts = pm.Data("counts", data.recorded.astype(np.int64))
        level = pm.Normal("level", level_prior.mean[0], level_prior.sd[0])
        beta = pm.Normal("beta", 0, priors.incidence_slope_sd, shape=x.shape[1])
        gamma = pm.Normal("gamma", 0, priors.recording_slope_sd, shape=z.shape[1])
        apart = pm.HalfNormal("force recording spread", priors.force_recording_sd)
        own_level = level + apart * pm.Normal("force recording", 0, 1, shape=forces)
        recorded_rate = pm.Normal("recorded rate", rate_prior[0] + _log_share(level), rate_prior[1])
        of_force = pm.Normal(
            "recorded rate of force",
            _log_share(own_level) - _log_share(level),
            pm.HalfNormal("force rate spread", priors.force_rate_sd),
            shape=forces,
        )
        moving = pm.HalfNormal("period rate spread", priors.period_sd)
        of_period = moving * pm.Normal("period rate", 0, 1, shape=periods)
        moved = _log_share(own_level[force] + pm.math.dot(z, gamma)) - _log_share(own_level)[force]
        log_mean = recorded_rate + of_force[force] + of_period[period] + moved
        mean = pm.math.exp(log_mean + pm.math.dot(x, beta) + np.log(data.exposure))
        spread = pm.HalfNormal("count spread", 0.3)
        pm.NegativeBinomial("recorded", mu=mean, alpha=1 / spread**2, observed=counts)
    return model


def _rate_model(exposure: Any, mu_prior: tuple[float, float], tau_scale: float) -> Any:
    import pymc as pm

    with pm.Model() as model:
        counts = pm.Data("counts", np.ones(len(exposure), dtype=np.int64))
        mu = pm.Normal("mu", *mu_prior)
        tau = pm.HalfNormal("tau", tau_scale)
        eta = pm.Normal("eta", mu, tau, shape=len(exposure))
        pm.Poisson("recorded", exposure * pm.math.exp(eta), observed=counts)
    return model


class Sampler:
    """A model compiled once and sampled for many data sets of one shape.

    Parameters
    ----------
    model : pymc.Model
        Its counts are the data ``counts``.
    """

    def __init__(self, model: Any) -> None:
        _require()
        import nutpie

        self._compiled = nutpie.compile_pymc_model(model)

    @classmethod
    def of_rates(cls, exposure: Any, mu_prior: tuple[float, float], tau_scale: float) -> Sampler:
        """Poisson-lognormal hierarchy of :func:`officer_assaults.stats.shrinkage.full_bayes`."""
        return cls(_rate_model(exposure, mu_prior, tau_scale))

    @classmethod
    def of_panel(
        cls, data: PogitData, priors: PanelPriors, rate_prior: tuple[float, float]
    ) -> Sampler:
        """Panel of :func:`sample_panel`, the prior of the log rate given."""
        return cls(_panel_model(data, priors, rate_prior))

    def draw(
        self, counts: Any, seed: int, *, draws: int = 1_000, warm_up: int = 1_500, chains: int = 2
    ) -> tuple[dict[str, Any], int]:
        """Sample one data set.

        Parameters
        ----------
        counts : array_like
        seed, draws, warm_up, chains : int
            The settings of the reports, but for fewer chains.

        Returns
        -------
        draws : dict of str to ndarray, shape (draws of all chains, ...)
        divergences : int
        """
        import nutpie

        trace = nutpie.sample(
            self._compiled.with_data(counts=np.asarray(counts, dtype=np.int64)),
            draws=draws,
            tune=warm_up,
            chains=chains,
            cores=1,
            seed=seed,
            target_accept=TARGET_ACCEPT,
            progress_bar=False,
        )
        found = {
            str(name): values.to_numpy().reshape(chains * draws, -1)
            for name, values in trace.posterior.data_vars.items()
        }
        return found, int(trace.sample_stats["diverging"].sum())


def sample_joint_severity(
    counts: SeverityCounts,
    priors: JointPriors,
    seed: int,
    *,
    draws: int = 1_000,
    warm_up: int = 1_500,
    alpha: float = 0.05,
) -> SampledPosterior:
    """Sample the model of :mod:`officer_assaults.topics.recording.model.joint`.

    Parameters
    ----------
    counts : SeverityCounts
        Recorded assaults.
    priors : JointPriors
        Assumptions.
    seed, draws, warm_up, alpha
        As for :func:`sample_panel`.

    Raises
    ------
    ModuleNotFoundError
        If the extra is not installed.
    """
    _require()
    import pymc as pm

    length = float(np.log(counts.length_ratio))
    with pm.Model() as model:
        before = pm.Beta("before", *priors.level)
        shift = pm.Normal("shift", 0, priors.shift_sd)
        anchor = pm.Normal("anchor", 0, priors.anchor_sd)
        mix = pm.Normal("mix", 0, priors.mix_sd)
        growth = pm.Normal("growth", 0, priors.growth_sd)
        after = pm.math.sigmoid(pm.math.logit(before) + shift)
        recording = pm.Deterministic("recording", pm.math.log(after / before))
        injury = growth + anchor + length
        minor = growth + mix + recording + length
        for name, log_odds, pair in (
            ("injury", injury, (counts.injury0, counts.injury1)),
            ("no_injury", minor, (counts.no_injury0, counts.no_injury1)),
        ):
            pm.Binomial(name, n=sum(pair), logit_p=log_odds, observed=pair[1])
        weight = counts.no_injury0 / counts.before
        recorded = float(np.log(counts.after / counts.before)) - length
        total = growth + pm.math.log(1 + weight * (pm.math.exp(mix) - 1))
        pm.Deterministic("share", 1 - total / recorded)
    names = {
        "before": ["recording before"],
        "recording": ["log change of recording"],
        "growth": ["log real growth"],
        "mix": ["severity mix"],
        "anchor": ["anchor"],
        "share": ["share explained"],
    }
    a, b = priors.level
    sds = {
        "before": float(np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))),
        "growth": priors.growth_sd,
        "mix": priors.mix_sd,
        "anchor": priors.anchor_sd,
    }
    return _sample(model, names, sds, seed, draws, warm_up, alpha)


def _require() -> None:
    if not available():
        raise ModuleNotFoundError(
            "the sampler is not installed; install the project's 'bayes' extra, or leave run_bayes "
            "off: every report is complete without it"
        )


def _log_share(logit: Any) -> Any:
    import pymc as pm

    return -pm.math.log1pexp(-logit)


def _codes(data: PogitData, group: str) -> Any:
    names = data.incidence.names
    columns = [place for place, name in enumerate(names) if name.startswith(f"{group}[")]
    return data.incidence.matrix[:, columns].argmax(axis=1)


def _sample(
    model: Any,
    names: dict[str, list[str]],
    prior_sds: dict[str, float],
    seed: int,
    draws: int,
    warm_up: int,
    alpha: float,
    target_accept: float = TARGET_ACCEPT,
) -> SampledPosterior:
    import arviz as az
    import nutpie

    trace = nutpie.sample(
        nutpie.compile_pymc_model(model),
        draws=draws,
        tune=warm_up,
        chains=4,
        cores=1,
        seed=seed,
        target_accept=target_accept,
        progress_bar=False,
    )
    found = az.summary(trace, var_names=list(names), round_to="none")
    low, high = (
        np.concatenate(
            [
                np.atleast_1d(trace.posterior[name].quantile(level, ("chain", "draw")).to_numpy())
                for name in names
            ]
        )
        for level in (alpha / 2, 1 - alpha / 2)
    )
    labels = [label for group in names.values() for label in group]
    sds = [prior_sds.get(name, np.nan) for name, group in names.items() for _ in group]
    table = pd.DataFrame(
        {
            "mean": found["mean"].to_numpy(),
            "sd": found["sd"].to_numpy(),
            "lower": low,
            "upper": high,
            "rhat": found["r_hat"].to_numpy(),
            "effective": found[["ess_bulk", "ess_tail"]].min(axis=1).to_numpy(),
        },
        index=pd.Index(labels, name="parameter"),
    )
    contracted = contraction(table["sd"], sds)
    marks = [
        "" if np.isnan(value) else label
        for value, label in zip(contracted, contraction_label(contracted), strict=True)
    ]
    divergences = int(trace.sample_stats["diverging"].sum())
    steady = bool(
        (table["rhat"] <= LARGEST_RHAT).all() and (table["effective"] >= LEAST_DRAWS).all()
    )
    table = table.assign(contraction=contracted, label=marks)
    return SampledPosterior(table, divergences, steady and divergences == 0)
