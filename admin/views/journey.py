"""The page of one journey, tab by tab, and each tab's CSV file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import breakdowns, exports, pictures, questions, survivals, trends
from admin.access import Place, needs
from admin.report import JourneyPage, open_report
from admin.services import services
from journeys.definitions import to_yaml
from journeys.funnel import funnel as count_funnel
from journeys.report import Report
from journeys.reports import REPORTS
from journeys.runs import cut
from journeys.survival import survival as find_survival
from journeys.timing import timing as take_times
from store.journeys import UNFILLED, delete_journey, versions_of

pages = Blueprint("journey", __name__, url_prefix="/p/<project>/journeys/<key>")


@pages.get("")
@needs("viewer")
def show(place: Place, key: str) -> ResponseReturnValue:
    """A journey opens with its funnel."""
    return redirect(url_for("journey.funnel", project=place.project.key, key=key) + _query())


@pages.get("/funnel")
@needs("viewer")
def funnel(place: Place, key: str) -> ResponseReturnValue:
    """Where runs get to and where they end."""
    report = open_report(place, key)
    answer = count_funnel(report.scope, unit=report.asked.unit)
    question = trends.read(request.args)
    trend = question.ask(report.scope, unit=report.asked.unit)
    return render_template(
        "journey/funnel.html",
        report=report,
        question=question,
        answer=answer,
        trend=trend,
        parts=trends.rows(trend, report.scope, report.within),
        trend_picture=trends.picture,
        expected=_expected(report, answer),
        picture=pictures.funnel(answer, report.runs),
        worst=pictures.worst_step(answer),
    )


@pages.get("/breakdown")
@needs("viewer")
def breakdown(place: Place, key: str) -> ResponseReturnValue:
    """How runs come along by what they differ in."""
    report = open_report(place, key)
    question = breakdowns.read(request.args, report.scope.definition)
    answer = question.ask(report.scope, unit=report.asked.unit)
    return render_template(
        "journey/breakdown.html",
        report=report,
        question=question,
        answer=answer,
        choices=breakdowns.choices(report.scope, question),
        link=breakdowns.link(partial(report.link, now=report.now), question, report.asked.of_runs),
    )


@pages.get("/timing")
@needs("viewer")
def timing(place: Place, key: str) -> ResponseReturnValue:
    """How long it takes."""
    report = open_report(place, key)
    question = survivals.read(request.args, report.scope.definition)
    survival = question.ask(report.scope, unit=report.asked.unit)
    return render_template(
        "journey/timing.html",
        report=report,
        question=question,
        answer=take_times(report.scope, unit=report.asked.unit),
        picture=pictures.histogram,
        survival=survival,
        curves=survivals.coloured(survival),
        survival_picture=survivals.picture,
    )


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
    @needs("viewer")
    def show_report(place: Place, key: str) -> ResponseReturnValue:
        opened = open_report(place, key)
        question = questions.ReportQuestion(report, request.args)
        return render_template(
            f"journey/{report.name}.html",
            report=opened,
            kind=report,
            question=question,
            answer=report.ask(opened.scope, question.arguments, unit=opened.asked.unit),
            pictures=pictures,
        )

    pages.add_url_rule(f"/{report.name}", report.name, show_report)


for one in REPORTS:
    _add(one)


@pages.get("/<tab>.csv")
@needs("viewer")
def csv(place: Place, key: str, tab: str) -> ResponseReturnValue:
    """The answer of a tab as a file."""
    report = open_report(place, key)
    table = exports.of_tab(tab, report.scope, unit=report.asked.unit, args=request.args)
    if table is None:
        abort(404)
    return exports.csv_file(f"{key}-{tab}", table)


@pages.get("/filling")
@needs("viewer")
def filling(place: Place, key: str) -> ResponseReturnValue:
    """How far the filling of the newest version is; the page reloads itself when it is done."""
    versions = versions_of(services().engine, place.project.id, key)
    waiting = next((one for one in versions if one.status in UNFILLED), None)
    headers = {} if waiting else {"HX-Refresh": "true"}
    return render_template("journey/filling.html", filling=waiting, key=key), 200, headers


@pages.post("/delete")
@needs("editor")
def delete(place: Place, key: str) -> ResponseReturnValue:
    """Hide the journey; its versions are kept."""
    given = services()
    if not delete_journey(given.engine, place.project.id, key, now=given.clock()):
        abort(404)
    return redirect(url_for("journeys.show", project=place.project.key))


def _expected(report: JourneyPage, answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the success rate comes to when nobody is in time any more; None where that is so already."""
    if not answer["outcomes"]["in_time"]:
        return None
    curve: Mapping[str, Any] = find_survival(report.scope, unit=answer["unit"])["curves"][0]
    return curve


def _query() -> str:
    return f"?{text}" if (text := request.query_string.decode()) else ""
