"""Customers over the API: search, the profile of one with its traits, the timeline."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import EXCLUDE, Schema, fields, validate
from sqlalchemy import RowMapping

from admin import exports, portrait
from admin.api.endpoint import Call, Endpoint, Refused
from admin.exports import csv_file
from journeys import profile, traits
from journeys.accounts import accounts_of
from journeys.customers import every_found, search, table
from journeys.export import is_known
from journeys.period import iso, moment
from journeys.routes import confirmed
from journeys.timeline import Wanted, timeline
from store.journeys import live_journeys

WANTED = ("before", "kind", "channel", "most")


class FileAsked(Schema):
    """Who is searched for."""

    class Meta:
        """Arguments that the search does not know do no harm."""

        unknown = EXCLUDE

    query = fields.String(load_default="", metadata={"description": "an id, its start, or part of a trait"})


class SearchAsked(FileAsked):
    """The same, a page at a time."""

    cursor = fields.String(metadata={"description": "`next` of the answer before"})


class ProfileAsked(Schema):
    """What the profile reads."""

    class Meta:
        """Arguments that the profile does not know do no harm."""

        unknown = EXCLUDE

    at = fields.String(metadata={"description": "date or time: traits as they were then; now where absent"})


class TimelineAsked(Schema):
    """What the timeline reads."""

    class Meta:
        """Arguments that the timeline does not know do no harm."""

        unknown = EXCLUDE

    before = fields.String(metadata={"description": "`next` of the answer before"})
    kind = fields.String(metadata={"description": "only events of this type, such as page or track"})
    channel = fields.String(metadata={"description": "only events of this channel, such as Email"})
    most = fields.Integer(load_default=200, validate=validate.Range(1, 1000))


def list_customers(call: Call) -> dict[str, Any]:
    """Customers with this id or trait; those of the last seven days where nothing is asked."""
    return search(
        call.services.events,
        call.services.ledger,
        call.project.id,
        call.query["query"],
        now=call.now,
        cursor=call.query.get("cursor"),
    )


def list_customers_csv(call: Call) -> Response:
    """All customers with this id or trait, or of the last seven days, as a CSV file."""
    given, text = call.services, call.query["query"]
    rows = every_found(given.events, given.ledger, call.project.id, text, now=call.now)
    return csv_file("customers", table(rows))


def read_identities_csv(call: Call, customer: int) -> Response:
    """The ids of one customer and the links between them as a CSV file."""
    _check(customer)
    ids, links = portrait.identities_of(call.services, call.project, customer)
    if not ids:
        raise Refused(404, "not_found", f"there is no customer {customer}")
    return csv_file(f"identities-{customer}", exports.identities(ids, links))


def read_customer(call: Call, customer: int) -> dict[str, Any]:
    """The profile of one customer: numbers, traits, runs, accounts, identities and their edges."""
    _check(customer)
    stores = call.services.events, call.services.ledger, call.project.id, customer
    nodes, edges = call.services.ledger.describe(call.project.id, customer)
    totals = profile.totals(*stores, zone=call.project.timezone)
    if not totals["n"] and not nodes:
        raise Refused(404, "not_found", f"there is no customer {customer}")
    at = moment(call.query["at"], call.project.zone) if call.query.get("at") else None
    versions = live_journeys(call.services.engine, call.project.id)
    return {
        "customer": str(customer),
        **totals,
        "revenue": profile.revenue(*stores),
        "traits_at": iso(call.now if at is None else at),
        "traits": traits.traits(*stores, at=at),
        "runs": profile.runs(call.services.events, call.project.id, customer, versions, now=call.now),
        "accounts": accounts_of(*stores),
        "identities": [_identity(node) for node in nodes],
        "edges": [_edge(edge) for edge in edges],
    }


def read_traits(call: Call, customer: int) -> dict[str, Any]:
    """Every trait of one customer: the value now, and the former values with when and by which event."""
    _check(customer)
    stores = call.services.events, call.services.ledger, call.project.id, customer
    found = traits.history(*stores)
    if not found and not is_known(*stores):
        raise Refused(404, "not_found", f"there is no customer {customer}")
    return {"customer": str(customer), "traits": found}


def read_timeline(call: Call, customer: int) -> dict[str, Any]:
    """Everything one customer did, the newest first, with sessions and runs."""
    _check(customer)
    found = timeline(
        call.services.events,
        call.services.ledger,
        call.project.id,
        customer,
        versions=live_journeys(call.services.engine, call.project.id),
        wanted=Wanted(**{name: call.query[name] for name in WANTED if name in call.query}),
        now=call.now,
        routes=confirmed(call.services.engine, call.project.id),
    )
    if not found["n"]:
        raise Refused(404, "not_found", f"there is no customer {customer}")
    return found


def _identity(node: RowMapping) -> dict[str, Any]:
    return {
        "identity": str(node["identity"]),
        **{name: node[name] for name in ("kind", "value", "contested")},
    }


def _edge(edge: RowMapping) -> dict[str, Any]:
    """`refused` says why the edge joins nothing, and is empty where it does."""
    return {
        "a": str(edge["a"]),
        "b": str(edge["b"]),
        "rule": edge["rule"],
        "evidence": edge["evidence"],
        "at": iso(edge["at"]),
        "retracted_at": iso(edge["retracted_at"]) if edge["retracted_at"] else None,
        "refused": edge.get("refused", ""),
    }


def _check(customer: int) -> None:
    if customer >= 2**63:
        raise Refused(404, "not_found", f"there is no customer {customer}")


ENDPOINTS = [
    Endpoint("GET", "/customers", list_customers, query=SearchAsked),
    Endpoint("GET", "/customers.csv", list_customers_csv, query=FileAsked),
    Endpoint("GET", "/customers/<int:customer>", read_customer, query=ProfileAsked),
    Endpoint("GET", "/customers/<int:customer>/traits", read_traits),
    Endpoint("GET", "/customers/<int:customer>/identities.csv", read_identities_csv),
    Endpoint(
        "GET",
        "/customers/<int:customer>/timeline",
        read_timeline,
        query=TimelineAsked,
    ),
]
