"""Paths said in plain Python, from lists of runs and events; what the SQL must agree with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

from store.event import Event

SHOWN = ("track", "page", "screen")


@dataclass
class Walk:
    """The labels that one run passes from position 1 on, how often each was repeated, and how it ends."""

    labels: list[str]
    end: str
    extra: list[int] = field(default_factory=list)
    first: str = ""


def label(event: Event) -> str:
    """Its name, and its kind where the name does not say that."""
    if event.type == "page":
        return event.path if event.path.startswith("/") else f"page:{event.path}"
    if not event.event:
        return f"type:{event.type}"
    if event.type == "screen":
        return f"screen:{event.event}"
    return f"event:{event.event}" if event.event.startswith(("/", "page:")) else event.event


def walk(
    run: Mapping[str, Any],
    events: Sequence[Event],
    starts: Iterable[int],
    *,
    anchor: str | None = None,
    until: str | None = None,
    part: str = "run",
    direction: str = "after",
    collapse: bool = True,
    **_: Any,
) -> Walk | None:
    """The way of one run; its customer's events come in the order of the rule. None where it has none."""
    ids = dict(zip(run["steps"], run["ids"], strict=True))
    if part == "afterwards":
        if run["outcome"] not in ("dropped", "failed") or (anchor and run["steps"][-1] != anchor):
            return None
        later = [s for s in starts if s > run["last"] or s == run["last"] > run["start"]]
        stop = min(later, default=2**60)
        some = [e for e in events if run["last"] < e.timestamp < stop]
        return collapsed("", some, "again" if later else "nothing", collapse)
    if anchor not in ids:
        return None
    inside = [e for e in events if run["start"] <= e.timestamp <= run["last"]]
    at = next(i for i, e in enumerate(inside) if e.event_id == ids[anchor])
    first = label(inside[at])
    if direction == "before":
        return collapsed(first, inside[:at][::-1], "start", collapse)
    if until in ids:
        stop = next(i for i, e in enumerate(inside) if e.event_id == ids[until])
        return collapsed(first, inside[at + 1 : stop], "reached", collapse)
    return collapsed(first, inside[at + 1 :], run["outcome"], collapse)


def collapsed(first: str, some: Sequence[Event], end: str, collapse: bool) -> Walk:
    labels = [first, *(label(e) for e in some if e.type in SHOWN)]
    parts = (
        [(one, len(list(all_))) for one, all_ in groupby(labels)] if collapse else [(x, 1) for x in labels]
    )
    return Walk([one for one, _ in parts[1:]], end, [n - 1 for _, n in parts], first)


def flow(walks: Sequence[Walk], *, depth: int, most: int) -> dict[str, Any]:
    """Nodes and links with their numbers, by (position, kind, label); labels beyond the most are Other."""
    counts: dict[int, Counter[str]] = {}
    for one in walks:
        for position, name in enumerate(one.labels[:depth], 1):
            counts.setdefault(position, Counter())[name] += 1
    named = {
        position: {n for n, count in found.items() if sum(c > count for c in found.values()) < most}
        for position, found in counts.items()
    }
    nodes, links, repeats, returns = Counter(), Counter(), Counter(), Counter()
    for one in walks:
        way = [(0, "anchor", "")]
        for position, name in enumerate(one.labels[:depth], 1):
            way.append((position, "touchpoint", name) if name in named[position] else (position, "other", ""))
            repeats[way[-1]] += one.extra[position]
            returns[way[-1]] += name in [one.first, *one.labels][:position]
        if len(one.labels) <= depth:
            way.append((len(one.labels) + 1, "end", one.end))
        repeats[way[0]] += one.extra[0]
        nodes.update(way)
        links.update(pairwise(way))
    return {"nodes": nodes, "links": links, "repeats": +repeats, "returns": +returns, "counts": counts}
