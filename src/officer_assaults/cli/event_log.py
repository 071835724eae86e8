"""Log of a command for schedulers: one line of JSON for each event, on the error stream."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, TextIO

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
    began, code, lines = time.monotonic(), 0, _Lines(sys.stderr, command)
    lines.event("start")
    try:
        with contextlib.redirect_stderr(lines):
            yield lambda text: lines.event("step", text=text)
    except Refusal as refusal:
        code = EXIT_CODE
        for problem in refusal.problems:
            place = {"file": problem.file, "row": problem.row, "column": problem.column}
            said = {"code": problem.code, "what": problem.what, "remedy": problem.remedy}
            lines.event("problem", **said, **place)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(bool(left.code))
    lines.write("\n")  # What was written without a line end is an event as well.
    lines.event("end", exit=code, seconds=round(time.monotonic() - began, 1))
    sys.exit(code)


class _Lines(io.TextIOBase):
    """Stream on which every line of text becomes an event, so that all of it is JSON."""

    def __init__(self, stream: TextIO, command: str) -> None:
        self._stream, self._command, self._rest = stream, command, ""

    def event(self, event: str, **said: Any) -> None:
        """Write one event."""
        told = {"event": event, "command": self._command, **said}
        self._stream.write(json.dumps(told, ensure_ascii=False) + "\n")
        self._stream.flush()

    def write(self, text: str) -> int:
        """Write an event for each line that is whole."""
        *whole, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, whole):
            self.event("step", text=line.strip())
        return len(text)
