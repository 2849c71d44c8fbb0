"""The snippet in a real browser against the real collector: what a visitor does, and exactly what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.browser.stage import PATIENCE_S, Ground, Stage, in_short, stage_on
from tests.installation import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def plain_site(stage: Stage) -> None:
    stage.put("/", '<a href="/next">on</a>')
    stage.put("/next")
    page = stage.open(stage.ground.site.at("/?utm_source=news"))
    page.click("a")
    page.wait_for_url("**/next")
    page.wait_for_function("window.waywiser && waywiser.version")
    page.close()


def single_page_app(stage: Stage) -> None:
    page = stage.open(stage.put("/app"))
    page.evaluate("history.pushState({}, '', '/app/a')")
    page.evaluate("history.replaceState({}, '', '/app/a?sort=up')")
    page.evaluate("history.pushState({}, '', '/app/b')")
    page.go_back()
    page.evaluate("waywiser.track('Shown')")
    page.close()


def two_tabs(stage: Stage) -> None:
    address = stage.put("/")
    first, second = stage.open(address), stage.open(address)
    stage.arrived(2)
    for arrived, page in enumerate((first, second, first), 3):
        page.evaluate("waywiser.track('Seen')")
        stage.arrived(arrived)  # tabs that act in the same instant may share a number
    first.close()
    second.close()


def closed_in_a_burst(stage: Stage) -> None:
    page = stage.open(stage.put("/"))
    page.evaluate("for (let i = 0; i < 100; i++) waywiser.track('Step', {i, text: 'x'.repeat(900)})")
    page.close()  # browsers carry 64 KiB for a page that ends; the rest waits for the next visit
    stage.open(stage.put("/later"))


def offline_then_online(stage: Stage) -> None:
    page = stage.open(stage.put("/"))
    stage.arrived(1)
    stage.visitor.set_offline(True)
    page.evaluate("for (let i = 0; i < 5; i++) waywiser.track('Read', {i})")
    page.wait_for_timeout(600)  # so that an attempt fails
    stage.visitor.set_offline(False)
    stage.arrived(6)
    page.close()


def collector_down_and_back(stage: Stage) -> None:
    page = stage.open(stage.put("/"))
    stage.arrived(1)
    stage.ground.collector.kill()
    page.evaluate("for (let i = 0; i < 5; i++) waywiser.track('Read', {i})")
    with page.expect_event("requestfailed"):
        pass
    stage.ground.start()
    stage.arrived(6)
    page.close()


def collector_down_while_the_page_ends(stage: Stage) -> None:
    page = stage.open(stage.put("/"))
    stage.arrived(1)
    stage.ground.collector.kill()
    page.evaluate("waywiser.track('Last Word')")
    page.goto(stage.put("/quiet", head=""))
    stage.ground.start()
    stage.open(stage.put("/later"), page=page)
    stage.arrived(3)
    page.close()


def form_and_link_lead_away(stage: Stage) -> None:
    stage.put(
        "/",
        f"""<form method="post" action="/order"><input name="secret" value="1234"><button>go</button></form>
        <a id="out" href="{stage.ground.site.at("/elsewhere", "other.test")}?token=1">out</a>""",
    )
    stage.put("/thanks")
    stage.put("/elsewhere", head="")
    page = stage.open(stage.ground.site.at("/"))
    page.click("button")
    page.wait_for_url("**/thanks")
    stage.open(stage.ground.site.at("/"), page=page)
    page.click("#out")
    page.wait_for_url("http://other.test:*/**")
    page.close()


def back_forward_cache(stage: Stage) -> None:
    stage.put("/quiet", head="")
    page = stage.open(stage.put("/"))
    page.evaluate("window.kept = true")
    page.goto(stage.ground.site.at("/quiet"))
    page.evaluate("history.back()")
    page.wait_for_function("window.kept")
    page.evaluate("waywiser.track('Back')")
    page.close()


def storage_blocked(stage: Stage) -> None:
    """In a sandboxed frame neither cookies nor localStorage may be touched."""
    stage.put("/framed")
    stage.put("/", '<iframe sandbox="allow-scripts" src="/framed"></iframe>', head="")
    page = stage.visitor.new_page()
    page.goto(stage.ground.site.at("/"))
    frame = page.wait_for_selector("iframe").content_frame()
    frame.wait_for_function("window.waywiser && waywiser.version")
    frame.evaluate("waywiser.track('Played')")
    stage.arrived(2)
    page.close()


def strict_policy(stage: Stage) -> None:
    policy = (
        f"default-src 'none'; script-src {stage.collector}; connect-src {stage.collector}; img-src data:; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    complaints: list[str] = []
    page = stage.visitor.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    stage.open(stage.put("/", headers={"Content-Security-Policy": policy}), page=page)
    page.evaluate("waywiser.track('Allowed')")
    page.close()
    assert complaints == []


def included_twice(stage: Stage) -> None:
    page = stage.open(stage.put("/", head=stage.script() * 2))
    page.evaluate("waywiser.track('Once')")
    page.close()


def closed_at_once(stage: Stage) -> None:
    page = stage.open(stage.put("/"))
    page.wait_for_timeout(200)
    page.close()


def consent_changes(stage: Stage) -> None:
    """What happens before the answer waits for it; what happens after a refusal is dropped."""
    page = stage.open(stage.put("/", head=stage.script('data-auto data-consent="required"')))
    page.evaluate("waywiser.track('Before')")
    page.wait_for_timeout(400)  # longer than events are gathered
    assert stage.happened() == []
    assert page.evaluate("document.cookie + Object.keys(localStorage)") == ""
    page.evaluate("waywiser.consent('granted'); waywiser.track('Granted')")
    stage.arrived(3)
    page.evaluate("waywiser.consent('denied'); waywiser.track('Denied')")
    assert "waywiser_id" not in page.evaluate("document.cookie + Object.keys(localStorage)")
    page.close()


def opted_out(stage: Stage) -> None:
    page = stage.open(stage.put("/"))
    stage.arrived(1)
    page.evaluate("waywiser.optOut(); waywiser.track('Refused')")
    stage.open(stage.put("/next"), page=page)
    page.evaluate("waywiser.track('Refused')")
    page.close()


def cookieless(stage: Stage) -> None:
    page = stage.open(stage.put("/", head=stage.script("data-auto data-cookieless")))
    page.evaluate("waywiser.track('Unknown')")
    stage.arrived(2)
    stage.open(stage.put("/next", head=stage.script("data-auto data-cookieless")), page=page)
    stage.arrived(3)
    assert page.evaluate("document.cookie + Object.keys(localStorage)") == ""
    page.close()


def cookieless_at_run_time(stage: Stage) -> None:
    """What waits for the collector leaves the disk, but not the page."""
    page = stage.open(stage.put("/"))
    stage.arrived(1)
    stage.ground.collector.kill()
    page.evaluate("waywiser.track('Before')")
    with page.expect_event("requestfailed"):
        pass
    page.evaluate("waywiser.consent('cookieless'); waywiser.track('After')")
    assert page.evaluate("Object.keys(localStorage)") == ["waywiser_consent"]
    stage.ground.start()
    stage.arrived(3)
    page.close()


def not_found(stage: Stage) -> None:
    page = stage.open(stage.put("/lost", head='<meta name="waywiser" content="404">' + stage.script()))
    stage.arrived(1)
    assert json.loads(stage.happened()[0]["properties"])["status"] == "404"
    page.close()


def two_domains(stage: Stage) -> None:
    head = stage.script('data-auto data-domains="one.test two.test"', "w.full.js")
    there = stage.ground.site.at("/there", "shop.two.test")
    stage.put("/", f'<a href="{there}">there</a>', head=head)
    stage.put("/there", head=head)
    page = stage.open(stage.ground.site.at("/", "www.one.test"))
    page.click("a")
    page.wait_for_url("**/there")
    page.wait_for_function("window.waywiser && waywiser.version")
    page.evaluate("waywiser.track('Arrived')")
    page.close()


def read_for_a_while(stage: Stage) -> None:
    page = stage.open(stage.put("/", "<p style='height: 4000px'>long</p>", head=stage.script("")))
    page.mouse.move(10, 10)
    page.wait_for_timeout(1_100)  # a shorter visit is no engagement
    page.mouse.wheel(0, 500)
    page.wait_for_function("scrollY > 0")
    page.close()


@dataclass(frozen=True)
class Scenario:
    """What a visitor does and what is stored of it, in the order of the browser's numbers."""

    act: Callable[[Stage], None]
    stored: list[str]
    visitors: int = 1
    sessions: int = 1
    is_numbered: bool = True
    project: dict[str, bool] = field(default_factory=dict)


