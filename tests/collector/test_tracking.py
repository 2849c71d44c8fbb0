"""The tracking endpoints: every answer of the contract, and what is kept of each request."""

from __future__ import annotations

import gzip
import json
import zlib
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import Engine

from collector.limits import BATCH_BYTES, BATCH_EVENTS, EVENT_BYTES
from store.drops import recent_drops
from store.inbox import Inbox
from store.settings import Settings
from tests.collector.conftest import NOW, Site

TRACK = {"event": "Signed Up", "userId": "u1", "messageId": "m1"}
EVENT = {"type": "track", "event": "Signed Up", "userId": "u1"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("track", {"event": "Signed Up", "userId": "u1"}),
        ("page", {"anonymousId": "a1"}),
        ("screen", {"anonymousId": "a1", "name": "Home"}),
        ("identify", {"userId": "u1", "traits": {"plan": "pro"}}),
        ("alias", {"userId": "u1", "previousId": "a1"}),
        ("group", {"userId": "u1", "groupId": "g1"}),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_endpoint_keeps_its_event_with_and_without_a_slash_at_the_end(
    site: Site, kind: str, fields: dict[str, Any], slash: str
) -> None:
    answer = site.post(f"/v1/{kind}{slash}", fields)
    assert (answer.status_code, answer.json) == (200, {"success": True, "accepted": 1, "rejected": []})
    (envelope,) = site.envelopes()
    assert envelope.messages[0]["type"] == kind
    assert envelope.messages[0].items() >= fields.items()
    assert envelope.messages[0]["messageId"]


def test_the_envelope_tells_what_the_request_said(site: Site) -> None:
    headers = {"User-Agent": "client/1"}
    site.post("/v1/batch", {"batch": [EVENT], "sentAt": NOW - 500}, headers=headers)
    (envelope,) = site.envelopes()
    assert (envelope.project, envelope.side, envelope.received_at) == (site.project, "server", NOW)
    assert (envelope.user_agent, envelope.sent_at, envelope.ip) == ("client/1", NOW - 500, "127.0.0.0")
    assert envelope.history is False


def test_accepted_and_rejected_events_of_a_batch_add_up_and_rejects_are_kept(site: Site) -> None:
    batch = [EVENT, {"type": "track", "event": "x"}, "text", EVENT, {**EVENT, "messageId": "m9", "traits": 5}]
    answer = site.post("/v1/batch", {"batch": batch})
    assert answer.status_code == 200
    assert answer.json["accepted"] == 2
    assert [(r["index"], r["code"], r["field"]) for r in answer.json["rejected"]] == [
        (1, "missing_identity", "anonymousId"),
        (2, "bad_type", ""),
        (4, "bad_type", "traits"),
    ]
    assert answer.json["rejected"][2]["messageId"] == "m9"
    drops = recent_drops(site.engine, site.project)
    assert [drop["code"] for drop in drops] == ["bad_type", "bad_type", "missing_identity"]
    original = json.loads(drops[0]["original"])
    assert original["message"]["traits"] == 5
    assert (original["side"], original["received_at"]) == ("server", NOW)


def test_a_request_of_bad_events_only_is_a_400_that_says_why(site: Site) -> None:
    answer = site.post("/v1/track", {"event": "x"})
    assert answer.status_code == 400
    assert (answer.json["success"], answer.json["code"]) == (False, "all_rejected")
    assert "userId" in answer.json["message"]
    assert answer.json["rejected"][0]["code"] == "missing_identity"
    assert site.envelopes() == []
    assert len(recent_drops(site.engine, site.project)) == 1


def test_an_empty_batch_is_answered_and_keeps_nothing(site: Site) -> None:
    answer = site.post("/v1/batch", {"batch": []})
    assert (answer.status_code, answer.json["accepted"]) == (200, 0)
    assert site.inbox.depth() == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"nonsense", "invalid_json"),
        (b"[]", "invalid_json"),
        (b'"text"', "invalid_json"),
        (b"null", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff\xfe\x00", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "invalid_json"),
        (b'{"a":["]",' * 300 + b"1" + b"]}" * 300, "invalid_json"),
        (b'{"a":' + b"9" * 5_000 + b"x}", "invalid_json"),
        (b"{}", "missing_batch"),
        (b'{"batch":{}}', "missing_batch"),
        (b"\x1f\x8bnonsense", "bad_compression"),
        (gzip.compress(b'{"batch":[]}')[:-9], "bad_compression"),
        (gzip.compress(b"") * 100_000, "bad_compression"),
    ],
)
def test_a_body_that_is_no_batch_is_a_400(site: Site, body: bytes, code: str) -> None:
    answer = site.post("/v1/batch", data=body)
    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert answer.json["message"]


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        (b'"\\u0000"', "\0"),
        (b'"\\ud800"', "?"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\xc3\x28"', "�("),
        (b"NaN", None),
        (b"-Infinity", None),
        (b"1e999", None),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b"-0", 0),
        (b"9" * 5_000, None),
        (b'{"x":1,"x":2}', {"x": 2}),
        (b'{"a":' * 150 + b"1" + b"}" * 150, json.loads('{"a":' * 150 + "1" + "}" * 150)),
        (b'"[[[[{{{{' + b"[" * 500 + b'\\"["', "[[[[{{{{" + "[" * 500 + '"['),
        ('"naïve 漢字"'.encode(), "naïve 漢字"),
    ],
)
def test_what_strict_json_forbids_but_clients_send_is_mended_not_refused(
    site: Site, inner: bytes, kept: Any
) -> None:
    body = b'{"event":"x","userId":"u","properties":{"a":1,"v":' + inner + b"}}"
    answer = site.post("/v1/track", data=body)
    assert (answer.status_code, answer.json["accepted"]) == (200, 1)
    assert site.envelopes()[0].messages[0]["properties"]["v"] == kept


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "x/y; charset=z", ""]
)
def test_a_body_is_json_whatever_its_content_type_says(site: Site, content_type: str) -> None:
    answer = site.post("/v1/track", data=json.dumps(TRACK), content_type=content_type)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("", gzip.compress),
        ("gzip", bytes),
        ("gzip", lambda raw: gzip.compress(raw[:9]) + gzip.compress(raw[9:])),
        ("deflate", zlib.compress),
        ("deflate", lambda raw: zlib.compress(raw, wbits=-15)),
        ("identity", bytes),
    ],
)
def test_packed_bodies_are_unpacked_by_their_bytes(site: Site, encoding: str, pack: Any) -> None:
    body = pack(json.dumps(TRACK).encode())
    answer = site.post("/v1/track", data=body, headers={"Content-Encoding": encoding} if encoding else {})
    assert answer.status_code == 200


