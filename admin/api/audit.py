"""The audit log over the API."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import EXCLUDE, Schema, fields, validate

from admin.api.endpoint import Call, Endpoint
from admin.exports import audit_log, csv_file
from journeys.period import iso
from store import audit


class Asked(Schema):
    """Which lines."""

    class Meta:
        """Arguments that are not known do no harm."""

        unknown = EXCLUDE

    by = fields.String(load_default="", metadata={"description": "only those of this person or token"})
    cursor = fields.Integer(
        load_default=None, validate=validate.Range(1), metadata={"description": "`next` of the page before"}
    )
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


def read_log(call: Call) -> dict[str, Any]:
    """Who changed what in the project, the latest first."""
    limit = call.query["limit"]
    found = audit.lines(
        call.services.engine,
        call.project.id,
        by=call.query["by"],
        before=call.query["cursor"],
        limit=limit + 1,
    )
    lines = [
        {"at": iso(one["at"]), "by": one["by"], "did": one["did"], "address": one["address"]}
        for one in found[:limit]
    ]
    return {"lines": lines, "next": found[limit - 1]["id"] if len(found) > limit else None}


def read_log_csv(call: Call) -> Response:
    """The whole log as a CSV file; of a very long one the newest lines."""
    return csv_file(f"{call.project.key}-audit", audit_log(call.services.engine, call.project.id))


ENDPOINTS = [
    Endpoint("GET", "/audit", read_log, query=Asked, role="admin"),
    Endpoint("GET", "/audit.csv", read_log_csv, role="admin"),
]
