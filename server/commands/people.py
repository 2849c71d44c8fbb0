"""`waywiser project`, `user` and `key`: who and what may come in."""

from __future__ import annotations

import json
import secrets

import click

from server.opening import now_ms, open_relational
from store import projects, second_factor, users
from store.settings import Settings


@click.group()
def project() -> None:
    """Projects: what is measured."""


@project.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def list_projects(as_json: bool) -> None:
    """List the projects."""
    found = projects.all_projects(open_relational(Settings.read()))
    if as_json:
        click.echo(json.dumps([one.__dict__ for one in found]))
    for one in [] if as_json else found:
        click.echo(f"{one.key:24} {one.timezone:20} {one.name}")


@project.command("create")
@click.argument("key")
@click.option("--name", default="")
@click.option("--timezone", default="UTC", show_default=True)
def make_project(key: str, name: str, timezone: str) -> None:
    """Make a project."""
    engine = open_relational(Settings.read())
    made = projects.create_project(engine, key=key, name=name or key, timezone=timezone, now=now_ms())
    click.echo(f"project {made.key} made; next: waywiser key create {made.key} --side browser")


@click.group()
def key() -> None:
    """Write keys: they let events in."""


@key.command("create")
@click.argument("project_key")
@click.option("--side", type=click.Choice(["browser", "server"]), required=True)
@click.option(
    "--origin", "origins", multiple=True, help="Site that may use it, such as https://shop.example."
)
def make_key(project_key: str, side: str, origins: tuple[str, ...]) -> None:
    """Make a write key and print it; a server key is shown only now."""
    engine = open_relational(Settings.read())
    owner = projects.project_by_key(engine, project_key)
    click.echo(projects.create_write_key(engine, owner.id, side=side, origins=origins, now=now_ms()))


@key.command("list")
@click.argument("project_key")
def list_keys(project_key: str) -> None:
    """List the write keys of a project."""
    engine = open_relational(Settings.read())
    owner = projects.project_by_key(engine, project_key)
    for row in projects.write_keys_of(engine, owner.id):
        state = "revoked" if row["revoked_at"] else "open"
        click.echo(f"{row['id']:5} {row['side']:8} {state:8} {row['key_text'] or row['hint'] + '…'}")


@key.command("revoke")
@click.argument("project_key")
@click.argument("number", type=int)
def close_key(project_key: str, number: int) -> None:
    """Close a write key for good."""
    engine = open_relational(Settings.read())
    owner = projects.project_by_key(engine, project_key)
    if not projects.revoke_write_key(engine, owner.id, number, now=now_ms()):
        raise projects.ProjectError(
            f"project {project_key} has no open key {number}; see `waywiser key list`"
        )
    click.echo(f"key {number} is closed")


@click.group()
def user() -> None:
    """People who may sign in."""


@user.command("create")
@click.argument("email")
@click.option("--project", "project_key", required=True)
@click.option("--role", type=click.Choice(projects.ROLES), default="viewer", show_default=True)
@click.option("--name", default="")
def make_user(email: str, project_key: str, role: str, name: str) -> None:
    """Give a person a role in a project; makes the account where there is none, and prints its password."""
    engine = open_relational(Settings.read())
    owner = projects.project_by_key(engine, project_key)
    password = secrets.token_urlsafe(12)
    known = users.user_by_email(engine, email)
    made = known or users.create_user(engine, email=email, name=name, password=password, now=now_ms())
    users.grant(engine, made.id, owner.id, role)
    how = "with the same password as before" if known else f"with the password {password}"
    click.echo(f"{made.email} may sign in as {role} of {owner.key} {how}")


@user.command("password")
@click.argument("email")
def new_password(email: str) -> None:
    """Give a user a new password; prints it once."""
    engine = open_relational(Settings.read())
    password = secrets.token_urlsafe(12)
    if not users.set_password(engine, email, password):
        raise users.UserError(f"there is no user {email}; see `waywiser user list`")
    click.echo(f"{email} now signs in with {password}")


@user.command("factor-off")
@click.argument("email")
def factor_off(email: str) -> None:
    """Let a user who has lost the second factor sign in with the password alone."""
    engine = open_relational(Settings.read())
    found = users.user_by_email(engine, email)
    if found is None:
        raise users.UserError(f"there is no user {email}; see `waywiser user list`")
    second_factor.turn_off(engine, found.id)
    click.echo(f"{found.email} signs in with the password alone now")


@user.command("list")
@click.argument("project_key")
def list_users(project_key: str) -> None:
    """List the users of a project."""
    engine = open_relational(Settings.read())
    for row in users.users_of(engine, projects.project_by_key(engine, project_key).id):
        click.echo(f"{row['role']:8} {row['email']}")


COMMANDS = [project, key, user]
