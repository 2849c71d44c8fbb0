"""The `waywiser` command."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from server.opening import tune_interpreter
from store.complaint import Complaint

# Which file under server/commands has which commands.
ROOMS = {
    "setup": ("init", "migrate", "demo", "doctor"),
    "serve": ("serve", "collector", "worker", "admin"),
    "data": ("import",),
    "replay": ("replay",),
    "journey": ("journey",),
    "people": ("project", "key", "user"),
    "customer": ("customer",),
    "retention": ("retention",),
    "runs": ("runs",),
    "sessions": ("sessions",),
    "snippet": ("snippet",),
    "digest": ("digest",),
}


class Rooms(click.Group):
    """Reads the file of a command when that is asked for: to read all of them takes more than a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click asks so
        return sorted(name for names in ROOMS.values() for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        for room, names in ROOMS.items():
            if cmd_name in names:
                commands: list[click.Command] = import_module(f"server.commands.{room}").COMMANDS
                return next(one for one in commands if one.name == cmd_name)
        return None


@click.group(cls=Rooms, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="waywiser")
def waywiser() -> None:
    """Collects touchpoints, joins customers and shows how their journeys go."""


def main() -> None:
    """Run the command; a complaint is one sentence on standard error and exit code 1."""
    tune_interpreter()
    try:
        waywiser(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Complaint as error:
        click.echo(f"waywiser: {error}", err=True)
        sys.exit(1)
