"""Releases: write a new vintage whole, never over another, and compare two vintages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import yaml

from officer_assaults import files, paths
from officer_assaults.data import all_schemas, readers, tables
from officer_assaults.refusals import Problem, Problems, Refusal

LICENCE = "Open Government Licence v3.0"
LICENCE_URL = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
LARGE = 0.05
_WHOLE = re.compile(r"\d{4}-(0[1-9]|1[0-2])|mid-\d{4}")
#: Relative change of officer numbers in a year that is pointed out.
JUMP = 0.15


@dataclass(frozen=True, slots=True)
class Differences:
    """How a table differs from an earlier one.

    Parameters
    ----------
    same, gone, added : int
        Cells that are equal, missing from the later, and missing from the earlier table.
    changed : pandas.DataFrame
        Key columns, before, after, change (relative), the largest change first.
    """

    same: int
    gone: int
    added: int
    changed: pd.DataFrame


def existing(folder: str) -> list[str]:
    """Releases in a folder of ``data/``, oldest first."""
    prefix = f"{folder}/"
    return [name.removeprefix(prefix) for name in tables.names() if name.startswith(prefix)]


def held(folder: str) -> list[str]:
    """Whole releases in a folder of ``data/``, by month or mid-year, oldest first."""
    return [name for name in existing(folder) if _WHOLE.fullmatch(name)]


def leading(folder: str) -> str:
    """Release that leads: the newest one that lacks nothing the one before it held.

    A release that lost periods, forces or codes stays at hand by its name, but nothing takes it
    unasked while the release it falls short of is there.

    Raises
    ------
    Refusal
        E124 if the folder holds no release.
    """
    names = held(folder)
    if not names:
        raise Refusal(Problem("E124", f"data/{folder} holds no release.", "Restore data/."))
    whole = [name for name in names if not lacking(folder, name)]
    return (whole or names)[-1]


def lacking(folder: str, vintage: str) -> str:
    """Say what a release lost against the one it was compared with; empty if nothing."""
    lost = tables.release(f"{folder}/{vintage}").lacks
    return lost if lost.partition(":")[0] in existing(folder) else ""


def refuse_existing(folder: str, vintage: str) -> None:
    """Refuse a release that is there already.

    Raises
    ------
    Refusal
        E107 if it exists.
    """
    if vintage in existing(folder):
        raise Refusal(
            Problem(
                "E107",
                f"the release '{vintage}' is in data/{folder} already; it is never overwritten.",
                "Give another month if this is another release.",
                f"data/{folder}/{vintage}.csv",
                column="vintage",
            )
        )


def check(name: str, frame: pd.DataFrame, problems: Problems) -> None:
    """Check a new table against its schema; problems name the key of the row, not a line.

    The rows of a new table are sums over lines of the official file, so that no line is to blame.
    """
    schema = all_schemas.schema_of(name)
    assert schema is not None
    found = Problems(file=problems.file)
    rows = frame.reset_index(drop=True)
    readers.validate(rows, schema, found)
    key = [column for column in schema.unique or () if column != "vintage"]
    for problem in found.found:
        place = "" if problem.row is None else _key_words(rows[key].iloc[problem.row]) + ": "
        problems.add(problem.code, f"{place}{problem.what}", problem.remedy, column=problem.column)


def write(frames: Mapping[str, pd.DataFrame], sidecar: Mapping[str, Any]) -> tuple[str, ...]:
    """Write tables with their sidecars; the first table last, so that it marks the release.

    Parameters
    ----------
    frames : mapping of str to pandas.DataFrame
        Tables by name. The first one is never written over a file that exists.
    sidecar : mapping
        Title, source, publisher, url, vintage and notes shared by all.

    Returns
    -------
    tuple of str
        Files written, relative to the project.

    Raises
    ------
    Refusal
        E107 if the first table exists by now. Nothing stays behind then, nor after an error.
    """
    leading = next(iter(frames))
    marker = paths.data_dir() / f"{leading}.csv"
    written = []
    try:
        for name, frame in frames.items():
            path = paths.data_dir() / f"{name}.csv"
            text = frame.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")
            beside = path.with_name(path.name + tables.SIDECAR)
            if name != leading or not marker.exists():
                files.write_atomic(beside, _sidecar_text(name, frame, text, sidecar))
                written.append(beside)
            if name != leading:
                files.write_atomic(path, text)
                written.append(path)
        leading_text = frames[leading].to_csv(
            index=False, date_format="%Y-%m-%d", lineterminator="\n"
        )
        files.write_new(marker, leading_text)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        if marker.exists():
            folder, _, vintage = leading.partition("/")
            refuse_existing(folder, vintage)
        raise
    return tuple(f"data/{name}.csv" for name in frames)


def differences(
    before: pd.DataFrame, after: pd.DataFrame, key: list[str], value: str = "offences"
) -> Differences:
    """Compare one column of two tables over their shared keys."""
    both = before[[*key, value]].merge(
        after[[*key, value]], on=key, how="outer", suffixes=("_before", "_after"), indicator=True
    )
    shared = both[both["_merge"] == "both"].drop(columns="_merge")
    shared = shared.rename(columns={f"{value}_before": "before", f"{value}_after": "after"})
    if value == "offences":
        shared = shared.astype({"before": "int64", "after": "int64"})
    changed = shared[shared["before"] != shared["after"]]
    change = (changed["after"] - changed["before"]) / changed["before"].abs().where(
        changed["before"] != 0
    )
    changed = changed.assign(change=change.fillna(float("inf")))
    order = changed["change"].abs().sort_values(ascending=False, kind="stable").index
    return Differences(
        same=len(shared) - len(changed),
        gone=int((both["_merge"] == "left_only").sum()),
        added=int((both["_merge"] == "right_only").sum()),
        changed=changed.loc[order].reset_index(drop=True),
    )


def large(changed: pd.DataFrame) -> pd.DataFrame:
    """Select changes of more than 5 %, the largest first."""
    return changed[changed["change"].abs() > LARGE].reset_index(drop=True)


def jumps(workforce: pd.DataFrame) -> list[str]:
    """Sentences on officer numbers that changed by more than 15 % in a year."""
    ordered = workforce.sort_values(["force", "as_at"])
    change = ordered.groupby("force")["officer_fte"].pct_change()
    far = ordered.assign(change=change)[change.abs() > JUMP]
    return [
        f"Officer numbers of {row['force']} changed by {row['change']:+.0%} in the year to "
        f"{row['as_at']:%d %B %Y}."
        for row in far.to_dict("records")
    ]


def _key_words(key: pd.Series) -> str:
    words = (
        f"{cell:%d %B %Y}" if isinstance(cell, pd.Timestamp) else str(cell)
        for cell in key.to_list()
    )
    return ", ".join(words)


def _sidecar_text(name: str, frame: pd.DataFrame, text: str, shared: Mapping[str, Any]) -> str:
    schema = all_schemas.schema_of(name)
    assert schema is not None
    content = {
        **{field: shared[field] for field in ("title", "source", "publisher", "url")},
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
        "attribution": "Contains public sector information licensed under the Open Government "
        f"Licence v3.0. Source: {shared['publisher']}.",
        "vintage": shared["vintage"],
        "retrieved": date.today().isoformat(),
        "definitions": {
            column: spec.description
            for column, spec in schema.columns.items()
            if column in frame.columns
        },
        "notes": list(shared["notes"]),
        "rows": len(frame),
        "checksum": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=96)
