"""What events prove: identities, and links that say why two of them are one customer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from store.event import identity_hash
from store.identity.identifiers import shown, usable

Pair = tuple[int, int]
LONGEST_REMEMBERED = 100  # characters; longer ids are rare and would fill the memory


class Identity(msgspec.Struct, frozen=True, gc=False):
    """One id that an event can carry; `kind` is `user`, `anonymous`, or a type of identifiers.

    `hash`, which follows from both, is the number that names it in both stores.
    """

    kind: str
    value: str
    hash: int = 0

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "hash", identity_hash(self.kind, self.value))

    @property
    def shown(self) -> str:
        """Its value as the ledger keeps it: e-mail addresses and phone numbers are masked."""
        return shown(self.kind, self.value)


class Link(msgspec.Struct, frozen=True, gc=False):
    """A reason to believe that two identities are one customer; `at` in milliseconds."""

    a: Identity
    b: Identity
    rule: str
    evidence: str
    at: int

    @property
    def pair(self) -> Pair:
        """The hashes of both ends, the lesser first."""
        a, b = self.a.hash, self.b.hash
        return (a, b) if a < b else (b, a)


def earliest(links: Iterable[Link]) -> dict[Pair, Link]:
    """Of each pair the link that happened first, whatever their order."""
    first: dict[Pair, Link] = {}
    for link in links:
        pair = link.pair
        other = first.get(pair)
        if other is None or (link.at, link.evidence) < (other.at, other.evidence):
            first[pair] = link
    return first


def named(kind: str, given: str) -> Identity | None:
    """The identity that an id names; None where it names nobody."""
    return _remembered(kind, given) if len(given) <= LONGEST_REMEMBERED else _named(kind, given)


def _named(kind: str, given: str) -> Identity | None:
    value = usable(given)
    return Identity(kind, value) if value else None


_remembered = lru_cache(50_000)(_named)
