"""The ASGI middleware under Starlette and FastAPI."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from waywiser import Client, MemoryTransport, context, current_context
from waywiser.asgi import WaywiserMiddleware

HEADERS = {"User-Agent": "Browser/1.0", "X-Waywiser-Session-Id": "session-1"}


def fetch(
    app: Any, *paths: str, method: str = "GET", visitor: str = "visitor-1", **more: Any
) -> list[httpx.Response]:
    """Ask for all of these at once."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("203.0.113.7", 1))
        headers = {**HEADERS, **({"Cookie": f"broken; waywiser_id={visitor}; x=1"} if visitor else {})}
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as browser:
            return await asyncio.gather(
                *(browser.request(method, path, headers=headers, **more) for path in paths)
            )

    return asyncio.run(ask())


def starlette_app(ww: Client, **settings: Any) -> Starlette:
    async def order(request: Request) -> Response:
        await asyncio.sleep(0)
        ww.track("Order Paid")
        after = BackgroundTask(lambda: ww.track("Receipt Sent"))
        return PlainTextResponse("thank you", background=after)

    async def lines(request: Request) -> Response:
        async def produce() -> Any:
            yield "line\n"
            ww.track("Line Read")

        return StreamingResponse(produce())

    async def broken(request: Request) -> Response:
        raise RuntimeError

    inner = [Route("/items/{item}", order)]
    routes = [
        Route("/orders/{number}", order, methods=["POST"]),
        Route("/lines", lines),
        Route("/broken/{thing}", broken),
        Mount("/shop", routes=inner),
        Mount("/of/{customer}", routes=inner),
    ]
    return Starlette(routes=routes, middleware=[Middleware(WaywiserMiddleware, **settings)])


def test_a_call_in_an_endpoint_is_about_the_visitor_whose_request_it_is(
    client: Client, memory: MemoryTransport
) -> None:
    [answer] = fetch(starlette_app(client), "/orders/7", method="POST")
    assert answer.text == "thank you"
    assert [each["event"] for each in memory.messages] == ["Order Paid", "Receipt Sent"]
    for message in memory.messages:
        assert message["anonymousId"] == "visitor-1"
        context = message["context"]
        assert (context["sessionId"], context["ip"]) == ("session-1", "203.0.113.7")
        assert context["userAgent"] == "Browser/1.0"
    assert current_context().anonymous_id == ""


def test_a_streamed_answer_keeps_its_visitor(client: Client, memory: MemoryTransport) -> None:
    fetch(starlette_app(client), "/lines")
    assert [(each["event"], each["anonymousId"]) for each in memory.messages] == [("Line Read", "visitor-1")]


def test_requests_at_once_stay_apart(client: Client, memory: MemoryTransport) -> None:
    app = FastAPI()
    app.add_middleware(WaywiserMiddleware)
    arrived: list[int] = []

    @app.get("/visits/{number}")
    async def visit(number: int) -> str:
        arrived.append(number)
        while len(arrived) < 10:
            await asyncio.sleep(0)
        return current_context().session_id

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as browser:
            return await asyncio.gather(
                *(
                    browser.get(f"/visits/{number}", headers={"X-Waywiser-Session-Id": f"s{number}"})
                    for number in range(10)
                )
            )

    assert [answer.json() for answer in asyncio.run(ask())] == [f"s{number}" for number in range(10)]


def test_endpoints_that_fastapi_runs_in_threads_know_the_visitor_too(
    client: Client, memory: MemoryTransport
) -> None:
    app = FastAPI()
    app.add_middleware(WaywiserMiddleware)

    @app.get("/")
    def show() -> bool:
        return client.track("Shown")

    assert fetch(app, "/")[0].json() is True
    assert memory.messages[0]["anonymousId"] == "visitor-1"


def events(memory: MemoryTransport) -> list[dict[str, Any]]:
    return [each["properties"] for each in memory.messages if each["event"] == "Request Handled"]


