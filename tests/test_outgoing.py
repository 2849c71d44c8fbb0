"""To whom the rooms speak by themselves: only to what the settings of the installation name."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("collector", "store", "journeys", "admin", "server")
SPEAK = {
    *(
        "smtplib",
        "ftplib",
        "poplib",
        "imaplib",
        "telnetlib",
        "http.client",
        "urllib.request",
        "xmlrpc.client",
    ),
    *("requests", "httpx", "urllib3", "aiohttp", "websockets", "socket", "asyncio"),
    *("clickhouse_connect", "psycopg", "redis"),
}
# What each needs it for. None takes an address from events, forms or tokens.
KNOWN = {
    ("server/mail.py", "smtplib"): "letters, to the server of the settings",
    ("server/digesting.py", "smtplib"): "the names of what a mail server refuses",
    ("store/event_connections.py", "clickhouse_connect"): "the event store, at the address of the settings",
    ("server/serving.py", "socket"): "listens",
    ("server/line.py", "asyncio"): "answers those who came",
    ("store/settings.py", "socket"): "the name of this machine",
}


def speaking() -> set[tuple[str, str]]:
    """The files that import what can open a connection."""
    found = set()
    for path in (
        one for room in ROOMS for one in (ROOT / room).rglob("*.py") if "node_modules" not in one.parts
    ):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            for name in names:
                found |= {
                    (str(path.relative_to(ROOT)), one) for one in SPEAK if f"{name}.".startswith(f"{one}.")
                }
    return found


def test_nothing_else_opens_connections() -> None:
    assert speaking() == set(KNOWN)
