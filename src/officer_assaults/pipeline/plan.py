"""Plan: the table of runs, checked whole before the first kernel starts, and what is stale."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from officer_assaults.files import sha256, sha256_file
from officer_assaults.pipeline import inputs as inputs_
from officer_assaults.pipeline import notebooks as notebooks_
from officer_assaults.pipeline.closures import IMPORTS, Closures
from officer_assaults.pipeline.inputs import Inputs, read_json
from officer_assaults.pipeline.notebooks import Notebook
from officer_assaults.pipeline.parameters import Vocabulary, refuse_names
from officer_assaults.pipeline.project import ALL, Project
from officer_assaults.pipeline.vocabularies import FileVocabulary, Memory
from officer_assaults.refusals import Problem, Problems, Refusal, nearest

STAMP_FORMAT = 1
_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_VARIANT = 80
_BESIDE = ""
STAMP_SHAPE = {
    "format": int,
    "inputs": {str: str},
    "versions": {str: str},
    "parameters": dict,
    "outputs": {str: str},
}


@dataclass(frozen=True, slots=True)
class Run:
    """One notebook with one set of checked parameters, and where its report goes.

    Parameters
    ----------
    notebook : Notebook
        What to run.
    scope : str
        Folder of the report.
    parameters : dict
        Every parameter's value, canonically spelled.
    non_default : dict
        The parameters that differ from the notebook's defaults, the scope left out.
    inputs : Inputs
        Hashes of everything the report is made from.
    versions : dict of str to str
        Installed versions that the page names.
    command : str
        What makes this one report, as the page says it.
    local_command : str
        The same for the terminal: it names files outside the project by their whole path.
    files : dict of str to Path
        Files that parameters name, by the name the notebook knows them by.
    outside : frozenset of str
        Those of the files that lie outside the project.
    sources : dict of str to str
        Hash of each file of the package that the report depends on.
    shelf : str
        Folder around that of the scope, for reports that stand apart from all others.
    """

    notebook: Notebook
    scope: str
    parameters: dict[str, Any]
    non_default: dict[str, Any]
    inputs: Inputs
    versions: dict[str, str]
    command: str
    local_command: str
    files: dict[str, Path] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()
    sources: dict[str, str] = field(default_factory=dict)
    shelf: str = ""

    def manifest(self, part: str, manifests: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
        """Hashes of the single files behind one part of its inputs."""
        return self.sources if part == "source" else manifests[part]

    @property
    def name(self) -> str:
        """Name of the notebook, and of what differs from its defaults, own files among it."""
        marks = self._own_files()
        told = {n: marks.get(n, v) for n, v in self.non_default.items()}
        return self.notebook.name + variant({n: v for n, v in told.items() if v != _BESIDE})

    def _own_files(self) -> dict[str, str]:
        """Give what the name says of each parameter that names a file.

        A file from outside the project goes by its name and a mark of its folder, which no page
        tells; the description beside a file goes with the file.
        """
        schema = self.notebook.schema
        named = {n: str(v) for n, v in self.non_default.items() if schema[n].is_file and v}
        marks = {}
        for name, value in named.items():
            path = self.files.get(value)
            is_beside = any(value.startswith(f"{v}.") for v in named.values() if v != value)
            folder = _folder_mark(path.parent) if path and value in self.outside else ""
            marks[name] = _BESIDE if is_beside else "-".join(filter(None, (value, folder)))
        return marks

    @property
    def key(self) -> str:
        """Scope and name, by which messages and manifests speak of a run."""
        return f"{self.scope}/{self.name}"

    def path(self, folder: Path, suffix: str) -> Path:
        """Where the file of one kind lies below a folder."""
        return folder / self.shelf / self.scope / f"{self.name}{suffix}"


def _folder_mark(folder: Path) -> str:
    """Tell a folder from others: its number, which no reader knows, lets nobody try out a path."""
    return sha256(f"{folder} {folder.stat().st_ino}".encode())[:6]


def variant(non_default: Mapping[str, Any]) -> str:
    """Give what a file name adds for parameters that differ from the default; nothing for none.

    Examples
    --------
    >>> variant({"period1": "2019/20", "alpha": 0.1})
    '~alpha=0.1,period1=2019-20'
    """
    if not non_default:
        return ""
    texts = {name: _as_text(value) for name, value in sorted(non_default.items())}
    words = {name: text.replace("/", "-") for name, text in texts.items()}
    shown = ",".join(f"{name}={_FILE_NAME.sub('_', word)}" for name, word in words.items())
    is_whole = len(shown) <= _LONGEST_VARIANT and not any(map(_FILE_NAME.search, words.values()))
    mark = "" if is_whole else f"~{inputs_.hash_json(texts)[:8]}"
    return f"~{shown[:_LONGEST_VARIANT]}{mark}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All runs asked for, and for each why it has to be made again.

    Parameters
    ----------
    runs : tuple of Run
        In the order of scopes and notebooks.
    reasons : dict of str to str
        Why a run is stale, by its key; fresh runs are not in it.
    manifests : dict of str to dict
        Hash of every single source and data file, so that a later plan can name what changed.
    """

    runs: tuple[Run, ...]
    reasons: dict[str, str]
    manifests: dict[str, dict[str, str]]

    @property
    def stale(self) -> tuple[Run, ...]:
        """The runs that have to be made."""
        return tuple(run for run in self.runs if run.key in self.reasons)


