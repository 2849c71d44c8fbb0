"""Two versions of a journey as a report: what it is asked, what its words mean, its file and its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import fields, validate

from journeys import funnel_report
from journeys.cursors import no_cell
from journeys.funnel import OUTCOMES
from journeys.report import Answer, OwnArguments, Report, Table, Which
from journeys.scope import Scope
from journeys.versions import BY, MOVED, by, stands, versions
from store.words import marked, tell

MOST = 2**31


class Asked(OwnArguments):
    """Beside which version."""

    other = fields.Integer(
        load_default=0,
        validate=validate.Range(0, MOST),
        metadata={"description": "number of the version to compare with; 0 for the one before"},
    )


MEANINGS = {
    "this": "By the version that answers: the same numbers as those of the funnel.",
    "other": "By the other version, over the same events; nothing where the journey has no version before.",
    "entered": "Runs that began in the period; what they did afterwards counts.",
    "order": "In which order the version's runs must take the steps: `sequential`, `strict` or `any`.",
    "success_rate": (
        "The share that reached the goal so far, with its 95 % Wilson interval. Who is in time may yet do "
        "so: that is a loss in neither version."
    ),
    "median_seconds": "Half of the runs that succeeded took at most so long from their start to the goal.",
    "took": (
        "Whether a step counts the runs that took this very step, as it does where one of the versions is in "
        "any order; else it counts those that came to it or beyond."
    ),
    "steps": "The steps of both versions, matched by their keys; who has no such step has no number.",
    "share": "Of all runs of that version, with its Wilson interval.",
    "difference": (
        "This version's number less the other one's. Both count the same events, so it is what the "
        "definitions make of them and owes nothing to chance: it needs no interval and no p-value."
    ),
    "moved": (
        "How many runs stand how by the other version and by this one; where nothing is said, no run of that "
        "version began there. The same attempt is the one that began with the same event. Nothing where the "
        "runs of one version are those of customers and of the other those of accounts."
    ),
    "sampled": (
        "The share of customers that was looked at, the same ones for both versions: 1 unless there are too "
        "many touchpoints to go through at once."
    ),
}
HEAD = (
    *("what", "step", "name"),
    *(f"{side}{name}" for side in ("this", "other") for name in ("", "_share", "_low", "_high", "_in_time")),
    *("difference", "difference_of_share"),
)


NOTHING = (None,) * 4


def table(answer: Answer) -> Table:
    """A row a number, one a step, and one for all runs that stand alike by each of both versions."""
    return HEAD, _rows(answer)


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    this, other, apart = (answer[name] or {} for name in ("this", "other", "difference"))
    yield "version", "", "", this["version"], *NOTHING, other.get("version"), *NOTHING, None, None
    for name in ("entered", *OUTCOMES):
        shares = [
            _limits(side.get("success_rate")) if name == "succeeded" else NOTHING for side in (this, other)
        ]
        rate = apart.get("success_rate") if name == "succeeded" else None
        counts = [_count(side, name) for side in (this, other, apart)]
        yield name, "", "", counts[0], *shares[0], counts[1], *shares[1], counts[2], rate
    for name in ("customers", "half_by"):
        found = [side["success_rate"][name] if side else None for side in (this, other)]
        yield name, "", "", found[0], *NOTHING, found[1], *NOTHING, None, None
    medians = [side.get("median_seconds") for side in (this, other, apart)]
    yield "median_seconds", "", "", medians[0], *NOTHING, medians[1], *NOTHING, medians[2], None
    for step in answer["steps"]:
        this, other, apart = (step[name] or {} for name in ("this", "other", "difference"))
        shares = [_limits(side.get("share")) for side in (this, other)]
        yield (
            *("step", step["key"], step["name"], this.get("n"), *shares[0], other.get("n"), *shares[1]),
            *(apart.get("n"), apart.get("share")),
        )
    for one in answer["moved"] or ():
        what = f"{one['other'] or 'no run'} > {one['this'] or 'no run'}"
        yield what, "", "", one["n"], *NOTHING, one["n"], *NOTHING, None, None


def _count(side: Mapping[str, Any], name: str) -> int | None:
    found: int | None = (side.get("outcomes", {}) if name in OUTCOMES else side).get(name)
    return found


def _limits(share: Mapping[str, float | None] | None) -> tuple[float | None, ...]:
    return tuple((share or {}).get(one) for one in ("value", "low", "high", "in_time"))


def behind(scope: Scope, cell: str) -> Which:
    """The runs behind a number; raises ListError for a cell that there is not, VersionError for a version."""
    what, _, rest = cell.partition(":")
    if what not in (BY, MOVED):
        return funnel_report.behind(scope, cell)
    number, chunks, rest = [*rest.split(":", 2), "", "", ""][:3]
    if not (_is_count(number) and _is_count(chunks)):
        raise no_cell(cell, marked("this report"))
    if what == BY:
        return _by(by(scope, int(number), int(chunks)), rest)
    other, _, this = rest.partition(":")
    if not {other, this} <= {"", *OUTCOMES} or not (other or this):
        raise no_cell(cell, marked("this report"))
    return stands(scope, int(number), int(chunks), other=other, this=this)


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= len(str(MOST)) and 0 < int(text) < MOST


def _by(scope: Scope, cell: str) -> Which:
    """The runs of a funnel's number by a version."""
    which = funnel_report.behind(scope, cell)
    said = tell("%(runs)s, by version %(number)s", runs=which.title, number=scope.version.version)
    return which._replace(title=said, scope=scope)


VERSIONS = Report(
    name="versions",
    title="This version beside the one before",
    says="What two versions of the journey make of the same events, from all who entered to each step.",
    answer=versions,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    behind=behind,
    within="definition",
    notes=(
        "The runs of the other version are computed when it is asked: they are what its funnel would be now, "
        "had it not been replaced. So are those in its lists.",
    ),
)
