"""The `waywiser` command."""

from __future__ import annotations

import sys

import click

from journeys.definitions import DefinitionError
from server.commands import (
    customer,
    data,
    digest,
    journey,
    people,
    replay,
    retention,
    runs,
    serve,
    sessions,
    setup,
    snippet,
)
from server.house import NotMigrated, tune_interpreter
from server.importing import ImportProblem
from server.serving import CannotServe
from store.cluster import ClusterError
from store.db import StoreUnavailable
from store.drops import ReplayWaits
from store.events import EventStoreError
from store.privacy.erasure import NotErasable
from store.projects import ProjectError
from store.settings import BadSetting
from store.users import UserError

EXPECTED = (
    *(BadSetting, StoreUnavailable, NotMigrated, CannotServe, EventStoreError, ClusterError),
    *(ProjectError, UserError, DefinitionError, ImportProblem, ReplayWaits, NotErasable),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="waywiser")
def waywiser() -> None:
    """Collects touchpoints, joins customers and shows how their journeys go."""


for room in (
    setup,
    serve,
    data,
    replay,
    journey,
    people,
    customer,
    retention,
    runs,
    sessions,
    snippet,
    digest,
):
    for command in room.COMMANDS:
        waywiser.add_command(command)


def main() -> None:
    """Run the command; an expected error is one sentence on standard error and exit code 1."""
    tune_interpreter()
    try:
        waywiser(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except EXPECTED as error:
        click.echo(f"waywiser: {error}", err=True)
        sys.exit(1)
