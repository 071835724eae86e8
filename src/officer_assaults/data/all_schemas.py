"""All schemas: every table of ``data/`` by its name, whichever family it belongs to."""

from __future__ import annotations

import pandera.pandas as pa

from officer_assaults.data import inspection_schemas, schemas

#: Schemas of files with a fixed name.
FIXED: dict[str, pa.DataFrameSchema] = schemas.FIXED | inspection_schemas.FIXED
#: Schemas of folders that gain one file per release.
BY_RELEASE: dict[str, pa.DataFrameSchema] = schemas.BY_RELEASE


def schema_of(name: str) -> pa.DataFrameSchema | None:
    """Return the schema of the table called ``name``, or None if there is no such table."""
    return FIXED.get(name) or BY_RELEASE.get(name.partition("/")[0] if "/" in name else "")
