"""Customers over the API: search, what is known of one, and taking a merge back."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from admin.api.endpoint import Call, Endpoint, Refused
from journeys.customers import search
from journeys.period import iso
from journeys.timeline import timeline
from store.journeys import live_journeys

HASH = validate.Range(0, 2**63 - 1)


class SearchAsked(Schema):
    """What the search reads."""

    class Meta:
        """Arguments that the search does not know do no harm."""

        unknown = EXCLUDE

    query = fields.String(load_default="", metadata={"description": "an id, its start, or part of a trait"})


class TimelineAsked(Schema):
    """What the timeline reads."""

    class Meta:
        """Arguments that the timeline does not know do no harm."""

        unknown = EXCLUDE

    before = fields.String(metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=200, validate=validate.Range(1, 1000))


class Unmerge(Schema):
    """The two identities whose edge is to be retracted."""

    a = fields.Integer(
        required=True, validate=HASH, metadata={"description": "`identity` of one end of the edge"}
    )
    b = fields.Integer(required=True, validate=HASH, metadata={"description": "`identity` of the other end"})


def list_customers(call: Call) -> dict[str, Any]:
    """Customers with this id or trait; those of the last seven days where nothing is asked."""
    found = search(
        call.services.events, call.services.ledger, call.project.id, call.query["query"], now=call.now
    )
    return {"customers": found}


def read_customer(call: Call, customer: int) -> dict[str, Any]:
    """The identities of one customer and the edges that join them."""
    _check(customer)
    nodes, edges = call.services.ledger.describe(call.project.id, customer)
    return {
        "customer": str(customer),
        "identities": [
            {
                "identity": str(node["identity"]),
                "kind": node["kind"],
                "value": node["value"],
                "contested": node["contested"],
            }
            for node in nodes
        ],
        "edges": [
            {
                "a": str(edge["a"]),
                "b": str(edge["b"]),
                "rule": edge["rule"],
                "evidence": edge["evidence"],
                "at": iso(edge["at"]),
                "retracted_at": iso(edge["retracted_at"]) if edge["retracted_at"] else None,
            }
            for edge in edges
        ],
    }


def read_timeline(call: Call, customer: int) -> dict[str, Any]:
    """Everything one customer did, the newest first, with sessions and runs."""
    _check(customer)
    found = timeline(
        call.services.events,
        call.services.ledger,
        call.project.id,
        customer,
        versions=live_journeys(call.services.engine, call.project.id),
        before=call.query.get("before"),
        most=call.query["most"],
        now=call.now,
    )
    if not found["n"]:
        raise Refused(404, "not_found", f"there is no customer {customer}")
    return found


def unmerge(call: Call) -> dict[str, Any]:
    """Retract the edge between two identities; reports change at once."""
    changed = call.services.ledger.unmerge(call.project.id, call.body["a"], call.body["b"], now=call.now)
    if not changed:
        raise Refused(404, "not_found", "there is no edge between these identities that still stands")
    call.services.refresh(call.project.id, changed)
    return {"customers": sorted(str(one) for one in changed)}


def _check(customer: int) -> None:
    if customer >= 2**63:
        raise Refused(404, "not_found", f"there is no customer {customer}")


ENDPOINTS = [
    Endpoint("GET", "/customers", list_customers, query=SearchAsked),
    Endpoint("GET", "/customers/<int:customer>", read_customer),
    Endpoint(
        "GET",
        "/customers/<int:customer>/timeline",
        read_timeline,
        query=TimelineAsked,
    ),
    Endpoint("POST", "/identities/unmerge", unmerge, body=Unmerge, role="editor"),
]
