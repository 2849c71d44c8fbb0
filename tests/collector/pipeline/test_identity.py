"""Whose event it is, and what it proves."""

from __future__ import annotations

from typing import Any

import pytest

from store.event import event_id, identity_hash
from store.identity import Identity
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


def typed(*pairs: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    return {"context": {"externalIds": [{"type": type, "id": id, **more} for type, id in pairs]}}


MAIL = Identity("email", "ada@acme.example")


@pytest.mark.parametrize(
    ("message", "identifiers"),
    [
        (typed(("email", " Ada@Acme.example "), collection="users", encoding="none"), [MAIL]),
        (typed(("Email", "ada@acme.example")), [MAIL]),
        ({"context": {"externalId": [{"type": "email", "id": "ada@acme.example"}]}}, [MAIL]),
        (typed(("crm_id", 4711)), [Identity("crm_id", "4711")]),
        (typed(("phone", "+49 (170) 12-34 56")), [Identity("phone", "+49170123456")]),
        (typed(("phone", "0049 170 123456")), [Identity("phone", "+49170123456")]),
        (typed(("phone", "0170/123456")), [Identity("phone", "0170123456")]),
        (typed(("Loyalty Card", "x-1")), [Identity("loyalty_card", "x-1")]),
        (typed(("ios.idfa", "A1-B2")), [Identity("ios.idfa", "A1-B2")]),
        (typed(("email", "ada@acme.example"), ("crm_id", "7")), [MAIL, Identity("crm_id", "7")]),
        (
            typed(*(("device_id", f"d{n}") for n in range(30))),
            [Identity("device_id", f"d{n}") for n in range(20)],
        ),
        (typed(("user", "u2"), ("user_id", "u2"), ("anonymous", "a2"), ("anonymousId", "a2")), []),
        (typed(("operator", "x"), ("alias", "x"), ("Both_IDs", "x"), ("identify", "x")), []),
        (typed(("account", "a1"), collection="accounts"), []),
        (typed(("crm_id", "MTIz"), encoding="base64"), []),
        (typed(("crm_id", "null"), ("crm_id", ""), ("crm_id", None), ("crm_id", {"a": 1})), []),
        (typed(("", "x"), (None, "x"), (7, ""), ("$$", "x")), []),
        (typed(("crm_id", "x" * 257)), []),
        (typed(("ios.idfa", "00000000-0000-0000-0000-000000000000"), ("device_id", "000000000000000")), []),
        (typed(*(("email", one) for one in ("ada", "@acme.example", "ada@acme", "a b@acme.example"))), []),
        (
            typed(*(("email", one) for one in ("test@test.com", "user@example.com", "noreply@acme.example"))),
            [],
        ),
        (
            typed(
                *(("email", one) for one in ("No-Reply@acme.example", "a@a.com", "donotreply@acme.example"))
            ),
            [],
        ),
        (typed(*(("phone", one) for one in ("123", "+0000000000", "1234567890", "no phone"))), []),
        ({"context": {"externalIds": "ada"}}, []),
        ({"context": {"externalIds": {"email": "ada@acme.example"}}}, []),
        ({"context": {"externalIds": ["ada", None, 7]}}, []),
    ],
)
def test_typed_identifiers_become_links_of_their_type(
    pipeline: Pipeline, message: dict[str, Any], identifiers: list[Identity]
) -> None:
    links = pipeline.outcome(MESSAGE | message).links
    assert [(link.a, link.b, link.rule) for link in links] == [
        (Identity(*ANONYMOUS), one, one.kind) for one in identifiers
    ]


def test_typed_identifiers_link_to_the_user_where_there_is_one(pipeline: Pipeline) -> None:
    links = pipeline.outcome(MESSAGE | {"userId": "u1"} | typed(("email", "ada@acme.example"))).links
    assert [(link.a, link.b, link.rule) for link in links] == [
        (Identity(*USER), Identity(*ANONYMOUS), "both_ids"),
        (Identity(*USER), MAIL, "email"),
    ]


def test_identifiers_are_not_kept_on_the_event(pipeline: Pipeline) -> None:
    event = pipeline.event({"context": typed(("phone", "+49170123456"))["context"] | {"app": {"name": "x"}}})
    assert event.context == '{"app":{"name":"x"}}'
