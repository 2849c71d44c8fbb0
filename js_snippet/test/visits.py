"""What tests do with a visitor's pages and with the events that come of them."""

import re
from typing import Any

from playwright.sync_api import BrowserContext, Page

from js_snippet.test.capture import Event, label

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
LOADED = "() => !!(window.waywiser && window.waywiser.version)"
TRACES = "[document.cookie, ...Object.keys(localStorage)].filter(one => one)"
QUEUED = "Object.keys(localStorage).filter(key => key.includes('queue')).length"

STUB = """<script>
window.waywiser = window.waywiser || { q: [] };
"track page identify alias group reset consent optOut optIn ready".split(" ").forEach(function (name) {
  waywiser[name] = waywiser[name] || function () { waywiser.q.push([name, arguments]); };
});
</script>"""


def visit(profile: BrowserContext, address: str) -> Page:
    page = profile.new_page()
    page.goto(address)
    page.wait_for_function(LOADED)
    return page


def leave(page: Page) -> None:
    """Browsers give a page that is closed half a second, and one that makes way for another what it needs."""
    page.goto("about:blank")
    page.close()


def wait_until_answered(page: Page) -> None:
    """The collector has an event a moment before the page knows that it has."""
    page.wait_for_function(f"{QUEUED} === 0")


def labels(events: list[Event]) -> list[str]:
    return [label(event) for event in events]


def one(events: list[Any]) -> Any:
    """The single value that all of them are."""
    assert len(set(events)) == 1, events
    return events[0]


def anonymous_ids(events: list[Event]) -> list[str]:
    return [event["anonymousId"] for event in events]


def sessions(events: list[Event]) -> list[str]:
    return [event["context"]["sessionId"] for event in events]
