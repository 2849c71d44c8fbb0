"""What takes long, and how a page asks again and again until it is there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from admin.waiting import Waiting
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Ledger
from tests.admin.conftest import Shop

PATH = "/p/shop/journeys/buy/timing?days=30&by=start"
CANCEL = "/p/shop/waiting/cancel"
HX = {"HX-Request": "true"}
PATHS, RULES = "/p/shop/settings/paths", "/p/shop/settings/rules"
LIMITS = {"violations": "mark", "unplanned": "allow", "session_idle_minutes": "10", "session_cap_hours": "12"}
BLOCKED = {"blocked_ids": "nobody", "most_neighbours": "20", "do": "preview"}
TEMPLATE = {"templates.0.template": "/order/:id"}


def until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def come(client: FlaskClient, address: str, form: Mapping[str, str] | None = None) -> str:
    """What a page, or a form that is sent, gets that asks again and again."""
    texts = [""]

    def is_there() -> bool:
        named = dict(re.findall(r'data-(work)="([^"]+)"', texts[-1]))
        if form is not None:
            answer = client.post(address, data={**form, **named}, headers=HX)
        else:
            answer = client.get(f"{address}{'&' if '?' in address else '?'}{urlencode(named)}", headers=HX)
        texts.append(answer.text)
        return "data-work" not in texts[-1]

    until(is_there)
    return texts[-1]


def waiting_of(shop: Shop) -> Waiting:
    return shop.app.extensions["waywiser"].waiting


def name_in(text: str) -> str:
    return re.search(r'data-work="(work-[0-9a-f]+)"', text)[1]  # type: ignore[index]


def owners(many: int) -> list[int]:
    """Of whom so many reports are that all places can be taken: of two people."""
    return [101 + number % 2 for number in range(many)]


def failing(patch: pytest.MonkeyPatch) -> None:
    """Let questions of reports fail."""
    query = EventStore.query

    def broken(self: EventStore, sql: str, *more: Any) -> Any:
        if self._work is not None:
            raise EventStoreError("there is no memory")
        return query(self, sql, *more)

    def unreadable(*_: Any, **__: Any) -> Any:
        raise EventStoreError("there is no memory")

    patch.setattr(EventStore, "query", broken)
    patch.setattr(Ledger, "preview_rules", unreadable)
