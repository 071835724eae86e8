"""References: the package's own functions on data that other programs or authors have analysed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.stats import heterogeneity, intervals, rate_ratio, severity
from officer_assaults.stats.formulas import build_design, check_formula, rebuild_design
from officer_assaults.stats.glm import Correction, RateModel, fit_rate_model
from officer_assaults.stats.newton import leave_one_cluster_out
from officer_assaults.stats.risk_ratio import clustered_risk_ratio, crude_risk_ratio
from officer_assaults.topics.crewing.model.cells import CrewData
from officer_assaults.topics.crewing.model.weights import propensity

FloatArray = NDArray[np.float64]
Named = Iterator[tuple[str, float]]

FIRST_RELEASE = (166, 628, 198, 859)
YEAR = 365
CREW_FORMULA = "y ~ single + C(band) + risk"
SHIP_FORMULA = "accident ~ yr_con + op_75_79"
#: Adjustment of chapters 12 and 13 of What If.
SMOKERS = (
    "sex",
    "race",
    "age",
    "I(age**2)",
    "C(education)",
    "smokeintensity",
    "I(smokeintensity**2)",
    "smokeyrs",
    "I(smokeyrs**2)",
    "C(exercise)",
    "C(active)",
    "wt71",
    "I(wt71**2)",
)
BOOTSTRAPS, BOOTSTRAP_SEED = 500, 20180401


def compare(values: pd.DataFrame, found: Mapping[str, float]) -> pd.DataFrame:
    """Set what was found beside what others give.

    Parameters
    ----------
    values : DataFrame
        id, quantity, value, tolerance, kind, program, source.
    found : mapping of id to float

    Returns
    -------
    DataFrame
        The same with ``found``, ``difference`` (on the scale of the tolerance) and ``agrees``.

    Raises
    ------
    KeyError
        If a value has nothing to compare with, or a result no value.
    """
    unmatched = set(values["id"]) ^ set(found)
    if unmatched:
        raise KeyError(f"without a counterpart: {', '.join(sorted(unmatched))}")
    ours = values["id"].map(dict(found)).astype(float)
    scale = values["value"].abs().where(values["kind"] == "relative", 1.0)
    difference = (ours - values["value"]) / scale
    return values.assign(
        found=ours, difference=difference, agrees=difference.abs() <= values["tolerance"]
    )


def all_found(frames: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Every quantity that a value is given for.

    Parameters
    ----------
    frames : mapping of name to DataFrame
        ``crew-cells``, ``log-ratios``, ``ships``, ``smoking-deaths``, ``bcg-trials``, ``nhefs``
        and ``washington`` (victims of aggravated and simple assault, 2021 and 2022).
    """
    parts: dict[str, Callable[[pd.DataFrame], Named]] = {
        "crew-cells": _crew_cells,
        "log-ratios": _log_ratios,
        "ships": _ships,
        "smoking-deaths": _doctors,
        "bcg-trials": _bcg,
        "nhefs": _smokers,
        "washington": _washington,
    }
    found = dict(_rise())
    for name, part in parts.items():
        found.update(part(frames[name]))
    return found


