"""Check an environment before it is stamped as installed: every file is there, imports work."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import Distribution, distributions

#: Imported by every batch; what these need, they import themselves.
NEEDED = ("numpy", "pandas", "scipy", "statsmodels.api", "patsy", "matplotlib.figure", "papermill")


def damaged(package: Distribution) -> str:
    """Name the first file of a package that is absent or of another size; empty if none is."""
    for file in package.files or ():
        path = package.locate_file(file)
        size = getattr(file, "size", None)
        if file.suffix == ".pyc" or size is None:
            continue
        try:
            found = path.stat().st_size  # type: ignore[attr-defined]
        except OSError:
            return str(file)
        if found != size:
            return str(file)
    return ""


def main() -> int:
    """Print what is wrong; exit code 1 if anything is."""
    wrong = [
        f"{package.metadata['Name']}: {file}"
        for package in distributions()
        if (file := damaged(package))
    ]
    for name in () if wrong else NEEDED:
        try:
            importlib.import_module(name)
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
    for line in wrong:
        print(f"The environment is damaged: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
