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
        ({"type": "group"}, "missing_group", "groupId"),
        ({"type": "alias"}, "missing_previous", "previousId"),
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


@pytest.mark.parametrize("ids", [{"userId": "u", "previousId": "p"}, {"userId": "u", "anonymousId": "a"}])
def test_an_alias_joins_two_ids(ids: dict[str, str]) -> None:
    assert verdict({"type": "alias", **ids})["type"] == "alias"
