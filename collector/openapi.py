"""The OpenAPI description of the tracking API, GET /v1/openapi.json."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from collector.errors import json_answer
from collector.limits import BATCH_BYTES, BATCH_EVENTS, EVENT_BYTES
from collector.wire import TYPES

Schema = dict[str, Any]

INTRODUCTION = f"""The Segment HTTP tracking API. An event may hold {EVENT_BYTES} bytes; a request
{BATCH_BYTES}, unpacked, and {BATCH_EVENTS} events.
A body is JSON whatever its content type says, plain, gzip or deflate.
Unknown fields are kept in the event's `context.extra` and never refuse it."""

TEXT_OR_NUMBER: Schema = {"anyOf": [{"type": "string", "pattern": r"\S"}, {"type": "number"}]}
OPTIONAL: Schema = {
    "type": ["string", "number", "null"],
    "description": "Numbers become text; null and blank text mean absent",
}
OBJECT: Schema = {
    "anyOf": [{"type": "object"}, {"type": "null"}, {"type": "array", "maxItems": 0}, {"const": ""}],
    "description": "An object; what else is allowed means an empty one",
}
TIME: Schema = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "number", "exclusiveMinimum": -1e20, "exclusiveMaximum": 1e20},
        {"type": "null"},
        {"const": ""},
    ],
    "description": "ISO 8601, or a number of seconds, milliseconds or finer units since 1970. Other usual "
    "ways to write a moment are read too. Without one, the event happened when it was received",
}
FIELDS: Schema = {
    "messageId": OPTIONAL | {"description": "Made if absent; a second event with the same one is a copy"},
    "userId": OPTIONAL,
    "anonymousId": OPTIONAL,
    "properties": OBJECT,
    "traits": OBJECT,
    "context": OBJECT,
    "timestamp": TIME,
    "originalTimestamp": {"description": "Counts where `timestamp` is absent"},
    "integrations": {"description": "Ignored"},
    "sentAt": {"description": "The client's clock when it sent; corrects clocks that run ahead"},
}
OWN_FIELDS: dict[str, Schema] = {"page": {"name": OPTIONAL}, "screen": {"name": OPTIONAL}}
WHO = (("userId",), ("anonymousId",))
# What an event of a type needs: one of these combinations of fields.
NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "track": tuple((*who, "event") for who in WHO),
    "group": tuple((*who, "groupId") for who in WHO),
    "alias": (*((*who, "previousId") for who in WHO), ("userId", "anonymousId")),
}
HEALTH = (
    "What the client counted since it was made, for the operator's health page: an object of `stream` (its "
    "own), `service`, `enqueued`, `sent`, `retried`, `spooled`, `recovered`, and `dropped` by reason. Kept "
    "of server keys only; what cannot be read is ignored"
)
MEANINGS = {
    200: "Judged and on disk. `accepted` and `rejected` add up to what was sent",
    400: "No JSON, no batch, or every event is rejected (`all_rejected`)",
    401: "`unknown_key`",
    403: "`origin_not_allowed`, or `server_key_needed` for an import",
    404: "`unknown_key`",
    408: "`body_timeout`: the body did not come in time. Send it again",
    413: "The request or its only event is too large",
    415: "`unknown_encoding`: neither plain nor gzip nor deflate",
    429: "`rate_limited`: the key sends more events a second than the operator allows",
    503: "`unavailable` or `busy`: the events cannot be kept now. Send them again",
}


def openapi_room() -> Blueprint:
    """The blueprint of the description."""
    room = Blueprint("openapi", __name__)

    @room.get("/v1/openapi.json")
    def openapi() -> Response:
        return json_answer(200, description())

    return room


def description() -> Schema:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Waywiser tracking API", "version": "1", "description": INTRODUCTION},
        "security": [{"basic": []}, {"bearer": []}, {"query": []}],
        "paths": _paths(),
        "components": {"securitySchemes": _ways_to_send_a_key(), "schemas": _schemas()},
    }


def _paths() -> Schema:
    paths: Schema = {}
    for kind in TYPES:
        paths[f"/v1/{kind}"] = {"post": _taking(kind, f"Send one {kind} event")}
        paths[f"/v1/{kind[0]}"] = {"post": _taking(kind, f"The same as /v1/{kind}", name=f"{kind}_short")}
        paths[f"/v1/pixel/{kind}"] = {"get": _pixel(kind)}
    paths["/v1/batch"] = {"post": _taking("batch", "Send many events")}
    paths["/v1/b"] = {"post": _taking("batch", "The same as /v1/batch", name="batch_short")}
    paths["/v1/import"] = {"post": _taking("batch", "Send history: times stay as given", name="import")}
    paths["/beacon/v1/batch"] = {"post": _taking("batch", "The same as /v1/batch", name="beacon")}
    paths["/v1/pixel.gif"] = {"get": _pixel("event")}
    paths["/v1/m"] = {"post": _metrics()}
    paths["/v1/projects/{key}/settings"] = {"get": _settings()}
    paths["/sourceConfig"] = {"get": _asking("sourceConfig", "What the Rudder library asks for", 401)}
    return paths


