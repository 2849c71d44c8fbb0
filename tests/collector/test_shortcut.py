"""The short way: what may be begun on an event loop waits for nothing, and is answered as Flask would."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import EnvironBuilder, run_wsgi_app

from collector import Shortcut
from collector.reception import QUICK_EVENTS
from collector.shortcut import QUICK_BYTES, QUICK_QUERY
from store.inbox import waiting
from store.rules import ProjectRules, save_rules
from store.settings import Settings
from tests.collector.conftest import NOW, Site

ONE = {"type": "track", "event": "x", "userId": "u"}
TRACK = json.dumps(ONE).encode()
PAGE = "https://shop.example"


def batch(size: int, event: Any = ONE) -> bytes:
    return json.dumps({"batch": [event] * size}).encode()


def environ(site: Site, body: bytes = TRACK, path: str = "/v1/track", **more: str) -> dict[str, Any]:
    """A request with the site's browser key, from a page; `more` is put into the environment."""
    headers = {"Authorization": f"Bearer {site.browser_key}", "Origin": PAGE}
    builder = EnvironBuilder(method="POST", path=path, data=body, headers=headers)
    return builder.get_environ() | more


def front(site: Site) -> Shortcut:
    assert isinstance(site.app.wsgi_app, Shortcut)
    return site.app.wsgi_app


