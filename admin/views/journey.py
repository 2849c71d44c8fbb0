"""The page of one journey, tab by tab, and each tab's CSV file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import beside, exports, long_reports, pictures, questions, survivals, trends, upkeep
from admin.access import SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.report import JourneyPage, open_report, with_choices, without_choices
from admin.services import services
from journeys import zero_lists
from journeys.definitions import DefinitionError, parse, to_yaml
from journeys.report import Answer, Report
from journeys.reports import BY_BAR, REPORTS, TABS
from journeys.runs import cut
from journeys.saving import save_journey
from journeys.segment_definitions import parse_segment
from journeys.stakes import worst_step
from journeys.version_changes import changes
from journeys.versions import readable
from journeys.versions_report import VERSIONS
from store.journeys import UNFILLED, JourneyVersion, delete_journey, live_journey, versions_of
from store.segments import saved_segments
from store.words import tell

RUNS = long_reports.Spot(page="journey/waiting_runs.html")
BESIDE_VERSION = long_reports.Spot(
    page="journey/definition_waiting.html", id="versions", target="#versions", select="#versions"
)
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
    work = services().work()
    report = without_choices(place, key, work)
    question = questions.read_runs(request.args, report.scope)
    if request.headers.get("HX-Target") == "more-runs":
        more = {
            "answer": question.ask(report.scope, unit=report.asked.unit),
            "rule": question.rule(report.scope),
        }
        return render_template("journey/runs_rows.html", report=report, question=question, **more)

    def compute() -> tuple[JourneyPage, dict[str, Any]]:
        found = {
            "answer": question.ask(report.scope, unit=report.asked.unit),
            "title": question.title(report.scope),
            "rule": question.rule(report.scope),
            "gathered": question.gathered(report.scope, unit=report.asked.unit),
        }
        return with_choices(report), found

    def draw(found: tuple[JourneyPage, dict[str, Any]]) -> str:
        opened, told = found
        find = partial(opened.behind, question.report)
        return render_template("journey/runs.html", report=opened, question=question, find=find, **told)

    frame = {"report": report, "question": question}
    return long_reports.shown(compute, draw, owner=place.user.id, work=work, spot=RUNS, **frame)


@pages.get("/zero/customers")
@needs("viewer")
def customers(place: Place, key: str) -> ResponseReturnValue:
    """The customers behind a number of why a step is empty."""
    cursor, cell, work, ledger = (
        request.args.get("cursor"),
        request.args.get("cell", ""),
        services().work(),
        services().ledger,
    )
    opened = without_choices(place, key, work)

    def compute() -> tuple[JourneyPage, dict[str, Any]]:
        return with_choices(opened), zero_lists.listed(opened.scope, ledger, cell, cursor=cursor)

    def draw(answer: tuple[JourneyPage, dict[str, Any]]) -> str:
        report, found = answer
        more = {"cell": cell, "cursor": cursor}
        return render_template("journey/customers.html", report=report, found=found, **more)

    return long_reports.shown(compute, draw, owner=place.user.id, work=work, spot=RUNS, report=opened)


@pages.get("/zero/customers.csv")
@needs("viewer")
def customers_csv(place: Place, key: str) -> ResponseReturnValue:
    """The same as a file."""
    scope = open_report(place, key).scope
    cell = request.args.get("cell", "")
    rows = zero_lists.everyone(scope, services().ledger, cell)
    return exports.csv_file(exports.named(key, "customers", scope), zero_lists.table(scope, cell, rows))


@pages.get("/definition")
@needs("viewer")
def definition(place: Place, key: str) -> ResponseReturnValue:
    """What the journey is, and its versions."""
    report = without_choices(place, key, services().work())
    versions = versions_of(services().engine, place.project.id, key)
    return render_template(
        "journey/definition.html",
        report=report,
        other=_other(report, versions),
        yaml=to_yaml(report.scope.rule),
        versions=versions,
        changes={one.version: changes(older.definition, one.definition) for one, older in pairwise(versions)},
        cut=cut(services().events, report.scope.version.id),
        asking=_asking(place, key),
    )


def _asking(place: Place, key: str) -> list[str]:
    """The names of the saved segments that ask how a customer stands in the journey."""
    known = [parse_segment(one.definition) for one in saved_segments(services().engine, place.project.id)]
    return [one.name for one in known if key in one.journeys]


def _other(report: JourneyPage, versions: Sequence[JourneyVersion]) -> int:
    """The version to show beside the one that answers: that of the address, the one before, or the newest."""
    mine = report.scope.version.version
    others = [one.version for one in readable(versions) if one.version != mine]
    asked = request.args.get("other", 0, type=int)
    if asked in others:
        return asked
    return next((number for number in others if number < mine), max(others, default=0))


@pages.get("/definition/beside")
@needs("viewer")
def beside_version(place: Place, key: str) -> ResponseReturnValue:
    """The version that answers beside another one, as numbers; a part of the page of the definition."""
    work = services().work()
    report = without_choices(place, key, work)
    question = questions.ReportQuestion([VERSIONS], request.args)
    versions = versions_of(services().engine, place.project.id, key)
    frame: dict[str, Any] = {"report": report, "kind": VERSIONS, "versions": versions, "question": question}

    def compute() -> Answer:
        return question.ask(VERSIONS, report.scope, unit=report.asked.unit)

    def draw(answer: Answer) -> str:
        part = bool(request.headers.get("HX-Request"))
        page = f"journey/definition_{'versions' if part else 'beside'}.html"
        return render_template(page, answer=answer, **frame)

    return long_reports.shown(
        compute, draw, owner=place.user.id, work=work, spot=BESIDE_VERSION, key=key, **frame
    )


class Found(NamedTuple):
    """All that a tab shows: its report with what segments can be made of, its answer, and what is beside."""

    report: JourneyPage
    answer: Answer
    beside: dict[str, Any]


def _add(report: Report) -> None:
    always = (one for one in REPORTS if one not in BY_BAR)
    shown_beside: Callable[..., dict[str, Any]] = BESIDE.get(report.name, _nothing)
    shown = [report, *(one for one in always if one.within == report.name)]

    @needs("viewer")
    def show_report(place: Place, key: str) -> ResponseReturnValue:
        work = services().work()
        opened = without_choices(place, key, work)
        args = questions.joined(request.args)
        question = questions.ReportQuestion(shown, beside.given(opened, report.name, args))
        kinds = {
            "kind": report,
            "kinds": shown,
            "question": question,
            "kept": beside.kept(opened, question, args),
            "offered": beside.offered(report, opened),
            "bar": beside.choices(report, opened),
        }

        def compute() -> Found:
            answers = {one.name: question.ask(one, opened.scope, unit=opened.asked.unit) for one in shown}
            answer = answers.pop(report.name)
            more = shown_beside(opened, answer, **answers)
            side_by_side = beside.facing(opened, report, question)
            return Found(with_choices(opened), answer, answers | more | side_by_side)

        def draw(found: Found) -> str:
            drawn = {"pictures": pictures, "survivals": survivals, "trends": trends, "worst_step": worst_step}
            more = {**kinds, **drawn, **found.beside}
            return render_template(
                f"journey/{report.name}.html", report=found.report, answer=found.answer, **more
            )

        frame: dict[str, Any] = {"report": opened, "key": key, **kinds}
        return long_reports.shown(compute, draw, owner=place.user.id, work=work, **frame)

    pages.add_url_rule(f"/{report.name}", report.name, show_report)


def _nothing(_report: JourneyPage, _answer: Answer, **_others: Answer) -> dict[str, Any]:
    return {}


# What pages show beside a report's answer.
BESIDE: Mapping[str, Callable[..., dict[str, Any]]] = {
    "funnel": beside.funnel,
    "timing": beside.timing,
    "breakdown": beside.breakdown,
    "change": beside.change,
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
    return _filling(place, key)


def _filling(place: Place, key: str) -> ResponseReturnValue:
    versions = versions_of(services().engine, place.project.id, key)
    waiting = next((one for one in versions if one.status in UNFILLED), None)
    headers = {} if waiting else {"HX-Refresh": "true"}
    return render_template("journey/filling.html", filling=waiting, key=key), 200, headers


@pages.post("/filling/pause")
@needs("editor", does=SEVERAL)
def pause(place: Place, key: str) -> ResponseReturnValue:
    """Let the filling wait behind the part in hand."""
    if upkeep.pause_filling(services(), place.project.id, key):
        did(place, deed("paused the counting of the journey %(key)s"), key=key)
    return _turned(place, key)


@pages.post("/filling/resume")
@needs("editor", does=SEVERAL)
def resume(place: Place, key: str) -> ResponseReturnValue:
    """Let a paused filling go on where it was."""
    if upkeep.resume_filling(services(), place.project.id, key):
        did(place, deed("let the counting of the journey %(key)s go on"), key=key)
    return _turned(place, key)


def _turned(place: Place, key: str) -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return _filling(place, key)
    return redirect(url_for("journey.funnel", project=place.project.key, key=key))


@pages.post("/restore")
@needs("editor", does=SEVERAL)
def restore(place: Place, key: str) -> ResponseReturnValue:
    """Save what an older version says as the newest one; the present one answers until that is counted."""
    given, number = services(), request.form.get("version", 0, type=int)
    versions = versions_of(given.engine, place.project.id, key)
    found = next((one for one in versions if one.version == number), None)
    if found is None or live_journey(given.engine, place.project.id, key) is None:
        abort(404)
    by, now = place.user.email, given.clock()
    try:
        saved = save_journey(given.engine, place.project.id, parse(found.definition), by=by, now=now)
    except DefinitionError as error:
        flash(tell("Version %(number)s cannot be used again: %(error)s", number=number, error=error))
    else:
        given.refill()
        did(place, deed("restored version %(number)s of the journey %(key)s"), number=number, key=key)
        numbers = {"version": saved.version, "number": number}
        flash(
            tell("Version %(version)s says what version %(number)s said. It answers.", **numbers)
            if saved.status == "live"
            else tell(
                "Version %(version)s says what version %(number)s said. It answers when it is counted.",
                **numbers,
            )
        )
    return redirect(url_for("journey.definition", project=place.project.key, key=key))


@pages.post("/delete")
@needs("editor", does=deed("deleted the journey %(key)s"))
def delete(place: Place, key: str) -> ResponseReturnValue:
    """Hide the journey; its versions are kept."""
    given = services()
    if not delete_journey(given.engine, place.project.id, key, now=given.clock()):
        abort(404)
    return redirect(url_for("journeys.show", project=place.project.key, deleted=key))


def _query() -> str:
    return f"?{text}" if (text := request.query_string.decode()) else ""
