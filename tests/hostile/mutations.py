"""Ways in which a file goes wrong on its way here: cell by cell, by layout, by byte, by place.

Every way takes a random source, which Hypothesis supplies, so that a failure shrinks and repeats.
A table is a list of rows of text, the header first.
"""

import gzip
import io
import os
import random
import zipfile

CELLS = (
    "", " ", "1,057", "1 057", "1\u00a0057", "c.50", ">50", "50+", "-1", "-0", "+3", "0", "1.0",
    "12.5", "1e3", "NaN", "nan", "inf", "-inf", "1e400", "1e308", "9" * 400, "9" * 20,
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "0x10", "1_000", "½", "٣",
    "²", "true", "yes", "no", "*", "..", "-", "n/a", "null", "None", "Total", "All forces",
    "England and Wales", "PC 1234", "=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "<script>x</script>",
    "a\x00b", "\x1b[31m", "two\nlines", "two\r\nlines", '"', "'", "a,b", "a;b", "2018-04-01",
    "01/04/2018", "2018-02-30", "0000-00-00", "0001-01-01", "1600-01-01", "2262-04-12",
    "9999-12-31", "10000-01-01", "2099-01-01", "2024-03-31T01:30:00", "2024-10-27T01:30:00",
    "2024-10-27T01:30:00+01:00", "2024-03-31T22:00:00Z", "2024-13-45T99:99", "9999-12-31T23:59:59Z",
    "2024-03-31T22:00:00+99:99", "2018/19", "2018-19", "1999/00", "9999/00", "Q1", "5", "é", "🚓",
    "x" * 5_000, "../../etc/passwd", "{0.__class__}", "{y}", "%s", "|", "E102|x|y", "\ufeff",
)  # fmt: skip
NAMES = (
    "",
    "Unnamed: 1",
    "x_own",
    "notes",
    "collar_number",
    "y",
    "force",
    "index",
    "{cell}",
    "a|b",
)


def change_cells(rows, rng):
    """Put wrong values into some cells."""
    for _ in range(rng.randint(1, 4)):
        row = rows[rng.randrange(min(1, len(rows) - 1), len(rows))]
        if row:
            row[rng.randrange(len(row))] = rng.choice(CELLS)


def change_column(rows, rng):
    """One wrong value in every cell of a column."""
    place, cell = rng.randrange(len(rows[0])), rng.choice(CELLS)
    for row in rows[1:]:
        if place < len(row):
            row[place] = cell


def swap_cells(rows, rng):
    """Values of one column in another."""
    one, other = rng.randrange(len(rows[0])), rng.randrange(len(rows[0]))
    for row in rows[1:]:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]


def drop_column(rows, rng):
    place = rng.randrange(len(rows[0]))
    for row in rows:
        del row[place : place + 1]


def double_column(rows, rng):
    place = rng.randrange(len(rows[0]))
    for row in rows:
        row.extend(row[place : place + 1])


def shuffle_columns(rows, rng):
    order = list(range(len(rows[0])))
    rng.shuffle(order)
    rows[:] = [[row[place] for place in order if place < len(row)] for row in rows]


def rename_column(rows, rng):
    place = rng.randrange(len(rows[0]))
    name = str(rows[0][place])
    rows[0][place] = rng.choice((*NAMES, name.upper(), f" {name} ", f"{name}s", name[:-1]))


def add_column(rows, rng):
    rows[0].append(rng.choice((*NAMES, "x_more")))
    for row in rows[1:]:
        row.append(rng.choice(CELLS))


def drop_rows(rows, rng):
    del rows[rng.randint(1, max(1, len(rows) - 1)) :]


def double_row(rows, rng):
    rows.insert(rng.randint(1, len(rows)), list(rng.choice(rows)))


def ragged(rows, rng):
    row = rng.choice(rows)
    if rng.choice((True, False)):
        row.append(rng.choice(CELLS))
    else:
        del row[rng.randrange(len(row)) :]


def blank_rows(rows, rng):
    for _ in range(rng.randint(1, 3)):
        rows.insert(rng.randint(0, len(rows)), rng.choice(([], [""], [""] * len(rows[0]))))


def totals_row(rows, rng):
    word = rng.choice(("Total", "All forces", "England and Wales", "Grand total"))
    rows.append([word, *rows[-1][1:]])


def titles_above(rows, rng):
    for _ in range(rng.randint(1, 3)):
        rows.insert(0, [rng.choice(("Table A1", "Source: x", "")), *[""] * (len(rows[0]) - 1)])


