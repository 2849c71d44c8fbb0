"""The whole story: a browser, our SDK and another's client send; the admin shows it to the exact count."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import segment.analytics as analytics
from playwright.sync_api import Playwright
from waywiser import Client

from tests.browser.chromium import opened
from tests.installation import Installation, eventually, free_port

JOURNEY = """
key: trial-to-paid
name: Trial to paid
goal: The customer pays
steps:
  - {key: visit, name: Visits, stage: Awareness, match: [{page: "/"}]}
  - {key: pricing, name: Sees the price, stage: Awareness, optional: true, match: [{page: "/pricing*"}]}
  - {key: signup, name: Signs up, stage: Trial, match: [{event: Signed Up}]}
  - {key: project, name: First project, stage: Trial, match: [{event: Project Created}]}
  - key: paid
    name: Pays
    stage: Purchase
    match: [{event: Invoice Paid, where: [{property: amount, op: gt, value: 0}]}]
fail_on: [{event: Account Closed}]
idle_timeout: 14d
"""

DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)

PAGE = """<!doctype html><title>{title}</title>
<script async src="{host}/w.js" data-key="{key}"></script>
<h1>{title}</h1>
<a id="pricing" href="/pricing">Prices</a>
<button id="signup" data-ww-event="Signed Up" data-ww-prop-plan="pro">Sign up</button>
"""


@contextmanager
def shop(waywiser: Installation) -> Iterator[str]:
    """A site of a customer of ours, with the snippet pasted in."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGE.format(title=self.path, host=waywiser.address, key=waywiser.made["write_key"])
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def waywiser(tmp_path_factory: pytest.TempPathFactory, playwright: Playwright) -> Iterator[Installation]:
    """A Waywiser in which the story has happened."""
    place = Installation(tmp_path_factory.mktemp("river"))
    place.init()
    (place.folder / "journey.yaml").write_text(JOURNEY)
    place.run("journey", "apply", "journey.yaml", "--project", "main")
    place.start()
    in_the_browser(place, playwright)
    with_our_sdk(place)
    with_somebody_elses_client(place)
    yield place
    place.stop()


def in_the_browser(place: Installation, playwright: Playwright) -> None:
    """Anna looks at prices, signs up and logs in; Ben visits and leaves."""
    with opened(playwright, f"--user-agent={DESKTOP}") as chromium, shop(place) as site:
        anna = chromium.new_context().new_page()
        anna.goto(f"{site}/?utm_source=newsletter&utm_medium=email&utm_campaign=spring")
        anna.click("#pricing")
        anna.wait_for_url("**/pricing")
        anna.click("#signup")
        anna.evaluate("waywiser.identify('anna', {name: 'Anna'})")
        anna.wait_for_function("!Object.keys(localStorage).some(name => name.startsWith('waywiser_queue'))")
        anna.close()
        ben = chromium.new_context().new_page()
        with ben.expect_response("**/v1/batch*"):
            ben.goto(site)
        ben.close()


def with_our_sdk(place: Installation) -> None:
    """Anna's server side, with a wrong call; and Cleo, who signed up two months ago, to be seen no more."""
    long_ago = datetime.now(UTC) - timedelta(days=60)
    with Client(place.made["server_key"], host=place.address, service="back office") as ww:
        assert not ww.track("Project Created")
        ww.track("Project Created", user_id="anna", properties={"name": "Garden"})
        ww.track("Invoice Paid", user_id="anna", properties={"amount": 49})
        ww.page("Home", anonymous_id="cleo-laptop", timestamp=long_ago, context={"page": {"path": "/"}})
        ww.identify("cleo", anonymous_id="cleo-laptop", timestamp=long_ago + timedelta(seconds=1))
        ww.track("Signed Up", user_id="cleo", timestamp=long_ago + timedelta(minutes=1))
        ww.close(timeout=60)
    assert ww.close().lost == 1


def with_somebody_elses_client(place: Installation) -> None:
    """Dora closes her account; Emil's invoice is over nothing, so it does not count as paid."""
    analytics.write_key = place.made["server_key"]
    analytics.host = place.address
    problems: list[Any] = []
    analytics.on_error = lambda error, _: problems.append(error)
    for name, after in (
        ("dora", ["Signed Up", "Account Closed"]),
        ("emil", ["Signed Up", "Project Created"]),
    ):
        analytics.page(anonymous_id=f"{name}-phone", name="Home", context={"page": {"path": "/"}})
        analytics.identify(name, {"plan": "free"}, anonymous_id=f"{name}-phone")
        for event in after:
            analytics.track(name, event)
    analytics.track("emil", "Invoice Paid", {"amount": 0})
    analytics.shutdown()
    assert problems == []


FUNNEL = "/journeys/trial-to-paid/funnel?from=2020-01-01"


@pytest.fixture(scope="module")
def funnel(waywiser: Installation) -> dict[str, Any]:
    """The funnel, once all that was sent has been worked off."""
    return eventually(
        lambda: waywiser.api(FUNNEL),
        lambda found: (
            (found["entered"], found["outcomes"]["failed"], found["steps"][3]["progressed"]) == (5, 1, 2)
        ),
    )


@pytest.mark.browser
def test_every_event_arrived_once(waywiser: Installation, funnel: dict[str, Any]) -> None:
    events = waywiser.api("/events/recent?most=500")["events"] + [
        one for one in timeline(waywiser, "cleo")["events"] if one["at"] < funnel["from"]
    ]
    seen = sorted(
        one["label"]
        for one in events
        # Whether a page was in front for long enough to tell so depends on the speed of the machine.
        if one["library"].startswith("waywiser-js") and one["label"] != "Page Engaged"
    )
    assert seen == ["/", "/", "/pricing", "Signed Up", "identify"]
    others = sorted(one["label"] for one in events if not one["library"].startswith("waywiser-js"))
    assert others == sorted(
        [
            *("Project Created", "Invoice Paid", "/", "identify", "Signed Up"),
            *("/", "identify", "Signed Up", "Account Closed"),
            *("/", "identify", "Signed Up", "Project Created", "Invoice Paid"),
        ]
    )
    assert waywiser.api("/drops")["drops"] == []


