"""Log of a command for schedulers: one line of JSON for each event, on the error stream."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from officer_assaults.refusals import EXIT_CODE, Refusal

option = click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How steps and problems are told on the error stream.",
)


@contextlib.contextmanager
def told(how: str, command: str) -> Iterator[Callable[[str], None]]:
    """Tell the steps of a command as text, or each event as a line of JSON.

    Parameters
    ----------
    how : {"text", "json"}
    command : str

    Yields
    ------
    callable
        Told each step.
    """
    if how == "text":
        yield lambda text: click.echo(f"{text} ...", err=True)
        return
    began, code = time.monotonic(), 0
    _event("start", command=command)
    try:
        yield lambda text: _event("step", command=command, text=text)
    except Refusal as refusal:
        code = EXIT_CODE
        for problem in refusal.problems:
            place = {"file": problem.file, "row": problem.row, "column": problem.column}
            _event("problem", code=problem.code, what=problem.what, remedy=problem.remedy, **place)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(bool(left.code))
    _event("end", command=command, exit=code, seconds=round(time.monotonic() - began, 1))
    sys.exit(code)


def _event(event: str, **said: Any) -> None:
    click.echo(json.dumps({"event": event, **said}, ensure_ascii=False), err=True)