def make_plan(
    project: Project,
    *,
    notebooks: Sequence[str] | None = None,
    scopes: Sequence[str] | None = None,
    settings: Mapping[str, str] | None = None,
    force_all: bool = False,
    slow: Callable[[Sequence[Notebook]], None] = lambda notebooks: None,
) -> Plan:
    """Check every run that is asked for and say which of them are stale.

    Parameters
    ----------
    project : Project
        Where things are.
    notebooks : sequence of str, optional
        Names of notebooks; default all.
    scopes : sequence of str, optional
        Values of the scope parameter, ``["all"]`` for every one; default the project's focus.
    settings : mapping of str to str, optional
        Values of other parameters; each notebook takes those it knows.
    force_all : bool
        Treat every run as stale.
    slow : callable
        Called with the notebooks where data or package changed since the last plan: words are then
        looked up, which takes as long as the imports of a kernel do.

    Returns
    -------
    Plan
        Checked runs.

    Raises
    ------
    Refusal
        With everything wrong in any run: unknown notebooks, parameters and scopes, wrong values,
        runs asked for twice, data that is not there.
    """
    chosen = _chosen(project, notebooks, settings or {})
    table = _table(
        project, scopes, settings or {}, alone=len(chosen) == 1, slow=lambda: slow(chosen)
    )
    runs = _collect(table.runs_of(notebook) for notebook in chosen)
    table.keep()
    _refuse_duplicates(runs)
    runs.sort(key=lambda run: (run.scope != project.national_scope, run.scope, run.name))
    return _judged(project, runs, table.manifests, force_all)


#: One run of a sweep that cannot be made: its scope, its settings, and why.
Refused = tuple[str, Mapping[str, str], tuple[Problem, ...]]


def make_sweep(
    project: Project,
    notebook: str,
    scopes: Sequence[str] | None,
    combinations: Sequence[Mapping[str, str]],
    *,
    force_all: bool = False,
) -> tuple[Plan, tuple[Refused, ...]]:
    """Plan one notebook under many settings, leaving out those that it refuses.

    Parameters
    ----------
    project : Project
    notebook : str
    scopes : sequence of str, optional
        As for :func:`make_plan`.
    combinations : sequence of mapping
        Settings of each run.
    force_all : bool
        Treat every run as stale.

    Returns
    -------
    tuple of Plan and tuple of Refused

    Raises
    ------
    Refusal
        If the notebook is unknown, or every run is refused.
    """
    (chosen,) = _chosen(project, [notebook], combinations[0] if combinations else {})
    named = project.scope_parameter in chosen.schema
    table = _table(project, scopes, {}, alone=True)
    runs: dict[str, Run] = {}
    refused: list[Refused] = []
    for scope in table.scopes if named else [project.focus]:
        for settings in combinations:
            one = replace(table, scopes=[scope], settings=dict(settings))
            try:
                runs |= {run.key: run for run in one.runs_of(chosen)()}
            except Refusal as refusal:
                refused.append((scope, dict(settings), refusal.problems))
    table.keep()
    if not runs:
        raise Refusal({problem: None for *_, problems in refused for problem in problems})
    return _judged(project, list(runs.values()), table.manifests, force_all), tuple(refused)


