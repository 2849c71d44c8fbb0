"""Gunicorn's configuration, for WAYWISER_SERVER=gunicorn and for gunicorn's own command."""

from __future__ import annotations

import logging
from typing import Any

from store.settings import Settings

# How lines of gunicorn begin that go on with what a client sent, with write keys and people's ids in it.
PRIVATE = (
    *("Invalid request", "Error handling request"),
    *("Ignored premature client disconnection", "Closing connection"),
)

_settings = Settings.read()

bind = (
    f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
)
# One process: `serve` over embedded stores owns their folder, and a collector has one /metrics. For more
# admins or collectors keep the stores on servers (PostgreSQL, ClickHouse) and start more on other ports.
workers = 1
worker_class = "gthread"
threads = _settings.threads
backlog = 2048
keepalive = 20  # seconds; nginx gives its connections up earlier
timeout = 60
graceful_timeout = 30
max_requests = 0  # a new process would interrupt the batch in hand
preload_app = False  # the stores must be opened after the fork
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a heartbeat on a busy disk would have the process killed
limit_request_line = 8190  # pixels carry their event in the address
control_socket_disable = True  # nobody uses it, and it would lie in the home of whoever starts the server
forwarded_allow_ips = ""  # X-Forwarded-For is read by Waywiser itself, by WAYWISER_TRUSTED_PROXIES
accesslog = None
errorlog = "-"
loglevel = _settings.log_level


def on_starting(_server: object) -> None:
    """Gunicorn's hook before it forks: its log is to hold nothing that clients send."""
    logging.getLogger("gunicorn.error").addFilter(without_requests)


def post_worker_init(worker: Any) -> None:
    """Gunicorn's hook when the application is loaded; the socket listens already."""
    from server.opening import say_address  # no stores before the fork

    if worker.cfg.bind == [bind]:  # else gunicorn's own log says where it listens
        say_address(_settings)


def without_requests(record: logging.LogRecord) -> bool:
    """Keep of a line about a request only what happened."""
    for words in PRIVATE:
        if str(record.msg).startswith(words):
            record.msg, record.args = f"{words} (what was sent is not logged)", None
    return True
