"""Commands about releases and breaks: ``releases`` and ``breaks``."""

from __future__ import annotations

import sys

import click


@click.group()
def releases() -> None:
    """List the releases of data/, and take an imported one out again."""


@releases.command("list")
def list_() -> None:
    """List every release, which one leads, and why another does not."""
    from officer_assaults.data import releases as releases_
    from officer_assaults.data import schemas, tables

    for folder in schemas.folders():
        held = releases_.held(folder)
        if not held:
            continue
        leads = releases_.leading(folder)
        click.echo(folder)
        for name in held:
            lost = releases_.lacking(folder, name)
            state = "leads" if name == leads else "held"
            if lost:
                before, _, what = lost.partition(": ")
                state = f"does not lead: lost against {before}: {what}"
            release = tables.release(f"{folder}/{name}")
            click.echo(f"  {name}  {state}  ({release.publisher}, {release.how_read})")


@releases.command("remove")
@click.argument("vintage")
@click.option(
    "--of", "folder", default="recorded-assaults", show_default=True, help="Folder of data/."
)
@click.option("--dry-run", is_flag=True, help="Say which files would go.")
def remove(vintage: str, folder: str, dry_run: bool) -> None:
    """Take an imported release out again: data/ is then as it was before."""
    from officer_assaults.data import decisions

    for name in decisions.remove_release(folder, vintage, dry_run=dry_run):
        click.echo(f"{'Would remove' if dry_run else 'Removed'} {name}")


@click.group("breaks")
def breaks() -> None:
    """Show and decide recording breaks."""


@breaks.command("review")
@click.option("--force", help="Force whose series is decided.")
@click.option("--code", type=click.Choice(["104", "8S"]), help="Its offence code.")
@click.option(
    "--decision",
    type=click.Choice(["stands", "leave-out", "flag", "keep"]),
    help="What to do; 'stands' lets the earlier decisions hold.",
)
@click.option("--kind", type=click.Choice(["gap", "step"]), default="gap", show_default=True)
@click.option("--from", "start", default="", help="First day concerned, as 2019-01-01.")
@click.option("--to", "end", default="", help="Last day concerned; empty while it lasts.")
@click.option("--what", default="", help="What happened to the counts.")
@click.option("--reason", default="", help="How that is known.")
def review(
    force: str | None, code: str | None, decision: str | None, reason: str, **row: str
) -> None:
    """List the breaks that wait for a decision, or decide one.

    On a terminal each open one is shown with its series and asked for in turn.
    """
    if decision is None:
        _ask_all(force, code)
        return
    if force is None or code is None:
        raise click.UsageError("A decision needs --force and --code.")
    _take(force, code, decision, reason, **row)


def _ask_all(force: str | None, code: str | None) -> None:
    from officer_assaults.data import decisions, forces

    asked = decisions.open_questions()
    if force is not None:
        asked = asked[asked["force"] == forces.resolve(force).slug]
    if code is not None:
        asked = asked[asked["offence_code"] == code]
    number = len(asked)
    waits = "1 break waits" if number == 1 else f"{number or 'No'} breaks wait"
    click.echo(f"{waits} for a decision.")
    for row in asked.to_dict("records"):
        _show(str(row["force"]), str(row["offence_code"]), str(row["why"]))
        if sys.stdin.isatty():
            _ask(str(row["force"]), str(row["offence_code"]))


def _show(force: str, code: str, why: str) -> None:
    from officer_assaults.data import breaks as breaks_
    from officer_assaults.data import forces, long_view

    click.echo(f"\n{forces.names()[force]}, code {code}. {why}")
    frame = long_view.quarters(force, [code])
    for year, part in frame.groupby("financial_year"):
        cells = [
            f"{row['offences']}{'*' if row['state'] != 'usable' else ''}"
            for row in part.to_dict("records")
        ]
        click.echo(f"  {year}  {'  '.join(cells)}")
    rows = breaks_.decided()
    for row in rows[(rows["force"] == force) & (rows["offence_code"] == code)].to_dict("records"):
        click.echo(
            f"  decided on {row['release']}: {row['decision']} ({row['kind']}) from "
            f"{row['from']:%Y-%m-%d}: {row['what']}"
        )


def _ask(force: str, code: str) -> None:
    choices = click.Choice(["stands", "leave-out", "flag", "keep", "later"])
    decision = click.prompt("Decision", type=choices, default="later")
    if decision == "later":
        return
    reason = click.prompt("Reason (how it is known)")
    row = {"kind": "gap", "start": "", "end": "", "what": ""}
    if decision != "stands":
        row["kind"] = click.prompt("Kind", type=click.Choice(["gap", "step"]), default="gap")
        row["start"] = click.prompt("First day concerned (2019-01-01)")
        row["end"] = click.prompt("Last day concerned (empty while it lasts)", default="")
        row["what"] = click.prompt("What happened to the counts")
    _take(force, code, decision, reason, **row)


def _take(force: str, code: str, decision: str, reason: str, **row: str) -> None:
    from officer_assaults.data import decisions

    if decision == "stands":
        decisions.confirm(force, code, reason)
    else:
        decisions.decide(
            force, code, row["start"], row["end"], row["kind"], decision, row["what"], reason
        )
    click.echo(f"Decided: {force}, code {code}: {decision}.")
