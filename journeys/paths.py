"""Paths: every touchpoint inside runs, or after them, by position; what flows in flows out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from journeys.filters import Params
from journeys.flows import ENDS, OTHER, Flow, Node, drawn
from journeys.funnel import OUTCOMES
from journeys.questions import question
from journeys.routes import SHORT_NAME
from journeys.runs import PAST
from journeys.scope import Scope
from journeys.touchpoints import GONE, SHOWN, type_of
from store.words import marked, tell

OTHER_HASH = 1
FOREVER = 2**52  # milliseconds beyond all times
FEW_RUNS = 200  # whoever has no more has each touchpoint held against all of them
PARTS = ("run", "afterwards")
DIRECTIONS = ("after", "before")
LOST = "outcome in ('dropped', 'failed')"
TOUCHPOINT, BEGIN, MORE = "touchpoint", "begin", "more"
MOST = 10_000
NODES = (TOUCHPOINT, BEGIN, MORE, *ENDS)  # what a node of a way can be, by numbers from 1
# What runs are called that are over, anywhere and at a step.
OVER = {
    "": (marked("Dropped or failed"), marked("%(step)s: dropped or failed")),
    "succeeded": (marked("Succeeded"), marked("%(step)s: succeeded")),
    "failed": (marked("Failed"), marked("%(step)s: failed")),
    "dropped": (marked("Dropped"), marked("%(step)s: dropped")),
}
BEGINS = tuple(message for messages in OVER.values() for message in messages)


class PathError(Exception):
    """Paths cannot be drawn as asked; the message says why."""


@dataclass(frozen=True)
class Asked:
    """Which touchpoints are followed: from the step `anchor`, up to the step `until`, so many positions.

    `part` is `run` for those inside of runs, or `afterwards` for those after runs that were lost, or that
    ended with `outcome`; with an anchor, those that ended there. Beside the runs of the scope's own segment
    those of the segment `against` are counted.
    """

    anchor: str | None = None
    until: str | None = None
    part: str = "run"
    direction: str = "after"
    depth: int = 5
    outcome: str | None = None
    collapse: bool = True
    most: int = 8
    against: Mapping[str, str] | None = None

    def checked(self, scope: Scope) -> Asked:
        """The same, if it can be answered; raises PathError."""
        steps = scope.definition
        for key in (self.anchor, self.until):
            if key is not None and key not in steps:
                raise PathError(
                    tell("the journey has no step %(key)s to start from or to end at", key=repr(key))
                )
        if self.direction not in DIRECTIONS:
            raise PathError(tell("a direction is after or before"))
        if self.part not in PARTS:
            raise PathError(tell("a part is run or afterwards"))
        if not 1 <= self.depth <= 12:
            raise PathError(tell("a depth is a whole number from 1 to 12"))
        if not 0 <= self.most <= MOST:
            raise PathError(tell("at most %(most)s touchpoints of a position are shown", most=MOST))
        if self.outcome and self.outcome not in OUTCOMES:
            raise PathError(tell("%(outcome)s is no outcome of a run", outcome=repr(self.outcome)))
        if self.part == "afterwards" and (self.until or self.direction != "after"):
            raise PathError(tell("what came afterwards has no step to end at, and nothing before it"))
        if self.part == "afterwards" and self.outcome == "in_time":
            raise PathError(tell("runs that are in time are not over; nothing came after them"))
        if self.until and self.direction != "after":
            raise PathError(tell("paths between two steps run forwards; leave out the direction"))
        if self.until and steps.position(self.until) <= steps.position(self.step(scope) or ""):
            raise PathError(tell("%(until)s is not after the step to start from", until=repr(self.until)))
        return self

    def step(self, scope: Scope) -> str | None:
        """The key of the step at position 0; None where that is the end of the run, whichever its step."""
        steps = scope.definition.steps
        if self.anchor or self.part == "afterwards":
            return self.anchor
        return steps[-1 if self.direction == "before" else 0].key


def paths(scope: Scope, *, unit: str = "runs", **given: Any) -> dict[str, Any]:
    """Touchpoints by position after (or before) a step, inside runs, as nodes and links; see Asked.

    Flow is conserved: every run that passes the anchor starts at node 0 and ends in an end node or in the
    last column. Touchpoints beyond the `most` frequent of a position are gathered in Other. `coverage` is
    the share of shown touchpoints that have a node of their own. `collapse` makes one of equal neighbours;
    a node's `repeats` says how many more it holds. `unit` is as in the funnel. Raises PathError.
    """
    asked = Asked(**given).checked(scope)
    is_compared = asked.against is not None
    step = asked.step(scope)
    return {
        "unit": unit,
        "anchor": step,
        "until": asked.until,
        "part": asked.part,
        "direction": asked.direction,
        "against": asked.against,
        "looks_inside": any(scope.saved.looks_inside(one) for one in (scope.segment, asked.against or {})),
        **drawn(flows(scope, asked, unit), is_compared=is_compared),
    }


def flows(scope: Scope, asked: Asked, unit: str) -> list[Flow]:
    """What goes from where to where."""
    sql, values = ways(scope, asked, unit)
    linked = question("paths.links", ways=sql)
    rows = scope.events.query(linked, values | {"most": asked.most, "other": OTHER_HASH})
    labels = labels_of(scope, {row["target_node"] for row in rows})
    members = {
        row["position"]: row["labels"] - asked.most for row in rows if row["target_node"] == OTHER_HASH
    }

    def touchpoint(position: int, hashed: int) -> Node:
        if position == 0:
            return Node(0, "anchor", begin(scope, asked))
        if hashed == OTHER_HASH:
            return Node(position, "other", OTHER)
        return Node(position, "touchpoint", labels[hashed])

    return [
        Flow(
            touchpoint(row["position"] - 1, row["source_node"]) if row["position"] else None,
            Node(row["position"], "end", NODES[row["kind"] - 1])
            if NODES[row["kind"] - 1] in ENDS
            else touchpoint(row["position"], row["target_node"]),
            row["mine"],
            row["theirs"],
            row["extra"],
            row["back"],
            members.get(row["position"], 0),
            row["common"],
        )
        for row in rows
        if row["kind"] != number_of(MORE)
    ]


def number_of(kind: str) -> int:
    """By which number ways call a node of this kind."""
    return NODES.index(kind) + 1


def begin(scope: Scope, asked: Asked) -> str:
    """What position 0 is called."""
    key = asked.step(scope)
    name = next((step.name for step in scope.definition.steps if step.key == key), "")
    if asked.part == "run":
        return name
    anywhere, at_step = OVER[asked.outcome or ""]
    return tell(at_step, step=name) if name else tell(anywhere)


def passing(
    scope: Scope,
    asked: Asked,
    unit: str,
    *,
    group: str,
    source: Callable[[Params], str],
    target: Callable[[Params], str],
) -> tuple[str, dict[str, Any]]:
    """The SQL of the runs of a group that somewhere go from a source to a target, and what it binds."""
    sql, values = ways(scope, asked, unit)
    params = Params(**values)
    ends = {"source": source(params), "target": target(params)}
    return question("paths.passing", ways=sql, group=group, **ends), params.values


def repeating(
    scope: Scope, asked: Asked, unit: str, *, group: str, target: Callable[[Params], str]
) -> tuple[str, dict[str, Any]]:
    """The SQL of how often runs of a group repeat what they did at a target, and what it binds."""
    sql, values = ways(scope, asked, unit)
    params = Params(**values)
    return question("paths.repeating", ways=sql, group=group, target=target(params)), params.values


def labels_of(scope: Scope, hashes: set[int]) -> Mapping[int, str]:
    """What the labels of these hashes are called."""
    wanted = sorted(hashes - {0, OTHER_HASH})
    if not wanted:
        return {}
    params = Params(project=scope.project.id, start=scope.period.start, hashes=wanted, most=len(wanted))
    sql = question("paths.labels", label=scope.routes.short(params))
    found = {row["hash"]: row["label"] for row in scope.events.query(sql, params.values)}
    return dict.fromkeys(wanted, GONE) | found


def ways(scope: Scope, asked: Asked, unit: str) -> tuple[str, dict[str, Any]]:
    """The SQL of each run's way, and what it binds."""
    key, steps = asked.step(scope), scope.definition
    anchor = steps.position(key) if key else 0
    until = steps.position(asked.until) if asked.until else 0
    named = [steps.steps[at - 1] for at in (anchor, until) if at]
    outcome = "outcome = {outcome:String}" if asked.outcome else LOST if asked.part == "afterwards" else "1"
    return (scope if asked.against is None else scope.everyone()).ask(
        "paths.ways",
        unit=unit,
        which=f"{outcome} and {_passes(asked, anchor)}",
        slots=lambda params: {
            **_groups(scope, asked, params),
            **_span(scope, asked, params),
            **_met(scope, params),
            "route": scope.routes.route(params),
            "short_name": SHORT_NAME,
        },
        outcome=asked.outcome or "",
        anchor_position=anchor,
        until_position=until,
        afterwards=int(asked.part == "afterwards"),
        backwards=int(asked.direction == "before"),
        collapse=int(asked.collapse),
        depth=asked.depth,
        past=PAST,
        kinds=list(NODES),
        touchpoint=number_of(TOUCHPOINT),
        begin=number_of(BEGIN),
        more=number_of(MORE),
        types=sorted({*SHOWN, *(type_of(one) for step in named for one in step.match)}),
    )


