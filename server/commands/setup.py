"""`waywiser init`, `migrate`, `demo` and `doctor`: from nothing to something that runs."""

from __future__ import annotations

import json
import secrets
import sys

import click
from rich.console import Console
from rich.table import Table

from admin.paste import paste_line
from server import doctor as checks
from server.demo.loading import load_demo
from server.opening import migrate as migrate_stores
from server.opening import now_ms, open_relational
from server.progress import bar
from store.events import database_in
from store.migrate import cluster_statements
from store.projects import (
    ProjectError,
    all_projects,
    create_api_token,
    create_project,
    create_write_key,
)
from store.rules import ProjectRules, save_rules
from store.settings import Settings
from store.users import create_user, grant, user_by_email


@click.command()
@click.option("--cluster", metavar="NAME", help="Lay the event store out on this cluster; said once.")
@click.option("--print", "is_shown", is_flag=True, help="Show what --cluster would run there; run nothing.")
def migrate(cluster: str | None, is_shown: bool) -> None:
    """Bring both stores to the newest shape."""
    settings = Settings.read()
    if is_shown and not cluster:
        raise click.UsageError("--print goes with --cluster NAME")
    if cluster and is_shown:
        for statement in cluster_statements(cluster, database_in(settings.events_url)):
            click.echo(f"{statement};\n")
        return
    revision, applied = migrate_stores(settings, cluster=cluster)
    click.echo(f"relational store at {revision}; event store: {', '.join(applied) or 'nothing new'}")


@click.command()
@click.option("--project", "key", default="main", show_default=True, help="Key of the project.")
@click.option("--name", default="", help="Name of the project.")
@click.option("--timezone", default="UTC", show_default=True, help="Where its days begin.")
@click.option("--email", default="admin@example.com", show_default=True, help="Sign-in of the first user.")
@click.option("--cookieless", is_flag=True, help="Know visitors for one day only, without a stored id.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def init(key: str, name: str, timezone: str, email: str, cookieless: bool, as_json: bool) -> None:
    """Migrate, make a project, its keys and its first user; prints the secrets once."""
    settings = Settings.read()
    migrate_stores(settings)
    engine = open_relational(settings)
    now, password = now_ms(), secrets.token_urlsafe(12)
    known = user_by_email(engine, email)
    if any(one.key == key for one in all_projects(engine)):
        raise ProjectError(f"there is a project {key!r} already")
    user = known or create_user(engine, email=email, name="", password=password, now=now)
    project = create_project(engine, key=key, name=name or key, timezone=timezone, now=now)
    grant(engine, user.id, project.id, "admin")
    if cookieless:
        save_rules(engine, project.id, ProjectRules(cookieless=True), now=now)
    made = {
        "project": project.key,
        "write_key": create_write_key(engine, project.id, side="browser", now=now),
        "server_key": create_write_key(engine, project.id, side="server", now=now),
        "api_token": create_api_token(engine, project.id, name="init", role="admin", now=now),
        "admin_email": user.email,
        "admin_password": None if known else password,
    }
    if as_json:
        click.echo(json.dumps(made))
        return
    for what, value in made.items():
        click.echo(f"{what.replace('_', ' '):15} {value or '(as before)'}")
    line = paste_line(settings, str(made["write_key"]), cookieless=cookieless)
    click.echo(f"\nPaste this into your pages:\n  {line}")


@click.command()
@click.option("--customers", default=20_000, show_default=True, type=click.IntRange(100, 1_000_000))
@click.option("--seed", default=7, show_default=True, type=int, help="The same seed makes the same company.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def demo(customers: int, seed: int, as_json: bool) -> None:
    """Load a believable company with three journeys; nothing is done when it is there already."""
    settings = Settings.read()
    migrate_stores(settings)
    with bar(hidden=as_json) as progress:
        made = load_demo(settings, seed=seed, customers=customers, progress=progress)
    if as_json:
        click.echo(json.dumps(made))
        return
    click.echo(f"Sign in    {made['admin_email']}  /  {made['admin_password']}")
    click.echo(f"Snippet    {paste_line(settings, made['write_key'])}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def doctor(as_json: bool) -> None:
    """Check that everything is as it must be, and say what to do where it is not."""
    findings = checks.examine()
    if as_json:
        click.echo(json.dumps([finding.__dict__ for finding in findings]))
    else:
        table = Table("", "what", "finding", box=None)
        for finding in findings:
            table.add_row("[green]✓" if finding.good else "[red]✗", finding.what, finding.says)
        Console().print(table)
    sys.exit(0 if all(finding.good for finding in findings) else 1)


COMMANDS = [init, migrate, demo, doctor]
