"""What an envelope keeps of its request: the client's address, cut, and the hints of its browser."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from collector.envelope import (
    client_ip,
    hide_addresses,
    refused,
    sealed,
    truncated,
)
from store.inbox import Envelope
from store.projects import WriteKey
from store.settings import Settings


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("81.2.69.142", "81.2.69.0"),
        ("81.2.69.142:51234", "81.2.69.0"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3::"),
        ("[2001:db8:85a3::1]:443", "2001:db8:85a3::"),
        ("::ffff:81.2.69.142", "81.2.69.0"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        (" 10.1.2.3 ", "10.1.2.0"),
        ("", ""),
        ("unknown", ""),
        ("999.1.1.1", ""),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, kept: str) -> None:
    assert truncated(address) == kept
    assert truncated(kept) == kept


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (0, "9.9.9.9", "127.0.0.1"),
        (1, "9.9.9.9", "9.9.9.9"),
        (1, "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        (2, "6.6.6.6, 9.9.9.9, 10.0.0.1", "9.9.9.9"),
        (3, "9.9.9.9", "9.9.9.9"),
        (1, "", "127.0.0.1"),
    ],
)
def test_a_forwarded_address_counts_only_as_far_as_proxies_are_trusted(
    proxies: int, forwarded: str, client: str
) -> None:
    builder = EnvironBuilder(
        headers={"X-Forwarded-For": forwarded}, environ_base={"REMOTE_ADDR": "127.0.0.1"}
    )
    assert client_ip(Request(builder.get_environ()), proxies) == client


HINTS = {"Sec-CH-UA": '"Chromium";v="126"', "Sec-CH-UA-Mobile": "?0", "Sec-CH-UA-Platform": '"Linux"'}


@pytest.mark.parametrize(
    ("side", "headers", "kept"),
    [
        ("browser", HINTS, '"Chromium";v="126"\n?0\n"Linux"'),
        ("browser", {"Sec-CH-UA": "a"}, "a\n\n"),
        ("browser", {"Sec-CH-UA": "a" * 999, "Sec-CH-UA-Platform": "b" * 999}, f"{'a' * 256}\n\n{'b' * 32}"),
        ("browser", {"Sec-CH-UA-Platform": '"Linux"'}, ""),
        ("browser", {}, ""),
        ("server", HINTS, ""),
    ],
)
def test_the_hints_of_a_browser_are_kept_within_bounds(side: str, headers: dict[str, str], kept: str) -> None:
    request = Request(EnvironBuilder(headers=headers).get_environ())
    key = WriteKey(id=1, project_id=1, side=side, origins=())
    envelope = sealed(request, key, Settings(), messages=[], sent_at=None, now=1)
    assert envelope.hints == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"context": {"ip": "81.2.69.142"}}, {"context": {"ip": "81.2.69.0"}}),
        ({"context": {"ip": ["81.2.69.142"]}}, {"context": {"ip": ""}}),
        *(
            ({name: "81.2.69.142"}, {name: "81.2.69.0"})
            for name in (
                "ip",
                "IP",
                "Ip",
                "$ip",
                "ip_address",
                "ipAddress",
                "request_ip",
                "clientIp",
                "userip",
            )
        ),
        *(
            ({name: "81.2.69.142"}, {name: "81.2.69.0"})
            for name in (
                "remote_addr",
                "REMOTE_ADDR",
                "remoteAddress",
                "X-Forwarded-For",
                "x-real-ip",
                "ipv4",
            )
        ),
        ({"x" * 99 + "_ip": "81.2.69.142"}, {"x" * 99 + "_ip": "81.2.69.0"}),
        ({"properties": {"a": [{"ip": "81.2.69.142"}]}}, {"properties": {"a": [{"ip": "81.2.69.0"}]}}),
        ({"traits": {"ips": ["81.2.69.142", 5]}}, {"traits": {"ips": ["81.2.69.0", 5]}}),
        ({"ip": {"v4": "81.2.69.142"}}, {"ip": {"v4": "81.2.69.0"}}),
        ({"forwarded": "for=81.2.69.142, 10.1.2.3:80"}, {"forwarded": "for=81.2.69.0, 10.1.2.0:80"}),
        ({"ip": "2001:db8:85a3:8d3::7348"}, {"ip": "2001:db8:85a3::"}),
        ({"ip": "[2001:db8:85a3:8d3::7348]:443"}, {"ip": "[2001:db8:85a3::]:443"}),
        ({"ip": "::ffff:81.2.69.142"}, {"ip": "81.2.69.0"}),
        ({"ip": "10:00:00", "address": "Main St. 5"}, {"ip": "10:00:00", "address": "Main St. 5"}),
        ({"zip": "10115", "trip": "4.1", "ipo": True}, {"zip": "10115", "trip": "4.1", "ipo": True}),
        ({"version": "1.2.3.4", "n": 5, "e": {}}, {"version": "1.2.3.4", "n": 5, "e": {}}),
        ([{"ip": "81.2.69.142"}], [{"ip": "81.2.69.0"}]),
        ("text", "text"),
    ],
)
def test_an_address_that_a_message_names_is_cut_wherever_it_stands(given: Any, kept: Any) -> None:
    messages = [given]
    for _ in range(2):  # the second time the names are known
        hide_addresses(messages)
        assert messages == [kept]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ({"context": {"ip": "81.2.69.142"}}, {"context": {"ip": "81.2.69.0"}}),
        (
            {"context": {"ip": "81.2.69.142"}, "properties": {"ip": "81.2.69.142"}},
            {"context": {"ip": "81.2.69.0"}, "properties": {"ip": "81.2.69.0"}},
        ),
        (
            {"context": {"ip": "81.2.69.142", "IP": "81.2.69.142"}},
            {"context": {"ip": "81.2.69.0", "IP": "81.2.69.0"}},
        ),
        ({"context": {}, "traits": {"ip": "81.2.69.142"}}, {"context": {}, "traits": {"ip": "81.2.69.0"}}),
        (
            {"context": {"ip": "81.2.69.142", "n": {"client_ip": "81.2.69.142"}}},
            {"context": {"ip": "81.2.69.0", "n": {"client_ip": "81.2.69.0"}}},
        ),
    ],
)
def test_the_usual_address_does_not_shield_others(message: Any, kept: Any) -> None:
    hide_addresses(messages := [message])
    assert messages == [kept]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ('{"ip":"81.2.69.142"}', '{"ip":"81.2.69.0"}'),
        (["a 2001:db8:85a3:8d3::7348"], ["a 2001:db8:85a3::"]),
        ({"context": '{"ip":"81.2.69.142"}'}, {"context": '{"ip":"81.2.69.0"}'}),
        ({"traits": [["81.2.69.142"]], "event": "1.2.3.4"}, {"traits": [["81.2.69.0"]], "event": "1.2.3.4"}),
        ({"context": {"a": "1.2.3.4"}}, {"context": {"a": "1.2.3.4"}}),
        (None, None),
    ],
)
def test_what_stands_in_place_of_an_object_is_kept_without_addresses(message: Any, kept: Any) -> None:
    envelope = Envelope(project=1, received_at=1, side="browser", messages=[])
    drop = refused(envelope, message, place="door", code="bad_type", field="", reason="no object")
    assert drop.original["message"] == kept


@pytest.mark.parametrize("text", ["1.1.1.", "::", "a:", "1", "1.", ":1", "ip", "ffff:", "1.1.1.1:"])
def test_hostile_addresses_pass_in_steps_that_grow_with_their_length(text: str) -> None:
    hostile = text * (1_000_000 // len(text))
    hide_addresses([{"ip": hostile, hostile: hostile}])
