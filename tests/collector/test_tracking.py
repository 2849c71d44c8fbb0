"""The tracking endpoints: every answer of the contract, and what is kept of each request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from collector.pipeline import Tools, run
from store.drops import recent_drops
from store.inbox import Inbox
from store.settings import Settings
from tests.collector.conftest import NOW, Site

TRACK = {"event": "Signed Up", "userId": "u1", "messageId": "m1"}
EVENT = {"type": "track", "event": "Signed Up", "userId": "u1"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("track", {"event": "Signed Up", "userId": "u1"}),
        ("page", {"anonymousId": "a1"}),
        ("screen", {"anonymousId": "a1", "name": "Home"}),
        ("identify", {"userId": "u1", "traits": {"plan": "pro"}}),
        ("alias", {"userId": "u1", "previousId": "a1"}),
        ("group", {"userId": "u1", "groupId": "g1"}),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_endpoint_keeps_its_event_with_and_without_a_slash_at_the_end(
    site: Site, kind: str, fields: dict[str, Any], slash: str
) -> None:
    answer = site.post(f"/v1/{kind}{slash}", fields)
    assert (answer.status_code, answer.json) == (200, {"success": True, "accepted": 1, "rejected": []})
    (envelope,) = site.envelopes()
    assert envelope.messages[0]["type"] == kind
    assert envelope.messages[0].items() >= fields.items()
    assert envelope.messages[0]["messageId"]


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/v1/import", "/v1/m", "/beacon/v1/batch"])
def test_what_only_takes_posts_says_so(site: Site, path: str, method: str) -> None:
    answer = site.app.test_client().open(path, method=method)
    assert (answer.status_code, answer.content_type) == (405, "application/json")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("path", "kind", "fields"),
    [
        ("t", "track", {"event": "x", "userId": "u"}),
        ("p", "page", {"anonymousId": "a"}),
        ("s", "screen", {"anonymousId": "a"}),
        ("i", "identify", {"userId": "u"}),
        ("a", "alias", {"userId": "u", "previousId": "p"}),
        ("g", "group", {"userId": "u", "groupId": "g"}),
        ("b", "track", {"batch": [EVENT]}),
    ],
)
def test_browser_libraries_call_an_endpoint_by_its_first_letter(
    site: Site, path: str, kind: str, fields: dict[str, Any]
) -> None:
    answer = site.post(f"/v1/{path}", fields)
    assert (answer.status_code, answer.json["accepted"]) == (200, 1)
    assert site.envelopes()[0].messages[0]["type"] == kind


@pytest.mark.parametrize(
    "body", [b'{"series":[{"type":"Counter","metric":"analytics_js.invoke"}]}', b"", b"{"]
)
def test_what_libraries_measure_of_themselves_is_accepted_without_a_key_and_not_kept(
    site: Site, body: bytes
) -> None:
    answer = site.app.test_client().post("/v1/m", data=body)
    assert (answer.status_code, answer.json) == (200, {"success": True})
    assert site.inbox.depth() == 0


def test_history_comes_through_the_import_with_its_times_as_they_are(site: Site) -> None:
    old = {**EVENT, "timestamp": "1999-12-31T23:59:59Z"}
    answer = site.post("/v1/import", {"batch": [old, EVENT, {}]}, headers={"User-Agent": "Googlebot/2.1"})
    assert (answer.status_code, answer.json["accepted"]) == (200, 2)
    (envelope,) = site.envelopes()
    assert envelope.history is True
    outcome = run(envelope, Tools.opened(site.settings))
    assert outcome.drops == []
    assert outcome.events[0].timestamp == -1000 + 946_684_800_000
    assert [(event.is_bot, event.marks) for event in outcome.events] == [(False, ())] * 2
    drop = json.loads(recent_drops(site.engine, site.project)[0]["original"])
    assert drop["history"] is True


def test_a_browser_key_imports_no_history(site: Site) -> None:
    answer = site.post("/v1/import", {"batch": [EVENT]}, key=site.browser_key)
    assert (answer.status_code, answer.json["code"]) == (403, "server_key_needed")
    assert "server key" in answer.json["message"]
    assert site.envelopes() == []


def test_the_envelope_tells_what_the_request_said(site: Site) -> None:
    headers = {"User-Agent": "client/1"}
    site.post("/v1/batch", {"batch": [EVENT], "sentAt": NOW - 500}, headers=headers)
    (envelope,) = site.envelopes()
    assert (envelope.project, envelope.side, envelope.received_at) == (site.project, "server", NOW)
    assert (envelope.user_agent, envelope.sent_at, envelope.ip) == ("client/1", NOW - 500, "127.0.0.0")
    assert envelope.history is False


def test_accepted_and_rejected_events_of_a_batch_add_up_and_rejects_are_kept(site: Site) -> None:
    batch = [EVENT, {"type": "track", "event": "x"}, "text", EVENT, {**EVENT, "messageId": "m9", "traits": 5}]
    answer = site.post("/v1/batch", {"batch": batch})
    assert answer.status_code == 200
    assert answer.json["accepted"] == 2
    assert [(r["index"], r["code"], r["field"]) for r in answer.json["rejected"]] == [
        (1, "missing_identity", "anonymousId"),
        (2, "bad_type", ""),
        (4, "bad_type", "traits"),
    ]
    assert answer.json["rejected"][2]["messageId"] == "m9"
    drops = recent_drops(site.engine, site.project)
    assert [drop["code"] for drop in drops] == ["bad_type", "bad_type", "missing_identity"]
    original = json.loads(drops[0]["original"])
    assert original["message"]["traits"] == 5
    assert (original["side"], original["received_at"]) == ("server", NOW)


def test_a_request_of_bad_events_only_is_a_400_that_says_why(site: Site) -> None:
    answer = site.post("/v1/track", {"event": "x"})
    assert answer.status_code == 400
    assert (answer.json["success"], answer.json["code"]) == (False, "all_rejected")
    assert "userId" in answer.json["message"]
    assert answer.json["rejected"][0]["code"] == "missing_identity"
    assert site.envelopes() == []
    assert len(recent_drops(site.engine, site.project)) == 1


def test_an_empty_batch_is_answered_and_keeps_nothing(site: Site) -> None:
    answer = site.post("/v1/batch", {"batch": []})
    assert (answer.status_code, answer.json["accepted"]) == (200, 0)
    assert site.inbox.depth() == 0


def test_a_batch_speaks_for_its_events_and_an_event_for_itself(site: Site) -> None:
    shared = {"locale": "de", "timezone": "UTC"}
    own = {**EVENT, "context": {"locale": "fr"}}
    site.post("/v1/batch", {"context": shared, "integrations": {"All": False}, "batch": [EVENT, own]})
    first, second = site.envelopes()[0].messages
    assert first["context"] == shared
    assert second["context"] == {"locale": "fr", "timezone": "UTC"}
    assert first["integrations"] == {"All": False}


def test_a_full_inbox_is_a_503_that_says_when_to_come_back(engine: Engine, site: Site) -> None:
    full = Inbox(engine, limit=0)
    object.__setattr__(site.inbox, "_limit", 0)
    answer = site.post("/v1/track", TRACK)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"].isdigit()
    full.close()


def test_a_closed_inbox_is_a_503(site: Site) -> None:
    site.inbox.close()
    assert site.post("/v1/track", TRACK).status_code == 503


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/nothing", "/v1", "/v1/", "/v1/track/more", "/", "", "*", "/v1/%2e%2e/track", "/V1/track"),
        *("/v1/\0", "/v1/track\r\nX: y", "/v1/\xff", "/v1/" + "x" * 9_000),
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "DELETE"])
def test_unknown_addresses_are_a_404_in_json_and_never_a_redirect(site: Site, path: str, method: str) -> None:
    environ = {"PATH_INFO": path, "HTTP_ORIGIN": "https://shop.example"}
    answer = site.app.test_client().open("/", method=method, json=TRACK, environ_overrides=environ)
    assert (answer.status_code, answer.content_type) == (404, "application/json")
    assert method == "HEAD" or answer.json["code"] == "not_found"
    if path.startswith("/v1/"):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"


@pytest.mark.parametrize("path", ["//v1/track", "/v1//track", "///v1/track//", "//beacon//v1/batch"])
def test_a_slash_too_many_costs_no_event(site: Site, path: str) -> None:
    body = {"batch": [EVENT]} if "batch" in path else TRACK
    answer = site.post("/", body, environ_overrides={"PATH_INFO": path})
    assert (answer.status_code, answer.json["accepted"]) == (200, 1)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_other_methods_are_a_405_in_json(site: Site, method: str) -> None:
    answer = site.app.test_client().open("/v1/track", method=method)
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.json["success"] is False
    assert "POST" in answer.headers["Allow"]


def test_a_mistake_of_ours_is_a_500_in_json_that_tells_nothing_secret(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    object.__setattr__(site.inbox, "enter", None)
    answer = site.post("/v1/track", TRACK)
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "NoneType" not in answer.text
    assert "NoneType" in caplog.text


def test_addresses_of_clients_are_cut_before_they_are_kept(site: Site) -> None:
    event = {**EVENT, "context": {"ip": "81.2.69.142"}}
    refused = {"type": "track", "event": "x", "context": {"ip": "81.2.69.142"}}
    site.post("/v1/batch", {"batch": [event, refused]}, environ_base={"REMOTE_ADDR": "2001:db8:1:2:3::4"})
    (envelope,) = site.envelopes()
    assert (envelope.ip, envelope.messages[0]["context"]["ip"]) == ("2001:db8:1::", "81.2.69.0")
    assert b"81.2.69.142" not in recent_drops(site.engine, site.project)[0]["original"]


def test_addresses_are_kept_whole_where_the_settings_say_so(open_site: Any) -> None:
    site = open_site(Settings(anonymize_ip=False))
    site.post(
        "/v1/track", {**TRACK, "context": {"ip": "81.2.69.142"}}, environ_base={"REMOTE_ADDR": "1.2.3.4"}
    )
    (envelope,) = site.envelopes()
    assert (envelope.ip, envelope.messages[0]["context"]["ip"]) == ("1.2.3.4", "81.2.69.142")


def test_an_address_for_a_whole_batch_does_not_shield_others(site: Site) -> None:
    event = {"type": "track", "event": "x", "userId": "u", "properties": {"ip": "81.2.69.142"}}
    body = {"context": {"ip": "81.2.69.142"}, "batch": [event, event | {"properties": {}}]}
    assert site.post("/v1/batch", body).json["accepted"] == 2
    assert "81.2.69.142" not in str(site.envelopes())
