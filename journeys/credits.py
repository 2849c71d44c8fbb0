"""Models that share out successes by what would be missing without a channel; pure, of counted ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

START = ""
Labels = tuple[str, ...]


class Way(NamedTuple):
    """Channels in their order, equal neighbours as one, that `runs` share; `successes` of them succeeded."""

    labels: Labels
    runs: int
    successes: int
    value: float = 0.0


class Steps(NamedTuple):
    """How often runs go from a label (START: from nowhere) to a label, to success, and to none."""

    between: Mapping[tuple[str, str], int]
    won: Mapping[str, int]
    lost: Mapping[str, int]


def removal_effects(steps: Steps) -> dict[str, float]:
    """For each label the share of successes that a walk along these steps would lose without it.

    An absorbing Markov chain of first order: a step has the probability with which runs take it, and who
    would come to the label that is taken away does not succeed. (Anderl and others 2016, "Mapping the
    customer journey".) Exact, by solving the equations of the chain.
    """
    labels = sorted({label for pair in steps.between for label in pair} - {START})
    if not any(steps.won.values()):
        return dict.fromkeys(labels, 0.0)
    import numpy as np  # takes a while to load: not at start-up

    moves, wins = _chain(steps, [START, *labels])
    whole = _success(moves, wins)
    effects = {}
    for place, label in enumerate(labels, 1):
        left = np.delete(np.delete(moves, place, axis=0), place, axis=1)
        effects[label] = max(0.0, 1 - _success(left, np.delete(wins, place)) / whole)
    return effects


def _chain(steps: Steps, places: Sequence[str]) -> tuple[Matrix, Matrix]:
    """The probabilities of going from place to place, and from each to success."""
    import numpy as np

    number = {label: place for place, label in enumerate(places)}
    moves, wins, lost = np.zeros((len(places), len(places))), np.zeros(len(places)), np.zeros(len(places))
    for (here, there), n in steps.between.items():
        moves[number[here], number[there]] = n
    for label, n in steps.won.items():
        wins[number[label]] = n
    for label, n in steps.lost.items():
        lost[number[label]] = n
    gone = moves.sum(axis=1) + wins + lost
    return moves / gone[:, None], wins / gone


def _success(moves: Matrix, wins: Matrix) -> float:
    """The probability of success from the first place."""
    import numpy as np

    return float(np.linalg.solve(np.eye(len(wins)) - moves, wins)[0])


def in_proportion(effects: Mapping[str, float]) -> dict[str, float]:
    """Shares of one in proportion to the effects; none where there is no effect."""
    total = sum(effects.values())
    return {label: effect / total for label, effect in effects.items()} if total > 0 else {}


def marginal_shares(ways: Iterable[Way]) -> dict[Labels, dict[str, float]]:
    """For each way on which runs succeeded, the share of each of its labels in them.

    In proportion to how much less probable success was on the same way without that contact, never below
    nothing; evenly where no contact made it more probable. (Google's Fractribution, and Snowplow after it,
    call this Shapley; it looks at the removal of one contact, not at all coalitions.)
    """
    known = {way.labels: way for way in ways}
    chance = {labels: way.successes / way.runs for labels, way in known.items()}
    return {labels: _shares(labels, chance) for labels, way in known.items() if labels and way.successes}


def _shares(labels: Labels, chance: Mapping[Labels, float]) -> dict[str, float]:
    gains = [max(0.0, chance[labels] - chance.get(_without(labels, i), 0.0)) for i in range(len(labels))]
    if not any(gains):
        gains = [1.0] * len(labels)
    return _by_label(labels, gains)


def _without(labels: Labels, place: int) -> Labels:
    """The same way without one contact; neighbours that are equal then are one."""
    return tuple(label for label, _ in groupby(labels[:place] + labels[place + 1 :]))


def _by_label(labels: Labels, weights: list[float]) -> dict[str, float]:
    total = sum(weights)
    found: dict[str, float] = {}
    for label, weight in zip(labels, weights, strict=True):
        found[label] = found.get(label, 0.0) + weight / total
    return found


def even_shares(labels: Labels) -> dict[str, float]:
    """The same share for every contact of a way."""
    return _by_label(labels, [1.0] * len(labels))
