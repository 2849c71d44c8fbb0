"""Reports that are held up, and a segment to ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from admin.waiting import Waiting
from journeys.answers import Answers
from journeys.segment_definitions import parse_segment
from journeys.segment_saving import keep_segment
from store.events import EventStore
from store.identity import Ledger
from store.segments import delete_segment
from tests.admin.conftest import NOW, Shop

SEGMENT = {"key": "ordered", "name": "Ordered", "all": [{"journey": "buy", "state": "succeeded"}]}


@pytest.fixture
def slow(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Reports whose first question never ends in the engine, until the event is set."""
    quick, query = threading.Event(), EventStore.query

    def endless(self: EventStore, sql: str, *more: Any) -> Any:
        if self._work is not None and not quick.is_set():
            while not quick.is_set():  # in bites, so that it can be let go without being killed
                query(self, "select sum(sipHash64(number)) as n from numbers(3000000)")
        return query(self, sql, *more)

    look = Ledger.preview_rules

    def looking(self: Ledger, *asked: Any, progress: Callable[[int, int], None]) -> Any:
        while not quick.wait(0.01):
            progress(1, 3)
        return look(self, *asked, progress=progress)

    monkeypatch.setattr(EventStore, "query", endless)
    monkeypatch.setattr(Ledger, "preview_rules", looking)
    before = shop.services
    given = replace(before, waiting=Waiting(patience_s=0.05), answers=Answers())
    shop.app.extensions["waywiser"] = given
    yield quick
    given.waiting.close()
    shop.app.extensions["waywiser"] = before


@pytest.fixture
def with_segment(shop: Shop) -> Iterator[None]:
    given = shop.services
    keep_segment(given.engine, given.events, shop.project.id, parse_segment(SEGMENT), by="t", now=NOW)
    yield
    delete_segment(given.engine, shop.project.id, "ordered", by="t", now=NOW)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds reports up; in the end it is open."""
    gate = threading.Event()
    yield gate
    gate.set()