@pytest.mark.browser
def test_the_service_tells_what_it_lost(waywiser: Installation, funnel: dict[str, Any]) -> None:
    found = waywiser.api("/ingestion/services?from=2020-01-01")
    [service] = found["services"]
    assert (service["service"], service["clients"], service["enqueued"]) == ("back office", 1, 5)
    assert service["reasons"] == {"invalid": 1}
    assert (service["share"]["value"], service["share"]["n"]) == (round(1 / 6, 6), 6)


@pytest.mark.browser
def test_the_funnel_counts_every_run_by_its_outcome(funnel: dict[str, Any]) -> None:
    assert funnel["entered"] == 5
    assert funnel["outcomes"] == {"succeeded": 1, "failed": 1, "dropped": 1, "in_time": 2}
    steps = {step["key"]: step for step in funnel["steps"]}
    counted = {
        key: [
            step[n]
            for n in ("progressed", "visited", "missed", "dropped_here", "failed_here", "in_time_here")
        ]
        for key, step in steps.items()
    }
    assert counted == {
        "visit": [5, 5, 0, 0, 0, 1],
        "pricing": [4, 1, 3, 0, 0, 0],
        "signup": [4, 4, 0, 1, 1, 0],
        "project": [2, 2, 0, 0, 0, 1],
        "paid": [1, 1, 0, 0, 0, 0],
    }
    assert funnel["success_rate"]["value"] == 0.2
    assert 0 < funnel["success_rate"]["low"] < 0.2 < funnel["success_rate"]["high"] < 1


@pytest.mark.browser
def test_the_list_behind_every_number_has_exactly_that_many_runs(
    waywiser: Installation, funnel: dict[str, Any]
) -> None:
    runs = "/journeys/trial-to-paid/runs?from=2020-01-01"
    for outcome, n in funnel["outcomes"].items():
        found = waywiser.api(f"{runs}&number={outcome}")
        assert found["total"] == len(found["runs"]) == n
    for step in funnel["steps"]:
        for number in ("progressed", "visited", "missed", "dropped_here", "failed_here", "in_time_here"):
            found = waywiser.api(f"{runs}&number={number}&step={step['key']}")
            assert found["total"] == len(found["runs"]) == step[number], (step["key"], number)


@pytest.mark.browser
def test_paths_conserve_their_flow(waywiser: Installation, funnel: dict[str, Any]) -> None:
    found = waywiser.api("/journeys/trial-to-paid/paths?from=2020-01-01")
    assert found["runs"] == funnel["entered"]
    inflow: dict[str, int] = {}
    outflow: dict[str, int] = {}
    for link in found["links"]:
        outflow[link["source"]] = outflow.get(link["source"], 0) + link["n"]
        inflow[link["target"]] = inflow.get(link["target"], 0) + link["n"]
    for node in found["nodes"]:
        if node["kind"] != "anchor":
            assert inflow[node["id"]] == node["n"]
        if node["kind"] != "end" and node["position"] < 5:
            assert outflow[node["id"]] == node["n"]
    ends = Counter[str]()
    for node in found["nodes"]:
        if node["kind"] == "end":
            ends[node["outcome"]] += node["n"]
    assert ends == {how: n for how, n in funnel["outcomes"].items() if n}


@pytest.mark.browser
def test_browser_and_server_are_one_customer_and_one_session(
    waywiser: Installation, funnel: dict[str, Any]
) -> None:
    anna = timeline(waywiser, "anna")
    kinds = {(one["side"], one["label"]) for one in anna["events"]}
    assert {("browser", "/"), ("browser", "Signed Up"), ("server", "Invoice Paid")} <= kinds
    assert len(anna["sessions"]) == 1
    session = anna["sessions"][0]
    assert (session["entry"], session["exit"], session["campaign"]) == ("/", "/pricing", "spring")
    assert session["channel"] == "Email"
    assert [(run["journey"], run["outcome"]) for run in anna["runs"]] == [("trial-to-paid", "succeeded")]


@pytest.mark.browser
def test_the_admin_shows_the_same_numbers(
    waywiser: Installation, funnel: dict[str, Any], playwright: Playwright
) -> None:
    with opened(playwright) as chromium:
        page = chromium.new_page()
        page.goto(waywiser.address)
        page.fill("input[name=email]", waywiser.made["admin_email"])
        page.fill("input[name=password]", waywiser.made["admin_password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_url("**/journeys**")
        page.goto(f"{waywiser.address}/p/main/journeys/trial-to-paid?from=2020-01-01")
        page.wait_for_selector("main table")
        text = page.inner_text("main")
        for step in funnel["steps"]:
            assert step["name"] in text
        page.goto(f"{waywiser.address}/p/main/journeys/trial-to-paid/paths?from=2020-01-01")
        page.wait_for_selector("main canvas")
        assert "Succeeded" in page.inner_text("main")
        page.goto(f"{waywiser.address}/p/main/live/health")
        assert "back office" in page.inner_text("#services")


def timeline(waywiser: Installation, user: str) -> dict[str, Any]:
    """The timeline of the one customer whom this user id names."""
    found = waywiser.api(f"/customers?query={user}")["customers"]
    assert len(found) == 1, found
    return waywiser.api(f"/customers/{found[0]['customer']}/timeline")
