"""What must hold of every outcome: a frame or a refusal of the catalogue, and nothing changed."""

import os
import re
import shutil
import signal
import stat
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from officer_assaults.refusals import Refusal

FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
CATALOGUE = frozenset(
    re.findall(
        r"^\| ([EP]\d{3})",
        (Path(__file__).parents[2] / "docs" / "refusals.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
#: A reader that takes longer over one small file counts as hung.
SECONDS = 30


def runs(fast, full):
    return full if FULL else fast


class Hung(BaseException):
    """Raised inside a reader that does not come back."""


@contextmanager
def _clock():
    def ring(*_):
        raise Hung(f"no outcome after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def snapshot(folder):
    """Identity, size and time of change of everything below a folder: any write shows."""
    found = {}
    for path in folder.rglob("*"):
        state = path.lstat()
        folder_time = 0 if stat.S_ISDIR(state.st_mode) else state.st_mtime_ns
        found[path] = (state.st_mode, state.st_ino, state.st_size, folder_time)
    return found


@dataclass
class Trial:
    """Inputs tried on one reader.

    Parameters
    ----------
    project : Path
        Must be as it was after every input, but for what an accepted import says that it wrote.
    folder : Path
        Where the inputs lie; they must be as they were.
    """

    project: Path
    folder: Path
    reader: str = ""
    accepted: int = 0
    refused: int = 0
    codes: Counter = field(default_factory=Counter)
    last: Refusal | None = None

    @property
    def tried(self):
        return self.accepted + self.refused

    def as_dict(self):
        return {
            "reader": self.reader,
            "inputs": self.tried,
            "accepted": self.accepted,
            "refused": self.refused,
            "codes": sorted(self.codes),
        }

    def fresh(self, inside=""):
        """Empty folder for the next input, inside the project's data where a reader wants that."""
        place = self.project / "data" / inside if inside else self.folder / "inputs"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return place

    def good(self, read, **how):
        """Show that the input is read as long as nothing is wrong with it, and count it not."""
        self.run(read, **how)
        assert self.accepted == 1, self.last
        self.accepted = 0

    def run(self, read, *, placed=True):
        """Read once: a result, or a refusal that says what, where and what to do.

        ``read`` returns the paths that it wrote into the project, if any.
        """
        before = snapshot(self.project), snapshot(self.folder)
        written = ()
        try:
            with _clock():
                written = read() or ()
        except Refusal as refusal:
            self.refused += 1
            self.last = refusal
            self.codes.update(refusal.codes)
            for problem in refusal.problems:
                check_problem(problem, placed=placed)
        else:
            self.accepted += 1
        for name in written:
            path = self.project / name
            path.unlink()
            path.with_name(f"{path.name}.meta.yml").unlink()
        assert snapshot(self.folder) == before[1], "an input was changed"
        assert snapshot(self.project) == before[0], "the project was changed"


def check_problem(problem, *, placed):
    """One line with a code of the catalogue, the place, what is wrong and what to do."""
    assert problem.code in CATALOGUE, problem
    assert problem.what.strip(), problem
    assert problem.remedy.strip(), problem
    assert len(str(problem).splitlines()) == 1, problem
    assert len(str(problem)) < 2_000, problem
    assert str(problem).isprintable(), problem
    assert problem.row is None or problem.row >= 1, problem
    if placed:
        assert problem.file or problem.column, problem
