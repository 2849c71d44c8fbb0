"""Where the snippet comes from, and where it sends to."""

import pytest
from playwright.sync_api import BrowserContext

from js_snippet.test.capture import SCRIPT, Collector, Site
from js_snippet.test.visits import visit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("script", "attribute", "path"),
    [
        ("/w.js", "", "/v1/batch"),
        ("/ww/w.js?v=2", "", "/ww/v1/batch"),
        ("/w.js", 'data-host="{collector}/metrics"', "/metrics/v1/batch"),
    ],
)
def test_it_sends_to_the_folder_that_it_came_from_or_to_the_host_it_is_given(
    profile: BrowserContext, site: Site, collector: Collector, script: str, attribute: str, path: str
) -> None:
    told = attribute.format(collector=collector.url)
    head = f'<script src="{collector.url}{script}" data-key="wb_test" {told}></script>'
    visit(profile, site.put("/", head=head))
    collector.wait(1)
    assert collector.requests[0].path == path


def test_a_host_on_the_site_itself_needs_only_its_path(
    profile: BrowserContext, site: Site, collector: Collector
) -> None:
    page = profile.new_page()
    page.route("**/metrics/v1/batch?*", lambda route: route.fulfill(json={"success": True}))
    with page.expect_request(site.url + "/metrics/v1/batch?*"):
        page.goto(site.put("/", head=site.script.replace("async", 'data-host="/metrics"')))


@pytest.mark.parametrize("address", ["/w.js?x=1", None])
def test_code_without_an_element_of_its_own_takes_the_one_with_its_key_not_that_of_another_vendor(
    profile: BrowserContext, site: Site, collector: Collector, address: str | None
) -> None:
    code = (
        f'<script src="{collector.url}{address}"></script>'
        if address
        else f"<script>{SCRIPT.read_text()}</script>"
    )
    other = '<script type="text/plain" src="https://other.test/tag.js" data-key="other"></script>'
    own = site.script.replace("async", 'type="text/plain"')
    visit(profile, site.put("/", head=other + own + code))
    collector.wait(1)
    assert collector.requests[0].write_key == "wb_test"
