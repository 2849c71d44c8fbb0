"""What a message looks like on the wire."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from sink import Make, Sink

from waywiser import Client, MemoryTransport, __version__

BASIC_KEY_1 = "Basic a2V5LTE6"


def test_a_message_arrives_with_every_field_that_the_collector_needs(make: Make, sink: Sink) -> None:
    client = make()
    before = datetime.now(timezone.utc) - timedelta(milliseconds=1)
    assert client.track("Invoice Paid", user_id="42", anonymous_id="a1", properties={"plan": "pro"}) is True
    assert client.flush()
    [request] = sink.requests
    assert request.path == "/v1/batch"
    assert request.headers["authorization"] == BASIC_KEY_1
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"waywiser-python/{__version__}"
    assert set(request.body) == {"batch", "sentAt", "health"}
    [message] = request.batch
    assert UUID(message.pop("messageId")).version == 4
    moment = message.pop("timestamp")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert before <= datetime.fromisoformat(moment.replace("Z", "+00:00")) <= datetime.now(timezone.utc)
    assert message == {
        "type": "track",
        "event": "Invoice Paid",
        "userId": "42",
        "anonymousId": "a1",
        "properties": {"plan": "pro"},
        "context": {"library": {"name": "waywiser-python", "version": __version__}, "sequence": 1},
    }


def sent(call: str, *arguments: Any, **named: Any) -> dict[str, Any]:
    memory = MemoryTransport()
    with Client("key-1", transport=memory) as client:
        assert getattr(client, call)(*arguments, **named) is True
    [message] = memory.messages
    return message


@pytest.mark.parametrize(
    ("call", "arguments", "named", "fields"),
    [
        ("track", ["A"], {"user_id": "1"}, {"event": "A", "userId": "1"}),
        ("track", ["A"], {"anonymous_id": "x"}, {"event": "A", "anonymousId": "x"}),
        ("page", ["Home"], {"user_id": "1"}, {"name": "Home", "userId": "1"}),
        (
            "page",
            [],
            {"user_id": "1", "properties": {"path": "/"}},
            {"userId": "1", "properties": {"path": "/"}},
        ),
        ("screen", ["Cart"], {"anonymous_id": "x"}, {"name": "Cart", "anonymousId": "x"}),
        ("identify", ["1"], {"traits": {"email": "a@b.c"}}, {"userId": "1", "traits": {"email": "a@b.c"}}),
        ("identify", ["1"], {"anonymous_id": "x"}, {"userId": "1", "anonymousId": "x"}),
        ("alias", ["new", "old"], {}, {"userId": "new", "previousId": "old"}),
        (
            "group",
            ["g"],
            {"user_id": "1", "traits": {"size": 3}},
            {"groupId": "g", "userId": "1", "traits": {"size": 3}},
        ),
    ],
)
def test_each_kind_of_call_writes_its_own_fields(
    call: str, arguments: list[Any], named: dict[str, Any], fields: dict[str, Any]
) -> None:
    message = sent(call, *arguments, **named)
    for name in ("messageId", "timestamp", "context"):
        del message[name]
    assert message == {"type": call, **fields}


@pytest.mark.parametrize(
    ("given", "written"),
    [("42", "42"), (42, "42"), (UUID(int=7), str(UUID(int=7))), ("Zoë 🦊", "Zoë 🦊"), ('a"b\\', 'a"b\\')],
)
def test_ids_are_written_as_text(given: Any, written: str) -> None:
    assert sent("track", "A", user_id=given)["userId"] == written


@pytest.mark.parametrize("absent", [None, ""])
def test_an_empty_id_is_an_absent_one(absent: Any) -> None:
    assert "userId" not in sent("track", "A", user_id=absent, anonymous_id="x")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (datetime(2026, 3, 1, 12, 30, 15, 123456, timezone.utc), "2026-03-01T12:30:15.123Z"),
        (datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2026-03-01T10:00:00.000Z"),
        (
            datetime(2026, 3, 1, 12),
            datetime(2026, 3, 1, 12).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        ),
    ],
)
def test_a_timestamp_is_written_in_utc_with_milliseconds(given: datetime, written: str) -> None:
    assert sent("track", "A", user_id="1", timestamp=given)["timestamp"] == written


def test_a_message_id_of_the_callers_own_is_kept() -> None:
    assert sent("track", "A", user_id="1", message_id="order-7")["messageId"] == "order-7"


def test_context_is_added_to_the_librarys_own_and_cannot_replace_it() -> None:
    given = {"ip": "192.0.2.1", "sequence": 99, "library": "mine", "page": {"path": "/a"}}
    assert sent("track", "A", user_id="1", context=given)["context"] == {
        "library": {"name": "waywiser-python", "version": __version__},
        "sequence": 1,
        "ip": "192.0.2.1",
        "page": {"path": "/a"},
    }


@pytest.mark.parametrize("context", [{}, {"sequence": 5}])
def test_a_context_without_anything_of_its_own_is_still_good_json(context: dict[str, Any]) -> None:
    assert set(sent("track", "A", user_id="1", context=context)["context"]) == {"library", "sequence"}


def test_messages_arrive_in_the_order_of_the_calls_with_growing_sequence_and_distinct_ids(
    make: Make, sink: Sink
) -> None:
    client = make()
    for number in range(250):
        client.track(f"E{number}", user_id="1")
    assert client.flush()
    assert sink.events == [f"E{number}" for number in range(250)]
    assert [message["context"]["sequence"] for message in sink.messages] == list(range(1, 251))
    assert len({message["messageId"] for message in sink.messages}) == 250


def test_a_lost_message_leaves_a_gap_in_the_sequence() -> None:
    memory = MemoryTransport()
    with Client("key-1", transport=memory) as client:
        client.track("A", user_id="1")
        client.track("A", user_id="1", properties={"bad": object()})
        client.track("A", user_id="1")
    assert [message["context"]["sequence"] for message in memory.messages] == [1, 3]


def test_two_clients_share_no_message_id() -> None:
    assert sent("track", "A", user_id="1")["messageId"] != sent("track", "A", user_id="1")["messageId"]


def test_what_the_caller_changes_after_the_call_is_not_sent() -> None:
    memory = MemoryTransport()
    properties: dict[str, Any] = {"items": [1]}
    with Client("key-1", transport=memory, flush_interval=60) as client:
        client.track("A", user_id="1", properties=properties)
        properties["items"].append(2)
    assert memory.messages[0]["properties"] == {"items": [1]}
