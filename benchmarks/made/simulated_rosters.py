"""Simulated rosters of any size: officer-shifts with known truth, a block at a time."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from officer_assaults.files import TEMPORARY_PREFIX

BLOCK_ROWS = 1_000_000
SHIFTS_PER_OFFICER = 750
FORCES = 43
MONTHS = 36
HOUR_BANDS = ("day", "evening", "night", "early")
AREA_TYPES = ("urban", "town", "rural")
SERVICE_BANDS = ("0-2", "3-9", "10+")


@dataclass(frozen=True, slots=True)
class RosterTruth:
    """How rosters are drawn; every rate ratio on the log scale.

    Parameters
    ----------
    log_rate : float
        Log of recorded victims per officer-hour, at the reference of every term.
    single, single_by_night : float
        Single against double crews, and what the night adds.
    hour_band, area_type, service_band : mapping of str to float
    force_spread, month_spread : float
        Standard deviation of the log rates of forces and of months.
    officer_variance : float
        Variance of each officer's own rate (gamma, mean 1): what clusters errors by officer.
    night_double : float
        Log odds of a double crew at night against other times.
    """

    log_rate: float = -8.0
    single: float = 0.25
    single_by_night: float = 0.15
    hour_band: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"evening": 0.45, "night": 0.85, "early": 0.3})
    )
    area_type: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"town": -0.15, "rural": -0.3})
    )
    service_band: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"0-2": 0.2, "3-9": 0.1})
    )
    force_spread: float = 0.2
    month_spread: float = 0.08
    officer_variance: float = 0.5
    night_double: float = 1.6

    def coefficients(self, seed: int) -> dict[str, float]:
        """Give the true coefficient of every term but the intercept."""
        forces, months = _drawn(self, seed)
        band, area, service = "C(hour_band, Treatment('day'))", "area_type", "service_band"
        found = {"single": self.single, f"single:{band}[T.night]": self.single_by_night}
        found |= {f"single:{band}[T.{name}]": 0.0 for name in ("evening", "early")}
        found |= {f"{band}[T.{name}]": value for name, value in self.hour_band.items()}
        found |= {f"C({area}, Treatment('urban'))[T.{n}]": v for n, v in self.area_type.items()}
        found |= {f"C({service}, Treatment('10+'))[T.{n}]": v for n, v in self.service_band.items()}
        for term, names, drawn in (
            ("force", force_names(), forces),
            ("month", month_names(), months),
        ):
            pairs = list(zip(names, drawn - drawn[0], strict=True))
            found |= {f"C({term})[T.{name}]": float(value) for name, value in pairs[1:]}
        return found


def force_names() -> list[str]:
    """Names of the simulated forces."""
    return [f"simulated-{number:02d}" for number in range(1, FORCES + 1)]


def month_names() -> list[str]:
    """Names of the months, three financial years from April 2016."""
    return [str(month) for month in pd.period_range("2016-04", periods=MONTHS, freq="M")]


def simulate_roster(
    rows: int, seed: int, truth: RosterTruth | None = None, *, block_rows: int = BLOCK_ROWS
) -> Iterator[pd.DataFrame]:
    """Draw officer-shifts, block by block, so that any number can be written.

    Parameters
    ----------
    rows : int
        Officer-shifts in all; one officer per 750, at least 200.
    seed : int
        Blocks are drawn from streams of their own: the same seed and block size, the same rows.
    truth : RosterTruth, optional
    block_rows : int

    Yields
    ------
    DataFrame
        Columns officer (a hash), force, month, hour_band, area_type, service_band, beat, team,
        single, officer_hours, y, is_simulated.

    Raises
    ------
    ValueError
        If there are no rows to draw.
    """
    if rows < 1 or block_rows < 1:
        raise ValueError(f"{rows:,} rows in blocks of {block_rows:,} cannot be drawn")
    truth = truth or RosterTruth()
    staff = _staff(max(200, rows // SHIFTS_PER_OFFICER), seed, truth)
    for number, first in enumerate(range(0, rows, block_rows)):
        rng = np.random.default_rng([seed, 1, number])
        yield _block(min(block_rows, rows - first), staff, truth, seed, rng)


@dataclass(frozen=True, slots=True)
class _Staff:
    label: NDArray[np.str_]
    force: NDArray[np.int32]
    area: NDArray[np.int32]
    service: NDArray[np.int32]
    beat: NDArray[np.int32]
    own_rate: NDArray[np.float64]


def _staff(officers: int, seed: int, truth: RosterTruth) -> _Staff:
    rng = np.random.default_rng([seed, 0])
    shape = 1 / truth.officer_variance if truth.officer_variance > 0 else np.inf
    own = rng.gamma(shape, 1 / shape, officers) if np.isfinite(shape) else np.ones(officers)
    numbers = rng.permutation(officers).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return _Staff(
        label=np.array([f"{number:016x}" for number in numbers]),
        force=rng.integers(0, FORCES, officers, dtype=np.int32),
        area=rng.integers(0, 3, officers, dtype=np.int32),
        service=rng.integers(0, 3, officers, dtype=np.int32),
        beat=rng.integers(0, 60, officers, dtype=np.int32),
        own_rate=own,
    )


def _drawn(truth: RosterTruth, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng([seed, 2])
    return rng.normal(0, truth.force_spread, FORCES), rng.normal(0, truth.month_spread, MONTHS)


def _block(
    rows: int, staff: _Staff, truth: RosterTruth, seed: int, rng: np.random.Generator
) -> pd.DataFrame:
    officer = rng.integers(0, len(staff.label), rows, dtype=np.int32)
    month = rng.integers(0, MONTHS, rows, dtype=np.int32)
    band = rng.choice(4, rows, p=[0.42, 0.22, 0.22, 0.14]).astype(np.int32)
    elsewhere = rng.random(rows) < 0.1
    area = np.where(elsewhere, rng.integers(0, 3, rows, dtype=np.int32), staff.area[officer])
    single = _single(band, truth, rng)
    hours = rng.integers(24, 41, rows) / 4.0
    forces, months = _drawn(truth, seed)
    band_rate = np.array([truth.hour_band.get(name, 0.0) for name in HOUR_BANDS])
    area_rate = np.array([truth.area_type.get(name, 0.0) for name in AREA_TYPES])
    service_rate = np.array([truth.service_band.get(name, 0.0) for name in SERVICE_BANDS])
    log_rate = (
        truth.log_rate
        + truth.single * single
        + truth.single_by_night * single * (band == HOUR_BANDS.index("night"))
        + band_rate[band]
        + area_rate[area]
        + service_rate[staff.service[officer]]
        + forces[staff.force[officer]]
        + months[month]
    )
    y = rng.poisson(hours * np.exp(log_rate) * staff.own_rate[officer])
    return pd.DataFrame(
        {
            "officer": _words(officer, staff.label.tolist()),
            "force": _words(staff.force[officer], force_names()),
            "month": _words(month, month_names()),
            "hour_band": _words(band, list(HOUR_BANDS)),
            "area_type": _words(area, list(AREA_TYPES)),
            "service_band": _words(staff.service[officer], list(SERVICE_BANDS)),
            "beat": staff.beat[officer].astype(np.int16),
            "team": _words(staff.beat[officer] % 5, list("ABCDE")),
            "single": single.astype(np.int8),
            "officer_hours": hours,
            "y": y.astype(np.int32),
            "is_simulated": True,
        }
    )


def _words(codes: NDArray[np.int32], words: list[str]) -> pd.Categorical:
    found: pd.Categorical = pd.Categorical.from_codes(codes, words)  # type: ignore[call-overload]
    return found


def _single(
    band: NDArray[np.int32], truth: RosterTruth, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Single crews, 58 % of officer-hours by day, fewer at night."""
    logit = 0.32 - truth.night_double * (band == HOUR_BANDS.index("night"))
    return np.asarray(rng.random(len(band)) < 1 / (1 + np.exp(-logit)))


def write_roster(
    blocks: Iterable[pd.DataFrame], path: Path | str, *, row_group_rows: int = BLOCK_ROWS
) -> int:
    """Stream blocks of rows into one Parquet file, whole or not at all.

    Parameters
    ----------
    blocks : iterable of DataFrame
        Same columns in each; categories become dictionaries.
    path : Path or str
        Replaced only once all blocks are written.
    row_group_rows : int
        Most rows of a row group. Engines share out a file by these: a few for every core are best.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ValueError
        If there is no block.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=target.parent) as folder:
        whole = Path(folder) / target.name
        rows = 0
        with contextlib.ExitStack() as stack:
            writer: pq.ParquetWriter | None = None
            for block in blocks:
                table = pa.Table.from_pandas(block, preserve_index=False)
                table = table.replace_schema_metadata(None)
                if writer is None:
                    writer = pq.ParquetWriter(whole, table.schema, compression="zstd")
                    stack.callback(writer.close)
                writer.write_table(table, row_group_size=row_group_rows)
                rows += len(block)
        if not rows:
            raise ValueError("there is no block to write")
        whole.replace(target)
    return rows