SCENARIOS = [
    Scenario(plain_site, ["page /", "page /next"]),
    Scenario(single_page_app, ["page /app", "page /app/a", "page /app/b", "page /app/a", "track Shown"]),
    Scenario(two_tabs, ["page /", "page /", *["track Seen"] * 3]),
    Scenario(closed_in_a_burst, ["page /", *["track Step"] * 100, "page /later"]),
    Scenario(offline_then_online, ["page /", *["track Read"] * 5]),
    Scenario(collector_down_and_back, ["page /", *["track Read"] * 5]),
    Scenario(collector_down_while_the_page_ends, ["page /", "track Last Word", "page /later"]),
    Scenario(
        form_and_link_lead_away,
        ["page /", "track Form Submitted", "page /thanks", "page /", "track Outbound Link Clicked"],
    ),
    Scenario(back_forward_cache, ["page /", "page /", "track Back"]),
    Scenario(storage_blocked, ["page /framed", "track Played"]),
    Scenario(strict_policy, ["page /", "track Allowed"]),
    Scenario(included_twice, ["page /", "track Once"]),
    Scenario(closed_at_once, ["page /"]),
    Scenario(consent_changes, ["page /", "track Before", "track Granted"]),
    Scenario(opted_out, ["page /"]),
    Scenario(
        cookieless, ["page /", "track Unknown", "page /next"], is_numbered=False, project={"cookieless": True}
    ),
    Scenario(
        cookieless_at_run_time,
        ["page /", "track Before", "track After"],
        is_numbered=False,
        project={"cookieless": True},
    ),
    Scenario(not_found, ["page /lost"]),
    Scenario(two_domains, ["page /", "page /there", "track Arrived"], is_numbered=False),
    Scenario(read_for_a_while, ["page /", "track Page Engaged"]),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.act.__name__)
