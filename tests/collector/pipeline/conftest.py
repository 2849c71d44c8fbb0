"""One message through the pipeline, or through a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from collector.pipeline import Outcome, Tools, run
from store.drops import DropRow
from store.event import Event
from store.inbox import Envelope
from store.settings import Settings
from tests.collector.conftest import NOW

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
MESSAGE = {"type": "track", "event": "Signed Up", "messageId": "m1", "anonymousId": "a1"}


class Pipeline:
    """Runs messages with the given tools; an envelope's fields are given as keywords.

    The browser is a Chrome unless another is given.
    """

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    def outcome(self, message: Any, **envelope: Any) -> Outcome:
        fields = {"project": 1, "received_at": NOW, "side": "browser", "user_agent": CHROME} | envelope
        return run(Envelope(messages=[message], **fields), self.tools)

    def event(self, changes: dict[str, Any] | None = None, **envelope: Any) -> Event:
        outcome = self.outcome(MESSAGE | (changes or {}), **envelope)
        assert outcome.drops == []
        return outcome.events[0]

    def drop(self, changes: dict[str, Any], **envelope: Any) -> DropRow:
        outcome = self.outcome(MESSAGE | changes, **envelope)
        assert outcome.events == []
        return outcome.drops[0]


@pytest.fixture
def with_settings() -> Iterator[Callable[..., Pipeline]]:
    opened: list[Tools] = []

    def make(**settings: Any) -> Pipeline:
        opened.append(Tools.opened(Settings(**settings)))
        return Pipeline(opened[-1])

    yield make
    for tools in opened:
        tools.close()


@pytest.fixture
def pipeline(with_settings: Callable[..., Pipeline]) -> Pipeline:
    return with_settings()
