"""The door: what of a force's own export may reach anything public, before any of it is computed.

A public report is computed from protected cells only. Victims are whole numbers that add up to
multiples of five in every group of crew, hour band and injury; groups of fewer
than ten hold 0 or 15 by a draw that no reader can repeat; hours add up to tens. So page, drawing,
download, code and log can tell no more than those numbers, whatever is divided or subtracted. The
rules carry the names that ACRO, OpenSAFELY and the Office for National Statistics give them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.topics.crewing.model.cells import columns_of, two_arms
from officer_assaults.topics.crewing.model.policy_language import POLICIES, named_or_written

if TYPE_CHECKING:
    from officer_assaults.topics.crewing.data.reader import CrewFile

#: Threshold rule: counts below are suppressed (ACRO's example and the ONS ask for ten).
THRESHOLD = 10
#: Rounding rule of OpenSAFELY.
ROUND_TO = 5
#: What a group below the threshold holds instead, where it does not hold 0.
STANDS_FOR_SMALL = 15
HOURS_TO = 10
#: Dominance rule: fewest places behind a policy, and most of its hours that one place may hold.
FEWEST_PLACES = 3
MOST_OF_ONE = 0.5
HOURS = ("unit_hours", "officer_hours", "officer_hours_after_double")
#: Labels whose levels could hold few victims.
LABELS = ("hour_band", "area_type", "call_grade", "weekend", "team", "lpa", "beat", "period_start")
Counts = NDArray[np.int64]


def is_own(file: CrewFile | None) -> bool:
    """Whether a file holds a force's own records, which made-up numbers are not."""
    return file is not None and not file.simulated


def rounded(count: float) -> int:
    """Round a count to the nearest five."""
    return int(ROUND_TO * np.floor(count / ROUND_TO + 0.5))


def protected(file: CrewFile) -> CrewFile:
    """Put protected cells in the place of an export's own; what made them is not kept.

    Parameters
    ----------
    file : CrewFile
        With cells of all crews.

    Returns
    -------
    CrewFile
        Counts whole, of multiples of five in every group; ``rows`` and ``agreement`` rounded.
    """
    cells = protect_cells(file.cells)
    agreement = file.agreement
    if agreement is not None:
        numbers = agreement.select_dtypes("number").columns
        agreement = agreement.assign(**{name: agreement[name].map(rounded) for name in numbers})
    return replace(file, cells=cells, rows=rounded(file.rows), agreement=agreement)