def test_what_a_visitor_does_is_stored_exactly(ground: Ground, scenario: Scenario) -> None:
    stage = stage_on(ground, **scenario.project)
    scenario.act(stage)
    found = stage.all_told(len(scenario.stored))
    if not scenario.is_numbered:
        found.sort(key=lambda event: event["at"])
    stage.visitor.close()
    assert [in_short(event) for event in found] == scenario.stored
    if scenario.is_numbered:
        numbers = [event["sequence"] for event in found]
        assert numbers == [*range(1, len(found) + 1)], "no number is missing or twice"
    assert len({event["visitor"] for event in found}) == scenario.visitors
    assert len({event["session"] for event in found}) == scenario.sessions


def test_ten_thousand_calls_fill_a_megabyte_and_not_more(ground: Ground) -> None:
    """Of events that come too fast to be sent the first ones are kept; numbers tell how many are not."""
    stage = stage_on(ground)
    page = stage.open(stage.put("/", """<button onclick="waywiser.track('Clicked')">go</button>"""))
    stage.arrived(1)
    kept = page.evaluate("""() => {
        for (let i = 0; i < 10000; i++) waywiser.track("Step", {i});
        return Object.values(localStorage).join("").length;
    }""")
    assert kept < 1_010_000
    page.wait_for_function("!Object.keys(localStorage).some(name => name.startsWith('waywiser_queue'))")
    page.click("button")
    page.close()
    view, *steps, click = eventually(
        stage.happened, lambda some: bool(some) and in_short(some[-1]) == "track Clicked", seconds=PATIENCE_S
    )
    stage.visitor.close()
    assert (in_short(view), in_short(click)) == ("page /", "track Clicked")
    assert [json.loads(step["properties"])["i"] for step in steps] == [*range(len(steps))]
    assert len(steps) > 1_000
    assert click["sequence"] == 10_002, "the gap before it is what was lost"
