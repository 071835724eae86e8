"""Ways in which force systems and Excel give three tables, and what comes of them."""

import pandas as pd

from officer_assaults.topics.crewing.intake.propose import propose
from officer_assaults.topics.crewing.intake.write import build_into

KNOWN = {"force": "kent", "source": "made up", "retrieved": "2026-01-31"}
DATED = {
    "officers": ["Booked On", "Booked Off"],
    "incidents": ["At Scene"],
    "assaults": ["Committed"],
}
AMOUNTS = ["unit_hours", "officer_hours", "y", "attended", "y_injury"]
ZONE = "Europe/London"


def moments(column):
    return pd.to_datetime(column, format="%d/%m/%Y %H:%M:%S")


def restyled(tables, write):
    """Tables with every moment written by a format or a function."""

    def one(column):
        read = moments(column)
        return read.dt.strftime(write) if isinstance(write, str) else write(read)

    return {n: t.assign(**{c: one(t[c]) for c in DATED[n]}) for n, t in tables.items()}


def put(folder, tables, ending=".csv", encoding="utf-8", before="", after="", **how):
    for name, table in tables.items():
        text = before + table.to_csv(index=False, **how) + after
        (folder / f"{name}{ending}").write_bytes(text.encode(encoding))


def book(folder, tables, ending=".xlsx", engine=None, title=0):
    with pd.ExcelWriter(folder / f"export{ending}", engine=engine) as made:
        for name, table in restyled(tables, lambda read: read).items():
            table.to_excel(made, sheet_name=name, index=False, startrow=title)
            if title:
                sheet = made.sheets[name]
                sheet["A1"], sheet.cell(title, 1).value = "Kent Police", "Who"
                sheet.merge_cells("A1:F1")
                sheet.merge_cells(start_row=title, end_row=title, start_column=1, end_column=2)


def serial(read):
    return ((read - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)).map("{:.10f}".format)


def utc(read):
    clock = read.dt.tz_localize(ZONE, ambiguous=True, nonexistent="shift_forward")
    return clock.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_(tables, name, **columns):
    return tables | {name: tables[name].assign(**columns)}


def more(tables, name, rows):
    return tables | {name: pd.concat([tables[name], rows])}


def built(folder, write, tables, change=lambda text: text):
    source = folder / "in"
    source.mkdir()
    write(source, tables)
    text = propose([source], folder, KNOWN).replace("confirmed: no", "confirmed: yes")
    (folder / "mapping.yml").write_text(change(text), encoding="utf-8")
    return build_into(folder / "mapping.yml")


def sums(done):
    cells = done.file.cells
    return cells.groupby(cells["crew"].astype(str))[AMOUNTS].sum()
