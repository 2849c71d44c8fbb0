"""The pipeline as a whole: the first event, the order of steps, and messages that cannot be digested."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.pipeline import STEPS, run
from store.event import Event, event_id
from store.inbox import Envelope
from tests.collector.conftest import NOW
from tests.collector.pipeline.conftest import MESSAGE, Pipeline


def test_the_steps_run_in_the_order_of_the_design() -> None:
    names = [step.__name__ for step in STEPS]
    assert names == [
        "clock",
        "bots",
        "page",
        "source",
        "device",
        "place",
        "privacy",
        "identity",
        "erased",
        "session",
        "plan",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"type": "track", "event": "Signed Up", "message_id": "m1", "event_id": event_id("m1")}),
        ({"type": "page", "name": "Home"}, {"event": "", "properties": '{"name":"Home"}'}),
        ({"type": "screen", "name": "Home"}, {"event": "Home"}),
        ({"type": "identify", "traits": {"plan": "pro"}}, {"event": "", "traits": '{"plan":"pro"}'}),
        ({"context": {"traits": {"plan": "pro"}}}, {"traits": '{"plan":"pro"}', "context": "{}"}),
        ({"type": "group", "groupId": "g1"}, {"group_id": "g1"}),
        ({"properties": {"n": 2**70, "t": "漢"}}, {"properties": '{"n":1180591620717411303424,"t":"漢"}'}),
        ({"context": {"library": {"name": "js", "version": "1.2"}}}, {"library": "js/1.2"}),
        ({"context": {"library": {"name": "js"}}}, {"library": "js"}),
        ({"context": {"locale": "de-DE", "timezone": "UTC"}}, {"locale": "de-DE", "timezone": "UTC"}),
        ({"context": {"sequence": 7}}, {"sequence": 7}),
        ({"context": {"sequence": 7.0}}, {"sequence": 7}),
        ({"context": {"sequence": -1}}, {"sequence": 0}),
        ({"context": {"sequence": 2**64}}, {"sequence": 0}),
        ({"context": {"sequence": "7"}}, {"sequence": 0}),
        ({"context": {"sessionId": "s1"}}, {"session": "s1"}),
        ({"context": {"sessionId": 1760000000}}, {"session": "1760000000"}),
        ({"context": {"screen": {"width": 1}}}, {"context": '{"screen":{"width":1}}'}),
        ({"colour": "red", "integrations": {"All": True}}, {"context": '{"extra":{"colour":"red"}}'}),
        ({"context": {"campaign": {"id": "c7", "source": "a"}}}, {"context": '{"campaign":{"id":"c7"}}'}),
        ({"name": "N", "category": "C"}, {"context": '{"extra":{"name":"N","category":"C"}}'}),
        ({"previousId": "p", "groupId": "g"}, {"context": '{"extra":{"previousId":"p"}}', "group_id": "g"}),
        ({"type": "group", "groupId": "g"}, {"context": '{"extra":{"event":"Signed Up"}}'}),
        ({"type": "alias", "userId": "u", "previousId": "p", "event": None}, {"context": "{}"}),
        ({"type": "page", "name": "N", "category": "C", "event": None}, {"context": "{}"}),
        ({"category": None, "context": {"violations": ["made up"]}}, {"context": "{}"}),
        ({"properties": "text", "context": 5, "traits": None}, {"properties": "{}", "context": "{}"}),
    ],
)
def test_what_a_message_says_lands_in_its_column(
    pipeline: Pipeline, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    event = pipeline.event(changes)
    assert {name: getattr(event, name) for name in expected} == expected
    assert (event.project, event.received_at, event.side) == (1, NOW, "browser")


@pytest.mark.parametrize("message", [None, 5, "text", [], {}, {"type": "track"}, {"messageId": "m"}])
def test_what_is_no_message_is_dropped(pipeline: Pipeline, message: Any) -> None:
    (drop,) = pipeline.outcome(message).drops
    assert drop.code == "bad_message"
    assert drop.original["message"] == message


def test_a_drop_keeps_all_that_a_replay_needs(pipeline: Pipeline) -> None:
    drop = pipeline.drop({"timestamp": 1}, ip="81.2.69.0", user_agent="ua", hints="h", sent_at=NOW - 5)
    assert drop.original == {
        "message": MESSAGE | {"timestamp": 1},
        "received_at": NOW,
        "side": "browser",
        "history": False,
        "ip": "81.2.69.0",
        "user_agent": "ua",
        "hints": "h",
        "sent_at": NOW - 5,
    }
    json.dumps(drop.original)


class Breaking:
    """A step with a mistake: it fails so often before it lets the message called `bad` pass."""

    def __init__(self, failures: int) -> None:
        self.left = failures
        self.seen: list[str] = []

    def __call__(self, event: Event, context: Any) -> Event:
        self.seen.append(event.message_id)
        if event.message_id == "bad" and self.left:
            self.left -= 1
            raise ZeroDivisionError("our mistake")
        return event


def envelope_of(*names: str) -> Envelope:
    messages = [MESSAGE | {"messageId": name, "userId": "u1"} for name in names]
    return Envelope(project=1, received_at=NOW, side="browser", messages=messages)


def test_a_message_that_breaks_a_step_three_times_is_set_aside_and_stops_no_other(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    breaking = Breaking(failures=3)
    outcome = run(envelope_of("good", "bad", "fine"), pipeline.tools, [*STEPS, breaking])
    assert [event.message_id for event in outcome.events] == ["good", "fine"]
    assert breaking.seen == ["good", "bad", "bad", "bad", "fine"]
    assert {link.evidence for link in outcome.links} == {event_id(name).hex() for name in ("good", "fine")}
    (drop,) = outcome.drops
    assert (drop.code, drop.original["message"]["messageId"]) == ("step_failed", "bad")
    assert "ZeroDivisionError: our mistake" in drop.message
    assert caplog.text.count("Traceback") == 1


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_message_that_passes_at_last_is_counted_once(
    pipeline: Pipeline, failures: int, caplog: pytest.LogCaptureFixture
) -> None:
    envelope = envelope_of("good", "bad", "fine")
    outcome = run(envelope, pipeline.tools, [*STEPS, Breaking(failures)])
    assert outcome == run(envelope, pipeline.tools)
    assert (len(outcome.events), len(outcome.links), outcome.drops) == (3, 3, [])
    assert caplog.text == ""


def test_a_message_that_is_dropped_is_not_tried_again(pipeline: Pipeline) -> None:
    first = Breaking(failures=0)
    envelope = envelope_of("m1")
    envelope.messages[0]["timestamp"] = 1
    (drop,) = run(envelope, pipeline.tools, [first, *STEPS]).drops
    assert (drop.code, first.seen) == ("bad_timestamp", ["m1"])


def test_equal_envelopes_have_equal_outcomes(pipeline: Pipeline) -> None:
    message = MESSAGE | {"userId": "u1", "timestamp": NOW + 5, "context": {"userAgent": "curl/8"}}
    assert pipeline.outcome(message) == pipeline.outcome(json.loads(json.dumps(message)))
