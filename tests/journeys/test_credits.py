"""The models that look at removal: exact on small chains, and every success is shared out whole."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.credits import (
    START,
    Steps,
    Way,
    even_shares,
    in_proportion,
    marginal_shares,
    removal_effects,
)


def steps_of(ways: list[Way]) -> Steps:
    between, won, lost = Counter[tuple[str, str]](), Counter[str](), Counter[str]()
    for way in ways:
        here = START
        for label in way.labels:
            between[here, label] += way.runs
            here = label
        if way.labels:
            won[here] += way.successes
            lost[here] += way.runs - way.successes
    return Steps(between, won, lost)


def walked(steps: Steps, without: str | None = None) -> float:
    """The probability of success, by walking on until next to nobody is left."""
    here, success = {START: 1.0}, 0.0
    out = Counter[str]()
    for (a, _), n in steps.between.items():
        out[a] += n
    for ends in (steps.won, steps.lost):
        for label, n in ends.items():
            out[label] += n
    while sum(here.values()) > 1e-12:
        there = Counter[str]()
        for (a, b), n in steps.between.items():
            if b != without and a in here:
                there[b] += here[a] * n / out[a]  # type: ignore[assignment]
        success += sum(here.get(label, 0) * n / out[label] for label, n in steps.won.items() if n)
        here = dict(there)
    return success


def test_removal_effects_of_a_chain_that_is_solved_on_paper() -> None:
    """Two of three who came by search and mail succeed; of three by search alone, one does."""
    ways = [Way(("search", "mail"), 3, 2), Way(("search",), 3, 1)]
    found = removal_effects(steps_of(ways))
    # P = 1/2 * 2/3 + 1/2 * 1/3 = 1/2; without mail 1/6; without search nobody comes.
    assert found == {"search": pytest.approx(1), "mail": pytest.approx(2 / 3)}
    assert in_proportion(found) == {"search": pytest.approx(0.6), "mail": pytest.approx(0.4)}


def test_a_label_that_leads_nowhere_has_no_effect() -> None:
    found = removal_effects(steps_of([Way(("a",), 5, 2), Way(("b",), 5, 0)]))
    assert found == {"a": pytest.approx(1), "b": pytest.approx(0)}


def test_without_a_success_there_is_nothing_to_share() -> None:
    assert in_proportion(removal_effects(steps_of([Way(("a",), 5, 0)]))) == {}
    assert removal_effects(Steps({}, {}, {})) == {}
    assert marginal_shares([Way(("a",), 5, 0), Way((), 3, 3)]) == {}


ways = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=6).map(tuple), st.integers(1, 9)
    ).flatmap(lambda way: st.builds(Way, st.just(way[0]), st.just(way[1]), st.integers(0, way[1]))),
    max_size=12,
    unique_by=lambda way: way.labels,
)


@settings(deadline=None, max_examples=60)
@given(ways)
def test_removal_effects_are_those_of_a_walk(some: list[Way]) -> None:
    steps = steps_of(some)
    found, whole = removal_effects(steps), walked(steps)
    assert set(found) == {label for way in some for label in way.labels}
    for label, effect in found.items():
        expected = 1 - walked(steps, label) / whole if whole else 0
        assert effect == pytest.approx(expected, abs=1e-6)
    if whole:
        assert sum(in_proportion(found).values()) == pytest.approx(1)


@settings(deadline=None, max_examples=60)
@given(ways)
def test_staying_with_a_label_changes_no_removal_effect(some: list[Way]) -> None:
    merged = [way._replace(labels=tuple(label for label, _ in groupby(way.labels))) for way in some]
    assert removal_effects(steps_of(some)) == pytest.approx(removal_effects(steps_of(merged)), abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(ways)
def test_every_way_is_shared_out_whole(some: list[Way]) -> None:
    found = marginal_shares(some)
    assert set(found) == {way.labels for way in some if way.successes}
    for labels, shares in found.items():
        assert sum(shares.values()) == pytest.approx(1)
        assert set(shares) == set(labels) == set(even_shares(labels))
        assert min(shares.values()) >= 0


def test_marginal_shares_follow_what_is_lost_without_a_contact() -> None:
    found = marginal_shares([Way(("a", "b"), 2, 1), Way(("b",), 28, 3), Way(("a",), 27, 1)])
    # 1/2 - 3/28 = 11/28 without a, 1/2 - 1/27 = 25/54 without b
    assert found["a", "b"] == {"a": pytest.approx(297 / 647), "b": pytest.approx(350 / 647)}
    assert marginal_shares([Way(("a", "b", "a"), 2, 1), Way(("a",), 2, 1)])["a", "b", "a"] == {
        "a": pytest.approx(1),
        "b": pytest.approx(0),
    }
