"""What strangers may put into names, properties, traits, addresses and agents, and a project full of it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any, NamedTuple

from admin.services import Services
from journeys.definitions import parse
from journeys.filling import fill
from journeys.segment_definitions import parse_segment
from store import audit, invitations
from store.db import writing
from store.drops import DropRow, keep_drops
from store.embeds import make_embed
from store.event import Event, event_id, identity_hash
from store.identity import Identity, Link
from store.ingestion import add_counts
from store.journeys import make_live, save_version, versions_to_fill
from store.plans import PlannedEvent, save_event
from store.privacy.erasure import Whom, begin, find_whom
from store.projects import Project, create_api_token
from store.routes import save_routes
from store.rules import IDENTIFIERS, ChannelRule, IdentifierRule, ProjectRules, save_rules
from store.segments import save_segment
from store.users import create_user, grant

RAN = "top.hostileRan=1"
IMAGE = f"<img src=/hostile-x onerror={RAN} data-hostile>"
QUOTED = f"""'"><svg/onload={RAN} data-hostile><script>{RAN}</script>"""
CLOSING = (
    f"</title></textarea></script></style></option>-->]]><img src=/hostile-x onerror={RAN} data-hostile>"
)
TEMPLATE = "{{31337*3}}${31337*3}{%print(31337*3)%}<%=31337*3%>#{31337*3} hostile"
SUM = "94011"  # what a template language would make of it
HANDLER = f"""hostile" autofocus onfocus="{RAN}" x='"""
SCRIPT_ADDRESS = f"javascript:{RAN}//hostile"
FORMULA = '=HYPERLINK("http://hostile.example","hostile")'
FORMULAS = (
    FORMULA,
    "+1+1 hostile",
    "-2+3 hostile",
    "@SUM(1) hostile",
    "\t=1 hostile",
    "\r=1 hostile",
    "=1 hostile",
)
BIDI = "hostile\u202eevael\u2066\u200f\u2067"
NULL = "hostile\0null\x1b[31m\x07"
ODD = "hostile\u200b\ufeff\u2028Ｓ＜script＞Z̸̡͈a̴l̵g̶o̷ \U0001f469\u200d\U0001f469"
KEYS = ("__proto__", "constructor", "toString")
LONG = "hostile" * 70
LONG_WORDS = "hostile long words " * 25
MARKUP = (IMAGE, QUOTED, CLOSING, HANDLER, SCRIPT_ADDRESS, TEMPLATE)
NAMES = (*MARKUP, *FORMULAS, BIDI, NULL, ODD, *KEYS, LONG, LONG_WORDS)
KEEPABLE = tuple(name for name in NAMES if "\0" not in name)
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

DAY = 86_400_000


def hostile_events(project: int, now: int) -> list[Event]:
    """Each name as page, event, property, trait, account, address, browser and customer, on a way to pay."""
    rows = []
    for number, name in enumerate(NAMES):
        common = {
            "project": project,
            "user_id": name,
            "identity": identity_hash("user", name),
            "session": f"hostile-{number}",
            "side": "browser",
            "library": f"waywiser-js/{name}",
            "device": name,
            "channel": name,
            "source": name,
            "medium": name,
            "campaign": name,
            "term": name,
            "content": name,
            "country": name,
            "region": name,
            "city": name,
            "browser": name,
            "os": name,
            "group_id": name,
            "host": name,
            "url": f"https://shop.example/{name}?utm_source={name}",
            "referrer": SCRIPT_ADDRESS,
            "referrer_host": name,
            "context": json.dumps({"userAgent": name, "page": {"url": name}, name: name}),
        }
        traits = json.dumps({"name": name, "email": name, "avatar": SCRIPT_ADDRESS, name: name})
        properties = json.dumps(
            {"amount": 10 + number, "currency": name[:20], "link": SCRIPT_ADDRESS, name: name}
        )
        told = [
            ("identify", "", "", {"traits": traits}),
            ("group", "", "", {"traits": traits}),
            ("page", "", f"/shop/{name}", {"title": name, "properties": properties}),
            ("track", "Began", "", {"properties": properties}),
            ("track", name, "", {"properties": properties}),
            ("track", QUOTED, "", {"properties": properties}),
            ("track", "Cart Filled", "", {"properties": properties}),
            ("track", "Order Paid" if number % 3 == 0 else "Seen Again", "", {"properties": properties}),
            ("track", "JavaScript Error", "", {"properties": json.dumps({"message": name})}),
            ("track", "Web Vitals", f"/shop/{name}", {"properties": json.dumps({"lcp": 9_000})}),
        ]
        for place, (kind, event, path, more) in enumerate(told):
            at = now - number % 2 * DAY - number * 60_000 - 7_200_000 + place * 1_000
            message = f"hostile-{number}-{place}"
            rows.append(
                Event(
                    event_id=event_id(message),
                    message_id=message,
                    type=kind,
                    event=event,
                    path=path,
                    timestamp=at,
                    received_at=at,
                    sequence=2 * place + 1,
                    is_bot=event == "Seen Again",
                    marks=(f"bot:{name}",) if event == "Seen Again" else (f"plan:{name}",),
                    **common,  # type: ignore[arg-type]
                    **more,
                )
            )
    return rows


def hostile_journey(key: str, *, name: str, names: tuple[str, str, str]) -> dict[str, object]:
    """The way through the shop, with these names where a careless colleague may write."""
    matches = [{"page": "/shop*"}, {"event": "Cart Filled"}, {"event": "Order Paid"}]
    steps = [
        {"key": one, "name": called[:200], "stage": called[:100], "match": [match]}
        for one, called, match in zip(("look", "cart", "paid"), names, matches, strict=True)
    ]
    return {
        "key": key,
        "name": name[:200],
        "goal": QUOTED,
        "owner": IMAGE,
        "idle_timeout": "1h",
        "steps": steps,
        "fail_on": [{"event": QUOTED, "where": [{"property": IMAGE, "op": "eq", "value": TEMPLATE}]}],
    }