def merged_header(rows, rng):
    start = rng.randrange(len(rows[0]))
    rows.insert(0, [name if place < start else "" for place, name in enumerate(rows[0])])


def header_only(rows, rng):
    del rows[1:]


def no_header(rows, rng):
    del rows[0]


def nothing(rows, rng):
    rows.clear()


LAYOUTS = (
    change_column, swap_cells, drop_column,
    double_column, shuffle_columns, rename_column, add_column, drop_rows, double_row, ragged,
    blank_rows, totals_row, titles_above, merged_header, header_only, no_header, nothing,
)  # fmt: skip


def spoil_table(rows, rng):
    """Wrong cells in a copy, another layout, or both."""
    rows = [list(row) for row in rows]
    kind = rng.randint(0, 4)
    if kind > 1:
        change_cells(rows, rng)
    for _ in range(max(0, 3 - kind)):
        if rows and rows[0]:
            rng.choice(LAYOUTS)(rows, rng)
    return rows


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp037")


def encode(text, rng):
    """The text in some encoding, mostly the right one; now and then two of them in one file."""
    if rng.randint(0, 14):
        return text.encode("utf-8", errors="surrogatepass")
    first, second = rng.choice(ENCODINGS), rng.choice(ENCODINGS)
    half = rng.randint(0, len(text))
    return text[:half].encode(first, "replace") + text[half:].encode(second, "replace")


def flip(data, rng):
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if out:
            out[rng.randrange(len(out))] = rng.randint(0, 255)
    return bytes(out)


def cut(data, rng):
    return data[: rng.randint(0, len(data))]


def behead(data, rng):
    return data[rng.randint(0, len(data)) :]


def nulls(data, rng):
    at = rng.randint(0, len(data))
    return data[:at] + b"\0" * rng.randint(1, 64) + data[at:]


