"""What is read from an executed notebook, what breaks its contract, what is made reproducible."""

import copy

import notebook_tree as tree
import pytest

from officer_assaults.findings import FINDING_MIME, SOURCE_MIME
from officer_assaults.pipeline.collect import (
    clean_text,
    collect,
    reproducible,
)
from officer_assaults.pipeline.terminal import LONGEST_PRINTED, printed


def _output(role, **data):
    bundle = {mime.replace("__", "/"): value for mime, value in data.items()}
    return {
        "output_type": "display_data",
        "data": bundle,
        "metadata": {"report": {"role": role}},
    }


def _stream(name, text):
    return {"output_type": "stream", "name": name, "text": text}


def _notebook(*outputs):
    cell = {
        "cell_type": "code",
        "id": "cell-01",
        "source": "",
        "execution_count": 1,
        "metadata": {"tags": [], "papermill": {"duration": 1.2}, "execution": {"x": "2020"}},
        "outputs": list(outputs),
    }
    return {
        "cells": [cell],
        "metadata": {"kernelspec": {"name": "python3"}, "papermill": {"input_path": "x"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


HEADLINE = _output("headline", text__html="<p>a</p>")
FINDING = _output("finding", **{FINDING_MIME: {"id": "a", "value": 1.0}})
FIGURE = _output("figure", text__html="<svg/>")
SOURCE = _output("source", **{SOURCE_MIME: [{"path": "a.csv"}, {"path": "b.csv"}]})


def test_results_are_read_in_order():
    found = collect(_notebook(HEADLINE, FINDING, FIGURE, SOURCE), {"figure": 1})
    assert found.findings == [{"id": "a", "value": 1.0}]
    assert [source["path"] for source in found.sources] == ["a.csv", "b.csv"]
    assert found.counts == {"figure": 1, "finding": 1, "headline": 1, "source": 1}
    assert found.broken == ()


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}


@pytest.mark.parametrize(
    ("outputs", "expected", "said"),
    [
        ([FINDING], {}, "0 of 1 headline"),
        ([HEADLINE], {}, "0 of 1 finding"),
        ([HEADLINE, FINDING, FIGURE], {"figure": 2}, "1 of 2 figure"),
        ([HEADLINE, FINDING, FINDING], {}, "'a' is recorded 2 times"),
        ([HEADLINE, _output("finding", **{FINDING_MIME: {"value": 1}})], {}, "has no id"),
        ([HEADLINE, FINDING, ERROR], {}, "ValueError: no"),
        ([HEADLINE, FINDING, _output("figure", text__html="<p>a</p>")], {}, "no picture"),
        ([HEADLINE, FINDING, _output("table", text__html="")], {}, "a table output is empty"),
    ],
)
def test_each_breach_is_named(outputs, expected, said):
    broken = collect(_notebook(*outputs), expected).broken
    assert any(said in breach for breach in broken)


def test_nothing_of_one_run_is_left():
    text = "<a at 0x7f00deadbeef> /run/1/folder/a.csv /y/ipykernel_12/34.py:3: Warning"
    one = _notebook(_stream("stdout", "a"), _stream("stderr", text), _stream("stdout", "b"), FIGURE)
    other = _notebook(
        _stream("stdout", "ab"),
        _stream(
            "stderr", "<a at 0x7f1123456789> /run/22/folder/a.csv /x/ipykernel_9/8.py:3: Warning"
        ),
        FIGURE,
    )
    other["cells"][0]["metadata"]["papermill"]["duration"] = 3
    before = copy.deepcopy(one)
    clean = reproducible(one, {"/run/1/folder": "."})
    assert clean == reproducible(other, {"/run/22/folder": "."})
    assert one == before
    assert clean["cells"][0]["outputs"][1]["text"] == "<a> ./a.csv cell:3: Warning"
    assert "papermill" not in str(clean)


def test_only_whole_paths_are_replaced():
    text = "/home/a.csv, (/home), square/home, /homeless, ./home, https://x.org/home"
    clean = clean_text(text, {"/home": "~", "/home/deep": "."})
    assert clean == "~/a.csv, (~), square/home, /homeless, ./home, https://x.org/home"


def test_streams_are_not_joined_across_other_outputs():
    clean = reproducible(_notebook(_stream("stdout", "a"), FIGURE, _stream("stdout", "b")), {})
    assert [output.get("text") for output in clean["cells"][0]["outputs"]] == ["a", None, "b"]


def test_injected_cell_has_one_id():
    notebook = _notebook(HEADLINE)
    notebook["cells"][0]["metadata"]["tags"] = ["injected-parameters"]
    notebook["cells"][0]["id"] = "c0ffee12"
    assert reproducible(notebook, {})["cells"][0]["id"] == "injected-parameters"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1mbold\x1b[0m \x08\x07\x00", "red and bold "),
        ("\x1b]8;;https://x.org\x07link\x1b]8;;\x07\n", "link\n"),
        ("  1%\r 50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("100%|#####|\r", "100%|#####|"),
        ("a\tb\nc\\d", "a\tb\nc\\d"),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_streams_are_what_a_terminal_shows_in_the_end(text, shown):
    stream = {"output_type": "stream", "name": "stdout", "text": text}
    nb = tree.notebook("1")
    nb.cells[-1]["outputs"] = [stream]
    (output,) = reproducible(nb, {})["cells"][-1]["outputs"]
    assert output["text"] == shown
    assert output["text"].encode()


def test_a_stream_of_sixty_thousand_lines_keeps_its_ends():
    text = "\n".join(map(str, range(60_000)))
    shown = printed(text)
    assert len(shown) < LONGEST_PRINTED + 100
    assert (shown[:4], shown[-5:]) == ("0\n1\n", "59999")
    assert "letters are left out here" in shown
