"""`waywiser sessions rebuild` on an installation of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, eventually

pytestmark = pytest.mark.slow
ROWS = """event,timestamp,user_id,message_id
Seen,2020-01-05T10:00:00Z,ada,m1
Seen,2020-01-05T10:20:00Z,ada,m2
Seen,2020-02-05T10:00:00Z,ada,m3
Seen,2020-02-05T10:20:00Z,ada,m4
"""
PERIOD = "from=2020-01-01&to=2020-03-01"


def rebuild(place: Installation, *options: str) -> dict[str, Any]:
    done = place.run("sessions", "rebuild", "--project", "main", "--json", *options)
    return dict(json.loads(done.stdout))


def test_sessions_are_tried_and_counted_anew_with_other_limits_in_a_period(tmp_path: Path) -> None:
    with Installation(tmp_path) as place:
        place.init()
        (tmp_path / "history.csv").write_text(ROWS)
        place.run("import", "history.csv", "--project", "main")
        tried = rebuild(place, "--dry-run", "--idle-minutes", "10")
        assert (tried["before"]["n"], tried["after"]["n"]) == (2, 4)
        assert rebuild(place, "--dry-run")["after"]["n"] == 2, "a dry run keeps nothing"
        february = ("--idle-minutes", "10", "--from", "2020-02-01")
        done = rebuild(place, *february)
        assert (done["before"]["n"], done["after"]["n"]) == (1, 2)
        said = place.run("sessions", "rebuild", "--project", "main", *february, "--dry-run")
        assert "before 2 sessions, median 0 s, bounce rate 0.0%" in said.stdout
        wrong = place.run(
            "sessions",
            "rebuild",
            "--project",
            "main",
            "--from",
            "2020-02-01",
            "--to",
            "2020-01-01",
            fails=True,
        )
        assert "the period ends before it begins" in wrong.stderr
        place.start()
        found = eventually(lambda: place.api(f"/sessions/summary?{PERIOD}"), lambda one: one["n"] == 3)
        assert found["n"] == 3
        held = place.run("sessions", "rebuild", "--project", "main", fails=True)
        assert "POST /api/v1/sessions/rebuild" in held.stderr
        place.api("/sessions/rebuild", {})
        again = eventually(lambda: place.api(f"/sessions/summary?{PERIOD}"), lambda one: one["n"] == 2)
        assert again["n"] == 2
        assert place.stop() == 0
