"""Says whether this process can take and keep events now."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from collector.door import Door
from collector.errors import error_answer, json_answer
from store.db import writing


def health_room(door: Door) -> Blueprint:
    """The blueprint of GET /health."""
    room = Blueprint("health", __name__)

    @room.get("/health")
    def health() -> Response:
        try:
            waiting = _waiting(door)
        except SQLAlchemyError as error:
            return error_answer(503, "unavailable", f"the relational store cannot be written: {_line(error)}")
        if door.inbox.trouble:
            return error_answer(503, "unavailable", f"the last event could not be kept: {door.inbox.trouble}")
        if waiting >= door.settings.inbox_limit:
            return error_answer(
                503, "inbox_full", f"{waiting} envelopes wait already; is the worker running?"
            )
        return json_answer(200, _facts(door, waiting))

    return room


def _waiting(door: Door) -> int:
    """How many envelopes wait; asked under the write lock, so that a read-only store shows."""
    with writing(door.engine):
        return door.inbox.depth()


def _facts(door: Door, waiting: int) -> dict[str, Any]:
    inbox = {"waiting": waiting, "limit": door.settings.inbox_limit}
    facts: dict[str, Any] = {"status": "ok", "inbox": inbox}
    if door.counters:
        facts["worker"] = door.counters.snapshot(door.clock())
    return facts


def _line(error: Exception) -> str:
    return str(error).splitlines()[0]
