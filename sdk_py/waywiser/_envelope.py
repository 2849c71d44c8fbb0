"""Packs a batch of messages into one request."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Sequence

from ._options import Options
from ._transport import Request
from ._values import now_text
from ._version import __version__

GZIP_FROM_BYTES = 4 * 1024
# The fastest level: repeated keys shrink about tenfold even so, and the caller's processor time is not ours.
GZIP_LEVEL = 1
GZIP_FORMAT = 31


# A collector may have something to say of each message, and quotes its id.
ANSWER_BYTES = 64 * 1024
VERDICT_BYTES = 2 * 1024


def pack(batch: Sequence[bytes], options: Options, timeout: float, health: bytes) -> Request:
    """The request for this batch. `sentAt` is the time of this attempt, so that clocks can be compared."""
    sent_at = now_text().encode()
    body = b'{"batch":[' + b",".join(batch) + b'],"sentAt":"' + sent_at + b'","health":' + health + b"}"
    headers = {
        "Authorization": "Basic " + b64encode(f"{options.write_key}:".encode()).decode(),
        "Content-Type": "application/json",
        "User-Agent": f"waywiser-python/{__version__}",
    }
    if len(body) >= GZIP_FROM_BYTES:
        body = _gzip(body)
        headers["Content-Encoding"] = "gzip"
    return Request(options.url, headers, body, timeout, ANSWER_BYTES + VERDICT_BYTES * len(batch))


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_FORMAT)
    return packer.compress(body) + packer.flush()
