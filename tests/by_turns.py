"""What a short run takes by turns: another part at each change of the code, all in full runs."""

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from officer_assaults import paths
from officer_assaults.pipeline.inputs import hash_json, manifest

FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"

#: Forces whose pages take ways of their own, one of each kind.
AWKWARD = ("british-transport-police", "gloucestershire", "london-city", "devon-and-cornwall")

One = TypeVar("One")


@lru_cache(maxsize=1)
def turn() -> int:
    """A number that package and notebooks decide: the same tree tries the same parts again."""
    parts = (paths.project_root() / "src", paths.notebooks_dir())
    return int(hash_json(sorted(manifest(parts).values()))[:8], 16)


def some(every: Sequence[One], number: int) -> list[One]:
    """Give so many of all, whose turn it is; all of them in a full run."""
    if FULL:
        return list(every)
    return [every[(turn() + at) % len(every)] for at in range(number)]
