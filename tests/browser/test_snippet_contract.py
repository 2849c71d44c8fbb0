"""The payload of the snippet in tests/contract/ is what it really sends, but for ids, which are random."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Playwright, Request, Route

from server.wsgi import SNIPPET
from tests.browser.chromium import opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KEPT = Path(__file__).parents[1] / "contract" / "snippet_batch.json"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
PAGE = """<!doctype html><title>Pricing</title><link rel="icon" href="data:,">
<script async src="https://ww.example/w.js" data-key="wb_key"></script>
<button data-ww-event="Plan Chosen" data-ww-prop-plan="pro">Choose Pro</button>"""
ADDRESS = "https://shop.example/pricing?utm_source=news&utm_medium=email&utm_campaign=october&invite=s3cret"
KEPT_HEADERS = ("Content-Type", "Origin", "User-Agent")


def sent(playwright: Playwright) -> dict[str, Any]:
    """The one request of a visit in which the clock stands still between the calls."""
    requests: list[Request] = []

    def take(route: Route) -> None:
        requests.append(route.request)
        route.fulfill(json={"success": True, "accepted": 3, "rejected": []})

    look = {"width": 1440, "height": 900}
    with opened(playwright, "--disable-blink-features=AutomationControlled") as browser:
        context = browser.new_context(
            locale="en-GB",
            timezone_id="Europe/London",
            viewport=look,
            screen=look,
            device_scale_factor=2,
            user_agent=MAC,
        )
        page = context.new_page()
        page.route(
            "https://shop.example/**", lambda route: route.fulfill(body=PAGE, content_type="text/html")
        )
        page.route("https://ww.example/w.js", lambda route: route.fulfill(path=SNIPPET / "w.js"))
        page.route("https://ww.example/v1/batch*", take)
        page.clock.install(time=datetime(2025, 10, 9, 8, 53, tzinfo=UTC))
        page.clock.pause_at(datetime(2025, 10, 9, 8, 53, 10, tzinfo=UTC))
        page.goto(ADDRESS, referer="https://mail.google.com/")
        page.wait_for_function("window.waywiser && waywiser.version")
        page.clock.run_for(150)
        page.click("button")
        page.clock.run_for(50)
        page.evaluate("waywiser.identify('u-17', {plan: 'pro'})")
        with page.expect_response("https://ww.example/v1/batch*"):
            page.clock.run_for(300)
        (request,) = requests
        address, headers = urlsplit(request.url), request.all_headers()
        assert parse_qs(address.query)["writeKey"] == ["wb_key"]
        return {
            "path": address.path,
            "key": "browser",
            "key_in": "query",
            "headers": {name: headers[name.lower()] for name in KEPT_HEADERS},
            "body": json.loads(with_numbers(json.dumps(request.post_data_json, sort_keys=True))),
        }


def with_numbers(text: str) -> str:
    """The text with a number, in the order of appearance, in each random id."""
    known: dict[str, str] = {}
    return UUID.sub(
        lambda found: known.setdefault(found[0], f"{len(known) + 1:08}-0000-4000-8000-000000000000"), text
    )


def test_the_contract_is_what_the_snippet_sends(playwright: Playwright, tmp_path: Path) -> None:
    seen = sent(playwright)
    new = tmp_path / KEPT.name
    new.write_text(json.dumps(seen, indent=2))
    kept = json.loads(KEPT.read_text())["request"]
    assert seen == kept, f"if this is right, take the request from {new}"
