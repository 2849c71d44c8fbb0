"""What is asked over stored runs: every report of the frame, and some in more than one way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from journeys.companions import COMPANIONS
from journeys.lists import listed
from journeys.membership import Saved
from journeys.period import Period
from journeys.reports import BY_NAME, REPORTS
from journeys.scope import Scope
from journeys.segments import choices

Ask = Callable[[Scope], Any]

# Arguments of reports that cannot do without, or would ask of little.
GIVEN: Mapping[str, Mapping[str, str]] = {
    "dropoffs": {"step": "view"},
    "signals": {"step": "checkout"},
    "compare": {"segments": "device:mobile;device:desktop"},
}
# Reports that read touchpoints, so that they are held against the plain histories of everything.
OF_TOUCHPOINTS = {"paths", "dropoffs", "signals", "attribution", "retention", "zero", "conformance"}
SEGMENT: dict[str, Any] = {
    "key": "engaged",
    "name": "Engaged",
    "all": [
        {"field": "device", "op": "ne", "value": "tablet"},
        {"did": {"event": "Feature Used 1"}, "before": "30d"},
        {"did": {"page": "/p/1*"}, "before": "30d", "at_least": 2},
    ],
}


class Question(NamedTuple):
    """A name for the table, what is asked, and whether touchpoints are read for it."""

    name: str
    ask: Ask
    of_touchpoints: bool = False


def questions() -> Iterator[Question]:
    """Every report as it is first asked; then some that are asked otherwise, and lists."""
    for report in (one for one in REPORTS if one not in COMPANIONS.values()):
        ask = _report(report.name, **GIVEN.get(report.name, {}))
        if report.name == "change":
            ask = _of_second_half(ask)
        yield Question(report.title.lower(), ask, report.name in OF_TOUCHPOINTS)
    yield Question("funnel by customers", _report("funnel", unit="customers"))
    yield Question("funnel of a saved segment", _of_segment(_report("funnel")), of_touchpoints=True)
    yield Question(
        "breakdown by a property of the goal", _report("breakdown", by="property:amount", at="paid")
    )
    yield Question(
        "drop-offs of two segments", _report("dropoffs_beside", step="view", against="device:mobile"), True
    )
    yield Question("paths before payment", _report("paths", anchor="payment", direction="before"), True)
    yield Question("paths after runs that were lost", _report("paths", part="afterwards"), True)
    yield Question("paths of a saved segment", _of_segment(_report("paths")), True)
    yield Question("segment choices", choices)
    yield Question("list, first page", listed)
    yield Question("list of one drop-off", partial(listed, number="dropped_here", step="cart"))


def _report(name: str, *, unit: str = "runs", **given: str) -> Ask:
    report = BY_NAME[name]
    arguments = report.asked().load(given)
    return lambda scope: report.ask(scope, arguments, unit=unit)


def _of_second_half(ask: Ask) -> Ask:
    def asked(scope: Scope) -> Any:
        middle = (scope.period.start + scope.period.end) // 2
        return ask(replace(scope, period=Period(middle, scope.period.end)))

    return asked


def _of_segment(ask: Ask) -> Ask:
    saved = Saved({SEGMENT["key"]: SEGMENT})
    return lambda scope: ask(replace(scope, saved=saved, segment={"name": SEGMENT["key"]}))