def _table(
    project: Project,
    scopes: Sequence[str] | None,
    settings: Mapping[str, str],
    *,
    alone: bool,
    slow: Callable[[], None] = lambda: None,
) -> _Table:
    manifests = {
        "source": inputs_.manifest([project.source]),
        "data": inputs_.manifest(project.data),
    }
    closures = Closures(
        project.source,
        manifests["source"],
        (project.render.partition(":")[0], *project.modules),
        project.state / IMPORTS,
    )
    memory = Memory(project.state / "words.json", inputs_.hash_json(manifests))
    if memory.is_new:
        slow()
    vocabularies: dict[str, Vocabulary] = {
        "file": FileVocabulary(project.root),
        **memory.wrap(project.vocabularies),
    }
    return _Table(
        project,
        _all_scopes(project, scopes, vocabularies),
        bool(scopes),
        alone,
        dict(settings),
        manifests,
        vocabularies,
        _neighbours(project),
        closures,
        memory,
        inputs_.versions(project.versions),
    )


def _judged(
    project: Project,
    runs: list[Run],
    manifests: dict[str, dict[str, str]],
    force_all: bool,
) -> Plan:
    """Say of each run why it has to be made."""
    reasons = {}
    for run in runs:
        reason = "asked for" if force_all else why_stale(project, run, manifests)
        if reason is not None:
            reasons[run.key] = reason
    return Plan(tuple(runs), reasons, manifests)


def _collect(parts: Iterable[Callable[[], list[Run]]]) -> list[Run]:
    runs: list[Run] = []
    problems: dict[Problem, None] = {}
    for part in parts:
        try:
            runs.extend(part())
        except Refusal as refusal:
            problems.update(dict.fromkeys(refusal.problems))
    if problems:
        raise Refusal(problems)
    return runs


def _all_scopes(
    project: Project, scopes: Sequence[str] | None, vocabularies: Mapping[str, Vocabulary]
) -> Sequence[str]:
    if scopes is not None and list(scopes) == [ALL]:
        return vocabularies[project.scope_vocabulary].known()
    return scopes or [project.focus]


def _chosen(
    project: Project, wanted: Sequence[str] | None, settings: Mapping[str, str]
) -> list[Notebook]:
    problems = Problems()
    chosen = _choose(project, wanted, problems)
    _check_settings(project, chosen, settings, problems)
    _check_data(project, problems)
    problems.raise_if_any()
    return chosen


def _neighbours(project: Project) -> dict[str, list[str]]:
    """Name and title of the notebooks beside each one in its folder: pages link to them."""
    shelves: dict[bool, list[Notebook]] = {True: [], False: []}
    for path in notebooks_.find(project.notebooks):
        with contextlib.suppress(Refusal):
            notebook = notebooks_.load(path)
            scope = project.scope_parameter
            scoped = scope in notebook.schema and not notebook.schema[scope].optional
            shelves[scoped].append(notebook)
    found = {}
    for shelf in shelves.values():
        words = ["", *(f"{notebook.name}: {notebook.title}" for notebook in shelf), ""]
        for place, notebook in enumerate(shelf):
            found[notebook.name] = [words[place], words[place + 2]]
    return found


def _choose(project: Project, wanted: Sequence[str] | None, problems: Problems) -> list[Notebook]:
    paths = {path.stem: path for path in notebooks_.find(project.notebooks)}
    if not paths:
        problems.add("P303", f"no notebooks in {project.notebooks.name}/.", "Check the folder.")
    chosen = []
    for name in paths if wanted is None else wanted:
        stem = Path(name).name.removesuffix(".ipynb")
        if stem not in paths:
            problems.add("P301", f"there is no notebook '{name}'.", nearest(stem, list(paths)))
            continue
        try:
            chosen.append(notebooks_.load(paths[stem]))
            problems.found.extend(notebooks_.check_kernel(chosen[-1]))
        except Refusal as refusal:
            problems.found.extend(refusal.problems)
    return chosen


