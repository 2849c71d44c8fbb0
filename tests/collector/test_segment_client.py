"""An unmodified Segment client, its host changed, against a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from segment.analytics.client import Client
from sqlalchemy import Engine
from werkzeug.serving import make_server

from collector.worker import Worker
from store.event import identity_hash
from store.events import EventStore
from store.identities import Ledger
from tests.collector.conftest import Site


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def no_errors(error: Exception, batch: Any) -> None:
    raise AssertionError(f"the client could not deliver: {error}")


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the client never closes its session
def test_every_call_of_the_segment_client_arrives_once_with_the_right_identity(
    engine: Engine,
    site: Site,
    address: str,
    events: EventStore,
    make_worker: Callable[..., Worker],
    gzip: bool,
) -> None:
    site.clock.now = time.time_ns() // 1_000_000 + 5_000  # the client reads the real clock
    at = datetime.now(UTC).replace(microsecond=123_000) - timedelta(minutes=1)
    client = Client(site.server_key, host=address, gzip=gzip, on_error=no_errors, max_retries=1)
    client.track("u1", "Signed Up", {"plan": "pro", "when": at}, timestamp=at)
    client.identify("u1", {"name": "Ann"}, anonymous_id="a1", timestamp=at)
    client.page("u1", "Docs", "Start", {"url": "https://shop.example/docs?token=1"}, timestamp=at)
    client.screen(anonymous_id="a1", name="Home", timestamp=at)
    client.alias("old", "u1", timestamp=at)
    client.group(42, "g1", {"size": 5}, timestamp=at)
    client.shutdown()

    make_worker().drain()
    rows = events.query("select * from events where project = {p:UInt32}", {"p": site.project})
    seen = {row["type"]: row for row in rows}
    assert len(rows) == len(seen) == 6
    assert {kind: (row["event"], row["user_id"], row["anonymous_id"]) for kind, row in seen.items()} == {
        "track": ("Signed Up", "u1", ""),
        "identify": ("", "u1", "a1"),
        "page": ("", "u1", ""),
        "screen": ("Home", "", "a1"),
        "alias": ("", "u1", ""),
        "group": ("", "42", ""),
    }
    assert {row["timestamp"].replace(tzinfo=UTC) for row in rows} == {at}
    assert seen["track"]["library"].startswith("analytics-python/")
    assert (seen["page"]["url"], seen["page"]["path"]) == ("https://shop.example/docs", "/docs")
    assert seen["page"]["properties"] == '{"name":"Start","category":"Docs"}'
    assert seen["group"]["group_id"] == "g1"
    former = [identity_hash(kind, value) for kind, value in (("anonymous", "a1"), ("user", "old"))]
    assert Ledger(engine, events).customers_of(site.project, former) == {
        min(identity_hash("user", "u1"), identity_hash("user", "old"))
    }


def test_the_segment_client_gives_up_at_once_on_an_unknown_key(address: str) -> None:
    errors: list[Any] = []
    client = Client("wrong", host=address, on_error=lambda error, batch: errors.append(error), max_retries=3)
    client.track("u1", "Signed Up")
    client.shutdown()
    assert [(error.status, error.code) for error in errors] == [(401, "unknown_key")]