def protect_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Give cells whose every published sum is rounded already.

    Parameters
    ----------
    cells : pandas.DataFrame
        Crew cells.

    Returns
    -------
    pandas.DataFrame
        A copy. ``incidents_assault`` and ``y_after_double`` are left out where a crew has fewer
        than ten of them, or of their complement; so is ``y_control`` where a crew has fewer.
    """
    rng = _draws(cells)
    out = _without_small_parts(cells).reset_index(drop=True)
    groups = _coded(out["crew"], out["hour_band"])
    crew = _coded(out["crew"])
    hours = out["officer_hours"].to_numpy(float)
    y = out["y"].to_numpy(float).astype(np.int64)
    injured = _whole(out, "y_injury")
    if injured is None:
        out["y"] = _rounded_in_groups(y, groups, crew, hours, rng)
    else:
        within = _rounded_in_groups(injured, groups, crew, hours, rng)
        others = _rounded_in_groups(y - injured, groups, crew, hours, rng)
        out["y_injury"], out["y"] = within, within + others
    for name in ("incidents_assault", "y_after_double"):
        part = _whole(out, name)
        if part is not None:
            out[name] = _part_of(part, out["y"].to_numpy(np.int64), crew, hours, rng)
    for name in ("attended", "y_control"):
        part = _whole(out, name)
        if part is not None:
            by = groups if name == "attended" else crew
            out[name] = _rounded_in_groups(part, by, by, hours, rng)
    return _round_hours(out, groups)


def _draws(cells: pd.DataFrame) -> np.random.Generator:
    """Draws fixed by the rows themselves, so that a report repeats itself and nobody else can."""
    rows = pd.util.hash_pandas_object(cells.astype(str), index=False).to_numpy()
    digest = hashlib.sha256(b"protected cells" + rows.tobytes()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _coded(*labels: pd.Series) -> Counts:
    """Give each row the number of its group."""
    joined = labels[0].astype(str)
    for more in labels[1:]:
        joined = joined + "|" + more.astype(str)
    return np.asarray(pd.factorize(joined)[0], dtype=np.int64)


def _whole(cells: pd.DataFrame, name: str) -> Counts | None:
    """Whole numbers of a column; None where it is missing or has gaps."""
    if name not in cells or cells[name].isna().any():
        return None
    return np.asarray(cells[name].to_numpy(float), dtype=np.int64)


def _without_small_parts(cells: pd.DataFrame) -> pd.DataFrame:
    """Leave out columns of which a crew has few, or few that are not."""
    both = two_arms(cells)
    gone = []
    for name in ("incidents_assault", "y_after_double", "y_control"):
        if name not in both or both[name].isna().any():
            continue
        rest = [both[name]] if name == "y_control" else [both[name], both["y"] - both[name]]
        sums = pd.concat([one.groupby(both["crew"].astype(str)).sum() for one in rest])
        if ((sums.abs() > 0) & (sums.abs() < THRESHOLD)).any():
            gone.append(name)
    if "y_after_double" in gone and "officer_hours_after_double" in cells:
        gone.append("officer_hours_after_double")
    return cells.drop(columns=gone)


def _rounded_in_groups(
    counts: Counts, groups: Counts, crew: Counts, hours: Any, rng: Any
) -> Counts:
    """Move single victims in or out of rows until every group holds its target."""
    out = counts.copy()
    for arm in np.unique(crew):
        names = np.unique(groups[crew == arm])
        inside = [(groups == name) & (crew == arm) for name in names]
        targets = _targets(np.array([counts[rows].sum() for rows in inside]), rng)
        for rows, target in zip(inside, targets, strict=True):
            out[rows] = _moved(out[rows], int(target), None, hours[rows], rng)
    return out


def _targets(sums: Counts, rng: Any) -> Counts:
    """Round sums of groups, adding up to the rounded sum of all where the large ones can."""
    if sums.sum() < THRESHOLD:
        return np.zeros_like(sums)
    small = (sums > 0) & (sums < THRESHOLD)
    drawn = rng.random(len(sums)) < sums / STANDS_FOR_SMALL
    targets = np.where(small, np.where(drawn, STANDS_FOR_SMALL, 0), sums // ROUND_TO * ROUND_TO)
    large = np.flatnonzero(sums >= THRESHOLD)
    units = (rounded(float(sums.sum())) - int(targets.sum())) // ROUND_TO
    order = large[np.argsort(-(sums[large] % ROUND_TO), kind="stable")]
    while units and len(order):
        way = 1 if units > 0 else -1
        open_ = [at for at in order if way > 0 or targets[at] > THRESHOLD]
        if not open_:
            break
        for at in open_[: abs(units)]:
            targets[at] += way * ROUND_TO
        units -= way * min(len(open_), abs(units))
    return np.asarray(targets, dtype=np.int64)


def _moved(counts: Counts, target: int, most: Counts | None, hours: Any, rng: Any) -> Counts:
    """Add victims where hours are, or take them where victims are, until the sum is the target."""
    out = counts.copy()
    while (short := target - int(out.sum())) != 0:
        weight = np.asarray(out if short < 0 else hours, dtype=float)
        if short > 0 and most is not None:
            weight = np.where(out < most, most - out, 0).astype(float)
        if weight.sum() <= 0:
            break
        out[rng.choice(len(out), p=weight / weight.sum())] += 1 if short > 0 else -1
    return out


def _part_of(part: Counts, whole: Counts, crew: Counts, hours: Any, rng: Any) -> Counts:
    """Round a part of the victims in each crew, nowhere more than the protected whole."""
    out = np.minimum(part, whole)
    for arm in np.unique(crew):
        rows = crew == arm
        target = min(rounded(float(part[rows].sum())), int(whole[rows].sum()))
        out[rows] = _moved(out[rows], target, whole[rows], hours[rows], rng)
    return out


def _round_hours(cells: pd.DataFrame, groups: Counts) -> pd.DataFrame:
    """Scale the hours of each group to tens; crews keep their officers a unit."""
    hours = cells["officer_hours"].groupby(groups).transform("sum")
    whole = (hours / HOURS_TO).round().clip(lower=1) * HOURS_TO
    factor = (whole / hours.where(hours > 0)).fillna(1.0)
    names = [name for name in HOURS if name in cells]
    return cells.assign(**{name: cells[name] * factor for name in names})


def small_columns(cells: pd.DataFrame) -> frozenset[str]:
    """Labels of which some level has fewer than ten victims, or as few with or without injury.

    Parameters
    ----------
    cells : pandas.DataFrame
        Crew cells as exported.
    """
    both = two_arms(cells)
    counts = [both["y"]]
    if _whole(both, "y_injury") is not None:
        counts += [both["y_injury"], both["y"] - both["y_injury"]]
    found = set()
    for name in LABELS:
        if name not in both:
            continue
        keys = [both["crew"].astype(str), both[name].astype(str)]
        sums = pd.concat([count.groupby(keys).sum() for count in counts])
        if ((sums > 0) & (sums < THRESHOLD)).any():
            found.add(name)
    return frozenset(found | ({"month"} if "period_start" in found else set()))


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
    kept = [name for name in wanted if not _tells(name, rows)]
    if wanted and not kept:
        raise Refusal(
            Problem(
                "E121",
                "every policy moves the hours of few victims or places.",
                "Add all_double, or set audience=internal.",
                column="policies",
            )
        )
    return kept, [name for name in wanted if name not in kept]


def _tells(name: str, rows: pd.DataFrame) -> bool:
    """Whether hours that a policy moves, or leaves, fall under the threshold or dominance rule."""
    from officer_assaults.topics.crewing.model.policy_language import share_single

    policy = named_or_written(name)
    columns = list(policy.columns)
    if not set(columns) <= set(rows.columns) or rows[columns].isna().any().any():
        return False
    moves = np.abs(share_single(policy, rows) - rows["single"].to_numpy()) > 0
    place = "beat" if "beat" in rows else "lpa"
    for arm in (0.0, 1.0):
        of_arm = rows["single"].to_numpy() == arm
        for chosen in (moves & of_arm, ~moves & of_arm):
            part = rows[chosen]
            if len(part) and _is_few(part, place):
                return True
    return False


def _is_few(part: pd.DataFrame, place: str) -> bool:
    hours = part.groupby(part[place].astype(str))["officer_hours"].sum()
    total = float(hours.sum())
    if total == 0:
        return False
    few = part["y"].sum() < THRESHOLD + ROUND_TO
    return bool(few or len(hours) < FEWEST_PLACES or hours.max() > MOST_OF_ONE * total)


def check_names(texts: Mapping[str, str], cells: pd.DataFrame) -> None:
    """Refuse titles, sources and file names that hold the name of a place of the export.

    Parameters
    ----------
    texts : mapping of str to str
    cells : pandas.DataFrame

    Raises
    ------
    Refusal
        E121, one problem a text; the name is never repeated.
    """
    columns = [name for name in ("lpa", "beat") if name in cells]
    names = {_bare(str(name)) for column in columns for name in cells[column].unique()}
    told = {name for name in names if len(name) > 2 and re.search(r"[^\W\d]", name)}
    problems = Problems()
    for field, text in texts.items():
        words = _bare(text)
        close = words.replace(" ", "")
        for name in told:
            apart = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words)
            joined = name.replace(" ", "")
            if apart or (len(joined) >= 5 and joined in close):
                problems.add(
                    "E121",
                    f"'{field}' names a place of the export, and the report is public.",
                    "Say it without the name, or set audience=internal.",
                    column=field,
                )
                break
    problems.raise_if_any()


def _bare(text: str) -> str:
    """Letters and digits in one case, all else a space: dashes and underscores hide names."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", plain).split())


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
            "By construction",
        ),
        ("Policies", f"Threshold; dominance ({FEWEST_PLACES} places or more)", f"Left out: {left}"),
        (
            "Intervals",
            "Degrees of freedom",
            f"{clusters} groups" if enough else "Few groups: look again",
        ),
        ("Model", "Terms adjusted for", f"{terms} terms, their own ratios not shown"),
        ("Titles and file names", "No place named", "Refused otherwise"),
    ]
    return {
        "frame": pd.DataFrame(rows, columns=["Output", "Rule", "Result"]),
        "caption": "Output check: what is public here, by which rule, with which result",
        "without_interval": "A list of checks, not an estimate.",
    }
