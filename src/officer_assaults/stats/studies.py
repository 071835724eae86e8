"""Studies: what is simulated, what is measured on it, and the band it has to fall in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import wilson

Draws = Mapping[str, ArrayLike]
Seeds = Sequence[np.random.SeedSequence]
Measure = Literal["coverage", "size", "power", "bias", "ranks", "contraction", "verdict"]
Status = Literal["met", "missed", "missed as expected"]

SEED = 20180401
RANKS = "rank of "
#: Posterior draws that a true value is ranked among, and the bins that its ranks are counted in.
RANK_DRAWS, RANK_BINS = 199, 20
#: Monte-Carlo standard errors by which a band is widened in a study of few runs.
SLACK = 3.5
MONTE_CARLO_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Study(Shown):
    """One way of making data with a known truth, and how often it is done.

    Attributes
    ----------
    id, family : str
        Its name, and the group that reports show it in.
    scenario : str
        What is made, in words.
    simulate : callable
        Takes one seed per run; gives one number per run for each measure. A run in which an
        estimator gives no answer is ``nan`` there.
    full, fast : int
        Runs of the full study, and of the one that goes with every test run; 0 leaves it out.
    batch : int
        Runs that are made and kept together.
    needs : str
        Optional dependency without which it cannot be run.
    in_report : bool
        Whether it is quick enough to be run again in the report.
    """

    id: str
    scenario: str
    simulate: Callable[[Seeds], Draws]
    full: int
    fast: int
    batch: int
    needs: str = ""
    in_report: bool = False
    family: str = ""


@dataclass(frozen=True, slots=True)
class Target(Shown):
    """One promise of one estimator.

    Attributes
    ----------
    study, measure : str
        Where it is measured.
    estimator : str
        In words.
    kind : str
        ``coverage`` of the truth, ``size`` or ``power`` (share of runs that reject), ``bias``
        (mean error), ``ranks`` (chance of ranks this uneven were the posterior right),
        ``contraction`` of the prior, ``verdict`` (share of runs that give the verdict).
    low, high : float
        Pass band of the full study.
    why : str
        Reason of the band.
    miss : str
        Why the band is known to be missed; empty if it is not.
    limit : bool
        Whether reports rely on the method all the same: the known miss is a limit of it.
    wanted : str
        Verdict that runs are counted for, where ``kind`` is ``verdict``.
    """

    study: str
    measure: str
    estimator: str
    kind: Measure
    low: float
    high: float
    why: str
    miss: str = ""
    limit: bool = False
    wanted: str = ""

    @property
    def relied(self) -> bool:
        """Whether reports rely on the method."""
        return self.limit or not self.miss

    @property
    def id(self) -> str:
        """Study and measure."""
        return f"{self.study}: {self.measure}"


@dataclass(frozen=True, slots=True)
class Tally(Shown):
    """Sums of one measure over runs, which add up over batches.

    Attributes
    ----------
    runs, given : int
        Runs made, and those with an answer.
    total, squares : float
        Sum of answers and of their squares.
    bins : tuple of int
        Counts of ranks; empty for other measures.
    """

    runs: int
    given: int
    total: float
    squares: float
    bins: tuple[int, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        pairs = zip(self.bins, other.bins, strict=True)
        return Tally(
            self.runs + other.runs,
            self.given + other.given,
            self.total + other.total,
            self.squares + other.squares,
            tuple(one + two for one, two in pairs),
        )

    @property
    def mean(self) -> float:
        """Mean over the runs with an answer."""
        return self.total / self.given if self.given else math.nan

    @property
    def se(self) -> float:
        """Monte-Carlo standard error of the mean."""
        if self.given < 2:
            return math.inf
        spread = max(0.0, self.squares - self.total**2 / self.given) / (self.given - 1)
        return math.sqrt(spread / self.given)

    @property
    def uniformity_p(self) -> float:
        """Chance of ranks at least this uneven if every rank were as likely."""
        return float(stats.chisquare(self.bins).pvalue) if self.given else math.nan

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "runs": self.runs,
            "given": self.given,
            "total": self.total,
            "squares": self.squares,
            "bins": list(self.bins),
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Tally:
        """Read :meth:`as_dict` back."""
        return cls(
            int(values["runs"]),
            int(values["given"]),
            float(values["total"]),
            float(values["squares"]),
            tuple(int(count) for count in values["bins"]),
        )


@dataclass(frozen=True, slots=True)
class Result(Shown):
    """What came out for one target.

    Attributes
    ----------
    target : Target
    value, lower, upper : float
        Estimate and its Monte-Carlo interval (95%); for ``ranks`` both limits are the value.
    runs, given : int
        Runs made, and those with an answer.
    low, high : float
        Band that the value was held against.
    bins : tuple of int
        Counts of ranks.
    family, scenario : str
        Those of the study.
    """

    target: Target
    value: float
    lower: float
    upper: float
    runs: int
    given: int
    low: float
    high: float
    bins: tuple[int, ...] = ()
    family: str = ""
    scenario: str = ""

    @property
    def met(self) -> bool:
        """Whether the value lies in the band."""
        return self.low <= self.value <= self.high

    @property
    def status(self) -> Status:
        """In or out of the band, and whether a miss was known of."""
        if self.met:
            return "met"
        return "missed as expected" if self.target.miss else "missed"


def spawned(study: Study, start: int, stop: int, seed: int = SEED) -> Seeds:
    """Seeds of the runs from ``start`` up to ``stop``: those of a run never depend on the others.

    Parameters
    ----------
    study : Study
    start, stop : int
    seed : int
        Root of all seeds.
    """
    root = np.random.SeedSequence(
        seed, spawn_key=(crc32(study.id.encode()),), n_children_spawned=start
    )
    return root.spawn(stop - start)


def whole_number(seed: np.random.SeedSequence) -> int:
    """Seed as one number, for functions that take such."""
    return int(seed.generate_state(1)[0])


def generators(seeds: Seeds) -> list[np.random.Generator]:
    """One random generator per run."""
    return [np.random.default_rng(seed) for seed in seeds]


def make_runs(study: Study, start: int, stop: int, seed: int = SEED) -> dict[str, Tally]:
    """Make some runs of a study and sum them up.

    Parameters
    ----------
    study : Study
    start, stop : int
        Runs from ``start`` up to ``stop``.
    seed : int
        Root of all seeds.
    """
    draws = study.simulate(spawned(study, start, stop, seed))
    return {name: tally(name, values) for name, values in draws.items()}


def tally(name: str, values: ArrayLike) -> Tally:
    """Sum the answers of some runs up; ranks are counted in bins."""
    numbers = np.asarray(values, dtype=float)
    given = numbers[np.isfinite(numbers)]
    bins: tuple[int, ...] = ()
    if name.startswith(RANKS):
        edges = np.linspace(0, RANK_DRAWS + 1, RANK_BINS + 1)
        bins = tuple(int(count) for count in np.histogram(given, edges)[0])
    return Tally(len(numbers), len(given), float(given.sum()), float((given**2).sum()), bins)


def added(parts: Iterable[Mapping[str, Tally]]) -> dict[str, Tally]:
    """Add batches up, measure by measure."""
    total: dict[str, Tally] = {}
    for part in parts:
        for name, one in part.items():
            total[name] = total[name] + one if name in total else one
    return total


def run_study(study: Study, runs: int, seed: int = SEED) -> dict[str, Tally]:
    """Make a whole study in this process, batch by batch."""
    starts = range(0, runs, study.batch)
    return added(make_runs(study, n, min(n + study.batch, runs), seed) for n in starts)


def judge(
    target: Target, found: Tally, *, widen: bool = False, study: Study | None = None
) -> Result:
    """Hold what came out against the band.

    Parameters
    ----------
    target : Target
    found : Tally
    widen : bool
        Add 3.5 Monte-Carlo standard errors, at the edge of the band, on either side: for studies
        of few runs.
    study : Study, optional
        Whose family and scenario the result carries.
    """
    if target.kind == "ranks":
        value = found.uniformity_p
        limits, slack = (value, value), 0.0
    else:
        value, limits = found.mean, _limits(target, found)
        slack = SLACK * _error(target, found) if widen else 0.0
    return Result(
        target,
        value,
        *limits,
        found.runs,
        found.given,
        target.low - slack,
        target.high if target.high == 1 else target.high + slack,
        found.bins,
        *((study.family, study.scenario) if study else ()),
    )


def _binary(found: Tally) -> bool:
    return found.total == found.squares and float(found.total).is_integer()


def _limits(target: Target, found: Tally) -> tuple[float, float]:
    if not found.given:
        return -math.inf, math.inf
    if _binary(found) and target.kind not in ("bias", "contraction"):
        score = wilson(int(found.total), found.given, 1 - MONTE_CARLO_LEVEL)
        return score.lower, score.upper
    half = float(stats.norm.isf((1 - MONTE_CARLO_LEVEL) / 2)) * found.se
    return found.mean - half, found.mean + half


def _error(target: Target, found: Tally) -> float:
    """Monte-Carlo error that a value at the edge of the band would have."""
    if not _binary(found):
        return found.se
    edge = target.low if found.mean < target.low else target.high
    share = min(max(edge, 0.5 / found.given), 1 - 0.5 / found.given)
    return math.sqrt(share * (1 - share) / found.given)
