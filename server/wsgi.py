"""The WSGI application of a process: the collector answers under `/v1` and for itself, the admin the rest."""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, cast

from flask import Flask
from sqlalchemy import Engine

import collector
from admin.app import create_app
from admin.services import Services
from admin.waiting import Waiting
from collector import Shortcut
from collector.worker import Worker
from server.digesting import digester_of
from server.doctor import running
from server.gateway import StartResponse, Wsgi
from server.house import House
from server.line import Front, Line
from server.mail import sender
from server.opening import (
    SNIPPET,
    migrate,
    now_ms,
    open_inbox,
    open_relational,
    say_address,
    start_logging,
    tune_interpreter,
)
from server.replaying import run_again
from store.cancelling import Cancelling
from store.inbox import Inbox
from store.rules import KnownRules
from store.settings import Settings

PATIENCE_S = 0.1  # a page is held back no longer than that for its report
COLLECTOR_PATHS = ("/v1", "//", "/w.", "/health", "/metrics", "/beacon/", "/sourceConfig")


def serve() -> Line:
    """Everything in one process: door, worker, filling and pages. Migrates the stores first."""
    settings = _settings()
    migrate(settings)
    house = _opened(settings)
    # The applications first: Python 3.11 cannot parse in two threads at once, as building them and the
    # worker's first imports do (python/cpython#106905).
    listen, show = door(house.engine, house.inbox, settings, house.worker), pages(house)
    house.start_background(digester_of(house).chore)
    collectors = (*COLLECTOR_PATHS, settings.snippet_path.removesuffix("js"))

    def both(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        app = listen if environ["PATH_INFO"].startswith(collectors) else show
        return app(environ, start_response)

    return _line(both, settings, front=listen)


def collector_only() -> Line:
    """The door alone: it needs no event store, so it takes events also while that is away."""
    settings = _settings()
    engine = open_relational(settings)
    inbox = open_inbox(engine, settings)
    atexit.register(inbox.close)
    listen = door(engine, inbox, settings)
    return _line(listen, settings, front=listen)


def admin_only() -> Line:
    """The pages and the REST API alone, with the filling of new journey versions."""
    settings = _settings()
    house = _opened(settings)
    show = pages(house)  # before other threads, as in `serve`
    house.filler.chore.start()
    return _line(show, settings)


def _line(app: Wsgi, settings: Settings, *, front: Front | None = None) -> Line:
    return Line(app, threads=settings.threads, front=front, listens=partial(say_address, settings))


def door(engine: Engine, inbox: Inbox, settings: Settings, worker: Worker | None = None) -> Shortcut:
    """The collector's application, which can also begin requests on the loop."""
    app = collector.create_app(
        collector.Door(
            engine=engine,
            inbox=inbox,
            settings=settings,
            clock=now_ms,
            snippet=SNIPPET,
            rules=KnownRules(engine).of,
            counters=worker.counters if worker else None,
        )
    )
    return cast(Shortcut, app.wsgi_app)


def pages(house: House) -> Wsgi:
    """The admin's application, as a server calls it."""
    return admin_app(house).wsgi_app


def admin_app(house: House, *, patience_s: float = PATIENCE_S) -> Flask:
    """The admin over the stores of a house."""
    cancelling = None if house.events.embedded else Cancelling(house.engine, now_ms)
    waiting = Waiting(patience_s=patience_s, cancelling=cancelling)
    atexit.register(waiting.close)  # before the house, whose stores it asks
    return create_app(
        Services(
            engine=house.engine,
            events=house.events,
            ledger=house.ledger,
            settings=house.settings,
            clock=now_ms,
            refill=house.filler.chore.wake,
            refresh=house.refresh,
            replay=partial(run_again, house.engine, house.settings),
            count_customer=house.eraser.counted,
            wake_eraser=house.erasing.chore.wake,
            refused_of=house.eraser.refused_of,
            snippet=SNIPPET,
            send_mail=sender(house.settings),
            waiting=waiting,
            checkup=partial(
                running,
                house.engine,
                house.events,
                house.settings,
                counters=house.worker.counters,
                chores=house.chores,
                busy=lambda: house.refresher.busy.n,
                busy_accounts=lambda: house.refresher.busy_accounts.n,
            ),
        )
    )


def _settings() -> Settings:
    settings = Settings.read()
    start_logging(settings)
    tune_interpreter()
    _end_with_parent()
    return settings


def _opened(settings: Settings) -> House:
    house = House(settings)
    atexit.register(house.close)
    return house


def _end_with_parent() -> None:
    """A killed server process leaves its worker behind, with the port and the event folder: end with it."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
