"""Paths from any touchpoint: what customers do after it, or did before it, within the same visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from journeys import filters, resolution
from journeys.definition_schema import parse_duration
from journeys.definitions import parse
from journeys.discovery import two_steps
from journeys.explored_cells import DEEPEST, ENDS, written
from journeys.flows import OTHER, Flow, Node, drawn
from journeys.members import EVERYBODY, Members
from journeys.period import Period, iso
from journeys.questions import question
from journeys.report import Table
from journeys.routes import RAW, Routes
from journeys.touchpoints import GONE, Touchpoint
from store.events import EventStore
from store.projects import Project

DIRECTIONS = ("after", "before")
UNITS = ("visits", "customers")
GAPS = ("30m", "1d", "7d")
MOST_NODES = 20
MOST_CUSTOMERS = 50_000
MEANINGS = {
    "visits": (
        "Visits in which the touchpoint came in the period, each from its first one. A visit ends when its "
        "customer does nothing for longer than the gap, on whatever device or channel."
    ),
    "customers": "Customers who came to the touchpoint in the period, each with the first visit in which.",
    "position": "How many touchpoints after it, or before it; equal neighbours are one.",
    "other": "Touchpoints beyond the most frequent of their position, together.",
    "n": "Visits, or customers, that pass here. What flows into a place flows out of it.",
    "rate": "The share of all visits, or customers, with its 95 % Wilson interval.",
    "of_source": "The share of those at the place from which the way goes, with its interval.",
    "sampled": "The share of customers that was looked at, chosen at random; numbers are of the sample.",
}


@dataclass(frozen=True)
class Asked:
    """From which touchpoint, in which direction, how far, counting what, and what parts visits."""

    start: str
    direction: str = "after"
    unit: str = "visits"
    gap: str = "30m"
    depth: int = 5
    most: int = 8


@dataclass(frozen=True)
class Exploration:
    """A question to the events of a period, of a share of the customers, or of the `members` among them."""

    events: EventStore
    project: Project
    touchpoint: Touchpoint
    asked: Asked
    period: Period
    now: int
    routes: Routes
    chunks: int
    members: Members = EVERYBODY

    def ways(self) -> tuple[str, filters.Params]:
        """The SQL of each visit's way, and what it binds."""
        asked, gap = self.asked, parse_duration(self.asked.gap)
        params = filters.Params(
            project=self.project.id,
            start=self.period.start,
            end=self.period.end,
            now=self.now,
            gap=gap,
            reach=gap * (DEEPEST + 2),
            chunks=self.chunks,
            once=int(asked.unit == "customers"),
            backwards=int(asked.direction == "before"),
            depth=asked.depth,
            **self.members.values,
        )
        parts = {"anchor": _anchor(self.touchpoint, self.routes, params), "label": self.routes.short(params)}
        parts["members"] = self.members.sql
        return question("explored.ways", resolved=resolution.resolved_now(), **parts), params

    def flows(self) -> list[Flow]:
        """What goes from where to where."""
        sql, params = self.ways()
        rows = self.events.query(question("explored.links", ways=sql), params.values)
        into = [Counter[int]() for _ in range(self.asked.depth + 2)]
        for row in rows:
            if row["target"]:
                into[row["position"]][row["target"]] += row["n"]
        shown = [{hash_ for hash_, _ in _ranked(one)[: self.asked.most]} for one in into]
        names = self.names(set().union(*shown))
        members = [max(0, len(one) - self.asked.most) for one in into]

        def node(position: int, hash_: int) -> Node:
            if position == 0:
                return Node(0, "anchor", self.touchpoint.short)
            if hash_ in shown[position]:
                return Node(position, "touchpoint", names[hash_])
            return Node(position, "other", OTHER)

        merged: Counter[tuple[Node | None, Node]] = Counter()
        for row in rows:
            position = row["position"]
            source = node(position - 1, row["source"]) if position else None
            target = Node(position, "end", row["kind"]) if row["kind"] else node(position, row["target"])
            merged[source, target] += row["n"]
        return [
            Flow(source, target, n, members=members[target.position] if target.kind == "other" else 0)
            for (source, target), n in merged.items()
        ]

    def names(self, hashes: set[int]) -> Mapping[int, str]:
        """What the labels of these hashes are called."""
        if not hashes:
            return {}
        params = filters.Params(
            project=self.project.id,
            start=self.period.start,
            end=self.period.end,
            reach=parse_duration(self.asked.gap) * (DEEPEST + 2),
            hashes=sorted(hashes),
        )
        sql = question("explored.labels", label=self.routes.short(params))
        found = {row["hash"]: row["label"] for row in self.events.query(sql, params.values)}
        return dict.fromkeys(hashes, GONE) | found


def explore(
    events: EventStore,
    project: Project,
    touchpoint: Touchpoint,
    asked: Asked,
    *,
    period: Period,
    now: int,
    routes: Routes = RAW,
    most_customers: int = MOST_CUSTOMERS,
    members: Members = EVERYBODY,
) -> Exploration:
    """The question, over a sample where more than `most_customers` came to the touchpoint."""
    params = filters.Params(project=project.id, start=period.start, end=period.end)
    sql = question("explored.customers", anchor=_anchor(touchpoint, routes, params))
    found = members.few_of(events, events.query(sql, params.values)[0]["n"])
    chunks = max(1, -(-found // most_customers))
    return Exploration(events, project, touchpoint, asked, period, now, routes, chunks, members)


def told(of: Exploration) -> dict[str, Any]:
    """Nodes and links with their numbers and cells; conserved: who comes to a place goes on or ends there."""
    asked, flows = of.asked, of.flows()
    picture = drawn(flows)
    nodes = {flow.target.id: flow.target for flow in flows}
    for one in picture["nodes"]:
        one["cell"] = written(nodes[one["id"]])
        if one["kind"] == "end":
            one["label"] = ENDS[one["outcome"]]
    for one in picture["links"]:
        one["cell"] = written(nodes[one["target"]], nodes[one["source"]])
    return {
        **asdict(asked),
        "start": of.touchpoint.text,
        "from": iso(of.period.start),
        "to": iso(of.period.end),
        "as_of": iso(of.now),
        "sampled": 1 / of.chunks,
        "against": None,
        **picture,
    }


def table(answer: Mapping[str, Any]) -> Table:
    """A row a link."""
    nodes = {one["id"]: one for one in answer["nodes"]}
    rows = (
        (
            nodes[link["target"]]["position"],
            *(nodes[link[end]]["label"] for end in ("source", "target")),
            link["n"],
        )
        for link in answer["links"]
    )
    return ("position", "from", "to", answer["unit"]), rows


def _anchor(touchpoint: Touchpoint, routes: Routes, params: filters.Params) -> str:
    """SQL that is 1 for the touchpoint; a page may be told by its path or by the name of its route."""
    step = parse(two_steps(touchpoint, touchpoint, "1d")).steps[0]
    matches = filters.any_of(step.match, params)
    if touchpoint.kind != "page":
        return matches
    return (
        f"({matches}) or type = 'page' and {routes.route(params)} = {params.bind(touchpoint.label, 'String')}"
    )


def _ranked(counts: Mapping[int, int]) -> Sequence[tuple[int, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
