"""What events prove: identities, and links that say why two of them are one customer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from store.event import identity_hash
from store.identity.identifiers import shown

Pair = tuple[int, int]
LONGEST_REMEMBERED = 100  # characters; longer ids are rare and would fill the memory


class Identity(msgspec.Struct, frozen=True):
    """One id that an event can carry; `kind` is `user`, `anonymous`, or a type of identifiers."""

    kind: str
    value: str

    @property
    def hash(self) -> int:
        """The number that names it in both stores."""
        few = len(self.value) <= LONGEST_REMEMBERED
        return _remembered(self.kind, self.value) if few else identity_hash(self.kind, self.value)

    @property
    def shown(self) -> str:
        """Its value as the ledger keeps it: e-mail addresses and phone numbers are masked."""
        return shown(self.kind, self.value)


class Link(msgspec.Struct, frozen=True):
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


@lru_cache(50_000)
def _remembered(kind: str, value: str) -> int:
    return identity_hash(kind, value)
