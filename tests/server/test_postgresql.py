"""The same program on PostgreSQL: an event sent is an event in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.installation import Installation, eventually


@pytest.mark.slow
def test_events_become_runs_with_postgresql_as_relational_store(tmp_path: Path, pg_address: str) -> None:
    place = Installation(tmp_path, DATABASE_URL=pg_address)
    place.init()
    steps = [{"key": key, "name": key, "match": [{"event": key}]} for key in ("try", "buy")]
    (tmp_path / "j.yaml").write_text(json.dumps({"key": "j", "name": "J", "steps": steps}))
    place.run("journey", "apply", "j.yaml", "--project", "main")
    place.start()
    batch = [
        {"type": "track", "anonymousId": "b", "event": "try"},
        {"type": "identify", "anonymousId": "b", "userId": "anna"},
        {"type": "track", "userId": "anna", "event": "buy"},
    ]
    assert place.send("/v1/batch", {"batch": batch})[0] == 200
    outcomes = eventually(
        lambda: place.api("/journeys/j/funnel")["outcomes"], lambda found: found["succeeded"] == 1
    )
    assert outcomes == {"succeeded": 1, "failed": 0, "dropped": 0, "in_time": 0}
    assert place.stop() == 0
