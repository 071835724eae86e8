"""Output: what is made from all results on disk after any batch, the index and the findings."""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from officer_assaults.files import sha256_file, write_atomic
from officer_assaults.pipeline import aside, results
from officer_assaults.pipeline.inputs import dump_json, hash_json, manifest, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from officer_assaults.page.site import Judging
    from officer_assaults.pipeline.project import Project

SCOPE_COLUMN = "force"
#: Folder of what is tracked of the reports, in the project folder.
TRACKED = "reports"


def findings_path(project: Project) -> Path:
    """Where the tracked table of findings lies, wherever reports are written."""
    return project.root / TRACKED / "findings.csv"


def tracked_rows(project: Project) -> list[dict[str, str]]:
    """Rows of the findings on disk that the tracked table holds: focus force and national."""
    wanted = {project.focus, project.national_scope}
    notebooks = {path.stem for path in project.notebooks.glob("*.ipynb")}
    return results.findings_rows(
        report
        for report in results.read_reports(project.reports)
        if report["scope"] in wanted
        and report["notebook"] in notebooks
        and not report["non_default"]
    )


def refresh_findings(project: Project) -> None:
    """Take the findings on disk over into the tracked table; only ``publish`` does."""
    path = findings_path(project)
    before = results.read_csv(path, SCOPE_COLUMN) if path.is_file() else []
    rows = sorted(
        results.refreshed(before, tracked_rows(project)),
        key=lambda row: (row["notebook"], row["scope"]),
    )
    text = results.write_csv(rows, SCOPE_COLUMN)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomic(path, text)


def published_path(project: Project) -> Path:
    """Folder of the published set."""
    return project.root / TRACKED / "published"


def outdated(project: Project) -> list[str]:
    """Name the published reports that were not made from what is here now, and say what differs.

    Parameters
    ----------
    project : Project

    Returns
    -------
    list of str
        Reports missing, made from another notebook, program, data or lock file, and reports of no
        notebook. Made by another commit with the same content is the same.
    """
    from officer_assaults.page import audience
    from officer_assaults.pipeline.plan import make_plan

    folder = published_path(project)
    left = {path for path in folder.glob("*/*.json") if not path.parent.name.startswith(".")}
    found = []
    for run in make_plan(project).runs:
        path = run.path(folder, ".json")
        left.discard(path)
        held = read_json(path, {"inputs": {str: str}, "input_hash": str})
        page = path.with_suffix(".html")
        if held is None or not page.is_file():
            found.append(f"{run.key} is missing")
            continue
        parts = [n for n, digest in run.inputs.told().items() if held["inputs"].get(n) != digest]
        if parts:
            found.append(f"{run.key} was made from another {' and '.join(parts)}")
        elif held["input_hash"] not in page.read_bytes().decode("utf-8", "replace"):
            found.append(f"{run.key} has a page and findings of two runs")
    files = {p.relative_to(folder).as_posix(): p for p in sorted(folder.glob("*/*.*"))}
    held = {name: path.read_bytes() for name, path in files.items() if path.is_file()}
    found += [f"{name} is for internal eyes" for name in audience.internal_files(held)]
    return found + [f"{path.parent.name}/{path.stem} is of no notebook" for path in sorted(left)]


def committed_findings(project: Project) -> list[dict[str, str]] | None:
    """Rows of the findings table as last committed; None where no commit holds one.

    Raises
    ------
    Refusal
        P401 if what is committed is no table of findings.
    """
    name = findings_path(project).relative_to(project.root).as_posix()
    command = ["git", "-c", "core.quotepath=off", "show", f"HEAD:./{name}"]
    try:
        done = subprocess.run(command, cwd=project.root, capture_output=True, check=False)
    except OSError:
        return None
    return results.parse_csv(done.stdout, SCOPE_COLUMN) if done.returncode == 0 else None


def clashes(folder: Path) -> list[str]:
    """Name what the findings of a built site cannot all be right about.

    Two values of one quantity, two verdicts on one claim, among reports or against the page of
    claims, and figures that nobody but their claimant confirms.
    """
    from officer_assaults.topics.claims import report as judging

    found = results.read_reports(folder)
    apart = [*results.contradictions(found), *judging.two_verdicts(found)]
    alone = judging.self_confirmed(found)
    return [f"The reports contradict each other: {clash}" for clash in apart] + alone


