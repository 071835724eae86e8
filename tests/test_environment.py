"""One source of dependencies, one hashed lock, and the conda file that installs the same lock."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
PYTHONS = ("3.11", "3.12", "3.13")
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))? *\\$"
    r"(?P<hashes>(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)",
    re.MULTILINE,
)


def pins() -> dict[str, list[re.Match[str]]]:
    found: dict[str, list[re.Match[str]]] = {}
    for match in PIN.finditer(LOCK):
        found.setdefault(canonicalize_name(match["name"]), []).append(match)
    return found


def requirements() -> list[Requirement]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(text) for group in groups for text in group]


def test_every_line_of_the_lock_is_a_pin_with_hashes_or_a_comment():
    leftover = PIN.sub("", LOCK)
    lines = [line for line in leftover.splitlines() if line.strip()]
    assert [line for line in lines if not line.lstrip().startswith("#")] == []


def test_the_lock_names_no_address():
    assert re.findall(r"(?i)://|--(?:extra-)?index|--find-links", LOCK) == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_each_dependency_is_locked_at_a_version_that_pyproject_allows(requirement, python):
    environment = {"python_version": python, "python_full_version": f"{python}.9"}
    environment |= {"sys_platform": "linux", "platform_system": "Linux"}
    usable = [
        Version(match["version"])
        for match in pins().get(canonicalize_name(requirement.name), [])
        if not match["marker"] or Marker(match["marker"]).evaluate(environment)
    ]
    assert len(usable) == 1, f"{requirement.name} has {len(usable)} pins on Python {python}"
    assert usable[0] in requirement.specifier


def test_conda_users_get_the_same_lock():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    (python,) = [item for item in conda["dependencies"] if str(item).startswith("python>")]
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(PROJECT["requires-python"])
    (pip,) = [item["pip"] for item in conda["dependencies"] if isinstance(item, dict)]
    assert pip == ["--require-hashes", "-r requirements.lock"]
    named = [item for item in conda["dependencies"] if isinstance(item, str)]
    assert sorted(re.split("[>=<]", item)[0] for item in named) == ["pip", "python"]


def test_files_for_archives_say_what_the_project_says():
    """codemeta.json and .zenodo.json are written by `make metadata`."""
    import importlib.util

    found = importlib.util.spec_from_file_location("metadata", ROOT / "tools" / "metadata.py")
    tool = importlib.util.module_from_spec(found)
    found.loader.exec_module(tool)
    made = tool.files()
    assert {name: (ROOT / name).read_text(encoding="utf-8") for name in made} == made
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == PROJECT["version"]
    codemeta = json.loads(made[tool.CODEMETA])
    assert codemeta["softwareRequirements"] == PROJECT["dependencies"]


def test_binder_and_container_install_the_lock_and_then_the_project():
    script = ROOT / "binder" / "postBuild"
    assert script.stat().st_mode & 0o111
    lines = [line for line in script.read_text().splitlines() if "pip install" in line]
    assert [line.split()[-1] for line in lines] == ["requirements.lock", "."]
    assert "--require-hashes" in lines[0]
    assert "--editable" in lines[1]
    python = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert python in SpecifierSet(PROJECT["requires-python"])
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["postCreateCommand"].endswith("make environment")
    version = re.search(r"python:([\d.]+)", container["image"])[1]
    assert version in SpecifierSet(PROJECT["requires-python"])
