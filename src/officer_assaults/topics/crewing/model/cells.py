"""Crew cells made ready for models, and the rules on what may be adjusted for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from patsy import DesignInfo

from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats import expressions
from officer_assaults.stats.designs import check_aliases, check_events, check_rank, triangle
from officer_assaults.stats.formulas import build_design, check_formula
from officer_assaults.stats.labels import look_alikes, named

Outcome = Literal["all", "injury"]

REFERENCE_BACKUP = 10.0
HIGH_GRADE = "grade 1"
FEWEST_EVENTS = 50
FEWEST_EVENTS_PER_ARM = 10
FEWEST_CLUSTERS = 8
FEWEST_ROWS = 3
#: Above this, cells are added up to what the model tells apart before it is fitted.
MOST_ROWS = 250_000
REPEATED = "cannot be told apart from the terms before it"
ENOUGH_BEATS = 30

#: Known at deployment: what the causal diagram says must be held equal, in the order of the ladder.
RUNGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Hour band": ("C(hour_band)",),
        "Darkness and weekend": ("dark_share", "weekend", "weekend:night"),
        "Kind of area and back-up": ("C(area_type)", "backup_c"),
        "Month, team and staffing": (
            "C(month)",
            "C(team)",
            "staffing",
            "taser_share",
            "new_officer_share",
        ),
        "Call grade and markers": ("grade1_share", "marker_share"),
    }
)
#: The one rung of terms that an analyst gives.
OWN_TERMS = "Terms as given"
#: Without any of these, crews are not compared at like calls.
CALL_RISK = ("grade1_share", "marker_share", "call_grade")
#: Labels that stand for one place or team each.
PLACES = ("lpa", "beat", "team")
#: Stands for the place where no kind of area is recorded.
PLACE = "C(lpa)"

#: Happens after the crew was sent, so adjusting for it hides or invents a difference.
POST_TREATMENT: Mapping[str, str] = MappingProxyType(
    {
        "arrested": "an arrest follows from how the crew acts",
        "arrests": "arrests follow from how the crew acts",
        "force_used": "force is used in answer to what happens",
        "backup_sent": "back-up is sent in answer to what happens",
        "backup_arrived_min": "back-up arrives in answer to what happens",
        "injury_grade": "an injury is part of the outcome",
        "y": "it is the outcome",
        "y_injury": "an injury is part of the outcome",
        "y_after_double": "it is part of the outcome",
        "incidents_assault": "it is part of the outcome",
        "officers_on_scene": "officers gather once trouble begins",
        "officers_on_scene_at_assault": "officers gather once trouble begins",
        "attended": "a double crew may take on more calls",
        "calls_attended": "a double crew may take on more calls",
        "stops": "a double crew may stop more people",
        "crime_ref_present": "it is how the assault was recorded",
        "hs_form_present": "it is how the assault was recorded",
        "outcome_code": "it follows the assault",
    }
)


@dataclass(frozen=True, slots=True)
class CrewData(Shown):
    """Crew cells ready for models.

    Attributes
    ----------
    frame : pandas.DataFrame
        Single- and double-crewed cells with ``single`` (1.0 or 0.0), ``backup_c`` (planned back-up
        in minutes above 10), ``night`` (1.0 in the night band), ``month``, and ``victims``, the
        outcome of the analysis.
    cluster : str
        Column whose values group cells that share unrecorded conditions.
    clusters : int
    multi_hours, multi_victims : float, int
        Officer-hours and victims of crews of three or more, left out of every comparison.
    terms : tuple of str
        Adjustment terms, in the order of the ladder.
    rungs : mapping of str to tuple of str
        The same by rung; rungs without a term are absent.
    left_out : mapping of str to str
        Terms that could not be used, and why.
    override_reason : str
        Why a variable of :data:`POST_TREATMENT` is adjusted for; empty as a rule.
    """

    frame: pd.DataFrame
    cluster: str
    clusters: int
    multi_hours: float
    multi_victims: int
    terms: tuple[str, ...]
    rungs: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]
    override_reason: str = ""

    @property
    def groups(self) -> NDArray[np.intp]:
        """Cluster of each row, numbered from 0."""
        return np.asarray(pd.factorize(self.frame[self.cluster])[0])

    @property
    def holds_risk_alike(self) -> bool:
        """Whether crews are compared at like calls: without that no ratio is one of like work."""
        return any(name in CALL_RISK for term in self.terms for name in columns_of(term))

    @property
    def from_diagram(self) -> bool:
        """Whether the terms are those of the causal diagram, not an analyst's own."""
        return OWN_TERMS not in self.rungs

    @property
    def adjustment(self) -> str:
        """Terms to hold alike, as they stand in a formula."""
        return " + ".join(self.terms) or "1"

    @property
    def errors_by(self) -> str | None:
        """Column to cluster errors by; None with fewer than eight clusters, too few for that."""
        return self.cluster if self.clusters >= FEWEST_CLUSTERS else None

    def rows(self) -> pd.DataFrame:
        """Rows to fit a model to: the cells, or sums over like cells where there are very many.

        Sums by cluster and pattern give a Poisson model, its offset and its clustered errors the
        same answer.
        """
        if len(self.frame) <= MOST_ROWS:
            return self.frame
        named = [name for term in self.terms for name in columns_of(term) if name in self.frame]
        keys = [self.cluster, "single", "night", *named]
        return pool(self.frame, keys, ["victims", "officer_hours"])

    def has(self, column: str) -> bool:
        """Whether a column is there and filled in."""
        return column in self.frame and bool(self.frame[column].notna().all())


