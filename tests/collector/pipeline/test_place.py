"""Where the customer was, with MaxMind's test databases."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.collector.pipeline.conftest import Pipeline

LONDON = ("GB", "England", "London")


@pytest.mark.parametrize(
    ("database", "message", "envelope", "answer"),
    [
        ("City", {}, {"ip": "81.2.69.142"}, LONDON),
        ("City", {"context": {"ip": "81.2.69.142"}}, {"ip": "9.9.9.9"}, LONDON),
        ("City", {"context": {"ip": "81.2.69.142"}}, {"side": "server"}, LONDON),
        ("City", {}, {"side": "server", "ip": "81.2.69.142"}, ("", "", "")),
        ("City", {"context": {"ip": "0.0.0.0"}}, {"ip": "81.2.69.142"}, ("", "", "")),
        ("City", {}, {"ip": "127.0.0.1"}, ("", "", "")),
        ("City", {"context": {"ip": "nonsense"}}, {}, ("", "", "")),
        ("Country", {}, {"ip": "81.2.69.142"}, ("GB", "", "")),
    ],
)
def test_an_address_becomes_a_place(
    with_settings: Callable[..., Pipeline],
    shared_data: Path,
    database: str,
    message: dict[str, Any],
    envelope: dict[str, Any],
    answer: tuple[str, str, str],
) -> None:
    path = shared_data / "geo" / f"GeoLite2-{database}-Test.mmdb"
    event = with_settings(geoip_db=str(path), anonymize_ip=False).event(message, **envelope)
    assert (event.country, event.region, event.city) == answer


def test_the_lookup_uses_the_address_as_it_is_kept(
    with_settings: Callable[..., Pipeline], shared_data: Path
) -> None:
    path = shared_data / "geo" / "GeoLite2-City-Test.mmdb"
    event = with_settings(geoip_db=str(path)).event({"context": {"ip": "67.43.156.77"}})
    assert (event.ip, event.country) == ("67.43.156.0", "BT")


def test_without_a_database_there_is_no_place_and_the_log_says_so_once(
    with_settings: Callable[..., Pipeline], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "waywiser.pipeline"):
        pipeline = with_settings()
        events = [pipeline.event(ip="81.2.69.0") for _ in range(3)]
    assert {(event.ip, event.country) for event in events} == {("81.2.69.0", "")}
    assert [one for one in caplog.messages if "GEOIP_DB is unset" in one] == [
        "WAYWISER_GEOIP_DB is unset: events have no country, region and city"
    ]


def test_an_address_in_a_message_is_cut_where_the_door_did_not_see_it(pipeline: Pipeline) -> None:
    event = pipeline.event({"context": {"ip": "81.2.69.142"}}, history=True, side="server")
    assert event.ip == "81.2.69.0"
    assert "81.2" not in event.context
