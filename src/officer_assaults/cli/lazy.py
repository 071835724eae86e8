"""Lazy: groups whose commands are imported when they are asked for, and refusals in one line."""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

import click

from officer_assaults.refusals import EXIT_CODE, Refusal, of_machine

INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group that finds commands by import path and prints a refusal as one line per problem.

    Parameters
    ----------
    lazy : dict of str to str
        Where each command lives, as ``"module:name"``.
    """

    def __init__(self, *args: Any, lazy: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands, in the order they are written down."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        place = self.lazy.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and leave with code 2 after a refusal, with 130 after Ctrl-C."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            _tell(ctx, refusal)
        except BrokenPipeError:
            raise
        except OSError as error:
            _tell(ctx, of_machine(error))
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)


def _tell(ctx: click.Context, refusal: Refusal) -> NoReturn:
    for problem in refusal.problems:
        click.echo(str(problem), err=True)
    ctx.exit(EXIT_CODE)
