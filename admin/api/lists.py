"""The lists behind the numbers of a journey's reports: runs, customers, and what is together in Other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import fields, validate

from admin.api.endpoint import Call, Endpoint
from admin.api.others import asked_of_other
from admin.api.scopes import ReportAsked, dated, scope_of
from admin.exports import csv_file, named, runs
from journeys import breakdown, change_lists, paths_lists, variants, zero_lists
from journeys.cursors import ListError
from journeys.dropoffs import other_labels
from journeys.funnel import OUTCOMES
from journeys.lists import NUMBERS, counted, everyone, listed
from journeys.report import Which
from journeys.reports import BY_NAME, REPORTS
from journeys.scope import Scope


class RunsAsked(ReportAsked):
    """Of which number the runs are."""

    report = fields.String(
        validate=validate.OneOf([one.name for one in REPORTS if one.behind]),
        metadata={
            "description": "the report whose number the list explains, with its `cell`; else the funnel"
        },
    )
    cell = fields.String(metadata={"description": "the `cell` that stands beside the number"})
    number = fields.String(
        validate=validate.OneOf(NUMBERS),
        metadata={"description": "of the funnel; entered where neither it, an outcome nor a step is given"},
    )
    outcome = fields.String(
        validate=validate.OneOf(OUTCOMES),
        metadata={"description": "with a step those who ended there; not beside number"},
    )
    step = fields.String(
        metadata={"description": "key of a step; alone it means those who came there or beyond"}
    )


class RunsPageAsked(RunsAsked):
    """The same, a page at a time."""

    cursor = fields.String(metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=50, validate=validate.Range(1, 500))


class CellAsked(ReportAsked):
    """Which number is asked for by its customers."""

    cell = fields.String(
        required=True, metadata={"description": "what `of_customers` says of the number, in an answer"}
    )


class CustomersAsked(CellAsked):
    """What the list of these customers reads."""

    cursor = fields.String(metadata={"description": "`next` of the answer before"})
    most = fields.Integer(load_default=50, validate=validate.Range(1, 500))


OtherAsked = asked_of_other(ReportAsked)


def read_runs(call: Call, key: str) -> dict[str, Any]:
    """The runs behind a number of the funnel, the newest first."""
    query, scope = call.query, scope_of(call, key)
    paging = {"cursor": query.get("cursor"), "most": query["most"]}
    return dated(scope, listed(scope, which=_which(scope, query), unit=query["unit"], **paging))


def read_runs_csv(call: Call, key: str) -> Response:
    """All the runs behind a number of the funnel, the newest first, as a CSV file."""
    query, scope = call.query, scope_of(call, key)
    rows = everyone(scope, _which(scope, query), unit=query["unit"])
    return csv_file(named(key, "runs", scope), runs(rows))


def _which(scope: Scope, query: Mapping[str, Any]) -> Which:
    """The runs that are meant; raises ListError."""
    report = BY_NAME.get(query.get("report", ""))
    if report and report.behind:
        return report.behind(scope, query.get("cell", ""))
    return counted(scope, _number(query), query.get("step"))


def list_customers_of_zero(call: Call, key: str) -> dict[str, Any]:
    """The customers behind a number of the report on why a step is empty."""
    query, scope = call.query, scope_of(call, key)
    answer = zero_lists.listed(
        scope, call.services.ledger, query["cell"], cursor=query.get("cursor"), most=query["most"]
    )
    return dated(scope, answer)


def list_labels_of_paths(call: Call, key: str) -> dict[str, Any]:
    """The labels that are together in Other of paths, each with how many runs it has, the most first."""
    query, scope = call.query, scope_of(call, key)
    return dated(scope, paths_lists.labels(scope, query["cell"], most=query["most"]))


def list_other_variants(call: Call, key: str) -> dict[str, Any]:
    """The ways that are together in Other of variants, each with how many runs it has, the most first."""
    query, scope = call.query, scope_of(call, key)
    return dated(scope, variants.other_ways(scope, query["cell"], most=query["most"]))


def list_other_dropoffs(call: Call, key: str) -> dict[str, Any]:
    """The labels that are together in Other of drop-offs, each with how many runs it has, the most first."""
    query, scope = call.query, scope_of(call, key)
    return dated(scope, other_labels(scope, query["cell"], unit=query["unit"], most=query["most"]))


def list_other_values(call: Call, key: str) -> dict[str, Any]:
    """The values that are together in Other of a breakdown, each with how many it has, the most first."""
    query, scope = call.query, scope_of(call, key)
    return dated(scope, breakdown.other_values(scope, query["cell"], unit=query["unit"], most=query["most"]))


def list_other_values_of_change(call: Call, key: str) -> dict[str, Any]:
    """The values that are together in Other of a change, each with how many runs it has, the most first."""
    query, scope = call.query, scope_of(call, key)
    return dated(scope, change_lists.other_values(scope, query["cell"], most=query["most"]))


def read_customers_of_zero_csv(call: Call, key: str) -> Response:
    """The customers behind a number of the report on why a step is empty. As a CSV file."""
    scope = scope_of(call, key)
    cell = call.query["cell"]
    rows = zero_lists.everyone(scope, call.services.ledger, cell)
    return csv_file(named(key, "customers", scope), zero_lists.table(scope, cell, rows))


def _number(query: Mapping[str, Any]) -> str:
    """Which number's list is wanted; raises ListError."""
    number, outcome, step = (query.get(name) for name in ("number", "outcome", "step"))
    if number and outcome:
        raise ListError("give a number or an outcome, not both")
    if outcome:
        return f"{outcome}_here" if step else str(outcome)
    return number or ("progressed" if step else "entered")


ENDPOINTS = [
    Endpoint("GET", "/journeys/<key>/runs", read_runs, query=RunsPageAsked),
    Endpoint("GET", "/journeys/<key>/runs.csv", read_runs_csv, query=RunsAsked),
    Endpoint("GET", "/journeys/<key>/paths/labels", list_labels_of_paths, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/breakdown/other", list_other_values, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/change/other", list_other_values_of_change, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/dropoffs/other", list_other_dropoffs, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/variants/other", list_other_variants, query=OtherAsked),
    Endpoint("GET", "/journeys/<key>/zero/customers", list_customers_of_zero, query=CustomersAsked),
    Endpoint("GET", "/journeys/<key>/zero/customers.csv", read_customers_of_zero_csv, query=CellAsked),
]
