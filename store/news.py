"""What a batch brings of whom: enough to tell which journeys it concerns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from store.event import Event


class Label(NamedTuple):
    """What journeys look for in an event first; `path` is of pages alone, `tells` says that it has traits."""

    type: str
    event: str
    path: str
    tells: bool = False


@dataclass(frozen=True)
class News:
    """New events by customer, and the customers whose identities changed, of whom all may be different."""

    labels: Mapping[int, set[Label]]
    renamed: frozenset[int]

    def of(self, customers: Iterable[int], *, left: Collection[int] = ()) -> News:
        """What is new of these. Whoever is not spoken of may have changed in any way, as may those whom an
        earlier change has `left`."""
        asked = set(customers)
        labels = {one: self.labels[one] for one in asked & self.labels.keys()}
        return News(labels, frozenset(asked - labels.keys() | asked & (self.renamed | set(left))))


def labels_of(events: Iterable[Event]) -> dict[int, set[Label]]:
    """The labels of events by identity. Robots make no runs, and so none of them is of interest."""
    found: dict[int, set[Label]] = {}
    for event in events:
        labels = found.setdefault(event.identity, set())
        if not event.is_bot:
            path = event.path if event.type == "page" else ""
            labels.add(Label(event.type, event.event, path, event.traits != "{}"))
    return found
