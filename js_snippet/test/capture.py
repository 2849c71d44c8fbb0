"""The test bench: a server with the pages of a site, and one that plays the collector and keeps what came."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

SCRIPT = Path(__file__).parent.parent / "dist" / "w.js"
ACCEPTED = b'{"success": true, "accepted": 1, "rejected": []}'
ENGAGEMENT = "Page Engaged"
PATIENCE_S = 30  # other processes want the cores, too
REFUSED = b'{"success": false, "code": "refused", "message": "not now"}'

Event = dict[str, Any]


class Listener:
    """An HTTP server that can go away and come back on the same port."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._handler = handler
        self._server: ThreadingHTTPServer | None = None
        self.port = 0
        self.up()

    def up(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while self._server is None:
            try:
                self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
            except OSError:  # somebody's connection has the port meanwhile
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Door(BaseHTTPRequestHandler):
    """What both servers share; every request has its own connection: going down cuts nothing in half."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@dataclass
class Request:
    """One POST as it arrived."""

    at: float
    path: str
    write_key: str
    content_type: str
    size: int
    body: dict[str, Any]
    status: int


@dataclass
class Collector:
    """Answers like the collector, or as a test tells it: `status`, `headers` and `delay` in seconds.

    A proxy before it refuses whatever contains `poison`.
    """

    requests: list[Request] = field(default_factory=list)
    preflights: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    answer: bytes = ACCEPTED
    refusal: bytes = REFUSED
    poison: str = ""
    expected: int = 0
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.listener = Listener(
            cast("type[BaseHTTPRequestHandler]", type("CollectorDoor", (CollectorDoor,), {"collector": self}))
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}"

    def verdict(self, batch: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self.poison and self.poison.encode() in batch:
            return 403, b"<!doctype html><title>Forbidden</title>"
        return self.status, self.answer if self.status == 200 else self.refusal

    @property
    def events(self) -> list[Event]:
        """What was accepted, in the order of arrival, but for `reports`."""
        return [event for event in self.accepted if event.get("event") != ENGAGEMENT]

    @property
    def reports(self) -> list[Event]:
        """How pages were used: how many there are depends on the time that a test takes."""
        return [event for event in self.accepted if event.get("event") == ENGAGEMENT]

    @property
    def accepted(self) -> list[Event]:
        """What arrived twice counts once, as in the real one."""
        accepted = [
            event for request in self.requests if request.status == 200 for event in request.body["batch"]
        ]
        return list({event["messageId"]: event for event in reversed(accepted)}.values())[::-1]

    def wait_for_reports(self, count: int, seconds: float = PATIENCE_S) -> list[Event]:
        """Waits for so many reports of engagement."""
        end = time.monotonic() + seconds
        while len(self.reports) < count and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.reports) == count, [report["properties"] for report in self.reports]
        return sorted(deepcopy(self.reports), key=lambda event: event["context"]["sequence"])

    def wait(self, count: int, seconds: float = PATIENCE_S, settle: float = 0) -> list[Event]:
        """Waits for so many events, and some seconds longer where a late one too many would matter."""
        end = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(settle)
        self.expected = count
        self.check()
        return sorted(deepcopy(self.events), key=lambda event: event["context"]["sequence"])

    def check(self) -> None:
        """No event more or less than the test waited for last."""
        events = self.events
        assert len(events) == self.expected, (
            f"{self.expected} events expected, got {len(events)}: {[label(e) for e in events][:20]}"
        )

    def wait_until_quiet(
        self, seconds: float = 1, *, is_enough: Callable[[], bool] = lambda: True
    ) -> list[Event]:
        """Waits until it is enough, and nothing more has come for so many seconds."""
        end = time.monotonic() + PATIENCE_S
        while not is_enough() and time.monotonic() < end:
            time.sleep(0.01)
        seen = -1
        while seen < len(self.requests):
            seen = len(self.requests)
            time.sleep(seconds)
        return self.events

    def wait_for_attempts(self, count: int, seconds: float = PATIENCE_S) -> None:
        end = time.monotonic() + seconds
        while len(self.requests) < count:
            assert time.monotonic() < end, f"{count} requests expected, got {len(self.requests)}"
            time.sleep(0.02)


class CollectorDoor(Door):
    """Takes batches, hands out the scripts."""

    collector: Collector

    def do_GET(self) -> None:
        script = SCRIPT.with_name(urlsplit(self.path).path.rpartition("/")[2])
        open_to_all = {"Access-Control-Allow-Origin": "*"}
        self.reply(200, script.read_bytes(), {"Content-Type": "text/javascript", **open_to_all})

    def do_OPTIONS(self) -> None:
        self.collector.preflights += 1
        self.reply(403, b"", {})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        address = urlsplit(self.path)
        bench = self.collector
        time.sleep(bench.delay)
        status, answer = bench.verdict(raw)
        bench.requests.append(
            Request(
                at=time.monotonic(),
                path=address.path,
                write_key=parse_qs(address.query)["writeKey"][0],
                content_type=self.headers["Content-Type"],
                size=len(raw),
                body=json.loads(raw),
                status=status,
            )
        )
        open_to_all = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
        self.reply(
            status,
            answer,
            {**open_to_all, **bench.headers},
        )


@dataclass
class Site:
    """Serves the pages that a test puts into it; every page is a head and a body."""

    script: str
    pages: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.listener = Listener(
            cast("type[BaseHTTPRequestHandler]", type("SiteDoor", (SiteDoor,), {"site": self}))
        )

    @property
    def url(self) -> str:
        return self.at("127.0.0.1")

    def at(self, host: str) -> str:
        return f"http://{host}:{self.listener.port}"

    def put(
        self, path: str, body: str = "", head: str | None = None, headers: dict[str, str] | None = None
    ) -> str:
        """Puts a page there, with the snippet in its head unless told otherwise, and returns its address."""
        inside = f"<title>Title of {path}</title>{self.script if head is None else head}"
        html = f"<!doctype html><html><head>{inside}</head><body>{body}</body></html>"
        self.pages[path] = (html, headers or {})
        return self.url + path


class SiteDoor(Door):
    """Serves pages."""

    site: Site

    def do_GET(self) -> None:
        html, headers = self.site.pages.get(urlsplit(self.path).path, ("", {}))
        self.reply(
            200 if html else 404, html.encode(), {"Content-Type": "text/html; charset=utf-8", **headers}
        )


@contextmanager
def bench() -> Iterator[tuple[Site, Collector]]:
    collector = Collector()
    site = Site(f'<script async src="{collector.url}/w.js" data-key="wb_test"></script>')
    try:
        yield site, collector
    finally:
        site.listener.down()
        collector.listener.down()


def label(event: Event) -> str:
    """An event in short: its type and its name or path."""
    name = event.get("event") or event.get("name") or event.get("groupId") or event["context"]["page"]["path"]
    return f"{event['type']} {name}"
