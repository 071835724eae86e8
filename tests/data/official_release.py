"""The leading release laid out as the official table has it, for imports that are tried."""

import pandas as pd

from officer_assaults.data import forces, recorded

COLUMNS = [
    "Financial Year",
    "Financial Quarter",
    "Force Name",
    "Offence Description",
    "Offence Group",
    "Offence Subgroup",
    "Offence Code",
    "Number of Offences",
]
VIOLENCE = "Violence against the person"
KINDS = {
    "104": ("Assault without injury on a constable", VIOLENCE, "Violence without injury"),
    "8S": ("Assault with injury on a constable", VIOLENCE, "Violence with injury"),
    "8T": (
        "Assaults on emergency workers (other than constables)",
        VIOLENCE,
        "Violence without injury",
    ),
    "8N": ("Assault with injury", VIOLENCE, "Violence with injury"),
    "105A": ("Assault without injury", VIOLENCE, "Violence without injury"),
    "66": ("Other public order offences", "Public order offences", "Public order offences"),
    "10A": ("Possession of firearms", "Possession of weapons offences", "Possession of weapons"),
    "92D": ("Possession of controlled drugs", "Drug offences", "Possession of drugs"),
}
#: Series of other offences that one code of the file stands for.
SERIES = {"8N": "8N", "105A": "105A", "66": "66", "weapons": "10A", "drugs": "92D"}


def official(change=None):
    """Lay the leading release out as the official table does, changed by a function of rows."""
    key = ["financial_year", "quarter", "force", "offence_code", "offences"]
    other = recorded.context()
    other = other[other["series"].isin(SERIES)]
    other = other.assign(offence_code=other["series"].map(SERIES))
    frame = pd.concat([recorded.quarterly()[key], other[key]], ignore_index=True)
    if change is not None:
        frame = change(frame.copy())
    kinds = frame["offence_code"].map(KINDS)
    cells = [
        frame["financial_year"],
        frame["quarter"],
        frame["force"].map(forces.names()),
        *(kinds.str[place] for place in range(3)),
        frame.get("written", frame["offence_code"]),
        frame["offences"],
    ]
    return pd.DataFrame(dict(zip(COLUMNS, cells, strict=True)))
