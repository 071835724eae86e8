"""An installation that was interrupted counts for nothing: found before the stamp, made anew."""

import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_environment  # noqa: E402


@pytest.fixture
def package(tmp_path):
    """A package as an installer leaves it, its files with their sizes in RECORD."""
    info = tmp_path / "small-1.0.dist-info"
    info.mkdir()
    (tmp_path / "small.py").write_text("value = 1\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
    (info / "RECORD").write_text("small.py,,10\nsmall-1.0.dist-info/METADATA,,\n")
    return tmp_path


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda path: None, ""),
        (Path.unlink, "small.py"),
        (lambda path: path.write_text("val"), "small.py"),
        (lambda path: path.write_text(""), "small.py"),
    ],
    ids=["whole", "absent", "cut short", "empty"],
)
def test_a_file_that_was_not_unpacked_is_found(package, spoil, named):
    spoil(package / "small.py")
    (found,) = distributions(path=[str(package)])
    assert check_environment.damaged(found) == named


def test_installers_are_in_the_lock_and_so_in_its_audit():
    lock = (ROOT / "requirements.lock").read_text()
    assert {f"\n{name}==" in f"\n{lock}" for name in ("pip", "setuptools", "uv")} == {True}
