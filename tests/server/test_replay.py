"""`waywiser replay`: with no server it takes the events in itself, beside one it leaves them to that one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, eventually

OLD = {"type": "track", "userId": "ada", "event": "Paid", "timestamp": "2020-03-01T12:00:00Z"}
NOBODY = {"type": "track", "event": "Paid"}


def replay(place: Installation, *words: str) -> Any:
    return json.loads(place.run("replay", "--project", "main", "--json", *words).stdout)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """An installation that has refused an event at the door, and dropped two on the way."""
    with Installation(tmp_path) as place:
        place.init()
        place.start()
        batch = [{**OLD, "messageId": "m1"}, {**OLD, "messageId": "m2"}, NOBODY]
        assert place.send("/v1/batch", {"batch": batch})[1]["accepted"] == 2
        eventually(lambda: place.api("/drops")["by_code"], lambda found: found.get("too_old") == 2)
        assert place.stop() == 0
        place.environment["WAYWISER_RETENTION_DAYS"] = "36500"
        yield place


@pytest.mark.slow
def test_replay_counts_what_passes_now_without_a_server(place: Installation) -> None:
    still = [{"code": "missing_identity", "n": 1, "message": "an event needs a `userId` or an `anonymousId`"}]
    expected = {"replayed": 2, "still_refused": 1, "reasons": still}
    assert replay(place, "--dry-run") == {**expected, "dry_run": True}
    assert place.stored_messages() == []
    assert replay(place) == {**expected, "dry_run": False}
    assert sorted(place.stored_messages()) == ["m1", "m2"]
    told = place.run("replay", "--project", "main")
    assert told.stdout.startswith("0 came through")
    assert "1 × missing_identity: an event needs" in told.stderr


@pytest.mark.slow
def test_replay_beside_a_server_leaves_the_counting_to_it(place: Installation) -> None:
    place.start()
    assert replay(place, "--code", "too_old")["replayed"] == 2
    assert place.api("/health")["events"]["n"] == 2
    assert place.api("/drops")["by_code"] == {"missing_identity": 1}
    assert place.stop() == 0


@pytest.mark.slow
def test_replay_names_what_is_wrong(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.init()
    assert "nowhere" in place.run("replay", "--project", "nowhere", fails=True).stderr
