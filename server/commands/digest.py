"""`waywiser digest`: send the weekly digests that are due, or print what they say."""

from __future__ import annotations

import click

from admin.digest import letter, monday_of
from server.digesting import Digester, digester_of
from server.house import House
from server.opening import now_ms
from store.db import StoreUnavailable
from store.digests import readers
from store.folder import folder_is_free
from store.projects import Project, all_projects, project_by_key
from store.settings import Settings


@click.group()
def digest() -> None:
    """The weekly digest by mail."""


@digest.command()
@click.option("--project", "project_key", default=None, help="Only print this project's; with --dry-run.")
@click.option(
    "--dry-run", is_flag=True, help="Send nothing: print what was to be said of last week, and to whom."
)
def send(project_key: str | None, dry_run: bool) -> None:
    """Send the digests that are due now and have not gone out; a running Waywiser does so by itself."""
    settings = Settings.read()
    if project_key and not dry_run:
        raise click.UsageError("--project goes with --dry-run: what is due is sent for all projects")
    if not (dry_run or settings.smtp_url):
        raise click.ClickException("no mail server is set; see WAYWISER_SMTP_URL")
    if not folder_is_free(settings.events_url):
        raise StoreUnavailable(
            "a Waywiser runs on this event folder and sends the digests itself; the page of your account "
            "there shows what the next one says"
        )
    with House(settings) as house:
        digester = digester_of(house)
        if not dry_run:
            click.echo(f"{digester.turn()} letters sent")
            return
        chosen = [project_by_key(house.engine, project_key)] if project_key else all_projects(house.engine)
        for project in chosen:
            _tell(digester, project, [one.email for one in readers(house.engine, project_id=project.id)])


def _tell(digester: Digester, project: Project, to: list[str]) -> None:
    written = digester.compose(project, monday_of(project.zone, now=now_ms()))
    click.echo(f"To: {', '.join(to) or 'nobody'}")
    said = letter(written, stop="(an address of the reader's own)")
    click.echo(f"Subject: {said.subject}\n\n{said.text}")


COMMANDS = [digest]
