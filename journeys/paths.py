"""Paths: every touchpoint inside runs, before or after a step; what flows in flows out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from journeys.scope import Scope

ENDS = {
    "succeeded": "Succeeded",
    "failed": "Failed",
    "dropped": "Dropped",
    "in_time": "Still going",
    "start": "Start of the run",
}
OTHER = "Other"


class Way(NamedTuple):
    """A sequence of labels that `n` runs share; `end` is '' where it goes on beyond what is shown."""

    labels: tuple[str, ...]
    end: str
    n: int


class Node(NamedTuple):
    """A place in the picture: position from the anchor (0), kind and label."""

    position: int
    kind: str
    label: str

    @property
    def id(self) -> str:
        """Its name in links."""
        return f"{self.position}:{self.kind}:{self.label}"


class PathError(Exception):
    """Paths cannot be drawn as asked; the message says why."""


def paths(
    scope: Scope,
    *,
    unit: str = "runs",
    anchor: str | None = None,
    direction: str = "after",
    depth: int = 5,
    outcome: str | None = None,
    collapse: bool = True,
    most: int = 8,
) -> dict[str, Any]:
    """Touchpoints by position after (or before) the anchor step, inside runs, as nodes and links.

    Flow is conserved: every run that passes the anchor starts at node 0 and ends in an end node or in the
    last column. Touchpoints beyond the `most` frequent of a position are gathered in Other. `coverage` is
    the share of shown touchpoints that have a node of their own. `collapse` makes one of equal neighbours.
    `unit` is as in the funnel.
    """
    step = anchor or scope.definition.steps[0].key
    if step not in scope.definition:
        raise PathError(f"the journey has no step {step!r} to start from")
    if direction not in ("after", "before"):
        raise PathError("a direction is after or before")
    if not 1 <= depth <= 12:
        raise PathError("a depth is a whole number from 1 to 12")
    if outcome and outcome not in ENDS:
        raise PathError(f"{outcome!r} is no outcome of a run")
    position = scope.definition.position(step)
    sql, values = scope.ask(
        "paths.sequences",
        unit=unit,
        which="outcome = {outcome:String}" if outcome else "1",
        outcome=outcome or "",
        anchor=scope.definition.steps[position - 1],
        anchor_position=position,
        backwards=int(direction == "before"),
        collapse=int(collapse),
        depth=depth,
    )
    ways = [Way(tuple(row["labels_shown"]), row["end"], row["n"]) for row in scope.events.query(sql, values)]
    name = scope.definition.steps[position - 1].name
    return {"unit": unit, "anchor": step, "direction": direction, **flow(ways, name, most=most)}


def flow(ways: Iterable[Way], anchor: str, *, most: int) -> dict[str, Any]:
    """Nodes and links of these ways; pure, so that its conservation can be tested by itself."""
    ways = list(ways)
    named = _named(ways, most)
    nodes: Counter[Node] = Counter()
    links: Counter[tuple[Node, Node]] = Counter()
    members: dict[int, set[str]] = {}
    for way in ways:
        here = Node(0, "anchor", anchor)
        nodes[here] += way.n
        for there in _nodes(way, named, members):
            nodes[there] += way.n
            links[here, there] += way.n
            here = there
    shown = sum(n for node, n in nodes.items() if node.kind in ("touchpoint", "other"))
    covered = sum(n for node, n in nodes.items() if node.kind == "touchpoint")
    return {
        "runs": sum(way.n for way in ways),
        "nodes": [_described(node, n, members) for node, n in sorted(nodes.items(), key=_order)],
        "links": [
            {"source": a.id, "target": b.id, "n": n}
            for (a, b), n in sorted(links.items(), key=lambda link: (link[0][0].position, -link[1], link[0]))
        ],
        "coverage": covered / shown if shown else 1.0,
    }


def _named(ways: list[Way], most: int) -> set[tuple[int, str]]:
    """The labels that get a node of their own at each position."""
    counts: dict[int, Counter[str]] = {}
    for way in ways:
        for position, label in enumerate(way.labels, 1):
            counts.setdefault(position, Counter())[label] += way.n
    return {
        (position, label)
        for position, labels in counts.items()
        for label in sorted(labels, key=lambda one: (-labels[one], one))[:most]
    }


def _nodes(way: Way, named: set[tuple[int, str]], members: dict[int, set[str]]) -> list[Node]:
    nodes = []
    for position, label in enumerate(way.labels, 1):
        if (position, label) in named:
            nodes.append(Node(position, "touchpoint", label))
        else:
            members.setdefault(position, set()).add(label)
            nodes.append(Node(position, "other", OTHER))
    if way.end:
        nodes.append(Node(len(way.labels) + 1, "end", way.end))
    return nodes


def _described(node: Node, n: int, members: dict[int, set[str]]) -> dict[str, Any]:
    described = {"id": node.id, "position": node.position, "label": node.label, "kind": node.kind, "n": n}
    if node.kind == "other":
        held = len(members[node.position])
        described |= {"label": f"{OTHER} ({held})", "members": held}
    if node.kind == "end":
        described |= {"label": ENDS[node.label], "outcome": node.label}
    return described


def _order(item: tuple[Node, int]) -> tuple[int, int, int, str]:
    node, n = item
    return node.position, ("anchor", "touchpoint", "other", "end").index(node.kind), -n, node.label
