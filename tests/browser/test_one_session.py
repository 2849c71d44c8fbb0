"""A page with the snippet and a Flask application behind it: one session holds what both sides saw."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Playwright
from waywiser import Client
from waywiser.flask import Waywiser, proxy
from werkzeug.serving import make_server

from tests.browser.chromium import opened
from tests.installation import Installation, eventually, free_port

PAGE = """<!doctype html><title>Shop</title><link rel="icon" href="data:,">
<script async src="/w.js" data-key="{key}"></script>
<h1>Shop</h1><button id="order">Order</button><p id="said"></p>
<script>
document.getElementById("order").addEventListener("click", () => {{
  const headers = {{"X-Waywiser-Session-Id": localStorage.waywiser_session.split(/[ .]/)[0]}};
  fetch("/order", {{method: "POST", headers}})
    .then((answer) => answer.text())
    .then((text) => {{ document.getElementById("said").textContent = text; }});
}});
</script>
"""
DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)


def shop(waywiser: Installation, client: Client) -> Flask:
    """A shop that tells Waywiser of orders, and from which the snippet comes and to which it sends."""
    app = Flask("shop")
    Waywiser(app, client=client, request_event="Request Handled")
    app.register_blueprint(proxy(waywiser.address))

    @app.get("/")
    @app.get("/basket")
    def show() -> str:
        return PAGE.format(key=waywiser.made["write_key"])

    @app.post("/order")
    def order() -> str:
        client.track("Order Paid")
        client.track("Receipt Sent", user_id="anna")
        return "thank you"

    return app


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The shop at an address of its own."""
    server = make_server("127.0.0.1", free_port(), app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def waywiser(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path) as place:
        place.init()
        place.start()
        yield place
        place.stop()


def listed(place: Installation) -> list[dict[str, Any]]:
    return list(place.api("/sessions")["sessions"])


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_and_the_server_behind_it_are_in_one_session(
    waywiser: Installation, playwright: Playwright
) -> None:
    client = Client(waywiser.made["server_key"], host=waywiser.address)
    with opened(playwright, f"--user-agent={DESKTOP}") as chromium, served(shop(waywiser, client)) as site:
        page = chromium.new_context().new_page()
        page.goto(f"{site}/?utm_source=news&utm_medium=email")
        page.wait_for_function("localStorage.waywiser_session")
        page.goto(f"{site}/basket")
        page.click("#order")
        page.wait_for_selector("#said:has-text('thank you')")
        # While the shop is still there: what the page has not sent yet goes through it.
        found = eventually(
            lambda: listed(waywiser), lambda some: len(some) == 1 and some[0]["touchpoints"] == 6, seconds=60
        )
        page.close()
    assert client.close(timeout=60).lost == 0
    assert len(found) == 1
    one = found[0]
    assert (one["touchpoints"], one["pages"], one["server_touchpoints"]) == (6, 2, 4)
    assert (one["entry"], one["exit"], one["channel"]) == ("/", "/basket", "Email")
    assert (one["bounced"], one["engaged"]) == (False, True)
    touched = ("/", "/basket", "Order Paid", "Receipt Sent", "Request Handled")
    timeline = waywiser.api(f"/customers/{one['customer']}/timeline")
    touches = [event for event in timeline["events"] if event["label"] in touched]
    assert len(touches) == 6
    assert {event["session"] for event in touches} == {one["id"]}
    assert {event["side"] for event in touches} == {"browser", "server"}
