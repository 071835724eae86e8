"""The door: what of a force's own export may reach anything public, before any of it is computed.

A public report is computed from protected cells only. Victims are whole numbers that add up to
multiples of five in every group of crew, hour band and injury; groups of fewer
than ten hold 0 or 15 by a draw that no reader can repeat; hours add up to tens. So page, drawing,
download, code and log can tell no more than those numbers, whatever is divided or subtracted. What
a page may ask of these cells is in :mod:`officer_assaults.topics.crewing.queries`.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.refusals import Problems
from officer_assaults.topics.crewing.model.cells import two_arms

if TYPE_CHECKING:
    from officer_assaults.topics.crewing.data.reader import CrewFile

#: Threshold rule: counts below are suppressed (ACRO's example and the ONS ask for ten).
THRESHOLD = 10
#: Rounding rule of OpenSAFELY.
ROUND_TO = 5
#: What a group below the threshold holds instead, where it does not hold 0.
STANDS_FOR_SMALL = 15
HOURS_TO = 10
ROWS_AT_ONCE = 50_000
#: A count is found where a reader comes within a fifth of it.
NEAR = 0.2
AFTER = "officer_hours_after_double"
HOURS = ("unit_hours", "officer_hours", AFTER)
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
        Counts whole, of multiples of five in every group; ``rows`` and ``agreement`` rounded, or
        no agreement where few crews were booked on otherwise than planned.
    """
    cells = protect_cells(file.cells)
    rows = rounded(file.rows)
    # A checksum, of protected cells too, would let anybody who has the other rows try out what the
    # small counts are.
    release = replace(file.release, rows=rows, sha256=mark(cells, rows))
    agreement = file.agreement
    if agreement is not None:
        counts = agreement.to_numpy(float)
        few = ((counts > 0) & (counts < THRESHOLD)).any()
        agreement = None if few else agreement.map(rounded)
    return replace(file, cells=cells, rows=rows, agreement=agreement, release=release)


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
    keys = _row_keys(cells)
    # In an order of their own: the same rows in another order give the same protected cells.
    order = np.argsort(keys, kind="stable")
    rng = np.random.default_rng(int(_digest_of(keys)[:32], 16))
    out = _without_small_parts(cells).iloc[order].reset_index(drop=True)
    out = _round_hours(_protect_counts(out, rng))
    return out.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)


def mark(cells: pd.DataFrame, rows: int) -> str:
    """Hash what a page tells of an export in any case: force, months and rounded rows.

    Parameters
    ----------
    cells : pandas.DataFrame
    rows : int
    """
    starts = pd.to_datetime(cells["period_start"])
    told = (str(cells["force"].iloc[0]), f"{starts.min():%Y-%m}", f"{starts.max():%Y-%m}", rows)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def digest(cells: pd.DataFrame) -> str:
    """Hash rows, whatever their order: the same rows are the same export.

    Parameters
    ----------
    cells : pandas.DataFrame
    """
    return _digest_of(_row_keys(cells))


def _digest_of(keys: NDArray[np.uint64]) -> str:
    return hashlib.sha256(b"protected cells" + np.sort(keys).tobytes()).hexdigest()


def _row_keys(cells: pd.DataFrame) -> NDArray[np.uint64]:
    sorted_ = cells[sorted(cells.columns)]
    keys = np.empty(len(cells), dtype=np.uint64)
    for at in range(0, len(cells), ROWS_AT_ONCE):  # As text, a row takes a kilobyte.
        text = sorted_.iloc[at : at + ROWS_AT_ONCE].astype(str)
        keys[at : at + ROWS_AT_ONCE] = pd.util.hash_pandas_object(text, index=False)
    return keys


def _protect_counts(out: pd.DataFrame, rng: Any) -> pd.DataFrame:
    groups = _coded(out["crew"], out["hour_band"])
    crew = _coded(out["crew"])
    hours = out["officer_hours"].to_numpy(float)
    y = out["y"].to_numpy(float).astype(np.int64)
    injured = _whole(out, "y_injury")
    if injured is None:
        (whole,) = _rounded_parts([y], out, rng)
        out = out.assign(y=whole)
    else:
        within, others = _rounded_parts([injured, y - injured], out, rng)
        out = out.assign(y_injury=within, y=within + others)
    for name in ("incidents_assault", "y_after_double"):
        part = _whole(out, name)
        if part is not None:
            out[name] = _part_of(part, out["y"].to_numpy(np.int64), crew, hours, rng)
    for name in ("attended", "y_control"):
        part = _whole(out, name)
        if part is not None:
            by = groups if name == "attended" else crew
            out[name] = _rounded_in_groups(part, by, by, hours, rng)
    return out


