"""Versions of journeys: each change is a new one, and what was hidden is filled anew when it comes back."""

from __future__ import annotations

from sqlalchemy import Engine

from store.journeys import (
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
