"""Starts the web server of a process, after checks that turn the usual mistakes into one clear sentence."""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
from contextlib import closing

import click

from server.opening import open_events, open_relational
from store.complaint import Complaint
from store.folder import folder_is_free, folder_of, own_folder
from store.settings import Settings

CONNECTIONS = 16_384  # browsers keep theirs open between requests
SPARE_FILES = 256  # for stores, logs and what else is open
# A server that was killed leaves a process that has event folder and port until it notices and has ended.
PREDECESSOR_S = 10
IDLE_MS = 20_000  # a connection without a whole request head is closed after this


class CannotServe(Complaint):
    """The server cannot start; the message names the cause and the cure."""


def run(settings: Settings, factory: str, *, owns_events: bool) -> None:
    """Serve `server.wsgi:<factory>` until a signal ends it."""
    if owns_events:
        _wait_for_predecessor(settings.events_url)
    address = check_port(settings)
    open_relational(settings, must_be_current=factory != "serve").dispose()
    if owns_events:
        check_events(settings)
    if settings.server == "gunicorn":
        _gunicorn(factory)
    else:
        _granian(settings, factory, address)


def check_port(settings: Settings) -> str:
    """The numeric address to listen on; raises CannotServe when that or the port cannot be had."""
    family, address = _resolved(settings)
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, settings.port))
        except OSError as error:
            raise CannotServe(
                f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); "
                "stop the program that uses it, or set WAYWISER_PORT or WAYWISER_HOST"
            ) from None
    return address


def _resolved(settings: Settings) -> tuple[socket.AddressFamily, str]:
    """What stands behind the host's name, IPv4 before IPv6: it is where proxies look for a localhost."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CannotServe(
            f"{settings.host!r} is no address to listen on and no known name; "
            "set WAYWISER_HOST to 127.0.0.1, or to 0.0.0.0 for all addresses of this machine"
        ) from None
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, str(address[0])


def check_events(settings: Settings) -> None:
    """Raises StoreUnavailable when the server's process could not open the event store; that would crash."""
    if settings.events_url.startswith("chdb:"):  # the engine itself would not survive the fork
        own_folder(folder_of(settings.events_url)).close()
    else:
        with closing(open_events(settings)) as events:
            events.query("select 1")


def _wait_for_predecessor(events_url: str) -> None:
    """Wait until nobody has the event folder, in case who has it is about to end."""
    if folder_is_free(events_url):
        return
    click.echo(f"The event folder is in use; waiting up to {PREDECESSOR_S} seconds for it")
    end = time.monotonic() + PREDECESSOR_S
    while time.monotonic() < end and not folder_is_free(events_url):
        time.sleep(0.2)


def _granian(settings: Settings, factory: str, address: str) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    Granian(
        f"server.wsgi:{factory}",
        address=address,
        port=settings.port,
        interface=Interfaces.RSGI,
        factory=True,
        workers=1,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=IDLE_MS),
        backpressure=_connections(),
        websockets=False,
        log_level=LogLevels(settings.log_level) if settings.log_level != "info" else LogLevels.warning,
        workers_kill_timeout=30,
    ).serve()


def _connections() -> int:
    """How many connections may be open at once; raises the process's limit of files as far as that needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + SPARE_FILES
    files = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(128, files - SPARE_FILES)


def _gunicorn(factory: str) -> None:
    command = [sys.executable, "-m", "gunicorn", "-c", "python:server.gunicorn", f"server.wsgi:{factory}()"]
    os.execv(sys.executable, command)  # noqa: S606 - the process becomes the server
