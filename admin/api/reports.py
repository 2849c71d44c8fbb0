"""The reports over a journey's runs, each as JSON and as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response
from marshmallow import fields, validate

from admin.api.endpoint import Call, Endpoint
from admin.api.scopes import ReportAsked, dated, scope_of
from admin.exports import csv_file, named
from journeys.report import Report
from journeys.reports import REPORTS
from journeys.scope import Scope


def _endpoints(report: Report) -> Iterator[Endpoint]:
    """A report as JSON, and as a CSV file."""
    known = validate.OneOf(report.units, error="this report counts by {choices}; docs/metrics.md says why")
    unit = fields.String(load_default=report.units[0], validate=known)
    asked = type(f"{report.name.title()}Asked", (report.asked, ReportAsked), {"unit": unit})

    def read(call: Call, key: str) -> tuple[Scope, dict[str, Any]]:
        scope = scope_of(call, key)
        own = {name: value for name, value in call.query.items() if name in report.asked().fields}
        return scope, report.ask(scope, own, unit=call.query.get("unit", "runs"))

    def as_json(call: Call, key: str) -> dict[str, Any]:
        scope, answer = read(call, key)
        return dated(scope, {**answer, "meanings": report.meanings})

    def as_csv(call: Call, key: str) -> Response:
        scope, answer = read(call, key)
        return csv_file(named(key, report.name, scope), report.table(answer))

    for answer, ending, says in (
        (as_json, "", report.says),
        (as_csv, ".csv", f"{report.says} As a CSV file."),
    ):
        answer.__name__ = f"read_journey_{report.name}{ending.replace('.', '_')}"
        answer.__doc__ = says
        yield Endpoint("GET", f"/journeys/<key>/{report.name}{ending}", answer, query=asked)


ENDPOINTS = [endpoint for report in REPORTS for endpoint in _endpoints(report)]