def _groups(scope: Scope, asked: Asked, params: Params) -> dict[str, str]:
    """SQL of which runs count as those of the scope's segment, and as those of the other."""
    if asked.against is None:
        return {"mine": "1", "theirs": "0"}
    mine, theirs = (scope.belonging(one, params) or "1" for one in (scope.segment, asked.against))
    return {"mine": mine, "theirs": theirs}


def _passes(asked: Asked, anchor: int) -> str:
    if asked.part == "run":
        return "has(steps, {anchor_position:UInt8})"
    return "furthest = {anchor_position:UInt8}" if anchor else "1"


def _met(scope: Scope, params: Params) -> dict[str, str]:
    """SQL of how touchpoints meet runs: by customer, and where some have very many runs by time as well.

    The time of these is cut into parts that hold about one run each; the time of all others is one part.
    """
    sql, values = scope.everyone().ask("paths.crowded", few=FEW_RUNS)
    rows = scope.events.query(sql, values)
    if not rows:
        return {"meets": "customer", "part": "0", "parts": "0"}
    customers = params.bind([row["customer"] for row in rows], "Array(UInt64)")
    lengths = params.bind([row["length"] for row in rows], "Array(Int64)")
    length = f"transform(customer, {customers}, {lengths}, toInt64({FOREVER}))"
    return {
        "meets": "customer, part",
        "part": f"intDiv(at, {length})",
        "parts": f"arrayJoin(range(intDiv(begins, {length}), intDiv(ends, {length}) + 1))",
    }


def _span(scope: Scope, asked: Asked, params: Params) -> dict[str, str]:
    """SQL of the time in which a run's touchpoints count, and of how its way ends."""
    if asked.part == "afterwards":
        again = question("paths.starts", source=scope.source_of_runs(params))
        later = "begun.begins_again >= taken.last + (taken.last = taken.start)"
        return {
            "again": f"asof left join ({again}) as begun on begun.customer = taken.customer and {later}",
            "begins": "taken.last + 1",
            "ends": "if(begun.is_there, least(begun.begins_again - 1, {now:Int64}), {now:Int64})",
            "ending": "if(begun.is_there, 'again', 'nothing')",
        }
    if asked.direction == "before":
        return {"again": "", "begins": "start", "ends": "anchored", "ending": "'start'"}
    through = "{until_position:UInt8} > 0 and is_through"
    reached = "toUnixTimestamp64Milli(times[indexOf(steps, {until_position:UInt8})])"
    return {
        "again": "",
        "begins": "anchored",
        "ends": f"if({through}, {reached}, last)",
        "ending": f"if({through}, 'reached', toString(outcome))",
    }
