"""Hostile requests, one a line: what comes to a door that stands open to everybody."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

TRACK = '{"event":"x","userId":"u","properties":{"v":%s}}'
GOOD = {"type": "track", "event": "x", "userId": "u"}


def holding(value: str) -> bytes:
    """A track event whose property is this JSON."""
    return (TRACK % value).encode("utf-8", "surrogatepass")


def batch(*events: Any) -> bytes:
    """A batch of these events."""
    return json.dumps({"batch": list(events)}).encode()


def raw_deflate(raw: bytes) -> bytes:
    """Deflate without a header."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(raw) + packer.flush()


SINGLE: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \r\n\t",
    "null": b"null",
    "true": b"true",
    "number": b"1",
    "text": b'"text"',
    "list": b"[]",
    "empty object": b"{}",
    "half an object": b'{"event":"x","userId":"u"',
    "two objects": b"{}{}",
    "comma at the end": b'{"event":"x","userId":"u",}',
    "single quotes": b"{'event':'x'}",
    "comment": b'{"event":"x"/* */,"userId":"u"}',
    "form": b"event=x&userId=u",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "pickle": b"\x80\x04\x95\x0e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
    "byte order mark": b"\xef\xbb\xbf" + holding("1"),
    "utf-16": holding("1").decode().encode("utf-16"),
    "utf-32": holding("1").decode().encode("utf-32"),
    "bad utf-8": b'{"event":"\xff\xfe","userId":"\xc3\x28"}',
    "overlong utf-8": b'{"event":"\xc0\xaf","userId":"u"}',
    "surrogates as bytes": b'{"event":"\xed\xa0\x80","userId":"u"}',
    "nul bytes": b"\x00" * 1000,
    "nul in ids": b'{"event":"\\u0000","userId":"\\u0000","anonymousId":"a\\u0000b","messageId":"\\u0000"}',
    "lone surrogate": b'{"event":"\\ud800","userId":"\\udfff","messageId":"\\ud800"}',
    "reversed surrogates": holding('"\\udc00\\ud800"'),
    "bad escape": b'{"event":"\\x","userId":"u"}',
    "cut escape": b'{"event":"\\u12"}',
    "control characters": b'{"event":"a\nb\x07","userId":"u"}',
    "duplicate keys": b'{"event":"x","event":"y","userId":null,"userId":"u","userId":{}}',
    "duplicate batch": b'{"batch":[{}],"batch":5}',
    "prototype names": b'{"__proto__":{"admin":1},"constructor":{"prototype":{}},"event":"x","userId":"u"}',
    "python names": b'{"__class__":"x","self":1,"kwargs":{},"event":"__init__","userId":"__dict__"}',
    "sql": b'{"event":"\'; drop table events; --","userId":"u\\\\\' or 1=1","messageId":"\'"}',
    "template": b'{"event":"{{7*7}}${7*7}%s%n","userId":"{0.__class__}"}',
    "giant key": b'{"' + b"k" * 1_000_000 + b'":1,"event":"x","userId":"u"}',
    "giant id": b'{"event":"x","userId":"' + b"u" * 30_000 + b'"}',
    "many keys": json.dumps({f"k{n}": n for n in range(3_000)} | GOOD).encode(),
    "nan": holding("NaN"),
    "infinity": holding("-Infinity"),
    "huge float": holding("1e999999"),
    "tiny float": holding("1e-999999"),
    "long whole number": holding("9" * 4_000),
    "longer whole number": holding("9" * 30_000),
    "number as id": b'{"event":1e308,"userId":99999999999999999999999999,"messageId":-0.0}',
    "huge number as id": b'{"event":"x","userId":' + b"9" * 4_200 + b"}",
    "huge number as time": b'{"event":"x","userId":"u","timestamp":' + b"9" * 400 + b"}",
    "nan as time": b'{"event":"x","userId":"u","timestamp":NaN,"sentAt":Infinity}',
    "times out of range": b'{"event":"x","userId":"u","timestamp":"9999-12-31T23:59:59-23:59","sentAt":-9e9}',
    "first year": b'{"event":"x","userId":"u","timestamp":"0001-01-01T00:00:00+23:59"}',
    "long time": b'{"event":"x","userId":"u","timestamp":"Mon, ' + b"1 " * 10_000 + b'"}',
    "digits of other scripts": '{"event":"x","userId":"u","timestamp":"²²²²²²²²²"}'.encode(),
    "deep lists": b"[" * 1_000_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep enough": holding("[" * 190 + "]" * 190),
    "brackets in text": holding('"' + "[{" * 10_000 + '"'),
    "many pairs": b'{"event":"x","userId":"u","l":[' + b"[]," * 1_000_000 + b"[]]}",
    "wrong types": b'{"event":{},"userId":[],"anonymousId":true,"context":7,"timestamp":{}}',
    "wrong context": b'{"event":"x","userId":"u","context":{"page":7,"campaign":[],"ip":{},"library":"x"}}',
    "wrong page": b'{"event":"x","userId":"u","context":{"page":{"url":"http://[","referrer":{},"path":9}}}',
    "wrong session": b'{"event":"x","userId":"u","context":{"sessionId":[],"sequence":1e308,"userAgent":{}}}',
    "endless address": b'{"event":"x","userId":"u","context":{"page":{"url":"http://a/?'
    + b"a=b&" * 7_000
    + b'"}}}',
    "mail addresses": holding('"' + "a@" * 10_000 + '"'),
    "card numbers": holding('"' + "4 " * 10_000 + '"'),
    "gzip of nothing": gzip.compress(b""),
    "gzip bomb": gzip.compress(b" " * 300_000_000, 1),
    "gzip of gzip": gzip.compress(gzip.compress(holding("1"))),
    "half a gzip": gzip.compress(holding("1") * 100)[:-20],
    "gzip with rubbish behind": gzip.compress(holding("1")) + b"rubbish",
    "gzip of empty members": gzip.compress(b"") * 50_000,
    "gzip magic": b"\x1f\x8b",
    "zip archive": b"PK\x03\x04" + b"\x00" * 100,
    "text in a text": json.dumps(holding("1").decode()).encode(),
}
BATCHES: dict[str, bytes] = {
    "empty batch": batch(),
    "no list": b'{"batch":{"0":{}}}',
    "null batch": b'{"batch":null}',
    "batch in a batch": batch({"batch": [GOOD]}, {"type": "batch", "batch": [GOOD]}),
    "20,000 empty objects": batch(*[{}] * 20_000),
    "20,000 nulls": batch(*[None] * 20_000),
    "one too many": batch(*[{}] * 20_001),
    "everything but events": batch(None, True, 0, -1.5, "text", [], {}, [[]], {"type": None}),
    "good between bad": batch({}, GOOD, {"type": "track"}, GOOD, 7),
    "too large between good": batch(GOOD, {**GOOD, "properties": {"x": "y" * 40_000}}, GOOD),
    "equal message ids": batch(*[{**GOOD, "messageId": "same"}] * 50),
    "shared nonsense": json.dumps({"context": [1], "integrations": "x", "batch": [GOOD]}).encode(),
    "shared context": json.dumps({"context": {"ip": {}, "page": []}, "batch": [GOOD, {}]}).encode(),
    "shared too often": json.dumps({"context": {"x": "y" * 30_000}, "batch": [GOOD] * 500}).encode(),
    "keys everywhere": batch({**GOOD, "writeKey": "wb_other"}, {**GOOD, "writeKey": {"a": 1}}),
    "no strict JSON": b'{"batch":[{"type":"track","event":"x","userId":"u","properties":{"a":NaN}},{}]}',
    "very deep in one event": b'{"batch":[{"type":"page","userId":"u","x":'
    + b"[" * 9_000
    + b"]" * 9_000
    + b"}]}",
    "deep in one event": b'{"batch":[{"type":"page","userId":"u","x":' + b"[" * 250 + b"]" * 250 + b"}]}",
}
ENCODED: dict[str, tuple[str, bytes]] = {
    "deflate bomb": ("deflate", zlib.compress(b" " * 300_000_000, 1)),
    "raw deflate bomb": ("deflate", raw_deflate(b" " * 300_000_000)),
    "deflate of nothing": ("deflate", b""),
    "no deflate": ("deflate", holding("1")),
    "half a deflate": ("deflate", zlib.compress(holding("1") * 100)[:-10]),
    "no gzip": ("gzip", b"\x00rubbish"),
    "two encodings": ("gzip, deflate", gzip.compress(holding("1"))),
    "brotli": ("br", b"\x0b\x02\x80"),
    "a long encoding": ("x" * 10_000, holding("1")),
    "an encoding with line breaks": ("gzip\r\nX-Other: 1", holding("1")),
}
HEADERS: dict[str, dict[str, str]] = {
    "line breaks in the origin": {"HTTP_ORIGIN": "https://a.example\r\nSet-Cookie: a=b"},
    "line breaks in the user agent": {"HTTP_USER_AGENT": "a\r\nb\x00c\xff" * 1_000},
    "an origin of other scripts": {"HTTP_ORIGIN": "https://\xfc.example"},
    "a long origin": {"HTTP_ORIGIN": "https://" + "a" * 100_000},
    "null origin": {"HTTP_ORIGIN": "null"},
    "broken authorization": {"HTTP_AUTHORIZATION": "Basic \xff\xff\x00"},
    "authorization without end": {"HTTP_AUTHORIZATION": "Basic " + "A" * 100_001},
    "digest": {"HTTP_AUTHORIZATION": 'Digest username="wb_x", realm=",,,"'},
    "broken cookies": {"HTTP_COOKIE": ";;;=\xff;a=\x00"},
    "broken host": {"HTTP_HOST": "a b:c:d/\xff"},
    "broken query": {"QUERY_STRING": "writeKey=%&writeKey=%FF%00&&=&%"},
    "a query of raw bytes": {"QUERY_STRING": "writeKey=\x80\xff&data=\x80"},
    "long query": {"QUERY_STRING": "a=b&" * 50_000},
    "broken forwarded address": {"HTTP_X_FORWARDED_FOR": ",,,\x00,[::1]:x,999.1"},
    "broken content type": {"CONTENT_TYPE": "multipart/form-data; boundary=\xff;;;"},
    "a charset that is none": {"CONTENT_TYPE": "application/json; charset=rot13"},
    "overridden method": {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
}
