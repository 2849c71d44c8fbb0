"""Saved segments: kept with who and when, changed, deleted, brought back; on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from store import segments
from store.projects import create_project
from store.segments import (
    TooManySegments,
    delete_segment,
    restore_segment,
    save_segment,
    saved_segment,
    saved_segments,
)


@pytest.fixture(params=["engine", "pg_engine"])
def db(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def definition(key: str, name: str = "S") -> dict[str, Any]:
    return {"key": key, "name": name, "all": [{"field": "device", "op": "eq", "value": "mobile"}]}


def test_a_segment_says_who_made_and_changed_it(db: Engine) -> None:
    mine = create_project(db, key="p", name="P", now=0).id
    other = create_project(db, key="q", name="Q", now=0).id
    save_segment(db, mine, definition("a"), by="ann", now=1)
    save_segment(db, other, definition("a", "Of others"), by="eve", now=1)
    save_segment(db, mine, definition("a", "Better"), by="bob", now=2)
    found = saved_segment(db, mine, "a")
    assert found
    assert (found.created_by, found.created_at, found.changed_by, found.changed_at) == ("ann", 1, "bob", 2)
    assert found.definition == definition("a", "Better")
    assert [one.definition["name"] for one in saved_segments(db, other)] == ["Of others"]


def test_a_deleted_segment_comes_back_by_undo_and_by_saving(db: Engine) -> None:
    project = create_project(db, key="p", name="P", now=0).id
    save_segment(db, project, definition("a"), by="ann", now=1)
    assert not restore_segment(db, project, "a", by="bob", now=2)
    for back in (
        lambda: restore_segment(db, project, "a", by="bob", now=4),
        lambda: save_segment(db, project, definition("a"), by="bob", now=4),
    ):
        assert delete_segment(db, project, "a", by="eve", now=3)
        assert not delete_segment(db, project, "a", by="eve", now=3)
        assert saved_segment(db, project, "a") is None
        assert back()
        found = saved_segment(db, project, "a")
        assert found
        assert (found.definition, found.created_by, found.changed_by) == (definition("a"), "ann", "bob")


def test_a_project_keeps_so_many(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "MOST_SEGMENTS", 1)
    project = create_project(engine, key="p", name="P", now=0).id
    save_segment(engine, project, definition("a"), by="ann", now=1)
    save_segment(engine, project, definition("a", "Changed"), by="ann", now=2)
    with pytest.raises(TooManySegments, match="1 segments"):
        save_segment(engine, project, definition("b"), by="ann", now=3)
    delete_segment(engine, project, "a", by="ann", now=4)
    save_segment(engine, project, definition("b"), by="ann", now=5)
    with pytest.raises(TooManySegments):
        restore_segment(engine, project, "a", by="ann", now=6)