def _taking(kind: str, summary: str, *, name: str | None = None) -> Schema:
    body = {"$ref": f"#/components/schemas/{kind.capitalize()}"}
    return {
        "operationId": name or kind,
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": _json_responses("Verdicts", 400, 401, 403, 408, 413, 415, 429, 503),
    }


def _pixel(kind: str) -> Schema:
    data = {"type": "string", "description": "An event as base64 of its JSON, in either alphabet"}
    image = {"image/gif": {"schema": {"type": "string", "contentMediaType": "image/gif"}}}
    statuses = (200, 400, 401, 403, 413, 429, 503)
    return {
        "operationId": f"pixel_{kind}",
        "summary": "Send one event in the address of an image. A refusal is an image too, with its reason in "
        "the headers X-Error-Code and X-Error-Message",
        "parameters": [{"name": "data", "in": "query", "required": True, "schema": data}],
        "responses": {str(n): {"description": MEANINGS[n], "content": image} for n in statuses},
    }


def _metrics() -> Schema:
    return {
        "operationId": "metrics",
        "summary": "What libraries measure of themselves: accepted and not kept",
        "security": [],
        "responses": _json_responses("Success"),
    }


def _settings() -> Schema:
    key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    asking = _asking("settings", "What analytics.js asks for", 404)
    return asking | {"security": [], "parameters": [key]}


def _asking(name: str, summary: str, refusal: int) -> Schema:
    return {"operationId": name, "summary": summary, "responses": _json_responses("Object", refusal, 503)}


def _json_responses(success: str, *refusals: int) -> Schema:
    responses: Schema = {"200": _json_response(200, success)}
    for status in refusals:
        responses[str(status)] = _json_response(status, "Refusal")
        if status in (408, 429, 503):
            seconds = {"schema": {"type": "string", "pattern": "^[0-9]+$"}, "required": True}
            responses[str(status)]["headers"] = {"Retry-After": seconds}
    return responses


def _json_response(status: int, schema: str) -> Schema:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": MEANINGS[status], "content": content}


def _ways_to_send_a_key() -> Schema:
    return {
        "basic": {"type": "http", "scheme": "basic", "description": "The key as user name, no password"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "query": {"type": "apiKey", "in": "query", "name": "writeKey"},
    }


def _schemas() -> Schema:
    events = {kind.capitalize(): _event(kind) for kind in TYPES}
    return {**events, "Batch": _batch(), **_answers()}


def _event(kind: str) -> Schema:
    needs = [
        {"required": list(names), "properties": dict.fromkeys(names, TEXT_OR_NUMBER)}
        for names in NEEDS.get(kind, WHO)
    ]
    return {"type": "object", "properties": FIELDS | OWN_FIELDS.get(kind, {}), "anyOf": needs}


def _batch() -> Schema:
    events = [
        {
            "allOf": [
                {"$ref": f"#/components/schemas/{kind.capitalize()}"},
                {"type": "object", "required": ["type"], "properties": {"type": {"const": kind}}},
            ]
        }
        for kind in TYPES
    ]
    fields = {
        "batch": {"type": "array", "items": {"anyOf": events}, "maxItems": BATCH_EVENTS},
        "context": {"description": "What holds for all events; an event's own word counts more"},
        "sentAt": FIELDS["sentAt"],
        "writeKey": {"description": "A way to send the key"},
        "health": {"description": HEALTH},
    }
    return {"type": "object", "required": ["batch"], "properties": fields}


def _answers() -> Schema:
    text, number = {"type": "string"}, {"type": "integer", "minimum": 0}
    rejection = {"index": number, "messageId": text, "code": text, "field": text, "message": text}
    verdicts = {
        "accepted": number,
        "rejected": {"type": "array", "items": {"$ref": "#/components/schemas/Rejection"}},
    }
    refusal = {"success": {"const": False}, "code": text, "message": text}
    return {
        "Rejection": {"type": "object", "required": list(rejection), "properties": rejection},
        "Verdicts": {
            "type": "object",
            "required": ["success", "accepted", "rejected"],
            "properties": {"success": {"const": True}, **verdicts},
        },
        "Refusal": {"type": "object", "required": list(refusal), "properties": refusal | verdicts},
        "Success": {
            "type": "object",
            "required": ["success"],
            "properties": {"success": {"const": True}},
        },
        "Object": {"type": "object"},
    }
