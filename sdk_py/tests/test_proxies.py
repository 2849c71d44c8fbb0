"""What the README says of proxies: none is used."""

from __future__ import annotations

import socket

import pytest
from sink import Make, Sink


def test_the_variables_for_proxies_are_not_read(
    make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        client = make()
        client.track("A", user_id="1")
        assert client.flush(10)
        assert sink.events == ["A"]
        with pytest.raises(BlockingIOError):
            proxy.accept()
