"""Releases: write a new vintage whole, never over another, and compare two vintages."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from officer_assaults import files, paths
from officer_assaults.data import readers, schemas, tables
from officer_assaults.refusals import Problems, Refusal

LICENCE = "Open Government Licence v3.0"
LICENCE_URL = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
ASSAULTS, CONTEXT = "recorded-assaults", "recorded-context"
LARGE = 0.05
#: Losses that a sidecar lists.
LISTED = 12
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
        Key columns, before, after, change (relative, missing where before was 0), the largest
        change in numbers first.
    """

    same: int
    gone: int
    added: int
    changed: pd.DataFrame


def existing(folder: str) -> list[str]:
    """Releases in a folder of ``data/``, oldest first."""
    prefix = f"{folder}/"
    return [name.removeprefix(prefix) for name in tables.names(folder)]


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
        raise Refusal.of("E124", f"data/{folder} holds no release.", "Restore data/.")
    whole = [name for name in names if not lacking(folder, name)]
    return (whole or names)[-1]


def lacking(folder: str, vintage: str) -> str:
    """Say what a release lost against the one it was compared with; empty if nothing."""
    lost = tables.release(f"{folder}/{vintage}").lacks
    return lost if lost.partition(":")[0] in existing(folder) else ""


def previous(folder: str, vintage: str) -> str:
    """Release that a new one is compared with: the newest older one that lost nothing."""
    older = [name for name in held(folder) if name < vintage]
    whole = [name for name in older if not lacking(folder, name)]
    return (whole or older or [""])[-1]


def lacks(before: str, lost: Sequence[str]) -> str:
    """Entry of a sidecar that keeps a release from leading; empty if nothing was lost."""
    return f"{before}: {'; '.join(lost[:LISTED])}" if lost else ""


def lost_rows(
    before: pd.DataFrame, after: pd.DataFrame, period: str, measures: Sequence[str]
) -> tuple[str, ...]:
    """Periods, forces and figures that an earlier table holds and a later one does not."""
    lost = []
    for column, word in ((period, "period"), ("force", "force")):
        gone = sorted(set(before[column]) - set(after[column]))
        lost += [f"{word} {_key_words(pd.Series([each]))}" for each in gone]
    shared = after[after[period].isin(set(before[period]))]
    lost += [
        f"figure {name}"
        for name in measures
        if before[name].notna().any() and not shared[name].notna().any() and len(shared)
    ]
    return tuple(lost)


def changes(
    before: pd.DataFrame, after: pd.DataFrame, key: list[str], measures: Sequence[str]
) -> Differences:
    """Compare several columns of two tables; the key then names the column as ``figure``."""
    old, new = (
        frame.melt(key, [name for name in measures if name in frame], "figure", "value")
        .dropna(subset="value")
        .astype({"value": "float64"})
        for frame in (before, after)
    )
    return differences(old, new, [*key, "figure"], value="value")


def remove(folder: str, vintage: str, *, dry_run: bool = False) -> tuple[str, ...]:
    """Take an imported release out again, whole, so that ``data/`` is as it was before.

    Parameters
    ----------
    folder : str
        Folder of ``data/``; ``recorded-assaults`` takes ``recorded-context`` along.
    vintage : str
        Release.
    dry_run : bool
        Only say which files would go.

    Returns
    -------
    tuple of str
        Files removed, relative to the project.

    Raises
    ------
    Refusal
        E107 for a release that is not there or did not come in by an import.
    """
    pair = [folder, *([CONTEXT] if folder == ASSAULTS else [])]
    found = [
        path
        for each in pair
        for suffix in (".csv", f".csv{tables.SIDECAR}")
        if (path := paths.data_dir() / each / f"{vintage}{suffix}").exists()
    ]
    sides = [path for path in found if path.name.endswith(tables.SIDECAR)]
    whole = vintage in held(folder)
    # An import that was killed leaves side files without their table: they go the same way.
    if not whole and not sides:
        known = ", ".join(held(folder)) or "none"
        what = f"there is no release '{vintage}' in data/{folder}."
        raise Refusal.of("E107", what, f"It holds {known}.", column="vintage")
    if any((readers.read_mapping(path) or {}).get("imported") is not True for path in sides):
        raise Refusal.of(
            "E107",
            f"the release '{vintage}' of data/{folder} came with the project.",
            "Only imported releases are removed; version control brings the others back.",
            column="vintage",
        )
    if not dry_run:
        _unlink(found)
        _discard_parts(pair)
    return tuple(tables.shown(path) for path in found)