def test_requests_are_events_only_if_asked_for(client: Client, memory: MemoryTransport) -> None:
    fetch(starlette_app(client), "/shop/items/1")
    assert events(memory) == []
    app = starlette_app(client, client=client, request_event="Request Handled")
    fetch(app, "/shop/items/1", visitor="")
    assert events(memory) == []
    fetch(app, "/orders/secret?token=secret", method="POST", content="secret")
    for path in ("/shop/items/secret", "/of/secret/items/secret", "/broken/secret", "/secret"):
        fetch(app, path)
    handled = events(memory)
    assert all(each.pop("duration_ms") >= 0 for each in handled)
    assert handled == [
        {"method": "POST", "status": 200, "route": "/orders/{number}"},
        {"method": "GET", "status": 200, "route": "/shop/items/{item}"},
        {"method": "GET", "status": 200, "route": "/items/{item}"},
        {"method": "GET", "status": 500, "route": "/broken/{thing}"},
        {"method": "GET", "status": 404},
    ]


def test_work_after_the_answer_counts_neither_for_its_time_nor_before_its_event(
    client: Client, memory: MemoryTransport
) -> None:
    before: list[dict[str, Any]] = []

    async def work() -> None:
        before.extend(events(memory))
        await asyncio.sleep(0)

    async def answer(request: Request) -> Response:
        with context(user_id="42"):
            return PlainTextResponse("thank you", background=BackgroundTask(work))

    settings: dict[str, Any] = {"client": client, "request_event": "Request Handled"}
    app = Starlette(routes=[Route("/", answer)], middleware=[Middleware(WaywiserMiddleware, **settings)])
    fetch(app, "/")
    assert [each["status"] for each in before] == [200]
    assert before == events(memory)


@pytest.mark.parametrize("is_inside", [True, False], ids=["inside", "around"])
def test_a_visitor_who_goes_away_before_the_answer_is_no_failure(
    is_inside: bool, client: Client, memory: MemoryTransport
) -> None:
    async def upload(request: Request) -> Response:
        await request.body()
        return PlainTextResponse("thank you")

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        """Nobody is there."""

    settings: dict[str, Any] = {"client": client, "request_event": "Request Handled"}
    inside = [Middleware(WaywiserMiddleware, **settings)] if is_inside else []
    app: Any = Starlette(routes=[Route("/", upload, methods=["POST"])], middleware=inside)
    app = app if is_inside else WaywiserMiddleware(app, **settings)
    headers = [(b"x-waywiser-anonymous-id", b"visitor-1")]
    scope = {"type": "http", "method": "POST", "path": "/", "root_path": "", "query_string": b""}
    with pytest.raises(ClientDisconnect):
        asyncio.run(app({**scope, "headers": headers}, receive, send))
    assert [each["status"] for each in events(memory)] == [499]


def test_a_request_that_is_cancelled_is_no_failure(client: Client, memory: MemoryTransport) -> None:
    async def hang(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    async def ask() -> None:
        headers = [(b"x-waywiser-anonymous-id", b"visitor-1")]
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        app = WaywiserMiddleware(hang, client=client, request_event="Request Handled")
        task = asyncio.ensure_future(app(scope, None, None))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(ask())
    assert [each["status"] for each in events(memory)] == [499]


def test_routes_of_fastapi_are_templates_too(client: Client, memory: MemoryTransport) -> None:
    app = FastAPI()
    app.add_middleware(WaywiserMiddleware, client=client, request_event="Request Handled")
    router = APIRouter(prefix="/shop")

    @router.get("/items/{item}")
    def item(item: str) -> str:
        return "here"

    app.include_router(router, prefix="/v2")
    fetch(app, "/v2/shop/items/secret")
    assert [each["route"] for each in events(memory)] == ["/v2/shop/items/{item}"]


def test_what_is_no_request_is_left_alone() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    asyncio.run(WaywiserMiddleware(app)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]


def test_a_websocket_has_a_visitor(client: Client, memory: MemoryTransport) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        client.track("Message Read")

    headers = [(b"cookie", b"a=b"), (b"cookie", b'waywiser_id="visitor-2"')]
    scope = {"type": "websocket", "headers": headers, "client": None}
    asyncio.run(WaywiserMiddleware(app)(scope, None, None))  # type: ignore[arg-type]
    assert memory.messages[0]["anonymousId"] == "visitor-2"


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    assert current_context().anonymous_id == ""
