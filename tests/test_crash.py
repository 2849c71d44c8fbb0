"""Killed at any moment under load, Waywiser loses nothing that it acknowledged and counts nothing twice."""

from __future__ import annotations

import random
import threading
import time
import uuid
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.installation import Installation, eventually

ROUNDS = 3
SENDERS = 6


@pytest.mark.slow
def test_a_killed_server_loses_no_acknowledged_event_and_counts_none_twice(tmp_path: Path) -> None:
    waywiser = Installation(tmp_path)
    waywiser.init()
    acknowledged: set[str] = set()
    dice = random.Random(11)
    for _ in range(ROUNDS):
        waywiser.start()
        load = Load(waywiser, acknowledged)
        time.sleep(dice.uniform(0.4, 2.0))
        waywiser.kill()
        load.stop()
    waywiser.start()
    repeat = sorted(acknowledged)[:100]
    for message in repeat:  # clients that missed the answer send again
        waywiser.send("/v1/track", event(message))
    idle = eventually(lambda: waywiser.api("/health")["inbox"], lambda waiting: waiting == 0)
    assert idle == 0
    assert waywiser.stop() == 0
    stored = waywiser.stored_messages()
    assert len(acknowledged) > 200, "the load was too small to mean anything"
    assert len(stored) == len(set(stored)), "counted twice"
    assert acknowledged <= set(stored), "lost"


def event(message: str) -> dict[str, object]:
    return {"messageId": message, "userId": f"u{message[:2]}", "event": "Tick"}


class Load:
    """Senders that write down every message that was acknowledged."""

    def __init__(self, waywiser: Installation, acknowledged: set[str]) -> None:
        self._waywiser = waywiser
        self._acknowledged = acknowledged
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        while not self._stopping.is_set():
            messages = [uuid.uuid4().hex for _ in range(3)]
            try:
                status, answer = self._waywiser.send(
                    "/v1/batch", {"batch": [{"type": "track", **event(m)} for m in messages]}
                )
            except (OSError, ValueError, HTTPException):
                continue
            if status == 200 and answer["accepted"] == 3:
                self._acknowledged.update(messages)
