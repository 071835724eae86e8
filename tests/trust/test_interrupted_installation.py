"""The marker of an installation: what was cut short is made anew, what still runs is left alone."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
MARKER = ".venv.unfinished"
STEPS = ("venv", "uv", "core", "self")

#: Stands for uv: every step writes three files, and stops before the third where it is told to.
UV = """#!/bin/sh
set -e
env=${VIRTUAL_ENV:-.venv}
case "$*" in
  "venv "*) eval env=\\${$#}; step=venv ;;
  *uninstall*) exit 0 ;;
  *--editable*) step=self ;;
  *--all-extras*) step=full ;;
  *pyproject.toml*) step=core ;;
  *) step=uv ;;
esac
echo "$step $*" >> said
test "$step" != "$FAIL" || exit 1
mkdir -p "$env/bin" "$env/lib/python3.11/site-packages"
rm -f "$env/$step.3"
echo 1 > "$env/$step.1"; echo 2 > "$env/$step.2"
if test "$step" = "$STOP"; then touch stopped; while test -e stopped; do sleep 0.02; done; fi
echo 3 > "$env/$step.3"
case $step in
  venv) printf '#!/bin/sh\\nexec /bin/sh "$@"\\n' > "$env/bin/python"; chmod +x "$env/bin/python" ;;
  uv) cp "$0" "$env/bin/uv" ;;
  self) echo "$PWD/src" > "$env/lib/python3.11/site-packages/_editable_impl_officer_assaults.pth"
    printf '#!/bin/sh\\necho ran "$@"\\n' > "$env/bin/officer-assaults"
    chmod +x "$env/bin/officer-assaults" ;;
