"""Paths from any touchpoint: what customers do after it, or did before it, within the same visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from journeys import filters, resolution
from journeys.cursors import ListError
from journeys.definitions import parse, parse_duration
from journeys.discovery import two_steps
from journeys.flows import KINDS, OTHER, Flow, Node, drawn
from journeys.lists import ALL
from journeys.members import EVERYBODY, Members
from journeys.period import Period, iso
from journeys.questions import question
from journeys.report import Table
from journeys.routes import RAW, Routes
from journeys.touchpoints import GONE, Touchpoint
from store.events import EventStore
from store.projects import Project
from store.words import tell

DIRECTIONS = ("after", "before")
UNITS = ("visits", "customers")
GAPS = ("30m", "1d", "7d")
DEEPEST, MOST_NODES = 8, 20
MOST_CUSTOMERS = 50_000
MOST_IN_LIST = 50
ENDS = {"nothing": "End of the visit", "start": "Start of the visit", "in_time": "Still going"}
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


class Cell(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A number of the answer: what comes to a node, from another one where a source is named."""

    target: Node
    source: Node | None = None


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
        parts = {"anchor": _anchor(self.touchpoint, self.routes, params), "label": self.routes.label(params)}
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
        names = self._names(set().union(*shown))
        members = [max(0, len(one) - self.asked.most) for one in into]

        def node(position: int, hash_: int) -> Node:
            if position == 0:
                return Node(0, "anchor", self.touchpoint.label)
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

    def _names(self, hashes: set[int]) -> Mapping[int, str]:
        if not hashes:
            return {}
        params = filters.Params(
            project=self.project.id,
            start=self.period.start,
            end=self.period.end,
            reach=parse_duration(self.asked.gap) * (DEEPEST + 2),
            hashes=sorted(hashes),
        )
        sql = question("explored.labels", label=self.routes.label(params))
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
        one["cell"] = _cell(nodes[one["id"]])
        if one["kind"] == "end":
            one["label"] = ENDS[one["outcome"]]
    for one in picture["links"]:
        one["cell"] = _cell(nodes[one["target"]], nodes[one["source"]])
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


def passing(of: Exploration, cell: str, *, skipped: int = 0, most: int = MOST_IN_LIST) -> dict[str, Any]:
    """The visits behind a number, newest first: `customer` and when they came to the touchpoint.

    Raises ListError.
    """
    title, asked = _behind(of, cell, most, skipped)
    rows = of.events.query(*asked)
    total = int(rows[0]["total"]) if rows else 0
    return {
        "title": title,
        "total": total,
        "rows": [_visit(row) for row in rows],
        "next": skipped + most if skipped + most < total else None,
    }


def everyone(of: Exploration, cell: str) -> Iterator[dict[str, str]]:
    """All visits behind a number, in one pass. Raises ListError."""
    _, asked = _behind(of, cell, ALL)
    return map(_visit, of.events.stream(*asked))


def _visit(row: Mapping[str, Any]) -> dict[str, str]:
    return {"customer": str(row["customer"]), "at": iso(row["at"])}


def _behind(
    of: Exploration, cell: str, most: int, skipped: int = 0
) -> tuple[str, tuple[str, dict[str, Any]]]:
    """What the list behind a number shows in words, and its SQL with what it binds."""
    target, source = _read(cell)
    sql, params = of.ways()
    named: dict[int, list[str]] = {}
    if "other" in (target.kind, source and source.kind):
        for node in {flow.target for flow in of.flows() if flow.target.kind == "touchpoint"}:
            named.setdefault(node.position, []).append(node.label)
    conditions = {"target": _comes(target, named, params), "source": _leaves(source, named, params)}
    values = {**params.values, "most": most, "skipped": skipped}
    names = [_said(one) for one in (source, target) if one is not None]
    title = tell("From %(source)s to %(target)s", source=names[0], target=names[1]) if source else names[0]
    return title, (question("explored.passing", ways=sql, **conditions), values)


def _said(node: Node) -> str:
    if node.kind == "other":
        return tell(OTHER)
    return tell(ENDS[node.label]) if node.kind == "end" else node.label


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


def visits_table(rows: Iterable[Mapping[str, str]]) -> Table:
    """A row a visit."""
    return ("customer", "at"), ((one["customer"], one["at"]) for one in rows)


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


def _cell(target: Node, source: Node | None = None) -> str:
    return msgspec.json.encode(Cell(target, source)).decode()


def _read(cell: str) -> tuple[Node, Node | None]:
    try:
        found = msgspec.json.decode(cell, type=Cell)
        nodes = found.target, found.source
        if any(one.kind not in KINDS or not 0 <= one.position <= DEEPEST + 1 for one in nodes if one):
            raise ValueError(cell)
        if any(one.kind == "end" and one.label not in ENDS for one in nodes if one):
            raise ValueError(cell)
    except (msgspec.DecodeError, ValueError):
        raise ListError(
            tell("%(cell)s is no cell of this picture; take one from its answer", cell=repr(cell))
        ) from None
    return nodes


Named = Mapping[int, list[str]]


def _comes(node: Node, named: Named, params: filters.Params) -> str:
    """SQL that is 1 for a step of a way that comes to the node."""
    here = f"node.1 = {params.bind(node.position, 'UInt8')}"
    if node.kind == "anchor":
        return here
    if node.kind == "end":
        return f"{here} and node.4 = {params.bind(node.label, 'String')}"
    return f"{here} and node.4 = '' and {_labelled('node.3', node, named, params)}"


def _leaves(node: Node | None, named: Named, params: filters.Params) -> str:
    """SQL that is 1 for a step of a way that comes from the node."""
    if node is None:
        return "1"
    here = f"node.1 = {params.bind(node.position + 1, 'UInt8')}"
    return here if node.kind == "anchor" else f"{here} and {_labelled('node.2', node, named, params)}"


def _labelled(which: str, node: Node, named: Named, params: filters.Params) -> str:
    if node.kind == "touchpoint":
        return f"{which} = cityHash64({params.bind(node.label, 'String')})"
    names = params.bind(named.get(node.position, []), "Array(String)")
    return f"not has(arrayMap(one -> cityHash64(one), {names}), {which})"
