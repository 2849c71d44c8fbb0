"""`waywiser journey apply` and `check`: journeys from YAML files."""

from __future__ import annotations

from pathlib import Path

import click

from journeys.definitions import Definition, DefinitionError, parse_yaml
from journeys.saving import save_journey
from server.filler import Filler
from server.opening import now_ms, open_events, open_relational
from server.progress import bar
from store.folder import folder_is_free
from store.projects import project_by_key
from store.settings import Settings

FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.group()
def journey() -> None:
    """Journeys from YAML files."""


@journey.command()
@FILES
def check(files: tuple[Path, ...]) -> None:
    """Read journey files and say what is wrong with them; changes nothing."""
    for file in files:
        found = read(file)
        click.echo(f"{file}: {found.name}, {len(found.steps)} steps, good")


@journey.command()
@FILES
@click.option("--project", "project_key", required=True)
def apply(files: tuple[Path, ...], project_key: str) -> None:
    """Save journey files as new versions, and fill them; an unchanged journey stays as it is."""
    settings = Settings.read()
    engine = open_relational(settings)
    project = project_by_key(engine, project_key)
    definitions = [read(file) for file in files]
    saved = [save_journey(engine, project.id, one, by="command line", now=now_ms()) for one in definitions]
    for version in saved:
        click.echo(f"{version.definition['key']}: version {version.version} {version.status}")
    if all(version.status == "live" for version in saved):
        return
    if not folder_is_free(settings.events_url):
        click.echo("the Waywiser that runs fills them now")
        return
    events = open_events(settings)
    with bar() as report:
        filled = Filler(engine, events).fill_all(
            lambda version, done, total: report(version.definition["key"], done, total)
        )
    events.close()
    click.echo(f"{filled} filled and live")


def read(file: Path) -> Definition:
    """The journey in a file; raises DefinitionError that names the file."""
    try:
        return parse_yaml(file.read_text())
    except DefinitionError as error:
        raise DefinitionError({f"{file} {place}": text for place, text in error.problems.items()}) from None
    except UnicodeDecodeError:
        raise DefinitionError({str(file): "this is not a text file in UTF-8"}) from None


COMMANDS = [journey]
