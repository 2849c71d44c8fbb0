"""The verdict on each message: what is tidied, what is refused, what is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from collector.wire import judged

TRACK = {"type": "track", "event": "x", "userId": "u", "messageId": "m"}


def verdict(message: Any, kind: str = "batch") -> Any:
    body = {"batch": [message]} if kind == "batch" else message
    verdicts = judged(kind, body, 100)
    assert len(verdicts.accepted) + len(verdicts.rejected) == 1
    return verdicts.accepted[0] if verdicts.accepted else verdicts.rejected[0][0]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"type": "delete"}, "bad_type", "type"),
        ({"type": None}, "bad_type", "type"),
        ({"type": []}, "bad_type", "type"),
        ({"userId": None}, "missing_identity", "anonymousId"),
        ({"userId": ""}, "missing_identity", "anonymousId"),
        ({"userId": " \t"}, "missing_identity", "anonymousId"),
        ({"userId": True}, "bad_type", "userId"),
        ({"userId": {"id": 1}}, "bad_type", "userId"),
        ({"anonymousId": [1]}, "bad_type", "anonymousId"),
        ({"event": None}, "missing_event", "event"),
        ({"event": ""}, "missing_event", "event"),
        ({"event": ["x"]}, "bad_type", "event"),
        ({"properties": "text"}, "bad_type", "properties"),
        ({"traits": [1]}, "bad_type", "traits"),
        ({"context": 1}, "bad_type", "context"),
        ({"timestamp": "yesterday"}, "bad_timestamp", "timestamp"),
        ({"timestamp": True}, "bad_timestamp", "timestamp"),
        ({"timestamp": {}}, "bad_timestamp", "timestamp"),
        ({"originalTimestamp": "x"}, "bad_timestamp", "originalTimestamp"),
        ({"timestamp": "x", "originalTimestamp": 1}, "bad_timestamp", "timestamp"),
        ({"type": "group"}, "missing_group", "groupId"),
        ({"type": "alias"}, "missing_previous", "previousId"),
        ({"type": "page", "name": ["x"]}, "bad_type", "name"),
        ({"type": "group", "groupId": {}}, "bad_type", "groupId"),
        ({"type": "alias", "previousId": []}, "bad_type", "previousId"),
    ],
)
def test_a_bad_event_is_rejected_with_code_and_field(changes: dict[str, Any], code: str, field: str) -> None:
    rejection = verdict({**TRACK, **changes})
    assert (rejection.code, rejection.field, rejection.message_id) == (code, field, "m")
    assert rejection.message


@pytest.mark.parametrize("message", [None, 1, "text", [], True])
def test_what_is_no_object_is_rejected(message: Any) -> None:
    assert verdict(message).code == "bad_type"


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("userId", 42, "42"),
        ("userId", 42.0, "42"),
        ("userId", 4.5, "4.5"),
        ("anonymousId", 0, "0"),
        ("messageId", 7, "7"),
        ("event", 404, "404"),
        ("anonymousId", None, None),
        ("anonymousId", "", None),
        ("properties", None, None),
        ("traits", None, None),
        ("context", None, None),
        ("timestamp", None, None),
        ("timestamp", "", None),
        ("timestamp", " \t ", None),
        ("originalTimestamp", "   ", None),
        # What PHP makes of an empty object.
        ("properties", [], None),
        ("traits", [], None),
        ("context", [], None),
        ("context", "", None),
    ],
)
def test_numbers_as_ids_become_text_and_null_means_absent(name: str, given: Any, kept: Any) -> None:
    assert verdict({**TRACK, name: given}).get(name) == kept


def test_a_message_id_is_made_where_none_came_and_kept_where_one_did() -> None:
    made = {verdict({**TRACK, "messageId": None})["messageId"] for _ in range(3)}
    assert len(made) == 3
    assert verdict(dict(TRACK))["messageId"] == "m"


def test_the_endpoint_says_the_type() -> None:
    assert verdict({"type": "page", "event": "x", "userId": "u"}, kind="track")["type"] == "track"


def test_unknown_fields_are_kept() -> None:
    assert verdict({**TRACK, "colour": "red", "list": [1]}).items() >= {"colour": "red", "list": [1]}.items()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "page", "anonymousId": "a"},
        {"type": "page", "anonymousId": "a", "name": None, "category": None, "properties": {}},
        {"type": "screen", "userId": 7},
        {"type": "identify", "userId": "u"},
        {"type": "identify", "anonymousId": "a", "traits": {}},
        {"type": "identify", "userId": "u", "event": ["no meaning here"], "name": True},
        {**TRACK, "name": {"no": "meaning"}, "groupId": [1], "previousId": False},
        {**TRACK, "traits": {"plan": "pro"}, "context": {"traits": {"email": "a@b.example"}}},
        {**TRACK, "integrations": True},
        {**TRACK, "integrations": ["All"]},
        {**TRACK, "context": None, "properties": None},
        {**TRACK, "timestamp": "Thu, 09 Oct 2025 08:53:20 GMT"},
        {**TRACK, "timestamp": "2025-10-09T08:53:20Z", "originalTimestamp": "long ago"},
        {**TRACK, "timestamp": None, "originalTimestamp": "2025-10-09T08:53:20.123Z", "sentAt": "soon"},
        {"type": "group", "anonymousId": "a", "groupId": 5},
        {"type": "alias", "userId": "u", "previousId": 42},
        {
            **TRACK,
            "channel": "web",
            "rudderId": "r",
            "userId": "",
            "anonymousId": "a",
            "originalTimestamp": "2025-10-09T08:53:20.123Z",
            "context": {"traits": {}, "app": {"name": "x"}, "os": {"name": "", "version": ""}},
        },
    ],
)
def test_no_event_that_segment_or_rudder_would_take_is_rejected(event: dict[str, Any]) -> None:
    assert verdict(event)["type"] == event["type"]


@pytest.mark.parametrize(
    ("sizes", "shared", "rejected"),
    [
        (None, {}, [1]),
        ([50, 40_000, 50], {}, [1]),
        ([50, 50, 50], {}, []),  # what is surely small is not measured
        ([40_000, 40_000, 40_000], {}, [1]),  # blanks do not count
        ([50, 40_000], {}, [1]),  # sizes of something else say nothing
        ([50, 20_000, 50], {"x": "y" * 20_000}, [1]),
        (None, {"x": "y" * 32_700}, [0, 1, 2]),
    ],
)
def test_an_event_is_too_large_with_what_its_batch_says_of_all(
    sizes: list[int] | None, shared: dict[str, Any], rejected: list[int]
) -> None:
    large = {**TRACK, "properties": {"x": "y" * (13_000 if shared else 33_000)}}
    body = {"batch": [dict(TRACK), large, dict(TRACK)], "context": shared}
    verdicts = judged("batch", body, 100_000, sizes)
    assert [(one.index, one.code) for one, _ in verdicts.rejected] == [(i, "too_large") for i in rejected]


@pytest.mark.parametrize("ids", [{"userId": "u", "previousId": "p"}, {"userId": "u", "anonymousId": "a"}])
def test_an_alias_joins_two_ids(ids: dict[str, str]) -> None:
    assert verdict({"type": "alias", **ids})["type"] == "alias"
