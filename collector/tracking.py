"""The tracking endpoints, POST /v1/…: from a request to an envelope on disk."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from collector.decoding import decoded
from collector.door import Door
from collector.envelope import hide_addresses, refused, sealed
from collector.errors import json_answer
from collector.keys import Keys
from collector.limits import body_of
from collector.wire import TYPES, Verdicts, judged
from store.drops import DropRow
from store.inbox import Envelope

ENDPOINTS = (*TYPES, "batch")


def tracking_room(door: Door) -> Blueprint:
    """The blueprint of the tracking API."""
    room = Blueprint("tracking", __name__, url_prefix="/v1")
    keys = Keys(door.engine, door.clock)
    for kind in ENDPOINTS:
        room.add_url_rule(f"/{kind}", kind, _receiver(door, keys, kind), methods=["POST"])
    return room


def _receiver(door: Door, keys: Keys, kind: str) -> Callable[[], Response]:
    def receive() -> Response:
        raw = body_of(request)
        body = decoded(raw)
        key = keys.admit(request, body)
        sent_at = body.get("sentAt")
        verdicts = judged(kind, body, len(raw))
        envelope = sealed(
            request, key, door.settings, messages=verdicts.accepted, sent_at=sent_at, now=door.clock()
        )
        if door.settings.anonymize_ip:
            hide_addresses([message for _, message in verdicts.rejected])
        if verdicts.accepted or verdicts.rejected:
            door.inbox.put(envelope if verdicts.accepted else None, _drops(envelope, verdicts))
        return _answer(verdicts)

    return receive


def _drops(envelope: Envelope, verdicts: Verdicts) -> list[DropRow]:
    return [
        refused(envelope, message, place="door", code=one.code, field=one.field, reason=one.message)
        for one, message in verdicts.rejected
    ]


def _answer(verdicts: Verdicts) -> Response:
    rejected = [rejection for rejection, _ in verdicts.rejected]
    body = {"success": True, "accepted": len(verdicts.accepted), "rejected": rejected}
    if verdicts.accepted or not rejected:
        return json_answer(200, body)
    status = 413 if all(one.code == "too_large" for one in rejected) else 400
    message = f"no event was accepted: {rejected[0].message}"
    return json_answer(status, body | {"success": False, "code": "all_rejected", "message": message})
