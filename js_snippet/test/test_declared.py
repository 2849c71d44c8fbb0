"""Events that a page declares on its elements."""

import json

import pytest
from playwright.sync_api import BrowserContext

from js_snippet.test.capture import Collector, Site
from js_snippet.test.visits import labels, visit

pytestmark = pytest.mark.browser


def test_a_declared_click_is_tracked_even_if_it_leaves_the_page(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/next")
    declared = 'data-ww-event="Plan Chosen" data-ww-prop-plan="pro" data-ww-prop-plan-name="Pro"'
    link = f'<a href="/next" {declared}><b>go</b></a>'
    page = visit(
        profile, site.put("/", link + "<script>onclick = event => event.stopImmediatePropagation()</script>")
    )
    page.click("b")
    page.wait_for_url("**/next")
    view, chosen, _ = events = collector.wait(3)
    assert labels(events) == ["page /", "track Plan Chosen", "page /next"]
    assert chosen["properties"] == {"plan": "pro", "plan-name": "Pro"}
    assert chosen["context"]["page"]["path"] == view["context"]["page"]["path"]


def test_a_declared_form_is_tracked_when_it_is_sent_not_when_it_is_clicked(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    site.put("/sent")
    form = """<div data-ww-event="Box Clicked">
      <form action="/sent" data-ww-event="Form Sent" data-ww-prop-form="contact">
        <input name="secret" value="s3cret">
        <button id="inner" type="button" data-ww-event="Hint Opened">?</button>
        <button id="send">send</button>
      </form></div>"""
    page = visit(profile, site.put("/", form))
    page.click("#inner")
    page.click("#send")
    page.wait_for_url("**/sent*")
    events = collector.wait(5)
    assert labels(events)[:4] == ["page /", "track Hint Opened", "track Box Clicked", "track Form Sent"]
    assert events[3]["properties"] == {"form": "contact"}
    assert "s3cret" not in json.dumps(events[:4])
