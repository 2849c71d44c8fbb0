"""What a journey's page shows beside a report: another period, another segment, the values of something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from admin import breakdowns
from admin.asked import BESIDE
from admin.failures import BAD_QUESTIONS
from admin.questions import ReportQuestion
from admin.report import JourneyPage
from journeys.breakdown_report import BREAKDOWN
from journeys.companions import COMPANIONS, FACING_OF
from journeys.comparison import COMPARISON
from journeys.dimensions import OF_EVENT
from journeys.facing import Facing
from journeys.period import Period, PeriodError, moment
from journeys.periods_report import PERIODS
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, Report
from journeys.segments import written
from journeys.survival_report import SURVIVAL
from journeys.timing import TIMING
from journeys.trend import TREND
from store.words import Spoken, tell


def given(report: JourneyPage, tab: str, args: Mapping[str, str]) -> dict[str, str]:
    """The arguments of a tab's reports: those of its address, and what its bar says in words of its own."""
    asked, found = report.asked, dict(args)
    if tab == "breakdown" and asked.breakdown:
        found["by"] = asked.breakdown
    if tab == "timing" and "breakdown" in offered(TIMING, report) and asked.breakdown in TIMING.dimensions:
        found["compare"] = asked.breakdown
    if tab == "change" and asked.beside and not found.get("before_from"):
        found |= {"before_from": asked.beside.start, "before_to": asked.beside.end}
    return found


def kept(report: JourneyPage, question: ReportQuestion, args: Mapping[str, str]) -> dict[str, str]:
    """What of a tab's own question its bar keeps: what the address says and the bar has no field for."""
    return {
        name: value
        for name, value in question.args.items()
        if args.get(name) == value and name not in report.asked.compared
    }


def offered(kind: Report, report: JourneyPage) -> tuple[str, ...]:
    """What the bar of a tab offers: curves of times are of segments or of values, not of both."""
    without = "breakdown" if kind is TIMING and report.asked.against else ""
    return tuple(name for name in kind.offers if name != without)


def choices(kind: Report, report: JourneyPage) -> dict[str, Sequence[tuple[str, str]]]:
    """What can be chosen in the bar of a tab: as it is written in the address, and as it is called."""
    return {"beside": tuple(BESIDE.items()), "breakdown": breakdowns.plain(report.scope, kind.dimensions)}


def funnel(report: JourneyPage, answer: Answer, trend: Answer) -> dict[str, Any]:
    """Beside the funnel: what is to be expected of it, another period, another segment, values."""
    return {
        **_expected(report, answer),
        "periods": _periods(report),
        "trend_before": _trend_before(report, trend),
        "beside": _segments(report),
        "by": _broken_down(report),
    }


def timing(report: JourneyPage, _answer: Answer, **_others: Answer) -> dict[str, Any]:
    """Beside the times: those of another period."""
    return {"periods": _periods(report)}


def facing(report: JourneyPage, kind: Report, question: ReportQuestion) -> dict[str, Any]:
    """The report of a tab side by side, as its bar asks: with another segment, with another period."""
    if kind.name not in FACING_OF:
        return {}
    asked, own = report.asked, dict(question.arguments)
    others: list[dict[str, str]] = []
    if asked.against and OTHER_SEGMENT in kind.beside:
        others.append({"against": asked.against})
    if asked.beside and PERIOD in kind.beside:
        others.append({"before_from": asked.beside.start, "before_to": asked.beside.end})
    return {"facing": [_facing(report, FACING_OF[kind.name], question, own, other) for other in others]}


def _facing(
    report: JourneyPage,
    found: Facing,
    question: ReportQuestion,
    own: Mapping[str, Any],
    other: Mapping[str, str],
) -> dict[str, Any]:
    """One card: the answer, or why there is none, what it is called, and how its parts and rows are said."""
    beside = COMPANIONS[found.report.name]

    def ask() -> Answer:
        return beside.ask(report.scope, {**own, **other}, unit=report.asked.unit)

    return {
        **_or_why(beside.meanings, ask, {"against": None, **question.args, **other}),
        "name": beside.name,
        "compared": "segments" if "against" in other else "periods",
        "heads": Spoken(found.heads),
        "tells_who_left": found.tells_who_left,
        "of_age": tell(found.of_age) if found.of_age else "",
        "called": lambda row: found.called(report.scope, row["part"], row["kind"], row["label"]),
    }


def breakdown(report: JourneyPage, answer: Answer) -> dict[str, Any]:
    """Beside the groups: by what else there could be some."""
    return {"choices": breakdowns.choices(report.scope, by=answer["by"], at=answer["at"])}


def change(report: JourneyPage, answer: Answer) -> dict[str, Any]:
    """Beside the parts of a change: by what else it can be parted."""
    at = report.scope.definition.steps[0].key
    return {"choices": breakdowns.choices(report.scope, by=answer["by"], at=at, of_event=OF_EVENT)}


def _expected(report: JourneyPage, answer: Answer) -> dict[str, Any]:
    """What the success rate comes to when nobody is in time any more; None where that is so already."""
    if not answer["outcomes"]["in_time"]:
        return {"expected": None}
    curve = SURVIVAL.ask(report.scope, {}, unit=answer["unit"])["curves"][0]
    return {"expected": curve, "to_be_expected": SURVIVAL.meanings["share"]}


def _periods(report: JourneyPage) -> dict[str, Any] | None:
    if (beside := report.asked.beside) is None:
        return None
    args = {"before_from": beside.start, "before_to": beside.end}
    return _or_why(PERIODS.meanings, lambda: PERIODS.ask(report.scope, args), args)


def _trend_before(report: JourneyPage, trend: Answer) -> Answer | None:
    """The trend of the other period by the same parts; none where it cannot be read."""
    if (beside := report.asked.beside) is None:
        return None
    zone = report.scope.project.zone
    try:
        period = Period(moment(beside.start, zone), moment(beside.end, zone))
        return TREND.ask(replace(report.scope, period=period), {"by": trend["by"]}, unit=trend["unit"])
    except PeriodError:
        return None  # the card of the two periods says why


def _segments(report: JourneyPage) -> dict[str, Any] | None:
    """The report's own segment and the other one; both of all runs, as neither need lie within the other."""
    if not report.asked.against:
        return None
    args = {"segments": f"{written(report.scope.segment)};{report.asked.against}"}
    scope = report.scope.everyone()
    return _or_why(COMPARISON.meanings, lambda: COMPARISON.ask(scope, args, unit=report.asked.unit), args)


def _broken_down(report: JourneyPage) -> dict[str, Any] | None:
    if not report.asked.breakdown:
        return None
    args = {"by": report.asked.breakdown}
    return _or_why(
        BREAKDOWN.meanings, lambda: BREAKDOWN.ask(report.scope, args, unit=report.asked.unit), args
    )


def _or_why(
    meanings: Mapping[str, str], ask: Callable[[], Answer], args: Mapping[str, str | None]
) -> dict[str, Any]:
    """An answer with what its words mean and the arguments that ask for it, or why there is none."""
    try:
        return {"answer": ask(), "meanings": meanings, "args": args}
    except BAD_QUESTIONS as error:
        return {"answer": None, "why": str(error)}
