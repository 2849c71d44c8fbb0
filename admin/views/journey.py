"""The page of one journey, tab by tab, and each tab's CSV file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import breakdowns, exports, pictures, questions, survivals, trends
from admin.access import Place, needs
from admin.report import JourneyPage, open_report
from admin.services import services
from journeys import zero_lists
from journeys.definitions import to_yaml
from journeys.report import Answer, Report
from journeys.reports import REPORTS, TABS
from journeys.runs import cut
from journeys.survival_report import SURVIVAL
from store.journeys import UNFILLED, delete_journey, versions_of

pages = Blueprint("journey", __name__, url_prefix="/p/<project>/journeys/<key>")


@pages.get("")
@needs("viewer")
def show(place: Place, key: str) -> ResponseReturnValue:
    """A journey opens with its funnel."""
    return redirect(url_for("journey.funnel", project=place.project.key, key=key) + _query())


@pages.get("/runs")
@needs("viewer")
def runs(place: Place, key: str) -> ResponseReturnValue:
    """The list behind a number."""
    report = open_report(place, key)
    question = questions.read_runs(request.args, report.scope)
    answer = question.ask(report.scope, unit=report.asked.unit)
    part = (
        "journey/runs_rows.html" if request.headers.get("HX-Target") == "more-runs" else "journey/runs.html"
    )
    return render_template(part, report=report, question=question, answer=answer)


@pages.get("/zero/customers")
@needs("viewer")
def customers(place: Place, key: str) -> ResponseReturnValue:
    """The customers behind a number of why a step is empty."""
    report, cursor, cell = open_report(place, key), request.args.get("cursor"), request.args.get("cell", "")
    found = zero_lists.listed(report.scope, services().ledger, cell, cursor=cursor)
    return render_template("journey/customers.html", report=report, cell=cell, found=found, cursor=cursor)


@pages.get("/zero/customers.csv")
@needs("viewer")
def customers_csv(place: Place, key: str) -> ResponseReturnValue:
    """The same as a file."""
    scope = open_report(place, key).scope
    rows = zero_lists.everyone(scope, services().ledger, request.args.get("cell", ""))
    return exports.csv_file(exports.named(key, "customers", scope), zero_lists.table(rows))


@pages.get("/definition")
@needs("viewer")
def definition(place: Place, key: str) -> ResponseReturnValue:
    """What the journey is, and its versions."""
    report = open_report(place, key)
    versions = versions_of(services().engine, place.project.id, key)
    return render_template(
        "journey/definition.html",
        report=report,
        yaml=to_yaml(report.scope.rule),
        versions=versions,
        cut=cut(services().events, report.scope.version.id),
    )


def _add(report: Report) -> None:
    shown = [report, *(one for one in REPORTS if one.within == report.name)]

    @needs("viewer")
    def show_report(place: Place, key: str) -> ResponseReturnValue:
        opened = open_report(place, key)
        question = questions.ReportQuestion(shown, request.args)
        answers = {one.name: question.ask(one, opened.scope, unit=opened.asked.unit) for one in shown}
        answer = answers.pop(report.name)
        return render_template(
            f"journey/{report.name}.html",
            report=opened,
            kind=report,
            kinds=shown,
            question=question,
            answer=answer,
            pictures=pictures,
            survivals=survivals,
            trends=trends,
            **answers,
            **BESIDE.get(report.name, _nothing)(opened, answer),
        )

    pages.add_url_rule(f"/{report.name}", report.name, show_report)


def _nothing(_report: JourneyPage, _answer: Answer) -> dict[str, Any]:
    return {}


def _expected(report: JourneyPage, answer: Answer) -> dict[str, Any]:
    """What the success rate comes to when nobody is in time any more; None where that is so already."""
    if not answer["outcomes"]["in_time"]:
        return {"expected": None}
    curve = SURVIVAL.ask(report.scope, {}, unit=answer["unit"])["curves"][0]
    return {"expected": curve, "to_be_expected": SURVIVAL.meanings["share"]}


def _dimensions(report: JourneyPage, answer: Answer) -> dict[str, Any]:
    return {"choices": breakdowns.choices(report.scope, by=answer["by"], at=answer["at"])}


# What pages show beside a report's answer.
BESIDE: Mapping[str, Callable[[JourneyPage, Answer], dict[str, Any]]] = {
    "funnel": _expected,
    "breakdown": _dimensions,
}

for one in TABS:
    _add(one)


@pages.get("/<tab>.csv")
@needs("viewer")
def csv(place: Place, key: str, tab: str) -> ResponseReturnValue:
    """The answer of a tab as a file."""
    report = open_report(place, key)
    table = exports.of_tab(tab, report.scope, unit=report.asked.unit, args=request.args)
    if table is None:
        abort(404)
    return exports.csv_file(exports.named(key, tab, report.scope), table)


@pages.get("/filling")
@needs("viewer")
def filling(place: Place, key: str) -> ResponseReturnValue:
    """How far the filling of the newest version is; the page reloads itself when it is done."""
    versions = versions_of(services().engine, place.project.id, key)
    waiting = next((one for one in versions if one.status in UNFILLED), None)
    headers = {} if waiting else {"HX-Refresh": "true"}
    return render_template("journey/filling.html", filling=waiting, key=key), 200, headers


@pages.post("/delete")
@needs("editor", does="deleted the journey {key}")
def delete(place: Place, key: str) -> ResponseReturnValue:
    """Hide the journey; its versions are kept."""
    given = services()
    if not delete_journey(given.engine, place.project.id, key, now=given.clock()):
        abort(404)
    return redirect(url_for("journeys.show", project=place.project.key))


def _query() -> str:
    return f"?{text}" if (text := request.query_string.decode()) else ""
