"""Rosters: rate models of any number of officer-shifts, from sums that an engine makes.

One Ibis expression collapses the rows to patterns of covariates: a Poisson likelihood depends on
rows only through sums of counts and exposure by pattern. Rows of Parquet files are added up in a
table of all combinations of levels, where these are few. One pass more sums the scores by cluster,
which is all that clustered errors need. The answer is that of the same model on rows. DuckDB reads
files and frames; any other engine that Ibis reaches gives the same from its own table.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy import linalg, stats

from officer_assaults.estimate import Shown
from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.stats.blocks import BlockDesign, build_blocks
from officer_assaults.stats.designs import check_events, check_rank
from officer_assaults.stats.formulas import check_formula
from officer_assaults.stats.intervals import FloatArray, check_alpha
from officer_assaults.stats.labels import look_alikes, named
from officer_assaults.stats.newton import DesignFit, fit_design
from officer_assaults.topics.crewing.rosters.engine import (
    DEFAULT_MEMORY_MB,
    NUMBERS,
    SIMULATED,
    Bins,
    Source,
    opened,
)
from officer_assaults.topics.crewing.rosters.scores import Patterns, cluster_meat
from officer_assaults.topics.crewing.rosters.tables import (
    LONGEST,
    Batch,
    Coder,
    Learned,
    Placed,
    Unusual,
    in_threads,
    learn,
    placed,
)

#: A number with more values than this is continuous: it is binned by choice or refused.
MOST_NUMBERS = 100
MOST_LEVELS = 5_000
PROBED_ROWS = 100_000
PATTERNS_PER_MB = 1_000
SHORTEST_HASH = 16
#: Rows that a megabyte allows to keep between two passes: 20 bytes each in a quarter of it.
KEPT_PER_MB = 250_000 // 20
#: Threads take turns in Python: up to here a second one costs more than it saves.
ROWS_FOR_THREADS = 2_000_000
#: Smallest eigenvalue of a scaled cross-product that still tells terms apart.
GRAM_TOLERANCE = 1e-10
MADE_UP = ("true", "t", "yes", "1")
SUMS = ("n", "y", "e", "q")
#: Only errors that are robust row by row need these.
SQUARES = ("ee", "ye", "yy")


@dataclass(frozen=True, slots=True)
class RosterFit(Shown):
    """A Poisson rate model of a roster.

    Parameters
    ----------
    formula, exposure, cluster : str
        ``cluster`` is empty for errors that are robust row by row.
    coefficients : Series
        Log scale, by term.
    vcov : DataFrame
        Cluster sandwich times G/(G-1), or the plain sandwich of rows (HC0).
    cells : DataFrame
        One row per pattern: its covariates, n (rows), y (events), e (exposure), fitted.
    dispersion : float
        Pearson statistic of the rows over their degrees of freedom.
    clusters : int or None
    alpha : float
        One minus the coverage.
    simulated : bool
        Whether the rows are marked as made up.
    """

    formula: str
    exposure: str
    cluster: str
    coefficients: pd.Series
    vcov: pd.DataFrame
    cells: pd.DataFrame = field(repr=False)
    dispersion: float
    clusters: int | None
    alpha: float
    simulated: bool

    @property
    def rows(self) -> int:
        """Rows of the roster."""
        return int(self.cells["n"].sum())

    @property
    def se(self) -> pd.Series:
        """Standard errors of the coefficients."""
        return pd.Series(np.sqrt(np.diag(self.vcov)), index=self.coefficients.index)

    def table(self) -> pd.DataFrame:
        """Rate ratios: term, ratio, lower, upper, p (t with G - 1 degrees of freedom)."""
        df = math.inf if self.clusters is None else self.clusters - 1
        half = stats.t.isf(self.alpha / 2, df) * self.se
        frame = pd.DataFrame(
            {
                "ratio": np.exp(self.coefficients),
                "lower": np.exp(self.coefficients - half),
                "upper": np.exp(self.coefficients + half),
                "p": 2 * stats.t.sf(np.abs(self.coefficients) / self.se, df),
            }
        )
        return frame.drop(index="Intercept", errors="ignore").rename_axis("term").reset_index()

    def title(self) -> str:
        """Say what the table holds."""
        return f"Rate ratios of {self.formula}, per {self.exposure}"

    def __str__(self) -> str:
        """Lines for a terminal."""
        e, y = self.cells["e"].sum(), self.cells["y"].sum()
        how = f"by {self.cluster}, {self.clusters:,} clusters" if self.clusters else "row by row"
        lines = [
            *(["SIMULATED DATA: no figure below is about a real force."] * self.simulated),
            f"{self.rows:,} rows in {len(self.cells):,} patterns; {y:,.0f} recorded victims in "
            f"{e:,.0f} of {self.exposure}.",
            f"Errors {how}. Dispersion {self.dispersion:.3f}.",
            f"Rate ratios are associations, with {100 * (1 - self.alpha):g}% intervals.",
            self.table().to_string(index=False, float_format="{:.4f}".format),
        ]
        return "\n".join(lines)


def fit(
    formula: str,
    source: Any,
    *,
    exposure: str,
    cluster: str | None = None,
    bins: Bins | None = None,
    alpha: float = 0.05,
    memory_mb: int = DEFAULT_MEMORY_MB,
    threads: int | None = None,
) -> RosterFit:
    """Fit a Poisson rate model to a roster of any size; only sums over patterns are held.

    Parameters
    ----------
    formula : str
        ``"count ~ terms"`` in the grammar of :func:`officer_assaults.stats.formulas.check_formula`.
    source : Path, str, DataFrame or Ibis table
        A Parquet or CSV file, a folder of them, a frame, or a table of any engine.
    exposure : str
        Column of hours.
    cluster : str, optional
        Column whose values share unrecorded conditions: officer, beat, team.
    bins : mapping of str to sequence of float, optional
        Edges of the classes of a continuous covariate: ``{"backup_min": [10, 20]}``.
    alpha : float
        One minus the coverage.
    memory_mb : int
        Megabytes that the process may hold; what does not fit goes to a temporary folder.
    threads : int, optional

    Raises
    ------
    Refusal
        E102 and E104 for values that are no counts or hours, with file and row; E114 one cluster;
        E121 identifiers; E122 terms that cannot be told apart or hold no event; E123 simulated rows
        among others; E124 files; E125 formulas, continuous covariates, and labels that a person
        would read as one.
    """
    check_alpha(alpha)
    with opened(source, bins=bins, memory_mb=memory_mb, threads=threads) as roster:
        parsed = check_formula(formula, roster.columns)
        roster.prepare(parsed.outcome, exposure, parsed.columns, cluster)
        found = _read_first(roster, parsed.columns)
        simulated = found.simulated > 0 if found else _check_rows(roster)
        groups = _clusters(roster, cluster, found) if cluster else None
        squares = () if cluster else SQUARES
        if found:
            patterns = _placed_sums(roster, parsed.columns, squares, groups, found)
        else:
            _probe(roster, parsed.columns)
            patterns = _collapsed(roster, parsed.columns, squares)
        design = build_blocks(parsed, patterns.levels, patterns.codes, len(patterns.sums["n"]))
        _check_design(design, patterns.sums)
        settled = _settled(design, patterns.sums)
        beta, mu, bread = settled.coefficients, settled.mu, settled.vcov
        if groups is None:
            meat = design.gram(_squares(patterns.sums, mu))
        else:
            meat = cluster_meat(roster, patterns, design, beta, groups)
            meat = len(groups) / (len(groups) - 1) * meat
    sums = patterns.sums
    pearson = float((sums["q"] * sums["e"] / mu - 2 * sums["y"] + mu).sum())
    return RosterFit(
        formula=formula,
        exposure=exposure,
        cluster=cluster or "",
        coefficients=pd.Series(beta, index=design.names),
        vcov=pd.DataFrame(bread @ meat @ bread, index=design.names, columns=design.names),
        cells=_cells(patterns, mu),
        dispersion=pearson / (sums["n"].sum() - len(beta)),
        clusters=None if groups is None else len(groups),
        alpha=alpha,
        simulated=simulated,
    )


def _collapsed(roster: Source, names: Sequence[str], squares: tuple[str, ...]) -> Patterns:
    """Have the engine sum the rows that share a pattern."""
    table, keys = roster.table, list(names)
    sums = {name: _sum_of(name, table["e_"], table["y_"]) for name in (*SUMS, *squares)}
    found = table.group_by(keys).aggregate(**sums) if keys else table.aggregate(**sums)
    answer = roster.read(found.limit(roster.memory_mb * PATTERNS_PER_MB + 1))
    _refuse_patterns(roster, answer.num_rows)
    columns = {name: answer[name] for name in keys}
    lost = {name: pc.filter(answer["n"], _missing(columns[name])) for name in keys}
    lost = {name: pc.sum(rows).as_py() for name, rows in lost.items()}
    levels, sets = _levels(roster, columns, lost)
    codes = {name: Coder(sets[name])(answer[name].combine_chunks()) for name in keys}
    order = np.lexsort([codes[name] for name in keys]) if keys else np.arange(1)
    return Patterns(
        {name: answer[name].to_numpy().astype(float)[order] for name in sums},
        levels,
        {name: code[order] for name, code in codes.items()},
        sets,
    )


def _read_first(roster: Source, names: Sequence[str]) -> Learned | None:
    """Learn what files hold, from files alone; None where the engine has to look at the rows."""
    simulated = roster.kinds.get(SIMULATED, "flag") == "flag"
    if not (roster.readable and simulated):
        return None
    kinds = {name: roster.kinds[name] for name in names}
    most = {name: _most_levels(kind) for name, kind in kinds.items()}
    if "g_" in roster.kinds:
        kinds["g_"] = roster.kinds["g_"]
    hold = roster.rows_in_files <= roster.memory_mb * KEPT_PER_MB
    threads = roster.threads or (1 if roster.rows_in_files <= ROWS_FOR_THREADS else None)
    try:
        found = learn(roster.first_reading(), kinds, most, hold=hold, threads=threads)
    except (Unusual, Refusal, OSError):
        return None
    combinations = math.prod(len(found.distinct[name]) for name in names)
    in_part = found.simulated not in (0, found.rows)
    if not found.rows or in_part or combinations > roster.memory_mb * PATTERNS_PER_MB:
        return None
    roster.held = found.held
    return found


def _placed_sums(
    roster: Source,
    names: Sequence[str],
    squares: tuple[str, ...],
    groups: pa.Array | None,
    found: Learned,
) -> Patterns:
    """Sum the rows of files in a table of all combinations of levels.

    An engine's grouping by many columns of text takes twice as long.
    """
    levels, sets = _levels(
        roster, {name: pa.chunked_array([found.distinct[name]]) for name in names}, {}
    )
    sizes = [len(known) for known in levels.values()]
    sums = {name: np.zeros(math.prod(sizes)) for name in (*SUMS, *squares)}
    kept: list[Placed] = []
    keep = groups is not None and bool(roster.held)
    most = (math.prod(sizes), 0 if groups is None else len(groups), found.most)
    least = [np.min_scalar_type(number) for number in most]
    one_at_a_time = threading.Lock()

    def add(part: Iterable[Batch]) -> None:
        for some in placed(part, sets, groups):
            with one_at_a_time:
                _add(sums, some)
                if keep:
                    place, group, y = map(np.ndarray.astype, some, least)
                    kept.append((place, group, y, some[-1]))

    in_threads(add, roster.parts(names), 1 if roster.held else roster.threads)
    some = np.flatnonzero(sums["n"])
    codes = sums["n"].reshape(sizes[::-1]).nonzero()[::-1] if sizes else ()
    return Patterns(
        {name: summed[some] for name, summed in sums.items()},
        levels,
        dict(zip(levels, codes, strict=True)),
        sets,
        np.cumsum(sums["n"] > 0) - 1,
        kept,
    )


def _add(sums: Mapping[str, FloatArray], rows: Placed) -> None:
    """Add rows to the sums of their places; most rows have no count."""
    place, _, y, e = rows
    some = np.flatnonzero(y)
    at, events, hours = place[some], y[some], e[some]
    np.add.at(sums["n"], place, 1.0)
    np.add.at(sums["e"], place, e)
    np.add.at(sums["y"], at, events)
    np.add.at(sums["q"], at, events**2 / hours)
    if "ee" in sums:
        np.add.at(sums["ee"], place, e**2)
        np.add.at(sums["ye"], at, events * hours)
        np.add.at(sums["yy"], at, events**2)


def _sum_of(name: str, e: Any, y: Any) -> Any:
    if name == "n":
        return e.count()
    products = {"y": y, "e": e, "q": y * y / e, "ee": e * e, "ye": y * e, "yy": y * y}
    return products[name].sum()


def _check_rows(roster: Source) -> bool:
    """Refuse rows without counts or hours, and say whether all are made up."""
    table, e, y = roster.table, roster.table["e_"], roster.table["y_"]
    good_e = ((e > 0) & (e < LONGEST)).fill_null(False)
    good_y = ((y >= 0) & (y < LONGEST) & (y == y.floor())).fill_null(False)
    sums = {"rows": table.count()}
    sums |= {"bad_e": good_e.ifelse(0, 1).sum(), "bad_y": good_y.ifelse(0, 1).sum()}
    if "made_" in table.columns:
        made = table["made_"]
        if roster.kinds[SIMULATED] != "flag":
            made = made.cast("string").lower().isin(MADE_UP)
        sums["made"] = made.fill_null(False).ifelse(1, 0).sum()
    answer = roster.read(table.aggregate(**sums))
    whole = {name: int(answer[name][0].as_py() or 0) for name in sums}
    if not whole["rows"]:
        raise Refusal(Problem("E124", "holds no rows.", "Fill it in.", roster.name))
    for name, code in (("bad_e", "E104"), ("bad_y", "E102")):
        if whole[name]:
            raise Refusal(roster.first_bad(code, whole[name], whole["rows"]))
    if whole.get("made", 0) not in (0, whole["rows"]):
        what = "holds simulated rows among others."
        raise Refusal(Problem("E123", what, "Keep them in files of their own.", roster.name))
    return whole.get("made", 0) > 0


def _refuse_patterns(roster: Source, found: int) -> None:
    most = roster.memory_mb * PATTERNS_PER_MB
    if found > most:
        what = f"makes more than {most:,} patterns, more than {roster.memory_mb:,} MB can hold."
        remedy = "Drop a term, group its levels, or allow more memory."
        raise Refusal(Problem("E125", what, remedy, roster.name))


def _probe(roster: Source, names: Sequence[str]) -> None:
    """Look at some rows first, so that a continuous column is not grouped in full."""
    if names:
        some = roster.table.limit(PROBED_ROWS)
        counts = some.aggregate(**{f"k{i}": some[name].nunique() for i, name in enumerate(names)})
        answer = roster.read(counts)
        for i, name in enumerate(names):
            _refuse_many(roster, name, int(answer[f"k{i}"][0].as_py()))


def _most_levels(kind: str) -> int:
    return MOST_NUMBERS if kind in NUMBERS else MOST_LEVELS


def _refuse_many(roster: Source, name: str, found: int) -> None:
    most = _most_levels(roster.kinds[name])
    if found <= most:
        return
    if roster.kinds[name] in NUMBERS:
        what = f"'{name}' is continuous: it has more than {most:,} values."
        remedy = f"Choose classes: bins={{'{name}': [...]}} (--bin {name}=10,20), or round it."
    else:
        what = f"'{name}' has more than {most:,} levels."
        remedy = "Group the levels, or cluster by the column instead."
    raise Refusal(Problem("E125", what, remedy, roster.name, column=name))


def _missing(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_null(column, nan_is_null=True)


def _levels(
    roster: Source, columns: Mapping[str, pa.ChunkedArray], rows_lost: Mapping[str, int | None]
) -> tuple[dict[str, list[Any]], dict[str, pa.Array]]:
    """Sorted values of each covariate, as Python values and as Arrow; or every fault of them."""
    problems = Problems(file=roster.name)
    levels: dict[str, list[Any]] = {}
    sets: dict[str, pa.Array] = {}
    for name, column in columns.items():
        if lost := int(rows_lost.get(name) or 0):
            what, remedy = f"{lost:,} rows have no '{name}'.", "Fill or leave out those rows first."
            problems.add("E125", what, remedy, column=name)
        values = sorted(pc.unique(pc.filter(column, pc.invert(_missing(column)))).to_pylist())
        _refuse_many(roster, name, len(values))
        numbers = [value for value in values if isinstance(value, int | float)]
        if not all(abs(value) < LONGEST for value in numbers):
            what = f"'{name}' has values of {LONGEST:,.0f} and more, or no numbers."
            problems.add("E125", what, "Check its unit, or bin it.", column=name)
        levels[name], sets[name] = values, pa.array(values, column.type)
        _check_labels(name, values, problems)
    problems.found = [replace(problem, row=None) for problem in problems.found]
    problems.raise_if_any()
    return levels, sets


def _check_labels(name: str, labels: Sequence[Any], problems: Problems) -> None:
    """Note labels that name a person, and labels that a person would read as one."""
    from officer_assaults.topics.crewing.data import identifiers

    texts = [label for label in labels if isinstance(label, str)]
    identifiers.scan(pd.DataFrame({name: [str(v) for v in labels]}, dtype=object), problems)
    if alike := look_alikes(texts):
        what = f"'{name}' holds labels that read as one: {named(alike)}."
        problems.add("E125", what, "Write each the same way in every row.", column=name)


def _check_design(design: BlockDesign, sums: Mapping[str, FloatArray]) -> None:
    """Refuse aliased terms and arms without events, as the fit on rows does."""
    rows, k = int(sums["n"].sum()), len(design.names)
    if rows <= k:
        check_rank(np.zeros((rows, k)), design.names)
    if not _full_rank(design.gram(np.ones(design.shape[0]))):
        check_rank(_spare(design.dense(), k), design.names)
    if not _full_rank(design.gram((sums["y"] > 0).astype(float))):
        check_events(design.dense(), sums["y"], design.names)


def _spare(x: FloatArray, k: int) -> FloatArray:
    """Rows of zeros change no dependence between columns, and rows are enough where sums are."""
    return np.vstack([x, np.zeros((k + 1, x.shape[1]))])


def _full_rank(gram: FloatArray) -> bool:
    size = np.sqrt(np.diag(gram))
    if not (size > 0).all():
        return False
    return bool(linalg.eigvalsh(gram / np.outer(size, size))[0] > GRAM_TOLERANCE)


def _settled(design: BlockDesign, sums: Mapping[str, FloatArray]) -> DesignFit:
    try:
        return fit_design(design, sums["y"], np.log(sums["e"]))
    except ValueError as error:
        what = f"the model cannot be estimated from these rows ({error})."
        remedy = "Drop a term or merge rare levels; check the unit of every number."
        raise Refusal(Problem("E122", what, remedy)) from error


def _squares(sums: Mapping[str, FloatArray], mu: FloatArray) -> FloatArray:
    """Sum over each pattern's rows of observed minus fitted counts, squared."""
    rate = mu / sums["e"]
    return sums["yy"] - 2 * rate * sums["ye"] + rate**2 * sums["ee"]


