"""The stored runs are the ones that the rule gives, on random histories."""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import journeys.runs
from journeys.definition_schema import ORDERS
from journeys.definitions import Definition, parse
from journeys.filling import fill
from journeys.runs import Cut, cut, recompute
from store.event import Event, event_id, identity_hash
from store.event_errors import EventStoreError
from store.events import EventStore
from store.journeys import JourneyVersion
from tests.oracle import Run, Touch, runs

NAMES = ["a", "b", "c", "d", "x", "z"]
OF_AN_ORDER = {"property": "order", "op": "is_set"}
EXAMPLES = int(os.environ.get("RUN_EXAMPLES", "16"))


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.sampled_from([2, 3, 4, 5, 20]))
    order = draw(st.sampled_from(ORDERS))
    in_order = order != "any"
    steps = []
    for k in range(count):
        steps.append(
            {
                "key": f"s{k}",
                "name": f"S{k}",
                "match": [
                    {"event": name}
                    for name in draw(
                        st.lists(st.sampled_from(NAMES[:4]), min_size=1, max_size=2, unique=True)
                    )
                ],
                "optional": in_order and 0 < k < count - 1 and draw(st.booleans()),
                "within": draw(st.sampled_from([None, "2s", "5s"])) if k or not in_order else None,
            }
        )
    return {
        "key": "j",
        "name": "J",
        "steps": steps,
        "order": order,
        "fail_on": draw(st.sampled_from([[], [{"event": "x"}], [{"event": "a"}, {"event": "x"}]])),
        "idle_timeout": draw(st.sampled_from(["1s", "3s", "10s"])),
        "window": draw(st.sampled_from([None, "4s", "12s"])),
        "case_key": draw(st.sampled_from([None, "order"])),
        "population": draw(st.sampled_from([[], [OF_AN_ORDER]])),
    }


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, int, str, str]]:
    """(customer, time, sequence, event name, case): times on a coarse grid, so ties are common."""
    return draw(
        st.lists(
            st.tuples(
                st.integers(1, 3),
                st.integers(0, 20).map(lambda n: 1_700_000_000_000 + n * 500),
                st.integers(0, 2),
                st.sampled_from(NAMES),
                st.sampled_from(["", "", "o1", "o2"]),
            ),
            min_size=1,
            max_size=30,
        )
    )


def rows(history: list[tuple[int, int, int, str, str]], project: int) -> list[Event]:
    return [
        Event(
            project=project,
            event_id=event_id(f"{project}-{n}"),
            message_id=f"{project}-{n}",
            type="track",
            event=name,
            timestamp=t,
            received_at=t,
            sequence=sequence,
            user_id=str(customer),
            identity=identity_hash("user", str(customer)),
            properties=json.dumps({"order": case} if case else {}),
        )
        for n, (customer, t, sequence, name, case) in enumerate(history)
    ]


def expected(
    definition: Definition, events: list[Event], longest: int = journeys.runs.LONGEST
) -> dict[int, list[Run]]:
    touches: dict[int, list[Touch]] = defaultdict(list)
    for e in events:
        matches = {k for k, s in enumerate(definition.steps, 1) if any(m.event == e.event for m in s.match)}
        fails = any(m.event == e.event for m in definition.fail_on)
        case = json.loads(e.properties).get("order", "") if definition.case_key else ""
        opens = not definition.population or "order" in json.loads(e.properties)
        touches[e.identity].append(
            Touch(e.timestamp, e.sequence, e.event_id, frozenset(matches), fails, case, opens)
        )
    return {c: found for c, history in touches.items() if (found := runs(definition, history, longest))}


