"""What browser libraries ask for before and besides the events."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from store.projects import create_write_key
from store.settings import Settings
from tests.collector.conftest import NOW, Site

EVENT = {"type": "track", "event": "x", "userId": "u"}
PAGE = {"Origin": "https://shop.example"}


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}


@pytest.mark.parametrize(
    ("settings", "headers", "protocol", "host"),
    [
        ({}, {"Host": "w.shop.example"}, "http", "w.shop.example/v1"),
        ({}, {"Host": "localhost:8000", "X-Forwarded-Proto": "https"}, "http", "localhost:8000/v1"),
        (
            {"trusted_proxies": 1},
            {"Host": "w.shop.example", "X-Forwarded-Proto": "https"},
            "https",
            "w.shop.example/v1",
        ),
        ({"public_url": "https://w.example/in/"}, {"Host": "10.0.0.1:8000"}, "https", "w.example/in/v1"),
    ],
)
def test_the_settings_of_analytics_js_send_it_to_where_it_found_us(
    open_site: Any, settings: dict[str, Any], headers: dict[str, str], protocol: str, host: str
) -> None:
    site: Site = open_site(Settings(**settings))
    answer = site.app.test_client().get(
        f"/v1/projects/{site.browser_key}/settings", headers={**PAGE, **headers}
    )
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert answer.json["integrations"] == {
        "Segment.io": {"apiKey": site.browser_key, "apiHost": host, "protocol": protocol}
    }
    assert answer.json["metrics"] == {"sampleRate": 0, "host": host, "protocol": protocol}


@pytest.mark.parametrize("key", ["wb_wrong", "%00", "%FF", "x" * 5_000])
def test_there_are_no_settings_for_an_unknown_key(site: Site, key: str) -> None:
    answer = site.app.test_client().get(f"/v1/projects/{key}/settings", headers=PAGE)
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_key")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]


@pytest.mark.parametrize("path", ["/sourceConfig", "/sourceConfig/"])
@pytest.mark.parametrize("place", ["basic", "query"])
def test_the_rudder_library_finds_an_enabled_source(site: Site, path: str, place: str) -> None:
    options: Any = (
        {"headers": basic(site.browser_key) | PAGE}
        if place == "basic"
        else {"headers": PAGE, "query_string": {"p": "npm", "writeKey": site.browser_key}}
    )
    answer = site.app.test_client().get(path, **options)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    source = answer.json["source"]
    assert (source["enabled"], source["destinations"], source["writeKey"]) == (True, [], site.browser_key)
    assert source["id"]
    assert isinstance(source["config"], dict)


def test_the_rudder_library_with_an_unknown_key_is_told_so(site: Site) -> None:
    answer = site.app.test_client().get("/sourceConfig/", headers=basic("wb_wrong"))
    assert (answer.status_code, answer.json["code"]) == (401, "unknown_key")


def test_settings_open_without_an_origin_as_pages_of_our_own_site_send_none(site: Site) -> None:
    key = create_write_key(
        site.engine, site.project, side="browser", origins=("https://shop.example",), now=NOW
    )
    assert site.app.test_client().get(f"/v1/projects/{key}/settings").status_code == 200
    assert site.app.test_client().get("/sourceConfig/", headers=basic(key)).status_code == 200


@pytest.mark.parametrize("path", ["/beacon/v1/batch", "/beacon/v1/batch/"])
def test_a_beacon_of_the_rudder_library_is_a_batch(site: Site, path: str) -> None:
    answer = site.app.test_client().post(
        path,
        query_string={"writeKey": site.browser_key},
        data=json.dumps({"batch": [EVENT, {}]}),
        content_type="text/plain",
        headers=PAGE,
    )
    assert (answer.status_code, answer.json["accepted"], len(answer.json["rejected"])) == (200, 1, 1)
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert site.envelopes()[0].side == "browser"
