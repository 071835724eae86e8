"""Command line: ``officer-assaults`` wires the rooms together and holds no logic of its own."""

from __future__ import annotations

import click

from officer_assaults import __version__, scratch
from officer_assaults.cli.lazy import LazyGroup

# Command name: where it lives. Nothing is imported before it is asked for.
COMMANDS = {
    "reports": "officer_assaults.cli.reports:reports",
    "report": "officer_assaults.cli.reports:report",
    "index": "officer_assaults.cli.reports:index",
    "sweep": "officer_assaults.cli.sweep:sweep",
    "findings": "officer_assaults.cli.sweep:findings",
    "verify": "officer_assaults.cli.findings:verify",
    "publish": "officer_assaults.cli.findings:publish",
    "site": "officer_assaults.cli.site:site",
    "clean-notebook": "officer_assaults.cli.checks:clean_notebook",
    "check-notebooks": "officer_assaults.cli.checks:check_notebooks",
    "check-published": "officer_assaults.cli.checks:check_published",
    "validate": "officer_assaults.cli.validate:validate",
    "data-check": "officer_assaults.cli.data:data_check",
    "dictionary": "officer_assaults.cli.data:dictionary",
    "import": "officer_assaults.cli.data:import_",
    "update": "officer_assaults.cli.update:update",
    "releases": "officer_assaults.cli.releases:releases",
    "breaks": "officer_assaults.cli.releases:breaks",
    "claim": "officer_assaults.cli.claims:claim",
    "claims": "officer_assaults.cli.claims:claims",
    "crewing": "officer_assaults.cli.crewing:crewing",
    "compare": "officer_assaults.cli.compare:compare",
    "growth": "officer_assaults.cli.growth:growth",
    "diff": "officer_assaults.cli.crewing_runs:diff",
    "template": "officer_assaults.cli.crewing:template",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.version_option(__version__, prog_name="officer-assaults")
def main() -> None:
    """Make reports on what is behind the numbers of assaults recorded on police officers."""
    # What a command that was killed left of somebody's rows goes before anything else is done.
    scratch.sweep()
