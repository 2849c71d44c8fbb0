"""What services lost before it could come: by what their clients count themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Engine

from journeys.period import Period, iso
from journeys.rates import rate
from store.client_health import COUNTS, NEVER_QUEUED, NO_LOSS, by_service, clients_of

Row = dict[str, Any]


def client_loss(engine: Engine, project_id: int, period: Period, *, now: int) -> Row:
    """For each service what its clients counted in the period, by the hour in which they said so.

    `lost` is the sum of `reasons`; `share` is of `handed`, all that the program wanted sent. `held_back` is
    what its own hook did not want sent. `sent` lacks the last batch of a client, which is told with the next.
    `clients` and `seen_at` are of those that spoke since the start of the period.
    """
    counted: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for service, what, reason, n in by_service(engine, project_id, period.start, min(period.end, now + 1)):
        counted[service][what, reason] += n
    clients = {one["service"]: one for one in clients_of(engine, project_id, period.start)}
    rows = [
        {"service": name, **_told(counts), **_seen(clients.get(name))} for name, counts in counted.items()
    ]
    rows.sort(key=lambda row: (-row["lost"], row["service"]))
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "services": rows,
        "total": _told(sum(counted.values(), Counter())),
        "as_of": iso(now),
    }


def _told(counts: Counter[tuple[str, str]]) -> Row:
    reasons = {why: n for (what, why), n in counts.most_common() if what == "dropped" and why != NO_LOSS}
    lost = sum(reasons.values())
    handed = counts["enqueued", ""] + sum(n for why, n in reasons.items() if why in NEVER_QUEUED)
    handed = max(handed, lost)  # what is lost may have been handed over before the period
    return {
        "handed": handed,
        **{what: counts[what, ""] for what in COUNTS},
        "held_back": counts["dropped", NO_LOSS],
        "lost": lost,
        "reasons": reasons,
        "share": rate(lost, handed),
    }


def _seen(client: Any) -> Row:
    if client is None:  # forgotten since, or silent in a period that is long ago
        return {"clients": 0, "seen_at": None}
    return {"clients": client["clients"], "seen_at": iso(client["seen_at"])}