def repeat(data, rng):
    at = rng.randint(0, len(data))
    return data[:at] + data[at // 2 :]


def noise(data, rng):
    return bytes(rng.randint(0, 255) for _ in range(rng.randint(0, 64)))


def wrap(data, rng):
    """A whole file of another kind under the name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(rng.choice(("a.txt", "mimetype", "[Content_Types].xml")), data[:100])
    return rng.choice(
        (
            buffer.getvalue(),
            gzip.compress(data, mtime=0),
            b"%PDF-1.7\n" + data[:50],
            b"<html><table><tr><td>1</td></tr></table></html>",
            b"PAR1" + data[:50] + b"PAR1",
            b"PK\x03\x04" + data,
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + data[:600],
            b"{}",
            b"",
            b"\n" * 50,
        )
    )


BYTES = (flip, flip, cut, behead, nulls, repeat, noise, wrap)


def spoil_bytes(data, rng):
    for _ in range(rng.randint(1, 2)):
        data = rng.choice(BYTES)(data, rng)
    return data


def put_elsewhere(path, rng):
    """Something that is no plain readable file, in the place of a file."""
    path.unlink(missing_ok=True)
    kind = rng.choice(("folder", "gone", "dangling", "loop", "pipe", "locked"))
    if kind == "folder":
        path.mkdir()
    elif kind == "dangling":
        path.symlink_to(path.with_name("nowhere"))
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "locked":
        path.write_bytes(b"x")
        path.chmod(0)


SEPARATORS = (*[","] * 30, ";", "\t", "|")
LINE_ENDS = ("\n", "\n", "\r\n", "\r", "\n\r")


def csv_text(rows, rng):
    """Rows as CSV, sometimes with other separators, line ends or quotes than ours."""
    separator, end = rng.choice(SEPARATORS), rng.choice(LINE_ENDS)
    quotes = rng.randint(0, 19)

    def quoted(cell):
        text = str(cell)
        if quotes == 0:
            return text
        if quotes == 1 or any(sign in text for sign in (separator, '"', "\n", "\r")):
            return '"' + text.replace('"', '""') + '"'
        return text

    return end.join(separator.join(map(quoted, row)) for row in rows) + rng.choice(("", end))


class Calm(random.Random):
    """Draws what leaves a file as it should be: the first choice, the highest number."""

    def choice(self, seq):
        return seq[0]

    def randint(self, a, b):
        return b


WORDS = (
    "", " ", "single", "y", "force", "hour_band", "backup_min", "0", "1", "2", "-1", "1e400",
    "1e-400", "nan", "inf", "9" * 60, "'night'", '"', "'", "(", ")", "[", "]", "{", "}",
    "((((((((", "~", "+", "-", "*", "**", "/", "//", "%", ":", "|", "^", "@", ":=", "=", "==",
    "<", ">", ">=", "!=", ",", ";", "#", "\\", "\n", "\t", "\x00", "é", "½", "if", "else", "and",
    "or", "not", "in", "lambda x: x", "C(", "cr(", "bs(", "I(", "Q('y')", "np.log(",
    "__import__('os')", "df=4", "df=9999999", "levels=", "single.__class__", "f'{y}'", "b'x'",
    "None", "True", "...", "yield", "await x", "offset(y)", "hour_band[0]", "[x for x in y]",
    "0 if", "else single", "period1=", "alpha=", "force=kent", "phi_list=[1, 2", "name", "=",
    "==", "'kent", "2019-20", "file=../../etc/passwd", "<script>",
)  # fmt: skip


def phrase(rng, good):
    """A good phrase with some words changed, or words alone."""
    words = good.split(" ") if rng.randint(0, 7) else []
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 8))):
        place = rng.randint(0, len(words))
        if words and rng.choice((True, False)):
            words[place % len(words)] = rng.choice(WORDS)
        else:
            words.insert(place, rng.choice(WORDS))
    text = ("" if not rng.randint(0, 7) else " ").join(words)
    return text * rng.choice((2, 40, 400)) if not rng.randint(0, 15) else text


VALUES = (
    None, True, 0, -1, 2**70, 1e308, "", "x", "nan", "inf", [], {}, [None], [[]], {"": ""},
    "x" * 999, "\x00", "../..", "<script>", ["x"], {"id": 1}, [{"id": "x"}], "2024-01-01", 1.5,
)  # fmt: skip


def spoil_value(value, rng):
    """A JSON value in which some parts are of another kind, missing or added."""
    for _ in range(rng.randint(1, 3)):
        value = _spoil_once(value, rng)
    return value


def _spoil_once(value, rng):
    if isinstance(value, dict) and value and rng.randint(0, 5):
        name = rng.choice(sorted(value, key=str))
        kind = rng.randint(0, 7)
        if kind == 0:
            return {key: part for key, part in value.items() if key != name}
        if kind == 1:
            return {**value, rng.choice(("x", "", "findings", "key")): rng.choice(VALUES)}
        return {**value, name: _spoil_once(value[name], rng)}
    if isinstance(value, list) and value and rng.randint(0, 5):
        place = rng.randrange(len(value))
        return [*value[:place], _spoil_once(value[place], rng), *value[place + 1 :]]
    return rng.choice(VALUES)


SCALARS = (
    "~", "true", "1", "-1", "1e400", ".nan", ".inf", "0x1F", "1_000", "2024-13-45", "9999-12-31",
    "0001-01-01", "2024-04-30 10:00:00", "2024-04-30T10:00:00+25:00", "[]", "{}", "[actual]",
    "*anchor", "&a [*a]", "!!python/object/apply:os.system [id]", "!!binary aGk=", "!!set {a}",
    "!!timestamp x", "!!int x", "!!float ''", "!own x", "'", '"', "|", ">", "@", "`", "%", "? ",
    "actual", "planned", "Europe/London", "../../etc/passwd", "Mars/Base", "A" * 3_000, "\x00",
    "é", "{hours: actual}", "{hours: actual, victims: planned}", "{hours: [], victims: {}}",
    "<<: *x", "sha256:0", "!!null x",
)  # fmt: skip
BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)
DOCUMENTS = (
    "", "x", "- a\n- b", "---\n---\na: 1", "[" * 3_000, "a: " * 500, BOMB, "{a: 1", "\ta: 1",
    "? {a: 1}\n: b", "? [1, 2]\n: b", "1: 2", "~: 2", "%YAML 9.9\n---\na: 1", "&a a: *a",
    "<<: [1]",
)  # fmt: skip


def spoil_yaml(text, rng):
    """A sidecar with lines changed, doubled or gone, or something that is none."""
    if not rng.randint(0, 7):
        return rng.choice(DOCUMENTS)
    lines = text.splitlines()
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(lines))
        name = lines[place].partition(":")[0]
        kind = rng.randint(0, 9)
        if kind == 0 and len(lines) > 1:
            del lines[place]
        elif kind == 1:
            lines.insert(place, rng.choice((*DOCUMENTS, f"{name}: {rng.choice(SCALARS)}")))
        elif kind == 2:
            more = (
                "timezone",
                "latitude",
                "headcount",
                "period_months",
                "checksum",
                "x_own",
                "rows",
            )
            lines.append(f"{rng.choice(more)}: {rng.choice(SCALARS)}")
        else:
            lines[place] = f"{name}: {rng.choice(SCALARS)}"
    return "\n".join(lines)
