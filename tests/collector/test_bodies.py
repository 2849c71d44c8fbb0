"""The bodies of requests: what is read, mended or unpacked, and where the limits stand."""

from __future__ import annotations

import gzip
import json
import zlib
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from collector.decoding import DEPTH
from collector.limits import BATCH_BYTES, BATCH_EVENTS, EVENT_BYTES
from store.tables import drops
from tests.collector.conftest import Site

TRACK = {"event": "Signed Up", "userId": "u1", "messageId": "m1"}
EVENT = {"type": "track", "event": "Signed Up", "userId": "u1"}


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
        (gzip.compress(b'{"batch":[]}', mtime=0)[:-9], "bad_compression"),
        (gzip.compress(b"", mtime=0) * 100_000, "bad_compression"),
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


class Broken(BytesIO):
    """What a server hands out when the sender goes away."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the sender is gone")


@pytest.mark.parametrize(
    ("body", "environ", "status", "code"),
    [
        (BytesIO(b'{"event":"x"'), {"CONTENT_LENGTH": "500"}, 400, "incomplete_body"),
        (Broken(), {"CONTENT_LENGTH": "500"}, 400, "incomplete_body"),
        (Broken(), {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}, 400, "incomplete_body"),
        (BytesIO(b"{}"), {"CONTENT_LENGTH": "9" * 5_000}, 413, "batch_too_large"),
        (BytesIO(b"{}"), {"CONTENT_LENGTH": "-1"}, 400, "invalid_json"),
        (BytesIO(b"{}"), {"CONTENT_LENGTH": "1e9"}, 400, "invalid_json"),
        (BytesIO(b"{}"), {"CONTENT_LENGTH": "\xb2"}, 400, "invalid_json"),
        (BytesIO(b"{}"), {"CONTENT_LENGTH": ""}, 400, "invalid_json"),
    ],
)
def test_a_body_that_is_not_as_long_as_announced_is_refused(
    site: Site, body: BytesIO, environ: dict[str, Any], status: int, code: str
) -> None:
    answer = site.post("/v1/track", environ_overrides={"wsgi.input": body, **environ})
    assert (answer.status_code, answer.json["code"]) == (status, code)


DEEP = "[" * 300 + "]" * 300
OPENINGS = pytest.mark.parametrize(
    ("opening", "closing"), [('{"a":', "}"), ("[", "]"), ('["]}\\\\\\"",', "]")]
)


def batch_with(deep: str) -> str:
    """Three events; the second one holds this JSON in its properties."""
    second = EVENT | {"messageId": "deep", "properties": {"deep": 0, "plan": "pro"}}
    return json.dumps({"batch": [EVENT, second, EVENT]}).replace(" 0", deep)


@OPENINGS
@pytest.mark.parametrize("deeper", [-1, 0, 1, 900, 5_000])
def test_an_event_that_is_nested_too_deeply_costs_only_itself(
    site: Site, opening: str, closing: str, deeper: int
) -> None:
    levels = DEPTH - 4 + deeper  # the body, its batch, the event and its properties are levels too
    body = batch_with(opening * levels + "1" + closing * levels)
    answer = site.post("/v1/batch", data=body)
    assert (answer.status_code, answer.json["accepted"]) == (200, 2 if deeper > 0 else 3)
    codes = [(one["index"], one["messageId"], one["code"]) for one in answer.json["rejected"]]
    assert codes == ([(1, "deep", "too_deep")] if deeper > 0 else [])


def test_what_is_kept_of_it_lacks_only_what_is_too_deep(site: Site) -> None:
    site.post("/v1/batch", data=batch_with("[" * 5_000 + "]" * 5_000))
    with site.engine.connect() as connection:
        (row,) = connection.execute(select(drops.c.code, drops.c.original)).all()
    assert row.code == "too_deep"
    kept = json.loads(row.original)["message"]
    assert (kept["messageId"], kept["properties"]["plan"]) == ("deep", "pro")
    assert json.dumps(kept).count("nested too deeply") == 1


def test_an_event_alone_that_is_nested_too_deeply_is_refused_as_such(site: Site) -> None:
    body = json.dumps({**EVENT, "properties": {"deep": 0}}).replace(" 0", "[" * 5_000 + "]" * 5_000)
    answer = site.post("/v1/track", data=body)
    assert (answer.status_code, answer.json["code"]) == (400, "all_rejected")
    assert [one["code"] for one in answer.json["rejected"]] == ["too_deep"]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"batch": [EVENT], "context": 0}).replace(" 0", DEEP),
        DEEP,
        "[" * 1_000_000,
        '{"batch": [{"x": ' + "[" * 300,
        json.dumps({"batch": [EVENT, 0, "y" * 600_000]}).replace(" 0", DEEP),
    ],
)
def test_a_body_that_is_nested_too_deeply_outside_of_its_events_is_refused(site: Site, body: str) -> None:
    answer = site.post("/v1/batch", data=body)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_json")


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
