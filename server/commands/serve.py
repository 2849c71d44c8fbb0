"""`waywiser serve`, `collector`, `worker` and `admin`: the processes."""

from __future__ import annotations

import signal
from typing import Any

import click
from prometheus_client import start_http_server

from collector.metrics import Figures, registry_of
from server.digesting import digester_of
from server.house import House
from server.opening import now_ms, start_logging
from server.serving import CannotServe, run
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

        def stop(_signal: int, _frame: Any) -> None:
            house.worker.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        house.start_jobs(digester_of(house).chore)
        if settings.metrics_port:
            _serve_metrics(house)
        house.worker.run()


def _serve_metrics(house: House) -> None:
    """Answer Prometheus in a thread of its own; a worker has no other door."""
    settings, counters = house.settings, house.worker.counters
    registry = registry_of(Figures(house.engine, settings, now_ms, counters=counters))
    try:
        start_http_server(settings.metrics_port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        raise CannotServe(
            f"127.0.0.1:{settings.metrics_port} cannot be listened on ({error.strerror}); "
            "stop the program that uses it, or set WAYWISER_METRICS_PORT"
        ) from None


COMMANDS = [serve, collector, worker, admin]
