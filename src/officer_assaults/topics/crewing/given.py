"""Where the cells of the crewing report come from: a force's export, or a simulated force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults.data.tables import Release
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.shown import Shown
from officer_assaults.topics.crewing import disclosure, door, handed, queries
from officer_assaults.topics.crewing.data.reader import CrewFile, load
from officer_assaults.topics.crewing.disclosure import Audience
from officer_assaults.topics.crewing.model import following
from officer_assaults.topics.crewing.model.cells import CrewData, prepare
from officer_assaults.topics.crewing.model.policy import check_policy
from officer_assaults.topics.crewing.model.policy_language import named_or_written
from officer_assaults.topics.crewing.queries import Told
from officer_assaults.topics.crewing.simulator import scenarios
from officer_assaults.topics.crewing.simulator.force import simulate_force
from officer_assaults.topics.crewing.simulator.truth import Truth


@dataclass(frozen=True, slots=True)
class Given(Shown):
    """Cells of one report.

    Attributes
    ----------
    cells : pandas.DataFrame
    file : CrewFile or None
        The export, or None for a simulated force.
    truth : Truth or None
        Behind a simulated force.
    setting : str
        What is true in the simulated force.
    releases : tuple of Release
        What to cite beside the project's own tables.
    small : frozenset of str
        Labels of which some level holds few victims.
    protected : bool
        Whether the cells went through :mod:`officer_assaults.topics.crewing.door`.
    """

    cells: pd.DataFrame
    file: CrewFile | None = None
    truth: Truth | None = None
    setting: str = ""
    releases: tuple[Release, ...] = field(default=())
    small: frozenset[str] = frozenset()
    protected: bool = False

    def policies(self, wanted: Sequence[str]) -> tuple[list[str], list[str]]:
        """Policies to judge, and those that a public report of an own export leaves out."""
        if not wanted:
            what = "no policy is named."
            remedy = "Name at least one, such as all_double."
            raise Refusal.of("E115", what, remedy, column="policies")
        if self.protected:
            return queries.public_policies(wanted, self.cells)
        return list(wanted), []

    def check_terms(self, formula: str) -> None:
        """Refuse terms that a public report of an own export may not adjust for (E121)."""
        if self.protected:
            queries.check_terms(formula, self.small)

    def check_design(self, data: CrewData) -> None:
        """Refuse terms that pick out few victims or one place by their values (E121)."""
        if self.protected:
            queries.check_design(data)

    def follow(self, data: CrewData, fit: Any) -> CrewData:
        """Take the terms and the cluster of a fitted model, and refuse what a page may not show."""
        found, own = following.follow(data, fit)
        if own:
            self.check_terms(" + ".join(own))
            self.check_design(following.without_arm(found, own))
        if self.protected:
            queries.check_rows(data, fit)
        if found is not data:
            self.check_design(found)
        return found

    def told(self, value: Told) -> Told:
        """Cut estimates of a public report of an own export to the digits of its rounding."""
        return queries.told(value) if self.protected else value


def open_cells(
    cells_path: str | None,
    about_path: str | None,
    force: str | None,
    scenario: str,
    seed: int,
    audience: Audience = "public",
) -> Given:
    """Read an export, or draw a simulated force where there is none.

    Parameters
    ----------
    cells_path, about_path : str or None
        Export and sidecar.
    force : str or None
        Force that the export must belong to.
    scenario : str
        Simulated situation.
    seed : int
    audience : {"public", "internal"}
        In public, incidents are left out where they would give a small count away.

    Raises
    ------
    Refusal
        What :func:`officer_assaults.topics.crewing.data.load` refuses; E101 if the export is of
        another force; E112 for a situation whose hours and victims take the crew from two logs.
    """
    if cells_path is None:
        return _simulated(scenario, seed)
    given: Given = handed.taken(cells_path, about_path, audience) or _opened(
        cells_path, about_path, force, audience
    )
    _check_force(given.file, force)
    return given


def _opened(
    cells_path: str, about_path: str | None, force: str | None, audience: Audience
) -> Given:
    file = load(cells_path, about_path)
    if file.kind == "incidents":
        raise Refusal(
            Problem(
                "E104",
                "holds victims but no hours.",
                "Give crew cells or unit-shifts.",
                file.release.path,
            )
        )
    _check_force(file, force)
    if audience == "public":
        texts = {"title": file.about.title, "source": file.about.source}
        texts |= {"vintage": file.about.vintage or "", "file name": Path(cells_path).stem}
        texts |= {"sidecar": Path(about_path).name if about_path else ""}
        texts |= {"licence": file.about.licence, "missing_months": file.about.missing_months}
        door.check_names(texts, file.cells)
    if audience == "internal" or not door.is_own(file):
        cells = disclosure.without_traceable(file.cells, audience)
        return Given(cells, file, releases=(file.release,))
    small = door.small_columns(file.cells)
    file = door.protected(file)
    return Given(file.cells, file, releases=(file.release,), small=small, protected=True)


def _check_force(file: CrewFile | None, force: str | None) -> None:
    if file is not None and force is not None and file.force != force:
        raise Refusal(
            Problem(
                "E101",
                f"is of '{file.force}', not of '{force}'.",
                f"Run it with --force {file.force}.",
                file.release.path,
                column="force",
            )
        )


def checked(cells_path: str, about_path: str | None, settings: Mapping[str, str]) -> Given:
    """Open an export that a report can be made of; everything else is refused here.

    For a command line that should say what is wrong before any kernel starts.

    Parameters
    ----------
    cells_path : str
    about_path : str or None
    settings : mapping of str to str
        Parameters of the notebook as given; ``outcome``, ``formula``, ``cluster``,
        ``override_reason``, ``own_policy`` and ``audience`` are looked at.

    Raises
    ------
    Refusal
        As :func:`open_cells`, :func:`officer_assaults.topics.crewing.model.cells.prepare` and
        :func:`officer_assaults.topics.crewing.model.policy.check_policy`.
    """
    audience: Audience = "internal" if settings.get("audience") == "internal" else "public"
    opened = open_cells(cells_path, about_path, None, "", 0, audience)
    opened.check_terms(settings.get("formula", ""))
    if audience == "public":
        written = {name: settings.get(name, "") for name in ("formula", "override_reason")}
        door.check_names(written, opened.cells)
    data = prepare(
        opened.cells,
        outcome="injury" if settings.get("outcome") == "injury" else "all",
        formula=settings.get("formula", ""),
        cluster=settings.get("cluster", "auto"),
        override_reason=settings.get("override_reason", ""),
    )
    opened.check_design(data)
    if own := settings.get("own_policy"):
        disclosure.check_policies([own], audience)
        opened.policies([own])
        check_policy(named_or_written(own), data)
    return opened


def _simulated(name: str, seed: int) -> Given:
    chosen = scenarios.scenario(name)
    logs = chosen.crew_source
    if logs["hours"] != logs["victims"]:
        raise Refusal(
            Problem(
                "E112",
                f"the situation '{name}' takes the crew behind hours as {logs['hours']}, behind "
                f"victims as {logs['victims']}.",
                "Take both from the same log.",
                column="crew_source",
            )
        )
    force = simulate_force(chosen.params, seed)
    return Given(force.frames["crew_cells"], truth=force.truth, setting=f"Simulated: {chosen.what}")
