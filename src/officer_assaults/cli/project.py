"""Project: tells the pipeline where this project's things are and what its words mean."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import officer_assaults
from officer_assaults import paths
from officer_assaults.data import vocabularies
from officer_assaults.page import audience
from officer_assaults.pipeline.parameters import join_assignments
from officer_assaults.pipeline.project import Project
from officer_assaults.refusals import Refusal

FOCUS_FORCE = "thames-valley"
NATIONAL = "england-and-wales"
#: Years that reports compare unless others are asked for.
YEARS = ("2017/18", "2018/19")
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
# What notebooks import stands in them; this is what a first chart or table would load later on.
PRELOAD = (
    "IPython.core.logger",
    "PIL.BmpImagePlugin",
    "PIL.GifImagePlugin",
    "PIL.JpegImagePlugin",
    "PIL.PpmImagePlugin",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "officer_assaults.page.entrance",
    "officer_assaults.page.site",
    "pandas.core.arrays.arrow.extension_types",
    "pandas.core.methods.to_dict",
    "pandas.io.formats.csvs",
    "pandas.io.formats.string",
    "patsy",
    "pyarrow.dataset",
    "officer_assaults.topics.claims.page",
    "officer_assaults.topics.claims.report",
    "officer_assaults.topics.forces.glance.pages",
    "officer_assaults.topics.forces.glance.pair",
    "seaborn",
    "statsmodels.formula.api",
    "officer_assaults.cli.project:load_tables",
)
LATER = ("officer_assaults.cli.project:count_ahead",)
RENDER_IMPORTS = (
    "latex2mathml.converter",
    "mistune",
    "nbconvert.exporters.templateexporter",
    "officer_assaults.data.forces",
    "pandera.backends.pandas.builtin_checks",
)


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
        raise Refusal.of("P305", f"{error}.", "Run it in the project folder.") from error
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
        vocabularies=vocabularies.vocabularies(),
        check_together=vocabularies.check_together,
        shelf=shelf_of,
        helpers=HELPERS,
        versions=tuple(VERSIONS.split()),
        preload=PRELOAD,
        later=LATER,
        render_imports=RENDER_IMPORTS,
        environment={paths.ROOT_VARIABLE: "{root}"},
        modules=("officer_assaults.cli.project", "officer_assaults.pipeline.run"),
        warm=("officer_assaults.page.page:prepare",),
        gather="officer_assaults.cli.output:gather",
    )


def load_tables() -> None:
    """Read every table and judge its years once; kernels forked afterwards find that done."""
    from officer_assaults import closure
    from officer_assaults.data import decisions, recorded, tables
    from officer_assaults.pipeline.closures import IMPORTS
    from officer_assaults.pipeline.inputs import read_json

    for name in tables.names():
        tables.load(name)
    for vintage in ("auto", *recorded.vintages()):
        recorded.annual(vintage)
    for vintage in recorded.full_vintages():
        decisions.open_questions(vintage)
    closure.know(read_json(load().state / IMPORTS, {str: [str]}) or {})


def count_ahead() -> None:
    """Count what the reports of every force ask alike; kernels forked afterwards find it there.

    What is missing here, or asked with other parameters, is counted in its report.
    """
    import pandas as pd

    from officer_assaults.data import breaks, cache, control_series, force_year, recorded
    from officer_assaults.data import recording_evidence as evidence
    from officer_assaults.data.columns import INJURY, NO_INJURY
    from officer_assaults.data.periods import financial_year
    from officer_assaults.topics.act import model as act
    from officer_assaults.topics.act import study
    from officer_assaults.topics.recording import data as recording
    from officer_assaults.topics.recording.model import inspected, thinned_panel

    first, second = (financial_year(year) for year in YEARS)
    both, newest = (NO_INJURY, INJURY), recorded.newest()
    for vintage in recorded.vintages():
        for codes in (both, (NO_INJURY,)):
            breaks.touching(first, second, codes, vintage)
    recorded.compare(*YEARS, codes=(NO_INJURY,))
    recorded.compare(first, second, newest)
    recorded.usable_quarters((NO_INJURY,))
    recorded.usable_quarters(both, newest)
    force_year.force_year(*YEARS)
    force_year.exposures(YEARS[1], ["officer_fte", "constable_fte", "residents", "uses_of_force"])
    recording.national()
    control_series.recording_panel(*YEARS)
    for day in (str, pd.Timestamp):
        control_series.controlled_series(
            ["105A", "public-order"], day("2012-04-01"), day("2020-03-31")
        )
    evidence.recorded_per_officer(YEARS[1])
    evidence.sister_series(FOCUS_FORCE, *YEARS)
    cache.read_source(
        act.best_steps, study.coverage_study, inspected.figures, thinned_panel.fit_reporting_panel
    )


def shelf_of(parameters: Mapping[str, Any]) -> str:
    """Folder around those of the forces for reports that are for internal eyes."""
    return audience.INTERNAL if audience.is_internal(parameters) else ""


def make_command(notebook: str, scope: str | None, settings: Mapping[str, str]) -> str:
    """Give the command that makes one report."""
    parts = ["make", "report", f"NB={notebook}"]
    if scope is not None:
        parts.append(f"FORCE={scope}")
    if settings:
        parts.append(f"SET={shlex.quote(join_assignments(settings))}")
    return " ".join(parts)
