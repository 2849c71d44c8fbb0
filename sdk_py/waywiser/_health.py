"""What the client tells the collector about itself, along with each batch.

The batch body has a top-level `health`:

    {"service": "billing", "stream": "0b7c1f…", "sdk": "waywiser-python/0.1.0",
     "enqueued": 1200, "waiting": 100, "sent": 1000, "retried": 100, "spooled": 98, "recovered": 0,
     "dropped": {"rejected": 2}}

- `service` is the client's `service` setting, `""` if it has none.
- `stream` names one client in one process, 24 characters; a forked child has one of its own.
- All numbers are totals since the stream began and grow only, but for `waiting`. So a report that comes twice
  is harmless, and one that is lost is made good by the next. For each stream keep the largest of each number,
  and of `waiting` the one that came with the largest `sent`.
- `enqueued` were taken from the caller; `waiting` are in the queue or in this very request; `sent` were
  accepted before this request; `retried` were sent once more; `spooled` were written to disk instead of sent;
  `recovered` were read back from disk, whoever wrote them; `dropped` counts by reason (see `DropReason`).
- At any moment enqueued + recovered = sent + waiting + spooled + dropped, without the reasons of calls that
  were not taken: `invalid`, `too_large`, `held_back`, `hook_failed`, `queue_full` and `closed`.
- Loss is the sum of `dropped` without `held_back`. Over all streams, `spooled` less `recovered` is on disk.

At close, a request with an empty batch follows, to bring home what became of the last one.
"""

from __future__ import annotations

from ._reports import Stats
from ._values import encode
from ._version import __version__


def report(stats: Stats, service: str, stream: str) -> bytes:
    """The object as JSON bytes."""
    numbers = {
        "service": service,
        "stream": stream,
        "sdk": f"waywiser-python/{__version__}",
        "enqueued": stats.enqueued,
        "waiting": stats.waiting,
        "sent": stats.sent,
        "retried": stats.retried,
        "spooled": stats.spooled,
        "recovered": stats.recovered,
        "dropped": dict(stats.dropped),
    }
    return encode(numbers).encode()