def _rounded_parts(parts: Sequence[Counts], cells: pd.DataFrame, rng: Any) -> list[Counts]:
    """Round parts of the victims, no sum of which gives larger crews back from a known total.

    Official tables hold the exact total of a force. What the page shows of single and double crews,
    taken from it, leaves the few victims of larger crews and what rounding added.
    """
    groups, crew = _coded(cells["crew"], cells["hour_band"]), _coded(cells["crew"])
    hours = cells["officer_hours"].to_numpy(float)
    larger = (cells["crew"].astype(str) == "multi").to_numpy()
    out: list[Counts] = []
    left = np.bincount(crew, weights=sum(parts))
    for part in parts:
        # The last part makes up for the others, so that the victims of a crew are right to five.
        last = len(out) == len(parts) - 1
        out.append(_rounded_in_groups(part, groups, crew, hours, rng, left if last else None))
        left = left - np.bincount(crew, weights=out[-1])
    few = [int(part[larger].sum()) for part in parts]
    off = [
        int(part[~larger].sum() - now[~larger].sum()) for part, now in zip(parts, out, strict=True)
    ]
    moves = _moves_apart(few, off)
    return [
        _one_group_moved(now, by, np.where(larger, -1, groups), hours, rng)
        for now, by in zip(out, moves, strict=True)
    ]


def _moves_apart(few: Sequence[int], off: Sequence[int]) -> tuple[int, ...]:
    """Fives to add to parts, so that no known total less what is shown comes near a small count."""
    choices = itertools.product((0, ROUND_TO, -ROUND_TO), repeat=len(few))
    for moves in sorted(choices, key=lambda one: sum(map(abs, one))):
        left = [error - move for error, move in zip(off, moves, strict=True)]
        pairs = [*zip(few, left, strict=True), (sum(few), sum(left))]
        if not any(0 < count < THRESHOLD and abs(rest) <= NEAR * count for count, rest in pairs):
            return moves
    return (0,) * len(few)


def _one_group_moved(counts: Counts, by: int, groups: Counts, hours: Any, rng: Any) -> Counts:
    """Add to the largest group, or take from it."""
    sums = np.bincount(groups[groups >= 0], weights=counts[groups >= 0])
    if by == 0 or sums.max(initial=0) < THRESHOLD + ROUND_TO:
        return counts
    out, rows = counts.copy(), groups == int(sums.argmax())
    out[rows] = _moved(out[rows], int(sums.max()) + by, None, hours[rows], rng)
    return out


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
    counts: Counts, groups: Counts, crew: Counts, hours: Any, rng: Any, totals: Any = None
) -> Counts:
    """Move single victims in or out of rows until every group holds its target.

    ``totals`` of crews are what the groups should add up to, by default what they do.
    """
    out = counts.copy()
    for arm in np.unique(crew):
        names = np.unique(groups[crew == arm])
        inside = [(groups == name) & (crew == arm) for name in names]
        total = counts[crew == arm].sum() if totals is None else totals[arm]
        targets = _targets(np.array([counts[rows].sum() for rows in inside]), rng, float(total))
        for rows, target in zip(inside, targets, strict=True):
            out[rows] = _moved(out[rows], int(target), None, hours[rows], rng)
    return out


def _targets(sums: Counts, rng: Any, total: float) -> Counts:
    """Round sums of groups, adding up to a rounded total where the large ones can."""
    if sums.sum() < THRESHOLD:
        return np.zeros_like(sums)
    small = (sums > 0) & (sums < THRESHOLD)
    # Drawn together (systematic sampling): each as likely as its count, as many as their sum.
    steps = np.floor(np.cumsum(np.where(small, sums, 0)) / STANDS_FOR_SMALL + rng.random())
    drawn = np.diff(steps, prepend=0.0) > 0
    targets = np.where(small, np.where(drawn, STANDS_FOR_SMALL, 0), sums // ROUND_TO * ROUND_TO)
    large = np.flatnonzero(sums >= THRESHOLD)
    units = (rounded(total) - int(targets.sum())) // ROUND_TO
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


def _round_hours(cells: pd.DataFrame) -> pd.DataFrame:
    """Scale the hours of each group to tens; crews keep their officers a unit."""
    groups = _coded(cells["crew"], cells["hour_band"])
    hours = cells["officer_hours"].groupby(groups).transform("sum")
    whole = (hours / HOURS_TO).round().clip(lower=1) * HOURS_TO
    factor = (whole / hours.where(hours > 0)).fillna(1.0)
    names = [name for name in HOURS if name in cells]
    scaled = cells.assign(**{name: cells[name] * factor for name in names})
    if AFTER not in scaled or scaled[AFTER].isna().any():
        return scaled
    # Down, so that no row has more hours after a double crew than it has hours.
    after = scaled[AFTER].groupby(_coded(cells["crew"])).transform("sum")
    down = (after // HOURS_TO * HOURS_TO / after.where(after > 0)).fillna(1.0)
    return scaled.assign(**{AFTER: scaled[AFTER] * down})


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
            # Of tens of thousands of names few stand in the text: no pattern for the others.
            apart = name in words and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words)
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