def test_an_unknown_encoding_is_a_415(site: Site) -> None:
    answer = site.post("/v1/track", data=b"...", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.json["code"]) == (415, "unknown_encoding")


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b" " * BATCH_BYTES,
        gzip.compress(b" " * 100_000_000),
        gzip.compress(b" " * BATCH_BYTES) + gzip.compress(b"    "),
        json.dumps({"batch": [1] * (BATCH_EVENTS + 1)}).encode(),
        json.dumps({"context": {"x": "y" * 30_000}, "batch": [EVENT] * 200}).encode(),
    ],
    ids=["plain", "bomb", "two members", "many events", "much shared"],
)
def test_a_batch_that_is_or_becomes_too_large_is_a_413(site: Site, body: bytes) -> None:
    answer = site.post("/v1/batch", data=body)
    assert (answer.status_code, answer.json["code"]) == (413, "batch_too_large")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (json.dumps(TRACK).encode(), 200, None),
        (b" " * (BATCH_BYTES + 1), 413, "batch_too_large"),
        (b"", 400, "invalid_json"),
    ],
)
def test_a_body_of_unknown_length_is_read_to_its_end_or_to_the_limit(
    site: Site, body: bytes, status: int, code: str | None
) -> None:
    environ = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = site.post("/v1/track", environ_overrides=environ)
    assert (answer.status_code, answer.json.get("code")) == (status, code)


