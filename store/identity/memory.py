"""What a process remembers of a project's ledger, within bounds, so that known ids cost no round trip."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from store.identity.links import Link, Pair

K = TypeVar("K")
V = TypeVar("V")
MOST_REMEMBERED = 250_000  # identities, and as many links, of a project; some 200 bytes each


class Recent(Generic[K, V]):
    """A dictionary that forgets what was not asked for since its last `most` entries."""

    def __init__(self, most: int) -> None:
        self._half = max(1, most // 2)
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value of a key, None where it is not known (any more)."""
        value = self._young.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value."""
        if len(self._young) >= self._half and key not in self._young:
            self._old, self._young = self._young, {}
        self._young[key] = value


class Memory:
    """One project's ledger at a version: whose identities are, which are contested, what is entered."""

    def __init__(self, version: int, contested: Iterable[int], *, most: int = MOST_REMEMBERED) -> None:
        self.version = version
        self.contested = set(contested)
        self._customers: Recent[int, int] = Recent(most)
        self._links: Recent[Pair, int] = Recent(most)

    def customer(self, identity: int) -> int | None:
        """The customer of an identity that is remembered; a contested one has none of its own."""
        return identity if identity in self.contested else self._customers.get(identity)

    def learn(self, identity: int, customer: int, contested: bool) -> None:
        """Remember whose an identity is."""
        self._customers.put(identity, customer)
        (self.contested.add if contested else self.contested.discard)(identity)

    def is_news(self, pair: Pair, link: Link) -> bool:
        """Whether a link is not entered, as far as is remembered, or happened before what is entered."""
        at = self._links.get(pair)
        return at is None or link.at < at

    def entered(self, links: dict[Pair, Link]) -> None:
        """Remember that these links are in the ledger."""
        for pair, link in links.items():
            self._links.put(pair, link.at)
