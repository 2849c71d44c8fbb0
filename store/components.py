"""Customers as the connected components of identities: the whole rule, free of any store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Component:
    """Whose each identity is, by hash, and the contested ones with the users who claim them."""

    customers: dict[int, int]
    contested: dict[int, set[int]]


def customers_from(kinds: dict[int, str], pairs: Iterable[tuple[int, int]]) -> Component:
    """Customers from identities and the edges that stand: the whole rule, free of any store.

    User identities join where an edge says so. An anonymous identity joins the users that its edges
    lead to when they are one customer; when they are several it is contested and joins none.
    """
    neighbours: dict[int, set[int]] = defaultdict(set)
    for a, b in pairs:
        neighbours[a].add(b)
        neighbours[b].add(a)
    root: dict[int, int] = {}
    for kind in ("user", "anonymous"):
        for start in sorted(one for one in kinds if kinds[one] == kind):
            if start not in root:
                root.update(dict.fromkeys(_flood(start, neighbours, _of_kind(kinds, kind)), start))
    links: dict[int, set[int]] = defaultdict(set)
    for one, others in neighbours.items():
        if kinds[one] == "anonymous":
            links[root[one]] |= {other for other in others if kinds[other] == "user"}
    contested: dict[int, set[int]] = {}
    customers: dict[int, int] = {}
    for one, kind in kinds.items():
        owners = {root[user] for user in links[root[one]]} if kind == "anonymous" else set()
        if len(owners) > 1:
            contested[one] = links[root[one]]
            customers[one] = one
        else:
            customers[one] = owners.pop() if owners else root[one]
    return Component(customers, contested)


def _of_kind(kinds: dict[int, str], kind: str) -> Callable[[int], bool]:
    return lambda one: kinds[one] == kind


def _flood(start: int, neighbours: dict[int, set[int]], allowed: Callable[[int], bool]) -> set[int]:
    found, frontier = {start}, [start]
    while frontier:
        for other in neighbours[frontier.pop()]:
            if other not in found and allowed(other):
                found.add(other)
                frontier.append(other)
    return found