esac
"""
#: Stands for the check of an environment: whatever was begun is whole.
CHECK = """for each in ${VIRTUAL_ENV:-.venv}/*.1; do
  test -e "${each%1}3" || { echo "damaged: $each" >&2; exit 1; }
done
"""


class Tree:
    """A tree that installs three files a step."""

    def __init__(self, root):
        self.root, self.marker, self.begun = root, root / MARKER, []
        for name in ("bin", "home", "src", "tools"):
            (root / name).mkdir()
        shutil.copy(ROOT / "Makefile", root)
        (root / "requirements.lock").write_text("uv==1 \\\n    --hash=sha256:1\n")
        (root / "pyproject.toml").touch()
        (root / "bin" / "uv").write_text(UV)
        (root / "bin" / "uv").chmod(0o755)
        (root / "tools" / "check_environment.py").write_text(CHECK)

    def start(self, *arguments, **environment):
        outside = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
        own = {"PATH": f"{self.root / 'bin'}:{outside['PATH']}", "HOME": str(self.root / "home")}
        process = subprocess.Popen(
            ["make", f"PYTHON={sys.executable}", *arguments], cwd=self.root, text=True,
            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=outside | own | environment,
        )  # fmt: skip
        self.begun.append(process)
        return process

    def make(self, *arguments, **environment):
        process = self.start(*arguments, **environment)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    def stopped_at(self, step, *, alone=False):
        """Kill an installation in the midst of a step: all of it, or make alone."""
        process = self.start("findings", STOP=step)
        while not (self.root / "stopped").exists():
            assert process.poll() is None
            time.sleep(0.01)
        (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
        process.wait()
        if not alone:
            (self.root / "stopped").unlink()

    def let_go(self):
        """Let the installer that outlived its make end."""
        (self.root / "stopped").unlink(missing_ok=True)
        for process in self.begun:
            process.communicate(timeout=60)

    def listing(self):
        return {
            path.relative_to(self.root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }

    def installed(self):
        return {name: text for name, (text, _) in self.listing().items() if ".venv" in name}


@pytest.fixture
def tree(tmp_path):
    made = Tree(tmp_path)
    yield made
    made.let_go()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What an undisturbed installation leaves, and where it lies."""
    tree = Tree(tmp_path_factory.mktemp("whole"))
    assert tree.make("findings") == (0, "Making .venv with " + sys.executable +
        "\nInstalling from requirements.lock (core)\nran findings\n")  # fmt: skip
    assert not tree.marker.exists()
    return tree


def same(tree, whole):
    """Apart from the folder that they lie in."""
    home = {name: text.replace(bytes(whole.root), b"") for name, text in whole.installed().items()}
    return home == {n: text.replace(bytes(tree.root), b"") for n, text in tree.installed().items()}


def test_one_that_ended_and_is_not_reaped_holds_nobody_up(tree, whole):
    """As every killed one in a container without init."""
    tree.stopped_at("core")
    ended = subprocess.Popen(["sleep", "60"])
    tree.marker.write_text(f"{ended.pid} {_start_of(ended.pid)}\n")
    assert "Another make is installing" in tree.make("findings")[1]
    ended.kill()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert tree.make("findings")[0] == 0
    assert same(tree, whole)
    ended.wait()


@pytest.mark.parametrize(
    ("step", "renewed"), [*((step, False) for step in STEPS), *((step, True) for step in STEPS[1:])]
)
def test_an_installation_killed_in_mid_unpack_is_made_anew(tree, whole, step, renewed):
    """The first one, or one over an older environment."""
    if renewed:
        tree.make("findings")
        for name in ("requirements.lock", "pyproject.toml"):
            (tree.root / name).touch()
    tree.stopped_at(step)
    assert tree.marker.read_text()
    assert not same(tree, whole)
    (tree.root / "said").unlink()
    code, said = tree.make("findings")
    assert (code, said.splitlines()[-1]) == (0, "ran findings")
    assert same(tree, whole)
    steps = (tree.root / "said").read_text().split("\n")
    assert [line.split(" ")[0] for line in steps if line] == list(STEPS)


def test_an_installer_that_outlived_its_make_is_waited_for(tree, whole):
    tree.stopped_at("core", alone=True)
    before = tree.listing()
    for target in ("findings", "environment"):
        code, said = tree.make(target)
        assert code == 2
        assert "Another make is installing into .venv: wait until it has ended" in said
    assert tree.listing() == before
    tree.let_go()
    assert tree.make("findings")[0] == 0
    assert same(tree, whole)


def test_a_process_that_took_over_a_number_is_no_installer(tree, whole):
    """The number of one that runs, with the start of another, holds nobody up."""
    tree.stopped_at("core")
    tree.marker.write_text(f"{os.getpid()} 1\n")
    assert tree.make("findings")[0] == 0
    assert same(tree, whole)
    tree.marker.write_text(f"{os.getpid()} {_start_of(os.getpid())}\n")
    assert "Another make is installing" in tree.make("findings")[1]


def _start_of(number):
    return Path(f"/proc/{number}/stat").read_text().split(" ")[21]


@pytest.mark.parametrize("left", ["", "\n", "nonsense\n", "999999999 1\n", "1 2 3\n"])
def test_any_marker_without_a_running_installer_has_it_made_anew(tree, whole, left):
    assert tree.make("findings")[0] == 0
    (tree.root / ".venv" / "core.2").unlink()
    tree.marker.write_text(left)
    assert tree.make("findings")[0] == 0
    assert same(tree, whole)


def test_what_failed_in_good_order_is_kept(tree):
    """Without a network, say: nothing was unpacked, so nothing is made anew."""
    assert tree.make("findings", FAIL="core")[0] == 2
    assert not tree.marker.exists()
    kept = (tree.root / ".venv" / "bin" / "uv").stat().st_mtime_ns
    assert tree.make("findings")[0] == 0
    assert (tree.root / ".venv" / "bin" / "uv").stat().st_mtime_ns == kept


def test_no_stamp_is_given_where_a_file_is_absent(tree):
    """Even to an installer that says it succeeded."""
    text = UV.replace('echo 3 > "$env/$step.3"', 'test $step = core || echo 3 > "$env/$step.3"')
    (tree.root / "bin" / "uv").write_text(text)
    code, said = tree.make("findings")
    assert (code, "damaged: .venv/core.1" in said) == (2, True)
    assert tree.marker.exists()
    (tree.root / "bin" / "uv").write_text(UV)
    assert tree.make("findings")[0] == 0


def test_an_environment_of_another_name_is_filled_again_and_never_removed(tree):
    """It may be one that the user made for other things too."""
    mine = {"VIRTUAL_ENV": "mine"}
    assert tree.make("findings", "VENV=mine", **mine)[0] == 0
    (tree.root / "mine" / "thesis").write_text("work")
    (tree.root / "mine" / "core.3").unlink()
    (tree.root / "mine.unfinished").touch()
    (tree.root / "said").unlink()
    assert tree.make("findings", "VENV=mine", **mine)[0] == 0
    assert (tree.root / "mine" / "thesis").read_text() == "work"
    assert (tree.root / "mine" / "core.3").exists()
    (core,) = re.findall("core .*", (tree.root / "said").read_text())
    assert "--reinstall" in core


def half_made(tree):
    tree.stopped_at("core")


def moved(tree):
    assert tree.make("findings")[0] == 0
    found = tree.root / ".venv/lib/python3.11/site-packages/_editable_impl_officer_assaults.pth"
    found.write_text("/somewhere/else/src\n")


def empty(tree):
    del tree


def installed(tree):
    assert tree.make("findings")[0] == 0


LETTERS = ("-n", "-q", "-t", "-j2 -kn", "--dry-run")


@pytest.mark.parametrize(
    ("state", "letters"),
    [*((half_made, each) for each in LETTERS), *((moved, each) for each in LETTERS[:3]),
     (empty, "-n"), (installed, "-n")],
)  # fmt: skip
def test_a_dry_run_changes_nothing(tree, state, letters):
    """Of all targets at once, whatever state the environment is in."""
    state(tree)
    before, temporary = tree.listing(), tree.root / "temporary"
    temporary.mkdir()
    code, said = tree.make(*letters.split(), *TARGETS, HOME="/dev/null", TMPDIR=str(temporary))
    assert tree.listing() == before
    assert list(temporary.iterdir()) == []
    assert (code, "make -t would stamp" in said) == ({"-q": 1, "-t": 2}.get(letters, 0),
                                                     letters == "-t"), said  # fmt: skip
    if state is half_made and letters == "-n":
        assert "An installation was interrupted" in said


def test_make_by_itself_and_clean_leave_a_half_made_environment_alone(tree):
    tree.stopped_at("core")
    before = tree.installed()
    tree.make()
    tree.make("clean")
    tree.make("help", "clean")
    assert tree.installed() == before
    # And asked for beside another target they do not have it run in what is half made.
    assert tree.make("help", "findings")[1].endswith("(core)\nran findings\n")
