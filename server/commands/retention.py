"""`waywiser retention`: delete what is older than projects keep, or say what that would be."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from server.house import House
from server.opening import now_ms
from server.retaining import retain
from store.db import StoreUnavailable
from store.folder import folder_is_free
from store.privacy.horizon import horizon_of
from store.privacy.retention import Report, would_delete
from store.projects import all_projects, project_by_key
from store.settings import Settings


@click.command("retention")
@click.option("--project", "project_key", default=None, help="Only this project; all when left out.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def retention(project_key: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete what is older than each project keeps; a running Waywiser does so once a day."""
    settings = Settings.read()
    if not folder_is_free(settings.events_url):
        raise StoreUnavailable(
            "a Waywiser runs on this event folder and deletes once a day; see Privacy there, or stop it first"
        )
    with House(settings) as house:
        chosen = [project_by_key(house.engine, project_key)] if project_key else all_projects(house.engine)
        if dry_run:
            reports = {
                one.id: would_delete(
                    house.engine,
                    house.events,
                    horizon_of(house.engine, settings, one.id, now=now_ms()),
                )
                for one in chosen
            }
        else:
            reports = retain(house.eraser, chosen)
    told = {one.key: reports[one.id] for one in chosen}
    if as_json:
        click.echo(json.dumps({key: {**_plain(report), "dry_run": dry_run} for key, report in told.items()}))
        return
    for key, report in told.items():
        _tell(key, report, dry_run)


def _plain(report: Report) -> dict[str, object]:
    return {name: getattr(report, name) for name in report.__struct_fields__}


def _tell(key: str, report: Report, dry_run: bool) -> None:
    before = datetime.fromtimestamp(report.before / 1000, UTC).date()
    what = "came" if report.by_receipt else "happened"
    click.echo(f"{key}: what {what} before {before} ({report.days} days)")
    for month, n in report.events.items():
        click.echo(f"  {month} {n:12} events")
    parts = {
        "runs": report.runs,
        "sessions": report.sessions,
        "refused events": report.drops,
        "customers without events": report.customers,
        "ids": report.identities,
    }
    click.echo("  " + ", ".join(f"{n} {name}" for name, n in parts.items()))
    click.echo("  nothing was deleted" if dry_run else f"  {report.total} events deleted")


COMMANDS = [retention]
