"""Whom a call is about, when the code around it has said so."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from waywiser import Client, MemoryTransport, context, current_context


@pytest.fixture
def memory() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def client(memory: MemoryTransport) -> Iterator[Client]:
    with Client("key-1", transport=memory) as client:
        yield client


def sent(client: Client, memory: MemoryTransport) -> list[dict[str, Any]]:
    assert client.flush()
    return memory.messages


def test_a_call_takes_from_the_context_what_it_does_not_say(client: Client, memory: MemoryTransport) -> None:
    with client.context(anonymous_id="a1", session_id="s1", values={"ip": "203.0.113.7", "locale": "de"}):
        assert client.track("A")
        assert client.track("B", user_id="42", context={"locale": "fr"})
        assert client.identify("42")
    first, second, third = sent(client, memory)
    assert (first["anonymousId"], "userId" in first) == ("a1", False)
    assert (first["context"]["sessionId"], first["context"]["ip"]) == ("s1", "203.0.113.7")
    assert (second["anonymousId"], second["userId"]) == ("a1", "42")
    assert (second["context"]["locale"], second["context"]["sessionId"]) == ("fr", "s1")
    assert (third["userId"], third["anonymousId"]) == ("42", "a1")


@pytest.mark.parametrize("who", [{"user_id": "7"}, {"anonymous_id": "a2"}, {"user_id": 7}])
def test_a_call_about_somebody_else_takes_nothing(
    who: dict[str, Any], client: Client, memory: MemoryTransport
) -> None:
    with context(user_id="42", anonymous_id="a1", session_id="s1", values={"ip": "203.0.113.7"}):
        client.track("A", **who)
    [message] = sent(client, memory)
    assert set(message["context"]) == {"library", "sequence"}
    assert len({"userId", "anonymousId"} & set(message)) == 1


def test_an_alias_gets_no_visitor(client: Client, memory: MemoryTransport) -> None:
    with context(anonymous_id="a1", session_id="s1"):
        client.alias("42", "41")
    [message] = sent(client, memory)
    assert "anonymousId" not in message
    assert message["context"]["sessionId"] == "s1"


def test_blocks_inside_blocks_add_to_each_other_and_end_with_themselves() -> None:
    with context(anonymous_id="a1", values={"ip": "203.0.113.7"}):
        with context(user_id=42, values={"locale": "de"}):
            inner = current_context()
        outer = current_context()
    assert (inner.user_id, inner.anonymous_id) == ("42", "a1")
    assert dict(inner.values) == {"ip": "203.0.113.7", "locale": "de"}
    assert (outer.user_id, outer.anonymous_id, dict(outer.values)) == ("", "a1", {"ip": "203.0.113.7"})
    assert current_context() == type(outer)()


def test_tasks_and_threads_do_not_see_each_others_context(client: Client, memory: MemoryTransport) -> None:
    async def visit(name: str) -> None:
        with context(anonymous_id=name):
            for _ in range(5):
                await asyncio.sleep(0)
                client.track(name)

    async def visits() -> None:
        await asyncio.gather(*(visit(f"v{number}") for number in range(10)))

    asyncio.run(visits())
    refused: list[bool] = []
    with context(anonymous_id="here"):
        thread = threading.Thread(target=lambda: refused.append(client.track("elsewhere")))
        thread.start()
        thread.join()
    messages = sent(client, memory)
    assert len(messages) == 50
    assert all(message["event"] == message["anonymousId"] for message in messages)
    assert refused == [False]


def test_a_context_can_be_carried_elsewhere_as_json() -> None:
    moment = datetime(2026, 3, 1, tzinfo=timezone.utc)
    with context(user_id="42", session_id="s1", values={"page": {"path": "/"}, "at": moment}):
        carried = current_context().as_arguments()
    assert carried["values"] == {"page": {"path": "/"}, "at": "2026-03-01T00:00:00.000Z"}
    with context(**carried):
        assert current_context().as_arguments() == carried


def test_what_the_caller_changes_later_is_not_sent(client: Client, memory: MemoryTransport) -> None:
    values = {"page": {"path": "/"}}
    with context(user_id="1", values=values):
        values["page"]["path"] = "/changed"
        client.track("A", context={})
    assert sent(client, memory)[0]["context"]["page"] == {"path": "/"}


def test_what_cannot_be_used_is_logged_and_left_out(
    client: Client, memory: MemoryTransport, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: Any = ["secret"]
    deep: Any = "secret"
    for _ in range(100):
        deep = {"secret": deep}
    ids = context(user_id=wrong, anonymous_id="a1", values={"x": b"secret"})
    with ids, context(values=wrong), context(values=deep):
        assert client.track("A")
    assert sent(client, memory)[0]["anonymousId"] == "a1"
    assert caplog.messages == [
        "context(): user_id must be text, a whole number or a UUID, not list",
        "context(): values are left out: a value of type bytes cannot be sent",
        "context(): values must be a mapping, not list",
        "context(): values are left out: a value is nested too deeply",
    ]


def test_a_scope_may_be_shared_by_tasks_and_ends_in_each() -> None:
    shared = context(anonymous_id="a1")
    seen: list[str] = []

    async def visit() -> None:
        with shared:
            await asyncio.sleep(0)  # the other one enters, before this one leaves
            seen.append(current_context().anonymous_id)
        seen.append(current_context().anonymous_id)

    async def visits() -> None:
        await asyncio.gather(visit(), visit())

    asyncio.run(visits())
    assert seen == ["a1", "", "a1", ""]


def test_scopes_may_end_in_any_order_and_within_themselves() -> None:
    first, second = context(user_id="1"), context(session_id="s2")
    first.__enter__()
    second.__enter__()
    with first:
        assert current_context().user_id == "1"
    assert current_context().session_id == "s2"
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert current_context().user_id == current_context().session_id == ""


def test_a_generator_that_is_closed_in_another_context_does_no_harm(client: Client) -> None:
    async def pages() -> Any:
        with context(anonymous_id="a1"):
            yield 1

    async def leave_early() -> None:
        async for _ in pages():
            break

    asyncio.run(leave_early())
    assert current_context().anonymous_id == ""


@pytest.mark.skipif(not hasattr(sys, "set_int_max_str_digits"), reason="all numbers can be written")
def test_a_number_that_cannot_be_written_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with context(user_id=10**5000, anonymous_id="a1"):
        assert current_context().anonymous_id == "a1"
    assert caplog.messages == ["context(): user_id has more digits than Python writes"]
