"""What happens when the collector does not take a request."""

from __future__ import annotations

import logging
import time

import pytest
from patience import eventually
from sink import Answer, Make, Sink

from waywiser import (
    Client,
    ConnectionFailed,
    DeliveryError,
    Drop,
    DropReason,
    Request,
    RequestRefused,
    Response,
    _breaker,
    _verdict,
)
from waywiser._breaker import backoff


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_breaker, "FIRST_BACKOFF", 0.01)
    monkeypatch.setattr(_breaker, "MAX_BACKOFF", 0.01)


def test_a_503_is_followed_by_the_same_messages_again(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(503, {"success": False, "code": "inbox_full", "message": "wait"}))
    errors: list[DeliveryError] = []
    client = make(on_error=errors.append)
    client.track("A", user_id="1")
    client.track("B", user_id="1")
    assert client.flush()
    first, second = sink.requests
    assert first.batch == second.batch
    assert [message["event"] for message in second.batch] == ["A", "B"]
    [error] = errors
    assert isinstance(error, RequestRefused)
    assert (error.status, error.code, error.message) == (503, "inbox_full", "wait")
    stats = client.stats()
    assert (stats.sent, stats.retried, stats.dropped) == (2, 2, {})


@pytest.mark.parametrize(
    "answer",
    [
        Answer(408),
        Answer(429),
        Answer(500),
        Answer(502, b"<html>bad gateway</html>"),
        Answer(504),
        Answer(breaks=True),
        Answer(200, b"<html>please sign in</html>"),
        Answer(200, {"success": "maybe"}),
        Answer(200, [1]),
        Answer(204, b""),
        Answer(302, b"", {"Location": "/elsewhere"}),
    ],
    ids=str,
)
def test_an_answer_that_is_not_final_is_followed_by_another_try(
    answer: Answer, make: Make, sink: Sink
) -> None:
    sink.answers.extend([answer] * 3)
    client = make()
    client.track("A", user_id="1")
    assert client.flush()
    # A connection that breaks while it is new counts as one try; none is repeated beside the schedule.
    assert [request.path for request in sink.requests] == ["/v1/batch"] * 4
    assert len({request.batch[0]["messageId"] for request in sink.requests}) == 1
    assert (client.stats().sent, client.stats().retried) == (1, 3)


def test_retry_after_is_a_minimum_that_a_flush_does_not_shorten(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(429, headers={"Retry-After": "1"}))
    client = make()
    client.track("A", user_id="1")
    client.flush(0.1)
    client.flush(0.1)
    assert client.flush(10)
    first, second = sink.requests
    assert second.at - first.at >= 1.0


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "", "²"])
def test_a_retry_after_that_is_not_whole_seconds_is_ignored(value: str, make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(503, headers={"Retry-After": value.encode("utf-8").decode("latin-1")}))
    client = make()
    client.track("A", user_id="1")
    assert client.flush(10)
    assert len(sink.requests) == 2


def test_a_flush_ends_the_wait_between_two_tries(
    make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_breaker, "backoff", lambda attempt, chance: 600.0)
    sink.answers.append(Answer(503))
    client = make(flush_at=1)
    client.track("A", user_id="1")
    assert sink.arrived.acquire(timeout=30)
    assert client.flush(10)
    assert client.stats().sent == 1


def test_an_earlier_flush_does_not_shorten_a_later_wait(
    make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_breaker, "backoff", lambda attempt, chance: 600.0)
    client = make(flush_at=1)
    client.track("A", user_id="1")
    assert client.flush()
    assert sink.arrived.acquire(timeout=30)
    sink.answers.append(Answer(503))
    client.track("B", user_id="1")
    assert sink.arrived.acquire(timeout=30)
    assert not sink.arrived.acquire(timeout=0.2)
    assert sink.events == ["A", "B"]


