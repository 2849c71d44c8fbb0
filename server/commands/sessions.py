"""`waywiser sessions rebuild`: sessions counted anew from their events."""

from __future__ import annotations

import json
from typing import Any

import click

from journeys.period import PeriodError
from journeys.recount import Recount, planned
from server.filler import Filler
from server.opening import open_events, open_relational
from server.progress import bar
from store.events import EventStore
from store.folder import folder_is_free
from store.migrate import migrate_events
from store.projects import project_by_key
from store.settings import Settings


@click.group()
def sessions() -> None:
    """Sessions, as they are counted from events."""


@sessions.command()
@click.option("--project", "project_key", required=True, help="Project whose sessions are counted anew.")
@click.option("--from", "start", default=None, help="From when on the limits hold; always if left out.")
@click.option("--to", "end", default=None, help="Until when the limits hold; for ever if left out.")
@click.option("--idle-minutes", type=click.IntRange(1, 1440), help="Other than the project's rules say.")
@click.option("--cap-hours", type=click.IntRange(1, 168), help="Other than the project's rules say.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def rebuild(project_key: str, dry_run: bool, as_json: bool, **asked: Any) -> None:
    """Count all sessions anew; the old ones answer until that is done.

    Limits are those of the project's rules, or the given ones in the given period only. A count that breaks
    off goes on where it was when Waywiser starts again.
    """
    settings = Settings.read()
    engine = open_relational(settings)
    project = project_by_key(engine, project_key)
    if not folder_is_free(settings.events_url):
        raise click.ClickException(
            "the Waywiser that runs holds the event folder; ask it by POST /api/v1/sessions/rebuild, "
            "or stop it first"
        )
    events = open_events(settings)
    try:
        migrate_events(events)
        recount = planned(events, engine, project, **asked)
        _tell(recount, events, dry_run, as_json)
        if not dry_run:
            recount.begin(events)
            with bar(hidden=as_json) as report:
                Filler(engine, events).count_sessions(lambda one, done, total: report(one.key, done, total))
    except PeriodError as error:
        raise click.ClickException(str(error)) from None
    finally:
        events.close()
        engine.dispose()


def _tell(recount: Recount, events: EventStore, dry_run: bool, as_json: bool) -> None:
    changes = recount.changes(events)
    if as_json:
        click.echo(json.dumps({"dry_run": dry_run, **changes}))
        return
    share = "" if changes["sampled"] == 1 else f", in a sample of {changes['sampled']:.1%} of the customers"
    click.echo(f"sessions that began from {changes['before']['from']} to {changes['before']['to']}{share}")
    for name in ("before", "after"):
        one = changes[name]
        if one["n"]:
            rate = one["bounce_rate"]
            click.echo(
                f"  {name:7}{one['n']} sessions, median {one['duration']['median']:.0f} s, bounce rate "
                f"{rate['value']:.1%} ({rate['low']:.1%} to {rate['high']:.1%})"
            )
        else:
            click.echo(f"  {name:7}no sessions")


COMMANDS = [sessions]
