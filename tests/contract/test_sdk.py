"""The SDK and the collector, hand in hand: its batches go in as they came, and what it counts arrives."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from waywiser import Client, DropReason, Request, Response

from collector.usual import usual
from collector.worker import Worker
from store.client_health import NO_LOSS, REASONS, by_service
from tests.collector.conftest import Site, clock, inbox, make_worker, open_site, site

__all__ = ["clock", "inbox", "make_worker", "open_site", "site"]  # fixtures


class Straight:
    """Carries requests to the collector's application, without a network; some answers do not come back."""

    def __init__(self, site: Site, lost_answers: int = 0) -> None:
        self._site = site
        self._lost = lost_answers
        self.bodies: list[bytes] = []

    def send(self, request: Request) -> Response:
        path = "/" + request.url.split("/", 3)[3]
        client = self._site.app.test_client()
        answer = client.post(path, data=request.body, headers=dict(request.headers))
        self.bodies.append(request.body)
        if self._lost:
            self._lost -= 1
            raise TimeoutError
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, answer.data)

    def close(self) -> None:
        pass


def counted(engine: Engine, site: Site) -> dict[tuple[str, str], int]:
    rows = by_service(engine, site.project, 0, 2**62)
    assert {service for service, *_ in rows} == {"billing"}
    return {(what, reason): n for _, what, reason, n in rows}


def test_every_reason_of_the_sdk_has_a_meaning_here() -> None:
    assert {reason.value for reason in DropReason} <= REASONS.keys()
    assert DropReason.HELD_BACK.value == NO_LOSS


@pytest.mark.parametrize("count", [1, 250])
def test_batches_of_the_sdk_are_usual_ones(site: Site, count: int) -> None:
    carried = Straight(site)
    with Client(site.server_key, transport=carried, service="billing") as client:
        for number in range(count):
            client.track("Invoice Paid", user_id="42", properties={"amount": number})
        client.identify("42", traits={"plan": "pro"})
        client.close(timeout=60)
    bodies = [gzip.decompress(one) if one[:2] == b"\x1f\x8b" else one for one in carried.bodies]
    assert sum(len(batch.messages) for one in bodies if (batch := usual(one))) == count + 1


def test_what_the_sdk_counts_arrives_also_where_answers_are_lost(
    site: Site, make_worker: Callable[..., Worker], engine: Engine, caplog: Any
) -> None:
    carried = Straight(site, lost_answers=2)
    client = Client(site.server_key, transport=carried, service="billing", max_queue=100)
    for number in range(40):
        client.track("Invoice Paid", user_id="42", properties={"amount": number})
    client.track("", user_id="42")
    client.track("Invoice Paid", user_id="42", properties={"long": "x" * 40_000})
    assert client.flush(timeout=60)
    client.track("Invoice Paid", user_id="42", properties={"amount": 41})
    client.close(timeout=60)
    make_worker().drain()
    found, stats = counted(engine, site), client.stats()
    assert found["dropped", "invalid"] == found["dropped", "too_large"] == 1
    assert found["enqueued", ""] == stats.enqueued == 41
    assert found["retried", ""] == stats.retried > 0
    # The last batch cannot tell that it arrived: `sent` is told with the next one.
    assert 40 <= found["sent", ""] <= stats.sent == 41
