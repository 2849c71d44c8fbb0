"""The pipeline as a whole: the first event, the order of steps, and messages that cannot be digested."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector import pipeline as pipeline_room
from collector.pipeline import STEPS, run
from store.event import Event, event_id
from store.inbox import Envelope
from tests.collector.conftest import NOW
from tests.collector.pipeline.conftest import MESSAGE, Pipeline


def test_the_steps_run_in_the_order_of_the_design() -> None:
    names = [step.__name__ for step in STEPS]
    assert names == ["clock", "bots", "page", "source", "device", "place", "privacy", "identity", "session"]


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
    drop = pipeline.drop({"timestamp": 1}, ip="81.2.69.0", user_agent="ua", sent_at=NOW - 5)
    assert drop.original == {
        "message": MESSAGE | {"timestamp": 1},
        "received_at": NOW,
        "side": "browser",
        "history": False,
        "ip": "81.2.69.0",
        "user_agent": "ua",
        "sent_at": NOW - 5,
    }
    json.dumps(drop.original)


def test_a_step_that_breaks_costs_its_own_event_only(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaking(event: Event, context: Any) -> Event:
        if event.message_id == "bad":
            raise ZeroDivisionError("our mistake")
        return event

    monkeypatch.setattr(pipeline_room, "STEPS", [*STEPS, breaking])
    messages = [MESSAGE | {"messageId": name} for name in ("good", "bad", "fine")]
    envelope = Envelope(project=1, received_at=NOW, side="browser", messages=messages)
    outcome = run(envelope, pipeline.tools)
    assert [event.message_id for event in outcome.events] == ["good", "fine"]
    (drop,) = outcome.drops
    assert drop.code == "step_failed"
    assert "ZeroDivisionError: our mistake" in drop.message
    assert "our mistake" in caplog.text


def test_equal_envelopes_have_equal_outcomes(pipeline: Pipeline) -> None:
    message = MESSAGE | {"userId": "u1", "timestamp": NOW + 5, "context": {"userAgent": "curl/8"}}
    assert pipeline.outcome(message) == pipeline.outcome(json.loads(json.dumps(message)))
