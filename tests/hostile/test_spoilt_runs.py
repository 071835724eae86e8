"""What is kept of runs and of published exports, spoilt by a crash: refused in a sentence."""

import importlib.util
import json
import shutil
import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from officer_assaults.cli import crewing_runs, findings, main, own_exports
from officer_assaults.files import sha256_file
from officer_assaults.pipeline.lock import locked
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing import published

CELLS = Path(__file__).parents[1] / "topics" / "crewing" / "cells.csv"
SPOILT = {
    "empty": b"",
    "zeros": b"\0" * 64,
    "garbage": bytes(range(120, 250)),
    "null": b"null",
    "list": b"[1, 2]",
    "mapping": b'{"a": 1}',
    "odd entries": b'[{"force": "kent"}]',
    "numbers": b'[{"force": "kent", "first": 1, "last": 2, "digest": "", "formula": ""}]',
    "deep": b"[" * 100_000,
}
ENTRY = {"force": "kent", "first": "2024-01", "last": "2024-12", "digest": "a", "formula": ""}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A kept run, seen from the project folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "cells.csv"
    for name in ("", ".meta.yml"):
        shutil.copy(CELLS.with_name(CELLS.name + name), file.with_name(file.name + name))
    result = tmp_path / "05_crewing.json"
    result.write_text(json.dumps({"findings": [{"id": "a", "label": "A", "value": 1.0}]}))
    folder = crewing_runs.check_name(tmp_path, "kent", file)
    crewing_runs.keep(folder, file, [result])
    return SimpleNamespace(root=tmp_path, file=file, folder=folder, result=result)


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT.keys())
@pytest.mark.parametrize("name", ["data.sha256", "data.path", "05_crewing.json"])
def test_a_spoilt_run_is_made_good_or_refused_in_a_sentence(run, name, spoilt):
    (run.folder / name).write_bytes(spoilt)
    done = CliRunner().invoke(main, ["diff", "kent", "kent"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert len(done.output.splitlines()) == 1
    if name == "data.sha256":
        with pytest.raises(Refusal, match="does not say what export it was made from"):
            crewing_runs.check_name(run.root, "kent", run.file)
        shutil.rmtree(run.folder)
    crewing_runs.keep(crewing_runs.check_name(run.root, "kent", run.file), run.file, [run.result])
    assert (run.folder / "data.sha256").read_text() == sha256_file(run.file)
    assert (run.folder / "05_crewing.json").read_bytes() == run.result.read_bytes()


@pytest.mark.parametrize("moment", range(5))
def test_a_run_whose_keeping_was_killed_is_kept_by_the_next_command(run, monkeypatch, moment):
    """At every write; a folder that did not say whose it was could never be used again."""
    shutil.rmtree(run.folder)
    write, left = crewing_runs.Path.replace, [moment]

    def killed(path, target):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return write(path, target)

    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(crewing_runs.Path, "replace", killed)
        if moment < 3:
            stack.enter_context(pytest.raises(KeyboardInterrupt))
        crewing_runs.keep(run.folder, run.file, [run.result])
    crewing_runs.keep(crewing_runs.check_name(run.root, "kent", run.file), run.file, [run.result])
    assert len(list(run.folder.iterdir())) == 3


def test_a_folder_of_the_users_own_is_no_run(run):
    (run.root / "runs" / "thesis").mkdir()
    (run.root / "runs" / "thesis" / "work.txt").touch()
    with pytest.raises(Refusal, match="P306"):
        crewing_runs.check_name(run.root, "thesis", run.file)


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_list_of_published_exports_is_not_taken_for_an_empty_one(tmp_path, spoilt):
    listed = tmp_path / published.NAME
    listed.write_bytes(spoilt)
    with pytest.raises(Refusal, match=r"E121: the list of published exports, .* cannot be read"):
        published.check(listed, ENTRY)


def test_two_commands_at_once_do_not_publish_two_exports_of_the_same_months(tmp_path):
    """Each asked before the other was listed, and writes its reports to another folder."""
    plan = SimpleNamespace(runs=[])
    one, two = (
        SimpleNamespace(root=tmp_path, reports=tmp_path / name, state=tmp_path / name)
        for name in ("one", "two")
    )
    with own_exports.noted(one, plan, {"kent/05": ENTRY}):
        other = own_exports.noted(two, plan, {"kent/05": {**ENTRY, "digest": "b"}})
        with pytest.raises(Refusal) as caught, other:
            pass
        assert caught.value.codes == ("E121",)
        with own_exports.noted(two, plan, {"kent/05": ENTRY}):
            pass
        assert published.read(tmp_path / "runs" / published.NAME) == [ENTRY]


def test_two_verifications_at_once_wait_for_each_other(tmp_path, monkeypatch):
    """Else the second removes the folder that the first writes its reports into."""
    project = SimpleNamespace(state=tmp_path)
    monkeypatch.setattr("officer_assaults.cli.project.load", lambda: project)
    began = threading.Event()
    monkeypatch.setattr(findings, "_verified", lambda *_: began.set() or 0)
    with locked(tmp_path / "verify-lock", lambda _: None):
        second = threading.Thread(target=CliRunner().invoke, args=(main, ["verify"]))
        second.start()
        assert not began.wait(0.5)
    second.join(20)
    assert began.is_set()


@pytest.mark.parametrize("spoilt", [*SPOILT.values(), b'{"a": [1]}', b'{"a": ["x", 2]}'])
def test_spoilt_times_of_tests_are_told_in_a_sentence(tmp_path, spoilt):
    """Without a budget the tests run in any order; a budget needs to know what they take."""
    (tmp_path / "tests").mkdir()
    for name in ("conftest.py", "by_turns.py"):
        shutil.copy(Path(__file__).parents[1] / name, tmp_path / "tests")
    (tmp_path / "tests" / "durations.json").write_bytes(spoilt)

    held = importlib.util.spec_from_file_location("held", tmp_path / "tests" / "conftest.py")
    held.loader.exec_module(conftest := importlib.util.module_from_spec(held))
    assert conftest._timed(needed=False) == {}
    with pytest.raises(pytest.UsageError, match=r"durations\.json is damaged: git checkout"):
        conftest._timed(needed=True)
