"""The hook that may change or hold back a message."""

from __future__ import annotations

from typing import Any

import pytest

from waywiser import Client, Drop, DropReason, MemoryTransport

Message = dict[str, Any]


def test_the_hook_may_change_everything_but_the_id_and_the_type() -> None:
    def mask(message: Message) -> Message:
        message["properties"].pop("email")
        return {**message, "messageId": "same for all", "type": "page", "event": message["event"].upper()}

    memory = MemoryTransport()
    with Client("key-1", transport=memory, before_send=mask) as client:
        client.track(
            "a", user_id="1", message_id="m1", properties={"email": "ada@example.com", "plan": "pro"}
        )
    [message] = memory.messages
    assert (message["messageId"], message["type"], message["event"]) == ("m1", "track", "A")
    assert message["properties"] == {"plan": "pro"}


def test_a_message_that_is_held_back_is_counted_and_is_no_loss(caplog: pytest.LogCaptureFixture) -> None:
    drops: list[Drop] = []
    memory = MemoryTransport()
    client = Client("key-1", transport=memory, before_send=lambda message: None, on_drop=drops.append)
    assert client.track("A", user_id="1") is False
    assert client.stats().dropped == {"held_back": 1}
    assert (client.close().lost, drops, caplog.messages, memory.messages) == (0, [], [], [])


def raises(message: Message) -> Message:
    raise KeyError("secret")


def leaves(message: Message) -> Message:
    raise SystemExit("secret")


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        (raises, "before_send raised KeyError"),
        (leaves, "before_send raised SystemExit"),
        (lambda message: "secret", "before_send must return a dictionary or None, not str"),
        (lambda message: {**message, "x": b"secret"}, "a value of type bytes cannot be sent"),
    ],
)
def test_a_hook_that_fails_lets_nothing_through(
    hook: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    drops: list[Drop] = []
    memory = MemoryTransport()
    with Client("key-1", transport=memory, before_send=hook, on_drop=drops.append) as client:
        assert client.track("secret", user_id="secret") is False
    assert [(drop.reason, drop.payload) for drop in drops] == [(DropReason.HOOK_FAILED, b"")]
    assert words in drops[0].detail
    assert "secret" not in caplog.text
    assert memory.messages == []


def test_a_hook_that_tracks_is_not_asked_about_that_without_end() -> None:
    results: list[bool] = []

    def hook(message: Message) -> Message:
        results.append(client.track("Seen", user_id="1"))
        return message

    memory = MemoryTransport()
    client = Client("key-1", transport=memory, before_send=hook)
    assert client.track("A", user_id="1") is True
    assert client.track("B", user_id="1") is True
    assert client.close().sent == 2
    assert results == [False, False]
    assert client.stats().dropped == {"hook_failed": 2}