def _check_settings(
    project: Project, chosen: Sequence[Notebook], settings: Mapping[str, str], problems: Problems
) -> None:
    scope = project.scope_parameter
    if len(chosen) > 1:  # One notebook alone names what it does not know with all else.
        known = sorted({name for notebook in chosen for name in notebook.schema.names})
        refuse_names((name for name in settings if name != scope), known, problems)
    if scope in settings:
        problems.add(
            "P209",
            f"'{scope}' decides where a report goes and is not set like other parameters.",
            f"Use --{scope}.",
        )


def _check_data(project: Project, problems: Problems) -> None:
    for path in (*project.data, project.lock, project.source):
        if not path.exists():
            problems.add(
                "P303",
                f"'{path.relative_to(project.root)}' is needed by every report and is not there.",
                "Restore it from the repository.",
            )


@dataclass(frozen=True, slots=True)
class _Table:
    project: Project
    scopes: Sequence[str]
    scopes_are_named: bool
    alone: bool
    settings: dict[str, str]
    manifests: dict[str, dict[str, str]]
    vocabularies: Mapping[str, Vocabulary]
    neighbours: Mapping[str, Sequence[str]]
    closures: Closures
    memory: Memory
    versions: Mapping[str, str]

    def keep(self) -> None:
        """Keep what was looked up, for later plans."""
        self.memory.keep()
        self.closures.keep()

    def runs_of(self, notebook: Notebook) -> Callable[[], list[Run]]:
        def runs() -> list[Run]:
            sources = self.closures.files(notebook.imports())
            return _collect(self._run(notebook, scope, sources) for scope in self._scopes(notebook))

        return runs

    def _scopes(self, notebook: Notebook) -> Sequence[str | None]:
        name = self.project.scope_parameter
        if name not in notebook.schema:
            return [None]
        if not notebook.schema[name].optional:
            return self.scopes
        has_own_data = any(
            p.is_file and p.name in self.settings for p in notebook.schema.parameters
        )
        return self.scopes if has_own_data and self.scopes_are_named else [None]

    def _run(
        self, notebook: Notebook, scope: str | None, sources: Mapping[str, str]
    ) -> Callable[[], list[Run]]:
        return lambda: [self._checked_run(notebook, scope, sources)]

    def _checked_run(
        self, notebook: Notebook, scope: str | None, sources: Mapping[str, str]
    ) -> Run:
        project, schema = self.project, notebook.schema
        given: dict[str, Any] = {
            n: v for n, v in self.settings.items() if self.alone or n in schema
        }
        if scope is not None:
            given[project.scope_parameter] = scope
        found = schema.resolve(given, self.vocabularies, project.check_together)
        values, files = _renamed_files(notebook, found, project.root)
        defaults = schema.resolve({}, self.vocabularies) if given else values
        non_default = {
            name: value
            for name, value in values.items()
            if name != project.scope_parameter and value != defaults[name]
        }
        folder = project.national_scope if scope is None else values[project.scope_parameter]
        shown, local = (
            {name: _as_text(source[name]) for name in non_default} for source in (values, found)
        )
        asked = None if scope is None else folder
        inside = project.root.resolve()
        return Run(
            notebook,
            folder,
            values,
            non_default,
            self._inputs(notebook, values, files, sources),
            dict(self.versions),
            project.command(notebook.name, asked, shown),
            project.command(notebook.name, asked, local),
            files,
            frozenset(n for n, path in files.items() if not path.resolve().is_relative_to(inside)),
            dict(sources),
            project.shelf(values),
        )

    def _inputs(
        self,
        notebook: Notebook,
        values: Mapping[str, Any],
        files: Mapping[str, Path],
        sources: Mapping[str, str],
    ) -> Inputs:
        own = {name: sha256_file(path) for name, path in files.items()}
        return Inputs(
            notebook=inputs_.hash_json([notebook.cells(), self.neighbours[notebook.name]]),
            parameters=inputs_.hash_json(values),
            source=inputs_.hash_json(sources),
            data=inputs_.hash_json(self.manifests["data"]),
            lock=sha256_file(self.project.lock),
            own=inputs_.hash_json(own) if own else "",
        )


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(str, value))}]"
    return str(value)


