"""What happens to calls that cannot be right: never an exception, always a count and a reason."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from sink import Answer, Make, Sink

from waywiser import Client, Drop, DropReason, MemoryTransport, _waiting

NOT_ID = "must be text, a whole number or a UUID, not"
NOT_TEXT = "must be text that is not empty, not"
WHO = {"user_id": "1"}


@pytest.mark.parametrize(
    ("call", "arguments", "named", "words"),
    [
        ("track", [None], WHO, "event is missing"),
        ("track", [""], WHO, "event is missing"),
        ("track", [" "], WHO, "event is missing"),
        ("track", ["A"], {"user_id": "\n", "anonymous_id": "\t"}, "user_id or anonymous_id is missing"),
        ("track", ["A"], {**WHO, "message_id": " "}, f"message_id {NOT_TEXT} str"),
        ("alias", ["1", " "], {}, "previous_id is missing"),
        ("track", [7], WHO, f"event {NOT_TEXT} int"),
        ("track", ["A"], {}, "user_id or anonymous_id is missing"),
        ("track", ["A"], {"user_id": ""}, "user_id or anonymous_id is missing"),
        ("track", ["A"], {"user_id": ["1"]}, f"user_id {NOT_ID} list"),
        ("track", ["A"], {"user_id": True}, f"user_id {NOT_ID} bool"),
        ("track", ["A"], {"anonymous_id": 1.5}, f"anonymous_id {NOT_ID} float"),
        ("track", ["A"], {**WHO, "properties": [1]}, "properties must be a mapping, not list"),
        ("track", ["A"], {**WHO, "context": "x"}, "context must be a mapping, not str"),
        ("track", ["A"], {**WHO, "timestamp": 5}, "timestamp must be a datetime, not int"),
        ("track", ["A"], {**WHO, "message_id": 5}, f"message_id {NOT_TEXT} int"),
        ("page", [3], WHO, f"name {NOT_TEXT} int"),
        ("screen", ["A"], {}, "user_id or anonymous_id is missing"),
        ("identify", [None], {"anonymous_id": "x"}, "user_id is missing"),
        ("identify", ["1"], {"traits": 5}, "traits must be a mapping, not int"),
        ("alias", ["1", None], {}, "previous_id is missing"),
        ("group", [""], WHO, "group_id is missing"),
        ("group", ["g"], {}, "user_id or anonymous_id is missing"),
    ],
)
def test_a_wrong_argument_is_refused_in_a_sentence_that_names_it(
    call: str, arguments: list[Any], named: dict[str, Any], words: str
) -> None:
    drops: list[Drop] = []
    with Client("key-1", transport=MemoryTransport(), on_drop=drops.append) as client:
        assert getattr(client, call)(*arguments, **named) is False
    assert [(drop.reason, drop.detail, drop.message_id) for drop in drops] == [
        (DropReason.INVALID, f"{call}(): {words}", "")
    ]


def test_a_message_above_32_kib_is_refused_and_one_of_32_kib_is_sent(make: Make, sink: Sink) -> None:
    drops: list[Drop] = []
    client = make(on_drop=drops.append)
    client.track("A", user_id="1", properties={"text": ""})
    client.flush()
    frame = sink.requests[0].raw.index(b'],"sentAt"') - len(b'{"batch":[')
    largest = "x" * (32 * 1024 - frame)
    assert client.track("A", user_id="1", properties={"text": largest}) is True
    assert client.track("A", user_id="1", properties={"text": largest + "x"}) is False
    assert client.flush()
    assert len(sink.messages) == 2
    [drop] = drops
    assert (drop.reason, len(drop.payload)) == (DropReason.TOO_LARGE, 32 * 1024 + 1)
    assert drop.detail == "track(): 32769 bytes, above 32 KiB"


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value, "text": '[[["'}
    return value


@pytest.mark.parametrize("by_hook", [True, False])
def test_a_message_that_is_nested_more_than_a_hundred_levels_deep_is_refused(
    by_hook: bool, make: Make, sink: Sink
) -> None:
    drops: list[Drop] = []
    deep = {"A": nested(99), "B": nested(101)}
    client = make(
        on_drop=drops.append,
        before_send=(lambda message: {**message, "properties": deep[message["event"]]}) if by_hook else None,
    )
    results = [client.track(name, user_id="1", properties=None if by_hook else deep[name]) for name in "AB"]
    assert client.flush()
    assert (results, sink.events) == ([True, False], ["A"])
    assert [(drop.reason, drop.detail) for drop in drops] == [
        (DropReason.INVALID, "track(): a value is nested too deeply")
    ]


def test_brackets_in_texts_and_beside_each_other_are_no_levels(make: Make) -> None:
    text = ['"' + "[{" * 200 + '\\"', "\\"]
    properties = {"texts": text * 9, "lists": [[each] for each in range(300)], '[{"\\': 1}
    assert make().track("A", user_id="1", properties=properties) is True


def test_only_the_message_that_makes_the_collector_refuse_a_request_is_lost(make: Make, sink: Sink) -> None:
    refused = Answer(400, {"success": False, "code": "invalid_json", "message": "too deep"})
    sink.answers.extend([refused, Answer(), refused, refused, refused])
    drops: list[Drop] = []
    client = make(on_drop=drops.append)
    for name in "ABCDEFGH":
        client.track(name, user_id="1")
    assert client.flush()
    assert ["".join(message["event"] for message in each.batch) for each in sink.requests] == [
        "ABCDEFGH",
        "ABCD",
        "EFGH",
        "EF",
        "E",
        "F",
        "GH",
    ]
    assert [(drop.reason, drop.code, drop.message["event"]) for drop in drops] == [
        (DropReason.REQUEST_REFUSED, "invalid_json", "E")
    ]
    assert (client.stats().sent, client.stats().dropped) == (7, {"request_refused": 1})


def test_a_full_queue_drops_the_newest_and_counts_and_reports_them(make: Make, sink: Sink) -> None:
    drops: list[Drop] = []
    client = make(max_queue=5, on_drop=drops.append)
    sink.answers.append(Answer(hangs=True))
    client.track("first", user_id="1")
    client.flush(0)
    assert sink.arrived.acquire(timeout=30)
    taken = [client.track(f"E{number}", user_id="1") for number in range(8)]
    assert taken == [True] * 5 + [False] * 3
    assert [(drop.reason, drop.message["event"]) for drop in drops] == [
        (DropReason.QUEUE_FULL, f"E{number}") for number in (5, 6, 7)
    ]
    assert client.stats().dropped == {"queue_full": 3}
    sink.released.set()
    report = client.close()
    assert sink.events == ["first", "E0", "E1", "E2", "E3", "E4"]
    assert (report.sent, report.spooled, report.lost) == (6, 0, 3)


def test_the_queue_is_bounded_in_bytes_too(make: Make) -> None:
    client = make(flush_at=50_000)
    text = "x" * 32_000
    taken = sum(client.track("A", user_id="1", properties={"text": text}) for _ in range(2200))
    assert 64 * 2**20 // 32_768 <= taken <= 64 * 2**20 // 32_000
    assert client.stats().dropped == {"queue_full": 2200 - taken}
    client.close(0)


def test_what_was_sent_makes_room_again(make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waiting, "MAX_QUEUE_BYTES", 40_000)
    client = make(max_queue=2)
    for _ in range(5):
        assert client.track("A", user_id="1", properties={"text": "x" * 15_000})
        assert client.track("A", user_id="1", properties={"text": "x" * 15_000})
        assert client.flush()
    assert len(sink.messages) == 10


def test_each_kind_of_warning_is_logged_once_and_holds_nothing_of_the_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "waywiser")
    with Client("secret-key", transport=MemoryTransport()) as client:
        for _ in range(3):
            client.track("Secret Event", user_id="secret-id", properties={"secret-name": b"secret"})
            client.track("Secret Event", user_id="secret-id", properties={"secret-name": "secret" * 9999})
    assert len(caplog.messages) == 2
    assert "type bytes cannot be sent" in caplog.messages[0]
    assert "above 32 KiB" in caplog.messages[1]
    assert "ecret" not in caplog.text


def test_an_on_drop_that_raises_or_tracks_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    memory = MemoryTransport()

    def on_drop(drop: Drop) -> None:
        client.track("")
        raise RuntimeError("secret")

    client = Client("key-1", transport=memory, on_drop=on_drop)
    client.track("")
    client.track("A", user_id="1")
    report = client.close()
    assert (report.sent, report.lost) == (1, 2)
    assert "on_drop raised RuntimeError" in caplog.messages
    assert "secret" not in caplog.text


def test_a_disabled_client_takes_and_sends_nothing(make: Make, sink: Sink) -> None:
    client = make(enabled=False)
    assert client.track("A", user_id="1") is False
    assert client.track("") is False
    assert client.flush() is True
    report = client.close()
    assert (report.sent, report.spooled, report.lost) == (0, 0, 0)
    assert sink.requests == []


@pytest.mark.parametrize("timeout", ["5", None, float("nan"), object()])
def test_a_wrong_timeout_is_replaced_and_logged(timeout: Any, caplog: pytest.LogCaptureFixture) -> None:
    client = Client("key-1", transport=MemoryTransport())
    client.track("A", user_id="1")
    assert client.flush(timeout) is True
    assert client.close(timeout).sent == 1
    assert caplog.messages == ["timeout must be a number of seconds; 5.0 are used"]


@pytest.mark.parametrize("timeout", [-1, 0, float("-inf")])
def test_a_timeout_of_nothing_waits_for_nothing(timeout: float, make: Make, sink: Sink) -> None:
    client = make()
    client.track("A", user_id="1")
    assert client.close(timeout).lost + client.stats().sent == 1
