"""The decorator for handlers whose process stands still after each invocation."""

from __future__ import annotations

import threading
from time import monotonic
from typing import Any

import pytest
from sink import Answer, Make, Sink

from waywiser import current_context
from waywiser.aws import deliver_at_end


class Invocation:
    """What the platform hands to a handler."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._ends - monotonic()))


@pytest.mark.parametrize("is_sync", [True, False])
def test_everything_is_delivered_when_the_handler_returns(is_sync: bool, sink: Sink, make: Make) -> None:
    ww = make(sync=is_sync)

    @deliver_at_end(ww, timeout=30)
    def handler(event: Any, context: Any) -> str:
        """Say hello."""
        ww.track("Order Paid", user_id="42")
        ww.track("Receipt Sent", user_id="42")
        return "done"

    assert handler({}, Invocation(60)) == "done"
    assert sink.events == ["Order Paid", "Receipt Sent"]
    assert (handler.__name__, handler.__doc__) == ("handler", "Say hello.")


def test_so_it_is_when_the_handler_fails(sink: Sink, make: Make) -> None:
    ww = make()

    @deliver_at_end(ww, timeout=30)
    def handler(event: Any, context: Any) -> None:
        ww.track("Order Paid", user_id="42")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        handler({}, None)
    assert sink.events == ["Order Paid"]


@pytest.mark.parametrize(("timeout", "seconds"), [(0.2, 60.0), (60.0, 0.7), (60.0, 0.1)])
def test_a_collector_that_hangs_costs_no_more_than_was_given_and_the_next_invocation_delivers(
    timeout: float, seconds: float, sink: Sink, make: Make
) -> None:
    sink.answers.append(Answer(hangs=True))
    ww = make()

    @deliver_at_end(ww, timeout=timeout)
    def handler(event: Any, context: Any) -> None:
        ww.track("Order Paid", user_id="42")

    ended = threading.Event()

    def invoke() -> None:
        handler({}, Invocation(seconds))
        ended.set()

    threading.Thread(target=invoke, daemon=True).start()
    assert ended.wait(30), "it waited for the collector"
    sink.released.set()
    deliver_at_end(ww, timeout=30)(lambda event, context: None)({}, None)
    assert ww.stats().waiting == 0
    assert {message["messageId"] for message in sink.messages} == {sink.messages[0]["messageId"]}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (  # API Gateway, version 2.0, and function URLs
            {
                "cookies": ["waywiser_id=visitor-1", "x=y"],
                "headers": {"user-agent": "Browser/1.0", "x-waywiser-session-id": "session-1"},
                "requestContext": {"http": {"sourceIp": "203.0.113.7"}},
            },
            ("visitor-1", "session-1", {"ip": "203.0.113.7", "userAgent": "Browser/1.0"}),
        ),
        (  # API Gateway, version 1.0
            {
                "headers": {"Cookie": "x=y; waywiser_id=visitor-1", "User-Agent": "Browser/1.0"},
                "requestContext": {"identity": {"sourceIp": "203.0.113.7"}},
            },
            ("visitor-1", "", {"ip": "203.0.113.7", "userAgent": "Browser/1.0"}),
        ),
        (  # a load balancer with multi-value headers
            {"multiValueHeaders": {"cookie": ["x=y", "waywiser_id=visitor-1"]}, "headers": None},
            ("visitor-1", "", {}),
        ),
        ({"Records": [{"body": "{}"}]}, ("", "", {})),
        ({"headers": 7, "cookies": 7, "requestContext": []}, ("", "", {})),
        ("text", ("", "", {})),
    ],
)
def test_the_visitor_of_a_request_is_known(event: Any, expected: Any, make: Make) -> None:
    @deliver_at_end(make())
    def handler(event: Any, context: Any) -> Any:
        around = current_context()
        return around.anonymous_id, around.session_id, dict(around.values)

    assert handler(event, Invocation(60)) == expected
    assert current_context().anonymous_id == ""
