"""The snippet is a guest: it works on odd, strict and hostile pages, and does nothing to them."""

import pytest
from playwright.sync_api import BrowserContext

from js_snippet.test.capture import Collector, Site
from js_snippet.test.visits import (
    LOADED,
    STUB,
    anonymous_ids,
    labels,
    leave,
    one,
    sessions,
    visit,
    wait_until_answered,
)

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "broken",
    [
        "Object.freeze(history)",
        "Intl.DateTimeFormat = () => { throw Error('broken') }",
        "delete window.Intl",
    ],
)
def test_what_the_page_has_broken_costs_only_itself(
    profile: BrowserContext, site: Site, collector: Collector, broken: str
) -> None:
    early = f"<script>{broken}; waywiser.track('Early')</script>"
    page = visit(profile, site.put("/", head=STUB + early + site.script))
    collector.wait(2)
    wait_until_answered(page)
    page.evaluate("waywiser.track('Last')")
    leave(page)
    assert labels(collector.wait(3)) == ["page /", "track Early", "track Last"]


def test_names_that_the_page_has_taken_are_left_to_it(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    own = "<script>let screen = null; const history = []</script>"
    page = visit(profile, site.put("/", head=own + site.script))
    page.evaluate("window.history.pushState({}, '', '/next')")
    view, after = collector.wait(2)
    assert labels([view, after]) == ["page /", "page /next"]
    assert view["context"]["screen"] == {"width": 1000, "height": 700}
    assert page.evaluate("[history.length, Object.keys(history)]") == [0, []]


def test_a_call_that_says_nothing_is_named_in_the_console_and_sends_nothing(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/"))
    collector.wait(1)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    calls = ["identify()", "identify('')", "identify(null)", "identify([1])", "identify(NaN)", "identify({})"]
    calls += ["track()", "track('  ')", "group({})", "alias()", "consent('yes')"]
    for call in calls:
        page.evaluate(f"waywiser.{call}")
        assert said[-1].startswith("waywiser: unclear"), call
    assert len(said) == len(calls)
    page.evaluate("waywiser.identify(7); waywiser.identify({plan: 'pro'})")
    assert labels(collector.wait(3, settle=0.3)) == ["page /", "identify /", "identify /"]


def test_a_browser_under_remote_control_says_so(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    profile.add_init_script("Object.defineProperty(navigator, 'webdriver', {value: true})")
    visit(profile, site.put("/"))
    assert collector.wait(1)[0]["context"]["webdriver"] is True


def test_it_works_where_storage_is_blocked(profile: BrowserContext, site: Site, collector: Collector) -> None:
    site.put("/framed")
    page = profile.new_page()
    page.goto(site.put("/", '<iframe sandbox="allow-scripts" src="/framed"></iframe>', head=""))
    collector.wait(1)
    page.frames[1].evaluate("waywiser.identify('42'); waywiser.track('Framed')")
    view, identify, framed = collector.wait(3)
    assert one(anonymous_ids([view, identify, framed]))
    assert one(sessions([view, identify, framed]))
    assert framed["userId"] == "42"


def test_it_works_where_storage_is_full(profile: BrowserContext, site: Site, collector: Collector) -> None:
    filled = """<script>
      localStorage.clear();
      let size = 1 << 20, n = 0;
      while (size) try { localStorage["fill" + n++] = "x".repeat(size); } catch { size >>= 1; }
    </script>"""
    page = visit(profile, site.put("/", head=filled + site.script))
    page.evaluate("waywiser.track('One'); waywiser.track('Two')")
    events = collector.wait(3)
    assert one(anonymous_ids(events))
    assert one(sessions(events))


def test_included_twice_it_runs_once(profile: BrowserContext, site: Site, collector: Collector) -> None:
    page = visit(profile, site.put("/", site.script, head=STUB + site.script))
    page.wait_for_load_state()
    page.evaluate("waywiser.track('Once')")
    assert labels(collector.wait(2)) == ["page /", "track Once"]


def test_it_needs_no_more_than_a_strict_policy_allows(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    allowed = f"script-src {collector.url}; connect-src {collector.url}"
    policy = f"default-src 'none'; {allowed}; require-trusted-types-for 'script'"
    page = profile.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(error.message))
    page.goto(site.put("/", headers={"Content-Security-Policy": policy}))
    collector.wait(1)
    page.close()
    assert complaints == []


def test_calls_made_before_it_loads_are_replayed_in_order(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    early = """<script>
      waywiser.track("First", {n: 1}); waywiser.identify("42", {plan: "pro"});
      var held = waywiser.track; waywiser.track("Second"); waywiser.ready(function () { held("Third"); });
    </script>"""
    visit(profile, site.put("/", head=STUB + early + site.script))
    events = collector.wait(5)
    assert labels(events) == ["page /", "track First", "identify /", "track Second", "track Third"]
    assert [event.get("userId") for event in events] == [None, None, "42", "42", "42"]
    assert events[1]["properties"] == {"n": 1}


def test_an_opt_out_before_it_loads_lets_nothing_out(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = visit(profile, site.put("/", head=STUB + "<script>waywiser.optOut()</script>" + site.script))
    page.wait_for_timeout(300)
    page.close()
    collector.wait(0)
    assert collector.requests == []


def test_a_hostile_page_costs_only_what_cannot_be_written(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    hostile = """<script>
      Array.prototype.toJSON = String.prototype.toJSON = function () { return "broken"; };
      Object.prototype.extra = "extra"; Array.prototype.extra = "extra";
      Object.prototype.toJSON = function () { return "broken"; };
    </script>"""
    page = profile.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.message))
    page.goto(site.put("/", head=hostile + site.script))
    page.wait_for_function(LOADED)
    page.evaluate(
        """() => {
            const loop = {}; loop.self = loop;
            const bad = {get now() { throw new Error("getter"); }};
            waywiser.track("Strange", {
                list: [1, {deep: [2]}], text: "x\\u2028\\ud800", big: 10n, nested: {big: [1n]},
                when: new Date(0), nan: NaN, null: null,
                loop, bad, fn() {}, symbol: Symbol("s"), none: undefined, node: document.body, window,
            });
            waywiser.track("Looped", {loop, b: 1});
            waywiser.track("Bare", Object.assign(Object.create(null), {b: 1}));
            waywiser.track("Getter", {get a() { throw new Error("a"); }, b: 1});
            waywiser.track("Odd", "not an object");
            waywiser.track(); waywiser.track({}); waywiser.alias(); waywiser.group(NaN); waywiser.ready("x");
            waywiser.track("Huge", {text: "x".repeat(40000)});
            waywiser.identify(null, {plan: "pro"});
        }"""
    )
    view, strange, looped, bare, getter, odd, identify = collector.wait(7)
    assert view["context"]["page"]["path"] == "/"
    node = strange["properties"].pop("node", {})
    assert node == {}
    assert strange["properties"] == {
        "list": [1, {"deep": [2]}],
        "text": "x\u2028\ud800",
        "big": "10",
        "nested": {"big": ["1"]},
        "when": "1970-01-01T00:00:00.000Z",
        "nan": None,
        "null": None,
    }
    assert looped["properties"] == bare["properties"] == getter["properties"] == {"b": 1}
    assert odd["properties"] == {}
    assert ("userId" not in identify, identify["traits"]) == (True, {"plan": "pro"})
    assert errors == []


def test_it_leaves_one_name_on_the_page_and_no_trace_in_the_layout(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    watch = """<script>
      var before = new Set(Object.getOwnPropertyNames(window)).add("before").add("shifts"), shifts = 0;
      new PerformanceObserver(list => shifts += list.getEntries().length).observe({type: "layout-shift"});
    </script>"""
    page = visit(profile, site.put("/", "<p>text</p>" * 500, head=watch + site.script))
    collector.wait(1)
    assert page.evaluate("Object.getOwnPropertyNames(window).filter(name => !before.has(name))") == [
        "waywiser"
    ]
    assert page.evaluate("shifts") == 0
    assert page.evaluate("document.querySelectorAll('body > :not(p)').length") == 0
