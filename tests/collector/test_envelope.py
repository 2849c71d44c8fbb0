"""Client addresses: which one counts, and how it is cut."""

from __future__ import annotations

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from collector.envelope import client_ip, truncated


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