def compared_frame(values: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Compute every quantity and set it beside what others give.

    Parameters
    ----------
    values : DataFrame
        As for :func:`compare`.
    frames : mapping of name to DataFrame
        As for :func:`all_found`.
    """
    return compare(values, all_found(frames))


def _term(model: RateModel, name: str) -> pd.Series:
    return model.log_ratios.set_index("term").T[name]


def _crew_cells(cells: pd.DataFrame) -> Named:
    plain = fit_rate_model(cells, CREW_FORMULA, exposure="officer_hours")
    words = {"C(band)[T.eve]": "bandeve", "C(band)[T.night]": "bandnight"}
    for term, value in plain.coefficients.items():
        yield f"crew.poisson.{words.get(str(term), term)}", float(value)
    yield "crew.poisson.se", float(_term(plain, "single")["se"])
    robust = fit_rate_model(cells, CREW_FORMULA, exposure="officer_hours", cov="HC0")
    yield "crew.poisson.hc0", float(_term(robust, "single")["se"])
    corrections: dict[str, Correction] = {"cluster": "G/(G-1)", "cluster_plain": "none"}
    for name, correction in corrections.items():
        clustered = fit_rate_model(
            cells, CREW_FORMULA, exposure="officer_hours", cov="cluster", cluster="beat",
            correction=correction,
        )  # fmt: skip
        yield f"crew.poisson.{name}", float(_term(clustered, "single")["se"])
    yield from (("crew.poisson.deviance", plain.deviance), ("crew.poisson.pearson", plain.pearson))
    yield "crew.poisson.aic", plain.aic
    quasi = fit_rate_model(cells, CREW_FORMULA, exposure="officer_hours", family="quasi-poisson")
    yield "crew.quasi.dispersion", quasi.dispersion
    binomial = fit_rate_model(cells, CREW_FORMULA, exposure="officer_hours", family="nb2")
    yield "crew.nb.single", float(binomial.coefficients["single"])
    yield "crew.nb.alpha", float(binomial.nb_alpha or 0.0)
    yield "crew.nb.loglik", binomial.loglik
    single, double = (
        1000
        * np.average(plain.predict_rate(cells.assign(single=s)), weights=cells["officer_hours"])
        for s in (1, 0)
    )
    yield "crew.standardised.single", float(single)
    yield "crew.standardised.double", float(double)
    yield "crew.standardised.ratio", float(single / double)
    rows = plain.rows
    jack = leave_one_cluster_out(rows.matrix, rows.y, rows.log_exposure, cells["beat"])
    place = list(plain.vcov.columns).index("single")
    yield "crew.jackknife", float(np.sqrt(jack.vcov[place, place]))


def _log_ratios(ratios: pd.DataFrame) -> Named:
    for name, pool in (
        ("DL", heterogeneity.dersimonian_laird),
        ("PM", heterogeneity.paule_mandel),
        ("REML", heterogeneity.reml),
    ):
        found = pool(ratios["yi"], ratios["vi"])
        yield f"ratios.{name}.tau2", found.tau2
        yield f"ratios.{name}.mu", found.mu


def _rise() -> Named:
    injury0, other0, injury1, other1 = FIRST_RELEASE
    for name, after, before in (
        ("all", injury1 + other1, injury0 + other0),
        ("injury", injury1, injury0),
        ("no_injury", other1, other0),
    ):
        exact = rate_ratio.exact_rate_ratio(after, YEAR, before, YEAR)
        yield from (
            (f"rise.{name}.ratio", exact.ratio),
            (f"rise.{name}.lower", exact.lower),
            (f"rise.{name}.upper", exact.upper),
        )
        if name != "no_injury":
            yield f"rise.{name}.p", exact.p
    week = intervals.weekly_rate(injury1 + other1, YEAR)
    yield from (("week.rate", week.rate), ("week.lower", week.lower), ("week.upper", week.upper))
    change = severity.share_change(*FIRST_RELEASE)
    yield "severity.fisher.odds", change.odds_ratio
    yield "severity.fisher.lower", change.odds_interval.lower
    yield "severity.fisher.upper", change.odds_interval.upper
    yield "severity.fisher.p", change.p
    own = severity.ratio_of_ratios(*FIRST_RELEASE)
    yield from (("severity.did", own.log_ratio), ("severity.did.se", own.se))
    for part, whole in ((injury1, injury1 + other1), (72, 182)):
        limits = intervals.wilson(part, whole)
        yield from ((f"wilson.{part}.lower", limits.lower), (f"wilson.{part}.upper", limits.upper))


def _doctors(deaths: pd.DataFrame) -> Named:
    model = fit_rate_model(deaths, "deaths ~ smokes + C(agecat)", exposure="pyears")
    row = _term(model, "smokes")
    yield "doctors.coefficient", float(row["estimate"])
    yield "doctors.se", float(row["se"])
    yield "doctors.ratio", float(np.exp(row["estimate"]))
    yield "doctors.loglik", model.loglik


def _ships(table: pd.DataFrame) -> Named:
    ships = table.dropna().reset_index(drop=True)
    plain = fit_rate_model(ships, SHIP_FORMULA, exposure="service")
    for term in ("yr_con", "op_75_79"):
        yield f"ships.{term}", float(plain.coefficients[term])
    yield "ships.se", float(_term(plain, "yr_con")["se"])
    robust = fit_rate_model(ships, SHIP_FORMULA, exposure="service", cov="HC0")
    # Stata's robust errors multiply the sandwich by N/(N-1).
    factor = float(np.sqrt(len(ships) / (len(ships) - 1)))
    yield "ships.robust_se", float(_term(robust, "yr_con")["se"]) * factor
    clustered = fit_rate_model(ships, SHIP_FORMULA, exposure="service", cov="cluster",
                               cluster="ship")  # fmt: skip
    yield "ships.cluster_se", float(_term(clustered, "yr_con")["se"])
    binomial = fit_rate_model(ships, SHIP_FORMULA, exposure="service", family="nb2")
    yield "ships.nb.yr_con", float(binomial.coefficients["yr_con"])
    yield "ships.nb.alpha", float(binomial.nb_alpha or 0.0)


def _bcg(t: pd.DataFrame) -> Named:
    n1, n0 = t["tpos"] + t["tneg"], t["cpos"] + t["cneg"]
    y = np.log(t["tpos"] / n1 / (t["cpos"] / n0))
    v = 1 / t["tpos"] - 1 / n1 + 1 / t["cpos"] - 1 / n0
    pooled, limits = heterogeneity.reml(y, v), heterogeneity.tau2_interval(y, v)
    yield from (("bcg.mu", pooled.mu), ("bcg.se", pooled.se), ("bcg.tau2", pooled.tau2))
    yield from (("bcg.tau2_lower", limits.lower), ("bcg.tau2_upper", limits.upper))


def _washington(victims: pd.DataFrame) -> Named:
    keys: dict[str, Any] = {"events": "injured", "total": "victims", "group": "assignment"}
    keys |= {"compared": "One-Officer (Alone)", "reference": "Two-Officer Vehicle"}
    found = {"naive": crude_risk_ratio(victims, **keys)}
    for name, adjust in (("year", ("year",)), ("activity", ("year", "activity"))):
        found[name] = clustered_risk_ratio(
            victims, **keys, cluster=("year", "incident"), adjust=adjust
        )  # fmt: skip
    for name, one in found.items():
        yield from (
            (f"washington.{name}", one.ratio),
            (f"washington.{name}.lower", one.lower),
            (f"washington.{name}.upper", one.upper),
        )


def _smokers(people: pd.DataFrame) -> Named:
    difference, lower, upper = standardised_difference(people)
    yield from (
        ("nhefs.standardised", difference),
        ("nhefs.standardised.lower", lower),
        ("nhefs.standardised.upper", upper),
    )
    difference, lower, upper = weighted_difference(people)
    yield from (("nhefs.ipw", difference), ("nhefs.ipw.lower", lower), ("nhefs.ipw.upper", upper))


def standardised_difference(people: pd.DataFrame) -> tuple[float, float, float]:
    """Mean gain of weight had all stopped smoking, less that had none, with bootstrap limits.

    The design is rebuilt at either arm by the functions that the crewing models use.

    Parameters
    ----------
    people : DataFrame
        As ``reference/nhefs``.
    """
    formula = check_formula(
        f"wt82_71 ~ {' + '.join(['qsmk', *SMOKERS, 'qsmk:smokeintensity'])}", list(people.columns)
    )
    matrix, info = build_design(formula, people)
    x, y = matrix.to_numpy(), people["wt82_71"].to_numpy(float)
    arms = [rebuild_design(formula, info, people.assign(qsmk=arm)).to_numpy() for arm in (1, 0)]
    moved = arms[0] - arms[1]

    def at(weight: FloatArray) -> float:
        beta = np.linalg.solve((x * weight[:, None]).T @ x, x.T @ (weight * y))
        return float(weight @ moved @ beta / weight.sum())

    rng = np.random.default_rng(BOOTSTRAP_SEED)
    draws = [
        at(rng.multinomial(len(y), np.full(len(y), 1 / len(y))).astype(float))
        for _ in range(BOOTSTRAPS)
    ]
    lower, upper = np.quantile(draws, [0.025, 0.975])
    return at(np.ones(len(y))), float(lower), float(upper)


def weighted_difference(people: pd.DataFrame) -> tuple[float, float, float]:
    """Difference of means under inverse probability weights, with robust limits.

    The chance of having stopped comes from the function that gives the chance of a double crew:
    one person is one cluster with one officer-hour.

    Parameters
    ----------
    people : DataFrame
        As ``reference/nhefs``.
    """
    frame = people.assign(single=1.0 - people["qsmk"], victims=people["wt82_71"], officer_hours=1.0)
    data = CrewData(frame, "person", len(frame), 0.0, 0, SMOKERS, {}, {})
    chance = propensity(data).frame
    stopped = 1.0 - chance["single"].to_numpy(float)
    likely = chance["chance_double"].to_numpy(float)
    weight = np.where(stopped == 1, 1 / likely, 1 / (1 - likely))
    fit = sm.WLS(
        chance["victims"].to_numpy(float), sm.add_constant(stopped), weights=weight
    ).fit(cov_type="HC0")  # fmt: skip
    half = float(stats.norm.isf(0.025) * fit.bse[1])
    return float(fit.params[1]), float(fit.params[1]) - half, float(fit.params[1]) + half