@pytest.mark.parametrize("status", [415, 422])
def test_a_request_that_is_refused_is_not_sent_again(
    status: int, make: Make, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    sink.answers.append(Answer(status, {"success": False, "code": "unknown_form", "message": "No key-1."}))
    errors: list[DeliveryError] = []
    drops: list[Drop] = []
    client = make(on_error=errors.append, on_drop=drops.append)
    client.track("A", user_id="1")
    client.track("B", user_id="1")
    assert client.flush()
    client.track("C", user_id="1")
    report = client.close()
    assert [message["event"] for message in sink.messages] == ["A", "B", "C"]
    assert (report.sent, report.lost) == (1, 2)
    assert client.stats().dropped == {"request_refused": 2}
    assert [(drop.reason, drop.code, drop.detail, drop.message["event"]) for drop in drops] == [
        (DropReason.REQUEST_REFUSED, "unknown_form", "No key-1.", "A"),
        (DropReason.REQUEST_REFUSED, "unknown_form", "No key-1.", "B"),
    ]
    assert [str(error) for error in errors] == [f"the collector answered {status} unknown_form: No key-1."]
    assert f"it answered {status} unknown_form" in caplog.text
    assert "key-1" not in caplog.text


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_key_that_is_refused_costs_no_message_and_no_time(
    status: int, make: Make, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    sink.answers.extend([Answer(status, {"code": "unknown_key", "message": "No key-1."})] * 2)
    errors: list[DeliveryError] = []
    client = make(on_error=errors.append, flush_at=1)
    start = time.monotonic()
    client.track("A", user_id="1")
    assert client.flush(5) is False
    assert (client.stats().waiting, client.stats().dropped) == (1, {})
    assert client.stats().breaker == "open"
    assert client.close(5).lost == 1
    assert time.monotonic() - start < 30
    assert len(sink.requests) == 1
    assert [str(error) for error in errors] == [f"the collector answered {status} unknown_key: No key-1."]
    assert f"it answered {status} unknown_key" in caplog.text
    assert "key-1" not in caplog.text


def test_what_waits_is_delivered_when_the_key_is_known(
    make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_verdict, "TURNED_AWAY_SECONDS", 0.01)
    sink.answers.extend([Answer(401, {"code": "unknown_key"})] * 3)
    client = make(flush_at=1)
    client.track("A", user_id="1")
    assert client.flush(20)
    assert client.stats().sent == 1


def test_a_message_that_the_collector_stumbles_over_is_given_up_when_the_next_has_passed(
    make: Make, sink: Sink
) -> None:
    broken = Answer(500, {"success": False, "code": "broken", "message": "no"})
    sink.answers.extend([broken] * 10 + [Answer(), broken])
    drops: list[Drop] = []
    client = make(on_drop=drops.append)
    client.track("A", user_id="1")
    assert client.flush(0) is False
    assert sink.arrived.acquire(timeout=30)
    client.track("B", user_id="1")
    assert client.flush()
    assert sink.events == ["A"] * 10 + ["B", "A"]
    assert [(drop.reason, drop.code) for drop in drops] == [(DropReason.GAVE_UP, "broken")]
    assert (client.stats().sent, client.stats().waiting, client.stats().enqueued) == (1, 0, 2)


def test_a_collector_that_stumbles_over_everything_costs_no_message_however_long(
    make: Make, sink: Sink
) -> None:
    sink.answers.extend([Answer(500)] * 40)
    client = make()
    client.track("A", user_id="1")
    assert client.flush(0) is False
    assert sink.arrived.acquire(timeout=30)
    client.track("B", user_id="1")
    assert client.flush()
    assert (client.stats().sent, client.stats().dropped) == (2, {})


def test_an_outage_is_waited_out_however_often_it_is_met(make: Make, sink: Sink) -> None:
    sink.answers.extend([Answer(503)] * 25)
    client = make()
    client.track("A", user_id="1")
    assert client.flush(10)
    assert len(sink.requests) == 26
    assert client.stats().dropped == {}


def test_a_collector_that_is_not_there_is_reported_and_costs_no_message_before_close(
    sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "waywiser")
    sink.close()
    errors: list[DeliveryError] = []
    client = Client("key-1", sink.url, on_error=errors.append)
    client.track("A", user_id="1")
    assert client.flush(0.2) is False
    assert client.stats().waiting == 1
    assert eventually(lambda: bool(errors))
    assert isinstance(errors[0], ConnectionFailed)
    assert "refused" in str(errors[0])
    report = client.close(0)
    assert (report.sent, report.lost) == (0, 1)
    assert client.stats().dropped == {"unsent": 1}
    assert caplog.messages[0].startswith(f"delivery to {sink.url} fails: [Errno")
    assert "1 messages could not be delivered before the end" in caplog.messages


def test_recovery_is_logged(make: Make, sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "waywiser")
    sink.answers.extend([Answer(503), Answer(503)])
    client = make()
    client.track("A", user_id="1")
    assert client.flush()
    assert caplog.messages == [
        f"delivery to {sink.url} fails: it answered 503 ",
        f"delivery to {sink.url} works again",
    ]


def test_a_connection_that_the_server_closed_while_idle_is_replaced_unnoticed(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(headers={"Keep-Alive": "timeout=0"}))
    errors: list[DeliveryError] = []
    client = make(on_error=errors.append)
    client.track("A", user_id="1")
    assert client.flush()
    sink.drop_connections()
    client.track("B", user_id="1")
    assert client.flush()
    assert sink.events == ["A", "B"]
    assert errors == []
    assert len({request.port for request in sink.requests}) == 2


def test_a_transport_that_raises_anything_does_not_end_delivery() -> None:
    class Moody:
        def __init__(self) -> None:
            self.moods: list[object] = [KeyError("secret"), None, Response(200, {}, b'{"success": true}')]

        def send(self, request: Request) -> Response:
            mood = self.moods.pop(0)
            if isinstance(mood, Exception):
                raise mood
            return mood  # type: ignore[return-value]

        def close(self) -> None:
            raise OSError("no")

    errors: list[DeliveryError] = []
    client = Client("key-1", transport=Moody(), on_error=errors.append)
    client.track("A", user_id="1")
    assert client.flush()
    assert [str(error) for error in errors] == [
        "the transport raised KeyError",
        "the transport raised AttributeError",
    ]
    assert client.close().sent == 1


@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [(1, 0, 0.5), (2, 0, 1.0), (4, 0, 4.0), (5, 4.0, 8.0), (7, 15.0, 30.0), (10_000, 15.0, 30.0)],
)
def test_the_wait_is_drawn_from_a_range_that_doubles_up_to_thirty_seconds(
    attempt: int, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert backoff(attempt, 0.0) == least
    assert backoff(attempt, 0.5) == (least + most) / 2
    assert backoff(attempt, 1.0) == most
