"""Queries: what a public report may ask of an own export's protected cells, and in which digits.

The rules carry the names that ACRO, OpenSAFELY and the Office for National Statistics give them,
and the numbers of ACRO's example where it has one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.stats.formulas import build_design, check_formula
from officer_assaults.topics.crewing.door import (
    HOURS_TO,
    ROUND_TO,
    STANDS_FOR_SMALL,
    THRESHOLD,
)
from officer_assaults.topics.crewing.model.cells import CrewData, columns_of, two_arms
from officer_assaults.topics.crewing.model.policy_language import POLICIES, named_or_written

#: Fewest places behind a policy or a term, and most of its hours that one place may hold.
FEWEST_PLACES = 3
MOST_OF_ONE = 0.5
#: Dominance rule of ACRO's example (nk rule): most that the two largest may hold together.
MOST_OF_TWO = 0.9
#: p% rule of ACRO's example: what the second largest must leave open about the largest.
LEAST_OPEN = 0.1
#: Degrees of freedom rule of ACRO's example.
FEWEST_DEGREES = 10
#: Significant digits of an estimate; rounding a few hundred victims moves the third.
DIGITS = 3
#: Columns of a design with more values than this are numbers, not labels.
MOST_LEVELS = 12
Told = TypeVar("Told")


def told(value: Told) -> Told:
    """Cut estimates to the digits that rounded counts support, wherever they are held.

    Parameters
    ----------
    value : object
        A number, or dataclasses, tuples, mappings and frames that hold some. Events and exposures
        are sums of protected cells, and are rounded as these are.

    Returns
    -------
    object
        A copy.
    """
    found: Any = value
    if isinstance(value, bool | int | str | CrewData) or value is None:
        return value
    if isinstance(value, float):
        found = _cut(value)
    elif isinstance(value, pd.DataFrame):
        numbers = value.select_dtypes("float").columns
        found = value.assign(**{name: value[name].map(_cut) for name in numbers})
    elif isinstance(value, Mapping):
        found = {key: told(held) for key, held in value.items()}
    elif isinstance(value, tuple):
        cut = [told(held) for held in value]
        found = type(value)(*cut) if hasattr(value, "_fields") else tuple(cut)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.init]
        found = dataclasses.replace(value, **{n: _told_part(n, getattr(value, n)) for n in names})
    result: Told = found
    return result


def _told_part(name: str, value: Any) -> Any:
    if name.startswith("exposure_"):
        return float(HOURS_TO * round(value / HOURS_TO))
    return float(round(value)) if name.startswith("events_") else told(value)


def _cut(value: float) -> float:
    """Cut a number; whole ones are counts, and rounded already."""
    if not math.isfinite(value) or float(value).is_integer():
        return value
    return float(f"{value:.{DIGITS}g}")


def check_terms(formula: str, small: frozenset[str]) -> None:
    """Refuse adjustment terms of a public report whose levels hold few victims.

    Parameters
    ----------
    formula : str
        Terms as an analyst wrote them; empty for those of the diagram.
    small : frozenset of str
        From :func:`small_columns`.

    Raises
    ------
    Refusal
        E121 by the threshold rule.
    """
    named = {name for term in formula.split("+") for name in columns_of(term.strip()) if term}
    problems = Problems()
    for name in sorted(named & small):
        problems.add(
            "E121",
            f"some level of '{name}' holds fewer than {THRESHOLD} victims, and the report is "
            "public (threshold rule).",
            "Leave the term out, or set audience=internal.",
            column="formula",
        )
    problems.raise_if_any()


def check_design(data: CrewData) -> None:
    """Refuse terms of the analyst's own that pick out few victims, or one place, by their values.

    Parameters
    ----------
    data : CrewData
        Prepared from protected cells.

    Raises
    ------
    Refusal
        E121 by the rules on threshold, dominance or degrees of freedom; nothing for the terms of
        the diagram, which no reader chose.
    """
    if data.from_diagram:
        return
    frame = data.frame
    formula = check_formula(f"victims ~ {data.adjustment}", list(frame.columns))
    matrix, _ = build_design(formula, frame)
    design = matrix.to_numpy(float)
    few = any(_picks_out(values, frame) for values in design.T) or _comes_near_few(design, frame)
    problems = Problems()
    if few:
        what = (
            "a term of the formula picks out few victims or places by its values, and the report "
            "is public (threshold and dominance rules)."
        )
        advice = "Take terms that many places share, or set audience=internal."
        problems.add("E121", what, advice, column="formula")
    elif len(frame) - matrix.shape[1] - 1 < FEWEST_DEGREES:
        what = (
            f"the formula leaves fewer than {FEWEST_DEGREES} degrees of freedom, and the report is "
            "public."
        )
        advice = "Take fewer terms, or set audience=internal."
        problems.add("E121", what, advice, column="formula")
    problems.raise_if_any()


def check_rows(data: CrewData, fit: Any) -> None:
    """Refuse a model of other rows than the page tells of: their difference would tell of few.

    Parameters
    ----------
    data : CrewData
        Prepared from protected cells.
    fit : RateModel or RandomLevel
        Fitted in the notebook, where rows can be left out and columns changed.

    Raises
    ------
    Refusal
        E121 by the differencing rule.
    """
    rows = data.rows()
    matrix, _ = build_design(check_formula(fit.spec.formula, list(rows.columns)), rows)
    whole = np.column_stack([rows["victims"], np.log(rows["officer_hours"]), matrix])
    fitted = np.column_stack([fit.rows.y, fit.rows.log_exposure, fit.rows.matrix])
    if whole.shape != fitted.shape or not np.allclose(whole, fitted):
        what = (
            "the model is fitted to other rows or columns than the page tells of, and the report "
            "is public (differencing)."
        )
        remedy = "Fit it to data.rows() as they are, or set audience=internal."
        raise Refusal.of("E121", what, remedy)


def _picks_out(values: NDArray[np.float64], frame: pd.DataFrame) -> bool:
    """Whether rows that a column of a design sets apart are few, or one place sways it."""
    levels = np.unique(values)
    if len(levels) <= MOST_LEVELS:
        sets = [values == level for level in levels]
        return len(levels) > 1 and any(_any_few(rows, frame) for rows in sets)
    place = frame[_place(frame)].astype(str).to_numpy()
    hours = frame["officer_hours"].to_numpy(float)
    spread = hours * (values - np.average(values, weights=hours)) ** 2
    return _any_few(values != 0, frame) or _is_dominated(pd.Series(spread).groupby(place).sum())


def _comes_near_few(design: NDArray[np.float64], frame: pd.DataFrame) -> bool:
    """Whether columns together come near a label of few rows, alike or outermost in one of them.

    Near: they explain as much of that label, weighted by hours, as two places may hold.
    """
    root = np.sqrt(frame["officer_hours"].to_numpy(float))[:, None]
    base = root * np.linalg.qr(root * design)[0]
    for values in design.T:
        levels = np.unique(values, return_inverse=True)[1]
        sums = np.array([np.bincount(levels, one) for one in (*base.T, root[:, 0] ** 2)], float).T
        near = _is_near(sums[:, :-1], sums[:, -1])
        if any(_any_few(levels == level, frame) for level in np.flatnonzero(near)):
            return True
        for order in (np.argsort(levels, kind="stable"), np.argsort(-levels, kind="stable")):
            ends = np.append(np.diff(levels[order]) != 0, False)
            near = _is_near(base[order].cumsum(axis=0), (root[order, 0] ** 2).cumsum())
            if (ends & near & _few_so_far(frame.iloc[order])).any():
                return True
    return False


def _is_near(sums: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((sums**2).sum(axis=1) > MOST_OF_TWO * weight)


def _few_so_far(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether rows down to each hold few victims of a crew that is among them."""
    few = np.zeros(len(rows), dtype=bool)
    for arm in (0, 1):
        of = (rows["single"] == arm).to_numpy()
        few |= (of.cumsum() > 0) & ((rows["y"].to_numpy() * of).cumsum() <= STANDS_FOR_SMALL)
    return few


