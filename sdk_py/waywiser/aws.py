"""For AWS Lambda and its like, where everything stands still between two invocations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any, Callable

from ._client import Client
from ._visitor import scope_of

Handler = Callable[[Any, Any], Any]

MARGIN = 0.5  # seconds that are left to the platform


def deliver_at_end(client: Client, *, timeout: float = 2.0) -> Callable[[Handler], Handler]:
    """Decorate the handler, so that each invocation delivers what it has tracked before it returns.

        @deliver_at_end(ww)
        def handler(event, context): ...

    That takes `timeout` seconds at most, and never more than the invocation has left. What cannot be
    delivered in time stays queued for the next one. Where the event is a request of an API Gateway, a
    function URL or a load balancer, its visitor is known as in a web framework.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def delivering(event: Any, context: Any) -> Any:
            try:
                with _scope(event):
                    return handler(event, context)
            finally:
                client.flush(max(0.0, min(timeout, _left(context) - MARGIN)))

        return delivering

    return decorate


def _left(context: Any) -> float:
    try:
        return float(context.get_remaining_time_in_millis()) / 1000
    except Exception:  # a context of another kind knows no such thing
        return float("inf")


def _scope(event: Any) -> Any:
    event = event if isinstance(event, Mapping) else {}
    headers = {str(name).lower(): str(value) for name, value in _mapping(event, "headers").items()}
    several = _mapping(event, "multiValueHeaders").items()
    for name, values in several:
        if isinstance(values, list) and values:
            headers.setdefault(str(name).lower(), "; ".join(map(str, values)))
    if isinstance(event.get("cookies"), list):
        headers["cookie"] = "; ".join(map(str, event["cookies"]))
    request = _mapping(event, "requestContext")
    address = _mapping(request, "http").get("sourceIp") or _mapping(request, "identity").get("sourceIp")
    return scope_of(lambda name: headers.get(name.lower()), address and str(address))


def _mapping(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = event.get(name)
    return value if isinstance(value, Mapping) else {}
