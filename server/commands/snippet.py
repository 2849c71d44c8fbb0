"""`waywiser snippet`: the lines to paste into pages, with the hashes of the present build."""

from __future__ import annotations

import json

import click

from admin.paste import paste_line, pinned_line
from server.opening import SNIPPET, open_relational
from store.projects import project_by_key, write_keys_of
from store.rules import rules_of
from store.script import path_of, script_files
from store.settings import Settings

PLACE = "WRITE_KEY"


@click.command()
@click.option("--project", "project_key", default="", help="Whose browser key stands in the lines.")
@click.option("--json", "as_json", is_flag=True, help="Print machine-readable output.")
def snippet(project_key: str, as_json: bool) -> None:
    """Print the lines to paste: for the newest build, and for exactly this one, with its hash."""
    settings = Settings.read()
    key, cookieless = _key_of(settings, project_key) if project_key else (PLACE, False)
    files = {}
    for one in script_files(SNIPPET):
        files[path_of("w", one.part)] = {
            "newest": paste_line(settings, key, part=one.part, cookieless=cookieless),
            "exactly": pinned_line(settings, SNIPPET, key, part=one.part, cookieless=cookieless),
            "path": one.path(settings.snippet_path),
            "integrity": one.integrity,
        }
    if not files:
        raise click.ClickException("the snippet is not built; run `make setup`")
    if as_json:
        click.echo(json.dumps(files))
        return
    for name, lines in files.items():
        click.echo(f"{name}, always the newest:\n  {lines['newest']}")
        click.echo(f"{name}, exactly this build:\n  {lines['exactly']}\n")


def _key_of(settings: Settings, project_key: str) -> tuple[str, bool]:
    """The first open browser key of a project, and whether that is cookieless."""
    engine = open_relational(settings)
    project = project_by_key(engine, project_key)
    keys = (one for one in write_keys_of(engine, project.id) if one["revoked_at"] is None)
    key = next((str(one["key_text"]) for one in keys if one["side"] == "browser"), PLACE)
    return key, rules_of(engine, project.id).cookieless


COMMANDS = [snippet]
