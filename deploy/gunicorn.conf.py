"""Gunicorn for Waywiser: gunicorn -c deploy/gunicorn.conf.py 'server.wsgi:collector_only()'.

`serve()` and `admin_only()` can stand in its place. Address, port and threads are those of the WAYWISER_
settings. Put nginx in front: a thread here waits for a slow client; granian, the default server, needs none.
"""

from __future__ import annotations

from store.settings import Settings

_settings = Settings.read()

bind = f"{_settings.host}:{_settings.port}"
# One process: `serve` owns the embedded event store, a collector has one /metrics. Start more on other ports.
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
forwarded_allow_ips = ""  # X-Forwarded-For is read by Waywiser itself, by WAYWISER_TRUSTED_PROXIES
accesslog = None
errorlog = "-"
loglevel = _settings.log_level
