"""Reads the JSON of a body: strictly and fast, or with patience where clients write it loosely."""

from __future__ import annotations

import json
import math
from itertools import accumulate
from typing import Any

import msgspec

from collector.errors import Refusal
from collector.limits import EVENT_BYTES

DEPTH = 200  # deeper nesting overflows the stack of whoever reads it later
USUAL_DEPTH = 8  # so much is cheaper to peel off than to count
NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
ONE_KIND = bytes.maketrans(b"[]", b"{}")
STEPS = bytes.maketrans(b"{}", b"\x01\xff")  # one level down or up, as signed bytes


class _Batch(msgspec.Struct, gc=False):
    batch: list[msgspec.Raw] = []


_split = msgspec.json.Decoder(_Batch).decode


def decoded(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body; raises Refusal when it is none."""
    return decoded_with_sizes(raw)[0]


def decoded_with_sizes(raw: bytes) -> tuple[dict[str, Any], list[int]]:
    """The JSON object of a body, and how many bytes each event of its batch has, where that can matter.

    No sizes mean that they are not known. Raises Refusal when the body is no JSON object.
    """
    if is_too_deep(raw):
        raise Refusal(400, "invalid_json", "the JSON is nested too deeply")
    sizes: list[int] = []
    try:
        body = msgspec.json.decode(raw)
        if len(raw) > EVENT_BYTES:
            sizes = _sizes(raw)
    except (ValueError, msgspec.MsgspecError):
        body = _decoded_leniently(raw)
    if type(body) is not dict:
        raise Refusal(400, "invalid_json", "the body must be a JSON object")
    return body, sizes


def is_too_deep(raw: bytes) -> bool:
    """Whether JSON is nested too deeply; brackets in texts do not count."""
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    structure = raw.translate(ONE_KIND, NOT_STRUCTURE)
    if len(structure) <= DEPTH:
        return False
    brackets = structure.replace(b'""', b"")
    if b'"' in brackets:
        brackets = b"".join(brackets.split(b'"')[::2])
    for _ in range(USUAL_DEPTH):
        brackets = brackets.replace(b"{}", b"")
    if len(brackets) <= DEPTH:
        return False
    steps = memoryview(brackets.translate(STEPS)).cast("b")
    return max(accumulate(steps)) + USUAL_DEPTH > DEPTH


def _sizes(raw: bytes) -> list[int]:
    """The bytes of each event of a batch, found without reading them; none where the body is no batch."""
    try:
        return list(map(len, _split(raw).batch))
    except msgspec.MsgspecError:
        return []


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