class Planted(NamedTuple):
    """A customer who has a hostile name, and the token of a link that shows a report of one."""

    customer: int
    embed: str


def plant(given: Services, project: Project, *, now: int) -> Planted:
    """Fill a project with hostile names everywhere."""
    given.events.insert(hostile_events(project.id, now), token="hostile")
    _join(given, project, now=now)
    by = f"{QUOTED}@hostile.example"
    for journey in (
        hostile_journey("buy", name=IMAGE, names=(IMAGE, QUOTED, CLOSING)),
        hostile_journey("more", name=LONG, names=(TEMPLATE, BIDI, LONG)),
    ):
        save_version(given.engine, project.id, dict(parse(journey).source), by=by, now=now)
    for version in versions_to_fill(given.engine):
        fill(given.events, version, progress=lambda _done, _total: None)
        make_live(given.engine, version, now=now)
    for number, name in enumerate((IMAGE, QUOTED, BIDI, LONG)):
        condition = {"field": "source", "op": "eq", "value": name}
        segment = {"key": f"h{number}", "name": name[:200], "description": QUOTED, "any": [condition]}
        save_segment(given.engine, project.id, dict(parse_segment(segment).source), by=by, now=now)
    _plant_settings(given, project, by=by, now=now)
    erased = _customer(given, project, LONG)
    whom = find_whom(given.events, given.ledger, project.id, erased)
    assert isinstance(whom, Whom)
    begin(given.engine, project.id, whom, by=by, now=now)
    link: dict[str, Any] = {"journey": "buy", "report": "funnel", "asked": {"days": "30"}, "origins": ()}
    embed = make_embed(given.engine, project.id, **link, by=by, expires_at=now + 86_400_000, now=now)
    return Planted(_customer(given, project, IMAGE), embed)


def _customer(given: Services, project: Project, name: str) -> int:
    return next(iter(given.ledger.customers_of(project.id, {identity_hash("user", name)})))


def _join(given: Services, project: Project, *, now: int) -> None:
    """Let each name have a phone of its own, and all of them one address that joins none."""
    for number, name in enumerate(KEEPABLE):
        user = Identity("user", name)
        links = [
            Link(user, Identity("anonymous", f"{name} phone"), "identify", f"h{number}", now),
            Link(user, Identity("email", f"{IMAGE}@hostile.example"), "email", f"m{number}", now),
        ]
        given.ledger.join(project.id, links, now=now + number)


def _plant_settings(given: Services, project: Project, *, by: str, now: int) -> None:
    engine = given.engine
    drops = [
        DropRow(
            project=project.id,
            received_at=now,
            place="door",
            code=name,
            field=QUOTED,
            message=IMAGE,
            original={
                "message": {"event": name, "userId": name, name: name},
                "received_at": now,
                "side": name,
            },
        )
        for name in (IMAGE, QUOTED, LONG)
    ]
    with writing(engine) as connection:
        keep_drops(connection, drops)
    rules = ProjectRules(
        channels=(ChannelRule(channel=IMAGE, source=QUOTED),),
        query_parameters=(IMAGE,),
        blocked_ids=KEEPABLE,
        identifiers=(*IDENTIFIERS, IdentifierRule(QUOTED, 1, 99)),
    )
    save_rules(engine, project.id, rules, now=now)
    library = {(project.id, now - now % 3_600_000, "accepted", "", name): 9 for name in MARKUP}
    reasons = {(project.id, now - now % 3_600_000, kind, IMAGE, QUOTED): 3 for kind in ("dropped", "bot")}
    with writing(engine) as connection:
        add_counts(connection, library | reasons)
    schema = {"properties": {IMAGE: {"type": "string", "enum": [QUOTED]}}}
    for name in (IMAGE, CLOSING, LONG):
        save_event(engine, project.id, PlannedEvent(event=name, description=QUOTED, schema=schema), now=now)
    save_routes(engine, project.id, [f"/{IMAGE}/:id"], by=by, now=now)
    create_api_token(engine, project.id, name=IMAGE, role="viewer", now=now)
    for n, name in enumerate((IMAGE, QUOTED, LONG)):
        user = create_user(
            engine, email=f"h{n}@hostile.example", name=name, password="a long enough one", now=now
        )
        grant(engine, user.id, project.id, "viewer")
        audit.record(engine, project.id, by=name, did=f"did {name}", address=name[:40], now=now)
    address = "<img/src=/hostile-x/onerror=top.hostileRan=1/data-hostile>@hostile.example"
    invitations.invite(engine, project.id, email=address, role="viewer", by=by, now=now)


class Watcher(HTMLParser):
    """Collects what must never be in a page: marked elements, handlers, inline scripts, their addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        given = dict(attrs)
        for name, value in attrs:
            address = "".join((value or "").split()).lower()
            if name == "data-hostile" or name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"<{tag} {name}>")
            if name in ("href", "src", "action", "formaction", "xlink:href") and address.startswith(
                ("javascript:", "data:text", "vbscript:")
            ):
                self.found.append(f"<{tag} {name}={value}>")
        if tag == "script" and "src" not in given:
            self.found.append("<script>")


def wrong_in(html: str) -> list[str]:
    """What of the corpus has become more than text in a page."""
    watcher = Watcher()
    watcher.feed(html)
    watcher.close()
    return watcher.found + ([SUM] if SUM in html else [])
