"""Whatever comes, the door answers with a verdict that adds up, and keeps what it accepts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.decoding import decoded
from collector.errors import Refusal
from collector.pipeline import Tools, run
from collector.wire import judged
from store.inbox import Envelope
from store.settings import Settings
from tests.collector.conftest import NOW

TEXT = st.text(st.characters(), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        *("type", "messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name"),
        *("properties", "traits", "context", "timestamp", "originalTimestamp", "sentAt", "integrations"),
    ]
)
TYPES = st.sampled_from(["track", "page", "screen", "identify", "alias", "group"])
PARTS = st.sampled_from(
    [
        *("page", "campaign", "userAgent", "ip", "locale", "timezone", "library", "sessionId"),
        *("sequence", "channel", "clickIds"),
    ]
)
PAGES = st.dictionaries(
    st.sampled_from(["url", "path", "title", "referrer", "search"]),
    VALUES | st.just("http://[x/?utm_source=a"),
)
CONTEXTS = st.dictionaries(PARTS, VALUES | PAGES, max_size=6)
MESSAGES = st.builds(
    lambda kind, fields, context: {"type": kind, "event": "x", "userId": "u", "context": context, **fields},
    TYPES,
    st.dictionaries(NAMES, VALUES, max_size=4),
    CONTEXTS,
)
TOOLS = Tools.opened(Settings())


def door(kind: str, raw: bytes) -> Any:
    try:
        return judged(kind, decoded(raw), len(raw))
    except Refusal:
        return None


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_judged(raw: bytes) -> None:
    door("batch", raw)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MESSAGES | VALUES, max_size=4))
def test_any_events_are_accepted_or_rejected_and_what_is_accepted_never_fails_a_step(
    messages: list[Any],
) -> None:
    verdicts = door("batch", json.dumps({"batch": messages}).encode())
    if verdicts is None:
        return
    assert len(verdicts.accepted) + len(verdicts.rejected) == len(messages)
    envelope = Envelope(project=1, received_at=NOW, side="browser", messages=verdicts.accepted)
    outcome = run(envelope, TOOLS)
    assert len(outcome.events) + len(outcome.drops) == len(verdicts.accepted)
    assert [drop.message for drop in outcome.drops if drop.code == "step_failed"] == []
