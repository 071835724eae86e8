"""Project: tells the pipeline where this project's things are and what its words mean."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import officer_assaults
from officer_assaults import paths
from officer_assaults.pipeline.project import Project
from officer_assaults.refusals import Problem, Refusal

FOCUS_FORCE = "thames-valley"
NATIONAL = "england-and-wales"
RENDER = "officer_assaults.page.page:render_page"
HELPERS = {
    "headline": "headline",
    "main_points": "main_points",
    "boxes": "boxes",
    "show_figure": "figure",
    "show_table": "table",
    "record": "finding",
    "record_sources": "source",
}
VERSIONS = (
    "ipykernel matplotlib nbconvert numpy officer-assaults pandas papermill scipy seaborn "
    "statsmodels"
)
# What notebooks import stands in them; this is what pandas, pandera and matplotlib load later on.
PRELOAD = (
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "pandas.core.methods.to_dict",
    "pandas.io.formats.csvs",
    "pandas.io.formats.string",
    "patsy",
    "seaborn",
    "statsmodels.formula.api",
    "officer_assaults.cli.project:load_tables",
)
RENDER_IMPORTS = (
    "latex2mathml.converter",
    "mistune",
    "nbconvert.exporters.templateexporter",
    "officer_assaults.data.forces",
    "pandera.backends.pandas.builtin_checks",
)


@dataclass(frozen=True, slots=True)
class Words:
    """A vocabulary whose words a module of ``sources`` knows, imported when first asked."""

    resolve: Callable[[str], str]
    everything: Callable[[], Sequence[str]]

    def canonical(self, text: str) -> str:
        """One spelling for a word."""
        return self.resolve(text)

    def known(self) -> Sequence[str]:
        """All words."""
        return self.everything()


def load() -> Project:
    """Describe the project that the user stands in.

    Raises
    ------
    Refusal
        P305 outside a project.
    """
    try:
        root = paths.project_root()
    except FileNotFoundError as error:
        raise Refusal(Problem("P305", f"{error}.", "Run it in the project folder.")) from error
    return Project(
        root=root,
        notebooks=paths.notebooks_dir(),
        reports=paths.reports_dir(),
        source=Path(officer_assaults.__file__).parent,
        data=(paths.data_dir(),),
        lock=root / "requirements.lock",
        render=RENDER,
        command=make_command,
        scope_parameter="force",
        national_scope=NATIONAL,
        focus=FOCUS_FORCE,
        scope_vocabulary="force",
        vocabularies={
            "force": Words(_force, _forces),
            "financial-year": Words(_financial_year, _financial_years),
            "vintage": Words(_vintage, _vintages),
        },
        helpers=HELPERS,
        versions=tuple(VERSIONS.split()),
        preload=PRELOAD,
        render_imports=RENDER_IMPORTS,
        environment={paths.ROOT_VARIABLE: "{root}"},
    )


def load_tables() -> None:
    """Read every table and count its years once; kernels forked afterwards find that done."""
    from officer_assaults.data import recorded, tables

    for name in tables.names():
        tables.load(name)
    for vintage in ("auto", *recorded.vintages()):
        recorded.annual(vintage)


def make_command(notebook: str, scope: str | None, settings: Mapping[str, str]) -> str:
    """Give the command that makes one report."""
    parts = ["make", "report", f"NB={notebook}"]
    if scope is not None:
        parts.append(f"FORCE={scope}")
    if settings:
        text = " ".join(f"{name}={value}" for name, value in settings.items())
        parts.append(f"SET={shlex.quote(text)}")
    return " ".join(parts).replace("$", "$$")  # One dollar sign would be make's.


def _force(text: str) -> str:
    from officer_assaults.data import forces

    force = forces.resolve(text)
    if force.kind == "nation":
        remedy = "Name a force: national figures are in the national notebooks."
        raise Refusal(Problem("E101", f"'{text}' is not a police force.", remedy))
    return force.slug


def _forces() -> Sequence[str]:
    from officer_assaults.data import forces

    return sorted([*forces.slugs("territorial"), *forces.slugs("transport")])


def _financial_year(text: str) -> str:
    from officer_assaults.data import periods

    return periods.financial_year(text).label


def _financial_years() -> Sequence[str]:
    from officer_assaults.data import recorded

    years: list[str] = sorted(recorded.quarterly()["financial_year"].unique())
    return years


def _vintage(text: str) -> str:
    from officer_assaults.data import recorded
    from officer_assaults.refusals import nearest

    known = recorded.vintages()
    if text not in known:
        raise Refusal(Problem("E107", f"'{text}' is not a release.", nearest(text, known)))
    return text


def _vintages() -> Sequence[str]:
    from officer_assaults.data import recorded

    return recorded.vintages()
