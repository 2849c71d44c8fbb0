"""Whatever comes, the door answers with a verdict that adds up, and keeps what it accepts."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.decoding import decoded_events
from collector.errors import Refusal
from collector.pipeline import Tools, run
from collector.wire import judged
from store.drops import drops_by_code
from store.inbox import Envelope
from store.settings import Settings
from tests.collector import hostile
from tests.collector.conftest import NOW, Site

TEXT = st.text(st.characters(), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *("type", "messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name"),
        *("properties", "traits", "context", "timestamp", "originalTimestamp", "sentAt", "integrations"),
    ]
)
TYPES = st.sampled_from(["track", "page", "screen", "identify", "alias", "group"])
PARTS = st.sampled_from(
    [
        *("page", "campaign", "userAgent", "ip", "locale", "timezone", "library", "sessionId"),
        *("sequence", "channel", "clickIds"),
    ]
)
PAGES = st.dictionaries(
    st.sampled_from(["url", "path", "title", "referrer", "search"]),
    VALUES | st.just("http://[x/?utm_source=a"),
)
CONTEXTS = st.dictionaries(PARTS, VALUES | PAGES, max_size=6)
MESSAGES = st.builds(
    lambda kind, fields, context: {"type": kind, "event": "x", "userId": "u", "context": context, **fields},
    TYPES,
    st.dictionaries(NAMES, VALUES, max_size=4),
    CONTEXTS,
)
TOOLS = Tools.opened(Settings())


def door(kind: str, raw: bytes) -> Any:
    try:
        body, sizes, deep = decoded_events(raw, kind)
        return judged(kind, body, len(raw), sizes, deep)
    except Refusal:
        return None


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_judged(raw: bytes) -> None:
    door("batch", raw)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MESSAGES | VALUES, max_size=4), st.sampled_from([0, 33_000]))
def test_any_events_are_accepted_or_rejected_and_what_is_accepted_never_fails_a_step(
    messages: list[Any], blanks: int
) -> None:
    verdicts = door("batch", json.dumps({"batch": messages}).encode() + b" " * blanks)
    if verdicts is None:
        return
    assert len(verdicts.accepted) + len(verdicts.rejected) == len(messages)
    envelope = Envelope(project=1, received_at=NOW, side="browser", messages=verdicts.accepted)
    outcome = run(envelope, TOOLS)
    assert len(outcome.events) + len(outcome.drops) == len(verdicts.accepted)
    assert [drop.message for drop in outcome.drops if drop.code == "step_failed"] == []


def check_the_sums(site: Site, answer: Any) -> None:
    """Never a mistake of ours, one shape of answer, and what was accepted or rejected is all there."""
    assert answer.status_code in (200, 400, 401, 403, 413, 415)
    said = json.loads(answer.data)
    assert said["success"] is (answer.status_code == 200)
    if answer.status_code != 200:
        assert said["code"]
        assert said["message"]
    envelopes = site.envelopes()
    kept = sum(len(envelope.messages) for envelope in envelopes)
    assert kept == said.get("accepted", 0)
    assert sum(drops_by_code(site.engine, site.project).values()) == len(said.get("rejected", []))
    outcomes = [run(envelope, TOOLS) for envelope in envelopes]
    assert sum(len(one.events) + len(one.drops) for one in outcomes) == kept
    failed = [drop.message for one in outcomes for drop in one.drops if drop.code == "step_failed"]
    assert failed == []


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/v1/import"])
@pytest.mark.parametrize("name", [*hostile.SINGLE, *hostile.BATCHES])
def test_hostile_bodies_are_answered_and_nothing_is_lost(site: Site, path: str, name: str) -> None:
    body = (hostile.SINGLE | hostile.BATCHES)[name]
    check_the_sums(site, site.post(path, data=body))


@pytest.mark.parametrize("name", hostile.ENCODED)
def test_hostile_encodings_are_answered_and_nothing_is_lost(site: Site, name: str) -> None:
    encoding, body = hostile.ENCODED[name]
    environ = {"HTTP_CONTENT_ENCODING": encoding}
    check_the_sums(site, site.post("/v1/track", data=body, environ_overrides=environ))


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
@pytest.mark.parametrize("name", hostile.HEADERS)
def test_hostile_headers_are_answered_and_come_back_in_none(site: Site, name: str, method: str) -> None:
    environ = hostile.HEADERS[name]
    answer = site.app.test_client().open(
        "/v1/track",
        method=method,
        data=hostile.holding("1"),
        headers={"Authorization": f"Bearer {site.server_key}"},
        environ_overrides=environ,
    )
    if method == "POST":
        check_the_sums(site, answer)
    assert answer.status_code < 500
    assert "Set-Cookie" not in answer.headers
    assert not [value for _, value in answer.headers if "\n" in value or "\r" in value]


HEADER = st.text(st.characters(max_codepoint=255), max_size=30)
NAMES_OF_HEADERS = st.sampled_from(
    [
        *("HTTP_ORIGIN", "HTTP_USER_AGENT", "HTTP_AUTHORIZATION", "HTTP_CONTENT_ENCODING", "HTTP_HOST"),
        *("HTTP_X_FORWARDED_FOR", "HTTP_COOKIE", "CONTENT_TYPE", "CONTENT_LENGTH", "QUERY_STRING"),
        *("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "HTTP_TRANSFER_ENCODING", "PATH_INFO", "REMOTE_ADDR"),
    ]
)
METHODS = st.sampled_from(["POST", "GET", "HEAD", "OPTIONS", "PUT", "", "\xff"])
PATHS = st.sampled_from(
    [
        "/v1/track",
        "/v1/batch",
        "/v1/import",
        "/v1/pixel.gif",
        "/v1/m",
        "/beacon/v1/batch",
        "/sourceConfig",
        "/v1/projects/KEY/settings",
    ]
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(PATHS, METHODS, st.dictionaries(NAMES_OF_HEADERS, HEADER, max_size=4), st.binary(max_size=100))
def test_any_request_is_answered_and_never_by_a_mistake_or_a_redirect(
    site: Site, path: str, method: str, environ: dict[str, str], body: bytes
) -> None:
    client, environ = site.app.test_client(), {"REQUEST_METHOD": method, **environ}
    path = path.replace("KEY", site.browser_key)
    answer = client.open(path, method="POST", data=body, environ_overrides=environ)
    assert answer.status_code < 500
    assert answer.status_code // 100 != 3


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(st.text(st.characters(max_codepoint=0x2FFF), max_size=60) | st.binary(max_size=60).map(b64encode))
def test_any_data_of_a_pixel_is_answered_with_an_image(site: Site, data: str | bytes) -> None:
    query = {"data": data, "writeKey": site.browser_key}
    answer = site.app.test_client().get("/v1/pixel.gif", query_string=query)
    assert answer.status_code < 500
    assert answer.content_type == "image/gif"
