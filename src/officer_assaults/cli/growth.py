"""Command ``growth``: how far the record grew over any span of years, and how forces spread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from officer_assaults.data.long_view import Growth

NO_INJURY = "104"


@click.command()
@click.argument("start")
@click.argument("end")
@click.option("--force", default="", help="Force to set among the others.")
@click.option("--codes", default=NO_INJURY, show_default=True, help="104, 8S or both: 104,8S.")
@click.option("--csv", "path", type=click.Path(path_type=Path), help="Write every force there.")
def growth(start: str, end: str, force: str, codes: str, path: Path | None) -> None:
    """Say how far recorded assaults grew from one year to another, and how forces spread."""
    from officer_assaults.data import forces, long_view
    from officer_assaults.files import write_atomic

    chosen = forces.resolve(force) if force else None
    named = tuple(filter(None, (code.strip() for code in codes.split(","))))
    found = long_view.growth(start, end, named or (NO_INJURY,))
    for sentence in _said(found):
        click.echo(sentence)
    if chosen is not None and chosen.kind != "nation":
        click.echo(_said_of(found, chosen.slug, chosen.name))
    if path is not None:
        write_atomic(path, found.table().to_csv(index=False))
        click.echo(f"  {path}")


def _said(found: Growth) -> list[str]:
    from officer_assaults.page import words

    return [
        f"{found.period0} to {found.period1}, code {words.listing(list(found.codes))}, release "
        f"{found.vintage}: {words.plural(len(found.frame), 'force')} compared like for like.",
        f"Together {_change(found.together)}; the mean force {_change(found.mean)} (95% interval "
        f"{_change(found.lower)} to {_change(found.upper)}).",
        f"By their spread, 95 in 100 forces lie between {_change(found.usual[0])} and "
        f"{_change(found.usual[1])}.",
    ]


def _said_of(found: Growth, slug: str, name: str) -> str:
    from officer_assaults.page import words
    from officer_assaults.refusals import Refusal

    rows = found.frame.set_index("force")
    if slug not in rows.index:
        out = found.left_out
        why = " ".join(out.loc[out["force"] == slug, "reason"].head(1)).rstrip(".")
        problem = f"{name} is not compared over these years{': ' if why else ''}{why}."
        raise Refusal.of("E108", problem, "Choose other years, or leave --force out.")
    numbers = ["growth", "lower", "upper", "y0", "y1"]
    own = {name: float(rows[name][slug]) for name in numbers}
    return (
        f"{name} {_change(own['growth'])} ({_change(own['lower'])} to {_change(own['upper'])} for "
        f"chance alone), from {words.number(own['y0'])} to {words.number(own['y1'])} offences."
    )


def _change(ratio: float) -> str:
    from officer_assaults.page import words

    return words.percent(ratio - 1, signed=True)
