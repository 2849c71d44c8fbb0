"""Unmodified server-side libraries of others with our host: every call arrives once, as it was made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clients.captures import assert_kept, request_of
from tests.clients.relay import FAULTS
from tests.clients.sending import (
    CONTEXT,
    MANY,
    SERVER_CLIENTS,
    Sent,
    let_send,
    milliseconds,
    order,
    prepared,
    served,
    stored,
)
from tests.installation import Installation

pytestmark = pytest.mark.slow

# What each kind of call is stored as: type, event, whether it names the device, whose it is, group.
CALLS = [
    ("page", "", "device", "", ""),
    ("screen", "Home", "device", "", ""),
    ("identify", "", "device", "ann", ""),
    ("track", "Signed Up", "", "ann", ""),
    ("group", "", "", "ann", "acme"),
    ("track", "Quote Asked", "", "old", ""),
    ("alias", "", "", "ann", ""),
]
NAMES = {
    "segment_python": "analytics-python/2.4.0",
    "rudder_python": "analytics-python/2.1.9",  # it gives itself the name of the library it descends from
    "segment_node": "@segment/analytics-node/3.1.0",
}

Sents = dict[tuple[str, str], Sent]


@pytest.fixture(scope="module")
def sents(clients_place: Installation) -> Iterator[Sents]:
    """What every client sent in front of every fault, and what became of it."""
    found: Sents = {}
    with served(clients_place):
        for client in SERVER_CLIENTS:
            with prepared(clients_place, client) as sents:
                orders = [to_do(one, clients_place.made["server_key"]) for one in sents]
                for sent, failures in zip(sents, let_send(client, orders), strict=True):
                    sent.failures = failures
                    found[client, sent.relay.fault] = sent
    for row in stored(clients_place):
        client, _, fault = (row["user_id"] or row["anonymous_id"]).rpartition("-")[0].partition(".")
        if (client, fault) in found:
            found[client, fault].rows.append(row)
    return found


def to_do(sent: Sent, key: str) -> dict[str, Any]:
    """The order of a case: captures shall be small."""
    if sent.relay.fault == "captured":
        return {**order(sent, key, 1), "context": {name: CONTEXT[name] for name in ("ip", "page", "app")}}
    return order(sent, "wrong" if sent.relay.fault == "unknown_key" else key)


@pytest.fixture(params=[(client, fault) for client in SERVER_CLIENTS for fault in FAULTS], ids="-".join)
def sent(request: pytest.FixtureRequest, sents: Sents) -> Sent:
    return sents[request.param]


def test_every_call_arrives_once(sent: Sent) -> None:
    assert sent.failures == []
    assert Counter(row["message_id"] for row in sent.rows) == Counter(sent.messages.keys())
    assert len(sent.rows) == len(CALLS) + MANY
    assert sorted(row["properties"]["n"] for row in sent.rows if row["event"] == "Item Seen") == [
        *range(MANY)
    ]


def test_the_fault_was_met_by_every_message(sent: Sent) -> None:
    times_sent = set(sent.relay.attempts.values())
    assert times_sent == {1} if sent.relay.fault == "passed" else min(times_sent) >= 2
    assert sent.relay.delivered == sent.relay.attempts.keys()


def test_identities_are_as_they_were_given(sent: Sent) -> None:
    def name(role: str) -> str:
        return f"{sent.who}-{role}" if role else ""

    found = [
        tuple(row[column] for column in ("type", "event", "anonymous_id", "user_id", "group_id"))
        for row in sent.rows
    ]
    assert found == [
        *((kind, event, name(device), name(user), group) for kind, event, device, user, group in CALLS),
        *[("track", "Item Seen", "", name("ann"), "")] * MANY,
    ]


def test_the_alias_and_the_identify_make_one_customer(sent: Sent) -> None:
    assert len({row["customer"] for row in sent.rows}) == 1


def test_times_are_kept_to_the_millisecond(sent: Sent) -> None:
    assert [row["timestamp"] for row in sent.rows[: len(CALLS)]] == [sent.at(n) for n in range(len(CALLS))]
    told = {id_: milliseconds(message["timestamp"]) for id_, message in sent.messages.items()}
    assert {row["message_id"]: row["timestamp"] for row in sent.rows} == told


def test_the_context_is_kept(sent: Sent) -> None:
    for row in sent.rows[: len(CALLS)]:
        found = {name: row[name] for name in CONTEXT_COLUMNS}
        assert found == CONTEXT_COLUMNS, row["type"]
    assert {row["library"] for row in sent.rows} == {NAMES[sent.who.partition(".")[0]]}
    assert {row["side"] for row in sent.rows} == {"server"}


CONTEXT_COLUMNS = {
    "ip": "203.0.113.0",
    "locale": "de-DE",
    "timezone": "Europe/Berlin",
    "path": "/docs/start",
    "title": "Start here",
    "referrer_host": "blog.example",
    "source": "news",
    "medium": "email",
    "campaign": "spring",
    "channel": "Email",
    "browser": "Firefox",
    "os": "Linux",
    "is_bot": False,
    "context": {"app": {"name": "Shop", "build": 7}},
}


def test_properties_and_traits_are_kept(sent: Sent) -> None:
    assert [(row["properties"], row["traits"]) for row in sent.rows[: len(CALLS)]] == [
        ({"category": "Docs", "name": "Start"}, {}),
        ({"name": "Home", "tab": "all"}, {}),
        ({}, {"name": "Änn", "plan": "pro"}),
        ({"price": 49.5, "tags": ["a", "b"]}, {}),
        ({}, {"size": 5}),
        ({}, {}),
        ({}, {}),
    ]


@pytest.mark.parametrize("client", SERVER_CLIENTS)
def test_a_client_with_an_unknown_key_says_so_and_does_not_ask_again(sents: Sents, client: str) -> None:
    sent = sents[client, "unknown_key"]
    assert {capture.status for capture in sent.relay.captures} == {401}
    assert set(sent.relay.attempts.values()) == {1}
    assert set(sent.failures) == {"[401] Unauthorized" if client == "segment_node" else "401 unknown_key"}
    assert sent.rows == []


@pytest.mark.parametrize("client", SERVER_CLIENTS)
def test_the_kept_capture_is_what_the_library_sends(sents: Sents, client: str, tmp_path: Path) -> None:
    sent = sents[client, "captured"]
    first, *rest = sent.relay.posts  # on a busy machine it does not wait until it has them all
    batch = [message for capture in (first, *rest) for message in capture.messages]
    whole = replace(first, raw=json.dumps({**first.body, "batch": batch}).encode())
    assert_kept(f"{client}_batch", request_of(whole, sent, side="server"), tmp_path)
