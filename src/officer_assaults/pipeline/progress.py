"""Progress: a bar on a terminal, one line per finished run in a log."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TextIO

from officer_assaults.pipeline.run import FAILED_SUFFIX, OK, Result

_LONGEST_ERROR = 100


class Progress:
    """Tells how far a batch is.

    Parameters
    ----------
    total : int
        Number of runs.
    stream : text file, optional
        Where to write; default the error stream.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = total
        self.stream = stream or sys.stderr
        self.done = 0
        self._bar: Any = None
        if self.stream.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit="report", file=self.stream, smoothing=0.1)

    def finished(self, result: Result) -> None:
        """Note one finished run."""
        self.done += 1
        if self._bar is None:
            print(self._line(result), file=self.stream, flush=True)
            return
        if result.outcome != OK:
            self._bar.write(describe(result), file=self.stream)
        scope, _, notebook = result.key.partition("/")
        self._bar.set_postfix_str(f"{scope} {notebook}", refresh=False)
        self._bar.update(1)

    def _line(self, result: Result) -> str:
        width = len(str(self.total))
        return f"[{self.done:>{width}}/{self.total}] {describe(result)}"

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()


def describe(result: Result) -> str:
    """One line about a finished run."""
    if result.outcome == OK:
        return f"{result.outcome}  {result.key}  {result.seconds:.1f} s"
    cell = f" in cell {result.cell}" if result.cell is not None else ""
    return f"{result.outcome.upper()}  {result.key}{cell}: {result.error}"


def failure_table(failures: Sequence[Result], commands: Sequence[str], folder: str) -> str:
    """Table of failed runs with cell and error line, then how to look into each.

    Parameters
    ----------
    failures : sequence of Result
        The failed runs.
    commands : sequence of str
        What makes each again, one per line so that it can be pasted.
    folder : str
        Where reports are, as the reader would type it.
    """
    rows = [("report", "outcome", "cell", "error")]
    for result in failures:
        cell = "" if result.cell is None else str(result.cell)
        rows.append((result.key, result.outcome, cell, result.error[:_LONGEST_ERROR]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(
        [
            lines[0],
            "  ".join("-" * width for width in widths),
            *lines[1:],
            f"\nExecuted copies, as far as they went, are in {folder}/:",
            *(f"  {result.key}{FAILED_SUFFIX}" for result in failures),
            "\nRun one again with:",
            *(f"  {command}" for command in commands),
        ]
    )
