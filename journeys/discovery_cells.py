"""What stands beside a number of discovery, so that the attempts behind it can be listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from journeys.cursors import written
from journeys.touchpoints import Touchpoint


class Way(NamedTuple):
    """A way by its touchpoints' kinds and labels, as it was told: see `discovery.ways`."""

    way: list[tuple[str, str]]
    longer: bool
    longest: int
    least: float


class Other(NamedTuple):
    """All ways but the first so many."""

    most: int
    longest: int
    least: float


class Passed(NamedTuple):
    """A touchpoint on the way, of attempts of one outcome, or of all ('')."""

    kind: str
    label: str
    outcome: str


def way_cell(way: Sequence[Touchpoint], longer: bool, longest: int, least: float) -> str:
    """The cell of a way."""
    return "way:" + written(Way([(one.kind, one.label) for one in way], longer, longest, least))


def other_cell(most: int, longest: int, least: float) -> str:
    """The cell of all other ways."""
    return "other:" + written(Other(most, longest, least))


def passed_cell(one: Touchpoint, outcome: str = "") -> str:
    """The cell of the attempts that passed a touchpoint."""
    return "passed:" + written(Passed(one.kind, one.label, outcome))
