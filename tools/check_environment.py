"""Check an environment before it is stamped as installed: every file is there, imports work.

What a batch imports is compiled on the way, once, so that not each of its processes does so.
"""

from __future__ import annotations

import compileall
import csv
import importlib
import os
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

#: Imported by every batch; what these need, they import themselves.
NEEDED = (
    "numpy", "pandas", "scipy", "statsmodels.api", "patsy", "matplotlib.figure", "papermill",
    "IPython.core.completerlib", "ipykernel.kernelapp", "nbconvert.exporters.templateexporter",
    "pandera.backends.pandas.builtin_checks", "pyarrow.dataset", "seaborn", "mistune",
    "latex2mathml.converter", "matplotlib.backends.backend_svg",
)  # fmt: skip
SOURCE = Path(__file__).parents[1] / "src"


def damaged(package: Distribution) -> str:
    """Name the first file of a package that is absent or of another size; empty if none is."""
    # From Python 3.12 on, `package.files` leaves out what is absent.
    for name, _, size in csv.reader((package.read_text("RECORD") or "").splitlines()):
        if not size or name.endswith(".pyc"):
            continue
        try:
            found = Path(str(package.locate_file(name))).stat().st_size
        except OSError:
            return name
        if found != int(size):
            return name
    return ""


def main() -> int:
    """Print what is wrong; exit code 1 if anything is."""
    wrong = [
        f"{package.metadata['Name']}: {file}"
        for package in distributions()
        if (file := damaged(package))
    ]
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    for name in () if wrong else NEEDED:
        try:
            importlib.import_module(name)
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
    for line in wrong:
        print(f"The environment is damaged: {line}", file=sys.stderr)
    if not wrong:  # A module of our own that is no Python is for whoever wrote it to find.
        compileall.compile_dir(SOURCE, quiet=2, workers=0)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
