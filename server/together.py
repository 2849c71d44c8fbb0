"""Which of the journey versions that wait are filled together, by one scan of the events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from journeys.definitions import DefinitionError, is_of_accounts, parse
from server.account_refreshing import VERSIONS_AT_ONCE, portions
from store.journeys import JourneyVersion


def groups(waiting: Iterable[JourneyVersion]) -> list[Sequence[JourneyVersion]]:
    """The versions that are filled together: of one project, and equally far.

    Alone is one whose runs are those of accounts, and one that cannot be read.
    """
    found: dict[Any, list[JourneyVersion]] = {}
    for one in waiting:
        is_alone = is_of_accounts(one.definition) or not is_readable(one)
        found.setdefault((one.project_id, how_far(one), one.id if is_alone else 0), []).append(one)
    return [part for some in found.values() for part in portions(some, VERSIONS_AT_ONCE)]


def how_far(version: JourneyVersion) -> tuple[int, int]:
    """How many parts of how many are done; (0, 0) where none is."""
    return (version.chunks_done, version.chunks_total) if version.chunks_done else (0, 0)


def is_readable(version: JourneyVersion) -> bool:
    """Whether its definition means something today."""
    try:
        parse(version.definition)
    except DefinitionError:
        return False
    return True