def stored(
    events: EventStore, project: int, version: int, *, counts_steps: bool = False
) -> dict[int, list[Run]]:
    answer = events.query(
        "select customer, arrayMap(r -> (r.case_value, toUnixTimestamp64Milli(r.start), "
        "toUnixTimestamp64Milli(r.last), r.outcome, r.steps, "
        "arrayMap(t -> toUnixTimestamp64Milli(t), r.times), arrayMap(id -> hex(id), r.event_ids), r.strays, "
        "r.repeats, r.shortcut, r.furthest), runs) "
        "as found from journey_runs final "
        "where project = {project:UInt32} and journey_version = {version:UInt32} and notEmpty(runs)",
        {"project": project, "version": version},
    )
    found = {}
    for row in answer:
        found[row["customer"]] = [
            Run(
                *(case, start, last, outcome, tuple(zip(steps, times, strict=True))),
                tuple(map(bytes.fromhex, ids)),
                tuple((one["at"], one["step"]) for one in strays),
                bool(shortcut),
            )
            for case, start, last, outcome, steps, times, ids, strays, repeats, shortcut, furthest in row[
                "found"
            ]
            if furthest == (len(steps) if counts_steps else steps[-1]) and repeats == len(strays)
        ]
    return found


def version_of(definition: dict[str, Any], project: int) -> JourneyVersion:
    source = dict(parse(definition).source)
    return JourneyVersion(7, project, 1, 1, source, "live", 0, 0, "", 0)


def ignore_progress(done: int, total: int) -> None:
    """Filling reports its progress; these tests look at the result."""


numbers = iter(range(1, 10_000_000))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    definitions(),
    histories(),
    st.sampled_from([3, 8, journeys.runs.LONGEST]),
    st.sampled_from([(1, 1), (2, 2), (4, 1), (3, 8), (journeys.runs.STRETCH, journeys.runs.OVERLAP)]),
)
def test_stored_runs_are_the_ones_of_the_rule(
    events: EventStore,
    definition: dict[str, Any],
    history: list[tuple[int, int, int, str, str]],
    longest: int,
    stretch: tuple[int, int],
) -> None:
    project = next(numbers)
    written = rows(history, project)
    events.insert(written, token=f"p{project}")
    version = version_of(definition, project)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("journeys.runs.LONGEST", longest)
        patch.setattr("journeys.runs.STRETCH", stretch[0])
        patch.setattr("journeys.runs.OVERLAP", stretch[1])
        fill(events, version, progress=ignore_progress)
    found = stored(events, project, 7, counts_steps=definition["order"] == "any")
    assert found == expected(parse(definition), written, longest)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(definitions(), histories(), st.integers(0, 2**32))
def test_recomputing_touched_customers_after_late_events_gives_the_same_runs(
    events: EventStore, definition: dict[str, Any], history: list[tuple[int, int, int, str, str]], seed: int
) -> None:
    project = next(numbers)
    written = rows(history, project)
    version = version_of(definition, project)
    shuffled = random.Random(seed).sample(written, len(written))
    half = len(shuffled) // 2
    for n, some in enumerate((shuffled[:half], shuffled[half:])):
        if some:
            events.insert(some, token=f"p{project}-{n}")
            touched = sorted({e.identity for e in some})
            recompute(events, version, touched, touched)
    found = stored(events, project, 7, counts_steps=definition["order"] == "any")
    assert found == expected(parse(definition), written)


def walk(names: str, customer: int = 1) -> list[tuple[int, int, int, str, str]]:
    return [(customer, 1_700_000_000_000 + n * 500, 0, name, "") for n, name in enumerate(names)]


ABC = {
    "key": "j",
    "name": "J",
    "idle_timeout": "1s",
    "steps": [{"key": name, "name": name, "match": [{"event": name}]} for name in "abc"],
}


