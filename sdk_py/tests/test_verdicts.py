"""What the collector says about single messages of a batch."""

from __future__ import annotations

from typing import Any

import pytest
from sink import Answer, Make, Sink

from waywiser import Drop, DropReason


def verdict(index: Any, code: str = "missing_identity") -> dict[str, Any]:
    return {"index": index, "messageId": "m", "code": code, "field": "anonymousId", "message": "No identity."}


def test_rejected_messages_go_to_on_drop_with_the_reason_and_are_not_sent_again(
    make: Make, sink: Sink
) -> None:
    sink.answers.append(
        Answer(200, {"success": True, "accepted": 1, "rejected": [verdict(2), verdict(0, "bad_event")]})
    )
    drops: list[Drop] = []
    client = make(on_drop=drops.append)
    for name in ("A", "B", "C"):
        client.track(name, user_id="1")
    assert client.flush()
    assert [(drop.reason, drop.code, drop.field, drop.detail) for drop in drops] == [
        (DropReason.REJECTED, "bad_event", "anonymousId", "No identity."),
        (DropReason.REJECTED, "missing_identity", "anonymousId", "No identity."),
    ]
    assert [drop.message["event"] for drop in drops] == ["A", "C"]
    assert [drop.message_id for drop in drops] == [
        sink.messages[0]["messageId"],
        sink.messages[2]["messageId"],
    ]
    assert (client.stats().sent, client.stats().dropped) == (1, {"rejected": 2})
    assert client.close().lost == 2
    assert len(sink.messages) == 3


def test_a_batch_that_is_rejected_as_a_whole_gives_each_message_its_own_reason(
    make: Make, sink: Sink
) -> None:
    body = {
        "success": False,
        "code": "all_rejected",
        "message": "None.",
        "accepted": 0,
        "rejected": [verdict(0), verdict(1, "x")],
    }
    sink.answers.append(Answer(400, body))
    drops: list[Drop] = []
    client = make(on_drop=drops.append)
    for name in ("A", "B", "C"):
        client.track(name, user_id="1")
    assert client.flush()
    assert [(drop.reason, drop.code) for drop in drops] == [
        (DropReason.REJECTED, "missing_identity"),
        (DropReason.REJECTED, "x"),
        (DropReason.REJECTED, "all_rejected"),
    ]
    assert (client.stats().sent, len(sink.requests)) == (0, 1)


def test_a_collector_may_have_a_lot_to_say_of_a_large_batch(make: Make, sink: Sink) -> None:
    verdicts = [{**verdict(index), "messageId": "m" * 200} for index in range(4999)]
    sink.answers.append(Answer(200, {"success": True, "accepted": 1, "rejected": verdicts}))
    client = make(flush_at=10_000)
    for _ in range(5000):
        client.track("A", user_id="1")
    assert client.flush(20)
    assert (client.stats().sent, client.stats().dropped) == (1, {"rejected": 4999})
    assert len(sink.requests) == 1


@pytest.mark.parametrize(
    "rejected", [None, 5, [5], [verdict(7)], [verdict(-1)], [verdict(True)], [verdict("0")]]
)
def test_a_verdict_about_no_message_of_the_batch_is_passed_over(
    rejected: Any, make: Make, sink: Sink
) -> None:
    sink.answers.append(Answer(200, {"success": True, "rejected": rejected}))
    client = make()
    client.track("A", user_id="1")
    assert client.flush()
    assert (client.stats().sent, client.stats().dropped) == (1, {})