def build(project: Project) -> Path:
    """Build the index page from everything on disk, and anew what is not as it was written."""
    from officer_assaults.page.site import GLANCE_FILES

    for path in _damaged(project):
        # All others are written each time, and a file of other people stays as it is.
        if path.parent != project.reports or path.match(GLANCE_FILES):
            path.unlink(missing_ok=True)
        _forget_forces_of(project, path)
    judging = _judging()
    parts = [lambda: glance_pages(project, judging=judging), lambda: _claims_page(project)]
    aside.each(lambda part: part(), parts)
    path = build_index(project.reports, judging)
    with contextlib.suppress(OSError):  # Without a stamp the page is only built again.
        content = {"key": _key(project), "pages": _pages(project)}
        write_atomic(_stamp(project), dump_json(content))
    return path


def _forget_forces_of(project: Project, path: Path) -> None:
    """Have the pages of two forces written again, and with them the one of both."""
    from officer_assaults.page.site import PAIR_FILES

    for slug in path.stem.split("--") if path.match(PAIR_FILES) else ():
        folder = project.reports / slug
        if any(folder.glob("*.json")):
            (folder / "index.html").unlink(missing_ok=True)


def gather(reports: str) -> None:
    """Build the index page of this project in a folder, where imports are done already."""
    from officer_assaults.cli import project as project_

    build(replace(project_.load(), reports=Path(reports)))


def _pages(project: Project) -> dict[str, str]:
    """Hashes of the pages that no run makes: of the front, of claims, of evidence, at a glance.

    Pages that fill the place of a report are not among them: a run may put the report there, and
    they are written anew each time. Neither are files of other people.
    """
    published = project.reports / "published"
    return {
        path.relative_to(project.reports).as_posix(): sha256_file(path)
        for pattern in ("*.html", "*/index.html", "claims/collection.html", "compare/*.html")
        for path in sorted(project.reports.glob(pattern))
        if not path.is_relative_to(published) and path.is_file()
    }


def _damaged(project: Project) -> list[Path]:
    """Pages that were cut short or changed since they were written."""
    pages = (read_json(_stamp(project), {"pages": {str: str}}) or {}).get("pages", {})
    now = _pages(project)
    changed = [name for name, digest in pages.items() if now.get(name, "") != digest]
    return [project.reports / name for name in changed if not _is_compared(project.reports / name)]


def _is_compared(path: Path) -> bool:
    """Whether ``compare`` wrote a page of its own since, which no build would write again."""
    from officer_assaults.page.site import PAIR_FILES
    from officer_assaults.topics.forces.glance import pages

    return path.match(PAIR_FILES) and path.is_file() and pages.is_of_a_command(path)


def glance_pages(
    project: Project,
    scopes: Iterable[str] = (),
    *,
    folder: Path | None = None,
    judging: Judging | None = None,
) -> None:
    """Write the page at a glance of every force that has reports, and of further ``scopes``."""
    from officer_assaults.topics.forces.glance import pages

    judging = judging or _judging()
    target = folder or project.reports
    found = results.read_reports(target)
    pages.write(
        target,
        found,
        inputs=hash_json(manifest([project.source, *project.data])),
        scopes=scopes,
        claims={judging.FOCUS: judging.rows(found)},
    )


def _claims_page(project: Project) -> None:
    """Write the page of the project's own collection of claims."""
    from officer_assaults.topics.claims import collection, page

    if any((folder / collection.COLLECTION).is_file() for folder in project.data):
        text = page.render(collection.own(), title="Claims by others", up="../")
        write_atomic(project.reports / "claims" / "collection.html", text)


def build_index(folder: Path, judging: Judging | None = None) -> Path:
    """Build the front page of any folder of reports."""
    from officer_assaults.page import site

    return site.build_index(folder, judging or _judging())


def _judging() -> Judging:
    """Give what judges the claims, once for all pages that are written together."""
    from officer_assaults.page.site import JudgedOnce
    from officer_assaults.topics.claims import report

    return JudgedOnce(report)


def build_if_stale(project: Project) -> None:
    """Build the index page if results, failures or the package changed since the last time."""
    stamp = read_json(_stamp(project)) or {}
    whole = (project.reports / "index.html").is_file() and not _damaged(project)
    if stamp.get("key") != _key(project) or not whole:
        build(project)


def _stamp(project: Project) -> Path:
    return project.state / "index.json"


def _key(project: Project) -> str:
    folders = (project.state / "stamps", project.state / "failures", project.source)
    return hash_json(manifest(folder for folder in folders if folder.is_dir()))
