"""An event store that several processes share in tests: the embedded engine behind ClickHouse's interface.

No ClickHouse server comes as a Python package. So one process owns a folder of the embedded engine, which is
ClickHouse itself, and answers the requests of ClickHouse's own HTTP client. The front is ours: it shows that
our way over HTTP and our way of sharing a store are right, and says nothing about ClickHouse's own server.

It fails on demand: a file named `trouble` in its folder says how the next inserts go (see Trouble).

    python -m tests.event_server FOLDER PORT [SHARDS]

With SHARDS it is a cluster of that name and number of shards (see tests/shards.py).
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any

import chdb
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.shards import Shards

# Parts of the interface, and settings of a server's transport, which the engine itself does not know.
TRANSPORT = {
    *("database", "query", "query_id", "session_id", "session_timeout", "session_check", "wait_end_of_query"),
    *("client_protocol_version", "enable_http_compression", "send_progress_in_http_headers"),
    *("http_headers_progress_interval_ms", "buffer_size", "compress", "decompress", "quota_key", "role"),
    "cancel_http_readonly_queries_on_client_close",
}
INSERT = re.compile(rb"\s*insert\s", re.IGNORECASE)
WITH_ROWS = re.compile(rb"\s*(insert\s+into\s.+?)\s+format\s+(\w+)\s*\n", re.IGNORECASE | re.DOTALL)
FULL = "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)"


MOST_OF_A_VALUE = 128 * 1024  # a server's setting http_max_field_value_size, as it comes


class Form(Request):
    """A request whose form may be as long as a server allows."""

    max_form_memory_size = None


class Trouble(Enum):
    """How inserts go while the folder's `trouble` file says so."""

    NONE = ""
    REFUSE = "refuse"  # nothing is done, and the answer is an error
    FORGET = "forget"  # the rows are stored, and the answer is an error all the same
    MIXED = "mixed"  # most go well, some are refused, some are forgotten


class EventServer:
    """The front: one connection to the engine for each request, so that settings stay with their request."""

    def __init__(self, folder: Path, shards: int = 0) -> None:
        self._path = str(folder / "engine")
        self._shards = Shards(folder, shards) if shards else None
        if self._shards:
            self._path += f"?config-file={self._shards.config}"
        self._switch = folder / "trouble"
        self._dice = Random(5)
        self._sessions: set[str] = set()
        self._guard = threading.Lock()
        self._keeper = chdb.connect(self._path)  # holds the engine between requests

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Form(environ)
        try:
            response = self._answer(request)
        except RuntimeError as error:  # the engine's errors
            response = _failure(str(error))
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/ping":
            return Response("Ok.\n")
        given = request.args.to_dict() | request.form.to_dict()
        if any(len(value.encode()) > MOST_OF_A_VALUE for value in given.values()):
            return _failure("Code: 1000. HTML Form Exception: Field value too long")
        body = b"" if request.form else request.get_data(cache=False)
        statement = given.get("query", "").encode() + (b"\n" if given.get("query") and body else b"") + body
        if self._shards:
            statement, given = self._shards.understood(statement, given)
        with self._session(given.get("session_id")), self._connected(given) as connection:
            if not INSERT.match(statement):
                return _ask(connection, statement, given)
            trouble = self._trouble()
            if trouble is not Trouble.REFUSE:
                _insert(connection, statement, given)
            return Response("") if trouble is Trouble.NONE else _failure(FULL)

    def _trouble(self) -> Trouble:
        trouble = Trouble(self._switch.read_text()) if self._switch.exists() else Trouble.NONE
        if trouble is Trouble.MIXED:
            return self._dice.choices([Trouble.NONE, Trouble.REFUSE, Trouble.FORGET], [94, 3, 3])[0]
        return trouble

    @contextmanager
    def _connected(self, given: Mapping[str, str]) -> Iterator[Any]:
        connection = chdb.connect(self._path)
        try:
            if database := given.get("database"):
                connection.query(f"use `{database}`")
            for name, value in given.items():
                if name not in TRANSPORT and not name.startswith("param_"):
                    connection.query(f"set {name} = '{_quoted(value)}'")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _session(self, name: str | None) -> Iterator[None]:
        """A session serves one request at a time, as a server's does."""
        with self._guard:
            if name in self._sessions:
                raise RuntimeError(f"Code: 373. DB::Exception: Session {name} is locked. (SESSION_IS_LOCKED)")
            if name:
                self._sessions.add(name)
        try:
            yield
        finally:
            with self._guard:
                self._sessions.discard(name or "")


def _insert(connection: Any, statement: bytes, given: Mapping[str, str]) -> None:
    with_rows = WITH_ROWS.match(statement)
    if with_rows is None:
        _ask(connection, statement, given)
        return
    with tempfile.NamedTemporaryFile() as rows:
        rows.write(statement[with_rows.end() :])
        rows.flush()
        into, kind = with_rows[1].decode(), with_rows[2].decode()
        connection.query(f"{into} from infile '{rows.name}' format {kind}")


def _ask(connection: Any, statement: bytes, given: Mapping[str, str]) -> Response:
    parameters = {n.removeprefix("param_"): v for n, v in given.items() if n.startswith("param_")}
    answer = connection.query(statement.decode(), "TabSeparated", params=parameters)
    # Without this header the client takes an answer without rows for a statement's summary.
    return Response(
        answer.bytes(), headers={"X-ClickHouse-Timezone": "UTC", "X-ClickHouse-Format": "TabSeparated"}
    )


def _failure(message: str) -> Response:
    code = re.search(r"Code: (\d+)", message)
    return Response(message, 500, headers={"X-ClickHouse-Exception-Code": code[1] if code else "1000"})


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Say nothing of each request."""


def main(folder: str, port: str, shards: str = "0") -> None:
    """Serve until the process is ended."""
    front = EventServer(Path(folder), int(shards))
    make_server("127.0.0.1", int(port), front, threaded=True, request_handler=_Quiet).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
