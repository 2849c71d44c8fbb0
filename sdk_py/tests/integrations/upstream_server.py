"""A real HTTP server in the collector's place, which answers as a test says and remembers what came."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OK = json.dumps({"success": True, "accepted": 1, "rejected": []}).encode()


@dataclass(frozen=True)
class Says:
    """One answer; a `raw` one is written as it is, and the connection closed.

    One that `dribbles` needs five seconds for its headers.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = OK
    hangs: bool = False
    raw: bytes | None = None
    dribbles: bool = False


@dataclass(frozen=True)
class Came:
    """One request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    port: int


class UpstreamServer:
    """Serves until closed, and says `says` to every request."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self.says = Says()
        self.released = threading.Event()
        self.said = 0  # answers of which all headers are written
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(server: UpstreamServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.came.append(Came(self.command, self.path, headers, body, self.client_address[1]))
            says = server.says
            if says.hangs:
                server.released.wait()
            with suppress(OSError):
                self._say(says)

        def _say(self, says: Says) -> None:
            if says.raw is not None:
                self.wfile.write(says.raw)
                self.close_connection = True
                return
            self.send_response(says.status)
            for name, value in says.headers.items():
                self.send_header(name, value)
            self.flush_headers()
            for number in range(50 if says.dribbles else 0):
                server.released.wait(0.1)
                self.send_header(f"X-{number}", "slow")
                self.flush_headers()
            self.send_header("Content-Length", str(len(says.body)))
            self.end_headers()
            server.said += 1
            if self.command != "HEAD":
                self.wfile.write(says.body)

        do_GET = do_POST = do_OPTIONS = do_HEAD = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
