"""The runs behind a number of paths: those that pass a node, or go from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from journeys import segments
from journeys.cursors import ListError, read, written
from journeys.filters import Params
from journeys.flows import ENDS, KINDS, Node
from journeys.funnel import UNITS
from journeys.paths import (
    BEGIN,
    TOUCHPOINT,
    Asked,
    PathError,
    begin,
    flows,
    labels_of,
    number_of,
    passing,
    repeating,
    ways,
)
from journeys.questions import question
from journeys.report import Which
from journeys.scope import Scope
from store.words import tell

# SQL of whom a number counts: a group, those of it who are not in the other one as well, or who is in both.
GROUPS = {
    "segment": "is_mine",
    "segment alone": "is_mine and not is_theirs",
    "against": "is_theirs",
    "against alone": "is_theirs and not is_mine",
    "both": "is_mine and is_theirs",
}


FURTHEST = 13  # position of a node: an end stands behind the last of at most twelve


class Cell(NamedTuple):
    """What was asked, and the nodes at both ends of what was found; a node by itself has no source.

    `counts` is empty for the runs there, or names what else is counted of them: `repeats` or `returns`.
    """

    unit: str
    asked: Asked
    group: str
    source: tuple[int, str, str] | None
    target: tuple[int, str, str]
    counts: str = ""


COUNTS = ("repeats", "returns")
OTHER_NODE = "other"


def with_cells(answer: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """The answer with a cell beside each number."""
    nodes = {node["id"]: _place(node) for node in answer["nodes"]}
    overlap = answer.get("overlap", {"n": 0})
    mine, theirs = (
        name if not overlap["n"] or overlap["counts_in"] == name else f"{name} alone"
        for name in ("segment", "against")
    )
    if overlap["n"]:
        overlap["cell"] = written(Cell(answer["unit"], asked, "both", None, (0, "anchor", "")))
    for one in (*answer["nodes"], *answer["links"]):
        source = nodes[one["source"]] if "source" in one else None
        target = nodes[one["target"]] if "target" in one else _place(one)
        one["cell"] = written(Cell(answer["unit"], asked, mine, source, target))
        if "against" in one:
            one["against"]["cell"] = written(Cell(answer["unit"], asked, theirs, source, target))
        elif source is None:
            of_node = Cell(answer["unit"], asked, mine, None, target)
            one["cells"] = {name: written(of_node._replace(counts=name)) for name in COUNTS if one[name]}
    begin = next((one for one in answer["nodes"] if one["kind"] == "anchor"), None)
    if begin:
        of_all = {"against_runs": begin["against"]["cell"]} if "against" in begin else {}
        answer["cells"] = {"runs": begin["cell"], **of_all}
    return answer


def _place(node: Mapping[str, Any]) -> tuple[int, str, str]:
    label = {"touchpoint": node["label"], "end": node.get("outcome", "")}.get(node["kind"], "")
    return node["position"], node["kind"], label


def behind(scope: Scope, cell: str) -> Which:
    """The runs that the cell counts; raises ListError."""
    read_cell, asked, group = _read(scope, cell)
    source, target = read_cell.source and Node(*read_cell.source), Node(*read_cell.target)
    ends = [one for one in (source, target) if one]
    named = _named(scope, asked, read_cell.unit) if any(one.kind == OTHER_NODE for one in ends) else {}
    unit, whom, title = read_cell.unit, GROUPS[read_cell.group], _title(scope, asked, source, target)
    has_come_before = " and node.6" if read_cell.counts == "returns" else ""

    def comes(params: Params) -> str:
        return _comes(target, named, params) + has_come_before

    def leaves(params: Params) -> str:
        return _leaves(source, named, params) if source else "1"

    if read_cell.counts == "repeats":
        sql, values = repeating(scope, asked, unit, group=whom, target=comes)
        said = tell("%(runs)s, and how often they did it again at once", runs=title)
        return Which("1", values, said, group, how_often=sql)
    sql, values = passing(scope, asked, unit, group=whom, source=leaves, target=comes)
    said = tell("%(runs)s, and earlier on their way, too", runs=title) if has_come_before else title
    return Which(f"(customer, number) in ({sql})", values, said, group)


def labels(scope: Scope, cell: str, *, most: int = 50) -> dict[str, Any]:
    """The labels that are together in Other, where the cell is of its runs: `total`, and the most frequent.

    Of each how many of these runs have it. No label where the cell is of another place. Raises ListError.
    """
    read_cell, asked, _ = _read(scope, cell)
    target = Node(*read_cell.target)
    if target.kind != OTHER_NODE or read_cell.source or read_cell.counts:
        return {"total": 0, "labels": []}
    sql, values = ways(scope, asked, read_cell.unit)
    params = Params(**values, most=most)
    comes = _comes(target, _named(scope, asked, read_cell.unit), params)
    counted = question("paths_lists.gathered", ways=sql, group=GROUPS[read_cell.group], target=comes)
    rows = scope.events.query(counted, params.values)
    names = labels_of(scope, {row["hash"] for row in rows})

    def cell_of(label: str) -> str:
        return written(read_cell._replace(target=(target.position, "touchpoint", label)))

    return {
        "total": rows[0]["labels"] if rows else 0,
        "labels": [
            {"label": (name := names[row["hash"]]), "n": row["n"], "cell": cell_of(name)} for row in rows
        ],
    }


def _read(scope: Scope, cell: str) -> tuple[Cell, Asked, Mapping[str, str]]:
    """What a cell names, what was asked, and the segment whose runs it counts; raises ListError."""
    read_cell = read(cell, Cell)
    try:
        asked = read_cell.asked.checked(scope)
        of_others = read_cell.group.startswith("against")
        group = segments.checked(asked.against or {}) if of_others else scope.segment
    except (PathError, segments.SegmentError) as error:
        raise ListError(str(error)) from None
    ends = [Node(*one) for one in (read_cell.source, read_cell.target) if one]
    is_known = read_cell.unit in UNITS and read_cell.group in GROUPS and read_cell.counts in ("", *COUNTS)
    if not is_known or not all(_is_place(one) for one in ends):
        raise ListError(
            tell("%(cell)s is no cell of paths; take one from the report's answer", cell=repr(cell))
        )
    return read_cell, asked, group


def _is_place(node: Node) -> bool:
    """Whether there may be such a node on a picture."""
    is_end = node.kind != "end" or node.label in ENDS
    return node.kind in KINDS and is_end and 0 <= node.position <= FURTHEST


def _named(scope: Scope, asked: Asked, unit: str) -> dict[int, list[str]]:
    """The labels that have a node of their own at each position; all others are Other."""
    found: dict[int, list[str]] = {}
    for node in {flow.target for flow in flows(scope, asked, unit) if flow.target.kind == "touchpoint"}:
        found.setdefault(node.position, []).append(node.label)
    return found


def _comes(node: Node, named: Mapping[int, list[str]], params: Params) -> str:
    """SQL that is 1 for a step of a way that comes to the node."""
    here = f"node.1 = {params.bind(node.position, 'UInt8')}"
    if node.kind == "anchor":
        return f"node.4 = {params.bind(number_of(BEGIN), 'UInt8')}"
    if node.kind == "end":
        return f"{here} and node.4 = {params.bind(number_of(node.label), 'UInt8')}"
    is_touchpoint = f"node.4 = {params.bind(number_of(TOUCHPOINT), 'UInt8')}"
    return f"{here} and {is_touchpoint} and {_labelled('node.3', node, named, params)}"


def _leaves(node: Node, named: Mapping[int, list[str]], params: Params) -> str:
    """SQL that is 1 for a step of a way that comes from the node."""
    here = f"node.1 = {params.bind(node.position + 1, 'UInt8')}"
    return here if node.kind == "anchor" else f"{here} and {_labelled('node.2', node, named, params)}"


def _labelled(which: str, node: Node, named: Mapping[int, list[str]], params: Params) -> str:
    if node.kind == "touchpoint":
        return f"{which} = cityHash64({params.bind(node.label, 'String')})"
    names = params.bind(named.get(node.position, []), "Array(String)")
    return f"not has(arrayMap(one -> cityHash64(one), {names}), {which})"


def _title(scope: Scope, asked: Asked, source: Node | None, target: Node | None) -> str:
    names = [_said(scope, asked, one) for one in (source, target) if one]
    if source is None:
        return tell("Runs at %(place)s", place=names[0])
    return tell("Runs that went from %(source)s to %(target)s", source=names[0], target=names[1])


def _said(scope: Scope, asked: Asked, node: Node) -> str:
    names = {
        "anchor": begin(scope, asked),
        "other": tell("another touchpoint"),
        "end": tell(ENDS.get(node.label, "")),
    }
    name = names.get(node.kind, node.label)
    if not node.position or node.kind not in ("touchpoint", "other"):
        return tell("“%(name)s”", name=name)
    if asked.direction == "before":
        return tell("“%(name)s”, %(place)s before", name=name, place=node.position)
    return tell("“%(name)s”, %(place)s after", name=name, place=node.position)
