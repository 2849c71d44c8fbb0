"""The life of customers over the API: new, returning, resurrected and dormant, and how many stay."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from admin.api.endpoint import Call, Endpoint
from admin.api.periods import MembersAsked, members_of_call, period_of
from admin.exports import csv_file
from journeys.buckets import UNITS
from journeys.customers import table
from journeys.lifecycle import (
    Life,
    everyone,
    first_seen,
    lifecycle,
    lifecycle_table,
    listed,
    open_life,
    retention_table,
)
from journeys.period import asked_at


class Asked(MembersAsked):
    """What the life of customers is asked about."""

    by = fields.String(
        load_default="",
        validate=validate.OneOf(("", *UNITS)),
        metadata={"description": "day, week or month; what fits the time from `from` to now where absent"},
    )
    now = fields.String(
        metadata={"description": "`as_of` of an answer, so that a list has the customers of its number"}
    )


class FileAsked(Asked):
    """Which customers are listed."""

    cell = fields.String(
        required=True,
        metadata={"description": "what stands beside the number, in an answer for the same `from`"},
    )


class ListAsked(FileAsked):
    """The same, a page at a time."""

    cursor = fields.String(metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=50, validate=validate.Range(1, 500))


def read_lifecycle(call: Call) -> dict[str, Any]:
    """Customers who were new, returning, resurrected or dormant in each day, week or month."""
    return lifecycle(_life(call))


def read_lifecycle_csv(call: Call) -> Response:
    """The life of customers as a CSV file."""
    return csv_file("lifecycle", lifecycle_table(lifecycle(_life(call))))


def read_cohorts(call: Call) -> dict[str, Any]:
    """Customers by the time of their first touchpoint, and how many were active in each part since."""
    return first_seen(_life(call))


def read_cohorts_csv(call: Call) -> Response:
    """The retention of customers as a CSV file."""
    return csv_file("cohorts", retention_table(first_seen(_life(call))))


def list_customers_of_cell(call: Call) -> dict[str, Any]:
    """The customers behind a number of the lifecycle or of retention."""
    query = call.query
    return listed(
        _life(call), call.services.ledger, query["cell"], cursor=query.get("cursor"), most=query["most"]
    )


def list_customers_of_cell_csv(call: Call) -> Response:
    """All customers behind a number of the lifecycle or of retention, as a CSV file."""
    return csv_file(
        "lifecycle-customers", table(everyone(_life(call), call.services.ledger, call.query["cell"]))
    )


def _life(call: Call) -> Life:
    now = asked_at(call.query.get("now"), call.project.zone, now=call.now)
    return open_life(
        call.services.events.asked_for(call.services.work()),
        call.project,
        period_of(call, now),
        by=call.query["by"],
        now=now,
        members=members_of_call(call, now),
    )


ENDPOINTS = [
    Endpoint("GET", "/lifecycle", read_lifecycle, query=Asked),
    Endpoint("GET", "/lifecycle.csv", read_lifecycle_csv, query=Asked),
    Endpoint("GET", "/lifecycle/customers", list_customers_of_cell, query=ListAsked),
    Endpoint("GET", "/lifecycle/customers.csv", list_customers_of_cell_csv, query=FileAsked),
    Endpoint("GET", "/lifecycle/cohorts", read_cohorts, query=Asked),
    Endpoint("GET", "/lifecycle/cohorts.csv", read_cohorts_csv, query=Asked),
]