def counted(site: Site) -> Counter[tuple[str, int]]:
    return front(site)._traffic.requests


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the door knows it knows for as long as a test takes, also on a machine that stands still."""
    monkeypatch.setattr("store.rules.REMEMBER_S", 3_600.0)


@pytest.fixture
def known(site: Site) -> Site:
    """A site whose browser key the door knows by now."""
    site.post("/v1/batch", {"batch": []}, key=site.browser_key)
    return site


@pytest.mark.parametrize(
    ("body", "path", "more", "is_begun"),
    [
        (TRACK, "/v1/track", {}, True),
        (TRACK, "/v1/t", {}, True),
        (batch(QUICK_EVENTS), "/v1/batch", {}, True),
        (batch(QUICK_EVENTS + 1), "/v1/batch", {}, False),
        (batch(QUICK_EVENTS + 1, {}), "/v1/b", {}, False),
        (batch(1, {**ONE, "properties": {"long": "x" * QUICK_BYTES}}), "/v1/batch", {}, False),
        (gzip.compress(batch(1), mtime=0), "/v1/batch", {}, False),
        (gzip.compress(batch(1), mtime=0), "/v1/batch", {"HTTP_CONTENT_ENCODING": "gzip"}, False),
        (TRACK, "/v1/track", {"QUERY_STRING": "a=b&" * QUICK_QUERY}, False),
        (TRACK, "/v1/track", {"REQUEST_METHOD": "GET"}, False),
        (TRACK, "/v1/track", {"CONTENT_LENGTH": "99,43"}, False),
        (TRACK, "/v1/track", {"CONTENT_LENGTH": "²"}, False),
        (TRACK, "/v1/track", {"CONTENT_LENGTH": ""}, False),
        (TRACK, "/v1/import", {}, False),
        (TRACK, "/w.js", {}, False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_takes_long_is_left_to_a_thread(
    known: Site, body: bytes, path: str, more: dict[str, str], is_begun: bool
) -> None:
    request = environ(known, body, path, **more)
    begun = front(known).begin(request)
    assert (begun is not None) is is_begun
    if begun is None:
        known.inbox.close()
        assert waiting(known.engine) == 0
        assert request["wsgi.input"].read() == body
    else:
        assert begun.answer()[0] == 200


def test_an_unknown_key_is_asked_for_in_a_thread_and_known_from_then_on(site: Site) -> None:
    request = environ(site)
    assert front(site).begin(request) is None
    assert run_wsgi_app(front(site), request)[1] == "200 OK"
    begun = front(site).begin(environ(site))
    assert begun is not None
    assert begun.answer()[0] == 200
    site.clock.now += 60_000
    assert front(site).begin(environ(site)) is None


def test_the_salt_of_the_day_is_made_in_a_thread(site: Site) -> None:
    save_rules(site.engine, site.project, ProjectRules(cookieless=True), now=NOW)
    for _day in range(2):
        site.clock.now += 86_400_000
        site.app.test_client().get(f"/v1/projects/{site.browser_key}/settings")  # so that the key is known
        request = environ(site)
        assert front(site).begin(request) is None
        assert run_wsgi_app(front(site), request)[1] == "200 OK"
        begun = front(site).begin(environ(site))
        assert begun is not None
        assert begun.answer()[0] == 200
    assert {one.messages[0]["anonymousId"][:3] for one in site.envelopes()} == {"cl_"}


def test_a_request_that_is_served_anew_in_a_thread_is_charged_once(open_site: Any) -> None:
    site: Site = open_site(Settings(rate_limit=1))
    request = environ(site)
    assert front(site).begin(request) is None
    assert run_wsgi_app(front(site), request)[1] == "200 OK"
    site.clock.now += 900  # had it been charged twice, the key would be more than a second ahead
    found = [begun.answer()[0] for _ in range(2) if (begun := front(site).begin(environ(site)))]
    assert found == [200, 429]


def test_nothing_counts_before_it_is_on_disk(known: Site) -> None:
    traffic = front(known)._traffic
    before = counted(known).copy()
    begun = front(known).begin(environ(known, batch(3), "/v1/batch"))
    assert begun is not None
    assert (traffic.accepted, counted(known) - before) == (0, Counter())
    assert begun.answer()[0] == 200
    assert (traffic.accepted, counted(known) - before) == (3, Counter({("tracking.batch", 200): 1}))


def test_what_could_not_be_written_is_answered_503_and_counted_as_that(known: Site) -> None:
    with known.engine.begin() as connection:
        connection.exec_driver_sql("drop table inbox")
    begun = front(known).begin(environ(known))
    assert begun is not None
    assert begun.receipt is not None
    status, headers, body = begun.answer()
    assert (status, json.loads(body)["code"]) == (503, "unavailable")
    assert b"no such table" not in body
    assert dict(headers)["Retry-After"].isdecimal()
    assert dict(headers)["Access-Control-Allow-Origin"] == PAGE
    assert front(known)._traffic.accepted == 0
    assert {key: n for key, n in counted(known).items() if key[0] == "tracking.track"} == {
        ("tracking.track", 503): 1
    }


@pytest.mark.parametrize(
    ("body", "path", "more"),
    [
        (TRACK, "/v1/track", {}),
        (TRACK, "/v1/track", {"HTTP_ORIGIN": "h\x01"}),
        (b"{", "/v1/track", {}),
        (b"[]", "/v1/batch", {}),
        (b'{"event":"x"}', "/v1/track", {}),
        (batch(0), "/v1/batch", {}),
        (batch(30_000, 1), "/v1/batch", {}),
        (TRACK, "/v1/batch", {}),
        (TRACK, "/v1/track", {"HTTP_AUTHORIZATION": "Bearer nobody"}),
        (TRACK, "/v1/track", {"CONTENT_LENGTH": "999"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_both_ways_lead_to_the_same_answer_and_count_it_once(
    known: Site, body: bytes, path: str, more: dict[str, str]
) -> None:
    before = counted(known).copy()
    short = run_wsgi_app(front(known), environ(known, body, path, **more))
    after_one = counted(known).copy()
    whole = run_wsgi_app(
        lambda given, start: Flask.wsgi_app(known.app, given, start), environ(known, body, path, **more)
    )
    assert short[1][:3] == whole[1][:3]
    assert b"".join(short[0]) == b"".join(whole[0])
    assert sorted(short[2]) == sorted(whole[2])
    assert after_one - before == counted(known) - after_one
    assert (after_one - before).total() == 1


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/beacon/v1/batch"])
def test_a_body_that_the_server_could_not_read_is_refused_in_the_one_shape(site: Site, path: str) -> None:
    status, headers, body = front(site).refuse(environ(site, path=path), 408, "body_timeout", "too slow")
    assert (status, json.loads(body)["code"]) == (408, "body_timeout")
    assert dict(headers)["Access-Control-Allow-Origin"] == PAGE
    assert dict(headers)["Retry-After"].isdecimal()
    assert counted(site).total() == 1


def test_nothing_begins_while_the_inbox_is_full(open_site: Any, engine: Engine) -> None:
    site: Site = open_site()
    site.post("/v1/track", {"event": "x", "userId": "u"}, key=site.browser_key)
    site.inbox._limit = 1
    begun = front(site).begin(environ(site))
    assert begun is not None
    assert begun.receipt is None
    assert begun.answer()[0] == 503
    assert waiting(engine) == 1
