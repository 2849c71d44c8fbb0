"""What a company needs so that every page of its admin has something to show: what the demo alone lacks."""

from __future__ import annotations

from dataclasses import replace

import pyotp
from flask import Flask

from admin.app import create_app
from admin.digest import stop_address
from admin.embedding import REPORTS
from journeys.segment_definitions import parse_segment
from store import digests, invitations, password_resets, second_factor
from store.drops import DropRow
from store.embeds import make_embed
from store.event import identity_hash
from store.identity.regrouping import ask_for
from store.journeys import live_journey, save_version
from store.privacy.erasure import Whom, begin, find_whom
from store.segments import save_segment
from store.users import create_user, grant
from tests.browser.company import EMAIL, PASSWORD, Company, now_ms, send

CAREFUL, LONELY, NEW = (f"{name}@fernhill.example" for name in ("careful", "lonely", "new"))
SOMEBODY = "u-10001"
ERASED = "u-who-left"
DAY = 86_400_000
SEGMENTS = (
    {
        "key": "looked-at-prices",
        "name": "Looked at prices before",
        "description": "Saw the price list in the 30 days before they began",
        "all": [{"did": {"page": "/pricing*"}, "before": "30d"}],
    },
    {
        "key": "by-search",
        "name": "Found us by search",
        "any": [{"field": "channel", "op": "contains", "value": "Search"}],
    },
    {
        "key": "again",
        "name": "Tries again",
        "description": "Has dropped the trial before",
        "all": [{"journey": "trial-to-paid", "state": "dropped"}],
    },
)


def app_of(company: Company) -> Flask:
    """The admin of a company that sends letters, which go nowhere."""
    return create_app(replace(company.services, send_mail=lambda *_: None))


def plant_usual(company: Company) -> None:
    """Saved segments, and some refused events."""
    given, project = company.services, company.project
    assert project is not None
    for segment in SEGMENTS:
        source = parse_segment(segment).source
        save_segment(given.engine, project.id, source, by=EMAIL, now=now_ms())
    drop = DropRow(
        project=project.id,
        received_at=now_ms(),
        place="door",
        code="missing_identity",
        field="anonymousId",
        message="an event needs a userId or an anonymousId",
        original={
            "message": {"type": "track", "event": "Invoice Paid", "properties": {"amount": 49}},
            "received_at": now_ms(),
            "side": "server",
        },
    )
    paid = {"type": "track", "event": "Invoice Paid", "userId": SOMEBODY, "messageId": "paid"}
    send(company, [paid], drops=[drop] * 3)


def plant(company: Company, app: Flask) -> dict[str, str]:
    """What is under way and what has links; returns the numbers and tokens that stand in addresses."""
    given, project = company.services, company.project
    assert project is not None
    _begin_an_erasure(company)
    _let_a_merge_be_refused(company)
    _make_versions(company)
    ask_for(given.engine, project.id, by=EMAIL, now=now_ms())
    (customer,) = given.ledger.customers_of(project.id, {identity_hash("user", SOMEBODY)})
    return {"customer": str(customer)} | _links(company) | _people(company, str(app.config["SECRET_KEY"]))


def plant_two_ids(company: Company, user: str) -> None:
    """Somebody whose ids can be parted: of a demo it depends on the moment who that is."""
    browser = f"browser of {user}"
    send(company, [{"type": "identify", "userId": user, "anonymousId": browser, "messageId": browser}])


def _begin_an_erasure(company: Company) -> None:
    """Nobody does here what it has begun."""
    given, project = company.services, company.project
    assert project is not None
    closed = {"type": "track", "event": "Account Closed", "userId": ERASED, "messageId": "closed"}
    send(company, [closed])
    whom = find_whom(given.events, given.ledger, project.id, identity_hash("user", ERASED))
    assert isinstance(whom, Whom)
    begin(given.engine, project.id, whom, by=EMAIL, now=now_ms())


def _let_a_merge_be_refused(company: Company) -> None:
    """Of a demo it depends on the moment whether there is one: two people with one number in the CRM."""
    same = {"externalIds": [{"id": "crm-1042", "type": "crm_id", "collection": "users", "encoding": "none"}]}
    people = (SOMEBODY, "u-10002")
    send(
        company,
        [{"type": "identify", "userId": who, "messageId": f"crm-{who}", "context": same} for who in people],
    )


def _make_versions(company: Company) -> None:
    """One journey with a version before the present one, and one whose next version is not counted yet."""
    given, project = company.services, company.project
    assert project is not None
    for key in ("support-case-solved", "yearly-renewal"):
        live = live_journey(given.engine, project.id, key)
        assert live
        changed = live.definition | {"idle_timeout": "9d"}
        save_version(given.engine, project.id, changed, by=EMAIL, now=now_ms())
        if key == "support-case-solved":
            company.fill()


def _links(company: Company) -> dict[str, str]:
    """A link to each report that can be shared, and one that is over."""
    given, project = company.services, company.project
    assert project is not None
    made = {}
    for number, report in enumerate(("over", *(one.name for one in REPORTS)), start=1):
        made[f"link_{report}"] = make_embed(
            given.engine,
            project.id,
            journey="trial-to-paid",
            report="funnel" if report == "over" else report,
            asked={"days": "90"},
            origins=(),
            by=EMAIL,
            expires_at=now_ms() + (0 if report == "over" else number) * DAY,
            now=now_ms(),
        )
    return made


def _people(company: Company, secret: str) -> dict[str, str]:
    """Who signs in with a code, who has no project, who is invited, who forgot the password."""
    given, project = company.services, company.project
    assert project is not None
    engine, now = given.engine, now_ms()
    careful, _ = (
        create_user(engine, email=email, name=name, password=PASSWORD, now=now)
        for email, name in ((CAREFUL, "Cara Full"), (LONELY, "Lo Nely"))
    )
    grant(engine, careful.id, project.id, "viewer")
    clock = second_factor.new_secret()
    assert second_factor.turn_on(engine, careful.id, clock, pyotp.TOTP(clock).at(now // 1000), now=now)
    digests.subscribe(engine, careful.id, project.id, now=now)
    stop = stop_address("", secret, careful.id, project.id)
    return {
        "stop": stop.rpartition("/")[2],
        "password": password_resets.allow(engine, careful.id, now=now),
        "invitation": invitations.invite(engine, project.id, email=NEW, role="editor", by=EMAIL, now=now),
    }
