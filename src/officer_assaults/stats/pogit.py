"""Poisson-logistic (pogit) model: true events thinned by a recording probability.

Counts follow ``y ~ Poisson(E * exp(x beta) * logistic(z gamma))``. Counts alone say little about
the level of the recording probability: with the same covariates in both parts the likelihood has
two equally high peaks, and with different ones the level hangs on the shape of the link. So the
model is refused without an informative prior, shared covariates are refused without validation
counts, and each coefficient carries how far the data moved it from its prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from officer_assaults.refusals import Problems, Refusal
from officer_assaults.shown import Shown, Tabled
from officer_assaults.stats.intervals import check_alpha

FloatArray = NDArray[np.float64]

LEAST_CONTRACTION = 0.3
#: Prior standard deviations from which a parameter counts as moved, narrowed or not.
LEAST_SHIFT = 2.0
# On the logit scale; around one half an SD of 1 already spans recording from .12 to .88.
WIDEST_PRIOR_SD = 1.0
NEWTON_POLISH = 8
SAME_COLUMN = 1e-9


@dataclass(frozen=True, slots=True)
class Terms(Shown):
    """Named columns of one linear predictor, the intercept among them.

    Parameters
    ----------
    names : tuple of str
        One name per column; the first is ``"intercept"``.
    matrix : ndarray, shape (units, terms)
        Columns.
    effects : int
        Number of columns, at the end, that are zero-mean effects of groups and need a prior.
    """

    names: tuple[str, ...]
    matrix: FloatArray
    effects: int = 0

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *groups: pd.DataFrame) -> Terms:
        """Columns of a frame behind an intercept, then group effects."""
        whole = pd.concat([frame, *groups], axis=1)
        matrix = np.column_stack([np.ones(len(frame)), whole.to_numpy(dtype=float)])
        effects = sum(group.shape[1] for group in groups)
        return cls(("intercept", *map(str, whole.columns)), matrix, effects)

    def covariates(self) -> FloatArray:
        """Columns that are not group effects, the intercept first."""
        return self.matrix[:, : self.matrix.shape[1] - self.effects]


@dataclass(frozen=True, slots=True)
class PogitData(Shown):
    """Units with recorded counts, and what is known of the truth behind them.

    Parameters
    ----------
    recorded : ndarray, shape (units,)
        Recorded events.
    exposure : ndarray, shape (units,)
        Exposure of each unit, above 0.
    incidence, reporting : Terms
        Covariates of the true rate and of the recording probability.
    true_counts : ndarray, shape (units,), optional
        True events of validated units, ``nan`` elsewhere. They inform both parts.
    audited, found : ndarray, shape (units,), optional
        Separate audits: of ``audited`` true events ``found`` had been recorded. They inform the
        recording probability only; zero where there was none.

    Raises
    ------
    Refusal
        E102 for impossible counts, E104 for an exposure not above 0; all problems together.
    """

    recorded: FloatArray
    exposure: FloatArray
    incidence: Terms
    reporting: Terms
    true_counts: FloatArray | None = None
    audited: FloatArray | None = None
    found: FloatArray | None = None

    def __post_init__(self) -> None:
        problems = Problems()
        if np.any(self.recorded < 0) or np.any(self.recorded != np.floor(self.recorded)):
            problems.add("E102", "a recorded count is negative or fractional.", "Give counts.")
        if not np.all(self.exposure > 0):
            problems.add("E104", "an exposure is not above 0.", "Leave the unit out.")
        if self.true_counts is not None and np.any(self.true_counts < self.recorded):
            problems.add(
                "E102",
                "a unit has fewer true events than recorded ones.",
                "Count true events over the same unit and period, recorded ones included.",
            )
        if (self.audited is None) != (self.found is None) or (
            self.audited is not None
            and self.found is not None
            and np.any(self.found > self.audited)
        ):
            problems.add(
                "E102",
                "an audit found more recorded events than it looked at, or lacks one of the two.",
                "Give audited and found together, found at most audited.",
            )
        problems.raise_if_any()

    @property
    def validated(self) -> bool:
        """Whether anything but recorded counts and priors informs the recording probability."""
        known = self.true_counts is not None and bool(np.isfinite(self.true_counts).any())
        return known or (self.audited is not None and bool(np.any(self.audited > 0)))


@dataclass(frozen=True, slots=True)
class Prior(Shown):
    """Independent normal priors of one linear predictor.

    Parameters
    ----------
    mean, sd : tuple of float
        One pair per term; an infinite ``sd`` is a flat prior.
    """

    mean: tuple[float, ...]
    sd: tuple[float, ...]

    @classmethod
    def flat(cls, terms: int) -> Prior:
        """Flat prior."""
        return cls((0.0,) * terms, (np.inf,) * terms)

    @classmethod
    def recording(cls, level: float, level_sd: float, slopes: int, slope_sd: float = 0.5) -> Prior:
        """Prior of a recording part from a believed probability, on the logit scale.

        Parameters
        ----------
        level : float
            Believed recording probability at zero covariates.
        level_sd : float
            Standard deviation of its logit.
        slopes : int
            Number of covariates.
        slope_sd : float
            Standard deviation of each slope around 0.
        """
        centre = float(special.logit(level))
        return cls((centre, *(0.0,) * slopes), (level_sd, *(slope_sd,) * slopes))


@dataclass(frozen=True, slots=True)
class PogitFit(Tabled):
    """Maximum of the posterior (or likelihood) with Laplace errors.

    Parameters
    ----------
    table : DataFrame
        part, term, estimate, se, lower, upper, prior_mean, prior_sd, contraction, label. The
        label is that of :func:`contraction_label`; without validation counts the level of
        recording is never called identified: what moves it then is the assumed link.
    log_likelihood : float
        At the maximum, without the prior.
    mean_recording : float
        Mean recording probability over units, weighted by expected true events.
    covariance : ndarray
        Of all coefficients, incidence first.
    coefficients : ndarray
        Incidence, then reporting.
    dispersion : float
        Divisor of the log-likelihood used for errors.
    """

    table: pd.DataFrame
    log_likelihood: float
    mean_recording: float
    covariance: FloatArray = field(repr=False)
    coefficients: FloatArray = field(repr=False)
    dispersion: float = 1.0

    def part(self, name: str) -> pd.DataFrame:
        """Rows of ``"incidence"`` or ``"reporting"``, indexed by term."""
        return self.table[self.table["part"] == name].set_index("term")


def fit_pogit(
    data: PogitData,
    reporting_prior: Prior | None = None,
    incidence_prior: Prior | None = None,
    *,
    dispersion: float = 1.0,
    alpha: float = 0.05,
) -> PogitFit:
    """Fit the model after checking that its answer would not be its own shadow.

    Parameters
    ----------
    data : PogitData
        Counts, covariates and any validation.
    reporting_prior : Prior, optional
        Required and informative unless there are validation counts.
    incidence_prior : Prior, optional
        Flat by default.
    dispersion : float
        Divisor of the log-likelihood, 1 for Poisson; larger where counts vary more.
    alpha : float
        One minus the coverage of the Laplace intervals.

    Raises
    ------
    Refusal
        E117 without informative prior or with shared covariates, unless validation counts carry
        the recording part; E122 if a design is rank-deficient or no maximum is found.

    Notes
    -----
    With validation counts, true events are Poisson and recorded ones binomial given them.
    Papadopoulos and Santos Silva (2012), Economics Letters 117:365, show the two maxima;
    Stoner, Economou and Drummond (2019), JASA 114:1481, the informative-prior route.
    """
    _check_identified(data, reporting_prior)
    gamma_prior = reporting_prior or Prior.flat(data.reporting.matrix.shape[1])
    beta_prior = incidence_prior or Prior.flat(data.incidence.matrix.shape[1])
    problem = _Objective(data, beta_prior, gamma_prior, dispersion)
    return _summarise(problem, _maximise(problem, _start(data, gamma_prior)), check_alpha(alpha))


def mirror_maxima(data: PogitData) -> tuple[PogitFit, PogitFit]:
    """Both maxima of the likelihood when the two parts share all their covariates.

    If ``(beta, gamma)`` is one maximum then ``(beta + gamma, -gamma)`` is the other, because
    ``exp(x beta) * logistic(x gamma) = exp(x (beta + gamma)) * logistic(-x gamma)``. Each is
    found by its own search from its own side.

    Raises
    ------
    ValueError
        If the two designs differ.
    """
    if data.incidence.matrix.shape != data.reporting.matrix.shape or not np.allclose(
        data.incidence.matrix, data.reporting.matrix
    ):
        raise ValueError("the two parts must have the same design to mirror each other")
    terms = data.incidence.matrix.shape[1]
    problem = _Objective(data, Prior.flat(terms), Prior.flat(terms), 1.0)
    start = _start(data, Prior.recording(0.6, 1.0, terms - 1))
    first = _maximise(problem, start)
    beta, gamma = first[:terms], first[terms:]
    # The second search starts near the mirror image, not on it, so that it has to find its peak.
    nudge = 0.9 * gamma
    second = _maximise(problem, np.concatenate([beta + nudge, -nudge]))
    return _summarise(problem, first, 0.05), _summarise(problem, second, 0.05)


def contraction(posterior_sd: ArrayLike, prior_sd: ArrayLike) -> FloatArray:
    """``1 - posterior SD / prior SD``: 0 if the data said nothing, 1 if they said all."""
    prior = np.asarray(prior_sd, dtype=float)
    return np.asarray(1 - np.asarray(posterior_sd, dtype=float) / prior)


def contraction_label(
    contracted: ArrayLike, shift: ArrayLike = 0.0, *, identified: bool = True
) -> list[str]:
    """Say what the counts did to each prior.

    Parameters
    ----------
    contracted : array_like
        From :func:`contraction`.
    shift : array_like
        How far the estimate lies from the prior's mean, in the prior's standard deviations.
    identified : bool
        Whether the counts could find the parameter without the prior.

    Returns
    -------
    list of str
        ``"set by the prior"`` where the counts neither narrowed it (:data:`LEAST_CONTRACTION`) nor
        moved it (:data:`LEAST_SHIFT`), else ``"moved by the counts"``; a parameter that is moved
        but could not be found without its prior is ``"moved by the counts, not identified"``.
    """
    values, moves = np.broadcast_arrays(
        np.atleast_1d(np.asarray(contracted, dtype=float)), np.abs(np.asarray(shift, dtype=float))
    )
    moved = (values >= LEAST_CONTRACTION) | (moves >= LEAST_SHIFT)
    word = "moved by the counts" if identified else "moved by the counts, not identified"
    return [word if each else "set by the prior" for each in moved]


def group_effects(labels: Sequence[str], name: str) -> pd.DataFrame:
    """One 0/1 column per label, named ``name[label]``; for zero-mean normal effects."""
    dummies = pd.get_dummies(pd.Series(list(labels)), dtype=float)
    return dummies.rename(columns=lambda label: f"{name}[{label}]")


def simulate_pogit(
    incidence: ArrayLike,
    reporting: ArrayLike,
    covariates: pd.DataFrame,
    reporting_covariates: Sequence[str],
    seed: int,
    *,
    exposure: float = 1.0,
    validated_share: float = 0.0,
) -> PogitData:
    """Units with known coefficients, for tests and for showing what the model can recover.

    Parameters
    ----------
    incidence, reporting : array_like
        Coefficients of the two parts, intercept first.
    covariates : DataFrame
        Covariates of the incidence part.
    reporting_covariates : sequence of str
        Those that move recording.
    seed : int
        Seed of the random numbers.
    exposure : float
        Exposure of each unit.
    validated_share : float
        Share of units whose true count is known, the first ones.
    """
    generator = np.random.default_rng(seed)
    x = Terms.from_frame(covariates)
    z = Terms.from_frame(covariates[list(reporting_covariates)])
    true = generator.poisson(exposure * np.exp(x.matrix @ np.asarray(incidence, dtype=float)))
    share = special.expit(z.matrix @ np.asarray(reporting, dtype=float))
    recorded = generator.binomial(true, share).astype(float)
    known = np.arange(len(true)) < round(validated_share * len(true))
    return PogitData(
        recorded=recorded,
        exposure=np.full(len(true), exposure),
        incidence=x,
        reporting=z,
        true_counts=np.where(known, true.astype(float), np.nan) if known.any() else None,
    )


def shared_covariate_example(seed: int, units: int = 344) -> PogitData:
    """Simulate units whose only covariate moves both true events and recording."""
    frame = pd.DataFrame({"x": np.random.default_rng(seed).normal(size=units)})
    return simulate_pogit([0.0, 0.3], [0.4, 0.6], frame, ["x"], seed, exposure=2_500.0)


class _Objective:
    """Negative log posterior with its gradient and Hessian; coefficients are (beta, gamma)."""

    def __init__(
        self, data: PogitData, beta_prior: Prior, gamma_prior: Prior, dispersion: float
    ) -> None:
        self.data = data
        self.x, self.z = data.incidence.matrix, data.reporting.matrix
        self.terms = self.x.shape[1]
        self.dispersion = dispersion
        self.prior_mean = np.array([*beta_prior.mean, *gamma_prior.mean])
        self.prior_sd = np.array([*beta_prior.sd, *gamma_prior.sd])
        self.precision = 1.0 / self.prior_sd**2
        units = len(data.recorded)
        true = np.full(units, np.nan) if data.true_counts is None else data.true_counts
        self.known = np.isfinite(true)
        self.true = np.where(self.known, true, 0.0)
        self.audited = np.zeros(units) if data.audited is None else data.audited
        self.found = np.zeros(units) if data.found is None else data.found

    def _state(self, theta: FloatArray) -> tuple[FloatArray, ...]:
        log_true = self.x @ theta[: self.terms] + np.log(self.data.exposure)
        logit = self.z @ theta[self.terms :]
        p = special.expit(logit)
        mean_true = np.exp(np.minimum(log_true, 700.0))
        return log_true, logit, p, mean_true

    def log_likelihood(self, theta: FloatArray) -> float:
        log_true, logit, p, mean_true = self._state(theta)
        y, t = self.data.recorded, self.true
        log_p, log_q = special.log_expit(logit), special.log_expit(-logit)
        thinned = y * (log_true + log_p) - mean_true * p - special.gammaln(y + 1)
        # Recorded and missed true events of a known unit are independent Poisson counts.
        missed = np.maximum(t - y, 0.0)
        full = t * log_true - mean_true + y * log_p + missed * log_q
        full -= special.gammaln(y + 1) + special.gammaln(missed + 1)
        audit = self.found * log_p + (self.audited - self.found) * log_q
        audit += special.gammaln(self.audited + 1) - special.gammaln(self.found + 1)
        audit -= special.gammaln(self.audited - self.found + 1)
        return float((np.where(self.known, full, thinned) + audit).sum())

    def value(self, theta: FloatArray) -> float:
        away = theta - self.prior_mean
        return float(
            -self.log_likelihood(theta) / self.dispersion + 0.5 * (self.precision * away**2).sum()
        )

    def gradient(self, theta: FloatArray) -> FloatArray:
        _, _, p, mean_true = self._state(theta)
        y, t, known = self.data.recorded, self.true, self.known
        beta_score = np.where(known, t - mean_true, y - mean_true * p)
        gamma_score = np.where(known, y - t * p, (y - mean_true * p) * (1 - p))
        gamma_score = gamma_score + self.found - self.audited * p
        score = np.concatenate([self.x.T @ beta_score, self.z.T @ gamma_score])
        return np.asarray(
            self.precision * (theta - self.prior_mean) - score / self.dispersion, dtype=float
        )

    def hessian(self, theta: FloatArray) -> FloatArray:
        _, _, p, mean_true = self._state(theta)
        y, t, known = self.data.recorded, self.true, self.known
        mean, spread = mean_true * p, p * (1 - p)
        beta = np.where(known, mean_true, mean)
        cross = np.where(known, 0.0, mean * (1 - p))
        gamma = np.where(known, t * spread, mean * (1 - p) ** 2 + (y - mean) * spread)
        gamma = gamma + self.audited * spread
        corner = self.x.T @ (cross[:, None] * self.z)
        upper = np.hstack([self.x.T @ (beta[:, None] * self.x), corner])
        lower = np.hstack([corner.T, self.z.T @ (gamma[:, None] * self.z)])
        both = np.vstack([upper, lower]) / self.dispersion + np.diag(self.precision)
        return np.asarray(both)


def _start(data: PogitData, gamma_prior: Prior) -> FloatArray:
    gamma = np.array(gamma_prior.mean)
    if data.found is not None and data.audited is not None and data.audited.sum() > 0:
        gamma[0] = special.logit((data.found.sum() + 0.5) / (data.audited.sum() + 1.0))
    beta = np.zeros(data.incidence.matrix.shape[1])
    recorded = max(1.0, float(data.recorded.sum()))
    beta[0] = np.log(recorded / data.exposure.sum()) - special.log_expit(gamma[0])
    return np.concatenate([beta, gamma])


def _maximise(problem: _Objective, start: FloatArray) -> FloatArray:
    found = optimize.minimize(
        problem.value,
        start,
        jac=problem.gradient,
        hess=problem.hessian,
        method="trust-exact",
        options={"gtol": 1e-8, "maxiter": 2_000},
    )
    theta = np.asarray(found.x, dtype=float)
    for _ in range(NEWTON_POLISH):
        hessian = problem.hessian(theta)
        if np.linalg.eigvalsh(hessian)[0] <= 0:
            break
        theta = theta - np.linalg.solve(hessian, problem.gradient(theta))
    if np.linalg.eigvalsh(problem.hessian(theta))[0] <= 0 or not np.all(np.isfinite(theta)):
        raise Refusal.of(
            "E122",
            "the likelihood has no peak with these covariates.",
            "Leave out covariates, or bring validation counts or a narrower prior.",
        )
    return theta


def _summarise(problem: _Objective, theta: FloatArray, alpha: float) -> PogitFit:
    data = problem.data
    covariance = np.asarray(np.linalg.inv(problem.hessian(theta)), dtype=float)
    se = np.sqrt(np.diag(covariance))
    half = float(stats.norm.isf(alpha / 2)) * se
    contracted = contraction(se, problem.prior_sd)
    names = [("incidence", name) for name in data.incidence.names]
    names += [("reporting", name) for name in data.reporting.names]
    table = pd.DataFrame(names, columns=["part", "term"]).assign(
        estimate=theta,
        se=se,
        lower=theta - half,
        upper=theta + half,
        prior_mean=problem.prior_mean,
        prior_sd=problem.prior_sd,
        contraction=contracted,
        label=contraction_label(contracted),
    )
    level = len(data.incidence.names)
    if not data.validated and np.isfinite(problem.prior_sd[level]):
        shift = (theta[level] - problem.prior_mean[level]) / problem.prior_sd[level]
        table.loc[level, "label"] = contraction_label(contracted[level], shift, identified=False)[0]
    _, _, p, mean_true = problem._state(theta)
    return PogitFit(
        table=table,
        log_likelihood=problem.log_likelihood(theta),
        mean_recording=float((p * mean_true).sum() / mean_true.sum()),
        covariance=covariance,
        coefficients=theta,
        dispersion=problem.dispersion,
    )


def _check_identified(data: PogitData, prior: Prior | None) -> None:
    problems = Problems()
    for part, terms in (("incidence", data.incidence), ("reporting", data.reporting)):
        covariates = terms.covariates()
        if np.linalg.matrix_rank(covariates) < covariates.shape[1]:
            problems.add("E122", f"the {part} covariates repeat each other.", "Leave one out.")
    if not data.validated:
        shared = _shared(data)
        if shared:
            problems.add(
                "E117",
                f"{', '.join(shared)} would move both true events and recording; with counts "
                "alone the likelihood then has two equally high peaks.",
                "Keep it in one part, or bring true counts for some units.",
            )
        if prior is None or not prior.sd[0] <= WIDEST_PRIOR_SD:
            problems.add(
                "E117",
                "the level of recording has no informative prior.",
                f"Give one with a standard deviation of at most {WIDEST_PRIOR_SD:g} on the logit "
                "scale, or bring true counts for some units.",
            )
    problems.raise_if_any()


def _shared(data: PogitData) -> list[str]:
    """Name reporting covariates that are incidence covariates or combinations of them."""
    x, z = data.incidence.covariates(), data.reporting.covariates()
    found = []
    for name, column in zip(data.reporting.names[1 : z.shape[1]], z.T[1:], strict=True):
        residual = column - x @ np.linalg.lstsq(x, column, rcond=None)[0]
        if np.abs(residual).max() <= SAME_COLUMN * max(1.0, float(np.abs(column).max())):
            found.append(name)
    return found
