# Names in a query are columns that the roster has, checked for quotes; values are quoted.
# ruff: noqa: S608
"""Roster: one table of officer-shifts, of which only sums over patterns are ever read."""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.topics.crewing.rosters import files as files_
from officer_assaults.topics.crewing.rosters.engines import (
    DEFAULT_MEMORY_MB,
    TABLE,
    DuckEngine,
    Engine,
    IbisEngine,
    Progress,
    quoted,
)
from officer_assaults.topics.crewing.rosters.stream import Scores, ScoreSink, bundle_of

#: A number with more values than this is continuous: it is binned by choice or refused.
MOST_NUMBERS = 100
MOST_LEVELS = 5_000
PROBED_ROWS = 100_000
BYTES_PER_PATTERN = 250
SAMPLED_CLUSTERS = 100
SHARE_FOR_PATTERNS = 0.25
LONGEST_HOURS = 1e9

_IBIS = {"text": "string", "whole": "int64", "number": "float64", "flag": "boolean", "day": "date"}
_ARROW = {
    "string": pa.string(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
FROM = f"FROM {TABLE} AS r"


@dataclass(frozen=True, slots=True)
class RosterSums:
    """Sums over rows that share a pattern of covariates.

    Parameters
    ----------
    levels : mapping of str to tuple
        Sorted values of each covariate; their places number the patterns, the first covariate's
        varying fastest.
    patterns : DataFrame
        Columns pattern (number), n (rows) and e (sum of exposure); ee (sum of its square) where it
        was asked for.
    events : DataFrame
        Rows with events only, by pattern and count: pattern, y, n, e, inverse and log (sums of
        exposure, of its inverse and of its logarithm).
    """

    levels: Mapping[str, tuple[Any, ...]]
    patterns: pd.DataFrame
    events: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a roster.

    Parameters
    ----------
    outcome, exposure : str
        Column of counts, column of hours.
    covariates : mapping of str to tuple
        Levels of each covariate, sorted; their places number the patterns.
    cluster : str
        Column of clusters, empty if none.
    """

    outcome: str
    exposure: str
    covariates: Mapping[str, tuple[Any, ...]]
    cluster: str = ""


class Roster:
    """Officer-shifts behind an engine; use as a context manager, or close it.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    name : str
        Name for messages.
    bins : mapping of str to sequence of float, optional
        Edges by which a continuous covariate is put into classes.
    memory_mb : int
        Bounds the number of patterns.
    files : RosterFiles, optional
        Files behind the engine, checked for the columns asked for.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        *,
        bins: Mapping[str, Sequence[float]] | None = None,
        memory_mb: int = DEFAULT_MEMORY_MB,
        files: files_.RosterFiles | None = None,
    ) -> None:
        self._engine = engine
        self._files = files
        self._clusters: dict[str, pa.Array] = {}
        self.name = name
        self.bins = {key: _edges(key, edges) for key, edges in (bins or {}).items()}
        self.most_patterns = int(memory_mb * 1e6 * SHARE_FOR_PATTERNS / BYTES_PER_PATTERN)
        self.memory_mb = memory_mb

    def __enter__(self) -> Roster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave nothing behind."""
        self._engine.close()

    @property
    def columns(self) -> list[str]:
        """Columns of the roster."""
        return list(self._engine.kinds)

    def check(
        self, outcome: str, exposure: str, covariates: Sequence[str], cluster: str = ""
    ) -> None:
        """Refuse columns that are absent, of the wrong type, or not in every file.

        Raises
        ------
        Refusal
            E124, one problem per column and file.
        """
        names = dict.fromkeys([outcome, exposure, *covariates, *([cluster] if cluster else [])])
        simulated = ["is_simulated"] if "is_simulated" in self.columns else []
        if self._files is not None:
            check = files_.check_parquet if self._files.parquet else files_.check_csv
            check(self._files, [*names, *simulated])
        factor = ("text", "whole", "number", "flag", "day")
        allowed: dict[str, tuple[str, ...]] = dict.fromkeys(covariates, factor)
        allowed |= dict.fromkeys((outcome, exposure, *self.bins), ("whole", "number"))
        allowed |= {cluster: ("text", "whole")} if cluster and cluster not in allowed else {}
        files_.check_columns(self._engine.kinds, allowed, self.name)
        quotes = [name for name in allowed if '"' in name]
        if quotes:
            what = "the name holds a quotation mark."
            raise Refusal(Problem("E124", what, "Rename the column.", self.name, column=quotes[0]))

    def is_simulated(self) -> bool:
        """Whether all rows are marked as simulated.

        Raises
        ------
        Refusal
            E123 if only some are.
        """
        if "is_simulated" not in self.columns:
            return False
        kinds: dict[str, tuple[str, ...]] = {"is_simulated": ("flag", "whole", "text")}
        files_.check_columns(self._engine.kinds, kinds, self.name)
        found = self._column_levels("is_simulated")
        made_up = [value in (True, 1, "yes", "true", "True") for value in found["v"]]
        if any(made_up) and not all(made_up):
            what = "holds simulated rows among others."
            raise Refusal(Problem("E123", what, "Keep them in files of their own.", self.name))
        return all(made_up)

    def levels(self, covariates: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Sorted values of each covariate.

        Raises
        ------
        Refusal
            E125 for a continuous covariate without ``bins``, for too many levels and for missing
            values; E121 for values that could identify a person.
        """
        self._probe(covariates)
        found = {}
        for name in covariates:
            values = self._column_levels(name)
            found[name] = (pa.array(values["v"], from_pandas=True), values["n"].to_numpy())
        return self._sorted_levels(found)

    def _sorted_levels(
        self, found: Mapping[str, tuple[pa.Array, NDArray[Any]]]
    ) -> dict[str, tuple[Any, ...]]:
        """Sort the distinct values of each covariate, given with rows of each, or refuse them."""
        from officer_assaults.topics.crewing.data import identifiers

        problems = Problems(file=self.name)
        levels: dict[str, tuple[Any, ...]] = {}
        for name, (values, rows) in found.items():
            self._refuse_many(name, len(values))
            missing = np.asarray(pc.is_null(values, nan_is_null=True))
            if missing.any():
                what = f"{int(rows[missing].sum()):,} rows have no '{name}'."
                problems.add("E125", what, "Fill or leave out those rows first.", column=name)
            kept = values.filter(pa.array(~missing)).to_pylist()
            is_number = self._kind(name) == "number"
            levels[name] = tuple(sorted(float(value) if is_number else value for value in kept))
            numbers = [value for value in levels[name] if isinstance(value, float | int)]
            if not all(abs(value) < LONGEST_HOURS for value in numbers):
                what = f"'{name}' has values of {LONGEST_HOURS:,.0f} and more, or no numbers."
                problems.add("E125", what, "Check its unit, or bin it.", column=name)
            if not levels[name]:
                problems.add("E125", f"no row has a '{name}'.", "Fill the column.", column=name)
            cells = pd.DataFrame({name: [str(value) for value in levels[name]]}, dtype=object)
            identifiers.scan(cells, problems)
        problems.found = [replace(problem, row=None) for problem in problems.found]
        problems.raise_if_any()
        return levels

    def _kind(self, name: str) -> str:
        return "text" if name in self.bins else self._engine.kinds[name]

    def _column_levels(self, name: str) -> pd.DataFrame:
        query = f"SELECT {self._value(name)} AS v, count(*) AS n {FROM} GROUP BY 1"
        found = self._frame(
            query, {"v": _IBIS[self._kind(name)], "n": "int64"}, f"Levels of {name}"
        )
        return found.assign(v=found["v"].astype(object).where(found["v"].notna(), None))

    def _probe(self, covariates: Sequence[str]) -> None:
        """Look at some rows first, so that a continuous column is not grouped in full."""
        if not covariates:
            return
        chosen = ", ".join(f"{self._value(name)} AS v{j}" for j, name in enumerate(covariates))
        counts = ", ".join(f"count(DISTINCT v{j}) AS k{j}" for j in range(len(covariates)))
        query = f"SELECT {counts} FROM (SELECT {chosen} {FROM} LIMIT {PROBED_ROWS}) AS s"
        schema = {f"k{j}": "int64" for j in range(len(covariates))}
        found = self._frame(query, schema, "Looking at covariates").iloc[0]
        for name, values in zip(covariates, found, strict=True):
            self._refuse_many(name, int(values))

    def _refuse_many(self, name: str, found: int) -> None:
        is_number = self._engine.kinds[name] in ("whole", "number") and name not in self.bins
        most = MOST_NUMBERS if is_number else MOST_LEVELS
        if found > most:
            raise Refusal(self._too_many(name, most, is_number=is_number))

    def _too_many(self, name: str, most: int, *, is_number: bool) -> Problem:
        if is_number:
            what = f"'{name}' is continuous: it has more than {most:,} values."
            remedy = f"Choose classes: bins={{'{name}': [...]}} (--bin {name}=10,20), or round it."
        else:
            what = f"'{name}' has more than {most:,} levels."
            remedy = "Group the levels, or cluster by the column instead."
        return Problem("E125", what, remedy, self.name, column=name)

    def _value(self, name: str) -> str:
        """Write a column in SQL, or the class it falls into."""
        column = f'r."{name}"'
        if name not in self.bins:
            return column
        edges = self.bins[name]
        labels = bin_labels(edges)
        steps = [
            f"WHEN {column} < {edge!r} THEN '{label}'"
            for edge, label in zip(edges, labels, strict=False)
        ]
        rest = f"WHEN {column} >= {edges[-1]!r} AND {column} < {LONGEST_HOURS} THEN '{labels[-1]}'"
        return f"CASE {' '.join([*steps, rest])} END"

    def ask(
        self,
        outcome: str,
        exposure: str,
        covariates: Mapping[str, tuple[Any, ...]],
        cluster: str = "",
    ) -> Question:
        """Put a question together for the calls below."""
        return Question(outcome, exposure, covariates, cluster)

    def sums(
        self, outcome: str, exposure: str, covariates: Sequence[str], *, squares: bool = True
    ) -> RosterSums:
        """Collapse the rows by pattern.

        Parameters
        ----------
        outcome, exposure : str
        covariates : sequence of str
        squares : bool
            Whether the squares of exposures are summed, which only heteroscedastic errors need.

        Raises
        ------
        Refusal
            E102 for counts and E104 for exposures that are no such thing, naming file and row;
            E125 if there are more patterns than memory allows; also as :meth:`levels`.
        """
        self._probe(covariates)
        table = self._collapsed(exposure, covariates, squares=squares)
        bad = int(pc.sum(table["bad"]).as_py())
        if bad:
            raise Refusal(self._bad_exposure(exposure, bad, int(pc.sum(table["n"]).as_py())))
        keys = {
            name: table[f"k{j}"].combine_chunks().dictionary_encode(null_encoding="encode")
            for j, name in enumerate(covariates)
        }
        rows = table["n"].to_numpy()
        levels = self._sorted_levels(
            {
                name: (key.dictionary, np.bincount(np.asarray(key.indices), rows))
                for name, key in keys.items()
            }
        )
        names = ["n", "e", *(["ee"] if squares else [])]
        patterns: pd.DataFrame = table.select(names).to_pandas()
        patterns["pattern"] = self._numbered(keys, levels)
        return RosterSums(
            levels,
            patterns.sort_values("pattern", ignore_index=True),
            self._events(outcome, exposure, levels),
        )

    def _collapsed(self, exposure: str, covariates: Sequence[str], *, squares: bool) -> pa.Table:
        """Rows, exposures and bad exposures by pattern, columns k0, k1, ... hold its levels."""
        e = f'r."{exposure}"'
        good = f"{e} > 0 AND {e} < {LONGEST_HOURS}"
        sums = {"n": "count(*)", "e": f"sum({e})", "ee": f"sum({e} * {e})"}
        if not squares:
            del sums["ee"]
        sums["bad"] = f"sum(CASE WHEN {good} THEN 0 ELSE 1 END)"
        keys, grouping = self._keys(covariates)
        chosen = ", ".join([*keys, *(f"{sql} AS {name}" for name, sql in sums.items())])
        schema = self._key_schema(covariates) | dict.fromkeys(sums, "float64") | {"n": "int64"}
        query = f"SELECT {chosen} {FROM} {grouping}"
        return self._table(query, schema, "Collapsing rows", self.most_patterns)

    def _events(
        self, outcome: str, exposure: str, levels: Mapping[str, tuple[Any, ...]]
    ) -> pd.DataFrame:
        y, e = f'r."{outcome}"', f'r."{exposure}"'
        names = list(levels)
        keys, _ = self._keys(names)
        sums = {"e": f"sum({e})", "inverse": f"sum(1.0 / {e})", "log": f"sum(ln({e}))"}
        chosen = ", ".join(
            [*keys, f"CAST({y} AS DOUBLE) AS y", "count(*) AS n"]
            + [f"{sql} AS {name}" for name, sql in sums.items()]
        )
        grouping = ", ".join(str(place + 1) for place in range(len(names) + 1))
        query = f"SELECT {chosen} {FROM} WHERE {y} <> 0 OR {y} IS NULL GROUP BY {grouping}"
        schema = self._key_schema(names) | {"y": "float64", "n": "int64"}
        schema |= dict.fromkeys(sums, "float64")
        table = self._table(query, schema, "Collapsing events", 2 * self.most_patterns)
        coded = {
            name: table[f"k{j}"].combine_chunks().dictionary_encode()
            for j, name in enumerate(names)
        }
        events: pd.DataFrame = table.select(["y", "n", *sums]).to_pandas()
        self._check_counts(outcome, events)
        events["pattern"] = self._numbered(coded, levels)
        return events.sort_values(["pattern", "y"], ignore_index=True)

    def _keys(self, covariates: Sequence[str]) -> tuple[list[str], str]:
        """Select and group by covariates as they are, which an engine does on dictionaries."""
        keys = [f"{self._value(name)} AS k{j}" for j, name in enumerate(covariates)]
        places = ", ".join(str(place + 1) for place in range(len(keys)))
        return keys, f"GROUP BY {places}" if keys else ""

    def _key_schema(self, covariates: Sequence[str]) -> dict[str, str]:
        return {f"k{j}": _IBIS[self._kind(name)] for j, name in enumerate(covariates)}

    def _numbered(
        self, keys: Mapping[str, pa.DictionaryArray], levels: Mapping[str, tuple[Any, ...]]
    ) -> Any:
        """Give each pattern its number, mixed radix over levels."""
        self._refuse_radix(levels)
        number: Any = 0
        radix = 1
        for name, key in keys.items():
            place = {value: i for i, value in enumerate(levels[name])}
            table = np.array([place[value] for value in key.dictionary.to_pylist()], np.int64)
            number = number + table[np.asarray(key.indices)] * radix
            radix *= len(levels[name])
        return number

    def _refuse_radix(self, levels: Mapping[str, tuple[Any, ...]]) -> None:
        if math.prod(len(values) for values in levels.values()) >= 2**62:
            what = "the covariates cross too many levels."
            raise Refusal(Problem("E125", what, "Drop a term, or bin one.", self.name))

    def _bad_exposure(self, name: str, bad: int, rows: int) -> Problem:
        good = f'"{name}" > 0 AND "{name}" < {LONGEST_HOURS}'
        file, row = self._engine.first_bad(f"({good}) IS NOT TRUE") or (self.name, None)
        return Problem(
            "E104",
            f"{bad:,} of {rows:,} rows have hours that are "
            " missing, 0, negative or endless; this is the first.",
            "Give every row its exposure, or leave out rows that had none.",
            file,
            row,
            name,
        )

    def _check_counts(self, name: str, events: pd.DataFrame) -> None:
        y = events["y"].to_numpy(float)
        good = np.isfinite(y) & (y >= 0) & (y == np.floor(y))
        if good.all():
            return
        bad = f'("{name}" >= 0 AND "{name}" = floor("{name}") AND "{name}" < {LONGEST_HOURS})'
        file, row = self._engine.first_bad(f"{bad} IS NOT TRUE") or (self.name, None)
        rows = int(events.loc[~good, "n"].sum())
        raise Refusal(
            Problem(
                "E102",
                f"{rows:,} rows have a count that is missing, negative or a fraction; this is the "
                "first.",
                "Counts are whole numbers of 0 or more.",
                file,
                row,
                name,
            )
        )

    def _pattern(self, covariates: Mapping[str, tuple[Any, ...]]) -> tuple[str, str]:
        """Write the number of a pattern in SQL, mixed radix over its levels, and the joins."""
        parts, joins, radix = ["0"], [], 1
        wide = math.prod(len(levels) for levels in covariates.values()) >= 2**31
        for j, (name, levels) in enumerate(covariates.items()):
            code = f"CAST(l{j}.code AS BIGINT)" if wide else f"l{j}.code"
            parts.append(f"{code} * {radix}")
            joins.append(self._lookup(f"l{j}", [name], [(value,) for value in levels]))
            radix *= len(levels)
        return " + ".join(parts), " ".join(joins)

    def _lookup(
        self,
        alias: str,
        names: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        factor: Sequence[float] | None = None,
    ) -> str:
        """Join of a table of levels, written into the query: nothing is created on the engine."""
        lines = []
        for code, values in enumerate(rows):
            cells = [*(self._literal(n, v) for n, v in zip(names, values, strict=True)), str(code)]
            if factor is not None:
                cells.append(f"CAST({float(factor[code])!r} AS DOUBLE)")
            lines.append(f"({', '.join(cells)})")
        columns = [
            *(f"v{i}" for i in range(len(names))),
            "code",
            *(["m"] if factor is not None else []),
        ]
        on = [f"{self._value(name)} = {alias}.v{i}" for i, name in enumerate(names)]
        return (
            f"JOIN (VALUES {', '.join(lines)}) AS {alias}({', '.join(columns)}) "
            f"ON {' AND '.join(on) or 'TRUE'}"
        )

    def _literal(self, name: str, value: Any) -> str:
        kind = self._kind(name)
        if kind == "text":
            return quoted(str(value))
        if kind == "number":
            return f"CAST({float(value)!r} AS DOUBLE)"
        return f"DATE '{value}'" if kind == "day" else str(value).upper()

    @property
    def streams(self) -> bool:
        """Whether scores are summed from files, row by row, and not by the engine."""
        return isinstance(self._engine, DuckEngine)

    def clusters(self, name: str) -> int:
        """Count the clusters.

        Raises
        ------
        Refusal
            E114 for one cluster only, E121 for officers that are not hashed, E125 for rows without.
        """
        found, filled, shortest = self._told_apart(name)
        problems = Problems(file=self.name)
        if name.startswith("officer"):
            self._check_hashed(name, shortest, problems)
        if filled < found:
            what = f"some rows have no '{name}'."
            problems.add("E125", what, "Every row needs its cluster.", column=name)
        elif found < 2:
            what = f"'{name}' has one cluster only."
            problems.add("E114", what, "Cluster by a finer unit.", column=name)
        problems.raise_if_any()
        return found

    def _told_apart(self, name: str) -> tuple[int, int, int]:
        """Clusters, those with a label, length of the shortest label."""
        text = self._engine.kinds[name] == "text"
        if self.streams:
            labels = self._labels(name)
            shortest = pc.min(pc.utf8_length(labels)).as_py() if text else 0
            return len(labels), len(labels) - labels.null_count, shortest or 0
        query = (
            f"SELECT count(*) AS k, count(c) AS filled, min({'length(c)' if text else '0'}) AS "
            f'shortest FROM (SELECT DISTINCT r."{name}" AS c {FROM}) AS d'
        )
        schema = dict.fromkeys(("k", "filled", "shortest"), "int64")
        found = self._frame(query, schema, "Counting clusters").iloc[0]
        return int(found["k"]), int(found["filled"]), int(found["shortest"] or 0)

    def _labels(self, name: str) -> pa.Array:
        """Every cluster, counted once and kept: scores number them in this order."""
        if name not in self._clusters:
            query = f'SELECT DISTINCT r."{name}" AS c {FROM}'
            table = self._table(query, {"c": _IBIS[self._kind(name)]}, "Counting clusters")
            self._clusters[name] = table["c"].combine_chunks()
        return self._clusters[name]

    def _check_hashed(self, name: str, shortest: int, problems: Problems) -> None:
        from officer_assaults.topics.crewing.data.identifiers import HASH

        query = f'SELECT DISTINCT r."{name}" AS c {FROM} LIMIT {SAMPLED_CLUSTERS}'
        some = self._frame(query, {"c": "string"}, "Looking at clusters")["c"].dropna()
        hashed = some.astype(str).map(lambda label: re.fullmatch(HASH, label) is not None)
        if shortest < 16 or not hashed.all():
            problems.add(
                "E121",
                f"'{name}' holds something else than hashes.",
                "Replace officers by an HMAC of 16 or more hexadecimal digits, made with a secret "
                "that stays in the force.",
                column=name,
            )

    def cluster_sample(self, question: Question) -> pd.DataFrame:
        """Distinct patterns of some clusters, to see which covariates hardly vary within one."""
        values = {name: self._value(name) for name in question.covariates}
        listed = ", ".join(f'{sql} AS "{name}"' for name, sql in values.items())
        query = (
            f'SELECT DISTINCT r."{question.cluster}" AS cluster_, {listed} {FROM} JOIN '
            f'(SELECT c FROM (SELECT DISTINCT r."{question.cluster}" AS c {FROM}) AS d '
            f'ORDER BY c LIMIT {SAMPLED_CLUSTERS}) AS s ON r."{question.cluster}" = s.c'
        )
        kinds = {name: _IBIS[self._kind(name)] for name in values}
        own = _IBIS[self._engine.kinds[question.cluster]]
        return self._frame(query, {"cluster_": own} | kinds, "Sampling clusters")

    def cluster_scores(
        self,
        question: Question,
        lookups: Sequence[pd.DataFrame],
        bundles: Sequence[Sequence[int]],
        sink: ScoreSink,
    ) -> None:
        """Sum observed minus fitted counts by cluster and by each bundle of covariates.

        Parameters
        ----------
        question : Question
        lookups : sequence of DataFrame
            Combinations of some covariates, with the factor ``m`` that each puts on the rate.
        bundles : sequence of sequence of int
            Lookups whose combinations are kept apart together; the first one's vary fastest.
        sink : callable
            Gets the place of a bundle, clusters, combinations and differences, to be added up.
        """
        if self.streams and isinstance(self._engine, DuckEngine):
            what = "Summing scores by cluster"
            self._engine.sum_scores(self._asked(question, lookups, bundles), sink, what)
        else:
            self._scores_by_engine(question, lookups, bundles, sink)

    def _asked(
        self,
        question: Question,
        lookups: Sequence[pd.DataFrame],
        bundles: Sequence[Sequence[int]],
    ) -> Scores:
        levels = question.covariates
        names = [[name for name in table.columns if name != "m"] for table in lookups]
        factors = [table["m"].to_numpy(float) for table in lookups]
        return Scores(
            question.outcome,
            question.exposure,
            question.cluster,
            self._labels(question.cluster),
            levels,
            self.bins,
            {name: bin_labels(edges) for name, edges in self.bins.items()},
            tuple(
                bundle_of([names[j] for j in bundle], [factors[j] for j in bundle], levels)
                for bundle in bundles
            ),
        )

    def _scores_by_engine(
        self,
        question: Question,
        lookups: Sequence[pd.DataFrame],
        bundles: Sequence[Sequence[int]],
        sink: ScoreSink,
    ) -> None:
        """Let the engine sum: one grouping set per bundle."""

        def hand_on(batch: pa.RecordBatch) -> None:
            g, w = np.asarray(batch.column("g")), np.asarray(batch.column("w"))
            for i in range(len(bundles)):
                column = batch.column(f"b{i}")
                mine = np.asarray(column.is_valid())
                sink(i, g[mine], np.asarray(column.drop_null(), dtype=np.intp), w[mine])

        schema = {"g": "int64"} | {f"b{i}": "int32" for i in range(len(bundles))}
        query = self._score_query(question, lookups, bundles)
        self._engine.run(query, schema | {"w": "float64"}, hand_on, "Summing scores by cluster")

    def _score_query(
        self,
        question: Question,
        lookups: Sequence[pd.DataFrame],
        bundles: Sequence[Sequence[int]],
    ) -> str:
        joins = [
            self._lookup(
                f"s{j}",
                [name for name in table.columns if name != "m"],
                list(table.drop(columns="m").itertuples(index=False, name=None)),
                table["m"].to_list(),
            )
            for j, table in enumerate(lookups)
        ]
        numbers = []
        for bundle in bundles:
            sizes = [1, *(len(lookups[j]) for j in bundle[:-1])]
            radixes = itertools.accumulate(sizes, int.__mul__)
            numbers.append(
                " + ".join(f"s{j}.code * {r}" for j, r in zip(bundle, radixes, strict=True))
            )
        rate = " * ".join(f"s{j}.m" for j in range(len(lookups)))
        chosen = ", ".join(f"{sql} AS b{i}" for i, sql in enumerate(numbers))
        grouping = ", ".join(f"(g.g, {sql})" for sql in numbers)
        return (
            f'SELECT g.g AS g, {chosen}, sum(r."{question.outcome}" - r."{question.exposure}" * '
            f"{rate}) AS w {FROM} JOIN (SELECT c, row_number() OVER () - 1 AS g FROM "
            f'(SELECT DISTINCT r."{question.cluster}" AS c {FROM}) AS d) AS g '
            f'ON r."{question.cluster}" = g.c {" ".join(joins)} GROUP BY GROUPING SETS ({grouping})'
        )

    def cluster_cells(self, question: Question) -> pd.DataFrame:
        """Collapse the rows by cluster and pattern: columns cluster_, pattern, y, e.

        Raises
        ------
        Refusal
            E125 if there are more of them than memory allows.
        """
        pattern, joins = self._pattern(question.covariates)
        query = (
            f'SELECT r."{question.cluster}" AS cluster_, {pattern} AS pattern, '
            f'sum(CAST(r."{question.outcome}" AS DOUBLE)) AS y, sum(r."{question.exposure}") AS e '
            f"{FROM} {joins} GROUP BY 1, 2"
        )
        schema = {"cluster_": _IBIS[self._engine.kinds[question.cluster]], "pattern": "int64"}
        schema |= {"y": "float64", "e": "float64"}
        what = "Collapsing rows by cluster"
        return self._frame(query, schema, what, 4 * self.most_patterns)

    def collapse(
        self,
        keys: Sequence[str],
        sums: Sequence[str],
        averages: Sequence[str] = (),
        weight: str = "officer_hours",
    ) -> pd.DataFrame:
        """Pool rows that agree in every key: what crew cells are made of, at any number of rows.

        Parameters
        ----------
        keys : sequence of str
            Columns kept apart.
        sums : sequence of str
            Counts and hours to add up.
        averages : sequence of str
            Shares and minutes to average, weighted by ``weight``.
        weight : str

        Returns
        -------
        DataFrame
            One row per combination that occurs, in the order of the keys.

        Raises
        ------
        Refusal
            E124 for columns that are absent or no numbers, E125 for keys without a value and for
            more combinations than memory allows.
        """
        numbers = dict.fromkeys([*sums, *averages, weight])
        self.check(weight, weight, [*keys, *numbers])
        files_.check_columns(
            self._engine.kinds, dict.fromkeys(numbers, ("whole", "number")), self.name
        )
        self.levels(keys)
        parts = [f'{self._value(name)} AS "{name}"' for name in keys]
        parts += [f'sum(CAST(r."{name}" AS DOUBLE)) AS "{name}"' for name in sums]
        parts += [
            f'sum(r."{name}" * r."{weight}") / sum(r."{weight}") AS "{name}"' for name in averages
        ]
        order = ", ".join(str(place + 1) for place in range(len(keys)))
        query = f"SELECT {', '.join(parts)} {FROM} GROUP BY {order} ORDER BY {order}"
        kinds = {name: _IBIS[self._kind(name)] for name in keys}
        schema = kinds | dict.fromkeys([*sums, *averages], "float64")
        return self._frame(query, schema, "Pooling rows", self.most_patterns)

    def _frame(
        self, query: str, schema: dict[str, str], what: str, most: int | None = None
    ) -> pd.DataFrame:
        frame: pd.DataFrame = self._table(query, schema, what, most).to_pandas()
        return frame

    def _table(
        self, query: str, schema: dict[str, str], what: str, most: int | None = None
    ) -> pa.Table:
        batches: list[pa.RecordBatch] = []
        rows = 0

        def collect(batch: pa.RecordBatch) -> None:
            nonlocal rows
            rows += len(batch)
            if most is not None and rows > most:
                raise Refusal(
                    Problem(
                        "E125",
                        f"the formula makes more than {most:,} patterns, more than "
                        f"{self.memory_mb:,} MB can hold.",
                        "Drop a term, group its levels, or allow more memory.",
                        self.name,
                    )
                )
            batches.append(batch)

        self._engine.run(query, schema, collect, what)
        if not batches:
            return pa.table({name: pa.array([], _ARROW[kind]) for name, kind in schema.items()})
        return pa.Table.from_batches(batches)


def open_roster(
    path: Path | str,
    *,
    bins: Mapping[str, Sequence[float]] | None = None,
    memory_mb: int = DEFAULT_MEMORY_MB,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Roster:
    """Open a roster of any size: one file or a folder of them, Parquet (partitioned or not) or CSV.

    Parameters
    ----------
    path : Path or str
    bins : mapping of str to sequence of float, optional
        Edges of the classes of a continuous covariate: ``{"backup_min": [10, 20]}`` makes
        below 10, 10 to under 20, and 20 and over.
    memory_mb : int
        Megabytes that the process may hold; sums that do not fit go to a temporary folder.
    threads : int, optional
    progress : callable, optional
        Called with percent done, 100 and what is being done.
    cancel : threading.Event, optional
        Set it from anywhere to stop; :class:`Cancelled` is raised and nothing left behind.

    Raises
    ------
    Refusal
        E124 if there are no such files, one is damaged, or they do not go together.
    """
    bins = {name: _edges(name, edges) for name, edges in (bins or {}).items()}
    found = files_.find(path)
    (files_.check_parquet if found.parquet else files_.check_csv)(found, [])
    engine = DuckEngine(
        found, memory_mb=memory_mb, threads=threads, progress=progress, cancel=cancel
    )
    return Roster(engine, found.root.name, bins=bins, memory_mb=memory_mb, files=found)


def open_table(
    connection: Any,
    table: str,
    *,
    bins: Mapping[str, Sequence[float]] | None = None,
    memory_mb: int = DEFAULT_MEMORY_MB,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Roster:
    """Open a roster where it lives: a table of an engine that Ibis is connected to.

    Parameters
    ----------
    connection : ibis backend
        For instance ``ibis.postgres.connect(...)`` with an account that can only read.
    table : str
    bins, memory_mb, progress, cancel
        As for :func:`open_roster`.
    """
    engine = IbisEngine(connection, table, progress=progress, cancel=cancel)
    return Roster(engine, table, bins=bins, memory_mb=memory_mb)


def bin_labels(edges: Sequence[float]) -> list[str]:
    """Names of the classes between edges.

    Examples
    --------
    >>> bin_labels([10, 20])
    ['below 10', '10 to under 20', '20 and over']
    """
    middle = [f"{low:g} to under {high:g}" for low, high in itertools.pairwise(edges)]
    return [f"below {edges[0]:g}", *middle, f"{edges[-1]:g} and over"]


def _edges(name: str, edges: Sequence[float]) -> list[float]:
    values = [float(edge) for edge in edges]
    if not values or values != sorted(set(values)) or not all(map(math.isfinite, values)):
        raise Refusal(
            Problem(
                "E125",
                f"the edges {', '.join(f'{edge:g}' for edge in values)} do not rise.",
                "Give one or more numbers in rising order.",
                column=name,
            )
        )
    return values


__all__ = ["Question", "Roster", "RosterSums", "bin_labels", "open_roster", "open_table"]