def prepare(
    cells: pd.DataFrame,
    *,
    outcome: Outcome = "all",
    formula: str = "",
    cluster: str = "auto",
    override_reason: str = "",
) -> CrewData:
    """Make crew cells ready for models, with an adjustment set fixed before any fit.

    Parameters
    ----------
    cells : pandas.DataFrame
        Crew cells as :mod:`officer_assaults.topics.crewing.data` reads them.
    outcome : {"all", "injury"}
        Recorded victims, or those with injury.
    formula : str
        Terms to adjust for, joined by ``+``, instead of those of the causal diagram.
    cluster : str
        Column of clusters; ``"auto"`` takes beats where there are 30 or more, else local policing
        areas.
    override_reason : str
        Allows a variable of :data:`POST_TREATMENT` in ``formula``; printed in the report.

    Raises
    ------
    Refusal
        E114 too few events, E116 adjustment for what comes after deployment, E122 an arm without
        hours or events, E125 a formula outside the grammar.
    """
    frame, multi = _arms(cells, outcome)
    check_enough(frame)
    group = _cluster(frame, cluster)
    check_labels(frame, dict.fromkeys([group, *PLACES]))
    if formula:
        terms = _own_terms(frame, formula, override_reason)
        rungs: dict[str, tuple[str, ...]] = {OWN_TERMS: terms}
        left_out: dict[str, str] = {}
    else:
        rungs, left_out = _diagram_terms(frame)
        terms = tuple(term for rung in rungs.values() for term in rung)
    return CrewData(
        frame=frame,
        cluster=group,
        clusters=int(frame[group].nunique()),
        multi_hours=float(multi["officer_hours"].sum()),
        multi_victims=int(multi["y"].sum()),
        terms=terms,
        rungs=MappingProxyType(rungs),
        left_out=MappingProxyType(left_out),
        override_reason=override_reason,
    )


def two_arms(cells: pd.DataFrame) -> pd.DataFrame:
    """Rows of single and double crews: the hours that every crewing report speaks of.

    Parameters
    ----------
    cells : pandas.DataFrame
        Crew cells; larger crews are left out, so that no two reports differ by them.
    """
    larger = cells["crew"] == "multi"
    kept = cells[~larger] if larger.any() else cells
    return kept.reset_index(drop=True)


