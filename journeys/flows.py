"""Flows of paths as a picture: nodes and links with their numbers, and how two groups differ in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from journeys.apart import NAMES, apart
from journeys.rates import rate
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
    """What goes from one node to another (from none to the anchor), of the segment and of the other one.

    `common` are in both.
    """

    source: Node | None
    target: Node
    n: int
    others: int = 0
    repeats: int = 0
    returns: int = 0
    members: int = 0
    common: int = 0


def drawn(flows: Iterable[Flow], *, is_compared: bool = False) -> dict[str, Any]:
    """Nodes and links of these flows; where two groups are compared, with the numbers of both.

    Groups are compared that have no run in common: who is in both counts in the smaller one, so that a part
    is compared with the rest.
    """
    flows = list(flows)
    overlap = _overlap(flows)
    nodes: dict[Node, dict[str, Any]] = {}
    links = []
    for flow in sorted((_parted(one, overlap) for one in flows), key=_order):
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
    _rate(found, links, runs)
    _compare([*found, *links], runs, others, is_compared=is_compared)
    return {
        "runs": runs,
        **({"against_runs": others, "overlap": overlap} if is_compared else {}),
        "nodes": found,
        "links": links,
        "coverage": covered / shown if shown else 1.0,
        "touchpoints_shown": shown,
    }


def _rate(nodes: list[dict[str, Any]], links: list[dict[str, Any]], runs: int) -> None:
    """Tell of each node which share of all it has, and of each link which of those at its source."""
    at = {node["id"]: node["n"] for node in nodes}
    for node in nodes:
        node["rate"] = rate(node["n"], runs)
    for link in links:
        link["of_source"] = rate(link["n"], at[link["source"]])


def _overlap(flows: Iterable[Flow]) -> dict[str, Any]:
    """How many runs are in both groups, and in which of the two they count: in the smaller one."""
    begin = [flow for flow in flows if flow.target.kind == "anchor"]
    runs, others = sum(flow.n for flow in begin), sum(flow.others for flow in begin)
    return {
        "n": sum(flow.common for flow in begin),
        "counts_in": "segment" if runs <= others else "against",
    }


def _parted(flow: Flow, overlap: Mapping[str, Any]) -> Flow:
    """The same with those who are in both groups in one of them alone."""
    if overlap["counts_in"] == "segment":
        return flow._replace(others=flow.others - flow.common)
    return flow._replace(n=flow.n - flow.common)


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
    """Give each its shares and their difference, or take the numbers of the other group away.

    The differences are one family of tests; at the anchor are all, so that there is none.
    """
    if not is_compared:
        for one in found:
            del one["against"]
        return
    for one in found:
        one["share"] = one["n"] / runs if runs else None
        one["against"]["rate"] = rate(one["against"]["n"], others)
        one["against"]["share"] = one["against"]["n"] / others if others else None
        one["difference"] = dict.fromkeys(NAMES)
    tested = [one for one in found if one.get("kind") != "anchor"]
    counts = [one["n"] for one in tested], [one["against"]["n"] for one in tested]
    told = apart(counts[0], [runs] * len(tested), counts[1], [others] * len(tested))
    for one, difference in zip(tested, told, strict=True):
        one["difference"] = difference


def _order(flow: Flow) -> tuple[Any, ...]:
    source = flow.source or Node(-1, "", "")
    return source.position, -flow.n - flow.others, source, flow.target
