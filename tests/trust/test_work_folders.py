"""Rows of an export in work folders: nobody else reads them, and nothing of a killed run stays."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from officer_assaults import scratch

ROW = "quern-unit-77"
HOLDER = textwrap.dedent(
    """
    import signal, sys, time
    from officer_assaults import scratch
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with scratch.folder("shifts-") as folder:
        (folder / "rows").write_text(sys.argv[1])
        print(folder, flush=True)
        time.sleep(600)
    """
)


@pytest.fixture
def spill(tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir(mode=0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def holder(spill):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, ROW], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(spill)},
    )  # fmt: skip
    folder = Path(process.stdout.readline().strip())
    yield process, folder
    process.kill()
    process.wait()
    process.stdout.close()


def command(spill, *arguments):
    program = "from officer_assaults.cli import main; main()"
    call = [sys.executable, "-c", program, *arguments]
    return subprocess.run(call, env=os.environ | {"TMPDIR": str(spill)}, check=False,
                          capture_output=True, text=True)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_the_next_command_removes_what_a_killed_one_left(spill, holder, number):
    process, folder = holder
    assert [path.name for path in spill.rglob("rows")] == ["rows"]
    for path in (spill / f"{scratch.PLACE}-{os.getuid()}", folder):
        assert path.stat().st_mode & 0o777 == 0o700
    # While it lives, another command leaves it alone.
    command(spill, "template", "crewing", str(spill.parent / "empty"))
    assert folder.is_dir()
    process.send_signal(number)
    process.wait()
    command(spill, "template", "crewing", str(spill.parent / "other"))
    assert list(spill.rglob("*")) == []


def test_two_at_once_keep_apart_and_leave_nothing(spill):
    with scratch.folder("a-") as one, scratch.folder("b-") as two:
        assert one != two
        assert one.parent == two.parent
        scratch.sweep()
        assert one.is_dir()
        assert two.is_dir()
    assert list(spill.iterdir()) == []


def test_a_place_of_somebody_else_is_not_used_nor_swept(spill):
    """Whoever makes the place first could read what lies there, were it open."""
    place = spill / f"{scratch.PLACE}-{os.getuid()}"
    (place / "theirs").mkdir(parents=True)
    place.chmod(0o777)
    with scratch.folder("a-") as one:
        assert one.parent == spill
        assert one.stat().st_mode & 0o777 == 0o700
    scratch.sweep()
    assert (place / "theirs").is_dir()
    assert [path.name for path in spill.iterdir()] == [place.name]


@pytest.mark.parametrize(("heard", "end"), [("SIG_DFL", "stopped\n"), ("SIG_IGN", "went on\n")])
def test_a_batch_that_is_hung_up_on_stops_as_by_ctrl_c_unless_under_nohup(spill, heard, end):
    """A closed terminal sends SIGHUP, which by itself would end the process at once."""
    program = textwrap.dedent(
        f"""
        import signal, sys
        from officer_assaults import scratch
        from officer_assaults.pipeline.batch import _stopping_gently
        signal.signal(signal.SIGHUP, signal.{heard})
        try:
            with _stopping_gently(), scratch.folder("reports-"):
                print("ready", flush=True)
                sys.stdin.readline()
                print("went on")
        except KeyboardInterrupt:
            print("stopped")
        """
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True,
                               env=os.environ | {"TMPDIR": str(spill)})  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate("\n", timeout=60)[0] == end
    assert list(spill.iterdir()) == []
