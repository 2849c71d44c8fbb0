"""The same collector built otherwise, so that the table shows what each of its choices buys."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import marshmallow as ma
import msgspec
from flask import Flask, Response, request
from sqlalchemy import Engine

from benchmarks import empty
from collector.envelope import hide_addresses, sealed
from collector.keys import Keys
from collector.limits import body_of
from collector.moments import moment
from collector.wire import TYPES, judged
from server.opening import now_ms, open_relational
from store.db import writing
from store.drops import DropRow, keep_drops
from store.inbox import Envelope, Inbox, put_inside
from store.inbox import sealed as packed
from store.projects import WriteKey
from store.settings import Settings

Judge = Callable[[str, dict[str, Any], int], list[dict[str, Any]]]


class Direct(Inbox):
    """An inbox that commits each envelope by itself, in the thread of its request."""

    def put(self, envelope: Envelope | None, drops: Sequence[DropRow] = ()) -> None:
        """Keep an envelope in a transaction of its own."""
        with writing(self._engine) as connection:
            put_inside(connection, [packed(envelope)] if envelope else [])
            keep_drops(connection, drops)


class Message(ma.Schema):
    """One event, as marshmallow checks it."""

    class Meta:
        """What is not named here is kept as it is."""

        unknown = ma.INCLUDE

    type = ma.fields.String(required=True, validate=ma.validate.OneOf(TYPES))
    messageId = ma.fields.String(load_default=lambda: str(uuid.uuid4()))  # noqa: N815 - as clients write it
    userId = ma.fields.String()  # noqa: N815
    anonymousId = ma.fields.String()  # noqa: N815
    groupId = ma.fields.String()  # noqa: N815
    previousId = ma.fields.String()  # noqa: N815
    event = ma.fields.String()
    name = ma.fields.String()
    context = ma.fields.Dict()
    properties = ma.fields.Dict()
    traits = ma.fields.Dict()
    timestamp = ma.fields.String(validate=moment)

    @ma.validates_schema
    def has_someone(self, data: dict[str, Any], **_: Any) -> None:
        """An event belongs to somebody, and a track event has a name."""
        if "userId" not in data and "anonymousId" not in data:
            raise ma.ValidationError("an event needs a userId or an anonymousId")
        if data["type"] == "track" and not data.get("event"):
            raise ma.ValidationError("a track event needs a name")


SCHEMA = Message(many=True)


def by_marshmallow(kind: str, body: dict[str, Any], _size: int) -> list[dict[str, Any]]:
    """The events of a body, checked by a schema."""
    sent = body["batch"] if kind == "batch" else [{**body, "type": kind}]
    return list(SCHEMA.load(sent))


def by_verdicts(kind: str, body: dict[str, Any], size: int) -> list[dict[str, Any]]:
    """The events of a body, checked as the collector checks them."""
    return judged(kind, body, size).accepted


def plain() -> Callable[..., Iterable[bytes]]:
    """A plain Flask view with the collector's own functions: what the rivals are held to."""
    return _app(Inbox, by_verdicts)


def marshmallow() -> Callable[..., Iterable[bytes]]:
    """Events are read by the standard library and checked by marshmallow."""
    return _app(Inbox, by_marshmallow, json.loads)


def each() -> Callable[..., Iterable[bytes]]:
    """Each request commits for itself."""
    return _app(Direct, by_verdicts)


def _app(
    kind_of_inbox: type[Inbox], judge: Judge, read: Callable[[bytes], Any] | None = None
) -> Callable[..., Iterable[bytes]]:
    settings = Settings.read()
    engine: Engine = open_relational(settings)
    inbox, keys = kind_of_inbox(engine), Keys(engine, now_ms)
    app = Flask(__name__, static_folder=None)
    decode = read or msgspec.json.decode

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/<kind>")
    def receive(kind: str) -> Response:
        raw = body_of(request)
        body = decode(raw)
        key: WriteKey = keys.admit(request, body)
        messages = judge(kind, body, len(raw))
        hide_addresses(messages)
        inbox.put(sealed(request, key, settings, messages=messages, sent_at=None, now=now_ms()))
        answer = {"success": True, "accepted": len(messages), "rejected": []}
        return Response(msgspec.json.encode(answer), content_type="application/json")

    return app.wsgi_app


if __name__ == "__main__":
    empty.serve(f"benchmarks.rivals:{sys.argv[1]}")
