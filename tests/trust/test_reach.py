"""What a name leads to: links out of a folder, files of the kernel, pipes and devices stay shut."""

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from officer_assaults.cli import main
from officer_assaults.files import write_atomic
from officer_assaults.pipeline.vocabularies import FileVocabulary
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.data.about import sidecar_of

CELLS = Path(__file__).parents[1] / "topics" / "crewing" / "cells.csv"
SECRET = "hunter2secret"
COMMANDS = [
    ("crewing", "report"),
    ("crewing", "fit", "--formula", "y ~ single"),
    ("crewing", "map"),
    ("crewing", "check"),
    ("crewing", "build"),
    ("claims",),
    ("import", "home-office", "--vintage", "2024-01"),
    ("import", "workforce", "--vintage", "2024-01"),
    ("import", "population", "--vintage", "mid-2024"),
    ("update", "--dry-run"),
    ("diff", "."),
]


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    shutil.copy(CELLS, folder / "cells.csv")
    shutil.copy(sidecar_of(CELLS), folder / "cells.csv.meta.yml")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text(f"{SECRET}_column,b\n{SECRET}_value,2\n")
    (outside / "secret.yml").write_text(f"{SECRET}_key: {SECRET}_value\n")
    return folder


def refused(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 2, (done.output, done.exception)
    assert "Traceback" not in done.output
    return done.output


@pytest.mark.parametrize(
    "kind", ["pipe", "/dev/zero", "/proc/self/environ", "../outside/secret.yml"]
)
def test_no_result_of_a_run_is_opened_that_is_no_file_of_it(export, kind):
    """A folder of results may come from somebody else; a pipe in it would be waited for."""
    path = export / "05_crewing.json"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(kind)
    said = refused("diff", export, export)
    assert said.startswith("E124 05_crewing.json: ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
@pytest.mark.parametrize("kind", ["link", "environ", "proc", "pipe", "device"])
def test_no_command_opens_what_a_name_leads_to(export, command, kind):
    path = export / "table.csv"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "proc":
        path = Path("/proc/self/environ")
    else:
        ends = {"link": export / ".." / "outside" / "secret.csv", "environ": "/proc/self/environ"}
        path.symlink_to(ends.get(kind, "/dev/zero"))
    said = refused(*command, path)
    assert SECRET not in said
    assert not any(value in said for name, value in os.environ.items() if len(value) > 12)


def test_keys_of_a_sidecar_that_is_a_link_are_not_told(export):
    side = export / "cells.csv.meta.yml"
    side.unlink()
    side.symlink_to(export.parent / "outside" / "secret.yml")
    said = refused("crewing", "report", export / "cells.csv")
    assert SECRET not in said
    assert "link that leads out" in said


def test_a_parameter_is_no_way_around_it(export):
    (export / "link.csv").symlink_to(export.parent / "outside" / "secret.csv")
    with pytest.raises(Refusal, match="link that leads out"):
        FileVocabulary(export).canonical("link.csv")


def test_a_link_inside_its_folder_and_a_linked_folder_are_followed(export, tmp_path):
    (export / "again.csv").symlink_to("cells.csv")
    (tmp_path / "door").symlink_to(export, target_is_directory=True)
    assert FileVocabulary(export).canonical("again.csv") == "cells.csv"
    assert FileVocabulary(tmp_path).canonical("door/cells.csv") == "export/cells.csv"


def test_a_device_takes_what_is_written_and_stays_a_device(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_atomic(pipe, "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert pipe.is_fifo()
