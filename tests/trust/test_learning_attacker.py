"""An attacker who learns, on exports that he makes up, how public numbers follow a small count."""

import dataclasses
import os

import numpy as np
import pandas as pd
import pytest
from canaries import canary_cells

from officer_assaults.stats import glm
from officer_assaults.topics.crewing import door, queries
from officer_assaults.topics.crewing.model.analysis import analyse, crude_ratios
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.simulator.params import ForceParams

FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
EXPORTS = 240 if FULL else 24
NEAR = 0.2
COUNTS = np.arange(1, 10)
GUESSES = np.round(np.arange(1, 10.01, 0.1), 1)
#: Which guess is near which count.
HITS = np.abs(GUESSES[:, None] - COUNTS) <= NEAR * COUNTS + 1e-9
#: Where the count is planted, among hours of single crews: one area, one month, one hour band.
PLACES = {"area": ("lpa", 4), "month": ("period_start", 1), "band": ("hour_band", 3)}
ADDED = ["y", "incidents_assault"]


@pytest.fixture(scope="module")
def whole():
    return canary_cells(ForceParams(), beats=2)


def planted(whole, column, number, seed):
    """Hours as anybody may know them, victims drawn anew, and from 1 to 9 of them in one place."""
    rng = np.random.default_rng([77, seed])
    by = whole.groupby(["crew", "hour_band"])
    rate = (by["y"].transform("sum") + 1) / by["officer_hours"].transform("sum")
    y = rng.poisson(3 * rate * whole["officer_hours"])
    met = np.where(whole["crew"] == "double", y - rng.binomial(y, 0.25), y)
    after, injured = rng.binomial(y, 0.4), rng.binomial(y, 0.3)
    out = whole.assign(y=y, y_injury=injured, y_after_double=after, incidents_assault=met)
    inside = (out["crew"] == "single") & (out[column] == sorted(out[column].unique())[number])
    out.loc[inside, [*ADDED, "y_injury", "y_after_double"]] = 0
    hours = (out["officer_hours"] * inside).to_numpy()
    count = int(rng.integers(1, 10))
    rows = rng.choice(len(out), count, p=hours / hours.sum())
    for name in ADDED:
        out[name] += np.bincount(rows, minlength=len(out))
    return out, count


def public_numbers(cells):
    """Numbers that a report is made of, and the exact total that official tables hold."""
    told = door.protect_cells(cells)
    data = prepare(told)
    model = f"victims ~ single + {data.adjustment}"
    fit = glm.fit(model, data.rows(), exposure="officer_hours", cluster=data.errors_by)
    shown = [crude_ratios(data), told.groupby("crew")[["y", "officer_hours"]].sum()]
    if FULL:
        kept, _ = queries.public_policies(list(POLICIES), told)
        rest = {"rho_grid": [0.625, 1.0], "far_more": 2.0, "alpha": 0.05, "fit": fit}
        shown.append(dataclasses.replace(analyse(data, kept, **rest), data=None))
    else:
        shown.append(fit.table())
    return {"official": float(cells["y"].sum())} | numbers(queries.told(tuple(shown)))


def numbers(value, name=""):
    """Every number of a result by its place."""
    if isinstance(value, pd.DataFrame):
        value = value.select_dtypes("number").reset_index(drop=True).to_dict()
    elif dataclasses.is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        return {
            k: x for key, one in value.items() for k, x in numbers(one, f"{name}/{key}").items()
        }
    is_number = isinstance(value, int | float | np.number) and np.isfinite(value)
    return {name: float(value)} if is_number else {}


def share_found(features, counts, prior, folds=8):
    """Share of counts of exports held out that come out, by ridge regression on the others.

    Of each guess the chance to be near is worked out from the prediction, its error and the prior.
    """
    found = []
    for fold in range(folds):
        out = np.arange(len(counts)) % folds == fold
        varied = features[:, features[~out].std(0) > 0]
        x = (varied - varied[~out].mean(0)) / varied[~out].std(0)
        seen, middle = x[~out], counts[~out].mean()
        best = None
        for penalty in 10.0 ** np.arange(0, 7):
            dual = np.linalg.inv(seen @ seen.T + penalty * np.eye(len(seen)))
            weights = dual @ (counts[~out] - middle)
            error = np.sqrt(np.mean((weights / np.diag(dual)) ** 2))  # Each left out in turn.
            if best is None or error < best[0]:
                best = error, middle + x[out] @ seen.T @ weights
        error, predicted = best
        chance = prior * np.exp(-0.5 * ((COUNTS - predicted[:, None]) / error) ** 2)
        guesses = GUESSES[(chance @ HITS.T).argmax(axis=1)]
        found.append(np.abs(guesses - counts[out]) <= NEAR * counts[out] + 1e-9)
    return float(np.concatenate(found).mean())


@pytest.mark.parametrize("place", PLACES if FULL else ["month"])
def test_numbers_learnt_on_made_up_exports_tell_no_more_than_a_guess(whole, place):
    made = [planted(whole, *PLACES[place], seed) for seed in range(EXPORTS)]
    counts = np.array([count for _, count in made])
    read = pd.DataFrame([public_numbers(cells) for cells, _ in made])
    features = read.fillna(read.median()).fillna(0.0).to_numpy()
    prior = np.full(9, 1 / 9)
    guessed = HITS.mean(axis=1).max()
    error = np.sqrt(guessed * (1 - guessed) / EXPORTS)
    assert share_found(features, counts, prior) <= guessed + 2.6 * error
    # The same attacker finds them by one number that follows the count.
    rng = np.random.default_rng(1)
    leak = rng.normal(counts, 0.3)[:, None] + np.zeros((1, 100))
    assert share_found(np.hstack([features, leak]), counts, prior) > 0.75
