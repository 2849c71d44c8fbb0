"""Makes every call of a Python client library as its manual says, in a process of its own.

Run as `python server_calls.py <segment.analytics | rudderstack.analytics>` with the order on standard input;
prints what the library says it could not deliver.
"""

from __future__ import annotations

import importlib
import json
import sys
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any


def main() -> None:
    """Carry out one order, and end as a program does that uses the library."""
    order = json.load(sys.stdin)
    analytics: Any = importlib.import_module(sys.argv[1])
    analytics.write_key = order["key"]
    setattr(analytics, "dataPlaneUrl" if "rudder" in sys.argv[1] else "host", order["host"])
    analytics.timeout = 120
    failures: list[str] = []
    analytics.on_error = lambda error, _: failures.append(f"{error.status} {error.code}")
    send(analytics, order)
    analytics.shutdown()
    json.dump(failures, sys.stdout)


def send(analytics: Any, order: dict[str, Any]) -> None:
    """Each kind of call with a time of its own; then many that get their time from the library."""

    def given(n: int) -> dict[str, Any]:
        start = datetime.fromtimestamp(order["start"] / 1000, UTC)
        # Libraries write into the context that they are given.
        return {
            "timestamp": start + timedelta(milliseconds=1001 * n),
            "context": deepcopy(order["context"]),
        }

    device, ann, old = (f"{order['who']}-{role}" for role in ("device", "ann", "old"))
    page = {"url": "https://shop.example/docs/start"}
    analytics.page(anonymous_id=device, category="Docs", name="Start", properties=page, **given(0))
    analytics.screen(anonymous_id=device, name="Home", properties={"tab": "all"}, **given(1))
    analytics.identify(ann, {"name": "Änn", "plan": "pro"}, anonymous_id=device, **given(2))
    analytics.track(ann, "Signed Up", {"price": 49.5, "tags": ["a", "b"]}, **given(3))
    analytics.group(ann, "acme", {"size": 5}, **given(4))
    analytics.track(old, "Quote Asked", **given(5))
    analytics.alias(old, ann, **given(6))
    for n in range(order["many"]):
        analytics.track(ann, "Item Seen", {"n": n})


if __name__ == "__main__":
    main()
