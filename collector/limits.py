"""How much a request may hold, measured while it is read and unpacked.

Read from the WSGI environment directly: this is the hot path, and Werkzeug's ways cost several times as much.
"""

from __future__ import annotations

import zlib

from flask import Request

from collector.errors import Refusal

EVENT_BYTES = 32 * 1024
BATCH_BYTES = 4 * 1024 * 1024
EVENT_DEPTH = 198  # levels; whoever reads an event later needs some stack for each
BATCH_EVENTS = 20_000  # some hundred bytes each; tiny ones would cost far more than their bytes

GZIP_MEMBERS = 16  # a body of nothing but empty members would keep us busy for minutes
GZIP_MAGIC = b"\x1f\x8b"
GZIP = 31  # window bits of zlib
ZLIB = 15
RAW_DEFLATE = -15
MOST_DIGITS = 20  # of a length; more are far too many bytes whatever they say


def body_of(request: Request) -> bytes:
    """The body, unpacked. Raises Refusal when it is too large or packed in an unknown way."""
    raw = _raw(request)
    # The bytes decide about gzip: some clients send it unlabelled, some proxies unpack and keep the label.
    if raw[:2] == GZIP_MAGIC:
        return _unpacked(raw, GZIP)
    encoding = request.environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("", "identity", "gzip", "x-gzip"):
        return raw
    if encoding == "deflate":
        return _unpacked(raw, ZLIB if raw[:1] == b"\x78" else RAW_DEFLATE)
    raise Refusal(415, "unknown_encoding", "the body must be plain, gzip or deflate")


def _raw(request: Request) -> bytes:
    announced = request.environ.get("CONTENT_LENGTH", "")
    if not announced.isdecimal():
        return _read_to_its_end(request)
    length = int(announced[:MOST_DIGITS])
    if length > BATCH_BYTES:
        raise too_large()
    raw = _read(request, length)
    if len(raw) < length:
        raise incomplete()
    return raw


def _read(request: Request, length: int) -> bytes:
    try:
        return request.environ["wsgi.input"].read(length)  # type: ignore[no-any-return]
    except Exception:  # each server has its own kinds for a sender that goes away or breaks the protocol
        raise incomplete() from None


def _read_to_its_end(request: Request) -> bytes:
    """A body of unknown length; only a server that ends such bodies itself is asked for one."""
    raw = b""
    while request.environ.get("wsgi.input_terminated"):
        part = _read(request, BATCH_BYTES + 1 - len(raw))
        raw += part
        if len(raw) > BATCH_BYTES:
            raise too_large()
        if not part:
            break
    return raw


def incomplete() -> Refusal:
    """The refusal of a body that its sender did not finish."""
    return Refusal(400, "incomplete_body", "the body ended before its announced length")


def too_large() -> Refusal:
    """The refusal of a request that is larger than a batch may be."""
    message = f"a batch may hold {BATCH_BYTES} bytes, unpacked, and {BATCH_EVENTS} events; send it in parts"
    return Refusal(413, "batch_too_large", message)


def _unpacked(raw: bytes, window: int) -> bytes:
    unpacked = b""
    for _ in range(GZIP_MEMBERS):
        unpacker = zlib.decompressobj(window)
        try:
            unpacked += unpacker.decompress(raw, BATCH_BYTES + 1 - len(unpacked))
        except zlib.error as error:
            raise Refusal(400, "bad_compression", f"the body cannot be unpacked: {error}") from None
        if len(unpacked) > BATCH_BYTES:
            raise too_large()
        if not unpacker.eof:
            raise Refusal(400, "bad_compression", "the packed body ends too early")
        raw = unpacker.unused_data
        if not raw:
            return unpacked
    raise Refusal(400, "bad_compression", f"the packed body has more than {GZIP_MEMBERS} parts")
