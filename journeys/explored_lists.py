"""The visits behind a number of paths from a touchpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from journeys import explored_cells
from journeys.explored import Exploration
from journeys.explored_cells import ENDS
from journeys.filters import Params
from journeys.flows import OTHER, Node
from journeys.lists import ALL
from journeys.period import iso
from journeys.questions import question
from journeys.report import Table
from store.words import tell

MOST_IN_LIST = 50
Named = Mapping[int, list[str]]


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


def labels(of: Exploration, cell: str, *, most: int = MOST_IN_LIST) -> dict[str, Any]:
    """The labels that are together in Other, where the cell is of it: `total`, and the most frequent.

    Of each how many visits have it there. No label where the cell is of another place. Raises ListError.
    """
    target, source = explored_cells.read(cell)
    if target.kind != "other" or source:
        return {"total": 0, "labels": []}
    sql, params = of.ways()
    comes = _comes(target, _alone(of), params)
    gathered = question("explored_lists.gathered", ways=sql, target=comes)
    rows = of.events.query(gathered, {**params.values, "most": most})
    names = of.names({row["hash"] for row in rows})
    return {
        "total": rows[0]["labels"] if rows else 0,
        "labels": [
            {
                "label": (name := names[row["hash"]]),
                "n": row["n"],
                "cell": explored_cells.written(Node(target.position, "touchpoint", name)),
            }
            for row in rows
        ],
    }


def _alone(of: Exploration) -> Named:
    """The labels that have a node of their own at each position; all others are Other."""
    named: dict[int, list[str]] = {}
    for node in {flow.target for flow in of.flows() if flow.target.kind == "touchpoint"}:
        named.setdefault(node.position, []).append(node.label)
    return named


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
    target, source = explored_cells.read(cell)
    sql, params = of.ways()
    named = _alone(of) if "other" in (target.kind, source and source.kind) else {}
    conditions = {"target": _comes(target, named, params), "source": _leaves(source, named, params)}
    values = {**params.values, "most": most, "skipped": skipped}
    names = [_said(one) for one in (source, target) if one is not None]
    title = tell("From %(source)s to %(target)s", source=names[0], target=names[1]) if source else names[0]
    return title, (question("explored_lists.passing", ways=sql, **conditions), values)


def _said(node: Node) -> str:
    if node.kind == "other":
        return tell(OTHER)
    return tell(ENDS[node.label]) if node.kind == "end" else node.label


def visits_table(rows: Iterable[Mapping[str, str]]) -> Table:
    """A row a visit."""
    return ("customer", "at"), ((one["customer"], one["at"]) for one in rows)


def _comes(node: Node, named: Named, params: Params) -> str:
    """SQL that is 1 for a step of a way that comes to the node."""
    here = f"node.1 = {params.bind(node.position, 'UInt8')}"
    if node.kind == "anchor":
        return here
    if node.kind == "end":
        return f"{here} and node.4 = {params.bind(node.label, 'String')}"
    return f"{here} and node.4 = '' and {_labelled('node.3', node, named, params)}"


def _leaves(node: Node | None, named: Named, params: Params) -> str:
    """SQL that is 1 for a step of a way that comes from the node."""
    if node is None:
        return "1"
    here = f"node.1 = {params.bind(node.position + 1, 'UInt8')}"
    return here if node.kind == "anchor" else f"{here} and {_labelled('node.2', node, named, params)}"


def _labelled(which: str, node: Node, named: Named, params: Params) -> str:
    if node.kind == "touchpoint":
        return f"{which} = cityHash64({params.bind(node.label, 'String')})"
    names = params.bind(named.get(node.position, []), "Array(String)")
    return f"not has(arrayMap(one -> cityHash64(one), {names}), {which})"
