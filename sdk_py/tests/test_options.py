"""Which settings a client accepts."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sink import Sink

from waywiser import Client


@pytest.mark.parametrize(
    ("settings", "kind", "words"),
    [
        ({"write_key": None}, TypeError, "write_key must be text, not NoneType"),
        ({"write_key": b"k"}, TypeError, "write_key must be text, not bytes"),
        ({"write_key": ""}, ValueError, "write_key is empty"),
        ({"write_key": "a:b"}, ValueError, "write_key must not contain"),
        ({"write_key": "a\nb"}, ValueError, "write_key must not contain"),
        ({"host": None}, TypeError, "host must be text, not NoneType"),
        ({"host": "collector.example.com"}, ValueError, "host must be an address such as"),
        ({"host": "ftp://example.com"}, ValueError, "host must be an address such as"),
        ({"host": "http://"}, ValueError, "host must be an address such as"),
        ({"host": "http://a b"}, ValueError, "host must be an address such as"),
        ({"host": "http://[::1"}, ValueError, "host must be an address such as"),
        ({"host": "http://a:99999"}, ValueError, "host must be an address such as"),
        ({"host": "http://a..b"}, ValueError, r"\(a..b cannot be a name\)"),
        ({"host": f"http://{'a' * 64}.com"}, ValueError, "cannot be a name"),
        ({"host": "http://h\0x"}, ValueError, "host must be an address such as"),
        ({"spool_dir": ""}, ValueError, "spool_dir is empty"),
        ({"spool_dir": "a\0b"}, ValueError, "spool_dir is empty or holds a zero byte"),
        ({"spool_dir": 5}, TypeError, "spool_dir must be a path, not int"),
        ({"host": "http://a?b=1"}, ValueError, "without user name, query or fragment"),
        ({"host": "http://u:p@a"}, ValueError, "without user name, query or fragment"),
        ({"flush_at": 0}, ValueError, "flush_at must be 1 or more, not 0"),
        ({"flush_at": "9"}, TypeError, "flush_at must be a whole number, not str"),
        ({"flush_at": True}, TypeError, "flush_at must be a whole number, not bool"),
        ({"max_queue": -1}, ValueError, "max_queue must be 1 or more, not -1"),
        ({"max_queue": 1.5}, TypeError, "max_queue must be a whole number, not float"),
        ({"flush_interval": 0}, ValueError, "flush_interval must be above 0"),
        ({"flush_interval": None}, TypeError, "flush_interval must be a number of seconds, not NoneType"),
        ({"timeout": float("nan")}, ValueError, "timeout must be above 0"),
        ({"timeout": 1e9}, ValueError, "timeout must be above 0 and at most 3600 seconds"),
        ({"enabled": "no"}, TypeError, "enabled must be True or False, not str"),
        ({"on_error": "x"}, TypeError, "on_error must be a function, not str"),
        ({"on_drop": 1}, TypeError, "on_drop must be a function, not int"),
        ({"transport": object()}, TypeError, "transport must have the methods"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence_that_names_it(
    settings: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        Client(**{"write_key": "secret-key", **settings})


@pytest.mark.parametrize(
    ("suffix", "path"),
    [("", "/v1/batch"), ("/", "/v1/batch"), ("/way", "/way/v1/batch"), ("/way/", "/way/v1/batch")],
)
def test_a_host_may_end_in_a_slash_or_a_path(suffix: str, path: str, sink: Sink) -> None:
    with Client("key-1", sink.url + suffix) as client:
        client.track("A", user_id="1")
    assert {request.path for request in sink.requests} == {path}


@pytest.mark.parametrize("host", ["https://xn--mnchen-3ya.example.", "http://[::1]:80", "http://a_b"])
def test_names_and_addresses_of_all_kinds_are_hosts(host: str) -> None:
    Client("key-1", host).close()


def test_a_disabled_client_needs_no_key() -> None:
    assert Client("", enabled=False).track("A", user_id="1") is False


def test_a_client_starts_no_thread_before_the_first_message(sink: Sink) -> None:
    before = set(threading.enumerate())

    def names() -> list[str]:
        return [thread.name for thread in set(threading.enumerate()) - before]

    with Client("key-1", sink.url) as client:
        assert "waywiser-delivery" not in names()
        client.track("A", user_id="1")
        assert names().count("waywiser-delivery") == 1
        client.track("B", user_id="1")
        assert names().count("waywiser-delivery") == 1
    assert sink.events == ["A", "B"]