def _clusters(roster: Source, name: str, found: Learned | None) -> pa.Array:
    """Distinct clusters, or why they cannot serve."""
    if found:
        labels = found.distinct["g_"]
    else:
        labels = roster.read(roster.table.select(g="g_").distinct())["g"].combine_chunks()
    problems = Problems(file=roster.name)
    if labels.null_count:
        what = f"some rows have no '{name}'."
        problems.add("E125", what, "Every row needs its cluster.", column=name)
    elif len(labels) < 2:
        what = f"'{name}' has one cluster only."
        problems.add("E114", what, "Cluster by a finer unit.", column=name)
    elif name.startswith("officer"):
        _check_hashed(name, labels.cast("string").to_pylist(), problems)
    elif alike := look_alikes(labels.to_pylist() if roster.kinds["g_"] == "text" else []):
        what = f"'{name}' holds labels that read as one: {named(alike)}."
        problems.add("E125", what, "Write each the same way in every row.", column=name)
    problems.raise_if_any()
    return labels


def _check_hashed(name: str, labels: Iterable[str], problems: Problems) -> None:
    from officer_assaults.topics.crewing.data.identifiers import HASH

    hashed = re.compile(HASH)
    seen: set[str] = set()
    for label in labels:
        if len(label) < SHORTEST_HASH or not hashed.fullmatch(label):
            what = f"'{name}' holds something else than hashes."
            remedy = (
                "Replace officers by an HMAC of 16 or more hexadecimal digits, made with a secret "
                "that stays in the force."
            )
            return problems.add("E121", what, remedy, column=name)
        seen.add(label.lower())
    if len(seen) < len(list(labels)):
        what = f"'{name}' holds hashes that differ in capitals only."
        problems.add("E125", what, "Write hashes in one case.", column=name)
    return None


def _cells(patterns: Patterns, mu: FloatArray) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name, values in patterns.levels.items():
        code = patterns.codes[name]
        index = pd.Index(values)
        columns[name] = (
            pd.Categorical.from_codes(code, index) if isinstance(values[0], str) else index[code]
        )
    sums = {name: patterns.sums[name] for name in ("n", "y", "e")}
    return pd.DataFrame(columns | sums | {"fitted": mu}, index=range(len(mu)))
