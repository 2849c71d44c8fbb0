"""Says whether this process can take and keep events now."""

from __future__ import annotations

import logging
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

log = logging.getLogger("waywiser.collector")

LOOK_EVERY_S = 1.0
SILENT_AFTER_S = 5.0  # so long a look may take before the last answer counts no more
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
    """Examines the process at most once a second, however often it is asked, and remembers the answer.

    One thread examines at a time; the others, of which there are few, tell what it found the last time.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._examining = threading.Lock()
        self._looked_at = self._proven_at = float("-inf")
        self._looking_since = float("inf")
        self._last = _silent()

    def answer(self) -> Response:
        """200 with the facts while events can be kept, else 503 and why."""
        if self._examining.acquire(blocking=False):
            try:
                self._look(time.monotonic())
            finally:
                self._examining.release()
        elif time.monotonic() - self._looking_since > SILENT_AFTER_S:
            return _silent()
        last = self._last
        return Response(last.get_data(), last.status_code, content_type="application/json")

    def _look(self, now: float) -> None:
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looking_since = now
            self._last = self._examined(now)
            self._looked_at, self._looking_since = now, float("inf")

    def _examined(self, now: float) -> Response:
        try:
            self._prove(now)
            facts = self._facts()
            is_short = disk.is_short(self._door.settings)
        except (SQLAlchemyError, OSError) as error:
            self._proven_at = float("-inf")  # asked again at the next look, until it is well
            log.warning("the inbox or its disk is out of order: %s", str(error).splitlines()[0])
            return error_answer(503, "unavailable", "events cannot be kept now; the log says why")
        waiting, settings = facts["inbox"]["waiting"], self._door.settings
        if waiting >= settings.inbox_limit:
            return error_answer(
                503, "inbox_full", f"{waiting} envelopes wait already; is the worker running?"
            )
        if is_short:
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


def _silent() -> Response:
    """Said while the first look is not done, and when one takes long."""
    return error_answer(503, "unavailable", "the relational store has not answered yet")