def _arms(cells: pd.DataFrame, outcome: Outcome) -> tuple[pd.DataFrame, pd.DataFrame]:
    counted = "y" if outcome == "all" else "y_injury"
    if counted not in cells or cells[counted].isna().any():
        raise Refusal(
            Problem("E114", f"'{counted}' is not filled in.", "Choose outcome=all.", column=counted)
        )
    multi, kept = cells[cells["crew"] == "multi"], two_arms(cells)
    added: dict[str, Any] = {
        "single": (kept["crew"] == "single").astype(float),
        "victims": kept[counted].astype(float),
        "night": (kept["hour_band"] == "night").astype(float),
        "month": _months(kept["period_start"]),
    }
    if "call_grade" in kept and ("grade1_share" not in kept or kept["grade1_share"].isna().all()):
        added["grade1_share"] = (kept["call_grade"].astype(str) == HIGH_GRADE).astype(float)
    if "backup_min" in kept and kept["backup_min"].notna().all():
        added["backup_c"] = kept["backup_min"].astype(float) - REFERENCE_BACKUP
    return categorised(kept.assign(**added)), multi


def _months(starts: pd.Series) -> pd.Categorical:
    """Months as categories, each written once."""
    codes, days = pd.factorize(pd.to_datetime(starts), sort=True)
    numbers, months = pd.factorize(pd.DatetimeIndex(days).strftime("%Y-%m"), sort=True)
    codes = np.where(codes < 0, -1, numbers[codes] if len(numbers) else -1)
    return pd.Categorical.from_codes(codes, categories=months)


def categorised(frame: pd.DataFrame) -> pd.DataFrame:
    """Text columns as categories that occur: patsy reads those many times faster."""
    words = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    words = [name for name in words if not pd.api.types.is_datetime64_any_dtype(frame[name])]
    return frame.assign(
        **{name: frame[name].astype("category").cat.remove_unused_categories() for name in words}
    )


def check_enough(frame: pd.DataFrame) -> None:
    """Refuse cells that hold too few victims for any ratio.

    Raises
    ------
    Refusal
        E122 if an arm has no hours; E114 if there are fewer than 50 victims, fewer than 10 in an
        arm, or fewer than three rows.
    """
    problems = Problems()
    for name, value in (("single", 1.0), ("double", 0.0)):
        arm = frame.loc[frame["single"] == value, "victims"]
        if arm.empty:
            problems.add(
                "E122",
                f"there are no {name}-crewed hours.",
                "A comparison needs hours of both crews.",
                column="crew",
            )
        elif arm.sum() < FEWEST_EVENTS_PER_ARM:
            problems.add(
                "E114",
                f"fewer than {FEWEST_EVENTS_PER_ARM} recorded victims in {name} crews.",
                "Ask for a longer period.",
            )
    if len(frame) < FEWEST_ROWS:
        problems.add(
            "E114",
            f"{len(frame)} rows of single and double crews; {FEWEST_ROWS} are needed.",
            "Ask for rows by area, month and hour band.",
        )
    if frame["victims"].sum() < FEWEST_EVENTS:
        problems.add(
            "E114",
            f"fewer than {FEWEST_EVENTS} recorded victims in all.",
            "Ask for a longer period.",
        )
    problems.raise_if_any()


def check_labels(frame: pd.DataFrame, columns: Iterable[str]) -> None:
    """Refuse labels of one place, team or month that are written in two ways.

    Raises
    ------
    Refusal
        E125, naming the labels of each column.
    """
    problems = Problems()
    for name in columns:
        if name in frame and (alike := look_alikes(map(str, frame[name].unique()))):
            what = f"'{name}' holds labels that read as one: {named(alike)}."
            problems.add("E125", what, "Write each the same way in every row.", column=name)
    problems.raise_if_any()