def _renamed_files(
    notebook: Notebook, found: Mapping[str, Any], root: Path
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Give files from outside the project a name without their folder: pages show parameters."""
    values = dict(found)
    files: dict[str, Path] = {}
    for parameter in notebook.schema.parameters:
        value = values[parameter.name]
        if parameter.is_file and value is not None and value not in parameter.allowed:
            path = root / value
            name = path.name if Path(value).is_absolute() else value
            if files.get(name, path) != path:
                what = f"two files are called '{name}'."
                raise Refusal(Problem("P304", what, "Rename one: pages show no folders."))
            files[name] = path
            values[parameter.name] = name
    return values, files


def _refuse_duplicates(runs: Sequence[Run]) -> None:
    problems = Problems()
    for key, times in Counter(run.key for run in runs).items():
        if times > 1:
            problems.add("P302", f"'{key}' is asked for twice.", "Name it once.")
    problems.raise_if_any()


def stamp_path(project: Project, run: Run) -> Path:
    """Where the stamp of a finished run lies."""
    return run.path(project.state / "stamps", ".json")


def outputs(project: Project, run: Run) -> list[Path]:
    """Files that a finished run left, as its stamp lists them."""
    stamp = read_json(stamp_path(project, run), STAMP_SHAPE) or {"outputs": {}}
    folder = run.path(project.reports, "").parent
    return [folder / name for name in sorted(stamp["outputs"])]


def why_stale(project: Project, run: Run, manifests: Mapping[str, Mapping[str, str]]) -> str | None:
    """Reason to make a report again; None if what is on disk came from these very inputs."""
    stamp = read_json(stamp_path(project, run), STAMP_SHAPE)
    if stamp is None or stamp.get("format") != STAMP_FORMAT:
        failed = run.path(project.state / "failures", ".json").is_file()
        return "failed last time" if failed else "never made"
    reasons = [
        _describe(project, run, part, stamp, manifests)
        for part, value in run.inputs.as_dict().items()
        if stamp["inputs"].get(part) != value
    ]
    if not reasons and stamp["versions"] != run.versions:
        changed = inputs_.changed(stamp["versions"], run.versions)
        reasons = [f"versions changed: {', '.join(changed)}"]
    if not reasons:
        reasons = _missing_outputs(project, run, stamp)
    return "; ".join(reasons) or None


def _describe(
    project: Project,
    run: Run,
    part: str,
    stamp: Mapping[str, Any],
    manifests: Mapping[str, Mapping[str, str]],
) -> str:
    names: list[str] = []
    if part == "parameters":
        names = inputs_.changed(stamp["parameters"], run.parameters)
    elif part in manifests:
        old = read_json(manifest_path(project, part, stamp["inputs"].get(part, "")), {str: str})
        names = inputs_.changed(old, run.manifest(part, manifests)) if old is not None else []
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{part} changed: {', '.join(names[:3])}{more}" if names else f"{part} changed"


def manifest_path(project: Project, part: str, digest: str) -> Path:
    """Where the hashes of the single files behind one part's hash are kept."""
    return project.state / "manifests" / f"{part}-{digest[:16]}.json"


def _missing_outputs(project: Project, run: Run, stamp: Mapping[str, Any]) -> list[str]:
    reasons = []
    folder = run.path(project.reports, "").parent
    names = {*stamp["outputs"], *(f"{run.name}{suffix}" for suffix in (".html", ".json"))}
    for name in sorted(names):
        path, digest = folder / name, stamp["outputs"].get(name)
        if not path.is_file():
            reasons.append(f"{name} is missing")
        elif sha256_file(path) != digest:
            reasons.append(f"{name} was changed by other hands")
    return reasons
