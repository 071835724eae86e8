"""What a report of crewing says follows the model that its notebook fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from patsy import ModelDesc

from officer_assaults.refusals import Refusal
from officer_assaults.stats.glm import RateModel
from officer_assaults.topics.crewing.model.cells import (
    OWN_TERMS,
    CrewData,
    check_adjustment,
    columns_of,
)

OUTCOME, EXPOSURE, ARM = "victims", "officer_hours", "single"
_ARM = re.compile(rf"\b{ARM}\b")
LEFT_OUT = "left out of the model"


def follow(data: CrewData, fit: Any) -> tuple[CrewData, tuple[str, ...]]:
    """Adjust for what a fitted model holds, and cluster as it does.

    Parameters
    ----------
    data : CrewData
        With the terms that the notebook began with.
    fit : RateModel or RandomLevel
        Whose formula may hold more terms, or fewer.

    Returns
    -------
    CrewData
        ``data`` itself, where the model is as it was.
    tuple of str
        Terms of the model that ``data`` did not have, those that meet the arm among them.

    Raises
    ------
    Refusal
        E104 or E125 for another exposure or outcome than the report speaks of; E116 for a term
        that follows from the deployment.
    """
    _check_words(fit)
    held = _names(fit.spec.formula.split("~", 1)[1])
    crossed = [name for name in held if ARM in columns_of(name) and name != ARM]
    wanted = [name for name in held if ARM not in columns_of(name)]
    kept = {
        rung: tuple(term for term in terms if set(_names(term)) <= set(wanted))
        for rung, terms in data.rungs.items()
    }
    covered = {name for terms in kept.values() for term in terms for name in _names(term)}
    more = tuple(name for name in wanted if name not in covered)
    check_adjustment([name for term in more for name in columns_of(term)], data.override_reason)
    if more:
        kept[OWN_TERMS] = (*kept.get(OWN_TERMS, ()), *more)
    cluster = fit.spec.cluster or data.cluster
    if kept == dict(data.rungs) and cluster == data.cluster:
        return data, tuple(crossed)
    rungs = {rung: terms for rung, terms in kept.items() if terms}
    terms = tuple(term for terms in rungs.values() for term in terms)
    gone = {term: LEFT_OUT for term in data.terms if term not in terms}
    found = replace(
        data,
        cluster=cluster,
        clusters=int(data.frame[cluster].nunique()),
        terms=terms,
        rungs=MappingProxyType(rungs),
        left_out=MappingProxyType({**data.left_out, **gone}),
    )
    return found, (*more, *crossed)


def without_arm(data: CrewData, own: Sequence[str]) -> CrewData:
    """Hold alike what terms of a model set apart, those that meet the arm taken without it.

    Parameters
    ----------
    data : CrewData
    own : sequence of str
        From :func:`follow`.
    """
    bare = [
        ":".join(_ARM.sub("1", part) for part in name.split(":") if part not in (ARM, f"C({ARM})"))
        for name in own
    ]
    terms = tuple(filter(None, bare))
    return replace(data, terms=terms, rungs=MappingProxyType({OWN_TERMS: terms}))


def is_as_begun(data: CrewData, fit: Any) -> bool:
    """Whether a model that ``data`` follows is the Poisson model of the diagram, by beat."""
    named = _names(fit.spec.formula.split("~", 1)[1])
    edited = (
        OWN_TERMS in data.rungs,
        LEFT_OUT in data.left_out.values(),
        any(ARM in columns_of(name) and name != ARM for name in named),
        not isinstance(fit, RateModel),
        (fit.spec.family, fit.spec.cluster) != ("poisson", "beat"),
    )
    return not any(edited)


def _check_words(fit: Any) -> None:
    outcome = fit.spec.formula.split("~", 1)[0].strip()
    if outcome != OUTCOME:
        what = f"the outcome of the model is '{outcome}', and this page speaks of {OUTCOME}."
        remedy = f"Keep {OUTCOME} on the left; outcome='injury' takes those with injury."
        raise Refusal.of("E125", what, remedy)
    if fit.spec.exposure != EXPOSURE:
        what = f"the exposure of the model is '{fit.spec.exposure}', and this page speaks of hours."
        remedy = f"Keep {EXPOSURE}; hours of your own go into that column of rows."
        raise Refusal.of("E104", what, remedy, column="exposure")


def _names(terms: str) -> list[str]:
    listed = ModelDesc.from_formula(terms).rhs_termlist
    return [term.name() for term in listed if term.factors]
