"""Two groups in one picture: chance colours next to nothing, and a part is compared with the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from journeys.flows import Flow, Node, drawn
from journeys.rates import rate
from journeys.statistics import adjusted, difference, p_of_two_rates

POSITIONS, LABELS = 5, 9
ANCHOR = Node(0, "anchor", "Looks")


def ways(dice: np.random.Generator, n: int) -> np.ndarray:
    """So many ways through five positions, where some labels are frequent and some rare."""
    shares = np.array([2.0**-at for at in range(LABELS)])
    return dice.choice(LABELS, (n, POSITIONS), p=shares / shares.sum())


def picture(ways: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """The ways of both groups, drawn; a run may be in both."""
    counts = [int(one.sum()) for one in (mine, theirs, mine & theirs)]
    flows = [Flow(None, ANCHOR, counts[0], counts[1], common=counts[2])]
    for position in range(POSITIONS):
        before = ways[:, position - 1] if position else np.zeros(len(ways), int)
        for source, target in {*zip(before.tolist(), ways[:, position].tolist(), strict=True)}:
            here = (before == source) & (ways[:, position] == target)
            counts = [int(one.sum()) for one in (here & mine, here & theirs, here & mine & theirs)]
            if counts[0] or counts[1]:
                begin = Node(position, "touchpoint", f"/{source}") if position else ANCHOR
                node = Node(position + 1, "touchpoint", f"/{target}")
                flows.append(Flow(begin, node, counts[0], counts[1], common=counts[2]))
    return drawn(flows, is_compared=True)


def marks(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [*answer["nodes"], *answer["links"]]


def coloured(answer: dict[str, Any]) -> set[tuple[int, str]]:
    """Places that are told to differ."""
    return {
        (one["position"], one["label"])
        for one in answer["nodes"]
        if one["difference"]["p_adjusted"] is not None and one["difference"]["p_adjusted"] < 0.05
    }


def sure(answer: dict[str, Any]) -> int:
    found = [one["difference"]["p_adjusted"] for one in marks(answer)]
    return sum(p is not None and p < 0.05 for p in found)


def test_groups_that_do_not_differ_hardly_ever_get_a_colour() -> None:
    dice = np.random.default_rng(11)
    by_chance, uncorrected, splits = 0, 0, 100
    for _ in range(splits):
        found = ways(dice, 400)
        mine = dice.random(400) < 0.5
        answer = picture(found, mine, ~mine)
        assert len(marks(answer)) > 60
        by_chance += sure(answer) > 0
        uncorrected += any((one["difference"]["p"] or 1) < 0.05 for one in marks(answer))
    assert by_chance <= 0.1 * splits
    assert uncorrected > 0.5 * splits


@pytest.mark.parametrize("is_part", [False, True])
def test_a_difference_that_is_there_is_seen(*, is_part: bool) -> None:
    dice = np.random.default_rng(12)
    found, mine = ways(dice, 2_000), np.arange(2_000) < 700
    found[mine & (dice.random(2_000) < 0.3), 2] = 7
    answer = picture(found, mine, np.ones(2_000, bool) if is_part else ~mine)
    assert (3, "/7") in coloured(answer)
    assert {position for position, _ in coloured(answer)} == {3}


def test_a_part_of_everybody_is_compared_with_the_rest() -> None:
    dice = np.random.default_rng(13)
    found, part, all_ = ways(dice, 300), np.arange(300) < 100, np.ones(300, bool)
    rest, whole, turned = picture(found, part, ~part), picture(found, part, all_), picture(found, all_, part)
    assert whole["overlap"] == {"n": 100, "counts_in": "segment"}
    assert turned["overlap"] == {"n": 100, "counts_in": "against"}
    assert rest["overlap"]["n"] == 0
    assert (whole["runs"], whole["against_runs"]) == (turned["against_runs"], turned["runs"]) == (100, 200)
    assert marks(whole) == marks(rest)
    ends = {(one["position"], one["label"]): one["difference"]["p"] for one in turned["nodes"]}
    assert ends == {(one["position"], one["label"]): one["difference"]["p"] for one in rest["nodes"]}


def test_all_marks_but_where_all_begin_are_one_family_of_tests() -> None:
    dice = np.random.default_rng(14)
    found, mine = ways(dice, 500), np.arange(500) < 200
    answer = picture(found, mine, ~mine)
    assert [one["difference"]["value"] for one in answer["nodes"] if one["kind"] == "anchor"] == [None]
    tested = [one for one in marks(answer) if one.get("kind") != "anchor"]
    n, others = [one["n"] for one in tested], [one["against"]["n"] for one in tested]
    p, apart = p_of_two_rates(n, 200, others, 300), difference(n, 200, others, 300)
    assert [one["difference"]["p"] for one in tested] == pytest.approx(p.tolist())
    assert [one["difference"]["p_adjusted"] for one in tested] == pytest.approx(adjusted(p).tolist())
    for name in ("value", "low", "high"):
        expected = getattr(apart, name).tolist()
        assert [one["difference"][name] for one in tested] == pytest.approx(expected)


def test_every_share_of_a_picture_has_its_interval() -> None:
    dice = np.random.default_rng(16)
    found, mine = ways(dice, 500), np.arange(500) < 200
    answer = picture(found, mine, ~mine)
    n = {node["id"]: node["n"] for node in answer["nodes"]}
    for node in answer["nodes"]:
        assert node["rate"] == rate(node["n"], 200)
        assert node["against"]["rate"] == rate(node["against"]["n"], 300)
    for link in answer["links"]:
        assert link["of_source"] == rate(link["n"], n[link["source"]])


def test_a_group_and_itself_have_no_difference() -> None:
    found, all_ = ways(np.random.default_rng(15), 50), np.ones(50, bool)
    answer = picture(found, all_, all_)
    assert (answer["runs"], answer["against_runs"], answer["overlap"]["n"]) == (50, 0, 50)
    assert {one["difference"]["p"] for one in marks(answer)} == {None}
    assert drawn([], is_compared=True)["nodes"] == []
