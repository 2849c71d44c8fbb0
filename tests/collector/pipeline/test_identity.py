"""Whose event it is, and what it proves."""

from __future__ import annotations

from typing import Any

import pytest

from store.event import event_id, identity_hash
from store.identities import Identity
from tests.collector.conftest import NOW
from tests.collector.pipeline.conftest import MESSAGE, Pipeline

USER, ANONYMOUS = ("user", "u1"), ("anonymous", "a1")
JUNK = [
    "null",
    "undefined",
    "Anonymous",
    "GUEST",
    "0",
    "none",
    "NaN",
    "unknown",
    " ",
    "[object Object]",
    "true",
    "-1",
]


@pytest.mark.parametrize(
    ("ids", "identity", "kept"),
    [
        ({"userId": "u1", "anonymousId": "a1"}, USER, ("u1", "a1")),
        ({"userId": "u1", "anonymousId": None}, USER, ("u1", "")),
        ({"anonymousId": "a1"}, ANONYMOUS, ("", "a1")),
        ({"userId": " u1 ", "anonymousId": None}, USER, ("u1", "")),
        ({"userId": "u\x001", "anonymousId": None}, USER, ("u1", "")),
        *(({"userId": junk, "anonymousId": "a1"}, ANONYMOUS, ("", "a1")) for junk in JUNK),
        *(({"userId": "u1", "anonymousId": junk}, USER, ("u1", "")) for junk in JUNK),
    ],
)
def test_a_user_id_counts_before_an_anonymous_one_and_junk_counts_as_none(
    pipeline: Pipeline, ids: dict[str, Any], identity: tuple[str, str], kept: tuple[str, str]
) -> None:
    event = pipeline.event(ids)
    assert event.identity == identity_hash(*identity)
    assert (event.user_id, event.anonymous_id) == kept


@pytest.mark.parametrize("junk", JUNK)
def test_an_event_of_nobody_is_dropped(pipeline: Pipeline, junk: str) -> None:
    assert pipeline.drop({"userId": junk, "anonymousId": junk}).code == "missing_identity"


def alias(**ids: str) -> dict[str, Any]:
    return {"type": "alias", "anonymousId": None, **ids}


@pytest.mark.parametrize(
    ("message", "links"),
    [
        ({"type": "identify", "userId": "u1"}, [(USER, ANONYMOUS, "identify")]),
        ({"userId": "u1"}, [(USER, ANONYMOUS, "both_ids")]),
        ({"type": "identify", "userId": "u1", "anonymousId": None}, []),
        ({}, []),
        ({"userId": "guest"}, []),
        (
            alias(userId="u1", previousId="p"),
            [(USER, ("anonymous", "p"), "alias"), (USER, ("user", "p"), "alias")],
        ),
        (alias(userId="u1", previousId="u1"), [(USER, ("anonymous", "u1"), "alias")]),
        (alias(userId="u1", previousId="null"), []),
        (alias(userId="u1", anonymousId="a1"), [(USER, ANONYMOUS, "both_ids")]),
    ],
)
def test_ids_that_come_together_become_links(
    pipeline: Pipeline, message: dict[str, Any], links: list[tuple[tuple[str, str], tuple[str, str], str]]
) -> None:
    found = pipeline.outcome(MESSAGE | message).links
    assert [(link.a, link.b, link.rule) for link in found] == [
        (Identity(*a), Identity(*b), rule) for a, b, rule in links
    ]
    assert {(link.evidence, link.at) for link in found} <= {(event_id("m1").hex(), NOW)}
