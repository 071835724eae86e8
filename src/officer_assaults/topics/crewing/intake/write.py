"""Write: cells, sidecar and profile of a build into one folder, or nothing of them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from officer_assaults import files, scratch
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.reader import CrewFile, load
from officer_assaults.topics.crewing.data.template import FILE_NAMES
from officer_assaults.topics.crewing.intake import profile
from officer_assaults.topics.crewing.intake.build import Built, build
from officer_assaults.topics.crewing.intake.mapping import Mapping, read_mapping

PAGE = "profile.html"
#: Rows of the second file and of later ones are numbered from here on.
_PER_FILE = 100_000_000
_FAR_ROW = re.compile(r"\b\d{9,}\b")


@dataclass(frozen=True, slots=True)
class Written:
    """What a build left on disk.

    Parameters
    ----------
    data, page : Path
        Cells (or unit-shifts), with the sidecar beside them, and the profile.
    text : str
        Profile for the terminal.
    file : CrewFile
        The data as a report will read them.
    """

    data: Path
    page: Path
    text: str
    file: CrewFile


def build_into(
    mapping_path: Path, folder: Path | None = None, say: Callable[[str], None] = lambda _: None
) -> Written:
    """Build crew cells from a confirmed mapping and write them with their profile.

    Parameters
    ----------
    mapping_path : Path
    folder : Path, optional
        By default one beside the mapping, with its name.
    say : callable, optional
        Told how far it is.

    Raises
    ------
    Refusal
        What :func:`officer_assaults.topics.crewing.intake.build.build` and the reader refuse;
        nothing is written then.
    """
    mapping = read_mapping(mapping_path)
    target = folder or mapping_path.with_suffix("")
    built = build(mapping, say)
    say("Checking the cells")
    with scratch.folder("build-") as work:
        draft = work / FILE_NAMES[built.kind]  # type: ignore[index]
        _draft(draft, mapping, built)
        file = _load(draft, mapping, built)
        page = profile.as_page(file.cells, built, mapping.about, mapping.simulated)
        files.write_atomic(work / PAGE, page)
        target.mkdir(parents=True, exist_ok=True)
        for made in (draft, sidecar_of(draft), work / PAGE):
            shutil.copyfile(made, target / made.name)
    return Written(target / draft.name, target / PAGE, profile.as_text(file.cells, built), file)


def _draft(path: Path, mapping: Mapping, built: Built) -> None:
    built.cells.to_csv(path, index=False)
    about = {**mapping.about, "checksum": f"sha256:{files.sha256_file(path)}"}
    sidecar_of(path).write_text(
        yaml.safe_dump(about, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )


def _load(draft: Path, mapping: Mapping, built: Built) -> CrewFile:
    """Read the draft; its problems are told by the file and line that the rows came from."""
    names = [table.layout.file.name for table in mapping.tables]
    files_ = list(dict.fromkeys(names))
    lines = [files_.index(file) * _PER_FILE + line for file, line in built.origins]

    def placed(problem: Problem) -> Problem:
        if problem.file != draft.name:
            return problem
        at, row = divmod(problem.row or 0, _PER_FILE)
        known = len(files_) == 1 or (row > 1 and lines)
        header = mapping.tables[0].layout.header_row if row == 1 and len(files_) == 1 else None
        return replace(
            problem,
            file=files_[at] if known else mapping.path.name,
            row=row if lines and row > 1 else header,
            what=_FAR_ROW.sub(far, problem.what),
        )

    def far(found: re.Match[str]) -> str:
        at, row = divmod(int(found[0]), _PER_FILE)
        return f"{row} of {files_[at]}" if at < len(files_) else found[0]

    try:
        return load(draft, lines=lines)
    except Refusal as refusal:
        raise Refusal(map(placed, refusal.problems)) from None
