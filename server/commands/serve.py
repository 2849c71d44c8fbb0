"""`waywiser serve`, `collector`, `worker` and `admin`: the processes."""

from __future__ import annotations

import signal
from typing import Any

import click

from server.house import House, start_logging
from server.serving import run
from store.settings import Settings


@click.command()
def serve() -> None:
    """Run everything in one process: collector, worker and admin."""
    run(Settings.read(), "serve", owns_events=True)


@click.command()
def collector() -> None:
    """Run only the collector; `waywiser worker` must run beside it."""
    run(Settings.read(), "collector_only", owns_events=False)


@click.command()
def admin() -> None:
    """Run only the admin and the REST API."""
    run(Settings.read(), "admin_only", owns_events=True)


@click.command()
def worker() -> None:
    """Run only the worker, which takes events from the inbox into the event store."""
    settings = Settings.read()
    start_logging(settings)
    with House(settings) as house:
        if house.events.embedded:
            house.batches.release_all()

        def stop(_signal: int, _frame: Any) -> None:
            house.worker.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        house.filler.start()
        house.worker.run()


COMMANDS = [serve, collector, worker, admin]
