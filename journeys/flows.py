"""Flows of paths as a picture: nodes and links with their numbers, and how two groups differ in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from journeys.statistics import difference
from store.words import marked

ENDS = {
    "succeeded": "Succeeded",
    "failed": "Failed",
    "dropped": "Dropped",
    "in_time": "Still going",
    "start": "Start of the run",
    "reached": "Reached the step",
    "again": "Began again",
    "nothing": "Nothing more so far",
}
KINDS = ("anchor", "touchpoint", "other", "end")
OTHER = marked("Other")


class Node(NamedTuple):
    """A place in the picture: position from the anchor (0), kind and label."""

    position: int
    kind: str
    label: str

    @property
    def id(self) -> str:
        """Its name in links."""
        return f"{self.position}:{self.kind}:{self.label}"


class Flow(NamedTuple):
    """What goes from one node to another (from none to the anchor), of the segment and of the other one."""

    source: Node | None
    target: Node
    n: int
    others: int = 0
    repeats: int = 0
    returns: int = 0
    members: int = 0


def drawn(flows: Iterable[Flow], *, is_compared: bool = False) -> dict[str, Any]:
    """Nodes and links of these flows; where two groups are compared, with the numbers of both."""
    nodes: dict[Node, dict[str, Any]] = {}
    links = []
    for flow in sorted(flows, key=_order):
        node = nodes.setdefault(flow.target, _described(flow))
        node["n"] += flow.n
        node["against"]["n"] += flow.others
        node["repeats"] += flow.repeats
        node["returns"] += flow.returns
        if flow.source is not None:
            links.append(_link(flow.source, flow))
    found = sorted(nodes.values(), key=lambda one: (one["position"], KINDS.index(one["kind"]), -_both(one)))
    begin = [node for node in found if node["kind"] == "anchor"]
    runs, others = sum(node["n"] for node in begin), sum(node["against"]["n"] for node in begin)
    shown = sum(_both(node) for node in found if node["kind"] in ("touchpoint", "other"))
    covered = sum(_both(node) for node in found if node["kind"] == "touchpoint")
    _compare([*found, *links], runs, others, is_compared=is_compared)
    return {
        "runs": runs,
        **({"against_runs": others} if is_compared else {}),
        "nodes": found,
        "links": links,
        "coverage": covered / shown if shown else 1.0,
    }


def _both(one: dict[str, Any]) -> int:
    return int(one["n"] + one["against"]["n"])


def _link(source: Node, flow: Flow) -> dict[str, Any]:
    return {
        "source": source.id,
        "target": flow.target.id,
        "n": flow.n,
        "against": {"n": flow.others},
        "repeats": source.kind == "touchpoint" and source[1:] == flow.target[1:],
    }


def _described(flow: Flow) -> dict[str, Any]:
    node = flow.target
    described: dict[str, Any] = {
        "id": node.id,
        "position": node.position,
        "label": node.label,
        "kind": node.kind,
    }
    if node.kind == "other":
        described |= {"label": f"{OTHER} ({flow.members})", "members": flow.members}
    if node.kind == "end":
        described |= {"label": ENDS[node.label], "outcome": node.label}
    return {**described, "n": 0, "against": {"n": 0}, "repeats": 0, "returns": 0}


def _compare(found: list[dict[str, Any]], runs: int, others: int, *, is_compared: bool) -> None:
    """Give each its shares and their difference, or take the numbers of the other group away."""
    if not is_compared or not found:
        for one in found:
            del one["against"]
        return
    counts = [[one["n"] for one in found], [one["against"]["n"] for one in found]]
    apart = difference(counts[0], runs, counts[1], others)
    for place, one in enumerate(found):
        one["share"] = one["n"] / runs if runs else None
        one["against"]["share"] = one["against"]["n"] / others if others else None
        known = bool(runs and others)
        one["difference"] = {
            name: round(float(getattr(apart, name)[place]), 6) if known else None
            for name in ("value", "low", "high")
        }


def _order(flow: Flow) -> tuple[Any, ...]:
    source = flow.source or Node(-1, "", "")
    return source.position, -flow.n - flow.others, source, flow.target