def _cluster(frame: pd.DataFrame, wanted: str) -> str:
    if wanted == "auto":
        beats = frame["beat"].nunique() if "beat" in frame else 0
        return "beat" if beats >= ENOUGH_BEATS else "lpa"
    if wanted not in frame:
        raise Refusal(
            Problem(
                "E114",
                f"there is no column '{wanted}' to cluster by.",
                "Choose auto, beat or lpa.",
                column="cluster",
            )
        )
    return wanted


def check_adjustment(columns: Iterable[str], override_reason: str = "") -> None:
    """Refuse variables that come after deployment.

    Parameters
    ----------
    columns : iterable of str
        Columns to adjust for.
    override_reason : str
        A reason lets them pass; it is the caller's duty to print it.

    Raises
    ------
    Refusal
        E116, one problem per variable.
    """
    if override_reason.strip():
        return
    problems = Problems()
    for name in columns:
        if name in POST_TREATMENT:
            problems.add(
                "E116",
                f"'{name}' comes after the crew was sent: {POST_TREATMENT[name]}.",
                "Leave it out, or give override_reason, which the report prints.",
                column=name,
            )
    problems.raise_if_any()


def _own_terms(frame: pd.DataFrame, formula: str, override_reason: str) -> tuple[str, ...]:
    # What comes after deployment is refused by name, whether or not the cells carry it.
    formula = expressions.normal(formula)
    check_adjustment(
        [word for word in POST_TREATMENT if re.search(rf"(?i)\b(?:x_)?{word}\b", formula)],
        override_reason,
    )
    parsed = check_formula(f"victims ~ {formula}", list(frame.columns))
    if "single" in parsed.columns or "crew" in parsed.columns:
        raise Refusal(
            Problem("E125", "the formula names the crew itself.", "Give adjustment terms only.")
        )
    matrix, _ = build_design(
        check_formula(f"victims ~ single + {formula}", [*frame.columns]), frame
    )
    check_rank(matrix.to_numpy(), list(matrix.columns))
    check_events(matrix.to_numpy(), frame["victims"].to_numpy(), list(matrix.columns))
    return (formula,)


def _diagram_terms(frame: pd.DataFrame) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Terms of the diagram that these cells can carry, by rung, and why the others cannot."""
    wanted = {rung: list(terms) for rung, terms in RUNGS.items()}
    if "area_type" not in frame:
        wanted["Kind of area and back-up"][0] = PLACE
    usable, left_out = usable_terms(frame, [term for terms in wanted.values() for term in terms])
    kept = {rung: tuple(term for term in terms if term in usable) for rung, terms in wanted.items()}
    return {rung: terms for rung, terms in kept.items() if terms}, left_out


def usable_terms(
    frame: pd.DataFrame, candidates: Iterable[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Terms that these cells can carry beside ``single``, and why the others cannot.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``single`` and ``victims``.
    candidates : iterable of str
        Terms, each beside those before it that can be carried.
    """
    reasons = {term: _says_nothing(frame, term) for term in candidates}
    telling = [term for term, reason in reasons.items() if not reason]
    reasons |= _reasons_at_once(frame, telling) or _reasons_in_turn(frame, telling)
    usable = tuple(term for term, reason in reasons.items() if not reason)
    return usable, {term: reason for term, reason in reasons.items() if reason}


def _says_nothing(frame: pd.DataFrame, term: str) -> str:
    for name in columns_of(term):
        if name not in frame or frame[name].isna().all():
            return "not in the file"
        if frame[name].nunique() < 2:
            return "the same in every row"
    return ""


