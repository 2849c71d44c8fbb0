"""Cookieless visitors: a hash of the day in place of ids, and nothing on the disk to make it again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select

from collector.visitors import Salts, hashed
from store.inbox import Envelope
from store.rules import ProjectRules, save_rules
from store.settings import Settings
from store.tables import drops, inbox, kept
from tests.collector.conftest import NOW, Clock, Site

DAY = 86_400_000
HOUR = DAY // 24
ADDRESS, AGENT = "81.2.69.142", "Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0"
VIEW = {"type": "page", "anonymousId": "stored-id", "context": {"sessionId": "s1", "sequence": 7}}


@pytest.fixture
def site(open_site: Any, engine: Engine) -> Site:
    """A cookieless site behind one proxy."""
    site: Site = open_site(Settings(trusted_proxies=1, anonymize_ip=False))
    save_rules(engine, site.project, ProjectRules(cookieless=True), now=NOW)
    return site


def sent(site: Site, body: Any, *, address: str = ADDRESS, agent: str = AGENT, key: str = "") -> Any:
    headers = {"X-Forwarded-For": address, "User-Agent": agent}
    answer = site.post("/v1/batch", body, key=key or site.browser_key, headers=headers)
    assert answer.status_code == 200, answer.json
    with site.engine.connect() as connection:
        newest = connection.execute(select(inbox.c.body).order_by(inbox.c.id.desc()).limit(1)).scalar_one()
    return msgspec.json.decode(newest, type=Envelope)


def visitor(site: Site, **how: Any) -> str:
    return str(sent(site, {"batch": [VIEW]}, **how).messages[0]["anonymousId"])


def on_disk(engine: Engine) -> str:
    """All that the door has written."""
    with engine.connect() as connection:
        bodies = connection.execute(select(inbox.c.body)).scalars().all()
        originals = connection.execute(select(drops.c.original)).scalars().all()
    return b"\n".join([*bodies, *originals]).decode()


def salts(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        names = connection.execute(select(kept.c.name).order_by(kept.c.name)).scalars()
        return [name for name in names if name.startswith("salt:")]


def test_the_ids_of_the_browser_give_way_to_a_hash(site: Site) -> None:
    (message,) = sent(site, {"batch": [VIEW]}).messages
    assert message["anonymousId"].startswith("cl_")
    assert len(message["anonymousId"]) == 35
    assert message["context"] == {}


@pytest.mark.parametrize(
    ("message", "kept_of_it"),
    [
        ({"userId": "42"}, {"userId": "42"}),
        ({"traits": {"anonymousId": "stored-id", "plan": "pro"}}, {"traits": {"plan": "pro"}}),
        ({"context": {"traits": {"anonymousId": "stored-id"}}}, {"context": {"traits": {}}}),
        ({"context": {"device": {"id": "d1", "type": "ios"}}}, {"context": {"device": {"type": "ios"}}}),
        ({"context": {"ip": "81.2.69.142"}}, {"context": {"ip": "81.2.69.0"}}),
        ({"context": {"locale": "de"}}, {"context": {"locale": "de"}}),
        ({"ip": ADDRESS, "request_ip": ADDRESS}, {"ip": "81.2.69.0", "request_ip": "81.2.69.0"}),
        ({"sessionId": "s1", "session_id": "s1", "anonymous_id": "stored-id", "sequence": 7}, {}),
        (
            {"context": {"IP": ADDRESS, "Ip": [ADDRESS]}},
            {"context": {"IP": "81.2.69.0", "Ip": ["81.2.69.0"]}},
        ),
        ({"context": {"network": {"ip": ADDRESS}}}, {"context": {"network": {"ip": "81.2.69.0"}}}),
        ({"context": {"externalIds": [{"id": "stored-id"}], "externalId": "x"}}, {"context": {}}),
        ({"context": {"device": {"ip": ADDRESS, "idfa": "i"}}}, {"context": {"device": {"ip": "81.2.69.0"}}}),
        (
            {"context": {"device": {"adTrackingId": "i", "push": {"token": "t"}}}},
            {"context": {"device": {"push": {"token": "t"}}}},
        ),
        ({"context": {"Device-ID": "i", "os": [{"client_id": 5}]}}, {"context": {"os": [{}]}}),
        ({"traits": {"anonymous_id": "stored-id", "sequence": 7}}, {"traits": {"sequence": 7}}),
        ({"properties": {"anonymousId": "stored-id", "ip": ADDRESS}}, {"properties": {"ip": "81.2.69.0"}}),
        (
            {"properties": {"session_id": "s-1", "a": [{"ajs_aid": 1}]}},
            {"properties": {"session_id": "s-1", "a": [{}]}},
        ),
        ({"integrations": {"A": {"clientId": "c"}}}, {"integrations": {"A": {}}}),
        (
            {"type": "alias", "userId": "42", "previousId": "987654321987", "anonymousId": 987654321987},
            {"userId": "42"},
        ),
        ({"type": "alias", "userId": "42", "previousId": 98765, "anonymousId": "98765"}, {"userId": "42"}),
        ({"type": "alias", "userId": "42", "previousId": "stored-id "}, {"userId": "42"}),
        ({"type": "alias", "userId": "42", "previousId": "7", "anonymousId": 7.0}, {"userId": "42"}),
        ({"type": "alias", "userId": "42", "previousId": "stored-id"}, {"userId": "42"}),
        ({"type": "alias", "userId": "42", "previousId": "u-7"}, {"userId": "42", "previousId": "u-7"}),
    ],
)
def test_only_what_the_site_itself_says_of_a_visitor_stays(
    site: Site, message: dict[str, Any], kept_of_it: dict[str, Any]
) -> None:
    given = {"type": "page", "anonymousId": "stored-id", "messageId": "m1"} | message
    (found,) = sent(site, {"batch": [given]}).messages
    assert {
        name: value for name, value in found.items() if name not in ("anonymousId", "type", "messageId")
    } == (kept_of_it)
    assert found["anonymousId"].startswith("cl_")


SNIPPET = {"library": {"name": "waywiser-js", "version": "0.1.0"}}
CHOSEN = {"type": "page", "messageId": "m1", "context": {**SNIPPET, "sequence": 3, "ip": ADDRESS}}
KNOWN = {
    "type": "page",
    "anonymousId": "stored-id",
    "messageId": "m2",
    "context": {**SNIPPET, "sessionId": "s"},
}


@pytest.fixture
def ordinary(open_site: Any) -> Site:
    """A site that keeps ids, behind one proxy."""
    site: Site = open_site(Settings(trusted_proxies=1, anonymize_ip=False))
    return site


def test_elsewhere_who_chose_cookieless_is_known_by_the_hash_and_the_others_by_their_ids(
    ordinary: Site,
) -> None:
    envelope = sent(ordinary, {"batch": [CHOSEN, KNOWN, {**CHOSEN, "messageId": "m3"}]})
    chosen, known, again = envelope.messages
    assert chosen["anonymousId"] == again["anonymousId"]
    assert chosen["anonymousId"].startswith("cl_")
    assert chosen["context"] == {**SNIPPET, "ip": "81.2.69.0"}
    assert known == KNOWN
    assert envelope.ip == "81.2.69.0"
    assert ADDRESS not in on_disk(ordinary.engine)
    salt = Salts(ordinary.engine).at(NOW)
    assert chosen["anonymousId"] == hashed(salt, ordinary.project, ADDRESS, AGENT), (
        "as in a cookieless project"
    )


def test_elsewhere_a_user_of_the_site_who_chose_cookieless_is_joined_with_the_hash(ordinary: Site) -> None:
    (message,) = sent(ordinary, {"batch": [{**CHOSEN, "type": "identify", "userId": "42"}]}).messages
    assert (message["userId"], message["anonymousId"][:3]) == ("42", "cl_")


def test_elsewhere_one_event_alone_is_treated_alike(ordinary: Site) -> None:
    ordinary.post("/v1/page", {**CHOSEN}, key=ordinary.browser_key)
    (envelope,) = ordinary.envelopes()
    assert envelope.messages[0]["anonymousId"].startswith("cl_")


@pytest.mark.parametrize(
    ("event", "is_server"),
    [
        ({**CHOSEN, "context": {}}, False),
        ({**CHOSEN, "context": {"library": {"name": "other"}}}, False),
        (CHOSEN, True),
    ],
)
def test_elsewhere_nobody_else_can_do_without_ids(
    ordinary: Site, event: dict[str, Any], is_server: bool
) -> None:
    key = ordinary.server_key if is_server else ordinary.browser_key
    answer = ordinary.post("/v1/batch", {"batch": [event]}, key=key)
    assert [one["code"] for one in answer.json["rejected"]] == ["missing_identity"]
    assert salts(ordinary.engine) == []


def test_an_event_without_any_id_is_accepted(site: Site) -> None:
    answer = site.post("/v1/track", {"event": "Seen"}, key=site.browser_key)
    assert answer.json["accepted"] == 1
    assert site.envelopes()[0].messages[0]["anonymousId"].startswith("cl_")


def test_what_a_batch_says_of_all_its_events_brings_no_session_back(site: Site) -> None:
    body = {"batch": [{"type": "page"}], "context": {"sessionId": "s1", "ip": ADDRESS, "locale": "de"}}
    (message,) = sent(site, body).messages
    assert message["context"] == {"locale": "de", "ip": "81.2.69.0"}


def test_the_whole_address_and_the_sent_ids_never_touch_the_disk(site: Site, engine: Engine) -> None:
    good = VIEW | {"context": {"ip": ADDRESS, "sessionId": "s1"}}
    bad = {"type": "track", "anonymousId": "stored-id", "context": {"ip": ADDRESS, "sessionId": "s1"}}
    sent(site, {"batch": [good, bad]})
    written = on_disk(engine)
    assert "missing_event" not in written
    assert written.count("81.2.69.0") == 4  # two envelopes' own, two named by messages
    for secret in (ADDRESS, "stored-id", "s1"):
        assert secret not in written


@pytest.mark.parametrize(
    ("message", "code", "kept_of_it"),
    [
        (
            {"type": "track", "context": [{"ip": ADDRESS, "anonymousId": "stored-id"}]},
            "bad_type",
            "[list of 1 items, not kept]",
        ),
        (
            {"type": "page", "context": '{"anonymousId":"stored-id"}'},
            "bad_type",
            "[text of 27 characters, not kept]",
        ),
        (
            {"type": "page", "traits": [{"anonymousId": "stored-id"}]},
            "bad_type",
            "[list of 1 items, not kept]",
        ),
        ({"type": "page", "properties": 81269142}, "bad_type", "[number, not kept]"),
        ({"type": "nope", "sessionId": "stored-id", "ip": ADDRESS}, "bad_type", '"ip":"81.2.69.0"'),
        ('{"anonymousId":"stored-id"}', "bad_type", '"[text of 27 characters, not kept]"'),
        (
            [{"anonymousId": "stored-id", "context": {"ip": ADDRESS}}],
            "bad_type",
            '"[list of 1 items, not kept]"',
        ),
        (81269142, "bad_type", '"[number, not kept]"'),
        (None, "bad_type", "null"),
        ({"type": "track", "device": {"id": "stored-id"}}, "missing_event", '"device":{}'),
    ],
)
def test_refused_events_are_kept_without_ids_and_with_their_reason(
    site: Site, engine: Engine, message: Any, code: str, kept_of_it: str
) -> None:
    answer = site.post(
        "/v1/batch", {"batch": [message]}, key=site.browser_key, headers={"X-Forwarded-For": ADDRESS}
    )
    assert answer.json["rejected"][0]["code"] == code
    written = on_disk(engine)
    assert kept_of_it in written
    for secret in (ADDRESS, "stored-id", "81269142"):
        assert secret not in written


@pytest.mark.parametrize(
    "message", ['{"ip":"81.2.69.142"}', [{"request_ip": ADDRESS}], {"context": [{"ip": ADDRESS}]}]
)
def test_refused_events_of_other_projects_are_kept_with_addresses_cut(
    open_site: Any, engine: Engine, message: Any
) -> None:
    site: Site = open_site()
    assert site.post("/v1/batch", {"batch": [message]}).status_code == 400
    assert "81.2.69.0" in on_disk(engine)
    assert ADDRESS not in on_disk(engine)


def test_one_visitor_is_one_id_for_a_day_and_another_one_the_next(site: Site) -> None:
    first = visitor(site)
    assert visitor(site) == first
    assert visitor(site, address="81.2.69.143") != first
    assert visitor(site, agent="Other/1.0") != first
    assert visitor(site, address=f"{ADDRESS}:4711") == first
    site.clock.now += DAY
    assert visitor(site) != first


def test_another_project_sees_another_visitor() -> None:
    ids = {hashed(b"salt", project, ADDRESS, AGENT) for project in (1, 2)}
    assert len(ids) == 2


def test_server_keys_and_other_projects_send_as_ever(site: Site, engine: Engine) -> None:
    plain = sent(site, {"batch": [VIEW]}, key=site.server_key)
    assert plain.messages[0]["anonymousId"] == "stored-id"
    assert plain.ip == ADDRESS
    refused = site.post("/v1/track", {"event": "Seen"})
    assert refused.json["code"] == "all_rejected"


def test_a_project_that_is_not_cookieless_keeps_the_ids(open_site: Any) -> None:
    site: Site = open_site()
    (message,) = sent(site, {"batch": [VIEW]}).messages
    assert message["anonymousId"] == "stored-id"
    assert message["context"] == {"sessionId": "s1", "sequence": 7}


def test_processes_share_the_salt_of_a_day_and_only_that_day_is_kept(engine: Engine) -> None:
    one, other = Salts(engine), Salts(engine)
    salt = one.at(NOW)
    assert other.at(NOW + HOUR) == salt
    assert salts(engine) == ["salt:2025-10-09"]
    assert one.at(NOW + DAY) != salt
    assert salts(engine) == ["salt:2025-10-10"]
    assert len(one.at(NOW + DAY)) >= 16


def test_a_slower_clock_neither_deletes_nor_revives_a_salt(engine: Engine) -> None:
    midnight = (NOW // DAY + 1) * DAY
    fast, slow = Salts(engine), Salts(engine)
    old = slow.at(midnight - 1)
    new = fast.at(midnight)
    assert slow.at(midnight - 1) == old
    assert salts(engine) == ["salt:2025-10-10"]
    assert Salts(engine).at(midnight - 1) not in (old, new)
    assert fast.at(midnight) == slow.at(midnight) == Salts(engine).at(midnight) == new
    assert salts(engine) == ["salt:2025-10-10"]


@pytest.mark.parametrize(("back", "same"), [(1, True), (HOUR - 1, True), (2 * DAY, False)])
def test_a_clock_that_is_set_back_a_little_goes_on_with_the_newer_day(
    engine: Engine, back: int, same: bool
) -> None:
    midnight = (NOW // DAY + 1) * DAY
    mine = Salts(engine)
    salt = mine.at(midnight)
    assert (mine.at(midnight - back) == salt) is same


def test_a_salt_is_forgotten_when_its_day_ends_without_any_visitor(engine: Engine) -> None:
    mine = Salts(engine)
    before = mine.at(NOW)
    mine.forget_before(NOW // DAY + 1)
    assert salts(engine) == []
    assert mine.at(NOW) != before


def test_a_collector_that_starts_deletes_what_a_stopped_one_left(
    open_site: Any, engine: Engine, clock: Clock
) -> None:
    Salts(engine).at(NOW)
    clock.now += DAY
    open_site()
    assert salts(engine) == []


def test_drops_of_a_cookieless_project_can_be_run_through_again(site: Site, engine: Engine) -> None:
    sent(site, {"batch": [VIEW, {"type": "track"}]})
    with engine.connect() as connection:
        (original,) = connection.execute(select(drops.c.original)).scalars()
    assert msgspec.json.decode(original)["message"]["anonymousId"].startswith("cl_")


def test_salts_are_kept_and_forgotten_in_postgresql_too(pg_engine: Engine) -> None:
    salt = Salts(pg_engine).at(NOW)
    assert Salts(pg_engine).at(NOW) == salt
    Salts(pg_engine).at(NOW + DAY)
    assert salts(pg_engine) == ["salt:2025-10-10"]
