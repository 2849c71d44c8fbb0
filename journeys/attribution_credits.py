"""The credit of each label by every rule, from the sums of its contacts and from ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeys import attribution_sums
from journeys.credits import Steps, Way, even_shares, in_proportion, marginal_shares

# The numbers of a label: contacts, runs, successes, runs lost right after it; credits, then values, by rule.
LOST_AFTER, CREDITS = 3, 4
ONE_EACH = ("first", "last", "last_not_direct")  # rules by which each success is owed to one contact alone
RULES = (*ONE_EACH, "linear", "position", "even", "decay")
MODELS = (*ONE_EACH, "linear", "position", "decay", "markov", "marginal")

Sums = Sequence[float]


def by_label(steps: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """The sums of each label, whatever the contact before it was."""
    found: dict[str, list[float]] = {}
    for row in steps:
        before = found.get(row["label"], [0.0] * len(row["numbers"]))
        found[row["label"]] = [a + b for a, b in zip(before, row["numbers"], strict=True)]
    return found


def steps_of(steps: Sequence[Mapping[str, Any]], labels: Mapping[str, Sums]) -> Steps:
    """The steps from contact to contact; who succeeded after a label has it as the last one."""
    return Steps(
        {(row["previous"], row["label"]): round(row["numbers"][0]) for row in steps},
        won={label: round(sums[CREDITS + RULES.index("last")]) for label, sums in labels.items()},
        lost={label: round(sums[LOST_AFTER]) for label, sums in labels.items()},
    )


def credits_of(
    labels: Mapping[str, Sums],
    ways: Sequence[Way],
    effects: Mapping[str, float],
    successes: float,
    worth: float,
) -> dict[str, dict[str, tuple[float, float]]]:
    """For each model the credit and the value of each label, for successes that had a contact."""
    found = {
        rule: {label: (sums[place], sums[place + len(RULES)]) for label, sums in labels.items()}
        for place, rule in enumerate(RULES, CREDITS)
    }
    shares = in_proportion(effects)
    found["markov"] = {label: (share * successes, share * worth) for label, share in shares.items()}
    found["marginal"] = _marginal(ways, found.pop("even"))
    return found


def _marginal(ways: Sequence[Way], even: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Each label's part in the ways that are known singly; of all others each contact has the same share."""
    shares = marginal_shares(ways)
    found = {label: [0.0, 0.0] for label in even}
    for way in ways:
        for label, share in shares.get(way.labels, {}).items():
            found[label][0] += share * way.successes
            found[label][1] += share * way.value
    if len(ways) == attribution_sums.MOST_ROWS:
        for way in ways:
            for label, share in even_shares(way.labels).items():
                found[label][0] -= share * way.successes
                found[label][1] -= share * way.value
        for label, (credit, value) in even.items():
            found[label][0] += credit
            found[label][1] += value
    return {label: (credit, value) for label, (credit, value) in found.items()}