def test_a_body_that_ends_before_its_announced_length_is_a_400(site: Site) -> None:
    environ = {"wsgi.input": BytesIO(b'{"event":"x"'), "CONTENT_LENGTH": "500"}
    answer = site.post("/v1/track", environ_overrides=environ)
    assert (answer.status_code, answer.json["code"]) == (400, "incomplete_body")


def test_an_event_that_is_too_large_is_a_413_and_in_a_batch_costs_only_itself(site: Site) -> None:
    large = {**EVENT, "properties": {"x": "y" * EVENT_BYTES}}
    alone = site.post("/v1/track", large)
    assert (alone.status_code, alone.json["code"]) == (413, "all_rejected")
    together = site.post("/v1/batch", {"batch": [EVENT, large]})
    assert (together.status_code, together.json["accepted"]) == (200, 1)
    assert together.json["rejected"][0]["code"] == "too_large"


def test_events_of_the_largest_size_are_accepted(site: Site) -> None:
    event = {**EVENT, "properties": {"x": ""}}
    event["properties"] = {"x": "y" * (EVENT_BYTES - len(json.dumps(event, separators=(",", ":"))))}
    assert site.post("/v1/batch", {"batch": [event] * 3}).json["accepted"] == 3


def test_a_batch_speaks_for_its_events_and_an_event_for_itself(site: Site) -> None:
    shared = {"locale": "de", "timezone": "UTC"}
    own = {**EVENT, "context": {"locale": "fr"}}
    site.post("/v1/batch", {"context": shared, "integrations": {"All": False}, "batch": [EVENT, own]})
    first, second = site.envelopes()[0].messages
    assert first["context"] == shared
    assert second["context"] == {"locale": "fr", "timezone": "UTC"}
    assert first["integrations"] == {"All": False}


def test_a_full_inbox_is_a_503_that_says_when_to_come_back(engine: Engine, site: Site) -> None:
    full = Inbox(engine, limit=0)
    object.__setattr__(site.inbox, "_limit", 0)
    answer = site.post("/v1/track", TRACK)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"].isdigit()
    full.close()


def test_a_closed_inbox_is_a_503(site: Site) -> None:
    site.inbox.close()
    assert site.post("/v1/track", TRACK).status_code == 503


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1", "//v1/track", "/v1/track/more", "/"])
def test_unknown_addresses_are_a_404_in_json_and_never_a_redirect(site: Site, path: str) -> None:
    answer = site.post(path, TRACK)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_a_405_in_json(site: Site, method: str) -> None:
    answer = site.app.test_client().open("/v1/track", method=method)
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.json["success"] is False
    assert "POST" in answer.headers["Allow"]


def test_a_mistake_of_ours_is_a_500_in_json_that_tells_nothing_secret(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    object.__setattr__(site.inbox, "put", None)
    answer = site.post("/v1/track", TRACK)
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "NoneType" not in answer.text
    assert "NoneType" in caplog.text


def test_addresses_of_clients_are_cut_before_they_are_kept(site: Site) -> None:
    event = {**EVENT, "context": {"ip": "81.2.69.142"}}
    refused = {"type": "track", "event": "x", "context": {"ip": "81.2.69.142"}}
    site.post("/v1/batch", {"batch": [event, refused]}, environ_base={"REMOTE_ADDR": "2001:db8:1:2:3::4"})
    (envelope,) = site.envelopes()
    assert (envelope.ip, envelope.messages[0]["context"]["ip"]) == ("2001:db8:1::", "81.2.69.0")
    assert b"81.2.69.142" not in recent_drops(site.engine, site.project)[0]["original"]


def test_addresses_are_kept_whole_where_the_settings_say_so(open_site: Any) -> None:
    site = open_site(Settings(anonymize_ip=False))
    site.post(
        "/v1/track", {**TRACK, "context": {"ip": "81.2.69.142"}}, environ_base={"REMOTE_ADDR": "1.2.3.4"}
    )
    (envelope,) = site.envelopes()
    assert (envelope.ip, envelope.messages[0]["context"]["ip"]) == ("1.2.3.4", "81.2.69.142")