def test_a_history_without_a_pause_is_cut_where_it_is_too_long_and_that_is_told(
    events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeys.runs.LONGEST", 4)
    written = rows([*walk("abbbcabc"), *walk("aabc", 2), *walk("abcab", 3)], 1)
    events.insert(written, token="t")
    fill(events, version_of(ABC, 1), progress=ignore_progress)
    found = stored(events, 1, 7)
    outcomes = [[run.outcome for run in found[identity_hash("user", str(who))]] for who in (1, 2, 3)]
    assert outcomes == [["dropped", "succeeded"], ["succeeded"], ["succeeded", "dropped"]]
    assert cut(events) == cut(events, 7) == [Cut(7, customers=2, runs=2)]
    assert cut(events, 8) == []
    monkeypatch.undo()
    fill(events, version_of(ABC, 1), progress=ignore_progress)
    assert cut(events) == []


def test_robots_have_no_runs_however_much_they_do(
    events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeys.runs.LONGEST", 4)
    robot, person = rows(walk("abcabcaaaa"), 1), rows(walk("abc", 2), 2)
    for event in robot:
        event.is_bot = True
    for event in person:
        event.project = 1
    events.insert([*robot, *person], token="t")
    fill(events, version_of(ABC, 1), progress=ignore_progress)
    assert stored(events, 1, 7).keys() == {identity_hash("user", "2")}
    assert cut(events) == []


@pytest.mark.parametrize(("stretch", "overlap"), [(1, 1), (4, 2), (5, 9), (20, 10)])
@pytest.mark.parametrize("order", ORDERS)
def test_long_histories_have_the_same_runs_in_stretches(
    events: EventStore, monkeypatch: pytest.MonkeyPatch, order: str, stretch: int, overlap: int
) -> None:
    monkeypatch.setattr("journeys.runs.STRETCH", stretch)
    monkeypatch.setattr("journeys.runs.OVERLAP", overlap)
    chance = random.Random(stretch)
    names = ("abc", "aabbc", "abcabcf", "aaaabbbbf", "cba", "acbcccc")
    histories = [walk("".join(chance.choices(names[n % 6], k=60)), n) for n in range(60)]
    written = rows([one for history in histories for one in history], 1)
    events.insert(written, token="t")
    steps = [step | ({"within": "8s"} if step["key"] == "b" else {}) for step in ABC["steps"]]
    definition = {**ABC, "order": order, "steps": steps, "fail_on": [{"event": "f"}]}
    fill(events, version_of(definition, 1), progress=ignore_progress)
    found = stored(events, 1, 7, counts_steps=order == "any")
    assert found == expected(parse(definition), written)


def test_stretches_of_short_runs_join_and_those_of_a_long_one_do_not(
    events: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeys.runs.STRETCH", 10)
    monkeypatch.setattr("journeys.runs.OVERLAP", 5)
    fold = journeys.runs._fold
    nothing = "(toUInt64(throwIf(not is_joined)), 0, 0, 0, cast([], 'Array(UInt8)'))"
    monkeypatch.setattr("journeys.runs._fold", lambda part: nothing if "is_joined" in part else fold(part))
    events.insert(rows(walk("abc" * 30), 1), token="short")
    events.insert(rows(walk("a" + "b" * 90), 2), token="long")
    fill(events, version_of(ABC, 1), progress=ignore_progress)
    assert [run.outcome for run in stored(events, 1, 7)[identity_hash("user", "1")]] == ["succeeded"] * 30
    with pytest.raises(EventStoreError, match="throwIf"):
        fill(events, version_of(ABC, 2), progress=ignore_progress)


@pytest.mark.parametrize("order", ORDERS)
def test_a_journey_may_have_thirty_steps(events: EventStore, order: str) -> None:
    names = [f"e{n}" for n in range(30)]
    steps = [{"key": name, "name": name, "match": [{"event": name}]} for name in names]
    came = random.Random(1).sample(names, 30) if order == "any" else names
    history = [(1, 1_700_000_000_000 + n * 500, 0, name, "") for n, name in enumerate(came)]
    events.insert(rows(history, 1), token="t")
    fill(events, version_of({**ABC, "steps": steps, "order": order}, 1), progress=ignore_progress)
    (run,) = stored(events, 1, 7, counts_steps=order == "any")[identity_hash("user", "1")]
    assert run.outcome == "succeeded"
    assert [names[step - 1] for step, _ in run.steps] == came
