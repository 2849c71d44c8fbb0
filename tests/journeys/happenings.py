"""Makes the events of which tests of journeys write histories."""

from __future__ import annotations

from typing import Any

from store.event import Event, event_id, identity_hash


def happening(
    number: int | str, who: int | str, at: int, name: str, *, kind: str = "track", **more: Any
) -> Event:
    """What the user of this id did at a time (ms): an event by its name, or a page by its path.

    Its number makes its id, and its sequence where `more` says nothing else.
    """
    return Event(
        project=1,
        event_id=event_id(str(number)),
        message_id=str(number),
        type=kind,
        event="" if kind == "page" else name,
        path=name if kind == "page" else "",
        timestamp=at,
        received_at=at,
        user_id=str(who),
        identity=identity_hash("user", str(who)),
        **{"sequence": int(number), **more},
    )
