"""Says whether this process can take and keep events now."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from collector.door import Door
from collector.errors import error_answer, json_answer
from store import disk
from store.vitals import inbox_state, prove_writable

LOOK_EVERY_S = 1.0
PROVE_EVERY_S = 15.0  # a commit with a full sync, while nothing hints at trouble


def health_room(door: Door) -> Blueprint:
    """The blueprint of GET /health."""
    room = Blueprint("health", __name__)
    checkup = Checkup(door)

    @room.get("/health")
    def health() -> Response:
        return checkup.answer()

    return room


class Checkup:
    """Examines the process at most once a second, however often it is asked, and remembers the answer."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._guard = threading.Lock()
        self._looked_at = self._proven_at = float("-inf")
        self._status, self._body = 503, b""

    def answer(self) -> Response:
        """200 with the facts while events can be kept, else 503 and why."""
        with self._guard:
            now = time.monotonic()
            if now - self._looked_at >= LOOK_EVERY_S:
                found = self._examined(now)
                self._status, self._body = found.status_code, found.get_data()
                self._looked_at = now
            return Response(self._body, self._status, content_type="application/json")

    def _examined(self, now: float) -> Response:
        try:
            self._prove(now)
            facts = self._facts()
        except (SQLAlchemyError, OSError) as error:
            self._proven_at = float("-inf")  # asked again at the next look, until it is well
            reason = str(error).splitlines()[0]
            return error_answer(503, "unavailable", f"the relational store cannot be written: {reason}")
        waiting, settings = facts["inbox"]["waiting"], self._door.settings
        if waiting >= settings.inbox_limit:
            return error_answer(
                503, "inbox_full", f"{waiting} envelopes wait already; is the worker running?"
            )
        if disk.is_short(settings):
            free = facts["disk"]["free_bytes"] // disk.MIB
            return error_answer(
                503,
                "disk_full",
                f"{free} MiB of disk are free, {settings.disk_reserve_mb} are kept in reserve",
            )
        return json_answer(200, facts)

    def _prove(self, now: float) -> None:
        """Write something. After trouble this says that it is over, before the next event comes."""
        if self._door.inbox.trouble or now - self._proven_at >= PROVE_EVERY_S:
            prove_writable(self._door.engine)
            self._proven_at = now

    def _facts(self) -> dict[str, Any]:
        door, now = self._door, self._door.clock()
        facts: dict[str, Any] = {
            "status": "ok",
            "inbox": asdict(inbox_state(door.engine, door.settings, now=now)),
            "disk": asdict(room) if (room := disk.room(door.settings)) else None,
        }
        if door.counters:
            facts["worker"] = door.counters.snapshot(now)
        return facts
