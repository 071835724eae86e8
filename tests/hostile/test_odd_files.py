"""Odd files and names through the commands: one clear account, no traceback, no waiting."""

import os
import shutil
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from officer_assaults.cli import main
from officer_assaults.pipeline.parameters import Parameter, Schema
from officer_assaults.refusals import Refusal, nearest

CELLS = Path(__file__).parents[1] / "topics" / "crewing" / "cells.csv"


def said(*arguments):
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 2
    return done.output


def test_a_wide_table_of_something_else_is_told_in_a_few_lines(tmp_path):
    """Once every column was told with all known names, row after row."""
    wide = pd.DataFrame([range(400)] * 30).add_prefix("c")
    wide.to_csv(tmp_path / "wide.csv", index=False)
    shutil.copy(f"{CELLS}.meta.yml", tmp_path / "wide.csv.meta.yml")
    for arguments in (["crewing", "check"], ["claims"], ["crewing", "fit", "--formula", "y ~ 1"]):
        told = said(*arguments, tmp_path / "wide.csv")
        assert told.count("'c0'") + told.count(" c0,") == 1
        assert "c399" not in told
    assert len(nearest("zzz", [f"name{n}" for n in range(10_000)])) < 2_000


@pytest.mark.parametrize("kind", [pa.duration("s"), pa.time32("s"), pa.binary()])
def test_a_column_that_is_no_number_is_refused(tmp_path, kind):
    values = [b"1"] * 40 if pa.types.is_binary(kind) else list(range(1, 41))
    table = pa.table({"y": [0, 1] * 20, "officer_hours": pa.array(values, type=kind)})
    pq.write_table(table, tmp_path / "roster.parquet")
    told = said("crewing", "fit", "--formula", "y ~ 1", tmp_path / "roster.parquet")
    assert told.startswith("E1")


def test_a_sheet_of_a_workbook_that_is_no_sheet_is_refused(tmp_path):
    """Its XML names a file of the machine, or breaks off."""
    workbook = openpyxl.Workbook()
    workbook.active.append(["force", "lpa"])
    workbook.save(tmp_path / "whole.xlsx")
    entity = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet><sheetData><row>'
    for content in (entity + b'<c t="inlineStr"><is><t>&e;</t></is></c></row></sheetData>'
                    b"</worksheet>", b"<worksheet><sheetData><row><c"):  # fmt: skip
        with (
            zipfile.ZipFile(tmp_path / "whole.xlsx") as whole,
            zipfile.ZipFile(tmp_path / "odd.xlsx", "w") as odd,
        ):
            for name in whole.namelist():
                odd.writestr(name, content if "sheet1" in name else whole.read(name))
        mapping = tmp_path / "mapping.yml"
        told = said("crewing", "map", "--to", mapping, "--force", "kent", tmp_path / "odd.xlsx")
        assert told.startswith("E124")
        assert "root:" not in told
        assert not mapping.exists()


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "P301" in said("diff", tmp_path / "pipe", tmp_path / "pipe")


def test_a_name_cannot_turn_what_a_terminal_shows(tmp_path):
    turned = tmp_path / "r\u202etl.csv"
    shutil.copy(CELLS, turned)
    shutil.copy(f"{CELLS}.meta.yml", f"{turned}.meta.yml")
    done = CliRunner().invoke(main, ["crewing", "check", str(turned)])
    assert done.exit_code == 0
    assert done.output.startswith("r\\u202etl.csv: ")


def test_a_name_that_is_no_text_is_refused():
    """A page and its file of results could not hold it."""
    schema = Schema("n", (Parameter("path", "str", False, False, "x", "what"),))
    with pytest.raises(Refusal) as caught:
        schema.resolve({"path": os.fsdecode(b"bad\xff.csv")}, {})
    assert caught.value.codes == ("P203",)