def _discard_parts(folders: Sequence[str]) -> None:
    """Remove what a write that was killed left beside its file."""
    for folder in folders:
        for path in (paths.data_dir() / folder).glob(f"{files.TEMPORARY_PREFIX}*"):
            with contextlib.suppress(OSError):
                path.unlink()


def _unlink(found: Sequence[Path]) -> None:
    # The leading table goes first: without it no reader takes the rest for a release.
    for path in found:
        try:
            path.unlink()
        except OSError as error:
            raise unwritable(path, error) from error
    for folder in {path.parent for path in found}:
        with contextlib.suppress(OSError):
            folder.rmdir()  # only where the import had made it


def unwritable(path: Path, error: OSError) -> Refusal:
    """Refusal for a file of ``data/`` that cannot be written."""
    reason = error.strerror or str(error)
    what = f"cannot be written ({reason})."
    remedy = "Nothing was changed. Make room, or ask for the right to write to data/."
    return Refusal.of("E124", what, remedy, tables.shown(path))


def refuse_existing(folder: str, vintage: str) -> None:
    """Refuse a release that is there already.

    Raises
    ------
    Refusal
        E107 if it exists.
    """
    if vintage in existing(folder):
        raise Refusal.of(
            "E107",
            f"the release '{vintage}' is in data/{folder} already; it is never overwritten.",
            "Give another month if this is another release.",
            f"data/{folder}/{vintage}.csv",
            column="vintage",
        )


def check(name: str, frame: pd.DataFrame, problems: Problems) -> None:
    """Check a new table against its schema; problems name the key of the row, not a line.

    The rows of a new table are sums over lines of the official file, so that no line is to blame.
    """
    schema = schemas.schema_of(name)
    assert schema is not None
    found = Problems(file=problems.file)
    rows = frame.reset_index(drop=True)
    readers.validate(rows, schema, found)
    key = [column for column in schema.unique or () if column != "vintage"]
    for problem in found.found:
        place = "" if problem.row is None else _key_words(rows[key].iloc[problem.row]) + ": "
        problems.add(problem.code, f"{place}{problem.what}", problem.remedy, column=problem.column)


def write(
    frames: Mapping[str, pd.DataFrame], sidecar: Mapping[str, Any], *, dry_run: bool = False
) -> tuple[str, ...]:
    """Write tables with their sidecars; the first table last, so that it marks the release.

    Parameters
    ----------
    frames : mapping of str to pandas.DataFrame
        Tables by name. The first one is never written over a file that exists.
    sidecar : mapping
        Title, source, publisher, url, vintage and notes shared by all.
    dry_run : bool
        Write nothing, only name the files.

    Returns
    -------
    tuple of str
        Files written, relative to the project.

    Raises
    ------
    Refusal
        E107 if the first table exists by now, E124 if ``data/`` cannot be written. Nothing stays
        behind then, nor after an error.
    """
    if dry_run:
        return tuple(f"data/{name}.csv" for name in frames)
    leading = next(iter(frames))
    marker = paths.data_dir() / f"{leading}.csv"
    written = []
    _discard_parts([name.partition("/")[0] for name in frames])
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
    except BaseException as error:
        # Interrupted straight after its last step, the marker is this import's own.
        if not isinstance(error, OSError) and marker.exists():
            written.insert(0, marker)
        for path in written:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            folder, _, vintage = leading.partition("/")
            refuse_existing(folder, vintage)
        if isinstance(error, OSError):
            raise unwritable(marker, error) from error
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
    changed = changed.assign(change=change)
    moved = (changed["after"] - changed["before"]).abs()
    order = moved.sort_values(ascending=False, kind="stable").index
    return Differences(
        same=len(shared) - len(changed),
        gone=int((both["_merge"] == "left_only").sum()),
        added=int((both["_merge"] == "right_only").sum()),
        changed=changed.loc[order].reset_index(drop=True),
    )


def large(changed: pd.DataFrame) -> pd.DataFrame:
    """Select changes of more than 5 %, the largest first; any change from 0 is one."""
    return changed[~(changed["change"].abs() <= LARGE)].reset_index(drop=True)


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
    schema = schemas.schema_of(name)
    assert schema is not None
    content = {
        **{field: shared[field] for field in ("title", "source", "publisher", "url")},
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
        "attribution": "Contains public sector information licensed under the Open Government "
        f"Licence v3.0. Source: {shared['publisher']}.",
        "vintage": shared["vintage"],
        "how_read": shared.get("how_read", tables.HOW_READ[0]),
        "received": shared["received"],
        "retrieved": date.today().isoformat(),
        "imported": True,
        **({"lacks": shared["lacks"]} if shared.get("lacks") else {}),
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
