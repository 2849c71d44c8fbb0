"""Batches that go to disk as they came: the same must be kept as on the whole way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decoding import decoded_events
from collector.envelope import hide_addresses
from collector.limits import BATCH_EVENTS
from collector.usual import usual
from collector.wire import IDS, judged
from tests.collector.conftest import Site

TIME = "2025-10-09T08:00:00.123Z"
MESSAGE = {"type": "track", "event": "Signed Up", "messageId": "m1", "anonymousId": "a1", "timestamp": TIME}
CONTEXT = {
    "library": {"name": "waywiser-js", "version": "1.0"},
    "page": {"url": "https://shop.example/a", "path": "/a", "title": "A", "referrer": ""},
    "ip": "81.2.69.142",
    "screen": {"width": 1, "height": 2},
    "sequence": 7,
}


def raw(*messages: Any, **fields: Any) -> bytes:
    return msgspec.json.encode({"batch": list(messages), **fields})


def slowly(body: bytes) -> tuple[list[Any], int]:
    """What the whole way keeps of a body, and how many events it rejects."""
    content, sizes, _ = decoded_events(body, "batch")
    verdicts = judged("batch", content, len(body), sizes)
    hide_addresses(verdicts.accepted)
    return verdicts.accepted, len(verdicts.rejected)


def agree(body: bytes) -> bool:
    """Whether a body is usual; then it is kept as on the whole way. Ids that are null are absent ones."""
    batch = usual(body)
    if batch is not None:
        kept = [msgspec.json.decode(one) for one in batch.messages]
        assert ([present(one) for one in kept], 0) == slowly(body)
    return batch is not None


def present(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if value is not None or name not in IDS}


NAMES = st.sampled_from(
    ["plan", "amount", "ip", "clientIp", "remote_addr", "X-Forwarded-For", "items", "type"]
)
TEXTS = st.sampled_from(["", " ", "x", "81.2.69.142", "2001:db8::1", "1.2.3.4 {", 'a"b', "é", "userId"])
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False))
VALUES = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=2) | st.dictionaries(NAMES, one, max_size=2), max_leaves=4
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=3)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "ip": TEXTS,
        "library": st.fixed_dictionaries({"name": TEXTS}, optional={"version": TEXTS, "ip": TEXTS}),
        "page": st.dictionaries(st.sampled_from(["url", "path", "title", "ip"]), TEXTS),
        "screen": OBJECTS,
        "sequence": st.integers(-5, 5),
        "traits": OBJECTS,
        "other": VALUES,
    },
)
MESSAGES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "page", "screen", "identify", "alias", "group", "", "other"]),
        "messageId": st.sampled_from(["m1", "m2", "", " "]),
    },
    optional={
        "anonymousId": st.one_of(TEXTS, st.integers(0, 3)),
        "userId": st.none() | TEXTS,
        "event": TEXTS,
        "name": TEXTS,
        "groupId": TEXTS,
        "previousId": TEXTS,
        "timestamp": st.sampled_from(
            [TIME, "2025-10-09", "2025-10-09T08:00:00", "2025-10-09 08:00Z", "x", 5]
        ),
        "originalTimestamp": st.sampled_from([TIME, "", "soon"]),
        "context": CONTEXTS | VALUES,
        "properties": OBJECTS | VALUES,
        "traits": OBJECTS,
        "integrations": OBJECTS,
        "writeKey": TEXTS,
    },
)


@given(
    st.lists(MESSAGES, min_size=1, max_size=3), st.dictionaries(st.sampled_from(["sentAt", "context"]), TEXTS)
)
def test_what_is_usual_is_kept_as_on_the_whole_way(messages: list[Any], fields: dict[str, Any]) -> None:
    agree(raw(*messages, **fields))


@given(CONTEXTS, OBJECTS)
def test_no_address_is_overlooked_in_sound_messages(
    context: dict[str, Any], properties: dict[str, Any]
) -> None:
    agree(raw(MESSAGE | {"context": context, "properties": properties}))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"context": CONTEXT},
        {"context": CONTEXT | {"ip": "2001:db8::1:2"}},
        {"properties": {"plan": "pro", "items": [{"sku": "a", "price": 1.5}], "paid": True, "none": None}},
        {"type": "identify", "traits": {"email": "a@b.example", "company": {"city": "Ulm"}}, "userId": "u"},
        {"type": "alias", "previousId": "p", "userId": "u"},
        {"type": "group", "groupId": "g"},
        {"integrations": {}, "_metadata": {"nodeVersion": "20.1.0"}, "channel": "server"},
        {"userId": None, "context": {"userAgentData": {"brands": [{"brand": "A", "version": "1"}]}}},
    ],
)
def test_what_client_libraries_write_is_usual(changes: dict[str, Any]) -> None:
    assert agree(raw(MESSAGE | changes, MESSAGE | {"messageId": "m2"}, sentAt=TIME, writeKey="k"))


@pytest.mark.parametrize(
    "changes",
    [
        {"properties": {"ip": "81.2.69.142"}},
        {"properties": {"visitor": {"ip": "81.2.69.142"}}},
        {"properties": {"visitors": [{"remoteAddr": "81.2.69.142"}]}},
        {"context": {"screen": {"ip": "81.2.69.142"}}},
        {"context": {"address": "81.2.69.142"}},
        {"traits": {"lastIp": "81.2.69.142"}},
        {"writeKey": "secret"},
        {"anonymousId": " "},
        {"anonymousId": 5},
        {"event": None},
        {"userId": None, "anonymousId": None},
        {"timestamp": "soon"},
        {"properties": {"deep": {"deeper": {"deepest": {}}}}},
        {"properties": {"quote": 'a "b"'}},
        {"nobody": "knows this"},
    ],
)
def test_whatever_needs_a_look_goes_the_whole_way(changes: dict[str, Any]) -> None:
    assert not agree(raw(MESSAGE, MESSAGE | changes))


@pytest.mark.parametrize(
    "fields",
    [
        b'"properties":{"ip":"81.2.69.142"},"properties":{}',
        b'"context":{"screen":{"ip":"1.2.3.4"}},"context":{}',
        b'"properties":{"a":{"ip":"1.2.3.4"},"a":1}',
        b'"context":{"ip" : "81.2.69.142"}',
        b'"context":{"ip":"81.2.69.142","ip":"198.51.100.9"}',
        b'"context":{"ip":"81.2.69.142","ip":"81.2.69.142"}',
        b'"context":{"ip":"81.2.69.142","ip":""}',
        b'"context":{"ip": "81.2.69.142","ip":"198.51.100.0"}',
        rb'"propert\u0069es":{}',
    ],
)
def test_a_message_that_may_hide_something_goes_the_whole_way(fields: bytes) -> None:
    start = b'{"batch":[{"type":"track","event":"x","messageId":"m","userId":"u",'
    assert usual(start + b'"properties":{"plan":"pro"}}]}') is not None
    assert usual(start + fields + b"}]}") is None


@pytest.mark.parametrize("body", [b'{"batch": []}', b'{"batch": 5}', b"{}", b"[", b"", b"\xff"])
def test_what_is_no_batch_goes_the_whole_way(body: bytes) -> None:
    assert usual(body) is None


HEALTH = {"stream": "s", "service": "billing", "enqueued": 7, "sent": 5, "dropped": {"queue_full": 2}}


@pytest.mark.parametrize("health", [HEALTH, {"stream": "s"}, {**HEALTH, "dropped": {}}, None])
def test_what_a_client_says_of_itself_leaves_its_batch_usual(health: Any) -> None:
    assert agree(raw(MESSAGE, MESSAGE | {"context": CONTEXT}, health=health))


@pytest.mark.parametrize("health", [5, [], {}, {"stream": "s", "sent": -1}, {**HEALTH, "more": {}}])
def test_what_a_client_cannot_mean_goes_the_whole_way(health: Any) -> None:
    assert not agree(raw(MESSAGE, health=health))


@pytest.mark.parametrize("health", [b'{"stream":"s"}', b'{"stream":"s","dropped":{}}'])
def test_a_report_hides_no_part_that_nobody_looked_at(health: bytes) -> None:
    twice = b'"properties":{"ip":"81.2.69.142"},"properties":{}'
    start = b'{"batch":[{"type":"track","event":"x","messageId":"m","userId":"u",'
    assert usual(start + twice + b'}],"health":' + health + b"}") is None
    assert usual(start + b'"properties":{}}],"health":' + health + b',"health":null}') is None


def test_a_batch_above_the_limits_goes_the_whole_way() -> None:
    assert not agree(raw(MESSAGE | {"properties": {"long": "x" * 40_000}}))
    assert usual(raw(*[MESSAGE] * (BATCH_EVENTS + 1))) is None


def test_addresses_stay_whole_where_they_need_not_be_cut() -> None:
    batch = usual(raw(MESSAGE | {"context": CONTEXT}), anonymize=False)
    assert batch
    assert b"81.2.69.142" in bytes(batch.messages[0])


def test_a_usual_batch_is_answered_and_kept_like_any_other(site: Site) -> None:
    messages = [MESSAGE | {"messageId": f"m{n}", "context": CONTEXT} for n in range(3)]
    answer = site.post("/v1/batch", {"batch": messages, "sentAt": TIME})
    assert answer.json == {"success": True, "accepted": 3, "rejected": []}
    [envelope] = site.envelopes()
    assert [one["messageId"] for one in envelope.messages] == ["m0", "m1", "m2"]
    assert {one["context"]["ip"] for one in envelope.messages} == {"81.2.69.0"}
    assert envelope.sent_at == 1_759_996_800_123
