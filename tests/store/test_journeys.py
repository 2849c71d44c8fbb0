"""Versions of journeys: each change is a new one, and what was hidden is filled anew when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from store.journeys import (
    JourneyVersion,
    delete_journey,
    fill_again,
    kept_versions,
    live_journey,
    make_live,
    note_progress,
    pause,
    resume,
    save_version,
    versions_of,
    versions_to_fill,
)
from store.projects import create_project

DEFINITION = {"key": "j", "name": "J"}


def test_a_new_version_waits_while_the_old_one_answers(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    first = save_version(engine, project, DEFINITION, by="a", now=1)
    make_live(engine, first, now=2)
    second = save_version(engine, project, {**DEFINITION, "name": "K"}, by="a", now=3)
    assert (second.version, second.status) == (2, "filling")
    assert live_journey(engine, project, "j") == versions_of(engine, project, "j")[1]
    assert [one.id for one in versions_to_fill(engine)] == [second.id]
    assert {one.id for one in kept_versions(engine, project)} == {first.id, second.id}
    make_live(engine, second, now=4)
    assert live_journey(engine, project, "j").version == 2
    assert [one.status for one in versions_of(engine, project, "j")] == ["live", "replaced"]


def test_saving_the_same_again_makes_no_version(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    first = save_version(engine, project, DEFINITION, by="a", now=1)
    make_live(engine, first, now=2)
    assert save_version(engine, project, DEFINITION, by="b", now=3).version == 1
    assert versions_to_fill(engine) == []


def test_a_hidden_journey_comes_back_to_be_filled_anew(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    make_live(engine, save_version(engine, project, DEFINITION, by="a", now=1), now=2)
    assert delete_journey(engine, project, "j", now=3)
    assert not delete_journey(engine, project, "j", now=3)
    assert live_journey(engine, project, "j") is None
    assert kept_versions(engine, project) == []
    back = save_version(engine, project, DEFINITION, by="a", now=4)
    assert (back.version, back.status) == (1, "filling")
    assert [one.id for one in versions_to_fill(engine)] == [back.id]


def test_no_former_version_of_a_journey_that_comes_back_answers_with_old_runs(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    make_live(engine, save_version(engine, project, DEFINITION, by="a", now=1), now=2)
    delete_journey(engine, project, "j", now=3)
    back = save_version(engine, project, {**DEFINITION, "name": "K"}, by="a", now=4)
    assert live_journey(engine, project, "j") == back
    assert [one.id for one in versions_to_fill(engine)] == [back.id]


def test_a_version_can_be_sent_back_to_be_filled(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    first = save_version(engine, project, DEFINITION, by="a", now=1)
    make_live(engine, first, now=2)
    fill_again(engine, first.id)
    assert [one.id for one in versions_to_fill(engine)] == [first.id]
    assert live_journey(engine, project, "j").id == first.id


def test_a_filling_is_noted_part_by_part_and_can_be_paused(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    version = save_version(engine, project, DEFINITION, by="a", now=1)
    assert note_progress(engine, version.id, done=1, total=3)
    assert pause(engine, version.id)
    assert not pause(engine, version.id)
    assert not note_progress(engine, version.id, done=2, total=3)
    assert versions_to_fill(engine) == []
    assert [one.id for one in kept_versions(engine, project)] == [version.id]
    assert live_journey(engine, project, "j").status == "paused"
    assert resume(engine, version.id)
    (waiting,) = versions_to_fill(engine)
    assert (waiting.chunks_done, waiting.chunks_total) == (1, 3)


def test_of_two_fillings_the_slower_one_is_told_so(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    version = save_version(engine, project, DEFINITION, by="a", now=1)
    assert note_progress(engine, version.id, done=1, total=3)
    assert not note_progress(engine, version.id, done=1, total=3)


def test_a_filling_that_is_sent_back_begins_anew(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    version = save_version(engine, project, DEFINITION, by="a", now=1)
    assert note_progress(engine, version.id, done=1, total=3)
    fill_again(engine, version.id)
    assert not note_progress(engine, version.id, done=2, total=3)
    assert [one.chunks_done for one in versions_to_fill(engine)] == [0]
    assert pause(engine, version.id)
    fill_again(engine, version.id)
    assert versions_to_fill(engine) == [], "a paused one waits all the same"


def test_a_version_that_was_replaced_is_not_sent_back(engine: Engine) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    first = save_version(engine, project, DEFINITION, by="a", now=1)
    second = save_version(engine, project, {**DEFINITION, "name": "K"}, by="a", now=2)
    make_live(engine, second, now=3)
    fill_again(engine, first.id)
    assert [one.status for one in versions_of(engine, project, "j")] == ["live", "replaced"]


OTHER = {**DEFINITION, "idle_timeout": "1d"}


def but_for_names(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return {**one, "name": ""} == {**other, "name": ""}


def saved(engine: Engine, project: int, definition: Mapping[str, Any], name: str = "J") -> JourneyVersion:
    given = {**definition, "name": name}
    return save_version(engine, project, given, by=f"who says {name}", now=5, alike=but_for_names)


def told(engine: Engine, project: int) -> list[tuple[int, str, str, str]]:
    found = versions_of(engine, project, "j")
    return [(one.version, one.definition["name"], one.created_by, one.status) for one in found]


@pytest.fixture(params=["engine", "pg_engine"])
def db(request: pytest.FixtureRequest) -> Engine:
    """Either relational store."""
    found: Engine = request.getfixturevalue(request.param)
    return found


def test_a_version_that_counts_alike_has_the_runs_at_once(db: Engine) -> None:
    project = create_project(db, key="p", name="P", now=0).id
    first = saved(db, project, DEFINITION)
    make_live(db, first, now=2)
    second = saved(db, project, DEFINITION, "K")
    assert (second.id, second.version, second.status) == (first.id, 2, "live")
    assert live_journey(db, project, "j") == second
    assert versions_to_fill(db) == []
    assert told(db, project) == [(2, "K", "who says K", "live"), (1, "J", "who says J", "replaced")]
    assert [one.id for one in kept_versions(db, project)] == [first.id]
    third = saved(db, project, OTHER, "K")
    assert (third.version, third.status) == (3, "filling")
    assert third.id != first.id
    assert live_journey(db, project, "j") == second


def test_a_filling_goes_on_under_the_newer_name(db: Engine) -> None:
    project = create_project(db, key="p", name="P", now=0).id
    make_live(db, saved(db, project, DEFINITION), now=2)
    begun = saved(db, project, OTHER)
    assert note_progress(db, begun.id, done=1, total=2)
    renamed = saved(db, project, OTHER, "K")
    assert (renamed.version, renamed.chunks_done, renamed.chunks_total) == (3, 1, 2)
    assert live_journey(db, project, "j").version == 1
    assert note_progress(db, begun.id, done=2, total=2)
    assert make_live(db, begun, now=3)
    assert [one[0::3] for one in told(db, project)] == [(3, "live"), (2, "replaced"), (1, "replaced")]


def test_who_goes_back_to_what_answers_needs_no_filling(db: Engine) -> None:
    project = create_project(db, key="p", name="P", now=0).id
    make_live(db, saved(db, project, DEFINITION), now=2)
    other = saved(db, project, OTHER)
    assert saved(db, project, DEFINITION).status == "live"
    assert [one[0::3] for one in told(db, project)] == [(3, "live"), (2, "replaced"), (1, "replaced")]
    assert not make_live(db, other, now=3)


def test_of_two_fillings_the_renamed_one_is_the_newer(db: Engine) -> None:
    project = create_project(db, key="p", name="P", now=0).id
    first = saved(db, project, DEFINITION)
    second = saved(db, project, OTHER)
    assert saved(db, project, DEFINITION, "K").id == first.id
    assert [one.id for one in versions_to_fill(db)] == [first.id]
    assert make_live(db, first, now=2)
    assert not make_live(db, second, now=3)
    assert [one[0::3] for one in told(db, project)] == [(3, "live"), (2, "replaced"), (1, "replaced")]


def test_a_journey_that_comes_back_under_another_name_is_filled_all_the_same(db: Engine) -> None:
    project = create_project(db, key="p", name="P", now=0).id
    first = saved(db, project, DEFINITION)
    make_live(db, first, now=2)
    delete_journey(db, project, "j", now=3)
    back = saved(db, project, DEFINITION, "K")
    assert (back.id, back.version, back.status) == (first.id, 2, "filling")
    delete_journey(db, project, "j", now=4)
    assert saved(db, project, OTHER, "K").version == 3