def _any_few(chosen: NDArray[np.bool_], rows: pd.DataFrame) -> bool:
    """Whether chosen rows of either crew fall under the threshold or dominance rule."""
    single = rows["single"].to_numpy() == 1
    parts = [rows[chosen & arm] for arm in (single, ~single)]
    return any(len(part) > 0 and _is_few(part) for part in parts)


def _place(rows: pd.DataFrame) -> str:
    return "beat" if "beat" in rows else "lpa"


def public_policies(wanted: Sequence[str], cells: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Tell policies that a public report may judge from those that would tell of few.

    Parameters
    ----------
    wanted : sequence of str
        Names of policies.
    cells : pandas.DataFrame
        Protected cells.

    Returns
    -------
    kept, dropped : list of str

    Raises
    ------
    Refusal
        E121 for a policy of the analyst's own: two of them differ by any beat and hour.
    """
    if any(text not in POLICIES for text in wanted):
        raise Refusal(
            Problem(
                "E121",
                "a policy of your own tells the hours that it moves, and the report is public.",
                "Choose among the policies by name, or set audience=internal.",
                column="own_policy",
            )
        )
    both = two_arms(cells)
    rows = both.assign(single=(both["crew"].astype(str) == "single").astype(float))
    open_ = _open_policies(rows)
    kept = [name for name in wanted if name in open_]
    return kept, [name for name in wanted if name not in kept]


def _open_policies(rows: pd.DataFrame) -> set[str]:
    """Policies that may be judged side by side, whichever of them one report asks for.

    Two that part in few hours would give these by their difference, in one report or in two: of
    such a pair the first by the order of :data:`POLICIES` is kept.
    """
    kept: dict[str, NDArray[np.float64] | None] = {}
    for name in POLICIES:
        shares = _shares(name, rows)
        if shares is not None:
            moves = np.abs(shares - rows["single"].to_numpy()) > 0
            apart = [np.abs(shares - other) > 0 for other in kept.values() if other is not None]
            if any(_any_few(chosen, rows) for chosen in (moves, ~moves, *apart)):
                continue
        kept[name] = shares
    return set(kept)


def _shares(name: str, rows: pd.DataFrame) -> NDArray[np.float64] | None:
    """Share single crewed under a policy; None where these cells cannot judge it."""
    from officer_assaults.topics.crewing.model.policy_language import share_single

    policy = named_or_written(name)
    columns = list(policy.columns)
    if not set(columns) <= set(rows.columns) or rows[columns].isna().any().any():
        return None
    try:
        return share_single(policy, rows)
    except Refusal:
        return None


def _is_few(part: pd.DataFrame) -> bool:
    sums = part.groupby(part[_place(part)].astype(str))[["officer_hours", "y"]].sum()
    # What stands for a small count looks like one that is not.
    few = part["y"].sum() <= STANDS_FOR_SMALL
    dominated = _is_dominated(sums["officer_hours"]) or _is_dominated(sums["y"])
    return bool(sums["officer_hours"].sum() > 0 and (few or dominated))


def _is_dominated(amounts: pd.Series) -> bool:
    """Dominance and p% rules: whether one or two places hold so much that it tells of them."""
    largest = np.sort(amounts.to_numpy(float))[::-1]
    total = largest.sum()
    if len(largest) < FEWEST_PLACES or total <= 0:
        return True
    one, two = largest[0], largest[:2].sum()
    return bool(
        one > MOST_OF_ONE * total or two > MOST_OF_TWO * total or total - two < LEAST_OPEN * one
    )


def price() -> str:
    """Say what protecting the cells does to the numbers of a page."""
    return (
        f"So that nobody can be told from a number, victims were rounded to {ROUND_TO} and hours "
        f"to {HOURS_TO} before anything here was computed, and groups of fewer than {THRESHOLD} "
        "victims were replaced. Intervals allow for chance, not for that; an internal report is "
        "computed from the whole records."
    )


def left_out(dropped: Sequence[str]) -> str:
    """Say which policies a public report leaves out, and why."""
    labels = "; ".join(POLICIES[name].label for name in dropped)
    return (
        "Not judged in a public report, since too few victims or places lie behind what they move: "
        f"{labels}."
    )


def form(dropped: Sequence[str], clusters: int, terms: int) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the output-checking form of a public report.

    Parameters
    ----------
    dropped : sequence of str
        Policies that were left out.
    clusters, terms : int
        Groups behind the intervals, and terms of the model.
    """
    enough = clusters > THRESHOLD
    left = "; ".join(POLICIES[name].label for name in dropped) or "none"
    rows = [
        ("Counts in tables and words", "Threshold", f"Below {THRESHOLD}: [c], with what tells it"),
        ("All counts", "Rounding", f"To {ROUND_TO}, before anything was computed"),
        ("All hours", "Rounding", f"To {HOURS_TO} hours in every group"),
        (
            "Ratios, intervals, figures, downloads",
            "Computed from rounded counts",
            f"By construction; {DIGITS} digits, no more in files",
        ),
        (
            "Policies and own terms",
            f"Threshold; dominance ({FEWEST_PLACES} places or more, one at most "
            f"{MOST_OF_ONE:.0%}, two {MOST_OF_TWO:.0%}); p% rule ({LEAST_OPEN:.0%})",
            f"Left out: {left}",
        ),
        (
            "Intervals",
            f"Degrees of freedom ({FEWEST_DEGREES})",
            f"{clusters} groups" if enough else "Few groups: look again",
        ),
        ("Model", "Terms adjusted for", f"{terms} terms, their own ratios not shown"),
        (
            "Other reports of these months",
            "Differencing",
            "The same cells, one formula of one's own at most; another export refused",
        ),
        ("Titles and file names", "No place named", "Refused otherwise"),
    ]
    return {
        "frame": pd.DataFrame(rows, columns=["Output", "Rule", "Result"]),
        "caption": "Output check: what is public here, by which rule, with which result",
        "without_interval": "A list of checks, not an estimate.",
    }
