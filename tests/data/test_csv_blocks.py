"""A CSV read in blocks: what Python's own reader finds, refused as a whole file is."""

import csv
import io

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from officer_assaults.data import readers
from officer_assaults.refusals import Refusal

CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "0", "NA", "null", "1e5", "-", "x\xa0", "\x1f y", "\u2028z", "é", "😀"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4),
)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=30)


def _said(blocks):
    try:
        return [
            (line, *row)
            for block in blocks
            for line, row in zip(block.index, block.to_numpy().tolist(), strict=True)
        ]
    except Refusal as refused:
        return str(refused)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(rows=ROWS, end=st.sampled_from(["\n", "\r\n"]), quoted=st.booleans())
@example(rows=[["a", "b", "c"]] * 20 + [["", "", ""], [" ", "", ""]], end="\r\n", quoted=False)
@example(rows=[["a", "b", "c"]] * 20 + [['x"', "in\nside", ",,"]] * 9, end="\n", quoted=False)
def test_blocks_hold_what_another_reader_finds(tmp_path, rows, end, quoted):
    # Python 3.11 leaves it bare where lines end otherwise, and then it ends a line as well.
    assume(quoted or end == "\r\n" or not any("\r" in cell for row in rows for cell in row))
    text = io.StringIO()
    how = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator=end, quoting=how).writerows([["p", "q", "r"], *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(text.getvalue().encode())
    found = csv.reader(io.StringIO(text.getvalue(), newline=""))
    next(found)
    expected = [(line, *map(str.strip, row)) for line, row in enumerate(found, 2) if any(row)]
    assert _said(readers.cell_blocks(path, 3)) == expected


@pytest.mark.parametrize("bad", ["a,b", "a,b,c,d", '"a,b,c', 'a,"b,c'])
@pytest.mark.parametrize("at", [0, 10, 40])
def test_a_bad_row_is_refused_at_its_line_however_the_file_is_read(tmp_path, bad, at):
    lines = ["a,b,c"] * 40
    lines.insert(at, bad)
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["p,q,r", *lines, ""]))
    whole, parts = _said(map(readers.read_cells, [path])), _said(readers.cell_blocks(path, 4))
    assert isinstance(parts, str)
    assert parts == whole
