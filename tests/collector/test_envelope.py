"""What an envelope keeps of its request: the client's address, cut, and the hints of its browser."""

from __future__ import annotations

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from collector.envelope import client_ip, sealed, truncated
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
