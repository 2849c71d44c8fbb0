"""`waywiser runs` on an installation of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.installation import Installation

pytestmark = pytest.mark.slow
ROWS = """event,timestamp,user_id,message_id,type,group_id
Look,2020-01-05T10:00:00Z,ada,m1,track,
Buy,2020-01-05T10:20:00Z,ada,m2,track,
Look,2020-02-05T10:00:00Z,bob,m3,track,
,2020-01-05T09:00:00Z,ada,m4,group,acme
,2020-01-05T09:00:00Z,bob,m5,group,globex
"""
JOURNEY = """
key: order
name: Order
steps:
  - {key: look, name: Looks, match: [{event: Look}]}
  - {key: buy, name: Buys, match: [{event: Buy}]}
idle_timeout: 14d
"""
TOGETHER = JOURNEY.replace("key: order", "key: together") + "runs_of: accounts\n"
FALSIFY = """
from store.events import EventStore
events = EventStore("chdb:///data/events")
events.command("delete from journey_runs where notEmpty(runs.start) and runs.outcome[1] = 'succeeded'")
events.close()
"""


def test_stored_runs_are_checked_and_counted_anew(tmp_path: Path) -> None:
    order = ("order", "--project", "main")
    with Installation(tmp_path) as place:
        place.init()
        (tmp_path / "history.csv").write_text(ROWS)
        (tmp_path / "order.yaml").write_text(JOURNEY)
        place.run("import", "history.csv", "--project", "main")
        place.run("journey", "apply", "order.yaml", "--project", "main")
        (tmp_path / "together.yaml").write_text(TOGETHER)
        place.run("journey", "apply", "together.yaml", "--project", "main")
        of_accounts = place.run("runs", "verify", "together", "--project", "main").stdout
        assert "2 accounts checked, 0 have other runs" in of_accounts
        assert "2 customers checked, 0 have other runs" in place.run("runs", "verify", *order).stdout
        place.run("-c", FALSIFY)
        told = place.run("runs", "verify", *order, fails=True).stdout
        assert "1 have other runs" in told
        assert "  stored   []\n  computed [(" in told
        found = json.loads(place.run("runs", "verify", *order, "--json", fails=True).stdout)
        assert (found["checked"], len(found["differing"])) == (2, 1)
        assert "version 1 is counted anew" in place.run("runs", "rebuild", *order).stdout
        place.run("runs", "verify", *order, "--sample", "1")
        place.run("runs", "verify", *order)
        assert "no version of order is being counted" in place.run("runs", "pause", *order, fails=True).stderr
        assert "no version of order is paused" in place.run("runs", "resume", *order, fails=True).stderr
        wrong = place.run("runs", "verify", "nothing", "--project", "main", fails=True)
        assert "there is no journey 'nothing'" in wrong.stderr
        place.start()
        told = place.run("runs", "verify", *order)
        assert "the Waywiser that runs checks them now" in told.stderr
        assert "2 customers checked, 0 have other runs" in told.stdout
        assert "samples of 2 journeys" in place.run("doctor", "--json").stdout
