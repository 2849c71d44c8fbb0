"""Customers as the connected components of identities: the whole rule, free of any store.

It knows edges as a set: neither the order in which they came nor former answers make a difference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from store.identity.links import Pair
from store.rules import STANDARD, ProjectRules

OWN_KINDS = ("user", "anonymous")


class Edge(NamedTuple):
    """An edge that stands, between two identities; `at` is the time of the first event that proved it."""

    a: int
    b: int
    rule: str
    at: int

    @property
    def pair(self) -> Pair:
        """Both ends, as the ledger orders them."""
        return self.a, self.b


@dataclass(frozen=True)
class Component:
    """Whose each identity is, by hash; the contested ones with the users who claim them; refused edges."""

    customers: dict[int, int]
    contested: dict[int, set[int]]
    refused: dict[Pair, str]


def customers_from(
    kinds: Mapping[int, str],
    edges: Iterable[Edge],
    *,
    rules: ProjectRules = STANDARD,
    stopped: Mapping[int, str] | None = None,
) -> Component:
    """Customers from identities and the edges that stand; `stopped` says which join nothing, and why.

    1. What an operator joined is joined, and user ids that an alias joins.
    2. An anonymous id joins the user whom its edges lead to. When they are several customers, it is
       contested and joins none.
    3. Typed identifiers join in the order of their priority, then of time, as long as no two users and not
       too many values of one type would become one customer.
    """
    groups = Groups(kinds)
    usable = _without_stopped(groups, edges, stopped or {})
    direct: list[Edge] = []
    typed: list[Edge] = []
    for edge in usable:
        ends = {kinds[edge.a], kinds[edge.b]}
        if edge.rule == "operator" or ends == {"user"} or ends == {"anonymous"}:
            groups.unite(edge.a, edge.b)
        else:
            (direct if ends == set(OWN_KINDS) else typed).append(edge)
    contested = _join_anonymous(groups, direct)
    _join_typed(groups, typed, rules)
    return Component(groups.names(), contested, groups.refused)


@dataclass
class Groups:
    """Identities that are one customer so far: a forest of parents with what each root's group holds."""

    kinds: Mapping[int, str]
    parents: dict[int, int] = field(default_factory=dict)
    user: dict[int, int] = field(default_factory=dict)  # the least user id of the group
    values: dict[int, Counter[str]] = field(default_factory=dict)  # how many of each type
    contested: set[int] = field(default_factory=set)  # roots
    refused: dict[Pair, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one, kind in self.kinds.items():
            self.parents[one] = one
            if kind == "user":
                self.user[one] = one
            elif kind != "anonymous":
                self.values[one] = Counter([kind])

    def root(self, one: int) -> int:
        """The identity that stands for the whole group."""
        while (parent := self.parents[one]) != one:
            self.parents[one] = one = self.parents[parent]
        return one

    def unite(self, a: int, b: int) -> None:
        """Make the groups of two identities one."""
        kept, gone = sorted((self.root(a), self.root(b)))
        if kept == gone:
            return
        self.parents[gone] = kept
        users = [self.user.pop(one) for one in (kept, gone) if one in self.user]
        if users:
            self.user[kept] = min(users)
        if gone in self.values:
            self.values[kept] = self.values.get(kept, Counter()) + self.values.pop(gone)

    def names(self) -> dict[int, int]:
        """The customer of each: the least user id, else anonymous id, else identifier of its group."""
        names: dict[int, int] = {}
        ranked = sorted(self.kinds, key=lambda one: (self._rank(one), one))
        for one in ranked:
            names.setdefault(self.root(one), one)
        return {one: names[self.root(one)] for one in self.kinds}

    def _rank(self, one: int) -> int:
        kind = self.kinds[one]
        return OWN_KINDS.index(kind) if kind in OWN_KINDS else len(OWN_KINDS)


def _without_stopped(groups: Groups, edges: Iterable[Edge], stopped: Mapping[int, str]) -> list[Edge]:
    usable = []
    for edge in edges:
        reasons = {stopped.get(edge.a), stopped.get(edge.b)}
        if "blocked" in reasons:
            groups.refused[edge.pair] = "blocked"
        elif "neighbours" in reasons and edge.rule != "operator":
            groups.refused[edge.pair] = "neighbours"
        else:
            usable.append(edge)
    return usable


def _join_anonymous(groups: Groups, direct: list[Edge]) -> dict[int, set[int]]:
    """Join anonymous ids with their user; returns the contested ones and who claims each."""
    claims: dict[int, list[tuple[Edge, int]]] = defaultdict(list)
    for edge in direct:
        user, visitor = (edge.a, edge.b) if groups.kinds[edge.a] == "user" else (edge.b, edge.a)
        claims[groups.root(visitor)].append((edge, user))
    shared: dict[int, set[int]] = {}
    joined: list[tuple[int, int]] = []  # only when all are judged: joining changes what stands for a group
    for visitor, claim in claims.items():
        owners = {groups.root(user) for _, user in claim}
        if visitor in groups.user:  # an operator has said whose it is
            others = [edge for edge, user in claim if groups.root(user) != visitor]
            groups.refused |= {edge.pair: "two_users" for edge in others}
        elif len(owners) > 1:
            groups.contested.add(visitor)
            groups.refused |= {edge.pair: "shared" for edge, _ in claim}
            shared[visitor] = {user for _, user in claim}
        else:
            joined.append((visitor, claim[0][1]))
    for visitor, user in joined:
        groups.unite(visitor, user)
    return {
        one: shared[root]
        for one, kind in groups.kinds.items()
        if kind == "anonymous" and (root := groups.root(one)) in shared
    }


def _join_typed(groups: Groups, typed: list[Edge], rules: ProjectRules) -> None:
    """Join typed identifiers, one edge after the other."""

    def turn(edge: Edge) -> tuple[int, int, Pair]:
        return rules.identifier(_type(groups.kinds, edge)).priority, edge.at, edge.pair

    for edge in sorted(typed, key=turn):
        if reason := _refusal(groups, edge, rules):
            groups.refused[edge.pair] = reason
        else:
            groups.unite(edge.a, edge.b)


def _refusal(groups: Groups, edge: Edge, rules: ProjectRules) -> str:
    """Why an edge of an identifier may not join; empty when it may."""
    a, b = groups.root(edge.a), groups.root(edge.b)
    if rules.identifier(_type(groups.kinds, edge)).limit < 1:
        return "limit"
    if a == b:
        return ""
    if a in groups.contested or b in groups.contested:
        return "shared"
    if a in groups.user and b in groups.user:
        return "two_users"
    one, other = groups.values.get(a, Counter()), groups.values.get(b, Counter())
    too_many = (one[type] + other[type] > rules.identifier(type).limit for type in one.keys() & other.keys())
    return "limit" if any(too_many) else ""


def _type(kinds: Mapping[int, str], edge: Edge) -> str:
    return kinds[edge.a] if kinds[edge.a] not in OWN_KINDS else kinds[edge.b]
