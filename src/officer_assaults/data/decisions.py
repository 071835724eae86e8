"""Decisions: which recording breaks are open after a new release, and how they are decided."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pandas as pd

from officer_assaults import files, paths
from officer_assaults.data import breaks, forces, readers, recorded, releases, schemas, tables
from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.refusals import Problems, Refusal

TABLE = "recording-breaks"
CODES = (NO_INJURY, INJURY)
#: A decision is asked for again when its quarters moved by more than this share together ...
SHARE = 0.05
#: ... or one of them by more than this share and this many offences.
QUARTER_SHARE, QUARTER_COUNT = 0.25, 10
#: Proposed quarters of one series that follow each other within this many days are one run.
RUN_DAYS = 100
OPEN = ["force", "offence_code", "decided_on", "why"]


def open_questions(release: str = "auto") -> pd.DataFrame:
    """Series of a release that wait for a decision.

    A decision waits where the figures it was made on have changed since; a series without one
    waits where two or more quarters running, or a stop, are proposed that the release before did
    not show.

    Parameters
    ----------
    release : str
        A full release; ``"auto"`` is the one that leads.

    Returns
    -------
    pandas.DataFrame
        force, offence_code, decided_on (release of the decision; empty where there is none), why.
    """
    name = recorded.newest() if release == "auto" else release
    held = tuple(
        tables.fingerprint(f"{recorded.FOLDER}/{each}") for each in releases.held(recorded.FOLDER)
    )
    return _open(name, (*held, tables.fingerprint(TABLE))).copy()


def open_series(release: str = "auto") -> tuple[str, ...]:
    """Name the series that wait for a decision, in words: "Dorset, code 104"."""
    asked = open_questions(release)
    names = forces.names()
    pairs = zip(asked["force"], asked["offence_code"], strict=True)
    return tuple(dict.fromkeys(f"{names[force]}, code {code}" for force, code in pairs))


def waiting(release: str = "auto") -> tuple[str, ...]:
    """Sentence on every series that waits for a decision; none where all is decided."""
    series = open_series(release)
    if not series:
        return ()
    return (
        f"Recording breaks that wait for a decision in this release: {'; '.join(series)}. Figures "
        "and places of these forces may change with it.",
    )


@lru_cache(maxsize=8)
def _open(name: str, content: tuple[object, ...]) -> pd.DataFrame:
    del content  # part of the cache key
    rows = [*_changed(name), *_proposed(name)]
    return pd.DataFrame(rows, columns=OPEN).sort_values(OPEN[:2], ignore_index=True)


def _changed(name: str) -> list[dict[str, str]]:
    decided = breaks.decided(name)
    decided = decided[decided["offence_code"].isin(CODES) & (decided["release"] < name)]
    found = []
    for (force, code, made), rows in decided.groupby(["force", "offence_code", "release"]):
        if made not in recorded.full_vintages():
            continue
        old, new = (_series(str(force), str(code), each, rows) for each in (str(made), name))
        both = pd.concat([old, new], axis=1, keys=["old", "new"]).dropna()
        moved = (both["new"] - both["old"]).abs()
        base = both["old"].abs().clip(lower=1)
        far = (moved > QUARTER_COUNT) & (moved / base > QUARTER_SHARE)
        if (moved.sum() > SHARE * base.sum() and moved.sum() > QUARTER_COUNT) or far.any():
            shown = both[moved > 0].tail(8)
            was, now = (", ".join(f"{n:.0f}" for n in shown[each]) for each in ("old", "new"))
            day = shown.index[0]
            found.append(
                {
                    "force": str(force),
                    "offence_code": str(code),
                    "decided_on": str(made),
                    "why": f"Quarters from {day:%B %Y} on were {was} and are {now}.",
                }
            )
    return found


def _series(force: str, code: str, release: str, rows: pd.DataFrame) -> pd.Series[Any]:
    """Quarters that decisions are about, with the year before the first and after the last."""
    frame = recorded.quarterly(release)
    mine = frame[(frame["force"] == force) & (frame["offence_code"] == code)]
    first = rows["from"].min() - pd.DateOffset(years=1)
    ends = rows["to"].where(rows["kind"] == "gap", rows["from"])
    last = pd.Timestamp.max if ends.isna().any() else ends.max() + pd.DateOffset(years=1)
    mine = mine[mine["quarter_start"].between(first, last)]
    series: pd.Series[Any] = mine.set_index("quarter_start")["offences"]
    return series


def _proposed(name: str) -> list[dict[str, str]]:
    frame = _undecided(name)
    before = releases.previous(recorded.FOLDER, name)
    key = ["force", "offence_code", "quarter_start"]
    if before:
        known = _undecided(before)[key]
        frame = frame.merge(known, how="left", on=key, indicator=True)
        frame = frame[frame["_merge"] == "left_only"]
    found = []
    for (force, code), rows in frame.groupby(["force", "offence_code"]):
        days = rows["quarter_start"].sort_values().diff().dt.days
        if not (days < RUN_DAYS).any() and "stopped" not in set(rows["rule"]):
            continue
        said = "; ".join(
            f"{row['quarter_start']:%B %Y} {row['offences']}, expected {row['expected']:.0f}"
            for row in rows.to_dict("records")
        )
        why = f"Proposed as broken: {said}."
        found.append({"force": str(force), "offence_code": str(code), "decided_on": "", "why": why})
    return found


def _undecided(name: str) -> pd.DataFrame:
    frame = recorded.quarterly(name)
    found = breaks.proposals(frame[frame["offence_code"].isin(CODES)])
    return found[found["decision"] == "kept"].reset_index(drop=True)


def confirm(force: str, code: str, reason: str, release: str = "auto") -> None:
    """Let the decisions on a series stand for a release, with the reason.

    Raises
    ------
    Refusal
        E107 if there is none; E124 without a reason, or where ``data/`` cannot be written.
    """
    name = recorded.newest() if release == "auto" else release
    slug = forces.resolve(force).slug
    rows = breaks.decided(name)
    rows = rows[(rows["force"] == slug) & (rows["offence_code"] == code)]
    if rows.empty:
        what = f"there is no decision on code {code} of {forces.names()[slug]} to let stand."
        raise Refusal.of("E107", what, "Decide it: leave-out, flag or keep.", column="decision")
    _check_reason(reason)
    known = rows["how_known"].astype("str") + f"; confirmed on {name}: {reason}"
    _add(rows.assign(release=name, how_known=known))


def decide(
    force: str,
    code: str,
    start: str,
    end: str,
    kind: str,
    decision: str,
    what: str,
    reason: str,
    release: str = "auto",
) -> None:
    """Decide a series anew for a release; earlier decisions on it hold for older releases only.

    Parameters
    ----------
    force, code : str
        Series.
    start, end : str
        First and last day concerned, as 2019-01-01; an empty end lasts.
    kind : {"gap", "step"}
        As in :func:`breaks.decided`.
    decision : {"leave-out", "flag", "keep"}
        What to do with it.
    what, reason : str
        What happened to the counts, and how it is known.
    release : str
        Release that the decision is made on.

    Raises
    ------
    Refusal
        With every problem of the row; E124 where ``data/`` cannot be written.
    """
    _check_reason(reason)
    row = {
        "force": forces.resolve(force).slug,
        "offence_code": code,
        "from": start,
        "to": end,
        "kind": kind,
        "decision": decision,
        "release": recorded.newest() if release == "auto" else release,
        "what": what,
        "how_known": reason,
        "why_not_proposed": "",
    }
    schema = schemas.schema_of(TABLE)
    assert schema is not None
    problems = Problems(file="the decision")
    cells = pd.DataFrame([row], dtype="object", index=pd.Index([1], name="line"))
    frame: pd.DataFrame = readers.typed(cells, schema, problems)
    problems.raise_if_any()
    _add(frame)


def remove_release(folder: str, vintage: str, *, dry_run: bool = False) -> tuple[str, ...]:
    """Take an imported release out again, with the decisions that were made on it.

    Raises
    ------
    Refusal
        As :func:`releases.remove`.
    """
    gone = releases.remove(folder, vintage, dry_run=dry_run)
    rows = tables.load(TABLE)
    if folder == recorded.FOLDER and (rows["release"] == vintage).any() and not dry_run:
        _write(rows[rows["release"] != vintage])
    return gone


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Refusal.of("E124", "a decision needs its reason.", "Say how it is known.")


def _add(rows: pd.DataFrame) -> None:
    held = tables.load(TABLE)
    key = ["force", "offence_code", "from", "release"]
    kept = held.merge(rows[key], on=key, how="left", indicator=True)
    kept = kept[kept["_merge"] == "left_only"].drop(columns="_merge")
    _write(pd.concat([kept, rows[held.columns]], ignore_index=True))


def _write(rows: pd.DataFrame) -> None:
    """Write the decisions in their one order; the sidecar changes in rows and checksum only."""
    path = paths.data_dir() / f"{TABLE}.csv"
    ordered = rows.sort_values(["force", "offence_code", "release", "from"])
    text = ordered.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")
    beside = path.with_name(path.name + tables.SIDECAR)
    side = beside.read_text(encoding="utf-8")
    side = re.sub(r"(?m)^rows: .*$", f"rows: {len(ordered)}", side)
    side = re.sub(r"(?m)^checksum: .*$", f"checksum: sha256:{files.sha256(text.encode())}", side)
    try:
        files.write_atomic(path, text)
        files.write_atomic(beside, side)
    except OSError as error:
        raise releases.unwritable(path, error) from error