def _reasons_at_once(frame: pd.DataFrame, terms: list[str]) -> dict[str, str] | None:
    """Why each term cannot be carried, from the design of all; None where that does not tell."""
    used = ["single", *(name for term in terms for name in columns_of(term))]
    if frame[used].isna().any(axis=None):
        return None
    try:
        victims, matrix, info = _design(frame, terms)
    except Refusal:
        return None
    places = info.term_name_slices
    if not set(terms) <= set(places) or not _coded_alone(info):
        return None
    x, names = matrix.to_numpy(), np.array(matrix.columns)
    told_by = triangle(x)
    kept = np.r_[places["Intercept"], places["single"]]
    reasons = dict.fromkeys(terms, REPEATED)
    for term in terms:
        columns = np.r_[kept, places[term]]
        if _passes(check_aliases, told_by[:, columns], list(names[columns])):
            kept, reasons[term] = columns, ""
    if REPEATED in reasons.values():
        x, names = x[:, kept], names[kept]
    return reasons if _passes(check_events, x, victims, list(names)) else None


def _coded_alone(info: DesignInfo) -> bool:
    """Whether no column of a design depends on which other terms stand in it."""
    return not any(
        len(term.factors) > 1
        and any(info.factor_infos[factor].type == "categorical" for factor in term.factors)
        for term in info.terms
    )


def _reasons_in_turn(frame: pd.DataFrame, terms: list[str]) -> dict[str, str]:
    kept: list[str] = []
    reasons = {}
    for term in terms:
        reasons[term] = _why_not(frame, [*kept, term])
        if not reasons[term]:
            kept.append(term)
    return reasons


def _why_not(frame: pd.DataFrame, terms: list[str]) -> str:
    """Why the last of these terms cannot be carried beside those before it."""
    victims, matrix, _ = _design(frame, terms)
    if not _passes(check_aliases, matrix.to_numpy(), list(matrix.columns)):
        return REPEATED
    if not _passes(check_events, matrix.to_numpy(), victims, list(matrix.columns)):
        return "a level holds no recorded victim"
    return ""


def _design(
    frame: pd.DataFrame, terms: list[str]
) -> tuple[NDArray[np.float64], pd.DataFrame, DesignInfo]:
    """Victims and design of ``single`` and these terms, rows that agree added up."""
    formula = check_formula(f"victims ~ {' + '.join(['single', *terms])}", [*frame.columns])
    pooled = pool(frame, formula.columns, ["victims"])
    return pooled["victims"].to_numpy(float), *build_design(formula, pooled)


def _passes(check: Callable[..., None], *arguments: object) -> bool:
    try:
        check(*arguments)
    except Refusal:
        return False
    return True


def pool(frame: pd.DataFrame, keys: Iterable[str], sums: Iterable[str]) -> pd.DataFrame:
    """Add up rows that agree in every key: for Poisson models an exact saving of rows.

    Parameters
    ----------
    frame : pandas.DataFrame
    keys : iterable of str
        Columns whose combinations are kept apart.
    sums : iterable of str
        Counts and exposures to add up.
    """
    by = list(dict.fromkeys(keys))
    unlike = len(frame) > MOST_ROWS and not frame.duplicated(by).any()
    if unlike and not frame[by].isna().any(axis=None):
        # Nothing to add up: the same columns, not copied.
        held = {name: frame[name].array for name in [*by, *sums]}
        return pd.DataFrame(held, copy=False)
    return frame.groupby(by, observed=True, sort=False, as_index=False)[list(sums)].sum()


def as_words(column: pd.Series) -> NDArray[np.object_]:
    """Texts of a column; of categories each is written once."""
    if isinstance(column.dtype, pd.CategoricalDtype) and not column.isna().any():
        names = np.array([str(name) for name in column.cat.categories], dtype=object)
        return np.asarray(names[column.cat.codes.to_numpy()])
    return np.asarray(column.astype(str).to_numpy(object))


def columns_of(term: str) -> list[str]:
    """Columns that a term names: ``"C(area_type)"`` names ``area_type``."""
    inside = re.sub(r"\b[A-Za-z]+\(", "(", term)
    return re.findall(r"[A-Za-z_][A-Za-z_0-9]*", inside)
