"""The unmodified browser library of Segment in Chromium: every call arrives once, as it was made."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.chromium import opened
from tests.clients.captures import assert_kept, request_of
from tests.clients.relay import FAULTS, relayed
from tests.clients.sending import Sent, milliseconds, order, served, stored, ten_minutes_ago
from tests.clients.site import site
from tests.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.browser]

DESKTOP = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
LANDING = "/docs/start?utm_source=news&utm_medium=email&utm_campaign=spring&token=s3cret"
MANY = 25  # the library's batches hold ten

# One request an event is how the library comes; it gathers them where it is told to.
STRATEGIES = ("one_by_one", "batched")
# The visitor goes on to the next page while events wait to be sent, again or at all.
LEAVING = [("one_by_one", "refused"), ("batched", "passed")]
CASES = [
    *((strategy, fault, "leaves") for strategy, fault in LEAVING),
    *((strategy, fault, "stays") for strategy in STRATEGIES for fault in FAULTS),
    ("by_settings", "passed", "stays"),
]
CAPTURED = [(strategy, "captured", "stays") for strategy in STRATEGIES]

# What each call is stored as: type, event, whether it names the device, whose it is, group.
CALLS = [
    ("identify", "", False, "old", ""),
    ("track", "Quote Asked", False, "old", ""),
    ("page", "", True, "", ""),
    ("screen", "Home", True, "", ""),
    ("identify", "", True, "ann", ""),
    ("track", "Signed Up", True, "ann", ""),
    ("group", "", True, "ann", "acme"),
    ("alias", "", True, "ann", ""),
]

Case = tuple[str, str, str]


@dataclass
class Visit(Sent):
    """What one page sent, and whom else the browser asked."""

    case: Case = ("", "", "")
    key: str = ""
    asked: set[str] = field(default_factory=set)
    open: int = 0  # requests without an answer
    waiting: int = 0  # messages that were not delivered when the visitor left

    @property
    def many(self) -> int:
        return 1 if self.case in CAPTURED else MANY

    @property
    def orders(self) -> dict[str, Any]:
        """What the page is told to do."""
        told: dict[str, Any] = {"apiHost": f"{urlsplit(self.relay.address).netloc}/v1", "protocol": "http"}
        if self.case[0] == "batched":
            # Who leaves takes along what waits; a capture shall be small, and is of as many as fill a batch.
            waits = 60_000 if self.case[2] == "leaves" or self.case in CAPTURED else 500
            gather = {"size": 3 if self.case in CAPTURED else 10, "timeout": waits}
            told["deliveryStrategy"] = {"strategy": "batching", "config": gather}
        return {**order(self, self.key, self.many), "told": told if self.case[0] != "by_settings" else None}


@pytest.fixture(scope="module")
def visits(clients_place: Installation, playwright: Playwright) -> dict[Case, Visit]:
    """All cases side by side, each in a browser profile of its own."""
    found: dict[Case, Visit] = {}
    with ExitStack() as stack:
        stack.enter_context(served(clients_place))
        chromium = stack.enter_context(opened(playwright, f"--user-agent={DESKTOP}"))
        address = stack.enter_context(site())
        for case in [*CASES, *CAPTURED]:
            relay = stack.enter_context(relayed(clients_place.address, case[1]))
            found[case] = Visit(relay, "browser." + ".".join(case), ten_minutes_ago(), case=case)
            found[case].key = clients_place.made["write_key"]
        pages = {case: begun(chromium, address, visit) for case, visit in found.items()}
        for case, page in pages.items():
            wait_for_delivery(page, found[case])
            found[case].failures = page.evaluate("failures")
            found[case].asked -= {urlsplit(address).netloc, urlsplit(found[case].relay.address).netloc}
    for row in stored(clients_place):
        client, *case = (row["user_id"] or row["anonymous_id"]).rpartition("-")[0].split(".")
        if client == "browser":
            found[tuple(case)].rows.append(row)
    return found


def begun(chromium: Browser, address: str, visit: Visit) -> Page:
    """A page that has begun to make its calls."""
    page = chromium.new_context(locale="de-DE", timezone_id="Europe/Berlin").new_page()

    def count(change: int) -> None:
        visit.open += change

    page.on("request", lambda request: visit.asked.add(urlsplit(request.url).netloc))
    page.on("request", lambda _: count(1))
    page.on("requestfinished", lambda _: count(-1))
    page.on("requestfailed", lambda _: count(-1))
    page.goto(address + LANDING, referer="https://blog.example/list?id=7")
    page.evaluate("order => load(order)", visit.orders)
    page.evaluate("order => { window.calls = makeAllCalls(order) }", visit.orders)
    if visit.case[2] == "leaves":
        leave(page, address, visit)
    return page


def leave(page: Page, address: str, visit: Visit) -> None:
    """Go on to the next page, which loads the library too, as soon as all calls are made."""
    page.evaluate("() => window.calls")
    while visit.case[0] == "batched" and visit.open:
        page.wait_for_timeout(50)  # a batch that is cut off on its way is one that the library forgets
    visit.waiting = len(CALLS) + visit.many - len(visit.relay.delivered)
    page.goto(f"{address}/next")
    page.evaluate("order => load(order)", visit.orders)


def wait_for_delivery(page: Page, visit: Visit) -> None:
    """Give the page time to have all of its messages accepted."""
    for _ in range(1_200):
        if len(visit.relay.delivered) >= len(CALLS) + visit.many:
            return
        page.wait_for_timeout(100)


@pytest.fixture(params=CASES, ids="-".join)
def visit(request: pytest.FixtureRequest, visits: dict[Case, Visit]) -> Visit:
    return visits[request.param]


def test_every_call_arrives_once(visit: Visit) -> None:
    assert visit.failures == []
    assert Counter(row["message_id"] for row in visit.rows) == Counter(visit.messages.keys())
    assert len(visit.rows) == len(CALLS) + MANY
    assert sorted(row["properties"]["n"] for row in visit.rows if row["event"] == "Item Seen") == [
        *range(MANY)
    ]
    assert visit.relay.delivered == visit.relay.attempts.keys()
    if visit.relay.fault != "passed":
        assert min(visit.relay.attempts.values()) >= 2


@pytest.mark.parametrize("case", [case for case in CASES if case[2] == "leaves"], ids="-".join)
def test_the_visitor_left_while_events_waited(visits: dict[Case, Visit], case: Case) -> None:
    assert visits[case].waiting > 0


def test_identities_are_as_they_were_given(visit: Visit) -> None:
    def name(role: str) -> str:
        return f"{visit.who}-{role}" if role else ""

    columns = ("type", "event", "user_id", "group_id")
    said = [
        *((kind, event, name(user), group) for kind, event, _, user, group in CALLS),
        *[("track", "Item Seen", name("ann"), "")] * MANY,
    ]
    if visit.case[0] == "one_by_one" and visit.relay.fault in ("refused", "limited"):
        # The library fills an empty user id in when it sends: a page view that is sent again after
        # `identify` carries the new user.
        for place in (2, 3):
            late = visit.messages[visit.rows[place]["message_id"]]["userId"] or ""
            assert late in ("", name("ann"))
            said[place] = (*said[place][:2], late, "")
    assert [tuple(row[column] for column in columns) for row in visit.rows] == said
    devices = [row["anonymous_id"] == name("device") for row in visit.rows]
    assert devices == [*(is_device for _, _, is_device, _, _ in CALLS), *[True] * MANY]


def test_a_reset_gave_the_visitor_a_new_device(visit: Visit) -> None:
    before = {row["anonymous_id"] for row in visit.rows[:2]}
    assert len(before) == 1
    assert "" not in before


def test_the_alias_and_the_identify_make_one_customer(visit: Visit) -> None:
    assert len({row["customer"] for row in visit.rows}) == 1


def test_times_are_kept_to_the_millisecond(visit: Visit) -> None:
    assert [row["timestamp"] for row in visit.rows[: len(CALLS)]] == [visit.at(n) for n in range(len(CALLS))]
    told = {id_: milliseconds(message["timestamp"]) for id_, message in visit.messages.items()}
    assert {row["message_id"]: row["timestamp"] for row in visit.rows} == told


def test_the_context_is_kept(visit: Visit) -> None:
    for row in visit.rows:
        assert {name: row[name] for name in CONTEXT_COLUMNS} == CONTEXT_COLUMNS, row["type"]
        assert row["url"].endswith("/docs/start?utm_source=news&utm_medium=email&utm_campaign=spring")


CONTEXT_COLUMNS = {
    "side": "browser",
    "library": "analytics.js/next-1.84.3",
    "ip": "127.0.0.0",
    "locale": "de-DE",
    "timezone": "Europe/Berlin",
    "host": "127.0.0.1",
    "path": "/docs/start",
    "title": "Start here",
    "referrer_host": "blog.example",
    "source": "news",
    "medium": "email",
    "campaign": "spring",
    "channel": "Email",
    "device": "desktop",
    "os": "Linux",
}


def test_properties_and_traits_are_kept(visit: Visit) -> None:
    assert [(row["properties"], row["traits"]) for row in visit.rows[: len(CALLS)]] == [
        ({}, {}),
        ({}, {}),
        ({"category": "Docs", "name": "Start"}, {}),
        ({"name": "Home", "tab": "all"}, {}),
        ({}, {"name": "Änn", "plan": "pro"}),
        ({"price": 49.5, "tags": ["a", "b"]}, {}),
        ({}, {"size": 5}),
        ({}, {}),
    ]


def test_the_library_is_content_with_our_settings_and_asks_nobody_else(visit: Visit) -> None:
    asked = [(one.method, one.path.rpartition("/")[2], one.status) for one in visit.relay.captures]
    assert ("GET", "settings", 200) in asked
    assert visit.asked == set()


@pytest.mark.parametrize("kind", ["page", "identify", "track", "group", "alias"])
def test_the_kept_captures_of_single_events_are_what_the_library_sends(
    visits: dict[Case, Visit], kind: str, tmp_path: Path
) -> None:
    visit = visits["one_by_one", "captured", "stays"]
    capture = next(one for one in visit.relay.posts[2:] if one.messages[0]["type"] == kind)
    assert_kept(f"analytics_next_{kind}", request_of(capture, visit, side="browser"), tmp_path)


def test_the_kept_capture_of_a_batch_is_what_the_library_sends(
    visits: dict[Case, Visit], tmp_path: Path
) -> None:
    visit = visits["batched", "captured", "stays"]
    capture = visit.relay.posts[0]
    assert_kept("analytics_next_batch", request_of(capture, visit, side="browser"), tmp_path)
