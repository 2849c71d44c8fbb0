"""Gunicorn for Waywiser: gunicorn -c deploy/gunicorn.conf.py 'server.wsgi:collector_only()'.

`serve()` and `admin_only()` can stand in its place. Address, port and threads are those of the WAYWISER_
settings. Put nginx in front: a thread here waits for a slow client; granian, the default server, needs none.
It is one process: `serve()` over embedded stores (SQLite, chDB) cannot be more, so set no `workers`. More admins
are more processes of `admin_only()` on other ports, over stores on servers (PostgreSQL, ClickHouse).
All is as with WAYWISER_SERVER=gunicorn; what you set below counts more.
"""

from server.gunicorn import *  # noqa: F403
