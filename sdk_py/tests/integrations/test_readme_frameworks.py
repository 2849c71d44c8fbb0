"""The README's examples for frameworks, run as they stand there."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import test_django
from celery import signals
from celery.contrib.testing.worker import start_worker
from django.test import Client as Browser
from django.test.utils import override_settings
from django.urls import path
from upstream_server import UpstreamServer

import waywiser
from waywiser import Client, MemoryTransport, context
from waywiser.codegen import generate

pytest_plugins = ["pytester"]
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
HOST = "https://waywiser.example.com"


def example(heading: str) -> str:
    """The first Python block below a heading."""
    found = re.search(
        rf"^#+ {re.escape(heading)}\n.*?^```python\n(.+?)^```", README, re.DOTALL | re.MULTILINE
    )
    assert found, heading
    return found[1]


@pytest.fixture
def run(memory: MemoryTransport, monkeypatch: pytest.MonkeyPatch) -> Any:
    def client(*arguments: Any, **settings: Any) -> Client:
        return Client(*arguments, **{**settings, "transport": memory, "sync": True})

    def run(heading: str, host: str = HOST) -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "shop"}
        monkeypatch.setattr(waywiser, "Client", client)
        exec(example(heading).replace(HOST, host), names)
        return names

    return run


def who(memory: MemoryTransport) -> list[tuple[str, str]]:
    return [(each["event"], each["anonymousId"]) for each in memory.messages]


def test_flask(run: Any, memory: MemoryTransport, upstream: UpstreamServer) -> None:
    browser = run("Flask", upstream.url)["app"].test_client()
    browser.set_cookie("waywiser_id", "visitor-1")
    assert browser.post("/orders").text == "thank you"
    assert who(memory) == [("Order Paid", "visitor-1")]
    assert browser.get("/ww/w.js").status_code == 200
    assert browser.post("/ww/v1/batch", data=b"{}").status_code == 200
    assert [came.target for came in upstream.came] == ["/w.js", "/v1/batch"]


def test_django_too(run: Any, memory: MemoryTransport) -> None:
    assert test_django.ww, "that module has set Django up"
    names = run("Django")
    urls: Any = ModuleType("urls")
    urls.urlpatterns = [path("orders", names["order"])]
    with override_settings(MIDDLEWARE=names["MIDDLEWARE"], ROOT_URLCONF=urls):
        browser = Browser()
        browser.cookies["waywiser_id"] = "visitor-1"
        assert browser.post("/orders").content == b"thank you"
    assert who(memory) == [("Order Paid", "visitor-1")]


def test_fastapi(run: Any, memory: MemoryTransport) -> None:
    app = run("FastAPI, Starlette and other ASGI applications")["app"]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as browser:
            return await browser.post("/orders", headers={"Cookie": "waywiser_id=visitor-1"})

    assert asyncio.run(ask()).json() == "thank you"
    assert who(memory) == [("Order Paid", "visitor-1")]


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """A worker sets up logging for the whole process, unless somebody says to do that."""

    def nothing(**_: Any) -> None:
        """Leave it as it is."""

    signals.setup_logging.connect(nothing, weak=False)
    yield
    signals.setup_logging.disconnect(nothing)


@pytest.mark.usefixtures("_own_logging")
def test_celery(run: Any, memory: MemoryTransport) -> None:
    names = run("Celery")
    app = names["app"]
    app.conf.update(broker_url="memory://", result_backend="cache+memory://")
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=60):
        with context(anonymous_id="visitor-1"):
            answer = names["send_receipt"].delay(7)
        answer.get(timeout=60, disable_sync_subtasks=False)
    assert who(memory) == [("Receipt Sent", "visitor-1")]


def test_lambda(run: Any, memory: MemoryTransport) -> None:
    handler = run("AWS Lambda and its like")["handler"]
    assert handler({"cookies": ["waywiser_id=visitor-1"]}, None) == {"statusCode": 200}
    assert who(memory) == [("Order Paid", "visitor-1")]


def test_logging(run: Any, memory: MemoryTransport) -> None:
    before = list(logging.getLogger().handlers)
    run("Logging")
    [added] = [each for each in logging.getLogger().handlers if each not in before]
    try:
        with context(anonymous_id="visitor-1"):
            logging.getLogger("shop").error("out of stock")
    finally:
        logging.getLogger().removeHandler(added)
    assert who(memory) == [("Failure Logged", "visitor-1")]


def test_the_fixture(pytester: pytest.Pytester) -> None:
    pay = 'def pay_invoice(ww):\n    ww.track("Invoice Paid", user_id="42", properties={"plan": "pro"})\n\n\n'
    pytester.makepyfile(pay + example("Testing your own code"))
    result = pytester.runpytest_subprocess("-p", "waywiser.testing", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_typed_events(client: Client, memory: MemoryTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    properties = {"plan": {"type": "string"}, "amount": {"type": "number"}}
    plan = {"events": [{"event": "Invoice Paid", "schema": {"properties": properties}}]}
    events: Any = ModuleType("events")
    exec(generate(json.loads(json.dumps(plan))), vars(events))
    monkeypatch.setitem(__import__("sys").modules, "events", events)
    exec(example("Typed events from a tracking plan"), {"ww": client})
    [message] = memory.messages
    assert (message["event"], message["properties"]) == ("Invoice Paid", {"plan": "pro", "amount": 49})


def test_asyncio(run: Any, memory: MemoryTransport) -> None:
    names = run("asyncio")

    async def live() -> None:
        async with names["app"].router.lifespan_context(names["app"]):
            assert names["ww"].track("Started", user_id="1")
        assert names["ww"].track("Too Late", user_id="1") is False

    asyncio.run(live())
    assert [each["event"] for each in memory.messages] == ["Started"]


def test_whom_a_call_is_about(client: Client, memory: MemoryTransport) -> None:
    exec(example("Whom a call is about"), {"ww": client})
    used, known = memory.messages
    assert (used["anonymousId"], used["context"]["ip"]) == ("4b1f…", "203.0.113.7")
    assert (known["anonymousId"], known["userId"]) == ("4b1f…", "42")


def test_every_example_is_one_that_is_run_here_or_shows_the_life_of_a_client() -> None:
    headings = re.findall(r"^#+ (.+)\n(?:(?!^#+ ).*\n)*?```python$", README, re.MULTILINE)
    assert set(headings) == {
        *("Four lines", "Whom a call is about", "Flask", "Django", "Celery", "AWS Lambda and its like"),
        *("FastAPI, Starlette and other ASGI applications", "Logging", "Testing your own code"),
        *("Typed events from a tracking plan", "asyncio", "Life cycle", "What is guaranteed"),
        "The spool: nothing lost while the collector is away",
    }


def test_no_section_stands_twice() -> None:
    sections = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert len(sections) == len(set(sections))
    links = set(re.findall(r"\(#([a-z-]+)\)", README))
    assert links == {re.sub(r"[^a-z ]", "", each.lower()).replace(" ", "-") for each in sections}
