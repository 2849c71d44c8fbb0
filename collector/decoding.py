"""Reads the JSON of a body: strictly and fast, or with patience where clients write it loosely."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from collector.errors import Refusal

DEPTH = 200  # deeper nesting overflows the stack of whoever reads it later
NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')


def decoded(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body; raises Refusal when it is none."""
    if is_too_deep(raw):
        raise Refusal(400, "invalid_json", "the JSON is nested too deeply")
    try:
        body = msgspec.json.decode(raw)
    except (ValueError, msgspec.MsgspecError):
        body = _decoded_leniently(raw)
    if type(body) is not dict:
        raise Refusal(400, "invalid_json", "the body must be a JSON object")
    return body


def is_too_deep(raw: bytes) -> bool:
    """Whether JSON is nested too deeply: peels brackets level by level; those in texts do not count."""
    if raw.count(b"{") + raw.count(b"[") <= DEPTH:
        return False
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = raw.translate(None, NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in brackets:
        brackets = b"".join(brackets.split(b'"')[::2])
    for _ in range(DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)


def _decoded_leniently(raw: bytes) -> Any:
    """Read what strict JSON forbids but real clients send: NaN, half surrogate pairs, bad UTF-8."""
    try:
        loose = json.loads(
            raw.decode("utf-8-sig", "replace"),
            parse_constant=lambda _: None,
            parse_float=_finite,
            parse_int=_whole,
        )
        return msgspec.json.decode(json.dumps(loose, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise Refusal(400, "invalid_json", f"the body is no JSON: {str(error)[:200]}") from None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _whole(text: str) -> int | float | None:
    return int(text) if len(text) < 19 else _finite(text)
