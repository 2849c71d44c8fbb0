"""A pytest plugin for the tests of your own code: the fixture `waywiser_events`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ._client import Client
from ._memory import MemoryTransport


class RecordedEvents:
    """A client that sends nothing, and what it was told. Give `client` to the code under test."""

    def __init__(self) -> None:
        self._memory = MemoryTransport()
        self.client = Client("test", transport=self._memory, sync=True)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All messages so far, as the collector would get them."""
        return self._memory.messages

    @property
    def names(self) -> list[str]:
        """The names of all tracked events so far, in order."""
        return [each["event"] for each in self.messages if each["type"] == "track"]

    def clear(self) -> None:
        """Forget what was told so far."""
        self._memory.clear()

    def assert_tracked(
        self,
        event: str,
        *,
        user_id: str | int | None = None,
        anonymous_id: str | None = None,
        properties: Mapping[str, Any] | None = None,
        times: int | None = None,
    ) -> dict[str, Any]:
        """Fail unless the event was tracked, with these ids and at least these properties.

        Answers the first such message. With `times`, fail unless there are exactly so many.
        """
        wanted = {"event": event}
        if user_id is not None:
            wanted["userId"] = str(user_id)
        if anonymous_id is not None:
            wanted["anonymousId"] = anonymous_id
        found = [
            each
            for each in self.messages
            if each["type"] == "track" and _has(each, wanted) and _has(each.get("properties", {}), properties)
        ]
        if not found or (times is not None and len(found) != times):
            pytest.fail(_complaint(event, len(found), times, self.messages), pytrace=False)
        return found[0]

    def assert_identified(
        self, user_id: str | int, *, traits: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Fail unless this user was identified, with at least these traits. Answers the first."""
        wanted = {"userId": str(user_id)}
        for each in self.messages:
            is_about = each["type"] == "identify" and _has(each, wanted)
            if is_about and _has(each.get("traits", {}), traits):
                return each
        pytest.fail(_complaint(f"identify({user_id!r})", 0, None, self.messages), pytrace=False)

    def assert_nothing_tracked(self, event: str | None = None) -> None:
        """Fail if this event was tracked; without a name, if anything was said at all."""
        found = [each for each in self.messages if event is None or each.get("event") == event]
        if found:
            pytest.fail(_complaint(event or "anything", len(found), 0, found), pytrace=False)


@pytest.fixture
def waywiser_events() -> Iterator[RecordedEvents]:
    """What the code under test tracks with `waywiser_events.client`; fails the test if a call was refused.

    A refused call is one that the collector would never have got, such as one without any identity.
    """
    recorded = RecordedEvents()
    yield recorded
    refused = recorded.client.close().lost
    if refused:
        reasons = ", ".join(f"{reason}: {count}" for reason, count in recorded.client.stats().dropped.items())
        pytest.fail(f"{refused} calls were refused ({reasons}); the log says why", pytrace=False)


def _has(message: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    return all(name in message and message[name] == value for name, value in (wanted or {}).items())


def _complaint(wanted: str, found: int, times: int | None, messages: list[dict[str, Any]]) -> str:
    expected = "at least once" if times is None else f"{times} times"
    lines = [f"{wanted} was expected {expected}, but found {found} times with what was asked; there are:"]
    lines += [f"  {_line(each)}" for each in messages] or ["  no messages at all"]
    return "\n".join(lines)


def _line(message: Mapping[str, Any]) -> str:
    name = message.get("event") or message.get("name") or ""
    who = {key: message[key] for key in ("userId", "anonymousId") if key in message}
    what = message.get("properties", message.get("traits", {}))
    return f"{message['type']} {name!r} {who} {what}"
