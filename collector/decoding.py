"""Reads the JSON of a body: strictly and fast, or with patience where clients write it loosely."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from collector.errors import Refusal
from collector.limits import EVENT_BYTES, EVENT_DEPTH
from store.hurry import take_time

DEPTH = EVENT_DEPTH + 2  # the body and its batch are levels, too
PATIENT_BYTES = (
    512 * 1024
)  # no client sends larger bodies; to look for the events to blame takes time for each byte
USUAL_DEPTH = 8  # so much is cheaper to peel off than to count
NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
ONE_KIND = bytes.maketrans(b"[]", b"{}")
STEPS = bytes.maketrans(b"{}", b"\x01\xff")  # one level down or up, as signed bytes
# A text, which may lack its end, or a bracket outside of texts.
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
CUT = b'"[nested too deeply, not kept]"'


class _Batch(msgspec.Struct, gc=False):
    batch: list[msgspec.Raw] = []


_split = msgspec.json.Decoder(_Batch).decode


class Decoded(NamedTuple):
    """The JSON object of a body, and what is known of its events.

    `sizes` are the bytes of each event of a batch, where that can matter; none mean that they are not known.
    `deep` are the places of the events that lose what is nested too deeply.
    """

    body: dict[str, Any]
    sizes: list[int]
    deep: frozenset[int] = frozenset()


def decoded(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body; raises Refusal when it is none."""
    if is_too_deep(raw):
        raise _too_deep()
    return _read(raw).body


def decoded_events(raw: bytes, kind: str) -> Decoded:
    """The JSON object of a body that holds a batch, or one event of another kind.

    Raises Refusal when the body is no JSON object, or nested too deeply outside of the events of its batch,
    or so large besides that nobody looks which events are.
    """
    if not is_too_deep(raw):
        return _read(raw)
    if len(raw) > PATIENT_BYTES:
        raise _too_deep()
    take_time()
    cut, cuts = _cut(raw)
    read = _read(cut)
    return read._replace(deep=_deep(cut, cuts) if kind == "batch" else frozenset([0]))


def _read(raw: bytes) -> Decoded:
    sizes: list[int] = []
    try:
        body = msgspec.json.decode(raw)
        if len(raw) > EVENT_BYTES:
            sizes = _sizes(raw)
    except (ValueError, msgspec.MsgspecError):
        body = _decoded_leniently(raw)
    if type(body) is not dict:
        raise Refusal(400, "invalid_json", "the body must be a JSON object")
    return Decoded(body, sizes)


def _too_deep() -> Refusal:
    return Refusal(400, "invalid_json", "the JSON is nested too deeply")


def _deep(cut: bytes, cuts: int) -> frozenset[int]:
    """Which events of the batch lost something. All that was cut must be theirs."""
    try:
        found = [bytes(one).count(CUT) for one in _split(cut).batch]
    except msgspec.MsgspecError:
        raise _too_deep() from None
    if sum(found) < cuts:
        raise _too_deep()
    return frozenset(index for index, count in enumerate(found) if count)


def _cut(raw: bytes) -> tuple[bytes, int]:
    """The JSON with a note in place of all that is nested too deeply, and how often. It uses no stack."""
    kept: list[bytes] = []
    depth = start = 0
    for found in TOKEN.finditer(raw):
        match raw[found.start()]:
            case 0x5B | 0x7B:  # [ {
                depth += 1
                if depth == DEPTH + 1:
                    kept.append(raw[start : found.start()])
            case 0x5D | 0x7D:  # ] }
                if depth == DEPTH + 1:
                    start = found.end()
                depth -= 1
    if depth > DEPTH:
        raise _too_deep()
    return CUT.join([*kept, raw[start:]]), len(kept)


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
